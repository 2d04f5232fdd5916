"""The compiled backend: exactly what `csrc/` accelerates, and the reference for the rest."""

from typing import ClassVar

import numpy as np

from pydis import _core
from pydis.backends.kernels import Array
from pydis.backends.numpy import NumPy


class Cpp(NumPy):
    """Kernels of `pydis._core`. What is not overridden here runs as in `NumPy`."""

    name: ClassVar[str] = "cpp"

    def matmul(self, a: Array, b: Array) -> Array:
        """Y = A B, reading a transposed operand in place rather than copying it."""
        if a.dtype not in (np.float32, np.float64):  # complex-step checks pass through here
            return super().matmul(a, b)
        left, transpose_a = _as_stored(a)
        right, transpose_b = _as_stored(b)
        return _core.matmul(left, right, transpose_a, transpose_b)


def _as_stored(a: Array) -> tuple[Array, bool]:
    """The matrix as it lies in memory, and whether that is its transpose; copied if neither."""
    if not a.flags.c_contiguous and a.flags.f_contiguous:
        return a.T, True
    return np.ascontiguousarray(a), False
