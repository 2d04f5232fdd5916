"""Φ in the tail, where 1 + erf has nothing left: relative to its own size, against 50 digits."""

import math
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from pydis.autodiff import ops
from pydis.backends import special

ROOT_2_PI = Decimal("2.5066282746310005024157652848110452530069867406099")
X = np.concatenate([np.linspace(-37, 8, 91), [-1e-9, 0.0, 1e-9, -0.7, -12.3456789]])
EPS = float(np.finfo(np.float64).eps)


def exact(x: float) -> float:
    """Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/15 + …), or φ(x) / (|x| + 1 / (|x| + 2 / (|x| + …))) for

    x < −2, in 50 digits.
    """
    with localcontext(prec=50):
        d = Decimal(x)
        density = (-d * d / 2).exp() / ROOT_2_PI
        if x < -2:
            below = -d
            for n in range(400, 0, -1):
                below = -d + n / below
            return float(density / below)
        term = total = d
        for n in range(1, 400):
            term *= d * d / (2 * n + 1)
            total += term
        return float(Decimal("0.5") + density * total)


def worst(values: Any) -> float:
    """The largest relative error, in ε."""
    right = np.array([exact(x) for x in X.tolist()])
    return float(np.max(abs(values - right) / right)) / EPS


def test_the_normal_distribution_function_is_relatively_accurate() -> None:
    """Negative controls: erfc of the rounded argument, and 1 + erf, which is 0 in the tail."""
    assert worst(special.ndtr(X)) < 4
    assert worst(ops.normal_cdf(X)) < 4
    assert worst(np.array([math.erfc(-x / math.sqrt(2)) / 2 for x in X])) > 100
    assert worst((1 + special.erf(X / math.sqrt(2))) / 2) > 1 / EPS / 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges_of_the_normal_distribution_function(dtype: Any) -> None:
    x = np.array([-np.inf, -1e30, -50, 0, 50, 1e30, np.inf, np.nan], dtype)
    y = special.ndtr(x)
    assert y.dtype == dtype and np.isnan(y[-1])
    assert y[:-1].tolist() == [0, 0, 0, 0.5, 1, 1, 1]
    assert special.ndtr(np.array(0.0, dtype)).shape == ()
    fine = np.linspace(-38, 9, 5000).astype(dtype)
    assert np.all(np.diff(special.ndtr(fine)) >= 0)
