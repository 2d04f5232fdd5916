"""Densities in one pass, each beside the composition that it equals, and their slopes likewise.

A slope is an op of its own with a rule of its own, so derivatives of every order exist, and the
first of them is as fast as the density.
"""

from math import log, pi
from typing import Any

from pydis.autodiff.ops import (
    concat,
    exp,
    logsumexp,
    mul,
    reshape,
    sigmoid,
    softplus,
    sum,
    where,
)
from pydis.autodiff.primitive import fused
from pydis.autodiff.reverse import grad
from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.backends import Array, Kernels


def _each(g: Value, x: Value) -> Value:
    """g `[N]` with axes of size 1, so that it meets every element of its example in x."""
    return reshape(g, shape=(*g.shape, *(1,) * (x.ndim - 1)))


def _examples(terms: Value) -> Value:
    """The sum over all axes but the first."""
    return sum(terms, axis=tuple(range(1, terms.ndim)))


@fused(meaning=lambda x, logits: _examples(x * logits - softplus(logits)))
def bernoulli_log_likelihood(k: Kernels, x: Array, logits: Array) -> Array:
    """y_n = Σ_j [x_j l_j − log(1 + exp l_j)] over all axes but the first."""
    _check_alike("bernoulli_log_likelihood", x, logits)
    return k.bernoulli_log_likelihood(x, logits)


@bernoulli_log_likelihood.pullback
def _(y_bar: Value, y: Value, x: Value, logits: Value) -> Value:
    return lambda: _each(y_bar, x) * logits, lambda: bernoulli_slope(y_bar, x, logits)


@fused(meaning=lambda g, x, logits: mul(_each(g, x), x - sigmoid(logits)))
def bernoulli_slope(k: Kernels, g: Array, x: Array, logits: Array) -> Array:
    """y = g_n (x − sigmoid(l)), g `[N]`: what `bernoulli_log_likelihood` gives its logits."""
    _check_alike("bernoulli_slope", x, logits)
    if g.shape != x.shape[:1]:
        raise ValueError(f"bernoulli_slope: g of shape {g.shape} for {x.shape[0]} examples")
    return k.bernoulli_slope(g, x, logits)


@bernoulli_slope.pullback
def _(y_bar: Value, y: Value, g: Value, x: Value, logits: Value) -> Value:
    p = sigmoid(logits)
    return (
        lambda: _examples(y_bar * (x - p)),
        lambda: _each(g, x) * y_bar,
        lambda: -_each(g, x) * y_bar * p * (1.0 - p),
    )


def _check_alike(op: str, x: Array, logits: Array) -> None:
    if x.shape != logits.shape or x.ndim == 0:
        raise ValueError(f"{op}: x of shape {x.shape}, logits of shape {logits.shape}")


def _pairs(z: Value, mean: Value, log_variance: Value) -> tuple[Value, Value, Value]:
    """z − μ, (z − μ) / σ², and t = log N(z; μ, σ²) for every pair and coordinate, `[M, N, D]`."""
    gap = reshape(z, shape=(z.shape[0], 1, *z.shape[1:])) - mean
    pull = gap * exp(-log_variance)
    return gap, pull, -0.5 * (gap * pull + (log_variance + log(2 * pi)))


def _pairwise(z: Value, mean: Value, log_variance: Value) -> Value:
    """The composition that `pairwise_gaussian` equals."""
    check_pairs("pairwise_gaussian", z, mean, log_variance)
    _, _, t = _pairs(z, mean, log_variance)
    joint = logsumexp(sum(t, axis=2), axis=1)
    return concat(reshape(joint, shape=(*joint.shape, 1)), logsumexp(t, axis=1), axis=1)


@fused(meaning=_pairwise)
def pairwise_gaussian(k: Kernels, z: Array, mean: Array, log_variance: Array) -> Array:
    """log Σ_j Π_d N(z_id; μ_jd, σ_jd²), and beside it log Σ_j N(z_id; …) for every d, `[M, 1 + D]`.

    Draws z `[M, D]`, Gaussians `[N, D]`, N > 0. One array holds both, because both need the same
    pairs; no array `[M, N, D]` of pairs is ever made.
    """
    check_pairs("pairwise_gaussian", z, mean, log_variance)
    return k.pairwise_gaussian(z, mean, log_variance)


@pairwise_gaussian.pullback
def _(y_bar: Value, y: Value, z: Value, mean: Value, log_variance: Value) -> Value:
    m, n = z.shape[0], mean.shape[0]
    slopes = pairwise_gaussian_slopes(y_bar, y, z, mean, log_variance)
    return lambda: slopes[:m], lambda: slopes[m : m + n], lambda: slopes[m + n :]


def _pairwise_slopes(g: Value, y: Value, z: Value, mean: Value, log_variance: Value) -> Value:
    """The composition that `pairwise_gaussian_slopes` equals."""
    check_pairs("pairwise_gaussian_slopes", z, mean, log_variance, g, y)
    gap, pull, t = _pairs(z, mean, log_variance)
    y = where(stop_gradient(y) == float("-inf"), 0.0, y)
    joint = exp(sum(t, axis=2, keepdims=True) - y[:, None, :1])
    w = g[:, None, :1] * joint + g[:, None, 1:] * exp(t - y[:, None, 1:])
    moved, spread = w * pull, w * (gap * pull - 1.0)
    return concat(-sum(moved, axis=1), sum(moved, axis=0), 0.5 * sum(spread, axis=0))


@fused(meaning=_pairwise_slopes)
def pairwise_gaussian_slopes(
    k: Kernels, g: Array, y: Array, z: Array, mean: Array, log_variance: Array
) -> Array:
    """What `pairwise_gaussian`, with the result y, gives z, μ and log σ² for the cotangent g.

    The three stand one after the other, `[M + 2 N, D]`. The pairs are made once more.
    """
    check_pairs("pairwise_gaussian_slopes", z, mean, log_variance, g, y)
    return k.pairwise_gaussian_slopes(g, y, z, mean, log_variance)


@pairwise_gaussian_slopes.pullback
def _(u: Value, slopes: Value, *inputs: Value) -> Value:
    # By the composition. Each input enters it as a value of its own: y depends on z too, and what
    # flows to y must not flow on to z here.
    own = [reshape(x, shape=x.shape) if isinstance(x, Tensor) else Tensor(x) for x in inputs]
    return tuple(grad(_pairwise_slopes(*own), own, u, differentiable=isinstance(u, Tensor)))


def check_pairs(op: str, z: Value, mean: Value, log_variance: Value, *results: Value) -> None:
    """Raise ValueError unless z is `[M, D]`, Gaussians `[N, D]`, N > 0, results `[M, 1 + D]`."""
    m, n = z.shape, mean.shape
    fits = len(m) == len(n) == 2 and m[1] == n[1] and n[0] > 0 and n == log_variance.shape
    if not fits or any(r.shape != (m[0], 1 + m[1]) for r in results):
        received: Any = ", ".join(str(x.shape) for x in (*results, z, mean, log_variance))
        raise ValueError(
            f"{op}: expected {'[M, 1 + D] twice, ' if results else ''}[M, D] and [N, D] twice "
            f"with N > 0, received {received}"
        )
