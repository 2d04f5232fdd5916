"""The mutual information gap. Chen et al. 2018, section 4."""

from typing import Any

import numpy as np

from pydis import information
from pydis.derivations.derivation import (
    Derivation,
    Golden,
    Line,
    Mutant,
    UndefinedLine,
)
from pydis.derivations.inputs.codes import CODES, CONSTANT, DUPLICATE, IDENTITY, Ints, V, pair_table
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, x_given_y, xlogy


def entropy(p: Floats) -> float:
    """H = −Σ p log p."""
    return -float(xlogy(p, p).sum())


def shared(P: Floats) -> float:
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
        (*_two([shared(pair_table(c, f)) for c in z.T]), entropy(p_y(pair_table(f, f))))
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
        first, second = _two([float(xlogy(P, x_given_y(P)).sum()) for P in tables])
        gaps.append((first - second) / np.log(len(np.unique(f))))
    return float(np.mean(gaps))


def _by_library(v: Ints, z: Ints, **_: Any) -> Any:
    gaps = []
    for f in _factors(v):
        first, second = _two([information.mutual_information(pair_table(c, f)) for c in z.T])
        gaps.append((first - second) / information.entropy(p_y(pair_table(f, f))))
    return np.mean(gaps)


def _reordered(v: Ints, z: Ints, order: Ints) -> float:
    found = np.array([[shared(pair_table(c, f)) for c in z.T[order]] for f in _factors(v)])
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
            "one latent",
            {**IDENTITY, "z": V[:, :1], "order": np.array([0])},
            {},
            ("L0", "L1", "L2", "L3"),
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
                [np.ptp([shared(pair_table(c, f)) for c in z.T]) / np.log(f.max() + 1) for f in v.T]
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

DERIVATIONS: tuple[Derivation, ...] = (MIG,)
