"""The β-VAE's objective (§4.2): the printed coefficient depends on the decoder's variance."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.tools import Floats
from pydis.objectives import (
    Terms,
    beta_objective,
    equivalent_beta,
    gaussian_normaliser,
    gaussian_reconstruction,
    rate,
)
from pydis.probability import Gaussian


def gaussian_kl(mean: Floats, log_variance: Floats) -> float:
    """KL(N(μ, diag s²), N(0, I)) = ½ Σ (μ² + s² − 1 − log s²)."""
    return float(np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance) / 2)


def log_likelihood(x: Floats, x_hat: Floats, variance: float) -> float:
    """log N(x; x̂, σ² I), coordinate by coordinate."""
    return float(
        sum(-0.5 * (gap * gap / variance + np.log(2 * np.pi * variance)) for gap in x - x_hat)
    )


def change(base: float, term: float) -> float:
    """What a term of q changes beside a base, compared with N, where the term is 0."""
    return (base + term) - base


def terms(x: Floats, x_hat: Floats, mean: Floats, log_variance: Floats) -> Terms:
    """Reconstruction at σ² = ½ and rate, as a model has them."""
    q = Gaussian(mean[None], log_variance[None])
    return Terms(gaussian_reconstruction(x[None], x_hat[None]), rate(q))


def _draw(rng: Generator) -> Case:
    d, k = rng.integers(1, 4, size=2)
    return {
        "x": rng.uniform(-2, 2, d),
        "x_hat": rng.uniform(-2, 2, d),
        "mean": rng.uniform(-2, 2, k),
        "log_variance": rng.uniform(-3, 1, k),
        "variance": 0.5 if rng.integers(3) == 0 else float(rng.uniform(0.1, 3)),
        "beta": float(rng.choice([0.0, 0.5, 1.0, 2.0, 4.0])),
    }


UNIT = {
    "x": np.array([1.0, -0.5]),
    "x_hat": np.array([0.2, 0.3]),
    "mean": np.array([1.0, -0.5]),
    "log_variance": np.array([0.2, -1.0]),
    "variance": 1.0,
    "beta": 1.0,
}
"""A decoder of unit variance; KL is that of Gauss, 0.819641099666."""

OBJECTIVE = Derivation(
    id="bvae.objective",
    title="The printed β is twice the decoder's variance times the bound's",
    section="4.2",
    items=("D79", "D80"),
    conditions="p(x | z) = N(x; x̂, σ² I), the prior N(0, I), z one draw of q(z | x)",
    scope="continuous",
    inputs=Inputs(
        "x, x̂, q = N(μ, diag s²), the decoder's variance σ² and β ≥ 0",
        _draw,
        (
            UNIT,
            UNIT | {"beta": 0.0},  # an autoencoder
            UNIT | {"variance": 0.5},  # the paper's
            UNIT | {"variance": 0.5, "beta": 4.0},
            UNIT | {"x_hat": UNIT["x"], "variance": 2.0},
        ),
    ),
    lines=(
        Line(
            "L0",
            r"-2\sigma^2 \left(\log p(x \mid z)"
            r" - \beta\, \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))\right)",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                -2
                * variance
                * (log_likelihood(x, x_hat, variance) - beta * gaussian_kl(mean, log_variance))
            ),
        ),
        Line(
            "L1",
            r"\lVert x - \hat{x} \rVert^2"
            r" + 2 \sigma^2 \beta\, \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))"
            r" + d \sigma^2 \log 2 \pi \sigma^2",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                np.sum((x - x_hat) ** 2)
                + 2 * variance * beta * gaussian_kl(mean, log_variance)
                + x.size * variance * np.log(2 * np.pi * variance)
            ),
            by="the logarithm of the density",
        ),
        Line(
            "L2",
            r"|x - \hat{x}|^2 + \beta_{\mathrm{doc}} \mathrm{KL}(q(z|x) \,\|\, \mathcal{N})"
            r" + \mathrm{const}, \quad \beta_{\mathrm{doc}} = 2 \sigma^2 \beta",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                beta_objective(terms(x, x_hat, mean, log_variance), equivalent_beta(beta, variance))
                + 2 * variance * gaussian_normaliser(x.size, variance)
            ),
            by="the library's objective at σ² = ½, with the β of the same minimisers",
        ),
        Line(
            "C0",
            r"\beta_{\mathrm{doc}} = 2 \sigma^2",
            lambda x, x_hat, mean, log_variance, variance, beta: 2 * variance,
            relation=None,
        ),
        Line(
            "T0",
            r"|x - \hat{x}|^2 + \mathrm{KL}(q(z|x) \,\|\, \mathcal{N}) \text{ rates } q(z|x)"
            r" \text{ against } \mathcal{N} \text{ as } -2 \sigma^2 \mathcal{L} \text{ does}",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                abs(
                    change(np.sum((x - x_hat) ** 2), gaussian_kl(mean, log_variance))
                    + 2
                    * variance
                    * change(log_likelihood(x, x_hat, variance), -gaussian_kl(mean, log_variance))
                )
                < ZERO
            ),
            relation=None,
        ),
        Line(
            "T1",
            r"\sigma^2 = \tfrac{1}{2}",
            lambda x, x_hat, mean, log_variance, variance, beta: variance == 0.5,
            relation="iff",
            by="2σ² β = 1 at β = 1, and KL > 0",
        ),
    ),
    mutants=(
        Mutant(
            "beta-on-reconstruction",
            "L1",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                beta * np.sum((x - x_hat) ** 2)
                + 2 * variance * gaussian_kl(mean, log_variance)
                + x.size * variance * np.log(2 * np.pi * variance)
            ),
        ),
        Mutant(
            "no-variance-factor",
            "L1",
            lambda x, x_hat, mean, log_variance, variance, beta: (
                np.sum((x - x_hat) ** 2)
                + beta * gaussian_kl(mean, log_variance)
                + x.size * variance * np.log(2 * np.pi * variance)
            ),
        ),
    ),
    golden=(
        Golden(
            "unit variance: the printed β is 2",
            UNIT,
            {"C0": 2.0, "L1": 1.28 + 2 * 0.819641099666 + 2 * np.log(2 * np.pi)},
        ),
        Golden("the paper's", UNIT | {"variance": 0.5}, {"C0": 1.0}),
    ),
    errata=(
        Erratum(
            number="Q9",
            item="D80",
            printed=r"\min (|x - \hat{x}|^2 + \beta \text{KL}(q(z|x) || \mathcal{N}))",
            corrected=r"\min \mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2"
            r" + 2 \sigma^2 \beta\, \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))",
            reason="The printed β is the bound's only at σ² = ½; at σ² = 1 the bound's 1 is a 2.",
            label="C0",
            witness=UNIT,
            true_value=2.0,
            readings={
                "β = 1 is the bound, whatever the decoder's variance": (
                    lambda x, x_hat, mean, log_variance, variance, beta: beta,
                    1.0,
                )
            },
        ),
    ),
)

DERIVATIONS = (OBJECTIVE,)
