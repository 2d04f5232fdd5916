"""Draws whose bits stay the same for ever: raw words of a generator and + − · / √, nothing else.

NumPy keeps a bit generator's words the same in every version, but not what its `Generator` makes of
them; and IEEE 754 rounds each of these five operations in one way. Every draw takes a fixed number
of words, one for each number drawn, so no draw's value moves the draws after it. The results are
NumPy's: `Kernels.asarray` takes them to a device.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Coefficients = tuple[Sequence[float], Sequence[float]]

LOG_2, LOG_2_TAIL = float.fromhex("0x1.62e42fefa4p-1"), float.fromhex("-0x1.8432a1b0e2634p-43")
"""log 2 in two parts; the first has so few bits that its product with an exponent is exact."""


def uniform(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> NDArray[Any]:
    """u = ⌊w / 2¹¹⌋ / 2⁵³ of a word w: uniform on [0, 1).

    In float32 this u, rounded; what would round to 1 is the largest number below.
    """
    u = _rounded(np.asarray((_words(rng, shape) >> np.uint64(11)) * 2.0**-53), shape, dtype)
    return np.asarray(np.minimum(u, np.nextafter(np.ones_like(u), np.zeros_like(u))))


def normal(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> NDArray[Any]:
    """x = Φ⁻¹(u) with u uniform on (0, 1): standard normal, |x| < 8.3; in float32 this x, rounded.

    Wichura 1988, algorithm AS 241 (PPND16), accurate to about 1e-16 relatively.
    """
    return _rounded(normal_quantile(_inside(rng, shape)), shape, dtype)


def exponential(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> NDArray[Any]:
    """x = −log u with u uniform on (0, 1): standard exponential, and never 0."""
    return _rounded(-natural_log(_inside(rng, shape)), shape, dtype)


def gumbel(rng: np.random.Generator, shape: Shape, dtype: Any = np.float64) -> NDArray[Any]:
    """x = −log E for an exponential E: the larger of l_k + x_k is k with chance ∝ exp l_k."""
    return _rounded(-natural_log(-natural_log(_inside(rng, shape))), shape, dtype)


def integers(rng: np.random.Generator, high: int, shape: Shape = ()) -> NDArray[np.int64]:
    """⌊w · high / 2⁶⁴⌋ of a word w: 0 … high − 1, each with a chance within 2⁻⁶⁴ of 1 / high.

    Rejecting words would leave no bias, but then a draw's value moves the draws after it. Raises
    ValueError for a `high` outside 1 … 2³².
    """
    if not 1 <= high <= 2**32:
        raise ValueError(f"integers: high: expected 1 … 2^32, received {high}")
    words, half = _words(rng, shape), np.uint64(32)
    carried = ((words & np.uint64(2**32 - 1)) * np.uint64(high)) >> half  # of the lower half
    drawn = ((words >> half) * np.uint64(high) + carried) >> half
    return drawn.astype(np.int64).reshape(shape)


def choices(rng: np.random.Generator, chances: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """n numbers k, each with chance p_k / Σ p: the first k with u Σ p < p_0 + … + p_k."""
    upto = np.cumsum(chances)
    return np.asarray(np.searchsorted(upto, uniform(rng, (n,)) * upto[-1], side="right"), np.int64)


def natural_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """log x = e log 2 + 2 (s + s³/3 + s⁵/5 + …), s = (m − 1) / (m + 1), where x = 2ᵉ m > 0

    and √½ ≤ m < √2.
    """
    m, e = np.frexp(x)
    low = m < math.sqrt(0.5)
    m, e = np.where(low, 2 * m, m), np.where(low, e - 1, e)
    s = (m - 1) / (m + 1)
    series = _polynomial([1 / (2 * k + 1) for k in range(13)], s * s)  # to 1e-19 of the sum
    return np.asarray(e * LOG_2_TAIL + 2 * s * series + e * LOG_2)


def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Φ⁻¹(u) for 0 < u < 1: in q = u − ½ near the middle, in √(−log min(u, 1 − u)) outside."""
    q = u - 0.5
    x = q * _ratio(MIDDLE, 0.180625 - q * q)
    outside = abs(q) > 0.425
    r = np.sqrt(-natural_log(np.minimum(u, 1 - u)[outside]))
    tail = np.where(r <= 5, _ratio(TAIL, r - 1.6), _ratio(FAR_TAIL, r - 5))
    x[outside] = np.where(q[outside] < 0, -tail, tail)
    return x


# fmt: off
MIDDLE: Coefficients = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)
TAIL: Coefficients = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)
FAR_TAIL: Coefficients = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)
# fmt: on


def _ratio(coefficients: Coefficients, x: NDArray[np.float64]) -> NDArray[np.float64]:
    above, below = coefficients
    return _polynomial(above, x) / _polynomial(below, x)


def _polynomial(coefficients: Sequence[float], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σ c_k xᵏ by Horner's rule, one array operation at a time: none is fused with another."""
    y = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        y = y * x + c
    return y


def _inside(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """(⌊w / 2¹²⌋ + ½) / 2⁵² of a word w: exact, in (0, 1), and as likely as 1 minus it."""
    return np.asarray(((_words(rng, shape) >> np.uint64(12)) + 0.5) * 2.0**-52)


def _words(rng: np.random.Generator, shape: Shape) -> NDArray[np.uint64]:
    """The generator's next words, one for each number of the shape, in order."""
    if isinstance(rng.bit_generator, np.random.MT19937):
        raise TypeError("draws: expected a generator of words of 64 bits, received MT19937")
    return np.asarray(rng.bit_generator.random_raw(math.prod(shape)), np.uint64)


def _rounded(x: NDArray[np.float64], shape: Shape, dtype: Any) -> NDArray[Any]:
    """In float32 rounded, in float64 as it is. Raises TypeError for another dtype."""
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"draws: expected dtype float32 or float64, received {dtype}")
    return np.asarray(x, dtype).reshape(shape)
