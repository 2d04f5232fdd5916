"""Ops that move elements and never change one. Each is linear; its adjoint moves them back."""

from pydis.autodiff.primitive import own_kernel, primitive
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@primitive
def broadcast_to(k: Kernels, x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = x repeated to `shape`,  dy = dx repeated: the adjoint sums the repetitions."""
    return k.xp.broadcast_to(x, shape)


@broadcast_to.pullback
def _(y_bar: Value, y: Value, x: Value, *, shape: tuple[int, ...]) -> Value:
    return sum_to(y_bar, shape=x.shape)


@primitive
def sum_to(k: Kernels, x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = x summed down to `shape`, which must broadcast to x's: the adjoint of `broadcast_to`."""
    lead = x.ndim - len(shape)
    if lead < 0 or any(s not in (1, n) for s, n in zip(shape, x.shape[lead:], strict=True)):
        raise ValueError(f"sum_to: shape {shape} does not broadcast to {x.shape}")
    axes = tuple(range(lead)) + tuple(
        lead + i for i, s in enumerate(shape) if s != x.shape[lead + i]
    )
    if axes and axes == tuple(range(x.ndim - 1)) and own_kernel(k, "row_sums", [x]) is not None:
        return k.row_sums(x).reshape(shape)
    return x.sum(axis=axes).reshape(shape) if axes else x


@sum_to.pullback
def _(y_bar: Value, y: Value, x: Value, *, shape: tuple[int, ...]) -> Value:
    return broadcast_to(y_bar, shape=x.shape)


@primitive
def reshape(k: Kernels, x: Array, *, shape: tuple[int, ...]) -> Array:
    """y = the elements of x, in the same order, as an array of `shape`."""
    return x.reshape(shape)


@reshape.pullback
def _(y_bar: Value, y: Value, x: Value, *, shape: tuple[int, ...]) -> Value:
    return reshape(y_bar, shape=x.shape)


@primitive
def transpose(k: Kernels, x: Array, *, axes: tuple[int, ...] | None = None) -> Array:
    """y = x with its axes in the order `axes` (reversed if None): axis i of y is axes[i] of x."""
    return k.xp.transpose(x, axes)


@transpose.pullback
def _(y_bar: Value, y: Value, x: Value, *, axes: tuple[int, ...] | None = None) -> Value:
    if axes is None:
        return transpose(y_bar)
    order = [i % len(axes) for i in axes]
    return transpose(y_bar, axes=tuple(order.index(i) for i in range(len(axes))))
