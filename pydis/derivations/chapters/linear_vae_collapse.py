"""Which latents a linear β-VAE switches off."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import metrics
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs.linear import orthogonal
from pydis.derivations.linear_tools import data, elbo, inverse, points, rate, solve
from pydis.derivations.tools import Floats

ACTIVE = 1e-4
"""A latent is active if the square of its loading is larger."""


def _draw(rng: Generator) -> Case:
    s2, beta = float(rng.uniform(0.3, 2.0)), float(rng.choice([0.5, 1.0, 2.0, 5.0]))
    away = rng.uniform(0.05, 3.0, 3) * rng.choice([-1, 1], 3)
    lam = np.abs(beta * s2 + away) + 0.01
    lam = np.where(np.abs(lam - beta * s2) < 0.02, lam + 0.1, lam)
    return {"lam": np.sort(lam)[::-1], "s2": s2, "beta": beta, "U": orthogonal(rng, 3)}


def _case(beta: float, *lam: float) -> Case:
    return {"lam": np.array(lam), "s2": 1.0, "beta": beta, "U": np.eye(3)}


SPECTRA = Inputs(
    "three eigenvalues of the data with their vectors, σ² and β",
    _draw,
    (
        _case(1.5, 4.0, 1.5, 0.3),  # λ = β σ²: inactive
        _case(0.1, 4.0, 1.5, 0.3),
    ),
)


def _objective(t: float, lam: float, s2: float, beta: float) -> float:
    """rec + β rate of one coordinate with loading √t and V, D at their best."""
    w, M = np.array([[np.sqrt(t)]]), t + beta * s2
    V, D, S = w / M, np.array([beta * s2 / M]), np.array([[lam]])
    return -elbo(w, s2, V, D, S) + (beta - 1) * rate(V, D, S)


def _minimise(lam: float, s2: float, beta: float) -> float:
    """The best t ≥ 0, by golden section: the objective has one minimum."""
    low, high, ratio = 0.0, 2 * lam, (np.sqrt(5) - 1) / 2
    for _ in range(45):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        left = _objective(a, lam, s2, beta) <= _objective(b, lam, s2, beta)
        low, high = (low, b) if left else (a, high)
    return 0.5 * (low + high)


def _searched(lam: Floats, s2: float, beta: float, **_: Any) -> Floats:
    return np.array([_minimise(value, s2, beta) for value in lam.tolist()])


def _loadings(lam: Floats, s2: float, beta: float, U: Floats) -> Floats:
    """W = U (Λ − βσ² I)₊^{1/2}."""
    found: Floats = U * np.sqrt(np.maximum(lam - beta * s2, 0))
    return found


def _posterior_means(lam: Floats, s2: float, beta: float, U: Floats) -> Floats:
    """V x of points of covariance S, V = (Wᵀ W + βσ² I)⁻¹ Wᵀ."""
    W = _loadings(lam, s2, beta, U)
    found: Floats = points(lam, U) @ W @ inverse(W.T @ W + beta * s2 * np.eye(3))
    return found


def _rates(lam: Floats, s2: float, beta: float, U: Floats) -> Floats:
    """½ [V S Vᵀ + D − log D − 1] of each latent."""
    W = _loadings(lam, s2, beta, U)
    M = W.T @ W + beta * s2 * np.eye(3)
    V, D = solve(M, W.T), beta * s2 / np.diagonal(M)
    found: Floats = 0.5 * (np.diagonal(V @ data(lam, U) @ V.T) + D - np.log(D) - 1)
    return found


COLLAPSE = Derivation(
    id="linear-vae.collapse",
    title="A latent is used where its eigenvalue exceeds β σ²",
    items=("D81",),
    inputs=SPECTRA,
    scope="continuous",
    draws=10,
    source="Lucas et al. 2019, section 4.3",
    lines=(
        Line(
            "O0",
            r"\arg\min_{w_i^2} [\mathrm{rec} + \beta\, \mathrm{rate}]",
            _searched,
        ),
        Line(
            "O1",
            r"(\lambda_i - \beta\sigma^2)_+",
            lambda lam, s2, beta, **_: np.maximum(lam - beta * s2, 0),
            by="the objective is ½β [λ/M + log M] + const with M = w² + βσ²",
            tolerance=1e-5,
        ),
        Line(
            "R0",
            r"\tfrac12 [(V S V^\top)_{ii} + D_{ii} - \log D_{ii} - 1]",
            _rates,
            None,
        ),
        Line(
            "R1",
            r"\tfrac12 \bigl(\log \frac{\lambda_i}{\beta\sigma^2}\bigr)_+",
            lambda lam, s2, beta, **_: 0.5 * np.maximum(np.log(lam / (beta * s2)), 0),
            by="at the optimum the aggregated posterior is the prior",
        ),
        Line(
            "N0",
            r"\#\{i : \arg\min_{w_i^2} [\mathrm{rec} + \beta\, \mathrm{rate}] > 0\}",
            lambda **case: int((_searched(**case) > ACTIVE).sum()),
            None,
        ),
        Line(
            "N1",
            r"\#\{i : \lambda_i > \beta\sigma^2\}",
            lambda lam, s2, beta, **_: int((lam > beta * s2).sum()),
            by="O1: the loading is not 0",
        ),
        Line(
            "N2",
            r"\mathrm{rank}\, U (\Lambda - \beta\sigma^2 I)_+^{1/2}",
            lambda **case: int(np.linalg.matrix_rank(_loadings(**case))),
            by="one column for each",
        ),
        Line(
            "N3",
            r"\#\{i : \mathrm{Var}_x(\mathbb{E}[z_i \mid x]) > 0\}",
            lambda **case: int((metrics.activity(_posterior_means(**case)) > 1e-9).sum()),
            by="a latent of loading 0 has the mean of the prior",
        ),
    ),
    golden=tuple(
        Golden(
            f"β = {beta:g}", _case(beta, 4.0, 1.5, 0.3), dict.fromkeys(("N0", "N1", "N2", "N3"), n)
        )
        for beta, n in ((1.0, 2), (2.0, 1), (5.0, 0))
    ),
    mutants=(Mutant("threshold-zero", "N1", lambda lam, **_: int((lam > 0).sum())),),
)

DERIVATIONS: tuple[Derivation, ...] = (COLLAPSE,)
