"""Self-information and its mean, entropy: how much an outcome tells."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import PMF, ZERO
from pydis.derivations.tools import Floats, log, support, xlogy


def events(p: float, q: float) -> Case:
    """Their probabilities as arrays without axes."""
    return {"p": np.array(p), "q": np.array(q)}


def draw_events(rng: Generator) -> Case:
    """Two probabilities of whole twentieths, equal now and then."""
    return events(*rng.integers(1, 21, size=2) / 20)


EVENTS = Inputs(
    "probabilities p and q of two independent events",
    draw_events,
    (
        events(1.0, 0.5),  # certain
        events(0.0, 0.5),  # impossible: ∞
        events(0.25, 0.25),  # equal
        events(0.1, 0.9),
    ),
)

SELF_INFORMATION = Derivation(
    id="info.self-information",
    title="Self-information is −log of the probability",
    section="3",
    items=("D14",),
    inputs=EVENTS,
    conditions="0 ≤ p ≤ 1; ∞ at p = 0; a density may give negative values, a probability none",
    lines=(
        Line("L0", r"I(A)", lambda p, q: information.self_information(p)),
        Line("L1", r"-\log P(A)", lambda p, q: -log(p), by="the definition"),
        Line("L2", r"\log 1 - \log P(A)", lambda p, q: log(1.0) - log(p), by=r"I(\Omega) = 0"),
        Line("L3", r"0", lambda p, q: 0.0, ">=", by=r"P(A) \le 1"),
        Line("A0", r"-\log (P(A)\, P(B))", lambda p, q: -log(p * q), None),
        Line(
            "A1",
            r"-\log P(A) - \log P(B)",
            lambda p, q: -log(p) - log(q),
            by="A and B are independent: their informations add",
        ),
    ),
    golden=(
        Golden("e^-2", events(np.exp(-2), np.exp(-1)), {"L0": 2.0, "L1": 2.0, "A0": 3.0}),
        Golden("the certain event", events(1.0, 1.0), {"L0": 0.0, "L1": 0.0}),
        Golden("the impossible event", events(0.0, 1.0), {"L0": np.inf, "L1": np.inf}),
    ),
    mutants=(
        Mutant("no-minus", "L1", lambda p, q: log(p)),
        Mutant("log2-units", "L1", lambda p, q: -log(p) / np.log(2)),
    ),
)

MONOTONE = Derivation(
    id="info.self-information-monotone",
    title="The unlikely informs more",
    section="3",
    items=("D15",),
    inputs=EVENTS,
    conditions="equal probabilities inform equally",
    lines=(
        Line("L0", r"P(A) < P(B)", lambda p, q: bool(p < q)),
        Line(
            "L1",
            r"-\log P(A) > -\log P(B)",
            lambda p, q: bool(-log(p) > -log(q)),
            "iff",
            by="log increases strictly",
        ),
        Line(
            "L2",
            r"I(A) > I(B)",
            lambda p, q: bool(information.self_information(p) > information.self_information(q)),
            "iff",
            by="the definition",
        ),
    ),
    golden=(Golden("1/10 and 9/10", events(0.1, 0.9), {"L0": True, "L1": True}),),
    mutants=(Mutant("increasing", "L1", lambda p, q: bool(-log(1 - p) > -log(1 - q))),),
)


def _without_convention(p: Floats) -> float:
    """−Σ p log p with 0 · (−∞), which is no number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-np.sum(p * np.log(p)))


DEFINITION = Derivation(
    id="entropy.definition",
    title="Entropy is the mean self-information, from 0 to log n",
    section="3",
    items=("D16", "D17"),
    inputs=PMF,
    conditions="0 log 0 = 0; the bounds are for finitely many outcomes",
    lines=(
        Line("L0", r"\log n", lambda p: np.log(p.size)),
        Line(
            "L1",
            r"\mathbb{E}_{p}[I(X)] = \sum_{x: p(x) > 0} p(x) \log \frac{1}{p(x)}",
            lambda p: np.sum(support(p) * np.log(1 / support(p))),
            ">=",
            by="Jensen: log is concave",
        ),
        Line("L2", r"-\sum_x p(x) \log p(x)", lambda p: -xlogy(p, p).sum(), by="0 log 0 = 0"),
        Line("L3", r"H(X)", information.entropy, by="the definition"),
        Line(
            "L4",
            r"-\sum_i p(x_{\pi(i)}) \log p(x_{\pi(i)})",
            lambda p: -sum(t * np.log(t) for t in sorted(p) if t > 0),
            by="a sum does not know its order",
        ),
        Line("L5", r"0", lambda p: 0.0, ">=", by=r"-\log p(x) \ge 0"),
        Line("Z0", r"X \text{ is one point}", lambda p: np.count_nonzero(p) == 1, None),
        Line(
            "Z1",
            r"-\sum_x p(x) \log p(x) = 0",
            lambda p: bool(np.abs(xlogy(p, p)).sum() <= ZERO),
            "iff",
            by="each term is zero only at p = 0 and p = 1",
        ),
        Line("U0", r"p(x) = \frac{1}{n}", lambda p: bool(np.all(p == p[0])), None),
        Line(
            "U1",
            r"\log n + \sum_x p(x) \log p(x) = 0",
            lambda p: bool(abs(np.log(p.size) + xlogy(p, p).sum()) <= ZERO),
            "iff",
            by="equality in Jensen: log 1/p is constant on the support, which is everything",
        ),
    ),
    golden=(
        Golden(
            "p = (.5, .3, .2)",
            {"p": np.array([0.5, 0.3, 0.2])},
            dict.fromkeys(("L1", "L2", "L3", "L4"), 1.029653014065),
        ),
        Golden("one outcome", {"p": np.array([1.0])}, {"L0": 0.0, "L1": 0.0, "L3": 0.0}),
    ),
    mutants=(
        Mutant("no-probability-weight", "L2", lambda p: -np.sum(np.log(support(p)))),
        Mutant(
            "missing-zero-convention",
            "L2",
            _without_convention,
            {"p": np.array([0.0, 1.0, 0.0])},
        ),
        Mutant("no-minus", "L2", lambda p: xlogy(p, p).sum()),
        Mutant(
            "point-mass-is-uniform",
            "U0",
            lambda p: bool(np.ptp(support(p)) == 0),
            {"p": np.array([0.0, 1.0])},
        ),
        Mutant(
            "zero-only-for-one-outcome", "Z0", lambda p: p.size == 1, {"p": np.array([0.0, 1.0])}
        ),
    ),
)


DERIVATIONS: tuple[Derivation, ...] = (SELF_INFORMATION, MONOTONE, DEFINITION)
