"""A run of the bench: the machine first, then one piece of work after the other, then the files."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from rich.console import Console

from pydis.backends.environment import environment
from pydis.backends.interrupts import ctrl_c_waits
from pydis.backends.memory import described, statistics
from pydis.bench import machine, show
from pydis.bench.limits import limits
from pydis.bench.records import SCHEMA, Limits, Record, RowRecord

Work = Callable[[Limits, float], RowRecord]
"""Measures one row, given the machine's limits and the seconds it may take."""


class BenchError(ValueError):
    """An option that cannot be measured."""


class Asked(NamedTuple):
    """What every level asks for. Raises BenchError by `check`."""

    level: str
    rounds: int
    threads: list[int]
    seconds: float | None
    dtype: str
    json: str | None
    svg: Path | None

    def check(self) -> None:
        """Raise, before minutes of measuring, where nothing could come of it."""
        if self.rounds < 1:
            raise BenchError(f"--rounds: expected at least 1, received {self.rounds}")
        if self.seconds is not None and not self.seconds > 0:
            raise BenchError(f"--seconds: expected more than 0, received {self.seconds:g}")
        if self.json not in (None, "-"):
            check_writable("--json", Path(self.json or ""))
        if self.svg is not None:
            check_writable("--svg", self.svg)
            if find_spec("matplotlib") is None:
                raise ImportError("--svg needs matplotlib: pip install 'pydis[report]'")


def run(asked: Asked, rows: Sequence[Work]) -> int:
    """Measure rows one after the other, show each, and write the record. 1 if one was wrong."""
    asked.check()
    console = Console(stderr=asked.json == "-")
    record = head(asked)
    show.show_head(record, console)
    began, done = perf_counter(), []
    for number, measure in enumerate(rows):
        left = float("inf")
        if asked.seconds is not None:
            left = asked.seconds - (perf_counter() - began)
        done.append(measure(record.limits, max(0.0, left) / (len(rows) - number)))
        show.show_row(done[-1], console)
    if kept := described(statistics()):
        show.print_line(f"memory of arrays: {kept}", console)
    show.print_line(show.LEGEND, console)
    show.print_line(show.ERRORS[asked.level], console)
    record = replace(record, rows=done)
    if asked.json == "-":
        print(record.to_json())
    elif asked.json is not None:
        Path(asked.json).write_text(record.to_json() + "\n", "utf-8")
    if asked.svg is not None:
        with ctrl_c_waits():
            from pydis.bench.pictures import draw

        draw(record, asked.svg)
    return int(any(entry.wrong for row in done for entry in row.contenders))


def head(asked: Asked) -> Record:
    """The record before its rows, with the machine measured now."""
    about: dict[str, Any] = environment()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    found = (about, machine.about(), limits(asked.threads, asked.dtype))
    options = (asked.dtype, asked.rounds, asked.seconds, asked.threads)
    return Record(SCHEMA, asked.level, started, *options, *found, [])


def check_writable(option: str, path: Path) -> None:
    """Raise BenchError where the file could not be written."""
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BenchError(f"{option} {path}: cannot be written")
