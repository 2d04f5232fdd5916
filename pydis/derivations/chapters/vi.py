"""Variational inference (§4.2.1): Bayes' rule, and KL from the posterior line by line.

One observation x is given, so p(x | z) is a number for each z, and every sum over z is finite. A
term with q(z) = 0 is dropped; q(z) > 0 = p(x, z) makes KL = ∞.
"""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.latent import (
    FL,
    IMPOSSIBLE,
    KL,
    LATENT,
    joint,
    ln,
    over,
    posterior,
    weigh,
)
from pydis.derivations.tools import Floats, add, logsumexp, total, xlogy
from pydis.information import kl_divergence

POSTERIOR = np.array([0.232558139534884, 0.348837209302326, 0.418604651162791])

BAYES = Derivation(
    id="bvae.bayes",
    title="Bayes' rule for the code of an observation",
    section="4.2.1",
    items=("D82", "D83"),
    conditions="p(x) > 0: elsewhere there is no posterior",
    inputs=LATENT,
    lines=(
        Line(
            "L0",
            r"\frac{p(z, x)}{p(x)}",
            lambda pz, lik, q: _slice(np.stack([lik, 1 - lik], axis=1) * pz[:, None]),
        ),
        Line(
            "L1",
            r"\frac{p(x \mid z)\, p(z)}{\sum_{z'} p(x \mid z')\, p(z')}",
            lambda pz, lik, q: posterior(pz, lik),
            by="p(z, x) = p(x | z) p(z), summed over z for p(x)",
        ),
        Line(
            "L2",
            r"\exp\left(\log p(x \mid z) + \log p(z) - \log \sum_{z'} e^{\log p(x \mid z')"
            r" + \log p(z')}\right)",
            lambda pz, lik, q: np.exp(ln(lik) + ln(pz) - logsumexp(ln(lik) + ln(pz))),
            by="in logarithms",
            when=lambda pz, lik, q: pz @ lik > 0,
        ),
        Line(
            "S0",
            r"\sum_z p(z \mid x)",
            lambda pz, lik, q: sum(p * l for p, l in zip(pz, lik, strict=True)) / (lik @ pz),
            relation=None,
            when=lambda pz, lik, q: pz @ lik > 0,
        ),
        Line("S1", "1", lambda pz, lik, q: 1.0, by="the denominator is the sum of the numerators"),
    ),
    mutants=(
        Mutant("denominator-not-weighted-by-prior", "L1", lambda pz, lik, q: pz * lik / lik.sum()),
        Mutant("prior-omitted", "L1", lambda pz, lik, q: lik / lik.sum()),
    ),
    golden=(
        Golden("FL", FL, {"L0": POSTERIOR, "L1": POSTERIOR, "L2": POSTERIOR}),
        Golden("p(x) = 0", FL | {"lik": np.zeros(3)}, undefined=("L0", "L1")),
    ),
)


def _slice(P: Floats) -> Floats:
    """The column of the observed x in a table p(z, x), over its sum."""
    return posterior(np.ones(len(P)), P[:, 0])


POSTERIOR_CHAIN = Derivation(
    id="vi.kl-posterior-chain",
    title="KL from the posterior, rewritten by the joint distribution",
    section="4.2.1",
    items=("D85", "D86", "D87", "D88", "D89", "D90", "D91", "D92"),
    conditions="p(x) > 0",
    inputs=LATENT,
    lines=(
        Line(
            "e0",
            r"\mathrm{KL}(q(z) \,\|\, p(z \mid x))",
            lambda pz, lik, q: kl_divergence(q, posterior(pz, lik)),
        ),
        Line(
            "e1",
            r"-\sum_z q(z) \log \frac{p(z \mid x)}{q(z)}",
            lambda pz, lik, q: -total(xlogy(q, over(posterior(pz, lik), q))),
            by="the definition, with −log of the inverse",
        ),
        Line(
            "e2",
            r"-\sum_z q(z) \log \frac{p(x, z) / p(x)}{q(z)}",
            lambda pz, lik, q: -total(xlogy(q, over(joint(pz, lik) / joint(pz, lik).sum(), q))),
            by="Bayes' rule",
        ),
        Line(
            "e3",
            r"-\sum_z q(z) \log \left(\frac{p(x, z)}{q(z)} \frac{1}{p(x)}\right)",
            lambda pz, lik, q: -total(xlogy(q, over(joint(pz, lik), q) * (1 / (pz @ lik)))),
            by="p(x) out of the fraction",
        ),
        Line(
            "e4",
            r"-\sum_z q(z) \left(\log \frac{p(x, z)}{q(z)} + \log \frac{1}{p(x)}\right)",
            lambda pz, lik, q: -total(weigh(q, ln(over(joint(pz, lik), q)) + ln(1 / (pz @ lik)))),
            by="the logarithm of a product",
        ),
        Line(
            "e5",
            r"-\sum_z q(z) \left(\log \frac{p(x, z)}{q(z)} - \log p(x)\right)",
            lambda pz, lik, q: -total(weigh(q, ln(over(joint(pz, lik), q)) - ln(pz @ lik))),
            by="the logarithm of an inverse",
        ),
        Line(
            "e6",
            r"-\sum_z q(z) \log \frac{p(x, z)}{q(z)} + \sum_z q(z) \log p(x)",
            lambda pz, lik, q: add(
                -total(xlogy(q, over(joint(pz, lik), q))), total(q * np.log(pz @ lik))
            ),
            by="the sum of a difference",
        ),
        Line(
            "e7",
            r"-\sum_z q(z) \log \frac{p(x, z)}{q(z)} + \log p(x) \sum_z q(z)",
            lambda pz, lik, q: add(
                -total(xlogy(q, over(joint(pz, lik), q))), np.log(pz @ lik) * q.sum()
            ),
            by="log p(x) does not depend on z",
        ),
        Line(
            "e8",
            r"-\sum_z q(z) \log \frac{p(x, z)}{q(z)} + \log p(x)",
            lambda pz, lik, q: add(-total(xlogy(q, over(joint(pz, lik), q))), np.log(pz @ lik)),
            by="q sums to 1",
        ),
    ),
    mutants=(
        Mutant(
            "e2-multiply-p-x",
            "e2",
            lambda pz, lik, q: -total(xlogy(q, over(joint(pz, lik) * joint(pz, lik).sum(), q))),
        ),
        Mutant(
            "e5-sign",
            "e5",
            lambda pz, lik, q: -total(weigh(q, ln(over(joint(pz, lik), q)) + ln(pz @ lik))),
        ),
        Mutant(
            "e7-forget-normalisation",
            "e7",
            lambda pz, lik, q: add(
                -total(xlogy(q, over(joint(pz, lik), q))), np.log(pz @ lik) * q.size
            ),
        ),
        Mutant(
            "q-unnormalised",
            "e6",
            lambda pz, lik, q: add(
                -total(xlogy(2 * q, over(joint(pz, lik), 2 * q))), total(2 * q * np.log(pz @ lik))
            ),
        ),
    ),
    golden=(
        Golden("FL", FL, {f"e{i}": KL for i in range(9)}),
        Golden("q(z) > 0 = p(z)", IMPOSSIBLE, {f"e{i}": np.inf for i in range(9)}),
    ),
)

DERIVATIONS = (BAYES, POSTERIOR_CHAIN)
