"""A linear β-VAE in the plane: its best encoder, its loss twice, and what its code tells of x.

x ~ N(0, S), x | z ~ N(W z, σ² I), z ~ N(0, I), q(z | x) = N(V x, diag D).
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case
from pydis.derivations.tools import Floats, gauss_hermite
from pydis.objectives import (
    Terms,
    beta_objective,
    gaussian_normaliser,
    gaussian_reconstruction,
    rate,
)
from pydis.probability import Gaussian


def rotation(angle: float) -> Floats:
    """The rotation of the plane by an angle."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def encoder(W: Floats, s2: float, beta: float) -> tuple[Floats, Floats]:
    """The best V and D for a decoder W: M = WᵀW + βσ² I, V = M⁻¹Wᵀ, D_i = βσ² / M_ii."""
    M = W.T @ W + beta * s2 * np.eye(W.shape[1])
    V = np.asarray(np.linalg.solve(M, W.T), np.float64)
    return V, beta * s2 / np.diag(M)


def objective(S: Floats, W: Floats, V: Floats, D: Floats, s2: float, beta: float) -> float:
    """E[−log p(x | z)] + β E[KL(q(z | x), N(0, I))], by traces."""
    gap = np.eye(len(S)) - W @ V
    errors = np.trace(gap @ S @ gap.T) + np.trace(W @ np.diag(D) @ W.T)
    rec = errors / (2 * s2) + len(S) / 2 * np.log(2 * np.pi * s2)
    return float(rec + beta * (np.trace(V @ S @ V.T) + np.sum(D - np.log(D) - 1)) / 2)


def sampled(S: Floats, W: Floats, V: Floats, D: Floats, s2: float, beta: float) -> Any:
    """The same by the library's loss, averaged over 3 × 3 Gauss–Hermite nodes of x and of z."""
    e, w = gauss_hermite(3)
    nodes = np.stack(np.meshgrid(e, e, indexing="ij"), -1).reshape(-1, 2)
    x = np.repeat(nodes * np.sqrt(np.diag(S)), 9, axis=0)
    z = x @ V.T + np.tile(nodes, (9, 1)) * np.sqrt(D)
    terms = Terms(
        gaussian_reconstruction(x, z @ W.T, s2) + gaussian_normaliser(2, s2),
        rate(Gaussian(x @ V.T, np.broadcast_to(np.log(D), x.shape))),
    )
    return np.outer(np.outer(w, w), np.outer(w, w)).ravel() @ beta_objective(terms, beta)


def decoder(lam: Floats, s2: float, beta: float, angle: float) -> Floats:
    """W = (Λ − βσ²)^½ R."""
    W: Floats = np.sqrt(lam - beta * s2)[:, None] * rotation(angle)
    return W


def information(lam: Floats, W: Floats, V: Floats, D: Floats) -> Floats:
    """I(x_i; z_j) = −½ log (1 − ρ²) of the Gaussian pairs, ρ their correlation, `[2, 2]`."""
    covariance = lam[:, None] * V.T
    rho2 = covariance**2 / np.outer(lam, np.diag(V @ np.diag(lam) @ V.T) + D)
    found: Floats = -0.5 * np.log(1 - rho2)
    return found


def draw(rng: Generator) -> Case:
    """λ, equal in every other draw, with λ > βσ²; an angle; and any other decoder."""
    lam = rng.uniform(3, 8, 2)
    if rng.integers(2):
        lam[1] = lam[0]
    s2 = float(rng.uniform(0.3, 1.2))
    return {
        "lam": lam,
        "s2": s2,
        "beta": float(rng.uniform(1, 2.4)),
        "angle": float(rng.uniform(0.2, 1.3)),
        "other": rng.uniform(-1.5, 1.5, (2, 2)),
    }


STAR: dict[str, Any] = {
    "lam": np.array([4.0, 4.0]),
    "s2": 1.0,
    "beta": 2.0,
    "angle": 0.0,
    "other": np.array([[1.0, 0.5], [-0.3, 0.8]]),
}
DIAGONAL = STAR | {"angle": np.pi / 4}
