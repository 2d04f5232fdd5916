"""Activations, sums over rows and batch normalisation, as loops over numbers in double precision.

As in `definition.py` nothing of pydis is imported: NumPy makes and indexes arrays, and `math` has
the functions of one number. Values are `[N, C]`, one column a channel. Arguments are those of the
kernels of the same names (`kernels.py`); what they are given as known is computed here once more.
"""

from itertools import product
from math import exp, log1p, sqrt
from typing import Any

import numpy as np

Array = Any


def relu(x: Array) -> Array:
    """y = 0 where x < 0, else x: what is not a number stays so. x is flat, here and below."""
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        y[i] = 0.0 if x[i] < 0 else float(x[i])
    return y


def leaky_relu(x: Array, slope: float) -> Array:
    """y = x where x > 0, else slope · x."""
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        y[i] = (1.0 if x[i] > 0 else slope) * float(x[i])
    return y


def gate(g: Array, y: Array, slope: float = 0.0) -> Array:
    """z = g where y > 0, else slope · g, and 0 without a slope, whatever g is."""
    z = np.zeros(g.shape)
    for i in range(g.shape[0]):
        factor = 1.0 if y[i] > 0 else slope
        z[i] = factor * float(g[i]) if factor else 0.0
    return z


def sigmoid(x: Array) -> Array:
    """y = 1 / (1 + exp −x), with an exponential that never exceeds one."""
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        y[i] = (exp(float(x[i])) if x[i] < 0 else 1.0) / (1 + exp(-abs(float(x[i]))))
    return y


def softplus(x: Array) -> Array:
    """y = log(1 + exp x), with an exponential that never exceeds one."""
    y = np.zeros(x.shape)
    for i in range(x.shape[0]):
        y[i] = (float(x[i]) if x[i] > 0 else 0.0) + log1p(exp(-abs(float(x[i]))))
    return y


def row_sums(x: Array) -> Array:
    """s[c] = Σ_n x[n, c]."""
    s = np.zeros(x.shape[1])
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        s[c] += float(x[n, c])
    return s


def bias_gradient(g: Array, y: Array) -> Array:
    """s[c] = Σ_n g[n, c] over the n with y[n, c] > 0."""
    s = np.zeros(g.shape[1])
    for n, c in product(range(g.shape[0]), range(g.shape[1])):
        s[c] += float(g[n, c]) if y[n, c] > 0 else 0.0
    return s


def batch_moments(x: Array) -> Array:
    """m[0, c] = Σ_n x[n, c] / N and m[1, c] = Σ_n (x[n, c] − m[0, c])² / N."""
    m = np.zeros((2, x.shape[1]))
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        m[0, c] += float(x[n, c]) / x.shape[0]
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        m[1, c] += (float(x[n, c]) - m[0, c]) * (float(x[n, c]) - m[0, c]) / x.shape[0]
    return m


def normalised(x: Array, epsilon: float) -> tuple[Array, list[float]]:
    """x̂[n, c] = (x[n, c] − μ) r and r = 1 / √(σ² + ε) for the moments μ, σ² of channel c."""
    m, y = batch_moments(x), np.zeros(x.shape)
    r = [1 / sqrt(m[1, c] + epsilon) for c in range(x.shape[1])]
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        y[n, c] = (float(x[n, c]) - m[0, c]) * r[c]
    return y, r


def batch_norm(x: Array, w: Array, b: Array, epsilon: float, slope: float = 1.0) -> Array:
    """y = w x̂ + b; what is below zero times the slope."""
    y, _ = normalised(x, epsilon)
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        z = float(w[c]) * y[n, c] + float(b[c])
        y[n, c] = z if not z < 0 else slope * z if slope else 0.0
    return y


def batch_norm_sums(g: Array, x: Array, epsilon: float) -> Array:
    """s[0, c] = Σ_n g[n, c] and s[1, c] = Σ_n g[n, c] x̂[n, c]."""
    s, (y, _) = np.zeros((2, x.shape[1])), normalised(x, epsilon)
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        s[0, c] += float(g[n, c])
        s[1, c] += float(g[n, c]) * y[n, c]
    return s


def batch_norm_x(g: Array, x: Array, w: Array, epsilon: float) -> Array:
    """w r (g − (Σ g + x̂ Σ g x̂) / N)."""
    s, (y, r) = batch_norm_sums(g, x, epsilon), normalised(x, epsilon)
    for n, c in product(range(x.shape[0]), range(x.shape[1])):
        away = (s[0, c] + y[n, c] * s[1, c]) / x.shape[0]
        y[n, c] = float(w[c]) * r[c] * (float(g[n, c]) - away)
    return y
