"""Functions of one element at a time, as a page of derivatives.

`@elementwise` first brings all inputs to one shape by `broadcast_to`, which is an op with its own
adjoint. So a rule below never sees a broadcast and never has to undo one.
"""

import numpy as np

from pydis.autodiff.ops.shape import broadcast_to
from pydis.autodiff.primitive import Forward, Primitive, alike
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


class Elementwise(Primitive):
    """A primitive whose inputs are broadcast to their common shape."""

    def __call__(self, *inputs: Value, **static: object) -> Value:
        values = alike(self.name, inputs)
        shapes = {v.shape for v in values}
        if len(shapes) > 1:
            try:
                common = np.broadcast_shapes(*shapes)
            except ValueError:
                received = " and ".join(str(v.shape) for v in values)
                raise ValueError(f"{self.name}: shapes {received} do not broadcast") from None
            values = tuple(
                v if v.shape == common else broadcast_to(v, shape=common) for v in values
            )
        return super().__call__(*values, **static)


def elementwise(forward: Forward) -> Elementwise:
    """Decorator: make an elementwise op of a function `(k, *arrays) -> array`."""
    return Elementwise(forward)


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
    return k.xp.where(y > 0, g, k.xp.zeros((), g.dtype))


@gate.pullback
def _(z_bar: Value, z: Value, g: Value, y: Value) -> Value:
    return lambda: gate(z_bar, y), None
