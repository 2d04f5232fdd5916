"""The kernels and shapes that are measured: those of the models.

A row knows its inputs, how a backend computes it, how many operations that takes, and how far a
sum of that many terms may be off.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from pydis.backends import Array, Kernels
from pydis.backends.draws import normal


class Row(NamedTuple):
    """One kernel, or one layer, at one shape. `terms` is the most products added in one number.

    A layer gives several arrays, and what it computes is no sum of products: its errors are
    relative to the largest number of each array (`of_largest`), those of products to |a||b|.
    """

    kernel: str
    shape: str
    inputs: tuple[tuple[int, ...], ...]
    call: Callable[[Kernels, Sequence[Array]], Any]
    operations: int
    terms: int
    of_largest: bool = False
    prepare: Callable[[list[Array]], list[Array]] = list

    @property
    def name(self) -> str:
        """What `--filter` looks at."""
        return f"{self.kernel} {self.shape}"

    def make(self, dtype: str, seed: int = 0) -> list[Any]:
        """The inputs: of standard normal numbers, by the same seed for every row."""
        rng = np.random.default_rng(seed)
        return self.prepare([normal(rng, shape, np.dtype(dtype)) for shape in self.inputs])


def bound(row: Row, dtype: str) -> float:
    """The largest error, in units of eps |a||b|, that rounding explains.

    n products added in any order are off by at most γₙ = n u / (1 - n u) of |a||b|, with u = eps/2
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1). The reference in float64
    is off by its own γₙ, and so is |a||b|.

    A layer's errors are relative to its largest number. From that Σ|a||b| of independent numbers is
    some √n away; but roundings of both signs add up as √n too, and so the same bound stands
    (Higham and Mary 2019).
    """
    n, eps = row.terms, float(np.finfo(dtype).eps)
    double = _gamma(n, float(np.finfo(np.float64).eps))
    return (_gamma(n, eps) + double) * (1 + 2 * double) / eps


def error(y: Array, exact: Array, size: Array) -> float:
    """max |y - y₆₄| / (|a||b|) in units of eps; infinite where y is not a number."""
    if y.shape != exact.shape:
        return float("inf")
    off = np.abs(y.astype(np.float64) - exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(off == 0, 0.0, off / size) / np.finfo(y.dtype).eps
    return float(np.max(np.where(np.isnan(relative), np.inf, relative), initial=0.0))


def _gamma(n: int, eps: float) -> float:
    return n * eps / 2 / (1 - n * eps / 2)


def matmul(m: int, k: int, n: int, form: str = "a b") -> Row:
    """[M, K] times [K, N]; of a transposed operand the memory holds the transpose."""
    left = (k, m) if form.startswith("aᵀ") else (m, k)
    right = (n, k) if form.endswith("bᵀ") else (k, n)

    def call(kernels: Kernels, ab: Sequence[Array]) -> Array:
        a = ab[0].T if form.startswith("aᵀ") else ab[0]
        b = ab[1].T if form.endswith("bᵀ") else ab[1]
        return kernels.matmul(a, b)

    shape = f"{m}x{k}x{n}" + ("" if form == "a b" else f" {form}")
    return Row("matmul", shape, (left, right), call, 2 * m * k * n, k)


def convolutions(n: int, side: int, c: int, o: int) -> list[Row]:
    """The three faces of one layer with filters 4x4, stride 2 and one pixel of padding.

    Each adds the products x w g of the same taps: those outside the image are not counted.
    """
    s, p, u = 2, 1, 4
    maps = side // s
    on_axis = sum(0 <= s * i + a - p < side for i in range(maps) for a in range(u))
    x, w, g = (n, side, side, c), (u, u, c, o), (n, maps, maps, o)
    operations = 2 * n * on_axis**2 * c * o
    shape = f"{n}x{side}x{side}x{c}->{o}"

    def forward(k: Kernels, xw: Sequence[Array]) -> Array:
        return k.conv2d(xw[0], xw[1], s, p)

    def backward_x(k: Kernels, gw: Sequence[Array]) -> Array:
        return k.conv2d_x(gw[0], gw[1], (side, side), s, p)

    def backward_w(k: Kernels, xg: Sequence[Array]) -> Array:
        return k.conv2d_w(xg[0], xg[1], (u, u), s, p)

    return [
        Row("conv2d", shape, (x, w), forward, operations, prod(w[:3])),
        Row("conv2d_x", shape, (g, w), backward_x, operations, (u // s) ** 2 * o),
        Row("conv2d_w", shape, (x, g), backward_w, operations, prod(g[:3])),
    ]


def kernel_rows() -> list[Row]:
    """The sums of products of `pydis bench kernels`: batches of 64 (beta-VAE), 128 (InfoGAN)."""
    products = [
        *((64, 1024, 256), (64, 256, 1024), (64, 256, 10), (64, 20, 256)),
        *((128, 1024, 74), (128, 6272, 1024), (6272, 1024, 128)),
        *((256, 256, 256), (512, 512, 512), (1024, 1024, 1024)),
    ]
    layers = [
        *((64, 64, 1, 32), (64, 32, 32, 32), (64, 16, 32, 64), (64, 8, 64, 64)),
        *((128, 28, 1, 64), (128, 14, 64, 128)),
    ]
    rows = [matmul(*sizes) for sizes in products]
    rows += [matmul(1024, 64, 256, "aᵀ b"), matmul(1024, 64, 256, "a bᵀ")]
    return rows + [row for sizes in layers for row in convolutions(*sizes)]
