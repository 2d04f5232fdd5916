"""Convolutions whose result goes behind a gate, in the pass that makes it.

The cotangent of a layer with a bend at zero is bent back before anything else reads it. Where a
convolution makes that cotangent, and for this layer alone, it does so in its own pass: the sweep
takes the plain op's `behind` for it, and the layer's rule has nothing left to bend.
"""

from pydis.autodiff.ops.conv import (
    check_conv2d,
    check_conv2d_x,
    conv2d,
    conv2d_w,
    conv2d_x,
    map_size,
)
from pydis.autodiff.ops.piecewise import gate
from pydis.autodiff.primitive import fused
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels
from pydis.backends.kernels import Size


def _gated(op: str, z: Value, y: Value, slope: float) -> Value:
    """z where y > 0, else slope · z, checked as where a kernel makes it."""
    check_behind(op, z.shape, y)
    return gate(z, y, slope=slope)


@fused(
    meaning=lambda x, w, y, *, slope, **constants: _gated(
        "conv2d_behind", conv2d(x, w, **constants), y, slope
    )
)
def conv2d_behind(
    k: Kernels, x: Array, w: Array, y: Array, *, slope: float, stride: int = 1, pad: int = 0
) -> Array:
    """z = conv2d(x, w) where y > 0, else slope · conv2d(x, w), for y of the shape of z."""
    check_conv2d("conv2d_behind", x, w, stride, pad)
    size = map_size("conv2d_behind", x.shape[1:3], w.shape[:2], stride, pad)
    check_behind("conv2d_behind", (x.shape[0], *size, w.shape[3]), y)
    return k.conv2d_behind(x, w, y, slope, stride, pad)


@conv2d_behind.pullback
def _(
    z_bar: Value,
    z: Value,
    x: Value,
    w: Value,
    y: Value,
    *,
    slope: float,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    g = gate(z_bar, y, slope=slope)
    return (
        lambda: conv2d_x(g, w, size=x.shape[1:3], stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
        None,
    )


@fused(
    meaning=lambda g, w, y, *, slope, **constants: _gated(
        "conv2d_x_behind", conv2d_x(g, w, **constants), y, slope
    )
)
def conv2d_x_behind(
    k: Kernels,
    g: Array,
    w: Array,
    y: Array,
    *,
    slope: float,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """z = conv2d_x(g, w) where y > 0, else slope · conv2d_x(g, w), for y of the shape of z."""
    check_conv2d_x("conv2d_x_behind", g, w, size, stride, pad)
    check_behind("conv2d_x_behind", (g.shape[0], *size, w.shape[2]), y)
    return k.conv2d_x_behind(g, w, y, slope, size, stride, pad)


@conv2d_x_behind.pullback
def _(
    z_bar: Value,
    z: Value,
    g: Value,
    w: Value,
    y: Value,
    *,
    slope: float,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    x = gate(z_bar, y, slope=slope)
    return (
        lambda: conv2d(x, w, stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
        None,
    )


conv2d.behind, conv2d_x.behind = conv2d_behind, conv2d_x_behind


def check_behind(op: str, shape: tuple[int, ...], y: Value) -> None:
    """Raise ValueError unless the gate has the shape of what goes behind it."""
    if y.shape != shape:
        raise ValueError(f"{op}: expected a gate of shape {shape}, received {y.shape}")
