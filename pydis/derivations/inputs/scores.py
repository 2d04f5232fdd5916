"""Inputs of the scores: codes with factors, posterior tables, and tables of posterior means.

Codes, factors and means are small whole numbers, so that what is singular, constant or at a
threshold is so exactly.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.inputs import channel
from pydis.derivations.tools import Floats


def _column(*numbers: float) -> Floats:
    return np.array(numbers, np.float64)[:, None]


def _whole(rng: Generator, n: int, d: int) -> Floats:
    return rng.integers(-3, 4, (n, d)).astype(np.float64)


def _varying(rng: Generator, n: int, d: int) -> Floats:
    """Columns of which none is constant."""
    found = np.zeros((n, d))
    while (np.ptp(found, axis=0) == 0).any():
        found = _whole(rng, n, d)
    return found


def _independent(rng: Generator, n: int, d: int) -> Floats:
    """Columns that are linearly independent of each other and of the constant."""
    found = np.zeros((n, d))
    while np.linalg.matrix_rank(np.c_[np.ones(n), found]) <= d:
        found = _whole(rng, n, d)
    return found


def _unimodular(rng: Generator, d: int) -> Floats:
    """A matrix of whole numbers with determinant 1."""
    part = np.tril(rng.integers(-2, 3, (d, d)), -1) + np.eye(d)
    found: Floats = part @ (np.triu(rng.integers(-1, 2, (d, d)), 1) + np.eye(d))
    return found


def draw_regression(rng: Generator) -> Case:
    """1 to 3 codes, 1 or 2 factors, some images to fit and others to score."""
    d, k = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    m, n = (int(x) for x in rng.integers(d + 2, 12, 2))
    return {
        "z": _independent(rng, m, d),
        "v": _varying(rng, m, k),
        "z_new": _independent(rng, n, d),
        "v_new": _varying(rng, n, k),
        "A": _unimodular(rng, d),
        "c": _whole(rng, 1, d)[0],
    }


LINE: Case = {
    "z": _column(0, 1, 2, 3),
    "v": _column(0, 1, 1, 2),
    "z_new": _column(0, 2, 4),
    "v_new": _column(0, 2, 1),
    "A": np.array([[2.0]]),
    "c": np.array([-1.0]),
}
"""v̂ = 1/10 + 3 z/5 explains 9/10 where it was fitted, and less than the mean elsewhere."""

_TWO, _TWO_NEW = np.array([[0.0, 0], [1, 0], [0, 1], [2, 1]]), np.array([[1.0, 1], [0, 2], [3, 0]])
_SHEAR = {"A": np.array([[1.0, 2.0], [0.0, 1.0]]), "c": np.array([3.0, 0.0])}

AFFINE: Case = {
    "z": _TWO,
    "v": 2 * _TWO[:, :1] - 3 * _TWO[:, 1:] + 1,
    "z_new": _TWO_NEW,
    "v_new": 2 * _TWO_NEW[:, :1] - 3 * _TWO_NEW[:, 1:] + 1,
    **_SHEAR,
}
"""A factor that is affine in two correlated codes."""

SILENT: Case = {**LINE, "z": _column(5, 5, 5, 5), "z_new": _column(5, 5, 5)}
"""A code that is constant."""

REGRESSION = Inputs(
    "codes z and factors v, to fit and new ones; an affine map z A + c",
    draw_regression,
    (
        {**LINE, "z_new": LINE["z"], "v_new": LINE["v"]},  # scored where it was fitted
        {**LINE, "z": _TWO[:, [0, 0]], "z_new": _TWO_NEW[:, [0, 0]], **_SHEAR},  # a code twice
        {**LINE, "z": _column(-1, 1, -1, 1), "v": _column(-1, -1, 1, 1)},  # uncorrelated: 0
        {**LINE, "z": _column(0, 1), "v": _column(0, 1)},  # as many images as coefficients
    ),
)
"""Cases `z` `[M, D]`, `v` `[M, K]`, `z_new` `[N, D]`, `v_new` `[N, K]`, `A` `[D, D]`, `c` `[D]`."""


def draw_posteriors(rng: Generator) -> Case:
    """2 to 8 images with posteriors over 1 to 5 codes of 1 to 3 latents; often all the same."""
    n, j, d = (int(x) for x in rng.integers((2, 1, 1), (9, 6, 4)))
    q = channel(rng, n, j)
    return {"q": q[np.zeros(n, int)] if rng.integers(4) == 0 else q, "s": _whole(rng, j, d)}


_CODES = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])

POSTERIORS = Inputs(
    "posteriors q[n, j] of N images over codes s[j]",
    draw_posteriors,
    (
        {"q": np.full((3, 3), 1 / 3), "s": _CODES},  # says nothing: 0
        {"q": np.array([[0.5, 0, 0.5], [0, 1.0, 0]]), "s": _CODES},  # one latent: the same mean
        {"q": np.array([[0.5, 0, 0.5], [0, 1.0, 0]]), "s": _CODES[:, :1]},  # all of them
        {"q": np.eye(3), "s": _CODES},  # says all
        {"q": np.ones((2, 1)), "s": _CODES[:1]},  # one code
    ),
)
"""Cases `q` `[N, J]`, N ≥ 2, whose rows are distributions, and `s` `[J, D]`."""


def draw_means(rng: Generator) -> Case:
    """Whole-number means, and a bound that lies halfway between two variances they may have."""
    n, d = int(rng.integers(2, 8)), int(rng.integers(1, 5))
    means = _whole(rng, n, d) * rng.integers(0, 2, d)
    between = (rng.integers(0, 6 * n * (n - 1)) + 0.5) / (n * (n - 1))
    return {"means": means, "threshold": float(between)}


def means(*rows: list[float], **bound: Any) -> Case:
    """Means `[N, D]`, and the bound where it is not the usual one."""
    return {"means": np.array(rows), **bound}


MEANS = Inputs(
    "posterior means, and the bound 0.01 where none is given",
    draw_means,
    (
        means([1, 1], [1, 1], [1, 1]),  # nothing is active
        means([0, 0.1], [0, 0.3]),  # A = 0.02 by default
        means([0, 0, 5], [2, 0, 5], threshold=2.0),  # A is the bound: not active
        means([0, 3], [1, -3], [0, 0], threshold=0.0),
    ),
)
"""Cases `means` `[N, D]`, N ≥ 2, and `threshold`, which may be left out."""
