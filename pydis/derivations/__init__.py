"""The paper's equations and what goes beyond them, executable.

A chapter is a title and its modules; each module ends with its `DERIVATIONS` in reading order.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType

from pydis.derivations import (
    distributions,
    distributions_continuous,
    entropy,
    entropy_conditional,
    entropy_joint,
    groups,
    identifiability,
    identifiability_codes,
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
    statistics,
)
from pydis.derivations.derivation import Derivation

CHAPTERS: tuple[tuple[str, tuple[ModuleType, ...]], ...] = (
    ("Entropy", (entropy, entropy_joint, entropy_conditional)),
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
