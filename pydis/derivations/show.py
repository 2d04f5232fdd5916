"""What `pydis verify` prints: a table for each chapter, the errata, the mutants."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from pydis.derivations.derivation import Derivation, Erratum
from pydis.derivations.explain import number, ranges
from pydis.derivations.items import ITEMS, NOTES
from pydis.derivations.record import Record
from pydis.derivations.unicode import prose, unicode

GOOD, BAD = ("✓", "green"), ("✗", "red")


def chapter(title: str, records: Sequence[Record]) -> RenderableType:
    """A row for each derivation, and below it what failed."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("derivation", overflow="fold")
    table.add_column("items", style="dim", min_width=8, overflow="fold")
    for name in ("residual", "mutants", "ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for record in records:
        d = record.derivation
        table.add_row(
            Text(*(GOOD if record.passed else BAD)),
            d.id,
            ranges(d.items),
            f"{record.verdict.residual:.1e}",
            f"{rejected(record)}/{len(d.mutants)}",
            f"{1000 * record.seconds:.0f}",
        )
        for failure in record.failures[:5]:
            table.add_row("", Text(failure, "red"))
    return table


def rejected(record: Record) -> int:
    """How many mutants some input rejected."""
    return sum(found is not None for found in record.mutants.values())


def summary(records: Sequence[Record], seconds: float) -> str:
    """One line: what passed, how many lines and mutants, the worst residual."""
    passed = sum(record.passed for record in records)
    lines = sum(len(record.derivation.lines) for record in records)
    mutants = sum(len(record.mutants) for record in records)
    return (
        f"{passed} of {len(records)} derivations hold: {lines} lines, "
        f"{sum(record.verdict.rows for record in records)} comparisons, "
        f"{sum(map(rejected, records))} of {mutants} mutants rejected, {seconds:.1f} s"
    )


def mutants(records: Sequence[Record]) -> RenderableType:
    """For each derivation its mutants, the line each changes, and the first input rejecting it."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("", "line", "mutant", "rejected by"):
        table.add_column(name, overflow="fold")
    for record in records:
        table.add_row("", "", Text(record.derivation.id, "bold"), "")
        for mutant in record.derivation.mutants:
            found = record.mutants[mutant.name]
            mark = Text(*(GOOD if found is not None else BAD))
            table.add_row(mark, mutant.label, mutant.name, found or "nothing: it survives")
    return table


def erratum(d: Derivation, e: Erratum) -> Text:
    """Printed form, corrected form, reason, and both values on the witness."""
    item = ITEMS.get(e.item)
    where = f"{e.item}, §{item.section}" if item else e.item
    text = Text.assemble((e.number, "bold"), f"  {where}, {d.id} line {e.label}\n")
    text.append(f"  printed    {unicode(e.printed)}\n", "red")
    text.append(f"  corrected  {unicode(e.corrected)}\n", "green")
    text.append(f"  because    {e.reason}\n")
    witness = "; ".join(f"{name} = {number(value)}" for name, value in e.witness.items())
    text.append(f"  witness    {witness}\n", "dim")
    text.append(f"  true       {number(e.true_value)}\n", "green")
    for reading, (_, value) in e.readings.items():
        shown = "no value" if value is None else number(value)
        text.append(f"  printed    {shown} ({prose(reading)})\n", "red")
    return text


def errata(derivations: Sequence[Derivation]) -> list[Text]:
    """All errata in the order of their numbers."""
    found = [(d, e) for d in derivations for e in d.errata]
    found.sort(key=lambda pair: (pair[1].number[0] != "W", int(pair[1].number[1:])))
    return [erratum(d, e) for d, e in found]


def notes(verdict: str) -> Iterator[Text]:
    """The items of a verdict with their notes."""
    for item in ITEMS.values():
        if item.verdict == verdict and item.note in NOTES:
            head = Text.assemble((f"{item.note}  {item.id}", "bold"), f", §{item.section}  ")
            yield head.append(prose(item.statement)).append(f"\n  {NOTES[item.note]}", "green")
