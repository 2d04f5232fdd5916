"""A row measured: every contender first checked against float64, then timed beside the others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from pydis.backends import Array, Kernels, load
from pydis.backends.hardware import computing, instruction_sets
from pydis.bench import rows
from pydis.bench.load import Load, load_since, moment
from pydis.bench.records import Entry, Peak, RatioRecord, RowRecord, finite
from pydis.bench.rows import Row
from pydis.bench.statistics import speed_up, summarise
from pydis.bench.timing import Contender, interleave


class Setting(NamedTuple):
    """Who computes, and how."""

    backend: str
    kernels: Kernels
    threads: int
    instruction_set: str | None = None

    def contender(self, row: Row, inputs: Sequence[Array]) -> Contender:
        """This setting at one row."""
        return Contender(
            partial(row.call, self.kernels, inputs),
            partial(computing, self.threads, self.instruction_set),
            leaves_threads_spinning=self.backend == "numpy" and self.threads > 1,
        )


def settings(thread_counts: Sequence[int]) -> list[Setting]:
    """NumPy, and the core on each instruction set, with each number of threads; NumPy first."""
    found = [Setting("numpy", load("numpy"), n) for n in thread_counts]
    for name in instruction_sets():
        found += [Setting("cpp", load("cpp"), n, name) for n in thread_counts]
    return found


def measure(
    row: Row,
    contenders: Sequence[Setting],
    dtype: str,
    rounds: int,
    seconds: float = float("inf"),
    peaks: Sequence[Peak] = (),
    interleave: Callable[..., list[list[float]]] = interleave,
) -> RowRecord:
    """The record of one row. Contenders beyond the bound on their error are not timed."""
    inputs = row.make(dtype)
    exact, size = reference(row, inputs)
    errors = [error_of(setting.contender(row, inputs), exact, size) for setting in contenders]
    limit = rows.bound(row, dtype)
    right = [i for i, error in enumerate(errors) if error <= limit]
    began = moment()
    timed = interleave([contenders[i].contender(row, inputs) for i in right], rounds, seconds)
    load = load_since(began)
    times = dict(zip(right, timed, strict=True))
    entries = [
        entry(row, setting, errors[i], limit, times.get(i, []), times.get(0, []), peaks)
        for i, setting in enumerate(contenders)
    ]
    return _record(row, load, entries)


def reference(row: Row, inputs: Sequence[Array]) -> tuple[Array, Array]:
    """The result in float64, and the kernel of the absolute values, |a||b|."""
    numpy = load("numpy")
    double = [a.astype(np.float64) for a in inputs]
    return row.call(numpy, double), row.call(numpy, [np.abs(a) for a in double])


def error_of(contender: Contender, exact: Array, size: Array) -> float:
    """The error of one call."""
    with contender.settings():
        return rows.error(np.asarray(contender.call()), exact, size)


def entry(
    row: Row,
    setting: Setting,
    error: float,
    limit: float,
    times: Sequence[float],
    first: Sequence[float],
    peaks: Sequence[Peak],
) -> Entry:
    """The record of one contender; `first` are the times it is compared with."""
    about = (setting.backend, setting.threads, setting.instruction_set)
    checked = (finite(error), limit, not error <= limit)
    if not times:
        return Entry(*about, *checked, [], None, None, None, False, None, None, None)
    middle, least, iqr, unstable = summarise(times)
    speed = row.operations / middle / 1e9
    ratio = None
    if first and times is not first:
        compared = speed_up(first, times)
        ratio = RatioRecord(*compared, compared.significant)
    peak = _peak_for(setting, peaks)
    share = speed / peak if peak else None
    return Entry(*about, *checked, list(times), middle, least, iqr, unstable, speed, share, ratio)


def _peak_for(setting: Setting, peaks: Sequence[Peak]) -> float | None:
    """Of its instruction set; BLAS chooses its own, which may be the best."""
    fitting = [
        peak.gflops
        for peak in peaks
        if peak.threads == setting.threads
        and setting.instruction_set in (None, peak.instruction_set)
    ]
    return max(fitting, default=None)


def _record(row: Row, load: Load, entries: list[Entry]) -> RowRecord:
    return RowRecord(row.kernel, row.shape, row.operations, row.terms, *load, entries)
