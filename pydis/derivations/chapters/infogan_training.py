"""What InfoGAN trains: Q together with G, from draws of noise and code alone."""

from typing import Any

import numpy as np

from pydis import information
from pydis.derivations.chapters.infogan_bound import bound
from pydis.derivations.chapters.infogan_chain import STAR_L
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.infogan import FAIR, STAR, STAR_Q, TOY_Q, Toy, tables, value_at_best
from pydis.derivations.tools import Floats, log, xlogy
from pydis.objectives import information_bound
from pydis.probability import Categorical

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


def _sampled(toy: Toy, Q: Floats) -> Floats:
    """log Q(c | G(z, c)), `[nz, nc]`."""
    return np.log(Q[toy.G, np.arange(len(toy.pc))])


def _batches(toy: Toy, Q: Floats) -> float:
    """E of ½ [log Q(c₁ | G(z₁, c₁)) + log Q(c₂ | G(z₂, c₂))] over all batches of two."""
    weight, score = toy.zc.ravel(), _sampled(toy, Q).ravel()
    return float(np.sum(np.outer(weight, weight) * (score[:, None] + score) / 2))


def _by_draws(toy: Toy, Q: Floats) -> Any:
    """The bound for every z and c, `[nz nc]`: one-hot codes, and Q as a distribution."""
    codes = np.tile(np.eye(len(toy.pc)), (len(toy.pz), 1))
    prior = Categorical(np.tile(log(toy.pc), (len(codes), 1)))
    return information_bound(prior, Categorical(np.log(Q[toy.G.ravel()])), codes)


SAMPLING = Derivation(
    id="infogan.sampling",
    title="The bound is a mean over draws of noise and code",
    section="4.1.1",
    items=("D78",),
    inputs=TOY_Q,
    conditions="z is drawn too, and Q is trained; no draw from the posterior",
    lines=(
        Line(
            "L0",
            r"H(c) + \sum_x p(x) \sum_{c'} p(c' \mid x) \log Q(c' \mid x)",
            lambda toy, Q: toy.hc + toy.px @ (toy.posterior * np.log(Q)).sum(1),
        ),
        Line(
            "L1",
            r"H(c) + \sum_z p(z) \sum_c p(c) \log Q(c \mid G(z, c))",
            lambda toy, Q: toy.hc + toy.pz @ _sampled(toy, Q) @ toy.pc,
            by="the lemma",
        ),
        Line(
            "L2",
            r"H(c) + \mathbb{E}\left[\frac{1}{2} \sum_{n=1}^2 \log Q(c_n \mid G(z_n, c_n))\right]",
            lambda toy, Q: toy.hc + _batches(toy, Q),
            by="the mean over a batch of independent draws",
        ),
        Line(
            "L3",
            r"\mathcal{L}_I(G, Q)",
            lambda toy, Q: information.barber_agakov(toy.xc.T, Q),
            by="the definition",
        ),
        Line(
            "L4",
            r"\mathbb{E}_{z, c}[H(c) + \log Q(c \mid G(z, c))]",
            lambda toy, Q: toy.zc.ravel() @ _by_draws(toy, Q),
            by="the library's bound of each draw, which InfoGAN trains on",
            when=lambda toy, Q: bool((toy.pc > 0).all()),
        ),
    ),
    golden=(
        Golden(
            "Toy*",
            {"toy": STAR, "Q": STAR_Q},
            dict.fromkeys(("L0", "L1", "L2", "L3", "L4"), STAR_L),
        ),
    ),
    errata=(
        Erratum(
            number="Q8",
            item="D78",
            printed=r"\text{only needs sampling from } p(c)",
            corrected=r"\text{needs } c \sim p(c),\ z \sim p(z), \text{ data, and a trained } Q",
            reason="with one z the mean is that of another generator",
            label="L1",
            witness={"toy": STAR, "Q": STAR_Q},
            true_value=STAR_L,
            readings={
                "z stays 0": (
                    lambda toy, Q: toy.hc + _sampled(toy, Q)[0] @ toy.pc,
                    np.log(0.2),
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "needs-posterior-sample",
            "L1",
            lambda toy, Q: toy.hc + np.log(Q).mean(0) @ toy.pc,
        ),
        Mutant("forget-noise-z", "L1", lambda toy, Q: toy.hc + _sampled(toy, Q)[0] @ toy.pc),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (OPTIMISED, SAMPLING)
