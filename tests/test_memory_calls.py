"""The allocator by itself, without the interpreter's lock: many threads, and forks among them.

NumPy calls it under that lock nearly always, which would hide what the lock of the allocator is
for. Here its functions are called through ctypes, which lets go of the lock. Every scenario is a
process of its own that must end by itself.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import _core  # noqa: F401  (skips the file where there is none)

PATIENCE = float(os.environ.get("PYDIS_PATIENCE", "30"))
"""Seconds after which a process counts as hung. Each takes about one."""

COMMON = """
import ctypes, os, random, sys, threading
import numpy as np
from pydis import _core
from pydis.backends.memory import keep, memory, statistics

size_t, pointer = ctypes.c_size_t, ctypes.c_void_p

class Handler(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char * 127), ("version", ctypes.c_uint8), ("context", pointer),
        ("malloc", ctypes.CFUNCTYPE(pointer, pointer, size_t)),
        ("calloc", ctypes.CFUNCTYPE(pointer, pointer, size_t, size_t)),
        ("realloc", ctypes.CFUNCTYPE(pointer, pointer, pointer, size_t)),
        ("free", ctypes.CFUNCTYPE(None, pointer, pointer, size_t)),
    ]

unpack = ctypes.pythonapi.PyCapsule_GetPointer
unpack.restype, unpack.argtypes = pointer, [ctypes.py_object, ctypes.c_char_p]
handler = Handler.from_address(unpack(_core.memory_handler(), b"mem_handler"))
assert handler.name == b"pydis" and handler.version == 1

def block(value, count):
    place = handler.malloc(None, count)
    ctypes.memset(place, value, count)
    return place, value, count

def look(place, value, count):
    assert ctypes.string_at(place, count) == bytes([value]) * count, (place, value, count)

def live(seed, rounds, free=handler.free):
    rng, own = random.Random(seed), []
    for _ in range(rounds):
        own.append(block(rng.randrange(256), int(2 ** rng.uniform(0, 18))))
        place, value, count = own.pop(rng.randrange(len(own)))
        look(place, value, count)
        more = int(2 ** rng.uniform(0, 18))
        place = handler.realloc(None, place, more)
        look(place, value, min(count, more))
        if rng.random() < 0.5:
            ctypes.memset(place, value, more)
            own.append((place, value, more))
        else:
            free(None, place, 0)
    for place, value, count in own:
        look(place, value, count)
        free(None, place, count)

def churn(done, count=4000, going=lambda: None):
    "Gives back thousands of blocks at once, which holds the lock of the allocator for long."
    while not done.is_set():
        with memory(True):
            arrays = [np.empty(1024, np.uint8) for _ in range(count)]
        arrays.clear()
        going()
        keep(0)
        keep(256 << 20)

def together(count, rounds, then=lambda: None, free=handler.free):
    failures = []
    def run(seed):
        try:
            live(seed, rounds, free)
        except AssertionError as error:
            failures.append(error)
    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(count)]
    [thread.start() for thread in threads]
    then()
    [thread.join() for thread in threads]
    assert not failures, failures[0]
"""

SCENARIOS = {
    "many threads": """
        together(8, 1500)
        assert statistics()["in_use"] == 0 and statistics()["hits"] > 1000
    """,
    "many threads, and a bound that moves": """
        done = threading.Event()
        mover = threading.Thread(target=churn, args=(done,))
        mover.start()
        together(6, 1000)
        done.set()
        mover.join()
        keep(5000)
        assert statistics()["in_use"] == 0 and statistics()["kept"] <= 5000
    """,
    "forks while threads allocate and free": """
        def fork():
            for seed in range(100):
                with memory(True):
                    before = np.full(30_000, seed)
                child = os.fork()
                if child == 0:
                    assert (before == seed).all()
                    live(seed, 20)
                    with memory(True):
                        assert (np.ones(30_000) + before == seed + 1).all()
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
        done = threading.Event()
        movers = [threading.Thread(target=churn, args=(done,)) for _ in range(3)]
        [mover.start() for mover in movers]
        together(3, 500, fork)
        done.set()
        [mover.join() for mover in movers]
        assert statistics()["in_use"] == 0
    """,
    "forks while the lock is held": """
        going, done = threading.Event(), threading.Event()
        mover = threading.Thread(target=churn, args=(done, 20_000, going.set))
        mover.start()
        for seed in range(60):
            going.wait()
            going.clear()
            child = os.fork()
            if child == 0:
                look(*block(seed, 100_000))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        done.set()
        mover.join()
    """,
    "what was kept serves the child": """
        handler.free(None, block(1, 100_000)[0], 0)
        child = os.fork()
        if child == 0:
            hits = statistics()["hits"]
            look(*block(2, 100_000))
            os._exit(0 if statistics()["hits"] == hits + 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
    """,
    "the end of the process": """
        import atexit
        with memory(True):
            kept = [np.ones(n) for n in range(1, 3000, 100)]
        class Last:
            def __del__(self, empty=np.empty, kept=kept):
                kept.clear()
        last = Last()
        sys.modules["a module that dies late"] = last
    """,
}

PLANTED = {
    "a block that two threads have": """
        seen = []
        def free_twice(context, place, count):
            handler.free(context, place, count)
            if count > 4096 and not seen:
                seen.append(place)
                handler.free(context, place, count)
        together(2, 500, free=free_twice)
        assert statistics()["in_use"] == 0
    """,
}


def play(code: str, folder: Path) -> None:
    """Run a scenario; raises CalledProcessError or TimeoutExpired."""
    body = "\n".join(line[8:] for line in code.splitlines())
    command = [sys.executable, "-W", "ignore:.*fork:DeprecationWarning", "-c", COMMON + body]
    environment = {k: v for k, v in os.environ.items() if k != "PYDIS_MEMORY"}
    subprocess.run(
        command, cwd=folder, env=environment, check=True, timeout=PATIENCE, capture_output=True
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_threads_and_forks(name: str, tmp_path: Path) -> None:
    play(SCENARIOS[name], tmp_path)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_faults_are_found(name: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.SubprocessError):
        play(PLANTED[name], tmp_path)
