"""What the functions of information refuse: each names itself, what is wrong, and by how much."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pydis.autodiff import Tensor
from pydis.information import (
    barber_agakov,
    conditional_entropy,
    conditional_mutual_information,
    cross_entropy,
    decompose_draws,
    decompose_table,
    donsker_varadhan,
    entropy,
    evidence_bound,
    gaussian_entropy,
    gaussian_mutual_information,
    gaussian_total_correlation,
    importance_weighted_bound,
    infonce,
    joint_entropy,
    js_divergence,
    kl_divergence,
    log_aggregate,
    mutual_information,
    nguyen_wainwright_jordan,
    self_information,
    stratified_sampling,
    total_correlation,
    weighted_sampling,
)

Array = Any
Call = Callable[..., Any]

SURE = np.array([1.0, 0.0])
EVEN = np.full((2, 2), 0.25)
ROWS = np.full((2, 2), 0.5)
ZERO = np.zeros(2)

TABLES: dict[str, tuple[Call, int]] = {
    "entropy": (entropy, 1),
    "joint_entropy": (joint_entropy, 2),
    "conditional_entropy": (conditional_entropy, 2),
    "mutual_information": (mutual_information, 2),
    "total_correlation": (total_correlation, 1),
    "conditional_mutual_information": (conditional_mutual_information, 3),
    "cross_entropy": (lambda p: cross_entropy(p, SURE), 1),
    "kl_divergence": (lambda q: kl_divergence(SURE, q), 1),
    "js_divergence": (lambda p: js_divergence(p, SURE), 1),
    "barber_agakov": (lambda p: barber_agakov(p, ROWS), 2),
    "donsker_varadhan": (lambda p: donsker_varadhan(p, SURE, ZERO), 1),
    "nguyen_wainwright_jordan": (lambda q: nguyen_wainwright_jordan(SURE, q, ZERO), 1),
    "evidence_bound": (lambda q: evidence_bound(q, ZERO), 1),
    "decompose_table": (lambda p: decompose_table(ROWS, [p]), 1),
}
"""Functions of one table in the place that is on trial, with the fewest axes that it must have."""

NO_TABLES: list[tuple[list[float], str]] = [
    ([0.5, 0.6], r"expected a sum of 1, received 1\.1, off by 0\.1"),
    ([0.5, 0.5 + 2e-9], "expected a sum of 1, received 1.000000002.*, off by 2e-09"),
    ([1.5, -0.5], r"expected probabilities >= 0, received -0\.5"),
    ([math.nan, 1.0], "expected probabilities >= 0, received nan"),
    ([math.inf, 1.0], "expected a sum of 1, received inf"),
    ([0.0, 0.0], r"expected a sum of 1, received 0\.0, off by -1"),
    ([], r"expected an outcome at least, received shape .*0,?\)"),
]


@pytest.mark.parametrize(("values", "message"), NO_TABLES)
@pytest.mark.parametrize("name", TABLES)
def test_what_is_no_table_is_refused(name: str, values: list[float], message: str) -> None:
    call, axes = TABLES[name]
    bad = np.array(values).reshape(*(1,) * (axes - 1), -1)
    for value in (bad, Tensor(bad)):
        with pytest.raises(ValueError, match=f"^{name}: {message}"):
            call(value)
    if len(values) == 2:  # the trial itself is sound
        call(np.array([0.5, 0.5]).reshape(*(1,) * (axes - 1), -1)) if axes != 2 else call(EVEN)


@pytest.mark.parametrize("name", TABLES)
def test_another_number_of_axes_is_refused(name: str) -> None:
    call, axes = TABLES[name]
    table = np.full((1,) * (axes - 1), 1.0)
    with pytest.raises(ValueError, match=rf"^{name}: expected a table of .*{axes} axes, received"):
        call(table)


GAUSSIANS = [
    gaussian_entropy,
    gaussian_total_correlation,
    lambda s: gaussian_mutual_information(s, 1),
]
NO_COVARIANCES: list[tuple[Array, str]] = [
    (np.ones(2), r"expected a covariance \[D, D\], received shape \(2,\)"),
    (np.ones((2, 3)), r"expected a covariance \[D, D\], received shape \(2, 3\)"),
    (np.ones((0, 0)), r"expected a covariance \[D, D\], received shape \(0, 0\)"),
    (np.array([[1, 0.5], [0.4, 1]]), "expected a finite symmetric covariance, off by 0.1 beside 1"),
    (np.full((2, 2), np.nan), "expected a finite symmetric covariance, off by nan"),
    (np.diag([np.inf, 1]), "expected a finite symmetric covariance"),
    (np.diag([1.0, -1.0]), "expected a positive definite covariance"),
    (np.diag([1.0, 0.0]), "expected a positive definite covariance"),
]


@pytest.mark.filterwarnings("ignore:invalid value encountered in subtract")
@pytest.mark.parametrize(("bad", "message"), NO_COVARIANCES)
@pytest.mark.parametrize("call", GAUSSIANS)
def test_what_is_no_covariance_is_refused(call: Call, bad: Array, message: str) -> None:
    with pytest.raises(ValueError, match=f"^gaussian_[a-z_]*: {message}"):
        call(bad)


@pytest.mark.parametrize("call", GAUSSIANS)
def test_a_complex_covariance_is_refused(call: Call) -> None:
    with pytest.raises(TypeError, match="expected a real covariance, received dtype complex128"):
        call(np.eye(2) + 0j)


PAIRS = np.zeros((3, 3, 2))
OTHERS: list[tuple[Call, str]] = [
    (lambda: cross_entropy(SURE, np.full(3, 1 / 3)), r"cross_entropy: .*\(2,\) and \(3,\)"),
    (lambda: kl_divergence(EVEN, np.full(4, 0.25)), r"kl_divergence: .*\(2, 2\) and \(4,\)"),
    (lambda: js_divergence(SURE, EVEN), r"js_divergence: .*\(2,\) and \(2, 2\)"),
    (lambda: conditional_entropy(EVEN, of="x"), "expected of='rows' or 'columns', received 'x'"),
    (lambda: self_information(np.array([1.5])), r"self_information: .*<= 1, received 1\.5"),
    (lambda: self_information(np.array([-0.5])), r"self_information: .*>= 0, received -0\.5"),
    (lambda: self_information(np.array([math.nan])), "self_information: .*received nan"),
    (lambda: gaussian_mutual_information(np.eye(2), 2), r"expected first in 1 … 1, received 2"),
    (lambda: gaussian_mutual_information(np.eye(2), 0), r"expected first in 1 … 1, received 0"),
    (lambda: barber_agakov(EVEN, EVEN), "barber_agakov: .*row 0 has 0.5, off by -0.5"),
    (lambda: barber_agakov(EVEN, np.ones((3, 1))), r"expected q \(2, 2\), received \(3, 1\)"),
    (lambda: barber_agakov(EVEN, SURE), r"barber_agakov: expected tables in 2 axes"),
    (lambda: infonce(np.zeros((2, 3))), r"infonce: expected scores \[K, K\], received .*\(2, 3\)"),
    (lambda: infonce(np.full((2, 2), -np.inf)), "infonce: .*that are finite, received -inf"),
    (lambda: donsker_varadhan(SURE, SURE, np.zeros(3)), r"donsker.*\(2,\), received \(3,\)"),
    (lambda: donsker_varadhan(SURE, SURE, np.log(np.ones(2)) + np.inf), "finite, received inf"),
    (lambda: evidence_bound(SURE, np.zeros(3)), r"evidence_bound: .*\(2,\), received \(3,\)"),
    (lambda: evidence_bound(SURE, np.full(2, np.nan)), "evidence_bound: .*received nan"),
    (lambda: evidence_bound(SURE, np.full(2, np.inf)), "evidence_bound: .*below .inf, received"),
    (lambda: importance_weighted_bound(np.zeros((2, 0))), r"\[.., K\], received shape \(2, 0\)"),
    (lambda: importance_weighted_bound(np.array(0.0)), r"\[.., K\], received shape \(\)"),
    (lambda: decompose_table(ROWS, [SURE, SURE]), r"priors of sizes \(2,\), received \(2, 2\)"),
    (lambda: decompose_table(EVEN, [SURE]), "decompose_table: .*row 0 has 0.5, off by -0.5"),
    (lambda: decompose_table(SURE, []), "decompose_table: expected tables in at least 2 axes"),
    (lambda: decompose_table(ROWS, [SURE], np.ones(1)), r"weights \(2,\), received shape \(1,\)"),
    (lambda: decompose_table(ROWS, [SURE], np.ones(2)), "decompose_table: expected a sum of 1"),
    (lambda: decompose_draws(ZERO, ZERO, ZERO), r"log_own \[M, D\], received shape \(2,\)"),
    (lambda: decompose_draws(ROWS, ROWS, ROWS), r"of shape \(2, 3\), received \(2, 2\)"),
    (lambda: decompose_draws(ROWS, np.zeros((2, 3)), SURE), r"\(2, 2\), received \(2,\)"),
    (lambda: log_aggregate(ROWS), r"log_aggregate: .*\[M, N, D\], N > 0, received .*\(2, 2\)"),
    (lambda: log_aggregate(np.zeros((2, 0, 1))), r"N > 0, received shape \(2, 0, 1\)"),
    (lambda: log_aggregate(np.full((1, 1, 1), np.nan)), "log_aggregate: .*received nan"),
    (lambda: weighted_sampling(PAIRS, 2), r"\[B, B, D\] with 1 <= B <= 2, received .*\(3, 3, 2\)"),
    (lambda: weighted_sampling(PAIRS[:2], 9), r"weighted_sampling: .*received shape \(2, 3, 2\)"),
    (lambda: stratified_sampling(PAIRS[:1, :1], 9), "stratified_sampling: .*with 2 <= B <= 9"),
]


@pytest.mark.parametrize(("call", "message"), OTHERS)
def test_other_bad_inputs_are_refused(call: Call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_array_of_real_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="entropy: expected a floating-point array, received list"):
        entropy([0.5, 0.5])
    with pytest.raises(TypeError, match=r"entropy: .*, received dtype int"):
        entropy(np.array([1, 0]))
    with pytest.raises(TypeError, match="entropy: expected real probabilities"):
        entropy(np.array([0.5, 0.5j]))
    with pytest.raises(TypeError, match="infonce: expected real logarithms"):
        infonce(EVEN + 0j)
    with pytest.raises(TypeError, match=r"kl_divergence: .* float64 and float32"):
        kl_divergence(SURE, SURE.astype(np.float32))


def test_tables_of_single_precision_may_be_off_by_their_rounding() -> None:
    """64 roundings of float32 are 7.6e-6."""
    p = np.array([0.5, 0.5 + 6e-6], np.float32)
    entropy(p)
    with pytest.raises(ValueError, match=r"off by 6\.\d+e-06"):
        entropy(p.astype(np.float64))
    with pytest.raises(ValueError, match=r"off by (9|8\.9)"):
        entropy(np.array([0.5, 0.5 + 9e-6], np.float32))
