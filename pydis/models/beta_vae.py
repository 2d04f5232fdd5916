"""The beta-VAE. Higgins et al. 2017, equation 4; the paper's §4.2.

    minimise over both networks   E_x [ −E_q(z|x) log p(x|z)  +  β KL(q(z|x) ‖ N(0, I)) ]

β > 1 narrows the channel from x to z: nats of code cost more than nats of reconstruction. With the
Gaussian likelihood at σ² = ½ this is the paper's min |x − x̂|² + β KL. Everything else is `vae.py`.

Deviation: Higgins et al. train on dSprites with a fully connected network and Adagrad (their table
of appendix A.1); this is the convolutional network and Adam of the later comparisons.
"""

import sys
from dataclasses import dataclass

from pydis.autodiff import Value
from pydis.models.vae import VAE
from pydis.objectives import Terms, beta_objective


@dataclass(frozen=True)
class BetaVAE(VAE):
    """The variational autoencoder with the rate weighted by beta."""

    beta: float = 4.0
    """Weight of the rate; 1 is the plain variational autoencoder."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.beta <= sys.float_info.max:
            raise ValueError(f"beta: expected a finite number >= 0, received {self.beta}")

    def objective(self, terms: Terms) -> Value:
        """reconstruction + β rate for each image, `[N]`."""
        return beta_objective(terms, self.beta)
