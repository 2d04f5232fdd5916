"""Evaluates derivations on inputs, and plants their mutants.

A derivation passes if every line satisfies its relation on every golden, structured and random
input, and every golden value is met; a mutant is rejected if some input fails it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np

from pydis.derivations.derivation import (
    TOLERANCES,
    Case,
    Derivation,
    Evaluator,
    Line,
    Mutant,
    UndefinedLine,
)
from pydis.derivations.relations import holds, relative, residual

GOLDEN = 1e-10
"""Relative precision of the golden values."""


@dataclass(frozen=True)
class Outcome:
    """A line on an input: its value, how far its relation is from holding, and the verdict."""

    line: Line
    value: Any
    residual: float
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """A derivation on all its inputs; `failures` says where what failed."""

    derivation: Derivation
    residual: float
    rows: int
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def evaluate(d: Derivation, case: Case) -> Iterator[Outcome]:
    """All lines on one input. A line that is undefined there, or does not apply, is passed over."""
    before: Any = None
    for line in d.lines:
        if line.when is not None and not line.when(**case):
            continue
        try:
            value = line.value(**case)
        except UndefinedLine:
            before = None
            continue
        if line.relation is None or before is None:
            yield Outcome(line, value, 0.0, True)
        else:
            found = residual(before, line.relation, value)
            tolerance = TOLERANCES[d.tolerance] if line.tolerance is None else line.tolerance
            yield Outcome(line, value, found, holds(found, line.relation, tolerance))
        before = value


def cases(d: Derivation, seed: int) -> Iterator[tuple[str, Case]]:
    """Golden, structured and random inputs, by name. The seed of a draw is its derivation's own."""
    for golden in d.golden:
        yield golden.name, golden.case
    for number, case in enumerate(d.inputs.structured):
        yield f"structured {number}", case
    rng = np.random.Generator(np.random.Philox(key=[seed, crc32(d.id.encode())]))
    for number in range(d.draws):
        yield f"random {number}", d.inputs.draw(rng)


def verify(d: Derivation, seed: int = 0) -> Verdict:
    """The derivation on all its inputs."""
    worst, rows, failures = 0.0, 0, []
    for name, case in cases(d, seed):
        for outcome in evaluate(d, case):
            rows += outcome.line.relation is not None
            if outcome.line.relation not in (">", "<"):
                worst = max(worst, outcome.residual)
            if not outcome.passed:
                failures.append(f"{outcome.line.label} on {name}: residual {outcome.residual:.3g}")
    for golden in d.golden:
        for label, expected in golden.values.items():
            rows += 1
            found = relative(d.line(label).value(**golden.case), expected)
            if found > GOLDEN:
                failures.append(f"{label} on {golden.name}: not its golden value, by {found:.3g}")
        for label in golden.undefined:
            rows += 1
            if _defined(d.line(label).value, golden.case):
                failures.append(f"{label} on {golden.name}: has a value, but is ∞ − ∞")
    return Verdict(d, worst, rows, tuple(failures))


def mutate(d: Derivation, mutant: Mutant) -> Derivation:
    """The derivation with the mutant's line in place of its own. Raises KeyError without it."""
    wrong = replace(d.line(mutant.label), value=mutant.value)
    return replace(d, lines=tuple(wrong if x.label == mutant.label else x for x in d.lines))


def rejects(d: Derivation, mutant: Mutant, seed: int = 0) -> str | None:
    """The name of the first input on which the mutant fails, or None if it survives.

    A wrong formula may divide by 0 where the right one does not, and it may do so in silence.
    """
    wrong = mutate(d, mutant)
    tried = cases(wrong, seed) if mutant.witness is None else [("witness", mutant.witness)]
    golden = {} if mutant.witness is not None else {g.name: g for g in d.golden}
    with np.errstate(all="ignore"):
        for name, case in tried:
            if not all(outcome.passed for outcome in evaluate(wrong, case)):
                return name
            expected = golden[name].values.get(mutant.label) if name in golden else None
            if expected is not None and relative(mutant.value(**case), expected) > GOLDEN:
                return name
    return None


def _defined(value: Evaluator, case: Case) -> bool:
    try:
        value(**case)
    except UndefinedLine:
        return False
    return True
