"""Runs: folders made once, what is in them, what is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_runs import left_by, small_config, unflushed, uninterrupted  # noqa: F401

from pydis.backends import BackendError, available
from pydis.models import VAE, BetaVAE
from pydis.training import CheckpointError, RunError, loop, make_run, open_run, train

CONFIG = small_config(BetaVAE(latents=3, learning_rate=1e-3))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, bytes]:
    return uninterrupted(CONFIG, tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_folder_holds_what_the_next_reader_needs(undisturbed, tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    train(run)
    assert left_by(run.folder) == undisturbed
    assert sorted(p.name for p in run.folder.iterdir()) == [
        "checkpoints", "config.toml", "lock", "manifest.json", "metrics.jsonl", "timing.jsonl",
    ]  # fmt: skip
    names = [p.name for p in sorted(run.checkpoints.iterdir())]
    assert names == [f"step-0000000{n}.safetensors" for n in (2, 4, 6)]
    assert [record["step"] for record in run.metrics()] == [1, 2, 3, 4, 5, 6]
    assert set(run.metrics()[0]) == {"step", "loss", "reconstruction", "rate", "elbo"}
    assert open_run(run.folder).config == CONFIG


def test_another_seed_is_another_run(undisturbed, tmp_path: Path):
    run = make_run(replace(CONFIG, seed=6), tmp_path / "run")
    train(run)
    assert left_by(run.folder)["metrics.jsonl"] != undisturbed["metrics.jsonl"]


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path):
    """A VAE's networks fit a beta-VAE's, but its run is another."""
    run = make_run(CONFIG, tmp_path / "run")
    other = make_run(replace(CONFIG, model=VAE(latents=3, learning_rate=1e-3)), tmp_path / "other")
    train(other)
    stray = run.checkpoints / "step-00000006.safetensors"
    stray.write_bytes((other.checkpoints / stray.name).read_bytes())
    with pytest.raises(CheckpointError, match="a checkpoint of 'vae' in a run of 'beta-vae'"):
        train(run)


def test_a_damaged_last_checkpoint_is_passed_over(undisturbed, tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    train(run)
    newest = run.checkpoints / "step-00000006.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1])
    checkpoint, problems = run.last_checkpoint()
    assert checkpoint is not None and checkpoint.step == 4
    assert len(problems) == 1 and "step-00000006" in problems[0]
    train(open_run(run.folder))
    assert left_by(run.folder) == undisturbed


def test_a_folder_is_made_once(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [make_run(CONFIG) for _ in range(3)]
    assert [run.folder.name for run in runs] == [f"beta-vae-seed5{n}" for n in ("", "-2", "-3")]
    with pytest.raises(RunError, match="exists already"):
        make_run(CONFIG, runs[0].folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be made"):
        make_run(CONFIG, tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.toml", None, "not a run folder: no readable config.toml"),
        ("config.toml", b"\xff\xfe", "no readable text"),
        ("config.toml", b"[run", "not TOML"),
        ("manifest.json", None, r"manifest\.json: not a readable manifest"),
        ("manifest.json", b"[1]", "not a readable manifest"),
        ("manifest.json", b'{"format_version": 7, "pydis": "8"}', "by pydis 8 in format 7, this"),
        ("metrics.jsonl", b'{"step": 1}\n{"step": 2\n{"step": 3}\n', "line 2 is damaged"),
        ("metrics.jsonl", b'{"step": 1}\n\xff\n{"step": 3}\n', "line 2 is damaged"),
    ],
)
def test_what_is_no_run_folder(tmp_path: Path, file, content, message):
    path = make_run(CONFIG, tmp_path / "run").folder / file
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunError, match=message):
        open_run(tmp_path / "run").metrics()


def test_a_last_line_cut_short_is_no_record(tmp_path: Path):
    run = make_run(CONFIG, tmp_path / "run")
    (run.folder / "metrics.jsonl").write_bytes(b'{"step": 1}\n{"st')
    assert run.metrics() == [{"step": 1}]


def test_a_changed_configuration_is_found(tmp_path: Path):
    """It would be another run under the old name. Of each byte two bits or three are flipped."""
    folder = make_run(CONFIG, tmp_path / "run").folder
    path = folder / "config.toml"
    good = path.read_bytes()
    for place in range(0, 8 * len(good), 3):
        damaged = bytearray(good)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=r"config\.toml: "):
            open_run(folder)
    path.write_bytes(good.replace(b"steps = 6", b"steps = 7"))
    with pytest.raises(RunError, match="changed since the run was made"):
        open_run(folder)
    path.write_bytes(good)
    assert open_run(folder).config == CONFIG


def test_a_run_that_cannot_be_filled_leaves_no_folder(tmp_path: Path, monkeypatch):
    """Or a second try with the same name would find it taken."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pydis.training.runs.to_toml", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make_run(CONFIG, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    make_run(CONFIG, tmp_path / "run")


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
