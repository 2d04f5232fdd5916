"""Encoders of few examples into two discrete latents: the family, and the parts of their rate."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, logsumexp, rel_entr, xlogy

ENCODER = np.array(
    [
        [[0.7, 0.1], [0.1, 0.1]],
        [[0.1, 0.1], [0.1, 0.7]],
        [[0.6, 0.1], [0.1, 0.2]],
        [[0.2, 0.2], [0.1, 0.5]],
    ]
)
"""The golden encoder q(z1, z2 | n) of four examples."""

HALF = np.array([0.5, 0.5])

_LIKELIHOOD = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
"""p(x_n | z1), for either z2."""


def _draw(rng: Generator) -> Case:
    n, a, b = rng.integers(1, 5), 3, 2
    one_hot = np.eye(a * b)[rng.integers(a * b, size=n)].reshape(n, a, b)
    free = np.stack([table(rng, a, b) for _ in range(n)])
    return {
        "q": one_hot if rng.integers(4) == 0 else free,
        "r": table(rng, a, low=1),
        "s": table(rng, b, low=1),
        "g": rng.uniform(0.05, 1.0, size=(n, a, b)),
    }


def _golden(q: Floats) -> Case:
    g = np.broadcast_to(_LIKELIHOOD.T[: len(q), :, None], q.shape)
    return {"q": q, "r": HALF, "s": HALF, "g": g}


STAR = _golden(ENCODER)

ENCODERS = Inputs(
    "encoder q(z1, z2 | n), factors r, s of the prior, and likelihoods g(x_n | z)",
    _draw,
    (
        _golden(np.eye(4).reshape(4, 2, 2)),  # deterministic
        _golden(ENCODER[:1]),  # one example: I = 0
        _golden(np.full((4, 2, 2), 0.25)),  # the prior
        {**STAR, "r": np.array([0.3, 0.7]), "s": np.array([0.9, 0.1])},
    ),
)


def information(q: Floats) -> Any:
    """I_q(n; z) = 1/N Σ_n Σ_z q(z | n) log q(z | n) / q(z)."""
    return rel_entr(q, q.mean(0)).sum() / len(q)


def rate(q: Floats, p: Floats) -> Any:
    """1/N Σ_n KL(q(z | n) ‖ p)."""
    return sum(rel_entr(slice_, p).sum() for slice_ in q) / len(q)


def correlation(z: Floats) -> Any:
    """KL(q(z1, z2) ‖ q(z1) q(z2))."""
    return rel_entr(z, np.outer(z.sum(1), z.sum(0))).sum()


def by_dimension(z: Floats, r: Floats, s: Floats) -> Any:
    """KL(q(z1) ‖ p(z1)) + KL(q(z2) ‖ p(z2))."""
    return rel_entr(z.sum(1), r).sum() + rel_entr(z.sum(0), s).sum()


def tempered(r: Floats, log_g: Floats, beta: Any) -> Floats:
    """q_β(z | x) ∝ r(z) g(x | z)^{1/β}, in logarithms; log_g is `[m, N]`, the result `[N, m]`."""
    log_q = xlogy(1, r) + log_g.T / beta
    found: Floats = np.exp(log_q - logsumexp(log_q, axis=1)[:, None])
    return found
