"""The machine first: arithmetic in registers, matrix products, copies, fresh pages, a kernel call.

Interference only ever slows, so each is the best of some tries. The floor of a piece of work is
what these limits leave: its operations at the peak, or its bytes at the bandwidth, the larger.
"""

import mmap
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np

from pydis.backends import Array, available, draws, load
from pydis.backends.hardware import computing, instruction_sets
from pydis.bench import machine
from pydis.bench.load import load_since, moment
from pydis.bench.records import Copy, Limits, Product
from pydis.bench.timing import rest

SIDES = (256, 512, 1024)
"""Of the square matrices that are multiplied."""

COPIED = (1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26)
"""Bytes of the copied arrays: the first two stay in most second caches, the last in none."""

LONG_ENOUGH = 0.15
"""Seconds of products: threads that just woke may share a processor for a while."""

FRESH = 1 << 24
"""Bytes of fresh memory whose page faults are timed."""


def limits(thread_counts: Sequence[int], dtype: str) -> Limits:
    """Everything, in some seconds."""
    began = moment()
    found = (
        machine.peaks(instruction_sets(), thread_counts, dtype),
        [best_product(n, dtype) for n in thread_counts],
        [Copy(size, n, copying(size, n)) for n in thread_counts for size in COPIED],
        *page_fault(),
        call_seconds(),
    )
    _, others, overloaded = load_since(began)
    return Limits(*found, others, overloaded)


def best_product(number: int, dtype: str, sides: Sequence[int] = SIDES) -> Product:
    """The best rate of a product of square matrices, by BLAS or by the core."""
    rng = np.random.default_rng(0)
    found = []
    for side in sides:
        a, b = (draws.normal(rng, (side, side), np.dtype(dtype)) for _ in range(2))
        for name in ("numpy", "cpp"):
            if available()[name].usable:
                with computing(number):
                    took = fastest(partial(load(name).matmul, a, b), seconds=LONG_ENOUGH)
                    if name == "numpy":
                        rest()  # or its threads keep the next one's from the processors
                found.append(Product(number, side, 2 * side**3 / took / 1e9))
    return max(found, key=lambda product: product.gflops)


def copying(size: int, number: int = 1) -> float:
    """GB/s read and written where threads of Python copy arrays of `size` bytes, a part each."""
    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    repeat = max(1, (1 << 24) // size)  # or starting the threads would be what is timed
    cuts = [size * n // number for n in range(number + 1)]
    parts = [(target[a:b], source[a:b]) for a, b in pairwise(cuts)]

    def copy(part: tuple[Array, Array]) -> None:
        for _ in range(repeat):
            np.copyto(*part)

    with ThreadPoolExecutor(number) as pool:
        took = fastest(lambda: list(pool.map(copy, parts)))
    return 2 * size * repeat / took / 1e9


def page_fault(size: int = FRESH) -> tuple[float, int]:
    """Seconds of one page fault, and the bytes that it brings: fresh memory, then the same again.

    Where the system counts no faults, one is taken to bring a page.
    """
    least = float("inf")
    for _ in range(5):
        with mmap.mmap(-1, size) as memory:
            pages = np.frombuffer(memory, np.uint8)[:: mmap.PAGESIZE]
            before, began = faults(), perf_counter()
            pages[:] = 1
            first = perf_counter() - began
            count = faults() - before or size // mmap.PAGESIZE
            again = fastest(partial(pages.fill, 2))
            del pages
        least = min(least, max(0.0, first - again) / count)
    return least, size // count


def faults() -> int:
    """Page faults of this process so far that needed no disk."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def call_seconds() -> float:
    """Seconds to call a kernel that has next to nothing to do."""
    one = np.ones((1, 1), np.float32)
    name = "cpp" if available()["cpp"].usable else "numpy"
    return fastest(partial(load(name).matmul, one, one), tries=200)


def fastest(call: Callable[[], object], tries: int = 6, seconds: float = 0.0) -> float:
    """Seconds of the fastest of some calls: of so many, and more until this time is over."""
    best, made, until = float("inf"), 0, perf_counter() + seconds
    while made < tries or perf_counter() < until:
        began = perf_counter()
        call()
        best = min(best, perf_counter() - began)
        made += 1
    return best


def peak_for(limits: Limits, threads: int, instruction_set: str | None) -> float | None:
    """GFLOP/s of an instruction set; BLAS chooses its own, which may be the best."""
    fitting = [
        peak.gflops
        for peak in limits.peaks
        if peak.threads == threads and instruction_set in (None, peak.instruction_set)
    ]
    return max(fitting, default=None)


def bandwidth_for(limits: Limits, threads: int, bytes: int) -> float | None:
    """GB/s for work on so many bytes: the fastest copy of arrays not much smaller than them.

    So that a floor stays one, work between two sizes has the bandwidth of the smaller.
    """
    own = sorted((c for c in limits.copies if c.threads == threads), key=lambda c: c.bytes)
    if not own:
        return None
    at = max((n for n, c in enumerate(own) if 2 * c.bytes <= bytes), default=0)
    return max(copy.gigabytes_per_second for copy in own[at:])


def floor_of(
    limits: Limits, threads: int, instruction_set: str | None, operations: int, bytes: int
) -> tuple[float, float] | None:
    """Seconds that operations, and that bytes, take at least; None where no limit is known."""
    peak = peak_for(limits, threads, instruction_set)
    bandwidth = bandwidth_for(limits, threads, bytes)
    if peak is None or bandwidth is None:
        return None
    return operations / peak / 1e9, bytes / bandwidth / 1e9
