"""Entropies of two variables: of both together, and of one where the other is known."""

import numpy as np

from pydis import information
from pydis.derivations.derivation import Derivation, Erratum, Golden, Line, Mutant
from pydis.derivations.inputs import ANY_JOINT, JOINT, ZERO, J
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, support, x_given_y, xlogy, y_given_x

H_X_GIVEN_Y, H_Y_GIVEN_X = 0.606842558824, 0.586707045274
"""Those of J."""

SIDES = ("rows", "columns")

MOD_2 = np.array([[0.25, 0.0], [0.0, 0.25], [0.25, 0.0], [0.0, 0.25]])
"""X uniform on 0 … 3 and Y = X mod 2: H(X | Y) = log 2, H(Y | X) = 0."""


def _is_product(P: Floats) -> bool:
    return bool(np.abs(P - np.outer(p_x(P), p_y(P))).max() <= ZERO)


JOINT_ENTROPY = Derivation(
    id="entropy.joint",
    title="Joint entropy sums over both variables",
    section="3",
    items=("D18", "D19"),
    inputs=ANY_JOINT,
    lines=(
        Line(
            "L0",
            r"H(X) + H(Y)",
            lambda P: -xlogy(p_x(P), p_x(P)).sum() - xlogy(p_y(P), p_y(P)).sum(),
        ),
        Line(
            "L1",
            r"\mathbb{E}_{p(x, y)}[-\log p(x, y)]",
            lambda P: np.average(-np.log(support(P)), weights=support(P)),
            ">=",
            by="the mutual information is not negative",
        ),
        Line(
            "L2",
            r"-\sum_x \sum_y p(x, y) \log p(x, y)",
            lambda P: -xlogy(P, P).sum(),
            by="the expectation over the table",
        ),
        Line("L3", r"H(X, Y)", information.joint_entropy, by="the definition"),
        Line(
            "L4",
            r"-\sum_y \sum_x p(y, x) \log p(y, x)",
            lambda P: -sum(t * np.log(t) for column in P.T for t in column if t > 0),
            by="the sums change places: H(X, Y) = H(Y, X)",
        ),
        Line(
            "L5",
            r"\max(H(X), H(Y))",
            lambda P: max(-xlogy(p_x(P), p_x(P)).sum(), -xlogy(p_y(P), p_y(P)).sum()),
            ">=",
            by="a conditional entropy is not negative",
        ),
        Line(
            "U0",
            r"H(X, Y) = H(X) + H(Y)",
            lambda P: bool(rel_entr(P, np.outer(p_x(P), p_y(P))).sum() <= ZERO),
            None,
        ),
        Line("U1", r"p(x, y) = p(x)\, p(y)", _is_product, "iff", by="Gibbs' inequality"),
        Line(
            "D0",
            r"H(X, Y) = H(X)",
            lambda P: bool(-xlogy(P, P).sum() + xlogy(p_x(P), p_x(P)).sum() <= ZERO),
            None,
        ),
        Line(
            "D1",
            r"Y = g(X)",
            lambda P: bool((np.count_nonzero(P, axis=1) <= 1).all()),
            "iff",
            by="H(Y | X) = 0",
        ),
    ),
    golden=(Golden("J", {"P": J}, dict.fromkeys(("L1", "L2", "L3", "L4"), 1.279854225834)),),
    errata=tuple(
        Erratum(
            number="W1",
            item="D19",
            printed=r"H(X, Y) = -\sum_y p(x, y) \log p(x, y)",
            corrected=r"H(X, Y) = -\sum_x \sum_y p(x, y) \log p(x, y)",
            reason="x is free: the sum over x is missing",
            label="L2",
            witness={"P": P},
            true_value=true,
            readings={
                f"x is the value {x}": (lambda P, x=x: -xlogy(P[x], P[x]).sum(), value)
                for x, value in enumerate(values)
            },
        )
        for P, true, values in (
            (np.full((2, 2), 0.25), 1.386294361120, (0.693147180560, 0.693147180560)),
            (J, 1.279854225834, (0.596775, 0.683079)),
        )
    ),
    mutants=(
        Mutant("printed-sum-over-y-only", "L2", lambda P: -xlogy(P[0], P[0]).sum()),
        Mutant(
            "product-of-marginals",
            "L2",
            lambda P: -xlogy(np.outer(p_x(P), p_y(P)), np.outer(p_x(P), p_y(P))).sum(),
        ),
    ),
)


def slices(P: Floats) -> float:
    """Σ_y p(y) H(X | Y=y) over the y that occur."""
    seen = P[:, p_y(P) > 0]
    entropies = [-xlogy(column / column.sum(), column / column.sum()).sum() for column in seen.T]
    return float(p_y(seen) @ np.array(entropies))


CONDITIONAL = Derivation(
    id="entropy.conditional-definition",
    title="Conditional entropy is the mean entropy of the slices",
    section="3",
    items=("D20", "D21", "D22"),
    inputs=JOINT,
    conditions="a slice with p(y) = 0 is skipped",
    lines=(
        Line(
            "L1",
            r"\sum_y p(y)\, H(X \mid Y = y)",
            slices,
        ),
        Line(
            "L2",
            r"-\sum_y p(y) \sum_x p(x \mid y) \log p(x \mid y)",
            lambda P: -(p_y(P) * xlogy(x_given_y(P), x_given_y(P))).sum(),
            by="the entropy of the slice Y = y",
        ),
        Line(
            "M0",
            r"H(Y \mid X) = -\sum_x p(x) \sum_y p(y \mid x) \log p(y \mid x)",
            lambda P: -(p_x(P) @ xlogy(y_given_x(P), y_given_x(P)).sum(1)),
            None,
        ),
        Line(
            "M1",
            r"-\sum_x \sum_y p(x, y) \log p(y \mid x)",
            lambda P: -xlogy(P, y_given_x(P)).sum(),
            by=r"p(x)\, p(y \mid x) = p(x, y)",
        ),
        Line(
            "B0",
            r"(H(X, Y) - H(Y),\; H(X, Y) - H(X))",
            lambda P: -xlogy(P, P).sum() + np.array([xlogy(q, q).sum() for q in (p_y(P), p_x(P))]),
            None,
        ),
        Line(
            "B1",
            r"(H(X \mid Y),\; H(Y \mid X))",
            lambda P: np.array([information.conditional_entropy(P, of=z) for z in SIDES]),
            by="entropy.conditional-chain, in both directions",
        ),
    ),
    golden=(
        Golden(
            "J",
            {"P": J},
            dict.fromkeys(("L1", "L2"), H_X_GIVEN_Y)
            | dict.fromkeys(("M0", "M1"), H_Y_GIVEN_X)
            | {"B1": np.array([H_X_GIVEN_Y, H_Y_GIVEN_X])},
        ),
    ),
    errata=(
        Erratum(
            number="W2",
            item="D20",
            printed=r"H(X \mid Y) \text{ is the average conditional entropy of } Y",
            corrected=r"H(X \mid Y) = \sum_y p(y)\, H(X \mid Y = y)",
            reason="it is the average over y of the entropy of X given Y = y",
            label="L2",
            witness={"P": MOD_2},
            true_value=0.693147180560,
            readings={
                "literally, H(Y | X)": (
                    lambda P: -(p_x(P) @ xlogy(y_given_x(P), y_given_x(P)).sum(1)),
                    0.0,
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "swap-x-and-y",
            "L2",
            lambda P: -(p_x(P) @ xlogy(y_given_x(P), y_given_x(P)).sum(1)),
        ),
        Mutant(
            "unweighted-mean-over-y",
            "L2",
            lambda P: -xlogy(x_given_y(P), x_given_y(P)).sum() / P.shape[1],
        ),
        Mutant(
            "joint-inside-log",
            "L2",
            lambda P: -(p_y(P) * xlogy(x_given_y(P), P)).sum(),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (JOINT_ENTROPY, CONDITIONAL)
