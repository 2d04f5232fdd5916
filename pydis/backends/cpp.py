"""The compiled backend: exactly what `csrc/` accelerates, and the reference for the rest."""

from importlib.util import find_spec
from math import prod
from typing import Any, ClassVar

import numpy as np

from pydis.backends.kernels import Array, Size
from pydis.backends.numpy import NumPy


class Cpp(NumPy):
    """Kernels of `pydis._core`. What is not overridden here runs as in `NumPy`.

    Bias and slope finish each number in its register; a gate acts where its input is read.
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

    def matmul_act(self, x: Array, w: Array, b: Array, slope: float) -> Array:
        if not _real(x):
            return super().matmul_act(x, w, b, slope)
        return self._matmul(x, w, bias=_plain(b), slope=_bend(slope))

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Correlations of the bordered images, without patches."""
        if not _real(x):
            return super().conv2d(x, w, stride, pad)
        return self._core.conv2d(_plain(x), _plain(w), stride, pad)

    def conv2d_act(
        self, x: Array, w: Array, b: Array, slope: float, stride: int, pad: int
    ) -> Array:
        if not _real(x):
            return super().conv2d_act(x, w, b, slope, stride, pad)
        x, w, bias = _plain(x), _plain(w), _plain(b)
        return self._core.conv2d(x, w, stride, pad, bias=bias, slope=_bend(slope))

    def conv2d_gated(self, x: Array, y: Array, w: Array, stride: int, pad: int) -> Array:
        if not _real(x):
            return super().conv2d(self.gate(x, y), w, stride, pad)
        return self._core.conv2d(_plain(x), _plain(w), stride, pad, mask=_plain(y))

    def conv2d_behind(
        self, x: Array, w: Array, y: Array, slope: float, stride: int, pad: int
    ) -> Array:
        if not _real(x):
            return self.gate(super().conv2d(x, w, stride, pad), y, slope)
        x, w, behind = _plain(x), _plain(w), _plain(y)
        return self._core.conv2d(x, w, stride, pad, slope=slope, behind=behind)

    def conv2d_x(self, g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
        """A correlation of the maps for each remainder of a pixel by the stride."""
        if not _real(g):
            return super().conv2d_x(g, w, size, stride, pad)
        return self._core.conv2d_x(_plain(g), _plain(w), *size, stride, pad)

    def conv2d_x_act(
        self, g: Array, w: Array, b: Array, slope: float, size: Size, stride: int, pad: int
    ) -> Array:
        if not _real(g):
            return super().conv2d_x_act(g, w, b, slope, size, stride, pad)
        g, w, bias = _plain(g), _plain(w), _plain(b)
        return self._core.conv2d_x(g, w, *size, stride, pad, bias=bias, slope=_bend(slope))

    def conv2d_x_gated(
        self, g: Array, y: Array, w: Array, size: Size, stride: int, pad: int
    ) -> Array:
        if not _real(g):
            return super().conv2d_x(self.gate(g, y), w, size, stride, pad)
        return self._core.conv2d_x(_plain(g), _plain(w), *size, stride, pad, mask=_plain(y))

    def conv2d_x_behind(
        self, g: Array, w: Array, y: Array, slope: float, size: Size, stride: int, pad: int
    ) -> Array:
        if not _real(g):
            return self.gate(super().conv2d_x(g, w, size, stride, pad), y, slope)
        g, w, behind = _plain(g), _plain(w), _plain(y)
        return self._core.conv2d_x(g, w, *size, stride, pad, slope=slope, behind=behind)

    def conv2d_w(self, x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
        """A product whose depth are the pixels, summed by groups of images in a fixed tree."""
        if not _real(x):
            return super().conv2d_w(x, g, size, stride, pad)
        return self._core.conv2d_w(_plain(x), _plain(g), *size, stride, pad)

    def conv2d_w_gated(
        self, x: Array, g: Array, y: Array, on: str, size: Size, stride: int, pad: int
    ) -> Array:
        if not _real(x):
            x, g = (self.gate(x, y), g) if on == "x" else (x, self.gate(g, y))
            return super().conv2d_w(x, g, size, stride, pad)
        x, g, mask = _plain(x), _plain(g), {f"{on}_mask": _plain(y)}
        return self._core.conv2d_w(x, g, *size, stride, pad, **mask)

    def bernoulli_log_likelihood(self, x: Array, logits: Array) -> Array:
        """One pass: no array of terms."""
        if not _real(x):
            return super().bernoulli_log_likelihood(x, logits)
        return self._core.bernoulli(_rows(x), _rows(logits))

    def bernoulli_slope(self, g: Array, x: Array, logits: Array) -> Array:
        """One pass."""
        if not _real(x):
            return super().bernoulli_slope(g, x, logits)
        return self._core.bernoulli_slope(_plain(g), _rows(x), _rows(logits)).reshape(x.shape)

    def pairwise_gaussian(self, z: Array, mean: Array, log_variance: Array) -> Array:
        """One draw at a time against all Gaussians."""
        if not _real(z):
            return super().pairwise_gaussian(z, mean, log_variance)
        return self._core.pairwise_gaussian(_plain(z), _plain(mean), _plain(log_variance))

    def pairwise_gaussian_slopes(
        self, g: Array, y: Array, z: Array, mean: Array, log_variance: Array
    ) -> Array:
        """The same pairs once more, summed both ways as they are made."""
        arrays = (g, y, z, mean, log_variance)
        if not _real(z):
            return super().pairwise_gaussian_slopes(*arrays)
        return self._core.pairwise_gaussian_slopes(*map(_plain, arrays))

    def adam(
        self, theta: Array, g: Array, mean: Array, square: Array, *constants: float
    ) -> tuple[Array, Array, Array]:
        """The formula of `Adam.update` in one pass: new θ, m and v, of float32 or float64.

        The constants are η / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ), β₁, β₂ and ε.
        """
        return self._core.adam(*map(_plain, (theta, g, mean, square)), *constants)

    def fill_outlines(self, outlines: Array, which: Array, centre: Array, subpixels: int) -> Array:
        """Images `[N, 64, 64]`: outline number which[n], moved to centre[n] and filled."""
        return self._core.fill_outlines(_plain(outlines), _plain(which), _plain(centre), subpixels)

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
        return self._core.row_sums(_by_channel(x))

    def bias_gradient(self, g: Array, y: Array) -> Array:
        """The same behind a gate: the open g is never written."""
        return self._core.row_sums(_by_channel(g), _by_channel(y))

    def batch_moments(self, x: Array) -> Array:
        """The mean, then the variance about it, corrected for the rounding of that mean."""
        return self._core.batch_moments(_by_channel(x))

    def batch_norm(
        self, x: Array, w: Array, b: Array, epsilon: float, slope: float, moments: Array
    ) -> Array:
        """One pass for the values, activation included."""
        known = (_plain(w), _plain(b), _plain(moments))
        return self._core.batch_norm(_by_channel(x), *known, epsilon, _bend(slope)).reshape(x.shape)

    def batch_norm_sums(self, g: Array, x: Array, epsilon: float, moments: Array) -> Array:
        """Both sums in one pass."""
        return self._core.batch_norm_sums(_by_channel(g), _by_channel(x), _plain(moments), epsilon)

    def batch_norm_x(
        self, g: Array, x: Array, w: Array, epsilon: float, moments: Array, sums: Array
    ) -> Array:
        """One pass."""
        known = (_plain(w), _plain(moments), _plain(sums))
        return self._core.batch_norm_x(_by_channel(g), _by_channel(x), *known, epsilon).reshape(
            x.shape
        )

    def _matmul(self, a: Array, b: Array, **finish: Any) -> Array:
        left, transpose_a = _as_stored(a)
        right, transpose_b = _as_stored(b)
        return self._core.matmul(left, right, transpose_a, transpose_b, **finish)


def _real(a: Array) -> bool:
    """Whether the compiled kernels take this dtype; complex-step checks go to NumPy."""
    return a.dtype.char in "fd"


def _plain(a: Array) -> Array:
    """The array as one contiguous block; copied if it is not."""
    if a.flags.c_contiguous and a.flags.aligned:
        return a
    return np.require(a, requirements=("C", "A"))


def _bend(slope: float) -> float | None:
    """The slope below zero, or None for a straight line: nothing to do."""
    return None if slope == 1 else slope


def _rows(a: Array) -> Array:
    """The array as a matrix with a row for each example."""
    return _plain(a).reshape(a.shape[0], prod(a.shape[1:]))


def _by_channel(a: Array) -> Array:
    """The array as a matrix with a column for each channel."""
    return _plain(a).reshape(prod(a.shape[:-1]), a.shape[-1])


def _as_stored(a: Array) -> tuple[Array, bool]:
    """The matrix as it lies in memory, and whether that is its transpose; copied if neither."""
    flags = a.flags
    if flags.f_contiguous and flags.aligned and not flags.c_contiguous:
        return a.T, True
    return _plain(a), False
