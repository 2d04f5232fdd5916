"""Layers in one pass: a linear map, its bias and relu, each beside the composition it equals.

The output says where relu was open, so the rule needs nothing but y: the gated cotangent is formed
once and serves every slot.
"""

from pydis.autodiff.ops.conv import (
    Size,
    check_conv2d,
    check_conv2d_x,
    conv2d,
    conv2d_w,
    conv2d_x,
)
from pydis.autodiff.ops.linear import check_matmul, matmul
from pydis.autodiff.ops.piecewise import gate, relu
from pydis.autodiff.ops.shape import broadcast_to, sum_to, transpose
from pydis.autodiff.primitive import fused
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@fused(meaning=lambda g, y: sum_to(gate(g, y), shape=g.shape[-1:]))
def gated_sum(k: Kernels, g: Array, y: Array) -> Array:
    """s = Σ g over all axes but the last where y > 0: the cotangent `[C]` of a bias before relu."""
    if g.shape != y.shape or g.ndim < 2:
        raise ValueError(f"gated_sum: expected two [N, …, C], received {g.shape} and {y.shape}")
    return k.gated_sum(g, y)


@gated_sum.pullback
def _(s_bar: Value, s: Value, g: Value, y: Value) -> Value:
    return lambda: gate(broadcast_to(s_bar, shape=g.shape), y), None


@fused(meaning=lambda x, w, b: relu(matmul(x, w) + b))
def matmul_relu(k: Kernels, x: Array, w: Array, b: Array) -> Array:
    """Y = max(0, X W + b) for X `[M, K]`, W `[K, N]`, b `[N]`."""
    check_matmul("matmul_relu", x, w)
    check_bias("matmul_relu", b, w.shape[1])
    return k.matmul_relu(x, w, b)


@matmul_relu.pullback
def _(y_bar: Value, y: Value, x: Value, w: Value, b: Value) -> Value:
    g = gate(y_bar, y)
    return (
        lambda: matmul(g, transpose(w)),
        lambda: matmul(transpose(x), g),
        lambda: sum_to(g, shape=b.shape),
    )


@fused(meaning=lambda x, w, b, **constants: relu(conv2d(x, w, **constants) + b))
def conv2d_relu(
    k: Kernels, x: Array, w: Array, b: Array, *, stride: int = 1, pad: int = 0
) -> Array:
    """y = max(0, conv2d(x, w) + b) with a bias `[O]` for each channel."""
    check_conv2d("conv2d_relu", x, w, stride, pad)
    check_bias("conv2d_relu", b, w.shape[3])
    return k.conv2d_relu(x, w, b, stride, pad)


@conv2d_relu.pullback
def _(
    y_bar: Value, y: Value, x: Value, w: Value, b: Value, *, stride: int = 1, pad: int = 0
) -> Value:
    g = gate(y_bar, y)
    return (
        lambda: conv2d_x(g, w, size=x.shape[1:3], stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
        lambda: sum_to(g, shape=b.shape),
    )


@fused(meaning=lambda g, w, b, **constants: relu(conv2d_x(g, w, **constants) + b))
def conv2d_x_relu(
    k: Kernels, g: Array, w: Array, b: Array, *, size: Size, stride: int = 1, pad: int = 0
) -> Array:
    """x = max(0, conv2d_x(g, w) + b) with a bias `[C]` for each channel of the image."""
    check_conv2d_x("conv2d_x_relu", g, w, size, stride, pad)
    check_bias("conv2d_x_relu", b, w.shape[2])
    return k.conv2d_x_relu(g, w, b, size, stride, pad)


@conv2d_x_relu.pullback
def _(
    y_bar: Value,
    y: Value,
    g: Value,
    w: Value,
    b: Value,
    *,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    x = gate(y_bar, y)
    return (
        lambda: conv2d(x, w, stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
        lambda: sum_to(x, shape=b.shape),
    )


def check_bias(op: str, b: Array, channels: int) -> None:
    """Raise ValueError unless the bias has one entry for each channel."""
    if b.shape != (channels,):
        raise ValueError(f"{op}: expected a bias of shape ({channels},), received {b.shape}")
