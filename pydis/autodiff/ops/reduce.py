"""Sums, means and maxima over axes. A sum is `sum_to` and a reshape: its adjoint is a broadcast."""

from math import prod

from pydis.autodiff.ops.arithmetic import div, square
from pydis.autodiff.ops.piecewise import where
from pydis.autodiff.ops.shape import reshape, sum_to
from pydis.autodiff.ops.transcendental import exp
from pydis.autodiff.primitive import primitive
from pydis.autodiff.tensor import Value, stop_gradient
from pydis.backends import Array, Kernels

Axis = int | tuple[int, ...] | None


def sum(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = Σ x over `axis` (all axes if None)."""
    axes = _axes(x, axis)
    total = sum_to(x, shape=tuple(1 if i in axes else n for i, n in enumerate(x.shape)))
    return total if keepdims else _without(total, axes)


def mean(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = Σ x / n over the n elements of `axis`. Raises ValueError where n = 0."""
    n = prod(x.shape[i] for i in _axes(x, axis))
    if n == 0:
        raise ValueError(f"mean: no elements along axis {axis} of shape {x.shape}")
    return div(sum(x, axis, keepdims), float(n))


def var(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = the mean of (x − mean x)² over the elements of `axis`, all n counted."""
    return mean(square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def average_pool(x: Value, size: int) -> Value:
    """Images `[N, H, W, C]` as means over squares of `size` pixels.

    Raises ValueError where the squares do not fill the image.
    """
    n, h, w, c = x.shape
    if h % size or w % size:
        raise ValueError(f"average_pool: squares of {size} do not fill an image of {h}x{w}")
    squares = reshape(x, shape=(n, h // size, size, w // size, size, c))
    return mean(squares, axis=(2, 4))


@primitive
def max_over(k: Kernels, x: Array, *, axes: tuple[int, ...]) -> Array:
    """y = the largest element over `axes`, which are kept. Where several are, they share dy."""
    return k.xp.max(x, axis=axes, keepdims=True)


@max_over.pullback
def _(y_bar: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> Value:
    largest = (stop_gradient(x) == stop_gradient(y)).astype(x.dtype)
    return y_bar * (largest / largest.sum(axis=axes, keepdims=True))


def max(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = the largest element over `axis`; equal ones share the derivative evenly."""
    axes = _axes(x, axis)
    largest = max_over(x, axes=axes)
    return largest if keepdims else _without(largest, axes)


@primitive
def logsumexp_over(k: Kernels, x: Array, *, axes: tuple[int, ...]) -> Array:
    """y = log Σ exp x over `axes`, which are kept,  dy = Σ exp(x − y) dx.

    The largest element is taken out of the sum, so that no exponential exceeds one. Where all
    elements are −∞, y is −∞ and the derivative is taken as 0. Raises ValueError over no elements.
    """
    largest = k.xp.max(x.real, axis=axes, keepdims=True)
    largest = k.xp.where(k.xp.isfinite(largest), largest, k.xp.zeros_like(largest))
    total = k.xp.exp(x - largest).sum(axis=axes, keepdims=True)
    nothing = total == 0
    found = k.xp.log(k.xp.where(nothing, k.xp.ones_like(total), total)) + largest
    return k.xp.where(nothing, -k.xp.asarray(k.xp.inf, found.dtype), found)


@logsumexp_over.pullback
def _(y_bar: Value, y: Value, x: Value, *, axes: tuple[int, ...]) -> Value:
    finite = where(stop_gradient(y) > float("-inf"), y, 0.0)
    return exp(x - finite) * y_bar


def logsumexp(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """y = log Σ exp x over `axis`."""
    axes = _axes(x, axis)
    y = logsumexp_over(x, axes=axes)
    return y if keepdims else _without(y, axes)


def log_softmax(x: Value, axis: Axis = -1) -> Value:
    """x − log Σ exp x: the logarithms of positive numbers that add up to 1 over `axis`."""
    return x - logsumexp(x, axis, keepdims=True)


def softmax(x: Value, axis: Axis = -1) -> Value:
    """exp x / Σ exp x: positive numbers that add up to 1 over `axis`."""
    return exp(log_softmax(x, axis))


@primitive
def cumsum(k: Kernels, x: Array, *, axis: int, reverse: bool = False) -> Array:
    """y_i = Σ x_j over j ≤ i along `axis`, over j ≥ i if `reverse`: each is the other's adjoint."""
    if reverse:
        return k.xp.flip(k.xp.cumsum(k.xp.flip(x, axis), axis), axis)
    return k.xp.cumsum(x, axis)


@cumsum.pullback
def _(y_bar: Value, y: Value, x: Value, *, axis: int, reverse: bool = False) -> Value:
    return cumsum(y_bar, axis=axis, reverse=not reverse)


def _axes(x: Value, axis: Axis) -> tuple[int, ...]:
    """The axes as distinct non-negative numbers. Raises ValueError for one that x has not."""
    given = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(a + x.ndim if a < 0 else a for a in given)
    if any(not 0 <= a < x.ndim for a in axes) or len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis} does not fit an array of shape {x.shape}")
    return axes


def _without(x: Value, axes: tuple[int, ...]) -> Value:
    """x without these axes, of size 1."""
    return reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))
