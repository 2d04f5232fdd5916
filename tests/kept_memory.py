"""Kept memory as tests want it: nothing kept at first, and no choice by the environment."""

from collections.abc import Iterator

import numpy as np
import pytest
from compiled import Array, _core  # noqa: F401  (skips the file where there is none)

from pydis.backends.memory import keep, memory, why_off

KIB, MIB = 1 << 10, 1 << 20
BOUND = 256 * MIB
"""What is kept at most if nobody says otherwise."""


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing kept before and after, and the bound of the start."""
    monkeypatch.delenv("PYDIS_MEMORY", raising=False)
    if why_off():
        pytest.skip("the core was built with sanitizers")
    keep(0)
    keep(BOUND)
    yield
    keep(0)
    keep(BOUND)


def array(bytes: int) -> Array:
    """So many bytes of kept memory, whatever they hold."""
    with memory(True):
        return np.empty(bytes, np.uint8)
