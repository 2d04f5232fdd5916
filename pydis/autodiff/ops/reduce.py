"""Sums and means, composed: a sum is `sum_to` and a reshape, so its adjoint is a broadcast."""

from math import prod

from pydis.autodiff.ops.elementwise import div
from pydis.autodiff.ops.shape import reshape, sum_to
from pydis.autodiff.tensor import Value

Axis = int | tuple[int, ...] | None


def sum(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = Σ x over `axis` (all axes if None)."""
    axes = _axes(x, axis)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    total = sum_to(x, shape=kept)
    if keepdims:
        return total
    return reshape(total, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def mean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = Σ x / n over the n elements of `axis`. Raises ValueError where n = 0."""
    n = prod(x.shape[i] for i in _axes(x, axis))
    if n == 0:
        raise ValueError(f"mean: no elements along axis {axis} of shape {x.shape}")
    return div(sum(x, axis, keepdims), float(n))


def _axes(x: Value, axis: Axis) -> tuple[int, ...]:
    """The axes as distinct non-negative numbers. Raises ValueError for one that x has not."""
    given = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a + x.ndim if a < 0 else a for a in given)
    if any(not 0 <= a < x.ndim for a in axes) or len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis} does not fit an array of shape {x.shape}")
    return axes
