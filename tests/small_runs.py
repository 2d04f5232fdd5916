"""Runs in milliseconds: a small model that can be trained like any other, and what a run left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pydis.autodiff.ops import mean
from pydis.models import MODELS
from pydis.nn import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    CosineRate,
    Learner,
    Linear,
    RMSprop,
    UpdateRule,
    gradients,
)
from pydis.training import TrainConfig, make_run, train

RULES: dict[str, UpdateRule] = {
    "plain": SGD(1e-2),
    "momentum": SGD(1e-2, momentum=0.9),
    "cosine": SGD(CosineRate(1e-2, 0.0, 9)),
    "adam": Adam(1e-2),
    "adamw": AdamW(1e-2),
    "adagrad": Adagrad(1e-2),
    "rmsprop": RMSprop(1e-2, momentum=0.5),
}


@dataclass(frozen=True)
class Small:
    """Linear regression of the noise on 16 pixels; each player has its own weights."""

    rule: str = "adam"
    players: int = 1

    def start(self, rng: np.random.Generator, side: int = 64) -> dict[str, Learner]:
        names = [f"player{n}" for n in range(self.players)]
        return {name: Learner.start(Linear(rng, 16, 2), RULES[self.rule]) for name in names}

    def update(
        self, learners: Mapping[str, Learner], x: Any, rng: np.random.Generator
    ) -> tuple[dict[str, Learner], dict[str, Any]]:
        pixels = x[:, 8::16, 8::16, 0].reshape(len(x), 16)
        new, terms = {}, {}
        for name, learner in learners.items():
            target = rng.random((len(x), 2), np.float32).astype(x.dtype)
            loss = mean((learner.network(pixels) - target) ** 2)
            terms[f"loss of {name}"] = loss.data
            new[name] = learner.step(gradients(loss, learner.network, terms))
        return new, terms


CONFIG_FIELDS = {
    "steps": 6,
    "seed": 5,
    "batch": 2,
    "backend": "numpy",
    "threads": 1,
    "checkpoint_every": 2,
    "log_every": 1,
}


def small_config(model: Any = None, **changes: Any) -> TrainConfig[Any]:
    """A configuration of the small model; it must be registered."""
    return TrainConfig(model or Small(), **{**CONFIG_FIELDS, **changes})


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """The model `small`, for one test file that imports this fixture."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, "small", Small)
        yield


@pytest.fixture(scope="module", autouse=True)
def unflushed() -> Iterator[None]:
    """No waiting for the disk, in a test file that imports this fixture: no power fails in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


def left_by(folder: Path) -> dict[str, bytes]:
    """Everything of a run that must not depend on its interruptions."""
    last = sorted((folder / "checkpoints").glob("*.safetensors"))[-1]
    names = ("config.toml", "metrics.jsonl")
    return {last.name: last.read_bytes()} | {n: (folder / n).read_bytes() for n in names}


def uninterrupted(config: TrainConfig[Any], folder: Path) -> dict[str, bytes]:
    """What a run of the configuration leaves if nothing stops it."""
    run = make_run(config, folder)
    train(run)
    return left_by(folder)


def parts(folder: Path) -> list[str]:
    """The half-written files in a run folder."""
    return [path.name for path in folder.rglob("*") if path.suffix == ".part"]


def with_array(learner: Learner, name: str, array: Any) -> Learner:
    """The learner with one of its arrays replaced."""
    assert name in learner.arrays(), sorted(learner.arrays())
    return learner.with_arrays({**learner.arrays(), name: array}, learner.moments.steps)


def without_updates(learner: Learner) -> Learner:
    """The learner with its count of updates forgotten."""
    return replace(learner, moments=learner.moments._replace(steps=0))
