"""Entropy and information of densities: what carries over from tables, and what does not."""

from math import e, erf, pi, sqrt
from typing import Any

import numpy as np

from pydis.derivations.derivation import (
    Derivation,
    Golden,
    Inputs,
    Line,
    Mutant,
    UndefinedLine,
)
from pydis.derivations.tools import Floats, gauss_hermite, xlogy
from pydis.information import gaussian_mutual_information
from pydis.probability import FullGaussian, Gaussian


def _gaussian(s: float) -> Gaussian:
    """N(0, s²)."""
    return Gaussian(np.zeros((1, 1)), np.full((1, 1), 2 * np.log(s)))


def _log_density(x: Floats, s: float) -> Floats:
    """log N(x; 0, s²)."""
    found: Floats = -0.5 * (x / s) ** 2 - np.log(s) - 0.5 * np.log(2 * pi)
    return found


def _mean(values: Floats) -> Any:
    """E f(ε), ε ~ N(0, 1), of the values of f at the nodes."""
    return gauss_hermite(len(values))[1] @ values


_NODES = gauss_hermite(40)[0]

_INVARIANCE = Derivation(
    id="entropy.differential-not-invariant",
    title="The entropy of a density moves with the scale, and may be negative",
    inputs=Inputs(
        "standard deviation s and scale a",
        lambda rng: {
            "s": np.exp(rng.uniform(-4, 2)),
            "a": rng.choice([-1, 1]) * rng.uniform(0.1, 5),
        },
        ({"s": 1.0, "a": 1.0}, {"s": 1e-8, "a": -2.0}, {"s": 0.1, "a": 10.0}),
    ),
    lines=(
        Line(
            "integral",
            r"-\int p(x) \log p(x) \,dx, \quad p = \mathcal N(0, s^2)",
            lambda s, a: -_mean(_log_density(s * _NODES, s)),
        ),
        Line(
            "closed",
            r"\tfrac12 \log 2 \pi e s^2",
            lambda s, a: 0.5 * np.log(2 * pi * e * s**2),
            by="the mean of x² is s²",
        ),
        Line("library", r"h(\mathcal N(0, s^2))", lambda s, a: _gaussian(s).entropy().item()),
        Line(
            "scaled",
            r"-\int p_{aX}(y) \log p_{aX}(y) \,dy, \quad p_{aX}(y) = \tfrac{1}{|a|} p(y / a)",
            lambda s, a: -_mean(_log_density(a * s * _NODES / a, s) - np.log(abs(a))),
            None,
        ),
        Line(
            "shifted",
            r"h(X) + \log |a|",
            lambda s, a: 0.5 * (1 + np.log(2 * pi)) + np.log(s) + np.log(abs(a)),
            by="the density of aX",
        ),
        Line(
            "negative", r"h(X) < 0", lambda s, a: bool(_mean(_log_density(s * _NODES, s)) > 0), None
        ),
        Line(
            "narrow",
            r"s < 1 / \sqrt{2 \pi e}",
            lambda s, a: bool(s < 1 / sqrt(2 * pi * e)),
            "iff",
            "the logarithm of 2πe s² is negative",
        ),
    ),
    mutants=(
        Mutant(
            "invariant-under-scaling",
            "shifted",
            lambda s, a: 0.5 * (1 + np.log(2 * pi)) + np.log(s),
        ),
        Mutant("nonneg", "negative", lambda s, a: False, {"s": 0.1, "a": 1.0}),
    ),
    scope="continuous",
)


def _cells(step: float, s: float) -> Floats:
    """P(kΔ ≤ X < (k + 1)Δ), X ~ N(0, s²), out to ten standard deviations."""
    last = int(np.ceil(10 * s / step))
    edges = np.arange(-last, last + 1) * step / (s * sqrt(2))
    return np.diff([0.5 * erf(x) for x in edges])


_QUANTISATION = Derivation(
    id="entropy.quantisation",
    title="The entropy of a finely rounded X is that of its density less the logarithm of the step",
    inputs=Inputs(
        "standard deviation s and step Δ",
        lambda rng: {"s": (s := np.exp(rng.uniform(-1, 1))), "step": s * rng.uniform(0.01, 0.1)},
        ({"s": 1.0, "step": 0.01},),
    ),
    lines=(
        Line(
            "rounded",
            r"-\sum_k P(X^\Delta = k) \log P(X^\Delta = k) + \log \Delta",
            lambda s, step: -xlogy(_cells(step, s), _cells(step, s)).sum() + np.log(step),
        ),
        Line(
            "density",
            r"h(X) = \tfrac12 \log 2 \pi e s^2",
            lambda s, step: 0.5 * np.log(2 * pi * e * s**2),
            by="the density is nearly constant in a cell",
            tolerance=1e-3,
        ),
    ),
    mutants=(
        Mutant(
            "no-log-delta",
            "rounded",
            lambda s, step: -xlogy(_cells(step, s), _cells(step, s)).sum(),
        ),
    ),
    scope="continuous",
    draws=5,
)


def _pair(rho: float) -> tuple[Floats, Floats, Floats]:
    """x, y and weights of a bivariate Gaussian with correlation ρ. ∞ − ∞ in log p for |ρ| = 1."""
    if abs(rho) == 1:
        raise UndefinedLine("a singular Gaussian has no density")
    nodes, weights = gauss_hermite(40)
    x, z = np.meshgrid(nodes, nodes)
    return x, rho * x + sqrt(1 - rho**2) * z, np.outer(weights, weights)


def _log_ratio(x: Floats, y: Floats, rho: float) -> Floats:
    """log p(x, y) − log p(x) p(y)."""
    form = (x**2 - 2 * rho * x * y + y**2) / (1 - rho**2) - x**2 - y**2
    found: Floats = -0.5 * (form + np.log(1 - rho**2))
    return found


def _entropies(rho: float) -> Any:
    """h(X) + h(Y) − h(X, Y) by the library."""
    if abs(rho) == 1:
        raise UndefinedLine("a singular Gaussian has no density")
    factor = np.array([[[1.0, 0.0], [rho, sqrt(1 - rho**2)]]])
    alone = _gaussian(1.0).entropy().item()
    return alone + alone - FullGaussian(np.zeros((1, 2)), factor).entropy().item()


def _information(rho: float) -> Any:
    """I(X; Y) by the library."""
    if abs(rho) == 1:
        raise UndefinedLine("a singular Gaussian has no density")
    return gaussian_mutual_information(np.array([[1.0, rho], [rho, 1.0]]), 1)


_MI_GAUSSIAN = Derivation(
    id="mi.gaussian",
    title="The information of two Gaussians is a function of their correlation",
    inputs=Inputs(
        "correlation ρ",
        lambda rng: {"rho": rng.uniform(-0.95, 0.95)},
        ({"rho": 0.0}, {"rho": 0.9}),
    ),
    lines=(
        Line(
            "integral",
            r"\iint p(x, y) \log \frac{p(x, y)}{p(x) p(y)} \,dx\,dy",
            lambda rho: np.sum(_pair(rho)[2] * _log_ratio(*_pair(rho)[:2], rho)),
        ),
        Line(
            "closed",
            r"-\tfrac12 \log(1 - \rho^2)",
            lambda rho: -0.5 * xlogy(1, 1 - rho**2),
            by="the mean of xy is ρ",
        ),
        Line("entropies", r"h(X) + h(Y) - h(X, Y)", _entropies, by="the determinant is 1 - ρ²"),
        Line("library", r"I(X; Y)", _information, by="its definition"),
    ),
    mutants=(
        Mutant("plus-sign", "closed", lambda rho: 0.5 * xlogy(1, 1 - rho**2)),
        Mutant("rho-not-squared", "closed", lambda rho: -0.5 * xlogy(1, 1 - abs(rho))),
    ),
    tolerance="T2",
    scope="continuous",
    golden=(
        Golden("ρ = 1", {"rho": 1.0}, {"closed": np.inf}, ("integral", "entropies", "library")),
        Golden("ρ = −1", {"rho": -1.0}, {"closed": np.inf}, ("integral",)),
        Golden("ρ = 0", {"rho": 0.0}, {"closed": 0.0, "library": 0.0}),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (_INVARIANCE, _QUANTISATION, _MI_GAUSSIAN)
