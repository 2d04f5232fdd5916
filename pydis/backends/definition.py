"""Every kernel as the loops that are its definition. Normative, exact in form, unusably slow.

Convolution is one trilinear form on an image x, a filter w and a map g (eq:convolution),

    T(x, w, g) = Σ x[n, s·i+u−p, s·j+v−p, c] w[u, v, c, o] g[n, i, j, o],

summed over n, i, j, u, v, c, o, with x zero outside its borders. Fixing two slots leaves a linear
map of the third: `conv2d` = ∂T/∂g, `conv2d_x` = ∂T/∂x, `conv2d_w` = ∂T/∂w.

This file imports nothing of pydis and uses NumPy only to make and index arrays, so that no fault
of a fast kernel can reach the oracle that it is tested against.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

Array = Any
Size = tuple[int, int]


def matmul(a: Array, b: Array) -> Array:
    """Y[i, j] = Σ_k A[i, k] B[k, j]."""
    y = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for i, j, k in product(range(a.shape[0]), range(b.shape[1]), range(a.shape[1])):
        y[i, j] += a[i, k] * b[k, j]
    return y


def taps(image: Size, maps: Size, filters: Size, s: int, p: int) -> Iterator[tuple[int, ...]]:
    """Every (h, w, i, j, u, v) with h = s·i+u−p and w = s·j+v−p inside the image."""
    for i, j, u, v in product(*map(range, (*maps, *filters))):
        h, w = s * i + u - p, s * j + v - p
        if 0 <= h < image[0] and 0 <= w < image[1]:
            yield h, w, i, j, u, v


def conv2d(x: Array, w: Array, stride: int, pad: int) -> Array:
    """∂T/∂g: y[n, i, j, o] = Σ x[n, s·i+u−p, s·j+v−p, c] w[u, v, c, o]."""
    image, filters = x.shape[1:3], w.shape[:2]
    maps = tuple((h + 2 * pad - u) // stride + 1 for h, u in zip(image, filters, strict=True))
    y = np.zeros((x.shape[0], *maps, w.shape[3]), x.dtype)
    for h, q, i, j, u, v in taps(image, maps, filters, stride, pad):
        for n, c, o in product(range(x.shape[0]), range(w.shape[2]), range(w.shape[3])):
            y[n, i, j, o] += x[n, h, q, c] * w[u, v, c, o]
    return y


def conv2d_x(g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
    """∂T/∂x: x[n, s·i+u−p, s·j+v−p, c] = Σ w[u, v, c, o] g[n, i, j, o]."""
    x = np.zeros((g.shape[0], *size, w.shape[2]), g.dtype)
    for h, q, i, j, u, v in taps(size, g.shape[1:3], w.shape[:2], stride, pad):
        for n, c, o in product(range(g.shape[0]), range(w.shape[2]), range(w.shape[3])):
            x[n, h, q, c] += w[u, v, c, o] * g[n, i, j, o]
    return x


def conv2d_w(x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
    """∂T/∂w: w[u, v, c, o] = Σ x[n, s·i+u−p, s·j+v−p, c] g[n, i, j, o]."""
    w = np.zeros((*size, x.shape[3], g.shape[3]), x.dtype)
    for h, q, i, j, u, v in taps(x.shape[1:3], g.shape[1:3], size, stride, pad):
        for n, c, o in product(range(x.shape[0]), range(x.shape[3]), range(g.shape[3])):
            w[u, v, c, o] += x[n, h, q, c] * g[n, i, j, o]
    return w


def trilinear(x: Array, w: Array, g: Array, stride: int, pad: int) -> Any:
    """T(x, w, g), the seven-fold sum itself (eq:convolution)."""
    total = x.dtype.type(0)
    for h, q, i, j, u, v in taps(x.shape[1:3], g.shape[1:3], w.shape[:2], stride, pad):
        for n, c, o in product(range(x.shape[0]), range(w.shape[2]), range(w.shape[3])):
            total += x[n, h, q, c] * w[u, v, c, o] * g[n, i, j, o]
    return total
