"""The compiled backend: exactly what `csrc/` accelerates, and the reference for the rest."""

from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from pydis.backends.kernels import Array, Maybe, Size
from pydis.backends.numpy import NumPy


class Cpp(NumPy):
    """Kernels of `pydis._core`. What is not overridden here runs as in `NumPy`.

    Masks are read where the input is, and bias and slope act on each number in its register.
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

    def _matmul(self, a: Array, b: Array, bias: Maybe = None, slope: float = 1.0) -> Array:
        """a(A B + bias), reading a transposed operand in place rather than copying it."""
        if not _real(a):
            return super()._matmul(a, b, bias, slope)
        left, transpose_a = _as_stored(a)
        right, transpose_b = _as_stored(b)
        return self._core.matmul(
            left, right, transpose_a, transpose_b, bias=_plain(bias), slope=_bend(slope)
        )

    def _conv2d(
        self,
        x: Array,
        w: Array,
        stride: int,
        pad: int,
        mask: Maybe = None,
        bias: Maybe = None,
        slope: float = 1.0,
    ) -> Array:
        """Correlations of the bordered images, without patches."""
        if not _real(x):
            return super()._conv2d(x, w, stride, pad, mask, bias, slope)
        x, w, mask, bias = map(_plain, (x, w, mask, bias))
        return self._core.conv2d(x, w, stride, pad, bias=bias, slope=_bend(slope), mask=mask)

    def _conv2d_x(
        self,
        g: Array,
        w: Array,
        size: Size,
        stride: int,
        pad: int,
        mask: Maybe = None,
        bias: Maybe = None,
        slope: float = 1.0,
    ) -> Array:
        """A correlation of the maps for each remainder of a pixel by the stride."""
        if not _real(g):
            return super()._conv2d_x(g, w, size, stride, pad, mask, bias, slope)
        g, w, mask, bias = map(_plain, (g, w, mask, bias))
        return self._core.conv2d_x(
            g, w, *size, stride, pad, bias=bias, slope=_bend(slope), mask=mask
        )

    def _conv2d_w(
        self,
        x: Array,
        g: Array,
        size: Size,
        stride: int,
        pad: int,
        x_mask: Maybe = None,
        g_mask: Maybe = None,
    ) -> Array:
        """A product whose depth are the pixels, summed by groups of images in a fixed tree."""
        if not _real(x):
            return super()._conv2d_w(x, g, size, stride, pad, x_mask, g_mask)
        x, g, x_mask, g_mask = map(_plain, (x, g, x_mask, g_mask))
        return self._core.conv2d_w(x, g, *size, stride, pad, x_mask=x_mask, g_mask=g_mask)


def _real(a: Array) -> bool:
    """Whether the compiled kernels take this dtype; complex-step checks go to NumPy."""
    return a.dtype in (np.float32, np.float64)


def _plain(a: Maybe) -> Maybe:
    """The array, if there is one, as one contiguous block; copied if it is not."""
    return None if a is None else np.require(a, requirements=("C", "A"))


def _bend(slope: float) -> float | None:
    """The slope below zero, or None for a straight line: nothing to do."""
    return None if slope == 1 else slope


def _as_stored(a: Array) -> tuple[Array, bool]:
    """The matrix as it lies in memory, and whether that is its transpose; copied if neither."""
    if not a.flags.c_contiguous and a.flags.f_contiguous and a.flags.aligned:
        return a.T, True
    return _plain(a), False
