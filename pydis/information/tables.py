"""Probability tables: what is one, and the logarithm that 0 log 0 = 0 asks for.

A table is an array of floating-point numbers p ≥ 0 that add up to 1, one axis for each variable.
Nothing is renormalised: what is not a table is refused.
"""

from typing import Any

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import log, sum, where
from pydis.autodiff.tensor import as_floating


def slack(dtype: Any) -> float:
    """How far the sum of a table may be from 1: 1e-9, or 64 roundings where that is more.

    In float32 the softmax of logits within ±64 is off by about so much.
    """
    return max(1e-9, 64 * float(np.finfo(dtype).eps))


def entries(op: str, p: Value) -> Array:
    """The array of p. Raises TypeError unless real, ValueError where empty, negative or NaN."""
    data = as_floating(stop_gradient(p), op)
    if data.dtype.kind != "f":
        raise TypeError(f"{op}: expected real probabilities, received dtype {data.dtype}")
    if 0 in data.shape:
        raise ValueError(f"{op}: expected an outcome at least, received shape {data.shape}")
    lowest = float(data.min())
    if not lowest >= 0:
        raise ValueError(f"{op}: expected probabilities >= 0, received {lowest}")
    return data


def check_table(op: str, p: Value, axes: int | None = None, least: int = 1) -> None:
    """Raise ValueError, naming `op`, unless p is a table of so many axes (or at least `least`)."""
    data = as_floating(stop_gradient(p), op)
    if data.ndim != axes if axes is not None else data.ndim < least:
        wanted = f"{axes}" if axes is not None else f"at least {least}"
        raise ValueError(f"{op}: expected a table of {wanted} axes, received shape {data.shape}")
    total = float(entries(op, data).astype("float64").sum())
    if not abs(total - 1) <= slack(data.dtype):
        raise ValueError(f"{op}: expected a sum of 1, received {total}, off by {total - 1:.3g}")


def check_rows(op: str, q: Value, axes: int | None = 2) -> None:
    """Raise ValueError, naming `op`, unless each q[n] is a table; so q(· | n) is a channel."""
    data = as_floating(stop_gradient(q), op)
    if data.ndim != axes if axes is not None else data.ndim < 2:
        wanted = f"{axes}" if axes is not None else "at least 2"
        raise ValueError(f"{op}: expected tables in {wanted} axes, received shape {data.shape}")
    totals = entries(op, data).astype("float64").sum(axis=tuple(range(1, data.ndim)))
    off = abs(totals - 1)
    if not float(off.max()) <= slack(data.dtype):
        row = int(off.argmax())
        total = float(totals[row])
        raise ValueError(
            f"{op}: expected each row to have a sum of 1, row {row} has {total}, "
            f"off by {total - 1:.3g}"
        )


def check_same(op: str, p: Value, q: Value) -> None:
    """Raise ValueError, naming `op`, unless p and q are tables of one shape; TypeError: dtype."""
    check_table(op, p)
    check_table(op, q)
    if p.shape != q.shape:
        raise ValueError(f"{op}: expected tables of one shape, received {p.shape} and {q.shape}")
    if p.dtype != q.dtype:
        raise TypeError(f"{op}: expected tables of one dtype, received {p.dtype} and {q.dtype}")


def check_log(op: str, l: Value, shape: Any = None, finite: bool = False) -> None:
    """Raise ValueError, naming `op`, for NaN, +∞, another shape, and for −∞ if `finite`.

    TypeError unless they are real.
    """
    data = as_floating(stop_gradient(l), op)
    if data.dtype.kind != "f":
        raise TypeError(f"{op}: expected real logarithms, received dtype {data.dtype}")
    if shape is not None and data.shape != shape:
        raise ValueError(f"{op}: expected logarithms of shape {shape}, received {data.shape}")
    if 0 in data.shape:
        return
    highest, lowest = float(data.max()), float(data.min())
    if not highest < float("inf") or (finite and lowest == float("-inf")):
        wrong = highest if not highest < float("inf") else lowest
        kind = "finite" if finite else "below +inf"
        raise ValueError(f"{op}: expected logarithms that are {kind}, received {wrong}")


def log_inside(p: Value) -> Value:
    """log p, and 0 where p = 0, where its derivative is taken as 0 too.

    So p · log_inside(p) is 0 at 0, and an outcome that cannot happen moves nothing.
    """
    happens = stop_gradient(p) > 0
    return log(where(happens, p, 1.0))


def marginal(P: Value, *axes: int) -> Value:
    """The table of these axes alone; the others remain, of size 1."""
    return sum(P, axis=tuple(i for i in range(P.ndim) if i not in axes), keepdims=True)
