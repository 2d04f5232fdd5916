"""Arithmetic that the lines share: 0 log 0 = 0, p > 0 = q gives ∞, and ∞ − ∞ has no value."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydis.derivations.derivation import UndefinedLine

Floats = NDArray[np.float64]


def log(x: Any) -> Floats:
    """log x elementwise, −∞ at 0 and no warning of it."""
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(x, np.float64))


def xlogy(x: Any, y: Any) -> Floats:
    """x log y elementwise, with 0 log y = 0 for every y that is a number."""
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((x == 0) & ~np.isnan(y), 0.0, x * np.log(y))


def rel_entr(p: Any, q: Any) -> Floats:
    """p log (p / q) elementwise: 0 where p = 0, ∞ where p > 0 = q."""
    p, q = np.broadcast_arrays(np.asarray(p, np.float64), np.asarray(q, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((p == 0) & ~np.isnan(q), 0.0, p * np.log(p / q))


def logsumexp(a: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """log Σ exp(a) along `axis`, all of them by default; −∞ where all terms are −∞."""
    a = np.asarray(a, np.float64)
    top = np.max(a, axis=axis, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        found = np.log(np.sum(np.exp(a - shift), axis=axis, keepdims=True)) + shift
    return found.item() if axis is None else np.squeeze(found, axis=axis)


def gauss_hermite(n: int) -> tuple[Floats, Floats]:
    """z_i and w_i with E f(Z) = Σ_i w_i f(z_i) for Z ~ N(0, 1), exact to degree 2n − 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    return nodes, weights / np.sqrt(2 * np.pi)


def add(*terms: Any) -> float:
    """The sum of some numbers. Raises UndefinedLine where it holds ∞ − ∞."""
    if np.inf in terms and -np.inf in terms:
        raise UndefinedLine(f"∞ − ∞ in the sum of {terms}")
    return float(sum(terms))


def total(a: Any) -> float:
    """Σ a over all elements. Raises UndefinedLine where the sum holds ∞ − ∞."""
    a = np.asarray(a, np.float64)
    if (a == np.inf).any() and (a == -np.inf).any():
        raise UndefinedLine("∞ − ∞ in a sum")
    return float(a.sum())


def p_x(P: Floats) -> Floats:
    """p(x) = Σ_y p(x, y), `[m]`."""
    marginal: Floats = P.sum(1)
    return marginal


def p_y(P: Floats) -> Floats:
    """p(y) = Σ_x p(x, y), `[n]`."""
    marginal: Floats = P.sum(0)
    return marginal


def x_given_y(P: Floats) -> Floats:
    """p(x | y), `[m, n]`; the columns with p(y) = 0 are skipped: zero, and never divided by."""
    column = P.sum(0, keepdims=True)
    slices: Floats = np.divide(P, column, out=np.zeros_like(P), where=column > 0)
    return slices


def y_given_x(P: Floats) -> Floats:
    """p(y | x), `[m, n]`; the rows with p(x) = 0 are skipped: zero, and never divided by."""
    row = P.sum(1, keepdims=True)
    slices: Floats = np.divide(P, row, out=np.zeros_like(P), where=row > 0)
    return slices


def support(p: Floats) -> Floats:
    """The positive entries of p, in one row."""
    found: Floats = p[p > 0]
    return found
