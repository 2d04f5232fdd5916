"""Which gradient estimator varies less, and sampling an index by added noise."""

from math import erf
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, gauss_hermite

_NODES, _WEIGHTS = gauss_hermite(60)

_GRID = np.linspace(-12, 12, 6001)
"""The trapezoidal rule on it is exact to rounding for a Gaussian times waves of length > 0.01."""


def _variance(values: Floats, weights: Floats) -> Any:
    """E v² − (E v)²."""
    return weights @ values**2 - (weights @ values) ** 2


def _on_grid(values: Floats) -> Any:
    """The variance of the values on the grid under N(0, 1)."""
    weights = np.exp(-0.5 * _GRID**2)
    return _variance(values, weights / weights.sum())


_VARIANCES = Derivation(
    id="grad.variance-comparison",
    title="For z² the gradient through the sample varies less; for a fast wave, more",
    inputs=Inputs(
        "mean and standard deviation of a Gaussian, and the frequency of a wave",
        lambda rng: {
            "mu": rng.uniform(-1, 1),
            "sigma": rng.uniform(0.3, 1.5),
            "w": rng.uniform(5, 20),
        },
        ({"mu": 0.0, "sigma": 1.0, "w": 20.0}, {"mu": 1.0, "sigma": 1e-3, "w": 10.0}),
    ),
    lines=(
        Line(
            "score",
            r"\mathrm{Var}\left[z^2 \, \frac{z - \mu}{\sigma^2}\right]",
            lambda mu, sigma, w: _variance((mu + sigma * _NODES) ** 2 * _NODES / sigma, _WEIGHTS),
        ),
        Line(
            "score-closed",
            r"\frac{\mu^4}{\sigma^2} + 14 \mu^2 + 15 \sigma^2",
            lambda mu, sigma, w: mu**4 / sigma**2 + 14 * mu**2 + 15 * sigma**2,
            by="the moments of ε to the sixth",
        ),
        Line(
            "pathwise",
            r"\mathrm{Var}\left[2 (\mu + \sigma\epsilon)\right]",
            lambda mu, sigma, w: _variance(2 * (mu + sigma * _NODES), _WEIGHTS),
            ">",
            "15σ² > 4σ²",
        ),
        Line("pathwise-closed", r"4 \sigma^2", lambda mu, sigma, w: 4 * sigma**2, by="Var ε = 1"),
        Line(
            "wave-pathwise",
            r"\mathrm{Var}\left[\omega \cos \omega\epsilon\right], \quad f = \sin \omega z",
            lambda mu, sigma, w: _on_grid(w * np.cos(w * _GRID)),
            None,
        ),
        Line(
            "wave-pathwise-closed",
            r"\omega^2 \left[\tfrac12 (1 + e^{-2\omega^2}) - e^{-\omega^2}\right]",
            lambda mu, sigma, w: w**2 * (0.5 + 0.5 * np.exp(-2 * w**2) - np.exp(-(w**2))),
            by="E cos tε = exp(−t²/2)",
        ),
        Line(
            "wave-score",
            r"\mathrm{Var}\left[\epsilon \sin \omega\epsilon\right]",
            lambda mu, sigma, w: _on_grid(_GRID * np.sin(w * _GRID)),
            ">",
            "f is bounded, its slope is not",
        ),
        Line(
            "wave-score-closed",
            r"\tfrac12 \left[1 - (1 - 4\omega^2) e^{-2\omega^2}\right] - \omega^2 e^{-\omega^2}",
            lambda mu, sigma, w: (
                0.5 - 0.5 * (1 - 4 * w**2) * np.exp(-2 * w**2) - w**2 * np.exp(-(w**2))
            ),
            by="E ε² cos tε = (1 − t²) exp(−t²/2)",
        ),
    ),
    mutants=(
        Mutant(
            "reparam-always-lower",
            "wave-score",
            mirrored(
                lambda mu, sigma, w: _on_grid(w * np.cos(w * _GRID)),
                lambda mu, sigma, w: _on_grid(_GRID * np.sin(w * _GRID)),
            ),
        ),
        Mutant(
            "score-variance-formula-missing-14mu2",
            "score-closed",
            lambda mu, sigma, w: mu**4 / sigma**2 + 15 * sigma**2,
        ),
    ),
    tolerance="T2",
    golden=(
        Golden(
            "μ = 0.7, σ = 0.5",
            {"mu": 0.7, "sigma": 0.5, "w": 20.0},
            {"pathwise": 1.0, "score": 11.5704, "wave-pathwise": 200.0, "wave-score": 0.5},
        ),
    ),
    scope="continuous",
)

_LINE = np.linspace(-40.0, 60.0, 4001)
_STEP = float(_LINE[1] - _LINE[0])


def _gumbel_wins(p: Floats) -> Floats:
    """∫ g(t − log π_k) Π_{j ≠ k} G(t − log π_j) dt for each k, G = exp(−exp(−t))."""
    with np.errstate(over="ignore"):
        below = np.exp(-p[:, None] * np.exp(-_LINE))
    density = p[:, None] * np.exp(-_LINE) * below
    others = np.stack([np.delete(below, k, 0).prod(0) for k in range(len(p))])
    found: Floats = (density * others).sum(1) * _STEP
    return found


def _normal_wins(p: Floats) -> Floats:
    """The same with the noise of a standard Gaussian."""
    with np.errstate(divide="ignore"):
        t = _LINE - np.log(p)[:, None]
    below = 0.5 + 0.5 * np.vectorize(erf)(t / np.sqrt(2))
    density = np.exp(-0.5 * np.minimum(np.abs(t), 50.0) ** 2) / np.sqrt(2 * np.pi)
    others = np.stack([np.delete(below, k, 0).prod(0) for k in range(len(p))])
    found: Floats = (density * others).sum(1) * _STEP
    return found


def _draw_three(rng: Generator) -> Case:
    return {"p": table(rng, 3)}


_GUMBEL = Derivation(
    id="grad.gumbel-max",
    title="The largest of log π_k with Gumbel noise is at k with probability π_k",
    inputs=Inputs(
        "distribution π of three outcomes",
        _draw_three,
        (
            {"p": np.array([0.5, 0.3, 0.2])},
            {"p": np.array([0.0, 0.4, 0.6])},
            {"p": np.array([0.0, 0.0, 1.0])},
        ),
    ),
    lines=(
        Line(
            "wins",
            r"\int g(t - \log \pi_k) \prod_{j \ne k} G(t - \log \pi_j) \,dt,"
            r" \quad G(t) = e^{-e^{-t}}",
            _gumbel_wins,
        ),
        Line(
            "probability",
            r"\pi_k",
            lambda p: p,
            by="Σ_j π_j e^{−t} = e^{−t}: the integrand is π_k g(t)",
        ),
    ),
    mutants=(
        Mutant(
            "normal-noise-instead-of-gumbel",
            "wins",
            _normal_wins,
            {"p": np.array([0.5, 0.3, 0.2])},
        ),
    ),
    tolerance="T2",
    scope="discrete",
)

DERIVATIONS: tuple[Derivation, ...] = (_VARIANCES, _GUMBEL)
