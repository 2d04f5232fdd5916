"""A derivation is data: lines, each with the function that evaluates it and its reason.

The terminal, the tests and the book render the same object. A line is the printed sum itself; it
may call the library only where the line *is* the library's quantity, and no two lines share code.

    Derivation(
        id="entropy.conditional-chain",
        inputs=JOINT,                                   # draws tables, knows the structured cases
        lines=(
            Line("L0", r"\\sum_y p(y)\\, H(X \\mid Y{=}y)", lambda P: ...),
            Line("L1", r"-\\sum_y p(y) \\sum_x p(x \\mid y) \\log p(x \\mid y)", lambda P: ...,
                 by="the definition of H(X | Y = y)"),
        ),
        mutants=(Mutant("l2-p-y-x", "L2", lambda P: ...),),
        ...
    )

A mutant is the same derivation with one line evaluated wrongly; some input must reject it. An
erratum is a line as printed, which must fail where the corrected line holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Case = Mapping[str, Any]
"""The inputs of the lines by name."""

Evaluator = Callable[..., Any]
"""From the inputs, by keyword, to a number, an array, or for `iff` a truth value."""

RELATIONS = ("==", ">=", "<=", ">", "<", "iff")

TOLERANCES = {"T1": 1e-10, "T2": 1e-8, "T3": 1e-6, "T4": 1e-10, "T5": 1e-5}
"""T1 enumeration or closed form, T2 quadrature, T3 finite differences, T4 Monte Carlo (lines in
standard errors, compared with their bound), T5 an optimiser."""


class UndefinedLine(ArithmeticError):
    """A line that holds ∞ − ∞ has no value; the derivation does not apply to this input."""


@dataclass(frozen=True)
class Line:
    """One line: its LaTeX, its value, and how it relates to the line before.

    `relation` is one of RELATIONS, read "line before, relation, this line"; None begins a new
    chain. `tolerance` replaces the derivation's where it must; `when` says to which inputs the line
    applies.
    """

    label: str
    latex: str
    value: Evaluator
    relation: str | None = "=="
    by: str = ""
    tolerance: float | None = None
    when: Evaluator | None = None


@dataclass(frozen=True)
class Mutant:
    """The derivation with line `label` evaluated by `value`: wrong in one ingredient.

    `witness` is an input that must reject it; without one some golden, structured or random input
    must.
    """

    name: str
    label: str
    value: Evaluator
    witness: Case | None = None


@dataclass(frozen=True)
class Erratum:
    """What is printed, how it may be read, and what is true; `item` is the paper's, as "D19".

    On the witness line `label` has `true_value`; each reading has its printed value, which is
    another one (or None where the reading has no value that could be compared).
    """

    number: str
    item: str
    printed: str
    corrected: str
    reason: str
    label: str
    witness: Case
    true_value: Any
    readings: Mapping[str, tuple[Evaluator, Any]]


@dataclass(frozen=True)
class Golden:
    """An input with values known beforehand, by line label; relative precision 1e-10.

    The lines in `undefined` must raise UndefinedLine on it.
    """

    name: str
    case: Case
    values: Mapping[str, Any] = field(default_factory=dict)
    undefined: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """A family of inputs: random draws, and the structured cases that must always be tried."""

    name: str
    draw: Callable[[np.random.Generator], Case]
    structured: tuple[Case, ...] = ()


@dataclass(frozen=True)
class Derivation:
    """A statement with its lines; `section` is the paper's, `items` are those it resolves (D01 …).

    `tolerance` is a class of TOLERANCES, `scope` is "discrete", "continuous" or "both", `draws` how
    many random inputs a verification takes. All values are in nats.
    """

    id: str
    title: str
    lines: tuple[Line, ...]
    inputs: Inputs
    mutants: tuple[Mutant, ...]
    section: str = "beyond"
    items: tuple[str, ...] = ()
    conditions: str = ""
    tolerance: str = "T1"
    scope: str = "discrete"
    draws: int = 20
    golden: tuple[Golden, ...] = ()
    errata: tuple[Erratum, ...] = ()
    source: str = ""

    def line(self, label: str) -> Line:
        """The line of that label. Raises KeyError."""
        for line in self.lines:
            if line.label == label:
                return line
        raise KeyError(f"{self.id}: no line {label!r}; there are {[x.label for x in self.lines]}")
