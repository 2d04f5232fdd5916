"""The Gaussian with diagonal covariance, N(μ, diag σ²), held as its mean and log-variance.

The first axis numbers the examples, the others are the coordinates of one draw. All values are in
nats, one for each example.
"""

from dataclasses import dataclass
from math import log, pi, prod
from typing import Any

import numpy as np

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import exp, sum
from pydis.backends import kernels_for
from pydis.backends.draws import normal

LOG_2PI = log(2 * pi)


@dataclass(frozen=True)
class Gaussian:
    """N(μ, diag σ²) for each example: `mean` and `log_variance` of one shape `[N, …]`.

    Raises ValueError where the shapes differ.
    """

    mean: Value
    log_variance: Value

    def __post_init__(self) -> None:
        if self.mean.shape != self.log_variance.shape:
            raise ValueError(
                f"Gaussian: mean of shape {self.mean.shape}, "
                f"log_variance of shape {self.log_variance.shape}"
            )

    def log_prob(self, x: Value) -> Value:
        """log p(x) = −½ Σ_i [(x_i − μ_i)² / σ_i² + log σ_i² + log 2π]  (eq:gaussian), `[N]`."""
        check_like("Gaussian.log_prob", x, self.mean)
        gap = x - self.mean
        terms = gap * gap * exp(-self.log_variance) + self.log_variance + LOG_2PI
        return -0.5 * sum(terms, axis=coordinates(terms))

    def sample(self, rng: np.random.Generator) -> Value:
        """x = μ + σ ε with ε ~ N(0, I): differentiable in μ and σ (eq:reparameterisation)."""
        mean = stop_gradient(self.mean)
        noise = library(mean).asarray(normal(rng, mean.shape, mean.dtype))
        return self.mean + exp(0.5 * self.log_variance) * noise

    def entropy(self) -> Value:
        """H = ½ Σ_i [log σ_i² + log 2π + 1]  (eq:gaussian-entropy), `[N]`."""
        axes = coordinates(self.log_variance)
        size = prod(self.log_variance.shape[1:])
        return 0.5 * sum(self.log_variance, axis=axes) + 0.5 * size * (LOG_2PI + 1)


def standard_normal_like(q: Gaussian) -> Gaussian:
    """N(0, I) of the shape of q: the prior of every variational autoencoder here."""
    zero = 0.0 * stop_gradient(q.mean)
    return Gaussian(zero, zero)


def kl_by_coordinate(q: Gaussian, p: Gaussian) -> Value:
    """½ [(σ_q² + (μ_q − μ_p)²) / σ_p² − 1 + log σ_p² − log σ_q²], of the shape of the means.

    A diagonal Gaussian has independent coordinates, so these sum to KL(q ‖ p) (eq:gaussian-kl).
    """
    check_like("kl", q.mean, p.mean)
    gap = q.mean - p.mean
    log_ratio = q.log_variance - p.log_variance
    return 0.5 * (exp(log_ratio) + gap * gap * exp(-p.log_variance) - 1.0 - log_ratio)


def kl_gaussian(q: Gaussian, p: Gaussian) -> Value:
    """KL(q ‖ p) = E_q[log q(z) − log p(z)] in closed form (eq:gaussian-kl), `[N]`."""
    terms = kl_by_coordinate(q, p)
    return sum(terms, axis=coordinates(terms))


def check_like(op: str, x: Value, parameter: Value) -> None:
    """Raise ValueError for another shape, TypeError for another dtype: a density of x broadcasts
    and casts nothing, or an example could silently meet another's parameters.
    """
    if x.shape != parameter.shape:
        raise ValueError(f"{op}: values of shape {x.shape}, parameters of shape {parameter.shape}")
    if x.dtype != parameter.dtype:
        raise TypeError(f"{op}: values of dtype {x.dtype}, parameters of dtype {parameter.dtype}")


def coordinates(x: Value) -> tuple[int, ...]:
    """All axes but the first."""
    return tuple(range(1, x.ndim))


def library(x: Value) -> Any:
    """NumPy, or the library of the device where x is: its `asarray` moves draws of an rng there."""
    return kernels_for("probability", [stop_gradient(x)]).xp
