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

from pydis.autodiff.ops import sum
from pydis.autodiff.reverse import grad
from pydis.autodiff.tensor import Array, Tensor, Value

Function = Callable[..., Value]
STEP = 1e-3


class GradientError(AssertionError):
    """A derivative disagrees with the differences of its function."""


class _Disagreement(NamedTuple):
    order: int
    argument: int
    numerical: float
    analytical: float
    allowed: float

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

    f takes as many tensors as there are arrays in `xs` (float64) and returns one tensor. `tolerance`
    is relative to the sum of the absolute terms of <u, ∂f/∂x v>. Raises GradientError naming order,
    argument and both values; TypeError for arrays of another precision.
    """
    for x in xs:
        if x.dtype != np.float64:
            raise TypeError(f"check_gradients: differences need float64, received {x.dtype}")
    report = _check(lambda *ts: (f(*ts),), list(xs), rng, order, directions, tolerance, 1)
    failures = [r for r in report if abs(r.numerical - r.analytical) > r.allowed]
    if failures:
        lines = "\n  ".join(str(r) for r in failures)
        raise GradientError(f"{name}: {len(failures)} of {len(report)} checks fail\n  {lines}")
    return len(report)


def _check(
    f: Callable[..., tuple[Value, ...]],
    xs: list[Array],
    rng: np.random.Generator,
    order: int,
    directions: int,
    tolerance: float,
    level: int,
) -> list[_Disagreement]:
    """Compare at this order, then go on with the pullback as the function."""
    outputs = f(*[Tensor(x) for x in xs])
    pulled = _pullback_of(f, len(outputs))
    report: list[_Disagreement] = []
    for _ in range(directions):
        us = [rng.standard_normal(y.shape) for y in outputs]
        cotangents = pulled(*[Tensor(u) for u in us], *[Tensor(x) for x in xs])
        for argument, (x, x_bar) in enumerate(zip(xs, cotangents, strict=True)):
            v = rng.standard_normal(x.shape)
            change = [(u * d) for u, d in zip(us, _difference(f, xs, argument, v), strict=True)]
            terms = x_bar.data * v
            numerical = float(np.sum([np.sum(c) for c in change]))
            size = float(np.sum([np.sum(abs(c)) for c in change])) + float(np.sum(abs(terms)))
            report.append(
                _Disagreement(
                    level, argument, numerical, float(np.sum(terms)), tolerance * (1e-3 + size)
                )
            )
    if order > 1:
        us = [rng.standard_normal(y.shape) for y in outputs]
        report += _check(pulled, us + xs, rng, order - 1, directions, tolerance, level + 1)
    return report


def _pullback_of(f: Callable[..., tuple[Value, ...]], n: int) -> Callable[..., tuple[Value, ...]]:
    """(ȳ_1 … ȳ_n, x_1 …) ↦ (x̄_1 …), as a function of all of them."""

    def pulled(*values: Tensor) -> tuple[Value, ...]:
        y_bars, xs = values[:n], values[n:]
        ys = f(*xs)
        scalar = _add_up([sum(y * y_bar) for y, y_bar in zip(ys, y_bars, strict=True)])
        return tuple(grad(scalar, xs, differentiable=True, allow_unused=True))

    return pulled


def _add_up(values: list[Value]) -> Value:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _difference(
    f: Callable[..., tuple[Value, ...]], xs: list[Array], argument: int, v: Array
) -> list[Array]:
    """∂f/∂x v by central differences at h and h/2, extrapolated: error of order h⁴."""

    def at(h: float) -> list[Array]:
        moved = [x + h * v if i == argument else x for i, x in enumerate(xs)]
        return [y.data for y in f(*[Tensor(x) for x in moved])]

    h = STEP / max(1.0, float(np.max(abs(v), initial=0.0)))
    wide = [(a - b) / (2 * h) for a, b in zip(at(h), at(-h), strict=True)]
    narrow = [(a - b) / h for a, b in zip(at(h / 2), at(-h / 2), strict=True)]
    return [(4 * n - w) / 3 for n, w in zip(narrow, wide, strict=True)]
