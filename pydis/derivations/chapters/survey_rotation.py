"""A vanilla model cannot tell its latents from rotated ones; a diagonal posterior can."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats
from pydis.probability import FullGaussian, Gaussian, kl


def _turn(theta: float) -> Floats:
    """The rotation by θ in the plane."""
    return np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])


def _draw(rng: Generator) -> Case:
    columns, _ = np.linalg.qr(rng.normal(size=(4, 2)))
    A = rng.normal(size=(4, 4))
    return {
        "W": columns * rng.uniform(0.5, 2, size=2),
        "R": _turn(rng.uniform(0.1, 1.4)),
        "s2": rng.uniform(0.3, 1.5),
        "S": A @ A.T + 0.1 * np.eye(4),
    }


_STAR: Case = {
    "W": np.array([[1.0, 0.5], [0.0, 1.0], [0.5, -0.5]]),
    "R": np.eye(2),
    "s2": 0.5,
    "S": np.diag([2.0, 1.0, 0.5]),
}

_UPRIGHT: Case = {**_STAR, "W": np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])}


def _precision(W: Floats, s2: float) -> Floats:
    """P = I + WᵀW / σ², the inverse covariance of the posterior."""
    found: Floats = np.eye(W.shape[1]) + W.T @ W / s2
    return found


def _gap(P: Floats) -> Any:
    """½ (Σ_i log P_ii − log det P)."""
    return 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P)[1])


def _best_diagonal(P: Floats) -> Any:
    """KL of N(0, diag 1/P_ii) from N(0, P⁻¹), by the library."""
    zero = np.zeros((1, len(P)))
    q = Gaussian(zero, -np.log(np.diag(P))[None])
    return kl(q, FullGaussian(zero, np.linalg.cholesky(np.linalg.inv(P))[None])).item()


def _likelihood(W: Floats, s2: float, S: Floats) -> Any:
    """E log N(x; 0, WWᵀ + σ²I) for data of covariance S."""
    C = W @ W.T + s2 * np.eye(len(W))
    return -0.5 * (
        len(W) * np.log(2 * np.pi) + np.linalg.slogdet(C)[1] + np.trace(np.linalg.solve(C, S))
    )


def _by_latents(W: Floats, M: Floats, s2: float, S: Floats) -> Any:
    """The same from M = WᵀW + σ²I in the space of the latents."""
    d, k = W.shape
    log_det = (d - k) * np.log(s2) + np.linalg.slogdet(M)[1]
    trace = (np.trace(S) - np.trace(np.linalg.solve(M, W.T @ S @ W))) / s2
    return -0.5 * (d * np.log(2 * np.pi) + log_det + trace)


def _m(W: Floats, s2: float) -> Floats:
    """WᵀW + σ²I."""
    found: Floats = W.T @ W + s2 * np.eye(W.shape[1])
    return found


_ROTATION = Derivation(
    id="survey.vanilla-nonidentifiable",
    section="2",
    items=("D04",),
    title="The likelihood does not see a rotation of the latents; a diagonal posterior does",
    inputs=Inputs(
        "map W with orthogonal columns, rotation R, noise s2 and data covariance S",
        _draw,
        (
            {**_UPRIGHT, "R": _turn(0.0)},
            {**_UPRIGHT, "R": _turn(np.pi / 4)},
            {**_UPRIGHT, "W": np.eye(3)[:, :2], "R": _turn(0.7)},  # equal norms: it costs nothing
            {**_STAR, "W": np.array([[1.0], [0.0], [0.5]]), "R": np.eye(1)},  # one latent
        ),
    ),
    lines=(
        Line(
            "likelihood",
            r"\mathbb E_x \log \mathcal N(x; 0, W W^\top + \sigma^2 I)",
            lambda W, R, s2, S: _likelihood(W, s2, S),
        ),
        Line(
            "rotated",
            r"\mathbb E_x \log \mathcal N(x; 0, W R (W R)^\top + \sigma^2 I)",
            lambda W, R, s2, S: _by_latents(W @ R, _m(W @ R, s2), s2, S),
            by="R Rᵀ = I",
        ),
        Line(
            "gap",
            r"\tfrac12 \left(\sum_i \log P_{ii} - \log \det P\right),"
            r" \quad P = I + (W R)^\top W R / \sigma^2",
            lambda W, R, s2, S: _gap(_precision(W @ R, s2)),
            None,
        ),
        Line(
            "library",
            r"\min_{q \text{ diagonal}} \mathrm{KL}(q \,\|\, \mathcal N(\mu, P^{-1}))",
            lambda W, R, s2, S: _best_diagonal(_precision(W @ R, s2)),
            by="it is at the variances 1/P_ii",
        ),
        Line(
            "no-gap",
            r"\log p(x) = \max_{q \text{ diagonal}} \mathrm{ELBO}",
            lambda W, R, s2, S: bool(_gap(_precision(W @ R, s2)) < 1e-12),
            None,
        ),
        Line(
            "orthogonal",
            r"(W R)^\top W R \text{ is diagonal}",
            lambda W, R, s2, S: bool(
                np.abs((G := (W @ R).T @ W @ R) - np.diag(np.diag(G))).max() < 1e-8
            ),
            "iff",
            "Hadamard's inequality",
        ),
    ),
    mutants=(
        Mutant(
            "likelihood-sees-rotation",
            "rotated",
            lambda W, R, s2, S: _by_latents(W @ R, np.diag(np.diag(_m(W @ R, s2))), s2, S),
        ),
        Mutant(
            "diag-posterior-elbo-blind",
            "gap",
            lambda W, R, s2, S: _gap(_precision(W, s2)),
        ),
    ),
    golden=(Golden("three pixels, two latents", _STAR, {"gap": 0.00900925275133916}),),
    errata=(
        Erratum(
            number="Q2",
            item="D04",
            printed=r"\text{vanilla GANs and VAEs do not naturally disentangle}",
            corrected=r"\text{the likelihood is the same for } W \text{ and } W R \text{;}"
            r" \text{ a diagonal posterior is exact for one } R \text{ only}",
            reason="the gap of the best diagonal posterior is 0 where WᵀW is diagonal, not here",
            label="gap",
            witness=_STAR,
            true_value=0.009009252751,
            readings={
                "the bound sees a rotation as little as the likelihood does": (
                    lambda W, R, s2, S: _gap(_precision(W @ np.linalg.eigh(W.T @ W)[1], s2)),
                    0.0,
                )
            },
        ),
    ),
    scope="continuous",
)

DERIVATIONS: tuple[Derivation, ...] = (_ROTATION,)
