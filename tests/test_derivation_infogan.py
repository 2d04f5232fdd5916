"""The toys of InfoGAN, and the enumerations of its chapters, against their definitions."""

from itertools import product

import numpy as np
import pytest

from pydis.derivations.chapters.bounds_batch import contrast
from pydis.derivations.chapters.infogan import comonotone
from pydis.derivations.chapters.infogan_training import STEPS, best_on_grid
from pydis.derivations.inputs import J, table
from pydis.derivations.inputs.infogan import LinGauss, Toy, draw_toy, tables

SEEDS = range(10)


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_of_a_toy(seed: int):
    toy = draw_toy(np.random.default_rng(seed))
    for x, c in np.ndindex(toy.nx, len(toy.pc)):
        expected = sum(
            p * toy.pc[c] for z, p in enumerate(toy.pz) if toy.G[z, c] == x
        )  # p(x, c) = Σ_z p(z) p(c) 1[G(z, c) = x]
        assert toy.xc[x, c] == pytest.approx(expected)
    np.testing.assert_allclose(toy.px, toy.xc.sum(1))
    np.testing.assert_allclose(toy.zcx.sum(2), np.outer(toy.pz, toy.pc))
    np.testing.assert_allclose(toy.posterior.sum(1), toy.px > 0)
    np.testing.assert_allclose(toy.posterior * toy.px[:, None], toy.xc)


def test_all_generators_are_there():
    assert len({G.tobytes() for G in tables(2, 2, 3)}) == 81


@pytest.mark.parametrize("seed", SEEDS)
def test_comonotone_has_its_marginals_and_is_dependent(seed: int):
    rng = np.random.default_rng(seed)
    p, q = table(rng, 3, low=1), table(rng, 2, low=1)
    joint = comonotone(p, q)
    np.testing.assert_allclose(joint.sum(1), p)
    np.testing.assert_allclose(joint.sum(0), q)
    assert np.abs(joint - np.outer(p, q)).max() > 1e-3


@pytest.mark.parametrize("k", [1, 2, 3])
def test_contrast_is_its_definition(k: int):
    f = np.array([[1.0, 0.3], [2.0, 5.0]])
    p_y, total = J.sum(0), 0.0
    for x, *ys in product(range(2), repeat=k + 1):
        weight = J[x, ys[0]] * np.prod(p_y[ys[1:]])
        total += weight * np.log(f[x, ys[0]] / np.mean(f[x, ys]))
    assert contrast(J, f, k) == pytest.approx(total, abs=1e-14)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_grid_is_as_near_as_it_says(seed: int):
    rng = np.random.default_rng(seed)
    for G in tables(2, 2, 2):
        toy = Toy(table(rng, 2, low=1), table(rng, 2, low=1), G, 2)
        assert -1e-12 <= toy.information - best_on_grid(toy) <= 1 / (STEPS - 1)


def test_the_linear_posterior_is_the_regression():
    """E[c | x] = Cov(c, x) / Var(x) · x, and Var(c | x) = 1 − Cov² / Var(x)."""
    g = LinGauss(0.7, 1.3, 0.0, 1.0)
    mixing = np.array([[1.0, 0.0], [g.a, g.b]])
    covariance = mixing @ mixing.T
    assert g.s == pytest.approx(covariance[1, 1])
    assert g.mmse == pytest.approx(1 - covariance[0, 1] ** 2 / covariance[1, 1])
