"""The bound is below log p(x) (§4.2.1): by how much, in which order, and what it trades."""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.latent import (
    ELBO,
    FL,
    IMPOSSIBLE,
    KL,
    LATENT,
    LOG_P_X,
    MANY_Q,
    joint,
    ln,
    over,
    posterior,
)
from pydis.derivations.tools import Floats, add, rel_entr, total, xlogy
from pydis.information import kl_divergence

LOWER_BOUND = Derivation(
    id="vi.elbo-lower-bound",
    title="The bound is below the evidence by KL, and tight only at the posterior",
    section="4.2.1",
    items=("D95",),
    inputs=LATENT,
    lines=(
        Line(
            "L0",
            r"\mathcal{L} = \sum_z q(z) \log \frac{p(x, z)}{q(z)}",
            lambda pz, lik, q: total(xlogy(q, over(joint(pz, lik), q))),
        ),
        Line(
            "L1",
            r"\log \sum_z p(x, z)",
            lambda pz, lik, q: np.log(joint(pz, lik).sum()),
            relation="<=",
            by="KL(q, p(z | x)) is not negative",
        ),
        Line(
            "G0",
            r"\log p(x) - \mathcal{L}",
            lambda pz, lik, q: add(np.log(pz @ lik), total(rel_entr(q, joint(pz, lik)))),
            relation=None,
        ),
        Line(
            "G1",
            r"\mathrm{KL}(q(z) \,\|\, p(z \mid x))",
            lambda pz, lik, q: kl_divergence(q, posterior(pz, lik)),
            by="the decomposition of the evidence",
        ),
        Line(
            "T0",
            r"\mathcal{L} = \log p(x)",
            lambda pz, lik, q: (
                abs(np.log(lik @ pz) - total(xlogy(q, over(joint(pz, lik), q)))) < ZERO
            ),
            relation=None,
        ),
        Line(
            "T1",
            r"q(z) = p(z \mid x) \text{ for every } z",
            lambda pz, lik, q: bool(np.max(np.abs(q - posterior(pz, lik))) < ZERO),
            relation="iff",
            by="KL = 0 only between equal distributions",
        ),
    ),
    mutants=(
        Mutant(
            "upper-bound",
            "L0",
            lambda pz, lik, q: np.log(pz @ lik) + total(rel_entr(q, posterior(pz, lik))),
        ),
        Mutant(
            "prior-omitted-from-joint",
            "G0",
            lambda pz, lik, q: add(np.log(pz @ lik), total(rel_entr(q, lik))),
        ),
    ),
    golden=(
        Golden("FL", FL, {"L0": ELBO, "L1": LOG_P_X, "G0": KL, "G1": KL}),
        Golden("q(z) > 0 = p(z)", IMPOSSIBLE, {"L0": -np.inf, "G0": np.inf, "G1": np.inf}),
    ),
)

SAME_ORDER = Derivation(
    id="vi.min-kl-equals-max-elbo",
    title="For a fixed model the least KL is the greatest bound",
    section="4.2.1",
    items=("D94",),
    conditions="the model is fixed; where θ varies with q the two orders differ",
    inputs=MANY_Q,
    lines=(
        Line(
            "L0",
            r"\text{the order of } q_1, q_2, \dots \text{ by }"
            r" \sum_z q_i(z) \log \frac{q_i(z)}{p(z \mid x)} \text{, the least first}",
            lambda pz, lik, qs: np.argsort(rel_entr(qs, posterior(pz, lik)).sum(1)),
        ),
        Line(
            "L1",
            r"\text{the order of } q_1, q_2, \dots \text{ by }"
            r" \sum_z q_i(z) \log \frac{p(x, z)}{q_i(z)} \text{, the greatest first}",
            lambda pz, lik, qs: np.argsort(-xlogy(qs, joint(pz, lik) / qs).sum(1)),
            by="their sum is log p(x), which is the same for all q",
        ),
        Line(
            "M0",
            r"\mathrm{argmin}_{i \le 20}\, \mathrm{KL}(q_i(z) \,\|\, p(z \mid x))",
            lambda pz, lik, qs: np.argmin([kl_divergence(q, posterior(pz, lik)) for q in qs[:20]]),
            relation=None,
        ),
        Line(
            "M1",
            r"\mathrm{argmax}_{i \le 20}\, \mathcal{L}(q_i)",
            lambda pz, lik, qs: np.argmax((qs @ ln(joint(pz, lik)) - xlogy(qs, qs).sum(1))[:20]),
            by="the first of an order",
        ),
    ),
    mutants=(
        Mutant(
            "theta-also-varies",
            "L1",
            lambda pz, lik, qs: np.argsort(
                -xlogy(qs, pz * lik ** np.linspace(0.5, 1.5, len(qs))[:, None] / qs).sum(1)
            ),
        ),
    ),
)


COMPETE = Derivation(
    id="vi.subobjectives-compete",
    title="The two aims of the bound compete: together they reach less than each alone",
    section="4.2.1",
    items=("D103",),
    conditions="p(z) > 0 for every z; p in the second aim is the prior",
    inputs=MANY_Q,
    lines=(
        Line(
            "M0",
            r"\max_{i \le 20} \left(\sum_z q_i(z) \log p(x \mid z)"
            r" - \mathrm{KL}(q_i(z) \,\|\, p(z))\right)",
            lambda pz, lik, qs: max(q @ np.log(lik) - kl_divergence(q, pz) for q in qs[:20]),
        ),
        Line(
            "L0",
            r"\max_q \left(\sum_z q(z) \log p(x \mid z)"
            r" - \sum_z q(z) \log \frac{q(z)}{p(z)}\right)",
            lambda pz, lik, qs: _both_aims(posterior(pz, lik), lik, pz),
            relation="<=",
            by="some of all q",
        ),
        Line(
            "L1",
            r"\log p(x)",
            lambda pz, lik, qs: np.log(joint(pz, lik).sum()),
            by="the maximum is at the posterior",
        ),
        Line(
            "L2",
            r"\max_q \sum_z q(z) \log p(x \mid z) - \min_q \mathrm{KL}(q(z) \,\|\, p(z))",
            lambda pz, lik, qs: np.max(np.log(lik)) - total(rel_entr(pz, pz)),
            relation="<=",
            by="each of its own q: a point mass, and the prior",
        ),
        Line(
            "C0",
            r"\log p(x) = \max_z \log p(x \mid z)",
            lambda pz, lik, qs: bool(np.log(lik.max()) - np.log(pz @ lik) < ZERO),
            relation=None,
        ),
        Line(
            "C1",
            r"p(x \mid z) \text{ does not depend on } z",
            lambda pz, lik, qs: bool(np.ptp(lik) < ZERO),
            relation="iff",
            by="an average is the maximum only of a constant",
        ),
    ),
    mutants=(
        Mutant("both-attained", "L0", lambda pz, lik, qs: np.log(lik.max())),
        Mutant(
            "p-means-posterior",
            "L0",
            # The maximum of E log p(x | z) − KL(q, p(z | x)) is log Σ p(z | x) p(x | z).
            lambda pz, lik, qs: np.log(posterior(pz, lik) @ lik),
        ),
    ),
    golden=(
        Golden(
            "FL",
            {"pz": FL["pz"], "lik": FL["lik"], "qs": FL["q"][None]},
            {"M0": ELBO, "L0": LOG_P_X, "L1": LOG_P_X, "L2": np.log(0.9)},
        ),
    ),
)


def _both_aims(q: Floats, lik: Floats, prior: Floats) -> float:
    return float(total(xlogy(q, lik)) - total(rel_entr(q, prior)))


DERIVATIONS = (LOWER_BOUND, SAME_ORDER, COMPETE)
