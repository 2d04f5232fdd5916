"""The likelihood of a linear VAE does not see a rotation of its latents; a diagonal q does."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.linear import LOADINGS, STAR, orthogonal, rotation
from pydis.derivations.linear_tools import (
    covariance,
    gaussian,
    inner,
    inverse,
    log_det,
    log_normal,
    off_diagonal,
)
from pydis.derivations.tools import Floats
from pydis.probability import Gaussian, kl

GAP = 0.009009252751
"""What the best diagonal posterior of the golden model lacks."""


def _draw_rotated(rng: Generator) -> Case:
    d, k = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    W = rng.normal(size=(d, k))
    other = W @ orthogonal(rng, k) if rng.integers(2) else rng.normal(size=(d, k))
    return {"W": W, "R": orthogonal(rng, k), "s2": 0.5, "x": rng.normal(size=d), "other": other}


_W = STAR["W"]

ROTATED = Inputs(
    "loadings W, an orthogonal R, σ², an x, and other loadings",
    _draw_rotated,
    (
        {"W": _W, "R": rotation(0.7), "s2": 0.5, "x": STAR["x"], "other": _W[:, ::-1]},
        {"W": _W[:, :1], "R": -np.eye(1), "s2": 0.5, "x": STAR["x"], "other": 2 * _W[:, :1]},
        {"W": 0 * _W, "R": rotation(2.0), "s2": 0.5, "x": STAR["x"], "other": _W},
    ),
)


def _is_rotation_of(W: Floats, other: Floats, **_: Any) -> bool:
    """Whether other = W R for some orthogonal R: the best R is the polar factor of Wᵀ other."""
    u, _s, v = np.linalg.svd(W.T @ other)
    return bool(np.abs(W @ u @ v - other).max() <= 1e-7)


ROTATION = Derivation(
    id="ppca.rotation-invariance",
    title="Rotated latents have the same likelihood",
    items=("D04",),
    inputs=ROTATED,
    scope="continuous",
    source="Tipping and Bishop 1999, section 3.2",
    lines=(
        Line("L0", r"W W^\top", lambda W, **_: np.einsum("ij,lj->il", W, W), None),
        Line("L1", r"(W R)(W R)^\top", lambda W, R, **_: (W @ R) @ (W @ R).T, by="R Rᵀ = I"),
        Line(
            "D0",
            r"-\tfrac12 [x^\top C^{-1} x + \log\det C + d \log 2\pi],"
            r"\quad C = W W^\top + \sigma^2 I",
            lambda W, s2, x, **_: log_normal(x, 0 * x, covariance(W, s2)),
            None,
        ),
        Line(
            "D1",
            r"\log \mathcal{N}(x; 0, W R (W R)^\top + \sigma^2 I)",
            lambda W, R, s2, x, **_: gaussian(0 * x, covariance(W @ R, s2)).log_prob(x[None])[0],
            by="the same covariance",
        ),
        Line(
            "I0",
            r"\tilde W \tilde W^\top = W W^\top",
            lambda W, other, **_: bool(np.abs(W @ W.T - other @ other.T).max() <= 1e-7),
            None,
        ),
        Line(
            "I1",
            r"\tilde W = W R \text{ for an orthogonal } R",
            _is_rotation_of,
            "iff",
            by="two factors of a matrix differ by a rotation",
        ),
    ),
    mutants=(
        Mutant(
            "non-orthogonal",
            "L1",
            lambda W, R, **_: (W @ (R + np.tri(len(R)))) @ (W @ (R + np.tri(len(R)))).T,
        ),
    ),
)


def diagonal_gap(W: Floats, s2: float) -> float:
    """½ (Σ_i log P_ii − log det P), P = M / σ²."""
    precision = inner(W, s2) / s2
    return float(0.5 * (np.log(np.diagonal(precision)).sum() - log_det(precision)))


def _divergence(v: Floats, W: Floats, s2: float) -> Floats:
    """KL(N(μ, diag v) ‖ N(μ, P⁻¹)) = ½ [Σ P_ii v_i − k − Σ log v_i − log det P], v `[…, k]`."""
    precision = inner(W, s2) / s2
    trace = (v * np.diagonal(precision)).sum(-1)
    found: Floats = 0.5 * (trace - v.shape[-1] - np.log(v).sum(-1) - log_det(precision))
    return found


def _library_gap(W: Floats, s2: float, **_: Any) -> Any:
    precision = inner(W, s2) / s2
    zero = np.zeros((1, len(precision)))
    q = Gaussian(zero, -np.log(np.diagonal(precision))[None])
    return kl(q, gaussian(zero[0], inverse(precision)))[0]


DIAGONAL_GAP = Derivation(
    id="ppca.diag-gap",
    title="What the best diagonal posterior lacks",
    inputs=LOADINGS,
    scope="continuous",
    lines=(
        Line(
            "V0",
            r"\min_{v \in \mathcal{V}} \mathrm{KL}(\mathcal{N}(\mu, \mathrm{diag}\, v) \,\Vert\,"
            r" \mathcal{N}(\mu, P^{-1}))",
            lambda W, s2, v: _divergence(v, W, s2).min(),
            None,
        ),
        Line(
            "L0",
            r"\tfrac12 \bigl[\sum_i P_{ii} v_i - k - \sum_i \log v_i - \log\det P\bigr],"
            r"\quad v_i = 1 / P_{ii}",
            lambda W, s2, **_: _divergence(1 / np.diagonal(inner(W, s2) / s2), W, s2),
            ">=",
            by="the slope P_ii − 1/v_i vanishes, and the divergence is convex in v",
        ),
        Line(
            "L1",
            r"\tfrac12 \bigl(\sum_i \log P_{ii} - \log\det P\bigr)",
            lambda W, s2, **_: diagonal_gap(W, s2),
            by="Σ P_ii v_i = k",
        ),
        Line(
            "L2",
            r"\mathrm{KL}(\mathcal{N}(\mu, \mathrm{diag}(1 / P_{ii})) \,\Vert\,"
            r" \mathcal{N}(\mu, P^{-1}))",
            _library_gap,
            by="the definition",
        ),
        Line("L3", r"0", lambda **_: 0.0, ">=", by="Hadamard's inequality"),
        Line(
            "I0",
            r"\sum_i \log P_{ii} = \log\det P",
            lambda W, s2, **_: bool(
                np.log(np.diagonal(inner(W, s2)) / s2).sum() - log_det(inner(W, s2) / s2) <= ZERO
            ),
            None,
        ),
        Line(
            "I1",
            r"W^\top W \text{ is diagonal}",
            lambda W, **_: not off_diagonal(W.T @ W).any(),
            "iff",
            by="equality in Hadamard's inequality",
        ),
    ),
    golden=(
        Golden(
            "pPCA★",
            {"W": _W, "s2": 0.5, "v": np.full((1, 2), 0.3)},
            dict.fromkeys(("L0", "L1", "L2"), GAP),
        ),
    ),
    mutants=(
        Mutant(
            "uses-marginal-variance",
            "L0",
            lambda W, s2, **_: _divergence(np.diagonal(inverse(inner(W, s2) / s2)), W, s2),
        ),
        Mutant("zero-for-all", "L1", lambda **_: 0.0),
    ),
)


def _draw_generic(rng: Generator) -> Case:
    W = rng.integers(-3, 4, (4, 3)).astype(np.float64)
    W[0, :2] = 1, 2
    W[1:, 0] = np.abs(W[1:, 0])
    W[1:, 1] = np.abs(W[1:, 1])  # the first two columns are not orthogonal
    return {"W": W, "s2": 0.5, "x": rng.normal(size=4)}


def _principal(W: Floats) -> Floats:
    """W R with the eigenvectors R of Wᵀ W: its columns are orthogonal."""
    found: Floats = W @ np.linalg.eigh(W.T @ W)[1]
    return found


STAR_WITNESS = Derivation(
    id="ppca.star-rotation-witness",
    title="Two models of equal likelihood, of which a diagonal posterior prefers one",
    inputs=Inputs("loadings W with columns that are not orthogonal, σ², an x", _draw_generic),
    scope="continuous",
    lines=(
        Line(
            "L0",
            r"\log \mathcal{N}(x; 0, W W^\top + \sigma^2 I)",
            lambda W, s2, x: log_normal(x, 0 * x, covariance(W, s2)),
        ),
        Line(
            "L1",
            r"\log \mathcal{N}(x; 0, W R (W R)^\top + \sigma^2 I),\quad"
            r" R^\top W^\top W R \text{ diagonal}",
            lambda W, s2, x: log_normal(x, 0 * x, covariance(_principal(W), s2)),
            by="the likelihood does not see R",
        ),
        Line(
            "G0",
            r"\tfrac12 \bigl(\sum_i \log P_{ii} - \log\det P\bigr)",
            lambda W, s2, **_: diagonal_gap(W, s2),
            None,
        ),
        Line(
            "G1",
            r"\tfrac12 \bigl(\sum_i \log (R^\top P R)_{ii} - \log\det R^\top P R\bigr)",
            lambda W, s2, **_: diagonal_gap(_principal(W), s2),
            ">",
            by="the diagonal posterior does",
        ),
        Line("G2", r"0", lambda **_: 0.0, by="Rᵀ P R is diagonal"),
    ),
    golden=(
        Golden(
            "pPCA★",
            {"W": _W, "s2": 0.5, "x": STAR["x"]},
            {"L0": -3.945796059012, "L1": -3.945796059012, "G0": GAP, "G1": 0.0},
        ),
    ),
    mutants=(Mutant("gap-rotation-invariant", "G1", lambda W, s2, **_: diagonal_gap(W, s2)),),
)

DERIVATIONS: tuple[Derivation, ...] = (ROTATION, DIAGONAL_GAP, STAR_WITNESS)
