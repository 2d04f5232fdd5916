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


def bounds(arrays: list[Array], scale: float = CONSTANTS[1]) -> list[Array]:
    """For θ', m' and v': the roundings of one side, each half an eps of what it rounds.

    The constants are rounded to the type too. m' is a sum of two products, of 2 + 2 + 1 roundings
    at most; so is v', with one more for g². The step inherits m's, half of v's (5 for the root, its
    product and ε), and has 4 of its own.

    A product that underflows is off by half the smallest number instead, and a sum of such numbers
    is exact: m' by one, v' by two of them. The step takes on m's times η / (√(c v') + ε) = r / ε',
    half of one over ε' for the product η m', and what v's do to the root, √(2c) of one's root at
    most; its own quotient is off by half of one, and so is θ'.
    """
    theta, g, m, v = (abs(a.astype(np.float64)) for a in arrays)
    rate, _, beta1, beta2, epsilon = CONSTANTS
    info = np.finfo(arrays[0].dtype)
    u, grain = float(info.eps) / 2, float(info.smallest_subnormal)
    m_size = beta1 * m + (1 - beta1) * g
    v_new = beta2 * v + (1 - beta2) * g * g
    below = np.sqrt(scale * v_new) + epsilon
    step = rate / below
    theta_grain = (rate + 0.5) / below * grain + grain
    theta_grain = theta_grain + step * m_size * (2 * scale * grain) ** 0.5 / below
    return [
        u * (theta + step * m_size * (5 + 6 + 6)) + theta_grain,
        5 * u * m_size + grain,
        6 * u * v_new + 2 * grain,
    ]


def assert_step(found: tuple[Array, ...], arrays: list[Array]) -> None:
    """The step is the loop's, within its roundings; the loop's own count in its own precision."""
    expected = definition_densities.adam(*arrays, *CONSTANTS)
    sides = 2 if arrays[0].dtype == np.float64 else 1
    for a, b, error in zip(found, expected, bounds(arrays), strict=True):
        room = 1.01 * sides * error
        assert a.dtype == arrays[0].dtype and np.all(abs(a - b) <= room)
