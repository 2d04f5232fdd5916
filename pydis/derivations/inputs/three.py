"""Tables of three or more variables: the family, and their marginals and slices."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats


def marginal(p: Floats, *axes: int) -> Floats:
    """The marginal of those axes; the others are summed and kept with one element."""
    found: Floats = p.sum(axis=tuple(i for i in range(p.ndim) if i not in axes), keepdims=True)
    return found


def given(p: Floats, *axes: int) -> Floats:
    """p divided by its marginal of those axes; where that is 0, zero and never divided."""
    below = np.broadcast_to(marginal(p, *axes), p.shape)
    found: Floats = np.divide(p, below, out=np.zeros(p.shape), where=below > 0)
    return found


def product(p: Floats) -> Floats:
    """The product of the marginals of the single axes, of the shape of p."""
    found: Floats = np.ones(p.shape)
    for axis in range(p.ndim):
        found = found * marginal(p, axis)
    return found


def times(parts: Sequence[Floats]) -> Floats:
    """The joint table of independent variables."""
    found: Floats = np.ones(())
    for part in parts:
        found = np.multiply.outer(found, part)
    return found


XOR = np.array([[[0.25, 0.0], [0.0, 0.25]], [[0.0, 0.25], [0.25, 0.0]]])
"""Z = X ⊕ Y of fair bits: every pair is independent, the three are not."""

COPIES = np.zeros((2, 2, 2))
"""X = Y = Z, one fair bit."""
COPIES[0, 0, 0] = COPIES[1, 1, 1] = 0.5


def markov(p: Floats, K: Floats, L: Floats) -> Floats:
    """p(x) K(y | x) L(z | y)."""
    found: Floats = p[:, None, None] * K[:, :, None] * L[None]
    return found


def draw_three(rng: Generator) -> Case:
    """Any table, an independent one, or one in which Z depends on Y alone."""
    a, b, c = rng.integers(1, 4, size=3)
    match rng.integers(5):
        case 0:
            return {"p": times([table(rng, a), table(rng, b), table(rng, c)])}
        case 1:
            return {"p": markov(table(rng, a), channel(rng, a, b), channel(rng, b, c))}
    return {"p": table(rng, a, b, c)}


THREE = Inputs(
    "joint table p[x, y, z]",
    draw_three,
    (
        {"p": XOR},
        {"p": COPIES},
        {"p": times([np.array([0.5, 0.5]), np.array([0.3, 0.7]), np.array([0.2, 0.8])])},
        {"p": np.ones((1, 1, 1))},
        {"p": np.array([[[0.5, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.2, 0.3]]])},
        {"p": np.array([[[0.1, 0.2], [0.3, 0.0]], [[0.1, 0.0], [0.05, 0.25]]])},
    ),
)
"""Cases `p`, `[a, b, c]` with a, b, c ≤ 3."""
