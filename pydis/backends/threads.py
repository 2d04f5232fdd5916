"""How many threads compute: `threads(2)` from now on, `with threads(1):` for one block.

NumPy's matrix products run on a pool of their own. Its size is one number for the whole process,
and so is this setting; results of `numpy` may differ in the last bits between numbers of threads.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from pydis.backends import BackendError

MOST = 8
"""More threads than this never paid on layers of this size."""


def default_threads() -> int:
    """`PYDIS_THREADS`, else the processors this process may use, but at most 8.

    Raises BackendError where the variable is not a positive number.
    """
    asked = os.environ.get("PYDIS_THREADS")
    if asked:
        if not asked.isdigit() or int(asked) < 1:
            raise BackendError(f"PYDIS_THREADS: expected a positive number, received {asked!r}")
        return int(asked)
    return max(1, min(_processors(), MOST))


def threads(number: int) -> Any:
    """Let `number` threads compute; left as a `with` block, it restores what was before.

    Raises BackendError for a number below one.
    """
    if number < 1:
        raise BackendError(f"threads: expected at least 1, received {number}")
    return _controller().limit(limits=number, user_api="blas")


def blas() -> str:
    """The name and version of the library behind NumPy's matrix products."""
    for pool in _controller().info():
        if pool["user_api"] == "blas":
            return f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')})"
    return "unknown"


@cache
def _controller() -> Any:
    """Finding the pools takes 200 µs, using them 8 µs: they are found once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _processors() -> int:
    """The affinity of the process, within the quota of its container where there is one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
        return min(count or 1, max(1, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or its quota is the word "max"
        return count or 1
