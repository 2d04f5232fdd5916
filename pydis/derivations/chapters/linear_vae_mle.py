"""The most likely linear model of Gaussian data. Tipping and Bishop 1999."""

from typing import Any

import numpy as np

from pydis.derivations.derivation import Derivation, Line, Mutant
from pydis.derivations.inputs.linear import SPECTRUM
from pydis.derivations.linear_tools import (
    LOG_2PI,
    covariance,
    data,
    gaussian,
    inverse,
    log_likelihood,
    slope,
)
from pydis.derivations.tools import Floats


def noise(lam: Floats, R: Floats) -> float:
    """σ² = 1/(d − k) Σ_{j > k} λ_j."""
    return float(lam[len(R) :].mean())


def loadings(lam: Floats, U: Floats, R: Floats) -> Floats:
    """W = U_k (Λ_k − σ² I)^{1/2} R."""
    k = len(R)
    found: Floats = U[:, :k] * np.sqrt(np.maximum(lam[:k] - noise(lam, R), 0)) @ R
    return found


def _slope_by_difference(W: Floats, s2: float, S: Floats) -> Floats:
    found, step = np.zeros_like(W), 1e-5
    for at in np.ndindex(*W.shape):
        e = np.zeros_like(W)
        e[at] = step
        found[at] = (log_likelihood(W + e, s2, S) - log_likelihood(W - e, s2, S)) / (2 * step)
    return found


def _noise_slope(lam: Floats, U: Floats, R: Floats) -> float:
    """∂/∂σ² of the log-likelihood at its maximum: −½ [tr C⁻¹ − tr C⁻¹ S C⁻¹]."""
    precision = inverse(covariance(loadings(lam, U, R), noise(lam, R)))
    return float(-0.5 * np.trace(precision - precision @ data(lam, U) @ precision))


def _nudged(lam: Floats, U: Floats, R: Floats, nudges: Floats) -> float:
    W, s2, S = loadings(lam, U, R), noise(lam, R), data(lam, U)
    factor = 1 + np.tanh(nudges[:, 0, 0])
    return max(log_likelihood(W + e, s2 * f, S) for e, f in zip(nudges, factor, strict=True))


def _by_eigenvalues(lam: Floats, R: Floats, **_: Any) -> float:
    d, k, s2 = len(lam), len(R), noise(lam, R)
    kept = np.log(lam[:k]).sum()
    return float(-0.5 * (d * LOG_2PI + kept + (d - k) * np.log(s2) + d))


MLE = Derivation(
    id="ppca.mle",
    title="The most likely linear model keeps the leading eigenvectors, less the noise",
    inputs=SPECTRUM,
    tolerance="T2",
    scope="continuous",
    source="Tipping and Bishop 1999, appendix A",
    lines=(
        Line(
            "L0",
            r"-\tfrac12 [d \log 2\pi + \log\det C + \mathrm{tr}\, C^{-1} S],\quad"
            r" W = U_k (\Lambda_k - \sigma^2 I)^{1/2} R,\; \sigma^2 = \tfrac{1}{d - k}"
            r" \sum_{j > k} \lambda_j",
            lambda lam, U, R, **_: log_likelihood(loadings(lam, U, R), noise(lam, R), data(lam, U)),
        ),
        Line(
            "L1",
            r"-\tfrac12 \bigl[d \log 2\pi + \sum_{i \le k} \log\lambda_i"
            r" + (d - k) \log\sigma^2 + d\bigr]",
            _by_eigenvalues,
            by="C has the eigenvalues λ_1 … λ_k and σ²",
        ),
        Line(
            "L2",
            r"-H(\mathcal{N}(0, W W^\top + \sigma^2 I))",
            lambda lam, U, R, **_: (
                -gaussian(0 * lam, covariance(loadings(lam, U, R), noise(lam, R))).entropy()[0]
            ),
            by="tr C⁻¹ S = d, as if S were C",
        ),
        Line(
            "L3",
            r"\max_{\Delta W, \Delta\sigma^2} \mathbb{E} \log p(x; W + \Delta W, \sigma^2 +"
            r" \Delta\sigma^2)",
            _nudged,
            ">=",
            by="it is the maximum",
        ),
        Line(
            "D0",
            r"\partial_W\, \mathbb{E} \log p(x) \text{ by central differences, off the maximum}",
            lambda lam, U, R, nudges: _slope_by_difference(
                loadings(lam, U, R) + nudges[0], noise(lam, R), data(lam, U)
            ),
            None,
        ),
        Line(
            "D1",
            r"C^{-1} (S C^{-1} - I) W",
            lambda lam, U, R, nudges: slope(
                loadings(lam, U, R) + nudges[0], noise(lam, R), data(lam, U)
            ),
            by="the derivative of log det C and of C⁻¹",
            tolerance=1e-6,
        ),
        Line(
            "S0",
            r"C^{-1} (S C^{-1} - I) W \text{ at the maximum}",
            lambda lam, U, R, **_: slope(loadings(lam, U, R), noise(lam, R), data(lam, U)),
            None,
        ),
        Line("S1", r"0", lambda **_: 0.0, by="S C⁻¹ W = W"),
        Line(
            "S2",
            r"-\tfrac12 \mathrm{tr} (C^{-1} - C^{-1} S C^{-1})",
            lambda lam, U, R, **_: _noise_slope(lam, U, R),
            by="σ² is the mean of what is left out",
        ),
    ),
    mutants=(
        Mutant(
            "no-noise-subtraction",
            "L0",
            lambda lam, U, R, **_: log_likelihood(
                U[:, : len(R)] * np.sqrt(lam[: len(R)]) @ R, noise(lam, R), data(lam, U)
            ),
        ),
        Mutant(
            "bottom-eigenvectors",
            "L0",
            lambda lam, U, R, **_: log_likelihood(
                loadings(lam, U[:, ::-1], R), noise(lam, R), data(lam, U)
            ),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MLE,)
