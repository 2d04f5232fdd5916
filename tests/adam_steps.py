"""Steps of Adam for tests: what they start from, and how far roundings may move them."""

from typing import Any

import numpy as np

from pydis.backends import definition_densities

Array = Any
CONSTANTS = (2e-3, 1.7, 0.9, 0.999, 1e-8)


def state(size: int, seed: int, dtype: Any) -> list[Array]:
    """θ, g, m and v of very different sizes."""
    rng = np.random.default_rng(seed)
    theta, g, m = (rng.standard_normal(size) * 10.0 ** rng.integers(-6, 3, size) for _ in range(3))
    v = rng.exponential(size=size) * 10.0 ** rng.integers(-9, 4, size)
    return [a.astype(dtype) for a in (theta, g, m, v)]


def bounds(arrays: list[Array]) -> list[Array]:
    """For θ', m' and v': the roundings of one side, each half an eps of what it rounds.

    The constants are rounded to the type too. m' is a sum of two products, of 2 + 2 + 1 roundings
    at most; so is v', with one more for g². The step inherits m's, half of v's (5 for the root, its
    product and ε), and has 4 of its own.
    """
    theta, g, m, v = (abs(a.astype(np.float64)) for a in arrays)
    rate, scale, beta1, beta2, epsilon = CONSTANTS
    u = float(np.finfo(arrays[0].dtype).eps) / 2
    m_size = beta1 * m + (1 - beta1) * g
    v_new = beta2 * v + (1 - beta2) * g * g
    step = rate / (np.sqrt(scale * v_new) + epsilon)
    return [u * (theta + step * m_size * (5 + 6 + 6)), 5 * u * m_size, 6 * u * v_new]


def assert_step(found: tuple[Array, ...], arrays: list[Array], sides: int = 1) -> None:
    """The step is the loop's, within the roundings of so many sides."""
    expected = definition_densities.adam(*arrays, *CONSTANTS)
    for a, b, error in zip(found, expected, bounds(arrays), strict=True):
        room = 1.01 * sides * error + 4 * float(np.finfo(arrays[0].dtype).tiny)
        assert a.dtype == arrays[0].dtype and np.all(abs(a - b) <= room)
