"""A number that is not finite stops the run before anything of its step is kept."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from small_runs import Small, registered, small_config, unflushed, with_array  # noqa: F401

from pydis.models import VAE, BetaVAE
from pydis.nn import Learner
from pydis.training import TrainingStopped, load_checkpoint, loop, make_run, open_run, train

AT = 4
"""The step in which the fault is planted; the last checkpoint is of step 2."""


def spoiled(array, value):
    """A copy with one bad number."""
    array = np.array(array)
    array.flat[0] = value
    return array


def plant(monkeypatch: pytest.MonkeyPatch, model, place: str, value: float) -> None:
    """Spoil the batch, or an array of the state before the update, in step AT."""
    if place == "batch":
        right = loop.batch
        monkeypatch.setattr(
            loop,
            "batch",
            lambda config, step: right(config, step) if step != AT else whole(config, value),
        )
        return
    update, calls = type(model).update, []

    def faulty(self, learners, x, rng):
        calls.append(x)
        if len(calls) == AT:
            name, learner = next(iter(learners.items()))
            bad = spoiled(learner.arrays()[place], value)
            learners = {**learners, name: with_array(learner, place, bad)}
        return update(self, learners, x, rng)

    monkeypatch.setattr(type(model), "update", faulty)


def whole(config, value: float):
    return np.full((config.batch, 64, 64, 1), value, np.float32)


NAN, INF, LARGE = float("nan"), float("inf"), 3e38
WEIGHT = "parameter.trunk.layers.0.w"
SMALL, REAL = Small(), BetaVAE(latents=2)
PLANTED = [
    # model, where, what, the terms or arrays named, the first bad op
    (SMALL, "batch", NAN, "loss of player0", ""),
    (SMALL, "batch", INF, "loss of player0", ""),
    (SMALL, "batch", LARGE, "loss", "first in"),
    (SMALL, "parameter.w", NAN, "loss of player0", ""),
    (SMALL, "parameter.b", INF, "loss of player0", ""),
    (SMALL, "parameter.b", LARGE, "loss of player0", "first in (pow|mul|square)"),
    (SMALL, "adam.mean.w", NAN, r"player0\.parameter\.w \(1 of 32\)", ""),
    (SMALL, "adam.mean.w", -INF, r"player0\.parameter\.w \(1 of 32\)", ""),
    (SMALL, "adam.square.w", NAN, r"player0\.parameter\.w \(1 of 32\)", ""),
    (SMALL, "adam.square.w", INF, r"player0\.adam\.square\.w \(1 of 32\)", ""),
    (Small("momentum"), "sgd.velocity.w", INF, r"player0\.parameter\.w", ""),
    (Small("adagrad"), "adagrad.sum.b", INF, r"player0\.adagrad\.sum\.b \(1 of 2\)", ""),
    (REAL, "batch", NAN, "loss .*reconstruction", ""),
    (VAE(latents=2), "batch", INF, "loss", ""),
    (REAL, WEIGHT, NAN, "loss .*reconstruction .*rate", ""),
    (REAL, WEIGHT, INF, "loss .*reconstruction .*rate", "first in"),
]


def name_of(row) -> str:
    model, place, value = row[:3]
    return f"{type(model).__name__}-{place}-{value:g}"


@pytest.mark.parametrize("row", PLANTED, ids=map(name_of, PLANTED))
def test_a_planted_number_stops_the_run(row, tmp_path: Path, monkeypatch):
    model, place, value, named, op = row
    run = make_run(small_config(model), tmp_path / "run")
    with monkeypatch.context() as patch:
        plant(patch, model, place, value)
        with pytest.raises(TrainingStopped) as caught:
            train(run)
    message = str(caught.value)
    pattern = rf"^step {AT}: not finite: .*({named}).*{op}.*; nothing .* kept, .*step-00000002"
    assert re.search(pattern, message), message
    check_folder(run.folder, 3)
    train(open_run(run.folder))  # and without the fault it goes on


def check_folder(folder: Path, steps: int) -> None:
    """All that was kept is finite, and nothing is of the bad step."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, steps + 1))
    assert all(np.isfinite(list(line.values())).all() for line in lines)
    for path in (folder / "checkpoints").iterdir():
        arrays = load_checkpoint(path).arrays.values()
        assert all(np.isfinite(array).all() for array in arrays)


def test_steps_that_overflow_are_found(tmp_path: Path, monkeypatch):
    """Finite gradients, but a step too long: the parameters are infinite after it."""
    import small_runs

    monkeypatch.setitem(small_runs.RULES, "plain", small_runs.SGD(1e39))
    with pytest.raises(TrainingStopped, match=r"step 1: not finite: player0\.parameter\.w"):
        train(make_run(small_config(Small("plain")), tmp_path / "run"))
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_a_step_that_is_not_logged_is_checked_before_it_is_saved(tmp_path: Path, monkeypatch):
    run = make_run(small_config(log_every=100), tmp_path / "run")
    plant(monkeypatch, SMALL, "adam.square.w", INF)
    with pytest.raises(TrainingStopped, match=r"step 4: .*adam\.square\.w .*step-00000002"):
        train(run)
    check_folder(run.folder, 1)


def test_without_the_check_it_would_be_saved(tmp_path: Path, monkeypatch):
    """Negative control: the loss alone does not show a moment that is infinite."""
    run = make_run(small_config(steps=4), tmp_path / "run")
    plant(monkeypatch, SMALL, "adam.square.w", INF)
    monkeypatch.setattr(loop, "_check_state", lambda learners: None)
    train(run)
    with pytest.raises(AssertionError):
        check_folder(run.folder, 4)


def test_the_state_has_all_that_a_learner_remembers():
    """What is checked is what is saved: every slot and every parameter."""
    learner: Learner = Small("rmsprop").start(np.random.default_rng(0))["player0"]
    slots = {f"rmsprop.{slot}.{path}" for slot in ("square", "velocity") for path in ("w", "b")}
    assert set(learner.arrays()) == slots | {"parameter.w", "parameter.b"}
