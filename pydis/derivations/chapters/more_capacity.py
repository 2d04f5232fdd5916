"""Beyond the paper: what a noisy latent can carry."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, log, support, xlogy
from pydis.probability import Gaussian, kl


def _draw_encoder(rng: Generator) -> Case:
    n = int(rng.integers(1, 5))
    return {"p": table(rng, n), "mu": rng.uniform(-2, 2, n), "s": float(rng.uniform(0.2, 1.2))}


_MATCHED: Case = {"p": np.array([0.5, 0.5]), "mu": np.array([0.8, -0.8]), "s": 0.6}
"""An aggregated posterior of mean 0 and variance 1, as the prior."""


def _code_variance(p: Floats, mu: Floats) -> float:
    """Var_x μ(x)."""
    return float(p @ (mu - p @ mu) ** 2)


def _densities(p: Floats, mu: Floats, s: float) -> tuple[Floats, Floats, float]:
    """p(x) and log q(z | x) on a grid of z for every x that occurs, and the grid's step."""
    step, seen = s / 8, p > 0
    z = np.arange(mu.min() - 9 * s, mu.max() + 9 * s, step)
    log_q = -0.5 * ((z - mu[seen, None]) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)
    return p[seen, None], log_q, step


def _mixture_information(p: Floats, mu: Floats, s: float) -> float:
    """∫ Σ_x p(x) q(z | x) log [q(z | x) / q(z)] dz by the trapezoid rule."""
    p, log_q, step = _densities(p, mu, s)
    log_mixture = np.logaddexp.reduce(log_q + np.log(p), axis=0)
    return float((p * np.exp(log_q) * (log_q - log_mixture)).sum() * step)


def _by_posterior(p: Floats, mu: Floats, s: float) -> float:
    """H(x) + ∫ q(z) Σ_x p(x | z) log p(x | z) dz, p(x | z) = p(x) q(z | x) / q(z)."""
    p, log_q, step = _densities(p, mu, s)
    joint = p * np.exp(log_q)
    mixture = joint.sum(0)
    posterior = joint / mixture
    left = float((mixture * xlogy(posterior, posterior).sum(0)).sum() * step)
    return left - float((p * np.log(p)).sum())


LATENT_CAPACITY = Derivation(
    id="vae.latent-capacity",
    title="A latent says no more than its Gaussian channel, and its KL term pays for that at least",
    scope="continuous",
    tolerance="T2",
    source="Shannon 1948, theorem 17",
    inputs=Inputs(
        "p(x), means μ(x) of an encoder N(μ(x), s²), and s",
        _draw_encoder,
        (
            {"p": np.array([1.0]), "mu": np.array([0.7]), "s": 0.5},
            {"p": np.array([0.5, 0.5]), "mu": np.array([0.3, 0.3]), "s": 1.0},  # collapsed
            {"p": np.array([0.5, 0.0, 0.5]), "mu": np.array([9.0, 0.0, -9.0]), "s": 0.5},
        ),
    ),
    lines=(
        Line(
            "L0",
            r"\tfrac12 \sum_x p(x) [\mu(x)^2 + s^2 - \log s^2 - 1]",
            lambda p, mu, s: 0.5 * (p @ mu**2 + s**2 - 2 * np.log(s) - 1),
        ),
        Line(
            "L1",
            r"\sum_x p(x)\, \mathrm{KL}(\mathcal{N}(\mu(x), s^2) \,\Vert\, \mathcal{N}(0, 1))",
            lambda p, mu, s: (
                p
                @ kl(
                    Gaussian(mu[:, None], np.full((len(mu), 1), 2 * np.log(s))),
                    Gaussian(np.zeros((len(mu), 1)), np.zeros((len(mu), 1))),
                )
            ),
            by="the divergence of Gaussians",
        ),
        Line(
            "L2",
            r"\tfrac12 \log \bigl(1 + \mathrm{Var}_x\, \mu(x) / s^2\bigr)",
            lambda p, mu, s: 0.5 * np.log1p(_code_variance(p, mu) / s**2),
            ">=",
            by="of all Gaussian priors that of the code's own mean and variance costs least",
        ),
        Line(
            "L3",
            r"I(x; z) = \int \sum_x p(x) q(z \mid x) \log \frac{q(z \mid x)}{q(z)}\, dz",
            _mixture_information,
            ">=",
            by="for its variance a Gaussian q(z) has the largest entropy",
        ),
        Line(
            "L4",
            r"H(x) - \int q(z)\, H(x \mid z)\, dz",
            _by_posterior,
            by="the same by p(x | z)",
        ),
        Line(
            "L5",
            r"H(x)",
            lambda p, **_: -np.sum(support(p) * np.log(support(p))),
            "<=",
            by="there is no more to say",
        ),
    ),
    golden=(Golden("matched", _MATCHED, {"L0": -np.log(0.6), "L2": -np.log(0.6)}),),
    mutants=(
        Mutant(
            "capacity-without-half",
            "L2",
            lambda p, mu, s: np.log1p(_code_variance(p, mu) / s**2),
            _MATCHED,
        ),
        Mutant(
            "capacity-without-one",
            "L2",
            lambda p, mu, s: 0.5 * log(_code_variance(p, mu) / s**2),
            {**_MATCHED, "s": 1.0},
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (LATENT_CAPACITY,)
