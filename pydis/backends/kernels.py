"""What a backend is: a table of kernels, reached by name, with an array library for the rest.

An op receives such a table as its first argument `k`. It calls `k.matmul`, `k.conv2d`, ... for the
few operations that cost time, `k.xp` (NumPy or CuPy) for everything ordinary, and `k.special` for
`erf`, `gammaln` and `polygamma`. Swapping the table swaps the machine; no op ever asks what device
it runs on.
"""

from types import ModuleType
from typing import Any, ClassVar, TypeAlias

Array: TypeAlias = Any
"""An array of the backend's own library: `numpy.ndarray` or `cupy.ndarray`."""

REQUIRED = ("matmul", "conv2d", "conv2d_x", "conv2d_w")
"""Every backend computes these."""

DENSITIES = (
    "bernoulli_log_likelihood",
    "bernoulli_slope",
    "pairwise_gaussian",
    "pairwise_gaussian_slopes",
)
FUSED = ("matmul_relu", "conv2d_relu", "conv2d_x_relu", *DENSITIES)
"""A backend may compute these; where it has none, the op evaluates the composition they equal."""

OUTSIDE = ("adam", "fill_outlines")
"""A backend may compute these, which belong to no graph; where it has none, the caller does."""


class Kernels:
    """The names that ops may call. A fused kernel that is None does not exist here."""

    name: ClassVar[str]
    xp: ModuleType
    special: Any
    array_type: type

    matmul_relu: Any = None
    conv2d_relu: Any = None
    conv2d_x_relu: Any = None
    bernoulli_log_likelihood: Any = None
    bernoulli_slope: Any = None
    pairwise_gaussian: Any = None
    pairwise_gaussian_slopes: Any = None

    adam: Any = None
    fill_outlines: Any = None

    def matmul(self, a: Array, b: Array) -> Array:
        """Y = A B for matrices `[M, K]`, `[K, N]`."""
        raise NotImplementedError

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Correlate images `[N, H, W, C]` with filters `[U, V, C, O]`, giving `[N, I, J, O]`."""
        raise NotImplementedError

    def conv2d_x(self, g: Array, w: Array, size: tuple[int, int], stride: int, pad: int) -> Array:
        """Spread maps `[N, I, J, O]` back over images of `size` (H, W): transposed convolution."""
        raise NotImplementedError

    def conv2d_w(self, x: Array, g: Array, size: tuple[int, int], stride: int, pad: int) -> Array:
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
