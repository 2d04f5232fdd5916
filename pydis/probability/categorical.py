"""The categorical distribution: one of K values, held as logits l and drawn as a one-hot code.

Logits are log-probabilities up to a constant: p_k = exp l_k / Σ_j exp l_j along the last axis.
"""

from dataclasses import dataclass

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import exp, log_softmax, softmax, sum
from pydis.backends.draws import gumbel
from pydis.probability.gaussian import coordinates, library


@dataclass(frozen=True)
class Categorical:
    """Independent choices among K values for each example: `logits` `[N, …, K]`.

    Raises ValueError where there is no axis of values beside that of the examples.
    """

    logits: Value

    def __post_init__(self) -> None:
        if len(self.logits.shape) < 2 or self.logits.shape[-1] < 1:
            raise ValueError(
                f"Categorical: expected logits [N, …, K], received {self.logits.shape}"
            )

    @property
    def mean(self) -> Value:
        """p, the probabilities."""
        return softmax(self.logits)

    def log_prob(self, x: Value) -> Value:
        """log p(x) = Σ_k x_k (l_k − log Σ_j exp l_j)  (eq:categorical), `[N]`, for one-hot x.

        For x that are probabilities this is minus the cross-entropy. Raises ValueError where x has
        another shape than the logits.
        """
        if x.shape != self.logits.shape:
            raise ValueError(
                f"Categorical: one-hot codes of shape {x.shape} for logits {self.logits.shape}"
            )
        terms = x * log_softmax(self.logits)
        return sum(terms, axis=coordinates(terms))

    def sample(self, rng: np.random.Generator) -> Array:
        """One-hot codes of argmax_k (l_k + G_k), G_k Gumbel; not differentiable."""
        logits = stop_gradient(self.logits)
        best = (logits + gumbel_like(rng, logits)).argmax(axis=-1)
        return (best[..., None] == library(logits).arange(logits.shape[-1])).astype(logits.dtype)

    def relaxed_sample(self, rng: np.random.Generator, temperature: float) -> Value:
        """softmax((l + G) / τ)  (eq:gumbel-softmax): differentiable, one-hot as τ → 0.

        With the rng of `sample` it has its largest entry where that has its one. Jang, Gu and Poole
        2017, equation 2. Raises ValueError for τ <= 0.
        """
        if not temperature > 0:
            raise ValueError(f"relaxed_sample: temperature must be > 0, received {temperature}")
        noise = gumbel_like(rng, stop_gradient(self.logits))
        return softmax((self.logits + noise) / temperature)

    def entropy(self) -> Value:
        """H = −Σ_k p_k log p_k  (eq:categorical-entropy), `[N]`."""
        log_p = log_softmax(self.logits)
        terms = exp(log_p) * log_p
        return -sum(terms, axis=coordinates(terms))


def kl_categorical(q: Categorical, p: Categorical) -> Value:
    """KL(q ‖ p) = Σ_k q_k (log q_k − log p_k)  (eq:categorical-kl), `[N]`.

    Raises ValueError where the shapes differ.
    """
    if q.logits.shape != p.logits.shape:
        raise ValueError(f"kl: shapes {q.logits.shape} and {p.logits.shape} differ")
    log_q, log_p = log_softmax(q.logits), log_softmax(p.logits)
    terms = exp(log_q) * (log_q - log_p)
    return sum(terms, axis=coordinates(terms))


def gumbel_like(rng: np.random.Generator, like: Array) -> Array:
    """G = −log E for a standard exponential E: the largest of l_k + G_k is k with chance p_k."""
    return library(like).asarray(gumbel(rng, like.shape, like.dtype))
