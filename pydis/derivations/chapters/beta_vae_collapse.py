"""Where a large β erases the code (§4.2): a scalar β-VAE, optimised without its formula."""

from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.descend import least
from pydis.derivations.tools import gauss_hermite
from pydis.objectives import rate
from pydis.probability import Gaussian


def objective(w: float, v: float, log_d: float, lam: float, s2: float, beta: float) -> float:
    """((1 − w v)² λ + w² D) / 2σ² + ½ log 2πσ² + ½ β (v² λ + D − log D − 1)."""
    D = np.exp(log_d)
    rec = ((1 - w * v) ** 2 * lam + w**2 * D) / (2 * s2) + np.log(2 * np.pi * s2) / 2
    return float(rec + beta * (v**2 * lam + D - log_d - 1) / 2)


@cache
def optimum(lam: float, s2: float, beta: float) -> tuple[float, float, float]:
    """w, v and log D of the least objective that the simplex method finds."""
    starts = ((1.0, 0.5, -1.0), (0.1, 0.1, 0.0), (2.0, 0.2, -2.0))
    w, v, log_d = least(lambda u: objective(u[0], u[1], u[2], lam, s2, beta), starts)
    return float(w), float(v), float(log_d)


def average_rate(lam: float, v: float, log_d: float) -> Any:
    """E_x KL(N(v x, D), N(0, 1)) by the library, over 3 Gauss–Hermite nodes of x."""
    e, weights = gauss_hermite(3)
    mean = v * np.sqrt(lam) * e[:, None]
    return weights @ rate(Gaussian(mean, np.full_like(mean, log_d)))


def _draw(rng: Generator) -> Case:
    lam = float(rng.uniform(1, 5))
    s2 = float(rng.uniform(0.3, 1.5))
    return {"lam": lam, "s2": s2, "beta": float(rng.uniform(0.3, 1.6)) * lam / s2}


def _at(beta: float) -> Case:
    return {"lam": 4.0, "s2": 1.0, "beta": beta}


COLLAPSE = Derivation(
    id="bvae.collapse-threshold",
    title="The code keeps the information ½ log(λ / βσ²), and none for β > λ / σ²",
    section="4.2",
    items=("D81",),
    conditions="x of variance λ, x | z ~ N(w z, σ²), q(z | x) = N(v x, D)",
    tolerance="T5",
    scope="continuous",
    draws=5,
    inputs=Inputs(
        "the data's variance λ, σ² and β",
        _draw,
        (_at(1.5), _at(2.5), _at(3.5), _at(4.0), _at(5.0)),
    ),
    lines=(
        Line(
            "R0",
            r"\mathbb{E}_x \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, 1))"
            r" \text{ at the optimum found}",
            lambda lam, s2, beta: average_rate(lam, *optimum(lam, s2, beta)[1:]),
        ),
        Line(
            "L0",
            r"I(x; z) = \frac{1}{2} \log\left(1 + \frac{v^2 \lambda}{D}\right)"
            r" \text{ at the optimum found}",
            lambda lam, s2, beta: (
                np.log1p(optimum(lam, s2, beta)[1] ** 2 * lam / np.exp(optimum(lam, s2, beta)[2]))
                / 2
            ),
            by="the code's distribution is the prior, or x is not in it",
        ),
        Line(
            "L1",
            r"\frac{1}{2} \log \frac{\lambda}{\beta \sigma^2}"
            r" \text{ if } \lambda > \beta \sigma^2 \text{, else } 0",
            lambda lam, s2, beta: 0.5 * np.log(lam / (beta * s2)) if lam > beta * s2 else 0.0,
            by="w² = λ − βσ² where that is positive",
        ),
        Line(
            "F0",
            r"\text{the objective at the optimum found}",
            lambda lam, s2, beta: objective(*optimum(lam, s2, beta), lam, s2, beta),
            relation=None,
        ),
        Line(
            "F1",
            r"\frac{\kappa}{2 \sigma^2} + \frac{1}{2} \log 2 \pi \sigma^2"
            r" + \frac{\beta}{2} \log \frac{\lambda}{\kappa}, \quad"
            r" \kappa = \min(\lambda, \beta \sigma^2)",
            lambda lam, s2, beta: (
                min(lam, beta * s2) / (2 * s2)
                + np.log(2 * np.pi * s2) / 2
                + beta / 2 * np.log(lam / min(lam, beta * s2))
            ),
            by="the objective at w² = λ − κ",
        ),
    ),
    mutants=(
        Mutant(
            "threshold-at-s2",
            "L1",
            lambda lam, s2, beta: 0.5 * np.log(lam / (beta * s2)) if lam > s2 else 0.0,
            witness=_at(5.0),
        ),
        Mutant(
            "never-collapses",
            "L1",
            lambda lam, s2, beta: 0.5 * abs(np.log(lam / (beta * s2))),
            witness=_at(5.0),
        ),
    ),
    golden=(
        Golden("β = 2", _at(2.0), {"L1": np.log(2) / 2}),
        Golden("β = 5", _at(5.0), {"L1": 0.0}),
    ),
    errata=(
        Erratum(
            number="Q10",
            item="D81",
            printed=r"\beta > 1 \text{ achieves disentanglement}",
            corrected=r"\text{an appropriately tuned } \beta > 1 \text{ can help;}"
            r" \text{ for } \beta > \lambda / \sigma^2 \text{ the code is erased}",
            reason="At λ = 4, σ² = 1 and β = 5 the best code tells nothing of x.",
            label="L1",
            witness=_at(5.0),
            true_value=0.0,
            readings={
                "the code keeps what it has at β = 1": (
                    lambda lam, s2, beta: 0.5 * np.log(lam / s2),
                    0.693147180560,
                )
            },
        ),
    ),
)

DERIVATIONS = (COLLAPSE,)
