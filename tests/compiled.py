"""The compiled module, for tests that call it directly; without it their files are skipped."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

Array = Any

if importlib.util.find_spec("pydis._core") is None:
    if os.environ.get("PYDIS_REQUIRE_CPP", "").lower() not in ("", "0", "false", "no", "off"):
        raise ImportError(
            "PYDIS_REQUIRE_CPP is set, but pydis._core is not found. With a wheel installed, run "
            "`pytest`: `python -m pytest` imports the source tree, which has no compiled module."
        )
    pytest.skip("pydis._core was not built, or the source tree hides it", allow_module_level=True)

from pydis import _core  # noqa: E402

SETS = _core.instruction_sets()
DTYPES = [np.float32, np.float64]
STRICT = "-DPYDIS_STRICT" in _core.build_info()["flags_baseline"]
ALIKE = [name for name in SETS if STRICT or name != "baseline"]
"""The sets that give the same bits: those that fuse; in a strict build, where none does, all."""


@contextmanager
def instruction_set(name: str) -> Iterator[None]:
    """The kernels of one instruction set."""
    before = _core.instruction_set()
    _core.use_instruction_set(name)
    try:
        yield
    finally:
        _core.use_instruction_set(before)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """At most so many threads."""
    before = _core.threads()
    _core.set_threads(number)
    try:
        yield
    finally:
        _core.set_threads(before)


def gamma(roundings: int, dtype: Any) -> float:
    """γ_n = n u / (1 - n u): the error of n roundings, relative (Higham, lemma 3.1)."""
    nu = roundings * float(np.finfo(dtype).eps) / 2
    return nu / (1 - nu)
