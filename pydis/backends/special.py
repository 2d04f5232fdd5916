"""The special functions that NumPy lacks, under the names that SciPy and CuPy give them.

`erf` and `gammaln` are the C library's, one element at a time, and so is what `ndtr` is made of.
`polygamma` is its recurrence up to where its asymptotic series is exact. All compute in double
precision and return the type of x; the error is a few units in the last place, for ψ near its zero
at 1.46 in the last place of 1.
"""

import math

import numpy as np

from pydis.backends.kernels import Array

SHIFT = 16
"""The series is used from 16 + n on, where the first term left out is below 1e-17 of the sum."""

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B₂, B₄, B₆ ..."""

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)
_lgamma = np.frompyfunc(math.lgamma, 1, 1)


def erf(x: Array) -> Array:
    """2/√π ∫₀ˣ exp(−t²) dt."""
    return np.asarray(_erf(x), x.dtype)


def ndtr(x: Array) -> Array:
    """Φ(x) = erfc(z) / 2 with z = −x/√2: how likely a standard normal number is below x.

    Far below 0, erfc(z) ~ exp(−z²) / z√π makes of z's rounding an error 2z² times as large. So z²
    and x² are made exactly, as sums of two numbers, and exp(z² − x²/2) makes the rounding good.
    """
    near = np.clip(x.astype(np.float64), -40, 40)  # outside, Φ is 0 or 1 in double precision
    z = -near / math.sqrt(2)
    (squared, rest), (half, half_rest) = _square(z), _square(near)
    lost = np.where(z > 0, (squared - half / 2) + (rest - half_rest / 2), 0)
    return np.asarray(np.asarray(_erfc(z), np.float64) / 2 * np.exp(lost), x.dtype)


def _square(a: Array) -> tuple[Array, Array]:
    """a² = p + e exactly: a in two halves of 26 bits, whose products are exact (Dekker 1971)."""
    carried = a * (2.0**27 + 1)
    high = carried - (carried - a)
    low, p = a - high, a * a
    return p, ((high * high - p) + 2 * high * low) + low * low


def gammaln(x: Array) -> Array:
    """log Γ(x) for x > 0, not a number elsewhere."""
    y = np.asarray(_lgamma(np.where(x > 0, x, 1)), x.dtype)
    return np.where(x > 0, y, np.asarray(np.nan, x.dtype))


def polygamma(n: int, x: Array) -> Array:
    """ψ⁽ⁿ⁾(x) for x > 0, not a number elsewhere; ψ⁽⁰⁾ = ψ is the derivative of log Γ.

    ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! / xⁿ⁺¹ leads to a large argument, and there
    ψ(x) ~ log x − 1/2x − Σ B₂ₖ / (2k x²ᵏ), with its derivatives term by term.
    """
    start = np.where(x > 0, x, np.nan).astype(np.float64)
    steps = SHIFT + n
    r = 1 / (start + steps)
    factorial = float(math.factorial(n))
    series = np.log(start + steps) if n == 0 else -math.factorial(n - 1) * r**n
    series = series - factorial / 2 * r ** (n + 1)
    for k, b in reversed(list(enumerate(BERNOULLI, 1))):
        rising = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        series = series - b * rising * r ** (2 * k + n)
    for i in reversed(range(steps)):
        series = series - factorial * (1 / (start + i)) ** (n + 1)
    return np.asarray((-1) ** n * series, x.dtype)
