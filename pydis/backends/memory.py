"""Memory that is kept: `with memory():` gives NumPy's arrays the blocks of those before them.

A training step makes and drops the same arrays again and again, and fresh memory costs a page fault
for each 4 KiB. In the block arrays are made by `csrc/memory.cpp`, through the hook that NumPy has
for it (NEP 49): aligned to 64 bytes, out of blocks that earlier arrays gave back.

NumPy keeps the choice in a context variable: it holds for this thread, or this asyncio task, and
threads that are started in the block do not inherit it. Arrays outlive the block, and may be freed
anywhere. What is kept, and its bound, are of the whole process. `PYDIS_MEMORY=off` switches it off.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from pydis.backends import BackendError, available

OFF, ON = ("off", "0", "no", "false"), ("", "on", "1", "yes", "true")


@contextmanager
def memory(on: bool | None = None) -> Iterator[None]:
    """In this block arrays are made of kept memory, or with `on=False` by NumPy's own allocator.

    Without a choice `PYDIS_MEMORY` counts; where that is off the block changes nothing. Nor does it
    where `why_off` has another reason. Blocks may be nested. Raises BackendError where the variable
    says neither on nor off.
    """
    core = _core()
    if core is None or (on is None and not _asked_for()):
        yield
        return
    before = core.set_memory_handler(None if on is False else core.memory_handler())
    try:
        yield
    finally:
        core.set_memory_handler(before)


def keep(bytes: int) -> None:
    """Keep at most so many bytes that no array uses, from now on; what is more is given back.

    At first 256 MiB: twice what a step of a beta-VAE on 64 images gives back, less than one of
    InfoGAN on 128. Blocks of more than 128 MiB are never kept. Raises BackendError for a negative
    number.
    """
    if bytes < 0:
        raise BackendError(f"keep: expected a number of bytes, received {bytes}")
    core = _core()
    if core is not None:
        core.keep_memory(bytes)


def statistics() -> dict[str, int]:
    """What the arrays made in such blocks hold and held, in the whole process.

    `in_use` bytes of arrays of at least 1 KiB, `most` of them there ever were, `kept` bytes for the
    next, of at most `bound`; how many arrays found a kept block (`hits`) or not (`misses`). Empty
    without the compiled module.
    """
    core = _core()
    return {} if core is None else dict(core.memory_statistics())


def described(memory: dict[str, int]) -> str:
    """The statistics as a line; empty without any."""
    if not memory:
        return ""
    in_use, most, kept, bound = (memory[n] / 2**20 for n in ("in_use", "most", "kept", "bound"))
    return (
        f"{in_use:.0f} MiB in use, at most {most:.0f}; {kept:.0f} kept, at most {bound:.0f}; "
        f"{memory['hits']} hits, {memory['misses']} misses"
    )


def why_off() -> str | None:
    """Why `with memory():` does nothing in this process; None where it does something."""
    if not available()["cpp"].usable:
        return "pydis._core was not built"
    if _core() is None:
        return "built with sanitizers, which see no fault in memory that is kept"
    return None if _asked_for() else f"PYDIS_MEMORY={os.environ['PYDIS_MEMORY']}"


def _asked_for() -> bool:
    """What the environment says."""
    asked = os.environ.get("PYDIS_MEMORY", "").lower()
    if asked not in OFF + ON:
        raise BackendError(f"PYDIS_MEMORY: expected on or off, received {asked!r}")
    return asked in ON


@cache
def _core() -> Any:
    """The compiled module, or None where it is missing or its memory is to be watched."""
    if not available()["cpp"].usable:
        return None
    from pydis import _core

    return None if _core.build_info()["sanitizers"] else _core
