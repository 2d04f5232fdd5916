"""What a measurement asks of the machine: instruction sets, threads, the arithmetic peak.

These are settings of the whole process; `computing` puts back what was before.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pydis.backends import available, use
from pydis.backends.memory import memory
from pydis.backends.threads import threads


def instruction_sets() -> list[str]:
    """Those of the compiled core that this machine runs, best last; none without the core."""
    if not available()["cpp"].usable:
        return []
    from pydis import _core

    return list(_core.instruction_sets())


@contextmanager
def computing(number: int, instruction_set: str | None = None) -> Iterator[None]:
    """In this block BLAS and the core use so many threads each, and the core this instruction set.

    Arrays are made of kept memory, as in training.

    Under `cpp` a setting of `threads` would leave BLAS one: measurements compare the two.
    """
    with use("numpy"):
        setting = threads(number)
    with setting, _using(instruction_set), memory():
        yield


@contextmanager
def _using(instruction_set: str | None) -> Iterator[None]:
    if instruction_set is None:
        yield
        return
    from pydis import _core

    before = _core.instruction_set()
    _core.use_instruction_set(instruction_set)
    try:
        yield
    finally:
        _core.use_instruction_set(before)


def kernel_seconds() -> float:
    """Seconds that kernels of the core have computed in this process; 0 without the core."""
    if not available()["cpp"].usable:
        return 0.0
    from pydis import _core

    return _core.kernel_seconds()


def register_arithmetic(steps: int, tasks: int, double_precision: bool) -> float:
    """Multiply and add in registers alone; returns the number of operations. Needs the core."""
    from pydis import _core

    operations, _ = _core.peak(steps, tasks, double_precision)
    return float(operations)
