"""How many threads compute: settings that nest and overlap, defaults, quotas of containers."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import cpu_backends, examples

from pydis.backends import BackendError, available, use
from pydis.backends import threads as module
from pydis.backends.processors import affinity, processors, quota
from pydis.backends.threads import blas_threads, default_threads, kernel_threads, threads

HAS_CPP = available()["cpp"].usable
LIMIT = 4
"""OpenBLAS makes no more threads than it was built for, and every build has four."""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Each test starts from one thread of each kind and leaves what it found."""
    with use("numpy"), threads(1):
        yield
    assert module._settings == []


def in_force() -> tuple[int, int]:
    """Threads of the kernels, threads of BLAS."""
    return kernel_threads(), blas_threads()


def expected(kernels: int, blas: int) -> tuple[int, int]:
    return (kernels if HAS_CPP else 1), blas


def test_a_block_sets_and_restores() -> None:
    with threads(2) as number:
        assert number == 2 and in_force() == expected(2, 2)
        with threads(3):
            assert in_force() == expected(3, 3)
        assert in_force() == expected(2, 2)
    assert in_force() == expected(1, 1)


@pytest.mark.parametrize("name", cpu_backends())
def test_blas_has_one_thread_under_cpp(name: str) -> None:
    with use(name), threads(3):
        assert in_force() == expected(3, 1 if name == "cpp" else 3)


def test_a_block_left_by_an_exception_is_left() -> None:
    with pytest.raises(ZeroDivisionError), threads(2):
        raise ZeroDivisionError
    assert in_force() == expected(1, 1)


def test_one_object_entered_again_and_within_itself() -> None:
    twice = threads(2)
    with twice, threads(3):
        with twice:
            assert in_force() == expected(2, 2)
        assert in_force() == expected(3, 3)
    assert in_force() == expected(1, 1)
    with twice:
        assert in_force() == expected(2, 2)
    assert in_force() == expected(1, 1)


def test_a_call_sets_for_good() -> None:
    before = list(module._settings)
    try:
        threads(2)
        assert in_force() == expected(2, 2)
        with threads(3):
            assert in_force() == expected(3, 3)
            threads(4)
            assert in_force() == expected(4, 4)
        assert in_force() == expected(4, 4)
        for _ in range(100):
            threads(2)
        assert len(module._settings) < 5
    finally:
        module._settings[:] = before


@pytest.mark.parametrize("wrong", [0, -1])
def test_less_than_one_thread_is_refused(wrong: int) -> None:
    with pytest.raises(BackendError, match=f"expected at least 1, received {wrong}"):
        threads(wrong)
    assert in_force() == expected(1, 1)


@pytest.mark.skipif(not HAS_CPP, reason="pydis._core was not built, or the source tree hides it")
def test_more_threads_than_the_kernels_take() -> None:
    from pydis import _core

    with pytest.raises(ValueError, match="expected 1 to"):
        _core.set_threads(module.MOST_IN_KERNELS + 1)
    with use("cpp"), threads(1024):
        assert in_force() == (module.MOST_IN_KERNELS, 1)


STATES = """
from pydis.backends import threads as module, use
from pydis.models import BetaVAE
from pydis.training import TrainConfig
from pydis.training.loop import machine

def show():
    print(module.kernel_threads(), module.blas_threads())

for pool in module._pools():
    pool.set_num_threads(3)
    module._release(pool)
use("{name}")
show()
with module.threads(2):
    show()
with machine(TrainConfig(BetaVAE(latents=2), backend="{name}", threads=2)):
    show()
show()
"""


@pytest.mark.parametrize("name", cpu_backends("definition"))
def test_a_choice_of_backend_alone_sets_no_number(name: str, tmp_path: Path) -> None:
    """In a process that has set none: after the choice, in a block, in a training, after both."""
    done = subprocess.run(
        [sys.executable, "-c", STATES.format(name=name)],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    found = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    inside = expected(2, 1 if name == "cpp" else 2)
    assert found == [(1, 3), inside, inside, (1, 3)]


# Blocks of several threads


class Player:
    """A thread that enters and leaves blocks when told."""

    def __init__(self, block: Callable[[int], Any]) -> None:
        self.block, self.open = block, ExitStack()
        self.pool = ThreadPoolExecutor(1, initializer=lambda: use("numpy").__enter__())

    def enter(self, number: int) -> None:
        self.pool.submit(lambda: self.open.enter_context(self.block(number))).result(20)

    def leave(self) -> None:
        self.pool.submit(self.open.close).result(20)


def play(block: Callable[[int], Any], moves: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Player p enters a block with n threads, or leaves if n is 0: what is in force after each."""
    players = [Player(block) for _ in range(3)]
    seen = []
    for player, number in moves:
        players[player].enter(number) if number else players[player].leave()
        seen.append(in_force())
    for each in players:
        each.leave()
        each.pool.shutdown()
    return [*seen, in_force()]


OVERLAP = [(0, 2), (1, 3), (0, 0), (2, 4), (1, 0), (2, 0)]


def test_overlapping_blocks_restore_when_the_last_one_leaves() -> None:
    numbers = [2, 3, 3, 4, 4, 1, 1]
    assert play(threads, OVERLAP) == [expected(n, n) for n in numbers]


def set_blas(number: int) -> None:
    for pool in module._pools():
        module._release(pool)
        pool.set_num_threads(number)


@contextmanager
def each_restores_what_it_saw(number: int) -> Iterator[None]:
    """A twin without the list of settings, as threadpoolctl's own blocks are."""
    before = blas_threads()
    set_blas(number)
    yield
    set_blas(before)


def test_blocks_that_restore_what_they_saw_are_noticed() -> None:
    """Negative control: the first that leaves takes the others' number away."""
    try:
        seen = [blas for _, blas in play(each_restores_what_it_saw, OVERLAP)]
        assert seen == [2, 3, 1, 4, 2, 1, 1]
    finally:
        set_blas(1)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, LIMIT)), max_size=12))
@examples(10)
def test_any_order_of_blocks(moves: list[tuple[int, int]]) -> None:
    """The oracle: the blocks that are open, in the order of entering."""
    order: list[tuple[int, int]] = []
    numbers = []
    for player, number in moves:
        order = [*order, (player, number)] if number else [o for o in order if o[0] != player]
        numbers.append(order[-1][1] if order else 1)
    assert play(threads, moves) == [expected(n, n) for n in [*numbers, 1]]


def test_many_threads_at_once_leave_what_was_there() -> None:
    def enter_and_leave(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for number in rng.integers(1, LIMIT + 1, 50):
            with threads(int(number)):
                np.ones((2, 2)) @ np.ones((2, 2))

    workers = [threading.Thread(target=enter_and_leave, args=(seed,)) for seed in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert in_force() == expected(1, 1)


# Defaults


@pytest.mark.parametrize("name", cpu_backends())
def test_the_default_of_each_backend(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYDIS_THREADS", raising=False)
    for has, given_ in [(1, 1), (3, 3), (8, 8), (64, 8)]:
        monkeypatch.setattr(module, "processors", lambda has=has: has)
        assert default_threads("cpp") == given_
        assert default_threads("numpy") == default_threads("cupy") == 1
        with use(name):
            assert default_threads() == (given_ if name == "cpp" else 1)


@pytest.mark.parametrize("name", ["cpp", "numpy", None])
def test_the_environment_comes_first(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDIS_THREADS", "11")
    assert default_threads(name) == 11
    for wrong in ("0", "-1", "two", "1.5", " 1", "²"):
        monkeypatch.setenv("PYDIS_THREADS", wrong)
        with pytest.raises(BackendError, match="PYDIS_THREADS: expected a positive number"):
            default_threads(name)
    monkeypatch.setenv("PYDIS_THREADS", "")
    assert default_threads("numpy") == 1


def test_processors_are_those_this_process_may_use() -> None:
    assert 1 <= processors() <= affinity() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(allowed)})
            assert processors() == affinity() == 1
        finally:
            os.sched_setaffinity(0, allowed)


def tree(folder: Path, own: str, files: dict[str, str]) -> float | None:
    """The quota that a made-up tree of control groups grants."""
    (folder / "own").write_text(own)
    for path, text in files.items():
        (folder / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / path).write_text(text)
    return quota(folder / "own", folder / "root")


def v1(folder: str, granted: int) -> dict[str, str]:
    return {
        f"{folder}/cpu.cfs_quota_us": f"{granted}\n",
        f"{folder}/cpu.cfs_period_us": "100000\n",
    }


V1 = "12:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n"
V2 = "0::/user.slice/run.scope\n"


@pytest.mark.parametrize(
    ("own", "files", "granted"),
    [
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": ""}, None),
        (V2, {"user.slice/run.scope/cpu.max": "max 100000", "user.slice/cpu.max": "5 10"}, 0.5),
        (V2, {"user.slice/run.scope/cpu.max": "2000 1000", "user.slice/cpu.max": "9 1"}, 2.0),
        (V1, v1("cpu/docker/abc", 300000), 3.0),
        (V1, v1("cpu", 250000), 2.5),  # the container mounts its own group as the root
        (V1, v1("cpu/docker/abc", -1), None),
        (V1, v1("memory/docker/abc", 100000), None),
        (V1 + V2, v1("cpu/docker/abc", 400000) | {"cpu.max": "300000 100000"}, 3.0),
        ("", {}, None),
    ],
)
def test_quotas(own: str, files: dict[str, str], granted: float | None, tmp_path: Path) -> None:
    assert tree(tmp_path, own, files) == granted


def test_no_control_groups_set_no_limit(tmp_path: Path) -> None:
    assert quota(tmp_path / "missing", tmp_path) is None


@pytest.mark.parametrize(("granted", "counted"), [(0.3, 1), (1.9, 1), (2.0, 2), (1000.0, 0)])
def test_a_quota_bounds_the_processors(
    granted: float, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pydis.backends.processors.quota", lambda: granted)
    monkeypatch.setattr("pydis.backends.processors.affinity", lambda: 16)
    assert processors() == (counted or 16)
