"""A stand-in for the array of a device, stricter than CuPy's: it never becomes NumPy's by itself.

A `StrictArray` hides a NumPy array. It refuses NumPy's functions, implicit conversion, NumPy's
arrays and scalars as operands, and arrays of another device. `asarray` puts an array on the device,
`get` takes it back: the only two doors. `xp` has exactly the names that pydis takes from an array
library, so what runs on `Strict` asks nothing else of a device.
"""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from pydis.backends import special
from pydis.backends.numpy import NumPy

DEVICE = "strict:0"
NUMBERS = (bool, int, float, complex)

_FUNCTIONS = """
    abs ascontiguousarray broadcast_to clip concatenate copyto cos cumsum exp expm1 flip isfinite
    log log1p matmul max maximum minimum moveaxis ones_like pad sin sqrt stack swapaxes take tanh
    transpose tril triu where zeros_like
    linalg.cholesky linalg.slogdet linalg.solve lib.stride_tricks.as_strided add.at
    arange empty eye ones tri zeros
"""
_METHODS = "all any argmax astype copy diagonal max mean min reshape sum transpose var view"

FUNCTIONS = _FUNCTIONS.split()
"""What pydis may call on arrays, or to make them."""

METHODS = _METHODS.split()
"""What pydis may call of an array."""


class StrictArray:
    """An array on a device that NumPy cannot read."""

    __slots__ = ("_data", "device")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, data: Any, device: str = DEVICE) -> None:
        self._data = np.asarray(data)
        self.device = device

    shape = property(lambda self: self._data.shape)
    dtype = property(lambda self: self._data.dtype)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    itemsize = property(lambda self: self._data.itemsize)
    strides = property(lambda self: self._data.strides)
    T = property(lambda self: StrictArray(self._data.T, self.device))
    real = property(lambda self: StrictArray(self._data.real, self.device))

    @property
    def flags(self) -> SimpleNamespace:
        """Without `writeable`, as CuPy's."""
        flags = self._data.flags
        return SimpleNamespace(c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous)

    def get(self) -> Any:
        """A copy for NumPy: the way back."""
        return self._data.copy()

    def item(self) -> Any:
        return self._data.item()

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("StrictArray: implicit conversion to NumPy; use get()")

    def __array_ufunc__(self, ufunc: Any, *_: Any, **__: Any) -> Any:
        raise TypeError(f"StrictArray: numpy.{ufunc.__name__} of an array of a device")

    def __array_function__(self, function: Any, *_: Any, **__: Any) -> Any:
        raise TypeError(f"StrictArray: numpy.{function.__name__} of an array of a device")

    def __float__(self) -> float:
        return float(self._one("float"))

    def __int__(self) -> int:
        return int(self._one("int"))

    def __bool__(self) -> bool:
        return bool(self._one("bool"))

    def _one(self, kind: str) -> Any:
        if self.ndim:
            raise TypeError(f"StrictArray: {kind}() of shape {self.shape}")
        return self._data.item()

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator["StrictArray"]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> "StrictArray":
        return StrictArray(self._data[inside(index, self.device)], self.device)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._data[inside(index, self.device)] = inside(value, self.device)

    def __repr__(self) -> str:
        return f"StrictArray(shape={self.shape}, dtype={self.dtype}, device={self.device})"


def inside(value: Any, device: str) -> Any:
    """The value for NumPy's own function; TypeError for arrays of NumPy or of another device."""
    if isinstance(value, StrictArray):
        if value.device != device:
            raise TypeError(f"StrictArray: arrays of devices {device} and {value.device}")
        return value._data
    if isinstance(value, np.ndarray | np.inexact | np.bool_):
        raise TypeError(f"StrictArray: an array of {device} beside numpy.{type(value).__name__}")
    if isinstance(value, tuple | list):
        return type(value)(inside(part, device) for part in value)
    return value


def outside(value: Any, device: str) -> Any:
    """What NumPy's function returned, on the device; several results as a tuple."""
    if isinstance(value, tuple):
        return tuple(outside(part, device) for part in value)
    return StrictArray(value, device) if isinstance(value, np.ndarray | np.generic) else value


def devices(value: Any) -> Iterator[str]:
    """The devices of the arrays among arguments."""
    if isinstance(value, StrictArray):
        yield value.device
    if isinstance(value, tuple | list):
        for part in value:
            yield from devices(part)


def on_device(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function for stand-ins, as a device's library would have it."""

    def call(*args: Any, **constants: Any) -> Any:
        device = next(devices((*args, *constants.values())), DEVICE)
        named = {name: inside(value, device) for name, value in constants.items()}
        return outside(function(*inside(args, device), **named), device)

    return call


def _operator(name: str) -> Callable[..., Any]:
    def method(self: StrictArray, *others: Any) -> Any:
        for other in others:
            if getattr(other, "__array_ufunc__", self) is None:  # a Tensor: its turn
                return NotImplemented
            if type(other) not in (*NUMBERS, StrictArray):
                kind = type(other)
                raise TypeError(
                    f"StrictArray: {name} with {kind.__module__}.{kind.__name__} on {self.device}"
                )
        operands = [inside(other, self.device) for other in others]
        return outside(getattr(self._data, name)(*operands), self.device)

    return method


def _method(name: str) -> Callable[..., Any]:
    def method(self: StrictArray, *args: Any, **constants: Any) -> Any:
        named = {key: inside(value, self.device) for key, value in constants.items()}
        return outside(getattr(self._data, name)(*inside(args, self.device), **named), self.device)

    return method


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul", "and", "or"):
    for _side in ("", "r", "i"):
        setattr(StrictArray, f"__{_side}{_name}__", _operator(f"__{_side}{_name}__"))
for _name in ("neg", "abs", "invert", "eq", "ne", "lt", "le", "gt", "ge"):
    setattr(StrictArray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in METHODS:
    setattr(StrictArray, _name, _method(_name))


def asarray(data: Any, dtype: Any = None) -> StrictArray:
    """The data on the device: the way in."""
    if isinstance(data, StrictArray):
        same = dtype is None or np.dtype(dtype) == data.dtype
        return data if same else data.astype(dtype)  # type: ignore[attr-defined, no-any-return]
    return StrictArray(np.array(data, dtype))


def namespace(prefix: str = "") -> SimpleNamespace:
    """`xp`: the functions of the list, in the modules that NumPy has them in, and nothing else."""
    found: dict[str, Any] = {}
    for name in (n.removeprefix(prefix) for n in FUNCTIONS if n.startswith(prefix)):
        first, dot, _ = name.partition(".")
        if dot:
            found[first] = namespace(f"{prefix}{first}.")
        else:
            found[first] = on_device(_numpy(f"{prefix}{first}"))
    return SimpleNamespace(**found)


def _numpy(path: str) -> Any:
    found: Any = np
    for name in path.split("."):
        found = getattr(found, name)
    return found


class Strict(NumPy):
    """The reference kernels on stand-ins."""

    name = "strict"

    def __init__(self) -> None:
        self.xp: Any = namespace()
        self.xp.asarray, self.xp.finfo, self.xp.inf = asarray, np.finfo, np.inf
        self.special: Any = SimpleNamespace(
            **{n: on_device(getattr(special, n)) for n in ("erf", "gammaln", "ndtr", "polygamma")}
        )
        self.array_type = StrictArray

    def to_numpy(self, a: Any) -> Any:
        return a.get()
