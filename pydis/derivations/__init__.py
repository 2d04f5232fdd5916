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

    Raises KeyError, with the nearest ids, for what no id begins with.
    """
    for name in asked:
        if not any(key.startswith(name) for key in DERIVATIONS):
            near = ", ".join(get_close_matches(name, DERIVATIONS, n=3, cutoff=0.5))
            raise KeyError(f"no derivation {name}" + (f"; there is {near}" if near else ""))
    return [d for key, d in DERIVATIONS.items() if not asked or key.startswith(tuple(asked))]
