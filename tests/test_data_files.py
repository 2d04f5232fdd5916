"""Files of data sets: found, checked, read; and nothing but `FormatError` from files that lie.

More mutations: PYDIS_FUZZ=1000000 pytest tests/test_data_files.py -k mutations
"""

import hashlib
import http.server
import io
import json
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import hostile
import numpy as np
import pytest

from pydis.cli import main
from pydis.data import (
    DataMissing,
    FormatError,
    arrays,
    digits,
    download,
    dsprites,
    dsprites_file,
    factors,
    mnist,
    npz,
    registry,
)

ROOT = Path(__file__).parents[1]
MIB = 1 << 20
MUTATIONS = int(os.environ.get("PYDIS_FUZZ", "3000"))


def data_folder(file: str, reason: str) -> Path:
    for folder in (os.environ.get("PYDIS_DATA"), ROOT.parent / "shared" / "data"):
        if folder and (Path(folder) / file).exists():
            return Path(folder)
    pytest.skip(reason)


@pytest.fixture
def real_mnist(monkeypatch) -> Path:
    reason = "no mnist files in the folder PYDIS_DATA or in ../shared/data"
    folder = data_folder("mnist/t10k-labels-idx1-ubyte.gz", reason)
    monkeypatch.setenv("PYDIS_DATA", str(folder))
    return folder


@pytest.fixture
def nowhere(monkeypatch, tmp_path: Path) -> Path:
    """No own data, and an empty cache."""
    monkeypatch.delenv("PYDIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pydis"


# Real files


def test_mnist(real_mnist):
    images, labels = mnist.load("test")
    assert images.shape == (10_000, 28, 28, 1) and images.dtype == np.uint8
    assert labels.dtype == np.int64
    histogram = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(labels).tolist() == histogram
    images, labels = mnist.load()
    assert images.shape == (60_000, 28, 28, 1) and labels.shape == (60_000,)
    assert images.max() == 255 and labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert set(registry.check("mnist").values()) == {None}


def test_real_dsprites():
    reason = "no dsprites/dsprites_subset.npz in the folder PYDIS_DATA"
    path = data_folder("dsprites/dsprites_subset.npz", reason) / "dsprites/dsprites_subset.npz"
    rows = dsprites_file.factors(path, 20_000, 5)
    wrong = 0
    for k, block in enumerate(dsprites_file.blocks(path, 20_000)):
        ours = dsprites.render(rows[4096 * k :][: len(block)])
        wrong += int((ours != block).sum())
    assert wrong == 3
    index = npz.read(path, {"original_dataset_indices": npz.Member((20_000,), np.int64)})
    assert np.array_equal(dsprites.index_of(rows), index["original_dataset_indices"])


def test_digits():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    images, labels = digits.load()
    assert images.shape == (1797, 8, 8, 1) and images.max() == digits.WHITE
    assert set(labels.tolist()) == set(range(10))


def test_an_optional_library_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        digits.load()
    with pytest.raises(ImportError, match=r"pip install 'pydis\[data\]'"):
        download.download("https://localhost", None)


def test_compare_finds_what_differs(tmp_path: Path):
    count = 5000
    table = dsprites.factors_of(np.arange(count))
    images = dsprites.render(table)[..., 0]
    classes = np.concatenate([np.zeros((count, 1), np.int64), table], axis=1)
    path = tmp_path / "d.npz"
    np.savez(path, imgs=images, latents_classes=classes)
    assert dsprites_file.compare(500, path, count) == (500, 0, 0)
    assert np.array_equal(dsprites_file.images([3, 4999], path, count)[..., 0], images[[3, 4999]])
    images[4990, 0, :2] ^= 1
    np.savez(path, imgs=images, latents_classes=classes)
    assert dsprites_file.compare(500, path, count) == (500, 1, 2)
    images[0, 0, 0] = 2
    np.savez(path, imgs=images, latents_classes=classes[::-1])
    with pytest.raises(FormatError, match="zeros and ones"):
        dsprites_file.images([0], path, count)
    with pytest.raises(FormatError, match="order of the indices"):
        dsprites_file.compare(5, path, count)


# Hostile files

CASES = hostile.all_cases()


@pytest.mark.parametrize("case", hostile.good_cases(), ids=lambda case: case.name)
def test_sound_files_are_read(case, tmp_path: Path):
    if case.read is hostile.read_png:
        pytest.importorskip("PIL", reason="the report extra is not installed")
    path = tmp_path / "file"
    path.write_bytes(case.content)
    assert case.read(path).dtype == np.uint8


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_files_are_refused(case, tmp_path: Path):
    if case.read is hostile.read_png:
        pytest.importorskip("PIL", reason="the report extra is not installed")
    path = tmp_path / "file.png"
    path.write_bytes(case.content)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as caught:
            case.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value) and len(str(caught.value)) < 1000
    # The largest declared array is 64 MiB; a bomb would be 1 GiB.
    assert peak <= 128 * MIB
    assert [p.name for p in tmp_path.iterdir()] == ["file.png"]


READERS = [hostile.read_idx, hostile.read_npz, hostile.read_png]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", ["folder", "loop", "pipe", "device", "below", "nul"])
def test_what_is_no_file_is_refused(read, kind: str, tmp_path: Path):
    if read is hostile.read_png:
        pytest.importorskip("PIL", reason="the report extra is not installed")
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path(os.devnull)
    elif kind == "below":
        path.touch()
        path = path / "y"
    else:
        path = tmp_path / "x\0y"
    with pytest.raises(FormatError):
        read(path)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none")


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four edits: a bit, a byte, a number, a cut, a copy."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        edit = rng.randrange(6)
        if edit == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif edit == 1:
            data[at : at + 1] = rng.randbytes(1)
        elif edit == 2:
            data[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\0\0\0\x80", b"\1\0\0\0"])
        elif edit == 3:
            del data[at : at + rng.choice([1, 4, 100])]
        elif edit == 4:
            data[at:at] = data[at : at + rng.choice([1, 4, 100])]
        elif at:
            del data[at:]
    return bytes(data)


@pytest.mark.timeout(max(120, MUTATIONS // 10))
@pytest.mark.parametrize("case", hostile.good_cases(), ids=lambda case: case.name)
def test_mutations_give_an_array_or_format_error(case, tmp_path: Path):
    if case.read is hostile.read_png:
        pytest.importorskip("PIL", reason="the report extra is not installed")
    rng = random.Random(case.name)
    path = tmp_path / "file"
    path.write_bytes(case.content)
    shape = case.read(path).shape
    refused = 0
    tries = MUTATIONS // len(hostile.good_cases()) + 1
    for _ in range(tries):
        path.write_bytes(mutated(case.content, rng))
        try:
            assert case.read(path).shape == shape
        except FormatError:
            refused += 1
    assert refused > tries // 10


AUDIT = """
import sys, tempfile, os, warnings
from pathlib import Path
import numpy as np
import hostile
from pydis.data import FormatError
folder = Path(tempfile.mkdtemp())
has_png = True
try: import PIL
except ImportError: has_png = False
def load(case):
    if case.read is hostile.read_png and not has_png: return
    path = folder / "f"; path.write_bytes(case.content)
    try: case.read(path)
    except FormatError: pass
cases = hostile.all_cases()
for case in hostile.good_cases() + cases[:1]: load(case)
seen = []
bad = ("pickle.", "marshal.", "exec", "compile", "os.system", "os.exec", "os.spawn",
       "os.posix_spawn", "subprocess.", "socket.", "import", "ctypes.")
def watch(event, args):
    if event.startswith(bad): seen.append((event, str(args)[:80]))
sys.addaudithook(watch)
for case in cases: load(case)
print(len(seen), seen[:5])
if sys.argv[1:]:
    case = next(c for c in cases if c.name == "npz: pickled")
    (folder / "f").write_bytes(case.content)
    np.load(folder / "f", allow_pickle=True)["imgs"]
    print([event for event, _ in seen if event == "pickle.find_class"])
"""


def test_loading_hostile_files_runs_nothing(tmp_path: Path):
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    env["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, "control"], env=env, capture_output=True, text=True,
        check=True, cwd=ROOT,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "0 []"
    assert "pickle.find_class" in lines[-1]  # NumPy's own reader with pickle: the hook sees it


# Finding, checking, fetching

CONTENT = b"twenty bytes of data"
OTHER = b"twenty bytes of lies"


def small(
    size: int | None = len(CONTENT), kind="sha256", url="https://localhost/f"
) -> registry.File:
    digest = hashlib.sha256(CONTENT).hexdigest()
    if kind == "git-blob":
        digest = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    return registry.File("f", url, digest, size, kind, longest=100)


@pytest.fixture
def known(monkeypatch, nowhere):
    """The data set `mnist` is one small file; the cache is empty."""

    def declare(record: registry.File) -> Path:
        data_set = registry.DataSet("bytes", "CC0", (record,))
        monkeypatch.setitem(registry.DATA_SETS, "mnist", data_set)
        return nowhere / "mnist" / "f"

    return declare


def test_the_registry_is_whole():
    assert set(get_args(registry.Name)) == set(registry.DATA_SETS)
    for data_set in registry.DATA_SETS.values():
        assert data_set.licence and data_set.what
        for file in data_set.files:
            assert file.url.startswith("https://") and file.url.endswith(file.name)
            assert len(file.digest) == (64 if file.kind == "sha256" else 40)
            assert "/" not in file.name


def test_find_looks_in_each_place(known, monkeypatch, tmp_path: Path):
    cached = known(small())
    with pytest.raises(DataMissing, match="pydis data fetch mnist") as caught:
        registry.find("mnist", "f")
    assert str(cached) in str(caught.value) and isinstance(caught.value, FileNotFoundError)
    own = tmp_path / "own"
    monkeypatch.setenv("PYDIS_DATA", str(own))
    for path in (cached, own / "f", own / "mnist" / "f"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
        assert registry.find("mnist", "f") == path
    (own / "mnist" / "f").unlink()
    (own / "f").write_bytes(b"of another data set")
    assert registry.find("mnist", "f") == cached
    with pytest.raises(ValueError, match="no file"):
        registry.find("mnist", "../f")
    with pytest.raises(ValueError, match="data set must be one of"):
        registry.find("cifar", "f")


@pytest.mark.parametrize("kind", ["sha256", "git-blob"])
def test_check(known, kind):
    path = known(small(kind=kind))
    assert "looked at" in registry.check("mnist")["f"]
    path.parent.mkdir(parents=True)
    for content, problem in ((CONTENT, None), (OTHER, kind), (b"short", "length")):
        path.write_bytes(content)
        found = registry.check("mnist")["f"]
        assert (found is None) if problem is None else problem in found


def served(monkeypatch, content: bytes, endless: bool = False) -> None:
    def get(url: str, into: download.Capped) -> None:
        into.write(content)
        while endless:
            into.write(content)

    monkeypatch.setattr(download, "download", get)


def test_fetch_keeps_only_what_was_published(known, monkeypatch):
    for record in (small(), small(None, "git-blob")):
        path = known(record)
        for content, endless in ((OTHER, False), (b"", False), (CONTENT, True)):
            served(monkeypatch, content, endless)
            with pytest.raises(FormatError):
                download.fetch("mnist")
            assert list(path.parent.iterdir()) == []
        served(monkeypatch, CONTENT)
        assert download.fetch("mnist") == [path] and path.read_bytes() == CONTENT
        served(monkeypatch, OTHER)
        assert download.fetch("mnist") == [path]  # it is here: nothing is asked for
        path.write_bytes(OTHER)
        served(monkeypatch, CONTENT)
        assert download.fetch("mnist") == [path] and path.read_bytes() == CONTENT
        path.unlink()


def test_only_https(known, monkeypatch):
    known(small(url="http://localhost/f"))
    served(monkeypatch, CONTENT)
    with pytest.raises(FormatError, match="https"):
        download.fetch("mnist")
    for target, fine in (
        ("https://b/x", True),
        ("/x", True),
        ("http://b/x", False),
        ("file:///x", False),
    ):
        answer = SimpleNamespace(url="https://a/f", headers={"location": target})
        if fine:
            download.refuse_plain_http(answer)
        else:
            with pytest.raises(FormatError):
                download.refuse_plain_http(answer)


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        try:
            while self.path == "/endless":
                self.wfile.write(bytes(65_536))
            self.wfile.write(CONTENT if self.path == "/good" else OTHER)
        except OSError:
            pass

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.timeout(60)
def test_pooch_against_a_hostile_server(known, monkeypatch):
    pytest.importorskip("pooch", reason="the data extra is not installed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(FormatError, match="https"):
            download.download(f"{base}/good", download.Capped(io.BytesIO(), base, 100))
        monkeypatch.setattr(download, "check_https", lambda url: None)
        for page in ("endless", "wrong", "away"):
            path = known(small(url=f"{base}/{page}"))
            with pytest.raises((FormatError, OSError)):
                download.fetch("mnist")
            assert list(path.parent.iterdir()) == []
        known(small(url=f"{base}/good"))
        assert download.fetch("mnist") == [path] and path.read_bytes() == CONTENT
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# The user's own images


def test_own_arrays():
    whole = np.array([0, 51, 255], np.uint8).reshape(1, 1, 3, 1)
    assert np.allclose(arrays.load(whole).ravel(), [0, 0.2, 1]) and arrays.load(whole).ndim == 4
    assert arrays.load(whole > 100).ravel().tolist() == [0, 0, 1]
    floats = np.zeros((2, 3, 4, 1))
    assert arrays.load(floats).dtype == np.float32
    for bad in (np.nan, np.inf, -np.inf, 1.5, -0.1):
        floats[1, 2, 3, 0] = bad
        with pytest.raises(ValueError, match=r"index \[1, 2, 3, 0\]"):
            arrays.load(floats)
    with pytest.raises(ValueError, match=r"images\[\.\.\., None\]"):
        arrays.load(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="empty"):
        arrays.load(np.zeros((0, 3, 4, 1)))
    for kind in (np.int64, complex, object):
        with pytest.raises(TypeError, match="uint8, bool or floats"):
            arrays.load(np.zeros((1, 3, 4, 1), kind))


def test_a_folder_of_images(tmp_path: Path):
    image = pytest.importorskip("PIL.Image", reason="the report extra is not installed")
    with pytest.raises(ValueError, match=r"no \.png"):
        arrays.load(tmp_path)
    rng = np.random.default_rng(0)
    pixels = rng.integers(256, size=(3, 5, 6, 3), dtype=np.uint8)
    for n, name in ((2, "c.png"), (0, "a.png"), (1, "b.PNG")):
        image.fromarray(pixels[n]).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("passed over")
    assert np.array_equal(arrays.load(tmp_path), pixels.astype(np.float32) / np.float32(255))
    image.fromarray(pixels[0, :4]).save(tmp_path / "b2.png")
    image.fromarray(pixels[0, :3]).save(tmp_path / "d.png")
    with pytest.raises(FormatError, match=r"b2\.png.*expected \[5, 6, 3\].*\[4, 6, 3\]"):
        arrays.load(tmp_path)


# Correlated factors

UNIT = 14.0
"""A χ² with k degrees exceeds k + 2√(kx) + 2x with probability at most e^-x: 8e-7 for x = 14."""


def misfit(pair: np.ndarray, p: np.ndarray) -> float:
    """χ² of the counts of a table, cells that expect fewer than 5 pooled, over its threshold."""
    counts = np.zeros(p.shape)
    np.add.at(counts, tuple(pair.T), 1)
    expected, rare = p * len(pair), p * len(pair) < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    chi2 = ((observed - wanted)[wanted > 0] ** 2 / wanted[wanted > 0]).sum()
    k = len(wanted) - 1
    return float(chi2 / (k + 2 * np.sqrt(k * UNIT) + 2 * UNIT))


@pytest.mark.parametrize("sigma", [0.05, 0.2, 1.0, np.inf])
@pytest.mark.parametrize("names", [("scale", "x"), ("y", "orientation"), ("shape", "y")])
def test_correlated_factors(names, sigma):
    drawn = factors.sample_correlated(np.random.default_rng(1), 50_000, names, sigma)
    columns = [dsprites.FACTORS.index(name) for name in names]
    a, b = (np.arange(dsprites.SIZES[c]) / (dsprites.SIZES[c] - 1) for c in columns)
    p = np.exp(-((a[:, None] - b) ** 2) / (2 * sigma**2))
    assert misfit(drawn[:, columns], p / p.sum()) < 1
    for column in set(range(5)) - set(columns):
        size = dsprites.SIZES[column]
        assert misfit(drawn[:, [column]], np.full(size, 1 / size)) < 1


def test_the_misfit_sees_another_sigma():
    p = factors.pair_probabilities(("scale", "x"), 0.2)
    for sigma in (0.18, 0.22, np.inf):
        drawn = factors.sample_correlated(np.random.default_rng(1), 50_000, sigma=sigma)
        assert misfit(drawn[:, [1, 3]], p) > 1


def test_correlated_factors_refuse():
    rng = np.random.default_rng(0)
    for pair in (("x", "x"), ("x", "colour")):
        with pytest.raises(ValueError, match="factor"):
            factors.sample_correlated(rng, 1, pair)
    for sigma in (0, -1, np.nan):
        with pytest.raises(ValueError, match="sigma"):
            factors.sample_correlated(rng, 1, sigma=sigma)
    assert factors.sample_correlated(rng, 0).shape == (0, 5)
    assert factors.sample_correlated(rng, 9, sigma=1e-200)[:, 1].max() <= 5


def test_grid():
    blocks = list(factors.grid({"shape": [2], "x": [5, 3], "y": [0]}, rows=100))
    assert [len(b) for b in blocks] == [100] * 4 + [80]
    rows = np.concatenate(blocks)
    assert len(np.unique(rows, axis=0)) == 480 and set(rows[:, 3]) == {3, 5}
    assert rows[:2, 3].tolist() == [5, 3]
    total = 0
    for block in factors.all_factors(100_000):
        assert np.array_equal(dsprites.index_of(block), total + np.arange(len(block)))
        total += len(block)
    assert total == dsprites.COUNT
    for bad in ({"colour": [0]}, {"x": [32]}, {"x": []}):
        with pytest.raises(ValueError, match=r"colour|x must"):
            list(factors.grid(bad))
    with pytest.raises(ValueError, match="rows"):
        list(factors.all_factors(0))


# Command line


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(list(arguments))
    except SystemExit as error:
        status = int(error.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def test_data_commands(capsys, known, monkeypatch):
    path = known(small())
    status, out, _ = run(capsys, "data", "list")
    assert status == 0 and "mnist" in out and "missing" in out and "CC0" in out
    assert run(capsys, "data", "check")[0] == 0  # nothing is here, nothing is wrong
    status, out, err = run(capsys, "data", "check", "mnist")
    assert status == 2 and "pydis data fetch mnist" in err and out == ""
    served(monkeypatch, OTHER)
    status, out, err = run(capsys, "data", "fetch", "mnist")
    assert status == 2 and "sha256" in err and "Traceback" not in err
    served(monkeypatch, CONTENT)
    status, out, _ = run(capsys, "data", "fetch", "mnist")
    assert status == 0 and out.strip() == str(path)
    status, out, _ = run(capsys, "data", "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert status == 0 and rows["mnist"]["here"] and rows["mnist"]["bytes"] == len(CONTENT)
    assert run(capsys, "data", "check")[0] == 0
    path.write_bytes(OTHER)
    assert run(capsys, "data", "check")[0] == 2


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["fetch", "cifar"], ["check", "x"], ["lst"]])
def test_bad_usage(capsys, arguments):
    assert run(capsys, "data", *arguments)[0] == 2


def test_help(capsys):
    status, out, _ = run(capsys, "data", "--help")
    assert status == 0 and "pydis data fetch mnist" in out
