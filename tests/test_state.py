"""State that is no parameter: a learner carries it, no gradient moves it, a checkpoint holds it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strict_array import StrictArray
from strict_runs import registered  # noqa: F401

from pydis.autodiff import Value
from pydis.autodiff.ops import mean, relu, square
from pydis.backends import current, use
from pydis.backends.draws import normal
from pydis.nn import (
    Adam,
    BatchNorm,
    BatchState,
    Learner,
    Linear,
    Module,
    gradients,
    named_states,
    state_at,
)
from pydis.training import CheckpointError, load_checkpoint, stream
from pydis.training.checkpoint import restore, save_checkpoint

STEPS = 6


class Normalised(Module):
    """A critic with two layers of running statistics."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.first = Linear(rng, 3, 4)
        self.norms = [BatchNorm(4), BatchNorm(2, momentum=None)]
        self.second = Linear(rng, 4, 2, relu)

    def __call__(self, x: Any, state: Any, *, training: bool) -> tuple[Value, dict[str, Any]]:
        h, first = self.norms[0](self.first(x), state_at(state, "norms.0"), training=training)
        y, second = self.norms[1](self.second(h), state_at(state, "norms.1"), training=training)
        return y, named_states({"norms.0": first, "norms.1": second})


def start() -> dict[str, Learner]:
    """Two players that differ, as in a game."""
    players = {}
    for number, name in enumerate(("critic", "maker")):
        network = Normalised(stream(number, "initialise"))
        state = {f"norms.{i}": norm.start() for i, norm in enumerate(network.norms)}
        players[name] = Learner.start(network, Adam(1e-2), named_states(state))
    return players


def after(learners: dict[str, Learner], steps: range) -> dict[str, Learner]:
    """The players after these steps, each on batches drawn for the number of the step."""
    for step in steps:
        x = current().asarray(normal(stream(0, "data", step), (5, 3), np.float32))
        for name, learner in learners.items():
            y, state = learner.network(x, learner.state, training=True)
            stepped = learner.step(gradients(mean(square(y)), learner.network))
            learners = learners | {name: stepped.with_state(state)}
    return learners


def arrays(learners: dict[str, Learner]) -> dict[str, bytes]:
    """Everything that the players are, as bytes."""
    found = {f"{p}.{n}": a for p, l in learners.items() for n, a in l.arrays().items()}
    return {n: (a.get() if isinstance(a, StrictArray) else a).tobytes() for n, a in found.items()}


def resumed(folder: Path, stop: int) -> dict[str, Learner]:
    """The players at the end, if they were saved after step `stop` and read back."""
    path = save_checkpoint(folder, stop, "game", after(start(), range(stop)))
    return after(restore(load_checkpoint(path), start()), range(stop, STEPS))


@pytest.mark.parametrize("backend", ["numpy", "strict"])
@pytest.mark.parametrize("stop", [0, 1, 4])
def test_training_stopped_and_resumed_ends_with_the_same_bits(
    backend: str, stop: int, tmp_path: Path
) -> None:
    with use(backend):
        assert arrays(resumed(tmp_path, stop)) == arrays(after(start(), range(STEPS)))
    with use("numpy"):
        assert arrays(resumed(tmp_path, stop)) == arrays(after(start(), range(STEPS)))


def test_the_state_moves_by_the_layers_alone(tmp_path: Path) -> None:
    """The update leaves it, and names it apart from parameters and moments."""
    learner = after(start(), range(2))["critic"]
    names = [f"norms.{i}.{n}" for i in range(2) for n in BatchState._fields]
    assert list(learner.state) == names
    assert {n for n in learner.arrays() if n.startswith("state.")} == {f"state.{n}" for n in names}
    assert not set(names) & set(learner.network.parameters())
    y, _ = learner.network(np.ones((5, 3), np.float32), learner.state, training=True)
    stepped = learner.step(gradients(mean(square(y)), learner.network))
    assert stepped.state is learner.state
    assert learner.state["norms.0.count"] == learner.state["norms.1.count"] == 2
    assert learner.state["norms.0.count"].shape == ()
    checkpoint = load_checkpoint(save_checkpoint(tmp_path, 2, "game", {"critic": learner}))
    back = restore(checkpoint, {"critic": start()["critic"]})["critic"].state
    for name, array in learner.state.items():
        np.testing.assert_array_equal(back[name], array, strict=True)


@pytest.mark.parametrize("player", ["critic", "maker"])
@pytest.mark.parametrize("name", ["norms.0.mean", "norms.0.variance", "norms.1.mean"])
def test_a_state_that_was_dropped_is_noticed(
    player: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: one array of one player not carried through the stop ends elsewhere."""
    right = Learner.with_arrays

    def forgetful(self: Learner, given: Any, steps: int) -> Learner:
        restored = right(self, given, steps)
        return restored.with_state(dict(restored.state) | {name: self.state[name]})

    whole = arrays(after(start(), range(STEPS)))
    learners = after(start(), range(2))
    path = save_checkpoint(tmp_path, 2, "game", learners)
    others = restore(load_checkpoint(path), start())
    monkeypatch.setattr(Learner, "with_arrays", forgetful)
    again = others | {player: restore(load_checkpoint(path), start())[player]}
    assert arrays(after(again, range(2, STEPS))) != whole
    assert arrays(after(others, range(2, STEPS))) == whole


def test_without_a_learner_of_its_own_the_state_is_refused(tmp_path: Path) -> None:
    learner = start()["critic"]
    for state, message in (
        ({}, "missing or unknown arrays: norms.0.count"),
        (learner.state | {"norms.2.mean": np.zeros(2)}, "missing or unknown arrays: norms.2.mean"),
        (learner.state | {"norms.0.mean": np.zeros(4)}, r"norms.0.mean is float32\[4\] here"),
    ):
        with pytest.raises(ValueError, match=message):
            learner.with_state(state)
    saved = load_checkpoint(save_checkpoint(tmp_path, 0, "game", {"critic": learner}))
    bare = replace(learner, state={})
    with pytest.raises(CheckpointError, match=r"unknown arrays: state\.norms"):
        restore(saved, {"critic": bare})
    saved = load_checkpoint(save_checkpoint(tmp_path, 0, "game", {"critic": bare}))
    with pytest.raises(CheckpointError, match=r"missing or unknown arrays: state\.norms"):
        restore(saved, {"critic": learner})
