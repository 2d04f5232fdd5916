"""The simplex method finds minima that are known, and the coarse sums are fine enough."""

import numpy as np
import pytest

from pydis.derivations.chapters.beta_vae_collapse import objective, optimum
from pydis.derivations.chapters.rate_distortion import STAR, rate, within
from pydis.derivations.descend import least, nelder_mead


def test_a_curved_valley():
    found = least(lambda u: (1 - u[0]) ** 2 + 100 * (u[1] - u[0] ** 2) ** 2, [(-1.2, 1.0)])
    assert np.allclose(found, 1, atol=1e-6)


def test_the_best_of_two_minima():
    f = lambda u: float((u[0] ** 2 - 1) ** 2 + 0.1 * u[0])
    assert nelder_mead(f, [1.0])[0] > 0
    assert least(f, [(1.0,), (-1.0,)])[0] < 0


def test_a_constant_ends():
    assert nelder_mead(lambda u: 0.0, [1.0, 2.0]).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("beta", [1.5, 5.0])
def test_no_neighbour_of_the_optimum_is_better(beta):
    u = np.array(optimum(4.0, 1.0, beta))
    least_value = objective(*u, 4.0, 1.0, beta)
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.01:
        assert objective(*(u + step), 4.0, 1.0, beta) >= least_value - 1e-12


def test_an_encoder_is_brought_within_its_rate():
    px, r, q = STAR["px"], STAR["r"], np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    found = within(px, q, r, 0.1)
    assert rate(px, q, r) > 0.1 >= rate(px, found, r) > 0.1 - 1e-6
    assert np.allclose(found.sum(1), 1) and within(px, found, r, 0.2) is found
