"""Beyond the paper: total correlation by groups of latents."""

import numpy as np

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, rel_entr, xlogy

_A, _B, _C, _D = np.indices((2, 2, 2, 2))
_PARITY: Case = {"P": ((_C == _A ^ _B) & (_D == _B)) / 4}
"""z_1 and z_2 fair bits, z_3 = z_1 ⊕ z_2, z_4 = z_2: TC = 2 log 2, all of it between the groups."""


def _product(P: Floats) -> Floats:
    """Π_i p(z_i), of the shape of P."""
    found = np.ones(P.shape)
    for axis in range(P.ndim):
        found = found * P.sum(tuple(i for i in range(P.ndim) if i != axis), keepdims=True)
    return found


def _divergence_from_product(P: Floats) -> float:
    return float(rel_entr(P, _product(P)).sum())


def _between(P: Floats) -> float:
    """I(z_1 z_2; z_3 z_4)."""
    first, second = P.sum((2, 3), keepdims=True), P.sum((0, 1), keepdims=True)
    return float(rel_entr(P, first * second).sum())


def _entropies(P: Floats) -> float:
    """Σ_i H(z_i) − H(z)."""
    singles = [P.sum(tuple(i for i in range(4) if i != axis)) for axis in range(4)]
    return float(xlogy(P, P).sum() - sum(xlogy(p, p).sum() for p in singles))


GROUPING = Derivation(
    id="tc.grouping",
    title="Total correlation is that within groups of latents and that between them",
    source="Watanabe 1960",
    inputs=Inputs(
        "a table P[z_1, z_2, z_3, z_4]",
        lambda rng: {"P": table(rng, 2, 3, 2, 2)},
        (
            {"P": np.full((2, 2, 2, 2), 1 / 16)},
            {"P": np.multiply.outer(np.eye(2) / 2, np.eye(2) / 2)},
            {"P": np.multiply.outer(np.array([[1.0, 0], [0, 0]]), np.eye(2) / 2)},
        ),
    ),
    lines=(
        Line(
            "L0",
            r"\sum_z p(z) \log \frac{p(z)}{\prod_i p(z_i)}",
            _divergence_from_product,
        ),
        Line("L1", r"\sum_i H(z_i) - H(z)", _entropies, by="the logarithm of a product"),
        Line(
            "L2",
            r"\mathrm{TC}(z_1, z_2) + \mathrm{TC}(z_3, z_4)"
            r" + \sum_z p(z) \log \frac{p(z)}{p(z_1, z_2)\, p(z_3, z_4)}",
            lambda P: (
                _divergence_from_product(P.sum((2, 3)))
                + _divergence_from_product(P.sum((0, 1)))
                + _between(P)
            ),
            by="the fraction is expanded by p(z_1, z_2) p(z_3, z_4)",
        ),
        Line("L3", r"\mathrm{TC}(z)", information.total_correlation, by="the definition"),
        Line(
            "L4",
            r"I(z_1; z_2) + I(z_1, z_2; z_3, z_4)",
            lambda P: (
                information.mutual_information(P.sum((2, 3)))
                + information.mutual_information(P.reshape(P.shape[0] * P.shape[1], -1))
            ),
            ">=",
            by="what is within the second group is not negative",
        ),
        Line(
            "L5",
            r"\mathrm{TC}(z_1, z_2, z_3)",
            lambda P: rel_entr(P.sum(3), _product(P.sum(3))).sum(),
            ">=",
            by="what z_1 and z_2 know of z_3 they know of z_3 and z_4",
        ),
    ),
    golden=(Golden("parity", _PARITY, dict.fromkeys(("L0", "L1", "L2", "L3"), 2 * np.log(2))),),
    mutants=(
        Mutant(
            "without-between",
            "L2",
            lambda P: (
                _divergence_from_product(P.sum((2, 3))) + _divergence_from_product(P.sum((0, 1)))
            ),
            _PARITY,
        ),
        Mutant(
            "between-the-first-of-each",
            "L2",
            lambda P: (
                _divergence_from_product(P.sum((2, 3)))
                + _divergence_from_product(P.sum((0, 1)))
                + _divergence_from_product(P.sum((1, 3)))
            ),
            _PARITY,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (GROUPING,)
