"""Linear models x = W z + b + σ ε: the matrices and sums that many lines share.

C = W Wᵀ + σ² I is the covariance of x, M = Wᵀ W + σ² I belongs to the posterior of z.

For data of covariance S = U Λ Uᵀ, the decoder N(W z, σ² I) and the encoder N(V x, D), D diagonal:

    rec  = [tr (I − W V) S (I − W V)ᵀ + tr W D Wᵀ] / 2σ² + ½ d log 2πσ²,
    rate = ½ [tr V S Vᵀ + tr D − log det D − k].
"""

import numpy as np

from pydis.derivations.tools import Floats
from pydis.probability import FullGaussian

LOG_2PI = float(np.log(2 * np.pi))


def solve(A: Floats, b: Floats) -> Floats:
    """A⁻¹ b."""
    return np.asarray(np.linalg.solve(A, b), np.float64)


def inverse(A: Floats) -> Floats:
    """A⁻¹."""
    return np.asarray(np.linalg.inv(A), np.float64)


def covariance(W: Floats, s2: float) -> Floats:
    """C = W Wᵀ + σ² I, `[d, d]`."""
    found: Floats = W @ W.T + s2 * np.eye(len(W))
    return found


def inner(W: Floats, s2: float) -> Floats:
    """M = Wᵀ W + σ² I, `[k, k]`."""
    found: Floats = W.T @ W + s2 * np.eye(W.shape[1])
    return found


def log_det(A: Floats) -> float:
    """log det A of a positive definite A."""
    return float(np.linalg.slogdet(A)[1])


def off_diagonal(A: Floats) -> Floats:
    """A with zeros on its diagonal."""
    found: Floats = A - np.diag(np.diagonal(A))
    return found


def gaussian(mean: Floats, covariance: Floats) -> FullGaussian:
    """The library's N(μ, Σ), a batch of one."""
    return FullGaussian(mean[None], np.linalg.cholesky(covariance)[None])


def log_normal(x: Floats, mean: Floats, cov: Floats) -> float:
    """log N(x; μ, Σ) = −½ [(x − μ)ᵀ Σ⁻¹ (x − μ) + log det Σ + d log 2π]."""
    gap = x - mean
    return float(-0.5 * (gap @ solve(cov, gap) + log_det(cov) + len(x) * LOG_2PI))


def data(lam: Floats, U: Floats) -> Floats:
    """S = U Λ Uᵀ."""
    found: Floats = (U * lam) @ U.T
    return found


def points(lam: Floats, U: Floats) -> Floats:
    """2 d points of mean 0 and covariance S: ± √(d λ_i) u_i."""
    half = np.sqrt(len(lam)) * (U * np.sqrt(lam)).T
    return np.concatenate([half, -half])


def log_likelihood(W: Floats, s2: float, S: Floats) -> float:
    """E log p(x) = −½ [d log 2π + log det C + tr C⁻¹ S]."""
    C = covariance(W, s2)
    trace = np.trace(solve(C, S))
    return float(-0.5 * (len(S) * LOG_2PI + log_det(C) + trace))


def slope(W: Floats, s2: float, S: Floats) -> Floats:
    """∂/∂W of it: C⁻¹ (S C⁻¹ − I) W."""
    C = covariance(W, s2)
    found: Floats = solve(C, S @ solve(C, W) - W)
    return found


def encoder(W: Floats, s2: float) -> tuple[Floats, Floats]:
    """The best V = M⁻¹ Wᵀ and the diagonal σ² / M_ii of the best D."""
    M = inner(W, s2)
    return solve(M, W.T), s2 / np.diagonal(M)


def rate(V: Floats, D: Floats, S: Floats) -> float:
    """½ [tr V S Vᵀ + tr D − log det D − k], D as its diagonal."""
    return float(0.5 * (np.trace(V @ S @ V.T) + (D - np.log(D) - 1).sum()))


def elbo(W: Floats, s2: float, V: Floats, D: Floats, S: Floats) -> float:
    """−rec − rate."""
    miss = np.eye(len(S)) - W @ V
    errors = np.trace(miss @ S @ miss.T) + np.trace((W * D) @ W.T)
    rec = errors / (2 * s2) + 0.5 * len(S) * np.log(2 * np.pi * s2)
    return -float(rec) - rate(V, D, S)
