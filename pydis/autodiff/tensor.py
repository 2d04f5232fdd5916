"""Values that remember how they were made.

An array is a constant. A `Tensor` is an array with respect to which one may differentiate: a leaf,
made by `Tensor(array)`, or the result of an op with a tensor among its inputs. Its `Node` holds the
inputs and never the output, so graphs have no cycles, are freed by reference count, and the order
in which nodes were made is a topological order.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from pydis.backends import Array

Value: TypeAlias = Any
"""A `Tensor` or an array: the same code serves both, and gives back what it was given."""

_order = count()

operators: dict[str, Callable[..., Any]] = {}
"""The ops behind + − · / @ and [ ]. `pydis.autodiff.ops` enters them; they come a chapter later."""


class Node(NamedTuple):
    """How a tensor was made: the op, its inputs (tensors and arrays) and its constants."""

    op: Any
    inputs: tuple[Value, ...]
    static: dict[str, Any]
    order: int


class Tensor:
    """A floating-point array `data` and the `node` that made it; a leaf has none.

    Raises TypeError for data that is not an array of floating-point (or complex) numbers.
    """

    __slots__ = ("__weakref__", "data", "node")
    __array_ufunc__ = None  # array + tensor calls Tensor.__radd__ instead of looping over elements

    def __init__(self, data: Array, node: Node | None = None) -> None:
        if node is None:
            data = as_floating(data)
        self.data = data
        self.node = node

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        shape: tuple[int, ...] = self.data.shape
        return shape

    @property
    def dtype(self) -> Any:
        """The floating-point type of the array; it never changes by itself."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def T(self) -> "Tensor":
        """The tensor with its axes reversed."""
        return operators["transpose"](self)  # type: ignore[no-any-return]

    def reshape(self, *shape: int) -> "Tensor":
        """The same elements in another shape; one size may be −1."""
        return operators["reshape"](self, shape=shape)  # type: ignore[no-any-return]

    def item(self) -> float:
        """The value of a tensor with one element."""
        return float(self.data.item())

    def __add__(self, other: Value) -> Any:
        return operators["add"](self, other)

    def __radd__(self, other: Value) -> Any:
        return operators["add"](other, self)

    def __sub__(self, other: Value) -> Any:
        return operators["sub"](self, other)

    def __rsub__(self, other: Value) -> Any:
        return operators["sub"](other, self)

    def __mul__(self, other: Value) -> Any:
        return operators["mul"](self, other)

    def __rmul__(self, other: Value) -> Any:
        return operators["mul"](other, self)

    def __truediv__(self, other: Value) -> Any:
        return operators["div"](self, other)

    def __rtruediv__(self, other: Value) -> Any:
        return operators["div"](other, self)

    def __neg__(self) -> Any:
        return operators["neg"](self)

    def __matmul__(self, other: Value) -> Any:
        return operators["matmul"](self, other)

    def __rmatmul__(self, other: Value) -> Any:
        return operators["matmul"](other, self)

    def __pow__(self, exponent: float) -> Any:
        return operators["power"](self, exponent=exponent)

    def __abs__(self) -> Any:
        return operators["abs"](self)

    def __getitem__(self, index: Any) -> Any:
        return operators["getitem"](self, index=index)

    def __bool__(self) -> bool:
        raise TypeError("the truth of a Tensor is not defined: compare its `.data`")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a Tensor without axes")
        return self.shape[0]

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a Tensor is not converted to an array by itself: take its `.data`")

    def __repr__(self) -> str:
        made = "leaf" if self.node is None else self.node.op.name
        return f"Tensor({made}, shape={self.shape}, dtype={self.dtype})"


def make_node(op: Any, inputs: tuple[Value, ...], static: dict[str, Any]) -> Node:
    """A node that comes after every node made so far."""
    return Node(op, inputs, static, next(_order))


def as_floating(data: Array, op: str = "Tensor") -> Array:
    """The data as an array of real or complex floating-point numbers; nothing is converted.

    Raises TypeError, naming the op, for lists, integers, tensors, and NumPy's matrices and masked
    arrays, whose operators mean other things.
    """
    if not hasattr(data, "dtype") or isinstance(data, Tensor):
        raise TypeError(f"{op}: expected a floating-point array, received {type(data).__name__}")
    if data.dtype.kind not in "fc":
        raise TypeError(
            f"{op}: expected a floating-point array, received dtype {data.dtype}: "
            "convert it, for example by .astype('float32')"
        )
    if isinstance(data, np.ndarray) and type(data) is not np.ndarray:
        raise TypeError(f"{op}: expected a plain array, received {type(data).__name__}")
    return np.asarray(data) if isinstance(data, np.generic) else data


def stop_gradient(x: Value) -> Array:
    """The array of a tensor: a constant from here on, through which no derivative passes."""
    return x.data if isinstance(x, Tensor) else x
