"""How busy the machine was with the work of others.

`/proc/stat` counts the time of all processors in ticks. What of it was neither idle nor ours was
others'. Where there is no such file, the load average has to do.
"""

import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import NamedTuple

OVERLOADED = 0.10
"""The machine is overloaded where others use more than this share of its processors' time."""

SHORTEST = 0.25
"""Seconds below which the counters, which move by hundredths, say too little."""

STAT = Path("/proc/stat")


class Moment(NamedTuple):
    """Seconds since some beginning: all processors busy and idle, our process, the wall."""

    busy: float | None
    idle: float | None
    own: float
    wall: float


class Load(NamedTuple):
    """The load average at the end, the share of processor time used by others, the verdict."""

    average: float | None
    others: float | None
    overloaded: bool


def moment(stat: Path = STAT) -> Moment:
    """Now."""
    busy, idle = _processors(stat)
    return Moment(busy, idle, process_time(), perf_counter())


def load_since(before: Moment, now: Callable[[], Moment] | None = None) -> Load:
    """The load since a moment, by `now` or `moment`; waits where that was too short to tell."""
    sleep(max(0.0, before.wall + SHORTEST - perf_counter()))
    return load_between(before, (now or moment)(), load_average())


def load_between(before: Moment, after: Moment, average: float | None = None) -> Load:
    """The load from one moment to another.

    The counters move by whole ticks, so the verdict leaves two of them for each processor.
    """
    processors = os.cpu_count() or 1
    if before.busy is None or after.busy is None or before.idle is None or after.idle is None:
        return Load(average, None, average is not None and average > processors)
    busy, idle = after.busy - before.busy, after.idle - before.idle
    total = busy + idle
    if total <= 0:
        return Load(average, 0.0, False)
    others = max(0.0, busy - (after.own - before.own))
    certain = others - 2 * _tick() * processors
    return Load(average, min(1.0, others / total), certain > OVERLOADED * total)


def load_average() -> float | None:
    """Of the last minute; None where the system keeps none."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _tick() -> float:
    return 1 / os.sysconf("SC_CLK_TCK")


def _processors(stat: Path) -> tuple[float | None, float | None]:
    """Seconds that all processors were busy and idle; time stolen by a hypervisor is busy."""
    try:
        first = stat.read_text().splitlines()[0].split()
    except (OSError, IndexError):
        return None, None
    ticks = [int(n) for n in first[1:9]]  # user nice system idle iowait irq softirq steal
    idle = sum(ticks[3:5])
    return (sum(ticks) - idle) * _tick(), idle * _tick()
