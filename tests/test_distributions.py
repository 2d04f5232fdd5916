"""Full Gaussian, categorical, uniform and mixture: formulas, integrals, draws, derivatives.

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
from pydis.autodiff.ops import sum
from pydis.backends.draws import exponential, normal
from pydis.probability import Categorical, FullGaussian, Gaussian, Mixture, Uniform, kl
from pydis.probability.full_gaussian import kl_full_gaussian, with_full_factor

Array = Any
Pair = tuple[Any, Any]
EPS = float(np.finfo(np.float64).eps)
DRAWS = 40_000


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def close(a: Array, b: Array, size: float = 100.0, count: int = 64) -> bool:
    """Equal up to `count` roundings of terms below `size`."""
    return np.shape(a) == np.shape(b) and bool(np.all(abs(a - b) <= count * EPS * size))


def factors(rng: np.random.Generator, n: int, d: int) -> Array:
    """Lower triangular, with a diagonal from 0.5 to 1.5; above it noise, which is not read."""
    l = 0.5 * rng.standard_normal((n, d, d))
    l[:, range(d), range(d)] = rng.uniform(0.5, 1.5, (n, d))
    return l


def full(n: int, d: int, seed: int) -> FullGaussian:
    rng = rng_of(seed)
    return FullGaussian(rng.standard_normal((n, d)), factors(rng, n, d))


def fulls(n: int, seed: int) -> Pair:
    return full(n, 3, seed), full(n, 3, seed + 50)


def full_and_diagonal(n: int, seed: int) -> Pair:
    rng = rng_of(seed)
    return full(n, 3, seed + 50), Gaussian(rng.standard_normal((n, 3)), rng.uniform(-1, 1, (n, 3)))


def diagonal_and_full(n: int, seed: int) -> Pair:
    return full_and_diagonal(n, seed)[::-1]


def categoricals(n: int, seed: int) -> Pair:
    q, p = (Categorical(rng_of(s).uniform(-3, 3, (n, 2, 4))) for s in (seed, seed + 50))
    return q, p


def uniforms(n: int, seed: int) -> Pair:
    """Boxes q inside boxes p."""
    rng = rng_of(seed)
    low, width = rng.standard_normal((n, 3)), rng.uniform(0.2, 2, (n, 3))
    return Uniform(low, low + width), Uniform(low - 0.3 * width, low + 1.5 * width)


PAIRS = pytest.mark.parametrize(
    "pair", [fulls, full_and_diagonal, diagonal_and_full, categoricals, uniforms]
)


def mixture(n: int, seed: int, d: int = 2) -> Mixture:
    rng = rng_of(seed)
    mean, log_variance = rng.standard_normal((n, 3, d)), rng.uniform(-1, 1, (n, 3, d))
    return Mixture(rng.uniform(-1, 1, (n, 3)), 2 * mean, log_variance)


# Formulas


@verifies("eq:full-gaussian", "pydis.probability.full_gaussian.FullGaussian.log_prob")
@verifies("eq:full-gaussian-kl", "pydis.probability.full_gaussian.kl_full_gaussian")
@pytest.mark.parametrize("d", [1, 2, 4])
def test_full_gaussian_is_its_formula(d: int) -> None:
    """With inverse and determinant of Σ; its condition number, below 1e4 here, scales errors."""
    q, p = full(5, d, 1), full(5, d, 2)
    x = rng_of(3).standard_normal((5, d))
    for n in range(5):
        a, b = (np.tril(g.factor[n]) @ np.tril(g.factor[n]).T for g in (q, p))
        assert close(q.covariance[n], a)
        assert max(np.linalg.cond(a), np.linalg.cond(b)) < 1e4
        gap, shift = x[n] - q.mean[n], q.mean[n] - p.mean[n]
        square = gap @ np.linalg.inv(a) @ gap
        det = math.log(np.linalg.det(a))
        expected = -0.5 * (square + det + d * math.log(2 * math.pi))
        assert close(q.log_prob(x)[n], expected, 1e6)
        inverse = np.linalg.inv(b)
        ratio = np.trace(inverse @ a) + shift @ inverse @ shift - d
        assert close(kl(q, p)[n], 0.5 * (ratio + math.log(np.linalg.det(b)) - det), 1e6)
    assert not close(q.log_prob(x), p.log_prob(x), 1e6)


def test_a_diagonal_factor_is_the_diagonal_gaussian() -> None:
    rng = rng_of(4)
    q, p = (Gaussian(rng.standard_normal((4, 3)), rng.uniform(-1, 1, (4, 3))) for _ in range(2))
    wide_q, wide_p = with_full_factor(q), with_full_factor(p)
    x = rng.standard_normal((4, 3))
    assert close(wide_q.log_prob(x), q.log_prob(x))
    assert close(wide_q.entropy(), q.entropy())
    for one, other in ((wide_q, wide_p), (wide_q, p), (q, wide_p)):
        assert close(kl(one, other), kl(q, p))
    assert close(wide_q.sample(rng_of(5)), q.sample(rng_of(5)))


def test_what_stands_above_the_diagonal_is_not_read() -> None:
    q, p = fulls(3, 6)
    x = rng_of(7).standard_normal((3, 3))
    for a, b in ((q, FullGaussian(q.mean, np.tril(q.factor))),):
        assert np.array_equal(a.log_prob(x), b.log_prob(x))
        assert np.array_equal(a.sample(rng_of(1)), b.sample(rng_of(1)))
        assert np.array_equal(kl_full_gaussian(a, p), kl_full_gaussian(b, p))
        assert np.array_equal(kl_full_gaussian(p, a), kl_full_gaussian(p, b))
        assert np.array_equal(a.entropy(), b.entropy())


@verifies("eq:categorical", "pydis.probability.categorical.Categorical.log_prob")
@verifies("eq:categorical-entropy", "pydis.probability.categorical.Categorical.entropy")
@verifies("eq:categorical-kl", "pydis.probability.categorical.kl_categorical")
def test_categorical_sums_over_all_values() -> None:
    """Σ p = 1, −Σ p log p = H, Σ q (log q − log p) = KL over the 16 values of two choices of 4."""
    codes = np.array(list(itertools.product(np.eye(4), repeat=2)))
    q, p = (Categorical(np.repeat(d.logits, 16, axis=0)) for d in categoricals(1, 0))
    log_q, log_p = q.log_prob(codes), p.log_prob(codes)
    odds = np.exp(q.logits)
    chances = odds / odds.sum(axis=2, keepdims=True)
    assert close(q.mean, chances)
    assert close(np.exp(log_q), np.prod((chances * codes).sum(axis=2), axis=1))
    assert close(np.sum(np.exp(log_q)), 1.0)
    assert close(-np.sum(np.exp(log_q) * log_q), q.entropy()[0])
    assert close(np.sum(np.exp(log_q) * (log_q - log_p)), kl(q, p)[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_categorical_at_large_logits(dtype: Any) -> None:
    q = Categorical(np.array([[1e4, 0, -1e4], [0, 0, 0]], dtype))
    codes = np.array([[0, 0, 1], [0, 1, 0]], dtype)
    assert q.log_prob(codes).dtype == dtype
    assert q.log_prob(codes)[0] == -2e4
    assert abs(q.log_prob(codes)[1] + math.log(3)) < 4 * float(np.finfo(dtype).eps)
    assert np.all(q.entropy() >= 0) and q.entropy()[0] == 0
    assert np.array_equal(q.sample(rng_of(0))[0], [1, 0, 0])
    leaf = Tensor(q.logits)
    assert np.all(np.isfinite(grad(sum(Categorical(leaf).entropy()), leaf)))


@verifies("eq:uniform", "pydis.probability.uniform.Uniform.log_prob")
@verifies("eq:uniform-entropy", "pydis.probability.uniform.Uniform.entropy")
@verifies("eq:uniform-kl", "pydis.probability.uniform.kl_uniform")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_is_its_formula(dtype: Any) -> None:
    """The box [0, 2] x [-1, 3] of volume 8, and powers of two beside it."""
    box = lambda low, high: Uniform(np.array([low], dtype), np.array([high], dtype))
    q = box([0, -1], [2, 3])
    near = 4 * float(np.finfo(dtype).eps)
    for x in ([0, -1], [2, 3], [1, 0]):
        assert abs(q.log_prob(np.array([x], dtype))[0] + math.log(8)) <= near
    for x in ([-0.1, 0], [2.1, 0], [1, -1.1], [1, 3.1], [1, np.nan]):
        assert q.log_prob(np.array([x], dtype))[0] == -np.inf
    assert abs(q.entropy()[0] - math.log(8)) <= near
    assert kl(q, q)[0] == 0
    assert abs(kl(q, box([-1, -1], [3, 7]))[0] - math.log(4)) <= near
    for p in (box([0.1, -1], [2, 3]), box([0, -1], [1.9, 3]), box([5, 5], [6, 6])):
        assert kl(q, p)[0] == np.inf
    assert q.log_prob(q.low).dtype == kl(q, q).dtype == dtype


@verifies("eq:mixture", "pydis.probability.mixture.Mixture.log_prob")
def test_mixture_is_its_formula() -> None:
    m = mixture(4, 0)
    x = rng_of(1).standard_normal((4, 2))
    weights = np.exp(m.logits) / np.exp(m.logits).sum(axis=1, keepdims=True)
    densities = np.array(
        [np.exp(Gaussian(m.mean[:, k], m.log_variance[:, k]).log_prob(x)) for k in range(3)]
    )
    assert close(m.log_prob(x), np.log(np.sum(weights.T * densities, axis=0)))
    one = Mixture(np.zeros((4, 1)), m.mean[:, :1], m.log_variance[:, :1])
    assert close(one.log_prob(x), Gaussian(m.mean[:, 0], m.log_variance[:, 0]).log_prob(x))
    far = m.log_prob(x + 1e3)
    assert np.all(np.isfinite(far)) and np.all(far < -1e4)  # no density of a component underflows


# Integrals


def grid(half: float, step: float) -> Array:
    """Points of the plane, `[M, 2]`, from −half to half."""
    line = np.arange(-half, half + step / 2, step)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)


@verifies("eq:full-gaussian", "pydis.probability.full_gaussian.FullGaussian.log_prob")
@verifies("eq:full-gaussian-entropy", "pydis.probability.full_gaussian.FullGaussian.entropy")
@verifies("eq:full-gaussian-kl", "pydis.probability.full_gaussian.kl_full_gaussian")
def test_full_gaussian_integrals() -> None:
    """∫ q = 1, −∫ q log q = H, ∫ q (log q − log p) = KL by the trapezoid rule.

    The smallest deviation of q in any direction is above 0.45 and the step 0.1, so its error is
    below exp(−2π² · 4.5²) < 1e-100; the square cuts q off at 9 deviations, where it is below 1e-17.
    """
    x = grid(12.0, 0.1)
    q, p = (
        FullGaussian(np.tile([mean], (len(x), 1)), np.tile([factor], (len(x), 1, 1)))
        for mean, factor in (
            ([0.3, -0.5], [[0.8, 0.0], [0.6, 0.7]]),
            ([-0.2, 0.4], [[1.1, 0.0], [-0.4, 0.9]]),
        )
    )
    assert np.linalg.eigvalsh(q.covariance[0]).min() > 0.45**2
    log_q, log_p = q.log_prob(x), p.log_prob(x)
    density = np.exp(log_q) * 0.01
    assert abs(np.sum(density) - 1) < 1e-12
    assert abs(-np.sum(density * log_q) - q.entropy()[0]) < 1e-12
    assert abs(np.sum(density * (log_q - log_p)) - kl(q, p)[0]) < 1e-12


@verifies("eq:mixture", "pydis.probability.mixture.Mixture.log_prob")
def test_mixture_integrates_to_1() -> None:
    """Deviations are above 0.6 and below 1.7, means within 6."""
    x, m = grid(20.0, 0.1), mixture(1, 3)
    assert np.max(abs(m.mean)) < 6
    wide = Mixture(*(np.repeat(a, len(x), axis=0) for a in (m.logits, m.mean, m.log_variance)))
    assert abs(np.sum(np.exp(wide.log_prob(x))) * 0.01 - 1) < 1e-12


def test_uniform_integrates_to_1() -> None:
    """Midpoints of squares that fill the box [-1, 1] x [0, 2] evenly."""
    x = grid(2.95, 0.1)
    q = Uniform(np.tile([[-1.0, 0.0]], (len(x), 1)), np.tile([[1.0, 2.0]], (len(x), 1)))
    assert abs(np.sum(np.exp(q.log_prob(x))) * 0.01 - 1) < 1e-12


# Draws


def agrees(samples: Array, value: float, shift: float = 0.0) -> bool:
    """Whether the mean of independent samples is within 5 standard errors of the value."""
    error = float(np.std(samples)) / math.sqrt(len(samples))
    return abs(float(np.mean(samples)) + shift * error - value) <= 5 * error + 1e-12


def assert_mean(samples: Array, value: float) -> None:
    """The mean agrees; a shift of 10 standard errors would be seen, unless nothing varies."""
    assert agrees(samples, value)
    if np.std(samples) > 1e-9:
        assert not agrees(samples, value, shift=10)
        assert not agrees(samples, value, shift=-10)


def repeated(d: Any) -> Any:
    """The first example, as many times as there are draws."""
    return type(d)(**{k: np.repeat(np.asarray(v)[:1], DRAWS, axis=0) for k, v in vars(d).items()})


@PAIRS
@pytest.mark.parametrize("seed", [0, 1])
@verifies("eq:kl", "pydis.probability.kl")
@verifies("eq:full-gaussian-entropy", "pydis.probability.full_gaussian.FullGaussian.entropy")
@verifies("eq:full-gaussian-kl", "pydis.probability.full_gaussian.kl_full_gaussian")
@verifies("eq:categorical-entropy", "pydis.probability.categorical.Categorical.entropy")
@verifies("eq:categorical-kl", "pydis.probability.categorical.kl_categorical")
@verifies("eq:uniform-entropy", "pydis.probability.uniform.Uniform.entropy")
@verifies("eq:uniform-kl", "pydis.probability.uniform.kl_uniform")
def test_entropy_and_kl_are_means_over_draws(pair: Callable[..., Pair], seed: int) -> None:
    q, p = (repeated(d) for d in pair(1, seed))
    z = q.sample(rng_of(100 + seed))
    log_q, log_p = q.log_prob(z), p.log_prob(z)
    assert_mean(-log_q, q.entropy()[0])
    assert_mean(log_q - log_p, kl(q, p)[0])


@verifies("eq:full-reparameterisation", "pydis.probability.full_gaussian.FullGaussian.sample")
def test_full_gaussian_sample_has_its_moments() -> None:
    q = repeated(full(1, 3, 8))
    z = q.sample(rng_of(9))
    centred, covariance = z - q.mean, q.covariance[0]
    for i in range(3):
        assert_mean(z[:, i], q.mean[0, i])
        for j in range(i + 1):
            assert_mean(centred[:, i] * centred[:, j], covariance[i, j])
    noise = normal(rng_of(9), (DRAWS, 1, 3))[:, 0]
    assert close(centred, noise @ np.tril(q.factor[0]).T)


def test_categorical_sample_has_its_mean() -> None:
    q = repeated(categoricals(1, 4)[0])
    z = q.sample(rng_of(5))
    assert np.array_equal(z.sum(axis=2), np.ones((DRAWS, 2)))
    assert set(np.unique(z)) == {0.0, 1.0}
    for i, k in np.ndindex(2, 4):
        assert_mean(z[:, i, k], q.mean[0, i, k])
    assert np.array_equal(z, q.sample(rng_of(5)))
    assert not np.array_equal(z, q.sample(rng_of(6)))
    assert isinstance(Categorical(Tensor(q.logits)).sample(rng_of(5)), np.ndarray)


@verifies("eq:gumbel-softmax", "pydis.probability.categorical.Categorical.relaxed_sample")
def test_relaxed_sample_tends_to_the_sample() -> None:
    """The same noise gives the same largest entry, and all of the weight to it as τ → 0."""
    q = Categorical(rng_of(1).uniform(-3, 3, (200, 2, 4)))
    hard = q.sample(rng_of(2))
    gaps = []
    for temperature in (2.0, 0.5, 1e-7):
        soft = q.relaxed_sample(rng_of(2), temperature)
        assert close(soft.sum(axis=2), np.ones((200, 2)))
        assert np.array_equal(soft.argmax(axis=2), hard.argmax(axis=2))
        gaps.append(float(np.mean(abs(soft - hard))))
    assert gaps[0] > 2 * gaps[1] > 0 and gaps[2] < 1e-3
    noise = -np.log(exponential(rng_of(2), (200, 2, 4)))
    odds = np.exp((q.logits + noise) / 0.5)
    assert close(q.relaxed_sample(rng_of(2), 0.5), odds / odds.sum(axis=2, keepdims=True))
    for bad in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="temperature must be > 0"):
            q.relaxed_sample(rng_of(2), bad)


def test_uniform_sample_has_its_moments() -> None:
    q = repeated(uniforms(1, 2)[0])
    z, width = q.sample(rng_of(3)), (q.high - q.low)[0]
    assert np.all(np.isfinite(q.log_prob(z)))
    for i in range(3):
        middle = q.low[0, i] + width[i] / 2
        assert_mean(z[:, i], middle)
        assert_mean((z[:, i] - middle) ** 2, width[i] ** 2 / 12)


@verifies("eq:mixture", "pydis.probability.mixture.Mixture.log_prob")
def test_mixture_sample_has_its_moments() -> None:
    """Means, mean squares and products; and E_q[p / q] = 1 for another density p."""
    m = repeated(mixture(1, 5))
    z = m.sample(rng_of(6))
    weights = np.exp(m.logits[0]) / np.exp(m.logits[0]).sum()
    mu, variance = m.mean[0], np.exp(m.log_variance[0])
    for i in range(2):
        assert_mean(z[:, i], weights @ mu[:, i])
        assert_mean(z[:, i] ** 2, weights @ (mu[:, i] ** 2 + variance[:, i]))
    assert_mean(z[:, 0] * z[:, 1], weights @ (mu[:, 0] * mu[:, 1]))
    narrow = Gaussian(m.mean[:, 0], m.log_variance[:, 0] - 0.5)
    assert_mean(np.exp(narrow.log_prob(z) - m.log_prob(z)), 1.0)
    assert z.dtype == np.float64 and isinstance(z, np.ndarray)


# Derivatives, kinds of value, edges


def box(low: Any, width: Any) -> Uniform:
    return Uniform(low, low + width)


def example(*shapes: tuple[int, ...]) -> list[Array]:
    return [rng_of(8 + i).standard_normal(s) for i, s in enumerate(shapes)]


L = factors(rng_of(20), 2, 3)
M = factors(rng_of(21), 2, 3)
V = (2, 3)
WIDTH = rng_of(22).uniform(0.5, 2, V)
FUNCTIONS: dict[str, tuple[list[Array], Callable[..., Any]]] = {
    "full log_prob": ([*example(V, V), L], lambda x, m, l: FullGaussian(m, l).log_prob(x)),
    "full sample": ([*example(V), L], lambda m, l: FullGaussian(m, l).sample(rng_of(0))),
    "full entropy": ([*example(V), L], lambda m, l: FullGaussian(0.0 * m, l).entropy()),
    "full covariance": ([*example(V), L], lambda m, l: FullGaussian(0.0 * m, l).covariance),
    "full kl": (
        [*example(V, V), L, M],
        lambda m, n, l, k: kl(FullGaussian(m, l), FullGaussian(n, k)),
    ),
    "full to diagonal kl": (
        [*example(V, V, V), L],
        lambda m, n, v, l: kl(FullGaussian(m, l), Gaussian(n, v)),
    ),
    "diagonal to full kl": (
        [*example(V, V, V), L],
        lambda m, n, v, l: kl(Gaussian(n, v), FullGaussian(m, l)),
    ),
    "categorical mean": (example((2, 2, 3)), lambda l: Categorical(l).mean),
    "categorical log_prob": (
        example((2, 2, 3), (2, 2, 3)),
        lambda x, l: Categorical(l).log_prob(x),
    ),
    "categorical relaxed": (
        example((2, 2, 3)),
        lambda l: Categorical(l).relaxed_sample(rng_of(0), 0.7),
    ),
    "categorical entropy": (example((2, 2, 3)), lambda l: Categorical(l).entropy()),
    "categorical kl": (
        example((2, 2, 3), (2, 2, 3)),
        lambda l, o: kl(Categorical(l), Categorical(o)),
    ),
    "uniform log_prob": ([*example(V), WIDTH], lambda a, w: box(a, w).log_prob(a + 0.5 * w)),
    "uniform sample": ([*example(V), WIDTH], lambda a, w: box(a, w).sample(rng_of(0))),
    "uniform entropy": ([*example(V), WIDTH], lambda a, w: box(a, w).entropy()),
    "uniform kl": ([*example(V), WIDTH], lambda a, w: kl(box(a, w), box(a - w, 3.0 * w))),
    "mixture log_prob": (
        example(V, (2, 2), (2, 2, 3), (2, 2, 3)),
        lambda x, l, m, v: Mixture(l, m, v).log_prob(x),
    ),
}
EVERY = pytest.mark.parametrize("name", FUNCTIONS)


@EVERY
def test_derivatives(name: str) -> None:
    xs, f = FUNCTIONS[name]
    assert check_gradients(f, xs, rng=rng_of(9), order=2, name=name) > 0


@EVERY
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_and_tensors_give_the_same_bits(name: str, dtype: Any) -> None:
    given, f = FUNCTIONS[name]
    xs = [x.astype(dtype) for x in given]
    on_arrays, on_tensors = f(*xs), f(*[Tensor(x) for x in xs])
    assert isinstance(on_arrays, np.ndarray)
    assert isinstance(on_tensors, Tensor)
    assert on_arrays.dtype == on_tensors.dtype == dtype
    assert np.array_equal(on_arrays, on_tensors.data)


@PAIRS
def test_kl_is_positive_and_zero_at_equality(pair: Callable[..., Pair]) -> None:
    for seed in range(20):
        q, p = pair(4, seed)
        assert np.all(kl(q, p) > 0)
        assert close(kl(q, q), np.zeros(4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FullGaussian(np.zeros((2, 3)), np.zeros((2, 3))), r"expected mean \[N, D\]"),
        (lambda: FullGaussian(np.zeros((2, 3)), np.zeros((2, 4, 4))), r"\(2, 4, 4\)"),
        (lambda: FullGaussian(np.zeros((2, 3)), -L), "diagonal of the factor must be positive"),
        (lambda: FullGaussian(np.zeros((2, 3)), L * (L[1, 2, 2] != L)), "must be positive"),
        (lambda: full(2, 3, 0).log_prob(np.zeros((2, 1))), r"x of shape \(2, 1\) for"),
        (lambda: kl(full(2, 3, 0), full(2, 1, 0)), r"\(2, 3\) and \(2, 1\) differ"),
        (lambda: with_full_factor(Gaussian(np.zeros((2, 3, 1)), np.zeros((2, 3, 1)))), "means"),
        (lambda: Categorical(np.zeros(3)), r"expected logits \[N, …, K\], received \(3,\)"),
        (lambda: Categorical(np.zeros((2, 3))).log_prob(np.zeros((2, 1))), r"shape \(2, 1\)"),
        (lambda: kl(Categorical(np.zeros((2, 3))), Categorical(np.zeros((2, 1)))), "differ"),
        (lambda: Uniform(np.zeros((2, 3)), np.ones((2, 1))), r"low of shape \(2, 3\)"),
        (lambda: Uniform(np.zeros((2, 3)), np.zeros((2, 3))), "low < high"),
        (lambda: Uniform(np.zeros((2, 3)), np.full((2, 3), np.nan)), "low < high"),
        (lambda: box(np.zeros((2, 3)), 1.0).log_prob(np.zeros((2, 1))), "for a box of shape"),
        (lambda: kl(box(np.zeros((2, 3)), 1.0), box(np.zeros((2, 1)), 1.0)), "differ"),
        (lambda: Mixture(np.zeros((2, 3)), np.zeros((2, 4, 1)), np.zeros((2, 4, 1))), "Mixture"),
        (lambda: Mixture(np.zeros((2, 3)), np.zeros((2, 3, 1)), np.zeros((2, 3, 2))), "Mixture"),
        (lambda: mixture(2, 0).log_prob(np.zeros((2, 1))), r"x of shape \(2, 1\)"),
    ],
)
def test_shapes_that_do_not_fit(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_pairs_without_closed_form_are_named() -> None:
    for q, p in ((mixture(2, 0), mixture(2, 1)), (uniforms(2, 0)[0], full(2, 3, 0))):
        with pytest.raises(TypeError, match=rf"\({type(q).__name__}, {type(p).__name__}\); known"):
            kl(q, p)
