"""The aggregated posterior against the prior: adversarial, by moments, by a kernel."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import same
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats, gauss_hermite, rel_entr, xlogy
from pydis.information import js_divergence
from pydis.probability import Gaussian, kl, standard_normal_like


def _draw_game(rng: Generator) -> Case:
    n, m = rng.integers(1, 5, size=2)
    q = channel(rng, n, m)
    return {"q": q, "p": q.mean(0) if rng.integers(3) == 0 else table(rng, m)}


def _log_share(p: Floats, q: Floats) -> Any:
    """E_p[log p / (p + q)]."""
    return p[p > 0] @ np.log(p[p > 0] / (p + q)[p > 0])


_GAME = Derivation(
    id="aae.latent-game",
    items=("D11",),
    title="The latent game is at -log 4 just where the aggregated posterior is the prior",
    inputs=Inputs(
        "encoder table q(z | n) and prior p(z)",
        _draw_game,
        (
            {"q": np.eye(2), "p": np.array([0.5, 0.5])},
            {"q": np.array([[1.0, 0.0]]), "p": np.array([0.0, 1.0])},  # disjoint: V = 0
        ),
    ),
    lines=(
        Line(
            "value",
            r"\mathbb E_{p(z)}[\log D^*(z)] + \mathbb E_{q(z)}[\log(1 - D^*(z))],"
            r" \quad D^* = \frac{p}{p + q}",
            lambda q, p: (rel_entr(p, p + q.mean(0)) + rel_entr(q.mean(0), p + q.mean(0))).sum(),
        ),
        Line(
            "library",
            r"2 \, \mathrm{JSD}(p(z) \,\|\, q(z)) - \log 4",
            lambda q, p: 2 * js_divergence(p, q.mean(0)) - np.log(4),
            by="p + q is twice their mixture",
        ),
        Line("least", r"-\log 4", lambda q, p: -2 * np.log(2), ">=", "JSD ≥ 0"),
        Line(
            "at-least",
            r"V = -\log 4",
            lambda q, p: same(_log_share(p, q.mean(0)) + _log_share(q.mean(0), p), -np.log(4)),
            None,
        ),
        Line("match", r"q(z) = p(z)", lambda q, p: same(q.mean(0), p), "iff", "JSD = 0"),
    ),
    mutants=(
        Mutant(
            "v-0-at-match",
            "at-least",
            lambda q, p: same(2 * js_divergence(p, q.mean(0)) - np.log(4), 0.0),
            {"q": np.eye(2), "p": np.array([0.5, 0.5])},
        ),
    ),
    scope="both",
    source="Makhzani et al. 2015",
)


def _draw_linear(rng: Generator) -> Case:
    A = rng.normal(size=(2, 2))
    return {
        "S": A @ A.T + 0.1 * np.eye(2),
        "V": rng.normal(size=(2, 2)),
        "D": np.exp(rng.uniform(-3, 1, size=2)),
    }


_LINEAR = {"S": np.array([[2.0, 0.5], [0.5, 1.0]]), "V": np.array([[0.5, 0.1], [-0.2, 0.7]])}


def _average(S: Floats, V: Floats, D: Floats) -> Any:
    """E_x KL(N(Vx, D) ‖ N(0, I)) by the library and quadrature over x."""
    nodes, weights = gauss_hermite(10)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    mean = grid @ (V @ np.linalg.cholesky(S)).T
    with np.errstate(divide="ignore"):
        q = Gaussian(mean, np.broadcast_to(np.log(D), mean.shape))
    return np.outer(weights, weights).ravel() @ kl(q, standard_normal_like(q))


def _outwards(C: Floats) -> Any:
    """KL(N(0, C) ‖ N(0, I))."""
    return 0.5 * (np.trace(C) - len(C) - np.linalg.slogdet(C)[1])


def _log_ratio(C: Floats, D: Floats) -> Any:
    """log det C / det D, ∞ where D is singular."""
    return np.linalg.slogdet(C)[1] - xlogy(1, D).sum()


_GAUSSIAN = Derivation(
    id="aae.gaussian-aggregate",
    items=("D11",),
    title="A linear Gaussian encoder: what it tells of x, and how far its aggregate is off",
    inputs=Inputs(
        "data covariance S, encoder N(Vx, diag D)",
        _draw_linear,
        (
            {**_LINEAR, "D": np.array([0.3, 0.8])},
            {**_LINEAR, "D": np.array([1e-12, 1e-12])},
            {"S": _LINEAR["S"], "V": np.zeros((2, 2)), "D": np.ones(2)},
        ),
    ),
    lines=(
        Line(
            "average",
            r"\mathbb E_x \mathrm{KL}(\mathcal N(Vx, D) \,\|\, \mathcal N(0, I))",
            _average,
        ),
        Line(
            "traces",
            r"\tfrac12\left[\mathrm{tr}(V S V^\top) + \mathrm{tr} D - k - \log \det D\right]",
            lambda S, V, D: 0.5 * ((V @ S @ V.T).trace() + (D - 1).sum() - xlogy(1, D).sum()),
            by="E[xxᵀ] = S",
        ),
        Line(
            "split",
            r"\tfrac12 \log \frac{\det(V S V^\top + D)}{\det D}"
            r" + \mathrm{KL}(\mathcal N(0, V S V^\top + D) \,\|\, \mathcal N(0, I))",
            lambda S, V, D: (
                0.5 * _log_ratio(V @ S @ V.T + np.diag(D), D) + _outwards(V @ S @ V.T + np.diag(D))
            ),
            by="ELBO surgery with q(z) = N(0, VSVᵀ + D)",
        ),
        Line(
            "aggregate",
            r"\mathrm{KL}(q(z) \,\|\, \mathcal N(0, I))",
            lambda S, V, D: (
                0.5 * np.sum((w := np.linalg.eigvalsh(V @ S @ V.T + np.diag(D))) - 1 - np.log(w))
            ),
            ">=",
            "the information is not negative",
        ),
    ),
    mutants=(
        Mutant(
            "forget-encoder-noise",
            "split",
            lambda S, V, D: 0.5 * _log_ratio(V @ S @ V.T, D) + _outwards(V @ S @ V.T),
            {**_LINEAR, "D": np.array([0.3, 0.8])},
        ),
    ),
    golden=(
        Golden("no noise", {**_LINEAR, "D": np.zeros(2)}, {"traces": np.inf, "split": np.inf}),
    ),
    scope="continuous",
)


def _draw_points(rng: Generator) -> Case:
    A = 2.0 * rng.permutation(10)[:5, None]
    q = table(rng, 5)
    return {"A": A, "p": q if rng.integers(4) == 0 else table(rng, 5), "q": q}


def _gram(A: Floats) -> Floats:
    """K_ij = exp(−½ |a_i − a_j|²)."""
    found: Floats = np.exp(-0.5 * ((A[:, None] - A[None]) ** 2).sum(-1))
    return found


_MMD = Derivation(
    id="wae.mmd",
    title="The maximum mean discrepancy is a square, and 0 only between equal distributions",
    inputs=Inputs(
        "five points and distributions p, q on them",
        _draw_points,
        (
            {
                "A": np.arange(5.0)[:, None],
                "p": np.array([0.5, 0.5, 0.0, 0.0, 0.0]),
                "q": np.full(5, 0.2),
            },
        ),
    ),
    lines=(
        Line(
            "means",
            r"\mathbb E_{x, x' \sim p}[k(x, x')] + \mathbb E_{y, y' \sim q}[k(y, y')]"
            r" - 2 \mathbb E_{x \sim p, y \sim q}[k(x, y)]",
            lambda A, p, q: sum(
                (p[i] * p[j] + q[i] * q[j] - 2 * p[i] * q[j])
                * np.exp(-0.5 * np.sum((A[i] - A[j]) ** 2))
                for i, j in np.ndindex(5, 5)
            ),
        ),
        Line(
            "features",
            r"\left\| L^\top (p - q) \right\|^2, \quad K = L L^\top",
            lambda A, p, q: np.sum((np.linalg.cholesky(_gram(A)).T @ (p - q)) ** 2),
            by="k is symmetric and positive definite",
        ),
        Line("form", r"(p - q)^\top K (p - q)", lambda A, p, q: (p - q) @ _gram(A) @ (p - q), None),
        Line("zero", r"0", lambda A, p, q: 0.0, ">=", "K is positive definite"),
        Line(
            "none",
            r"\mathrm{MMD}^2 = 0",
            lambda A, p, q: same(p @ _gram(A) @ (p - q) - q @ _gram(A) @ (p - q), 0.0),
            None,
        ),
        Line("equal", r"p = q", lambda A, p, q: same(p, q), "iff", "K is regular"),
    ),
    mutants=(
        Mutant(
            "indefinite-kernel",
            "form",
            lambda A, p, q: (p - q) @ (_gram(A) - np.eye(5)) @ (p - q),
            {
                "A": np.arange(5.0)[:, None],
                "p": np.array([0.6, 0.1, 0.1, 0.1, 0.1]),
                "q": np.array([0.1, 0.6, 0.1, 0.1, 0.1]),
            },
        ),
    ),
    scope="both",
    source="Tolstikhin et al. 2018",
)

DERIVATIONS: tuple[Derivation, ...] = (_GAME, _GAUSSIAN, _MMD)
