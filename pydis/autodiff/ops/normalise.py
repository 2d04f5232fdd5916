"""Batch normalisation by channel and its derivatives, each a fused op of a few passes.

For x `[N, …, C]`, with μ and σ² the mean and variance of the n values of a channel,
r = 1 / √(σ² + ε) and x̂ = (x − μ) r,

    batch_moments     μ, σ²                                       [2, C]
    batch_norm        y = a(w x̂ + b), a as in the fused layers
    batch_norm_sums   Σ g, Σ g x̂                                  [2, C]
    batch_norm_x      w r (g − (Σ g + x̂ Σ g x̂) / n)               the adjoint of dx ↦ w dx̂

The last two are the derivatives of the second, and symmetric enough to serve as their own: that of
`batch_norm_sums` in g is `batch_norm`, that in x `batch_norm_x`, which is self-adjoint in g.

A caller that has the moments of x, or the sums of g and x, may pass them as constants. They must be
those: nothing checks it, and derivatives pass through them as if they had been computed here.
"""

from math import prod
from typing import Any

from pydis.autodiff.ops.arithmetic import add, mul, square
from pydis.autodiff.ops.fused import bend, bend_back
from pydis.autodiff.ops.index import stack
from pydis.autodiff.ops.reduce import mean, sum, var
from pydis.autodiff.ops.transcendental import sqrt
from pydis.autodiff.primitive import fused
from pydis.autodiff.tensor import Value, stop_gradient
from pydis.backends import Array, Kernels


def _rows(x: Value) -> tuple[int, ...]:
    """All axes but the last."""
    return tuple(range(x.ndim - 1))


def _normalised(x: Value, epsilon: float) -> tuple[Value, Value]:
    """x̂ and r as compositions."""
    gap = x - mean(x, axis=_rows(x))
    r = 1.0 / sqrt(mean(square(gap), axis=_rows(x)) + epsilon)
    return gap * r, r


def _batch_norm(
    x: Value, w: Value, b: Value, *, epsilon: float, slope: float = 1.0, **_: Any
) -> Any:
    return bend(add(w * _normalised(x, epsilon)[0], b), slope)


def _sums(g: Value, x: Value, *, epsilon: float, **_: Any) -> Value:
    products = g * _normalised(x, epsilon)[0]
    return stack(sum(g, axis=_rows(g)), sum(products, axis=_rows(g)))


def _unscaled(g: Value, x: Value, epsilon: float) -> Value:
    """r (g − mean g − x̂ mean(g x̂))."""
    normal, r = _normalised(x, epsilon)
    return r * (g - mean(g, axis=_rows(g)) - normal * mean(g * normal, axis=_rows(g)))


@fused(meaning=lambda x: stack(mean(x, axis=_rows(x)), var(x, axis=_rows(x))))
def batch_moments(k: Kernels, x: Array) -> Array:
    """Mean and variance, `[2, C]`, over all axes but the last."""
    check_rows("batch_moments", x)
    return k.batch_moments(x)


@batch_moments.pullback
def _(m_bar: Value, m: Value, x: Value) -> Value:
    n = float(prod(x.shape[:-1]))
    return m_bar[0] / n + m_bar[1] * (2.0 / n) * (x - m[0])


@fused(meaning=_batch_norm)
def batch_norm(
    k: Kernels,
    x: Array,
    w: Array,
    b: Array,
    *,
    epsilon: float,
    slope: float = 1.0,
    moments: Array | None = None,
) -> Array:
    """y = a(w x̂ + b)  (eq:batch-norm), where a multiplies what is below zero by the slope.

    Raises ValueError for a slope below zero, whose y does not tell on which piece it lies.
    """
    check_rows("batch_norm", x, w, b)
    if not 0 <= slope <= 1:
        raise ValueError(f"batch_norm: expected a slope from 0 to 1, received {slope!r}")
    known = k.batch_moments(x) if moments is None else moments
    return k.batch_norm(x, w, b, epsilon, slope, known)


@batch_norm.pullback
def _(
    y_bar: Value,
    y: Value,
    x: Value,
    w: Value,
    b: Value,
    *,
    epsilon: float,
    slope: float = 1.0,
    moments: Array | None = None,
) -> Value:
    g = bend_back(y_bar, y, slope)
    known = batch_moments(stop_gradient(x)) if moments is None else moments
    sums = batch_norm_sums(g, x, epsilon=epsilon, moments=known)
    constants = {"epsilon": epsilon, "moments": known, "sums": stop_gradient(sums)}
    return lambda: batch_norm_x(g, x, w, **constants), lambda: sums[1], lambda: sums[0]


@fused(meaning=_sums)
def batch_norm_sums(
    k: Kernels, g: Array, x: Array, *, epsilon: float, moments: Array | None = None
) -> Array:
    """Σ g and Σ g x̂, `[2, C]`: the cotangents of b and w."""
    check_rows("batch_norm_sums", x)
    check_alike("batch_norm_sums", g, x)
    return k.batch_norm_sums(g, x, epsilon, k.batch_moments(x) if moments is None else moments)


@batch_norm_sums.pullback
def _(
    s_bar: Value, s: Value, g: Value, x: Value, *, epsilon: float, moments: Array | None = None
) -> Value:
    return (
        lambda: batch_norm(x, s_bar[1], s_bar[0], epsilon=epsilon, moments=moments),
        lambda: batch_norm_x(g, x, s_bar[1], epsilon=epsilon, moments=moments),
    )


@fused(meaning=lambda g, x, w, *, epsilon, **_: mul(w, _unscaled(g, x, epsilon)))
def batch_norm_x(
    k: Kernels,
    g: Array,
    x: Array,
    w: Array,
    *,
    epsilon: float,
    moments: Array | None = None,
    sums: Array | None = None,
) -> Array:
    """w r (g − (Σ g + x̂ Σ g x̂) / n): the cotangent of x for a cotangent g of w x̂ + b."""
    check_rows("batch_norm_x", x, w)
    check_alike("batch_norm_x", g, x)
    m = k.batch_moments(x) if moments is None else moments
    s = k.batch_norm_sums(g, x, epsilon, m) if sums is None else sums
    return k.batch_norm_x(g, x, w, epsilon, m, s)


@batch_norm_x.pullback
def _(
    z: Value,
    x_bar: Value,
    g: Value,
    x: Value,
    w: Value,
    *,
    epsilon: float,
    moments: Array | None = None,
    sums: Array | None = None,
) -> Value:
    """Of w r n c with c = mean(g z) − mean g mean z − p q, p = mean(z x̂) and q = mean(g x̂)."""

    def of_x() -> Value:
        normal, r = _normalised(x, epsilon)
        p, q, mean_g, mean_z = (mean(v, axis=_rows(x)) for v in (z * normal, g * normal, g, z))
        c = mean(g * z, axis=_rows(x)) - mean_g * mean_z - p * q
        slopes = q * (z - mean_z - normal * p) + p * (g - mean_g - normal * q)
        return -(w * r * r) * (normal * c + slopes)

    return (
        lambda: batch_norm_x(z, x, w, epsilon=epsilon, moments=moments),
        of_x,
        lambda: sum(z * _unscaled(g, x, epsilon), axis=_rows(x)),
    )


def check_rows(op: str, x: Array, *channels: Array) -> None:
    """Raise ValueError unless x is [N, …, C] with N > 0, and each of the others [C]."""
    if x.ndim < 2 or prod(x.shape[:-1]) < 1:
        raise ValueError(f"{op}: expected values [N, …, C] with N > 0, received shape {x.shape}")
    for each in channels:
        if each.shape != x.shape[-1:]:
            raise ValueError(
                f"{op}: expected shape {x.shape[-1:]} a channel, received {each.shape}"
            )


def check_alike(op: str, g: Array, x: Array) -> None:
    """Raise ValueError unless g has the shape of x."""
    if g.shape != x.shape:
        raise ValueError(f"{op}: expected g of shape {x.shape}, received {g.shape}")
