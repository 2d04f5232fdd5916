"""The variational autoencoder. Kingma and Welling 2014, equation 10; the paper's §4.2.1.

    minimise over both networks   E_x [ −E_q(z|x) log p(x|z)  +  KL(q(z|x) ‖ N(0, I)) ]

| part        | here                                                                   |
|-------------|------------------------------------------------------------------------|
| q(z|x)      | N(μ(x), diag σ²(x)), the encoder of `autoencoder.py`                   |
| p(x|z)      | Bernoulli from logits, or N(x̂(z), ½ I): the paper's |x − x̂|²          |
| expectation | one draw z = μ + σ ε for each image                                    |
| optimiser   | Adam, η = 1e-4, batch 64                                               |
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import mean, sigmoid
from pydis.models.autoencoder import SIDE, AutoEncoder
from pydis.models.hyperparameters import check_types
from pydis.nn import Adam, Learner, gradients
from pydis.objectives import (
    Terms,
    bernoulli_reconstruction,
    beta_objective,
    evidence_lower_bound,
    gaussian_normaliser,
    gaussian_reconstruction,
    rate,
)

Likelihood = Literal["bernoulli", "gaussian"]
MOST_LATENTS = SIDE * SIDE
"""A code longer than the image that it stands for is no code."""


@dataclass(frozen=True)
class VAE:
    """Hyper-parameters, and the update that they define."""

    latents: int = 10
    """Number of latent variables."""
    likelihood: Likelihood = "bernoulli"
    """p(x|z): bernoulli, from logits; or gaussian with variance 1/2, the paper's squared error."""
    learning_rate: float = 1e-4
    """Adam's step size."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.latents < 1:
            raise ValueError(f"latents: expected at least 1, received {self.latents}")
        if self.latents > MOST_LATENTS:
            raise ValueError(f"latents: expected at most {MOST_LATENTS}, received {self.latents}")
        if self.likelihood not in ("bernoulli", "gaussian"):
            raise ValueError(
                f"likelihood: expected 'bernoulli' or 'gaussian', received {self.likelihood!r}"
            )
        if not 0 < self.learning_rate <= sys.float_info.max:
            raise ValueError(
                f"learning_rate: expected a finite number > 0, received {self.learning_rate}"
            )

    DATA: ClassVar[tuple[str, ...]] = ("dsprites",)

    def start(self, rng: np.random.Generator, side: int = SIDE) -> dict[str, Learner]:
        """The player before the first step: one autoencoder with its Adam.

        Raises ValueError for images of another side than 64.
        """
        if side != SIDE:
            raise ValueError(f"side: expected {SIDE}, received {side!r}")
        network = AutoEncoder(rng, self.latents)
        return {"autoencoder": Learner.start(network, Adam(self.learning_rate))}

    def terms(self, network: AutoEncoder, x: Value, rng: np.random.Generator) -> Terms:
        """Reconstruction and rate of images `[N, 64, 64, 1]`, by one draw of z for each."""
        q = network.encode(x)
        return Terms(self.reconstruction(x, network.decode(q.sample(rng))), rate(q))

    def reconstruction(self, x: Value, decoded: Value) -> Value:
        """−log p(x|z) from the decoder's output, `[N]`, without the Gaussian's normaliser."""
        if self.likelihood == "bernoulli":
            return bernoulli_reconstruction(x, decoded)
        return gaussian_reconstruction(x, decoded)

    def images(self, decoded: Array) -> Array:
        """E[x|z] from the decoder's output: what to show."""
        return sigmoid(decoded) if self.likelihood == "bernoulli" else decoded

    def objective(self, terms: Terms) -> Value:
        """reconstruction + rate = −L for each image, `[N]`."""
        return beta_objective(terms, 1.0)

    def update(
        self, learners: Mapping[str, Learner], x: Array, rng: np.random.Generator
    ) -> tuple[dict[str, Learner], dict[str, Any]]:
        """One step on a batch: the learner after it, and the terms (nats an image) before it.

        Raises NonFiniteError, with nothing changed, if a term or a gradient is not finite;
        ValueError or TypeError for what is no batch of images `[N, 64, 64, 1]`.
        """
        if 0 in getattr(x, "shape", (0,)):
            received = getattr(x, "shape", type(x).__name__)
            raise ValueError(f"update: expected images [N, {SIDE}, {SIDE}, 1], received {received}")
        learner = learners["autoencoder"]
        terms = self.terms(learner.network, x, rng)
        loss = mean(self.objective(terms))
        logged = {"loss": loss.data} | self.log(terms, x[0].size)
        stepped = learner.step(gradients(loss, learner.network, logged))
        return {"autoencoder": stepped}, logged

    def log(self, terms: Terms, pixels: int) -> dict[str, Value]:
        """The batch means to log: both terms, and the bound itself with its constant."""
        constant = gaussian_normaliser(pixels) if self.likelihood == "gaussian" else 0.0
        reconstruction, rate = (stop_gradient(t) for t in terms)
        bound = evidence_lower_bound(Terms(reconstruction, rate), constant)
        return {
            "reconstruction": mean(reconstruction),
            "rate": mean(rate),
            "elbo": mean(bound),
        }
