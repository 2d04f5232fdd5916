"""Inputs of the linear models x = W z + b + σ ε."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.tools import Floats

STAR: Case = {
    "W": np.array([[1.0, 0.5], [0.0, 1.0], [0.5, -0.5]]),
    "b": np.zeros(3),
    "s2": 0.5,
    "x": np.array([1.0, -1.0, 0.5]),
    "m": np.array([0.4, -0.3]),
    "L": np.array([[0.7, 0.0], [0.2, 0.6]]),
}
"""The golden model, whose Wᵀ W is not diagonal, with any Gaussian q = N(m, L Lᵀ)."""


def orthogonal(rng: Generator, n: int) -> Floats:
    """A rotation or reflection of n dimensions, uniform among all."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    found: Floats = q * np.sign(np.diagonal(r))
    return found


def rotation(angle: float) -> Floats:
    """The rotation of the plane by that angle."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def draw_model(rng: Generator) -> Case:
    """A model of 3 or 4 visible and 1 or 2 hidden coordinates, an x of it, and a Gaussian q."""
    d, k = int(rng.integers(3, 5)), int(rng.integers(1, 3))
    W, b, s2 = rng.uniform(-1.5, 1.5, (d, k)), rng.normal(size=d), rng.uniform(0.3, 2.0)
    x = b + W @ rng.normal(size=k) + np.sqrt(s2) * rng.normal(size=d)
    L = np.tril(rng.uniform(-0.5, 0.5, (k, k)), -1) + np.diag(rng.uniform(0.3, 1.2, k))
    return {"W": W, "b": b, "s2": s2, "x": x, "m": rng.normal(size=k), "L": L}


MODEL = Inputs(
    "linear model W, b, σ², an x, and q(z) = N(m, L Lᵀ)",
    draw_model,
    (
        {
            **STAR,
            "W": np.array([[1.0, 0.5], [0.2, -1.0]]),
            "b": np.ones(2),
            "x": np.zeros(2),
        },  # k=d
        {**STAR, "s2": 1e-6},
        {**STAR, "W": np.zeros((3, 2))},
    ),
)
"""Cases `W` `[d, k]`, `b`, `s2`, `x`, `m`, `L` `[k, k]` lower triangular."""


def draw_loadings(rng: Generator) -> Case:
    """Whole-number W, so Wᵀ W is diagonal exactly or not at all; now and then it is."""
    k = int(rng.integers(1, 4))
    W = rng.integers(-3, 4, (5, k)).astype(np.float64)
    if rng.integers(3) == 0:
        W *= np.eye(5)[:, rng.permutation(5)[:k]]
    return {"W": W, "s2": float(rng.integers(1, 9)) / 4, "v": rng.uniform(0.02, 1.5, (20, k))}


LOADINGS = Inputs(
    "W of whole numbers, σ², and diagonal variances v to try",
    draw_loadings,
    (
        {"W": np.ones((5, 1)), "s2": 0.5, "v": np.full((1, 1), 0.3)},  # k = 1
        {"W": np.eye(5)[:, :3] * [1, 2, 3], "s2": 1.0, "v": np.full((1, 3), 0.3)},
        {"W": np.zeros((5, 2)), "s2": 1.0, "v": np.full((1, 2), 0.3)},
    ),
)
"""Cases `W` `[5, k]`, `s2`, and `v` `[n, k]`."""


def _spectrum(rng: Generator, lam: Floats, k: int) -> Case:
    d = len(lam)
    return {
        "lam": lam,
        "U": orthogonal(rng, d),
        "R": orthogonal(rng, k),
        "nudges": rng.normal(size=(12, d, k)) * rng.choice([1e-3, 0.1, 1.0], (12, 1, 1)),
    }


def draw_spectrum(rng: Generator) -> Case:
    """Eigenvalues of the data at least .2 apart, with 1 to 3 of 5 components kept."""
    lam = np.sort(0.3 + 0.2 * np.arange(5) + np.sort(rng.uniform(0, 3, 5)))[::-1]
    return _spectrum(rng, lam, int(rng.integers(1, 4)))


def _fixed(lam: tuple[float, ...], k: int) -> Case:
    return _spectrum(np.random.Generator(np.random.Philox(k)), np.array(lam), k)


SPECTRUM_STAR = _fixed((5.0, 3.0, 1.0, 0.6, 0.4), 2)

SPECTRUM = Inputs(
    "data covariance S = U Λ Uᵀ, a rotation R of k latents, and nudges of W",
    draw_spectrum,
    (
        SPECTRUM_STAR,
        _fixed((3.0, 3.0, 1.0, 0.6, 0.4), 2),  # equal top eigenvalues
        _fixed((2.0, 2.0, 2.0, 2.0, 2.0), 2),  # no direction is better: W = 0
        _fixed((4.0, 2.0, 1.0, 1.0, 1.0), 1),
    ),
)
"""Cases `lam` `[d]` in falling order, `U` `[d, d]`, `R` `[k, k]`, `nudges` `[n, d, k]`."""
