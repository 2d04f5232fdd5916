"""The reference backend: strided views and matrix products, in blocks that stay in cache.

A convolution gathers the patches under the filter into rows, `[N·I·J, U·V·C]`, and is then one
matrix product. The patch array repeats each pixel up to U·V times, so it is never made whole: a few
images at a time share one small buffer. Fresh memory costs more than the copy into it.

Each linear kernel is one method that may open its input by a mask on the way in, and add a bias
and bend at zero on the way out. The names of the table are the ways to call it.
"""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from pydis.backends import special
from pydis.backends.kernels import Array, Kernels, Maybe, Size

PATCH_BYTES = 1 << 21
"""Size of the patch buffer: small enough to stay in cache, large enough for a good product."""

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
        return self._matmul(a, b)

    def matmul_act(self, x: Array, w: Array, b: Array, slope: float) -> Array:
        return self._matmul(x, w, b, slope)

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        return self._conv2d(x, w, stride, pad)

    def conv2d_act(
        self, x: Array, w: Array, b: Array, slope: float, stride: int, pad: int
    ) -> Array:
        return self._conv2d(x, w, stride, pad, bias=b, slope=slope)

    def conv2d_gated(self, x: Array, y: Array, w: Array, stride: int, pad: int) -> Array:
        return self._conv2d(x, w, stride, pad, mask=y)

    def conv2d_x(self, g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
        return self._conv2d_x(g, w, size, stride, pad)

    def conv2d_x_act(
        self, g: Array, w: Array, b: Array, slope: float, size: Size, stride: int, pad: int
    ) -> Array:
        return self._conv2d_x(g, w, size, stride, pad, bias=b, slope=slope)

    def conv2d_x_gated(
        self, g: Array, y: Array, w: Array, size: Size, stride: int, pad: int
    ) -> Array:
        return self._conv2d_x(g, w, size, stride, pad, mask=y)

    def conv2d_w(self, x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
        return self._conv2d_w(x, g, size, stride, pad)

    def conv2d_w_gated(
        self, x: Array, g: Array, y: Array, on: str, size: Size, stride: int, pad: int
    ) -> Array:
        masks = {"x_mask": y} if on == "x" else {"g_mask": y}
        return self._conv2d_w(x, g, size, stride, pad, **masks)

    def gate(self, g: Array, y: Array) -> Array:
        """By the bits of g and of a word of ones: `where` waits for a branch at every element."""
        word = WORDS.get(g.dtype.name)
        if word is None:
            return super().gate(g, y)
        return (g.view(word) & -(y > 0).astype(word)).view(g.dtype)

    def bias_gradient(self, g: Array, y: Array) -> Array:
        """A few images at a time, so that the open g is never made whole."""
        total = self.xp.zeros(g.shape[-1], g.dtype)
        for part in _blocks(len(g), g[:1].size * g.itemsize):
            total += self.gate(g[part], y[part]).sum(axis=tuple(range(g.ndim - 1)))
        return total

    def _matmul(self, a: Array, b: Array, bias: Maybe = None, slope: float = 1.0) -> Array:
        """a(A B + bias), the product by the array library (OpenBLAS for NumPy's wheels)."""
        return self._finish(self.xp.matmul(a, b), bias, slope)

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
        """y = a(P(x) W + bias), with P the patches as rows."""
        maps = _map_size(x.shape[1:3], w.shape[:2], stride, pad)
        y = self.xp.empty((x.shape[0], *maps, w.shape[3]), x.dtype)
        for part, rows in self._patches(x, mask, w.shape[:2], stride, pad):
            out = y[part].reshape(rows.shape[0], w.shape[3])
            self.xp.matmul(rows, w.reshape(rows.shape[1], w.shape[3]), out=out)
        return self._finish(y, bias, slope)

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
        """x = a(Pᵀ(G Wᵀ) + bias): each tap's product is added where that tap was read."""
        (n, i, j, _), (u, v, c, o) = g.shape, w.shape
        x = self.xp.zeros((n, size[0] + 2 * pad, size[1] + 2 * pad, c), g.dtype)
        transposed = self.xp.ascontiguousarray(w.reshape(u * v * c, o).T)
        for part in _blocks(n, i * j * u * v * c * g.itemsize):
            target, maps = x[part], self._opened(g, mask, part)
            products = self.xp.matmul(maps.reshape(len(maps) * i * j, o), transposed)
            products = products.reshape(len(maps), i, j, u, v, c)
            for a in range(u):
                for b in range(v):
                    rows, columns = (
                        slice(a, a + stride * i, stride),
                        slice(b, b + stride * j, stride),
                    )
                    target[:, rows, columns] += products[:, :, :, a, b]
        return self._finish(x[:, pad : pad + size[0], pad : pad + size[1]], bias, slope)

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
        """W = P(x)ᵀ G, summed over the blocks."""
        w = self.xp.zeros((size[0] * size[1] * x.shape[3], g.shape[3]), x.dtype)
        for part, rows in self._patches(x, x_mask, size, stride, pad):
            maps = self._opened(g, g_mask, part)
            w += self.xp.matmul(rows.T, maps.reshape(rows.shape[0], g.shape[3]))
        return w.reshape(*size, x.shape[3], g.shape[3])

    def _finish(self, y: Array, bias: Maybe, slope: float) -> Array:
        """max(z, slope · z) of z = y + bias, in place; 0 at slope 0, where 0 · ∞ is no number."""
        if bias is not None:
            y += bias
        if slope == 1:
            return y
        return self.xp.maximum(y, slope * y if slope else 0, out=y)

    def _opened(self, x: Array, mask: Maybe, part: slice) -> Array:
        """The images of a block, zero where the mask is given and not above zero."""
        return x[part] if mask is None else self.gate(x[part], mask[part])

    def _patches(
        self, x: Array, mask: Maybe, size: Size, s: int, p: int
    ) -> Iterator[tuple[slice, Array]]:
        """P[n, i, j, u, v, c] = x[n, s·i+u−p, s·j+v−p, c], a few images at a time, as rows."""
        (n, _, _, c), (u, v) = x.shape, size
        i, j = _map_size(x.shape[1:3], size, s, p)
        bytes_an_image = i * j * u * v * c * x.itemsize
        buffer = self.xp.empty((min(n, _images_a_block(bytes_an_image)), i, j, u, v, c), x.dtype)
        for part in _blocks(n, bytes_an_image):
            images = self._opened(x, mask, part)
            if p:
                images = self.xp.pad(images, ((0, 0), (p, p), (p, p), (0, 0)))
            by_n, by_h, by_w, by_c = images.strides
            patches = self.xp.lib.stride_tricks.as_strided(
                images,
                (len(images), i, j, u, v, c),
                (by_n, s * by_h, s * by_w, by_h, by_w, by_c),
            )
            rows = buffer[: len(images)]
            self.xp.copyto(rows, patches)
            yield part, rows.reshape(len(images) * i * j, u * v * c)


def _map_size(image: Size, filters: Size, s: int, p: int) -> Size:
    i, j = ((h + 2 * p - u) // s + 1 for h, u in zip(image, filters, strict=True))
    return i, j


def _blocks(images: int, bytes_an_image: int) -> Iterator[slice]:
    """Slices of the images, as many at once as stay in cache."""
    block = _images_a_block(bytes_an_image)
    return (slice(first, min(first + block, images)) for first in range(0, images, block))


def _images_a_block(bytes_an_image: int) -> int:
    return max(1, PATCH_BYTES // max(1, bytes_an_image))
