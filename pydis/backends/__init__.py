"""Who computes. `use("cpp")` chooses for the process, `with use("cpp"):` for one block of code.

    use("numpy")                          from now on, everywhere
    with use("definition"): ...           in this block, this thread, this asyncio task
    with use("cpp", conv2d=mine): ...     one kernel replaced
    with use("numpy", conv2d_act=None):   one fused kernel switched off
    with use("cpp", conv2d=None):         one that every backend has: the reference's instead
    available()                           what there is, and why the rest is missing

Without a choice the process uses `PYDIS_BACKEND`, else `cpp` if it was compiled, else `numpy`.
"""

import copy
import os
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from threading import Lock, get_ident
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from pydis.backends import definition, special
from pydis.backends.interrupts import ctrl_c_waits
from pydis.backends.kernels import FUSED, OPTIONAL, OUTSIDE, REQUIRED, Array, Kernels
from pydis.backends.numpy import NumPy, reference

__all__ = [
    "FUSED",
    "OPTIONAL",
    "OUTSIDE",
    "REQUIRED",
    "Array",
    "BackendError",
    "Kernels",
    "available",
    "current",
    "kernels_for",
    "load",
    "register",
    "use",
]


class Definition(Kernels):
    """The kernels as nested loops: the oracle, for arrays of a few hundred elements."""

    name = "definition"
    xp = np
    special = special
    array_type = np.ndarray
    matmul = staticmethod(definition.matmul)
    conv2d = staticmethod(definition.conv2d)
    conv2d_x = staticmethod(definition.conv2d_x)
    conv2d_w = staticmethod(definition.conv2d_w)


def _cpp() -> Kernels:
    from pydis.backends.cpp import Cpp

    return Cpp()


def _cupy() -> Kernels:
    from pydis.backends.cupy import CuPy

    return CuPy()


_MAKERS: dict[str, Callable[[], Kernels]] = {
    "definition": Definition,
    "numpy": NumPy,
    "cpp": _cpp,
    "cupy": _cupy,
}


_LIBRARIES = {"numpy": "numpy", "cupy": "cupy"}
"""The backend that computes on the arrays of a package, whatever backend was chosen."""


def register(name: str, make: Callable[[], Kernels], library: str) -> None:
    """Add a backend: `make` gives its table, and its arrays are of a class of package `library`.

    `make` raises ImportError where something is missing. Raises BackendError for a name in use.
    """
    if name in _MAKERS or library in _LIBRARIES:
        raise BackendError(f"backend {name!r} for arrays of {library!r}: one exists already")
    _MAKERS[name], _LIBRARIES[library] = make, name


@cache
def _table(name: str) -> Kernels | str:
    """The kernel table of a backend, or the reason why there is none."""
    try:
        with ctrl_c_waits():
            return _MAKERS[name]()
    except ImportError as error:
        return str(error)


class BackendError(ValueError):
    """A backend, a kernel or a number of threads that does not exist or is not to be had here."""


def load(name: str, **kernels: Any) -> Kernels:
    """The table of backend `name` with single kernels replaced, or switched off by None.

    Raises BackendError for an unknown backend or kernel, and for one that is missing here.
    """
    if name not in _MAKERS:
        raise BackendError(f"unknown backend {name!r}: expected one of {', '.join(_MAKERS)}")
    table = _table(name)
    if isinstance(table, str):
        raise BackendError(f"backend {name!r} is not available: {table}")
    if kernels:
        table = copy.copy(table)
    for kernel, function in kernels.items():
        if kernel not in (known := REQUIRED + FUSED + OPTIONAL + OUTSIDE):
            expected = f"expected one of {', '.join(known)}"
            raise BackendError(f"backend {name!r} has no kernel {kernel!r}: {expected}")
        if function is not None and not callable(function):
            raise BackendError(f"kernel {kernel!r}: expected a function, received {function!r}")
        if function is None and kernel in REQUIRED:  # no composition equals it
            function = reference(table, kernel)
        setattr(table, kernel, function)
    return table


class Availability(NamedTuple):
    """Whether a backend can be used here, and if not, why."""

    usable: bool
    reason: str


def available() -> dict[str, Availability]:
    """Every backend by name, with the reason where one is missing."""
    tables = {name: _table(name) for name in _MAKERS}
    return {
        name: Availability(False, t) if isinstance(t, str) else Availability(True, "")
        for name, t in tables.items()
    }


class _Choice:
    """A call of `use` that may be the process default; settled once no `with` can follow it."""

    def __init__(self, made_by: "use") -> None:
        self.kernels = made_by.kernels
        self.thread = get_ident()
        self.withdrawn = False
        self._object: weakref.ref[use] | None = weakref.ref(made_by)

    def settled(self) -> bool:
        """Whether every thread sees it: its object was dropped, or its own thread computed."""
        if self._object is not None and self._object() is None:
            self._object = None
        return self._object is None

    def seen_from(self, thread: int) -> bool:
        """Whether this thread sees it; the thread that made it settles it by looking."""
        if thread == self.thread:
            self._object = None
        return self.settled() and not self.withdrawn


_blocks: ContextVar[tuple[Kernels, ...]] = ContextVar("pydis_backends", default=())
_choices: list[_Choice] = []
_lock = Lock()


class use:  # noqa: N801  (read as a verb: `use("cpp")`, `with use("cpp"):`)
    """Choose the backend: for the process when called, for a block when entered.

    A call cannot know whether a `with` follows. Its choice is at first seen by its own thread only;
    it is the default of every thread once the object is dropped, as after the statement
    `use("cpp")`, or once its own thread computes. Entering a block takes the choice back, so a
    block is never seen outside it. Raises BackendError where the backend is not to be had.
    """

    def __init__(self, name: str, **kernels: Any) -> None:
        self.kernels = load(name, **kernels)
        self._choice = _Choice(self)
        with _lock:
            last = max((n for n, c in enumerate(_choices) if c.settled()), default=0)
            _choices[:] = [*_choices[last:], self._choice]

    def __enter__(self) -> Kernels:
        with _lock:
            _choices[:] = [choice for choice in _choices if choice is not self._choice]
            self._choice.withdrawn = True  # for readers that hold an older copy of the list
        _blocks.set((*_blocks.get(), self.kernels))
        return self.kernels

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _blocks.set(_blocks.get()[:-1])

    def __repr__(self) -> str:
        return f"use({self.kernels.name!r})"


@cache
def _at_start() -> Kernels:
    """The backend of a process that has chosen none."""
    name = os.environ.get("PYDIS_BACKEND")
    if name:
        try:
            return load(name)
        except BackendError as error:
            raise BackendError(f"PYDIS_BACKEND={name}: {error}") from None
    cpp = available()["cpp"]
    if os.environ.get("PYDIS_ISA") and not cpp.usable:  # asked for by name: not to be passed over
        raise BackendError(f"PYDIS_ISA={os.environ['PYDIS_ISA']}: {cpp.reason}")
    return load("cpp" if cpp.usable else "numpy")


def current() -> Kernels:
    """The kernel table in force here: the innermost block's, else the process default."""
    blocks = _blocks.get()
    if blocks:
        return blocks[-1]
    thread = get_ident()
    for choice in reversed(_choices[:]):
        if choice.seen_from(thread):
            return choice.kernels
    return _at_start()


def kernels_for(op: str, arrays: list[Array]) -> Kernels:
    """The table that computes on these arrays: the current one, or the one of their device.

    Raises TypeError where the arrays live in different libraries.
    """
    table = current()
    if all(isinstance(a, table.array_type) for a in arrays):
        return table
    other = _table(_LIBRARIES.get(type(arrays[0]).__module__.split(".")[0], "numpy"))
    if isinstance(other, Kernels) and all(isinstance(a, other.array_type) for a in arrays):
        return other
    kinds = ", ".join(f"{type(a).__module__}.{type(a).__name__}" for a in arrays)
    raise TypeError(f"{op}: expected arrays of one library on one device, received {kinds}")
