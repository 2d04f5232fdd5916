"""Every array of every kernel in other guises: read-only it gives the same bits, else is refused.

`fuzz_core.py` draws these by chance; here each stands for each argument once.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled import DTYPES, _core
from fuzz_core import DRAWS, misaligned
from fuzz_families import FAMILIES, RENAMED

Array = Any
CALLS = {name: draw for name, draw in {**DRAWS, **FAMILIES}.items() if name != "fill_outlines"}
"""The rasteriser takes doubles and whole numbers alone: test_fill.py has its guises."""
REFUSED: dict[str, tuple[Callable[[Array], Array], type[Exception], str]] = {
    "negative strides": (
        lambda x: x[(slice(None, None, -1),) * x.ndim], ValueError, "C-contiguous",
    ),
    "every other element": (
        lambda x: np.repeat(x, 2, axis=-1)[..., ::2], ValueError, "C-contiguous",
    ),
    "strides of zero": (
        lambda x: np.broadcast_to(x.dtype.type(1), x.shape), ValueError, "C-contiguous",
    ),
    "one byte further": (misaligned, ValueError, "aligned"),
    "foreign byte order": (
        lambda x: x.astype(x.dtype.newbyteorder()), TypeError, "native byte order",
    ),
    "whole numbers": (lambda x: x.astype(np.int32), TypeError, "float32 or float64"),
    "a subclass": (np.ma.masked_array, TypeError, "plain numpy.ndarray"),
    "an axis more": (lambda x: x[None], ValueError, "axes"),
}  # fmt: skip
FREE_OF_AXES = {"relu", "leaky_relu", "gate", "exp", "log", "sigmoid", "softplus", "adam"}
"""Kernels that take any shape."""


def right(name: str, dtype: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the other arguments of a call that is right."""
    rng = np.random.default_rng(7)

    def pick(*values: Any) -> Any:
        return values[len(values) // 2 if name in DRAWS else -1]

    shapes, static = CALLS[name](rng, pick)
    arrays = {
        RENAMED.get(key, key): abs(rng.standard_normal(shape)).astype(dtype)
        for key, shape in shapes.items()
    }
    assert all(x.size > 1 for x in arrays.values())
    return arrays, static


def bits(function: Callable[..., Any], arrays: dict[str, Array], static: dict[str, Any]) -> bytes:
    made = function(**arrays, **static)
    return b"".join(y.tobytes() for y in (made if isinstance(made, tuple) else (made,)))


def unrefused(name: str, guise: str, dtype: Any, function: Callable[..., Any]) -> list[str]:
    """The arguments that the function takes in a guise, or refuses without saying what and why."""
    change, error, message = REFUSED[guise]
    arrays, static = right(name, dtype)
    found = []
    for key, x in arrays.items():
        try:
            function(**arrays | {key: change(x)}, **static)
        except error as raised:
            said = str(raised)
            if said.startswith(f"{name}: {key} must ") and message in said:
                continue
        found.append(key)
    return found


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("guise", REFUSED)
@pytest.mark.parametrize("name", CALLS)
def test_other_guises_are_refused_by_name(name: str, guise: str, dtype: Any) -> None:
    if guise == "an axis more" and name in FREE_OF_AXES:
        return
    assert unrefused(name, guise, dtype, getattr(_core, name)) == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_read_only_arrays_give_the_same_bits(name: str, dtype: Any) -> None:
    arrays, static = right(name, dtype)
    before = bits(getattr(_core, name), arrays, static)
    kept = {key: x.tobytes() for key, x in arrays.items()}
    for x in arrays.values():
        x.flags.writeable = False
    assert bits(getattr(_core, name), arrays, static) == before
    assert kept == {key: x.tobytes() for key, x in arrays.items()}


@pytest.mark.parametrize("guise", ["negative strides", "foreign byte order", "one byte further"])
def test_a_kernel_that_converts_is_noticed(guise: str) -> None:
    def lenient(x: Array, gate: Array) -> Array:
        dtype = x.dtype.newbyteorder("=")
        return _core.row_sums(*(np.require(a, dtype, ("C", "A")) for a in (x, gate)))

    assert unrefused("row_sums", guise, np.float32, lenient) == ["x", "gate"]
