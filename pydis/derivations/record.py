"""All that is known of a derivation after it was verified, for tables and for programs."""

from dataclasses import dataclass
from math import inf, isfinite
from time import perf_counter
from typing import Any

from pydis.derivations.derivation import Derivation
from pydis.derivations.errata import problems
from pydis.derivations.verify import Verdict, rejects, verify


@dataclass(frozen=True)
class Record:
    """The verdict; for each mutant the input that rejected it, or None; all that failed."""

    verdict: Verdict
    mutants: dict[str, str | None]
    failures: tuple[str, ...]
    seconds: float

    @property
    def derivation(self) -> Derivation:
        return self.verdict.derivation

    @property
    def passed(self) -> bool:
        return not self.failures

    def plain(self, chapter: str) -> dict[str, Any]:
        """As JSON has it; a residual that is not finite is null."""
        d = self.derivation
        return {
            "id": d.id,
            "chapter": chapter,
            "section": d.section,
            "title": d.title,
            "items": list(d.items),
            "passed": self.passed,
            "residual": self.verdict.residual if isfinite(self.verdict.residual) else None,
            "tolerance": d.tolerance,
            "rows": self.verdict.rows,
            "lines": len(d.lines),
            "failures": list(self.failures),
            "mutants": self.mutants,
            "errata": [erratum.number for erratum in d.errata],
            "seconds": round(self.seconds, 4),
        }


def check(d: Derivation, seed: int = 0) -> Record:
    """The derivation on all its inputs, every mutant rejected, every erratum as it says.

    A line that raises is a line that fails. Where a derivation fails its mutants are not tried:
    each would be rejected for that.
    """
    began = perf_counter()
    try:
        verdict = verify(d, seed)
    except (ArithmeticError, TypeError, ValueError) as error:
        verdict = Verdict(d, inf, 0, (f"raised {type(error).__name__}: {error}",))
    mutants: dict[str, str | None] = dict.fromkeys(mutant.name for mutant in d.mutants)
    failures = verdict.failures
    if verdict.passed:
        mutants = {mutant.name: rejects(d, mutant, seed) for mutant in d.mutants}
        failures = (
            *(f"the mutant {name} survives" for name, found in mutants.items() if found is None),
            *(problem for erratum in d.errata for problem in problems(d, erratum)),
        )
    return Record(verdict, mutants, failures, perf_counter() - began)
