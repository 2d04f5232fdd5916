"""The Bernoulli distribution of independent bits, held as logits l = log p / (1 − p).

Everything is computed from logits: p itself rounds to 0 or 1 where its logarithm is still needed.
"""

from dataclasses import dataclass

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import sigmoid, softplus, sum
from pydis.backends.draws import uniform
from pydis.probability.gaussian import check_like, coordinates, library
from pydis.probability.one_pass import bernoulli_log_likelihood


@dataclass(frozen=True)
class Bernoulli:
    """Independent bits with P(x_i = 1) = sigmoid(l_i) for each example: `logits` `[N, …]`."""

    logits: Value

    @property
    def mean(self) -> Value:
        """p = sigmoid(l)."""
        return sigmoid(self.logits)

    def log_prob(self, x: Value) -> Value:
        """log p(x) = Σ_i [x_i l_i − log(1 + exp l_i)]  (eq:bernoulli), `[N]`.

        For x in [0, 1] that are not bits this is minus the cross-entropy, no log-probability.
        """
        check_like("Bernoulli.log_prob", x, self.logits)
        return bernoulli_log_likelihood(x, self.logits)

    def sample(self, rng: np.random.Generator) -> Array:
        """Bits, 1 where a uniform draw falls below p; not differentiable."""
        p = stop_gradient(self.mean)
        draws = library(p).asarray(uniform(rng, p.shape, p.dtype))
        return (draws < p).astype(p.dtype)

    def entropy(self) -> Value:
        """H = −Σ_i [p_i log p_i + (1 − p_i) log(1 − p_i)]  (eq:bernoulli-entropy), `[N]`.

        −log p = log(1 + exp −l) and −log(1 − p) = log(1 + exp l): no term is negative, so nothing
        cancels where a bit is almost certain.
        """
        terms = self.mean * softplus(-self.logits) + sigmoid(-self.logits) * softplus(self.logits)
        return sum(terms, axis=coordinates(terms))


def kl_bernoulli(q: Bernoulli, p: Bernoulli) -> Value:
    """KL(q ‖ p) = Σ_i [q_i (l_i^q − l_i^p) − log(1+exp l_i^q) + log(1+exp l_i^p)]

    (eq:bernoulli-kl), `[N]`.
    """
    check_like("kl", q.logits, p.logits)
    terms = q.mean * (q.logits - p.logits) - softplus(q.logits) + softplus(p.logits)
    return sum(terms, axis=coordinates(terms))
