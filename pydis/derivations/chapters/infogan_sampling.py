"""InfoGAN's bound from draws of noise and code alone."""

from typing import Any

import numpy as np

from pydis import information
from pydis.derivations.chapters.infogan_chain import STAR_L
from pydis.derivations.derivation import Derivation, Erratum, Golden, Line, Mutant
from pydis.derivations.inputs.infogan import STAR, STAR_Q, TOY_Q, Toy
from pydis.derivations.tools import Floats, log
from pydis.objectives import information_bound
from pydis.probability import Categorical


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
        Mutant(
            "forget-noise-z",
            "L1",
            lambda toy, Q: toy.hc + _sampled(toy, Q)[0] @ toy.pc,
            {"toy": STAR, "Q": STAR_Q},
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (SAMPLING,)
