"""Kept memory never changes what arrays hold: each operation beside its twin on NumPy's memory.

Random operations of those that make, grow, shrink and move arrays, thousands of them; arrays that
go from thread to thread; and the bits of training. `tests/test_memory_calls.py` has the allocator
without NumPy's lock, and forks.
"""

import io
import os
import pickle
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from kept_memory import KIB, MIB, array, empty  # noqa: F401
from small_runs import Small, registered, small_config  # noqa: F401

from pydis.backends.memory import keep, memory, statistics
from pydis.models import BetaVAE
from pydis.training import loop

OPERATIONS_DRAWN = int(os.environ.get("PYDIS_MEMORY_OPERATIONS", "10000"))
"""How many operations are drawn: PYDIS_MEMORY_OPERATIONS=1000000 for the full count."""

DTYPES = [np.uint8, np.float32, np.float64, np.int64, "S7", "U5"]
Rng = np.random.Generator
Array = Any


def some(rng: Rng) -> int:
    """A number of elements, of any order of magnitude."""
    return int(2 ** rng.uniform(0, 16))


def filled(rng: Rng, count: int, dtype: Any = np.float64) -> Array:
    return rng.integers(0, 100, count).astype(dtype)


def new(rng: Rng, a: Array, b: Array) -> Array:
    return filled(rng, some(rng), DTYPES[rng.integers(len(DTYPES))])


def resize(rng: Rng, a: Array, b: Array) -> Array:
    """In place, by NumPy's realloc, as the growth of a list: larger and smaller, in many steps."""
    own = a.copy()
    for _ in range(rng.integers(1, 12)):
        own.resize(some(rng), refcheck=False)
    return own


def fromiter(rng: Rng, a: Array, b: Array) -> Array:
    """Of unknown length: grows by half again and again, then shrinks to fit."""
    return np.fromiter((i * 0.5 for i in range(some(rng) // 8 + 1)), np.float64)


def loadtxt(rng: Rng, a: Array, b: Array) -> Array:
    lines = (f"{i} {i / 2}\n" for i in rng.integers(0, 99, some(rng) // 16 + 1))
    return np.loadtxt(io.StringIO("".join(lines))).ravel()


def astype(rng: Rng, a: Array, b: Array) -> Array:
    return a.astype("U9" if a.dtype.kind in "SU" else DTYPES[rng.integers(1, 4)])


OPERATIONS: dict[str, Callable[[Rng, Array, Array], Array]] = {
    "new": new,
    "resize": resize,
    "fromiter": fromiter,
    "loadtxt": loadtxt,
    "concatenate": lambda rng, a, b: np.concatenate([a, a[::2], a])[: 1 << 16],
    "astype": astype,
    "pickle": lambda rng, a, b: pickle.loads(pickle.dumps(a, protocol=int(rng.integers(2, 6)))),
    "fromstring": lambda rng, a, b: np.fromstring("1 2 " * (some(rng) // 8 + 1), sep=" "),
    "zeros": lambda rng, a, b: np.zeros(some(rng), a.dtype),
    "repeat": lambda rng, a, b: np.repeat(a[:1000], 3),
    "take": lambda rng, a, b: a.take(rng.integers(0, len(a), some(rng))),
    "where": lambda rng, a, b: a[np.where(a == a[0])],
    "sort": lambda rng, a, b: np.sort(a, kind="stable"),
    "sum": lambda rng, a, b: (b.view(np.uint8)[: len(b)] + 1).cumsum(),
    "unique": lambda rng, a, b: np.unique(a),
}


def agree(ours: Array, twin: Array) -> bool:
    return bool(ours.dtype == twin.dtype and ours.tobytes() == twin.tobytes())


def fuzz(rng: Rng, count: int, fault: Callable[[list[Array]], None] = lambda living: None) -> int:
    """Draw operations; the number of arrays that differ from their twins, of all that ever were."""
    living, twins = [np.arange(9.0)], [np.arange(9.0)]
    wrong = 0
    names = list(OPERATIONS)
    for number in range(count):
        operation = OPERATIONS[names[rng.integers(len(names))]]
        i, j = rng.integers(len(living), size=2)
        seed = int(rng.integers(1 << 60))
        with memory(True):
            ours = operation(np.random.default_rng(seed), living[i], living[j])
        twin = operation(np.random.default_rng(seed), twins[i], twins[j])
        living.append(ours)
        twins.append(twin)
        if number % 50 == 49:
            fault(living)
        if len(living) > 40:  # who leaves must still hold what it held
            for k in sorted(rng.permutation(39)[:8], reverse=True):
                wrong += not agree(living.pop(k), twins.pop(k))
    return wrong + sum(not agree(a, b) for a, b in zip(living, twins, strict=True))


def test_every_operation_gives_what_its_twin_gives() -> None:
    before = statistics()
    assert fuzz(np.random.default_rng(0), OPERATIONS_DRAWN) == 0
    after = statistics()
    assert after["hits"] - before["hits"] > OPERATIONS_DRAWN / 3
    assert after["in_use"] == before["in_use"]


def test_with_little_kept() -> None:
    """Blocks are given back in the middle of everything."""
    keep(256 * KIB)
    assert fuzz(np.random.default_rng(1), OPERATIONS_DRAWN // 4) == 0


def test_one_wrong_byte_is_found() -> None:
    """The fault: one byte of one living array, now and then."""

    def fault(living: list[Array]) -> None:
        own = living[-1]
        own.view(np.uint8)[len(own) // 2] ^= 1

    assert fuzz(np.random.default_rng(0), 500, fault) > 0


def test_zeros_are_zeros() -> None:
    for bytes in (KIB, 5000, MIB, 5 * MIB):
        array(bytes)[:] = 255
        with memory(True):
            assert not np.zeros(bytes, np.uint8).any() and not np.zeros((2, bytes // 2)).any()
        assert statistics()["hits"] > 0


def test_arrays_outlive_the_block() -> None:
    with memory(True):
        kept = [np.full(n, n) for n in range(1, 5000, 97)]
    own = [a.copy() for a in kept]
    for a in kept:
        a.resize(2 * len(a), refcheck=False)
    assert all(
        (a[: len(b)] == b).all() and not a[len(b) :].any() for a, b in zip(kept, own, strict=True)
    )


def handed_on(makers: int, takers: int, arrays: int, spoil: bool = False) -> list[str]:
    """Some threads make arrays, others look at them and drop them; what was not as it was made."""
    wrong: list[str] = []
    channel: queue.Queue[Array] = queue.Queue(maxsize=50)

    def make(seed: int) -> None:
        rng = np.random.default_rng(seed)
        with memory(True):
            for number in range(arrays):
                made = np.full(some(rng) + 1, (seed * arrays + number) % 251, np.uint8)
                if spoil and number == arrays // 2:
                    made[-1] ^= 255
                channel.put(made)

    def take() -> None:
        while (got := channel.get()) is not None:
            if (got != got[0]).any():
                wrong.append(f"{len(got)} bytes: {np.unique(got)}")

    threads = [threading.Thread(target=make, args=(n,)) for n in range(makers)]
    others = [threading.Thread(target=take) for _ in range(takers)]
    for thread in threads + others:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in others:
        channel.put(None)
    for thread in others:
        thread.join()
    return wrong


def test_made_on_one_thread_and_freed_on_another() -> None:
    before = statistics()
    assert handed_on(makers=6, takers=5, arrays=OPERATIONS_DRAWN // 20) == []
    assert statistics()["in_use"] == before["in_use"] and statistics()["hits"] > before["hits"]
    assert len(handed_on(makers=2, takers=2, arrays=40, spoil=True)) == 2


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
@pytest.mark.parametrize("model", [Small(), BetaVAE()])
def test_training_has_the_same_bits(
    model: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(choice: str, seed: int = 5) -> list[bytes]:
        monkeypatch.setenv("PYDIS_MEMORY", choice)
        config = small_config(model, steps=4, batch=8, backend=backend, seed=seed)
        with loop.machine(config):
            *_, (_, learners, _) = loop.steps(config, loop.start(config), 0)
        return [a.tobytes() for learner in learners.values() for a in learner.arrays().values()]

    hits = statistics()["hits"]
    assert end("on") == (off := end("off"))
    assert statistics()["hits"] > hits
    assert end("on", seed=6) != off  # another course of training has other bits
