"""What InfoGAN trains: Q together with G, or the bound is a constant."""

import numpy as np

from pydis import information
from pydis.derivations.chapters.infogan_bound import bound
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.infogan import FAIR, Toy, tables, value_at_best
from pydis.derivations.tools import Floats, xlogy

STEPS = 4000
GRID = np.arange(STEPS + 1) / STEPS


def best_on_grid(toy: Toy) -> float:
    """H(c) + Σ_x max_t [p(x, 0) log(1 − t) + p(x, 1) log t], t = Q(1 | x) in steps of h = 1/4000.

    Beside the best t this loses at most h / (1 − h), as KL ≤ χ² and 0 < p < 1 has some t within h
    of it that is neither 0 nor 1.
    """
    each = [(xlogy(row[0], 1 - GRID) + xlogy(row[1], GRID)).max() for row in toy.xc]
    return toy.hc + float(sum(each))


UNIFORM = np.full((2, 2), 0.5)


def _bits(pz: Floats, pc: Floats) -> list[Toy]:
    """All 16 generators of a bit."""
    return [Toy(pz, pc, G, 2) for G in tables(2, 2, 2)]


def _spread(values: list[float]) -> float:
    return max(values) - min(values)


FAIR_BITS: Case = {"pz": FAIR, "pc": FAIR, "lam": 1.0}

OPTIMISED = Derivation(
    id="infogan.q-must-be-optimised",
    title="With Q fixed the regulariser may do nothing",
    section="4.1.1",
    items=("D77",),
    inputs=Inputs(
        "p(z), p(c) > 0 of two bits, λ",
        lambda rng: {
            "pz": table(rng, 2, low=1),
            "pc": table(rng, 2, low=1),
            "lam": float(rng.uniform(0.1, 2.0)),
        },
    ),
    draws=5,
    lines=(
        Line(
            "L0",
            r"\max_Q \mathcal{L}_I(G, Q) \text{ for each of 16 } G",
            lambda pz, pc, lam: np.array([bound(t, t.posterior) for t in _bits(pz, pc)]),
        ),
        Line(
            "L1",
            r"I(c; G(z, c))",
            lambda pz, pc, lam: np.array(
                [information.mutual_information(t.xc) for t in _bits(pz, pc)]
            ),
            by="the bound is tight for the posterior",
        ),
        Line(
            "L2",
            r"\max_{Q \text{ on a grid}} \mathcal{L}_I(G, Q)",
            lambda pz, pc, lam: np.array([best_on_grid(t) for t in _bits(pz, pc)]),
            ">=",
            by="no other Q gives more",
        ),
        Line(
            "L3",
            r"I(c; G(z, c)) - h / (1 - h)",
            lambda pz, pc, lam: np.array([t.information for t in _bits(pz, pc)]) - 1 / (STEPS - 1),
            ">=",
            by="and a grid of step h comes so near",
        ),
        Line(
            "F0",
            r"\mathcal{L}_I(G, \tfrac{1}{2}) \text{ for each of 16 } G",
            lambda pz, pc, lam: np.array([bound(t, UNIFORM) for t in _bits(pz, pc)]),
            None,
        ),
        Line(
            "F1",
            r"H(c) - \log 2",
            lambda pz, pc, lam: -xlogy(pc, pc).sum() - np.log(2),
            by="Q says nothing, whatever G",
        ),
        Line(
            "R0",
            r"\max_G \max_Q \mathcal{L}_I(G, Q) - \min_G \max_Q \mathcal{L}_I(G, Q)",
            lambda pz, pc, lam: _spread([bound(t, t.posterior) for t in _bits(pz, pc)]),
            None,
        ),
        Line(
            "R1",
            r"H(c)",
            lambda pz, pc, lam: -xlogy(pc, pc).sum(),
            by="from a constant G to one that copies the code",
        ),
        Line(
            "O0",
            r"\min_{G, Q} \max_D V_{\mathrm{GAN}}(D, G) - \lambda \mathcal{L}_I(G, Q)",
            lambda pz, pc, lam: min(
                value_at_best(FAIR, t.px) - lam * (t.hc + xlogy(t.xc, t.posterior).sum())
                for t in _bits(pz, pc)
            ),
            None,
        ),
        Line(
            "O1",
            r"\min_G \max_D V_{\mathrm{GAN}}(D, G) - \lambda I(c; G(z, c))",
            lambda pz, pc, lam: min(
                value_at_best(FAIR, t.px) - lam * t.information for t in _bits(pz, pc)
            ),
            by="Q at its best makes the bound the information",
        ),
    ),
    golden=(Golden("fair bits", FAIR_BITS, {"F0": np.zeros(16), "R0": 0.693147180560}),),
    errata=(
        Erratum(
            number="W10",
            item="D77",
            printed=r"\min_G \max_D V_{\mathrm{GAN}}(D, G) - \lambda \mathcal{L}_I",
            corrected=r"\min_{G, Q} \max_D V_{\mathrm{GAN}}(D, G) - \lambda \mathcal{L}_I(G, Q)",
            reason="for a Q that is uniform the regulariser is 0 for all 16 generators",
            label="R0",
            witness=FAIR_BITS,
            true_value=0.693147180560,
            readings={
                "Q stays uniform": (
                    lambda pz, pc, lam: _spread([bound(t, UNIFORM) for t in _bits(pz, pc)]),
                    0.0,
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "q-fixed-uniform-printed-min-g-only",
            "R0",
            lambda pz, pc, lam: _spread([bound(t, UNIFORM) for t in _bits(pz, pc)]),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (OPTIMISED,)
