"""The evidence log p(x) (§4.2.1): what the bound lacks of it, and the two terms of the bound."""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.latent import (
    ELBO,
    FL,
    IMPOSSIBLE,
    KL,
    LATENT,
    LOG_P_X,
    UNLIKELY,
    joint,
    ln,
    over,
    posterior,
    weigh,
)
from pydis.derivations.tools import add, rel_entr, total, xlogy
from pydis.information import kl_divergence
from pydis.objectives import Terms, evidence_lower_bound

EVIDENCE = Derivation(
    id="vi.evidence-decomposition",
    title="The evidence is KL from the posterior plus the bound",
    section="4.2.1",
    items=("D93",),
    conditions="KL(q, p(z | x)) < ∞; otherwise the sum is ∞ − ∞",
    inputs=LATENT,
    lines=(
        Line("L0", r"\log p(x)", lambda pz, lik, q: np.log(np.sum(joint(pz, lik)))),
        Line(
            "L1",
            r"\sum_z q(z) \log \frac{q(z)}{p(z \mid x)} + \sum_z q(z) \log \frac{p(x, z)}{q(z)}",
            lambda pz, lik, q: add(
                total(rel_entr(q, posterior(pz, lik))), -total(rel_entr(q, joint(pz, lik)))
            ),
            by="the last line of the chain of KL",
        ),
        Line(
            "L2",
            r"\mathrm{KL}(q(z) \,\|\, p(z \mid x)) + \mathcal{L}",
            lambda pz, lik, q: add(
                kl_divergence(q, posterior(pz, lik)), total(xlogy(q, over(joint(pz, lik), q)))
            ),
            by="the names of the two sums",
        ),
    ),
    mutants=(
        Mutant(
            "kl-reversed",
            "L1",
            lambda pz, lik, q: add(
                total(rel_entr(posterior(pz, lik), q)), -total(rel_entr(q, joint(pz, lik)))
            ),
        ),
        Mutant(
            "elbo-with-posterior",
            "L1",
            lambda pz, lik, q: add(
                total(rel_entr(q, posterior(pz, lik))), -total(rel_entr(q, posterior(pz, lik)))
            ),
        ),
    ),
    golden=(
        Golden("FL", FL, {"L0": LOG_P_X, "L1": KL + ELBO, "L2": LOG_P_X}),
        Golden("q(z) > 0 = p(z)", IMPOSSIBLE, {"L0": np.log(0.35)}, undefined=("L1", "L2")),
    ),
)

ELBO_CHAIN = Derivation(
    id="vi.elbo-chain",
    title="The bound is the expected log-likelihood minus KL from the prior",
    section="4.2.1",
    items=("D97", "D98", "D99", "D100", "D101", "D102"),
    inputs=LATENT,
    lines=(
        Line(
            "L0",
            r"\mathcal{L} = \sum_z q(z) \log \frac{p(x, z)}{q(z)}",
            lambda pz, lik, q: total(xlogy(q, over(joint(pz, lik), q))),
        ),
        Line(
            "L1",
            r"\sum_z q(z) \log \frac{p(x \mid z)\, p(z)}{q(z)}",
            lambda pz, lik, q: total(xlogy(q, over(lik * pz, q))),
            by="p(x, z) = p(x | z) p(z)",
        ),
        Line(
            "L2",
            r"\sum_z q(z) \left(\log p(x \mid z) + \log \frac{p(z)}{q(z)}\right)",
            lambda pz, lik, q: total(weigh(q, ln(lik) + ln(over(pz, q)))),
            by="the logarithm of a product",
        ),
        Line(
            "L3",
            r"\sum_z q(z) \log p(x \mid z) + \sum_z q(z) \log \frac{p(z)}{q(z)}",
            lambda pz, lik, q: add(total(xlogy(q, lik)), total(xlogy(q, over(pz, q)))),
            by="the sum of a sum",
        ),
        Line(
            "L4",
            r"\mathbb{E}_{z \sim q}[\log p(x \mid z)] - \mathrm{KL}(q(z) \,\|\, p(z))",
            lambda pz, lik, q: evidence_lower_bound(
                Terms(np.array([-total(xlogy(q, lik))]), np.array([kl_divergence(q, pz)]))
            )[0],
            by="the names of the two sums",
        ),
        Line(
            "D0",
            r"\sum_z q(z) \log p(x \mid z)",
            lambda pz, lik, q: total(weigh(q, ln(lik))),
            relation=None,
        ),
        Line(
            "R0",
            r"\sum_z q(z) \log \frac{p(z)}{q(z)}",
            lambda pz, lik, q: total(xlogy(q, over(pz, q))),
            relation=None,
        ),
        Line(
            "R1",
            r"-\mathrm{KL}(q(z) \,\|\, p(z)) = -\sum_z q(z) \log \frac{q(z)}{p(z)}",
            lambda pz, lik, q: -total(rel_entr(q, pz)),
            by="−log of the inverse",
        ),
    ),
    mutants=(
        Mutant(
            "kl-to-posterior",
            "L4",
            lambda pz, lik, q: add(total(xlogy(q, lik)), -kl_divergence(q, posterior(pz, lik))),
        ),
        Mutant("plus-kl", "L4", lambda pz, lik, q: add(total(xlogy(q, lik)), kl_divergence(q, pz))),
        Mutant(
            "likelihood-without-expectation",
            "L4",
            lambda pz, lik, q: add(ln(q @ lik), -kl_divergence(q, pz)),
        ),
    ),
    golden=(
        Golden(
            "FL",
            FL,
            {f"L{i}": ELBO for i in range(5)}
            | {"D0": -0.523733327994, "R0": -0.394816205204, "R1": -0.394816205204},
        ),
        Golden("p(x | z) = 0 under q", UNLIKELY, {f"L{i}": -np.inf for i in range(5)}),
    ),
)

DERIVATIONS = (EVIDENCE, ELBO_CHAIN)
