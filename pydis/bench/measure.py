"""A row measured: every contender first checked against float64, then timed beside the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from pydis.backends import Array, Kernels, available, load, use
from pydis.backends.hardware import computing, instruction_sets
from pydis.backends.memory import memory
from pydis.bench import rows
from pydis.bench.limits import faults, floor_of, peak_for
from pydis.bench.quiet import Rounds, quiet_rounds
from pydis.bench.records import Entry, Limits, RatioRecord, RowRecord, finite
from pydis.bench.rows import Row
from pydis.bench.statistics import speed_up, summarise
from pydis.bench.timing import Contender, rest

NO_LIMITS = Limits([], [], [], 0.0, 0, 0.0, None, False)
"""Of a machine that was not measured: no floor is known."""
CALLS_COUNTED = 3
"""Calls over which page faults are averaged."""


class Setting(NamedTuple):
    """Who computes, and how. `replaced` are kernels in place of the backend's own."""

    backend: str
    kernels: Kernels
    threads: int
    instruction_set: str | None = None
    replaced: Mapping[str, Any] = {}

    @contextmanager
    def block(self) -> Iterator[None]:
        """In this block ops compute by this setting, with kept memory as in training."""
        with (
            computing(self.threads, self.instruction_set),
            use(self.backend, **self.replaced),
            memory(),
            np.errstate(over="ignore", invalid="ignore"),
        ):
            yield

    def contender(self, call: Callable[[], object]) -> Contender:
        """This setting at a call, which ends when its result is there."""
        spins = self.backend == "numpy" and self.threads > 1
        return Contender(partial(_finished, self.kernels, call), self.block, spins, self.threads)

    def at(self, row: Row, inputs: Sequence[Array]) -> Contender:
        """This setting at one row."""
        arrays = [self.kernels.asarray(a) for a in inputs]
        return self.contender(partial(row.call, self.kernels, arrays))


def _finished(kernels: Kernels, call: Callable[[], object]) -> object:
    """The result of a call, once a device that computes by itself is done."""
    result = call()
    device = getattr(kernels.xp, "cuda", None)
    if device is not None:
        device.Device().synchronize()
    return result


def settings(thread_counts: Sequence[int]) -> list[Setting]:
    """NumPy, the core on each instruction set, both with each number of threads; the GPU's once."""
    found = [Setting("numpy", load("numpy"), n) for n in thread_counts]
    for name in instruction_sets():
        found += [Setting("cpp", load("cpp"), n, name) for n in thread_counts]
    if available()["cupy"].usable:
        found.append(Setting("cupy", load("cupy"), 1))
    return found


def measure(
    row: Row,
    contenders: Sequence[Setting],
    dtype: str,
    rounds: int,
    seconds: float = float("inf"),
    limits: Limits = NO_LIMITS,
    rounds_of: Callable[..., Rounds] = quiet_rounds,
) -> RowRecord:
    """The record of one row. Contenders beyond the bound on their error are not timed."""
    inputs = row.make(dtype)
    exact, size = reference(row, inputs)
    runs = [setting.at(row, inputs) for setting in contenders]
    pairs = list(zip(contenders, runs, strict=True))
    errors = [error_of(setting, row, run, exact, size) for setting, run in pairs]
    limit = rows.bound(row, dtype)
    right = [i for i, error in enumerate(errors) if error <= limit]
    found = rounds_of([runs[i] for i in right], rounds, seconds)
    times = dict(zip(right, found.times, strict=True))
    counted = {i: page_faults(runs[i]) for i in right}
    moved = sum(a.nbytes for a in inputs) + exact.size * inputs[0].itemsize
    entries = []
    for i, setting in enumerate(contenders):
        both = floors(limits, setting, row.operations, moved)
        floor = max(both) if both else None
        one = timed_entry(setting, (errors[i], limit), times.get(i, []), times.get(0, []), floor)
        one = with_rate(one, row.operations, peak_of(limits, setting))
        entries.append(replace(one, page_faults=counted.get(i)))
    about = (row.kernel, row.shape, row.operations, moved, row.terms)
    return RowRecord(*about, *found.load, entries, discarded=found.discarded)


def reference(row: Row, inputs: Sequence[Array]) -> tuple[Array, Array]:
    """The result in float64, and what errors are relative to."""
    numpy = load("numpy")
    double = [a.astype(np.float64) for a in inputs]
    with use("numpy"):
        result = row.call(numpy, double)
        if row.of_largest:
            arrays = parts(result)
            sizes = [np.full(a.shape, abs(a).max()) for a in arrays]
            return flat(numpy, arrays), flat(numpy, sizes)
        return result, row.call(numpy, [np.abs(a) for a in double])


def parts(result: Any) -> list[Array]:
    """The arrays of a result: a kernel gives one, a layer may give several."""
    return list(result) if isinstance(result, (list, tuple)) else [result]


def flat(kernels: Kernels, arrays: Sequence[Array]) -> Array:
    """All numbers of some arrays, in one."""
    return np.concatenate([kernels.to_numpy(a).ravel() for a in arrays])


def error_of(setting: Setting, row: Row, contender: Contender, exact: Array, size: Array) -> float:
    """The error of one call."""
    with contender.settings():
        result = parts(contender.call())
    y = flat(setting.kernels, result) if row.of_largest else setting.kernels.to_numpy(result[0])
    return rows.error(y, exact, size)


def page_faults(contender: Contender) -> float:
    """Page faults of one call, once its memory is warm."""
    with contender.settings():
        contender.call()
        before = faults()
        for _ in range(CALLS_COUNTED):
            contender.call()
        counted = (faults() - before) / CALLS_COUNTED
    if contender.leaves_threads_spinning:
        rest()
    return counted


def timed_entry(
    setting: Setting,
    checked: tuple[float, float],
    times: Sequence[float],
    first: Sequence[float],
    floor: float | None,
) -> Entry:
    """The record of one contender; `first` are the times it is compared with."""
    error, limit = checked
    wrong = not error <= limit
    about = (setting.backend, setting.threads, setting.instruction_set, finite(error), limit, wrong)
    if not times:
        return Entry(*about, [], None, None, None, False, None, None, None, floor)
    middle, least, iqr, unstable = summarise(times)
    ratio = None
    if first and times is not first and not wrong:
        compared = speed_up(first, times)
        ratio = RatioRecord(*compared, compared.significant)
    share = None if floor is None else floor / middle
    summary = (middle, least, iqr, unstable)
    return Entry(*about, list(times), *summary, None, None, ratio, floor, share)


def with_rate(entry: Entry, operations: int, peak: float | None) -> Entry:
    """The entry with its GFLOP/s and their share of the peak."""
    if entry.median is None:
        return entry
    speed = operations / entry.median / 1e9
    return replace(entry, gflops=speed, share_of_peak=speed / peak if peak else None)


def peak_of(limits: Limits, setting: Setting) -> float | None:
    """The peak of a contender that computes on this processor."""
    if setting.backend == "cupy":
        return None
    return peak_for(limits, setting.threads, setting.instruction_set)


def floors(
    limits: Limits, setting: Setting, operations: int, moved: int
) -> tuple[float, float] | None:
    """Seconds that the operations, and the bytes, take a contender at least."""
    if setting.backend == "cupy":
        return None
    return floor_of(limits, setting.threads, setting.instruction_set, operations, moved)
