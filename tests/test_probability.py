"""Gaussian and Bernoulli against their formulas, sums over all outcomes, and draws.

Tolerances of formulas are in roundings of the largest term. Monte-Carlo checks allow 5 standard
errors, which a right value leaves with probability 6e-7, and are shown to reject a shift of 10.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, check_gradients, grad
from pydis.autodiff.ops import mean, sum
from pydis.backends.draws import normal
from pydis.probability import Bernoulli, Gaussian, kl, kl_by_coordinate, standard_normal_like
from pydis.probability.bernoulli import kl_bernoulli
from pydis.probability.gaussian import kl_gaussian

Array = Any
Pair = tuple[Any, Any]
EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
SHAPES = [(4,), (4, 3), (2, 3, 2, 2)]
ROUNDINGS = 32
"""More than any formula here makes on one term: exp errs by its argument, here below 4."""


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def total(terms: Array) -> Array:
    """The sum over all axes but the first."""
    return terms.reshape(len(terms), -1).sum(axis=1)


def assert_sums(value: Array, *terms: Array) -> None:
    """The value is the sum of the terms, up to the roundings of each and of adding them."""
    expected = np.sum([total(t) for t in terms], axis=0)
    count = len(terms) * terms[0][0].size + ROUNDINGS
    assert value.shape == expected.shape
    assert np.all(
        abs(value - expected) <= count * EPS * np.sum([total(abs(t)) for t in terms], axis=0)
    )


def gaussians(shape: tuple[int, ...], seed: int = 0, dtype: Any = np.float64) -> Pair:
    rng = rng_of(seed)
    q, p = (
        Gaussian(rng.standard_normal(shape).astype(dtype), rng.uniform(-2, 2, shape).astype(dtype))
        for _ in range(2)
    )
    return q, p


def bernoullis(shape: tuple[int, ...], seed: int = 0, dtype: Any = np.float64) -> Pair:
    rng = rng_of(seed)
    q, p = (Bernoulli(rng.uniform(-4, 4, shape).astype(dtype)) for _ in range(2))
    return q, p


PAIRS = pytest.mark.parametrize("pair", [gaussians, bernoullis], ids=["gaussian", "bernoulli"])


# Formulas


@verifies("eq:gaussian", "pydis.probability.gaussian.Gaussian.log_prob")
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_log_prob_is_its_formula(shape: tuple[int, ...]) -> None:
    q, _ = gaussians(shape)
    x = 3 * rng_of(1).standard_normal(shape)
    sigma = np.sqrt(np.exp(q.log_variance))
    square = -(((x - q.mean) / sigma) ** 2) / 2
    assert_sums(q.log_prob(x), square, -np.log(sigma), np.full(shape, -math.log(2 * math.pi) / 2))


@verifies("eq:bernoulli", "pydis.probability.bernoulli.Bernoulli.log_prob")
@pytest.mark.parametrize("shape", SHAPES)
def test_bernoulli_log_prob_is_its_formula(shape: tuple[int, ...]) -> None:
    q, _ = bernoullis(shape)
    x = rng_of(1).integers(0, 2, shape).astype(np.float64)
    p = 1 / (1 + np.exp(-q.logits))
    assert np.all(abs(q.mean - p) <= ROUNDINGS * EPS * p)
    # softplus(l) and x l may cancel: their size, not that of the result, sets the rounding
    lost = abs(q.logits) + 1
    assert_sums(q.log_prob(x), np.log(np.where(x == 1, p, 1 - p)), lost, -lost)


@verifies("eq:gaussian-kl", "pydis.probability.gaussian.kl_by_coordinate")
@verifies("eq:gaussian-kl", "pydis.probability.gaussian.kl_gaussian")
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_kl_is_its_formula(shape: tuple[int, ...]) -> None:
    q, p = gaussians(shape)
    a, b = np.exp(q.log_variance), np.exp(p.log_variance)
    terms = (
        a / b / 2,
        (q.mean - p.mean) ** 2 / b / 2,
        np.full(shape, -0.5),
        np.log(b) / 2,
        -np.log(a) / 2,
    )
    assert_sums(kl_gaussian(q, p), *terms)
    by_coordinate = kl_by_coordinate(q, p)
    assert by_coordinate.shape == shape
    assert_sums(kl_gaussian(q, p), by_coordinate)
    flat = [t.reshape(-1) for t in (by_coordinate, *terms)]
    assert_sums(flat[0], *flat[1:])


@verifies("eq:bernoulli-kl", "pydis.probability.bernoulli.kl_bernoulli")
@pytest.mark.parametrize("shape", SHAPES)
def test_bernoulli_kl_is_its_formula(shape: tuple[int, ...]) -> None:
    q, p = bernoullis(shape)
    a, b = (1 / (1 + np.exp(-d.logits)) for d in (q, p))
    lost = abs(q.logits) + abs(p.logits) + 1  # the size of the terms before they cancel
    ratios = a * (np.log(a) - np.log(b)), (1 - a) * (np.log(1 - a) - np.log(1 - b))
    assert_sums(kl_bernoulli(q, p), *ratios, lost, -lost)


@verifies("eq:kl", "pydis.probability.kl")
def test_kl_chooses_the_closed_form() -> None:
    q, p = gaussians((3, 2))
    assert np.array_equal(kl(q, p), kl_gaussian(q, p))
    q, p = bernoullis((3, 2))
    assert np.array_equal(kl(q, p), kl_bernoulli(q, p))


def test_kl_names_a_pair_without_closed_form() -> None:
    for q, p in itertools.permutations([gaussians((3, 2))[0], bernoullis((3, 2))[0]]):
        names = rf"\({type(q).__name__}, {type(p).__name__}\); known: \(Gaussian, Gaussian\)"
        with pytest.raises(TypeError, match=names):
            kl(q, p)


@PAIRS
def test_kl_is_positive_and_zero_only_at_equality(pair: Callable[..., Pair]) -> None:
    """Rounding may cost a few ε of terms whose size is below 100 here."""
    for seed in range(200):
        q, p = pair((4, 3), seed)
        assert np.all(kl(q, p) > 0)
        assert np.all(kl(q, q) == 0)
        fields = {name: np.asarray(a) * (1 + 1e-9) for name, a in vars(q).items()}
        near = kl(q, type(q)(**fields))
        assert np.all(abs(near) <= 100 * ROUNDINGS * EPS)


def test_standard_normal_is_the_prior() -> None:
    q, _ = gaussians((4, 3), dtype=np.float32)
    prior = standard_normal_like(Gaussian(Tensor(q.mean), Tensor(q.log_variance)))
    for parameter in (prior.mean, prior.log_variance):
        assert isinstance(parameter, np.ndarray)
        assert np.array_equal(parameter, np.zeros((4, 3), np.float32))
        assert parameter.dtype == np.float32


# Integrals and sums over all outcomes


def integral(f: Array, step: float) -> float:
    """The trapezoid rule; for these integrands its error is below exp(−2π² · 4²) < 1e-100."""
    return float(np.sum(f) * step)


GAUSSIAN_CASES = [(0.0, 0.0, 0.0, 0.0), (1.5, -1.0, -0.5, 0.7), (-2.0, 1.2, 0.3, -0.4)]


@pytest.mark.parametrize("case", GAUSSIAN_CASES)
@verifies("eq:gaussian", "pydis.probability.gaussian.Gaussian.log_prob")
@verifies("eq:gaussian-entropy", "pydis.probability.gaussian.Gaussian.entropy")
@verifies("eq:gaussian-kl", "pydis.probability.gaussian.kl_gaussian")
@verifies("eq:kl", "pydis.probability.kl")
def test_gaussian_integrals(case: tuple[float, float, float, float]) -> None:
    """∫ q = 1, −∫ q log q = H, ∫ q (log q − log p) = KL; 1e-12 is the rounding of a long sum."""
    mu, log_variance, mu_p, log_variance_p = case
    sigma = math.exp(log_variance / 2)
    step = sigma / 4
    x = mu + step * np.arange(-160, 161)[:, None]
    q, p = (
        Gaussian(np.full_like(x, m), np.full_like(x, v))
        for m, v in ((mu, log_variance), (mu_p, log_variance_p))
    )
    log_q, log_p = q.log_prob(x), p.log_prob(x)
    density = np.exp(log_q)
    assert abs(integral(density, step) - 1) < 1e-12
    assert abs(-integral(density * log_q, step) - q.entropy()[0]) < 1e-12
    assert abs(integral(density * (log_q - log_p), step) - kl(q, p)[0]) < 1e-12


@verifies("eq:bernoulli", "pydis.probability.bernoulli.Bernoulli.log_prob")
@verifies("eq:bernoulli-entropy", "pydis.probability.bernoulli.Bernoulli.entropy")
@verifies("eq:bernoulli-kl", "pydis.probability.bernoulli.kl_bernoulli")
@verifies("eq:kl", "pydis.probability.kl")
def test_bernoulli_sums_over_all_bits() -> None:
    """The same three over the 16 values of 4 bits; terms are below 32, so 1e-13 is 14 roundings."""
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=4)))
    logits, others = rng_of(2).uniform(-4, 4, (2, 4))
    q, p = (Bernoulli(np.broadcast_to(l, bits.shape)) for l in (logits, others))
    log_q, log_p = q.log_prob(bits), p.log_prob(bits)
    weights = np.exp(log_q)
    assert abs(np.sum(weights) - 1) < 1e-13
    assert abs(-np.sum(weights * log_q) - q.entropy()[0]) < 1e-13
    assert abs(np.sum(weights * (log_q - log_p)) - kl(q, p)[0]) < 1e-13


# Draws

DRAWS = 40_000


def agrees(samples: Array, value: float, shift: float = 0.0) -> bool:
    """Whether the mean of independent samples is within 5 standard errors of the value."""
    error = float(np.std(samples)) / math.sqrt(len(samples))
    return abs(float(np.mean(samples)) + shift * error - value) <= 5 * error


def assert_mean(samples: Array, value: float) -> None:
    assert agrees(samples, value)
    assert not agrees(samples, value, shift=10)
    assert not agrees(samples, value, shift=-10)


def repeated(d: Any) -> Any:
    """The first example, as many times as there are draws."""
    return type(d)(**{k: np.repeat(np.asarray(v)[:1], DRAWS, axis=0) for k, v in vars(d).items()})


@PAIRS
@pytest.mark.parametrize("seed", [0, 1])
@verifies("eq:kl", "pydis.probability.kl")
@verifies("eq:gaussian-entropy", "pydis.probability.gaussian.Gaussian.entropy")
@verifies("eq:bernoulli-entropy", "pydis.probability.bernoulli.Bernoulli.entropy")
def test_entropy_and_kl_are_means_over_draws(pair: Callable[..., Pair], seed: int) -> None:
    q, p = (repeated(d) for d in pair((1, 3), seed))
    z = q.sample(rng_of(100 + seed))
    log_q, log_p = q.log_prob(z), p.log_prob(z)
    assert_mean(-log_q, q.entropy()[0])
    assert_mean(log_q - log_p, kl(q, p)[0])


@verifies("eq:reparameterisation", "pydis.probability.gaussian.Gaussian.sample")
def test_gaussian_sample_has_its_moments() -> None:
    """Mean and mean square of each coordinate, no correlation; the same noise for the same rng."""
    q = repeated(gaussians((1, 2), 3)[0])
    z = q.sample(rng_of(4))
    variance = np.exp(q.log_variance)
    for i in range(2):
        assert_mean(z[:, i], q.mean[0, i])
        assert_mean((z[:, i] - q.mean[0, i]) ** 2, variance[0, i])
    assert_mean(np.prod(z - q.mean, axis=1), 0.0)
    epsilon = normal(rng_of(4), z.shape)
    size = abs(q.mean) + np.sqrt(variance) * abs(epsilon)
    assert np.all(abs(z - q.mean - np.sqrt(variance) * epsilon) <= ROUNDINGS * EPS * size)
    assert np.array_equal(z, q.sample(rng_of(4)))
    assert not np.any(z == q.sample(rng_of(5)))


def test_bernoulli_sample_has_its_mean() -> None:
    q = repeated(bernoullis((1, 2), 3)[0])
    for i in range(2):
        bits = q.sample(rng_of(4))[:, i]
        assert set(np.unique(bits)) == {0.0, 1.0}
        assert_mean(bits, q.mean[0, i])
    sure = Bernoulli(np.array([[1e4, -1e4]])).sample(rng_of(0))
    assert np.array_equal(sure, [[1.0, 0.0]])
    assert isinstance(Bernoulli(Tensor(q.logits)).sample(rng_of(4)), np.ndarray)


@verifies("eq:reparameterisation", "pydis.probability.gaussian.Gaussian.sample")
def test_reparameterised_gradient_of_a_quadratic() -> None:
    """For f(z) = a z² + b z:  ∂E f/∂μ = 2aμ + b,  ∂E f/∂log σ² = a σ²; draw by draw exactly."""
    a, b, mu, log_variance = 0.7, -1.3, 0.4, -0.6
    mus, logs = (Tensor(np.full((DRAWS, 1), v)) for v in (mu, log_variance))
    z = Gaussian(mus, logs).sample(rng_of(6))
    of_mu, of_log = (g[:, 0] for g in grad(sum(a * z * z + b * z), [mus, logs]))
    noise = normal(rng_of(6), (DRAWS, 1))[:, 0]
    sigma = math.exp(log_variance / 2)
    slope = 2 * a * (mu + sigma * noise) + b
    size = 2 * a * (abs(mu) + sigma * abs(noise)) + abs(b)
    assert np.all(abs(of_mu - slope) <= ROUNDINGS * EPS * size)
    assert np.all(
        abs(of_log - slope * sigma * noise / 2) <= ROUNDINGS * EPS * size * sigma * abs(noise) / 2
    )
    assert_mean(of_mu, 2 * a * mu + b)
    assert_mean(of_log, a * math.exp(log_variance))


# Derivatives, kinds of value, edges

FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "gaussian log_prob": (3, lambda x, m, v: Gaussian(m, v).log_prob(x)),
    "gaussian sample": (2, lambda m, v: Gaussian(m, v).sample(rng_of(0))),
    "gaussian entropy": (1, lambda v: Gaussian(v, v).entropy()),
    "gaussian kl": (4, lambda m, v, n, w: kl(Gaussian(m, v), Gaussian(n, w))),
    "kl by coordinate": (4, lambda m, v, n, w: kl_by_coordinate(Gaussian(m, v), Gaussian(n, w))),
    "bernoulli mean": (1, lambda l: Bernoulli(l).mean),
    "bernoulli log_prob": (2, lambda x, l: Bernoulli(l).log_prob(x)),
    "bernoulli entropy": (1, lambda l: Bernoulli(l).entropy()),
    "bernoulli kl": (2, lambda l, o: kl(Bernoulli(l), Bernoulli(o))),
}
EVERY = pytest.mark.parametrize("name", FUNCTIONS)


@EVERY
def test_derivatives(name: str) -> None:
    count, f = FUNCTIONS[name]
    xs = list(rng_of(8).standard_normal((count, 2, 3)))
    assert check_gradients(f, xs, rng=rng_of(9), order=2, name=name) > 0


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_and_tensors_give_the_same_bits(name: str, dtype: Any) -> None:
    count, f = FUNCTIONS[name]
    xs = list(rng_of(8).standard_normal((count, 2, 3)).astype(dtype))
    on_arrays, on_tensors = f(*xs), f(*[Tensor(x) for x in xs])
    assert isinstance(on_arrays, np.ndarray)
    assert isinstance(on_tensors, Tensor)
    assert on_arrays.dtype == on_tensors.dtype == dtype
    assert np.array_equal(on_arrays, on_tensors.data)


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n != "gaussian sample"])
def test_float32_is_close_to_float64(name: str) -> None:
    """Terms are below 1e2 here, and each rounds fewer than 32 times. (A sample has other noise.)"""
    count, f = FUNCTIONS[name]
    xs = list(rng_of(8).standard_normal((count, 2, 3)).astype(np.float32))
    wide = f(*[x.astype(np.float64) for x in xs])
    assert np.all(abs(f(*xs) - wide) <= ROUNDINGS * EPS32 * 1e2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_at_large_logits(dtype: Any) -> None:
    """±1e4 are numbers of both precisions, and the other terms vanish below their rounding."""
    logits = np.array([[1e4], [1e4], [-1e4], [-1e4]], dtype)
    bits = np.array([[1], [0], [1], [0]], dtype)
    q = Bernoulli(logits)
    assert np.array_equal(q.log_prob(bits), np.array([0, -1e4, -1e4, 0], dtype))
    assert np.array_equal(q.mean[:, 0], np.array([1, 1, 0, 0], dtype))
    assert np.array_equal(q.entropy(), np.zeros(4, dtype))
    assert np.array_equal(kl(q, Bernoulli(-logits)), np.full(4, 1e4, dtype))
    assert np.array_equal(kl(q, q), np.zeros(4, dtype))
    leaf = Tensor(logits)
    for value in (Bernoulli(leaf).log_prob(bits), Bernoulli(leaf).entropy()):
        assert np.all(np.isfinite(grad(mean(value), leaf)))


@verifies("eq:bernoulli-entropy", "pydis.probability.bernoulli.Bernoulli.entropy")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_entropy_keeps_its_relative_precision(dtype: Any) -> None:
    """Both −p log p terms are products of factors that err by a few ε each; logits reach 30."""
    l = np.linspace(-30, 30, 601, dtype=dtype)[:, None]
    wide = l.astype(np.float64)
    p, other = 1 / (1 + np.exp(-wide)), 1 / (1 + np.exp(wide))
    exact = total(p * np.logaddexp(0, -wide) + other * np.logaddexp(0, wide))
    entropy = Bernoulli(l).entropy()
    eps = float(np.finfo(dtype).eps)
    assert np.all(entropy > 0)
    assert np.all(abs(entropy - exact) <= 4 * 30 * eps * exact)  # exp errs by its argument · ε


def test_gaussian_of_extreme_variance_is_finite() -> None:
    for dtype in (np.float32, np.float64):
        q = Gaussian(np.zeros((2, 1), dtype), np.array([[-80], [80]], dtype))
        for value in (q.log_prob(q.mean), q.entropy(), kl(q, q), kl(q, standard_normal_like(q))):
            assert np.all(np.isfinite(value))
            assert value.dtype == dtype


def test_shapes_and_dtypes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"mean of shape \(2, 3\), log_variance of shape \(2, 1\)"):
        Gaussian(np.zeros((2, 3)), np.zeros((2, 1)))
    zeros = Tensor(np.zeros((2, 3)))
    q, b, wide = Gaussian(zeros, zeros), Bernoulli(zeros), Tensor(np.zeros((2, 4)))
    for call in (
        lambda: q.log_prob(wide),
        lambda: b.log_prob(wide),
        lambda: kl(q, Gaussian(wide, wide)),
        lambda: kl(b, Bernoulli(wide)),
        lambda: q.log_prob(Tensor(np.zeros(3))),  # would broadcast: still refused
        lambda: kl(q, Gaussian(Tensor(np.zeros((1, 3))), Tensor(np.zeros((1, 3))))),
    ):
        with pytest.raises(ValueError, match=r"values of shape .*parameters of shape"):
            call()
    narrow = np.zeros((2, 3), np.float32)
    for call in (
        lambda: q.log_prob(narrow),
        lambda: b.log_prob(narrow),
        lambda: kl(q, Gaussian(narrow, narrow)),
        lambda: kl(b, Bernoulli(narrow)),
    ):
        with pytest.raises(TypeError, match=r"values of dtype .*parameters of dtype"):
            call()
