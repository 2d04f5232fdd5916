"""How many threads compute: `threads(2)` from now on, `with threads(1):` for one block.

The kernels of `cpp` and NumPy's matrix products run on a pool each. Both sizes are numbers of the
whole process, and so is this setting. Two pools at once would wait for each other's processors, so
under `cpp` NumPy's has one thread. Results of `cpp` have the same bits for every number of threads,
results of `numpy` may differ in the last ones.
"""

import os
from copy import copy
from functools import cache
from threading import RLock
from typing import Any
from weakref import ref

from pydis.backends import BackendError, current, load
from pydis.backends.processors import processors

MOST_BY_DEFAULT = 8
MOST_IN_KERNELS = 256
"""What `_core.set_threads` takes; results do not depend on it."""


def default_threads(backend: str | None = None) -> int:
    """`PYDIS_THREADS`; else for `cpp` one a processor up to 8, and one for every other backend.

    A second thread of BLAS gains little and waits for neighbours. Without a name the current
    backend counts. Raises BackendError where the variable is not a positive number.
    """
    asked = os.environ.get("PYDIS_THREADS")
    if asked:
        if not asked.isdecimal() or int(asked) < 1:
            raise BackendError(f"PYDIS_THREADS: expected a positive number, received {asked!r}")
        return int(asked)
    name = current().name if backend is None else backend
    return min(processors(), MOST_BY_DEFAULT) if name == "cpp" else 1


class _Setting:
    """What one call or block asks for."""

    def __init__(self, number: int, blas: int, made_by: "threads") -> None:
        self.number, self.blas = number, blas
        self.is_block = False
        self._object = ref(made_by)

    def is_for_good(self) -> bool:
        """Whether no `with` can follow any more: its object was dropped."""
        return not self.is_block and self._object() is None


_lock = RLock()
_settings: list[_Setting] = []
"""In the order they were made; the last is in force."""
_at_first: tuple[int, list[int]] = (1, [])
"""What was in force before the first of them."""

# A child that forks amid a setting would wait for ever for a thread that it does not have.
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


class threads:  # noqa: N801  (read as a verb: `threads(2)`, `with threads(2):`)
    """Let `number` threads compute, in the whole process, from now on or for a block.

    The last setting made is in force; a block that ends takes its own away, and the last of those
    that remain comes back, or what was there before the first. So blocks of several threads may
    overlap. BLAS has one thread where the backend is `cpp` when the setting is made: choose the
    backend first. Raises BackendError for a number below one.
    """

    def __init__(self, number: int) -> None:
        if number < 1:
            raise BackendError(f"threads: expected at least 1, received {number}")
        blas = 1 if current().name == "cpp" else number
        self._setting = _Setting(number, blas, self)
        self._blocks: list[_Setting] = []
        _add(self._setting)

    def __enter__(self) -> int:
        setting = self._setting
        if setting.is_block:  # entered once more
            setting = copy(setting)
            _add(setting)
        setting.is_block = True
        self._blocks.append(setting)
        return setting.number

    def __exit__(self, *_: object) -> None:
        left = self._blocks.pop()
        with _lock:
            _settings[:] = [setting for setting in _settings if setting is not left]
            _apply()

    def __repr__(self) -> str:
        return f"threads({self._setting.number})"


def _add(setting: _Setting) -> None:
    """Put a setting into force. What lies below one that is for good cannot come back."""
    global _at_first  # noqa: PLW0603
    with _lock:
        if not _settings:
            _at_first = kernel_threads(), [pool.num_threads or 1 for pool in _pools()]
        for_good = (n for n, each in enumerate(_settings) if each.is_for_good())
        _settings[:] = [*_settings[max(for_good, default=0) :], setting]
        _apply()


def _apply() -> None:
    """Put the last setting into force."""
    kernels, blas = _at_first
    if _settings:
        kernels, blas = _settings[-1].number, [_settings[-1].blas] * len(_pools())
    core = _core()
    if core is not None:
        core.set_threads(min(kernels, MOST_IN_KERNELS))
    for pool, number in zip(_pools(), blas, strict=True):
        if pool.num_threads != number:
            _release(pool)
            pool.set_num_threads(number)
            _release(pool)


def _release(pool: Any) -> None:
    """Let any thread set OpenBLAS: threadpoolctl obeys the first one alone, as long as it lives."""
    release = getattr(pool, "clear_controlling_thread", None)  # from threadpoolctl 3.7 on
    if release is not None:
        release(force=True)


def kernel_threads() -> int:
    """How many threads the kernels of `cpp` use now; 1 where there are none."""
    core = _core()
    return 1 if core is None else int(core.threads())


def blas_threads() -> int:
    """How many threads NumPy's matrix products use now; 1 where that is not known."""
    return max((pool.num_threads or 1 for pool in _pools()), default=1)


def blas() -> str:
    """The name and version of the library behind NumPy's matrix products."""
    for pool in _pools():
        about = pool.info()
        return f"{about['internal_api']} {about['version']} ({about.get('architecture', '?')})"
    return "unknown"


@cache
def _pools() -> list[Any]:
    """The pools of BLAS. Finding them takes far longer than setting them: they are found once."""
    from threadpoolctl import ThreadpoolController

    return [p for p in ThreadpoolController().lib_controllers if p.user_api == "blas"]


@cache
def _core() -> Any:
    """The compiled module, or None where `cpp` is not to be had."""
    try:
        load("cpp")
    except BackendError:
        return None
    from pydis import _core

    return _core
