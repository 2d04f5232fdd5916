"""Information of Gaussians against their density, NumPy's determinants, and fine tables."""

import math
from typing import Any

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from strategies import seeds

from pydis.autodiff import Tensor, check_gradients
from pydis.autodiff.ops import matmul, transpose
from pydis.information import (
    gaussian_entropy,
    gaussian_mutual_information,
    gaussian_total_correlation,
    mutual_information,
)
from pydis.probability import FullGaussian, Gaussian, kl

Array = Any
EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)


def covariances(seed: int, d: int = 4) -> Array:
    """A Aᵀ + I/2: the condition number is below 200 for these entries, errors below 1e-12."""
    a = np.random.default_rng(seed).uniform(-1.5, 1.5, (d, d))
    s = a @ a.T + 0.5 * np.eye(d)
    return (s + s.T) / 2


def log_det(s: Array) -> float:
    return float(np.linalg.slogdet(s)[1])


@given(seeds)
@verifies("eq:covariance-entropy", "pydis.information.gaussians.gaussian_entropy")
@verifies(
    "eq:gaussian-mutual-information", "pydis.information.gaussians.gaussian_mutual_information"
)
@verifies("eq:gaussian-total-correlation", "pydis.information.gaussians.gaussian_total_correlation")
def test_formulas_of_determinants(seed: int) -> None:
    s = covariances(seed)
    h = 0.5 * log_det(2 * math.pi * math.e * s)
    known = 0.5 * (log_det(s[:1, :1]) + log_det(s[1:, 1:]) - log_det(s))
    total = 0.5 * (np.log(np.diag(s)).sum() - log_det(s))
    assert abs(gaussian_entropy(s) - h) <= 1e-12
    assert abs(gaussian_mutual_information(s, 1) - known) <= 1e-12
    assert abs(gaussian_total_correlation(s) - total) <= 1e-12
    assert gaussian_entropy(Tensor(s)).data == gaussian_entropy(s)
    single = s.astype(np.float32)
    assert gaussian_total_correlation(single).dtype == np.float32
    assert abs(gaussian_total_correlation(single) - total) <= 1e3 * 64 * EPS32


@given(seeds)
@verifies("eq:covariance-entropy", "pydis.information.gaussians.gaussian_entropy")
def test_information_is_what_entropies_lack(seed: int) -> None:
    """I = h(X) + h(Y) − h, chains of it give the total correlation, which is a divergence."""
    s = covariances(seed)
    x, y = s[:2, :2], s[2:, 2:]
    known = gaussian_mutual_information(s, 2)
    assert abs(known - (gaussian_entropy(x) + gaussian_entropy(y) - gaussian_entropy(s))) <= 1e-12
    chain = sum(gaussian_mutual_information(s[:k, :k], k - 1) for k in (2, 3, 4))
    assert abs(gaussian_total_correlation(s) - chain) <= 1e-12
    zero = np.zeros((1, 4))
    q = FullGaussian(zero, np.linalg.cholesky(s)[None])
    p = Gaussian(zero, np.log(np.diag(s))[None])
    assert abs(gaussian_total_correlation(s) - kl(q, p)[0]) <= 1e-12
    assert abs(gaussian_entropy(s) - q.entropy()[0]) <= 1e-12
    assert known >= -1e-12
    scaled = s * np.outer([1, 2, 3, 4], [1, 2, 3, 4])
    assert abs(gaussian_mutual_information(scaled, 2) - known) <= 1e-12
    assert abs(gaussian_entropy(scaled) - gaussian_entropy(s) - math.log(24)) <= 1e-12


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.9])
@verifies(
    "eq:gaussian-mutual-information", "pydis.information.gaussians.gaussian_mutual_information"
)
@verifies("eq:gaussian-total-correlation", "pydis.information.gaussians.gaussian_total_correlation")
def test_of_two_coordinates_it_is_a_function_of_correlation(rho: float) -> None:
    """−½ log(1 − ρ²).

    A table of the density at points 0.1 apart has it too: sums of smooth functions converge faster
    than any power of the distance, and what lies beyond 6 deviations weighs less than 1e-8.
    """
    s = np.array([[4.0, 2 * rho], [2 * rho, 1.0]])
    expected = -0.5 * math.log1p(-(rho**2))
    assert abs(gaussian_mutual_information(s, 1) - expected) <= 8 * EPS
    assert abs(gaussian_total_correlation(s) - expected) <= 8 * EPS
    at = np.arange(-60, 61) / 10
    quadratic = (at[:, None] ** 2 - 2 * rho * np.outer(at, at) + at**2) / (1 - rho**2)
    cells = np.exp(-quadratic / 2)
    assert abs(mutual_information(cells / cells.sum()) - expected) <= 1e-7


def test_a_mutant_is_rejected() -> None:
    """Half forgotten, or the correlation in the place of its square."""
    s = np.array([[1.0, 0.3], [0.3, 1.0]])
    for wrong in (-math.log1p(-0.09), -0.5 * math.log1p(-0.3)):
        assert abs(gaussian_mutual_information(s, 1) - wrong) > 1e-2


@pytest.mark.parametrize(
    "f",
    [
        gaussian_entropy,
        lambda s: gaussian_mutual_information(s, 2),
        gaussian_total_correlation,
    ],
)
def test_gradients_to_second_order(f: Any) -> None:
    """Through A Aᵀ + I, which stays symmetric where the differences go."""
    rng = np.random.default_rng(5)
    a = rng.standard_normal((3, 3))
    found = check_gradients(
        lambda a: f(matmul(a, transpose(a, axes=(1, 0))) + np.eye(3)), [a], rng=rng
    )
    assert found > 0
