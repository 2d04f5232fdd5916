"""InfoGAN with a normal code and a linear generator: the same lines for densities."""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.infogan import LIN_GAUSS, LinGauss
from pydis.derivations.tools import Floats, gauss_hermite
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


CHAIN = Derivation(
    id="infogan.mi-variational-chain-gaussian",
    title="The same lines for a normal code",
    section="4.1.1",
    items=("D70",),
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


def _bound(g: LinGauss, w: float, v: float) -> float:
    """𝓛_I for Q = N(w x, v)."""
    return float(H_C + mean(log_normal(*_coded(g, w), v)))


def _coded(g: LinGauss, w: float) -> tuple[Floats, Floats]:
    c, x = made(g)
    return c, w * x


def _error(g: LinGauss, w: float) -> float:
    """E (c − w x)²."""
    c, x = made(g)
    return mean((c - w * x) ** 2)


SLOPES = np.linspace(-2, 2, 121)

MSE = Derivation(
    id="infogan.gaussian-Q-mse",
    title="For a normal Q the bound is the squared error of reading the code",
    inputs=LIN_GAUSS,
    conditions="w* = a / s; m = b² / s is the least mean squared error",
    scope="continuous",
    lines=(
        Line(
            "L0",
            r"\mathcal{L}_I(Q), \quad Q = \mathcal{N}(w^* x, m)",
            lambda g: _bound(g, g.a / g.s, g.mmse),
        ),
        Line(
            "L1",
            r"-\frac{1}{2} \log m",
            lambda g: -0.5 * np.log(g.mmse),
            by="the quadratic term is 1/2, as in h(c)",
        ),
        Line(
            "L2",
            r"I = \frac{1}{2} \log(1 + a^2 / b^2)",
            lambda g: 0.5 * np.log1p((g.a / g.b) ** 2),
            by="Q is the posterior",
        ),
        Line(
            "L3",
            r"\mathcal{L}_I(\mathcal{N}(w^* x, v))",
            lambda g: _bound(g, g.a / g.s, g.v),
            ">=",
            by="any other variance is worse",
        ),
        Line(
            "S0",
            r"I - \mathcal{L}_I(\mathcal{N}(w^* x, v))",
            lambda g: 0.5 * np.log(g.s / g.b**2) - _bound(g, g.a / g.s, g.v),
            None,
        ),
        Line(
            "S1",
            r"\frac{1}{2}\left(\frac{m}{v} - 1 - \log \frac{m}{v}\right)",
            lambda g: 0.5 * (g.mmse / g.v - 1 - np.log(g.mmse / g.v)),
            by="the divergence of two normals of one mean",
        ),
        Line(
            "W0",
            r"\mathcal{L}_I(\mathcal{N}(w x, v))",
            lambda g: np.array([_bound(g, w, g.v) for w in SLOPES]),
            None,
        ),
        Line(
            "W1",
            r"\frac{1}{2} \log \frac{e}{v} - \frac{1}{2 v} \mathbb{E}[(c - w x)^2]",
            lambda g: np.array([0.5 * (1 - np.log(g.v) - _error(g, w) / g.v) for w in SLOPES]),
            by="for a fixed v it falls as the squared error grows",
        ),
        Line(
            "A0",
            r"\arg\max_w \mathcal{L}_I(\mathcal{N}(w x, v))",
            lambda g: SLOPES[np.argmax([_bound(g, w, g.v) for w in SLOPES])],
            None,
        ),
        Line(
            "A1",
            r"\arg\min_w \mathbb{E}[(c - w x)^2]",
            lambda g: SLOPES[np.argmin([_error(g, w) for w in SLOPES])],
            by="the line above",
        ),
        Line(
            "A2",
            r"a / s \text{, to the grid}",
            lambda g: SLOPES[np.argmin(np.abs(SLOPES - g.a / g.s))],
            by="both are quadratic in w around w*",
        ),
    ),
    golden=(Golden("a = b", {"g": LinGauss(1.0, 1.0, 0.5, 1.0)}, {"L0": 0.5 * np.log(2)}),),
    mutants=(Mutant("optimal-variance-wrong", "L0", lambda g: _bound(g, g.a / g.s, 2 * g.mmse)),),
)

DERIVATIONS: tuple[Derivation, ...] = (CHAIN, MSE)
