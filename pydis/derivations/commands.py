"""`pydis verify`."""

import sys
from collections.abc import Iterator, Sequence
from json import dumps
from time import perf_counter
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pydis.derivations import contents, select, show
from pydis.derivations.derivation import Derivation
from pydis.derivations.explain import explain as explained
from pydis.derivations.record import Record, check
from pydis.derivations.verify import verify


def verify_command(
    ids: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[ID …]")] = (),
    explain: bool = False,
    errata: bool = False,
    mutants: bool = False,
    seed: int = 0,
    json: bool = False,
) -> int:
    """Evaluate every equation of the paper, line by line, and see every wrong one rejected.

    Example: pydis verify entropy.conditional-chain --explain

    Args:
        ids: Derivations by id, or by how it begins, like entropy; all of them if none is given.
        explain: Print each line with its reason and its value on two inputs.
        errata: Print what is wrong in the paper, with the correction and a witness.
        mutants: Print the planted mistakes and the input that rejected each.
        seed: The random inputs follow from it.
        json: Print a list of objects as JSON, for a program to read.
    """
    try:
        derivations = select(ids)
    except KeyError as error:
        print(f"pydis: {error.args[0]}", file=sys.stderr)
        return 2
    if seed < 0:
        print(f"pydis: --seed: expected 0 or more, received {seed}", file=sys.stderr)
        return 2
    began = perf_counter()
    records = {record.derivation.id: record for record in run(derivations, seed)}
    seconds, done = perf_counter() - began, list(records.values())
    if json:
        print(dumps(plain(records), indent=2, allow_nan=False))
    console = Console(stderr=json, highlight=False, soft_wrap=False)
    if explain:
        for d in derivations:
            console.print(explained(d, seed))
            console.print()
    if errata:
        _print_errata(derivations, console, all_notes=not ids)
    if mutants:
        console.print(show.mutants(done))
    if not (explain or errata or mutants or json):
        for title, found in by_chapter(records).items():
            console.print(show.chapter(title, found))
    console.print(show.summary(done, seconds), soft_wrap=True)
    for record in done:
        for failure in record.failures if explain or errata or mutants or json else ():
            console.print(f"{record.derivation.id}: {failure}", style="red", soft_wrap=True)
    return int(not all(record.passed for record in done))


def main(arguments: Sequence[str]) -> int:
    """Run `pydis verify …` and return its exit status: 1 if anything fails, 2 for bad usage."""
    options = (tyro.conf.FlagCreatePairsOff,)
    status: int = tyro.cli(
        verify_command, prog="pydis verify", args=list(arguments), config=options
    )
    return status


def run(derivations: Sequence[Derivation], seed: int = 0) -> Iterator[Record]:
    """Check one derivation after the other; a terminal shows which."""
    columns = (BarColumn(20), MofNCompleteColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        task = bars.add_task("", total=len(derivations))
        for d in derivations:
            bars.update(task, description=d.id)
            yield check(d, seed)
            bars.advance(task)


def short(seed: int = 0) -> Iterator[str]:
    """A line for each chapter: how many of its derivations hold, and which do not."""
    for title, derivations in contents().items():
        verdicts = [verify(d, seed) for d in derivations]
        failed = [v.derivation.id for v in verdicts if not v.passed]
        rows = sum(v.rows for v in verdicts)
        held = f"{title}: {len(verdicts) - len(failed)} of {len(verdicts)} derivations hold"
        yield f"{held}, {rows} comparisons" + (f"; not {', '.join(failed)}" if failed else "")


def by_chapter(records: dict[str, Record]) -> dict[str, list[Record]]:
    """The records of each chapter that has some."""
    found = {
        title: [records[d.id] for d in derivations if d.id in records]
        for title, derivations in contents().items()
    }
    return {title: rows for title, rows in found.items() if rows}


def plain(records: dict[str, Record]) -> list[dict[str, object]]:
    """All records as JSON has them."""
    return [r.plain(title) for title, found in by_chapter(records).items() for r in found]


def _print_errata(derivations: Sequence[Derivation], console: Console, all_notes: bool) -> None:
    """The errata of some derivations; with all of them what is qualified or a notation, too."""
    for text in show.errata(derivations):
        console.print(text)
    if all_notes:
        for verdict in ("qualify", "notation"):
            for note in show.notes(verdict):
                console.print(note)
