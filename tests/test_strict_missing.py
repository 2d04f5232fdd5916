"""What pydis cannot do with arrays of a device yet, as a table that has to be kept true."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strict_array import StrictArray, asarray
from strict_runs import moved, registered  # noqa: F401

from pydis.autodiff import check_gradients, ops
from pydis.backends import use
from pydis.metrics import linear_r2
from pydis.models import BetaVAE
from pydis.nn import SGD, Learner, Linear
from pydis.training.checkpoint import save_checkpoint


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int) -> Any:
    return rng_of(0).standard_normal(shape)


def a_checkpoint(folder: Path) -> None:
    learner = Learner.start(moved(Linear(rng_of(0), 3, 2)), SGD())
    save_checkpoint(folder, 1, "vae", {"only": learner})


def on_the_device(network: Any) -> None:
    if not all(isinstance(p.data, StrictArray) for p in network.parameters().values()):
        raise TypeError("StrictArray: expected, received numpy.ndarray")


def first_weights(folder: Path) -> None:
    on_the_device(Linear(rng_of(0), 3, 2))


def restored_weights(folder: Path) -> None:
    learner = Learner.start(moved(Linear(rng_of(0), 3, 2)), SGD())
    read = {name: a.get() for name, a in learner.arrays().items()}
    on_the_device(learner.with_arrays(read, 0).network)


def a_batch_of_the_loop(folder: Path) -> None:
    model = BetaVAE()
    network = moved(model.start(rng_of(0))["autoencoder"].network)
    learners = {"autoencoder": Learner.start(network, SGD())}
    model.update(learners, np.zeros((2, 64, 64, 1), np.float32), rng_of(0))


def differences(folder: Path) -> None:
    check_gradients(ops.exp, [asarray(normal(2))], rng=rng_of(0))


def scores(folder: Path) -> None:
    codes, factors = asarray(normal(9, 2)), asarray(normal(9, 1))
    linear_r2(codes, factors, codes, factors)


NOT_YET: dict[str, tuple[Callable[[Path], None], str]] = {
    "save_checkpoint": (a_checkpoint, "np.asarray of each array: a door back is missing"),
    "first weights": (first_weights, "drawn by NumPy; whoever trains moves them to the device"),
    "restored weights": (restored_weights, "files are read as NumPy's arrays, and stay so"),
    "training loop": (a_batch_of_the_loop, "its images are NumPy's beside weights of a device"),
    "check_gradients": (differences, "directions are NumPy's: derivatives are checked on the CPU"),
    "linear_r2": (scores, "scores take NumPy's arrays, and use its least squares"),
}
"""What cannot be done with arrays of a device, each with the reason."""


@pytest.mark.parametrize("name", NOT_YET)
def test_what_is_listed_as_missing_is_missing(name: str, tmp_path: Path) -> None:
    attempt, reason = NOT_YET[name]
    with use("strict"):
        try:
            attempt(tmp_path)
        except TypeError as error:
            refusal = str(error)
        else:
            pytest.fail(f"{name} works on a device: take it from NOT_YET ({reason})")
    assert "StrictArray" in refusal
