"""Layers in one pass: a linear map, its bias and a bend at zero, beside the composition it equals.

    y = a(L(x, w) + b),  a(z) = z where z > 0, else slope · z

Slope 1 is no activation, 0 is relu, between them lies leaky relu. As a keeps the sign, the output
says on which side of the bend it is: the rule reads y and needs no z.

The cotangent is bent back once for all three slots, if the convolution that made it did not do so
already (`behind.py`). Gating it anew on the way into each kernel
(`gated.py`) reads y three times, and measures slower.
"""

from functools import partial

from pydis.autodiff.ops.arithmetic import add
from pydis.autodiff.ops.conv import (
    check_conv2d,
    check_conv2d_x,
    conv2d,
    conv2d_w,
    conv2d_x,
)
from pydis.autodiff.ops.linear import check_matmul, matmul
from pydis.autodiff.ops.piecewise import gate, leaky_relu, relu
from pydis.autodiff.ops.shape import sum_to, transpose
from pydis.autodiff.primitive import fused
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels
from pydis.backends.kernels import Size


def bend(z: Value, slope: float) -> Value:
    """a(z)."""
    if slope == 1:
        return z
    return leaky_relu(z, slope=slope) if slope else relu(z)


def bend_back(y_bar: Value, y: Value, slope: float) -> Value:
    """z̄ = ȳ where y > 0, else slope · ȳ."""
    if slope == 1:
        return y_bar
    return gate(y_bar, y, slope=slope)


@fused(meaning=lambda x, w, b, *, slope: bend(add(matmul(x, w), b), slope))
def matmul_act(k: Kernels, x: Array, w: Array, b: Array, *, slope: float) -> Array:
    """Y = a(X W + b) for X `[M, K]`, W `[K, N]`, b `[N]`."""
    check_matmul("matmul_act", x, w)
    check_finish("matmul_act", b, w.shape[1], slope)
    return k.matmul_act(x, w, b, slope)


@matmul_act.pullback
def _(y_bar: Value, y: Value, x: Value, w: Value, b: Value, *, slope: float) -> Value:
    g = bend_back(y_bar, y, slope)
    return (
        lambda: matmul(g, transpose(w)),
        lambda: matmul(transpose(x), g),
        lambda: sum_to(g, shape=b.shape),
    )


@fused(
    meaning=lambda x, w, b, *, slope, **constants: bend(add(conv2d(x, w, **constants), b), slope)
)
def conv2d_act(
    k: Kernels, x: Array, w: Array, b: Array, *, slope: float, stride: int = 1, pad: int = 0
) -> Array:
    """y = a(conv2d(x, w) + b) with a bias `[O]` for each channel."""
    check_conv2d("conv2d_act", x, w, stride, pad)
    check_finish("conv2d_act", b, w.shape[3], slope)
    return k.conv2d_act(x, w, b, slope, stride, pad)


@conv2d_act.pullback
def _(
    y_bar: Value,
    y: Value,
    x: Value,
    w: Value,
    b: Value,
    *,
    slope: float,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    to_image = {"size": x.shape[1:3], "stride": stride, "pad": pad}
    to_filter = {"size": w.shape[:2], "stride": stride, "pad": pad}
    g = bend_back(y_bar, y, slope)
    return (
        partial(conv2d_x, g, w, **to_image),
        lambda: conv2d_w(x, g, **to_filter),
        lambda: sum_to(g, shape=b.shape),
    )


@fused(
    meaning=lambda g, w, b, *, slope, **constants: bend(add(conv2d_x(g, w, **constants), b), slope)
)
def conv2d_x_act(
    k: Kernels,
    g: Array,
    w: Array,
    b: Array,
    *,
    slope: float,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """x = a(conv2d_x(g, w) + b) with a bias `[C]` for each channel of the image."""
    check_conv2d_x("conv2d_x_act", g, w, size, stride, pad)
    check_finish("conv2d_x_act", b, w.shape[2], slope)
    return k.conv2d_x_act(g, w, b, slope, size, stride, pad)


@conv2d_x_act.pullback
def _(
    y_bar: Value,
    y: Value,
    g: Value,
    w: Value,
    b: Value,
    *,
    slope: float,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    to_filter = {"size": w.shape[:2], "stride": stride, "pad": pad}
    x = bend_back(y_bar, y, slope)
    return (
        partial(conv2d, x, w, stride=stride, pad=pad),
        lambda: conv2d_w(x, g, **to_filter),
        lambda: sum_to(x, shape=b.shape),
    )


conv2d_act.bends = conv2d_x_act.bends = True


def check_finish(op: str, b: Array, channels: int, slope: float) -> None:
    """Raise ValueError unless the bias has one entry for each channel and 0 ≤ slope ≤ 1."""
    if b.shape != (channels,):
        raise ValueError(f"{op}: expected a bias of shape ({channels},), received {b.shape}")
    if not 0 <= slope <= 1:
        raise ValueError(f"{op}: expected a slope from 0 to 1, received {slope!r}")
