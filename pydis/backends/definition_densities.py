"""The densities, the update of Adam, as loops over numbers in double precision.

As in `definition.py` nothing of pydis is imported: NumPy makes and indexes arrays, and `math` has
the functions of one number. Arguments are those of the kernels of the same names (`kernels.py`).
"""

from itertools import product
from math import exp, inf, isfinite, log, log1p, pi, sqrt
from typing import Any

import numpy as np

Array = Any


def softplus(x: float) -> float:
    """log(1 + exp x), with an exponential that never exceeds one."""
    return max(x, 0.0) + log1p(exp(-abs(x)))


def bernoulli_log_likelihood(x: Array, logits: Array) -> Array:
    """y[n] = Σ_j x[n, j] l[n, j] − log(1 + exp l[n, j]) for x and l of two axes."""
    y = np.zeros(x.shape[0])
    for n, j in product(range(x.shape[0]), range(x.shape[1])):
        y[n] += float(x[n, j]) * float(logits[n, j]) - softplus(float(logits[n, j]))
    return y


def bernoulli_slope(g: Array, x: Array, logits: Array) -> Array:
    """y[n, j] = g[n] (x[n, j] − 1 / (1 + exp −l[n, j]))."""
    y = np.zeros(x.shape)
    for n, j in product(range(x.shape[0]), range(x.shape[1])):
        y[n, j] = float(g[n]) * (float(x[n, j]) - exp(-softplus(-float(logits[n, j]))))
    return y


def pair(z: Array, mean: Array, log_variance: Array, i: int, j: int, d: int) -> tuple[float, ...]:
    """z − μ, (z − μ) / σ², and t = log N(z; μ, σ²) = −½ [(z − μ)² / σ² + log σ² + log 2π]."""
    gap = float(z[i, d]) - float(mean[j, d])
    pull = gap * exp(-float(log_variance[j, d]))
    return gap, pull, -0.5 * (gap * pull + float(log_variance[j, d]) + log(2 * pi))


def log_sum_exp(exponents: list[float]) -> float:
    """log Σ exp of numbers, the largest taken out; −∞ where all are."""
    largest = -inf
    for x in exponents:
        largest = max(largest, x)
    total, shift = 0.0, largest if isfinite(largest) else 0.0
    for x in exponents:
        total += exp(x - shift) if x < inf else x
    return log(total) + shift if total else -inf


def pairwise_gaussian(z: Array, mean: Array, log_variance: Array) -> Array:
    """y[i, 0] = log Σ_j exp Σ_d t_ijd and y[i, 1 + d] = log Σ_j exp t_ijd."""
    draws, gaussians, dims = z.shape[0], mean.shape[0], z.shape[1]
    y = np.zeros((draws, 1 + dims))
    for i in range(draws):
        joint = [0.0 for _ in range(gaussians)]
        for d in range(dims):
            t = [pair(z, mean, log_variance, i, j, d)[2] for j in range(gaussians)]
            y[i, 1 + d] = log_sum_exp(t)
            joint = [a + b for a, b in zip(joint, t, strict=True)]
        y[i, 0] = log_sum_exp(joint)
    return y


def pairwise_gaussian_slopes(
    g: Array, y: Array, z: Array, mean: Array, log_variance: Array
) -> Array:
    """With w_ijd = g_i0 exp(Σ_d t_ijd − y_i0) + g_id exp(t_ijd − y_id):

    −Σ_j w (z − μ)/σ² for z, Σ_i w (z − μ)/σ² for μ, ½ Σ_i w ((z − μ)²/σ² − 1) for log σ².
    """
    draws, gaussians, dims = z.shape[0], mean.shape[0], z.shape[1]
    made = np.zeros((draws + 2 * gaussians, dims))
    for i, j in product(range(draws), range(gaussians)):
        pairs = [pair(z, mean, log_variance, i, j, d) for d in range(dims)]
        s = 0.0
        for _, _, t in pairs:
            s += t
        for d, (gap, pull, t) in zip(range(dims), pairs, strict=True):
            w = float(g[i, 0]) * share(s, y[i, 0]) + float(g[i, 1 + d]) * share(t, y[i, 1 + d])
            made[i, d] -= w * pull
            made[draws + j, d] += w * pull
            made[draws + gaussians + j, d] += 0.5 * (w * (gap * pull - 1.0))
    return made


def share(exponent: float, y: Any) -> float:
    """exp(t − y), with 0 for a y of −∞."""
    return exp(exponent - (0.0 if y == -inf else float(y)))


def adam(
    theta: Array,
    g: Array,
    mean: Array,
    square: Array,
    rate: float,
    scale: float,
    beta1: float,
    beta2: float,
    epsilon: float,
) -> Any:
    """m ← β₁ m + (1−β₁) g,  v ← β₂ v + (1−β₂) g²,  θ ← θ − η m / (√(c v) + ε) for one axis."""
    new = np.zeros((3, theta.shape[0]))
    for i in range(theta.shape[0]):
        slope = float(g[i])
        m = beta1 * float(mean[i]) + (1 - beta1) * slope
        v = beta2 * float(square[i]) + (1 - beta2) * (slope * slope)
        new[0, i] = float(theta[i]) - rate * m / (sqrt(scale * v) + epsilon)
        new[1, i], new[2, i] = m, v
    return new
