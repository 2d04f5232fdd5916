"""The best discriminator of a GAN: the share of the data, so the ratio of two densities."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, table
from pydis.derivations.tools import Floats, rel_entr, xlogy


def best(p: Floats, q: Floats) -> Floats:
    """D* = p / (p + q); ½ where both are 0, where it is free."""
    return np.divide(p, p + q, out=np.full_like(p, 0.5), where=p + q > 0)


GRID = np.arange(4001) / 4000

OPTIMAL = Derivation(
    id="gan.optimal-discriminator",
    title="The best discriminator is the share of the data",
    inputs=Inputs(
        "weights a, b ≥ 0 at one x",
        lambda rng: dict(zip("ab", rng.integers(1, 41, size=2) / 20, strict=True)),
        ({"a": 0.0, "b": 0.7}, {"a": 0.3, "b": 0.0}, {"a": 0.0, "b": 0.0}, {"a": 0.2, "b": 0.6}),
    ),
    conditions="a = b = 0 leaves D free: ½ by convention",
    lines=(
        Line(
            "L0",
            r"a \log D^* + b \log(1 - D^*), \quad D^* = \frac{a}{a + b}",
            lambda a, b: xlogy(a, best(a, b)) + xlogy(b, 1 - best(a, b)),
        ),
        Line(
            "L1",
            r"\max_{D \text{ on a grid}} a \log D + b \log(1 - D)",
            lambda a, b: (xlogy(a, GRID) + xlogy(b, 1 - GRID)).max(),
            ">=",
            by="concave in D, with its maximum at D*",
        ),
        Line(
            "S0",
            r"\frac{a}{D^*} - \frac{b}{1 - D^*}",
            lambda a, b: a / best(a, b) - b / (1 - best(a, b)),
            None,
            when=lambda a, b: a > 0 and b > 0,
        ),
        Line("S1", r"0", lambda a, b: 0.0, by="stationary", when=lambda a, b: a > 0 and b > 0),
        Line(
            "K0",
            r"\max_D V - V(D)",
            lambda a, b: (
                xlogy(a, a / (a + b))
                + xlogy(b, b / (a + b))
                - (xlogy(a, GRID) + xlogy(b, 1 - GRID))
            ),
            None,
            when=lambda a, b: a + b > 0,
        ),
        Line(
            "K1",
            r"(a + b)\, \mathrm{KL}(\mathrm{Bern}(D^*) \,\|\, \mathrm{Bern}(D))",
            lambda a, b: (
                (a + b) * (rel_entr(best(a, b), GRID) + rel_entr(1 - best(a, b), 1 - GRID))
            ),
            by="so every other D is worse",
            when=lambda a, b: a + b > 0,
        ),
    ),
    golden=(
        Golden("a = b", {"a": 0.5, "b": 0.5}, {"L0": -np.log(2)}),
        Golden("only data", {"a": 0.3, "b": 0.0}, {"L0": 0.0, "L1": 0.0}),
    ),
    mutants=(
        Mutant(
            "inverted",
            "L0",
            lambda a, b: xlogy(a, best(b, a)) + xlogy(b, 1 - best(b, a)),
        ),
        Mutant("constant-half", "L0", lambda a, b: xlogy(a, 0.5) + xlogy(b, 0.5)),
    ),
)


STAR: Case = {"p": KL_P, "q": KL_Q}


def draw_prior(rng: Generator) -> Case:
    """Positive p and q, and the share π of examples from p."""
    n = int(rng.integers(2, 9))
    pi = float(rng.integers(1, 20) / 20)
    return {"p": table(rng, n, low=1), "q": table(rng, n, low=1), "pi": pi}


def logit(D: Floats) -> Floats:
    """log [D / (1 − D)]."""
    return np.log(D) - np.log1p(-D)


LOGIT = Derivation(
    id="ratio.discriminator-logit",
    title="The logit of the best discriminator is the log ratio",
    inputs=Inputs(
        "positive p and q, share π", draw_prior, ({**STAR, "pi": 0.5}, {**STAR, "pi": 0.2})
    ),
    conditions="classes of shares π and 1 − π are corrected for",
    lines=(
        Line("L0", r"\mathrm{logit}\, D^*(x)", lambda p, q, pi: logit(best(p, q))),
        Line(
            "L1",
            r"\log \frac{p(x)}{q(x)}",
            lambda p, q, pi: np.log(p / q),
            by=r"D^* / (1 - D^*) = p / q",
        ),
        Line(
            "U0",
            r"\mathrm{logit}\, D^*_\pi(x) - \log \frac{\pi}{1 - \pi},"
            r" \quad D^*_\pi = \frac{\pi p}{\pi p + (1 - \pi) q}",
            lambda p, q, pi: logit(pi * p / (pi * p + (1 - pi) * q)) - logit(np.array(pi)),
            None,
        ),
        Line(
            "U1",
            r"\log p(x) - \log q(x)",
            lambda p, q, pi: np.log(p) - np.log(q),
            by="the shares add the logit of π",
        ),
        Line(
            "E0",
            r"\mathbb{E}_p\, \mathrm{logit}\, D^*(x)",
            lambda p, q, pi: p @ logit(best(p, q)),
            None,
        ),
        Line(
            "E1",
            r"\mathrm{KL}(p \,\|\, q)",
            lambda p, q, pi: information.kl_divergence(p, q),
            by="the mean of the log ratio",
        ),
    ),
    golden=(Golden("KL*", {**STAR, "pi": 0.5}, {"E0": 0.360062440636, "E1": 0.360062440636}),),
    mutants=(
        Mutant(
            "unbalanced-classes-uncorrected",
            "U0",
            lambda p, q, pi: logit(pi * p / (pi * p + (1 - pi) * q)),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (OPTIMAL, LOGIT)
