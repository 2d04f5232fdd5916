"""Functions that no formula of exponentials gives: `k.special` computes them.

Each derivative is an exponential or another function of this page, so all orders exist.
"""

from math import pi, sqrt

from pydis.autodiff.ops.elementwise import elementwise
from pydis.autodiff.ops.transcendental import exp, log
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@elementwise
def xlogy(k: Kernels, x: Array, y: Array) -> Array:
    """z = x log y, and 0 where x = 0, whatever y is;  dz = log(y) dx + (x / y) dy.

    The derivative is that of x log y for y > 0: at x = 0 it is log(y) dx.
    """
    nothing = x == 0
    return k.xp.where(nothing, x, x * k.xp.log(k.xp.where(nothing, k.xp.ones_like(y), y)))


@xlogy.pullback
def _(z_bar: Value, z: Value, x: Value, y: Value) -> Value:
    return lambda: log(y) * z_bar, lambda: x / y * z_bar


@elementwise
def erf(k: Kernels, x: Array) -> Array:
    """y = 2/√π ∫₀ˣ exp(−t²) dt,  dy = 2/√π exp(−x²) dx."""
    return k.special.erf(x)


@erf.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return 2.0 / sqrt(pi) * exp(-(x * x)) * y_bar


@elementwise
def normal_cdf(k: Kernels, x: Array) -> Array:
    """y = Φ(x), how likely a standard normal number is below x;  dy = exp(−x²/2) / √2π dx.

    To a few units of Φ's own last place, however small it is.
    """
    return k.special.ndtr(x)


@normal_cdf.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return 1.0 / sqrt(2.0 * pi) * exp(-0.5 * (x * x)) * y_bar


@elementwise
def lgamma(k: Kernels, x: Array) -> Array:
    """y = log Γ(x) for x > 0, not a number elsewhere;  dy = ψ(x) dx."""
    return k.special.gammaln(x)


@lgamma.pullback
def _(y_bar: Value, y: Value, x: Value) -> Value:
    return digamma(x) * y_bar


@elementwise
def polygamma(k: Kernels, x: Array, *, order: int) -> Array:
    """y = ψ⁽ⁿ⁾(x), derivative n + 1 of log Γ, for x > 0;  dy = ψ⁽ⁿ⁺¹⁾(x) dx."""
    return k.special.polygamma(order, x)


@polygamma.pullback
def _(y_bar: Value, y: Value, x: Value, *, order: int) -> Value:
    return polygamma(x, order=order + 1) * y_bar


def digamma(x: Value) -> Value:
    """ψ(x), the derivative of log Γ, for x > 0."""
    return polygamma(x, order=0)
