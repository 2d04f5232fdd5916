"""Check derivatives of any order against differences of the function itself.

For y = f(x), random directions v of one input and u of the output must satisfy

    <u, ∂f/∂x v>  =  <(∂f/∂x)ᵀ u, v>,

the left side by differences, the right side by `grad` (eq:adjoint). For the next order the pullback
(ȳ, x) ↦ x̄ is itself taken as the function, differentiated in its operands *and* in its cotangent.
A first-order check cannot see a pullback that forgets its inputs; the second order does.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from pydis.autodiff.reverse import grad
from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.backends import Array
from pydis.backends.draws import normal

Function = Callable[..., Value]
Several = Callable[..., tuple[Value, ...]]
STEP = 1e-3


class GradientError(AssertionError):
    """A derivative disagrees with the differences of its function."""


class Comparison(NamedTuple):
    """<u, ∂f/∂x v> by differences and by `grad`, for one argument of f or of its pullback."""

    order: int
    argument: str
    numerical: float
    analytical: float
    allowed: float

    def holds(self) -> bool:
        """Whether the two agree. Anything that is not a number does not."""
        return abs(self.numerical - self.analytical) <= self.allowed

    def __str__(self) -> str:
        return (
            f"order {self.order}, argument {self.argument}: numerical {self.numerical:.12g}, "
            f"analytical {self.analytical:.12g}, allowed difference {self.allowed:.1g}"
        )


def check_gradients(
    f: Function,
    xs: Sequence[Array],
    *,
    rng: np.random.Generator,
    order: int = 2,
    directions: int = 2,
    tolerance: float = 1e-7,
    name: str = "f",
) -> int:
    """Check the derivatives of f at xs up to `order` (eq:adjoint); return how many were compared.

    f takes as many tensors as there are arrays in `xs` (float64) and returns one tensor. The
    `tolerance` is relative to the sum of the absolute terms of <u, ∂f/∂x v>, plus 0.001 for where
    all of them vanish. Raises GradientError naming order, argument (`x0` is the first input, `bar0`
    the first cotangent) and both values; TypeError for arrays of another precision.
    """
    for x in xs:
        if x.dtype != np.float64:
            raise TypeError(f"check_gradients: differences need float64, received {x.dtype}")

    def as_several(*values: Value) -> tuple[Value, ...]:
        return (f(*values),)

    report: list[Comparison] = []
    function: Several = as_several
    arrays, names = list(xs), [f"x{i}" for i in range(len(xs))]
    for level in range(1, order + 1):
        outputs = function(*[Tensor(x) for x in arrays])
        pulled = _pullback_of(function, len(outputs))
        for _ in range(directions):
            us = [normal(rng, y.shape) for y in outputs]
            report += _compare(function, pulled, us, arrays, names, rng, tolerance, level)
        us = [normal(rng, y.shape) for y in outputs]
        function, arrays = pulled, us + arrays
        names = [f"bar{i}" for i in range(len(us))] + names
    failures = [r for r in report if not r.holds()]
    if failures:
        lines = "\n  ".join(str(r) for r in failures)
        raise GradientError(f"{name}: {len(failures)} of {len(report)} checks fail\n  {lines}")
    return len(report)


def _compare(
    f: Several,
    pulled: Several,
    us: list[Array],
    xs: list[Array],
    names: list[str],
    rng: np.random.Generator,
    tolerance: float,
    level: int,
) -> list[Comparison]:
    """One comparison for each argument of f, all with the directions `us` of its outputs."""
    cotangents = pulled(*[Tensor(u) for u in us], *[Tensor(x) for x in xs])
    report = []
    for argument, (x, x_bar) in enumerate(zip(xs, cotangents, strict=True)):
        v = normal(rng, x.shape)
        change = [u * d for u, d in zip(us, _difference(f, xs, argument, v), strict=True)]
        terms = stop_gradient(x_bar) * v
        numerical = float(sum(np.sum(c) for c in change))
        size = float(sum(np.sum(abs(c)) for c in change)) + float(np.sum(abs(terms)))
        allowed = tolerance * (1e-3 + size)
        report.append(Comparison(level, names[argument], numerical, float(np.sum(terms)), allowed))
    return report


def _pullback_of(f: Several, n: int) -> Several:
    """(ȳ_1 … ȳ_n, x_1 …) ↦ (x̄_1 …), as a function of all of them.

    One sweep for each output: of the ops that may be on trial, the check itself needs only `add`.
    """

    def pulled(*values: Tensor) -> tuple[Value, ...]:
        y_bars, xs = values[:n], values[n:]
        total: list[Value] = []
        for y, y_bar in zip(f(*xs), y_bars, strict=True):
            y = y if isinstance(y, Tensor) else Tensor(y)  # an array is constant in every x
            x_bars = grad(y, xs, y_bar, differentiable=True, allow_unused=True)
            total = [a + b for a, b in zip(total, x_bars, strict=True)] if total else x_bars
        return tuple(total)

    return pulled


def _difference(f: Several, xs: list[Array], argument: int, v: Array) -> list[Array]:
    """∂f/∂x v by central differences at h and h/2, extrapolated: error of order h⁴."""

    def at(h: float) -> list[Array]:
        moved = [x + h * v if i == argument else x for i, x in enumerate(xs)]
        return [stop_gradient(y) for y in f(*[Tensor(x) for x in moved])]

    h = STEP / max(1.0, float(np.max(abs(v), initial=0.0)))
    wide = [(a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]
    narrow = [(a - b) / h for a, b in zip(at(h / 2), at(-h / 2), strict=True)]
    return [(4 * n - w) / 3 for n, w in zip(narrow, wide, strict=True)]
