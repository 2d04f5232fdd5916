"""The compiled backend: exactly what `csrc/` accelerates, and the reference for the rest."""

from importlib.util import find_spec
from math import prod
from typing import Any, ClassVar

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
        return self._matmul(a, b) if _real(a) else super().matmul(a, b)

    def matmul_relu(self, x: Array, w: Array, b: Array) -> Array:
        """max(0, X W + b), each number finished in its register."""
        if not _real(x):
            return super().matmul_relu(x, w, b)
        return self._matmul(x, w, bias=_plain(b), slope=0.0)

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Correlations of the bordered images, without patches."""
        if not _real(x):
            return super().conv2d(x, w, stride, pad)
        return self._core.conv2d(_plain(x), _plain(w), stride, pad)

    def conv2d_relu(self, x: Array, w: Array, b: Array, stride: int, pad: int) -> Array:
        """max(0, conv2d(x, w) + b), each number finished in its register."""
        if not _real(x):
            return super().conv2d_relu(x, w, b, stride, pad)
        return self._core.conv2d(_plain(x), _plain(w), stride, pad, bias=_plain(b), slope=0.0)

    def conv2d_x(self, g: Array, w: Array, size: tuple[int, int], stride: int, pad: int) -> Array:
        """A correlation of the maps for each remainder of a pixel by the stride."""
        if not _real(g):
            return super().conv2d_x(g, w, size, stride, pad)
        return self._core.conv2d_x(_plain(g), _plain(w), *size, stride, pad)

    def conv2d_x_relu(
        self, g: Array, w: Array, b: Array, size: tuple[int, int], stride: int, pad: int
    ) -> Array:
        """max(0, conv2d_x(g, w) + b), each number finished in its register."""
        if not _real(g):
            return super().conv2d_x_relu(g, w, b, size, stride, pad)
        bias = _plain(b)
        return self._core.conv2d_x(_plain(g), _plain(w), *size, stride, pad, bias=bias, slope=0.0)

    def conv2d_w(self, x: Array, g: Array, size: tuple[int, int], stride: int, pad: int) -> Array:
        """A product whose depth are the pixels, summed by groups of images in a fixed tree."""
        if not _real(x):
            return super().conv2d_w(x, g, size, stride, pad)
        return self._core.conv2d_w(_plain(x), _plain(g), *size, stride, pad)

    def relu(self, x: Array) -> Array:
        """x where it is not below zero, else 0."""
        return self._core.relu(_plain(x))

    def leaky_relu(self, x: Array, slope: float) -> Array:
        """x where it is above zero, else slope · x."""
        return self._core.leaky_relu(_plain(x), slope)

    def gate(self, g: Array, y: Array, slope: float = 0.0) -> Array:
        """g where y is above zero, else slope · g, in one pass."""
        return self._core.gate(_plain(g), _plain(y), slope)

    def sigmoid(self, x: Array) -> Array:
        """1 / (1 + exp(−x)), off by less than 2 units in the last place."""
        return self._core.sigmoid(_plain(x))

    def softplus(self, x: Array) -> Array:
        """log(1 + exp x), off by less than 2 units in the last place."""
        return self._core.softplus(_plain(x))

    def row_sums(self, x: Array) -> Array:
        """Σ x over all axes but the last, by groups of rows in a fixed tree."""
        return self._core.row_sums(_rows(x)) if x.flags.c_contiguous else _summed(x)

    def gated_sum(self, g: Array, y: Array) -> Array:
        """Σ g over all axes but the last where y > 0: the gated g is never written."""
        return self._core.row_sums(_rows(g), _rows(y))

    def batch_moments(self, x: Array) -> Array:
        """The mean, then the variance about it, corrected for the rounding of that mean."""
        return self._core.batch_moments(_rows(x))

    def batch_norm(
        self, x: Array, w: Array, b: Array, epsilon: float, slope: float | None, moments: Array
    ) -> Array:
        """One pass for the values, activation included."""
        y = self._core.batch_norm(_rows(x), _plain(w), _plain(b), _plain(moments), epsilon, slope)
        return y.reshape(x.shape)

    def batch_norm_sums(self, g: Array, x: Array, epsilon: float, moments: Array) -> Array:
        """Both sums in one pass."""
        return self._core.batch_norm_sums(_rows(g), _rows(x), _plain(moments), epsilon)

    def batch_norm_x(
        self, g: Array, x: Array, w: Array, epsilon: float, moments: Array, sums: Array
    ) -> Array:
        """One pass."""
        known = (_plain(w), _plain(moments), _plain(sums))
        return self._core.batch_norm_x(_rows(g), _rows(x), *known, epsilon).reshape(x.shape)

    def _matmul(self, a: Array, b: Array, **finish: Any) -> Array:
        left, transpose_a = _as_stored(a)
        right, transpose_b = _as_stored(b)
        return self._core.matmul(left, right, transpose_a, transpose_b, **finish)


def _real(a: Array) -> bool:
    """Whether the compiled kernels take this dtype; complex-step checks go to NumPy."""
    return a.dtype in (np.float32, np.float64)


def _plain(a: Array) -> Array:
    """The array as one contiguous block; copied if it is not."""
    return np.require(a, requirements=("C", "A"))


def _rows(a: Array) -> Array:
    """The array as a matrix of rows, all axes but the last counted as one."""
    return _plain(a).reshape(prod(a.shape[:-1]), a.shape[-1])


def _summed(a: Array) -> Array:
    return a.sum(axis=tuple(range(a.ndim - 1)))


def _as_stored(a: Array) -> tuple[Array, bool]:
    """The matrix as it lies in memory, and whether that is its transpose; copied if neither."""
    if not a.flags.c_contiguous and a.flags.f_contiguous and a.flags.aligned:
        return a.T, True
    return _plain(a), False
