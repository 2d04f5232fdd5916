"""Arithmetic, as a page of derivatives."""

from pydis.autodiff.ops.elementwise import elementwise
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@elementwise
def add(k: Kernels, a: Array, b: Array) -> Array:
    """y = a + b,  dy = da + db."""
    return a + b


@add.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return y_bar, y_bar


@elementwise
def sub(k: Kernels, a: Array, b: Array) -> Array:
    """y = a − b,  dy = da − db."""
    return a - b


@sub.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return y_bar, lambda: -y_bar


@elementwise
def mul(k: Kernels, a: Array, b: Array) -> Array:
    """y = a b,  dy = b da + a db."""
    return a * b


@mul.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return lambda: b * y_bar, lambda: a * y_bar


@elementwise
def div(k: Kernels, a: Array, b: Array) -> Array:
    """y = a / b,  dy = (da − y db) / b."""
    return a / b


@div.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return lambda: y_bar / b, lambda: -(y * y_bar) / b


@elementwise
def neg(k: Kernels, x: Array) -> Array:
    """y = −x,  dy = −dx."""
    return -x


@neg.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return -y_bar


@elementwise
def power(k: Kernels, x: Array, *, exponent: float) -> Array:
    """y = xᵖ with a constant exponent p,  dy = p xᵖ⁻¹ dx.

    For an exponent that varies, exp(p log x). Raises TypeError where p is no Python number.
    """
    if not isinstance(exponent, int | float):
        kind = type(exponent).__name__
        raise TypeError(f"power: expected a number as exponent, received {kind}: use exp(p log x)")
    return x**exponent


@power.pullback
def _(y_bar: Value, y: Value, x: Value, *, exponent: float) -> Value:
    if exponent == 0:  # 0 x⁻¹ is no number at x = 0, where the derivative is 0 as elsewhere
        return 0.0 * y_bar
    return exponent * power(x, exponent=exponent - 1) * y_bar


def square(x: Value) -> Value:
    """y = x²."""
    return x * x
