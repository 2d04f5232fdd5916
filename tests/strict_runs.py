"""Run the same function on NumPy and on the stand-in device, and compare what comes back."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from strict_array import Strict, StrictArray, asarray

from pydis import backends
from pydis.autodiff import Tensor
from pydis.backends import register, use
from pydis.nn import Module

NUMPY = (np.ndarray, np.generic)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend `strict`, for one test."""
    for table in ("_MAKERS", "_LIBRARIES"):
        monkeypatch.setattr(backends, table, dict(getattr(backends, table)))
    register("strict", Strict, "strict_array")


def moved(value: Any) -> Any:
    """The value with every array in it on the stand-in device."""
    if isinstance(value, Tensor):
        return Tensor(moved(value.data))
    if isinstance(value, Module):
        return value.with_parameters(moved(value.parameters()))
    if isinstance(value, dict):
        return {name: moved(part) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[moved(part) for part in value])
    if isinstance(value, list | tuple):
        return type(value)(moved(part) for part in value)
    return asarray(value) if isinstance(value, np.ndarray) else value


def leaves(value: Any) -> Iterator[Any]:
    """The arrays and numbers in what a function returned, in order."""
    if isinstance(value, Tensor):
        yield value.data
    elif isinstance(value, dict):
        yield from leaves(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def same(f: Callable[..., Any], *inputs: Any) -> int:
    """Whether f gives the same bits on the device, chosen or not; how many arrays it gave there.

    Nothing that f returns may have left the device.
    """
    with use("numpy"):
        expected = list(leaves(f(*inputs)))
    for chosen in ("strict", "numpy"):  # arrays find their own table under any choice
        with use(chosen):
            found = list(leaves(f(*moved(inputs))))
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert not isinstance(a, NUMPY), "an array came back as NumPy's"
            assert isinstance(a, StrictArray) == isinstance(b, NUMPY)
            on_host = a.get() if isinstance(a, StrictArray) else a
            np.testing.assert_array_equal(on_host, b, strict=isinstance(a, StrictArray))
    return sum(isinstance(a, NUMPY) for a in expected)
