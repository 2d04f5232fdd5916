"""InfoGAN's bound: how much it lacks, where it is tight, and where it is −∞."""

import numpy as np

from pydis import information
from pydis.derivations.chapters.infogan_chain import STAR_GAP, STAR_I, STAR_L
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.infogan import COPY, STAR, STAR_Q, TOY_ANY_Q, TOY_Q, Toy
from pydis.derivations.tools import Floats, log, rel_entr, xlogy

ON_STAR: Case = {"toy": STAR, "Q": STAR_Q}
ON_COPY: Case = {"toy": COPY, "Q": STAR_Q}
EXCLUDED: Case = {"toy": COPY, "Q": np.array([[0.0, 1.0], [1.0, 0.0]])}


def bound(toy: Toy, Q: Floats) -> float:
    """𝓛_I = H(c) + Σ_x Σ_c p(x, c) log Q(c | x)."""
    return float(toy.hc + xlogy(toy.xc, Q).sum())


def gap(toy: Toy, Q: Floats) -> float:
    """E_x KL(p(c | x) ‖ Q(c | x)), x with p(x) = 0 skipped."""
    seen = toy.px > 0
    return float(toy.px[seen] @ rel_entr(toy.posterior, Q)[seen].sum(1))


LOWER = Derivation(
    id="infogan.lower-bound",
    title="Any Q bounds the information from below",
    section="4.1.1",
    items=("D61", "D71"),
    inputs=TOY_Q,
    conditions="every row of Q adds up to 1: raw scores give no bound",
    lines=(
        Line(
            "L0",
            r"I(c; G(z, c))",
            lambda toy, Q: rel_entr(toy.xc, np.outer(toy.px, toy.pc)).sum(),
        ),
        Line(
            "L1",
            r"H(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log Q(c' \mid x)]",
            lambda toy, Q: toy.hc + toy.px @ xlogy(toy.posterior, Q).sum(1),
            ">=",
            by="a divergence is not negative",
        ),
        Line(
            "L2",
            r"\mathcal{L}_I(G, Q)",
            lambda toy, Q: information.barber_agakov(toy.xc.T, Q),
            by="the definition",
        ),
        Line(
            "D0",
            r"I(c; G(z, c)) - \mathcal{L}_I(G, Q)",
            lambda toy, Q: toy.information - bound(toy, Q),
            None,
        ),
        Line(
            "D1",
            r"\sum_x p(x)\, \mathrm{KL}(p(\cdot \mid x) \,\|\, Q(\cdot \mid x))",
            gap,
            by="what the last step left out",
        ),
        Line("D2", r"0", lambda toy, Q: 0.0, ">=", by="Gibbs' inequality"),
    ),
    golden=(
        Golden(
            "Toy*",
            ON_STAR,
            {"L0": STAR_I, "L1": STAR_L, "L2": STAR_L, "D0": STAR_GAP, "D1": STAR_GAP},
        ),
        Golden("Q is the posterior", {"toy": STAR, "Q": STAR.posterior}, {"D0": 0.0, "L2": STAR_I}),
    ),
    mutants=(
        Mutant("reverse", "D0", lambda toy, Q: bound(toy, Q) - toy.information),
        Mutant(
            "unnormalised-q",
            "L1",
            lambda toy, Q: toy.hc + toy.px @ xlogy(toy.posterior, 3 * Q).sum(1),
        ),
    ),
)

EDGE = Derivation(
    id="infogan.bound-edge-Q-zero",
    title="The bound is −∞ where Q excludes a code that occurs",
    section="4.1.1",
    items=("D71",),
    inputs=TOY_ANY_Q,
    conditions="a bound of −∞ is still one; Q is not clipped",
    lines=(
        Line("L0", r"I(c; G(z, c))", lambda toy, Q: toy.information),
        Line(
            "L1",
            r"H(c) + \sum_x \sum_c p(x, c) \log Q(c \mid x)",
            bound,
            ">=",
            by="Gibbs' inequality, also where it is ∞",
        ),
        Line("L2", r"\mathcal{L}_I(G, Q)", lambda toy, Q: information.barber_agakov(toy.xc.T, Q)),
        Line(
            "E0",
            r"\mathcal{L}_I(G, Q) = -\infty",
            lambda toy, Q: bool(xlogy(toy.xc, Q).sum() == -np.inf),
            None,
        ),
        Line(
            "E1",
            r"p(x, c) > 0 = Q(c \mid x) \text{ for some } x, c",
            lambda toy, Q: bool((Q[toy.xc > 0] == 0).any()),
            "iff",
            by="log 0 = −∞, and 0 log 0 = 0",
        ),
        Line(
            "E2",
            r"\mathbb{E}_x \mathrm{KL}(p(\cdot \mid x) \,\|\, Q(\cdot \mid x)) = \infty",
            lambda toy, Q: gap(toy, Q) == np.inf,
            "iff",
            by="the gap",
        ),
    ),
    golden=(
        Golden(
            "the wrong code for sure",
            EXCLUDED,
            {"L0": 0.693147180560, "L1": -np.inf, "L2": -np.inf, "E1": True, "E2": True},
        ),
    ),
    mutants=(
        Mutant(
            "clip-q-silently",
            "L1",
            lambda toy, Q: toy.hc + np.sum(toy.xc * log(np.maximum(Q, 1e-12))),
            EXCLUDED,
        ),
    ),
)

NOT_EQUALITY = Derivation(
    id="infogan.bound-not-equality",
    title="The bound is the information only for the posterior",
    section="4.1.1",
    items=("D76",),
    inputs=TOY_ANY_Q,
    conditions="Q is free where p(x) = 0",
    lines=(
        Line("L0", r"I(c; G(z, c))", lambda toy, Q: information.mutual_information(toy.xc)),
        Line(
            "L1",
            r"\mathcal{L}_I(G, Q)"
            r" + \mathbb{E}_x\, \mathrm{KL}(p(\cdot \mid x) \,\|\, Q(\cdot \mid x))",
            lambda toy, Q: toy.hc + xlogy(toy.xc, Q).sum() + gap(toy, Q),
            by="the gap of the bound",
            when=lambda toy, Q: gap(toy, Q) < np.inf,
        ),
        Line(
            "M0",
            r"\mathcal{L}_I(G, p(c \mid x))",
            lambda toy, Q: bound(toy, toy.posterior),
            by="Q is the posterior: the divergence is 0",
        ),
        Line("M1", r"\mathcal{L}_I(G, Q)", bound, ">=", by="so that is the maximum over Q"),
        Line(
            "E0",
            r"\mathcal{L}_I(G, Q) = I(c; G(z, c))",
            lambda toy, Q: bool(toy.information - bound(toy, Q) <= ZERO),
            None,
        ),
        Line(
            "E1",
            r"Q(c \mid x) = p(c \mid x) \text{ wherever } p(x) > 0",
            lambda toy, Q: bool((np.abs(Q - toy.posterior)[toy.px > 0] <= ZERO).all()),
            "iff",
            by="a divergence is 0 only between equals",
        ),
    ),
    golden=(
        Golden("G = c", ON_COPY, {"L0": 0.693147180560, "M1": 0.587786664902, "E1": False}),
        Golden("Toy*", ON_STAR, {"L0": STAR_I, "M0": STAR_I, "M1": STAR_L}),
    ),
    errata=tuple(
        Erratum(
            number="W9",
            item="D76",
            printed=r"I(c; G(z, c)) = \mathcal{L}_I",
            corrected=r"I(c; G(z, c)) \ge \mathcal{L}_I,\ = \text{ only for } Q = p(c \mid x)",
            reason="what is bounded is not its bound",
            label="L0",
            witness=witness,
            true_value=true,
            readings={"the bound": (bound, printed)},
        )
        for witness, true, printed in (
            (ON_COPY, 0.693147180560, 0.587786664902),
            (ON_STAR, STAR_I, STAR_L),
        )
    ),
    mutants=(Mutant("i-l-i-printed", "L1", bound, ON_COPY),),
)

DERIVATIONS: tuple[Derivation, ...] = (LOWER, EDGE, NOT_EQUALITY)
