"""Parameters of distributions, one example each, as the probability floor takes them."""

from itertools import product

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.tools import Floats


def outcomes(bits: int) -> Floats:
    """All 2ⁿ rows of n bits."""
    return np.array(list(product((0.0, 1.0), repeat=bits)))


def draw_bits(rng: Generator) -> Case:
    """Logits of two distributions of 1 to 4 bits, and one outcome."""
    a, b = rng.normal(scale=2.0, size=(2, 1, int(rng.integers(1, 5))))
    return {"a": a, "b": b, "x": rng.integers(0, 2, size=a.shape).astype(np.float64)}


BITS = Inputs(
    "logits a and b of independent bits, and bits x",
    draw_bits,
    (
        {"a": np.zeros((1, 2)), "b": np.array([[1.0, -2.0]]), "x": np.array([[1.0, 0.0]])},
        {"a": np.full((1, 2), 40.0), "b": np.full((1, 2), 39.0), "x": np.zeros((1, 2))},
    ),
)


def draw_choice(rng: Generator) -> Case:
    """Logits of two distributions over 2 to 6 values, a value, a temperature and a seed."""
    a, b = rng.normal(scale=2.0, size=(2, 1, int(rng.integers(2, 7))))
    k, seed = rng.integers(a.shape[1]), int(rng.integers(1000))
    return {"a": a, "b": b, "x": np.eye(a.shape[1])[[k]], "t": rng.uniform(0.2, 3.0), "seed": seed}


CHOICE = Inputs(
    "logits a and b of a choice, a value x, a temperature t and the seed of the draws",
    draw_choice,
    (
        {"a": np.zeros((1, 3)), "b": np.array([[1.0, 0, -1]]), "x": np.eye(3)[:1], "t": 1.0}
        | {"seed": 0},
    ),
)


def draw_boxes(rng: Generator) -> Case:
    """Two boxes, the second around the first half of the time, and a point."""
    size = (1, int(rng.integers(1, 4)))
    low, width = rng.normal(size=size), rng.uniform(0.2, 2.0, size=size)
    around = rng.integers(2) * 3.0
    wide = {"c": low - around * rng.uniform(size=size), "d": low + (0.7 + around) * width}
    x = low + width * rng.uniform(0.0, 1.2, size=size)
    return {"a": low, "b": low + width, **wide, "x": x, "seed": int(rng.integers(1000))}


def box(*sides: float, x: float) -> Case:
    """The sides a, b, c, d of two intervals, and a point."""
    a, b, c, d = (np.array([[side]]) for side in sides)
    return {"a": a, "b": b, "c": c, "d": d, "x": np.array([[x]]), "seed": 0}


BOXES = Inputs(
    "boxes [a, b] and [c, d], a point x, and the seed of the draws",
    draw_boxes,
    (
        box(0.0, 1.0, 0.0, 1.0, x=1.0),  # equal, on the border
        box(0.0, 1.0, -1.0, 3.0, x=0.5),  # inside
        box(0.0, 1.0, 0.5, 3.0, x=-0.1),  # not inside: ∞
    ),
)


def draw_components(rng: Generator) -> Case:
    """Points `[m, d]`, and Gaussians `[k, d]` with logits of their weights."""
    m, k, d = (int(n) for n in rng.integers(1, 5, size=3))
    mean, spread = rng.normal(size=(2, k, d))
    return {"x": rng.normal(size=(m, d)), "l": rng.normal(size=k), "mean": mean, "s": spread}


COMPONENTS = Inputs(
    "points x[m, d]; weights' logits l[k], means mean[k, d] and log-variances s[k, d]",
    draw_components,
    (
        {
            "x": np.array([[0.0, 1.0], [2.0, -1.0]]),
            "l": np.array([0.5, -0.5]),
            "mean": np.array([[0.0, 1.0], [1.0, -1.0]]),
            "s": np.array([[0.2, -1.0], [0.0, 0.7]]),
        },
        {"x": np.zeros((1, 1)), "l": np.zeros(1), "mean": np.zeros((1, 1)), "s": np.zeros((1, 1))},
    ),
)


def draw_factors(rng: Generator) -> Case:
    """Means and log-variances `[n, d]`, factors `[n, d, d]`, and the seed of the noise."""
    n, d = (int(size) for size in rng.integers(1, 4, size=2))
    mean, s = rng.normal(size=(2, n, d))
    factor = np.tril(rng.normal(size=(n, d, d)), -1) + np.exp(s)[:, :, None] * np.eye(d)
    return {"mean": mean, "s": s, "L": factor, "seed": int(rng.integers(1000))}


FACTORS = Inputs(
    "means mean[n, d], log-variances s[n, d], factors L[n, d, d], and the seed of the noise",
    draw_factors,
    (
        {
            "mean": np.array([[1.0, -0.5]]),
            "s": np.array([[0.2, -1.0]]),
            "L": np.array([[[2.0, 0.0], [1.0, 0.5]]]),
            "seed": 0,
        },
    ),
)
