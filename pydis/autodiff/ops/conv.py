"""Convolution: one trilinear form with three faces (eq:convolution).

    T(x, w, g) = Σ x[n, s·i+u−p, s·j+v−p, c] w[u, v, c, o] g[n, i, j, o]

on an image x `[N, H, W, C]`, a filter w `[U, V, C, O]` and a map g `[N, I, J, O]`. Fix two slots,
and the third is a linear map: `conv2d`, `conv2d_x` (the transposed convolution of a decoder),
`conv2d_w`. The adjoints of each are the other two, so nothing new appears however often one
differentiates. In the rules below the cotangent carries the name of the slot that it fills.
"""

from pydis.autodiff.primitive import primitive
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels
from pydis.backends.kernels import Size


@primitive
def conv2d(k: Kernels, x: Array, w: Array, *, stride: int = 1, pad: int = 0) -> Array:
    """∂T/∂g: correlate the images x with the filters w, giving `[N, I, J, O]`."""
    check_conv2d("conv2d", x, w, stride, pad)
    return k.conv2d(x, w, stride, pad)


@conv2d.pullback
def _(g: Value, y: Value, x: Value, w: Value, *, stride: int = 1, pad: int = 0) -> Value:
    return (
        lambda: conv2d_x(g, w, size=x.shape[1:3], stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
    )


@primitive
def conv2d_x(k: Kernels, g: Array, w: Array, *, size: Size, stride: int = 1, pad: int = 0) -> Array:
    """∂T/∂x: spread the maps g over images of `size` (H, W), giving `[N, H, W, C]`."""
    check_conv2d_x("conv2d_x", g, w, size, stride, pad)
    return k.conv2d_x(g, w, size, stride, pad)


@conv2d_x.pullback
def _(
    x: Value, y: Value, g: Value, w: Value, *, size: Size, stride: int = 1, pad: int = 0
) -> Value:
    return (
        lambda: conv2d(x, w, stride=stride, pad=pad),
        lambda: conv2d_w(x, g, size=w.shape[:2], stride=stride, pad=pad),
    )


@primitive
def conv2d_w(k: Kernels, x: Array, g: Array, *, size: Size, stride: int = 1, pad: int = 0) -> Array:
    """∂T/∂w: correlate the images x with the maps g, giving filters `[U, V, C, O]` of `size`."""
    check_conv2d_w("conv2d_w", x, g, size, stride, pad)
    return k.conv2d_w(x, g, size, stride, pad)


@conv2d_w.pullback
def _(
    w: Value, y: Value, x: Value, g: Value, *, size: Size, stride: int = 1, pad: int = 0
) -> Value:
    return (
        lambda: conv2d_x(g, w, size=x.shape[1:3], stride=stride, pad=pad),
        lambda: conv2d(x, w, stride=stride, pad=pad),
    )


def map_size(op: str, image: Size, filters: Size, stride: int, pad: int) -> Size:
    """(I, J) with I = ⌊(H + 2p − U) / s⌋ + 1: how often the filter fits on the padded image."""
    if not all(hasattr(n, "__index__") for n in (stride, pad)):
        raise TypeError(f"{op}: expected whole stride and pad, received {stride!r} and {pad!r}")
    if stride < 1 or pad < 0 or min(filters) < 1:
        raise ValueError(
            f"{op}: expected stride >= 1, pad >= 0 and a filter of at least 1x1, "
            f"received stride {stride}, pad {pad}, filter {filters[0]}x{filters[1]}"
        )
    if any(h + 2 * pad < u for h, u in zip(image, filters, strict=True)):
        raise ValueError(
            f"{op}: a filter of {filters[0]}x{filters[1]} does not fit "
            f"an image of {image[0]}x{image[1]} with pad {pad}"
        )
    i, j = ((h + 2 * pad - u) // stride + 1 for h, u in zip(image, filters, strict=True))
    return i, j


def check_conv2d(op: str, x: Array, w: Array, stride: int, pad: int) -> None:
    """Raise ValueError unless the filters w can correlate the images x."""
    check_rank(op, x, w)
    if x.shape[3] != w.shape[2]:
        raise ValueError(
            f"{op}: images of shape {x.shape} have {x.shape[3]} channels, "
            f"filters of shape {w.shape} expect {w.shape[2]}"
        )
    map_size(op, x.shape[1:3], w.shape[:2], stride, pad)


def check_conv2d_x(op: str, g: Array, w: Array, size: Size, stride: int, pad: int) -> None:
    """Raise ValueError unless the filters w can spread the maps g over images of `size`."""
    check_rank(op, g, w)
    if g.shape[3] != w.shape[3]:
        raise ValueError(
            f"{op}: maps of shape {g.shape} have {g.shape[3]} channels, "
            f"filters of shape {w.shape} expect {w.shape[3]}"
        )
    check_maps(op, g, size, w.shape[:2], stride, pad)


def check_conv2d_w(op: str, x: Array, g: Array, size: Size, stride: int, pad: int) -> None:
    """Raise ValueError unless the images x and maps g correlate to filters of `size`."""
    check_rank(op, x, g)
    if x.shape[0] != g.shape[0]:
        raise ValueError(f"{op}: {x.shape[0]} images, but {g.shape[0]} maps")
    check_maps(op, g, x.shape[1:3], size, stride, pad)


def check_rank(op: str, *arrays: Array) -> None:
    """Raise ValueError where an array has not four axes."""
    if any(a.ndim != 4 for a in arrays):
        shapes = " and ".join(str(a.shape) for a in arrays)
        raise ValueError(f"{op}: expected arrays with four axes, received {shapes}")


def check_maps(op: str, g: Array, image: Size, filters: Size, stride: int, pad: int) -> None:
    """Raise ValueError where the maps are not of the size that image and filter make."""
    for size in (image, filters):
        if not hasattr(size, "__len__") or len(size) != 2:
            raise TypeError(f"{op}: expected a size of two numbers, received {size!r}")
    expected = map_size(op, image, filters, stride, pad)
    if g.shape[1:3] != expected:
        raise ValueError(
            f"{op}: image {image}, filter {filters}, stride {stride} and pad {pad} make maps of "
            f"{expected}, received {g.shape[1:3]}"
        )
