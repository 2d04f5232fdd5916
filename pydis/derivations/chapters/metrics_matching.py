"""Names for the values of a code: how often the best are wrong, and what entropy says of that."""

from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats, p_x, xlogy, y_given_x
from pydis.metrics import match, matching_error

Labels = NDArray[np.int64]

VALUES, CLASSES = 3, 3


def _draw(rng: Generator) -> Case:
    n = int(rng.integers(4, 20))
    y = rng.integers(CLASSES, size=n)
    c = rng.permutation(VALUES)[y] if rng.integers(3) == 0 else rng.integers(VALUES, size=n)
    fit = int(rng.integers(1, n))
    return {"c": c, "y": y, "c_fit": c[:fit], "y_fit": y[:fit]}


def _case(c: list[int], y: list[int], fit: int) -> Case:
    return {
        "c": np.array(c),
        "y": np.array(y),
        "c_fit": np.array(c[:fit]),
        "y_fit": np.array(y[:fit]),
    }


_UNEVEN = _case([0, 0, 1, 1, 1, 2, 2, 0], [1, 1, 2, 2, 0, 0, 1, 2], 6)
"""Named by the first six examples, 0, 1, 2 are classes 1, 2, 0: right for five of all eight."""


def table(c: Labels, y: Labels) -> Floats:
    """p(c, y): the share of the examples with this code and this class."""
    found = np.zeros((VALUES, CLASSES))
    np.add.at(found, (c, y), 1 / len(c))
    return found


def _names(c: Labels, y: Labels) -> Labels:
    """The class that each value mostly holds; the first of equals."""
    held = [np.bincount(y[c == value], minlength=CLASSES).tolist() for value in range(VALUES)]
    return np.array([counts.index(max(counts)) for counts in held])


def _errors(c: Labels, y: Labels) -> Floats:
    """The share of wrong names, for each of the 27 ways to name three values."""
    ways = np.array(list(product(range(CLASSES), repeat=VALUES)))
    found: Floats = (ways[:, c] != y).mean(1)
    return found


def _left(P: Floats) -> Any:
    """H(y | c) = −Σ p(c, y) log p(y | c)."""
    return -xlogy(P, y_given_x(P)).sum()


def _missed(P: Floats) -> Any:
    """1 − Σ_c max_y p(c, y)."""
    return 1 - P.max(1).sum()


MATCHING = Derivation(
    id="metric.matching-error",
    title="The error of the best names lies between two functions of the entropy that is left",
    source="Chen et al. 2016, section 7.2; Feder and Merhav 1994",
    inputs=Inputs(
        "codes c and classes y of some examples, of which a part names the codes",
        _draw,
        (
            _UNEVEN,
            _case([0, 1, 2, 0], [2, 0, 1, 2], 3),  # a perfect code
            _case([1, 1, 1], [0, 0, 0], 1),  # codes that never occur
        ),
    ),
    conditions="three values of the code, three classes; a value that never occurs is class 0",
    lines=(
        Line(
            "L0",
            r"\frac{1}{N} \sum_n 1[\hat y(c_n) \ne y_n]",
            lambda c, y, c_fit, y_fit: matching_error(c, y, match(c_fit, y_fit, VALUES)),
        ),
        Line(
            "L1",
            r"1 - \sum_c p(c, \hat y(c)), \quad \hat y(c) = \arg\max_y p_{\text{fit}}(c, y)",
            lambda c, y, c_fit, y_fit: (
                1 - table(c, y)[np.arange(VALUES), _names(c_fit, y_fit)].sum()
            ),
            by="the examples of each code and its name are right",
        ),
        Line(
            "L2",
            r"\min_{\hat y} \frac{1}{N} \sum_n 1[\hat y(c_n) \ne y_n]",
            lambda c, y, **_: _errors(c, y).min(),
            ">=",
            by="no names are better than the best",
        ),
        Line(
            "L3",
            r"\sum_c p(c) (1 - \max_y p(y \mid c))",
            lambda c, y, **_: p_x(table(c, y)) @ (1 - y_given_x(table(c, y)).max(1)),
            by="each code by itself: Bayes' rule with equal costs",
        ),
        Line(
            "E0", r"P_e = 1 - \sum_c \max_y p(c, y)", lambda c, y, **_: _missed(table(c, y)), None
        ),
        Line(
            "E1",
            r"1 - e^{-H(y \mid c)}",
            lambda c, y, **_: -np.expm1(-_left(table(c, y))),
            "<=",
            by="max p ≥ exp(−H) for each c, and exp is convex",
        ),
        Line(
            "F0",
            r"H(y \mid c)",
            lambda c, y, **_: _left(table(c, y)),
            None,
        ),
        Line(
            "F1",
            r"h_b(P_e) + P_e \log 2",
            lambda c, y, **_: (
                -xlogy(e := _missed(table(c, y)), e) - xlogy(1 - e, 1 - e) + e * np.log(2)
            ),
            "<=",
            by="Fano's inequality, two classes left",
        ),
        Line("I0", r"P_e = 0", lambda c, y, **_: bool(_errors(c, y).min() == 0), None),
        Line(
            "I1",
            r"y = g(c)",
            lambda c, y, **_: bool((np.count_nonzero(table(c, y), axis=1) <= 1).all()),
            "iff",
            by="each code holds one class",
        ),
    ),
    golden=(Golden("eight examples", _UNEVEN, {"L0": 0.375, "L1": 0.375, "L2": 0.375}),),
    mutants=(
        Mutant(
            "named-where-it-is-scored",
            "L1",
            lambda c, y, **_: 1 - table(c, y)[np.arange(VALUES), _names(c, y)].sum(),
            _case([0, 0, 0, 1, 1], [1, 0, 0, 2, 2], 1),
        ),
        Mutant(
            "every-class-once",
            "L2",
            lambda c, y, **_: min(
                (np.array(names)[c] != y).mean()
                for names in product(range(CLASSES), repeat=VALUES)
                if len(set(names)) == CLASSES
            ),
            _case([0, 0, 1, 1], [1, 1, 1, 1], 4),
        ),
        Mutant(
            "mean-over-codes", "L3", lambda c, y, **_: (1 - y_given_x(table(c, y)).max(1)).mean()
        ),
        Mutant("exp-of-plus-h", "E1", lambda c, y, **_: 1 - np.exp(_left(table(c, y))), _UNEVEN),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MATCHING,)
