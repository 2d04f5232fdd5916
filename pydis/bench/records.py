"""What a measurement leaves behind. These classes are the schema of `--json`: field by field.

All times are in seconds. A field that is None says that there was nothing to say.
"""

from dataclasses import asdict, dataclass
from json import dumps
from math import isfinite
from typing import Any

SCHEMA = "pydis-bench-3"
"""Changes with every field that is added, removed or changes its meaning."""


@dataclass(frozen=True)
class Peak:
    """The arithmetic peak, measured in the same run by multiplications and additions alone."""

    instruction_set: str
    threads: int
    gflops: float


@dataclass(frozen=True)
class Product:
    """The best product of square matrices, of all sizes, backends and instruction sets tried."""

    threads: int
    side: int
    gflops: float


@dataclass(frozen=True)
class Copy:
    """Memory: bytes read and written by copying arrays of this size, each thread its own part."""

    bytes: int
    threads: int
    gigabytes_per_second: float


@dataclass(frozen=True)
class Limits:
    """What the machine can do at best, measured before anything else."""

    peaks: list[Peak]
    products: list[Product]
    copies: list[Copy]
    page_fault: float  # seconds to get one page of fresh memory
    page_bytes: int  # that one fault brings
    call: float  # seconds of the smallest kernel call there is
    others: float | None  # share of all processors' time used by other processes meanwhile
    overloaded: bool


@dataclass(frozen=True)
class RatioRecord:
    """How many times as fast as the first contender: median of paired rounds, 95 % interval."""

    median: float
    low: float | None
    high: float | None
    significant: bool  # the interval excludes 1; else no ratio is printed


@dataclass(frozen=True)
class Losses:
    """Of training steps 1 and `steps`, by name, before the update: same work, same losses."""

    steps: int
    first: dict[str, float]
    last: dict[str, float]
    error: float | None  # of the first loss at step 1 against float64, in eps; None: not finite


@dataclass(frozen=True)
class Entry:
    """One contender of a row. Where it is wrong, it was not timed."""

    backend: str
    threads: int
    instruction_set: str | None  # None: chosen by the BLAS behind NumPy
    error: float | None  # against float64, in units of eps (steps: of the losses); None: not finite
    bound: float  # the largest error that rounding explains (steps: that is tolerated)
    wrong: bool  # error beyond the bound
    samples: list[float]  # of each round in turn: seconds
    median: float | None
    minimum: float | None
    iqr: float | None  # interquartile range
    unstable: bool  # median absolute deviation above 5 % of the median
    gflops: float | None  # operations / median
    share_of_peak: float | None  # of that instruction set (BLAS: of the best) at those threads
    ratio: RatioRecord | None  # None: the first contender, or either of the two is wrong
    floor: float | None = None  # seconds: operations / peak or bytes / bandwidth, the larger
    share_of_floor: float | None = None  # floor / median: 1 is the sum as written, at the peak
    page_faults: float | None = None  # of a call, after the rounds; None where it was not timed
    losses: Losses | None = None  # None: no training step


@dataclass(frozen=True)
class Op:
    """All calls of one kernel at one shape in a training step."""

    kernel: str
    shape: str
    calls: float  # a step
    seconds: float  # a step: median
    operations: int  # a step
    bytes: int  # a step: arrays read and written once
    floor: float  # seconds: operations / peak or bytes / bandwidth, the larger
    share_of_floor: float  # floor / seconds
    why: str


@dataclass(frozen=True)
class Budget:
    """Where the time of one training step goes. Seconds are medians over `steps` steps."""

    backend: str
    threads: int
    instruction_set: str | None
    steps: int
    wall: float  # without what the counting itself took
    outside: float  # wall - kernels, these by the core's own clock where it is the core's step
    others: float | None  # share of all processors' time used by other processes, in these steps
    overloaded: bool
    ops: list[Op]


@dataclass(frozen=True)
class RowRecord:
    """One piece of work, and the machine while it was measured."""

    work: str  # a kernel, a layer and its direction, or a model
    shape: str
    operations: int  # two for each product added; taps outside an image are not counted
    bytes: int  # compulsory: every array read or written once
    terms: int | None  # the most numbers added up in one; None: a training step
    load_average: float | None
    others: float | None  # share of all processors' time used by other processes
    overloaded: bool
    contenders: list[Entry]
    budget: Budget | None = None  # of the fastest, where --explain asked for it
    discarded: int = 0  # rounds disturbed by others and measured anew; their times are not kept


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
    limits: Limits
    rows: list[RowRecord]

    def to_json(self) -> str:
        """One JSON document, raw samples included."""
        return dumps(asdict(self), indent=1, allow_nan=False)


def finite(x: float) -> float | None:
    """The number, or None for what JSON has no word for."""
    return x if isfinite(x) else None
