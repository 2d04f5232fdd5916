"""What models minimise, term by term, in nats for each example."""

from pydis.objectives.elbo import Terms, beta_objective, evidence_lower_bound, rate
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
    "bernoulli_reconstruction",
    "beta_objective",
    "equivalent_beta",
    "evidence_lower_bound",
    "gaussian_normaliser",
    "gaussian_reconstruction",
    "rate",
]
