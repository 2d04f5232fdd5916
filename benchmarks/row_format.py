"""How the tables here say it: times, ratios and the machine, as `pydis bench` says them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydis.bench.show import speed_up as said
from pydis.bench.statistics import Ratio, speed_up, summarise

TIMES = ("median ms", "IQR", "min ms", "n")


class Compared(NamedTuple):
    """What is looked at of an entry, to say its ratio."""

    ratio: Ratio


def times(seconds: Sequence[float], digits: int) -> list[str]:
    """The cells of TIMES."""
    found = summarise(seconds)
    shown = [f"{1e3 * t:.{digits}f}" for t in (found.median, found.iqr, found.minimum)]
    return [*shown, str(len(seconds))]


def times_as_fast(theirs: Sequence[float], ours: Sequence[float], overloaded: bool) -> str:
    """How many times as fast ours is, from the times of the same rounds: a dash, or [95 %]."""
    return said(Compared(speed_up(theirs, ours)), overloaded)  # type: ignore[arg-type]


def given(document: Mapping[str, Any], name: str, form: str) -> str:
    """A number of a document in this form; a dash in one that was written before it was kept."""
    return format(document[name], form) if name in document else "-"


def used_by_others(load: Mapping[str, Any]) -> str:
    """The load of a measurement, as a document keeps it, in words."""
    others = load["others"]
    share = "unknown" if others is None else f"{100 * others:.0f} %"
    return f"used by others: {share}{' (overloaded)' * load['overloaded']}"


def versions(document: Mapping[str, Any]) -> str:
    """Processor and source, our instruction set, and the libraries beside ours."""
    machine, about = document["machine"], document["environment"]
    build, torch = instruction_set(document), document["torch"].split()[0]
    return (
        f"{machine['cpu']}, commit {machine['commit']}; our core on {build or '-'}, "
        f"torch {torch}, numpy {about['numpy']} with {about['blas']}"
    )


def instruction_set(document: Mapping[str, Any]) -> str:
    """That our core chose; nothing where there was none."""
    core = document["environment"]["core"]
    return str(core["instruction_set"]) if core else ""


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """A table whose first columns are words."""
    first, *others = (f"| {' | '.join(cells)} |" for cells in (head, *rows))
    return [first, "|---" * left + "|" + "---:|" * (len(head) - left), *others]
