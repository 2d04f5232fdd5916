"""A program that ends while its daemon threads are inside kernels ends at once and cleanly."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("pydis._core")

LOOP = """
    import threading, time
    import numpy as np
    from pydis import _core

    _core.set_threads({threads})
    a = np.ones((300, 300))
    started = threading.Semaphore(0)

    def compute():
        started.release()
        while True:
            {call}

    for _ in range(3):
        threading.Thread(target=compute, daemon=True).start()
    for _ in range(3):
        started.acquire()
    time.sleep(0.05)
"""
CALL = "_core.matmul(a, a, False, False)"


def assert_ends_well(program: str, seconds: float = 30) -> None:
    """The program, on an interpreter of its own, ends in time, with status 0 and silently."""
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=False,
        text=True,
        timeout=seconds,
    )
    assert (child.returncode, child.stderr) == (0, "")


@pytest.mark.parametrize("threads", [1, 2])
def test_the_program_ends_while_kernels_run(threads: int) -> None:
    # Most single runs crashed where gil_scoped_release let go of the lock; four rarely all pass.
    for _ in range(4):
        assert_ends_well(LOOP.format(threads=threads, call=CALL))


def test_a_crash_or_a_hang_at_the_end_is_seen() -> None:
    with pytest.raises(AssertionError):
        assert_ends_well(LOOP.format(threads=2, call=CALL) + "    import os; os.abort()\n")
    hang = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    with pytest.raises(subprocess.TimeoutExpired):
        assert_ends_well(hang, seconds=1)
