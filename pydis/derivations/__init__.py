"""The paper's equations and what goes beyond them, executable.

A chapter is a title and its modules; each module ends with its `DERIVATIONS` in reading order.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType

from pydis.derivations import (
    bounds,
    bounds_batch,
    bounds_information,
    dependence,
    distributions,
    distributions_continuous,
    entropy,
    entropy_conditional,
    entropy_joint,
    gan,
    gan_gradients,
    gan_value,
    groups,
    identifiability,
    identifiability_codes,
    infogan,
    infogan_bound,
    infogan_chain,
    infogan_code,
    infogan_determined,
    infogan_gaussian,
    infogan_lambda,
    infogan_lemma,
    infogan_training,
    kl,
    kl_locality,
    linear_vae,
    linear_vae_collapse,
    linear_vae_mle,
    linear_vae_optimum,
    linear_vae_rotation,
    linear_vae_saddles,
    metrics_importance,
    metrics_mig,
    metrics_separation,
    metrics_tc,
    metrics_votes,
    more,
    more_capacity,
    more_gradients,
    more_pixels,
    more_rate,
    mutual_information,
    statistics,
)
from pydis.derivations.derivation import Derivation

CHAPTERS: tuple[tuple[str, tuple[ModuleType, ...]], ...] = (
    ("Entropy", (entropy, entropy_joint, entropy_conditional)),
    ("Mutual information", (mutual_information, dependence)),
    ("Divergence", (kl, kl_locality)),
    ("GAN", (gan, gan_value, gan_gradients)),
    (
        "InfoGAN",
        (
            infogan,
            infogan_lambda,
            infogan_code,
            infogan_determined,
            infogan_chain,
            infogan_bound,
            infogan_lemma,
            infogan_training,
            infogan_gaussian,
        ),
    ),
    ("Bounds of information", (bounds, bounds_information, bounds_batch)),
    ("Distributions", (distributions, distributions_continuous)),
    (
        "Linear VAE",
        (
            linear_vae,
            linear_vae_rotation,
            linear_vae_mle,
            linear_vae_optimum,
            linear_vae_saddles,
            linear_vae_collapse,
        ),
    ),
    ("Identifiability", (identifiability, identifiability_codes, groups)),
    (
        "Metrics",
        (
            metrics_mig,
            metrics_tc,
            metrics_importance,
            metrics_separation,
            metrics_votes,
            statistics,
        ),
    ),
    ("More", (more, more_gradients, more_capacity, more_rate, more_pixels)),
)
"""All chapters in reading order."""


def chapters() -> dict[str, tuple[Derivation, ...]]:
    """The derivations of each chapter, by its title."""
    return {
        title: tuple(d for module in modules for d in module.DERIVATIONS)
        for title, modules in CHAPTERS
    }


DERIVATIONS: dict[str, Derivation] = {d.id: d for found in chapters().values() for d in found}
"""All derivations by their ids, in reading order."""


def select(asked: Sequence[str]) -> list[Derivation]:
    """The derivations of those ids or prefixes, in reading order; all if none is asked for.

    Raises KeyError, with the nearest ids, for what no id begins with.
    """
    for name in asked:
        if not any(key.startswith(name) for key in DERIVATIONS):
            near = ", ".join(get_close_matches(name, DERIVATIONS, n=3, cutoff=0.5))
            raise KeyError(f"no derivation {name}" + (f"; there is {near}" if near else ""))
    return [d for key, d in DERIVATIONS.items() if not asked or key.startswith(tuple(asked))]
