"""First weights. The variance of a sum of n independent terms is n times that of a term; the rules
below choose the variance of a weight so that signals keep their size from layer to layer.

Weights are drawn in float32 and put where the current backend computes.
"""

import numpy as np

from pydis.autodiff import Tensor
from pydis.backends import current
from pydis.backends.draws import normal, uniform


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: float) -> Tensor:
    """w ~ N(0, 2 / fan_in): var(Σ w x) = fan_in · var(w) · E[x²], and relu halves E[x²] (eq:he).

    `fan_in` is the number of terms in the sum that makes one output. He et al. 2015, equation 10.
    """
    return _normal(rng, shape, 2.0 / fan_in)


def lecun_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: float) -> Tensor:
    """w ~ N(0, 1 / fan_in): keeps the variance where no relu follows. LeCun et al. 1998, 4.6."""
    return _normal(rng, shape, 1.0 / fan_in)


def heuristic_uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: float) -> Tensor:
    """w ~ U(−a, a) with a = 1 / √fan_in, so the variance is 1 / (3 fan_in): signals shrink.

    The common heuristic of Glorot and Bengio 2010, equation 1. A network starts out almost constant
    and learns later than from `he_normal`; `benchmarks/first_weights.py` compares what it learns.
    """
    limit = np.float32(fan_in**-0.5)
    draws = uniform(rng, shape, np.float32)
    return Tensor(current().asarray(limit * (2 * draws - 1)))


def small_normal(rng: np.random.Generator, shape: tuple[int, ...], fan_in: float) -> Tensor:
    """w ~ N(0, 0.02²) whatever the fan-in: `BatchNorm` gives signals their size instead.

    The rule of adversarial networks: Radford et al. 2016, section 4.
    """
    return _normal(rng, shape, 0.02**2)


def zeros(shape: tuple[int, ...]) -> Tensor:
    """b = 0, in float32."""
    return Tensor(current().xp.zeros(shape, np.float32))


def _normal(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> Tensor:
    draws = normal(rng, shape, np.float32)
    return Tensor(current().asarray(draws * np.float32(variance**0.5)))
