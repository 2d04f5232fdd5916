"""DIP-VAE: the covariance of the aggregated posterior, and the penalties on it."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, gauss_hermite

STAR: Case = {
    "p": np.array([0.2, 0.5, 0.3]),
    "mu": np.array([[0.0, 1.0], [1.0, 0.0], [-1.0, 2.0]]),
    "var": np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]),
}
"""The golden encoder N(μ(x), diag var(x)) of three x."""

_CORNERS = np.sqrt(0.6) * np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])


def _draw(rng: Generator) -> Case:
    n = int(rng.integers(1, 5))
    return {
        "p": table(rng, n),
        "mu": rng.normal(size=(n, 2)),
        "var": rng.uniform(0, 2, size=(n, 2)),
    }


_ENCODERS = (
    STAR,
    {"p": np.ones(1), "mu": np.array([[1.0, 2.0]]), "var": np.array([[0.3, 0.4]])},  # one x
    {**STAR, "var": np.zeros((3, 2))},
)


def _spread(p: Floats, mu: Floats) -> Floats:
    """Cov_x[μ(x)]."""
    gaps = mu - p @ mu
    found: Floats = (p[:, None] * gaps).T @ gaps
    return found


def _whole(p: Floats, mu: Floats, var: Floats) -> Floats:
    """E_x[Σ(x)] + Cov_x[μ(x)]."""
    return np.diag(p @ var) + _spread(p, mu)


def _by_draws(p: Floats, mu: Floats, var: Floats) -> Floats:
    """Cov of z = μ(x) + σ(x) ε by quadrature over ε."""
    nodes, weights = gauss_hermite(5)
    grid = np.stack(np.meshgrid(nodes, nodes), -1).reshape(-1, 2)
    weight = (p[:, None] * np.outer(weights, weights).ravel()).ravel()
    z = (mu[:, None] + np.sqrt(var)[:, None] * grid).reshape(-1, 2)
    centred = z - weight @ z
    found: Floats = (weight[:, None] * centred).T @ centred
    return found


_COVARIANCE = Derivation(
    id="survey.dip-covariance",
    section="2.1",
    items=("D13",),
    title="The covariance of q(z) is the mean noise and the spread of the means",
    inputs=Inputs("p(x), means and variances of the encoder", _draw, _ENCODERS),
    lines=(
        Line("covariance", r"\mathrm{Cov}_{q(z)}[z]", _by_draws),
        Line(
            "moments",
            r"\sum_x p(x) \left[\Sigma(x) + \mu(x) \mu(x)^\top\right] - \bar\mu \bar\mu^\top",
            lambda p, mu, var: (
                np.einsum("n,ni,nj->ij", p, mu, mu) + np.diag(p @ var) - np.outer(p @ mu, p @ mu)
            ),
            by="E[zzᵀ | x] = Σ(x) + μ(x) μ(x)ᵀ",
        ),
        Line(
            "split",
            r"\mathbb E_x[\Sigma(x)] + \mathrm{Cov}_x[\mu(x)]",
            _whole,
            by="the law of total covariance",
        ),
        Line("noise", r"\mathbb E_x[\Sigma(x)]", lambda p, mu, var: np.diag(p @ var), None),
        Line("means", r"\mathrm{Cov}_x[\mu(x)]", lambda p, mu, var: _spread(p, mu), None),
    ),
    mutants=(
        Mutant("forget-encoder-variance", "split", lambda p, mu, var: _spread(p, mu)),
        Mutant("forget-mean-spread", "split", lambda p, mu, var: np.diag(p @ var)),
    ),
    golden=(
        Golden(
            "three x",
            STAR,
            {
                "split": np.array([[1.08, -0.76], [-0.76, 1.18]]),
                "noise": np.diag([0.32, 0.42]),
                "means": np.array([[0.76, -0.76], [-0.76, 0.76]]),
            },
        ),
    ),
    scope="both",
)


def _penalty(C: Floats, off: float, on: float) -> Any:
    """λ_od Σ_{i ≠ j} C_ij² + λ_d Σ_i (C_ii − 1)²."""
    return sum(
        on * (C[i, j] - 1) ** 2 if i == j else off * C[i, j] ** 2 for i, j in np.ndindex(C.shape)
    )


def _norms(C: Floats, off: float, on: float) -> Any:
    """The same from the Frobenius norms of C − I and of its diagonal."""
    diagonal = np.linalg.norm(np.diag(C) - 1) ** 2
    return off * (np.linalg.norm(C - np.eye(len(C))) ** 2 - diagonal) + on * diagonal


_PENALTIES = Derivation(
    id="dip.penalties",
    items=("D13",),
    title="DIP-VAE I penalises the covariance of the means, II that of z",
    inputs=Inputs(
        "p(x), means and variances of the encoder, and the weights",
        lambda rng: {**_draw(rng), "off": rng.uniform(0, 3), "on": rng.uniform(0, 3)},
        tuple({**case, "off": 1.0, "on": 1.0} for case in _ENCODERS),
    ),
    lines=(
        Line(
            "I",
            r"\lambda_{od} \sum_{i \ne j} C_{ij}^2 + \lambda_d \sum_i (C_{ii} - 1)^2,"
            r" \quad C = \mathrm{Cov}_x[\mu(x)]",
            lambda p, mu, var, off, on: _penalty(_spread(p, mu), off, on),
        ),
        Line(
            "I-norm",
            r"\lambda_{od} \left(\|C - I\|_F^2 - \|\mathrm{diag}(C) - 1\|^2\right)"
            r" + \lambda_d \|\mathrm{diag}(C) - 1\|^2",
            lambda p, mu, var, off, on: _norms(_spread(p, mu), off, on),
            by="the norm is a sum of squares; λ = 1 gives ‖C − I‖²",
        ),
        Line(
            "II",
            r"\lambda_{od} \sum_{i \ne j} C_{ij}^2 + \lambda_d \sum_i (C_{ii} - 1)^2,"
            r" \quad C = \mathbb E_x[\Sigma(x)] + \mathrm{Cov}_x[\mu(x)]",
            lambda p, mu, var, off, on: _penalty(_by_draws(p, mu, var), off, on),
            None,
        ),
        Line(
            "II-norm",
            r"\lambda_{od} \left(\|C - I\|_F^2 - \|\mathrm{diag}(C) - 1\|^2\right)"
            r" + \lambda_d \|\mathrm{diag}(C) - 1\|^2",
            lambda p, mu, var, off, on: _norms(_whole(p, mu, var), off, on),
            by="the law of total covariance",
        ),
    ),
    mutants=(
        Mutant(
            "dip-i-uses-total-cov",
            "I",
            lambda p, mu, var, off, on: _penalty(_whole(p, mu, var), off, on),
        ),
        Mutant(
            "off-diagonal-only",
            "II",
            lambda p, mu, var, off, on: _penalty(_by_draws(p, mu, var), off, 0.0),
        ),
    ),
    golden=(
        Golden(
            "II is content, I is not",
            {
                "p": np.full(4, 0.25),
                "mu": _CORNERS,
                "var": np.full((4, 2), 0.4),
                "off": 1.0,
                "on": 1.0,
            },
            {"I": 0.32, "II": 0.0},
        ),
    ),
    scope="both",
    source="Kumar et al. 2018",
)

DERIVATIONS: tuple[Derivation, ...] = (_COVARIANCE, _PENALTIES)
