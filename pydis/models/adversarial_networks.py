"""Discriminator, generator and recogniser: the networks that the adversarial models share.

For MNIST, Chen et al. 2016, table of appendix C.1, slope 0.1 below zero (lReLU):

    discriminator  4×4 stride 2: 1 → 64 lReLU, 64 → 128 BN lReLU (28² → 7²), dense 1024 BN lReLU: h
                   one logit from h
    recogniser     from h: dense 128 BN lReLU, then 10 logits, 2 means, 2 log-variances
    generator      dense 1024 BN ReLU, dense 7·7·128 BN ReLU,
                   transposed 4×4 stride 2: 128 → 64 BN ReLU, 64 → 1 sigmoid

`SIZES` has the same for images of 8×8 and, D without BN, of 64×64. First weights are N(0, 0.02²); a
layer before batch normalisation has no bias.

Batch normalisation: in training by the statistics of the batch, in evaluation by running ones. What
passes update those is said by who calls: a call gives back a state, and the caller keeps it or not.

Why not in D at 64×64: D sees data and generated images as two batches, and BN takes from each what
all its images share. Sprites are white on black and G begins grey on grey: the grey is subtracted,
faint patterns are divided by their own size, and no slope says that the images should be darker.
Without BN in D they are after some tens of updates. Lin et al. 2020 have none in D for sprites
either, but divide its weights by their spectral norms, which these networks do not.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from pydis.autodiff import Array, Value
from pydis.autodiff.ops import relu, reshape, sigmoid
from pydis.nn import (
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    LeakyReLU,
    Linear,
    Module,
    NormalisedSequential,
    Unflatten,
)
from pydis.nn.initialise import small_normal

State = Mapping[str, Array]


class Size(NamedTuple):
    """Channels of the discriminator's maps, each of half the side, its width behind them, and
    whether it has batch normalisation.
    """

    channels: tuple[int, ...]
    width: int
    normalised: bool = True


SIZES = {
    8: Size((64, 128), 512),
    28: Size((64, 128), 1024),
    64: Size((32, 32, 64, 64), 256, normalised=False),
}
"""Networks by the side of the images; that of 28 is the paper's."""
RECOGNISER_WIDTH = 128


class Discriminator(Module):
    """x `[N, side, side, channels]` ↦ h `[N, width]` ↦ the logit of D(x), `[N]`."""

    def __init__(
        self, rng: np.random.Generator, side: int, slope: float, channels: int = 1
    ) -> None:
        self.side = side
        size, bend = size_of(side), LeakyReLU(slope)
        conv = partial(Conv2d, rng, size=4, stride=2, pad=1, initial=small_normal)
        linear = partial(Linear, rng, initial=small_normal)

        def bent(layer: Callable[..., Any], before: int, after: int) -> list[Any]:
            if not size.normalised:
                return [layer(before, after, activation=bend)]
            return [layer(before, after, bias=False), BatchNorm(after, activation=bend)]

        first, *others = size.channels
        maps: list[Any] = [conv(channels, first, activation=bend)]
        for before, after in zip(size.channels, others, strict=False):
            maps += bent(conv, before, after)
        inputs = (side >> len(size.channels)) ** 2 * size.channels[-1]
        self.trunk = NormalisedSequential(*maps, Flatten(), *bent(linear, inputs, size.width))
        self.logit = Linear(rng, size.width, 1, initial=small_normal)

    def features(self, x: Value, state: State, *, training: bool) -> tuple[Value, dict[str, Array]]:
        """h, and the state after this batch."""
        return self.trunk(x, state, training=training)

    def judge(self, h: Value) -> Value:
        """The logit of D from h, `[N]`."""
        return reshape(self.logit(h), shape=(h.shape[0],))

    def __call__(self, x: Value, state: State, *, training: bool) -> tuple[Value, dict[str, Array]]:
        h, after = self.features(x, state, training=training)
        return self.judge(h), after


class Recogniser(Module):
    """h `[N, width]` of the discriminator ↦ the parameters of Q(c | x), side by side."""

    def __init__(
        self, rng: np.random.Generator, side: int, slope: float, outputs: Mapping[str, int]
    ) -> None:
        linear = partial(Linear, rng, initial=small_normal)
        self.hidden = NormalisedSequential(
            linear(size_of(side).width, RECOGNISER_WIDTH, bias=False),
            BatchNorm(RECOGNISER_WIDTH, activation=LeakyReLU(slope)),
        )
        self.outputs = {name: linear(RECOGNISER_WIDTH, n) for name, n in outputs.items()}

    def __call__(
        self, h: Value, state: State, *, training: bool
    ) -> tuple[dict[str, Value], dict[str, Array]]:
        h, after = self.hidden(h, state, training=training)
        return {name: output(h) for name, output in self.outputs.items()}, after


class Generator(Module):
    """Noise and codes `[N, inputs]` ↦ images `[N, side, side, 1]` in (0, 1)."""

    def __init__(self, rng: np.random.Generator, side: int, inputs: int) -> None:
        size = size_of(side)
        low, (*channels, last) = side >> len(size.channels), size.channels
        linear = partial(Linear, rng, initial=small_normal, bias=False)
        spread = partial(ConvTranspose2d, rng, size=4, stride=2, pad=1, initial=small_normal)
        layers: list[Any] = [
            linear(inputs, size.width),
            BatchNorm(size.width, activation=relu),
            linear(size.width, low * low * last),
            BatchNorm(low * low * last, activation=relu),
            Unflatten(low, low, last),
        ]
        for before, after in zip(reversed(size.channels), reversed(channels), strict=False):
            layers += [spread(before, after, bias=False), BatchNorm(after, activation=relu)]
        self.body = NormalisedSequential(*layers, spread(size.channels[0], 1), sigmoid)

    def __call__(self, z: Value, state: State, *, training: bool) -> tuple[Value, dict[str, Array]]:
        return self.body(z, state, training=training)


def size_of(side: int) -> Size:
    """The network for images of this side. Raises ValueError for a side that has none."""
    if side not in SIZES:
        sides = ", ".join(str(known) for known in SIZES)
        raise ValueError(f"side: expected one of {sides}, received {side!r}")
    return SIZES[side]
