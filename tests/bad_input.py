"""Every bad input of the project's promise: one table of calls and command lines.

Files that lie have suites of their own (`test_data_files.py`, `test_checkpoints.py`); here is one
of each class of them.
"""

import functools
import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import hostile
import numpy as np
import pytest
from strict_array import StrictArray

from pydis import Tensor, grad, use
from pydis.autodiff.ops import conv2d, conv2d_w, conv2d_x, exp, matmul, mul, sum
from pydis.backends import BackendError
from pydis.backends.threads import threads
from pydis.data import DataMissing, FormatError, arrays, download, mnist, registry
from pydis.data import images as images_by_name
from pydis.information import entropy, gaussian_entropy, kl_divergence, mutual_information
from pydis.models import GAN, VAE, BetaVAE, InfoGAN
from pydis.nn import NonFiniteError
from pydis.training import (
    CheckpointError,
    ConfigError,
    RunError,
    TrainConfig,
    load_checkpoint,
    make_run,
    open_run,
    resume,
    stream,
)
from pydis.training.config import read_config, to_toml

PROMISE = (
    "wrong shapes",
    "mixed dtypes",
    "mixed devices",
    "integer input to grad",
    "not an array",
    "not a probability table",
    "unknown backend",
    "unknown model",
    "unknown data",
    "missing data file",
    "corrupt data file",
    "oversized data file",
    "bad checksum",
    "unwritable run folder",
    "no run folder",
    "checkpoint of another model",
    "damaged checkpoint",
    "foreign checkpoint",
    "NaN in the user's data",
    "absurd hyper-parameter",
    "bad configuration file",
    "bad option",
    "bad environment variable",
)
"""What a user may get wrong; the table has rows for each."""

A = np.ones((2, 3))
X = np.ones((1, 4, 4, 2))
W = np.ones((3, 3, 2, 5))
NAN, INF = float("nan"), float("inf")


class Place(NamedTuple):
    """What a row may prepare with: a trained run to copy from, and patches undone after it."""

    trained: Path
    patch: pytest.MonkeyPatch


Prepare = Callable[[Place], object]


class Row(NamedTuple):
    """One bad input: what kind it is, its name, what is done, and what must come of it."""

    what: str
    name: str
    do: Callable[[], object] | str
    """A call, or a command line."""
    expected: type[Exception] | int
    message: str
    """A pattern for the exception's text, or for stderr on one line."""
    prepare: Prepare = lambda place: None


# What rows need beside themselves


@functools.cache
def learners() -> Any:
    return VAE(latents=2).start(stream(0, "initialise"))


def update(images: Any) -> Any:
    return VAE(latents=2).update(learners(), images, stream(0, "latent"))


def play(x: Any) -> Any:
    model = GAN()
    return model.update(model.start(stream(0, "initialise"), 8), x, stream(0, "latent"))


def images(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def with_nan() -> Any:
    x = images(2, 64, 64, 1)
    x[1, 3, 4, 0] = NAN
    return x


def config(**changed: Any) -> Any:
    return TrainConfig(VAE(), **{"backend": "numpy", **changed})


@functools.cache
def hostile_cases() -> dict[str, hostile.Case]:
    return {case.name: case for case in hostile.all_cases()}


def read_hostile(name: str) -> Any:
    if name.startswith("png"):
        pytest.importorskip("PIL", reason="the report extra is not installed")
    return hostile_cases()[name].read(Path("file"))


def lying(what: str, name: str, message: str) -> Row:
    """A row for a file of `hostile.py`."""

    def prepare(place: Place) -> None:
        Path("file").write_bytes(hostile_cases()[name].content)

    return Row(what, name, lambda: read_hostile(name), FormatError, message, prepare)


PUBLISHED = b"as published"


def data_file(content: bytes | None, served: bytes = b"") -> Prepare:
    """MNIST as one small file, in the cache with this content, and what a download would give."""

    def prepare(place: Place) -> None:
        digest = sha256(PUBLISHED).hexdigest()
        file = registry.File("file", "https://localhost/file", digest, len(PUBLISHED))
        record = registry.DataSet("a test", "CC0", (file,))
        place.patch.setitem(registry.DATA_SETS, "mnist", record)
        place.patch.delenv("PYDIS_DATA", raising=False)
        place.patch.setenv("XDG_CACHE_HOME", str(Path.cwd() / "cache"))
        place.patch.setattr(download, "download", lambda url, into: into.write(served))
        folder = Path("cache/pydis/mnist")
        folder.mkdir(parents=True)
        if content is not None:
            (folder / "file").write_bytes(content)

    return prepare


def without_mnist(place: Place) -> None:
    place.patch.delenv("PYDIS_DATA", raising=False)
    place.patch.setenv("XDG_CACHE_HOME", str(Path.cwd() / "cache"))
    images_by_name._mnist.cache_clear()


def nan_file(place: Place) -> None:
    np.save("mine.npy", np.full((1, 2, 2, 1), NAN))


def a_file(place: Place) -> None:
    Path("file").write_text("not a folder")


def a_run(edit: Callable[[Path], object] = lambda run: None) -> Prepare:
    """The trained run as `run`, after an edit."""

    def prepare(place: Place) -> None:
        shutil.copytree(place.trained, "run")
        edit(Path("run"))

    return prepare


def edit_config(old: str, new: str) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        text = (run / "config.toml").read_text()
        assert old in text
        (run / "config.toml").write_text(text.replace(old, new))

    return edit


def another_run(model: VAE) -> Prepare:
    """A run of this model that holds the checkpoint of the trained VAE."""

    def prepare(place: Place) -> None:
        run = make_run(TrainConfig(model, steps=2, backend="numpy"), Path("run"))
        shutil.copy(last(place.trained), run.checkpoints)
        (run.folder / "lock").touch()

    return prepare


def last(run: Path) -> Path:
    return next((run / "checkpoints").iterdir())


def cut(run: Path) -> None:
    last(run).write_bytes(last(run).read_bytes()[:-1])


def foreign(run: Path) -> None:
    from safetensors.numpy import save

    last(run).write_bytes(save({"weights": np.zeros(3)}))


def config_file(text: str | bytes) -> Prepare:
    raw = text.encode() if isinstance(text, str) else text
    return lambda place: Path("c.toml").write_bytes(raw)


GOOD = to_toml(TrainConfig(BetaVAE(), backend="numpy"))
TRAIN = "train beta-vae --backend numpy"

ROWS = [
    Row("wrong shapes", "shapes", lambda: mul(A, np.ones(4)), ValueError,
        r"mul: shapes \(2, 3\) and \(4,\) do not"),
    Row("wrong shapes", "matmul", lambda: matmul(A, A), ValueError,
        r"matmul: .*\[M, K\] and \[K, N\], received"),
    Row("wrong shapes", "pair of strides", lambda: conv2d(X, W, stride=(2, 2)), TypeError,
        "conv2d: expected whole"),
    Row("wrong shapes", "half a stride", lambda: conv2d(X, W, stride=1.5), TypeError,
        r"conv2d: .* received 1\.5"),
    Row("wrong shapes", "one size", lambda: conv2d_x(X, np.ones((3, 3, 2, 2)), size=4), TypeError,
        "conv2d_x: .* 4"),
    Row("wrong shapes", "size of w", lambda: conv2d_w(X, X, size=(9, 9)), ValueError,
        "conv2d_w: a filter of 9x9"),
    Row("wrong shapes", "axis", lambda: sum(A, axis=2), ValueError,
        r"axis 2 does not fit .*\(2, 3\)"),
    Row("wrong shapes", "images of another size", lambda: update(images(2, 32, 32, 1)), ValueError,
        r"expected images \[N, 64, 64, C\], received \(2, 32, 32, 1\)"),
    Row("wrong shapes", "colour images", lambda: update(images(2, 64, 64, 3)), ValueError,
        r"images of shape \(2, 64, 64, 3\) have 3 channels.* expect 1"),
    Row("wrong shapes", "no images", lambda: update(images(0, 64, 64, 1)), ValueError,
        r"update: expected images \[N, 64, 64, 1\], received \(0, 64, 64, 1\)"),
    Row("wrong shapes", "own images without channel", lambda: arrays.load(images(2, 3, 4)),
        ValueError, r"must be \[N, H, W, C\], received \[2, 3, 4\]; .* images\[\.\.\., None\]"),
    Row("wrong shapes", "a generator's images", lambda: play(images(4, 28, 28, 1)), ValueError,
        r"expected images \[N, 8, 8, 1\] with N at least 2, received \[4, 28, 28, 1\]"),
    Row("wrong shapes", "one image", lambda: play(images(1, 8, 8, 1)), ValueError,
        r"expected images \[N, 8, 8, 1\] with N at least 2, received \[1, 8, 8, 1\]"),
    Row("mixed dtypes", "a generator's images", lambda: play(np.zeros((4, 8, 8, 1))), TypeError,
        r"float64, float32.*convert one"),
    Row("mixed dtypes", "two precisions", lambda: mul(A, A.astype("f4")), TypeError,
        "mul: .*float64, float32"),
    Row("mixed dtypes", "images of float64", lambda: update(np.zeros((2, 64, 64, 1))), TypeError,
        r"conv2d_act: .*float64, float32.*convert one"),
    Row("mixed devices", "an op", lambda: mul(A, StrictArray(A)), TypeError,
        r"mul: expected arrays of one library on one device, received numpy.*StrictArray"),
    Row("mixed devices", "a tensor beside", lambda: Tensor(A) * StrictArray(A), TypeError,
        r"mul: expected arrays of one library on one device, received numpy.*StrictArray"),
    Row("mixed devices", "images", lambda: update(StrictArray(images(1, 64, 64, 1))), TypeError,
        r"conv2d_act: expected arrays of one library on one device, received .*StrictArray"),
    Row("mixed devices", "own images", lambda: arrays.load(StrictArray(X)), TypeError,
        "images must be a NumPy array or the path of a folder, received StrictArray"),
    Row("integer input to grad", "a tensor of integers", lambda: grad(Tensor(np.arange(3)), []),
        TypeError, "Tensor: expected a floating-point array, received dtype int64: convert it"),
    Row("integer input to grad", "an array", lambda: grad(np.arange(3), np.arange(3)), TypeError,
        "grad: expected Tensors, received int64"),
    Row("integer input to grad", "a number", lambda: grad(3, [4]), TypeError,
        "grad: expected Tensors, received int"),
    Row("integer input to grad", "integers", lambda: exp(np.arange(3)), TypeError,
        "exp: .* received dtype int64: convert it"),
    Row("integer input to grad", "bytes as images", lambda: conv2d(X.astype("u1"), W), TypeError,
        "conv2d: .* dtype uint8"),
    Row("not an array", "a list", lambda: exp([1.0]), TypeError,
        "exp: expected a floating-point array, received list"),
    Row("not an array", "a list beside", lambda: Tensor(A) - [1.0], TypeError,
        "sub: .* received list"),
    Row("not an array", "a nested tensor", lambda: Tensor(Tensor(A)), TypeError,
        "Tensor: .* received Tensor"),
    Row("not an array", "a masked array", lambda: exp(np.ma.ones(2)), TypeError,
        "exp: expected a plain array, received"),
    Row("not an array", "y_bar", lambda: grad(Tensor(A), Tensor(A), [1.0]), TypeError,
        "grad: y_bar: .* received"),
    Row("not an array", "arrays to grad", lambda: grad(A, A), TypeError,
        "grad: expected Tensors, received float64"),
    Row("not an array", "a list of images", lambda: update([[1.0]]), ValueError,
        r"update: expected images \[N, 64, 64, 1\], received list"),
    Row("not an array", "own images", lambda: arrays.load([1.0]), TypeError,
        "images must be a NumPy array or the path of a folder, received list"),

    Row("not a probability table", "sum", lambda: entropy(A[0]), ValueError,
        r"entropy: expected a sum of 1, received 3\.0, off by 2"),
    Row("not a probability table", "negative", lambda: entropy(np.array([1.5, -0.5])), ValueError,
        r"entropy: expected probabilities >= 0, received -0\.5"),
    Row("not a probability table", "NaN", lambda: mutual_information(NAN * A), ValueError,
        "mutual_information: expected probabilities >= 0, received nan"),
    Row("not a probability table", "axes", lambda: mutual_information(A[0] / 3), ValueError,
        r"mutual_information: expected a table of 2 axes, received shape \(3,\)"),
    Row("not a probability table", "nothing", lambda: entropy(np.zeros(0)), ValueError,
        r"entropy: expected an outcome at least, received shape \(0,\)"),
    Row("not a probability table", "two shapes", lambda: kl_divergence(A / 6, A[0] / 3), ValueError,
        r"kl_divergence: expected tables of one shape, received \(2, 3\) and \(3,\)"),
    Row("not a probability table", "covariance", lambda: gaussian_entropy(A), ValueError,
        r"gaussian_entropy: expected a covariance \[D, D\], received shape \(2, 3\)"),

    Row("unknown backend", "use", lambda: use("abacus"), BackendError,
        "unknown backend 'abacus': expected one of definition, numpy, cpp, cupy"),
    Row("unknown backend", "a kernel", lambda: use("numpy", matmul=3), BackendError,
        "kernel 'matmul': expected a function, received 3"),
    Row("unknown backend", "TrainConfig", lambda: TrainConfig(VAE(), backend="abacus"), ConfigError,
        "backend: expected one of .*numpy.*, received 'abacus'"),
    Row("unknown backend", "train", "train vae --backend abacus", 2,
        "backend: expected one of .*numpy.*, received 'abacus'"),
    Row("unknown backend", "demo", "demo --backend abacus", 2,
        "backend: expected one of .*numpy.*, received 'abacus'"),
    Row("unknown model", "train", "train gamma-vae", 2, "gamma-vae .*vae, beta-vae"),
    Row("unknown model", "TrainConfig", lambda: TrainConfig("vae"), ConfigError,
        "model: expected one of vae, beta-vae, .*infogan, received 'vae'"),
    Row("unknown model", "a file", "train --config c.toml", 2,
        "c.toml: model.name: expected one of vae, beta-vae, .*infogan, received 'gamma-vae'",
        config_file(GOOD.replace("beta-vae", "gamma-vae"))),

    Row("unknown data", "train", f"{TRAIN} --data celeba", 2,
        "data: expected one of dsprites for beta-vae, received 'celeba'"),
    Row("unknown data", "of another model", f"{TRAIN} --data mnist", 2,
        "data: expected one of dsprites for beta-vae, received 'mnist'"),
    Row("unknown data", "TrainConfig", lambda: TrainConfig(InfoGAN(), data=""), ConfigError,
        "data: expected one of mnist, digits, dsprites for infogan, received ''"),
    Row("unknown data", "without classes", "train conditional-gan --data dsprites", 2,
        "data: expected one of mnist, digits for conditional-gan, received 'dsprites'"),
    Row("unknown data", "a file", "train --config c.toml", 2,
        "c.toml: data: expected one of dsprites for beta-vae, received 'imagenet'",
        config_file(GOOD.replace('data = "dsprites"', 'data = "imagenet"'))),
    Row("unknown data", "other classes", "train conditional-gan --data digits --classes 3", 2,
        "classes: expected 10, those of digits, received 3"),
    Row("missing data file", "train", "train gan --data mnist --backend numpy --steps 1", 2,
        "mnist: no train-images.*: looked at .*get it: pydis data fetch mnist",
        without_mnist),
    Row("missing data file", "mnist.load", mnist.load, DataMissing,
        "mnist: no train-images.*: looked at .*get it: pydis data fetch mnist",
        lambda place: place.patch.setenv("XDG_CACHE_HOME", str(Path.cwd()))),
    Row("missing data file", "data check", "data check mnist", 2,
        "mnist: no file: looked at .*get it: pydis data fetch mnist", data_file(None)),
    Row("missing data file", "own folder", lambda: arrays.load("none"), DataMissing,
        "none: expected a folder of .png files"),
    Row("missing data file", "own file", lambda: arrays.load("file"), FormatError,
        "file: the path: expected a folder of .png files, received a file", a_file),
    Row("missing data file", "no such set", "data fetch cifar", 2, "'cifar'.*fashion-mnist.*mnist"),
    lying("corrupt data file", "idx: wrong magic",
          r"file: magic number \(offset 0\): expected 0000 .*, received 0007"),
    lying("corrupt data file", "idx: gzip cut in the middle", "file: .*expected .*, received"),
    lying("corrupt data file", "npz: body cut", "file: .*expected .*, received"),
    lying("corrupt data file", "npz: trailing byte", "file: .*expected .*, received"),
    lying("corrupt data file", "npz: pickled", "file: .*expected .*, received"),
    lying("corrupt data file", "png: pixels cut", "file: .*expected .*, received"),
    Row("corrupt data file", "data check", "data check mnist", 2,
        "file: length: expected 12 bytes, received 4 bytes", data_file(PUBLISHED[:4])),
    lying("oversized data file", "idx: gzip bomb, small array", "file: .*expected .*, received"),
    lying("oversized data file", "npz: bomb behind the array", "file: .*expected .*, received"),
    lying("oversized data file", "npz: shape of terabytes", "file: .*expected .*, received"),
    lying("oversized data file", "png: 2^31 - 1 squared", "file: .*expected .*, received"),
    Row("oversized data file", "data check", "data check mnist", 2,
        "file: length: expected 12 bytes, received 9000 bytes", data_file(bytes(9000))),
    Row("oversized data file", "data fetch", "data fetch mnist", 2,
        "https.*: length: expected at most 12 bytes, received more",
        data_file(None, served=bytes(13))),
    lying("bad checksum", "npz: wrong checksum", "file: .*expected .*, received"),
    lying("bad checksum", "idx: gzip wrong checksum", "file: .*expected .*, received"),
    Row("bad checksum", "data check", "data check mnist", 2,
        "file: sha256: expected [0-9a-f]{64}, received [0-9a-f]{64}", data_file(PUBLISHED[::-1])),
    Row("bad checksum", "data fetch", "data fetch mnist", 2,
        "sha256: expected [0-9a-f]{64}, received [0-9a-f]{64}",
        data_file(None, served=PUBLISHED[::-1])),

    Row("unwritable run folder", "make_run", lambda: make_run(config(), Path("file/run")), RunError,
        "file/run: cannot be made: ", a_file),
    Row("unwritable run folder", "train", f"{TRAIN} --out file/run", 2,
        "file/run: cannot be made: ", a_file),
    Row("unwritable run folder", "it exists", f"{TRAIN} --out run", 2,
        "run: exists already; .* choose another --out", a_run()),
    Row("no run folder", "open_run", lambda: open_run(Path("none")), RunError,
        "none: not a run folder: no readable config.toml"),
    Row("no run folder", "resume", "train --resume none", 2, "none: not a run folder"),
    Row("no run folder", "report", "report none", 2, "none: not a run folder"),
    Row("checkpoint of another model", "training.resume", lambda: resume(open_run(Path("run"))),
        CheckpointError, "step-00000002.*: a checkpoint of 'vae' in a run of 'beta-vae'",
        another_run(BetaVAE(latents=2))),
    Row("checkpoint of another model", "resume", "train --resume run", 2,
        "step-00000002.*: a checkpoint of 'vae' in a run of 'beta-vae'",
        another_run(BetaVAE(latents=2))),
    Row("checkpoint of another model", "more latents", "train --resume run", 2,
        "checkpoint of step 2: .*another network",
        another_run(VAE(latents=3))),
    Row("damaged checkpoint", "load", lambda: load_checkpoint(last(Path("run"))), CheckpointError,
        "step-00000002.safetensors: not a readable pydis checkpoint: ", a_run(cut)),
    Row("damaged checkpoint", "report", "report run", 2,
        "run: no checkpoint to evaluate: .*step-00000002.*not a readable", a_run(cut)),
    Row("foreign checkpoint", "load", lambda: load_checkpoint(last(Path("run"))), CheckpointError,
        "step-00000002.safetensors: not a readable pydis checkpoint: no pydis metadata",
        a_run(foreign)),
    Row("foreign checkpoint", "report", "report run", 2,
        "no checkpoint to evaluate: .*no pydis metadata", a_run(foreign)),

    Row("NaN in the user's data", "own images",
        lambda: arrays.load(np.load("mine.npy")), ValueError,
        r"images must be in \[0, 1\], received nan at index \[0, 0, 0, 0\]", nan_file),
    Row("NaN in the user's data", "a training step", lambda: update(with_nan()), NonFiniteError,
        r"not finite: loss .*conv2d_act of \[2, 64, 64, 1\] with values that are not finite"),

    Row("bad configuration file", "missing", "train --config none.toml", 2,
        "none.toml: no readable configuration: No such file"),
    Row("bad configuration file", "a folder", "train --config run", 2,
        "run: .*expected a regular file", a_run()),
    Row("bad configuration file", "a device", lambda: read_config(Path("/dev/zero")), ConfigError,
        "/dev/zero: .*expected a regular file"),
    Row("bad configuration file", "not TOML", "train --config c.toml", 2, "c.toml: not TOML: ",
        config_file("[run")),
    Row("bad configuration file", "not text", "train --config c.toml", 2,
        "c.toml: not TOML: expected UTF-8 text", config_file(b"\xff\xfe")),
    Row("bad configuration file", "oversized", "train --config c.toml", 2,
        "c.toml: .*expected at most 65536 bytes", config_file(b"#" * 65_537)),
    Row("bad configuration file", "nested without end", "train --config c.toml", 2,
        "c.toml: not TOML: .*recursion", config_file("a = " + "[" * 60_000)),
    Row("bad configuration file", "endless digits", "train --config c.toml", 2,
        "c.toml: not TOML: .*digits", config_file("a = " + "9" * 60_000)),
    Row("bad configuration file", "newer", "train --config c.toml", 2,
        "c.toml: format_version: expected 1, received 2: upgrade pydis",
        config_file(GOOD.replace("format_version = 1", "format_version = 2"))),
    Row("bad configuration file", "unknown key", "train --config c.toml", 2,
        "c.toml: unknown key 'setps': expected one of model, steps",
        config_file(GOOD.replace("steps =", "setps =", 1))),
    Row("bad configuration file", "unknown table", "train --config c.toml", 2,
        "c.toml: unknown key 'more': expected one of format_version, run, model",
        config_file(GOOD + "[more]\n")),
    Row("bad configuration file", "a run's", "train --resume run", 2,
        "run/config.toml: unknown key 'bach'", a_run(edit_config("batch", "bach"))),
    Row("bad configuration file", "a run's, changed", "train --resume run", 2,
        "run/config.toml: changed since the run was made",
        a_run(edit_config("seed = 0", "seed = 1"))),
    Row("bad configuration file", "another type", "train --config c.toml", 2,
        r"c.toml: beta: expected float, received 'x' \(str\)",
        config_file(GOOD.replace("beta = 4.0", 'beta = "x"'))),
    Row("bad configuration file", "a model's name is a list", "train --config c.toml", 2,
        r"c.toml: model.name: expected one of vae, beta-vae, .*, received \[1\]",
        config_file(GOOD.replace('"beta-vae"', "[1]"))),

    Row("bad option", "misspelt", f"{TRAIN} --setps 3", 2, "--setps.*--steps"),
    Row("bad option", "of another model", "train vae --beta 2", 2, "--beta"),
    Row("bad option", "misspelt command", "dmeo", 2,
        "dmeo.*demo, train, report, verify, data, bench, info"),
    Row("bad option", "no command", "", 2,
        "Expected one of {demo, train, report, verify, data, bench, info}"),
    Row("bad option", "no such derivation", "verify entropy.jiont", 2,
        "no derivation entropy.jiont; there is entropy.joint"),
    Row("bad option", "a seed below zero", "verify --seed -1", 2, "--seed: expected 0 or more"),
    Row("bad option", "no model", "train", 2, "Expected one of {vae, beta-vae, gan,.*infogan}"),
    Row("bad option", "no value", f"{TRAIN} --steps", 2, "--steps"),
    Row("bad option", "no folder", "train --resume", 2, "--resume.*[Ee]xpected 1 value"),
    Row("bad option", "letters", f"{TRAIN} --latents x", 2, "--latents:.*'x'.*--latents INT"),
    Row("bad option", "a fraction", f"{TRAIN} --latents 2.5", 2, r"--latents:.*'2\.5'.*INT"),
    Row("bad option", "a choice", f"{TRAIN} --likelihood no", 2, "'no'.*'bernoulli', 'gaussian'"),
    Row("bad environment variable", "PYDIS_THREADS", TRAIN, 2,
        "PYDIS_THREADS: expected a positive number, received 'many'",
        lambda place: place.patch.setenv("PYDIS_THREADS", "many")),
]  # fmt: skip


ABSURD: list[tuple[str, Any, str]] = [
    ("beta", -1.0, "expected a finite number >= 0, received -1.0"),
    ("beta", NAN, "expected a finite number >= 0, received nan"),
    ("beta", INF, "expected a finite number >= 0, received inf"),
    ("latents", 0, "expected at least 1, received 0"),
    ("latents", 10**12, "expected at most 4096, received 1000000000000"),
    ("learning_rate", -1e-3, "expected a finite number > 0, received -0.001"),
    ("learning_rate", 0.0, "expected a finite number > 0, received 0.0"),
    ("learning_rate", NAN, "expected a finite number > 0, received nan"),
    ("learning_rate", INF, "expected a finite number > 0, received inf"),
    ("steps", 0, "expected at least 1, received 0"),
    ("steps", 10**8, "expected at most 99999999, received 100000000"),
    ("batch", 0, "expected at least 1, received 0"),
    ("batch", 10**9, "expected at most 737280, received 1000000000"),
    ("seed", -1, "expected 0 … 2.64 − 1, received -1"),
    ("seed", 2**64, "expected 0 … 2.64 − 1, received 18446744073709551616"),
    ("threads", -1, "expected at least 1, received -1"),
    ("threads", 10**9, "expected at most 1024, received 1000000000"),
    ("checkpoint_every", 0, "expected at least 1, received 0"),
    ("log_every", -5, "expected at least 1, received -5"),
]
"""Hyper-parameters out of range, from Python, from the command line and from a file."""

MISTYPED: list[tuple[str, Any, str]] = [
    ("latents", 2.5, r"expected int, received 2\.5 \(float\)"),
    ("latents", True, r"expected int, received True \(bool\)"),
    ("latents", "3", r"expected int, received '3' \(str\)"),
    ("beta", "4", r"expected float, received '4' \(str\)"),
    ("beta", 10**400, "expected a finite number >= 0, received 1000"),
    ("learning_rate", True, r"expected float, received True \(bool\)"),
    ("likelihood", "poisson", "expected 'bernoulli' or 'gaussian', received 'poisson'"),
    ("steps", 1.5, r"expected int, received 1\.5 \(float\)"),
    ("batch", "64", r"expected int, received '64' \(str\)"),
    ("seed", True, r"expected int, received True \(bool\)"),
    ("threads", None, r"expected int, received None \(NoneType\)"),
    ("backend", 3, r"expected str, received 3 \(int\)"),
]
"""Hyper-parameters of a wrong kind, which only Python can give."""

OF_MODEL = ("beta", "latents", "learning_rate", "likelihood")


def absurd(name: str, value: Any, message: str) -> Row:
    """A row for a hyper-parameter given in Python."""
    if name in OF_MODEL:
        return Row(
            "absurd hyper-parameter",
            f"{name}={value!r:.20}",
            lambda: BetaVAE(**{name: value}),
            (ValueError, TypeError),
            f"{name}: {message}",
        )
    return Row("absurd hyper-parameter", f"{name}={value!r:.20}",
               lambda: config(**{name: value}), ConfigError, f"{name}: {message}")  # fmt: skip


def absurd_option(name: str, value: Any, message: str) -> Row:
    option = f"--{name.replace('_', '-')}={value}"
    command = f"train beta-vae {option}"
    return Row("absurd hyper-parameter", option, command, 2, f"{name}: {message}")


def absurd_file(name: str, value: Any, message: str) -> Row:
    text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", GOOD)
    assert text != GOOD
    return Row("absurd hyper-parameter", f"{name} = {value} in a file", "train --config c.toml",
               2, f"c.toml: {name}: {message}", config_file(text))  # fmt: skip


ADVERSARIAL: list[tuple[str, str, str]] = [
    ("gan", "--noise=0", "noise: expected at least 1, received 0"),
    ("gan", "--noise=999999999999", "noise: expected at most 4096, received 999999999999"),
    ("infogan", "--categories=5000", "categories: expected at most 4096, received 5000"),
    ("gan", "--beta1=1", "beta1: expected a number in .0, 1., received 1.0"),
    ("gan", "--slope=-0.1", "slope: expected a number in .0, 1., received -0.1"),
    ("gan", "--generator-rate=0", "generator_rate: expected a finite number > 0, received 0.0"),
    ("gan", "--generator-loss=hinge", "'hinge'.*'non-saturating', 'saturating'"),
    ("gan", "--batch=1", "batch: expected at least 2, received 1"),
    ("infogan", "--discriminator-rate=inf", "discriminator_rate: expected a finite number > 0"),
    ("infogan", "--categories=1", "categories: expected 0 or at least 2, received 1"),
    ("infogan", "--uniform-codes=-1", "uniform_codes: expected at least 0, received -1"),
    ("infogan", "--category-weight=-1", "category_weight: expected a finite number >= 0"),
    ("infogan", "--uniform-weight=nan", "uniform_weight: expected a finite number >= 0"),
    ("conditional-gan", "--classes=1", "classes: expected at least 2, received 1"),
]
"""Options of the adversarial models out of range."""

ROWS += [
    Row("absurd hyper-parameter", f"{model} {option}",
        f"train {model} --data digits --backend numpy {option}", 2, message)
    for model, option, message in ADVERSARIAL
]  # fmt: skip
ROWS += [absurd(*each) for each in ABSURD + MISTYPED]
ROWS += [absurd_option(*each) for each in ABSURD] + [absurd_file(*each) for each in ABSURD]
ROWS += [
    Row("absurd hyper-parameter", "no threads", lambda: threads(0), BackendError,
        "threads: expected at least 1, received 0"),
    Row("absurd hyper-parameter", "demo", "demo --steps 0", 2,
        "steps: expected at least 1, received 0"),
]  # fmt: skip
