"""What a measurement asks of the machine: instruction sets, threads, the arithmetic peak.

These are settings of the whole process; `computing` puts back what was before.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pydis.backends import available
from pydis.backends.threads import threads


def instruction_sets() -> list[str]:
    """Those of the compiled core that this machine runs, best last; none without the core."""
    if not available()["cpp"].usable:
        return []
    from pydis import _core

    return list(_core.instruction_sets())


@contextmanager
def computing(number: int, instruction_set: str | None = None) -> Iterator[None]:
    """In this block BLAS and the core use so many threads, and the core this instruction set."""
    if not available()["cpp"].usable:
        with threads(number):
            yield
        return
    from pydis import _core

    before = _core.threads(), _core.instruction_set()
    with threads(number):
        try:
            _core.set_threads(number)
            _core.use_instruction_set(instruction_set or before[1])
            yield
        finally:
            _core.set_threads(before[0])
            _core.use_instruction_set(before[1])


def register_arithmetic(steps: int, tasks: int, double_precision: bool) -> float:
    """Multiply and add in registers alone; returns the number of operations. Needs the core."""
    from pydis import _core

    operations, _ = _core.peak(steps, tasks, double_precision)
    return float(operations)
