"""Information in nats: of finite tables, of Gaussians, and its bounds and estimates."""

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

__all__ = [
    "conditional_entropy",
    "conditional_mutual_information",
    "cross_entropy",
    "entropy",
    "joint_entropy",
    "js_divergence",
    "kl_divergence",
    "mutual_information",
    "self_information",
    "total_correlation",
]
