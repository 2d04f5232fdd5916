"""Mutual information: five forms of it, and that it falls as independence grows."""

import numpy as np

from pydis import information
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs import JOINT, J
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, x_given_y, xlogy, y_given_x

I_J = 0.086304621736
"""The mutual information of J."""

CHAIN = Derivation(
    id="mi.chain",
    title="Mutual information is the entropy that observing takes away",
    section="3",
    items=("D34", "D35", "D36", "D37", "D38"),
    inputs=JOINT,
    conditions="finite alphabets, so that no difference of infinite entropies is formed",
    lines=(
        Line(
            "L0",
            r"\sum_x \sum_y p(x, y) \log \frac{p(x, y)}{p(x)\, p(y)}",
            lambda P: rel_entr(P, p_x(P)[:, None] * p_y(P)).sum(),
        ),
        Line("L1", r"I(X; Y)", information.mutual_information, by="the definition"),
        Line(
            "L2",
            r"\sum_{x, y} p(x, y) \log p(x, y) - \sum_{x, y} p(x, y) \log p(x)"
            r" - \sum_{x, y} p(x, y) \log p(y)",
            lambda P: xlogy(P, P).sum() - xlogy(P, p_x(P)[:, None]).sum() - xlogy(P, p_y(P)).sum(),
            by=r"\log \frac{a}{b c} = \log a - \log b - \log c",
        ),
        Line(
            "L3",
            r"-H(X, Y) + H(X) + H(Y)",
            lambda P: xlogy(P, P).sum() - xlogy(p_x(P), p_x(P)).sum() - xlogy(p_y(P), p_y(P)).sum(),
            by="summed over y, and over x",
        ),
        Line(
            "L4",
            r"H(X) - H(X \mid Y)",
            lambda P: -xlogy(p_x(P), p_x(P)).sum() + xlogy(P, x_given_y(P)).sum(),
            by=r"H(X \mid Y) = H(X, Y) - H(Y)",
        ),
        Line(
            "L5",
            r"H(Y) - H(Y \mid X)",
            lambda P: -xlogy(p_y(P), p_y(P)).sum() + xlogy(P, y_given_x(P)).sum(),
            by=r"H(Y \mid X) = H(X, Y) - H(X)",
        ),
        Line("L6", r"0", lambda P: 0.0, ">=", by="it is a divergence, from the product"),
        Line(
            "S0",
            r"\sum_x \sum_y p(x, y) (\log p(x \mid y) - \log p(x))",
            lambda P: xlogy(P, x_given_y(P)).sum() - xlogy(P, p_x(P)[:, None]).sum(),
            None,
        ),
        Line(
            "S1",
            r"I(Y; X)",
            lambda P: sum(
                P.T[y, x] * np.log(P.T[y, x] / (p_y(P)[y] * p_x(P)[x]))
                for y, x in np.argwhere(P.T > 0)
            ),
            by="the sum is symmetric",
        ),
        Line(
            "S2",
            r"\min(H(X), H(Y))",
            lambda P: min(-xlogy(p_x(P), p_x(P)).sum(), -xlogy(p_y(P), p_y(P)).sum()),
            "<=",
            by="conditional entropies are not negative",
        ),
        Line(
            "X0",
            r"I(X; X)",
            lambda P: rel_entr(np.diag(p_x(P)), np.outer(p_x(P), p_x(P))).sum(),
            None,
        ),
        Line("X1", r"H(X)", lambda P: -xlogy(p_x(P), p_x(P)).sum(), by=r"H(X \mid X) = 0"),
    ),
    golden=(
        Golden("J", {"P": J}, dict.fromkeys(("L0", "L1", "L2", "L3", "L4", "L5", "S0", "S1"), I_J)),
        Golden("independent", {"P": np.outer([0.2, 0.8], [0.5, 0.3, 0.2])}, {"L0": 0.0, "L3": 0.0}),
        Golden("a point mass", {"P": np.array([[0.0, 0.0], [1.0, 0.0]])}, {"L0": 0.0, "L4": 0.0}),
    ),
    mutants=(
        Mutant("denominator-p-y-x", "L0", lambda P: rel_entr(P, y_given_x(P)).sum()),
        Mutant(
            "l2-sign",
            "L2",
            lambda P: xlogy(P, P).sum() - xlogy(P, p_x(P)[:, None]).sum() + xlogy(P, p_y(P)).sum(),
        ),
        Mutant(
            "l3-h-y-x-with-h-x",
            "L4",
            lambda P: -xlogy(p_x(P), p_x(P)).sum() + xlogy(P, y_given_x(P)).sum(),
        ),
    ),
)


STEPS = np.linspace(0.0, 1.0, 11)


def _mixed(P: Floats, s: float) -> Floats:
    """P_s = (1 − s) p(x, y) + s p(x) p(y)."""
    found: Floats = (1 - s) * P + s * np.outer(p_x(P), p_y(P))
    return found


def informed(P: Floats) -> float:
    """Σ p(x, y) log [p(x, y) / p(x) p(y)]."""
    return float(rel_entr(P, np.outer(p_x(P), p_y(P))).sum())


MONOTONE = Derivation(
    id="mi.independence-monotone",
    title="The more independent, the less information",
    section="3",
    items=("D33",),
    inputs=JOINT,
    conditions=r"along P_s = (1 - s) P + s p_X p_Y, which keeps the marginals",
    lines=(
        Line(
            "D0",
            r"I(P_{s + 1/10}) - I(P_s), \quad s = 0, \tfrac{1}{10}, \dots, \tfrac{9}{10}",
            lambda P: np.diff([informed(_mixed(P, s)) for s in STEPS]),
        ),
        Line(
            "D1", r"0", lambda P: 0.0, "<=", by="I(P_s) is convex, not negative, and 0 at the end"
        ),
        Line(
            "C0",
            r"I(P_s)",
            lambda P: np.array([information.mutual_information(_mixed(P, s)) for s in STEPS]),
            None,
        ),
        Line(
            "C1",
            r"(1 - s)\, I(P_0) + s\, I(P_1)",
            lambda P: (1 - STEPS) * informed(P) + STEPS * informed(_mixed(P, 1.0)),
            "<=",
            by="KL is convex in its first argument, and the second is the same for all s",
        ),
        Line("C2", r"(1 - s)\, I(P)", lambda P: (1 - STEPS) * informed(P), by="I(P_1) = 0"),
        Line("M0", r"\sum_y P_s(x, y)", lambda P: p_x(_mixed(P, 0.3)), None),
        Line("M1", r"p(x)", p_x, by="both tables have these marginals"),
    ),
    golden=(Golden("J", {"P": J}, {"C2": (1 - STEPS) * I_J}),),
    mutants=(
        Mutant(
            "mix-with-uniform-instead-of-product",
            "D0",
            lambda P: np.diff([informed((1 - s) * P + s / P.size) for s in STEPS]),
            {"P": np.outer([0.9, 0.1], [0.9, 0.1])},
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (CHAIN, MONOTONE)
