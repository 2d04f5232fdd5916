"""How far the mean of random numbers may be from what it estimates."""

from functools import lru_cache
from typing import Any

import numpy as np

from pydis.backends.draws import normal
from pydis.derivations.derivation import Derivation, Inputs, Line, Mutant
from pydis.derivations.tools import Floats, gauss_hermite

DRAWS = 200_000
TRUTH = float(np.exp(-1.5))
"""E cos z_1 cos z_2 cos z_3 = e^{−3/2}."""


@lru_cache(maxsize=1)
def _values(seed: int) -> Floats:
    """cos z_1 cos z_2 cos z_3 of 2·10⁵ draws of N(0, I_3)."""
    z = normal(np.random.Generator(np.random.Philox(seed)), (DRAWS, 3), np.dtype(np.float64))
    return np.asarray(np.prod(np.cos(z), axis=1), np.float64)


def _errors(seed: int, shift: float = 0.0) -> float:
    """|f̄ − E f| in standard errors s / √n, where E f is moved by `shift` of them."""
    f = _values(seed)
    error = f.std(ddof=1) / np.sqrt(len(f))
    return float(abs(f.mean() - (TRUTH + shift * error)) / error)


def _quadrature(**_: Any) -> float:
    z, w = gauss_hermite(40)
    return float(w @ np.cos(z)) ** 3


CONFIDENCE = Derivation(
    id="mc.confidence-interval",
    title="A mean of draws is within five standard errors, and ten are seen",
    scope="continuous",
    tolerance="T4",
    draws=2,
    conditions=(
        "The variance of f is finite and of ordinary size. The score of e^z is not: there the"
        " closed form is used."
    ),
    inputs=Inputs("a seed", lambda rng: {"seed": int(rng.integers(2**31))}, ({"seed": 0},)),
    lines=(
        Line(
            "E0",
            r"\mathbb{E}_{\mathcal{N}(0, I_3)} \cos z_1 \cos z_2 \cos z_3"
            r" = \bigl(\textstyle\sum_i w_i \cos x_i\bigr)^3",
            _quadrature,
        ),
        Line(
            "E1",
            r"e^{-3/2}",
            lambda **_: np.exp(-1.5),
            by="E cos z = e^{−1/2}, the characteristic function at 1",
        ),
        Line(
            "P0",
            r"|\bar f - (\mathbb{E} f + 10\, s / \sqrt n)| \big/ (s / \sqrt n)",
            lambda seed: _errors(seed, 10.0),
            None,
        ),
        Line("P1", r"5", lambda **_: 5.0, ">", by="ten standard errors are not overlooked"),
        Line(
            "M0",
            r"|\bar f - \mathbb{E} f| \big/ (s / \sqrt n)",
            _errors,
            ">=",
            by="the central limit theorem, but for a probability of 6e−7",
        ),
    ),
    mutants=(Mutant("true-mean-shifted-10se", "M0", lambda seed: _errors(seed, 10.0)),),
)

DERIVATIONS: tuple[Derivation, ...] = (CONFIDENCE,)
