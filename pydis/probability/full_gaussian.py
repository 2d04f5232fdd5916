"""The Gaussian with any covariance Σ = L Lᵀ, held as its mean and the triangular factor L.

Every quantity is a sum over a solution of L y = b, so Σ is never inverted. For small numbers of
coordinates: the work for each example grows with the cube.
"""

from dataclasses import dataclass

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import exp, log, matmul, reshape, square, sum, transpose, triangular_solve
from pydis.backends.draws import normal
from pydis.probability.gaussian import LOG_2PI, Gaussian, library


@dataclass(frozen=True)
class FullGaussian:
    """N(μ, L Lᵀ) for each example: `mean` `[N, D]` and `factor` `[N, D, D]`, lower triangular.

    What stands above the diagonal of `factor` is not read. Raises ValueError where the shapes do
    not fit, and where the diagonal is not positive.
    """

    mean: Value
    factor: Value

    def __post_init__(self) -> None:
        mean, factor = self.mean.shape, self.factor.shape
        if len(mean) != 2 or factor != (*mean, mean[1]):
            raise ValueError(
                f"FullGaussian: expected mean [N, D] and factor [N, D, D], received {mean} "
                f"and {factor}"
            )
        if not (stop_gradient(self.factor).diagonal(axis1=1, axis2=2) > 0).all():
            raise ValueError("FullGaussian: the diagonal of the factor must be positive")

    @property
    def covariance(self) -> Value:
        """Σ = L Lᵀ, `[N, D, D]`."""
        lower = lower_triangle(self.factor)
        return matmul(lower, transpose(lower, axes=(0, 2, 1)))

    def log_prob(self, x: Value) -> Value:
        """log p(x) = −½ [|L⁻¹ (x − μ)|² + log det Σ + D log 2π]  (eq:full-gaussian), `[N]`.

        log det Σ = 2 Σ_i log L_ii. Raises ValueError where x has another shape than the mean.
        """
        if x.shape != self.mean.shape:
            raise ValueError(f"FullGaussian: x of shape {x.shape} for means {self.mean.shape}")
        n, d = self.mean.shape
        y = triangular_solve(self.factor, reshape(x - self.mean, shape=(n, d, 1)))
        return -0.5 * (sum(square(y), axis=(1, 2)) + d * LOG_2PI) - half_log_det(self.factor)

    def sample(self, rng: np.random.Generator) -> Value:
        """x = μ + L ε with ε ~ N(0, I): differentiable in μ and L  (eq:full-reparameterisation)."""
        n, d = self.mean.shape
        noise = library(self.mean).asarray(normal(rng, (n, 1, d), self.mean.dtype))
        return self.mean + sum(lower_triangle(self.factor) * noise, axis=2)

    def entropy(self) -> Value:
        """H = ½ [log det Σ + D log 2π + D]  (eq:full-gaussian-entropy), `[N]`."""
        return half_log_det(self.factor) + 0.5 * self.mean.shape[1] * (LOG_2PI + 1)


def kl_full_gaussian(q: FullGaussian, p: FullGaussian) -> Value:
    """½ [|L_p⁻¹ L_q|² + |L_p⁻¹ (μ_q − μ_p)|² − D + log det Σ_p − log det Σ_q], `[N]`

    (eq:full-gaussian-kl); |A|² is the sum of squares, here the trace of Σ_p⁻¹ Σ_q. Raises
    ValueError where the shapes differ.
    """
    if q.mean.shape != p.mean.shape:
        raise ValueError(f"kl: shapes {q.mean.shape} and {p.mean.shape} differ")
    n, d = q.mean.shape
    spread = triangular_solve(p.factor, lower_triangle(q.factor))
    gap = triangular_solve(p.factor, reshape(q.mean - p.mean, shape=(n, d, 1)))
    squares = sum(square(spread), axis=(1, 2)) + sum(square(gap), axis=(1, 2))
    return 0.5 * (squares - float(d)) + half_log_det(p.factor) - half_log_det(q.factor)


def kl_full_diagonal(q: FullGaussian, p: Gaussian) -> Value:
    """KL(q ‖ p) of a full q from a diagonal p."""
    return kl_full_gaussian(q, with_full_factor(p))


def kl_diagonal_full(q: Gaussian, p: FullGaussian) -> Value:
    """KL(q ‖ p) of a diagonal q from a full p."""
    return kl_full_gaussian(with_full_factor(q), p)


def with_full_factor(q: Gaussian) -> FullGaussian:
    """The same distribution with L = diag σ. Raises ValueError unless its means are `[N, D]`."""
    if len(q.mean.shape) != 2:
        raise ValueError(f"with_full_factor: expected means [N, D], received {q.mean.shape}")
    n, d = q.mean.shape
    sigma = reshape(exp(0.5 * q.log_variance), shape=(n, d, 1))
    return FullGaussian(q.mean, sigma * library(q.mean).eye(d, dtype=q.mean.dtype))


def lower_triangle(factor: Value) -> Value:
    """The factor with zeros above its diagonal."""
    return factor * library(factor).tri(factor.shape[1], dtype=factor.dtype)


def half_log_det(factor: Value) -> Value:
    """½ log det L Lᵀ = Σ_i log L_ii, `[N]`."""
    eye: Array = library(factor).eye(factor.shape[1], dtype=factor.dtype)
    return sum(log(sum(factor * eye, axis=2)), axis=1)
