"""How the tables here say it: the load of the machine, as `pydis bench` says it."""

from collections.abc import Mapping
from typing import Any


def used_by_others(load: Mapping[str, Any]) -> str:
    """The load of a measurement, as a document keeps it, in words."""
    others = load["others"]
    share = "unknown" if others is None else f"{100 * others:.0f} %"
    return f"used by others: {share}{' (overloaded)' * load['overloaded']}"
