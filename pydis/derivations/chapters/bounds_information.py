"""Bounds of mutual information by a decoder, and the bottleneck made of two of them."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.chapters.mutual_information import I_J, informed
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import JOINTS, ZERO, J, channel, table
from pydis.derivations.tools import Floats, add, p_x, p_y, rel_entr, x_given_y, xlogy


def draw_decoded(rng: Generator) -> Case:
    """A table P with zeros and a decoder Q(x | y) `[n, m]`, which is p(x | y) half the time."""
    P = table(rng, int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    Q = channel(rng, P.shape[1], P.shape[0], low=int(rng.integers(2)))
    exact = rng.integers(2) == 1
    return {"P": P, "q": np.where(p_y(P)[:, None] > 0, x_given_y(P).T, Q) if exact else Q}


def _exact(P: Floats) -> Case:
    """The decoder p(x | y), uniform where p(y) = 0."""
    uniform = np.full(P.T.shape, 1 / len(P))
    return {"P": P, "q": np.where(p_y(P)[:, None] > 0, x_given_y(P).T, uniform)}


def entropy(p: Floats) -> float:
    """−Σ p log p."""
    return float(-xlogy(p, p).sum())


def decoded(P: Floats, Q: Floats) -> float:
    """Σ_y Σ_x p(x, y) log Q(x | y)."""
    return float(xlogy(P.T, Q).sum())


TIGHTNESS = Derivation(
    id="ba.tightness",
    title="A decoder bounds the information, and is tight only as the posterior",
    items=("D71",),
    inputs=Inputs(
        "joint table P, decoder Q(x | y)",
        draw_decoded,
        (
            *(_exact(case["P"]) for case in JOINTS),
            {"P": J, "q": np.eye(2)},  # −∞
        ),
    ),
    conditions="y with p(y) = 0 are skipped: Q is free there",
    lines=(
        Line(
            "L0",
            r"H(X) + \sum_y \sum_x p(x, y) \log Q(x \mid y)",
            lambda P, q: entropy(p_x(P)) + decoded(P, q),
        ),
        Line(
            "L1",
            r"\mathcal{L}_I(Q)",
            information.barber_agakov,
            by="the definition",
        ),
        Line("L2", r"I(X; Y)", lambda P, q: informed(P), "<=", by="Barber and Agakov"),
        Line(
            "D0",
            r"I(X; Y) - \mathcal{L}_I(Q)",
            lambda P, q: informed(P) - entropy(p_x(P)) - decoded(P, q),
            None,
        ),
        Line(
            "D1",
            r"\sum_y p(y)\, \mathrm{KL}(p(\cdot \mid y) \,\|\, Q(\cdot \mid y))",
            lambda P, q: sum(
                w * rel_entr(column, row).sum()
                for w, column, row in zip(p_y(P), x_given_y(P).T, q, strict=True)
                if w > 0
            ),
            by="the gap",
        ),
        Line(
            "C0",
            r"\mathcal{L}_I(Q) = I(X; Y)",
            lambda P, q: bool(informed(P) - (entropy(p_x(P)) + decoded(P, q)) <= ZERO),
            None,
        ),
        Line(
            "C1",
            r"Q(x \mid y) = p(x \mid y) \text{ wherever } p(y) > 0",
            lambda P, q: bool((np.abs(q - x_given_y(P).T)[p_y(P) > 0] <= ZERO).all()),
            "iff",
            by="a divergence is 0 only between equals",
        ),
    ),
    golden=(Golden("J", _exact(J), {"L0": I_J, "L1": I_J, "D0": 0.0, "C1": True}),),
    mutants=(Mutant("tight-for-any-q", "C0", lambda P, q: True),),
)

BETA = 0.3


def through(P: Floats, e: Floats) -> Floats:
    """p(y, z) = Σ_x p(x, y) e(z | x)."""
    found: Floats = P.T @ e
    return found


def draw_bottleneck(rng: Generator) -> Case:
    """P `[x, y]`, encoder e(z | x), decoder d(y | z) and prior r(z): positive, or at their best."""
    m, n, k = (int(i) for i in rng.integers(1, 4, size=3))
    P, e = table(rng, m, n), channel(rng, m, k)
    if rng.integers(3) == 0:
        return _best(P, e)
    return {"P": P, "e": e, "d": channel(rng, k, n, low=1), "r": table(rng, k, low=1)}


def _best(P: Floats, e: Floats) -> Case:
    """d = p(y | z), anything where p(z) = 0, and r = p(z)."""
    d = x_given_y(through(P, e)).T
    r = p_x(P) @ e
    return {"P": P, "e": e, "d": np.where(r[:, None] > 0, d, 1 / P.shape[1]), "r": r}


def bottleneck(P: Floats, e: Floats) -> float:
    """I(Z; Y) − β I(Z; X)."""
    return informed(through(P, e)) - BETA * informed(p_x(P)[:, None] * e)


def variational(P: Floats, e: Floats, d: Floats, r: Floats) -> float:
    """E log d(y | z) − β Σ_x p(x) KL(e(z | x) ‖ r)."""
    rate = p_x(P) @ rel_entr(e, r).sum(1)
    return add(xlogy(through(P, e).T, d).sum(), -BETA * float(rate))


VIB = Derivation(
    id="ib.vib-bound",
    title="The variational information bottleneck is a bound, with both gaps known",
    inputs=Inputs(
        "joint table P[x, y], encoder e, decoder d, prior r",
        draw_bottleneck,
        (_best(J, np.array([[0.8, 0.2], [0.3, 0.7]])), _best(J, np.eye(2))),
    ),
    conditions="Y and Z are independent given X; β = 0.3",
    lines=(
        Line("L0", r"I(Z; Y) - \beta I(Z; X)", lambda P, e, d, r: bottleneck(P, e)),
        Line(
            "L1",
            r"\mathbb{E}_{p(y, z)} \log d(y \mid z) + H(Y)"
            r" - \beta\, \mathbb{E}_x \mathrm{KL}(e(z \mid x) \,\|\, r(z))",
            lambda P, e, d, r: variational(P, e, d, r) + entropy(p_y(P)),
            ">=",
            by="two divergences are left out",
        ),
        Line(
            "D0",
            r"I(Z; Y) - \beta I(Z; X) - \mathcal{L}_{\mathrm{VIB}}",
            lambda P, e, d, r: bottleneck(P, e) - (variational(P, e, d, r) + entropy(p_y(P))),
            None,
        ),
        Line(
            "D1",
            r"\mathbb{E}_z\, \mathrm{KL}(p(y \mid z) \,\|\, d(y \mid z))"
            r" + \beta\, \mathrm{KL}(p(z) \,\|\, r(z))",
            lambda P, e, d, r: (
                rel_entr(through(P, e), p_y(through(P, e)) * d.T).sum()
                + BETA * information.kl_divergence(p_x(P) @ e, r)
            ),
            by="those two: 0 for the best d and r",
        ),
        Line("I0", r"I(Z; Y)", lambda P, e, d, r: informed(through(P, e)), None),
        Line(
            "I1",
            r"I(X; Y)",
            lambda P, e, d, r: information.mutual_information(P),
            "<=",
            by="what z knows of y it has from x",
        ),
    ),
    golden=(Golden("z = x, best d and r", _best(J, np.eye(2)), {"D0": 0.0, "I0": I_J}),),
    mutants=(
        Mutant(
            "upper-bound",
            "D0",
            lambda P, e, d, r: variational(P, e, d, r) + entropy(p_y(P)) - bottleneck(P, e),
        ),
        Mutant("drop-h-y", "D0", lambda P, e, d, r: bottleneck(P, e) - variational(P, e, d, r)),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (TIGHTNESS, VIB)
