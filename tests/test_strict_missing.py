"""What stays with NumPy by design: given arrays of a device, it says so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from strict_array import asarray
from strict_runs import moved, registered  # noqa: F401

from pydis.autodiff import check_gradients, ops
from pydis.backends import use
from pydis.metrics import linear_r2
from pydis.models import BetaVAE
from pydis.nn import SGD, Learner


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int) -> Any:
    return rng_of(0).standard_normal(shape)


def images_of_numpy() -> None:
    model = BetaVAE()
    network = moved(model.start(rng_of(0))["autoencoder"].network)
    learners = {"autoencoder": Learner.start(network, SGD())}
    model.update(learners, np.zeros((2, 64, 64, 1), np.float32), rng_of(0))


def differences() -> None:
    check_gradients(ops.exp, [asarray(normal(2))], rng=rng_of(0))


def scores() -> None:
    codes, factors = asarray(normal(9, 2)), asarray(normal(9, 1))
    linear_r2(codes, factors, codes, factors)


BY_DESIGN: dict[str, tuple[Callable[[], None], str]] = {
    "mixed arrays": (images_of_numpy, "nothing moves by itself: images of NumPy's are refused"),
    "check_gradients": (differences, "directions are NumPy's: derivatives are checked on the CPU"),
    "linear_r2": (scores, "scores take NumPy's arrays, and use its least squares"),
}
"""What cannot be done with arrays of a device, each with the reason."""


@pytest.mark.parametrize("name", BY_DESIGN)
def test_what_is_listed_as_missing_is_missing(name: str) -> None:
    attempt, reason = BY_DESIGN[name]
    with use("strict"):
        try:
            attempt()
        except TypeError as error:
            refusal = str(error)
        else:
            pytest.fail(f"{name} works on a device: take it from the list ({reason})")
    assert "StrictArray" in refusal
