"""Gaussians: the divergence from the prior, and expected squares."""

from math import pi
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import (
    Case,
    Derivation,
    Golden,
    Inputs,
    Line,
    Mutant,
)
from pydis.derivations.tools import Floats, gauss_hermite
from pydis.probability import (
    Gaussian,
    kl,
    kl_by_coordinate,
    standard_normal_like,
)

LOG_2PI = np.log(2 * pi)


def _grid(n: int = 20) -> tuple[Floats, Floats]:
    """Nodes `[n², 2]` and weights of a standard Gaussian in the plane."""
    nodes, weights = gauss_hermite(n)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    return grid, np.outer(weights, weights).ravel()


def _draws(mu: Floats, logvar: Floats) -> Floats:
    """μ + σ ε at the nodes of ε, `[40, k]`."""
    return mu + np.exp(0.5 * logvar) * gauss_hermite(40)[0][:, None]


def _mean(values: Floats) -> Any:
    """Σ_k E of the values `[40, k]` at the nodes."""
    return (gauss_hermite(len(values))[1] @ values).sum()


def _log_normal(z: Floats, mu: Any, var: Any) -> Floats:
    """log N(z; μ, σ²), elementwise."""
    found: Floats = -0.5 * (LOG_2PI + np.log(var) + (z - mu) ** 2 / var)
    return found


def _gaussian(mu: Floats, logvar: Floats) -> Gaussian:
    """One example."""
    return Gaussian(mu[None], logvar[None])


_DIAGONAL = Derivation(
    id="gauss.kl-diag-standard",
    title="The divergence of a diagonal Gaussian from the standard one",
    inputs=Inputs(
        "mean mu and logarithms of the variances",
        lambda rng: {
            "mu": rng.uniform(-5, 5, size=(k := int(rng.integers(1, 4)))),
            "logvar": rng.uniform(-6, 4, size=k),
        },
        (
            {"mu": np.array([0.5, 1.0]), "logvar": np.array([-20.0, 10.0])},
            {"mu": np.array([2.0]), "logvar": np.array([0.0])},
        ),
    ),
    lines=(
        Line(
            "own",
            r"\mathbb E_q[\log q(z)]",
            lambda mu, logvar: _mean(_log_normal(_draws(mu, logvar), mu, np.exp(logvar))),
        ),
        Line(
            "own-closed",
            r"-\tfrac12 \sum_i \left(\log 2\pi + \log \sigma_i^2 + 1\right)",
            lambda mu, logvar: -0.5 * np.sum(LOG_2PI + logvar + 1),
            by="E(z − μ)² = σ²",
        ),
        Line(
            "prior",
            r"\mathbb E_q[\log p(z)]",
            lambda mu, logvar: _mean(_log_normal(_draws(mu, logvar), 0.0, 1.0)),
            None,
        ),
        Line(
            "prior-closed",
            r"-\tfrac12 \sum_i \left(\log 2\pi + \mu_i^2 + \sigma_i^2\right)",
            lambda mu, logvar: -0.5 * np.sum(LOG_2PI + mu**2 + np.exp(logvar)),
            by="E z² = μ² + σ²",
        ),
        Line(
            "divergence",
            r"\mathbb E_q[\log q(z) - \log p(z)]",
            lambda mu, logvar: _mean(
                _log_normal(_draws(mu, logvar), mu, np.exp(logvar))
                - _log_normal(_draws(mu, logvar), 0.0, 1.0)
            ),
            None,
        ),
        Line(
            "closed",
            r"\tfrac12 \sum_i \left(\mu_i^2 + \sigma_i^2 - \log \sigma_i^2 - 1\right)",
            lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(logvar) - logvar - 1),
            by="the difference of the two",
        ),
        Line(
            "library",
            r"\mathrm{KL}(\mathcal N(\mu, \mathrm{diag}\,\sigma^2) \,\|\, \mathcal N(0, I))",
            lambda mu, logvar: kl(q := Gaussian(mu[None], logvar[None]), standard_normal_like(q))[
                0
            ],
            by="its closed form",
        ),
        Line(
            "coordinates",
            r"\sum_i \mathrm{KL}(\mathcal N(\mu_i, \sigma_i^2) \,\|\, \mathcal N(0, 1))",
            lambda mu, logvar: kl_by_coordinate(
                _gaussian(mu, logvar), _gaussian(0 * mu, 0 * mu)
            ).sum(),
            by="the coordinates are independent",
        ),
    ),
    mutants=(
        Mutant(
            "sign-of-logvar",
            "closed",
            lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(logvar) + logvar - 1),
        ),
        Mutant(
            "missing-minus-one",
            "closed",
            lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(logvar) - logvar),
        ),
        Mutant(
            "std-vs-var",
            "closed",
            lambda mu, logvar: 0.5 * np.sum(mu**2 + np.exp(0.5 * logvar) - logvar - 1),
        ),
    ),
    golden=(
        Golden(
            "two latents",
            {"mu": np.array([1.0, -0.5]), "logvar": np.array([0.2, -1.0])},
            {"closed": 0.819641099666, "library": 0.819641099666},
        ),
        Golden("the prior", {"mu": np.zeros(2), "logvar": np.zeros(2)}, {"closed": 0.0}),
    ),
    scope="continuous",
)


def _draw_square(rng: Generator) -> Case:
    return {
        "A": rng.normal(size=(3, 2)),
        "b": rng.normal(size=3),
        "x": rng.normal(size=3),
        "m": rng.normal(size=2),
        "L": np.tril(rng.normal(size=(2, 2))),
    }


_MAP = {
    "A": np.array([[1.0, 0.5], [0.0, 1.0], [0.5, -0.5]]),
    "b": np.array([0.1, 0.2, 0.3]),
    "x": np.array([1.0, -1.0, 0.5]),
    "m": np.array([0.4, -0.6]),
}

_SQUARE = Derivation(
    id="gauss.expected-squared-error",
    title="The expected squared error is that at the mean and a trace",
    inputs=Inputs(
        "x, the map z ↦ Az + b, and z ~ N(m, S) with S = LLᵀ",
        _draw_square,
        (
            {**_MAP, "L": np.array([[0.5, 0.0], [0.2, 0.3]])},
            {**_MAP, "L": np.zeros((2, 2))},  # no spread
        ),
    ),
    lines=(
        Line(
            "expected",
            r"\mathbb E_{z \sim \mathcal N(m, S)} \|x - Az - b\|^2",
            lambda A, b, x, m, L: (
                _grid()[1] @ np.sum((x - (m + _grid()[0] @ L.T) @ A.T - b) ** 2, axis=1)
            ),
        ),
        Line(
            "closed",
            r"\|x - Am - b\|^2 + \mathrm{tr}(A S A^\top)",
            lambda A, b, x, m, L: np.sum((x - A @ m - b) ** 2) + np.trace(A @ L @ L.T @ A.T),
            by="the cross term has mean 0",
        ),
    ),
    mutants=(Mutant("no-trace", "closed", lambda A, b, x, m, L: np.sum((x - A @ m - b) ** 2)),),
    scope="continuous",
)


DERIVATIONS: tuple[Derivation, ...] = (_DIAGONAL, _SQUARE)
