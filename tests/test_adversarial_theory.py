"""What theory says of the games on finite alphabets, reached by the losses and steps that train."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pydis import information
from pydis.autodiff import Tensor
from pydis.autodiff.ops import log_softmax, reshape, sum, take
from pydis.models import InfoGAN
from pydis.models.gan import discriminator_step
from pydis.nn import Adam, Learner, Module, gradients
from pydis.objectives import information_bound, non_saturating_loss, saturating_loss
from pydis.probability import Categorical, Gaussian

Array = Any
LOG_2 = math.log(2)
ROUNDING = 1e-12
"""Above the rounding of sums of a few hundred terms of order 1 in float64."""


# The discriminator


class Letters(Module):
    """A discriminator of an alphabet: a logit for each letter. There is nothing to normalise."""

    def __init__(self, letters: int) -> None:
        self.logits: Any = Tensor(np.zeros(letters))

    def __call__(self, x: Array, state: Any, *, training: bool) -> tuple[Any, Any]:
        return take(self.logits, index=x), state


def repeated(counts: Array) -> Array:
    """A batch with each letter as often as it is counted."""
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([5, 3, 2], [2, 2, 6]),
        ([4, 4, 4, 4], [4, 4, 4, 4]),
        ([1, 1, 1, 17], [17, 1, 1, 1]),
        ([10, 5, 0, 5], [5, 10, 5, 0]),
    ],
)
def test_a_trained_discriminator_is_the_share_of_the_data(p: list[int], q: list[int]) -> None:
    """On batches that hold p and q exactly, so that their mean is the expectation.

    The slope of V in a logit is p (1 − D) − q D = (p + q) (D* − D). So where all are at most ε, D
    misses D* by ε / (p + q), and V its maximum by Σ (p + q) KL(D* ‖ D), at most Σ (p + q) χ², whose
    χ² is (D* − D)² / D (1 − D). A letter that only one side has has no best logit: there D goes to
    0 or 1, and what it still misses is its own −(p + q) log.
    """
    learner = Learner.start(Letters(len(p)), Adam(0.2))
    real, fake = repeated(p), repeated(q)
    terms: Mapping[str, Array] = {}
    for _ in range(1200):
        learner, terms = discriminator_step(learner, real, fake)
    P, Q = np.array(p) / np.sum(p), np.array(q) / np.sum(q)
    D = 1 / (1 + np.exp(-learner.network.logits.data))
    slope = P * (1 - D) - Q * D
    assert abs(slope).max() < 1e-4
    np.testing.assert_allclose(D - P / (P + Q), -slope / (P + Q), rtol=0, atol=ROUNDING)
    best = 2 * information.js_divergence(P, Q) - 2 * LOG_2
    both = (P > 0) & (Q > 0)
    missed = np.where(both, (P + Q) * (D - P / (P + Q)) ** 2 / (D * (1 - D)), 0).sum()
    missed += -(P[Q == 0] * np.log(D[Q == 0])).sum() - (Q[P == 0] * np.log1p(-D[P == 0])).sum()
    assert best - missed - 1e-6 <= float(terms["value"]) <= best + ROUNDING
    assert missed < 1e-3


# InfoGAN on an alphabet


class Table(Module):
    """Logits `[rows, columns]`: a conditional distribution in each row."""

    def __init__(self, logits: Array) -> None:
        self.logits: Any = Tensor(logits)

    def probabilities(self) -> Any:
        return Categorical(self.logits).mean


def bound_of(joint: Any, q: Any) -> Any:
    """Σ p(c, x) [H(c) + log Q(c | x)] by the function that InfoGAN trains with, pair by pair.

    `joint` `[codes, letters]`, q the logits of Q `[letters, codes]`.
    """
    codes, letters = joint.shape
    code, letter = (i.ravel() for i in np.indices((codes, letters)))
    prior = Categorical(np.zeros((len(code), codes)))
    each = information_bound(prior, Categorical(take(q, index=letter)), np.eye(codes)[code])
    return sum(reshape(joint, shape=(len(code),)) * each)


CODES, LETTERS = 2, 4
DATA = np.full(LETTERS, 1 / LETTERS)


def played(weight: float, steps: int = 1000) -> tuple[Array, float]:
    """p(c, x) after an InfoGAN on tables, and its last L_I: Algorithm 1 with exact expectations.

    The data are uniform on 4 letters, the code is a fair bit. G starts from rows that differ by a
    hundredth, and from other letters than the data. D and Q are faster than G, so that they are
    near their best against it and the game does not go round in circles.
    """
    rng = np.random.default_rng(0)
    start = rng.standard_normal(LETTERS) + 0.01 * rng.standard_normal((CODES, LETTERS))
    d = Learner.start(Table(np.zeros((1, LETTERS))), Adam(0.2))
    g = Learner.start(Table(start), Adam(0.02))
    q = Learner.start(Table(np.zeros((LETTERS, CODES))), Adam(0.1))
    value = 0.0
    for _ in range(steps):
        made = sum(g.network.constants().probabilities() / CODES, axis=0)
        a = reshape(d.network.logits, shape=(LETTERS,))
        v = sum(-DATA * non_saturating_loss(a)) + sum(made * saturating_loss(a))
        d = d.step(gradients(-v, d.network))
        joint = g.network.probabilities() / CODES
        a = d.network.constants().logits[0]
        bound = bound_of(joint, q.network.logits)
        loss = sum(sum(joint, axis=0) * non_saturating_loss(a)) - weight * bound
        g_bar = gradients(loss, g.network)
        g, q = g.step(g_bar), q.step(gradients(-bound, q.network))
        value = bound.item()
    return g.network.constants().probabilities() / CODES, value


@pytest.mark.parametrize("weight", [0.1, 1.0])
def test_with_a_weight_the_code_is_told_in_full(weight: float) -> None:
    """I(c; x) → H(c) = log 2, and the bound follows, for Q is trained.

    Two codes fit into four letters, so nothing hinders G to fit the data as well, and with a small
    weight it does. With a large one it may rest where one code has one letter and the other three.
    """
    joint, bound = played(weight)
    known = information.mutual_information(joint)
    assert LOG_2 - 0.01 < known <= LOG_2 + ROUNDING
    assert known - 0.01 < bound <= known + 0.01  # of one step before
    assert weight > 0.1 or abs(joint.sum(0) - DATA).max() < 0.02


def test_without_a_weight_it_need_not_be() -> None:
    """A plain GAN fits the letters, and leaves the code where chance had put it: near nothing."""
    joint, bound = played(0.0)
    assert abs(joint.sum(0) - DATA).max() < 0.02
    assert information.mutual_information(joint) < 0.001 and bound < 0.001


def test_a_trained_recogniser_closes_the_gap() -> None:
    """On a fixed p(c, x) L_I rises to I(c; x), below it all the way, and Q to the posterior.

    The gap is E KL(p(c | x) ‖ Q): with a slope of at most ε in all logits it is Σ |p(c, x) − p(x)
    Q|² / p(x) Q at most, by χ².
    """
    joint = np.random.default_rng(1).dirichlet(np.ones(12)).reshape(3, 4)
    joint = joint / joint.sum(1, keepdims=True) / 3  # a uniform code, as the prior of the bound
    q, known = Learner.start(Table(np.zeros((4, 3))), Adam(0.05)), 0.0
    information_of = information.mutual_information(joint)
    for _ in range(800):
        bound = bound_of(joint, q.network.logits)
        known = bound.item()
        assert known <= information_of + ROUNDING
        q = q.step(gradients(-bound, q.network))
    Q = np.exp(log_softmax(q.network.logits.data))
    px = joint.sum(0)
    chi = ((joint.T - px[:, None] * Q) ** 2 / (px[:, None] * Q)).sum()
    assert information_of - known <= chi + 1e-9 and chi < 1e-8


# The ceiling

tables = arrays.arrays(np.float64, (3, 4), elements=st.floats(0, 1)).filter(
    lambda t: bool((t.sum(1) > 1e-3).all())
)
logits = arrays.arrays(np.float64, (4, 3), elements=st.floats(-30, 30))


@given(tables, logits)
def test_the_bound_is_below_the_information_and_the_entropy(table: Array, q: Array) -> None:
    """For every p(x | c), every Q: L_I ≤ I(c; x) ≤ H(c); both with a uniform code."""
    joint = table / table.sum(1, keepdims=True) / 3
    known = information.mutual_information(joint)
    assert float(bound_of(joint, q)) <= known + 1e-9 <= math.log(3) + 2e-9


@given(arrays.arrays(np.float32, (5, 10), elements=st.floats(-50, 50, width=32)))
def test_no_example_of_the_models_bound_is_above_the_entropy(parameters: Array) -> None:
    """H(c) + log Q ≤ log K, as Q ≤ 1: two float32 sums of order 100 round by less than 1e-4."""
    model = InfoGAN(uniform_codes=0)
    codes = {"category": np.eye(10, dtype=np.float32)[:5]}
    bound = model.bounds(model.posterior({"category": parameters}), codes)["category"]
    assert np.all(bound <= math.log(10) + 1e-4)


def test_probabilities_in_the_place_of_logits_would_lower_the_ceiling() -> None:
    """Softmax twice: p ≤ 1 makes log Q at most 1 − log(e + 9), so L_I at most 0.84 nats."""
    model, eye = InfoGAN(uniform_codes=0), np.eye(10, dtype=np.float32)

    def of(parameters: Array) -> float:
        return float(model.bounds(model.posterior({"category": parameters}), {"category": eye})
                     ["category"].mean())  # fmt: skip

    assert abs(of(eye) - (math.log(10) + 1 - math.log(math.e + 9))) < 1e-5
    assert abs(of(100 * eye) - math.log(10)) < 1e-5


def test_codes_and_their_entropies_are_those_of_the_prior() -> None:
    """The prior that codes are drawn from is the one whose entropy the bound has: uniform codes
    fill (−1, 1) with the variance 1/3, within 5 standard errors, and no other entropy than log 2.
    """
    n, model = 4000, InfoGAN()
    codes, prior = model.draw_codes(np.random.default_rng(0), n), model.prior(n)
    u = codes["uniform_1"].astype(np.float64)
    assert -1 <= u.min() < -0.99 and 0.99 < u.max() < 1
    assert abs(np.mean(u**2) - 1 / 3) < 5 * math.sqrt((1 / 5 - 1 / 9) / n)
    assert np.array_equal(codes["category"].sum(1), np.ones(n))
    assert abs(codes["category"].mean(0) - 0.1).max() < 5 * math.sqrt(0.09 / n)
    assert np.all(np.abs(prior["uniform_1"].entropy() - LOG_2) < 1e-6)
    assert np.all(np.abs(prior["category"].entropy() - math.log(10)) < 1e-6)
    q = model.posterior({"uniform_1": np.array([[0.5, -1.0]], np.float32)})["uniform_1"]
    assert isinstance(q, Gaussian) and (q.mean.item(), q.log_variance.item()) == (0.5, -1.0)
