"""Two draws bound log p(x) more tightly than one: what the library makes of their weights."""

import numpy as np

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Line, Mutant
from pydis.derivations.inputs import KL_Q
from pydis.derivations.inputs.latent import COVERED
from pydis.derivations.tools import Floats, log, rel_entr

STAR: Case = {
    "pz": np.array([0.5, 0.3, 0.2]),
    "lik": np.array([0.2, 0.5, 0.9]),
    "q": KL_Q,
}


def weights(pz: Floats, lik: Floats, q: Floats) -> Floats:
    """w(z) = p(x, z) / q(z)."""
    return pz * lik / q


def pairs(q: Floats) -> Floats:
    """q(z_1) q(z_2)."""
    return np.outer(q, q)


BOUNDS = Derivation(
    id="estimate.two-samples",
    title="Two importance weights bound log p(x) more tightly than one",
    inputs=COVERED,
    conditions="a finite latent, q > 0 everywhere; all pairs of samples are enumerated",
    lines=(
        Line(
            "L0",
            r"\log p(x) = \log \sum_z p(z)\, p(x \mid z)",
            lambda pz, lik, q: log(pz @ lik),
        ),
        Line(
            "L1",
            r"\sum_{z, z'} q(z)\, q(z') \log \frac{w(z) + w(z')}{2}",
            lambda pz, lik, q: sum(
                a * b * log((u + v) / 2)
                for a, u in zip(q, weights(pz, lik, q), strict=True)
                for b, v in zip(q, weights(pz, lik, q), strict=True)
            ),
            ">=",
            by="Jensen: the mean of two weights has the mean p(x)",
        ),
        Line(
            "L2",
            r"\mathbb{E}_{z, z' \sim q}[\mathcal{L}_2(z, z')]",
            lambda pz, lik, q: np.sum(
                pairs(q)
                * information.importance_weighted_bound(
                    np.stack(np.broadcast_arrays(*np.ix_(*[log(weights(pz, lik, q))] * 2)), 2)
                )
            ),
            by="the library's bound of each pair",
        ),
        Line(
            "L3",
            r"\sum_z q(z) \log \frac{p(x, z)}{q(z)}",
            lambda pz, lik, q: -rel_entr(q, pz * lik).sum(),
            ">=",
            by="Jensen: log of a mean of two, and both have the law of one",
        ),
        Line(
            "L4",
            r"\mathcal{L}(q)",
            lambda pz, lik, q: information.evidence_bound(q, log(pz * lik)),
            by="the library's evidence bound",
        ),
        Line(
            "L5",
            r"\log p(x) - \mathrm{KL}(q \,\Vert\, p(\cdot \mid x))",
            lambda pz, lik, q: log(pz @ lik) - rel_entr(q, pz * lik / (pz @ lik)).sum(),
            by="the evidence decomposition",
        ),
    ),
    golden=(
        Golden(
            "FL",
            STAR,
            {"L0": -0.843970070295, "L1": -0.884819129601, "L2": -0.884819129601}
            | dict.fromkeys(("L3", "L4", "L5"), -0.918549533198),
        ),
    ),
    mutants=(
        Mutant(
            "sum-for-mean",
            "L1",
            lambda pz, lik, q: sum(
                a * b * log(u + v)
                for a, u in zip(q, weights(pz, lik, q), strict=True)
                for b, v in zip(q, weights(pz, lik, q), strict=True)
            ),
        ),
        Mutant(
            "kl-reversed",
            "L5",
            lambda pz, lik, q: log(pz @ lik) - rel_entr(pz * lik / (pz @ lik), q).sum(),
        ),
        Mutant(
            "weights-upside-down",
            "L3",
            lambda pz, lik, q: rel_entr(q, pz * lik).sum(),
        ),
    ),
    source="Burda, Grosse and Salakhutdinov 2016",
)


DERIVATIONS: tuple[Derivation, ...] = (BOUNDS,)
