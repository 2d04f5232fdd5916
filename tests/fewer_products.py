"""F(2 x 2, 2 x 2) in NumPy: the sums for which csrc/winograd.hpp takes nine products for sixteen.

The taps of a phase, of equal remainders by the step of two, are a filter g of 2 x 2 over the pixels
of that phase. Its 2 x 2 neighbouring sums over 3 x 3 pixels d are, summed over a depth of K,

    y = Aᵀ [Σ (B d Bᵀ) ⊙ (G g Gᵀ)] A.

Both spreads and the gathering are two additions deep, the products of K terms one chain, at most
four groups of images are added, and a bias and a slope may follow. Every step is right to one
rounding of what it makes of absolute values, so that

    |ŷ - y| <= γ_{K+10} |A|ᵀ [Σ (|B| |d| |B|ᵀ) ⊙ (|G| |g| |G|ᵀ)] |A|

with 10 = 2 + 2 + 2 for spreads and gathering, 1 for a product that is not fused, and 3 for groups
or 2 for bias and slope; and where products underflow half a subnormal number for each of 4 K. The
bracket is four times Σ |terms| where all numbers are alike, and K a quarter of the terms of a map's
sum: then this is the bound of the sums as they are written.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from compiled import gamma

Array = Any
Spread = Callable[[Array], Array]
B = np.array([[1, -1, 0], [0, 1, 0], [0, 1, -1]])
G = np.array([[1, 0], [1, 1], [0, 1]])
A = np.array([[1, 0], [1, 1], [0, -1]])
PHASES = [(a, b) for a in range(2) for b in range(2)]


def fewer(kernel: str, arrays: dict[str, Array], static: dict[str, Any]) -> bool:
    """Whether the compiled kernel begins this way: what `has_fewer_products` says, restated."""
    image, maps, filters, channels = _sizes(kernel, arrays, static)
    pad, step = static["pad"], static["stride"]
    first = [step * np.arange(m) - pad for m in maps]  # the pixel under a filter's first tap
    terms = prod(
        int((np.minimum(f + u, size) - np.maximum(f, 0)).clip(0).sum())
        for f, u, size in zip(first, filters, image, strict=True)
    )
    products = 4 * prod(-(-3 * m // 2) for m in maps)
    tiles = len(arrays.get("x", ())) * prod(-(-m // 2) for m in maps)
    return (
        all(a.dtype == np.float32 for a in arrays.values())
        and not any(k.endswith("mask") for k in arrays)
        and (filters, step) == ((4, 4), 2)
        and pad < 4
        and all(c >= 32 and c % 16 == 0 for c in channels)
        and maps[1] <= 256
        and 4 * products <= 3 * terms
        and (kernel != "conv2d_w" or tiles >= 128)
    )


def taken(kernel: str, arrays: dict[str, Array], static: dict[str, Any]) -> bool:
    """Whether it may end this way too: where a number is not finite, another is taken."""
    operands = [a for k, a in arrays.items() if k in ("x", "w", "g")]
    return fewer(kernel, arrays, static) and all(np.isfinite(a).all() for a in operands)


def _sizes(kernel: str, arrays: dict[str, Array], static: dict[str, Any]) -> tuple[Any, ...]:
    """Of the image, the maps and the filters, rows and columns; the channels of both sides."""
    pad, stride = static["pad"], static["stride"]
    if kernel == "conv2d_w":
        x, g = arrays["x"].shape, arrays["g"].shape
        filters = static["filter_height"], static["filter_width"]
        return x[1:3], g[1:3], filters, (x[3], g[3])
    filters, channels = arrays["w"].shape[:2], arrays["w"].shape[2:]
    if kernel == "conv2d_x":
        return (static["height"], static["width"]), arrays["g"].shape[1:3], filters, channels
    image = arrays["x"].shape[1:3]
    maps = tuple((h + 2 * pad - u) // stride + 1 for h, u in zip(image, filters, strict=True))
    return image, maps, filters, channels


def tiles(x: Array, start: tuple[int, int], step: int, count: Any, size: int) -> Array:
    """[n, i, j, r, s, c]: pixel (r, s) of tile (i, j), zero outside; tiles are two pixels apart."""
    rows, cols = (
        first + step * (2 * np.arange(n)[:, None] + np.arange(size))
        for first, n in zip(start, count, strict=True)
    )
    on = ((rows >= 0) & (rows < x.shape[1]))[:, None, :, None]
    on = on & ((cols >= 0) & (cols < x.shape[2]))[None, :, None, :]
    if not on.any():
        return np.zeros((x.shape[0], *on.shape, x.shape[3]), x.dtype)
    row, col = rows.clip(0, x.shape[1] - 1), cols.clip(0, x.shape[2] - 1)
    return np.where(on[..., None], x[:, row[:, None, :, None], col[None, :, None, :]], 0)


def spread(matrix: Array, d: Array) -> Array:
    """matrix d matrixᵀ over the last axes but one, with the type of d."""
    m = matrix.tolist()
    half = np.stack([sum(c * d[..., r, :, :] for r, c in enumerate(row)) for row in m], -3)
    return np.stack([sum(c * half[..., s, :] for s, c in enumerate(row)) for row in m], -2)


def by_products(
    kernel: str, arrays: dict[str, Array], static: dict[str, Any],
    B: Array = B, G: Array = G, A: Array = A,
) -> Array:  # fmt: skip
    """The sums before bias and slope, in the arrays' own precision."""
    image, maps, _, _ = _sizes(kernel, arrays, static)
    pad = static["pad"]
    if kernel == "conv2d_w":
        x, g = arrays["x"], arrays["g"]
        count = [-(-m // 2) for m in maps]
        right = spread(G, tiles(g, (0, 0), 1, count, 2))
        w = np.empty((4, 4, x.shape[3], g.shape[3]), x.dtype)
        for a, b in PHASES:
            left = spread(B, tiles(x, (a - pad, b - pad), 2, count, 3))
            m = np.einsum("nijuvc,nijuvo->uvco", left, right, optimize=True)
            w[a::2, b::2] = spread(A.T, np.moveaxis(m, 3, 0)).transpose(1, 2, 3, 0)
        return w
    w = arrays["w"]
    if kernel == "conv2d":
        count = [-(-m // 2) for m in maps]
        sums: Any = 0
        for a, b in PHASES:
            left = spread(B, tiles(arrays["x"], (a - pad, b - pad), 2, count, 3))
            sums = sums + _products(left, spread(G, w[a::2, b::2].transpose(3, 0, 1, 2)))
        return _laid(spread(A.T, sums), maps)
    x = np.empty((arrays["g"].shape[0], *image, w.shape[2]), w.dtype)
    for a, b in PHASES:
        first = [-(-max(0, pad - c) // 2) for c in (a, b)]
        start = [2 * q + c - pad for q, c in zip(first, (a, b), strict=True)]
        made = x[:, start[0] :: 2, start[1] :: 2]
        count = [-(-m // 2) for m in made.shape[1:3]]
        left = spread(B, tiles(arrays["g"], (first[0] - 1, first[1] - 1), 1, count, 3))
        taps = w[a::2, b::2][::-1, ::-1]
        made[...] = _laid(
            spread(A.T, _products(left, spread(G, taps.transpose(2, 0, 1, 3)))), made.shape[1:3]
        )
    return x


def _products(left: Array, right: Array) -> Array:
    return np.einsum("nijuvc,ouvc->nijuvo", left, right, optimize=True)


def _laid(y: Array, size: Any) -> Array:
    """[n, i, j, r, s, c] as maps, without what is beyond them."""
    n, i, j, _, _, c = y.shape
    return y.transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * i, 2 * j, c)[:, : size[0], : size[1]]


def bound(kernel: str, arrays: dict[str, Array], static: dict[str, Any]) -> Array:
    """How far a float32 kernel may be from the sums, for a slope of at most one."""
    sizes = {k: abs(a.astype(np.float64)) for k, a in arrays.items()}
    _, maps, _, channels = _sizes(kernel, arrays, static)
    depth = {
        "conv2d": 4 * channels[0],
        "conv2d_x": channels[1],
        "conv2d_w": len(arrays.get("x", ())) * -(-maps[0] // 2) * -(-maps[1] // 2),
    }[kernel]
    size = by_products(kernel, sizes, static, abs(B), abs(G), abs(A)) + sizes.get("bias", 0.0)
    relative = gamma(depth + 10, np.float32) + gamma(4 * depth + 10, np.float64)
    return relative * size + (2 * depth + 1) * float(np.finfo(np.float32).smallest_subnormal)
