"""The evidence lower bound and its two terms, in nats for each example.

    log p(x)  ≥  L  =  E_q(z|x)[log p(x|z)]  −  KL(q(z|x) ‖ p(z))            (eq:elbo)

The first term, negated, is the reconstruction (distortion); the second is the rate. One draw of z
estimates the expectation without bias.
"""

from typing import NamedTuple

from pydis.autodiff import Value
from pydis.probability import Gaussian, kl, standard_normal_like


class Terms(NamedTuple):
    """The terms of the bound, one value for each example, `[N]`, in nats."""

    reconstruction: Value
    rate: Value


def rate(q: Gaussian) -> Value:
    """KL(q(z|x) ‖ N(0, I))  (eq:rate), `[N]`: what the code says about x, beyond the prior."""
    return kl(q, standard_normal_like(q))


def evidence_lower_bound(terms: Terms, normaliser: float = 0.0) -> Value:
    """L = −reconstruction − normaliser − rate  (eq:elbo), `[N]`.

    `normaliser` is the constant that the reconstruction leaves out (`gaussian_normaliser`).
    """
    return -(terms.reconstruction + terms.rate) - normaliser


def beta_objective(terms: Terms, beta: float) -> Value:
    """reconstruction + β · rate  (eq:beta-vae), `[N]`, to be minimised.

    β = 1 gives −L, the variational autoencoder's. With the Gaussian reconstruction at σ² = ½ it is
    the paper's |x − x̂|² + β KL(q(z|x) ‖ N) (§4.2). Higgins et al. 2017, equation 4.
    """
    return terms.reconstruction + beta * terms.rate
