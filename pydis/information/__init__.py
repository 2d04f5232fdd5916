"""Information in nats: of finite tables, of Gaussians, and its bounds and estimates."""

from pydis.information.aggregate import log_aggregate, stratified_sampling, weighted_sampling
from pydis.information.bounds import (
    barber_agakov,
    donsker_varadhan,
    evidence_bound,
    importance_weighted_bound,
    infonce,
    nguyen_wainwright_jordan,
)
from pydis.information.decomposition import Decomposition, decompose_draws, decompose_table
from pydis.information.dependence import (
    conditional_mutual_information,
    mutual_information,
    total_correlation,
)
from pydis.information.divergences import cross_entropy, js_divergence, kl_divergence
from pydis.information.entropies import (
    conditional_entropy,
    entropy,
    joint_entropy,
    self_information,
)
from pydis.information.gaussians import (
    gaussian_entropy,
    gaussian_mutual_information,
    gaussian_total_correlation,
)

__all__ = [
    "Decomposition",
    "barber_agakov",
    "conditional_entropy",
    "conditional_mutual_information",
    "cross_entropy",
    "decompose_draws",
    "decompose_table",
    "donsker_varadhan",
    "entropy",
    "evidence_bound",
    "gaussian_entropy",
    "gaussian_mutual_information",
    "gaussian_total_correlation",
    "importance_weighted_bound",
    "infonce",
    "joint_entropy",
    "js_divergence",
    "kl_divergence",
    "log_aggregate",
    "mutual_information",
    "nguyen_wainwright_jordan",
    "self_information",
    "stratified_sampling",
    "total_correlation",
    "weighted_sampling",
]
