"""Identities of information on any table, and its edges: outcomes that cannot happen.

Sums of at most 24 cells, entropies of at most log 24: 1e-13 is more than a hundred roundings.
"""

import math
from typing import Any

import numpy as np
from hypothesis import given
from tables import joints, many, of_shape, pairs, pmfs, structured

from pydis.autodiff import Tensor, grad
from pydis.information import (
    conditional_entropy,
    conditional_mutual_information,
    cross_entropy,
    entropy,
    joint_entropy,
    js_divergence,
    kl_divergence,
    mutual_information,
    self_information,
    total_correlation,
)

Array = Any
EPS = float(np.finfo(np.float64).eps)


# Edges


def test_outcomes_that_cannot_happen() -> None:
    sure, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert np.array_equal(self_information(np.array([1.0, 0.0])), [0.0, math.inf])
    assert entropy(sure) == 0
    assert entropy(np.array([1.0])) == 0
    assert kl_divergence(sure, sure) == 0
    assert kl_divergence(sure, other) == math.inf
    assert cross_entropy(sure, other) == math.inf
    assert kl_divergence(sure, np.array([0.5, 0.5])) == math.log(2)
    assert js_divergence(sure, other) == math.log(2)
    tiny = np.array([5e-324, 1.0])
    assert abs(js_divergence(tiny, other)) <= 1e-300
    assert kl_divergence(other, tiny) == 0
    assert math.isfinite(kl_divergence(np.array([0.5, 0.5]), np.array([5e-324, 1.0])))


def test_derivatives_beside_outcomes_that_cannot_happen() -> None:
    """Those of the outcomes that can are as ever; the others have none."""
    p, q = Tensor(np.array([0.5, 0.5, 0.0])), np.array([0.25, 0.75, 0.0])
    assert np.array_equal(grad(entropy(p), p), [-1 + math.log(2)] * 2 + [0])
    of_p = grad(kl_divergence(p, q), p)
    assert np.allclose(of_p, [1 + math.log(2), 1 + math.log(2 / 3), 0], rtol=4 * EPS, atol=0)
    assert np.array_equal(grad(kl_divergence(p, np.array([1.0, 0, 0])), p), [1 - math.log(2), 0, 0])
    for table in structured(3, 4):
        for function in (joint_entropy, conditional_entropy, mutual_information):
            t = Tensor(table)
            assert np.isfinite(grad(function(t), t)).all()


# Identities


@given(joints())
def test_information_is_what_entropies_lack(p: Array) -> None:
    h, h_x, h_y = joint_entropy(p), entropy(p.sum(1)), entropy(p.sum(0))
    known = mutual_information(p)
    assert abs(known - (h_x + h_y - h)) <= 1e-13
    assert abs(known - (h_x - conditional_entropy(p))) <= 1e-13
    assert abs(known - (h_y - conditional_entropy(p, of="columns"))) <= 1e-13
    assert abs(known - mutual_information(p.T)) <= 1e-13
    assert abs(known - total_correlation(p)) <= 1e-13
    assert abs(known - kl_divergence(p, np.outer(p.sum(1), p.sum(0)))) <= 1e-13
    assert -1e-13 <= known <= min(h_x, h_y) + 1e-13
    assert max(h_x, h_y) - 1e-13 <= h <= h_x + h_y + 1e-13


@given(many(3))
def test_chain_rules_of_three_variables(p: Array) -> None:
    """TC(X, Y, Z) = I(X; Y) + I(X, Y; Z)  and  I(X; Y, Z) = I(X; Z) + I(X; Y | Z)."""
    x, _, z = p.shape
    both = mutual_information(p.reshape(-1, z))
    assert abs(total_correlation(p) - mutual_information(p.sum(2)) - both) <= 1e-13
    conditional = conditional_mutual_information(p)
    assert (
        abs(mutual_information(p.reshape(x, -1)) - mutual_information(p.sum(1)) - conditional)
        <= 1e-13
    )
    assert conditional >= -1e-13
    assert abs(joint_entropy(p) - entropy(p.ravel())) <= 1e-13


@given(pmfs())
def test_entropy_is_at_most_that_of_the_uniform(p: Array) -> None:
    n = len(p)
    uniform = np.full(n, 1 / n)
    assert -1e-14 <= entropy(p) <= math.log(n) + 1e-14
    assert abs(kl_divergence(p, uniform) - (math.log(n) - entropy(p))) <= 1e-13
    assert total_correlation(p) == 0


@given(pairs())
def test_divergences(pair: tuple[Array, Array]) -> None:
    p, q = pair
    assert kl_divergence(p, p) == js_divergence(p, p) == 0
    assert kl_divergence(p, q) >= -1e-14
    assert js_divergence(p, q) == js_divergence(q, p)
    assert -1e-14 <= js_divergence(p, q) <= math.log(2) + 1e-14
    assert (kl_divergence(p, q) < math.inf) == bool(np.all(q[p > 0] > 0))
    if not np.array_equal(p, q):  # Pinsker: a distance of at least 1 / 160² in total variation
        assert kl_divergence(p, q) > 1e-9


@given(of_shape((3,)))
def test_a_small_error_of_the_sum_is_not_repaired(p: Array) -> None:
    """Within 1e-9 a table is taken as it is: H((1 + δ) p) = (1 + δ) [H(p) − log(1 + δ)]."""
    delta = 5e-10
    expected = (1 + delta) * (entropy(p) - math.log1p(delta))
    assert abs(entropy(p * (1 + delta)) - expected) <= 1e-14 < 1e-10 * (1 + delta)
