"""The uniform distribution on a box, held as its lowest and highest corner."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import log, sum
from pydis.backends.draws import uniform
from pydis.probability.gaussian import coordinates, library


@dataclass(frozen=True)
class Uniform:
    """Independent coordinates, each uniform on [low, high]: `low` and `high` of shape `[N, …]`.

    Raises ValueError where the shapes differ or low < high does not hold.
    """

    low: Value
    high: Value

    def __post_init__(self) -> None:
        if self.low.shape != self.high.shape:
            raise ValueError(f"Uniform: low of shape {self.low.shape}, high of {self.high.shape}")
        if not (stop_gradient(self.low) < stop_gradient(self.high)).all():
            raise ValueError("Uniform: expected low < high everywhere")

    def log_prob(self, x: Value) -> Value:
        """log p(x) = −Σ_i log(high_i − low_i) in the box, −∞ outside  (eq:uniform), `[N]`.

        Constant in x on either side of the border, so no derivative by x is recorded. Raises
        ValueError where x has another shape than the corners.
        """
        if x.shape != self.low.shape:
            raise ValueError(f"Uniform: x of shape {x.shape} for a box of shape {self.low.shape}")
        x = stop_gradient(x)
        inside = (stop_gradient(self.low) <= x) & (x <= stop_gradient(self.high))
        return infinite_unless(inside, -np.inf, x.dtype) - self.entropy()

    def sample(self, rng: np.random.Generator) -> Value:
        """x = low + (high − low) u with u uniform on [0, 1): differentiable in both corners."""
        low = stop_gradient(self.low)
        draws = library(low).asarray(uniform(rng, low.shape, low.dtype))
        return self.low + (self.high - self.low) * draws

    def entropy(self) -> Value:
        """H = Σ_i log(high_i − low_i)  (eq:uniform-entropy), `[N]`."""
        terms = log(self.high - self.low)
        return sum(terms, axis=coordinates(terms))


def kl_uniform(q: Uniform, p: Uniform) -> Value:
    """KL(q ‖ p) = Σ_i log |p_i| / |q_i| where q lies in p, else +∞  (eq:uniform-kl), `[N]`.

    |q_i| is the width high − low of q in coordinate i. Raises ValueError where the shapes differ.
    """
    if q.low.shape != p.low.shape:
        raise ValueError(f"kl: shapes {q.low.shape} and {p.low.shape} differ")
    q_low, q_high, p_low, p_high = map(stop_gradient, (q.low, q.high, p.low, p.high))
    inside = (p_low <= q_low) & (q_high <= p_high)
    return infinite_unless(inside, np.inf, q.low.dtype) + p.entropy() - q.entropy()


def infinite_unless(inside: Array, outside: float, dtype: Any) -> Array:
    """0 for an example all of whose coordinates are inside, else ±∞ as given, `[N]`."""
    every = inside.reshape(len(inside), -1).all(axis=1)
    return library(every).where(every, 0.0, outside).astype(dtype)
