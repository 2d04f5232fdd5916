"""What this machine computes with: what a bug report, a run's manifest and a benchmark row need."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from pydis.backends import available, current
from pydis.backends.threads import blas, default_threads

try:
    VERSION = version("pydis")
except PackageNotFoundError:  # read from a source tree that was never installed
    VERSION = "0+unknown"


def environment() -> dict[str, Any]:
    """Versions, processor, threads, and every backend with the reason where one is missing.

    Holds no path, no name of the machine and no user.
    """
    return {
        "pydis": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas(),
        "system": platform.system(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "threads": default_threads(),
        "backend": current().name,
        "backends": {name: a.reason or "available" for name, a in available().items()},
        "core": core(),
    }


def core() -> dict[str, Any] | None:
    """How the compiled module was built and which instruction set it uses; None without it."""
    if not available()["cpp"].usable:
        return None
    from pydis import _core

    return {
        "instruction_set": _core.instruction_set(),
        "instruction_sets": list(_core.instruction_sets()),
        "build": dict(_core.build_info()),
    }
