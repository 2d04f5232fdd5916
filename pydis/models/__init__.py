"""One file, one paper. `MODELS` names what `pydis train` can train.

A model is a frozen record of hyper-parameters. `start(rng, side)` gives its players, `update` the
players after a step on images `[N, side, side, 1]` (and their classes, if it has `classes`) and the
terms to log; `DATA` names the data sets that it can be trained on, the usual one first.
"""

from typing import Any

from pydis.models.autoencoder import AutoEncoder
from pydis.models.beta_vae import BetaVAE
from pydis.models.classifier import Classifier
from pydis.models.conditional_gan import ConditionalGAN
from pydis.models.gan import GAN
from pydis.models.infogan import InfoGAN
from pydis.models.vae import VAE

__all__ = [
    "GAN",
    "MODELS",
    "VAE",
    "AutoEncoder",
    "BetaVAE",
    "Classifier",
    "ConditionalGAN",
    "InfoGAN",
]

MODELS: dict[str, type[Any]] = {
    "vae": VAE,
    "beta-vae": BetaVAE,
    "gan": GAN,
    "conditional-gan": ConditionalGAN,
    "infogan": InfoGAN,
}
