"""The protocol: all contenders of a row in one run, in rounds, in rotating order.

In its turn a contender is called for 10 ms to warm caches, and once for the clock. One with several
threads is called for 50 ms: a thread that wakes may share the processor of the one that woke it
until the system moves it. Turns begin when the process is at rest: threads of OpenBLAS spin for
about 0.1 s after a product, and take a processor from whoever comes next.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter, process_time, sleep
from typing import NamedTuple

REST = 0.002
LONGEST_REST = 0.5
WARM_UP = 0.01
SEVERAL = 5
"""Times as long, where several threads have to come to their processors."""


class Contender(NamedTuple):
    """What is timed, and the settings it is timed in."""

    call: Callable[[], object]
    settings: Callable[[], AbstractContextManager[object]] = nullcontext
    leaves_threads_spinning: bool = False
    threads: int = 1


def turns(count: int, round_number: int) -> list[int]:
    """The order of a round: each round another contender begins."""
    return [(round_number + i) % count for i in range(count)]


def rest() -> None:
    """Return when this process uses no processor while it sleeps."""
    until = perf_counter() + LONGEST_REST
    while perf_counter() < until:
        before = process_time()
        sleep(REST)
        if process_time() - before < REST / 4:
            return


def one_round(contenders: Sequence[Contender], number: int) -> list[float]:
    """Seconds of each contender in a round; those of different numbers begin with another one."""
    times = [0.0] * len(contenders)
    for i in turns(len(contenders), number):
        times[i] = _turn(contenders[i])
    return times


def _turn(contender: Contender) -> float:
    with contender.settings():
        until = perf_counter() + WARM_UP * (SEVERAL if contender.threads > 1 else 1)
        contender.call()
        while perf_counter() < until:
            contender.call()
        began = perf_counter()
        contender.call()
        took = perf_counter() - began
    if contender.leaves_threads_spinning:
        rest()
    return took
