"""What a backend is: a table of kernels, reached by name, with an array library for the rest.

An op receives such a table as its first argument `k`. It calls `k.matmul`, `k.conv2d`, ... for the
few operations that cost time, `k.xp` (NumPy or CuPy) for everything ordinary, and `k.special` for
`erf`, `ndtr`, `gammaln` and `polygamma`. Swapping the table swaps the machine; no op ever asks what
device it runs on. `asarray` and `to_numpy` are the doors between NumPy and that device: what is
drawn, read from a file or shown to a person passes there, and nothing else does.
"""

from types import ModuleType
from typing import Any, ClassVar, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of the backend's own library: `numpy.ndarray` or `cupy.ndarray`."""

Size = tuple[int, int]

REQUIRED = ("matmul", "conv2d", "conv2d_x", "conv2d_w")
"""Every backend computes these."""

NORMALISATION = ("batch_moments", "batch_norm", "batch_norm_sums", "batch_norm_x")
DENSITIES = (
    "bernoulli_log_likelihood",
    "bernoulli_slope",
    "pairwise_gaussian",
    "pairwise_gaussian_slopes",
)
FUSED = (
    "matmul_act",
    "conv2d_act",
    "conv2d_x_act",
    "conv2d_gated",
    "conv2d_x_gated",
    "conv2d_w_gated",
    "conv2d_behind",
    "conv2d_x_behind",
    "bias_gradient",
    *NORMALISATION,
    *DENSITIES,
)
"""A backend may compute these; where it has none, the op evaluates the composition they equal."""

OPTIONAL = ("relu", "leaky_relu", "gate", "sigmoid", "softplus", "row_sums")
"""A backend may compute these; where it has none, the op computes them by `k.xp`."""

OUTSIDE = ("adam", "fill_outlines")
"""A backend may compute these, which belong to no graph; where it has none, the caller does."""


class Kernels:
    """The names that ops may call. A fused kernel that is None does not exist here."""

    name: ClassVar[str]
    xp: ModuleType
    special: Any
    array_type: type

    matmul_act: Any = None
    conv2d_act: Any = None
    conv2d_x_act: Any = None
    conv2d_gated: Any = None
    conv2d_x_gated: Any = None
    conv2d_w_gated: Any = None
    conv2d_behind: Any = None
    conv2d_x_behind: Any = None
    bias_gradient: Any = None

    batch_moments: Any = None
    batch_norm: Any = None
    batch_norm_sums: Any = None
    batch_norm_x: Any = None

    bernoulli_log_likelihood: Any = None
    bernoulli_slope: Any = None
    pairwise_gaussian: Any = None
    pairwise_gaussian_slopes: Any = None

    relu: Any = None
    leaky_relu: Any = None
    gate: Any = None
    sigmoid: Any = None
    softplus: Any = None
    row_sums: Any = None

    adam: Any = None
    fill_outlines: Any = None

    def asarray(self, a: np.ndarray[Any, Any]) -> Array:
        """The array on the device where this table computes; one that is there already, itself."""
        return self.xp.asarray(a)

    def to_numpy(self, a: Array) -> np.ndarray[Any, Any]:
        """The way back. Arrays of NumPy are there already."""
        return np.asarray(a)

    def matmul(self, a: Array, b: Array) -> Array:
        """Y = A B for matrices `[M, K]`, `[K, N]`."""
        raise NotImplementedError

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Correlate images `[N, H, W, C]` with filters `[U, V, C, O]`, giving `[N, I, J, O]`."""
        raise NotImplementedError

    def conv2d_x(self, g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
        """Spread maps `[N, I, J, O]` back over images of `size` (H, W): transposed convolution."""
        raise NotImplementedError

    def conv2d_w(self, x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
        """Correlate images with maps, one filter tap of `size` (U, V) at a time."""
        raise NotImplementedError

    def scatter_add(self, g: Array, index: Array, axis: int, size: int) -> Array:
        """Zeros, of `size` along `axis`, to which slice i of g is added at index[i]."""
        x = self.xp.zeros((*g.shape[:axis], size, *g.shape[axis + index.ndim :]), g.dtype)
        chosen = tuple(range(axis, axis + index.ndim))
        slices = self.xp.moveaxis(g, chosen, tuple(range(index.ndim)))
        self.xp.add.at(self.xp.moveaxis(x, axis, 0), index, slices)
        return x

    def solve_triangular(self, t: Array, b: Array, lower: bool) -> Array:
        """X with T X = B, of T the lower (or upper) triangle alone.

        By the solver of general matrices, which factorises the triangle once more: NumPy has no
        other.
        """
        triangle = self.xp.tril(t) if lower else self.xp.triu(t)
        return self.xp.linalg.solve(triangle, b)
