"""The variational autoencoder's loss (§4.2.1): a Gaussian decoder makes squared errors.

A decoder x̂(z) of variance σ² has p(x | z) = N(x; x̂(z), σ² I); the printed coefficients need σ² = ½.
"""

import numpy as np

from pydis.derivations.derivation import Derivation, Erratum, Golden, Line, Mutant
from pydis.derivations.inputs.decoder import (
    DECODER,
    NODES,
    ORIGIN,
    PLANE,
    WEIGHTS,
    likelihood,
    plane,
    reconstructions,
    squares,
)
from pydis.derivations.inputs.gaussian import density
from pydis.derivations.tools import Floats
from pydis.objectives import gaussian_normaliser, gaussian_reconstruction
from pydis.probability import Gaussian

LOG_PI = float(np.log(np.pi))


def paper(x: Floats, a: Floats, b: Floats, m: float, s: float, variance: float) -> bool:
    """Whether σ² is the ½ of the printed coefficients."""
    return variance == 0.5


def decoder(a: Floats, b: Floats, m: float, s: float, variance: float) -> Gaussian:
    """p(x | z) of the library at the nodes of q."""
    x_hat = reconstructions(a, b, m, s)
    return Gaussian(x_hat, np.full(x_hat.shape, np.log(variance)))


def tiled(x: Floats) -> Floats:
    """x once for each node."""
    return np.tile(x, (NODES.size, 1))


LIKELIHOOD = Derivation(
    id="vae.gaussian-likelihood",
    title="The log-likelihood of a Gaussian decoder is a squared error, less a constant",
    section="4.2.1",
    items=("D105", "D106"),
    conditions="p(x | z) = N(x; x̂(z), σ² I), the printed coefficient at σ² = ½",
    tolerance="T2",
    scope="continuous",
    inputs=DECODER,
    lines=(
        Line(
            "P0",
            r"p(x \mid z) = \mathcal{N}(x; \hat{x}(z), \tfrac{1}{2} I)",
            lambda x, a, b, m, s, variance: likelihood(x, reconstructions(a, b, m, s), 0.5),
        ),
        Line(
            "P1",
            r"\pi^{-d/2} e^{-\lVert x - \hat{x}(z) \rVert^2}",
            lambda x, a, b, m, s, variance: (
                np.pi ** (-x.size / 2) * np.exp(-squares(x, a, b, m, s))
            ),
            by="2σ² = 1",
        ),
        Line(
            "N0",
            r"\int \pi^{-d/2} e^{-\lVert x - \hat{x}(z) \rVert^2}\, dx",
            lambda x, a, b, m, s, variance: np.pi ** (-x.size / 2) * mass(a * m + b),
            relation=None,
        ),
        Line("N1", "1", lambda x, a, b, m, s, variance: 1.0, by="p(x | z) is a density"),
        Line(
            "M0",
            r"\int e^{-\lVert x - \hat{x}(z) \rVert^2}\, dx",
            lambda x, a, b, m, s, variance: mass(a * m + b),
            relation=None,
        ),
        Line(
            "M1",
            r"\pi^{d/2}",
            lambda x, a, b, m, s, variance: np.pi ** (x.size / 2),
            by="the Gaussian integral, once for each pixel",
        ),
        Line(
            "E0",
            r"\mathbb{E}_{z \sim q}[\log p(x \mid z)]",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ decoder(a, b, m, s, variance).log_prob(tiled(x))
            ),
            relation=None,
        ),
        Line(
            "E1",
            r"-\frac{1}{2\sigma^2} \mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2"
            r" - \frac{d}{2} \log 2 \pi \sigma^2",
            lambda x, a, b, m, s, variance: (
                -WEIGHTS @ squares(x, a, b, m, s) / (2 * variance)
                - x.size / 2 * np.log(2 * np.pi * variance)
            ),
            by="the logarithm of the density",
        ),
        Line(
            "E2",
            r"-\frac{1}{2\sigma^2} \left(\lVert x - a m - b \rVert^2 + \lVert a \rVert^2 s^2\right)"
            r" - \frac{d}{2} \log 2 \pi \sigma^2",
            lambda x, a, b, m, s, variance: (
                -(np.sum((x - a * m - b) ** 2) + np.sum(a**2) * s**2) / (2 * variance)
                - x.size / 2 * np.log(2 * np.pi * variance)
            ),
            by="the square of the mean and the variance of x̂(z)",
        ),
        Line(
            "E3",
            r"-\mathbb{E}_{z \sim q}\left[\frac{\lVert x - \hat{x}(z) \rVert^2}{2 \sigma^2}"
            r" + \frac{d}{2} \log 2 \pi \sigma^2\right]",
            lambda x, a, b, m, s, variance: (
                -WEIGHTS @ gaussian_reconstruction(tiled(x), reconstructions(a, b, m, s), variance)
                - gaussian_normaliser(x.size, variance)
            ),
            by="the reconstruction term of the library, and the constant that it leaves out",
        ),
        Line(
            "E4",
            r"-\mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2 - \frac{d}{2} \log \pi",
            lambda x, a, b, m, s, variance: -WEIGHTS @ squares(x, a, b, m, s) - x.size / 2 * LOG_PI,
            by="σ² = ½",
            when=paper,
        ),
    ),
    mutants=(
        Mutant(
            "unnormalised-printed",
            "P1",
            lambda x, a, b, m, s, variance: np.exp(-squares(x, a, b, m, s)),
        ),
        Mutant(
            "no-expectation-printed",
            "E4",
            lambda x, a, b, m, s, variance: -np.sum((x - a * m - b) ** 2) - x.size / 2 * LOG_PI,
        ),
        Mutant(
            "sigma2-1-with-unit-coefficient",
            "E4",
            lambda x, a, b, m, s, variance: (
                -WEIGHTS @ squares(x, a, b, m, s) - x.size / 2 * np.log(2 * np.pi)
            ),
        ),
        Mutant(
            "extra-p-z-x-printed",
            "P1",
            lambda x, a, b, m, s, variance: (
                density(m + s * NODES, 0, 1)
                * np.pi ** (-x.size / 2)
                * np.exp(-squares(x, a, b, m, s))
            ),
        ),
    ),
    golden=(
        Golden(
            "x = 0, x̂(z) = z, q = N(0, 1)",
            ORIGIN,
            {"M0": np.sqrt(np.pi), "E0": -1 - LOG_PI / 2, "E4": -1.572364942925},
        ),
        Golden("two pixels", PLANE, {"M0": np.pi, "E0": -2 - LOG_PI}),
    ),
    errata=(
        Erratum(
            number="W13",
            item="D105",
            printed=r"p(z|x) p(x|\hat{x}) = e^{-|x - \hat{x}|^2}",
            corrected=r"p(x \mid z) = \pi^{-d/2} e^{-\lVert x - \hat{x}(z) \rVert^2}"
            r" \quad (\sigma^2 = \tfrac{1}{2})",
            reason="Its integral over x is π^{d/2}, not 1, and p(z|x) has no place in it.",
            label="N0",
            witness=ORIGIN,
            true_value=1.0,
            readings={
                "the right side is the density of x": (
                    lambda x, a, b, m, s, variance: mass(a * m + b),
                    1.772453850906,
                ),
                "with the factor p(z|x), N(0, 1) at z = 0": (
                    lambda x, a, b, m, s, variance: (
                        float(density(m, 0, s**2)) * np.pi ** (-x.size / 2) * mass(a * m + b)
                    ),
                    0.398942280401,
                ),
            },
        ),
        Erratum(
            number="W14",
            item="D106",
            printed=r"\mathbf{E}_{q(z) \sim Q}[\log p(x|\hat{x})] = -|x - \hat{x}|^2",
            corrected=r"\mathbb{E}_{z \sim q}[\log p(x \mid z)] ="
            r" -\mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2 - \frac{d}{2} \log \pi",
            reason="The expectation over z and the constant are dropped.",
            label="E0",
            witness=ORIGIN,
            true_value=-1.572364942925,
            readings={
                "x̂ at the mean of z": (
                    lambda x, a, b, m, s, variance: -np.sum((x - a * m - b) ** 2),
                    0.0,
                ),
                "the expectation kept, the constant dropped": (
                    lambda x, a, b, m, s, variance: -WEIGHTS @ squares(x, a, b, m, s),
                    -1.0,
                ),
            },
        ),
    ),
)


def mass(x_hat: Floats) -> float:
    """∫ exp(−|x − x̂|²) dx over a box about the origin, 12 to either side."""
    points, cell = plane(x_hat.size)
    return float(np.sum(np.exp(-((points - x_hat) ** 2).sum(1))) * cell)


DERIVATIONS = (LIKELIHOOD,)
