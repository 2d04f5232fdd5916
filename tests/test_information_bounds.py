"""Bounds on information and evidence, by enumeration of everything that can be drawn.

1e-13 is some hundred roundings of the logarithms here, whose size is at most 10.
"""

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds
from tables import channels, joints, of_shape, rows_of

from pydis.autodiff import Tensor, check_gradients
from pydis.autodiff.ops import softmax
from pydis.information import (
    barber_agakov,
    donsker_varadhan,
    evidence_bound,
    importance_weighted_bound,
    infonce,
    kl_divergence,
    mutual_information,
    nguyen_wainwright_jordan,
)

Array = Any
J = np.array([[0.4, 0.1], [0.2, 0.3]])
PRIOR, LIKELIHOOD = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.5, 0.9])
PROPOSAL = np.array([0.2, 0.2, 0.6])
NEAR = 1e-13


def posterior(p: Array) -> Array:
    """p(x | y) in row y; the uniform table where y cannot happen."""
    total = p.sum(axis=0)[:, None]
    return np.where(total > 0, p.T / np.where(total > 0, total, 1), 1 / len(p))


# Mutual information by a decoder


TOY = np.array([[3.0, 1.0], [1.0, 3.0]]) / 8
"""A code of one fair bit and noise of four values: three of them show the code, one its reverse."""


@verifies("eq:barber-agakov", "pydis.information.bounds.barber_agakov")
def test_barber_agakov_of_a_small_generator() -> None:
    q = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert abs(mutual_information(TOY) - 0.130812035941) <= 5.1e-13
    assert abs(barber_agakov(TOY, q) - 0.038480520568) <= 5.1e-13
    assert barber_agakov(TOY, np.eye(2)) == -math.inf
    assert barber_agakov(np.eye(2) / 2, np.eye(2)) == math.log(2)


@given(joints().flatmap(lambda p: st.tuples(st.just(p), rows_of(p.shape[::-1]))))
@verifies("eq:barber-agakov", "pydis.information.bounds.barber_agakov")
def test_barber_agakov_misses_by_the_divergence_of_posteriors(drawn: tuple[Array, Array]) -> None:
    p, q = drawn
    exact = posterior(p)
    gap = math.fsum(w * kl_divergence(exact[y], q[y]) for y, w in enumerate(p.sum(axis=0)) if w > 0)
    known, bound = mutual_information(p), barber_agakov(p, q)
    assert bound == -math.inf if gap == math.inf else abs(known - bound - gap) <= NEAR
    assert abs(barber_agakov(p, exact) - known) <= NEAR


# Mutual information by a batch


def over_batches(p: Array, log_f: Array, k: int, bound: Callable[[Array], Any]) -> float:
    """The mean of the bound over all batches of k independent pairs."""
    total = 0.0
    for cells in product(range(p.size), repeat=k):
        x, y = np.unravel_index(np.array(cells), p.shape)
        chance = float(np.prod(p[x, y]))
        total += chance * float(bound(log_f[x][:, y])) if chance > 0 else 0.0
    return total


def log_ratio(p: Array) -> Array:
    """log p(y | x) / p(y), the best critic of a positive table."""
    return np.log(p) - np.log(p.sum(axis=1, keepdims=True)) - np.log(p.sum(axis=0))


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, 0.0), (2, 0.043318210512), (3, 0.057862084326), (4, 0.065078458638)],
)
@verifies("eq:infonce", "pydis.information.bounds.infonce")
def test_infonce_of_the_best_critic(k: int, expected: float) -> None:
    found = over_batches(J, log_ratio(J), k, infonce)
    assert abs(found - expected) <= 5.1e-13
    assert found < mutual_information(J)
    shifted = log_ratio(J) + np.array([[2.0], [-1.0]])
    assert abs(over_batches(J, shifted, k, infonce) - found) <= NEAR


@given(of_shape((2, 3), least=1), seeds)
@verifies("eq:infonce", "pydis.information.bounds.infonce")
def test_infonce_is_a_bound_for_any_critic(p: Array, seed: int) -> None:
    log_f = 2 * np.random.default_rng(seed).standard_normal((2, 3))
    for k in (1, 2, 3):
        assert over_batches(p, log_f, k, infonce) <= min(mutual_information(p), math.log(k)) + NEAR


def test_without_the_pair_itself_it_is_no_bound() -> None:
    """X = Y of two values, two pairs: the mean exceeds I = log 2."""
    p, log_f = np.eye(2) / 2, np.array([[9.0, 0.0], [0.0, 9.0]])

    def without(scores: Array) -> float:
        return float(np.mean(np.diag(scores) - np.diag(scores[:, ::-1])))

    assert over_batches(p, log_f, 2, without) > math.log(2) + 1
    assert over_batches(p, log_f, 2, infonce) <= math.log(2)


# Divergence by a critic


@given(of_shape((2, 3), least=1), of_shape((2, 3), least=1), seeds)
@verifies("eq:donsker-varadhan", "pydis.information.bounds.donsker_varadhan")
@verifies("eq:nguyen-wainwright-jordan", "pydis.information.bounds.nguyen_wainwright_jordan")
def test_bounds_by_a_critic(p: Array, q: Array, seed: int) -> None:
    """DV misses by KL(p ‖ q̃), q̃ ∝ q exp t, and NWJ is below it; the best critics are tight."""
    t = np.random.default_rng(seed).standard_normal((2, 3))
    tilted = q * np.exp(t) / (q * np.exp(t)).sum()
    exact, bound = kl_divergence(p, q), donsker_varadhan(p, q, t)
    assert abs(exact - bound - kl_divergence(p, tilted)) <= NEAR
    assert nguyen_wainwright_jordan(p, q, t) <= bound + NEAR
    best = np.log(p / q)
    assert abs(donsker_varadhan(p, q, best + 3) - exact) <= NEAR
    assert abs(nguyen_wainwright_jordan(p, q, 1 + best) - exact) <= NEAR
    if exact > 1e-3:
        assert nguyen_wainwright_jordan(p, q, best) < exact - 1e-3  # the 1 is needed


def test_a_critic_where_q_excludes_grows_without_bound() -> None:
    p, q = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    for t in (0.0, 10.0, 800.0):
        assert donsker_varadhan(p, q, np.array([0.0, t])) == t / 2


def test_a_batch_makes_donsker_varadhan_too_large() -> None:
    """Over all batches of two from q, its mean exceeds the value, that of the other does not."""
    p, q, t = np.array([0.7, 0.3]), np.array([0.4, 0.6]), np.array([1.0, -0.5])
    for bound, excess in ((donsker_varadhan, 0.05), (nguyen_wainwright_jordan, 0.0)):
        found = 0.0
        for i, j in product(range(2), repeat=2):
            batch = (np.eye(2)[i] + np.eye(2)[j]) / 2
            found += q[i] * q[j] * float(bound(p, batch, t))
        exact = float(bound(p, q, t))
        assert found > exact + excess if excess else abs(found - exact) <= NEAR


# Evidence


@verifies("eq:finite-elbo", "pydis.information.bounds.evidence_bound")
def test_evidence_bound_of_a_small_model() -> None:
    log_joint = np.log(PRIOR * LIKELIHOOD)
    assert abs(evidence_bound(PROPOSAL, log_joint) + 0.918549533198) <= 5.1e-13
    exact = PRIOR * LIKELIHOOD / 0.43
    assert abs(evidence_bound(exact, log_joint) + 0.843970070295) <= 5.1e-13
    assert abs(kl_divergence(PROPOSAL, exact) - 0.074579462903) <= 5.1e-13


@given(st.integers(1, 5).flatmap(lambda m: st.tuples(*[of_shape((m,))] * 2, of_shape((m,), 1))))
@verifies("eq:finite-elbo", "pydis.information.bounds.evidence_bound")
def test_the_bound_misses_the_evidence_by_the_divergence(drawn: tuple[Array, Array, Array]) -> None:
    """−∞ where q allows what the prior excludes; then the divergence is +∞."""
    q, prior, likelihood = drawn
    joint = prior * likelihood
    log_joint = np.log(np.where(joint > 0, joint, 1)) + np.where(joint > 0, 0, -math.inf)
    evidence, gap = joint.sum(), kl_divergence(q, joint / joint.sum())
    bound = evidence_bound(q, log_joint)
    fit = float(np.sum(q * np.log(likelihood)))
    for expected in (math.log(evidence) - gap, fit - kl_divergence(q, prior)):
        assert bound == expected or abs(expected - bound) <= NEAR


def over_draws(q: Array, joint: Array, k: int, bound: Callable[[Array], Array]) -> float:
    """The mean of the bound over all k draws from q."""
    drawn = np.array(list(product(np.flatnonzero(q), repeat=k)))
    log_w = np.log(joint[drawn]) - np.log(q[drawn])
    return float(np.sum(np.prod(q[drawn], axis=1) * bound(log_w)))


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, -0.918549533198), (2, -0.884819129601), (3, -0.871843518436), (4, -0.865064297110)],
)
@verifies("eq:importance-weighted-bound", "pydis.information.bounds.importance_weighted_bound")
def test_importance_weighted_bound_of_a_small_model(k: int, expected: float) -> None:
    joint = PRIOR * LIKELIHOOD
    assert abs(over_draws(PROPOSAL, joint, k, importance_weighted_bound) - expected) <= 5.1e-13
    average = over_draws(PROPOSAL, joint, k, lambda log_w: log_w.mean(axis=1))
    assert (abs(average - expected) <= 1e-10) == (k == 1)  # logs averaged do not grow


@given(of_shape((3,)), of_shape((3,), 1), of_shape((3,), 1))
@verifies("eq:importance-weighted-bound", "pydis.information.bounds.importance_weighted_bound")
def test_more_draws_are_a_better_bound(q: Array, prior: Array, likelihood: Array) -> None:
    joint = prior * likelihood
    bounds = [over_draws(q, joint, k, importance_weighted_bound) for k in (1, 2, 3, 4)]
    assert abs(bounds[0] - evidence_bound(q, np.log(joint))) <= NEAR
    for less, more in zip(bounds, [*bounds[1:], math.log(joint.sum())], strict=True):
        assert less <= more + NEAR
    tight = joint / joint.sum()
    weights = np.log(joint / tight)
    assert abs(importance_weighted_bound(weights) - math.log(joint.sum())) <= NEAR


# Derivatives, tensors, precision


LOGITS = np.random.default_rng(8).standard_normal((3, 3))
CALLS: list[tuple[Callable[..., Any], int]] = [
    (lambda p, q: barber_agakov(softmax(p, axis=(0, 1)), softmax(q)), 2),
    (infonce, 1),
    (lambda p, q, t: donsker_varadhan(softmax(p[0]), softmax(q[0]), t[0]), 3),
    (lambda p, q, t: nguyen_wainwright_jordan(softmax(p[0]), softmax(q[0]), t[0]), 3),
    (lambda q, l: evidence_bound(softmax(q[0]), l[0]), 2),
    (importance_weighted_bound, 1),
]


@pytest.mark.parametrize(("f", "count"), CALLS)
def test_gradients_to_second_order(f: Callable[..., Any], count: int) -> None:
    rng = np.random.default_rng(9)
    xs = [np.roll(LOGITS, i) for i in range(count)]
    assert check_gradients(f, xs, rng=rng) > 0
    exact = f(*xs)
    assert np.array_equal(f(*map(Tensor, xs)).data, exact)
    single = f(*[x.astype(np.float32) for x in xs])
    assert single.dtype == np.float32
    assert np.allclose(single, exact, rtol=0, atol=64 * float(np.finfo(np.float32).eps))


@given(channels())
def test_a_decoder_that_knows_nothing_says_nothing(q: Array) -> None:
    """q(x | y) = p(x) gives 0; where X and Y are independent no decoder gives more."""
    n = len(q)
    p = np.full((q.shape[1], n), 1 / q.size)
    assert abs(barber_agakov(p, np.full(q.shape, 1 / q.shape[1]))) <= NEAR
    assert barber_agakov(p, q) <= NEAR
