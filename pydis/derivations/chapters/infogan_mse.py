"""A normal Q that reads the code: InfoGAN's bound is its squared error."""

import numpy as np

from pydis.derivations.chapters.infogan_gaussian import H_C, log_normal, made, mean
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.infogan import LIN_GAUSS, LinGauss
from pydis.derivations.tools import Floats


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
            r"|w_1 - w^*|,\ |w_2 - w^*|, \quad w_1 = \arg\max_w \mathcal{L}_I(\mathcal{N}(w x, v)),"
            r"\ w_2 = \arg\min_w \mathbb{E}[(c - w x)^2] \text{ on a grid}",
            lambda g: np.abs(
                [
                    SLOPES[np.argmax([_bound(g, w, g.v) for w in SLOPES])] - g.a / g.s,
                    SLOPES[np.argmin([_error(g, w) for w in SLOPES])] - g.a / g.s,
                ]
            ),
            None,
        ),
        Line(
            "A1",
            r"\text{half a step of the grid}",
            lambda g: (SLOPES[1] - SLOPES[0]) / 2,
            "<=",
            by="the line above; both are quadratic in w around w* = a / s",
        ),
    ),
    golden=(Golden("a = b", {"g": LinGauss(1.0, 1.0, 0.5, 1.0)}, {"L0": 0.5 * np.log(2)}),),
    mutants=(Mutant("optimal-variance-wrong", "L0", lambda g: _bound(g, g.a / g.s, 2 * g.mmse)),),
)

DERIVATIONS: tuple[Derivation, ...] = (MSE,)
