"""Beyond the paper: the slopes of an expectation over a Gaussian, by path and by score."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.linear_tools import inverse, solve
from pydis.derivations.tools import Floats, gauss_hermite


def _draw_wave(rng: Generator) -> Case:
    L = np.tril(rng.uniform(-0.6, 0.6, (2, 2)), -1) + np.diag(rng.uniform(0.4, 1.2, 2))
    return {"mu": rng.normal(size=2), "L": L, "w": rng.uniform(-1.5, 1.5, 2), "c": rng.normal()}


_WAVE: Case = {
    "mu": np.array([0.3, -0.5]),
    "L": np.array([[0.8, 0.0], [0.4, 0.6]]),
    "w": np.array([1.0, -0.7]),
    "c": 0.2,
}


def _points(mu: Floats, L: Floats) -> tuple[Floats, Floats, Floats]:
    """ε, z = μ + L ε, and weights with Σ w f(z) = E f."""
    node, weight = gauss_hermite(40)
    e = np.stack(np.meshgrid(node, node), -1).reshape(-1, 2)
    return e, mu + e @ L.T, np.outer(weight, weight).ravel()


def _mean_of_slope(mu: Floats, L: Floats, w: Floats, c: float) -> Floats:
    _, z, weight = _points(mu, L)
    found: Floats = -(weight @ np.sin(z @ w + c)) * w
    return found


def _score_of_mean(mu: Floats, L: Floats, w: Floats, c: float) -> Floats:
    _, z, weight = _points(mu, L)
    return solve(L @ L.T, (z - mu).T @ (weight * np.cos(z @ w + c)))


def _mean_of_curvature(mu: Floats, L: Floats, w: Floats, c: float) -> Floats:
    _, z, weight = _points(mu, L)
    found: Floats = -(weight @ np.cos(z @ w + c)) * np.outer(w, w)
    return found


def _score_of_covariance(mu: Floats, L: Floats, w: Floats, c: float) -> Floats:
    _, z, weight = _points(mu, L)
    pull = solve(L @ L.T, (z - mu).T)
    f = weight * np.cos(z @ w + c)
    found: Floats = 0.5 * ((pull * f) @ pull.T - f.sum() * inverse(L @ L.T))
    return found


def _path_of_factor(mu: Floats, L: Floats, w: Floats, c: float) -> Floats:
    e, z, weight = _points(mu, L)
    found: Floats = np.outer(w, -(weight * np.sin(z @ w + c)) @ e)
    return found


def _amplitude(L: Floats, w: Floats) -> float:
    """E cos(w·(z − μ)) = exp(−½ wᵀ Σ w)."""
    return float(np.exp(-0.5 * ((w @ L) ** 2).sum()))


BONNET_PRICE = Derivation(
    id="gauss.bonnet-price",
    title="The path's gradient is the score's, and half a curvature is the covariance's",
    scope="continuous",
    tolerance="T2",
    source="Bonnet 1964; Price 1958; Stein 1981",
    conditions="f is smooth and grows less than e^{z²}; here f(z) = cos(w·z + c), Σ = L Lᵀ.",
    inputs=Inputs("a Gaussian N(μ, L Lᵀ) and a wave f", _draw_wave, (_WAVE,)),
    lines=(
        Line("M0", r"\mathbb{E}[\nabla f(\mu + L \epsilon)]", _mean_of_slope),
        Line(
            "M1",
            r"\mathbb{E}[f(z)\, \Sigma^{-1} (z - \mu)]",
            _score_of_mean,
            by="by parts: the score is −∇ log of the Gaussian in z (Bonnet)",
        ),
        Line(
            "M2",
            r"\nabla_\mu\, e^{-\frac12 w^\top \Sigma w} \cos(w \cdot \mu + c)",
            lambda mu, L, w, c: -_amplitude(L, w) * np.sin(w @ mu + c) * w,
            by="E f in closed form",
        ),
        Line(
            "S0",
            r"\tfrac12 \mathbb{E}[\nabla^2 f(z)]",
            lambda **case: 0.5 * _mean_of_curvature(**case),
            None,
        ),
        Line(
            "S1",
            r"\tfrac12 \mathbb{E}[f(z) (\Sigma^{-1} (z - \mu) (z - \mu)^\top \Sigma^{-1}"
            r" - \Sigma^{-1})]",
            _score_of_covariance,
            by="by parts twice (Price)",
        ),
        Line(
            "S2",
            r"\nabla_\Sigma\, e^{-\frac12 w^\top \Sigma w} \cos(w \cdot \mu + c)",
            lambda mu, L, w, c: -0.5 * _amplitude(L, w) * np.cos(w @ mu + c) * np.outer(w, w),
            by="the expectation in closed form",
        ),
        Line(
            "L0",
            r"\mathbb{E}[\nabla f(z)\, \epsilon^\top],\; z = \mu + L \epsilon",
            _path_of_factor,
            None,
        ),
        Line(
            "L1",
            r"\mathbb{E}[\nabla^2 f(z)]\, L",
            lambda L, **case: _mean_of_curvature(L=L, **case) @ L,
            by="by parts in ε: the path through L is Price's curvature",
        ),
    ),
    mutants=(
        Mutant("price-without-half", "S0", _mean_of_curvature, _WAVE),
        Mutant(
            "score-without-precision",
            "M1",
            lambda L, **case: L @ L.T @ _score_of_mean(L=L, **case),
            _WAVE,
        ),
        Mutant("path-forgets-noise", "L0", lambda **case: np.diag(_mean_of_slope(**case)), _WAVE),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (BONNET_PRICE,)
