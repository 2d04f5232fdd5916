"""Scores against formulas written another way, planted codes with known scores, bad inputs."""

import itertools
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.metrics import active_latents, activity, linear_r2

Array = Any
EPS = float(np.finfo(np.float64).eps)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def normal_equations_r2(z: Array, v: Array, z_new: Array, v_new: Array) -> list[float]:
    """R² one factor at a time: slopes from centred covariances, sums written as loops."""
    scores = []
    for k in range(v.shape[1]):
        centred = z - z.mean(axis=0)
        slopes = np.linalg.solve(centred.T @ centred, centred.T @ (v[:, k] - v[:, k].mean()))
        offset = v[:, k].mean() - z.mean(axis=0) @ slopes
        gaps = [v_new[n, k] - offset - z_new[n] @ slopes for n in range(len(v_new))]
        middle = sum(v_new[:, k]) / len(v_new)
        spread = sum((value - middle) ** 2 for value in v_new[:, k])
        scores.append(1 - sum(gap**2 for gap in gaps) / spread)
    return scores


@verifies("eq:r-squared", "pydis.metrics.linear_regression.linear_r2")
@pytest.mark.parametrize("size", [(40, 3, 2), (12, 5, 1), (200, 1, 4)])
def test_r2_equals_the_normal_equations(rng: np.random.Generator, size: tuple[int, ...]) -> None:
    n, d, k = size
    codes, factors = rng.normal(size=(n, d)), rng.normal(size=(n, k))
    factors += codes @ rng.normal(size=(d, k))
    unseen, truth = rng.normal(size=(30, d)), rng.normal(size=(30, k))
    got = linear_r2(codes, factors, unseen, truth)
    expected = normal_equations_r2(codes, factors, unseen, truth)
    np.testing.assert_allclose(got, expected, rtol=1e-9)


@verifies("eq:r-squared", "pydis.metrics.linear_regression.linear_r2")
def test_r2_of_one_code_on_its_own_data_is_the_squared_correlation(
    rng: np.random.Generator,
) -> None:
    code = rng.normal(size=(100, 1))
    factor = 0.3 * code + rng.normal(size=(100, 1))
    correlation = np.corrcoef(code[:, 0], factor[:, 0])[0, 1]
    np.testing.assert_allclose(linear_r2(code, factor, code, factor), correlation**2, rtol=1e-12)


def test_r2_is_one_for_an_affine_code_and_unchanged_by_affine_maps(
    rng: np.random.Generator,
) -> None:
    factors: Array = rng.integers(0, 32, size=(300, 2))
    codes = factors @ np.array([[2.0, -1.0, 0.5], [0.3, 4.0, 1.0]]) + [5.0, -7.0, 0.0]
    score = linear_r2(codes[:200], factors[:200], codes[200:], factors[200:])
    np.testing.assert_allclose(score, 1.0, atol=1e3 * EPS)

    noisy = codes + rng.normal(size=codes.shape)
    moved = noisy @ np.diag([1e-3, 1.0, 1e3]) + 10.0
    first = linear_r2(noisy[:200], factors[:200], noisy[200:], factors[200:])
    second = linear_r2(moved[:200], factors[:200], moved[200:], factors[200:])
    assert (first < 1).all()
    np.testing.assert_allclose(first, second, rtol=1e-9)


def test_r2_of_noise_is_about_zero_and_of_a_constant_code_at_most_zero(
    rng: np.random.Generator,
) -> None:
    factors = rng.normal(size=(4000, 2))
    noise = rng.normal(size=(4000, 10))
    score = linear_r2(noise[:2000], factors[:2000], noise[2000:], factors[2000:])
    assert (np.abs(score) < 0.03).all()
    same = np.full((4000, 3), 0.7)
    score = linear_r2(same[:2000], factors[:2000], same[2000:], factors[2000:])
    assert (score <= 0).all()
    assert (score > -0.01).all()


def test_r2_is_scored_on_unseen_data_only(rng: np.random.Generator) -> None:
    """A code of 20 numbers fits 21 examples of noise exactly, which says nothing."""
    codes, factors = rng.normal(size=(521, 20)), rng.normal(size=(521, 1))
    seen = linear_r2(codes[:21], factors[:21], codes[:21], factors[:21])
    unseen = linear_r2(codes[:21], factors[:21], codes[21:], factors[21:])
    np.testing.assert_allclose(seen, 1.0, atol=1e-9)
    assert (unseen < 0).all()


def test_a_square_is_no_linear_code(rng: np.random.Generator) -> None:
    factor = rng.uniform(-1, 1, size=(4000, 1))
    code = factor**2
    assert abs(linear_r2(code[:2000], factor[:2000], code[2000:], factor[2000:])[0]) < 0.02


def test_r2_reads_float32_and_integers_as_float64(rng: np.random.Generator) -> None:
    codes = rng.normal(size=(50, 2)).astype(np.float32)
    factors: Array = rng.integers(0, 32, size=(50, 2))
    got = linear_r2(codes, factors, codes, factors)
    wide = codes.astype(np.float64), factors.astype(np.float64)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, linear_r2(*wide, *wide))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((9, 2), (8, 1), (5, 2), (5, 1)), "expected codes"),
        (((9,), (9, 1), (5, 2), (5, 1)), "expected codes"),
        (((9, 2), (9,), (5, 2), (5, 1)), "expected codes"),
        (((9, 2), (9, 1), (5, 2), (4, 1)), "expected codes"),
        (((9, 2), (9, 1), (5, 3), (5, 1)), "scored on"),
        (((9, 2), (9, 1), (5, 2), (5, 2)), "scored on"),
        (((2, 2), (2, 1), (5, 2), (5, 1)), "2 examples cannot fit 3 coefficients"),
        (((9, 2), (9, 1), (1, 2), (1, 1)), "constant"),
    ],
)
def test_r2_refuses_what_does_not_fit(
    rng: np.random.Generator, shapes: tuple[tuple[int, ...], ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        linear_r2(*(rng.normal(size=shape) for shape in shapes))


@verifies("eq:activity", "pydis.metrics.active_latents.activity")
def test_activity_is_half_the_mean_squared_gap_between_two_images(
    rng: np.random.Generator,
) -> None:
    means = rng.normal(size=(25, 4)) * [0.0, 0.1, 1.0, 5.0] + [3.0, 0.0, -2.0, 0.0]
    gaps = [(a - b) ** 2 for a, b in itertools.combinations(means, 2)]
    np.testing.assert_allclose(activity(means), np.mean(gaps, axis=0) / 2, rtol=1e-12)


def test_activity_ignores_a_shift_and_squares_a_scale(rng: np.random.Generator) -> None:
    means = rng.normal(size=(500, 3))
    np.testing.assert_allclose(activity(means + 7.0), activity(means), rtol=1e-12)
    np.testing.assert_allclose(activity(-3.0 * means), 9.0 * activity(means), rtol=1e-12)
    assert activity(means.astype(np.float32)).dtype == np.float64


def test_a_latent_is_active_above_the_threshold() -> None:
    gap = np.array([0.0, 0.14, 0.15, 0.3])
    means = np.stack([gap, np.zeros(4)])  # two images, so the variance is gap² / 2
    np.testing.assert_allclose(activity(means), gap**2 / 2, rtol=1e-12)
    assert active_latents(means).tolist() == [False, False, True, True]
    assert active_latents(means, threshold=0.02).tolist() == [False, False, False, True]
    assert active_latents(means, threshold=1.0).tolist() == [False] * 4


@pytest.mark.parametrize("shape", [(1, 4), (0, 4), (5,), (5, 2, 2)])
def test_activity_refuses_what_has_no_variance(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="activity"):
        activity(np.zeros(shape))
    with pytest.raises(ValueError, match="activity"):
        active_latents(np.zeros(shape))
