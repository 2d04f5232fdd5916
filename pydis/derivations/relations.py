"""When a line follows from the one before: the relations, and by how much they fail.

    l == r :  |l − r| ≤ τ s,    l >= r :  r − l ≤ τ s,    l > r :  r − l < −τ,

with s = 1 + min(|l|, |r|), elementwise after broadcasting. Equal infinities are equal; not a
number satisfies nothing; shapes that do not broadcast fail.
"""

from typing import Any

import numpy as np


def residual(left: Any, relation: str, right: Any) -> float:
    """How far l relation r is from holding, in units of s: 0 where it holds exactly, ∞ for NaN.

    For the strict relations it is r − l (or l − r), unscaled, which must be below −τ; for "iff" it
    is 0 or ∞.
    """
    if relation == "iff":
        return 0.0 if _truth(left) == _truth(right) else np.inf
    try:
        l, r = np.broadcast_arrays(np.asarray(left, np.float64), np.asarray(right, np.float64))
    except ValueError:
        return float(np.inf)
    if l.size == 0:
        return 0.0
    with np.errstate(invalid="ignore"):
        excess = {"==": np.abs(l - r), ">=": r - l, "<=": l - r, ">": r - l, "<": l - r}[relation]
        if relation in ("==", ">=", "<="):
            excess = excess / (1 + np.minimum(np.abs(l), np.abs(r)))
            excess = np.where(l == r, 0.0, np.maximum(excess, 0.0))
            # Beside an infinity the scale is the finite side's, so the excess stays infinite.
    return float(np.max(np.where(np.isnan(excess), np.inf, excess)))


def relative(value: Any, expected: Any) -> float:
    """|value − expected| / |expected|, the largest of all; beside an expected 0 the value itself.

    One expected number is that of every element. Equal infinities and truth values are at 0; not a
    number and other shapes at ∞.
    """
    found, known = np.asarray(value), np.asarray(expected)
    if known.ndim and found.shape != known.shape:
        return float(np.inf)
    if found.size == 0:
        return 0.0
    f, e = found.astype(np.float64), known.astype(np.float64)
    with np.errstate(invalid="ignore"):
        off = np.where(f == e, 0.0, np.abs(f - e) / np.where(e == 0, 1.0, np.abs(e)))
    return float(np.max(np.where(np.isnan(off), np.inf, off)))


def holds(found: float, relation: str, tolerance: float) -> bool:
    """Whether a residual satisfies the relation."""
    return found < -tolerance if relation in (">", "<") else found <= tolerance


def _truth(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"iff: expected two truth values, received {value!r}")
    return bool(value)
