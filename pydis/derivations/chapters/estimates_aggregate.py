"""What the library makes of the densities of draws: log q(z), and the parts of the rate."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats, logsumexp


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


PRIOR = 0.25
"""p(z_d), the same for every z_d."""


def own(log_q: Floats) -> Floats:
    """log q(z_id | i), the posterior that z_i was drawn from, `[B, D]`."""
    return log_q[np.arange(len(log_q)), np.arange(len(log_q))]


def _parts(mine: Floats, q: Floats) -> Floats:
    """Rate, information, correlation and the coordinates' divergences of each draw, `[4, B]`."""
    joint, apart = q.prod(2).mean(1), q.mean(1)
    return np.log(
        [
            mine.prod(1) / PRIOR ** mine.shape[1],
            mine.prod(1) / joint,
            joint / apart.prod(1),
            (apart / PRIOR).prod(1),
        ]
    )


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
        Line(
            "P0",
            r"\log \frac{q(z \mid i)}{p(z)},\; \log \frac{q(z \mid i)}{q(z)},\;"
            r" \log \frac{q(z)}{\prod_d q(z_d)},\; \sum_d \log \frac{q(z_d)}{p(z_d)}",
            lambda log_q, size: _parts(np.exp(own(log_q)), np.exp(log_q)),
            None,
        ),
        Line(
            "P1",
            r"\text{the rate of each draw, and its three parts}",
            lambda log_q, size: np.stack(
                [
                    part if part.ndim == 1 else part.sum(1)
                    for part in information.decompose_draws(
                        np.einsum("iid->id", log_q),
                        logsumexp(both(log_q), axis=1) - np.log(len(log_q)),
                        np.full(log_q.shape[1:], np.log(PRIOR)),
                    )
                ]
            ),
            by="the library, of all posteriors",
        ),
        Line(
            "R0",
            r"\log \frac{q(z \mid i)}{p(z)}",
            lambda log_q, size: own(log_q).sum(1) - log_q.shape[2] * np.log(PRIOR),
            None,
        ),
        Line(
            "R1",
            r"\log \frac{q(z \mid i)}{q(z)} + \log \frac{q(z)}{\prod_d q(z_d)}"
            r" + \sum_d \log \frac{q(z_d)}{p(z_d)}",
            lambda log_q, size: _parts(np.exp(own(log_q)), np.exp(log_q))[1:].sum(0),
            by="in every draw the parts add up: the mean of this is the decomposition of the rate",
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
        Mutant(
            "correlation-twice",
            "R1",
            lambda log_q, size: _parts(np.exp(own(log_q)), np.exp(log_q))[[1, 2, 2, 3]].sum(0),
        ),
    ),
    source="Chen et al. 2018, equation S5",
)


DERIVATIONS: tuple[Derivation, ...] = (AGGREGATE,)
