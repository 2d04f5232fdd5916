"""Families of inputs: tables of probabilities by whole weights, and the cases always tried.

Weights are integers, so probabilities are rational and zeros appear by themselves. A joint table
of total weight N that is not a product is 1/N² from one in total variation, hence has
I(X; Y) ≥ 2/N⁴ by Pinsker: for N ≤ 240 that is 6·10⁻¹⁰, and 10⁻¹² tells zero from not zero.
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.tools import Floats

ZERO = 1e-12
"""What an 'iff' calls zero."""

J = np.array([[0.4, 0.1], [0.2, 0.3]])
"""The golden joint table, rows X, columns Y: H(X) ≠ H(Y), H(X | Y) ≠ H(Y | X)."""

KL_P, KL_Q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6])
"""The golden pair of distributions: KL(p, q) ≠ KL(q, p)."""


def table(rng: Generator, *shape: int, low: int = 0, high: int = 20) -> Floats:
    """A distribution over `shape` with weights low … high, of which one at least is not 0."""
    weights = np.zeros(shape)
    while not weights.any():
        weights = rng.integers(low, high + 1, size=shape).astype(np.float64)
    found: Floats = weights / weights.sum()
    return found


def channel(rng: Generator, m: int, n: int, *, low: int = 0) -> Floats:
    """m rows, each a distribution over n."""
    return np.stack([table(rng, n, low=low) for _ in range(m)])


def sizes(rng: Generator, cells: int = 12) -> tuple[int, int]:
    """m and n with m n ≤ cells."""
    m = int(rng.integers(1, cells // 2 + 1))
    return m, int(rng.integers(1, cells // m + 1))


def draw_joint(rng: Generator) -> Case:
    """Any table of at most 12 cells."""
    return {"P": table(rng, *sizes(rng))}


def draw_any_joint(rng: Generator) -> Case:
    """A table in which X = g(Y), or Y = g(X), or X and Y are independent, or anything."""
    m, n = sizes(rng)
    match rng.integers(4):
        case 0:
            return {"P": np.eye(m)[rng.integers(m, size=n)].T * table(rng, n)}
        case 1:
            return {"P": np.eye(n)[rng.integers(n, size=m)] * table(rng, m)[:, None]}
        case 2:
            return {"P": np.outer(table(rng, m), table(rng, n))}
    return {"P": table(rng, m, n)}


def _rows(*rows: list[float]) -> Case:
    weights = np.array(rows)
    return {"P": weights / weights.sum()}


JOINTS: tuple[Case, ...] = (
    _rows([1, 1], [1, 1]),  # uniform
    _rows([2, 0, 3], [0, 4, 0]),  # X = g(Y)
    _rows([1, 0], [1, 0], [0, 2]),  # Y = g(X), and H(X | Y) > 0
    _rows([1, 2, 3], [2, 4, 6]),  # a product
    _rows([0, 0], [1, 0]),  # a point mass
    _rows([1]),  # one cell
    _rows([3, 1], [0, 0], [2, 5]),  # a row of zeros
    _rows([3, 0, 1], [2, 0, 5]),  # a column of zeros
    _rows([0, 1, 0], [1, 0, 1]),  # Y of three values −1, 0, 1 with X = Y²
    _rows([2, 3, 5]),  # X constant
    _rows([2], [3], [5]),  # Y constant
)

JOINT = Inputs("joint table P[x, y]", draw_joint, JOINTS)
"""Cases `P`, `[m, n]`, rows X and columns Y, m n ≤ 12."""

ANY_JOINT = Inputs("joint table P[x, y], often of special structure", draw_any_joint, JOINTS)
"""As JOINT, but a random table is deterministic or a product three times in four: for 'iff'."""


def draw_pmf(rng: Generator) -> Case:
    """A distribution over 1 to 8 points."""
    return {"p": table(rng, int(rng.integers(1, 9)))}


PMF = Inputs(
    "distribution p",
    draw_pmf,
    (
        {"p": np.array([1.0])},
        {"p": np.full(4, 0.25)},
        {"p": np.array([0.0, 1.0, 0.0])},
        {"p": np.array([0.5, 0.0, 0.25, 0.25])},
    ),
)
"""Cases `p`, `[n]`, 1 ≤ n ≤ 8."""


def draw_pmf_pair(rng: Generator) -> Case:
    """Two distributions over the same 1 to 8 points; a zero of q under p now and then."""
    n = int(rng.integers(1, 9))
    return {"p": table(rng, n), "q": table(rng, n, low=int(rng.integers(2)))}


PMF_PAIR = Inputs(
    "distributions p and q",
    draw_pmf_pair,
    (
        {"p": np.array([1.0]), "q": np.array([1.0])},
        {"p": KL_P, "q": KL_P},  # equal
        {"p": np.full(4, 0.25), "q": np.array([0.1, 0.2, 0.3, 0.4])},
        {"p": np.array([0.5, 0.5, 0.0]), "q": KL_Q},  # p = 0 < q
        {"p": KL_P, "q": np.array([0.5, 0.5, 0.0])},  # p > 0 = q: ∞
        {"p": np.array([1.0, 0.0]), "q": np.array([0.0, 1.0])},  # no common support
        {"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.25, 0.75, 0.0])},  # both 0
    ),
)
"""Cases `p` and `q`, `[n]` each, 1 ≤ n ≤ 8; KL(p, q) may be ∞."""


def draw_channel(rng: Generator) -> Case:
    """A distribution of the input with a channel from m ≤ 4 to n ≤ 4 symbols."""
    m, n = rng.integers(1, 5, size=2)
    return {"p": table(rng, m), "W": channel(rng, m, n)}


CHANNEL = Inputs(
    "input p(x) and channel W[x, y] = p(y | x)",
    draw_channel,
    (
        {"p": np.array([0.3, 0.7]), "W": np.eye(2)},  # without loss
        {"p": np.array([0.3, 0.7]), "W": np.full((2, 3), 1 / 3)},  # without information
        {"p": np.array([0.5, 0.5]), "W": np.array([[0.9, 0.1], [0.1, 0.9]])},  # binary symmetric
        {"p": np.array([0.0, 1.0]), "W": np.array([[0.5, 0.5], [0.2, 0.8]])},  # p(x) = 0
        {"p": np.array([0.5, 0.5]), "W": np.array([[0.5, 0.5, 0.0], [0.2, 0.8, 0.0]])},
    ),
)
"""Cases `p`, `[m]`, and `W`, `[m, n]`, whose rows are distributions."""
