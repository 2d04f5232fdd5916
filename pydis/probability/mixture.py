"""A mixture of diagonal Gaussians: a component k is chosen, then its Gaussian is drawn.

Entropy and divergences have no closed form; they are means over draws of `log_prob`.
"""

from dataclasses import dataclass

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import exp, log_softmax, logsumexp, reshape, sum
from pydis.backends.draws import normal
from pydis.probability.categorical import Categorical
from pydis.probability.gaussian import LOG_2PI, library


@dataclass(frozen=True)
class Mixture:
    """Σ_k π_k N(μ_k, diag σ_k²) for each example, π = softmax(logits).

    `logits` `[N, K]`, `mean` and `log_variance` `[N, K, …]`. Raises ValueError where these do not
    fit together.
    """

    logits: Value
    mean: Value
    log_variance: Value

    def __post_init__(self) -> None:
        logits, mean, spread = self.logits.shape, self.mean.shape, self.log_variance.shape
        if len(logits) != 2 or mean[:2] != logits or mean != spread:
            raise ValueError(
                "Mixture: expected logits [N, K], mean and log_variance [N, K, …], received "
                f"{logits}, {mean} and {spread}"
            )

    def log_prob(self, x: Value) -> Value:
        """log p(x) = log Σ_k exp[log π_k + log N(x; μ_k, diag σ_k²)]  (eq:mixture), `[N]`.

        Raises ValueError where x is not of the shape of one component.
        """
        n, _, *shape = self.mean.shape
        if x.shape != (n, *shape):
            raise ValueError(f"Mixture: x of shape {x.shape} for components of {(n, *shape)}")
        gap = reshape(x, shape=(n, 1, *shape)) - self.mean
        terms = gap * gap * exp(-self.log_variance) + self.log_variance + LOG_2PI
        inside = -0.5 * sum(terms, axis=tuple(range(2, terms.ndim)))
        return logsumexp(log_softmax(self.logits) + inside, axis=1)

    def sample(self, rng: np.random.Generator) -> Array:
        """Draws `[N, …]`; not differentiable, because the choice of k is not."""
        mean, log_variance = stop_gradient(self.mean), stop_gradient(self.log_variance)
        chosen = Categorical(stop_gradient(self.logits)).sample(rng)
        chosen = chosen.reshape(*chosen.shape, *(1,) * (mean.ndim - 2))
        xp = library(mean)
        draws = normal(rng, (len(mean), *mean.shape[2:]), mean.dtype)
        mu = (chosen * mean).sum(axis=1)
        return mu + xp.exp(0.5 * (chosen * log_variance).sum(axis=1)) * xp.asarray(draws)
