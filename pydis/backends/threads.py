"""How many threads compute: `threads(2)` from now on, `with threads(1):` for one block.

NumPy's matrix products run on a pool of their own. Its size is one number for the whole process,
and so is this setting; results of `numpy` may differ in the last bits between numbers of threads.
"""

import os
from functools import cache
from typing import Any

from pydis.backends import BackendError


def default_threads() -> int:
    """`PYDIS_THREADS`, else 1: a second thread of BLAS gains little and waits for neighbours.

    Raises BackendError where the variable is not a positive number.
    """
    asked = os.environ.get("PYDIS_THREADS", "1") or "1"
    if not asked.isdigit() or int(asked) < 1:
        raise BackendError(f"PYDIS_THREADS: expected a positive number, received {asked!r}")
    return int(asked)


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
    """Finding the pools takes far longer than setting them: they are found once."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
