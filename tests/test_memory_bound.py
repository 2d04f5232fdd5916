"""What kept memory holds: its sizes, its counts, its bound, and who has to go."""

import os
from pathlib import Path

import numpy as np
import pytest
from kept_memory import KIB, MIB, array, empty  # noqa: F401

from pydis.backends import BackendError
from pydis.backends.memory import keep, memory, statistics


def capacity(bytes: int) -> int:
    """The least of 2ᵉ, 5/4 2ᵉ, 6/4 2ᵉ and 7/4 2ᵉ that holds so many bytes."""
    power = 1 << (bytes.bit_length() - 1)
    return min(c for n in range(4, 9) if (c := power * n // 4) >= bytes)


def test_counts_add_up() -> None:
    sizes = [KIB, KIB + 1, 5000, 7 * KIB, 100_000, 100_001, 3 * MIB, 8 * MIB, 8 * MIB + 1]
    before = statistics()
    small = [array(n) for n in (0, 1, 500, KIB - 1)]
    assert statistics() == before and len(small) == 4
    arrays = [array(n) for n in sizes]
    held = statistics()
    total = sum(map(capacity, sizes))
    assert held["in_use"] - before["in_use"] == total
    assert held["misses"] - before["misses"] == len(sizes) and held["hits"] == before["hits"]
    assert held["most"] >= held["in_use"] and held["kept"] == 0
    arrays.clear()
    assert statistics() | {"in_use": 0} == held | {"kept": total, "in_use": 0}
    assert statistics()["in_use"] == before["in_use"]
    again = [array(n) for n in reversed(sizes)]
    now = statistics()
    assert now["hits"] - before["hits"] == len(sizes) == now["misses"] - before["misses"]
    assert now["kept"] == 0 and now["in_use"] == held["in_use"] and len(again) == len(sizes)


def test_the_same_block_comes_back_to_its_own_size_only() -> None:
    first = array(100_000)
    place = first.ctypes.data
    del first
    assert (other := array(200_000)).ctypes.data != place
    assert array(99_999).ctypes.data == place and len(other)


def test_blocks_are_aligned() -> None:
    arrays = [array(n) for n in range(KIB, 40 * KIB, 333)]
    assert {a.ctypes.data % 64 for a in arrays} == {0}


def test_the_bound_holds() -> None:
    keep(10 * MIB)
    arrays = [array(n * KIB) for n in range(1, 300)]
    while arrays:
        arrays.pop()
        assert statistics()["kept"] <= 10 * MIB == statistics()["bound"]
    assert statistics()["kept"] > 9 * MIB  # and it is made use of
    hits = statistics()["hits"]
    kept = [array(n * KIB) for n in range(1, 300)]
    assert statistics()["hits"] > hits and len(kept) == 299
    keep(0)
    kept.clear()
    assert statistics()["kept"] == 0
    with pytest.raises(BackendError, match="keep: expected a number of bytes, received -1"):
        keep(-1)


def test_the_oldest_goes_first() -> None:
    keep(3 * MIB)
    arrays = [array(MIB), array(MIB // 2), array(3 * MIB // 2)]
    places = [a.ctypes.data for a in arrays]
    while arrays:
        del arrays[0]
    one = array(MIB // 4)
    del one  # a quarter too much: the first of 1 MiB has to go
    assert statistics()["kept"] == capacity(MIB // 2) + 3 * MIB // 2 + MIB // 4
    again = [array(3 * MIB // 2), array(MIB // 2)]
    assert [a.ctypes.data for a in again] == [places[2], places[1]]


def test_large_blocks_are_not_kept() -> None:
    array(128 * MIB)
    assert statistics()["kept"] == 128 * MIB
    array(128 * MIB + 1)
    assert statistics()["kept"] == 128 * MIB


def test_zeros_of_fresh_memory_cost_none() -> None:
    """Pages that nobody touches are not there: 1 GiB of zeros is no 1 GiB."""
    statm = Path("/proc/self/statm")

    def pages() -> int:
        return int(statm.read_text().split()[1]) if statm.exists() else 0

    before = pages()
    with memory(True):
        zeros = np.zeros(1 << 30, np.uint8)
    assert (pages() - before) * os.sysconf("SC_PAGE_SIZE") < 1 << 29
    assert zeros[:: 1 << 28].sum() == 0


def test_too_much_is_a_memory_error() -> None:
    before = statistics()
    with memory(True):
        for bytes in (1 << 62, 1 << 60):
            with pytest.raises(MemoryError):
                np.empty(bytes, np.uint8)
            with pytest.raises(MemoryError):
                np.zeros(bytes, np.uint8)
    assert statistics() | {"most": 0} == before | {"most": 0}
