"""The parts of the rate, on tables and on draws.

Everything that can be drawn is enumerated. 1e-13 is some hundred roundings of the logarithms here.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from tables import CODES, code_tables, log_pairs, of_shape, rows_of

from pydis.autodiff import Tensor, check_gradients
from pydis.autodiff.ops import reshape, softmax, sum
from pydis.information import (
    Decomposition,
    decompose_draws,
    decompose_table,
    kl_divergence,
    log_aggregate,
    mutual_information,
    stratified_sampling,
    total_correlation,
    weighted_sampling,
)
from pydis.probability import Gaussian, kl_by_coordinate, pairwise_gaussian, standard_normal_like

Array = Any
NEAR = 1e-13
EPS32 = float(np.finfo(np.float32).eps)
EVEN = np.array([0.5, 0.5])
ROWS = np.array(
    [
        [[0.7, 0.1], [0.1, 0.1]],
        [[0.1, 0.1], [0.1, 0.7]],
        [[0.6, 0.1], [0.1, 0.2]],
        [[0.2, 0.2], [0.1, 0.5]],
    ]
)


# Tables


@verifies("eq:rate-decomposition", "pydis.information.decomposition.decompose_table")
def test_the_parts_of_a_small_encoder() -> None:
    found = decompose_table(ROWS, [EVEN, EVEN])
    assert abs(found.average_kl - 0.338693556818) <= 5.1e-13
    assert abs(found.index_code - 0.176915160336) <= 5.1e-13
    assert abs(found.total_correlation - 0.160527875127) <= 5.1e-13
    assert abs(found.dimension_wise.sum() - 0.001250521355) <= 5.1e-13


encoders = st.tuples(rows_of((3, 2, 3)), of_shape((2,), 1), of_shape((3,), 1), of_shape((3,)))


@given(encoders)
@verifies("eq:rate-decomposition", "pydis.information.decomposition.decompose_table")
def test_the_parts_add_up_and_are_the_quantities_they_are_named(
    drawn: tuple[Array, Array, Array, Array],
) -> None:
    encoder, a, b, weights = drawn
    found = decompose_table(encoder, [a, b], weights)
    parts = found.index_code + found.total_correlation + found.dimension_wise.sum()
    assert abs(found.average_kl - parts) <= NEAR
    joint = weights[:, None, None] * encoder
    aggregate = joint.sum(axis=0)
    prior = np.outer(a, b)
    rates = [w * float(kl_divergence(q, prior)) for w, q in zip(weights, encoder, strict=True)]
    assert abs(found.average_kl - math.fsum(rates)) <= NEAR
    assert abs(found.index_code - mutual_information(joint.reshape(3, -1))) <= NEAR
    assert abs(found.total_correlation - total_correlation(aggregate)) <= NEAR
    alone = kl_divergence(aggregate.sum(1), a), kl_divergence(aggregate.sum(0), b)
    assert np.allclose(found.dimension_wise, alone, rtol=0, atol=NEAR)
    assert min(found.index_code, found.total_correlation, *found.dimension_wise) >= -NEAR
    assert found.index_code <= math.log(3) + NEAR
    even = decompose_table(encoder, [a, b])
    assert np.allclose(even.average_kl, decompose_table(encoder, [a, b], np.full(3, 1 / 3))[0])


def test_what_the_prior_excludes_costs_everything() -> None:
    """And nothing where the example that needs it has no weight."""
    encoder, prior = np.eye(2), [np.array([1.0, 0.0])]
    found = decompose_table(encoder, prior)
    assert found.average_kl == found.dimension_wise[0] == math.inf
    assert found.index_code == math.log(2)
    weighted = decompose_table(encoder, prior, np.array([1.0, 0.0]))
    assert [float(weighted.average_kl), float(weighted.index_code)] == [0.0, 0.0]


def test_a_prior_whose_coordinates_depend_breaks_the_sum() -> None:
    """The reason why the prior is given by coordinates."""
    prior = np.array([[0.4, 0.1], [0.1, 0.4]])
    average = np.mean([kl_divergence(q, prior) for q in ROWS])
    found = decompose_table(ROWS, [prior.sum(1), prior.sum(0)])
    parts = found.index_code + found.total_correlation + found.dimension_wise.sum()
    assert abs(average - parts) > 1e-2


# Draws: an encoder of two independent coordinates, its codes enumerated


@verifies("eq:rate-decomposition", "pydis.information.decomposition.decompose_draws")
@verifies("eq:aggregated-posterior", "pydis.information.aggregate.log_aggregate")
def test_the_mean_over_draws_is_that_of_the_table() -> None:
    n = 4
    q = code_tables(n)
    priors = [np.array([0.3, 0.7]), np.array([0.2, 0.5, 0.3])]
    table = np.einsum("na,nb->nab", *q)
    expected = decompose_table(table, priors)
    every = np.repeat(np.arange(n), len(CODES))
    codes = np.tile(CODES, (n, 1))
    log_q = log_pairs(q, codes, np.arange(n))
    log_own = log_q[np.arange(len(codes)), every]
    log_prior = np.log(np.stack([p[codes[:, d]] for d, p in enumerate(priors)], axis=1))
    found = decompose_draws(log_own, log_aggregate(log_q), log_prior)
    weights = np.exp(log_own.sum(axis=1)) / n
    for part, whole in zip(found, expected, strict=True):
        assert np.allclose(weights @ part, whole, rtol=0, atol=NEAR)
    parts = found.index_code + found.total_correlation + found.dimension_wise.sum(axis=1)
    assert np.allclose(parts, found.average_kl, rtol=0, atol=NEAR)


@verifies("eq:rate-decomposition", "pydis.information.decomposition.decompose_draws")
@verifies("eq:aggregated-posterior", "pydis.information.aggregate.log_aggregate")
def test_gaussian_posteriors_against_a_fine_table() -> None:
    """Sums over points 0.1 apart: exact for smooth densities, but for what lies beyond ±10."""
    mean = np.array([[0.0, 1.0], [-1.5, 0.5], [1.0, -1.0]])
    log_variance = np.array([[-0.5, 0.2], [0.1, -1.0], [-1.2, 0.0]])
    at = np.arange(-100, 101) / 10
    z = np.stack([x.ravel() for x in np.meshgrid(at, at, indexing="ij")], axis=1)
    gap = z[:, None] - mean
    log_q = -0.5 * (gap**2 * np.exp(-log_variance) + log_variance + math.log(2 * math.pi))
    aggregate = log_aggregate(log_q)
    fused = pairwise_gaussian(z, mean, log_variance) - math.log(3)
    assert np.allclose(aggregate, fused, rtol=0, atol=1e-11)  # of logarithms down to −500
    log_prior = -0.5 * (z**2 + math.log(2 * math.pi))
    q = Gaussian(mean, log_variance)
    rates = kl_by_coordinate(q, standard_normal_like(q)).sum(axis=1)
    means = []
    for n in range(3):
        found = decompose_draws(log_q[:, n], aggregate, log_prior)
        density = np.exp(log_q[:, n].sum(axis=1)) * 0.01
        assert abs(density @ found.average_kl - rates[n]) <= 1e-9
        means.append([density @ part for part in found[1:]])
    index_code, correlation, alone = (np.mean([m[i] for m in means], axis=0) for i in range(3))
    cells = np.exp(log_q.sum(axis=2)).T.reshape(3, 201, 201)
    table = cells / cells.sum(axis=(1, 2), keepdims=True)
    p = np.exp(-(at**2) / 2)
    expected = decompose_table(table, [p / p.sum()] * 2)
    assert abs(index_code - expected.index_code) <= 1e-9
    assert abs(correlation - expected.total_correlation) <= 1e-9
    assert np.allclose(alone, expected.dimension_wise, rtol=0, atol=1e-9)


# Derivatives, tensors, precision


def mixed(found: Decomposition) -> Any:
    """One number of all parts, none with the weight of another."""
    parts = (sum(part) * (k + 1.0) for k, part in enumerate(found))
    total = next(parts)
    for part in parts:
        total = total + part
    return total


def of_table(encoder: Any, prior: Any) -> Any:
    table = reshape(softmax(encoder), shape=(3, 2, 2))
    return mixed(decompose_table(table, [softmax(prior[0]), softmax(prior[1])]))


def of_draws(estimator: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda log_q, own, prior: mixed(decompose_draws(own, estimator(log_q), prior))


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (of_table, [(3, 4), (2, 2)]),
        (of_draws(log_aggregate), [(3, 3, 2), (3, 2), (3, 2)]),
        (of_draws(lambda l: weighted_sampling(l, 7)), [(3, 3, 2), (3, 2), (3, 2)]),
        (of_draws(lambda l: stratified_sampling(l, 7)), [(3, 3, 2), (3, 2), (3, 2)]),
    ],
)
def test_gradients_to_second_order(f: Callable[..., Any], shapes: list[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(2)
    xs = [rng.standard_normal(shape) for shape in shapes]
    assert check_gradients(f, xs, rng=rng) > 0
    exact = f(*xs)
    assert f(*map(Tensor, xs)).data == exact
    single = f(*[x.astype(np.float32) for x in xs])
    assert single.dtype == np.float32
    assert abs(single - exact) <= 256 * EPS32 * (1 + abs(exact))
