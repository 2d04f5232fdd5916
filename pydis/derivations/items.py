"""The printed items of the paper, D01 … D107: what each says, whether it holds, and what checks it.

The table is `items.toml`. A verdict is "correct"; "notation", correct once its symbols are read as
noted; "qualify", true only with a condition that is not printed; "wrong"; or "informal", without
mathematical content.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.resources import files

VERDICTS = ("correct", "notation", "qualify", "wrong", "informal")
KINDS = ("equation", "reason", "claim")


@dataclass(frozen=True)
class Item:
    """One printed relation, reason or claim; `checks` are ids of derivations, or "chapter.*"."""

    id: str
    section: str
    kind: str
    statement: str
    verdict: str
    checks: tuple[str, ...]
    note: str = ""

    def resolved(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """For each of its checks the ids that it names; nothing where the item is informal."""
        known = list(ids)
        return {check: [key for key in known if fnmatch(key, check)] for check in self.checks}


def _load() -> tuple[dict[str, Item], dict[str, str]]:
    read = tomllib.loads(files(__package__).joinpath("items.toml").read_text("utf-8"))
    notes: dict[str, str] = read.pop("notes")
    items = {
        key: Item(key, **(entry | {"checks": tuple(entry["checks"])}))
        for key, entry in read.items()
    }
    return items, notes


ITEMS, NOTES = _load()
"""All items by id, and the notes N1 … Q10 by number."""


def counts() -> dict[str, Counter[str]]:
    """How many items of each kind, and of all kinds, have which verdict."""
    found = {kind: Counter[str]() for kind in (*KINDS, "all")}
    for item in ITEMS.values():
        found[item.kind][item.verdict] += 1
        found["all"][item.verdict] += 1
    return found
