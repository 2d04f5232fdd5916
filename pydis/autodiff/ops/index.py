"""Ops that choose elements. Choosing is linear; its adjoint puts back what was chosen, into zeros.

Two pairs: `getitem` and `put_back` for slices, where no element is chosen twice, `take` and
`scatter_add` for arrays of indices, where one may be chosen often. `pad` and `crop` are the first
pair under other names, and `concat` puts several arrays side by side.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from pydis.autodiff.ops.shape import reshape
from pydis.autodiff.primitive import primitive
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels

Shape = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]


@primitive
def getitem(k: Kernels, x: Array, *, index: Any) -> Array:
    """y = x[index] for numbers, slices, `None` and `...`.

    Raises TypeError for anything else, such as an array of indices, for which there is `take`.
    """
    for part in index if isinstance(index, tuple) else (index,):
        known = part is None or part is Ellipsis or isinstance(part, slice | Integral)
        if not known or isinstance(part, bool):
            kind = type(part).__name__
            raise TypeError(f"getitem: expected numbers and slices, received {kind}: see `take`")
    return x[index]


@getitem.pullback
def _(y_bar: Value, y: Value, x: Value, *, index: Any) -> Value:
    return put_back(y_bar, shape=x.shape, index=index)


@primitive
def put_back(k: Kernels, x: Array, *, shape: Shape, index: Any) -> Array:
    """y = zeros of `shape` but for y[index] = x: the adjoint of `getitem`."""
    y = k.xp.zeros(shape, x.dtype)
    if y[index].shape != x.shape:
        raise ValueError(f"put_back: expected shape {y[index].shape}, received {x.shape}")
    y[index] = x
    return y


@put_back.pullback
def _(y_bar: Value, y: Value, x: Value, *, shape: Shape, index: Any) -> Value:
    return getitem(y_bar, index=index)


def crop(x: Value, widths: Widths) -> Value:
    """x without so many elements (before, after) on each axis: the adjoint of `pad`."""
    return getitem(x, index=_inside(x.shape, widths))


def pad(x: Value, widths: Widths) -> Value:
    """x with so many zeros (before, after) on each axis."""
    shape = tuple(a + n + b for n, (a, b) in zip(x.shape, widths, strict=True))
    return put_back(x, shape=shape, index=_inside(shape, widths))


def _inside(shape: Shape, widths: Widths) -> tuple[slice, ...]:
    """The part of an array of `shape` that lies inside the margins."""
    if any(w < 0 for pair in widths for w in pair):
        raise ValueError(f"pad, crop: expected widths of at least 0, received {widths}")
    return tuple(slice(a, n - b) for n, (a, b) in zip(shape, widths, strict=True))


@primitive
def take(k: Kernels, x: Array, *, index: Array, axis: int = 0) -> Array:
    """y = the slices of x along `axis` that the integer array `index` names, in its shape.

    Raises TypeError for an index that is not an array of integers.
    """
    check_index("take", index)
    return k.xp.take(x, index, axis=axis)


@take.pullback
def _(y_bar: Value, y: Value, x: Value, *, index: Array, axis: int = 0) -> Value:
    axis = axis % x.ndim
    return scatter_add(y_bar, index=index, axis=axis, size=x.shape[axis])


@primitive
def scatter_add(k: Kernels, x: Array, *, index: Array, axis: int, size: int) -> Array:
    """y = zeros, of `size` along `axis`, to which each slice of x is added where `index` says.

    The adjoint of `take`; the axes of `index` stand at `axis` (not negative) in x.
    """
    check_index("scatter_add", index)
    if axis < 0 or x.shape[axis : axis + index.ndim] != index.shape:
        raise ValueError(
            f"scatter_add: an index of shape {index.shape} does not fit "
            f"axis {axis} of an array of shape {x.shape}"
        )
    return k.scatter_add(x, index, axis, size)


@scatter_add.pullback
def _(y_bar: Value, y: Value, x: Value, *, index: Array, axis: int, size: int) -> Value:
    return take(y_bar, index=index, axis=axis)


@primitive
def concat(k: Kernels, *xs: Array, axis: int = 0) -> Array:
    """y = the arrays one after the other along `axis`: the adjoint cuts it into their parts."""
    return k.xp.concatenate(xs, axis=axis)


@concat.pullback
def _(y_bar: Value, y: Value, *xs: Value, axis: int = 0) -> Value:
    return tuple(split(y_bar, [x.shape[axis] for x in xs], axis))


def split(x: Value, sizes: Sequence[int], axis: int = 0) -> list[Value]:
    """The parts of x along `axis` that have these sizes: the inverse of `concat`.

    Raises ValueError where the sizes do not add up to that of x.
    """
    if sum(sizes) != x.shape[axis]:
        raise ValueError(f"split: sizes {sizes} for {x.shape[axis]} elements along axis {axis}")
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    before = (slice(None),) * (axis % x.ndim)
    return [
        getitem(x, index=(*before, slice(end - size, end)))
        for size, end in zip(sizes, ends, strict=True)
    ]


def stack(*xs: Value, axis: int = 0) -> Value:
    """The arrays, of one shape, along a new axis."""
    axis = axis % (xs[0].ndim + 1)
    widened = [reshape(x, shape=(*x.shape[:axis], 1, *x.shape[axis:])) for x in xs]
    return concat(*widened, axis=axis)


def check_index(op: str, index: Array) -> None:
    """Raise TypeError unless the index is an array of integers."""
    kind = getattr(index, "dtype", None)
    if kind is None or kind.kind not in "iu":
        received = type(index).__name__ if kind is None else f"dtype {kind}"
        raise TypeError(f"{op}: expected an array of integers as index, received {received}")
