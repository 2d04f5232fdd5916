"""Variational inference with a real code (§4.2.1): every Σ over z is read as ∫ dz.

z ~ N(0, 1), x | z ~ N(w z, σ²), q = N(m, v). Each line is its own integral on a grid.
"""

import numpy as np

from pydis.derivations.derivation import Derivation, Line, Mutant
from pydis.derivations.inputs.gaussian import OBSERVED, Observed, density, gaussian
from pydis.objectives import Terms, evidence_lower_bound, rate
from pydis.probability import kl

BAYES = Derivation(
    id="bvae.bayes-gaussian",
    title="Bayes' rule for a Gaussian code",
    section="4.2.1",
    items=("D82", "D83"),
    tolerance="T2",
    scope="continuous",
    inputs=OBSERVED,
    lines=(
        Line("L0", r"p(x) = \int p(x \mid z)\, p(z)\, dz", lambda o: o.evidence),
        Line(
            "L1",
            r"\frac{1}{\sqrt{2 \pi (w^2 + \sigma^2)}} e^{-x^2 / 2 (w^2 + \sigma^2)}",
            lambda o: (
                np.exp(-0.5 * o.x**2 / (o.w**2 + o.s**2)) / np.sqrt(2 * np.pi * (o.w**2 + o.s**2))
            ),
            by="a sum of independent Gaussians",
        ),
        Line(
            "L2",
            r"\mathcal{N}(x; 0, w^2 + \sigma^2)",
            lambda o: np.exp(gaussian(0, o.w**2 + o.s**2).log_prob(np.array([[o.x]])))[0],
            by="the name of the density",
        ),
        Line(
            "P0",
            r"\frac{p(x \mid z)\, p(z)}{\int p(x \mid z')\, p(z')\, dz'}",
            lambda o: o.likelihood * o.prior / o.evidence,
            relation=None,
        ),
        Line(
            "P1",
            r"\mathcal{N}\left(z; \frac{v w x}{\sigma^2}, v\right), \quad"
            r" v = \left(1 + \frac{w^2}{\sigma^2}\right)^{-1}",
            lambda o: density(o.z, shrunk(o) * o.w * o.x / o.s**2, shrunk(o)),
            by="the square completed in z",
        ),
    ),
    mutants=(
        Mutant(
            "posterior-variance-not-shrunk",
            "P1",
            lambda o: density(o.z, shrunk(o) * o.w * o.x / o.s**2, 1.0),
        ),
    ),
)


def shrunk(o: Observed) -> float:
    """v = (1 + w² / σ²)⁻¹."""
    return 1 / (1 + o.w**2 / o.s**2)


CHAIN = Derivation(
    id="vi.kl-posterior-chain-gaussian",
    title="KL from the posterior and the bound, as integrals",
    section="4.2.1",
    items=(*(f"D{n}" for n in range(85, 94)), *(f"D{n}" for n in range(97, 103))),
    tolerance="T2",
    scope="continuous",
    inputs=OBSERVED,
    lines=(
        Line(
            "e0",
            r"\mathrm{KL}(q(z) \,\|\, p(z \mid x))",
            lambda o: kl(gaussian(o.m, o.v), gaussian(o.centre, o.spread))[0],
        ),
        Line(
            "e1",
            r"-\int q(z) \log \frac{p(z \mid x)}{q(z)}\, dz",
            lambda o: -np.sum(o.q * np.log(density(o.z, o.centre, o.spread) / o.q)) * o.dz,
            by="the definition, with −log of the inverse",
        ),
        Line(
            "e2",
            r"-\int q(z) \log \frac{p(x, z) / p(x)}{q(z)}\, dz",
            lambda o: -np.sum(o.q * np.log(o.likelihood * o.prior / o.evidence / o.q)) * o.dz,
            by="Bayes' rule",
        ),
        Line(
            "e3",
            r"-\int q(z) \log \left(\frac{p(x, z)}{q(z)} \frac{1}{p(x)}\right) dz",
            lambda o: -np.sum(o.q * np.log(o.likelihood * o.prior / o.q * (1 / o.evidence))) * o.dz,
            by="p(x) out of the fraction",
        ),
        Line(
            "e4",
            r"-\int q(z) \left(\log \frac{p(x, z)}{q(z)} + \log \frac{1}{p(x)}\right) dz",
            lambda o: (
                -np.sum(o.q * (np.log(o.likelihood * o.prior / o.q) + np.log(1 / o.evidence)))
                * o.dz
            ),
            by="the logarithm of a product",
        ),
        Line(
            "e5",
            r"-\int q(z) \left(\log \frac{p(x, z)}{q(z)} - \log p(x)\right) dz",
            lambda o: (
                -np.sum(o.q * (np.log(o.likelihood * o.prior / o.q) - np.log(o.evidence))) * o.dz
            ),
            by="the logarithm of an inverse",
        ),
        Line(
            "e6",
            r"-\int q(z) \log \frac{p(x, z)}{q(z)}\, dz + \int q(z) \log p(x)\, dz",
            lambda o: (
                -np.sum(o.q * np.log(o.likelihood * o.prior / o.q)) * o.dz
                + np.sum(o.q * np.log(o.evidence)) * o.dz
            ),
            by="the integral of a difference",
        ),
        Line(
            "e7",
            r"-\int q(z) \log \frac{p(x, z)}{q(z)}\, dz + \log p(x) \int q(z)\, dz",
            lambda o: (
                -np.sum(o.q * np.log(o.likelihood * o.prior / o.q)) * o.dz
                + np.log(o.evidence) * np.sum(o.q) * o.dz
            ),
            by="log p(x) does not depend on z",
        ),
        Line(
            "e8",
            r"-\int q(z) \log \frac{p(x, z)}{q(z)}\, dz + \log p(x)",
            lambda o: (
                -np.sum(o.q * np.log(o.likelihood * o.prior / o.q)) * o.dz + np.log(o.evidence)
            ),
            by="q integrates to 1",
        ),
        Line(
            "f0",
            r"\mathcal{L} = \int q(z) \log \frac{p(x \mid z)\, p(z)}{q(z)}\, dz",
            lambda o: np.sum(o.q * np.log(o.likelihood * o.prior / o.q)) * o.dz,
            relation=None,
        ),
        Line(
            "f1",
            r"\int q(z) \left(\log p(x \mid z) + \log \frac{p(z)}{q(z)}\right) dz",
            lambda o: np.sum(o.q * (np.log(o.likelihood) + np.log(o.prior / o.q))) * o.dz,
            by="the logarithm of a product",
        ),
        Line(
            "f2",
            r"\int q(z) \log p(x \mid z)\, dz + \int q(z) \log \frac{p(z)}{q(z)}\, dz",
            lambda o: (
                np.sum(o.q * np.log(o.likelihood)) * o.dz
                + np.sum(o.q * np.log(o.prior / o.q)) * o.dz
            ),
            by="the integral of a sum",
        ),
        Line(
            "f3",
            r"\mathbb{E}_{z \sim q}[\log p(x \mid z)] - \mathrm{KL}(q(z) \,\|\, \mathcal{N}(0, 1))",
            lambda o: evidence_lower_bound(
                Terms(
                    -np.sum(o.q * np.log(o.likelihood), keepdims=True) * o.dz,
                    rate(gaussian(o.m, o.v)),
                )
            )[0],
            by="the names of the two integrals",
        ),
        Line(
            "f4",
            r"\log \mathcal{N}(x; 0, w^2 + \sigma^2) - \frac{1}{2}\left("
            r"\frac{v + (m - \mu)^2}{\tau} - 1 + \log \frac{\tau}{v}\right), \quad"
            r" p(z \mid x) = \mathcal{N}(z; \mu, \tau)",
            lambda o: (
                np.log(density(o.x, 0, o.w**2 + o.s**2))
                - 0.5 * ((o.v + (o.m - o.centre) ** 2) / o.spread - 1 + np.log(o.spread / o.v))
            ),
            by="log p(x) − KL(q, p(z | x)), both in closed form",
        ),
    ),
    mutants=(
        Mutant(
            "sum-without-dz",
            "e1",
            lambda o: -np.sum(o.q * np.log(density(o.z, o.centre, o.spread) / o.q)),
        ),
        Mutant(
            "e5-sign",
            "e5",
            lambda o: (
                -np.sum(o.q * (np.log(o.likelihood * o.prior / o.q) + np.log(o.evidence))) * o.dz
            ),
        ),
    ),
)

DERIVATIONS = (BAYES, CHAIN)
