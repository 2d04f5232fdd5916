"""Generative adversarial networks. Goodfellow et al. 2014.

    min_G max_D   V(D, G) = E_x log D(x) + E_z log(1 − D(G(z)))                (equation 1)

| part        | here                                                                      |
|-------------|---------------------------------------------------------------------------|
| D, G        | `adversarial_networks.py`, those of InfoGAN without its codes             |
| z           | 62 variables, uniform on (−1, 1)                                          |
| loss of D   | −V                                                                        |
| loss of G   | −log D(G(z)) (non-saturating, section 3), or log(1 − D(G(z))) of V itself |
| optimisers  | Adam with β₁ = 0.5, η = 2e-4 for D and 1e-3 for G, batch 128              |

Algorithm 1 with k = 1, for each step:

    1  draw z, take the images x;  ascend  V in the parameters of D            `discriminator_step`
    2  draw z anew;                descend the loss of G in the parameters of G          `update`

In 1 the generated images are constants, in 2 the discriminator is: neither sweep reaches the other.

Batch normalisation: x and G(z) pass through D as two batches, each with its own statistics: one
batch of both would tell D what else is in it. The running statistics of D are those of the data in
1, those of G of the draws in 2. Images are shown with the running ones: each is then a function of
its z alone. D judges by those of the batch, in evaluation too, because what is normal for data is
not for generated images as long as D can tell them apart.

Deviations: the paper has fully connected networks with maxout, dropout and momentum; these are
convolutional, with Radford et al. 2016's normalisation, first weights and β₁. Its z is not spelled
out for MNIST.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pydis.autodiff import Array, Tensor, Value
from pydis.autodiff.ops import mean
from pydis.backends import current, kernels_for
from pydis.models.adversarial_networks import Discriminator, Generator
from pydis.models.hyperparameters import check_types
from pydis.nn import Adam, Learner, gradients
from pydis.objectives import (
    discriminator_loss,
    non_saturating_loss,
    saturating_loss,
)
from pydis.probability import Categorical, Uniform

Learners = dict[str, Learner]
MOST_INPUTS = 4096
"""More variables than pixels are no code of an image."""
GENERATOR_LOSSES = {"non-saturating": non_saturating_loss, "saturating": saturating_loss}


@dataclass(frozen=True)
class GAN:
    """Hyper-parameters, and the update that they define."""

    noise: int = 62
    """Number of noise variables."""
    generator_loss: Literal["non-saturating", "saturating"] = "non-saturating"
    """What G minimises: −log D(G(z)), or log(1 − D(G(z))), whose slope vanishes where D wins."""
    discriminator_rate: float = 2e-4
    """Adam's step size for the discriminator."""
    generator_rate: float = 1e-3
    """Adam's step size for the generator, and for a recogniser where there is one."""
    beta1: float = 0.5
    """Adam's decay of the mean of gradients."""
    slope: float = 0.1
    """Slope of the discriminator's leaky relu below zero."""

    SIDE: ClassVar[int] = 28
    LEAST_BATCH: ClassVar[int] = 2
    DATA: ClassVar[tuple[str, ...]] = ("mnist", "digits", "dsprites")

    def __post_init__(self) -> None:
        check_types(self)
        within(self, 1, "noise")
        if self.generator_loss not in GENERATOR_LOSSES:
            raise ValueError(
                "generator_loss: expected 'non-saturating' or 'saturating', "
                f"received {self.generator_loss!r}"
            )
        for name in ("discriminator_rate", "generator_rate"):
            if not 0 < getattr(self, name) <= sys.float_info.max:
                received = getattr(self, name)
                raise ValueError(f"{name}: expected a finite number > 0, received {received}")
        for name in ("beta1", "slope"):
            if not 0 <= getattr(self, name) < 1:
                received = getattr(self, name)
                raise ValueError(f"{name}: expected a number in [0, 1), received {received}")

    def start(self, rng: np.random.Generator, side: int = SIDE) -> Learners:
        """The players before the first step, for images `[N, side, side, 1]`.

        Raises ValueError for a side without networks (`adversarial_networks.SIZES`).
        """
        discriminator = Discriminator(rng, side, self.slope)
        generator = Generator(rng, side, self.noise)
        return {
            "discriminator": self.learner(discriminator, discriminator.trunk.start()),
            "generator": self.learner(generator, generator.body.start()),
        }

    def learner(self, network: Any, state: Mapping[str, Array]) -> Learner:
        """A player with its Adam: D by its own rate, all others by the generator's."""
        own = isinstance(network, Discriminator)
        rate = self.discriminator_rate if own else self.generator_rate
        return Learner.start(network, Adam(rate, beta1=self.beta1), state)

    def draw(self, rng: np.random.Generator, n: int, like: Array = None) -> Array:
        """Noise z `[n, noise]`, uniform on (−1, 1), where `like` is or the current backend."""
        return unit_box(n, self.noise, like).sample(rng)

    def update(
        self, learners: Mapping[str, Learner], x: Array, rng: np.random.Generator
    ) -> tuple[Learners, dict[str, Any]]:
        """One step of Algorithm 1 on images `[N, side, side, 1]`: the players, the terms in nats.

        `value` and `discriminator_loss` are of the discriminator before its step, `generator_loss`
        of the generator before its own. Raises NonFiniteError, with nothing changed, if a term or a
        gradient is not finite; ValueError or TypeError for what is no batch of such images.
        """
        generator = learners["generator"]
        check_images(learners["discriminator"].network, x)
        fake, _ = generate(generator, self.draw(rng, len(x), x), training=True)
        discriminator, logged = discriminator_step(learners["discriminator"], x, fake)
        network = generator.network
        fake, state = network(self.draw(rng, len(x), x), generator.state, training=True)
        loss, terms = self.deception(discriminator, fake)
        generator = generator.step(gradients(loss, network, terms)).with_state(state)
        return {"discriminator": discriminator, "generator": generator}, logged | terms

    def deception(self, discriminator: Learner, fake: Value) -> tuple[Tensor, dict[str, Any]]:
        """The mean loss of G for images that D, as a constant, judges; and the same to log."""
        judge = discriminator.network.constants()
        logits, _ = judge(fake, discriminator.state, training=True)
        loss = mean(GENERATOR_LOSSES[self.generator_loss](logits))
        return loss, {"generator_loss": loss.data}


def discriminator_step(learner: Learner, x: Value, fake: Array) -> tuple[Learner, dict[str, Any]]:
    """One step up V in the parameters of D (Algorithm 1, the inner loop), and its terms to log.

    `fake` is an array, hence a constant: no gradient goes into the images or their generator.
    """
    real_logits, state = learner.network(x, learner.state, training=True)
    fake_logits, _ = learner.network(fake, learner.state, training=True)
    loss = mean(discriminator_loss(real_logits, fake_logits))
    terms = {"value": (-loss).data, "discriminator_loss": loss.data}
    return learner.step(gradients(loss, learner.network, terms)).with_state(state), terms


def generate(
    generator: Learner, inputs: Array, *, training: bool = False
) -> tuple[Array, Mapping[str, Array]]:
    """Images `[N, side, side, 1]` in (0, 1) for noise and codes `[N, …]`, without a graph; state.

    By default with the running statistics, so that each image depends on its own inputs alone.
    """
    images, state = generator.network.constants()(inputs, generator.state, training=training)
    return images, state


def judge(discriminator: Learner, x: Array) -> Array:
    """The logits `[N]` of D for a batch of images, all data or all generated, without a graph."""
    network = discriminator.network.constants()
    logits: Array = network(x, discriminator.state, training=True)[0]
    return logits


def unit_box(n: int, width: int, like: Array = None) -> Uniform:
    """Uniform on (−1, 1) in each of `width` coordinates, for n examples."""
    ones = _library(like).ones((n, width), _precision(like))
    return Uniform(-ones, ones)


def even_choice(n: int, values: int, like: Array = None) -> Categorical:
    """One of so many values, each as likely, for n examples."""
    return Categorical(_library(like).zeros((n, values), _precision(like)))


def _library(like: Array) -> Any:
    """The array library of `like`; that of the current backend without one."""
    return current().xp if like is None else kernels_for("draw", [like]).xp


def _precision(like: Array) -> Any:
    """The dtype of `like`; float32 without one."""
    return np.float32 if like is None else like.dtype


def check_images(discriminator: Discriminator, x: Any, least: int = 2) -> None:
    """Raise ValueError unless x is `[N, side, side, 1]`: in training N ≥ 2, to have statistics."""
    side, shape = discriminator.side, tuple(getattr(x, "shape", ()))
    if len(shape) != 4 or shape[0] < least or shape[1:] != (side, side, 1):
        raise ValueError(
            f"expected images [N, {side}, {side}, 1] with N at least {least}, "
            f"received {list(shape) if shape else type(x).__name__}"
        )


def within(record: Any, least: int, *names: str) -> None:
    """Raise ValueError for the first of the named fields outside `least` … `MOST_INPUTS`."""
    for name in names:
        received = getattr(record, name)
        if received < least:
            raise ValueError(f"{name}: expected at least {least}, received {received}")
        if received > MOST_INPUTS:
            raise ValueError(f"{name}: expected at most {MOST_INPUTS}, received {received}")
