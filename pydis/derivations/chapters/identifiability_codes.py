"""Codes of equal law that know different things; sources that independence does identify."""

from collections import Counter
from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.linear import rotation
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, xlogy

LOG_2 = float(np.log(2))

CELLS = tuple((i, j) for i in range(4) for j in range(4))
"""Z_4 × Z_4."""


def _f(z: tuple[int, int]) -> tuple[int, int]:
    """f(z_1, z_2) = (z_1 + z_2, z_2) modulo 4."""
    return (z[0] + z[1]) % 4, z[1]


def _f_inverse(z: tuple[int, int]) -> tuple[int, int]:
    return (z[0] - z[1]) % 4, z[1]


def _moved_prior(**_: Any) -> Floats:
    found: Floats = np.zeros((4, 4))
    for z in CELLS:
        found[_f(z)] += 1 / 16
    return found


def _joint(i: int, j: int) -> Floats:
    """The table of the moved code's coordinate i and the code's coordinate j."""
    found: Floats = np.zeros((4, 4))
    for z in CELLS:
        found[_f(z)[i], z[j]] += 1 / 16
    return found


def _law(values: list[int]) -> Floats:
    return np.array([Counter(values)[x] for x in range(6)]) / len(values)


SAME_LAW = Derivation(
    id="ident.same-marginal-different-code",
    title="Two codes with the same prior and the same data, of which one hides a factor",
    items=("D03",),
    inputs=Inputs(
        "a decoder table g[z_1, z_2]",
        lambda rng: {"g": rng.integers(6, size=(4, 4))},
        ({"g": np.zeros((4, 4), int)}, {"g": np.add.outer(np.arange(4), np.arange(4) % 3)}),
    ),
    source="Locatello et al. 2019",
    lines=(
        Line("L0", r"p(z) = \tfrac{1}{16}", lambda **_: np.full((4, 4), 1 / 16)),
        Line(
            "L1",
            r"\hat p(\hat z) = \sum_z p(z)\, 1[f(z) = \hat z],\quad f(z) = (z_1 + z_2, z_2)",
            _moved_prior,
            by="f is a bijection",
        ),
        Line("G0", r"g(z)", lambda g: [g[z] for z in CELLS], None),
        Line(
            "G1",
            r"g'(f(z)),\quad g' = g \circ f^{-1}",
            lambda g: [g[_f_inverse(_f(z))] for z in CELLS],
            by="the decoder takes f back",
        ),
        Line("X0", r"p(x) = \sum_z p(z)\, 1[g(z) = x]", lambda g: _law(g.ravel().tolist()), None),
        Line(
            "X1",
            r"\sum_{\hat z} \hat p(\hat z)\, 1[g'(\hat z) = x]",
            lambda g: np.array(
                [
                    sum(p for z, p in np.ndenumerate(_moved_prior()) if g[_f_inverse(z)] == x)
                    for x in range(6)
                ]
            ),
            by="so the data have one law",
        ),
        Line(
            "I0",
            r"\sum p(\hat z_1, z_1) \log \frac{p(\hat z_1, z_1)}{p(\hat z_1)\, p(z_1)}",
            lambda **_: rel_entr(
                _joint(0, 0), np.outer(p_x(_joint(0, 0)), p_y(_joint(0, 0)))
            ).sum(),
            None,
        ),
        Line(
            "I1",
            r"I(\hat z_1; z_1)",
            lambda **_: information.mutual_information(_joint(0, 0)),
            by="the definition",
        ),
        Line("I2", r"0", lambda **_: 0.0, by="z_1 + z_2 is uniform for each z_1"),
        Line(
            "K0",
            r"I(\hat z_2; z_2)",
            lambda **_: 2 * np.log(4) + xlogy(_joint(1, 1), _joint(1, 1)).sum(),
            None,
        ),
        Line("K1", r"\log 4", lambda **_: np.log(4), by="the other coordinate is kept"),
    ),
    mutants=(Mutant("decoder-not-composed", "G1", lambda g: [g[_f(z)] for z in CELLS]),),
)


def _sources(turn: float) -> Floats:
    """The four equally likely points A s of two random signs s, `[4, 2]`."""
    found: Floats = np.array(list(product((-1.0, 1.0), repeat=2))) @ rotation(turn).T
    return found


def _table(turn: float) -> Floats:
    """The joint table of the two coordinates of A s, values equal to 1e-9 taken as one."""
    rows = [np.unique(np.round(x, 9) + 0.0, return_inverse=True) for x in _sources(turn).T]
    found = np.zeros([len(values) for values, _ in rows])
    for at in zip(*(index for _, index in rows), strict=True):
        found[at] += 0.25
    return found


def _entropy(p: Floats) -> float:
    return -float(xlogy(p, p).sum())


def _gaussian_correlation(turn: float) -> float:
    """Σ_i h(z_i) − h(z) of z = A s with Gaussian s, whose covariance is A Aᵀ."""
    C = rotation(turn) @ rotation(turn).T
    joint = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * C)[1]
    return float(0.5 * np.log(2 * np.pi * np.e * np.diagonal(C)).sum() - joint)


def _draw_turn(rng: Generator) -> Case:
    return {"turn": float(rng.uniform(0.1, 0.7) + rng.integers(4) * np.pi / 2)}


NON_GAUSSIAN = Derivation(
    id="ica.non-gaussian-identifiable",
    title="Independence identifies a rotation of signs, and none of Gaussians",
    scope="both",
    source="Comon 1994, theorem 11",
    inputs=Inputs(
        "a rotation A of two sources",
        _draw_turn,
        ({"turn": 0.0}, {"turn": np.pi / 2}, {"turn": -np.pi / 4}, {"turn": np.arctan(0.5)}),
    ),
    lines=(
        Line(
            "C0",
            r"\mathrm{Cov}[A s] = \tfrac14 \sum_s A s\, (A s)^\top",
            lambda turn: _sources(turn).T @ _sources(turn) / 4,
        ),
        Line("C1", r"I", lambda **_: np.eye(2), by="A Aᵀ = I: a rotation never correlates"),
        Line(
            "T0",
            r"\sum_z p(z) \log \frac{p(z)}{p(z_1)\, p(z_2)},\quad z = A s",
            lambda turn: rel_entr(
                _table(turn), np.outer(p_x(_table(turn)), p_y(_table(turn)))
            ).sum(),
            None,
        ),
        Line(
            "T1",
            r"H(z_1) + H(z_2) - \log 4",
            lambda turn: _entropy(p_x(_table(turn))) + _entropy(p_y(_table(turn))) - np.log(4),
            by="the four points are equally likely",
        ),
        Line(
            "T2",
            r"\mathrm{TC}(z)",
            lambda turn: information.total_correlation(_table(turn)),
            by="the definition",
        ),
        Line(
            "G0",
            r"\sum_i h(z_i) - h(z),\quad s \sim \mathcal{N}(0, I)",
            _gaussian_correlation,
            None,
        ),
        Line("G1", r"0", lambda **_: 0.0, by="uncorrelated Gaussians are independent"),
        Line(
            "I0",
            r"z_1, z_2 \text{ are independent}",
            lambda turn: bool(
                np.abs(_table(turn) - np.outer(p_x(_table(turn)), p_y(_table(turn)))).max() <= ZERO
            ),
            None,
        ),
        Line(
            "I1",
            r"A \text{ permutes and flips the sources}",
            lambda turn: bool((np.abs(np.sin(2 * turn)) <= 1e-9).all()),
            "iff",
            by="signs are not Gaussian",
        ),
    ),
    golden=(
        Golden(
            "45°",
            {"turn": np.pi / 4},
            {"T0": LOG_2, "T1": LOG_2, "T2": LOG_2, "G0": 0.0, "C0": np.eye(2)},
        ),
    ),
    mutants=(
        Mutant(
            "uncorrelated-implies-independent",
            "T1",
            lambda turn: -0.5 * np.log(np.linalg.det(np.corrcoef(_sources(turn).T))),
        ),
        Mutant(
            "gaussian-also-dependent",
            "G0",
            lambda turn: _entropy(p_x(_table(turn))) + _entropy(p_y(_table(turn))) - np.log(4),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (SAME_LAW, NON_GAUSSIAN)
