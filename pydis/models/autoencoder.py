"""Encoder and decoder for 64×64 images: the networks that the beta-VAE literature shares.

    encoder  4×4 stride 2 pad 1: 1 → 32 → 32 → 64 → 64 channels (64² → 4²), dense 256,
             then one linear map each to the mean and the log-variance of q(z|x)
    decoder  dense 256, dense 4·4·64, transposed 4×4 stride 2 pad 1: 64 → 64 → 32 → 32 → 1

Relu after every layer but the last; first weights by the common heuristic (`docs/design.md` says
why). Locatello et al. 2019, table of architectures (appendix).

Deviation: the published code of that study (disentanglement_lib, `conv_encoder`) has 2×2 filters in
the encoder's third and fourth convolution; these are 4×4 throughout, as the decoder's are.
"""

from functools import partial

import numpy as np

from pydis.autodiff import Value
from pydis.autodiff.ops import relu
from pydis.nn import Conv2d, ConvTranspose2d, Flatten, Linear, Module, Sequential, Unflatten
from pydis.nn.initialise import heuristic_uniform
from pydis.probability import Gaussian

SIDE = 64


class AutoEncoder(Module):
    """q(z|x) by the encoder, the parameters of p(x|z) by the decoder."""

    def __init__(self, rng: np.random.Generator, latents: int, channels: int = 1) -> None:
        linear = partial(Linear, rng, initial=heuristic_uniform)
        conv = partial(Conv2d, rng, size=4, stride=2, pad=1, initial=heuristic_uniform)
        spread = partial(ConvTranspose2d, rng, size=4, stride=2, pad=1, initial=heuristic_uniform)
        self.trunk = Sequential(
            conv(channels, 32, activation=relu),
            conv(32, 32, activation=relu),
            conv(32, 64, activation=relu),
            conv(64, 64, activation=relu),
            Flatten(),
            linear(4 * 4 * 64, 256, relu),
        )
        self.mean = linear(256, latents)
        self.log_variance = linear(256, latents)
        self.decoder = Sequential(
            linear(latents, 256, relu),
            linear(256, 4 * 4 * 64, relu),
            Unflatten(4, 4, 64),
            spread(64, 64, activation=relu),
            spread(64, 32, activation=relu),
            spread(32, 32, activation=relu),
            spread(32, channels),
        )

    def encode(self, x: Value) -> Gaussian:
        """q(z|x) for images `[N, 64, 64, channels]`; raises ValueError for other shapes."""
        if x.ndim != 4 or x.shape[1:3] != (SIDE, SIDE):
            raise ValueError(
                f"encode: expected images [N, {SIDE}, {SIDE}, C], received {tuple(x.shape)}"
            )
        h = self.trunk(x)
        return Gaussian(self.mean(h), self.log_variance(h))

    def decode(self, z: Value) -> Value:
        """The parameters of p(x|z) for codes `[N, latents]`: logits, or means, `[N, 64, 64, C]`."""
        return self.decoder(z)
