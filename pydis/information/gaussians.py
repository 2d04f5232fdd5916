"""Information of Gaussians with any covariance Σ, by its determinants, in nats.

The divergence of two Gaussians is `pydis.probability.kl`. These functions take Σ itself, `[D, D]`,
so a sample covariance can be given. An entropy of a density can be negative, and grows with scale.
"""

from math import log as ln
from math import pi

import numpy as np

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import cholesky, log, sum
from pydis.autodiff.ops.solve import identity
from pydis.autodiff.tensor import as_floating


def gaussian_entropy(covariance: Value) -> Value:
    """h = ½ [log det Σ + D log 2π + D]  (eq:covariance-entropy).

    Raises ValueError unless Σ is `[D, D]`, symmetric and positive definite.
    """
    check_covariance("gaussian_entropy", covariance)
    d = covariance.shape[0]
    return 0.5 * (_log_det("gaussian_entropy", covariance) + d * (ln(2 * pi) + 1))


def gaussian_mutual_information(covariance: Value, first: int) -> Value:
    """I(X; Y) = ½ [log det Σ_XX + log det Σ_YY − log det Σ]  (eq:gaussian-mutual-information).

    X are the `first` coordinates, Y the others. For one of each it is −½ log(1 − ρ²). Raises
    ValueError as `gaussian_entropy`, and where X or Y has no coordinate.
    """
    op = "gaussian_mutual_information"
    check_covariance(op, covariance)
    if not 0 < first < covariance.shape[0]:
        raise ValueError(f"{op}: expected first in 1 … {covariance.shape[0] - 1}, received {first}")
    x, y = covariance[:first, :first], covariance[first:, first:]
    return 0.5 * (_log_det(op, x) + _log_det(op, y) - _log_det(op, covariance))


def gaussian_total_correlation(covariance: Value) -> Value:
    """TC = ½ [Σ_i log Σ_ii − log det Σ]  (eq:gaussian-total-correlation).

    Raises ValueError as `gaussian_entropy`.
    """
    op = "gaussian_total_correlation"
    check_covariance(op, covariance)
    log_det = _log_det(op, covariance)  # first, because it refuses what has no logarithm
    return 0.5 * (sum(log(sum(covariance * identity(covariance), axis=1))) - log_det)


def check_covariance(op: str, covariance: Value) -> None:
    """Raise ValueError, naming `op`, unless Σ is `[D, D]`, finite, and symmetric to rounding.

    TypeError unless it is real.
    """
    data = as_floating(stop_gradient(covariance), op)
    if data.dtype.kind != "f":
        raise TypeError(f"{op}: expected a real covariance, received dtype {data.dtype}")
    if data.ndim != 2 or data.shape[0] != data.shape[1] or data.shape[0] == 0:
        raise ValueError(f"{op}: expected a covariance [D, D], received shape {data.shape}")
    largest, off = float(abs(data).max()), float(abs(data - data.T).max())
    if not off <= 64 * float(np.finfo(data.dtype).eps) * largest < float("inf"):
        raise ValueError(
            f"{op}: expected a finite symmetric covariance, off by {off:.3g} beside {largest:.3g}"
        )


def _log_det(op: str, covariance: Value) -> Value:
    """log det Σ = 2 Σ_i log L_ii of the factor. Raises ValueError unless positive definite."""
    try:
        factor = cholesky(covariance)
    except np.linalg.LinAlgError:
        raise ValueError(f"{op}: expected a positive definite covariance, it is not") from None
    return 2.0 * sum(log(sum(factor * identity(factor), axis=1)))
