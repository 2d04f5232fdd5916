"""What a measurement leaves behind. These classes are the schema of `--json`: field by field.

All times are in seconds. A field that is None says that there was nothing to say.
"""

from dataclasses import asdict, dataclass
from json import dumps
from math import isfinite
from typing import Any

SCHEMA = "pydis-bench-1"
"""Changes with every field that is added, removed or changes its meaning."""


@dataclass(frozen=True)
class Peak:
    """The arithmetic peak, measured in the same run by multiplications and additions alone."""

    instruction_set: str
    threads: int
    gflops: float


@dataclass(frozen=True)
class RatioRecord:
    """How many times as fast as the first contender: median of paired rounds, 95 % interval."""

    median: float
    low: float | None
    high: float | None
    significant: bool  # the interval excludes 1; else no ratio is printed


@dataclass(frozen=True)
class Entry:
    """One contender of a row. Where it is wrong, it was not timed."""

    backend: str
    threads: int
    instruction_set: str | None  # None: chosen by the BLAS behind NumPy
    error: float | None  # max |y - y64| / (|a||b|) in units of eps; None: not finite
    bound: float  # the largest error that rounding explains
    wrong: bool  # error beyond the bound
    samples: list[float]  # of each round in turn: seconds
    median: float | None
    minimum: float | None
    iqr: float | None  # interquartile range
    unstable: bool  # median absolute deviation above 5 % of the median
    gflops: float | None  # operations / median
    share_of_peak: float | None  # of that instruction set (BLAS: of the best) at those threads
    ratio: RatioRecord | None  # None: the first contender, or either of the two is wrong


@dataclass(frozen=True)
class RowRecord:
    """One kernel at one shape, and the machine while it was measured."""

    kernel: str
    shape: str
    operations: int  # two for each product added; taps outside an image are not counted
    terms: int  # the most products added up in one number
    load_average: float | None
    others: float | None  # share of all processors' time used by other processes
    overloaded: bool
    contenders: list[Entry]


@dataclass(frozen=True)
class Record:
    """A whole run."""

    schema: str
    level: str
    started: str  # UTC, ISO 8601
    dtype: str
    rounds: int  # asked for; a row has fewer where `seconds` were over
    seconds: float | None  # asked for
    threads: list[int]
    environment: dict[str, Any]  # as `pydis info --json`
    machine: dict[str, str | None]  # cpu, governor, commit
    peaks: list[Peak]
    copy_gigabytes_per_second: float  # read and written, by one thread
    rows: list[RowRecord]

    def to_json(self) -> str:
        """One JSON document, raw samples included."""
        return dumps(asdict(self), indent=1, allow_nan=False)


def finite(x: float) -> float | None:
    """The number, or None for what JSON has no word for."""
    return x if isfinite(x) else None
