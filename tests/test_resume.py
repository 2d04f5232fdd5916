"""A run that was stopped anywhere and resumed ends like one that was not, to the last bit."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from small_runs import (  # noqa: F401  (two are fixtures)
    RULES,
    Small,
    left_by,
    registered,
    small_config,
    unflushed,
    uninterrupted,
    with_array,
    without_updates,
)

from pydis.models import GAN, VAE, BetaVAE, ConditionalGAN, InfoGAN
from pydis.training import loop, make_run, open_run, train

MODELS_OF_TESTS = [Small(rule, players) for rule in RULES for players in (1, 2)]
STEPS = 5


class Stop(Exception):
    """The process ends here: nothing after the report of this step is saved."""


def stop_after(stop: int):
    def report(step: int, terms: object) -> None:
        if step == stop:
            raise Stop

    return report


@cache
def whole(config) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return uninterrupted(config, Path(folder) / "run")


def check_resume(config, stops: list[int]) -> None:
    """Stop at each of `stops` in turn, then go to the end from the folder alone."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        make_run(config, folder)
        for stop in stops:
            try:
                train(open_run(folder), stop_after(stop))
            except Stop:
                continue
        train(open_run(folder))
        assert left_by(folder) == whole(config)


@given(
    st.sampled_from(MODELS_OF_TESTS),
    st.lists(st.integers(1, STEPS), max_size=3),
    st.integers(1, STEPS + 1),
    st.integers(1, STEPS + 1),
)
@example(Small("adam", 2), [3, 4], 2, 3)
def test_a_run_stopped_anywhere_ends_the_same(model, stops, checkpoint_every, log_every):
    changes = {"checkpoint_every": checkpoint_every, "log_every": log_every}
    check_resume(small_config(model, steps=STEPS, **changes), stops)


@pytest.mark.parametrize("model", [VAE(latents=2), BetaVAE(latents=2, likelihood="gaussian")])
def test_a_real_model_stopped_ends_the_same(model):
    check_resume(small_config(model, steps=4, checkpoint_every=1, log_every=3), [2])


@pytest.mark.parametrize("model", [GAN(), ConditionalGAN(), InfoGAN()])
def test_adversarial_players_stopped_end_the_same(model):
    changes = {"steps": 4, "batch": 4, "data": "digits"}
    check_resume(small_config(model, **changes, checkpoint_every=1, log_every=3), [2])


# Negative controls: whatever is dropped from the state is missed at the end


def forgetful(monkeypatch: pytest.MonkeyPatch, forget) -> None:
    right = loop.restore

    def restore(checkpoint, learners):
        return {name: forget(learner) for name, learner in right(checkpoint, learners).items()}

    monkeypatch.setattr(loop, "restore", restore)


def zeroed(name: str):
    return lambda learner: with_array(learner, name, np.zeros_like(learner.arrays()[name]))


SLOTS = [
    (rule, f"{RULES[rule].name}.{slot}.{path}")
    for rule in ("momentum", "adam", "adamw", "adagrad", "rmsprop")
    for slot in RULES[rule].slots
    for path in ("w", "b")
]
DROPPED = {
    **{f"{rule}-{name}": (rule, zeroed(name)) for rule, name in SLOTS},
    "adam-parameter": ("adam", zeroed("parameter.w")),
    "adam-updates": ("adam", without_updates),
    "cosine-updates": ("cosine", without_updates),
}


def parameters_of(folder: Path) -> dict[str, bytes]:
    from pydis.training import load_checkpoint

    last = load_checkpoint(sorted((folder / "checkpoints").iterdir())[-1])
    return {n: a.tobytes() for n, a in last.arrays.items() if ".parameter." in n}


def resumed(config, folder: Path) -> dict[str, bytes]:
    """The parameters after a stop at step 3 of 6, whose checkpoint is of step 2."""
    make_run(config, folder)
    with pytest.raises(Stop):
        train(open_run(folder), stop_after(3))
    train(open_run(folder))
    return parameters_of(folder)


@pytest.mark.parametrize("name", DROPPED)
def test_a_dropped_part_of_the_state_is_missed(name, tmp_path: Path, monkeypatch):
    rule, forget = DROPPED[name]
    config = small_config(Small(rule))
    right = resumed(config, tmp_path / "right")
    forgetful(monkeypatch, forget)
    assert resumed(config, tmp_path / "wrong") != right


def test_a_wrong_step_is_missed(tmp_path: Path, monkeypatch):
    config = small_config()
    right = resumed(config, tmp_path / "right")
    resume = loop.resume
    monkeypatch.setattr(loop, "resume", lambda run: (resume(run)[0], max(resume(run)[1] - 1, 0)))
    assert resumed(config, tmp_path / "wrong") != right


PARTS_OF_PLAYERS = {
    "discriminator": ("parameter.logit.w", "adam.mean.logit.w", "adam.square.logit.w"),
    "generator": ("parameter.body.layers.1.w", "adam.mean.body.layers.0.w", "state.layers.3.mean"),
    "recogniser": ("adam.square.hidden.layers.0.w", "state.trunk.layers.2.mean"),
}


@pytest.mark.parametrize(
    ("player", "name"), [(player, name) for player, n in PARTS_OF_PLAYERS.items() for name in n]
)
def test_a_dropped_part_of_a_player_is_missed(player, name, tmp_path: Path, monkeypatch):
    """Weights, moments and running statistics of all three players, in what the run leaves."""
    config = small_config(InfoGAN(), steps=4, batch=4, data="digits")
    whole_run, right = whole(config), loop.restore

    def restore(checkpoint, learners):
        found = right(checkpoint, learners)
        return found | {player: zeroed(name)(found[player])}

    monkeypatch.setattr(loop, "restore", restore)
    make_run(config, tmp_path / "run")
    with pytest.raises(Stop):
        train(open_run(tmp_path / "run"), stop_after(3))
    train(open_run(tmp_path / "run"))
    assert left_by(tmp_path / "run") != whole_run
