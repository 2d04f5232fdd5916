"""The Kullback–Leibler divergence: its forms, its sign, its zero, and that it has a direction."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, PMF_PAIR, ZERO, table
from pydis.derivations.tools import Floats, add, log, rel_entr, total, xlogy

KL_STAR, KL_REVERSE = 0.360062440636, 0.394816205204
"""KL(p, q) and KL(q, p) of the golden pair."""

STAR: Case = {"p": KL_P, "q": KL_Q}
MIRROR: Case = {"p": np.array([0.9, 0.1]), "q": np.array([0.1, 0.9])}

FORMS = Derivation(
    id="kl.forms",
    title="Four forms of the divergence",
    section="3",
    items=("D42", "D43", "D44"),
    inputs=PMF_PAIR,
    conditions="∞ in every form where p > 0 = q; outcomes with p = 0 add nothing",
    lines=(
        Line(
            "L0",
            r"-\sum_x p(x) \log q(x) + \sum_x p(x) \log p(x)",
            lambda p, q: -xlogy(p, q).sum() + xlogy(p, p).sum(),
        ),
        Line(
            "L1",
            r"\sum_x p(x) \log \frac{p(x)}{q(x)}",
            lambda p, q: rel_entr(p, q).sum(),
            by=r"\log a - \log b = \log \frac{a}{b}",
        ),
        Line(
            "L2",
            r"-\sum_x p(x) \log \frac{q(x)}{p(x)}",
            lambda p, q: -sum(a * log(b / a) for a, b in zip(p, q, strict=True) if a > 0),
            by=r"\log \frac{a}{b} = -\log \frac{b}{a}",
        ),
        Line("L3", r"\mathrm{KL}(p \,\|\, q)", information.kl_divergence, by="the definition"),
        Line(
            "L4",
            r"H(p, q) - H(p)",
            lambda p, q: information.cross_entropy(p, q) - information.entropy(p),
            by="the first form, by name",
        ),
    ),
    golden=(
        Golden("KL*", STAR, dict.fromkeys(("L0", "L1", "L2", "L3", "L4"), KL_STAR)),
        Golden("KL* reversed", {"p": KL_Q, "q": KL_P}, {"L0": KL_REVERSE, "L3": KL_REVERSE}),
        Golden(
            "what p allows q excludes",
            {"p": np.array([0.5, 0.5]), "q": np.array([1.0, 0.0])},
            dict.fromkeys(("L0", "L1", "L2", "L3", "L4"), np.inf),
        ),
    ),
    mutants=(
        Mutant("swap-arguments", "L1", lambda p, q: rel_entr(q, p).sum()),
        Mutant("last-sign", "L0", lambda p, q: -xlogy(p, q).sum() - xlogy(p, p).sum()),
        Mutant("q-weighted", "L1", lambda p, q: -rel_entr(q, p).sum()),
    ),
)

PARTS = np.array([0.2, 0.7, 1.0])
"""Sums of a q that is not normalised, and at most 1."""

NONNEG = Derivation(
    id="kl.nonneg",
    title="The divergence is not negative",
    section="3",
    items=("D40", "D45"),
    inputs=PMF_PAIR,
    conditions="p adds up to 1, and q to 1 or less",
    lines=(
        Line("L0", r"\sum_x p(x) \log \frac{p(x)}{q(x)}", lambda p, q: rel_entr(p, q).sum()),
        Line("L1", r"0", lambda p, q: 0.0, ">=", by="Gibbs' inequality"),
        Line(
            "S0",
            r"\sum_x p(x) \log \frac{p(x)}{t\, q(x)}, \quad t \le 1",
            lambda p, q: np.array([rel_entr(p, t * q).sum() for t in PARTS]),
            None,
        ),
        Line(
            "S1",
            r"\mathrm{KL}(p \,\|\, q) - \log t",
            lambda p, q: information.kl_divergence(p, q) - np.log(PARTS),
            by="p adds up to 1",
        ),
        Line("S2", r"-\log t", lambda p, q: -np.log(PARTS), ">=", by="the first two lines"),
        Line("S3", r"0", lambda p, q: np.zeros(3), ">=", by=r"t \le 1"),
    ),
    golden=(
        Golden("KL*", STAR, {"L0": KL_STAR}),
        Golden("equal", {"p": KL_P, "q": KL_P}, {"L0": 0.0, "S0": -np.log(PARTS)}),
        Golden("no common support", {"p": np.eye(2)[0], "q": np.eye(2)[1]}, {"L0": np.inf}),
    ),
    mutants=(
        Mutant(
            "unnormalised-q",
            "L0",
            lambda p, q: rel_entr(p, 1.5 * q).sum(),
            {"p": KL_P, "q": KL_P},
        ),
        Mutant("reverse-inequality", "L0", lambda p, q: -rel_entr(p, q).sum()),
    ),
)


def draw_directions(rng: Generator) -> Case:
    """Two positive distributions, every other time one the reverse of the other."""
    p = table(rng, int(rng.integers(2, 9)), low=1)
    return {"p": p, "q": p[::-1] if rng.integers(2) else table(rng, len(p), low=1)}


ASYMMETRY = Derivation(
    id="kl.asymmetry",
    title="The two directions differ in general, not always",
    section="3",
    items=("D46",),
    inputs=Inputs(
        "positive p and q",
        draw_directions,
        (MIRROR, {"p": KL_P, "q": KL_P}, {"p": KL_P, "q": KL_P[[1, 0, 2]]}),
    ),
    conditions="positive p and q: the difference of two infinities has no value",
    lines=(
        Line("L0", r"\mathrm{KL}(p \,\|\, q)", lambda p, q: rel_entr(p, q).sum(), None),
        Line("L1", r"\mathrm{KL}(q \,\|\, p)", lambda p, q: rel_entr(q, p).sum(), None),
        Line(
            "D0",
            r"\mathrm{KL}(p \,\|\, q) - \mathrm{KL}(q \,\|\, p)",
            lambda p, q: add(information.kl_divergence(p, q), -rel_entr(q, p).sum()),
            None,
        ),
        Line(
            "D1",
            r"\sum_x (p(x) + q(x)) \log \frac{p(x)}{q(x)}",
            lambda p, q: total((p + q) * (log(p) - log(q))),
            by="the two logarithms are opposite",
        ),
        Line(
            "E0",
            r"\mathrm{KL}(p \,\|\, q) \ne \mathrm{KL}(q \,\|\, p)",
            lambda p, q: bool(abs(rel_entr(p, q).sum() - rel_entr(q, p).sum()) > ZERO),
            None,
        ),
        Line(
            "E1",
            r"\sum_x (p(x) + q(x)) \log \frac{p(x)}{q(x)} \ne 0",
            lambda p, q: bool(abs(xlogy(p + q, p / q).sum()) > ZERO),
            "iff",
            by="the line above; it is 0 where an exchange of outcomes turns p into q and q into p",
        ),
    ),
    golden=(
        Golden(
            "(1/2, 1/2) and (9/10, 1/10)",
            {"p": np.array([0.5, 0.5]), "q": np.array([0.9, 0.1])},
            {"L0": 0.510825623766, "L1": 0.368064207169, "E0": True, "E1": True},
        ),
        Golden(
            "(9/10, 1/10) and its mirror image",
            MIRROR,
            {"L0": 1.757779661869, "L1": 1.757779661869, "D1": 0.0, "E0": False, "E1": False},
        ),
        Golden("KL*", STAR, {"L0": KL_STAR, "L1": KL_REVERSE}),
    ),
    errata=(
        Erratum(
            number="Q5",
            item="D46",
            printed=r"\mathrm{KL}(p \,\|\, q) \ne \mathrm{KL}(q \,\|\, p)",
            corrected=r"\mathrm{KL}(p \,\|\, q) \ne \mathrm{KL}(q \,\|\, p) \text{ in general}",
            reason="there are p ≠ q whose two divergences are equal",
            label="E0",
            witness=MIRROR,
            true_value=False,
            readings={"for all p ≠ q": (lambda p, q: bool((p != q).any()), True)},
        ),
    ),
    mutants=(
        Mutant("always-different", "E0", lambda p, q: bool((p != q).any()), MIRROR),
        Mutant("symmetric", "E0", lambda p, q: False),
    ),
)


def draw_any_pair(rng: Generator) -> Case:
    """q is p, or p permuted, or any other distribution; with zeros."""
    p = table(rng, int(rng.integers(1, 9)))
    q = (p, rng.permutation(p), table(rng, len(p)))[rng.integers(3)]
    return {"p": p, "q": q}


def _entropy(p: Floats) -> float:
    return float(-xlogy(p, p).sum())


IDENTITY = Derivation(
    id="kl.identity-iff",
    title="The divergence is 0 exactly between equal distributions",
    section="3",
    items=("D40", "D47", "D48"),
    inputs=Inputs("p and q, often equal or permuted", draw_any_pair, PMF_PAIR.structured),
    lines=(
        Line(
            "L0",
            r"\sum_x p(x) \log \frac{p(x)}{q(x)} = 0",
            lambda p, q: bool(rel_entr(p, q).sum() <= ZERO),
        ),
        Line(
            "L1",
            r"p = q",
            lambda p, q: bool(np.abs(p - q).max() <= ZERO),
            "iff",
            by="log a ≤ a − 1, with equality only at a = 1",
        ),
        Line(
            "L2",
            r"\mathrm{KL}(q \,\|\, p) = 0",
            lambda p, q: bool(information.kl_divergence(q, p) <= ZERO),
            "iff",
            by="p and q change places",
        ),
    ),
    golden=(
        Golden("KL*", STAR, {"L0": False, "L1": False, "L2": False}),
        Golden("equal", {"p": KL_P, "q": KL_P}, {"L0": True, "L1": True, "L2": True}),
    ),
    mutants=(
        Mutant("same-support-suffices", "L1", lambda p, q: bool(((p > 0) == (q > 0)).all())),
        Mutant(
            "equal-entropy-suffices",
            "L1",
            lambda p, q: bool(abs(_entropy(p) - _entropy(q)) <= ZERO),
            {"p": KL_P, "q": KL_P[[2, 0, 1]]},
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (FORMS, NONNEG, ASYMMETRY, IDENTITY)
