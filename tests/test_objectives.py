"""The terms of the bound against the paper's formulas, and the bound against a known log p(x)."""

import math
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, check_gradients, grad
from pydis.autodiff.ops import sum
from pydis.objectives import (
    PAPER_VARIANCE,
    Terms,
    bernoulli_reconstruction,
    beta_objective,
    equivalent_beta,
    evidence_lower_bound,
    gaussian_normaliser,
    gaussian_reconstruction,
    rate,
)
from pydis.probability import Gaussian

Array = Any
EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
BETAS = [0.0, 0.5, 1.0, 4.0, 150.0]
VARIANCES = [0.01, 0.5, 1.0, 3.0]


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def close(value: Array, expected: Array, size: Array, roundings: int = 200) -> bool:
    """Equal up to the roundings of terms that add up to `size`: fewer than 100 on either side."""
    assert np.shape(value) == np.shape(expected)
    return bool(np.all(abs(value - expected) <= roundings * EPS * size))


def images(n: int = 3) -> tuple[Array, Array, Gaussian]:
    """Images and reconstructions `[N, 4, 3, 1]`, and codes of 5 latents."""
    rng = rng_of(0)
    x, x_hat = rng.uniform(0, 1, (2, n, 4, 3, 1))
    return x, x_hat, Gaussian(rng.standard_normal((n, 5)), rng.uniform(-2, 2, (n, 5)))


def squared_error(x: Array, x_hat: Array) -> Array:
    return np.array([np.dot(d, d) for d in (x - x_hat).reshape(len(x), -1)])


def paper_rate(q: Gaussian) -> Array:
    """KL(N(μ, diag σ²) ‖ N(0, I)) with σ in place of log σ²."""
    sigma = np.sqrt(np.exp(q.log_variance))
    return np.sum((q.mean**2 + sigma**2) / 2 - 0.5 - np.log(sigma), axis=1)


# The paper's objective


@verifies("eq:rate", "pydis.objectives.elbo.rate")
def test_rate_is_its_formula() -> None:
    _, _, q = images()
    expected = paper_rate(q)
    assert close(rate(q), expected, 20 + abs(expected))


@verifies("eq:rate", "pydis.objectives.elbo.rate")
def test_rate_is_a_mean_over_draws() -> None:
    """Of log q(z|x) − log p(z); 5 standard errors are left with probability 6e-7, 10 are seen."""
    _, _, q = images(1)
    sigma = np.exp(q.log_variance / 2)
    noise = rng_of(1).standard_normal((50_000, 5))
    z = q.mean + sigma * noise
    samples = np.sum(-(noise**2) / 2 - np.log(sigma) + z**2 / 2, axis=1)
    error = float(np.std(samples)) / math.sqrt(len(samples))
    gap = float(np.mean(samples) - rate(q)[0])
    assert abs(gap) <= 5 * error
    assert abs(gap + 10 * error) > 5 * error
    assert 20 * error < rate(q)[0]


@pytest.mark.parametrize("beta", BETAS)
@verifies("eq:beta-vae", "pydis.objectives.elbo.beta_objective")
@verifies("eq:gaussian-reconstruction", "pydis.objectives.reconstruction.gaussian_reconstruction")
def test_objective_at_half_variance_is_the_papers(beta: float) -> None:
    """|x − x̂|² + β KL(q(z|x) ‖ N(0, I)), image by image."""
    x, x_hat, q = images()
    value = beta_objective(Terms(gaussian_reconstruction(x, x_hat), rate(q)), beta)
    square, divergence = squared_error(x, x_hat), paper_rate(q)
    assert close(value, square + beta * divergence, square + beta * (20 + divergence))
    assert PAPER_VARIANCE == 0.5


@pytest.mark.parametrize("variance", VARIANCES)
@verifies("eq:gaussian-reconstruction", "pydis.objectives.reconstruction.gaussian_reconstruction")
@verifies("eq:gaussian-reconstruction", "pydis.objectives.reconstruction.gaussian_normaliser")
def test_reconstruction_and_normaliser_are_the_log_density(variance: float) -> None:
    x, x_hat, _ = images()
    sigma = math.sqrt(variance)
    log_density = [
        math.fsum(
            -0.5 * ((a - b) / sigma) ** 2 - math.log(sigma * math.sqrt(2 * math.pi))
            for a, b in zip(one.ravel(), other.ravel(), strict=True)
        )
        for one, other in zip(x, x_hat, strict=True)
    ]
    reconstruction = gaussian_reconstruction(x, x_hat, variance)
    total = reconstruction + gaussian_normaliser(12, variance)
    assert close(total, -np.array(log_density), reconstruction + 12 * 4)
    logs = np.full_like(x, math.log(variance))
    assert close(total, -Gaussian(x_hat, logs).log_prob(x), reconstruction + 12 * 4)
    assert close(reconstruction, squared_error(x, x_hat) / (2 * variance), reconstruction)


@pytest.mark.parametrize("bits", [True, False], ids=["bits", "grey"])
@verifies("eq:bernoulli-reconstruction", "pydis.objectives.reconstruction.bernoulli_reconstruction")
def test_bernoulli_reconstruction_is_the_cross_entropy(bits: bool) -> None:
    """From probabilities: 1 − p errs by ε / (1 − p) relative, below e⁵ + 1 times ε here."""
    rng = rng_of(2)
    logits = rng.uniform(-5, 5, (3, 4, 3, 1))
    x = rng.uniform(0, 1, logits.shape)
    x = np.round(x) if bits else x
    p = 1 / (1 + np.exp(-logits))
    entropy = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    value = bernoulli_reconstruction(x, logits)
    assert close(value, entropy, 12 * 6, roundings=round(math.exp(5)) + 50)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_reconstruction_at_large_logits(dtype: Any) -> None:
    logits = np.array([[1e4], [1e4], [-1e4], [-1e4]], dtype)
    x = np.array([[1], [0], [1], [0]], dtype)
    assert np.array_equal(bernoulli_reconstruction(x, logits), np.array([0, 1e4, 1e4, 0], dtype))
    leaf = Tensor(logits)
    slope = grad(sum(bernoulli_reconstruction(x, leaf)), leaf)
    assert np.array_equal(slope[:, 0], np.array([0, 1, -1, 0], dtype))


# The weight of the rate


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("to_variance", [0.5, 2.0])
@verifies("eq:beta-conversion", "pydis.objectives.reconstruction.equivalent_beta")
def test_equivalent_beta_makes_proportional_losses(variance: float, to_variance: float) -> None:
    """By the factor σ²/σ'², so that their gradients are parallel; with the old β they are not."""
    x, *decoded = images()
    leaves = [Tensor(a) for a in (decoded[0], decoded[1].mean, decoded[1].log_variance)]
    beta, factor = 4.0, variance / to_variance

    def loss(at: float, weight: float) -> tuple[Array, list[Array]]:
        x_hat, mean, log_variance = leaves
        terms = Terms(gaussian_reconstruction(x, x_hat, at), rate(Gaussian(mean, log_variance)))
        value = beta_objective(terms, weight)
        return value.data, grad(sum(value), leaves)

    old, old_slopes = loss(variance, beta)
    new, new_slopes = loss(to_variance, equivalent_beta(beta, variance, to_variance))
    assert close(new, factor * old, new + factor * 80)
    for a, b in zip(old_slopes, new_slopes, strict=True):
        assert close(b, factor * a, abs(b) + factor)
    if factor != 1:
        unconverted = loss(to_variance, beta)[1]
        assert not close(unconverted[1], factor * old_slopes[1], abs(old_slopes[1]) + factor)


@verifies("eq:beta-conversion", "pydis.objectives.reconstruction.equivalent_beta")
def test_half_the_squared_error_plus_kl_is_the_paper_at_two() -> None:
    assert equivalent_beta(1.0, 1.0) == 2.0
    assert equivalent_beta(2.0, 0.5, 1.0) == 1.0
    assert equivalent_beta(3.0, 0.75, 0.75) == 3.0
    x, x_hat, q = images()
    common = squared_error(x, x_hat) / 2 + paper_rate(q)
    paper = beta_objective(Terms(gaussian_reconstruction(x, x_hat), rate(q)), 2.0)
    assert close(paper, 2 * common, 2 * (common + 20))


# The bound


@verifies("eq:elbo", "pydis.objectives.elbo.evidence_lower_bound")
@verifies("eq:beta-vae", "pydis.objectives.elbo.beta_objective")
def test_objective_at_beta_1_is_minus_the_bound() -> None:
    """Up to the normaliser; other weights differ from it by (β − 1) · rate."""
    x, x_hat, q = images()
    terms = Terms(gaussian_reconstruction(x, x_hat), rate(q))
    constant = gaussian_normaliser(12)
    bound = evidence_lower_bound(terms, constant)
    size = abs(bound) + 40
    assert close(beta_objective(terms, 1.0), -bound - constant, size)
    assert np.array_equal(beta_objective(terms, 1.0), -evidence_lower_bound(terms))
    assert close(beta_objective(terms, 4.0), -bound - constant + 3 * terms.rate, 4 * size)


def linear_gaussian(columns: Array, variance: float, x: Array, offset: Array) -> tuple[Any, ...]:
    """log p(x), and mean and covariance of p(z|x), for z ~ N(0, I), x = W z + b + σ ε."""
    d, k = columns.shape
    covariance = columns @ columns.T + variance * np.eye(d)
    gap = x - offset
    log_determinant = np.linalg.slogdet(2 * math.pi * covariance)[1]
    log_evidence = -0.5 * (gap @ np.linalg.solve(covariance, gap) + log_determinant)
    posterior = np.linalg.inv(np.eye(k) + columns.T @ columns / variance)
    return log_evidence, posterior @ columns.T @ gap / variance, posterior


def bound_of(columns: Array, variance: float, x: Array, offset: Array, q: Gaussian) -> float:
    """L with the expectation taken exactly: the term is quadratic in z, and for a quadratic the
    mean over the 2k points μ ± √k σ_i e_i is the mean under N(μ, diag σ²)."""
    k = columns.shape[1]
    steps = math.sqrt(k) * np.diag(np.exp(q.log_variance[0] / 2))
    z = q.mean + np.concatenate([steps, -steps])
    decoded = z @ columns.T + offset
    distortion = gaussian_reconstruction(np.broadcast_to(x, decoded.shape), decoded, variance)
    terms = Terms(np.mean(distortion, keepdims=True), rate(q))
    return float(evidence_lower_bound(terms, gaussian_normaliser(len(x), variance))[0])


@pytest.mark.parametrize("seed", range(8))
@verifies("eq:elbo", "pydis.objectives.elbo.evidence_lower_bound")
@verifies("eq:gaussian-reconstruction", "pydis.objectives.reconstruction.gaussian_normaliser")
def test_the_bound_misses_the_evidence_by_kl_to_the_posterior(seed: int) -> None:
    """log p(x) − L = KL(q(z|x) ‖ p(z|x)) >= 0; 1e-10 is the rounding of 5×5 inverses."""
    rng = rng_of(seed)
    columns, offset, x = rng.standard_normal((5, 2)), rng.standard_normal(5), rng.standard_normal(5)
    variance = float(rng.uniform(0.3, 2))
    q = Gaussian(rng.standard_normal((1, 2)), rng.uniform(-2, 0.5, (1, 2)))
    log_evidence, mean, covariance = linear_gaussian(columns, variance, x, offset)
    gap = mean - q.mean[0]
    precision = np.linalg.inv(covariance)
    s = np.diag(np.exp(q.log_variance[0]))
    divergence = 0.5 * (
        np.trace(precision @ s)
        + gap @ precision @ gap
        - 2
        + np.linalg.slogdet(covariance)[1]
        - np.sum(q.log_variance)
    )
    bound = bound_of(columns, variance, x, offset, q)
    assert bound < log_evidence
    assert divergence > 0.01
    assert abs(log_evidence - bound - divergence) < 1e-10 * (1 + abs(log_evidence) + divergence)


@pytest.mark.parametrize("variance", VARIANCES)
@verifies("eq:elbo", "pydis.objectives.elbo.evidence_lower_bound")
def test_the_bound_is_tight_at_the_posterior(variance: float) -> None:
    """With orthogonal columns the posterior is diagonal, so q can equal it. A nudge loses nats."""
    rng = rng_of(3)
    columns = np.linalg.qr(rng.standard_normal((5, 2)))[0] * np.array([1.5, 0.4])
    offset, x = rng.standard_normal(5), rng.standard_normal(5)
    log_evidence, mean, covariance = linear_gaussian(columns, variance, x, offset)
    assert abs(covariance[0, 1]) < 1e-14
    q = Gaussian(mean[None], np.log(np.diag(covariance))[None])
    bound = bound_of(columns, variance, x, offset, q)
    assert abs(bound - log_evidence) < 1e-12 * (1 + abs(log_evidence)) / variance
    for nudged in (
        Gaussian(q.mean + 0.1, q.log_variance),
        Gaussian(q.mean, q.log_variance + 0.1),
        Gaussian(q.mean, q.log_variance - 0.1),
    ):
        assert bound_of(columns, variance, x, offset, nudged) < log_evidence - 1e-3


# Shapes, kinds, derivatives


def test_terms_are_per_example() -> None:
    """Another second image changes the second value alone."""
    x, x_hat, q = images()
    other = x.copy()
    other[1] = 1 - other[1]
    for f in (gaussian_reconstruction, bernoulli_reconstruction):
        changed = f(x, x_hat) != f(other, x_hat)
        assert changed.tolist() == [False, True, False]
    assert rate(q).shape == (3,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_and_tensors_give_the_same_bits(dtype: Any) -> None:
    x, x_hat, q = images()
    x, x_hat, mean, log_variance = (a.astype(dtype) for a in (x, x_hat, q.mean, q.log_variance))

    def value(wrap: Any) -> list[Any]:
        code = Gaussian(wrap(mean), wrap(log_variance))
        terms = [Terms(f(x, wrap(x_hat)), rate(code)) for f in RECONSTRUCTIONS]
        return [f(t) for t in terms for f in (evidence_lower_bound, lambda t: beta_objective(t, 4))]

    for on_array, on_tensor in zip(value(lambda a: a), value(Tensor), strict=True):
        assert isinstance(on_array, np.ndarray)
        assert on_array.dtype == on_tensor.dtype == dtype
        assert np.array_equal(on_array, on_tensor.data)


RECONSTRUCTIONS = [gaussian_reconstruction, bernoulli_reconstruction]


@pytest.mark.parametrize("f", RECONSTRUCTIONS)
def test_derivatives(f: Any) -> None:
    x, x_hat, q = images()

    def loss(x: Tensor, x_hat: Tensor, mean: Tensor, log_variance: Tensor) -> Any:
        return beta_objective(Terms(f(x, x_hat), rate(Gaussian(mean, log_variance))), 4.0)

    xs = [x, x_hat, q.mean, q.log_variance]
    assert check_gradients(loss, xs, rng=rng_of(4), order=2) > 0


@pytest.mark.parametrize("f", RECONSTRUCTIONS)
@pytest.mark.parametrize("shape", [(3, 4, 3), (1, 4, 3, 1), (3, 4, 3, 2), (4, 3, 1)])
def test_images_of_another_shape_are_refused(f: Any, shape: tuple[int, ...]) -> None:
    """Also those that would broadcast, which compare pixels of different images."""
    x, _, _ = images()
    with pytest.raises(ValueError, match=r"shape \(3, 4, 3, 1\), parameters of shape"):
        f(x, np.zeros(shape))


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan])
def test_a_variance_that_is_not_positive_is_refused(variance: float) -> None:
    x, x_hat, _ = images()
    with pytest.raises(ValueError, match="variance > 0, received"):
        gaussian_reconstruction(x, x_hat, variance)
