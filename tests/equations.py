"""`@verifies`: a check names the equation that it verifies and the functions that compute it.

    @verifies("eq:elbo", "pydis.objectives.elbo.evidence_lower_bound")
    def test_...

`test_equations.py` reads these names from the source, so they are written as literal strings.
"""

import re
from collections.abc import Callable
from typing import TypeVar

Check = TypeVar("Check", bound=Callable[..., object])

ID = re.compile(r"eq:[a-z0-9]+(?:-[a-z0-9]+)*")


def verifies(equation: str, *objects: str) -> Callable[[Check], Check]:
    """Decorator: the check verifies `equation` as computed by the dotted names `objects`.

    May be repeated. Raises ValueError for a malformed id or where no object is named.
    """
    if not ID.fullmatch(equation):
        raise ValueError(f"verifies: {equation!r} is not an id such as 'eq:elbo'")
    if not objects:
        raise ValueError(f"verifies: {equation} names no object that computes it")

    def mark(check: Check) -> Check:
        known = getattr(check, "verified", ())
        check.verified = ((equation, objects), *known)  # type: ignore[attr-defined]
        return check

    return mark
