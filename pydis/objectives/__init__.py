"""What models minimise, term by term, in nats for each example."""

from pydis.objectives.adversarial import (
    adversarial_value,
    discriminator_loss,
    non_saturating_loss,
    saturating_loss,
)
from pydis.objectives.elbo import Terms, beta_objective, evidence_lower_bound, rate
from pydis.objectives.infomax import information_bound
from pydis.objectives.reconstruction import (
    PAPER_VARIANCE,
    bernoulli_reconstruction,
    equivalent_beta,
    gaussian_normaliser,
    gaussian_reconstruction,
)

__all__ = [
    "PAPER_VARIANCE",
    "Terms",
    "adversarial_value",
    "bernoulli_reconstruction",
    "beta_objective",
    "discriminator_loss",
    "equivalent_beta",
    "evidence_lower_bound",
    "gaussian_normaliser",
    "gaussian_reconstruction",
    "information_bound",
    "non_saturating_loss",
    "rate",
    "saturating_loss",
]
