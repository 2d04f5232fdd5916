"""A run folder written by an earlier version opens, loads and computes what it did; a later
version's says what to do. `reference/make_golden_run.py` made the folder."""

import hashlib
import importlib.util
import json
import lzma
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from pydis.backends import available
from pydis.data import dsprites
from pydis.models import BetaVAE
from pydis.training import (
    CheckpointError,
    RunError,
    TrainConfig,
    load_checkpoint,
    open_run,
    resume,
    train,
)
from pydis.training.loop import machine

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
STEP = "step-00000004.safetensors"
MOST_BYTES = 200_000


def maker() -> Any:
    """The script that made the folder, as a module: its images, its digest, its codes."""
    path = Path(__file__).parent / "reference" / "make_golden_run.py"
    spec = importlib.util.spec_from_file_location("make_golden_run", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The golden run, its checkpoint unpacked."""
    folder = tmp_path / "run"
    shutil.copytree(GOLDEN / "run", folder)
    packed = folder / "checkpoints" / f"{STEP}.xz"
    (folder / "checkpoints" / STEP).write_bytes(lzma.decompress(packed.read_bytes()))
    packed.unlink()
    return folder


def test_the_golden_run_is_small() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*")) < MOST_BYTES


def test_it_opens_with_its_configuration_and_metrics(folder: Path) -> None:
    run = open_run(folder)
    assert run.config == TrainConfig(
        BetaVAE(latents=6, likelihood="bernoulli", learning_rate=1e-4, beta=4.0), steps=4, seed=11,
        batch=2, backend="numpy", threads=1, checkpoint_every=4, log_every=2,
    )  # fmt: skip
    assert run.metrics() == EXPECTED["metrics"]
    assert [line["step"] for line in run.metrics()] == [1, 2, 4]
    assert run.seconds() > 0


def test_its_checkpoint_is_what_it_was(folder: Path) -> None:
    arrays = load_checkpoint(folder / "checkpoints" / STEP).arrays
    assert MAKER.digest(arrays) == EXPECTED["arrays"]
    name = sorted(arrays)[-1]
    for changed in (arrays | {name: arrays[name] * 1.0000001}, {"other": arrays[name]}):
        assert MAKER.digest(changed) != EXPECTED["arrays"]  # the control


def test_it_goes_on(folder: Path) -> None:
    """Resuming restores every array, and a run that has ended stays as it is."""
    run = open_run(folder)
    learners, done = resume(run)
    arrays = {f"{p}.{n}": a for p, learner in learners.items() for n, a in learner.arrays().items()}
    assert done == 4 and MAKER.digest(arrays) == EXPECTED["arrays"]
    before = (folder / "metrics.jsonl").read_bytes()
    train(run)
    assert (folder / "metrics.jsonl").read_bytes() == before
    further = replace(run, config=replace(run.config, steps=5))
    assert [learner.moments.steps for learner in train(further).values()] == [5]


def largest_error(folder: Path, backend: str, change: float = 0.0) -> float:
    """Of the codes of the fixed images, relative to the largest code."""
    run = open_run(folder)
    learners, _ = resume(run)
    network = learners["autoencoder"].network
    parameters = {name: tensor.data for name, tensor in network.parameters().items()}
    name = "trunk.layers.0.w"
    parameters[name] = parameters[name] + np.float32(change)
    with machine(replace(run.config, backend=backend)):
        found = MAKER.codes(network.with_parameters(parameters))
    return max(
        float(np.abs(np.array(found[part]) - EXPECTED[part]).max() / np.abs(EXPECTED[part]).max())
        for part in ("mean", "log_variance")
    )


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_its_codes_are_what_they_were(folder: Path, backend: str) -> None:
    """Sums of some thousand products in float32: 1e-5 is far above their rounding."""
    if not available()[backend].usable:
        pytest.skip("pydis._core was not built, or the source tree hides it")
    error = largest_error(folder, backend)
    print(f"{backend}: {error:.1e}")
    assert error < 1e-5
    assert largest_error(folder, backend, change=1e-4) > 1e-4  # the control


def test_the_images_of_the_codes_are_what_they_were() -> None:
    images = dsprites.render(np.array(MAKER.FACTORS))
    assert hashlib.sha256(images.tobytes()).hexdigest() == EXPECTED["images"]


# A later version's folder


def newer(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_newer_manifest_is_named(folder: Path) -> None:
    newer(folder / "manifest.json", '"format_version": 1', '"format_version": 2')
    newer(folder / "manifest.json", '"pydis": "', '"pydis": "9.')
    message = r"manifest\.json: written by pydis 9\..* in format 2, this is .*: upgrade pydis"
    with pytest.raises(RunError, match=message):
        open_run(folder)


def test_a_newer_configuration_is_named(folder: Path) -> None:
    newer(folder / "config.toml", "format_version = 1", "format_version = 2")
    message = r"config\.toml: format_version: expected 1, received 2: upgrade pydis"
    with pytest.raises(RunError, match=message):
        open_run(folder)


def test_a_newer_checkpoint_is_named(folder: Path) -> None:
    path = folder / "checkpoints" / STEP
    about = json.dumps({"format_version": 2, "pydis": "9.0"})
    save_file(load_file(path), path, {"pydis": about})
    message = r"step-00000004.*: written in format 2, this pydis reads format 1: upgrade pydis"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


def test_a_newer_checkpoint_is_not_passed_over(folder: Path) -> None:
    """Or an older pydis would do its steps again and write over it."""
    newest = folder / "checkpoints" / "step-00000005.safetensors"
    save_file(load_file(folder / "checkpoints" / STEP), newest, {"pydis": '{"format_version": 2}'})
    with pytest.raises(CheckpointError, match=r"step-00000005.*upgrade pydis"):
        open_run(folder).last_checkpoint()
