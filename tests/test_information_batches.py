"""What a batch makes of the aggregated posterior: all batches of a small set, enumerated."""

import math
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from equations import verifies
from tables import CODES, code_tables, log_pairs

from pydis.information import (
    decompose_draws,
    log_aggregate,
    stratified_sampling,
    weighted_sampling,
)
from pydis.information.aggregate import stratified_weights

Array = Any
Estimator = Callable[[Array, int], Array]
N = 5
NEAR = 1e-13


def naive(log_q: Array, size: int) -> Array:
    return log_aggregate(log_q)


def batches(n: int, b: int) -> Iterator[tuple[int, ...]]:
    """The own example first, then b − 1 others, in every order."""
    for others in permutations([i for i in range(N) if i != n], b - 1):
        yield (n, *others)


def over_batches(estimator: Estimator, n: int, b: int, f: Callable[[Array], Array]) -> Array:
    """The mean of f of what the estimator gives for a draw of n, for every code, `[6, 3]`."""
    q = code_tables(N)
    found = []
    for batch in batches(n, b):
        every = log_pairs(q, CODES, np.array(batch))  # [6, b, 2]
        found.append([f(estimator(np.repeat(x[None], b, axis=0), N)[0]) for x in every])
    return np.mean(found, axis=0)


def densities(n: int) -> tuple[Array, Array]:
    """q(z), q(z_1), q(z_2) of the whole set and of the posterior n, `[6, 3]` each."""
    pairs = np.exp(log_pairs(code_tables(N), CODES, np.arange(N)))
    each = np.concatenate([pairs.prod(axis=2, keepdims=True), pairs], axis=2)
    return each.mean(axis=1), each[:, n]


CASES = [(n, b) for n in (0, 3) for b in (2, 3, 5)]


@pytest.mark.parametrize(("n", "b"), CASES)
@verifies("eq:aggregated-posterior", "pydis.information.aggregate.log_aggregate")
@verifies("eq:weighted-sampling", "pydis.information.aggregate.weighted_sampling")
@verifies("eq:stratified-sampling", "pydis.information.aggregate.stratified_sampling")
def test_the_bias_of_a_batch(n: int, b: int) -> None:
    """As stated in `pydis.information.aggregate`; the batch of all is exact for the first."""
    whole, own = densities(n)
    c = (N - b) / (b * (N - 1))
    expected = whole + c * (own - whole)
    assert np.allclose(over_batches(naive, n, b, np.exp), expected, rtol=1e-12, atol=0)
    found = over_batches(weighted_sampling, n, b, np.exp)
    assert np.allclose(found, expected / N, rtol=1e-12, atol=0)
    found = over_batches(stratified_sampling, n, b, np.exp)
    assert np.allclose(found, whole, rtol=1e-12, atol=0)
    for estimator in (weighted_sampling, stratified_sampling):
        below = over_batches(estimator, n, b, lambda y: y)
        assert np.all(below <= np.log(whole) + NEAR)
        assert np.any(below < np.log(whole) - 1e-3)
    # each can fail: none of the three is another
    assert (c == 0) == np.allclose(expected, whole, rtol=1e-6)


def test_weights_that_forget_the_own_example_are_biased() -> None:
    """1/B for all is the batch alone; 1/(B − 1) for the others forgets it."""
    whole, _ = densities(0)

    def forgets(log_q: Array, size: int) -> Array:
        return log_aggregate(log_q[:, 1:])

    assert not np.allclose(over_batches(forgets, 0, 3, np.exp), whole, rtol=1e-3)
    assert not np.allclose(over_batches(naive, 0, 3, np.exp), whole, rtol=1e-3)


@pytest.mark.parametrize(("b", "size"), [(2, 2), (2, 9), (5, 5), (4, 100)])
def test_stratified_weights(b: int, size: int) -> None:
    w = stratified_weights(b, size)
    assert np.allclose(w.sum(axis=1), 1, rtol=0, atol=1e-15 * b)
    assert np.all(np.diag(w) == 1 / size)
    if b > 2:
        m = b - 1
        following, others = (size - m) / (size * m), 1 / m
        assert np.allclose(w[0], [1 / size, following, *[others] * (m - 1)], rtol=1e-15)
    assert np.all(w > 0)
    exact = np.allclose(w, 1 / size)
    assert exact == (b == size == 2)


def test_weighted_sampling_moves_the_parts_by_constants() -> None:
    rng = np.random.default_rng(3)
    log_q = rng.standard_normal((4, 4, 2)) - 2
    own, prior = log_q[np.arange(4), np.arange(4)], rng.standard_normal((4, 2)) - 2
    plain = decompose_draws(own, log_aggregate(log_q), prior)
    moved = decompose_draws(own, weighted_sampling(log_q, 7), prior)
    shifts = 0, math.log(7), math.log(7), -math.log(7)
    for before, after, shift in zip(plain, moved, shifts, strict=True):
        assert np.allclose(after - before, shift, rtol=0, atol=NEAR)
