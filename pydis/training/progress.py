"""What a person sees of a run: a bar on a terminal, elsewhere a quiet line now and then."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO

Report = Callable[[int, Mapping[str, float]], None]
SECONDS_BETWEEN_LINES = 10.0


class Screen(StringIO):  # for the interface of a text file
    """stderr while it lasts: a run does not end because its terminal is gone."""

    def __init__(self) -> None:
        super().__init__()
        self._stderr = sys.stderr  # the bar puts another in its place

    def isatty(self) -> bool:
        """Whether a person watches."""
        try:
            return self._stderr.isatty()
        except (AttributeError, ValueError):  # there is none, or it was closed
            return False

    def write(self, text: str) -> int:
        """Show the text at once, or nothing where that fails."""
        try:
            self._stderr.write(text)
            self._stderr.flush()
        except (AttributeError, OSError, ValueError):
            pass
        return len(text)


@contextmanager
def progress(total: int, done: int = 0, title: str = "training") -> Iterator[Report]:
    """A function to call after each step with its number and its named terms (nats an image).

    On a terminal it moves a bar with rate, time left and the terms; elsewhere it prints at most a
    line every ten seconds, without control codes, and always the last step.
    """
    if Screen().isatty():
        with _bar(total, done, title) as report:
            yield report
    else:
        yield _lines(total, done, title)


@contextmanager
def _bar(total: int, done: int, title: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    one_line = Column(no_wrap=True)
    columns = (
        BarColumn(bar_width=12),
        TextColumn("{task.completed}/{task.total}", table_column=one_line),
        TextColumn("{task.fields[rate]}", table_column=one_line),
        TimeRemainingColumn(compact=True, table_column=one_line),
        TextColumn("{task.fields[terms]}", table_column=Column(no_wrap=True, ratio=1)),
    )
    began = time.monotonic()
    with Progress(*columns, console=Console(file=Screen())) as bars:
        task = bars.add_task(title, total=total, completed=done, rate="", terms="")

        def report(step: int, terms: Mapping[str, float]) -> None:
            rate = (step - done) / max(time.monotonic() - began, 1e-9)
            bars.update(task, completed=step, rate=f"{rate:.1f}/s", terms=_named(terms))

        yield report


def _lines(total: int, done: int, title: str) -> Report:
    began = last = time.monotonic()

    def report(step: int, terms: Mapping[str, float]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SECONDS_BETWEEN_LINES and step < total:
            return
        last = now
        rate = (step - done) / max(now - began, 1e-9)
        left = (total - step) / max(rate, 1e-9)
        print(
            f"{title}: step {step} of {total}, {rate:.1f} steps/s, {left:.0f} s left, "
            f"{_named(terms)}",
            file=Screen(),
        )

    return report


def _named(terms: Mapping[str, float]) -> str:
    """Tenths of a nat, and hundredths below ten, where a tenth is much."""
    return "  ".join(f"{n} {v:.1f}" if abs(v) >= 10 else f"{n} {v:.2f}" for n, v in terms.items())
