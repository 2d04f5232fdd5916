"""The gap of a code and the total correlation of its latents do not bound each other."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.chapters.metrics_mig import entropy, mig, shared
from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.codes import pair_table
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr


def _draw(rng: Generator) -> Case:
    v = table(rng, 3, 3) if rng.integers(2) else np.outer(table(rng, 3), table(rng, 3))
    return {"P": table(rng, 2, 3, 2), "F": v}


_BITS = np.array([(a, b) for a in (0, 1) for b in (0, 1)])
_PARITY = np.stack([_BITS.sum(1) % 2, _BITS[:, 1]], 1)
"""The code (v_1 ⊕ v_2, v_2) of two fair bits."""


def _marginal_sum(P: Floats) -> float:
    """Σ_j I(z_j; v) − I(z; v), z the first two axes."""
    both = P.reshape(-1, P.shape[2])
    return shared(P.sum(1)) + shared(P.sum(0)) - shared(both)


def _total(P: Floats) -> float:
    """TC(z_1, z_2 | v) = Σ_v p(v) KL(p(z | v) ‖ Π p(z_j | v)): slices of no weight are skipped."""
    slices = [(float(s.sum()), s / s.sum()) for s in np.moveaxis(P, 2, 0) if s.any()]
    return sum(w * float(rel_entr(s, np.outer(s.sum(1), s.sum(0))).sum()) for w, s in slices)


def _identity_mig(F: Floats) -> float:
    """The gap of the code z = v where the factors have the joint table F."""
    gaps = []
    for P in (F, F.T):
        own = shared(np.diag(p_x(P)))
        gaps.append((max(own, shared(P)) - min(own, shared(P))) / entropy(p_x(P)))
    return float(np.mean(gaps))


def _varied(F: Floats, **_: Any) -> bool:
    """Whether both factors vary."""
    return entropy(p_x(F)) > 0 and entropy(p_y(F)) > 0


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
            lambda P, **_: shared(P.sum(2)) - _total(P),
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
            lambda **_: shared(pair_table(*_PARITY.T)),
            None,
        ),
        Line("X1", r"0", lambda **_: 0.0, by="the parity is independent of either bit"),
        Line("Y0", r"\mathrm{MIG}(v_1 \oplus v_2, v_2)", lambda **_: mig(_BITS, _PARITY), None),
        Line("Y1", r"\tfrac12", lambda **_: 0.5, by="no latent knows v_1, one knows v_2"),
        Line("D0", r"\mathrm{MIG}(v_1, v_2)", lambda F, **_: _identity_mig(F), None, when=_varied),
        Line(
            "D1",
            r"1 - \tfrac12 \bigl(\tfrac{1}{H(v_1)} + \tfrac{1}{H(v_2)}\bigr) I(v_1; v_2)",
            lambda F, **_: 1 - 0.5 * shared(F) * (1 / entropy(p_x(F)) + 1 / entropy(p_y(F))),
            by="the second latent knows I(v_1; v_2) of the first's factor",
            when=_varied,
        ),
        Line(
            "E0",
            r"\mathrm{TC}(v_1, v_2)",
            lambda F, **_: entropy(p_x(F)) + entropy(p_y(F)) - entropy(F),
            None,
        ),
        Line("E1", r"I(v_1; v_2)", lambda F, **_: shared(F), by="z = v"),
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
            by="by D1 the gap is 1 where I(v_1; v_2) = 0",
            when=_varied,
        ),
    ),
    mutants=(
        Mutant("equality-without-tc", "L1", lambda **_: 0.0),
        Mutant(
            "tc-0-implies-mig-1",
            "Y1",
            lambda **_: 1.0 - shared(pair_table(*_PARITY.T)),
        ),
        Mutant("mig-1-implies-tc-0-for-dependent-factors", "E1", lambda **_: 0.0),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MI_AND_TC,)
