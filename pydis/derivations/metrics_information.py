"""Scores from tables of probabilities: the mutual information gap, and what TC says of it.

Chen et al. 2018, section 4.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import (
    Case,
    Derivation,
    Golden,
    Inputs,
    Line,
    Mutant,
    UndefinedLine,
)
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs_codes import CODES, CONSTANT, DUPLICATE, IDENTITY, V, Ints, pair_table
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, x_given_y, xlogy


def _entropy(p: Floats) -> float:
    return -float(xlogy(p, p).sum())


def _information(P: Floats) -> float:
    """I = Σ p(x, y) log [p(x, y) / p(x) p(y)]."""
    return float(rel_entr(P, np.outer(p_x(P), p_y(P))).sum())


def _factors(v: Ints) -> list[Ints]:
    """The factors that vary: one of a single value has nothing to be told, and is skipped."""
    return [f for f in v.T if np.ptp(f) > 0]


def _two(found: list[float]) -> tuple[float, float]:
    """The largest two. Raises UndefinedLine where there is one latent only."""
    if len(found) < 2:
        raise UndefinedLine("a gap needs two latents")
    first, second = sorted(found, reverse=True)[:2]
    return first, second


def _gaps(v: Ints, z: Ints) -> list[tuple[float, float, float]]:
    """I(z_(1); v_k), I(z_(2); v_k) and H(v_k) of each factor that varies."""
    return [
        (*_two([_information(pair_table(c, f)) for c in z.T]), _entropy(p_y(pair_table(f, f))))
        for f in _factors(v)
    ]


def mig(v: Ints, z: Ints, **_: Any) -> float:
    """1/K Σ_k [I(z_(1); v_k) − I(z_(2); v_k)] / H(v_k)."""
    return float(np.mean([(first - second) / h for first, second, h in _gaps(v, z)]))


def _by_conditionals(v: Ints, z: Ints, **_: Any) -> float:
    """H(v | z_(2)) − H(v | z_(1)), each by H(v | z) = −Σ p log p(v | z)."""
    gaps = []
    for f in _factors(v):
        tables = [pair_table(f, c) for c in z.T]
        second, first = _two([-float(xlogy(P, x_given_y(P)).sum()) * -1 for P in tables])[::-1]
        gaps.append((first - second) / np.log(len(np.unique(f))))
    return float(np.mean(gaps))


def _by_library(v: Ints, z: Ints, **_: Any) -> Any:
    gaps = []
    for f in _factors(v):
        first, second = _two([information.mutual_information(pair_table(c, f)) for c in z.T])
        gaps.append((first - second) / information.entropy(p_y(pair_table(f, f))))
    return np.mean(gaps)


def _reordered(v: Ints, z: Ints, order: Ints) -> float:
    found = np.array([[_information(pair_table(c, f)) for c in z.T[order]] for f in _factors(v)])
    sizes = np.array([len(np.unique(f)) for f in _factors(v)])
    if found.shape[1] < 2:
        raise UndefinedLine("a gap needs two latents")
    top = np.partition(found, -2, axis=1)[:, -2:]
    return float(((top[:, 1] - top[:, 0]) / np.log(sizes)).mean())


MIG = Derivation(
    id="metric.mig",
    title="The mutual information gap",
    inputs=CODES,
    source="Chen et al. 2018, equation 6",
    conditions="Two latents at least. A factor of one value is left out of the mean.",
    lines=(
        Line(
            "L0",
            r"\frac{1}{K} \sum_k \frac{I(z_{(1)}; v_k) - I(z_{(2)}; v_k)}{H(v_k)}",
            mig,
        ),
        Line(
            "L1",
            r"\frac{1}{K} \sum_k \frac{H(v_k \mid z_{(2)}) - H(v_k \mid z_{(1)})}{\log n_k}",
            _by_conditionals,
            by="H(v_k) is in both, and v_k is uniform",
        ),
        Line(
            "L2",
            r"\frac{1}{K} \sum_k \frac{I(z_{(1)}; v_k) - I(z_{(2)}; v_k)}{H(v_k)}",
            _by_library,
            by="the definition",
        ),
        Line(
            "L3",
            r"\frac{1}{K} \sum_k \frac{I(z_{\pi(1)}; v_k) - I(z_{\pi(2)}; v_k)}{\log n_k}",
            _reordered,
            by="the order of the latents does not matter",
        ),
        Line("L4", r"0", lambda **_: 0.0, ">=", by="the largest is not less than the second"),
        Line("U0", r"1", lambda **_: 1.0, None),
        Line(
            "U1",
            r"\max_k \frac{I(z_{(1)}; v_k) - I(z_{(2)}; v_k)}{H(v_k)}",
            lambda v, z, **_: max((first - second) / h for first, second, h in _gaps(v, z)),
            ">=",
            by="I(z; v) ≤ H(v)",
        ),
    ),
    golden=(
        Golden("identity", IDENTITY, dict.fromkeys(("L0", "L1", "L2", "L3"), 1.0)),
        Golden("duplicate", DUPLICATE, dict.fromkeys(("L0", "L1", "L2", "L3"), 1 / 3)),
        Golden("constant", CONSTANT, dict.fromkeys(("L0", "L1", "L2", "L3"), 0.0)),
        Golden(
            "one latent", {**IDENTITY, "z": V[:, :1], "order": np.array([0])}, {}, ("L0", "L1", "L3")
        ),
    ),
    mutants=(
        Mutant(
            "unnormalised",
            "L0",
            lambda v, z, **_: np.mean([first - second for first, second, _h in _gaps(v, z)]),
            DUPLICATE,
        ),
        Mutant(
            "max-minus-min",
            "L0",
            lambda v, z, **_: np.mean(
                [
                    np.ptp([_information(pair_table(c, f)) for c in z.T]) / np.log(f.max() + 1)
                    for f in v.T
                ]
            ),
            DUPLICATE,
        ),
        Mutant(
            "sum-instead-of-gap",
            "L0",
            lambda v, z, **_: np.mean([(first + second) / h for first, second, h in _gaps(v, z)]),
            DUPLICATE,
        ),
    ),
)


def _draw(rng: Generator) -> Case:
    v = table(rng, 3, 3) if rng.integers(2) else np.outer(table(rng, 3), table(rng, 3))
    return {"P": table(rng, 2, 3, 2), "F": v}


_BITS = np.array([(a, b) for a in (0, 1) for b in (0, 1)])
_PARITY = np.stack([_BITS.sum(1) % 2, _BITS[:, 1]], 1)
"""The code (v_1 ⊕ v_2, v_2) of two fair bits."""


def _marginal_sum(P: Floats) -> float:
    """Σ_j I(z_j; v) − I(z; v), z the first two axes."""
    both = P.reshape(-1, P.shape[2])
    return _information(P.sum(1)) + _information(P.sum(0)) - _information(both)


def _total(P: Floats) -> float:
    """TC(z_1, z_2 | v) = Σ_v p(v) KL(p(z | v) ‖ Π p(z_j | v)): slices of no weight are skipped."""
    slices = [(float(s.sum()), s / s.sum()) for s in np.moveaxis(P, 2, 0) if s.any()]
    return sum(w * float(rel_entr(s, np.outer(s.sum(1), s.sum(0))).sum()) for w, s in slices)


def _identity_mig(F: Floats) -> float:
    """The gap of the code z = v where the factors have the joint table F."""
    gaps = []
    for P in (F, F.T):
        own = _information(np.diag(p_x(P)))
        gaps.append((max(own, _information(P)) - min(own, _information(P))) / _entropy(p_x(P)))
    return float(np.mean(gaps))


def _varied(F: Floats, **_: Any) -> bool:
    """Whether both factors vary."""
    return _entropy(p_x(F)) > 0 and _entropy(p_y(F)) > 0


MI_AND_TC = Derivation(
    id="metric.mi-tc-relation",
    title="What total correlation says of the information of the latents, and what it does not",
    inputs=Inputs(
        "a table P[z_1, z_2, v], and the joint table F of two factors",
        _draw,
        (
            {"P": np.full((2, 2, 2), 0.125), "F": np.full((2, 2), 0.25)},
            {"P": np.multiply.outer(np.eye(2), [0.5, 0]), "F": np.array([[0.4, 0.1], [0.2, 0.3]])},
            {"P": np.full((2, 2, 2), 0.125), "F": np.array([[0.5, 0.0], [0.0, 0.5]])},
        ),
    ),
    lines=(
        Line(
            "L0",
            r"\sum_j I(z_j; v) - I(z; v)",
            lambda P, **_: _marginal_sum(P),
        ),
        Line(
            "L1",
            r"\mathrm{KL}(p(z) \,\Vert\, \textstyle\prod_j p(z_j)) - \sum_v p(v)\,"
            r" \mathrm{KL}(p(z \mid v) \,\Vert\, \prod_j p(z_j \mid v))",
            lambda P, **_: _information(P.sum(2)) - _total(P),
            by="I(z_j; v) = H(z_j) − H(z_j | v), and likewise for z",
        ),
        Line(
            "L2",
            r"\mathrm{TC}(z) - I(z_1; z_2 \mid v)",
            lambda P, **_: (
                information.total_correlation(P.sum(2))
                - information.conditional_mutual_information(P)
            ),
            by="the definitions",
        ),
        Line(
            "X0",
            r"\mathrm{TC}(v_1 \oplus v_2, v_2)",
            lambda **_: _information(pair_table(*_PARITY.T)),
            None,
        ),
        Line("X1", r"0", lambda **_: 0.0, by="the parity is independent of either bit"),
        Line("Y0", r"\mathrm{MIG}(v_1 \oplus v_2, v_2)", lambda **_: mig(_BITS, _PARITY), None),
        Line("Y1", r"\tfrac12", lambda **_: 0.5, by="no latent knows v_1, one knows v_2"),
        Line("D0", r"\mathrm{MIG}(v_1, v_2)", lambda F, **_: _identity_mig(F), None, when=_varied),
        Line(
            "D1",
            r"1 - \tfrac12 \bigl(\tfrac{1}{H(v_1)} + \tfrac{1}{H(v_2)}\bigr) I(v_1; v_2)",
            lambda F, **_: (
                1 - 0.5 * _information(F) * (1 / _entropy(p_x(F)) + 1 / _entropy(p_y(F)))
            ),
            by="the second latent knows I(v_1; v_2) of the first's factor",
            when=_varied,
        ),
        Line(
            "E0",
            r"\mathrm{TC}(v_1, v_2)",
            lambda F, **_: _entropy(p_x(F)) + _entropy(p_y(F)) - _entropy(F),
            None,
        ),
        Line("E1", r"I(v_1; v_2)", lambda F, **_: _information(F), by="z = v"),
        Line(
            "I0",
            r"\mathrm{MIG}(v_1, v_2) = 1",
            lambda F, **_: 1 - _identity_mig(F) <= ZERO,
            None,
            when=_varied,
        ),
        Line(
            "I1",
            r"v_1, v_2 \text{ are independent}",
            lambda F, **_: bool(np.abs(F - np.outer(p_x(F), p_y(F))).max() <= ZERO),
            "iff",
            by="the line D1",
            when=_varied,
        ),
    ),
    mutants=(
        Mutant("equality-without-tc", "L1", lambda **_: 0.0),
        Mutant(
            "tc-0-implies-mig-1",
            "Y1",
            lambda **_: 1.0 - _information(pair_table(*_PARITY.T)),
        ),
        Mutant("mig-1-implies-tc-0-for-dependent-factors", "E1", lambda **_: 0.0),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MIG, MI_AND_TC)
