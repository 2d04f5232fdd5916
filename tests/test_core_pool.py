"""The pool of threads of the compiled module: forks, many callers, the end of the process, memory.

Every scenario is a process of its own that must end by itself, with the bits of one thread.
"""

import ctypes.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import _core  # noqa: F401  (skips the file where there is none)

PATIENCE = float(os.environ.get("PYDIS_PATIENCE", "30"))
"""Seconds after which a process counts as hung: each takes about one, more on a busy machine.

The promise is 5 seconds: PYDIS_PATIENCE=5 checks it where nothing else runs.
"""

ROUNDS = int(os.environ.get("PYDIS_POOL_ROUNDS", "20"))
"""How often each scenario repeats itself: PYDIS_POOL_ROUNDS=1000 for the full count."""

COMMON = f"""
import ctypes, hashlib, multiprocessing, os, resource, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from pydis import _core

ROUNDS = {ROUNDS}

def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)

a, b = normal(0, 150, 200), normal(1, 200, 90)
x, w, g = normal(2, 9, 12, 12, 8), normal(3, 4, 4, 8, 16), normal(4, 9, 6, 6, 16)

def bits():
    made = [
        _core.matmul(a, b),
        _core.conv2d(x, w, 2, 1),
        _core.conv2d_x(g, w, 12, 12, 2, 1),
        _core.conv2d_w(x, g, 4, 4, 2, 1),
    ]
    return hashlib.sha256(b"".join(y.tobytes() for y in made)).hexdigest()

_core.set_threads(1)
alone = bits()
_core.set_threads(3)

def same():
    assert bits() == alone

def in_child(function):
    child = os.fork()
    if child == 0:
        try:
            function()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

def busy(stop):
    while not stop.is_set():
        same()

if __name__ == "__main__":
    same()
"""

SCENARIOS = {
    "fork": """
    for _ in range(ROUNDS):
        in_child(same)
        same()
""",
    "children of children": """
    in_child(lambda: (in_child(lambda: (same(), in_child(same))), same()))
""",
    "fork before the first kernel on two threads": """
    _core.set_threads(5)
    in_child(same)
    same()
""",
    "fork while other threads compute": """
    stop = threading.Event()
    others = [threading.Thread(target=busy, args=(stop,)) for _ in range(2)]
    for other in others:
        other.start()
    for _ in range(ROUNDS):
        in_child(same)
    stop.set()
    for other in others:
        other.join()
    same()
""",
    "eight callers at once": """
    def call(_):
        for _ in range(ROUNDS):
            same()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
""",
    "another number of threads for each call": """
    for number in [1, 2, 8, 3, 1, 5, 2, 16, 1, 4] * (1 + ROUNDS // 10):
        _core.set_threads(number)
        assert _core.threads() == number
        same()
""",
    "another number of threads amid calls": """
    stop = threading.Event()
    others = [threading.Thread(target=busy, args=(stop,)) for _ in range(3)]
    for other in others:
        other.start()
    for round in range(50 * ROUNDS):
        _core.set_threads(1 + round % 6)
        time.sleep(1e-4)
    stop.set()
    for other in others:
        other.join()
    same()
""",
    "the end in a thread that exits": """
    def leave():
        same()
        sys.exit(3)

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
""",
    "the end while daemon threads compute": """
    for _ in range(4):
        threading.Thread(target=busy, args=(threading.Event(),), daemon=True).start()
    time.sleep(0.02)
""",
    "the end after a call from another thread": """
    threading.Thread(target=same).start()
""",
    "no memory for the work of a kernel": """
    images, maps = normal(5, 32, 4, 4, 128), normal(6, 32, 1, 1, 1024)

    def sums():  # a sum of 8 MiB for each group of images
        return _core.conv2d_w(images, maps, 4, 4, 1, 0)

    if Path("/proc/self/statm").exists():  # where the limit is kept

        def limit(more):
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * os.sysconf("SC_PAGE_SIZE") + more
            resource.setrlimit(resource.RLIMIT_AS, (most if more else -1, -1))

        for more in (1 << 26, 1 << 25):
            limit(more)
            for _ in range(3):
                try:
                    sums()
                except MemoryError:
                    pass
                else:
                    raise AssertionError("there was memory for all sums")
                same()
        limit(0)
        same()
    sums()
""",
    "no memory for more threads": """
    tasks = Path("/proc/self/task")
    if tasks.exists():
        before = len(list(tasks.iterdir()))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + (1 << 21)
        resource.setrlimit(resource.RLIMIT_AS, (most, -1))
        _core.set_threads(64)
        same()
        assert len(list(tasks.iterdir())) < before + 60
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    _core.set_threads(64)
    same()
""",
}

ALL_ASLEEP = """
    def others():  # the states of all threads but this one, by the system
        return [
            (task / "stat").read_text().rpartition(")")[2].split()[0]
            for task in Path("/proc/self/task").iterdir()
            if int(task.name) != threading.get_native_id()
        ]

    before = len(others())
    _core.set_threads(6)
    _core.peak(1000, 64)
    assert len(others()) > before, "no worker was made"
    {beside}
    asleep = 0  # times in a row, so that a thread that just begins is not taken for asleep
    while asleep < 50:
        asleep = asleep + 1 if set(others()) == {{"S"}} else 0
        time.sleep(0.001)
    same()
"""
SLEEP = "workers without work fall asleep"
SCENARIOS[SLEEP] = ALL_ASLEEP.format(beside="")

METHODS = """
    context = multiprocessing.get_context("{method}")
    with context.Pool(2) as pool:
        assert pool.starmap(bits, [()] * 4) == [alone] * 4
    same()
"""

for method in ("fork", "spawn", "forkserver"):
    SCENARIOS[f"multiprocessing by {method}"] = METHODS.format(method=method)


class Hung(AssertionError):
    """A process did not end by itself."""


def play(code: str, folder: Path, patience: float = PATIENCE) -> str:
    """Run a scenario; what it printed. Raises Hung, or AssertionError where it failed."""
    script = folder / "scenario.py"
    script.write_text(COMMON + code)
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with the children that it waits for
        process.communicate()
        raise Hung(f"no end after {patience} s") from None
    assert process.returncode == 0, f"exit status {process.returncode}\n{err}"
    return out


def needs_states(name: str) -> None:
    if "asleep" in name and not Path("/proc/self/task").exists():
        pytest.skip("this system shows no states of threads")


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_pool_gives_the_bits_of_one_thread_and_ends(name: str, tmp_path: Path) -> None:
    needs_states(name)
    play(SCENARIOS[name], tmp_path)


# Controls: what a scenario must notice

A_POOL_THAT_FORK_LOSES = """
    with ThreadPoolExecutor(1) as pool:
        pool.submit(same).result()
        in_child(lambda: pool.submit(same).result())
"""

LIBGOMP = ctypes.util.find_library("gomp")
A_CHILD_OF_OPENMP = f"""
    gomp, libc = ctypes.CDLL("{LIBGOMP}"), ctypes.CDLL(None)

    def in_parallel():
        gomp.GOMP_parallel(libc.sched_yield, None, 4, 0)

    in_parallel()
    in_child(in_parallel)
"""

WRONG = {
    "a child that waits for a thread that fork lost": (A_POOL_THAT_FORK_LOSES, "no end after 3"),
    "a child of OpenMP, whose threads fork lost": (A_CHILD_OF_OPENMP, "no end after 3"),
    "a child with other bits": ("    in_child(lambda: 1 / 0)\n", "waitpid"),
    "other bits": ("    a[0, 0] += 1\n    same()\n", "assert bits"),
    "a thread that never falls asleep": (
        ALL_ASLEEP.format(
            beside="threading.Thread(target=_core.peak, args=(1 << 40,), daemon=True).start()"
        ),
        "no end after 3",
    ),
    "a crash at the end": ("    os.abort()\n", f"exit status -{int(signal.SIGABRT)}"),
    "memory enough": (
        SCENARIOS["no memory for the work of a kernel"].replace("1 << 26", "1 << 30"),
        "there was memory for all sums",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_scenario_that_fails_is_noticed(name: str, tmp_path: Path) -> None:
    needs_states(name)
    if name == "memory enough" and sys.platform != "linux":
        pytest.skip("this system keeps no limit of the address space")
    if "OpenMP" in name and LIBGOMP is None:
        pytest.skip("libgomp is not installed")
    code, message = WRONG[name]
    with pytest.raises(AssertionError, match=message):
        play(code, tmp_path, min(PATIENCE, 3) if message == "no end after 3" else PATIENCE)


# The interpreter lock

COUNT = """
    large = np.ones((1500, 1500))
    inside, done = threading.Event(), threading.Event()

    def work():
        inside.set()
        {long}
        done.set()

    threading.Thread(target=work).start()
    inside.wait()
    count = 0
    while not done.is_set():
        count += 1
        time.sleep(0.001)
    print(count)
"""


def test_other_threads_run_during_a_kernel(tmp_path: Path) -> None:
    long = "[_core.matmul(large, large) for _ in range(3)]"
    assert int(play(COUNT.format(long=long), tmp_path)) > 10


def test_a_kernel_that_kept_the_lock_would_be_noticed(tmp_path: Path) -> None:
    """Negative control: PyDLL calls a C function without letting go of the lock."""
    long = "ctypes.PyDLL(None).usleep(400_000)"
    assert int(play(COUNT.format(long=long), tmp_path)) <= 10
