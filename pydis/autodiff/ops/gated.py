"""Linear kernels behind a gate: what the backward pass of a relu layer is made of.

With 1[y > 0] on one input, the cotangent behind a relu is read once and its gated copy never
written. A gate is linear in what it opens and constant in y, so these ops are each other's adjoints
as the faces of a convolution are, and no new one appears at higher orders.
"""

from pydis.autodiff.ops.conv import (
    check_conv2d,
    check_conv2d_w,
    check_conv2d_x,
    conv2d,
    conv2d_w,
    conv2d_x,
)
from pydis.autodiff.ops.piecewise import gate
from pydis.autodiff.ops.shape import broadcast_to, sum_to
from pydis.autodiff.primitive import fused
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels
from pydis.backends.kernels import Size


@fused(meaning=lambda x, y, w, **constants: conv2d(gated("conv2d_gated", x, y), w, **constants))
def conv2d_gated(
    k: Kernels, x: Array, y: Array, w: Array, *, stride: int = 1, pad: int = 0
) -> Array:
    """conv2d(1[y > 0] x, w) for y of the shape of x."""
    check_gate("conv2d_gated", x, y)
    check_conv2d("conv2d_gated", x, w, stride, pad)
    return k.conv2d_gated(x, y, w, stride, pad)


@conv2d_gated.pullback
def _(g: Value, z: Value, x: Value, y: Value, w: Value, *, stride: int = 1, pad: int = 0) -> Value:
    return (
        lambda: gate(conv2d_x(g, w, size=x.shape[1:3], stride=stride, pad=pad), y),
        None,
        lambda: conv2d_w_gated(x, g, y, on="x", size=w.shape[:2], stride=stride, pad=pad),
    )


@fused(meaning=lambda g, y, w, **constants: conv2d_x(gated("conv2d_x_gated", g, y), w, **constants))
def conv2d_x_gated(
    k: Kernels, g: Array, y: Array, w: Array, *, size: Size, stride: int = 1, pad: int = 0
) -> Array:
    """conv2d_x(1[y > 0] g, w) for y of the shape of g."""
    check_gate("conv2d_x_gated", g, y)
    check_conv2d_x("conv2d_x_gated", g, w, size, stride, pad)
    return k.conv2d_x_gated(g, y, w, size, stride, pad)


@conv2d_x_gated.pullback
def _(
    x: Value,
    z: Value,
    g: Value,
    y: Value,
    w: Value,
    *,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    return (
        lambda: gate(conv2d(x, w, stride=stride, pad=pad), y),
        None,
        lambda: conv2d_w_gated(x, g, y, on="g", size=w.shape[:2], stride=stride, pad=pad),
    )


def _gate_one(x: Value, g: Value, y: Value, *, on: str, **constants: object) -> Value:
    check_on("conv2d_w_gated", x, g, y, on)
    x, g = (gate(x, y), g) if on == "x" else (x, gate(g, y))
    return conv2d_w(x, g, **constants)


@fused(meaning=_gate_one)
def conv2d_w_gated(
    k: Kernels,
    x: Array,
    g: Array,
    y: Array,
    *,
    on: str,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """conv2d_w(x, g) with 1[y > 0] on the images or on the maps, `on` = "x" or "g"."""
    check_on("conv2d_w_gated", x, g, y, on)
    check_conv2d_w("conv2d_w_gated", x, g, size, stride, pad)
    return k.conv2d_w_gated(x, g, y, on, size, stride, pad)


@conv2d_w_gated.pullback
def _(
    w: Value,
    z: Value,
    x: Value,
    g: Value,
    y: Value,
    *,
    on: str,
    size: Size,
    stride: int = 1,
    pad: int = 0,
) -> Value:
    to_image = {"size": x.shape[1:3], "stride": stride, "pad": pad}
    if on == "x":
        return (
            lambda: gate(conv2d_x(g, w, **to_image), y),
            lambda: conv2d_gated(x, y, w, stride=stride, pad=pad),
            None,
        )
    return (
        lambda: conv2d_x_gated(g, y, w, **to_image),
        lambda: gate(conv2d(x, w, stride=stride, pad=pad), y),
        None,
    )


@fused(meaning=lambda g, y: sum_to(gated("bias_gradient", g, y), shape=g.shape[-1:]))
def bias_gradient(k: Kernels, g: Array, y: Array) -> Array:
    """b̄[c] = Σ 1[y > 0] g over all axes but the last: what the bias before a relu receives."""
    check_gate("bias_gradient", g, y)
    if g.ndim < 2:
        raise ValueError(f"bias_gradient: expected [N, .., C], received shape {g.shape}")
    return k.bias_gradient(g, y)


@bias_gradient.pullback
def _(b: Value, z: Value, g: Value, y: Value) -> Value:
    return lambda: gate(broadcast_to(b, shape=g.shape), y), None


def gated(op: str, opened: Value, y: Value) -> Value:
    """1[y > 0] x for y of the same shape: the meaning's own check, where no kernel makes it."""
    check_gate(op, opened, y)
    return gate(opened, y)


def check_on(op: str, x: Value, g: Value, y: Value, on: str) -> None:
    """Raise ValueError unless the gate is on "x" or "g", and of that one's shape."""
    if on not in ("x", "g"):
        raise ValueError(f"{op}: expected a gate on 'x' or 'g', received {on!r}")
    check_gate(op, x if on == "x" else g, y)


def check_gate(op: str, opened: Value, y: Value) -> None:
    """Raise ValueError unless the gate has the shape of what it opens."""
    if opened.shape != y.shape:
        raise ValueError(f"{op}: expected a gate of shape {opened.shape}, received {y.shape}")
