"""A Gaussian fitted to two modes: the forward KL matches the moments, the reverse picks a mode."""

from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.descend import least
from pydis.derivations.inputs.gaussian import density
from pydis.derivations.tools import Floats

X = np.linspace(-25, 25, 2001)
DX = float(X[1] - X[0])


def mixture(weight: float, apart: float) -> Floats:
    """weight N(−apart, 1) + (1 − weight) N(apart, 1) on the grid."""
    return weight * density(X, -apart, 1) + (1 - weight) * density(X, apart, 1)


def log_normal(mean: float, log_deviation: float) -> Floats:
    """log N(x; mean, variance) on the grid."""
    gaps = (X - mean) * np.exp(-log_deviation)
    found: Floats = -0.5 * gaps**2 - log_deviation - 0.5 * np.log(2 * np.pi)
    return found


def forward(weight: float, apart: float, mean: float, log_deviation: float) -> float:
    """KL(p, q) = ∫ p log (p / q) dx."""
    p = mixture(weight, apart)
    return float(np.sum(p * (np.log(p) - log_normal(mean, log_deviation))) * DX)


def reverse(weight: float, apart: float, mean: float, log_deviation: float) -> float:
    """KL(q, p) = ∫ q log (q / p) dx."""
    log_q = log_normal(mean, log_deviation)
    return float(np.sum(np.exp(log_q) * (log_q - np.log(mixture(weight, apart)))) * DX)


@cache
def fit(kl: Any, weight: float, apart: float, *starts: float) -> tuple[float, float]:
    """Mean and variance of the Gaussian of least KL, from these first means."""
    best = least(lambda u: kl(weight, apart, u[0], u[1]), [(start, 0.3) for start in starts])
    return float(best[0]), float(np.exp(2 * best[1]))


def stein(weight: float, apart: float, mean: float, variance: float) -> Floats:
    """(E_q[(log p)'], −variance E_q[(log p)'']) for q = N(mean, variance)."""
    a, b = weight * density(X, -apart, 1), (1 - weight) * density(X, apart, 1)
    left = a / (a + b)
    score = -(X - apart) - 2 * apart * left
    curvature = -1 + 4 * apart**2 * left * (1 - left)
    q = density(X, mean, variance)
    return np.array([np.sum(q * score), -variance * np.sum(q * curvature)]) * DX


def _draw(rng: Generator) -> Case:
    return {"weight": float(rng.uniform(0.55, 0.8)), "apart": float(rng.uniform(3, 4))}


STAR: Case = {"weight": 0.7, "apart": 3.0}
EVEN: Case = {"weight": 0.5, "apart": 3.0}


def uneven(weight: float, apart: float) -> bool:
    """Whether one mode is the heavier."""
    return weight > 0.5


FIT = Derivation(
    id="vi.forward-reverse-gaussian",
    title="Fitted to two modes, the forward KL covers both and the reverse KL takes one",
    conditions="p = w N(−a, 1) + (1 − w) N(a, 1) with modes well apart, q a Gaussian",
    source="Bishop 2006, §10.1.2",
    tolerance="T5",
    scope="continuous",
    draws=2,
    inputs=Inputs("the weight of the left mode, and half the modes' distance", _draw, (EVEN,)),
    lines=(
        Line(
            "F0",
            r"\mathrm{argmin}_q\, \mathrm{KL}(p \,\|\, q)",
            lambda weight, apart: np.array(fit(forward, weight, apart, 0.0, 1.0)),
        ),
        Line(
            "F1",
            r"(\mathbb{E}_p x, \mathrm{Var}_p x) = \left(a (1 - 2 w), 1 + 4 a^2 w (1 - w)\right)",
            lambda weight, apart: np.array(
                [apart * (1 - 2 * weight), 1 + 4 * apart**2 * weight * (1 - weight)]
            ),
            by="−E_p log q is a function of the first two moments",
        ),
        Line(
            "R0",
            r"\mathrm{argmin}_q\, \mathrm{KL}(q \,\|\, p)",
            lambda weight, apart: np.array(fit(reverse, weight, apart, -apart, apart)),
            relation=None,
            when=uneven,
        ),
        Line(
            "R1",
            r"(-a, 1)",
            lambda weight, apart: np.array([-apart, 1.0]),
            by="q pays where p is small, so it stays within the heavier mode; nearly",
            tolerance=0.02,
            when=uneven,
        ),
        Line(
            "S0",
            r"\left(\mathbb{E}_q (\log p)', -s^2\, \mathbb{E}_q (\log p)''\right)"
            r" \text{ at that } q = \mathcal{N}(m, s^2)",
            lambda weight, apart: stein(weight, apart, *fit(reverse, weight, apart, -apart, apart)),
            relation=None,
        ),
        Line(
            "S1",
            r"(0, 1)",
            lambda weight, apart: np.array([0.0, 1.0]),
            by="both derivatives of KL(q, p) vanish",
        ),
        Line(
            "V0",
            r"\min_q \mathrm{KL}(q \,\|\, p)",
            lambda weight, apart: _reverse_at(weight, apart, -apart, apart),
            relation=None,
        ),
        Line(
            "V1",
            r"\min_{q \text{ near } a} \mathrm{KL}(q \,\|\, p)",
            lambda weight, apart: _reverse_at(weight, apart, apart),
            relation="<=",
            by="the lighter mode is a local minimum",
        ),
        Line(
            "T0",
            r"\min_{q \text{ near } -a} \mathrm{KL}(q \,\|\, p)"
            r" = \min_{q \text{ near } a} \mathrm{KL}(q \,\|\, p)",
            lambda weight, apart: bool(
                abs(_reverse_at(weight, apart, -apart) - _reverse_at(weight, apart, apart)) < 1e-9
            ),
            relation=None,
        ),
        Line(
            "T1",
            r"w = \tfrac{1}{2}",
            lambda weight, apart: weight == 0.5,
            relation="iff",
            by="then the two modes are mirror images",
        ),
    ),
    mutants=(
        Mutant(
            "reverse-also-moment-matches",
            "R0",
            lambda weight, apart: np.array(
                [apart * (1 - 2 * weight), 1 + 4 * apart**2 * weight * (1 - weight)]
            ),
        ),
    ),
    golden=(Golden("0.7 at −3, 0.3 at 3", STAR, {"F1": np.array([-1.2, 8.56])}),),
)


def _reverse_at(weight: float, apart: float, *starts: float) -> float:
    mean, variance = fit(reverse, weight, apart, *starts)
    return reverse(weight, apart, mean, float(np.log(variance) / 2))


DERIVATIONS = (FIT,)
