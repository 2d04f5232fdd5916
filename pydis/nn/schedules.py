"""The learning rate as a function of the step: η(t), with t = 0 before the first update.

A rule of `update_rules.py` takes a number or any function of the step. The ones below are records,
so two configurations can be compared and printed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Rate: TypeAlias = float | Callable[[int], float]
"""A learning rate: one number, or a function of the number of updates made so far."""


@dataclass(frozen=True)
class ConstantRate:
    """η(t) = η."""

    rate: float

    def __post_init__(self) -> None:
        at_least_0("ConstantRate", rate=self.rate)

    def __call__(self, t: int) -> float:
        return self.rate


@dataclass(frozen=True)
class LinearRate:
    """η(t) = η₀ + (η₁ − η₀) min(t / T, 1)  (eq:linear-rate)"""

    first: float
    last: float
    steps: int

    def __post_init__(self) -> None:
        at_least_0("LinearRate", first=self.first, last=self.last)
        at_least_1("LinearRate", steps=self.steps)

    def __call__(self, t: int) -> float:
        return self.first + (self.last - self.first) * min(t / self.steps, 1.0)


@dataclass(frozen=True)
class CosineRate:
    """η(t) = η₁ + ½ (η₀ − η₁) (1 + cos π min(t / T, 1))  (eq:cosine-rate)

    Loshchilov and Hutter 2017, equation 5, without restarts.
    """

    first: float
    last: float
    steps: int

    def __post_init__(self) -> None:
        at_least_0("CosineRate", first=self.first, last=self.last)
        at_least_1("CosineRate", steps=self.steps)

    def __call__(self, t: int) -> float:
        share = min(t / self.steps, 1.0)
        return self.last + 0.5 * (self.first - self.last) * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class WarmUp:
    """η(t) = η(0) (t + 1) / T for t < T, then η(t − T) of the rate that follows  (eq:warm-up)"""

    then: Rate
    steps: int

    def __post_init__(self) -> None:
        check_rate("WarmUp", self.then)
        at_least_1("WarmUp", steps=self.steps)

    def __call__(self, t: int) -> float:
        if t >= self.steps:
            return rate_after(self.then, t - self.steps)
        return rate_after(self.then, 0) * (t + 1) / self.steps


def rate_after(rate: Rate, steps: int) -> float:
    """η after a number of updates, a Python float: it takes the dtype of the arrays beside it.

    Raises ValueError where a schedule gives a number that is negative or not finite.
    """
    value = float(rate(steps)) if callable(rate) else float(rate)
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"learning rate at step {steps}: expected finite and >= 0, is {value}")
    return value


def check_rate(owner: str, rate: Rate) -> None:
    """Raise ValueError for a number that is no learning rate."""
    if not callable(rate):
        at_least_0(owner, learning_rate=rate)


def at_least_0(owner: str, **numbers: float) -> None:
    """Raise ValueError naming a number that is negative or not finite."""
    for name, value in numbers.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{owner}: {name}: expected a finite number >= 0, received {value}")


def below_1(owner: str, **numbers: float) -> None:
    """Raise ValueError naming a number outside [0, 1)."""
    for name, value in numbers.items():
        if not 0 <= value < 1:
            raise ValueError(f"{owner}: {name}: expected a number in [0, 1), received {value}")


def at_least_1(owner: str, **numbers: Any) -> None:
    """Raise ValueError naming a number that is no whole number above 0."""
    for name, value in numbers.items():
        if not (isinstance(value, int) and value >= 1):
            raise ValueError(f"{owner}: {name}: expected a whole number >= 1, received {value}")
