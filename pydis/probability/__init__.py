"""Distributions: small frozen records with `log_prob`, `sample`, `entropy`, and `kl(q, p)`."""

from typing import Any

from pydis.autodiff import Value
from pydis.probability.bernoulli import Bernoulli, kl_bernoulli
from pydis.probability.categorical import Categorical, kl_categorical
from pydis.probability.full_gaussian import (
    FullGaussian,
    kl_diagonal_full,
    kl_full_diagonal,
    kl_full_gaussian,
)
from pydis.probability.gaussian import (
    Gaussian,
    kl_by_coordinate,
    kl_gaussian,
    standard_normal_like,
)
from pydis.probability.mixture import Mixture
from pydis.probability.one_pass import pairwise_gaussian
from pydis.probability.uniform import Uniform, kl_uniform

__all__ = [
    "Bernoulli",
    "Categorical",
    "FullGaussian",
    "Gaussian",
    "Mixture",
    "Uniform",
    "kl",
    "kl_by_coordinate",
    "pairwise_gaussian",
    "standard_normal_like",
]

_CLOSED_FORMS: dict[tuple[type, type], Any] = {
    (Gaussian, Gaussian): kl_gaussian,
    (FullGaussian, FullGaussian): kl_full_gaussian,
    (FullGaussian, Gaussian): kl_full_diagonal,
    (Gaussian, FullGaussian): kl_diagonal_full,
    (Bernoulli, Bernoulli): kl_bernoulli,
    (Categorical, Categorical): kl_categorical,
    (Uniform, Uniform): kl_uniform,
}


def kl(q: Any, p: Any) -> Value:
    """KL(q ‖ p) = E_q[log q − log p] in closed form (eq:kl), nats, `[N]`.

    Raises TypeError for a pair of distributions without one.
    """
    form = _CLOSED_FORMS.get((type(q), type(p)))
    if form is None:
        pairs = ", ".join(f"({a.__name__}, {b.__name__})" for a, b in _CLOSED_FORMS)
        raise TypeError(
            f"kl: no closed form for ({type(q).__name__}, {type(p).__name__}); known: {pairs}"
        )
    return form(q, p)
