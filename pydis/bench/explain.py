"""Where the time of a training step goes: every kernel call beside its floor, and why.

Three costs of a call are known beforehand: its operations at the peak, its bytes at the bandwidth,
and calling a kernel at all. The largest is what binds it. A kernel's time is that of its call, with
the binding; the core also has a clock of its own, inside, and what is outside is measured by that.
"""

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any

from pydis.backends.hardware import kernel_seconds
from pydis.bench.calls import Cost, Key
from pydis.bench.load import load_since, moment
from pydis.bench.measure import Setting, floors
from pydis.bench.records import Budget, Limits, Op

STEPS, WARM_UP = 12, 3


def budget(trainer: Any, limits: Limits, steps: int = STEPS) -> Budget:
    """The budget of a step of a `Trainer`: medians over some steps."""
    walls, outside, times = [], [], []
    s, before = trainer.setting, moment()
    with trainer.recorded() as calls:
        for number in range(WARM_UP + steps):
            calls.start()
            spent = kernel_seconds()
            began = perf_counter()
            trainer()
            wall = perf_counter() - began - calls.counting
            if number >= WARM_UP:
                walls.append(wall)
                in_core = kernel_seconds() - spent
                outside.append(wall - (in_core if s.backend == "cpp" else calls.in_kernels()))
                times.append({key: list(each) for key, each in calls.seconds.items()})
    load = load_since(before)
    ops = [op(limits, s, key, calls.costs[key], times) for key in {k for t in times for k in t}]
    ops.sort(key=lambda each: -each.seconds)
    about = (s.backend, s.threads, s.instruction_set, steps)
    return Budget(*about, median(walls), median(outside), load.others, load.overloaded, ops)


def op(
    limits: Limits,
    setting: Setting,
    key: Key,
    cost: Cost,
    times: Sequence[dict[Key, list[float]]],
) -> Op:
    """All calls of one key, from their times in each step."""
    each = [step.get(key, []) for step in times]
    calls = sum(map(len, each)) / len(each)
    seconds = median(map(sum, each))
    by_operations, by_bytes = floors(limits, setting, *cost) or (0.0, 0.0)
    floor = calls * max(by_operations, by_bytes)
    share = floor / seconds if seconds else 0.0
    work = (round(calls * cost.operations), round(calls * cost.bytes))
    return Op(*key, calls, seconds, *work, floor, share, why(by_operations, by_bytes, limits.call))


def why(by_operations: float, by_bytes: float, by_calling: float) -> str:
    """What binds a call of these costs in seconds."""
    if by_calling > max(by_operations, by_bytes):
        return "overhead"
    return "compute-bound" if by_operations >= by_bytes else "memory-bound"
