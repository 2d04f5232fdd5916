"""The paper's equations and what goes beyond them, executable."""

from collections.abc import Sequence
from difflib import get_close_matches

from pydis.derivations.chapters import CHAPTERS
from pydis.derivations.derivation import Derivation


def contents() -> dict[str, tuple[Derivation, ...]]:
    """The derivations of each chapter, by its title."""
    return {
        title: tuple(d for module in modules for d in module.DERIVATIONS)
        for title, modules in CHAPTERS
    }


DERIVATIONS: dict[str, Derivation] = {d.id: d for found in contents().values() for d in found}
"""All derivations by their ids, in reading order."""


def select(asked: Sequence[str]) -> list[Derivation]:
    """The derivations of those ids or prefixes, in reading order; all if none is asked for.

    What is an id is no prefix. Raises KeyError, with the nearest ids, for what no id begins with.
    """
    chosen = set() if asked else set(DERIVATIONS)
    for name in asked:
        found = {key for key in DERIVATIONS if key.startswith(name)}
        if not found:
            near = ", ".join(get_close_matches(name, DERIVATIONS, n=3, cutoff=0.5))
            raise KeyError(f"no derivation {name}" + (f"; there is {near}" if near else ""))
        chosen |= {name} if name in DERIVATIONS else found
    return [d for key, d in DERIVATIONS.items() if key in chosen]
