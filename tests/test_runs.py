"""Runs: folders made once, exact resume, a stop before a bad update."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pydis.backends import BackendError, available
from pydis.models import VAE, BetaVAE
from pydis.training import (
    CheckpointError,
    Interrupted,
    RunError,
    TrainConfig,
    TrainingStopped,
    loop,
    make_run,
    open_run,
    train,
)

CONFIG = TrainConfig(
    BetaVAE(latents=3, learning_rate=1e-3),
    steps=6,
    seed=5,
    batch=2,
    backend="numpy",
    threads=1,
    checkpoint_every=2,
    log_every=1,
)


def state(folder: Path) -> dict[str, bytes]:
    """Everything of a run that must not depend on its interruptions."""
    last = sorted((folder / "checkpoints").glob("*.safetensors"))[-1]
    names = ("config.toml", "metrics.jsonl")
    return {last.name: last.read_bytes()} | {n: (folder / n).read_bytes() for n in names}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, bytes]:
    run = make_run(CONFIG, tmp_path_factory.mktemp("runs") / "whole")
    train(run)
    return state(run.folder)


def test_a_run_folder_holds_what_the_next_reader_needs(uninterrupted, tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    train(run)
    assert state(run.folder) == uninterrupted
    assert sorted(p.name for p in run.folder.iterdir()) == [
        "checkpoints", "config.toml", "lock", "manifest.json", "metrics.jsonl", "timing.jsonl",
    ]  # fmt: skip
    names = [p.name for p in sorted(run.checkpoints.iterdir())]
    assert names == [f"step-0000000{n}.safetensors" for n in (2, 4, 6)]
    assert [record["step"] for record in run.metrics()] == [1, 2, 3, 4, 5, 6]
    assert set(run.metrics()[0]) == {"step", "loss", "reconstruction", "rate", "elbo"}
    assert open_run(run.folder).config == CONFIG


def test_another_seed_is_another_run(uninterrupted, tmp_path: Path):
    run = make_run(replace(CONFIG, seed=6), tmp_path / "run")
    train(run)
    assert state(run.folder)["metrics.jsonl"] != uninterrupted["metrics.jsonl"]


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_an_interrupted_run_ends_like_one_that_was_not(uninterrupted, tmp_path: Path, stop: int):
    run = make_run(CONFIG, tmp_path / "run")

    def interrupt(step: int, terms: object) -> None:
        if step == stop:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match=rf"saved after step {stop} of 6; .* --resume .*run"):
        train(run, interrupt)
    assert sorted(run.checkpoints.iterdir())[-1].name == f"step-{stop:08d}.safetensors"
    seconds = run.seconds()
    train(open_run(run.folder))
    assert state(run.folder) == uninterrupted
    assert run.seconds() > seconds
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_request_to_stop_at_the_last_step_is_the_end(uninterrupted, tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    train(run, lambda step, terms: os.kill(os.getpid(), signal.SIGINT) if step == 6 else None)
    assert state(run.folder) == uninterrupted


KILLS = int(os.environ.get("PYDIS_KILLS", "10"))
"""How many kills the test below makes: PYDIS_KILLS=500 for the full count."""


def test_a_run_killed_again_and_again_ends_like_one_that_was_not(tmp_path: Path):
    """SIGKILL at random moments, most of them within the write of a checkpoint or a log line."""
    config = replace(CONFIG, steps=3 * KILLS, checkpoint_every=1)
    whole, folder = make_run(config, tmp_path / "whole"), tmp_path / "killed"
    train(whole)
    make_run(config, folder)
    code = f"""
import sys
from pathlib import Path
from pydis.training import open_run, train
def show(step, terms):
    print(step, flush=True)
train(open_run(Path({str(folder)!r})), show)
"""
    rng, survived = np.random.default_rng(0), 0
    for _ in range(KILLS):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        if not list((folder / "checkpoints").glob("*.safetensors")):
            child.stdout.readline()  # a step is shown before it is saved: the first is saved now
        time.sleep(float(rng.uniform(0.0, 0.01)))
        child.kill()
        child.communicate()
        survived += child.returncode == 0
        checkpoint, problems = open_run(folder).last_checkpoint()
        assert checkpoint is not None
        assert problems == []
    print(f"{KILLS - survived} of {KILLS} kills fell within the run")
    assert survived < KILLS / 2
    train(open_run(folder))
    assert state(folder) == state(whole.folder)


def test_writing_in_place_would_lose_checkpoints(tmp_path: Path):
    """Negative control: without the rename, a write cut short leaves an unreadable last file."""
    run = make_run(CONFIG, tmp_path / "run")
    train(run)
    good = (run.checkpoints / "step-00000006.safetensors").read_bytes()
    for cut in (0, 7, len(good) // 2, len(good) - 1):
        (run.checkpoints / "step-00000007.safetensors").write_bytes(good[:cut])
        checkpoint, problems = run.last_checkpoint()
        assert checkpoint is not None and checkpoint.step == 6
        assert len(problems) == 1


def test_a_full_disk_leaves_the_last_good_checkpoint(uninterrupted, tmp_path: Path, monkeypatch):
    run = make_run(CONFIG, tmp_path / "run")
    right = os.fsync
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:  # file and folder of the first checkpoint were the first two
            raise OSError(28, "No space left on device")
        right(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            train(run)
    assert [p.name for p in run.checkpoints.iterdir()] == ["step-00000002.safetensors"]
    train(open_run(run.folder))
    assert state(run.folder) == uninterrupted


def test_two_processes_cannot_train_one_run(tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    code = f"""
from pathlib import Path
from pydis.training import open_run
with open_run(Path({str(run.folder)!r})).alone():
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=rf"is being trained by process {holder.pid} on"):
        train(run)
    holder.kill()  # a killed holder leaves no lock behind
    holder.communicate()
    train(run)


def test_resume_without_its_moments_would_be_noticed(uninterrupted, tmp_path: Path, monkeypatch):
    """Negative control: a restore that forgets Adam's moments ends elsewhere."""
    run = make_run(CONFIG, tmp_path / "run")
    train(make_run(replace(CONFIG, steps=2), tmp_path / "half"))
    half = next((tmp_path / "half" / "checkpoints").iterdir())
    (run.checkpoints / half.name).write_bytes(half.read_bytes())
    right = loop.restore

    def forgetful(checkpoint, learners):
        restored = right(checkpoint, learners)["autoencoder"]
        return {"autoencoder": replace(restored, moments=learners["autoencoder"].moments)}

    monkeypatch.setattr(loop, "restore", forgetful)
    train(run)
    last = f"step-{CONFIG.steps:08d}.safetensors"
    assert state(run.folder)[last] != uninterrupted[last]


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path):
    """A VAE's networks fit a beta-VAE's, but its run is another."""
    run = make_run(CONFIG, tmp_path / "run")
    other = make_run(replace(CONFIG, model=VAE(latents=3, learning_rate=1e-3)), tmp_path / "other")
    train(other)
    stray = run.checkpoints / "step-00000006.safetensors"
    stray.write_bytes((other.checkpoints / stray.name).read_bytes())
    with pytest.raises(CheckpointError, match="a checkpoint of 'vae' in a run of 'beta-vae'"):
        train(run)


def test_a_damaged_last_checkpoint_is_passed_over(uninterrupted, tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    train(run)
    newest = run.checkpoints / "step-00000006.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    checkpoint, problems = run.last_checkpoint()
    assert checkpoint is not None and checkpoint.step == 4
    assert len(problems) == 1 and "step-00000006" in problems[0]
    train(open_run(run.folder))
    assert state(run.folder) == uninterrupted


def test_a_loss_that_is_not_finite_stops_before_the_update(tmp_path: Path, monkeypatch):
    run = make_run(replace(CONFIG, model=VAE(latents=3)), tmp_path / "run")
    right = loop.batch
    monkeypatch.setattr(
        loop,
        "batch",
        lambda config, step: right(config, step) * np.float32(np.nan if step == 3 else 1),
    )
    with pytest.raises(TrainingStopped, match=r"step 3: not finite: loss .*step-00000002"):
        train(run)
    assert [p.name for p in run.checkpoints.iterdir()] == ["step-00000002.safetensors"]
    assert [record["step"] for record in run.metrics()] == [1, 2]


def test_folders_are_made_once(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: make_run(CONFIG), range(16)))
    assert len({run.folder for run in runs}) == 16
    with pytest.raises(RunError, match="exists already"):
        make_run(CONFIG, runs[0].folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        make_run(CONFIG, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no readable config.toml"), (b"\xff\xfe", "no readable"), (b"[run", "not TOML")],
)
def test_what_is_no_run_folder(tmp_path: Path, content, message):
    if content is not None:
        (tmp_path / "config.toml").write_bytes(content)
    with pytest.raises(RunError, match=message):
        open_run(tmp_path)


def test_a_backend_that_is_not_here_makes_no_folder(tmp_path: Path):
    if available()["cupy"].usable:
        pytest.skip("CuPy is usable here")
    with pytest.raises(BackendError, match="'cupy' is not available: CuPy"):
        make_run(replace(CONFIG, backend="cupy"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_held_out_images_are_not_trained_on():
    from pydis.data import dsprites
    from pydis.training import stream

    for step in range(1, 200):
        factors = dsprites.sample_factors(stream(CONFIG.seed, "data", step), 64)
        assert not dsprites.is_held_out(dsprites.index_of(factors)).any()
    shown = loop.batch(CONFIG, 7)
    factors = dsprites.sample_factors(stream(CONFIG.seed, "data", 7), CONFIG.batch)
    assert np.array_equal(shown, dsprites.render(factors)) and shown.dtype == np.float32


def test_the_second_ctrl_c_stops_at_once(tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")

    def twice(step: int, terms: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        train(run, twice)
