"""The compiled backend: exactly what `csrc/` accelerates, and the reference for the rest."""

from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from pydis.backends.kernels import Array
from pydis.backends.numpy import NumPy


class Cpp(NumPy):
    """Kernels of `pydis._core`. What is not overridden here runs as in `NumPy`.

    Raises ImportError where the module was not compiled, or cannot run here.
    """

    name: ClassVar[str] = "cpp"

    def __init__(self) -> None:
        super().__init__()
        if find_spec("pydis._core") is None:
            raise ImportError(
                "pydis was installed without its compiled module: install it again with a C++20 "
                "compiler and PYDIS_REQUIRE_CPP=1"
            )
        from pydis import _core

        self._core = _core

    def matmul(self, a: Array, b: Array) -> Array:
        """Y = A B, reading a transposed operand in place rather than copying it."""
        if a.dtype not in (np.float32, np.float64):  # complex-step checks pass through here
            return super().matmul(a, b)
        left, transpose_a = _as_stored(a)
        right, transpose_b = _as_stored(b)
        return self._core.matmul(left, right, transpose_a, transpose_b)


def _as_stored(a: Array) -> tuple[Array, bool]:
    """The matrix as it lies in memory, and whether that is its transpose; copied if neither."""
    if not a.flags.c_contiguous and a.flags.f_contiguous:
        return a.T, True
    return np.ascontiguousarray(a), False
