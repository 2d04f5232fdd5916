"""Jensen's inequality, and Gibbs' from it: the divergence is not negative."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored, same
from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import PMF_PAIR, table
from pydis.derivations.tools import Floats, rel_entr, total, xlogy
from pydis.information import kl_divergence


def _draw_jensen(rng: Generator) -> Case:
    n = int(rng.integers(1, 7))
    return {"p": table(rng, n), "x": rng.integers(1, 50, size=n) / 10.0}


_JENSEN = Inputs(
    "weights p and numbers x > 0",
    _draw_jensen,
    (
        {"p": np.array([0.25, 0.75]), "x": np.array([2.0, 2.0])},
        {"p": np.array([0.0, 1.0, 0.0]), "x": np.array([0.5, 3.0, 4.0])},
        {"p": np.array([0.5, 0.5, 0.0]), "x": np.array([0.5, 0.5, 4.0])},
    ),
)

_JENSEN_LOG = Derivation(
    id="jensen.log",
    title="The logarithm of a mean is at least the mean of the logarithms",
    inputs=_JENSEN,
    lines=(
        Line("log-mean", r"\log \sum_i p_i x_i", lambda p, x: np.log(p @ x)),
        Line(
            "mean-log",
            r"\sum_i p_i \log x_i",
            lambda p, x: xlogy(p, x).sum(),
            ">=",
            "the logarithm is concave",
        ),
        Line(
            "equal",
            r"\log \mathbb E[X] = \mathbb E[\log X]",
            lambda p, x: same(np.log((p * x).sum()), np.sum(p * np.log(x))),
            None,
        ),
        Line(
            "constant",
            r"X \text{ is constant where } p > 0",
            lambda p, x: np.unique(x[p > 0]).size == 1,
            "iff",
            "strictly so",
        ),
    ),
    mutants=(
        Mutant(
            "reverse", "mean-log", mirrored(lambda p, x: np.log(p @ x), lambda p, x: p @ np.log(x))
        ),
        Mutant(
            "unnormalised-weights",
            "mean-log",
            lambda p, x: 2 * xlogy(p, x).sum(),
            {"p": np.array([0.5, 0.5]), "x": np.array([2.0, 3.0])},
        ),
    ),
    conditions="X > 0",
    scope="both",
)


def _mass(p: Floats, q: Floats) -> Any:
    """The mass of q where p > 0."""
    return np.where(p > 0, q, 0.0).sum()


_GIBBS = Derivation(
    id="kl.gibbs-proof",
    items=("D45",),
    title="The divergence is not negative, by Jensen and by log t ≤ t − 1",
    inputs=PMF_PAIR,
    lines=(
        Line("kl", r"-\mathrm{KL}(p \,\|\, q)", lambda p, q: -total(rel_entr(p, q))),
        Line(
            "ratio",
            r"\sum_{p(x) > 0} p(x) \log \frac{q(x)}{p(x)}",
            lambda p, q: sum(float(xlogy(a, b / a)) for a, b in zip(p, q, strict=True) if a > 0),
            by="−log t = log 1/t",
        ),
        Line(
            "jensen",
            r"\log \sum_{p(x) > 0} q(x)",
            lambda p, q: xlogy(1, _mass(p, q)),
            "<=",
            "Jensen's inequality",
        ),
        Line("all", r"\log \sum_x q(x) = 0", lambda p, q: xlogy(1, q.sum()), "<=", "q ≥ 0"),
        Line("zero", r"0", lambda p, q: 0.0, None),
        Line(
            "lost",
            r"\sum_{p(x) > 0} q(x) - 1",
            lambda p, q: _mass(p, q) - 1.0,
            ">=",
            "the mass of q is 1",
        ),
        Line(
            "tangent",
            r"\sum_{p(x) > 0} p(x) \left(\frac{q(x)}{p(x)} - 1\right)",
            lambda p, q: np.sum(p[p > 0] * (q[p > 0] / p[p > 0] - 1.0)),
            by="the mass of p is 1",
        ),
        Line(
            "below",
            r"-\mathrm{KL}(p \,\|\, q)",
            lambda p, q: -kl_divergence(p, q),
            ">=",
            "log t ≤ t − 1",
        ),
        Line(
            "first-equal",
            r"-\mathrm{KL}(p \,\|\, q) = \log \sum_{p(x) > 0} q(x)",
            lambda p, q: same(-rel_entr(p, q).sum(), xlogy(1, _mass(p, q))),
            None,
        ),
        Line(
            "proportional",
            r"q \propto p \text{ where } p > 0",
            lambda p, q: same(q[p > 0] / p[p > 0], (q[p > 0] / p[p > 0])[0]),
            "iff",
            "equality in Jensen's inequality",
        ),
        Line(
            "second-equal",
            r"\log \sum_{p(x) > 0} q(x) = 0",
            lambda p, q: same(_mass(p, q), 1.0),
            None,
        ),
        Line(
            "support",
            r"q > 0 \Rightarrow p > 0",
            lambda p, q: bool((p[q > 0] > 0).all()),
            "iff",
            "no mass of q is lost",
        ),
    ),
    mutants=(
        Mutant(
            "first-inequality-reversed",
            "jensen",
            mirrored(lambda p, q: -rel_entr(p, q).sum(), lambda p, q: xlogy(1, _mass(p, q))),
        ),
        Mutant(
            "sum-q-over-full-space-forced-1",
            "lost",
            lambda p, q: q.sum() - 1.0,
            {"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.2, 0.2, 0.6])},
        ),
    ),
    scope="both",
)


DERIVATIONS: tuple[Derivation, ...] = (_JENSEN_LOG, _GIBBS)
