"""InfoGAN with a normal code and a linear generator: the same lines for densities."""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.infogan import LIN_GAUSS, LinGauss
from pydis.derivations.tools import Floats, gauss_hermite
from pydis.objectives import information_bound
from pydis.probability import Gaussian, kl

NODES, WEIGHTS = gauss_hermite(40)
FEW, FEW_WEIGHTS = gauss_hermite(8)
"""Exact for quadratic logarithms; at the far nodes of 40 the product p / Q · Q underflows."""

H_C = 0.5 * np.log(2 * np.pi * np.e)
"""h(c) of a standard normal code."""


def log_normal(x: Floats, mean: Floats, variance: float) -> Floats:
    """log N(x; mean, variance)."""
    found: Floats = -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)
    return found


def mean(f: Floats, weights: Floats = WEIGHTS) -> float:
    """E f over two independent standard normals, f on the grid of their nodes."""
    return float(weights @ f @ weights)


def made(g: LinGauss) -> tuple[Floats, Floats]:
    """c and x = a c + b z on the grid of c and z."""
    c = NODES[:, None]
    return c, g.a * c + g.b * NODES


def seen(g: LinGauss, nodes: Floats = NODES) -> tuple[Floats, Floats]:
    """x from its marginal, and c' from the posterior p(c | x), on a grid."""
    x = np.sqrt(g.s) * nodes[:, None]
    return g.a / g.s * x + np.sqrt(g.mmse) * nodes, x


def log_posterior(g: LinGauss, c: Floats, x: Floats) -> Floats:
    """log p(c | x)."""
    return log_normal(c, g.a / g.s * x, g.mmse)


def log_q(g: LinGauss, c: Floats, x: Floats) -> Floats:
    """log Q(c | x)."""
    return log_normal(c, g.w * x, g.v)


def _product(g: LinGauss) -> float:
    """E log (p / Q · Q)."""
    c, x = seen(g, FEW)
    p, q = np.exp(log_posterior(g, c, x)), np.exp(log_q(g, c, x))
    return mean(np.log(p / q * q), FEW_WEIGHTS)


def _divergences(g: LinGauss) -> float:
    """E_x KL(p(c | x) ‖ Q(c | x))."""
    x = np.sqrt(g.s) * NODES[:, None]
    p = Gaussian(g.a / g.s * x, np.full_like(x, np.log(g.mmse)))
    return float(WEIGHTS @ kl(p, Gaussian(g.w * x, np.full_like(x, np.log(g.v)))))


def _by_library(g: LinGauss) -> float:
    """E of the library's bound over the grid of c and z."""
    c, x = (a.ravel()[:, None] for a in np.broadcast_arrays(*made(g)))
    prior = Gaussian(np.zeros_like(c), np.zeros_like(c))
    q = Gaussian(g.w * x, np.full_like(x, np.log(g.v)))
    return float(np.outer(WEIGHTS, WEIGHTS).ravel() @ information_bound(prior, q, c))


CHAIN = Derivation(
    id="infogan.mi-variational-chain-gaussian",
    title="The same lines for a normal code",
    section="4.1.1",
    items=("D63", "D64", "D65", "D66", "D67", "D68", "D69", "D70"),
    inputs=LIN_GAUSS,
    conditions="c, z ~ N(0, 1), x = a c + b z, b > 0, Q(c | x) = N(w x, v)",
    scope="continuous",
    lines=(
        Line(
            "L0", r"I = \frac{1}{2} \log \frac{a^2 + b^2}{b^2}", lambda g: np.log(g.s / g.b**2) / 2
        ),
        Line(
            "L1",
            r"h(c) - h(c \mid x)",
            lambda g: H_C - 0.5 * np.log(2 * np.pi * np.e * g.mmse),
            by=r"p(c \mid x) = \mathcal{N}(a x / s, b^2 / s), \quad s = a^2 + b^2",
        ),
        Line(
            "L2",
            r"h(c) + \iint p(c', x) \log p(c' \mid x)\, dc'\, dx",
            lambda g: H_C + mean(log_posterior(g, *made(g))),
            by="the definition of the conditional entropy",
        ),
        Line(
            "L3",
            r"h(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log p(c' \mid x)]",
            lambda g: H_C + mean(log_posterior(g, *seen(g))),
            by="c' is a fresh draw from the posterior",
        ),
        Line(
            "L4",
            r"h(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}\left["
            r"\log\left(\frac{p(c' \mid x)}{Q(c' \mid x)} Q(c' \mid x)\right)\right]",
            lambda g: H_C + _product(g),
            by="Q / Q = 1",
            when=lambda g: g.b > 0.1,  # or Q underflows
        ),
        Line(
            "L5",
            r"h(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}\left["
            r"\log \frac{p(c' \mid x)}{Q(c' \mid x)}\right]"
            r" + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log Q(c' \mid x)]",
            lambda g: (
                H_C
                + mean(log_posterior(g, *seen(g)) - log_q(g, *seen(g)))
                + mean(log_q(g, *seen(g)))
            ),
            by=r"\log \frac{a b}{c} = \log \frac{a}{c} + \log b",
        ),
        Line(
            "L6",
            r"h(c) + \mathbb{E}_x[\mathrm{KL}(p(\cdot \mid x) \,\|\, Q(\cdot \mid x))]"
            r" + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log Q(c' \mid x)]",
            lambda g: H_C + _divergences(g) + mean(log_q(g, *seen(g))),
            by="the definition of the divergence",
        ),
        Line(
            "B0",
            r"\mathcal{L}_I = h(c) + \mathbb{E}_{c, z}[\log Q(c \mid a c + b z)]",
            lambda g: H_C + mean(log_q(g, *made(g))),
            None,
        ),
        Line(
            "B1",
            r"\frac{1}{2} \log 2 \pi e - \frac{1}{2} \log 2 \pi v"
            r" - \frac{1 - 2 w a + w^2 s}{2 v}",
            lambda g: (
                0.5 * np.log(2 * np.pi * np.e)
                - 0.5 * np.log(2 * np.pi * g.v)
                - (1 - 2 * g.w * g.a + g.w**2 * g.s) / (2 * g.v)
            ),
            by=r"\mathbb{E}[(c - w x)^2] = 1 - 2 w a + w^2 s",
        ),
        Line(
            "B2",
            r"\mathbb{E}_{c, z}[h(c) + \log Q(c \mid x)]",
            _by_library,
            by="the library's bound of each draw",
        ),
    ),
    golden=(
        Golden("x tells nothing", {"g": LinGauss(0.0, 1.0, 0.3, 0.8)}, {"L0": 0.0, "L3": 0.0}),
        Golden(
            "x tells nearly all",
            {"g": LinGauss(1.0, 1e-3, 0.9, 0.6)},
            {"L0": 6.907755778982, "L2": 6.907755778982},
        ),
        Golden("a = b", {"g": LinGauss(1.0, 1.0, 0.5, 0.5)}, {"B0": np.log(2) / 2}),
    ),
    mutants=(Mutant("l2-missing-log-printed", "L2", lambda g: H_C + WEIGHTS.sum() ** 2),),
)

DERIVATIONS: tuple[Derivation, ...] = (CHAIN,)
