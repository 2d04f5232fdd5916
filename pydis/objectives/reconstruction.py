"""The reconstruction term −log p(x|z), for the two likelihoods p(x|z) of images.

Values are nats for each image, summed over pixels. The Gaussian's normaliser does not depend on the
networks, so it is kept apart: without it the term at σ² = ½ is the paper's |x − x̂|² (§4.2).
"""

from math import log, pi

from pydis.autodiff import Value
from pydis.autodiff.ops import sum
from pydis.probability import Bernoulli
from pydis.probability.gaussian import check_like, coordinates

PAPER_VARIANCE = 0.5


def bernoulli_reconstruction(x: Value, logits: Value) -> Value:
    """−log p(x|z) = Σ_i [log(1 + exp l_i) − x_i l_i]  (eq:bernoulli-reconstruction), `[N]`.

    Raises ValueError where the shapes differ, TypeError where the dtypes do.
    """
    return -Bernoulli(logits).log_prob(x)


def gaussian_reconstruction(x: Value, x_hat: Value, variance: float = PAPER_VARIANCE) -> Value:
    """|x − x̂|² / 2σ² = −log N(x; x̂, σ² I) − (d/2) log 2πσ²  (eq:gaussian-reconstruction), `[N]`.

    At σ² = ½ it is |x − x̂|², the paper's §4.2. Raises ValueError for σ² <= 0 or where the shapes
    differ.
    """
    check_like("gaussian_reconstruction", x, x_hat)
    _check_variance("gaussian_reconstruction", variance)
    gap = x - x_hat
    squares = gap * gap
    return sum(squares, axis=coordinates(squares)) / (2 * variance)


def gaussian_normaliser(dimensions: int, variance: float = PAPER_VARIANCE) -> float:
    """(d/2) log 2πσ², nats: the constant beside the squared error (eq:gaussian-reconstruction)."""
    _check_variance("gaussian_normaliser", variance)
    return 0.5 * dimensions * log(2 * pi * variance)


def equivalent_beta(beta: float, variance: float, to_variance: float = PAPER_VARIANCE) -> float:
    """β' = β σ² / σ'²: the weight at variance σ'² with the same minimisers (eq:beta-conversion).

    |x−x̂|²/2σ² + β KL is, times σ²/σ'², |x−x̂|²/2σ'² + β' KL. So β = 1 at σ² = 1, the loss
    "½ |x − x̂|² + KL" of many codes, is the paper's objective with β' = 2.
    """
    _check_variance("equivalent_beta", min(variance, to_variance))
    return beta * variance / to_variance


def _check_variance(op: str, variance: float) -> None:
    if not variance > 0:
        raise ValueError(f"{op}: expected a variance > 0, received {variance}")
