"""Densities by an array library, with fewer passes over memory than the compositions they equal.

`xp` is the library: NumPy or CuPy. Results of a step are written over those of the step before, and
pairs of draws and Gaussians are made in blocks of draws that stay in cache.
"""

from collections.abc import Iterator
from math import log, pi
from typing import Any

from pydis.backends.kernels import Array

PAIR_BYTES = 1 << 19
"""Size of one array of pairs: a few of them together stay in cache."""


def softplus(xp: Any, x: Array) -> Array:
    """max(x, 0) + log(1 + exp(−|x|)) in an array of its own."""
    y = -abs(x)
    xp.exp(y, out=y)
    xp.log1p(y, out=y)
    y += xp.maximum(x, 0)
    return y


def bernoulli_log_likelihood(xp: Any, x: Array, logits: Array) -> Array:
    """Σ_j (x_j l_j − softplus(l_j)) over all axes but the first."""
    terms = x * logits
    terms -= softplus(xp, logits)
    return terms.sum(axis=tuple(range(1, x.ndim)))


def bernoulli_slope(xp: Any, g: Array, x: Array, logits: Array) -> Array:
    """g_n (x − sigmoid(l)), the sigmoid as exp(−softplus(−l))."""
    y = softplus(xp, -logits)
    xp.exp(-y, out=y)
    y = x - y
    y *= g.reshape(-1, *(1,) * (x.ndim - 1))
    return y


def pairwise_gaussian(xp: Any, z: Array, mean: Array, log_variance: Array) -> Array:
    """log Σ_j exp Σ_d t_ijd and log Σ_j exp t_ijd, `[M, 1 + D]`, t of log N(z_id; μ_jd, σ_jd²)."""
    y = xp.empty((z.shape[0], 1 + z.shape[1]), z.dtype)
    for draws, _, _, t in _pairs(xp, z, mean, log_variance):
        y[draws, 0] = _log_sum_exp(xp, t.sum(axis=2))
        y[draws, 1:] = _log_sum_exp(xp, t)
    return y


def pairwise_gaussian_slopes(
    xp: Any, g: Array, y: Array, z: Array, mean: Array, log_variance: Array
) -> Array:
    """The slopes of `pairwise_gaussian` in z, μ and log σ², one after the other, `[M + 2 N, D]`."""
    m, n = z.shape[0], mean.shape[0]
    made = xp.zeros((m + 2 * n, z.shape[1]), z.dtype)
    y = xp.where(y == -xp.inf, xp.zeros_like(y), y)
    for draws, gap, pull, t in _pairs(xp, z, mean, log_variance):
        joint = xp.exp(t.sum(axis=2) - y[draws, :1]) * g[draws, :1]
        t -= y[draws, None, 1:]
        w = xp.exp(t, out=t)
        w *= g[draws, None, 1:]
        w += joint[:, :, None]
        gap *= pull
        gap -= 1
        gap *= w
        pull *= w
        made[draws] = -pull.sum(axis=1)
        made[m : m + n] += pull.sum(axis=0)
        made[m + n :] += gap.sum(axis=0) / 2
    return made


def _pairs(xp: Any, z: Array, mean: Array, log_variance: Array) -> Iterator[tuple[Any, ...]]:
    """A block of draws at a time: which, and z − μ, (z − μ) / σ² and t of all its pairs."""
    precision, constant = xp.exp(-log_variance), log_variance + log(2 * pi)
    block = max(1, PAIR_BYTES // max(1, mean.size * mean.itemsize))
    for first in range(0, z.shape[0], block):
        draws = slice(first, min(first + block, z.shape[0]))
        gap = z[draws, None] - mean
        pull = gap * precision
        t = gap * pull
        t += constant
        t *= -0.5
        yield draws, gap, pull, t


def _log_sum_exp(xp: Any, x: Array) -> Array:
    """log Σ exp x over the second axis; −∞ where all of it is."""
    largest = xp.max(x, axis=1, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
    x = x - largest
    total = xp.exp(x, out=x).sum(axis=1)
    nothing = total == 0
    found = xp.log(xp.where(nothing, xp.ones_like(total), total)) + largest[:, 0]
    return xp.where(nothing, xp.zeros_like(found) - xp.inf, found)
