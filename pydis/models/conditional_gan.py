"""The conditional GAN. Mirza and Osindero 2014.

    min_G max_D   V(D, G) = E_(x, y) log D(x | y) + E_(z, y) log(1 − D(G(z | y) | y))   (equation 2)

y is the class of x, given with the data; for generated images it is drawn uniformly. Both players
see it: G beside its noise as a one-hot code, D beside the image as one plane for each class, all
ones for the class and zeros for the others. Everything else, batch normalisation too, is `gan.py`.

Deviations: as in `gan.py`; the paper joins images and classes behind a first maxout layer for each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from pydis.autodiff import Array, Value
from pydis.autodiff.ops import broadcast_to, concat, reshape
from pydis.backends import kernels_for
from pydis.models.adversarial_networks import Discriminator, Generator
from pydis.models.gan import (
    GAN,
    Learners,
    check_images,
    discriminator_step,
    even_choice,
    generate,
    within,
)
from pydis.nn import Learner, gradients


@dataclass(frozen=True)
class ConditionalGAN(GAN):
    """The GAN whose players are told the class."""

    classes: int = 10
    """Number of classes of the data."""

    DATA: ClassVar[tuple[str, ...]] = ("mnist", "digits")

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 2, "classes")

    def start(self, rng: np.random.Generator, side: int = GAN.SIDE) -> Learners:
        """The players before the first step, for images `[N, side, side, 1]`."""
        discriminator = Discriminator(rng, side, self.slope, 1 + self.classes)
        generator = Generator(rng, side, self.noise + self.classes)
        return {
            "discriminator": self.learner(discriminator, discriminator.trunk.start()),
            "generator": self.learner(generator, generator.body.start()),
        }

    def inputs(self, z: Array, y: Array) -> Array:
        """Noise `[N, noise]` and one-hot classes `[N, classes]`, as the generator takes them."""
        return concat(z, y, axis=1)

    def update(  # type: ignore[override]  # one argument more: the classes
        self,
        learners: Mapping[str, Learner],
        x: Array,
        rng: np.random.Generator,
        labels: Array,
    ) -> tuple[Learners, dict[str, Any]]:
        """One step of Algorithm 1 on images `[N, side, side, 1]` of classes `[N]`, whole numbers.

        Else as `GAN.update`.
        """
        generator, network = learners["generator"], learners["generator"].network
        check_images(learners["discriminator"].network, x)
        y, n = one_hot(labels, self.classes, x), len(x)
        z, c = self.draw(rng, n, x), even_choice(n, self.classes, x).sample(rng)
        fake, _ = generate(generator, self.inputs(z, c), training=True)
        discriminator, logged = discriminator_step(
            learners["discriminator"], with_class(x, y), with_class(fake, c)
        )
        z, c = self.draw(rng, n, x), even_choice(n, self.classes, x).sample(rng)
        fake, state = network(self.inputs(z, c), generator.state, training=True)
        loss, terms = self.deception(discriminator, with_class(fake, c))
        generator = generator.step(gradients(loss, network, terms)).with_state(state)
        return {"discriminator": discriminator, "generator": generator}, logged | terms


def with_class(x: Value, y: Array) -> Value:
    """Images `[N, H, W, C]` with a plane for each class `[N, K]` behind their channels."""
    n, h, w, _ = x.shape
    planes = broadcast_to(reshape(y, shape=(n, 1, 1, y.shape[1])), shape=(n, h, w, y.shape[1]))
    return concat(x, planes, axis=3)


def one_hot(labels: Array, classes: int, like: Array) -> Array:
    """Codes `[N, classes]` of whole numbers `[N]`, in the dtype of `like` and where it is.

    Raises TypeError for other than whole numbers, ValueError where they are not N of 0 … K − 1.
    """
    if getattr(getattr(labels, "dtype", None), "kind", None) not in ("i", "u"):
        received = getattr(labels, "dtype", type(labels).__name__)
        raise TypeError(f"one_hot: expected classes as whole numbers, received {received}")
    if labels.shape != like.shape[:1]:
        raise ValueError(
            f"one_hot: expected a class for each of {len(like)} images, "
            f"received shape {tuple(labels.shape)}"
        )
    if not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(
            f"one_hot: expected classes in [0, {classes}), received "
            f"{int(labels.min())} to {int(labels.max())}"
        )
    numbers = kernels_for("one_hot", [labels, like]).xp.arange(classes)
    return (labels[:, None] == numbers).astype(like.dtype)
