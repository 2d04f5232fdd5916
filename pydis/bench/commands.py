"""`pydis bench kernels`."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from pydis.backends.environment import environment
from pydis.backends.hardware import instruction_sets
from pydis.backends.processors import processors
from pydis.bench import machine, show
from pydis.bench.measure import measure, settings
from pydis.bench.records import SCHEMA, Record
from pydis.bench.rows import Row, kernel_rows

HELP = """Measure kernels beside NumPy, with their errors.

Example: pydis bench kernels --filter conv2d_w --threads 1,2 --json kernels.json"""

MOST_THREADS = 256


class BenchError(ValueError):
    """An option that cannot be measured."""


def kernels_command(
    filter: str = "",
    rounds: int = 20,
    threads: Annotated[str | None, tyro.conf.arg(metavar="1,2,…")] = None,
    seconds: float | None = None,
    dtype: Literal["float32", "float64"] = "float32",
    json: Annotated[str | None, tyro.conf.arg(metavar="FILE|-")] = None,
) -> int:
    """Time the kernels at the models' shapes: NumPy and the core, each ISA, each number of threads.

    Example: pydis bench kernels --filter "conv2d_w 64x32" --threads 1,2 --json kernels.json

    Args:
        filter: Only rows whose name contains this, like "matmul" or "conv2d_x 64x".
        rounds: In each round each contender computes once for the clock. Ratios need six.
        threads: Numbers of threads; 1 to this machine's processors if not given.
        seconds: Stop adding rounds when this time is over, shared evenly by the rows.
        dtype: The numbers' type.
        json: Write samples and all there is to know to a file; "-" writes to standard output.
    """
    rows = chosen(kernel_rows(), filter)
    return run("kernels", rows, rounds, thread_counts(threads), seconds, dtype, json)


COMMANDS: dict[str, Callable[..., int]] = {"kernels": kernels_command}


def main(arguments: Sequence[str]) -> int:
    """Run `pydis bench …` and return its exit status: 1 if a result was wrong, 2 for bad usage."""
    try:
        status: int = tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="pydis bench", description=HELP, args=list(arguments)
        )
    except BenchError as error:
        print(f"pydis bench: {error}", file=sys.stderr)
        return 2
    return status


def chosen(rows: Sequence[Row], filter: str) -> list[Row]:
    """The row of that name or shape; else those whose name contains it."""
    exact = [row for row in rows if filter in (row.name, row.shape)]
    found = exact or [row for row in rows if filter in row.name]
    if not found:
        names = ", ".join(row.name for row in rows)
        raise BenchError(f"--filter {filter}: expected part of one of {names}")
    return found


def thread_counts(asked: str | None) -> list[int]:
    """The numbers of threads in "1,2,4"; every one up to the processors if none are asked for."""
    if asked is None:
        return list(range(1, processors() + 1))
    parts = asked.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise BenchError(f"--threads: expected numbers like 1,2, received {asked}")
    counts = list(dict.fromkeys(int(part) for part in parts))
    if not all(1 <= n <= MOST_THREADS for n in counts):
        raise BenchError(f"--threads: expected 1 to {MOST_THREADS}, received {asked}")
    return counts


def run(
    level: str,
    rows: Sequence[Row],
    rounds: int,
    threads: list[int],
    seconds: float | None,
    dtype: str,
    json: str | None,
) -> int:
    """Measure rows one after the other, show each, and write the record. 1 if one was wrong."""
    if rounds < 1:
        raise BenchError(f"--rounds: expected at least 1, received {rounds}")
    if seconds is not None and not seconds > 0:
        raise BenchError(f"--seconds: expected more than 0, received {seconds:g}")
    check_writable(json)
    console = Console(stderr=json == "-")
    record = head(level, rounds, threads, seconds, dtype)
    show.show_head(record, console)
    contenders, began, done = settings(threads), perf_counter(), []
    for number, row in enumerate(rows):
        left = float("inf") if seconds is None else seconds - (perf_counter() - began)
        share = max(0.0, left) / (len(rows) - number)
        done.append(measure(row, contenders, dtype, rounds, share, record.peaks))
        show.show_row(done[-1], console)
    show.print_line(show.LEGEND, console)
    write(replace(record, rows=done), json)
    return int(any(entry.wrong for row in done for entry in row.contenders))


def head(level: str, rounds: int, threads: list[int], seconds: float | None, dtype: str) -> Record:
    """The record before its rows, with the peaks measured now."""
    about: dict[str, Any] = environment()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    peaks = machine.peaks(instruction_sets(), threads, dtype)
    copied = machine.copy_gigabytes_per_second()
    asked = (level, started, dtype, rounds, seconds, threads)
    return Record(SCHEMA, *asked, about, machine.about(), peaks, copied, [])


def check_writable(json: str | None) -> None:
    """Raise BenchError where the file could not be written, before minutes of measuring."""
    if json in (None, "-"):
        return
    path = Path(json)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BenchError(f"--json {json}: cannot be written")


def write(record: Record, json: str | None) -> None:
    """The record where it was asked for."""
    if json == "-":
        print(record.to_json())
    elif json is not None:
        Path(json).write_text(record.to_json() + "\n", "utf-8")
