"""The linear VAE is probabilistic PCA: its marginal, its posterior, and what a diagonal q costs.

x = W z + b + σ ε with z ~ N(0, I), so every density is Gaussian. Tipping and Bishop 1999; Lucas
et al. 2019.
"""

from typing import Any

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.linear import MODEL, STAR
from pydis.derivations.linear_tools import (
    LOG_2PI,
    covariance,
    gaussian,
    inner,
    inverse,
    log_det,
    log_normal,
    solve,
)
from pydis.derivations.tools import Floats, gauss_hermite
from pydis.probability import kl


def _log_joint(z: Floats, W: Floats, b: Floats, s2: float, x: Floats) -> Floats:
    """log N(z; 0, I) N(x; W z + b, σ² I) for each z `[n, k]`, `[n]`."""
    error = ((x - b - z @ W.T) ** 2).sum(1) / s2 + len(x) * np.log(s2)
    found: Floats = -0.5 * ((z**2).sum(1) + error + (len(x) + W.shape[1]) * LOG_2PI)
    return found


def _moment(f: Any, W: Floats, b: Floats, s2: float, x: Floats) -> Any:
    """∫ f(z) p(x, z) dz by the trapezoid rule, which for Gaussians errs by less than 1e-15."""
    step = 0.12
    axis = np.arange(-9.0, 9.0 + step, step)
    z = np.stack(np.meshgrid(*[axis] * W.shape[1]), -1).reshape(-1, W.shape[1])
    weights = np.exp(_log_joint(z, W, b, s2, x)) * step ** W.shape[1]
    return np.tensordot(weights, f(z), 1)


def _mean(W: Floats, b: Floats, s2: float, x: Floats, **_: Any) -> Floats:
    found: Floats = solve(inner(W, s2), W.T @ (x - b))
    return found


def _q_points(m: Floats, L: Floats) -> tuple[Floats, Floats, Floats]:
    """Points of q(z) = N(m, L Lᵀ), their weights, and log q there: exact for quadratics."""
    node, weight = gauss_hermite(4)
    e = np.stack(np.meshgrid(*[node] * len(m)), -1).reshape(-1, len(m))
    w = np.prod(np.stack(np.meshgrid(*[weight] * len(m)), -1).reshape(-1, len(m)), 1)
    log_q = -0.5 * ((e**2).sum(1) + len(m) * LOG_2PI) - np.log(np.diagonal(L)).sum()
    return m + e @ L.T, w, log_q


def _gap_by_expectation(W: Floats, b: Floats, s2: float, x: Floats, m: Floats, L: Floats) -> float:
    z, w, log_q = _q_points(m, L)
    return log_normal(x, b, covariance(W, s2)) + float(w @ (log_q - _log_joint(z, W, b, s2, x)))


def _gap_as_kl(W: Floats, b: Floats, s2: float, x: Floats, m: Floats, L: Floats) -> float:
    precision, gap = inner(W, s2) / s2, m - _mean(W, b, s2, x)
    trace = np.trace(precision @ L @ L.T) + gap @ precision @ gap - len(m)
    return float(0.5 * (trace - log_det(precision) - log_det(L @ L.T)))


def _woodbury(W: Floats, b: Floats, s2: float, x: Floats, **_: Any) -> float:
    d, k = W.shape
    r, M = x - b, inner(W, s2)
    quadratic = (r @ r - r @ W @ solve(M, W.T @ r)) / s2
    return float(-0.5 * (quadratic + log_det(M) + (d - k) * np.log(s2) + d * LOG_2PI))


def _bayes(W: Floats, b: Floats, s2: float, x: Floats, m: Floats, **_: Any) -> float:
    mean = _mean(W, b, s2, x)
    posterior = log_normal(m, mean, s2 * inverse(inner(W, s2)))
    return float(_log_joint(m[None], W, b, s2, x)[0] - posterior)


def _seen(s2: float, **_: Any) -> bool:
    """Whether the posterior is wide enough for the grid, and C far enough from singular."""
    return s2 >= 0.1


MARGINAL = Derivation(
    id="ppca.marginal-and-posterior",
    title="A linear VAE has a Gaussian marginal and a Gaussian posterior",
    inputs=MODEL,
    tolerance="T2",
    scope="continuous",
    draws=10,
    source="Tipping and Bishop 1999, section 3",
    lines=(
        Line(
            "L0",
            r"\log \int \mathcal{N}(z; 0, I)\, \mathcal{N}(x; W z + b, \sigma^2 I)\, dz",
            lambda W, b, s2, x, **_: np.log(_moment(lambda z: np.ones(len(z)), W, b, s2, x)),
            None,
            when=_seen,
        ),
        Line(
            "L1",
            r"-\tfrac12 [(x - b)^\top C^{-1} (x - b) + \log\det C + d \log 2\pi],"
            r"\quad C = W W^\top + \sigma^2 I",
            lambda W, b, s2, x, **_: log_normal(x, b, covariance(W, s2)),
            by="x is a sum of independent Gaussians",
        ),
        Line(
            "L2",
            r"\log \mathcal{N}(x; b, W W^\top + \sigma^2 I)",
            lambda W, b, s2, x, **_: gaussian(b, covariance(W, s2)).log_prob(x[None])[0],
            by="the definition",
        ),
        Line(
            "L3",
            r"-\tfrac12 \bigl[\sigma^{-2} (\lVert x - b \rVert^2 - (x - b)^\top W M^{-1} W^\top"
            r" (x - b)) + \log\det M + (d - k) \log\sigma^2 + d \log 2\pi\bigr]",
            _woodbury,
            by="Woodbury and the determinant lemma, M = WᵀW + σ²I",
        ),
        Line(
            "L4",
            r"\log p(x, z) - \log p(z \mid x)",
            _bayes,
            by="Bayes' rule, at any z",
        ),
        Line("P0", r"M^{-1} W^\top (x - b)", _mean, None),
        Line(
            "P1",
            r"\int z\, p(x, z)\, dz / p(x)",
            lambda W, b, s2, x, **_: (
                _moment(lambda z: z, W, b, s2, x) / np.exp(log_normal(x, b, covariance(W, s2)))
            ),
            by="the posterior is Gaussian",
            when=_seen,
        ),
        Line(
            "P2",
            r"W^\top C^{-1} (x - b)",
            lambda W, b, s2, x, **_: W.T @ solve(covariance(W, s2), x - b),
            by="W Wᵀ and Wᵀ W push through each other's inverse",
            when=_seen,
        ),
        Line(
            "P3",
            r"W^{+} (x - b)",
            lambda W, b, x, **_: np.linalg.pinv(W) @ (x - b),
            by="without noise the posterior is the projection",
            tolerance=1e-5,
            when=lambda s2, **_: s2 <= 1e-6,
        ),
        Line(
            "S0",
            r"\sigma^2 M^{-1}",
            lambda W, s2, **_: s2 * inverse(inner(W, s2)),
            None,
        ),
        Line(
            "S1",
            r"\int z z^\top p(x, z)\, dz / p(x)"
            r" - \mathbb{E}[z \mid x]\, \mathbb{E}[z \mid x]^\top",
            lambda W, b, s2, x, **_: (
                _moment(lambda z: z[:, :, None] * z[:, None], W, b, s2, x)
                / np.exp(log_normal(x, b, covariance(W, s2)))
                - np.outer(_mean(W, b, s2, x), _mean(W, b, s2, x))
            ),
            by="the second derivative of log p(x, z) in z is −M/σ²",
            when=_seen,
        ),
        Line(
            "S2",
            r"I - W^\top C^{-1} W",
            lambda W, s2, **_: np.eye(W.shape[1]) - W.T @ solve(covariance(W, s2), W),
            by="Woodbury",
            when=_seen,
        ),
        Line(
            "G0",
            r"\log p(x) + \mathbb{E}_q[\log q(z) - \log p(x, z)]",
            _gap_by_expectation,
            None,
        ),
        Line(
            "G1",
            r"\tfrac12 [\sigma^{-2} \mathrm{tr}(M L L^\top) + \sigma^{-2} (m - \mu)^\top M"
            r" (m - \mu) - k - \log\det \sigma^{-2} M - \log\det L L^\top]",
            _gap_as_kl,
            by="the divergence of two Gaussians, μ = E[z | x]",
        ),
        Line(
            "G2",
            r"\mathrm{KL}(q(z) \,\Vert\, p(z \mid x))",
            lambda W, b, s2, x, m, L: kl(
                gaussian(m, L @ L.T), gaussian(_mean(W, b, s2, x), s2 * inverse(inner(W, s2)))
            )[0],
            by="what the bound lacks",
        ),
        Line("G3", r"0", lambda **_: 0.0, ">=", by="Gibbs' inequality"),
    ),
    golden=(
        Golden(
            "pPCA★",
            STAR,
            {
                **dict.fromkeys(("L0", "L1", "L2", "L3", "L4"), -3.945796059012),
                **dict.fromkeys(("P0", "P1", "P2"), np.array([0.781818181818, -0.472727272727])),
                "S0": np.array(
                    [[0.290909090909, -0.036363636364], [-0.036363636364, 0.254545454545]]
                ),
            },
        ),
    ),
    mutants=(
        Mutant(
            "m-without-noise",
            "P0",
            lambda W, b, x, **_: np.linalg.lstsq(W.T @ W, W.T @ (x - b), rcond=None)[0],
        ),
        Mutant("posterior-cov-unscaled", "S0", lambda W, s2, **_: inverse(inner(W, s2))),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MARGINAL,)
