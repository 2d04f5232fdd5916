"""Value and losses of the adversarial game from logits, and InfoGAN's bound by draws."""

import math
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis import information
from pydis.autodiff import Tensor, grad
from pydis.autodiff.ops import sum
from pydis.objectives import (
    adversarial_value,
    discriminator_loss,
    information_bound,
    non_saturating_loss,
    saturating_loss,
)
from pydis.probability import Categorical, Gaussian, Uniform

Array = Any
EPS = float(np.finfo(np.float64).eps)
LOGITS = np.array([-20.0, -3.0, -0.1, 0.0, 2.0, 9.0])


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def close(value: Array, expected: Array, roundings: int = 40) -> bool:
    """Equal up to the roundings of exp, log and a sum."""
    return bool(np.all(abs(value - expected) <= roundings * EPS * (1 + abs(expected))))


# The game


@verifies("eq:gan-value", "pydis.objectives.adversarial.adversarial_value")
@verifies("eq:gan-value", "pydis.objectives.adversarial.discriminator_loss")
def test_value_is_the_log_probability_of_being_right() -> None:
    real, fake = LOGITS[2:], LOGITS[:4]
    value = adversarial_value(real, fake)
    assert close(value, np.log(sigmoid(real)) + np.log(sigmoid(-fake)))
    assert np.array_equal(discriminator_loss(real, fake), -value)
    assert adversarial_value(np.zeros(1), np.zeros(1))[0] == -math.log(4)


@verifies("eq:gan-saturating", "pydis.objectives.adversarial.saturating_loss")
@verifies("eq:gan-non-saturating", "pydis.objectives.adversarial.non_saturating_loss")
def test_generator_losses_and_their_slopes() -> None:
    """−D and −(1 − D): of one sign, and the first vanishes where the discriminator wins."""
    a, d = Tensor(LOGITS), sigmoid(LOGITS)
    saturating, other = saturating_loss(a), non_saturating_loss(a)
    assert close(saturating.data, np.log(sigmoid(-LOGITS))) and close(other.data, -np.log(d))
    assert close(grad(sum(saturating), a), -d) and close(grad(sum(other), a), -(1 - d))
    assert abs(grad(sum(saturating), a)[0]) < 1e-8 < 0.99 < abs(grad(sum(other), a)[0])


def test_no_logit_is_too_far_out() -> None:
    """At ±700 the probability is 1e-304 or rounds to 1: losses and slopes are still the lines."""
    a = Tensor(np.array([-700.0, 700.0], np.float64))
    assert np.array_equal(non_saturating_loss(a).data.round(9), [700.0, 0.0])
    assert np.array_equal(saturating_loss(a).data.round(9), [0.0, -700.0])
    assert np.array_equal(adversarial_value(-a, a).data.round(9), [0.0, -1400.0])
    assert np.array_equal(grad(sum(non_saturating_loss(a)), a).round(9), [-1.0, 0.0])


def test_logits_of_other_shapes_and_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"adversarial_value: values of shape \(3,\)"):
        adversarial_value(np.zeros(2), np.zeros(3))
    with pytest.raises(TypeError, match="dtype float32"):
        discriminator_loss(np.zeros(2), np.zeros(2, np.float32))


# The bound


@verifies("eq:infogan-bound", "pydis.objectives.infomax.information_bound")
def test_over_all_draws_it_is_the_bound_of_barber_and_agakov() -> None:
    """Of a table p(c, x), with every pair as one draw of its weight."""
    rng = np.random.default_rng(0)
    joint = rng.dirichlet(np.ones(12)).reshape(3, 4)
    q = rng.dirichlet(np.ones(3), size=4)  # [x, c]
    code, image = (i.ravel() for i in np.indices(joint.shape))
    prior = Categorical(np.log(np.tile(joint.sum(1), (12, 1))))
    each = information_bound(prior, Categorical(np.log(q)[image]), np.eye(3)[code])
    assert each.shape == (12,)
    assert close(joint.ravel() @ each, information.barber_agakov(joint, q))
    posterior = np.log((joint / joint.sum(0)).T)
    best = information_bound(prior, Categorical(posterior[image]), np.eye(3)[code])
    assert close(joint.ravel() @ best, information.mutual_information(joint))


@verifies("eq:infogan-bound", "pydis.objectives.infomax.information_bound")
def test_of_a_uniform_code_it_is_a_bound_too() -> None:
    """x is the sign of c ~ U(−1, 1), so I = log 2. The best Gaussian N(±½, 1/12) gets
    log 2 − ½ log(2πe / 12); with a normal's entropy in place of log 2 it would be above I.

    Midpoints, m on either side of 0, miss the mean square 1/12 by 1 / 12 m², the bound by 6 of it.
    """
    m = 2048
    c = ((np.arange(2 * m) + 0.5) / m - 1)[:, None]
    ones = np.ones((2 * m, 1))
    q = Gaussian(np.sign(c) / 2, -math.log(12) * ones)
    bound = float(np.mean(information_bound(Uniform(-ones, ones), q, c)))
    expected = math.log(2) - 0.5 * math.log(2 * math.pi * math.e / 12)
    assert abs(bound - expected) < 1.01 / (2 * m**2)
    assert bound < math.log(2) < bound + 0.5 * math.log(2 * math.pi * math.e) - math.log(2)


def test_codes_of_another_shape_are_refused() -> None:
    prior = Categorical(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="one-hot codes"):
        information_bound(prior, Categorical(np.zeros((4, 3))), np.zeros((4, 2)))
