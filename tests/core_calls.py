"""What each kernel of `pydis._core` should give: one row per kernel, for every test of them.

The references are sums over the taps on the image and over nothing else, in float64. NaN and
infinity are therefore where the definition has them, and each result has a forward error bound:
with K terms, |ŷ - y| <= γ_{K+3} Σ|terms| (the products, a bias, a slope), and where products
underflow half a subnormal number for each of them.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import fewer_products
import numpy as np
from compiled import gamma
from hypothesis import strategies as st

Array = Any
Size = Callable[[Array], Array]
SLOPES = (None, 0.0, 0.25, -0.5)


class Call(NamedTuple):
    """The arguments of one call."""

    kernel: str
    arrays: dict[str, Array]
    static: dict[str, Any]

    def on(self, core: Any) -> Array:
        """The result."""
        return getattr(core, self.kernel)(**self.arrays, **self.static)


# References: `size` is the identity, or |.| for the bound.


def opened(x: Array, mask: Array | None) -> Array:
    return x if mask is None else bent(x, mask, 0.0)


def bent(x: Array, gate: Array, slope: float) -> Array:
    """x where the gate is above zero, else slope · x: without a slope zero, whatever x is."""
    assert gate.shape == x.shape, f"a gate of shape {gate.shape} for {x.shape}"
    return np.where(gate > 0, x, slope * x if slope else 0.0)


def overlap(tap: int, size: int, maps: int, stride: int, pad: int) -> tuple[slice, slice]:
    """The map pixels for which a tap is on the image, and the image pixels it is on."""
    first = max(0, -((tap - pad) // stride))
    end = max(first, min(maps, (size - 1 + pad - tap) // stride + 1))
    start = stride * first + tap - pad
    return slice(first, end), slice(start, start + stride * (end - first - 1) + 1, stride)


def each_tap(image: Any, filters: Any, maps: Any, stride: int, pad: int) -> Any:
    for u in range(filters[0]):
        i, h = overlap(u, image[0], maps[0], stride, pad)
        for v in range(filters[1]):
            j, q = overlap(v, image[1], maps[1], stride, pad)
            if i.start < i.stop and j.start < j.stop:
                yield u, v, i, j, h, q


def matmul(
    size: Size, a: Array, b: Array, bias: Array = 0.0, transpose_a: Any = 0, transpose_b: Any = 0
) -> Array:
    left, right = "ki" if transpose_a else "ik", "jk" if transpose_b else "kj"
    return np.einsum(f"{left},{right}->ij", size(a), size(b)) + size(bias)


def conv2d(
    size: Size, x: Array, w: Array, stride: int, pad: int, bias: Array = 0.0, mask: Array = None
) -> Array:
    x, w = size(opened(x, mask)), size(w)
    image, filters = x.shape[1:3], w.shape[:2]
    maps = [(h + 2 * pad - u) // stride + 1 for h, u in zip(image, filters, strict=True)]
    y = np.zeros((x.shape[0], *maps, w.shape[3]))
    for u, v, i, j, h, q in each_tap(image, filters, maps, stride, pad):
        y[:, i, j] += np.einsum("nijc,co->nijo", x[:, h, q], w[u, v])
    return y + size(bias)


def conv2d_x(
    size: Size, g: Array, w: Array, height: int, width: int, stride: int, pad: int,
    bias: Array = 0.0, mask: Array = None,
) -> Array:  # fmt: skip
    g, w = size(opened(g, mask)), size(w)
    x = np.zeros((g.shape[0], height, width, w.shape[2]))
    for u, v, i, j, h, q in each_tap((height, width), w.shape[:2], g.shape[1:3], stride, pad):
        x[:, h, q] += np.einsum("nijo,co->nijc", g[:, i, j], w[u, v])
    return x + size(bias)


def conv2d_w(
    size: Size, x: Array, g: Array, filter_height: int, filter_width: int, stride: int, pad: int,
    x_mask: Array = None, g_mask: Array = None,
) -> Array:  # fmt: skip
    x, g = size(opened(x, x_mask)), size(opened(g, g_mask))
    filters = filter_height, filter_width
    w = np.zeros((*filters, x.shape[3], g.shape[3]))
    for u, v, i, j, h, q in each_tap(x.shape[1:3], filters, g.shape[1:3], stride, pad):
        w[u, v] = np.einsum("nijc,nijo->co", x[:, h, q], g[:, i, j])
    return w


# Draws


def optional(name: str) -> bool:
    """Whether an array may be left out."""
    return name.endswith(("bias", "mask", "behind"))


counts = st.one_of(st.integers(0, 9), st.integers(1, 40))
VALUES = ("normal", "normal", "whole", "special", "subnormal", "zeros")


def numbers(rng: np.random.Generator, kind: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Random numbers of a kind: products of two `subnormal` ones are on both sides of underflow."""
    x = rng.standard_normal(shape)
    if kind == "whole":
        x = rng.integers(-3, 4, shape) * np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    elif kind == "zeros":
        x *= np.where(rng.random(shape) < 0.5, 1.0, -0.0)
    elif kind == "subnormal":
        x *= float(np.finfo(dtype).smallest_subnormal) ** 0.5 * 4
    elif kind == "special" and x.size:
        for value in rng.choice([np.nan, np.inf, -np.inf, 0.0], rng.integers(0, 4)):
            x.flat[rng.integers(x.size)] = value
    return x.astype(dtype)


def filled(
    draw: st.DrawFn, kernel: str, dtype: Any, shapes: dict[str, Any], static: dict[str, Any]
) -> Call:
    """A call with arrays of these shapes, without some of those that may be left out."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    arrays = {}
    for name, shape in shapes.items():
        if not optional(name) or draw(st.booleans()):
            arrays[name] = numbers(rng, draw(st.sampled_from(VALUES)), shape, dtype)
    return Call(kernel, arrays, {k: v for k, v in static.items() if v is not None})


@st.composite
def matmul_calls(draw: st.DrawFn, dtype: Any) -> Call:
    rows, cols = draw(counts), draw(counts)
    depth = draw(st.one_of(counts, st.sampled_from([255, 256, 257, 513])))
    ta, tb = draw(st.booleans()), draw(st.booleans())
    shapes = {
        "a": (depth, rows) if ta else (rows, depth),
        "b": (cols, depth) if tb else (depth, cols),
        "bias": (cols,),
    }
    slope = draw(st.sampled_from(SLOPES))
    static = {"transpose_a": ta, "transpose_b": tb, "slope": slope}
    return filled(draw, "matmul", dtype, shapes, static)


@st.composite
def conv_calls(draw: st.DrawFn, dtype: Any, kernel: str = "") -> Call:
    """Both sides of every choice: 4, 6 or 8 images and channels, stride 16, pads of a filter."""
    u, v = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    stride = draw(st.one_of(st.integers(1, 4), st.integers(1, 18)))
    pad = draw(st.one_of(st.integers(0, min(u, v)), st.integers(0, max(u, v) + 2)))
    h = draw(st.integers(max(0, u - 2 * pad), 11))
    w = draw(st.integers(max(0, v - 2 * pad), 11))
    n, c, o = draw(st.integers(0, 17)), draw(counts), draw(counts)
    i, j = (h + 2 * pad - u) // stride + 1, (w + 2 * pad - v) // stride + 1
    budget = max(1, 2_000_000 // (i * j * u * v * max(1, n) * max(1, c)))
    return conv_call(draw, kernel, dtype, (n, h, w, u, v, c, min(o, budget), stride, pad))


def conv_shapes(kernel: str, sizes: tuple[int, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shapes and the constants of a convolution of sizes (n, h, w, u, v, c, o, stride, pad)."""
    n, h, w, u, v, c, o, stride, pad = sizes
    x, f = (n, h, w, c), (u, v, c, o)
    g = n, (h + 2 * pad - u) // stride + 1, (w + 2 * pad - v) // stride + 1, o
    constants = {"stride": stride, "pad": pad}
    if kernel == "conv2d":
        return {"x": x, "w": f, "bias": (o,), "mask": x, "behind": g}, constants
    if kernel == "conv2d_x":
        shapes = {"g": g, "w": f, "bias": (c,), "mask": g, "behind": x}
        return shapes, {"height": h, "width": w} | constants
    filters = {"filter_height": u, "filter_width": v}
    return {"x": x, "g": g, "x_mask": x, "g_mask": g}, filters | constants


def conv_call(draw: st.DrawFn, kernel: str, dtype: Any, sizes: tuple[int, ...]) -> Call:
    shapes, static = conv_shapes(kernel, sizes)
    if kernel != "conv2d_w":
        static["slope"] = draw(st.sampled_from(SLOPES))
    return filled(draw, kernel, dtype, shapes, static)


class Kernel(NamedTuple):
    """How to check one kernel."""

    calls: Callable[[Any], st.SearchStrategy[Call]]  # of a dtype
    sum: Callable[..., Array]  # the reference before the slope
    terms: Callable[[Call], int]  # in one number of the result


def shape(call: Call, name: str) -> tuple[int, ...]:
    return call.arrays[name].shape


KERNELS = {
    "matmul": Kernel(
        matmul_calls, matmul, lambda k: shape(k, "a")[0 if k.static.get("transpose_a") else 1]
    ),
    "conv2d": Kernel(
        lambda dtype: conv_calls(dtype, "conv2d"), conv2d, lambda k: prod(shape(k, "w")[:3])
    ),
    "conv2d_x": Kernel(
        lambda dtype: conv_calls(dtype, "conv2d_x"),
        conv2d_x,
        lambda k: prod(shape(k, "w")[:2]) * shape(k, "w")[3],
    ),
    "conv2d_w": Kernel(
        lambda dtype: conv_calls(dtype, "conv2d_w"), conv2d_w, lambda k: prod(shape(k, "g")[:3])
    ),
}
"""A new kernel is one more row."""


def expected(call: Call, direct: bool = False) -> tuple[Array, Array]:
    """The result in float64, and how far from it a kernel may be; one of direct sums, if asked."""
    arrays = {k: a.astype(np.float64) for k, a in call.arrays.items()}
    dtype = next(iter(call.arrays.values())).dtype
    static = {k: v for k, v in call.static.items() if k != "slope"}
    slope, behind = call.static.get("slope"), arrays.pop("behind", None)
    terms = KERNELS[call.kernel].terms(call)
    relative = gamma(terms + 3, dtype) + gamma(terms + 3, np.float64)
    with np.errstate(all="ignore"):
        y = KERNELS[call.kernel].sum(lambda x: x, **arrays, **static) + 0.0
        bound = relative * KERNELS[call.kernel].sum(np.abs, **arrays, **static)
    if not direct and call.kernel != "matmul" and fewer_products.taken(*call):
        bound = np.maximum(bound, fewer_products.bound(*call))
    with np.errstate(all="ignore"):
        if behind is not None:  # its slope takes the place of the activation's
            y, bound = bent(y, behind, slope or 0.0), bent(bound, behind, abs(slope or 0.0))
        elif slope is not None:
            y = np.where(y < 0, slope * y if slope else 0.0, y)
            bound = bound * max(1, abs(slope))
    return y, bound + (terms + 1) * float(np.finfo(dtype).smallest_subnormal)


def assert_right(call: Call, y: Array) -> None:
    """Raise AssertionError unless y is what the call should give."""
    value, bound = expected(call)
    dtype = next(iter(call.arrays.values())).dtype
    where = f"{call.kernel} { ({k: a.shape for k, a in call.arrays.items()}) } {call.static}"
    assert y.shape == value.shape and y.dtype == dtype and y.flags.c_contiguous, where
    finite = np.isfinite(value)
    np.testing.assert_array_equal(y[~finite], value[~finite], err_msg=where)
    assert np.all(np.isfinite(y[finite])), f"{where}: not finite where the definition is"
    excess = abs(y[finite] - value[finite]) - bound[finite]
    assert np.all(excess <= 0), f"{where}: off by {excess.max():.1e} beyond the bound"
