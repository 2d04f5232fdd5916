"""Training on the compiled kernels: the bits of any number of threads, the course of NumPy.

Two runs whose numbers are rounded differently part, slowly at first. How fast is a property of the
model, not of a kernel, so it is measured: the yardstick is NumPy beside itself from first weights
moved by one rounding. The compiled kernels must be no farther from NumPy than NumPy is.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled import _core  # noqa: F401  (skips the file where there is none)

from pydis.autodiff import Tensor
from pydis.backends import use
from pydis.backends.threads import threads
from pydis.models import BetaVAE
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, start

STEPS = int(os.environ.get("PYDIS_TRAINING_STEPS", "200"))
"""PYDIS_TRAINING_STEPS=40 for a quick look."""
CONFIG = TrainConfig(BetaVAE(latents=4, learning_rate=1e-3), batch=4, backend="numpy", threads=1)


def train(
    backend: str, steps: int, number: int = 1, moved: bool = False, **kernels: Any
) -> tuple[list[float], dict[str, Any]]:
    """The losses of the steps, and the parameters after them."""
    with use(backend, **kernels), threads(number):
        learners = start(CONFIG)
        if moved:
            network = learners["autoencoder"].network
            values = {
                name: Tensor(np.nextafter(p.data, np.float32(np.inf)))
                for name, p in network.parameters().items()
            }
            other = network.with_parameters(values)
            learners = {"autoencoder": type(learners["autoencoder"]).start(other, optimiser())}
        losses = []
        for step in range(1, steps + 1):
            noise = stream(0, "latent", step)
            learners, terms = CONFIG.model.update(learners, batch(CONFIG, step), noise)
            losses.append(float(terms["loss"]))
        parameters = learners["autoencoder"].network.parameters()
        return losses, {name: p.data for name, p in parameters.items()}


def optimiser() -> Any:
    return start(CONFIG)["autoencoder"].optimiser


def apart(a: list[float], b: list[float]) -> np.ndarray:
    """The largest relative distance of the losses so far, step by step."""
    distance = abs(np.array(a) - np.array(b)) / abs(np.array(a))
    return np.maximum.accumulate(distance)


def excess(losses: list[float], numpy: list[float], moved: list[float]) -> float:
    """How many times farther from NumPy's course than its neighbour's, at the worst step."""
    yardstick = apart(numpy, moved) + 8 * np.finfo(np.float32).eps
    return float((apart(numpy, losses) / yardstick).max())


@pytest.fixture(scope="module")
def numpy_courses() -> tuple[list[float], list[float]]:
    return train("numpy", STEPS)[0], train("numpy", STEPS, moved=True)[0]


@pytest.fixture(scope="module")
def compiled() -> tuple[list[float], dict[str, Any]]:
    return train("cpp", STEPS)


def test_the_compiled_kernels_train_as_numpy_does(compiled, numpy_courses) -> None:
    losses, _ = compiled
    found = excess(losses, *numpy_courses)
    print(f"{STEPS} steps: {found:.2f} times the yardstick")
    assert losses[-1] < 0.5 * losses[0]
    assert found <= 1


def off_by_a_pixel(kernel: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *rest: kernel(np.roll(x, 1, axis=1), *rest)


def test_a_kernel_off_by_a_pixel_leaves_the_course(numpy_courses) -> None:
    """A scale would not do: Adam's steps do not depend on it."""
    with use("cpp") as table:
        wrong = off_by_a_pixel(table.conv2d_act)
    losses, _ = train("cpp", STEPS, conv2d_act=wrong)
    assert excess(losses, *numpy_courses) > 1


@pytest.mark.parametrize("number", [2, 3, 4])
def test_threads_change_no_bit_of_a_run(compiled, number: int) -> None:
    several = train("cpp", STEPS, number)
    assert compiled[0] == several[0]
    assert all(np.array_equal(compiled[1][name], several[1][name]) for name in compiled[1])
    other = train("cpp", 5)[1]
    assert not all(np.array_equal(compiled[1][name], other[name]) for name in other)
