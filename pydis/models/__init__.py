"""One file, one paper. `MODELS` names what `pydis train` can train."""

from pydis.models.autoencoder import AutoEncoder
from pydis.models.beta_vae import BetaVAE
from pydis.models.classifier import Classifier
from pydis.models.vae import VAE

__all__ = ["MODELS", "VAE", "AutoEncoder", "BetaVAE", "Classifier"]

MODELS: dict[str, type[VAE]] = {"vae": VAE, "beta-vae": BetaVAE}
