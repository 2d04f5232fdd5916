"""An op is a pair: a forward on arrays and, right below it, a pullback on values.

    @primitive
    def matmul(k, a, b): ...           arrays to an array, by the kernel table k

    @matmul.pullback
    def _(y_bar, y, a, b): ...         the cotangent of the output to those of the inputs

The pullback is written in ops, so it can itself be differentiated, and derivatives of every order
exist. It returns one entry for each input: the cotangent, or a function that computes it and is
called only where it is needed, or None where the derivative is zero almost everywhere.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pydis.autodiff.tensor import Tensor, Value, as_floating, make_node
from pydis.backends import Array, Kernels, kernels_for

Forward = Callable[..., Array]
Pullback = Callable[..., Any]
NUMBERS = (int, float, complex)
READY = frozenset({Tensor, np.ndarray})

PRIMITIVES: dict[str, "Primitive"] = {}
"""Every op by name. The tests check each of them, and fail for one that they do not know."""


class Primitive:
    """A differentiable op. Called on arrays alone it gives an array, else a `Tensor`.

    Inputs are positional, constants are keywords. A Python number takes the dtype of the arrays
    beside it. Raises TypeError where dtypes or array libraries differ: nothing is cast silently.
    """

    bends: bool = False
    """Whether the op ends in a bend at zero: with slope = 1 its rule is the one without the bend,
    for a cotangent that was bent back already."""

    behind: "Fused | None" = None
    """The op that computes this one and puts the result behind a gate, in one pass."""

    def __init__(self, forward: Forward) -> None:
        self.name = forward.__name__
        self.forward = forward
        self.__doc__ = forward.__doc__
        self.rule: Pullback | None = None
        if self.name in PRIMITIVES:
            raise ValueError(f"a primitive named {self.name!r} exists already")
        PRIMITIVES[self.name] = self

    def pullback(self, rule: Pullback) -> Pullback:
        """Decorator: set the rule  (ȳ, y, *inputs, **constants) -> cotangents of the inputs."""
        self.rule = rule
        return rule

    def __call__(self, *inputs: Value, **static: Any) -> Any:
        values = alike(self.name, inputs)
        arrays = [v.data if isinstance(v, Tensor) else v for v in values]
        y = self.compute(kernels_for(self.name, arrays), arrays, static)
        if Tensor in map(type, values):
            return Tensor(y, make_node(self, values, static))
        return y

    def compute(self, k: Kernels, arrays: list[Array], static: dict[str, Any]) -> Array:
        """The forward on arrays, read-only, so that writing into a result raises at that line."""
        y = self.kernel(k, arrays)(*arrays, **static)
        if not isinstance(y, k.array_type):  # NumPy gives a scalar where an array has no axes
            y = k.xp.asarray(y)
        return read_only(y.view() if id(y) in map(id, arrays) else y)

    def kernel(self, k: Kernels, arrays: list[Array]) -> Forward:
        """What computes: the forward, of this table."""
        return partial(self.forward, k)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


class Fused(Primitive):
    """A fast kernel for a composition. A backend without the kernel evaluates the composition.

    So do complex numbers, for which kernels are not made.
    """

    def __init__(self, forward: Forward, meaning: Callable[..., Any]) -> None:
        super().__init__(forward)
        self.meaning = meaning

    def __call__(self, *inputs: Value, **static: Any) -> Any:
        if self.exists_for(*inputs):
            return super().__call__(*inputs, **static)
        return self.meaning(*inputs, **static)

    def exists_for(self, *inputs: Value) -> bool:
        """Whether the backend that computes on these inputs has the kernel."""
        arrays = [v.data if isinstance(v, Tensor) else v for v in inputs]
        kernel = own_kernel(kernels_for(self.name, arrays), self.name, arrays)
        return kernel is not None and not any(a.dtype.kind == "c" for a in arrays)


def own_kernel(k: Kernels, name: str, arrays: list[Array]) -> Any:
    """The backend's own kernel for an op; None where it has none.

    Kernels are for float32 and float64: complex numbers, which the checks use, have none.
    """
    dtype = arrays[0].dtype
    other = dtype.kind in "fc" and dtype.char not in "fd"
    return None if other else getattr(k, name)


def read_only(y: Array) -> Array:
    """The same array, closed to writing where its library can do that (CuPy cannot)."""
    if hasattr(y.flags, "writeable"):
        y.flags.writeable = False
    return y


def primitive(forward: Forward) -> Primitive:
    """Decorator: make a differentiable op of a function `(k, *arrays, **constants) -> array`."""
    return Primitive(forward)


def fused(meaning: Callable[..., Any]) -> Callable[[Forward], Fused]:
    """Decorator: the op is a kernel of the backend, equal to `meaning(*inputs, **constants)`."""
    return lambda forward: Fused(forward, meaning)


def alike(op: str, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
    """Give Python numbers the dtype of the arrays beside them; refuse arrays of two dtypes."""
    if READY.issuperset(map(type, inputs)):  # nearly always: then there is nothing to do
        distinct = {v.dtype for v in inputs}
        if len(distinct) == 1 and distinct.pop().kind in "fc":
            return inputs
    ready = (*NUMBERS, Tensor)
    values = [v if type(v) in ready else as_floating(v, op) for v in inputs]
    arrays = [v for v in values if type(v) not in NUMBERS]
    if not arrays:
        raise TypeError(f"{op}: expected a Tensor or an array among the inputs, received numbers")
    if len({v.dtype for v in arrays}) > 1:
        dtypes = ", ".join(str(v.dtype) for v in arrays)
        raise TypeError(f"{op}: inputs of different dtypes ({dtypes}): convert one by .astype(...)")
    if len(arrays) == len(values):
        return tuple(values)
    like = arrays[0].data if isinstance(arrays[0], Tensor) else arrays[0]
    return tuple(_number_like(op, v, like) if type(v) in NUMBERS else v for v in values)


def _number_like(op: str, number: Any, like: Array) -> Array:
    """The number as an array without axes, of the dtype and library of `like`."""
    xp = kernels_for(op, [like]).xp
    if isinstance(number, complex) and like.dtype.kind != "c":
        raise TypeError(f"{op}: a complex number beside an array of {like.dtype}")
    if math.isfinite(abs(number)) and abs(number) > float(xp.finfo(like.dtype).max):
        raise ValueError(f"{op}: the number {number} is beyond the range of {like.dtype}")
    return xp.asarray(number, dtype=like.dtype)
