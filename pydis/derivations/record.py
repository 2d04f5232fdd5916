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

    A line that raises is a line that fails, and a mutant that raises is not rejected: it must be
    wrong by its value. Where a derivation fails its mutants are not tried: each would be rejected
    for that.
    """
    began = perf_counter()
    try:
        verdict = verify(d, seed)
    except Exception as error:  # whatever it is, the other derivations are still checked
        verdict = Verdict(d, inf, 0, (raised(error),))
    mutants: dict[str, str | None] = dict.fromkeys(mutant.name for mutant in d.mutants)
    failures = list(verdict.failures)
    for mutant in d.mutants if verdict.passed else ():
        try:
            mutants[mutant.name] = rejects(d, mutant, seed)
            wrong = "survives"
        except Exception as error:
            wrong = raised(error)
        if mutants[mutant.name] is None:
            failures.append(f"the mutant {mutant.name} {wrong}")
    for erratum in d.errata if verdict.passed else ():
        try:
            failures += problems(d, erratum)
        except Exception as error:
            failures.append(f"{erratum.number}: {raised(error)}")
    return Record(verdict, mutants, tuple(failures), perf_counter() - began)


def raised(error: Exception) -> str:
    """What an error was, in a line."""
    return f"raised {type(error).__name__}: {error}"
