"""To read the code: what to minimise, and which posterior it needs."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.infogan import FAIR, Toy, tables
from pydis.derivations.tools import Floats, rel_entr, xlogy, y_given_x

TABLES = tables(2, 2, 3)
"""All 81 generators {0, 1}² → {0, 1, 2}."""


def _toys(pz: Floats, pc: Floats) -> list[Toy]:
    return [Toy(pz, pc, G, 3) for G in TABLES]


def _left(pz: Floats, pc: Floats) -> Floats:
    """H(c | x) for each generator."""
    return np.array([-xlogy(toy.xc, toy.posterior).sum() for toy in _toys(pz, pc)])


def _told(pz: Floats, pc: Floats) -> Floats:
    """I(c; x) for each generator."""
    return np.array([toy.information for toy in _toys(pz, pc)])


def _largest(values: Floats) -> Any:
    """Which are the largest, ties included."""
    return values >= values.max() - ZERO


MAX_IS_MIN = Derivation(
    id="infogan.mi-max-equals-condent-min",
    title="To maximise the information is to minimise the entropy that remains",
    section="4.1.1",
    items=("D56", "D57", "D58"),
    inputs=Inputs(
        "p(z) and p(c) > 0",
        lambda rng: {"pz": table(rng, 2, low=1), "pc": table(rng, 2, low=1)},
        ({"pz": np.array([1.0, 0.0]), "pc": np.array([0.3, 0.7])},),
    ),
    conditions="p(c) is fixed; the two problems have the same solutions, not the same values",
    draws=3,
    lines=(
        Line(
            "L0",
            r"G \in \arg\max_G I(c; G(z, c))",
            lambda pz, pc: _largest(_told(pz, pc)),
        ),
        Line(
            "L1",
            r"G \in \arg\min_G H(c \mid G(z, c))",
            lambda pz, pc: _largest(-_left(pz, pc)),
            by="they add up to H(c), which is constant",
        ),
        Line(
            "M0",
            r"\max_G I(c; G(z, c))",
            lambda pz, pc: max(information.mutual_information(toy.xc) for toy in _toys(pz, pc)),
            None,
        ),
        Line(
            "M1",
            r"\max_G \{ H(c) - H(c \mid G(z, c)) \}",
            lambda pz, pc: (-xlogy(pc, pc).sum() - _left(pz, pc)).max(),
            by="the definition",
        ),
        Line(
            "M2",
            r"H(c) - \min_G H(c \mid G(z, c))",
            lambda pz, pc: -xlogy(pc, pc).sum() - _left(pz, pc).min(),
            by="H(c) is constant",
        ),
        Line("N0", r"\min_G H(c \mid G(z, c))", lambda pz, pc: _left(pz, pc).min(), None),
        Line(
            "H0",
            r"-\sum_c p_G(c) \log p_G(c), \quad p_G(c) = \sum_x p_G(c, x)",
            lambda pz, pc: np.array(
                [-xlogy(toy.xc.sum(0), toy.xc.sum(0)).sum() for toy in _toys(pz, pc)]
            ),
            None,
        ),
        Line("H1", r"H(c)", lambda pz, pc: -xlogy(pc, pc).sum(), by="no G changes p(c)"),
        Line(
            "E0",
            r"\max_{G, p(c)} I(c; G(z, c)), \quad p(c) \text{ given or certain}",
            lambda pz, pc: max(_told(pz, pc).max(), _told(pz, np.eye(2)[0]).max()),
            None,
        ),
        Line(
            "E1",
            r"\min \{ I : H(c \mid G(z, c)) \text{ minimal} \}",
            lambda pz, pc: min(
                told
                for p in (pc, np.eye(2)[0])
                for told, left in zip(_told(pz, p), _left(pz, p), strict=True)
                if left <= ZERO
            ),
            ">",
            by="where p(c) is learnt, a certain code leaves nothing to know, and tells nothing",
        ),
    ),
    golden=(
        Golden(
            "fair bits",
            {"pz": FAIR, "pc": FAIR},
            {"M0": 0.693147180560, "M2": 0.693147180560, "N0": 0.0},
        ),
    ),
    mutants=(
        Mutant("values-equal-printed", "M2", lambda pz, pc: _left(pz, pc).min()),
        Mutant(
            "h-c-depends-on-g",
            "H0",
            lambda pz, pc: np.array([-xlogy(toy.px, toy.px).sum() for toy in _toys(pz, pc)]),
        ),
    ),
)


def _group(n: int, order: list[int]) -> Case:
    """z and c uniform on 0 … n − 1: a has x = c, b has x = z + c mod n, both renamed."""
    c, names, p = np.arange(n), np.array(order), np.full(n, 1 / n)
    return {
        "a": Toy(p, p, names[np.tile(c, (n, 1))], n),
        "b": Toy(p, p, names[(c[:, None] + c) % n], n),
    }


def draw_group(rng: Generator) -> Case:
    """Two to five codes, x in any order."""
    n = int(rng.integers(2, 6))
    return _group(n, list(rng.permutation(n)))


BITS_CASE = _group(2, [0, 1])

POSTERIOR = Derivation(
    id="infogan.posterior-needed",
    title="The posterior that is needed is that of the code, not of the noise",
    section="4.1",
    items=("D52", "D60"),
    inputs=Inputs("two generators, x = c and x = z + c mod n", draw_group, (_group(3, [2, 0, 1]),)),
    lines=(
        Line("X0", r"p_A(x)", lambda a, b: a.px),
        Line("X1", r"p_B(x)", lambda a, b: b.zcx.sum(0).sum(0), by="both uniform"),
        Line("Z0", r"p_A(z \mid x)", lambda a, b: y_given_x(a.zcx.sum(1).T), None),
        Line("Z1", r"p_B(z \mid x)", lambda a, b: y_given_x(b.zcx.sum(1).T), by="both uniform"),
        Line(
            "I0",
            r"I_A = \sum_{x, c} p_A(x, c) \log \frac{p_A(x, c)}{p_A(x)\, p(c)}",
            lambda a, b: rel_entr(a.xc, np.outer(a.px, a.pc)).sum(),
            None,
        ),
        Line(
            "I1",
            r"H(c) + \sum_x p_A(x) \sum_c p_A(c \mid x) \log p_A(c \mid x)",
            lambda a, b: a.hc + a.px @ xlogy(a.posterior, a.posterior).sum(1),
            by="it needs p(c | x)",
        ),
        Line(
            "I2",
            r"H(c) + \sum_x p_B(x) \sum_c p_B(c \mid x) \log p_B(c \mid x)",
            lambda a, b: b.hc + b.px @ xlogy(b.posterior, b.posterior).sum(1),
            ">",
            by="A shows the code, B hides it behind the noise",
        ),
        Line("I3", r"I_B", lambda a, b: information.mutual_information(b.xc)),
    ),
    golden=(
        Golden(
            "fair bits",
            BITS_CASE,
            {"I0": 0.693147180560, "I2": 0.0, "Z0": np.full((2, 2), 0.5)},
        ),
    ),
    errata=(
        Erratum(
            number="W3",
            item="D52",
            printed=r"\text{this requires evaluation } p(z \mid x)",
            corrected=r"\text{this requires evaluating } p(c \mid x)",
            reason="x = c and x = z ⊕ c have the same p(x) and p(z | x), and other informations",
            label="I0",
            witness=BITS_CASE,
            true_value=0.693147180560,
            readings={
                "the information by p(z | x)": (
                    lambda a, b: (
                        -xlogy(a.pz, a.pz).sum()
                        + xlogy(a.zcx.sum(1).T, y_given_x(a.zcx.sum(1).T)).sum()
                    ),
                    0.0,
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "p-z-x-suffices-printed",
            "I0",
            lambda a, b: rel_entr(a.zcx.sum(1), np.outer(a.pz, a.px)).sum(),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MAX_IS_MIN, POSTERIOR)
