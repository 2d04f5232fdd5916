"""Inputs of the metrics: codes of independent uniform factors, written out cell by cell."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.tools import Floats

Ints = NDArray[np.int64]


def cells(*sizes: int) -> Ints:
    """Every combination of the factors, each once, `[Π n_k, K]`."""
    found: Ints = np.indices(sizes).reshape(len(sizes), -1).T.astype(np.int64)
    return found


def pair_table(a: Any, b: Any) -> Floats:
    """The joint table of two columns of whole numbers, rows equally likely."""
    _, left = np.unique(a, return_inverse=True)
    _, right = np.unique(b, return_inverse=True)
    found = np.zeros((left.max() + 1, right.max() + 1))
    np.add.at(found, (left, right), 1 / len(left))
    return found


def _hash(v: Ints, rng: Generator) -> Ints:
    """A code of three latents: each a factor, a mixture of factors, or a constant."""
    found = []
    for _ in range(3):
        weights = rng.integers(0, 2, v.shape[1]) * (1 + rng.integers(0, 2, v.shape[1]))
        found.append((v @ weights) % rng.integers(2, 6))
    return np.stack(found, 1).astype(np.int64)


def draw_code(rng: Generator) -> Case:
    """Three factors of 2 to 5 values, and a table code of them."""
    v = cells(*rng.integers(2, 6, 3).tolist())
    return {"v": v, "z": _hash(v, rng), "order": rng.permutation(3)}


V = cells(4, 3, 5)

IDENTITY: Case = {"v": V, "z": V, "order": np.array([2, 0, 1])}
DUPLICATE: Case = {"v": V, "z": V[:, [0, 0, 1]], "order": np.array([2, 0, 1])}
CONSTANT: Case = {"v": V, "z": 0 * V, "order": np.array([2, 0, 1])}

CODES = Inputs(
    "independent factors v and the code z of every cell",
    draw_code,
    (
        {"v": cells(4, 1, 5), "z": cells(4, 1, 5), "order": np.array([1, 0, 2])},  # H(v_2) = 0
        {"v": cells(2, 3), "z": cells(2, 3)[:, [0, 1, 1, 0]], "order": np.array([3, 1, 0, 2])},
    ),
)
"""Cases `v` `[N, K]` and `z` `[N, J]`, whole numbers, and `order`, a permutation of the latents."""


def draw_importances(rng: Generator) -> Case:
    """Whole-number importances with rows of zeros now and then; a permutation one time in four."""
    j, k = rng.integers(2, 6, 2).tolist()
    R = rng.integers(0, 4, (j, k)).astype(np.float64)
    if rng.integers(4) == 0:
        k = j
        R = np.eye(j)[rng.permutation(j)] * rng.integers(1, 9, j)
    R[0, 0] += not R.any()
    return {"R": R, "scale": float(rng.uniform(0.1, 9.0))}


IMPORTANCES = Inputs(
    "importances R[j, k] of latent j for factor k, and a scale",
    draw_importances,
    (
        {"R": np.ones((3, 4)), "scale": 2.0},  # says nothing: 0
        {"R": np.eye(3)[[1, 2, 0]], "scale": 0.5},  # a permutation: 1
        {"R": np.array([[2.0, 1.0], [0.0, 0.0], [0.0, 3.0]]), "scale": 3.0},  # a dead latent
        {"R": np.array([[1.0, 0.0], [2.0, 0.0]]), "scale": 3.0},  # a factor that nothing codes
    ),
)
"""Cases `R` `[J, K]`, J, K ≥ 2, not all 0, and `scale` > 0."""
