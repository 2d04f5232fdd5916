"""Step after step, memory and the number of living tensors stay what they are, without collector.

The graph of a step is freed by reference counts alone (`autodiff/tensor.py`), so the garbage
collector is off here.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import mmap
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from small_runs import Small, registered, small_config  # noqa: F401

from pydis.autodiff import Tensor, grad
from pydis.autodiff.tensor import Node
from pydis.models import BetaVAE
from pydis.training import loop

STEPS = int(os.environ.get("PYDIS_LEAK_STEPS", "150"))
"""How many steps are watched: PYDIS_LEAK_STEPS=2000 for the full count."""

WARM_UP = STEPS
"""As many go before: what the allocator holds settles by steps, the last after a thousand or so."""

MIB = 1 << 20
STATM = Path("/proc/self/statm")


class Watched(NamedTuple):
    """After each step: bytes in memory (none where the system does not say), living objects."""

    memory: list[int]
    alive: list[int]


@contextmanager
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def watch(config: Any, each: Any = lambda learners: None) -> Watched:
    """Train, calling `each` after every step, and watch what follows the warm-up."""
    page = os.sysconf("SC_PAGE_SIZE") if STATM.exists() else 0
    watched = Watched([], [])
    with loop.machine(config), without_collector():
        for step, learners, _ in loop.steps(config, loop.start(config), 0):
            each(learners)
            if step <= WARM_UP:
                continue
            if page:
                watched.memory.append(int(STATM.read_text().split()[1]) * page)
            if step % 10 == 0:
                # of the objects that the collector would have to look at
                watched.alive.append(sum(isinstance(o, Tensor | Node) for o in gc.get_objects()))
    return watched


def growth(memory: list[int]) -> tuple[float, float]:
    """The growth over all steps by least squares, and its standard error from ten block means.

    Block means, since the memory of neighbouring steps is anything but independent.
    """
    y = np.array([block.mean() for block in np.array_split(np.array(memory, float), 10)])
    x = np.arange(10.0) - 4.5
    slope = float(x @ y / (x @ x))
    residual = y - y.mean() - slope * x
    error = float(np.sqrt(residual @ residual / 8 / (x @ x)))
    return 10 * slope, 10 * error


def leaks(watched: Watched) -> list[str]:
    """What grew. Student's t for 8 degrees of freedom: a false alarm in a thousand is 5 errors."""
    found = []
    if len(set(watched.alive)) != 1:
        found.append(f"living tensors and nodes: {watched.alive[0]} to {watched.alive[-1]}")
    if watched.memory:
        total, error = growth(watched.memory)
        if total > MIB and total > 5 * error:
            found.append(f"memory grew by {total / MIB:.2f} ± {error / MIB:.2f} MiB")
    return found


def tiny(model: Any) -> Any:
    return small_config(model, steps=WARM_UP + STEPS, batch=1)


@pytest.mark.parametrize("model", [BetaVAE(latents=1), Small("adam", 2)])
def test_nothing_grows(model: Any) -> None:
    watched = watch(tiny(model))
    if watched.memory:
        total, error = (value / MIB for value in growth(watched.memory))
        print(f"{STEPS} steps: {total:+.3f} ± {error:.3f} MiB, {watched.alive[-1]} objects")
    assert leaks(watched) == []


# Planted leaks


def test_kept_graphs_are_found() -> None:
    """The graph of every step kept in a list: objects, and the memory of their arrays."""
    kept: list[Any] = []

    def keep(learners: Any) -> None:
        x = Tensor(np.ones((64, 1024), np.float32))
        kept.append((x * 2.0 + 1.0) * x)

    config = small_config(Small(), steps=WARM_UP + 150, batch=1)
    found = leaks(watch(config, keep))
    assert any(line.startswith("living") for line in found)


def test_cycles_are_found() -> None:
    """A graph that holds itself is freed by the collector only, which is off."""

    def cycle(learners: Any) -> None:
        x = Tensor(np.ones(3))
        y = x * x
        grad(y, x, np.ones(3))
        holder = [y]
        y.node.static["cycle"] = holder

    found = leaks(watch(small_config(Small(), steps=WARM_UP + 50, batch=1), cycle))
    assert any(line.startswith("living") for line in found)


def test_a_kept_array_is_found() -> None:
    """Memory alone: no tensor lives longer."""
    if not STATM.exists():
        return
    kept: list[Any] = []

    def keep(learners: Any) -> None:
        kept.append(mmap(-1, 1 << 20))  # of its own: the heap may have room from earlier tests
        kept[-1].write(bytes(1 << 20))

    found = leaks(watch(small_config(Small(), steps=WARM_UP + 150, batch=1), keep))
    assert [line.split()[0] for line in found] == ["memory"]
