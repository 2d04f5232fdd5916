"""Exponential, logarithm, and what is made of them; the circular and hyperbolic functions."""

from pydis.autodiff.ops.elementwise import elementwise
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@elementwise
def exp(k: Kernels, x: Array) -> Array:
    """y = exp x,  dy = y dx."""
    return k.xp.exp(x)


@exp.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return y * y_bar


@elementwise
def log(k: Kernels, x: Array) -> Array:
    """y = log x,  dy = dx / x."""
    return k.xp.log(x)


@log.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return y_bar / x


@elementwise
def expm1(k: Kernels, x: Array) -> Array:
    """y = exp(x) − 1 without the loss of a small x,  dy = exp(x) dx."""
    return k.xp.expm1(x)


@expm1.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return exp(x) * y_bar


@elementwise
def log1p(k: Kernels, x: Array) -> Array:
    """y = log(1 + x) without the loss of a small x,  dy = dx / (1 + x)."""
    return k.xp.log1p(x)


@log1p.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return y_bar / (1.0 + x)


@elementwise
def sqrt(k: Kernels, x: Array) -> Array:
    """y = √x,  dy = dx / 2y."""
    return k.xp.sqrt(x)


@sqrt.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return y_bar / (2.0 * y)


@elementwise
def sin(k: Kernels, x: Array) -> Array:
    """y = sin x,  dy = cos(x) dx."""
    return k.xp.sin(x)


@sin.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return cos(x) * y_bar


@elementwise
def cos(k: Kernels, x: Array) -> Array:
    """y = cos x,  dy = −sin(x) dx."""
    return k.xp.cos(x)


@cos.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return -sin(x) * y_bar


@elementwise
def tanh(k: Kernels, x: Array) -> Array:
    """y = tanh x,  dy = (1 − y²) dx."""
    return k.xp.tanh(x)


@tanh.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return (1.0 - y * y) * y_bar


@elementwise
def sigmoid(k: Kernels, x: Array) -> Array:
    """y = 1 / (1 + exp(−x)),  dy = y (1 − y) dx.

    Written as exp(−softplus(−x)), which neither overflows nor loses a small y to rounding.
    """
    return k.xp.exp(-softplus_of(k, -x))


@sigmoid.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return y * (1.0 - y) * y_bar


@elementwise
def softplus(k: Kernels, x: Array) -> Array:
    """y = log(1 + exp x),  dy = sigmoid(x) dx."""
    return softplus_of(k, x)


@softplus.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return sigmoid(x) * y_bar


def softplus_of(k: Kernels, x: Array) -> Array:
    """log(1 + exp x) = max(x, 0) + log(1 + exp(−|x|)): the exponential never exceeds one."""
    if x.dtype.kind == "c":  # complex-step checks: |x| is not analytic, the plain form is
        return k.xp.log(1 + k.xp.exp(x))
    return k.xp.maximum(x, 0) + k.xp.log1p(k.xp.exp(-abs(x)))
