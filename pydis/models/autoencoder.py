"""Encoder and decoder for 64×64 images: the networks that the beta-VAE literature shares.

    encoder  4×4 stride 2 pad 1: 1 → 32 → 32 → 64 → 64 channels (64² → 4²), dense 256,
             then one linear map each to the mean and the log-variance of q(z|x)
    decoder  dense 256, dense 4·4·64, transposed 4×4 stride 2 pad 1: 64 → 64 → 32 → 32 → 1

Relu after every layer but the last. Locatello et al. 2019, table of architectures (appendix).

Deviation: the published code of that study (disentanglement_lib, `conv_encoder`) has 2×2 filters in
the encoder's third and fourth convolution; these are 4×4 throughout, as the decoder's are.
"""

import numpy as np

from pydis.autodiff import Value
from pydis.autodiff.ops import relu
from pydis.nn import Conv2d, ConvTranspose2d, Flatten, Linear, Module, Sequential, Unflatten
from pydis.probability import Gaussian

SIDE = 64


class AutoEncoder(Module):
    """q(z|x) by the encoder, the parameters of p(x|z) by the decoder."""

    def __init__(self, rng: np.random.Generator, latents: int, channels: int = 1) -> None:
        self.trunk = Sequential(
            Conv2d(rng, channels, 32, 4, 2, 1, relu),
            Conv2d(rng, 32, 32, 4, 2, 1, relu),
            Conv2d(rng, 32, 64, 4, 2, 1, relu),
            Conv2d(rng, 64, 64, 4, 2, 1, relu),
            Flatten(),
            Linear(rng, 4 * 4 * 64, 256, relu),
        )
        self.mean = Linear(rng, 256, latents)
        self.log_variance = Linear(rng, 256, latents)
        self.decoder = Sequential(
            Linear(rng, latents, 256, relu),
            Linear(rng, 256, 4 * 4 * 64, relu),
            Unflatten(4, 4, 64),
            ConvTranspose2d(rng, 64, 64, 4, 2, 1, relu),
            ConvTranspose2d(rng, 64, 32, 4, 2, 1, relu),
            ConvTranspose2d(rng, 32, 32, 4, 2, 1, relu),
            ConvTranspose2d(rng, 32, channels, 4, 2, 1),
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
