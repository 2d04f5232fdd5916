"""Information of finite tables against loops over outcomes, and known values.

Tolerances are in roundings of the sum of the absolute terms.
"""

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from tables import joints, many, pairs, pmfs

from pydis.autodiff import Tensor, check_gradients
from pydis.autodiff.ops import reshape, softmax
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
Terms = Iterator[float]
EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
ROUNDINGS = 32
"""More than a formula here makes on one term, marginals of up to 24 cells included."""

J = np.array([[0.4, 0.1], [0.2, 0.3]])
P, Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])


def is_sum(value: Any, terms: list[float], eps: float = EPS) -> bool:
    """Whether a value is the sum of the terms, up to the roundings of each."""
    total, size = math.fsum(terms), math.fsum(map(abs, terms))
    if math.isinf(total):
        return bool(value == total)
    return bool(abs(float(value) - total) <= (len(terms) + ROUNDINGS) * eps * size)


# Loops over outcomes: each log of each term by itself, so that no cancellation hides its size


def entropy_terms(p: Array) -> Terms:
    yield from (-x * math.log(x) for x in np.ravel(p).tolist() if x > 0)


def conditional_terms(p: Array) -> Terms:
    for y in range(p.shape[1]):
        p_y = math.fsum(p[:, y])
        for x in range(p.shape[0]):
            if p[x, y] > 0:
                yield from (-p[x, y] * math.log(p[x, y]), p[x, y] * math.log(p_y))


def cross_terms(p: Array, q: Array) -> Terms:
    for a, b in zip(np.ravel(p), np.ravel(q), strict=True):
        if a > 0:
            yield math.inf if b == 0 else -a * math.log(b)


def kl_terms(p: Array, q: Array) -> Terms:
    yield from cross_terms(p, q)
    yield from (-t for t in entropy_terms(p))


def js_terms(p: Array, q: Array) -> Terms:
    for each in (p, q):
        yield from (0.5 * t for t in kl_terms(each, (p + q) / 2))


def product_terms(p: Array) -> Terms:
    """Of the KL from the product of the marginals, for any number of axes."""
    for cell in product(*map(range, p.shape)):
        if p[cell] > 0:
            yield p[cell] * math.log(p[cell])
            for axis, i in enumerate(cell):
                yield -p[cell] * math.log(math.fsum(np.ravel(np.take(p, i, axis))))


def conditional_information_terms(p: Array) -> Terms:
    """Σ_z p(z) I(X; Y | Z = z), slice by slice."""
    for z in range(p.shape[2]):
        p_z = math.fsum(np.ravel(p[:, :, z]))
        if p_z > 0:
            yield from (p_z * t for t in product_terms(p[:, :, z] / p_z))


TABLES: dict[Callable[..., Any], tuple[Any, Callable[..., Terms]]] = {
    entropy: (pmfs().map(lambda p: (p,)), entropy_terms),
    joint_entropy: (joints().map(lambda p: (p,)), entropy_terms),
    conditional_entropy: (joints().map(lambda p: (p,)), conditional_terms),
    mutual_information: (joints().map(lambda p: (p,)), product_terms),
    cross_entropy: (pairs(), cross_terms),
    kl_divergence: (pairs(), kl_terms),
    js_divergence: (pairs(), js_terms),
    total_correlation: (many(3).map(lambda p: (p,)), product_terms),
    conditional_mutual_information: (many(3).map(lambda p: (p,)), conditional_information_terms),
}
"""Each function with the tables it takes and its terms."""


@pytest.mark.parametrize("function", TABLES, ids=lambda f: f.__name__)
@verifies("eq:entropy", "pydis.information.entropies.entropy")
@verifies("eq:joint-entropy", "pydis.information.entropies.joint_entropy")
@verifies("eq:conditional-entropy", "pydis.information.entropies.conditional_entropy")
@verifies("eq:mutual-information", "pydis.information.dependence.mutual_information")
@verifies("eq:cross-entropy", "pydis.information.divergences.cross_entropy")
@verifies("eq:table-kl", "pydis.information.divergences.kl_divergence")
@verifies("eq:js-divergence", "pydis.information.divergences.js_divergence")
@verifies("eq:total-correlation", "pydis.information.dependence.total_correlation")
@verifies(
    "eq:conditional-mutual-information",
    "pydis.information.dependence.conditional_mutual_information",
)
def test_a_function_is_its_formula(function: Callable[..., Any]) -> None:
    strategy, terms = TABLES[function]

    @given(strategy)
    def check(drawn: tuple[Array, ...]) -> None:
        value = function(*drawn)
        expected = list(terms(*drawn))
        assert is_sum(value, expected)
        assert not math.isnan(value)
        assert function(*map(Tensor, drawn)).data == value
        single = function(*[x.astype(np.float32) for x in drawn])
        assert single.dtype == np.float32
        assert is_sum(single, expected, EPS32)

    check()


@given(pmfs())
@verifies("eq:self-information", "pydis.information.entropies.self_information")
def test_self_information_is_its_formula(p: Array) -> None:
    expected = [-math.log(x) if x > 0 else math.inf for x in p]
    assert np.allclose(self_information(p), expected, rtol=2 * EPS, atol=0)
    assert np.array_equal(self_information(Tensor(p)).data, self_information(p))


MUTANTS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (entropy, lambda p: -np.sum(np.log(p))),
    (entropy, lambda p: entropy(p) / math.log(2)),
    (entropy, lambda p: -entropy(p)),
    (joint_entropy, lambda p: entropy(p.sum(0)) + entropy(p.sum(1))),
    (conditional_entropy, lambda p: conditional_entropy(p, of="columns")),
    (conditional_entropy, lambda p: np.mean([entropy(c / c.sum()) for c in p.T])),
    (mutual_information, lambda p: joint_entropy(p) - entropy(p.sum(0)) - entropy(p.sum(1))),
    (cross_entropy, lambda p, q: cross_entropy(q, p)),
    (kl_divergence, lambda p, q: kl_divergence(q, p)),
    (kl_divergence, lambda p, q: cross_entropy(p, q) + entropy(p)),
    (js_divergence, lambda p, q: (kl_divergence(p, q) + kl_divergence(q, p)) / 2),
    (total_correlation, lambda p: mutual_information(p.reshape(len(p), -1))),
    (conditional_mutual_information, lambda p: mutual_information(p.sum(2))),
]


@pytest.mark.parametrize(("function", "mutant"), MUTANTS)
def test_the_formulas_reject_mutants(
    function: Callable[..., Any], mutant: Callable[..., Any]
) -> None:
    drawn = {entropy: (P,), cross_entropy: (P, Q), kl_divergence: (P, Q), js_divergence: (P, Q)}
    cube = np.array([[[5.0, 1], [2, 4]], [[3, 7], [1, 2]]]) / 25
    square = function in (joint_entropy, conditional_entropy, mutual_information)
    inputs = drawn.get(function, (J,) if square else (cube,))
    expected = list(TABLES[function][1](*inputs))
    assert is_sum(function(*inputs), expected)
    assert not is_sum(mutant(*inputs), expected)


# Known values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (lambda: joint_entropy(J), 1.279854225834),
        (lambda: entropy(J.sum(1)), 0.693147180560),
        (lambda: entropy(J.sum(0)), 0.673011667009),
        (lambda: conditional_entropy(J), 0.606842558824),
        (lambda: conditional_entropy(J, of="columns"), 0.586707045274),
        (lambda: mutual_information(J), 0.086304621736),
        (lambda: kl_divergence(P, Q), 0.360062440636),
        (lambda: kl_divergence(Q, P), 0.394816205204),
        (lambda: cross_entropy(P, Q), 1.389715454700),
        (lambda: entropy(P), 1.029653014065),
        (lambda: js_divergence(P, Q), 0.090565849955),
        (lambda: self_information(np.array(math.exp(-2))), 2.0),
        (lambda: kl_divergence(np.array([0.9, 0.1]), np.array([0.1, 0.9])), 1.757779661869),
        (lambda: kl_divergence(np.array([0.5, 0.5]), np.array([0.9, 0.1])), 0.510825623766),
        (lambda: kl_divergence(np.array([0.9, 0.1]), np.array([0.5, 0.5])), 0.368064207169),
        (lambda: mutual_information(np.array([[0, 1, 0], [1, 0, 1]]) / 3), 0.636514168295),
    ],
)
def test_known_values(value: Callable[[], Any], expected: float) -> None:
    """To the 12 digits that are given, half a unit of the last one allowed, below 1e-10 of each."""
    assert abs(float(value()) - expected) <= 5.1e-13 < 1e-10 * expected


# Derivatives


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (self_information, (3,)),
        (entropy, (3,)),
        (joint_entropy, (2, 3)),
        (conditional_entropy, (2, 3)),
        (lambda p: conditional_entropy(p, of="columns"), (2, 3)),
        (mutual_information, (2, 3)),
        (total_correlation, (2, 3, 2)),
        (conditional_mutual_information, (2, 2, 2)),
        (cross_entropy, (4,)),
        (kl_divergence, (4,)),
        (js_divergence, (4,)),
    ],
)
def test_gradients_to_second_order(function: Callable[..., Any], shape: tuple[int, ...]) -> None:
    """Through a softmax, which stays on tables where the differences go."""
    count = 2 if function in (cross_entropy, kl_divergence, js_divergence) else 1
    rng = np.random.default_rng(3)
    logits = [rng.standard_normal(math.prod(shape)) for _ in range(count)]

    def of_logits(*l: Any) -> Any:
        return function(*[reshape(softmax(each), shape=shape) for each in l])

    assert check_gradients(of_logits, logits, rng=rng) > 0
