"""What the library makes of finitely many densities: bounds of log p(x), estimates of log q(z)."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_Q
from pydis.derivations.inputs.latent import COVERED
from pydis.derivations.tools import Floats, log, logsumexp, rel_entr

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


def draw_densities(rng: Generator) -> Case:
    """log q(z_i | j) in each coordinate, `[B, B, D]`, and a size of the data set of at least B."""
    b, d = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    return {"log_q": rng.normal(size=(b, b, d)), "size": b + int(rng.integers(0, 6))}


DENSITIES = Inputs(
    "log q(z_i | j) by coordinates, and the size N of the data set",
    draw_densities,
    ({"log_q": np.log([[[0.5, 0.2], [0.1, 0.4]], [[0.3, 0.3], [0.8, 0.6]]]), "size": 10},),
)


def both(log_q: Floats) -> Floats:
    """log q(z_i | j) of all coordinates together, and of each, `[B, B, 1 + D]`."""
    return np.concatenate([log_q.sum(2, keepdims=True), log_q], axis=2)


AGGREGATE = Derivation(
    id="estimate.aggregate",
    title="The aggregated posterior from all posteriors, and from a batch",
    scope="both",
    inputs=DENSITIES,
    conditions="first the joint density, then each coordinate's",
    lines=(
        Line(
            "L0",
            r"\log \frac{1}{B} \sum_j \prod_d q(z_d \mid j),\; "
            r"\log \frac{1}{B} \sum_j q(z_d \mid j)",
            lambda log_q, size: np.log(
                np.stack([np.exp(log_q).prod(2).mean(1), *np.exp(log_q).mean(1).T], axis=1)
            ),
        ),
        Line(
            "L1",
            r"\log q(z),\; \log q(z_d)",
            lambda log_q, size: information.log_aggregate(log_q),
            by="the library, B posteriors being all",
        ),
        Line(
            "W0",
            r"\log \frac{1}{N B} \sum_j q(z \mid j)",
            lambda log_q, size: logsumexp(both(log_q), axis=1) - np.log(size * len(log_q)),
            None,
        ),
        Line(
            "W1",
            r"\log \hat q(z)",
            information.weighted_sampling,
            by="the library's weighted sampling",
        ),
    ),
    golden=(
        Golden(
            "two halves",
            {"log_q": np.log(np.full((2, 2, 1), 0.5)), "size": 4},
            {"L1": np.log(np.full((2, 2), 0.5)), "W1": np.log(np.full((2, 2), 0.125))},
        ),
    ),
    mutants=(
        Mutant(
            "mean-of-logs",
            "L0",
            lambda log_q, size: both(log_q).mean(1),
        ),
        Mutant(
            "forget-the-data-set",
            "W0",
            lambda log_q, size: logsumexp(both(log_q), axis=1) - np.log(len(log_q)),
        ),
        Mutant(
            "sum-over-samples",
            "W0",
            lambda log_q, size: logsumexp(both(log_q), axis=0) - np.log(size * len(log_q)),
        ),
    ),
    source="Chen et al. 2018, equation S5",
)


DERIVATIONS: tuple[Derivation, ...] = (BOUNDS, AGGREGATE)
