"""The paper's equations and what goes beyond them, executable.

A chapter is a title and its modules; each module ends with its `DERIVATIONS` in reading order.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType

from pydis.derivations import (
    aggregate,
    beta_vae,
    beta_vae_collapse,
    beta_vae_linear,
    beta_vae_tempered,
    bounds,
    bounds_batch,
    bounds_information,
    dependence,
    dip,
    distributions,
    distributions_continuous,
    elbo,
    elbo_em,
    elbo_fit,
    elbo_importance,
    elbo_sandwich,
    entropy,
    entropy_conditional,
    entropy_joint,
    estimates,
    estimates_gaussian,
    estimators,
    estimators_variance,
    factorvae,
    gan,
    gan_gradients,
    gan_value,
    gaussians,
    gaussians_entropy,
    gaussians_full,
    groups,
    identifiability,
    identifiability_codes,
    inequalities,
    inequalities_bounds,
    inequalities_channels,
    inequalities_densities,
    inequalities_entropy,
    inequalities_information,
    inequalities_maps,
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
    rate_distortion,
    rate_distortion_penalty,
    statistics,
    surgery,
    survey_cost,
    survey_covariance,
    survey_independence,
    survey_penalty,
    survey_regularisers,
    survey_rotation,
    total_correlation,
    vae,
    vae_decoder,
    vae_loss,
    vi,
    vi_bound,
    vi_evidence,
    vi_gaussian,
    vi_maximise,
)
from pydis.derivations.derivation import Derivation

CHAPTERS: tuple[tuple[str, tuple[ModuleType, ...]], ...] = (
    (
        "Claims of the survey",
        (
            survey_independence,
            survey_rotation,
            survey_cost,
            survey_penalty,
            survey_regularisers,
            survey_covariance,
        ),
    ),
    ("Entropy", (entropy, entropy_joint, entropy_conditional)),
    ("Mutual information", (mutual_information, dependence)),
    ("Divergence", (kl, kl_locality)),
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
    ("Variational inference", (vi, vi_evidence, vi_bound, vi_maximise, vi_gaussian)),
    ("The autoencoder's loss", (vae, vae_decoder, vae_loss)),
    ("Beta-VAE", (beta_vae, beta_vae_linear, beta_vae_collapse, beta_vae_tempered)),
    (
        "Inequalities",
        (
            inequalities,
            inequalities_bounds,
            inequalities_channels,
            inequalities_entropy,
            inequalities_information,
            inequalities_maps,
            inequalities_densities,
        ),
    ),
    ("Distributions", (distributions, distributions_continuous)),
    ("Gaussians", (gaussians, gaussians_full, gaussians_entropy)),
    ("Gradient estimators", (estimators, estimators_variance)),
    ("GAN", (gan, gan_value, gan_gradients)),
    (
        "Bounds of information",
        (bounds, bounds_information, bounds_batch, estimates, estimates_gaussian),
    ),
    ("The evidence bound's family", (elbo, elbo_importance, elbo_em, elbo_fit, elbo_sandwich)),
    ("Rate and distortion", (rate_distortion, rate_distortion_penalty)),
    ("Aggregated posterior", (surgery, total_correlation, factorvae, aggregate, dip)),
    (
        "Linear VAE",
        (
            linear_vae,
            linear_vae_mle,
            linear_vae_rotation,
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
            metrics_separation,
            metrics_importance,
            metrics_votes,
            metrics_tc,
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
