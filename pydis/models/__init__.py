"""One file, one paper. `MODELS` names what `pydis train` can train."""

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

MODELS: dict[str, type[VAE]] = {"vae": VAE, "beta-vae": BetaVAE}
