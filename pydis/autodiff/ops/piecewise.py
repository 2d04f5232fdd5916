"""Functions made of pieces. Between the kinks each is linear; at a kink one slope is chosen.

Which piece an element lies on is constant almost everywhere: no derivative passes a comparison.
"""

from pydis.autodiff.ops.elementwise import elementwise
from pydis.autodiff.tensor import Value, stop_gradient
from pydis.backends import Array, Kernels


@elementwise
def relu(k: Kernels, x: Array) -> Array:
    """y = max(x, 0),  dy = 1[x > 0] dx. At the kink the derivative is taken as 0."""
    return k.xp.maximum(x, 0)


@relu.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return gate(y_bar, y)


@elementwise
def gate(k: Kernels, g: Array, y: Array) -> Array:
    """z = 1[y > 0] g,  dz = 1[y > 0] dg. Constant in y almost everywhere."""
    return k.gate(g, y)


@gate.pullback
def _(z_bar: Value, z: Value, g: Value, y: Value) -> Value:
    return lambda: gate(z_bar, y), None


def where(mask: Array, a: Value, b: Value) -> Value:
    """y = a where `mask` is true, else b. The mask is an array of truths, hence a constant.

    Composed of gates, so what is not chosen has a zero cotangent even where it is infinite.
    Raises TypeError for a mask of numbers.
    """
    kind = getattr(mask, "dtype", None)
    if kind is None or kind.kind != "b":
        received = type(mask).__name__ if kind is None else f"dtype {kind}"
        raise TypeError(f"where: expected an array of truths as mask, received {received}")
    dtype = next((v.dtype for v in (a, b) if hasattr(v, "dtype")), float)
    sign = 2 * mask.astype(dtype) - 1
    return gate(a, sign) + gate(b, -sign)


@elementwise
def leaky_relu(k: Kernels, x: Array, *, slope: float) -> Array:
    """y = x where x > 0, else slope · x. At the kink the derivative is taken as the slope."""
    return k.xp.where(x > 0, x, slope * x)


@leaky_relu.pullback
def _(y_bar: Value, y: Value, x: Value, *, slope: float) -> Value:
    return where(stop_gradient(x) > 0, y_bar, slope * y_bar)


@elementwise
def abs(k: Kernels, x: Array) -> Array:
    """y = |x|,  dy = sign(x) dx. At the kink the derivative is taken as 0."""
    return k.xp.abs(x)


@abs.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return gate(y_bar, x) - gate(y_bar, -x)


@elementwise
def maximum(k: Kernels, a: Array, b: Array) -> Array:
    """y = the larger of a and b; where they are equal, a, which then has the derivative."""
    return k.xp.maximum(a, b)


@maximum.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    second = stop_gradient(b) > stop_gradient(a)
    return lambda: where(~second, y_bar, 0.0), lambda: where(second, y_bar, 0.0)


@elementwise
def minimum(k: Kernels, a: Array, b: Array) -> Array:
    """y = the smaller of a and b; where they are equal, a, which then has the derivative."""
    return k.xp.minimum(a, b)


@minimum.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    second = stop_gradient(b) < stop_gradient(a)
    return lambda: where(~second, y_bar, 0.0), lambda: where(second, y_bar, 0.0)


@elementwise
def clip(k: Kernels, x: Array, *, low: float, high: float) -> Array:
    """y = x held between `low` and `high`,  dy = 1[low ≤ x ≤ high] dx."""
    return k.xp.clip(x, low, high)


@clip.pullback
def _(y_bar: Value, y: Value, x: Value, *, low: float, high: float) -> Value:
    inside = (stop_gradient(x) >= low) & (stop_gradient(x) <= high)
    return where(inside, y_bar, 0.0)
