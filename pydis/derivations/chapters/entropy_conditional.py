"""The conditional entropy line by line, and when it is nothing or everything."""

import numpy as np

from pydis import information
from pydis.derivations.chapters.entropy_joint import H_X_GIVEN_Y, slices
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs import ANY_JOINT, JOINT, ZERO, J
from pydis.derivations.tools import Floats, log, p_x, p_y, x_given_y, xlogy, y_given_x

CHAIN = Derivation(
    id="entropy.conditional-chain",
    title="From the mean entropy of the slices to H(X, Y) − H(Y)",
    section="3",
    items=("D23", "D24", "D25", "D26", "D27", "D28", "D29", "D30", "D39"),
    inputs=JOINT,
    scope="both",
    conditions="line by line also for densities",
    lines=(
        Line("L0", r"\sum_y p(y)\, H(X \mid Y = y)", slices),
        Line(
            "L1",
            r"-\sum_y \sum_x p(y)\, p(x \mid y) \log p(x \mid y)",
            lambda P: -(p_y(P) * xlogy(x_given_y(P), x_given_y(P))).sum(),
            by="the entropy of the slice Y = y",
        ),
        Line(
            "L2",
            r"-\sum_y \sum_x p(x, y) \log p(x \mid y)",
            lambda P: -xlogy(P, x_given_y(P)).sum(),
            by=r"p(x, y) = p(y)\, p(x \mid y)",
        ),
        Line(
            "L2b",
            r"-\mathbb{E}_{p(x, y)}[\log p(x \mid y)]",
            lambda P: -np.average(log(x_given_y(P)[P > 0]), weights=P[P > 0]),
            by="a sum over p(x, y) is an expectation",
        ),
        Line(
            "L3",
            r"-\sum_y \sum_x p(x, y) \log \frac{p(x, y)}{p(y)}",
            lambda P: -sum(P[x, y] * np.log(P[x, y] / p_y(P)[y]) for x, y in np.argwhere(P > 0)),
            by=r"p(x \mid y) = p(x, y) / p(y)",
        ),
        Line(
            "L3b",
            r"-\sum_y \sum_x p(x, y) \log p(x, y) + \sum_y \sum_x p(x, y) \log p(y)",
            lambda P: -xlogy(P, P).sum() + xlogy(P, p_y(P)).sum(),
            by=r"\log \frac{a}{b} = \log a - \log b",
        ),
        Line(
            "L4",
            r"H(X, Y) - H(Y)",
            lambda P: -xlogy(P, P).sum() - -xlogy(p_y(P), p_y(P)).sum(),
            by=r"p(y) = \sum_x p(x, y)",
        ),
        Line("L5", r"H(X \mid Y)", information.conditional_entropy, by="what L0 defines"),
        Line("R0", r"p(x, y)", lambda P: P, None),
        Line("R1", r"p(y)\, p(x \mid y)", lambda P: p_y(P) * x_given_y(P), by="Bayes' rule"),
        Line(
            "Y0",
            r"P(Y = y)",
            lambda P: np.bincount(np.indices(P.shape)[1].ravel(), weights=P.ravel()),
            None,
        ),
        Line("Y1", r"\sum_x p(x, y)", p_y, by="the events X = x are a partition"),
    ),
    golden=(
        Golden(
            "J",
            {"P": J},
            dict.fromkeys(("L0", "L1", "L2", "L2b", "L3", "L3b", "L4", "L5"), H_X_GIVEN_Y)
            | {"Y1": np.array([0.6, 0.4])},
        ),
    ),
    mutants=(
        Mutant("l2-p-y-x", "L2", lambda P: -xlogy(P, y_given_x(P)).sum()),
        Mutant(
            "l3-divide-by-p-x",
            "L3",
            lambda P: -sum(P[x, y] * np.log(P[x, y] / p_x(P)[x]) for x, y in np.argwhere(P > 0)),
        ),
        Mutant("l3-sign", "L3b", lambda P: -xlogy(P, P).sum() - xlogy(P, p_y(P)).sum()),
        Mutant(
            "l4-minus-h-x",
            "L4",
            lambda P: -xlogy(P, P).sum() - -xlogy(p_x(P), p_x(P)).sum(),
        ),
    ),
)

ZERO_IFF = Derivation(
    id="entropy.conditional-zero-iff",
    title="Nothing is left unknown exactly where Y determines X",
    section="3",
    items=("D31",),
    inputs=ANY_JOINT,
    conditions="discrete: a differential conditional entropy can be 0 and X undetermined",
    lines=(
        Line(
            "L0",
            r"-\sum_{x, y} p(x, y) \log p(x \mid y) = 0",
            lambda P: bool(-xlogy(P, x_given_y(P)).sum() <= ZERO),
        ),
        Line(
            "L1",
            r"X = g(Y)",
            lambda P: bool((np.count_nonzero(P[:, p_y(P) > 0], axis=0) == 1).all()),
            "iff",
            by="each slice that occurs has entropy 0: it is one point",
        ),
        Line(
            "L2",
            r"H(X \mid Y) = 0",
            lambda P: bool(information.conditional_entropy(P) <= ZERO),
            "iff",
            by="the definition",
        ),
    ),
    golden=(Golden("J", {"P": J}, {"L0": False, "L1": False}),),
    mutants=(
        Mutant(
            "claim-for-h-y-x",
            "L0",
            lambda P: bool(-xlogy(P, y_given_x(P)).sum() <= ZERO),
            {"P": np.array([[0.25, 0.0], [0.25, 0.0], [0.0, 0.5]])},
        ),
        Mutant(
            "only-if-support-ignored",
            "L1",
            lambda P: bool((np.count_nonzero(P, axis=0) == 1).all()),
            {"P": np.array([[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]])},
        ),
    ),
)

SQUARE = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]) / 3
"""Y uniform on −1, 0, 1 and X = Y²: no correlation, and X is determined by Y."""


def _uncorrelated(P: Floats) -> bool:
    x, y = np.indices(P.shape)
    return bool(abs((P * x * y).sum() - (P * x).sum() * (P * y).sum()) <= ZERO)


FULL_IFF = Derivation(
    id="entropy.conditional-full-iff",
    title="Everything is left unknown exactly where X and Y are independent",
    section="3",
    items=("D32",),
    inputs=ANY_JOINT,
    conditions="H(X) is finite",
    lines=(
        Line("L0", r"-\sum_x p(x) \log p(x)", lambda P: -xlogy(p_x(P), p_x(P)).sum()),
        Line(
            "L1",
            r"-\sum_{x, y} p(x, y) \log p(x \mid y)",
            lambda P: -xlogy(P, x_given_y(P)).sum(),
            ">=",
            by="conditioning does not increase entropy",
        ),
        Line(
            "E0",
            r"H(X \mid Y) = H(X)",
            lambda P: bool(
                abs(-xlogy(p_x(P), p_x(P)).sum() - information.conditional_entropy(P)) <= ZERO
            ),
            None,
        ),
        Line(
            "E1",
            r"p(x, y) = p(x)\, p(y)",
            lambda P: bool(np.abs(P - np.outer(p_x(P), p_y(P))).max() <= ZERO),
            "iff",
            by="the difference is KL(p(x, y) | p(x) p(y)), zero only for equal distributions",
        ),
    ),
    golden=(Golden("J", {"P": J}, {"L0": 0.693147180560, "L1": H_X_GIVEN_Y, "E1": False}),),
    mutants=(
        Mutant("zero-correlation-instead-of-independence", "E1", _uncorrelated, {"P": SQUARE}),
        Mutant("conditioning-increases", "L1", lambda P: 2 * -xlogy(P, x_given_y(P)).sum()),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (CHAIN, ZERO_IFF, FULL_IFF)
