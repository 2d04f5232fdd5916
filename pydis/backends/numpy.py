"""The reference backend: strided views and matrix products, in blocks that stay in cache.

A convolution gathers the patches under the filter into rows, `[N·I·J, U·V·C]`, and is then one
matrix product. The patch array repeats each pixel up to U·V times, so it is never made whole: a few
images at a time share one small buffer. Fresh memory costs more than the copy into it.

Bias and slope are taken in place. There are no gated kernels: one gated copy for a layer's three
cotangents is cheaper here than a gate in each.
"""

from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar

import numpy as np

from pydis.backends import densities, special
from pydis.backends.kernels import Array, Kernels, Size

PATCH_BYTES = 1 << 21
"""Size of the patch buffer: small enough to stay in cache, large enough for a good product."""

GATE_BYTES = 1 << 18
"""Size of what is gated at once where only its sum is wanted."""

WORDS = {"float32": "int32", "float64": "int64"}
"""The whole numbers as wide as a number of this type."""


class NumPy(Kernels):
    """Kernels for any array library with NumPy's interface; `CuPy` inherits them all."""

    name: ClassVar[str] = "numpy"

    def __init__(self) -> None:
        self.xp = np
        self.special = special
        self.array_type = np.ndarray

    def matmul(self, a: Array, b: Array) -> Array:
        """Y = A B by the array library (OpenBLAS for NumPy's wheels)."""
        return self.xp.matmul(a, b)

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Y = P(x) W, with P the patches as rows."""
        patches = self._patches(x, w.shape[:2], stride, pad)
        y = self.xp.empty((*patches.shape[:3], w.shape[3]), x.dtype)
        for part, rows in self._blocks(patches):
            out = y[part].reshape(rows.shape[0], w.shape[3])
            self.xp.matmul(rows, w.reshape(rows.shape[1], w.shape[3]), out=out)
        return y

    def conv2d_x(self, g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
        """x = Pᵀ(G Wᵀ): each tap's product is added where that tap was read."""
        (n, i, j, _), (u, v, c, o) = g.shape, w.shape
        x = self.xp.zeros((n, size[0] + 2 * pad, size[1] + 2 * pad, c), g.dtype)
        transposed = self.xp.ascontiguousarray(w.reshape(u * v * c, o).T)
        block = _images_a_block(i * j * u * v * c * g.itemsize)
        for first in range(0, n, block):
            part = g[first : first + block]
            products = self.xp.matmul(part.reshape(len(part) * i * j, o), transposed)
            products = products.reshape(len(part), i, j, u, v, c)
            target = x[first : first + block]
            for a in range(u):
                for b in range(v):
                    rows, columns = (
                        slice(a, a + stride * i, stride),
                        slice(b, b + stride * j, stride),
                    )
                    target[:, rows, columns] += products[:, :, :, a, b]
        return x[:, pad : pad + size[0], pad : pad + size[1]]

    def conv2d_w(self, x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
        """W = P(x)ᵀ G, summed over the blocks."""
        patches = self._patches(x, size, stride, pad)
        w = self.xp.zeros((size[0] * size[1] * x.shape[3], g.shape[3]), x.dtype)
        for part, rows in self._blocks(patches):
            w += self.xp.matmul(rows.T, g[part].reshape(rows.shape[0], g.shape[3]))
        return w.reshape(*size, x.shape[3], g.shape[3])

    def matmul_act(self, x: Array, w: Array, b: Array, slope: float) -> Array:
        return self._finish(self.matmul(x, w), b, slope)

    def conv2d_act(
        self, x: Array, w: Array, b: Array, slope: float, stride: int, pad: int
    ) -> Array:
        return self._finish(self.conv2d(x, w, stride, pad), b, slope)

    def conv2d_x_act(
        self, g: Array, w: Array, b: Array, slope: float, size: Size, stride: int, pad: int
    ) -> Array:
        return self._finish(self.conv2d_x(g, w, size, stride, pad), b, slope)

    def batch_moments(self, x: Array) -> Array:
        """The mean, then the mean square about it."""
        mean = x.mean(axis=_rows(x))
        gap = x - mean
        gap *= gap
        return self.xp.stack([mean, gap.mean(axis=_rows(x))])

    def batch_norm(
        self, x: Array, w: Array, b: Array, epsilon: float, slope: float, moments: Array
    ) -> Array:
        """w (x − μ) / √(σ² + ε) + b, all steps but the first in place."""
        y = x - moments[0]
        y *= w / self.xp.sqrt(moments[1] + epsilon)
        return self._finish(y, b, slope)

    def batch_norm_sums(self, g: Array, x: Array, epsilon: float, moments: Array) -> Array:
        """Σ g, and Σ g (x − μ) scaled once for each channel."""
        gap = x - moments[0]
        gap *= g
        scaled = gap.sum(axis=_rows(x)) / self.xp.sqrt(moments[1] + epsilon)
        return self.xp.stack([g.sum(axis=_rows(g)), scaled])

    def batch_norm_x(
        self, g: Array, x: Array, w: Array, epsilon: float, moments: Array, sums: Array
    ) -> Array:
        """w r (g − (Σ g + (x − μ) r Σ g x̂) / n), in place."""
        n, r = prod(x.shape[:-1]), 1 / self.xp.sqrt(moments[1] + epsilon)
        x_bar = x - moments[0]
        x_bar *= r * sums[1] / -n
        x_bar += g
        x_bar -= sums[0] / n
        x_bar *= w * r
        return x_bar

    def bernoulli_log_likelihood(self, x: Array, logits: Array) -> Array:
        """Σ_j (x_j l_j − softplus(l_j)) over all axes but the first."""
        return densities.bernoulli_log_likelihood(self.xp, x, logits)

    def bernoulli_slope(self, g: Array, x: Array, logits: Array) -> Array:
        """g_n (x − sigmoid(l))."""
        return densities.bernoulli_slope(self.xp, g, x, logits)

    def pairwise_gaussian(self, z: Array, mean: Array, log_variance: Array) -> Array:
        """Draws under all Gaussians, in blocks of draws."""
        return densities.pairwise_gaussian(self.xp, z, mean, log_variance)

    def pairwise_gaussian_slopes(
        self, g: Array, y: Array, z: Array, mean: Array, log_variance: Array
    ) -> Array:
        """Its slopes, in blocks of draws."""
        return densities.pairwise_gaussian_slopes(self.xp, g, y, z, mean, log_variance)

    def gate(self, g: Array, y: Array, slope: float = 0.0) -> Array:
        """By the bits of g and of a word of ones: `where` waits for a branch at every element."""
        word = WORDS.get(g.dtype.name)
        if word is None or slope:
            return self.xp.where(y > 0, g, slope * g if slope else self.xp.zeros((), g.dtype))
        return (g.view(word) & -(y > 0).astype(word)).view(g.dtype)

    def bias_gradient(self, g: Array, y: Array) -> Array:
        """Some rows at a time, so that the open g never leaves the cache."""
        shape = (prod(g.shape[:-1]), g.shape[-1])
        rows, masks, total = g.reshape(shape), y.reshape(shape), self.xp.zeros(shape[1:], g.dtype)
        block = max(1, GATE_BYTES // max(1, shape[1] * g.itemsize))
        for first in range(0, shape[0], block):
            part = slice(first, first + block)
            total += self.gate(rows[part], masks[part]).sum(axis=0)
        return total

    def _finish(self, y: Array, bias: Array, slope: float) -> Array:
        """max(z, slope · z) of z = y + bias, in place; 0 at slope 0, where 0 · ∞ is no number."""
        y += bias
        if slope == 1:
            return y
        return self.xp.maximum(y, slope * y if slope else 0, out=y)

    def _patches(self, x: Array, size: Size, s: int, p: int) -> Array:
        """P[n, i, j, u, v, c] = x[n, s·i+u−p, s·j+v−p, c], a view of the padded image."""
        if p:
            x = self.xp.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
        n, h, w, c = x.shape
        by_n, by_h, by_w, by_c = x.strides
        return self.xp.lib.stride_tricks.as_strided(
            x,
            (n, (h - size[0]) // s + 1, (w - size[1]) // s + 1, *size, c),
            (by_n, s * by_h, s * by_w, by_h, by_w, by_c),
        )

    def _blocks(self, patches: Array) -> Iterator[tuple[slice, Array]]:
        """Copy a few images' patches at a time into one buffer, as a matrix of rows."""
        n, i, j, u, v, c = patches.shape
        block = _images_a_block(i * j * u * v * c * patches.itemsize)
        buffer = self.xp.empty((min(block, n), i, j, u, v, c), patches.dtype)
        for first in range(0, n, block):
            part = slice(first, min(first + block, n))
            rows = buffer[: part.stop - first]
            self.xp.copyto(rows, patches[part])
            yield part, rows.reshape((part.stop - first) * i * j, u * v * c)


def _rows(x: Array) -> tuple[int, ...]:
    """All axes but the last."""
    return tuple(range(x.ndim - 1))


def reference(table: Kernels, kernel: str) -> Any:
    """The kernel of that name as it is here, on the table's library where that is one of these."""
    function = getattr(NumPy, kernel)
    return function.__get__(table if isinstance(table, NumPy) else NumPy())


def _images_a_block(bytes_an_image: int) -> int:
    return max(1, PATCH_BYTES // max(1, bytes_an_image))
