"""Beyond the paper: the linear β-VAE as Shannon's code of Gaussian data."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs.linear import orthogonal
from pydis.derivations.linear_tools import inner, rate, solve
from pydis.derivations.tools import Floats


def _draw_levels(rng: Generator) -> Case:
    d = int(rng.integers(2, 5))
    lam = rng.uniform(0.1, 4.0, d)
    level = float(rng.uniform(0.1, 3.0))
    level += 0.01 * (np.abs(lam - level).min() < 0.005)
    return {
        "lam": lam,
        "level": level,
        "s2": float(rng.uniform(0.2, 2.0)),
        "U": orthogonal(rng, d),
        "shares": rng.dirichlet(np.ones(d), 50),
    }


_LEVELS: Case = {
    "lam": np.array([4.0, 1.5, 0.3]),
    "level": 1.0,
    "s2": 0.5,
    "U": np.eye(3),
    "shares": np.array([[0.5, 0.3, 0.2], [1 / 3, 1 / 3, 1 / 3]]),
}


def _optimum(lam: Floats, level: float, U: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """S, W, V, and the diagonal of D of the linear β-VAE, βσ² = level."""
    W = U * np.sqrt(np.maximum(lam - level, 0))
    M = inner(W, level)
    return (U * lam) @ U.T, W, solve(M, W.T), level / np.diagonal(M)


def _distortion(lam: Floats, level: float, U: Floats, **_: Any) -> float:
    S, W, V, D = _optimum(lam, level, U)
    miss = np.eye(len(S)) - W @ V
    return float(np.trace(miss @ S @ miss.T) + np.trace((W * D) @ W.T))


def _rate(lam: Floats, level: float, U: Floats, **_: Any) -> float:
    S, _W, V, D = _optimum(lam, level, U)
    return rate(V, D, S)


def _allocations(lam: Floats, level: float, shares: Floats, **_: Any) -> float:
    """The least Σ ½ log(λ_i / D_i)₊ of the given shares of the same total distortion."""
    D = np.minimum(lam, level).sum() * shares
    return float((0.5 * np.maximum(np.log(lam / D), 0)).sum(1).min())


def _exchange(lam: Floats, level: float, s2: float, U: Floats, **_: Any) -> float:
    """−Δ rec / Δ rate of two nearby levels, rec = D / 2σ²."""
    up, down = level * (1 + 1e-5), level * (1 - 1e-5)
    rec = (_distortion(lam, up, U) - _distortion(lam, down, U)) / (2 * s2)
    return -rec / (_rate(lam, up, U) - _rate(lam, down, U))


WATER_FILLING = Derivation(
    id="bvae.reverse-water-filling",
    title="The linear β-VAE fills Gaussian data to the level βσ², as Shannon's code does",
    scope="continuous",
    source="Shannon 1959; Cover and Thomas 2006, theorem 10.3.3",
    conditions="No λ_i equals the level θ = βσ².",
    inputs=Inputs(
        "eigenvalues λ and vectors of the data, the level θ = βσ², σ², other shares",
        _draw_levels,
        (_LEVELS, {**_LEVELS, "level": 5.0}, {**_LEVELS, "level": 0.01}),
    ),
    lines=(
        Line(
            "D0",
            r"\mathrm{tr} (I - W V) S (I - W V)^\top + \mathrm{tr}\, W D W^\top",
            _distortion,
        ),
        Line(
            "D1",
            r"\sum_i \min(\lambda_i, \theta)",
            lambda lam, level, **_: np.minimum(lam, level).sum(),
            by="an active direction is known to θ, another not at all",
        ),
        Line(
            "A0",
            r"\min_{D:\, \sum_i D_i = \sum_i \min(\lambda_i, \theta)}"
            r" \sum_i \tfrac12 \bigl(\log \tfrac{\lambda_i}{D_i}\bigr)_+",
            _allocations,
            None,
        ),
        Line(
            "A1",
            r"\tfrac12 [\mathrm{tr}\, V S V^\top + \mathrm{tr}\, D - \log\det D - k]",
            _rate,
            ">=",
            by="no other way to spread the same distortion has a lower rate",
        ),
        Line(
            "A2",
            r"\sum_{i:\, \lambda_i > \theta} \tfrac12 \log \frac{\lambda_i}{\theta}",
            lambda lam, level, **_: sum(0.5 * np.log(x / level) for x in lam if x > level),
            by="reverse water-filling",
        ),
        Line(
            "E0",
            r"-\Delta\, \mathrm{rec} / \Delta\, \mathrm{rate}",
            _exchange,
            None,
            when=lambda lam, level, **_: bool((lam > level).any()),
        ),
        Line(
            "E1",
            r"\beta = \theta / \sigma^2",
            lambda level, s2, **_: level / s2,
            by="β is the price of a nat",
            tolerance=1e-6,
            when=lambda lam, level, **_: bool((lam > level).any()),
        ),
    ),
    mutants=(
        Mutant("level-for-all", "D1", lambda lam, level, **_: len(lam) * level, _LEVELS),
        Mutant(
            "inactive-also-pay",
            "A2",
            lambda lam, level, **_: 0.5 * np.log(lam / level).sum(),
            _LEVELS,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (WATER_FILLING,)
