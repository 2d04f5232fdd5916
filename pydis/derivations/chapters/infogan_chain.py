"""From the information in the code to its variational bound, line by line."""

import numpy as np

from pydis import information
from pydis.derivations.derivation import Derivation, Erratum, Golden, Line, Mutant, UndefinedLine
from pydis.derivations.inputs.infogan import COPY, STAR, STAR_Q, TOY_Q, Toy
from pydis.derivations.tools import Floats, add, p_x, rel_entr, xlogy

STAR_I, STAR_L, STAR_GAP = 0.130812035941, 0.038480520568, 0.092331515373
"""I, the bound and the gap of the golden toy."""


def _slices(toy: Toy) -> float:
    """Σ_x p(x) H(c | X = x) over the x that occur."""
    rows = zip(toy.px, toy.posterior, strict=True)
    return float(sum(p * -xlogy(row, row).sum() for p, row in rows if p > 0))


def _ratio(toy: Toy, Q: Floats) -> Floats:
    """p(c | x) / Q(c | x): ∞ where only Q is 0, and 1 where p(c | x) = 0, which has no weight."""
    with np.errstate(divide="ignore"):
        return np.divide(toy.posterior, Q, out=np.ones_like(Q), where=toy.posterior > 0)


def _times(ratio: Floats, Q: Floats) -> Floats:
    """(p / Q) Q. Raises UndefinedLine where it is ∞ · 0."""
    if (np.isinf(ratio) & (Q == 0)).any():
        raise UndefinedLine("∞ · 0 in (p / Q) Q")
    return ratio * Q


CHAIN = Derivation(
    id="infogan.mi-variational-chain",
    title="From the information in the code to a bound without the posterior",
    section="4.1.1",
    items=("D63", "D64", "D65", "D66", "D67", "D68", "D69", "D70"),
    inputs=TOY_Q,
    conditions="Q > 0 wherever p(c | x) > 0, or L5 to L7 hold ∞ − ∞; x with p(x) = 0 are skipped",
    lines=(
        Line(
            "L0",
            r"I(c; G(z, c))",
            lambda toy, Q: information.mutual_information(toy.xc),
        ),
        Line(
            "L1",
            r"H(c) - H(c \mid G(z, c))",
            lambda toy, Q: toy.hc - _slices(toy),
            by="the information is the entropy that observing takes away",
        ),
        Line(
            "L2",
            r"H(c) + \sum_x \sum_{c'} p(c', x) \log p(c' \mid x)",
            lambda toy, Q: toy.hc + xlogy(toy.xc, toy.posterior).sum(),
            by="the definition of the conditional entropy",
        ),
        Line(
            "L3",
            r"H(c) + \mathbb{E}_{x \sim G(z, c),\, c' \sim p(c \mid x)}[\log p(c' \mid x)]",
            lambda toy, Q: (
                toy.hc + np.sum(toy.zc * xlogy(toy.posterior, toy.posterior).sum(1)[toy.G])
            ),
            by="x is what noise and code make, c' a fresh draw from its posterior",
        ),
        Line(
            "L4",
            r"H(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log p(c' \mid x)]",
            lambda toy, Q: toy.hc + p_x(toy.xc) @ xlogy(toy.posterior, toy.posterior).sum(1),
            by="one expectation after the other",
        ),
        Line(
            "L5",
            r"H(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}\left["
            r"\log\left(\frac{p(c' \mid x)}{Q(c' \mid x)} Q(c' \mid x)\right)\right]",
            lambda toy, Q: (
                toy.hc + p_x(toy.xc) @ xlogy(toy.posterior, _times(_ratio(toy, Q), Q)).sum(1)
            ),
            by="Q / Q = 1",
        ),
        Line(
            "L6",
            r"H(c) + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}\left["
            r"\log \frac{p(c' \mid x)}{Q(c' \mid x)}\right]"
            r" + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log Q(c' \mid x)]",
            lambda toy, Q: add(
                toy.hc,
                xlogy(toy.xc, _ratio(toy, Q)).sum(),
                xlogy(toy.xc, Q).sum(),
            ),
            by=r"\log \frac{a b}{c} = \log \frac{a}{c} + \log b",
        ),
        Line(
            "L7",
            r"H(c) + \mathbb{E}_x[\mathrm{KL}(p(\cdot \mid x) \,\|\, Q(\cdot \mid x))]"
            r" + \mathbb{E}_x\, \mathbb{E}_{c' \mid x}[\log Q(c' \mid x)]",
            lambda toy, Q: add(
                toy.hc,
                toy.px @ rel_entr(toy.posterior, Q).sum(1),
                toy.px @ xlogy(toy.posterior, Q).sum(1),
            ),
            by="the definition of the divergence",
        ),
    ),
    golden=(
        Golden(
            "Toy*",
            {"toy": STAR, "Q": STAR_Q},
            dict.fromkeys(("L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7"), STAR_I),
        ),
        Golden(
            "Q excludes only what never occurs",
            {"toy": COPY, "Q": STAR_Q.round()},
            dict.fromkeys(("L0", "L1", "L2", "L3", "L4", "L5", "L6", "L7"), 0.693147180560),
        ),
        Golden(
            "Q excludes what occurs",
            {"toy": COPY, "Q": STAR_Q.round()[::-1]},
            {"L0": 0.693147180560, "L4": 0.693147180560},
            undefined=("L5", "L6", "L7"),
        ),
    ),
    errata=(
        Erratum(
            number="W5",
            item="D64",
            printed=r"H(c) + \iint p(c = c', X = G(z, c))\, dc'\, dz",
            corrected=r"H(c) + \iint p(c', x) \log p(c' \mid x)\, dc'\, dx",
            reason="the logarithm is missing, and dz should be dx: the term is −H(c | x), not ≥ 0",
            label="L2",
            witness={"toy": COPY, "Q": STAR_Q},
            true_value=0.693147180560,
            readings={
                "all the mass of p(c', x)": (lambda toy, Q: toy.hc + toy.xc.sum(), 1.693147180560),
                "the sum over z and c', with c = 0": (
                    lambda toy, Q: toy.hc + sum(toy.xc[x].sum() for x in toy.G[:, 0]),
                    2.193147180560,
                ),
            },
        ),
        Erratum(
            number="W6",
            item="D68",
            printed=r"\mathbb{E}_x\, \mathbb{E}_c[\log \frac{p(c' \mid x)}{Q(c' \mid x)}]",
            corrected=r"\mathbb{E}_x\, \mathbb{E}_{c' \mid x}"
            r"[\log \frac{p(c' \mid x)}{Q(c' \mid x)}]",
            reason="c' is a draw from the posterior, not from p(c)",
            label="L6",
            witness={"toy": STAR, "Q": STAR_Q},
            true_value=STAR_I,
            readings={
                "c' drawn from p(c)": (
                    lambda toy, Q: (
                        toy.hc
                        + toy.px @ np.log(toy.posterior / Q) @ toy.pc
                        + xlogy(toy.xc, Q).sum()
                    ),
                    np.log(1.5),
                )
            },
        ),
    ),
    mutants=(
        Mutant("l2-missing-log-printed", "L2", lambda toy, Q: toy.hc + toy.xc.sum()),
        Mutant(
            "l5-prior-code-printed",
            "L6",
            lambda toy, Q: add(
                toy.hc,
                toy.px @ xlogy(toy.pc, _ratio(toy, Q)).sum(1),
                xlogy(toy.xc, Q).sum(),
            ),
        ),
        Mutant(
            "l5-no-product-rule",
            "L6",
            lambda toy, Q: toy.hc + xlogy(toy.xc * np.log(Q), _ratio(toy, Q)).sum(),
        ),
        Mutant(
            "l6-kl-q-p",
            "L7",
            lambda toy, Q: add(
                toy.hc,
                toy.px @ rel_entr(Q, np.where(toy.posterior > 0, toy.posterior, 0)).sum(1),
                toy.px @ xlogy(toy.posterior, Q).sum(1),
            ),
            {"toy": STAR, "Q": STAR_Q},
        ),
        Mutant("drop-h-c", "L1", lambda toy, Q: -_slices(toy)),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (CHAIN,)
