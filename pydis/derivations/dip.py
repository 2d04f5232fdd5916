"""DIP-VAE: penalties on the covariance of the aggregated posterior."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs_three import marginal
from pydis.derivations.tools import Floats, gauss_hermite, rel_entr, xlogy

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


def _three_points(a: float) -> Floats:
    """Unit variance on −a, 0, a."""
    return np.array([0.5 / a**2, 1 - 1 / a**2, 0.5 / a**2])


def _rotated(a: float) -> Floats:
    """The table of (X + Y, X − Y) in units of a, each −2 … 2."""
    found = np.zeros((5, 5))
    for i, j in np.ndindex(3, 3):
        found[i + j, i - j + 2] = _three_points(a)[i] * _three_points(a)[j]
    return found


def _coordinates(a: float) -> Floats:
    """The values of either coordinate of z."""
    found: Floats = a * np.arange(-2, 3) / np.sqrt(2)
    return found


def _second_moments(a: float) -> Floats:
    """E[zzᵀ] from the table."""
    t, v = _rotated(a), _coordinates(a)
    return np.array([[t.sum(1) @ v**2, v @ t @ v], [v @ t @ v, t.sum(0) @ v**2]])


_NOT_INDEPENDENT = Derivation(
    id="survey.dip-identity-not-independent",
    section="2.1",
    items=("D13",),
    title="The identity as covariance makes Gaussians independent, and no others",
    inputs=Inputs(
        "z = (X + Y, X − Y)/√2 of independent X, Y of unit variance on −a, 0, a",
        lambda rng: {"a": rng.uniform(1, 3)},
        ({"a": 1.0},),
    ),
    lines=(
        Line("covariance", r"\mathrm{Cov}[z]", _second_moments),
        Line(
            "identity",
            r"\tfrac12 \begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix} I"
            r" \begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix} = I",
            lambda a: np.eye(2),
            by="a rotation of the identity",
        ),
        Line(
            "correlation",
            r"\sum_z q(z) \log \frac{q(z)}{q(z_1) q(z_2)}",
            lambda a: rel_entr(
                _rotated(a), marginal(_rotated(a), 0) * marginal(_rotated(a), 1)
            ).sum(),
            None,
        ),
        Line(
            "entropies",
            r"H(z_1) + H(z_2) - 2 H(X)",
            lambda a: (
                2 * xlogy(_three_points(a), _three_points(a)).sum()
                - sum(xlogy(m, m).sum() for m in (_rotated(a).sum(0), _rotated(a).sum(1)))
            ),
            by="z is a bijection of (X, Y)",
        ),
        Line("zero", r"0", lambda a: 0.0, ">", "z1 and z2 are not independent"),
        Line(
            "gaussian",
            r"-\tfrac12 \log \det \mathrm{Cov}[z]"
            r" \text{, the correlation if } z \text{ were Gaussian}",
            lambda a: -0.5 * np.linalg.slogdet(_second_moments(a))[1],
            None,
        ),
        Line("none", r"-\tfrac12 \log \det I", lambda a: -0.5 * np.log(1.0), by="Cov[z] = I"),
    ),
    mutants=(Mutant("identity-cov-implies-tc0", "entropies", lambda a: 0.0),),
    golden=(Golden("Rademacher", {"a": 1.0}, {"correlation": np.log(2)}),),
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

DERIVATIONS: tuple[Derivation, ...] = (_COVARIANCE, _NOT_INDEPENDENT, _PENALTIES)
