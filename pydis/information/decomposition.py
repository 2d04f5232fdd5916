"""What the rate of an encoder is made of, in nats: three parts, each zero or more.

    E_n KL(q(z | n) ‖ p(z))  =  I(n; z)  +  TC(q(z))  +  Σ_d KL(q(z_d) ‖ p(z_d)),

q(z) = E_n q(z | n) the aggregated posterior, and a prior whose coordinates are independent
(eq:rate-decomposition). Hoffman and Johnson 2016; Chen et al. 2018, equation 2.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import reshape, stack, sum, where
from pydis.information.dependence import from_product
from pydis.information.divergences import kl_terms
from pydis.information.tables import check_log, check_rows, check_table, marginal


class Decomposition(NamedTuple):
    """The average KL and its three parts; the last has an axis of the D coordinates."""

    average_kl: Value
    index_code: Value
    total_correlation: Value
    dimension_wise: Value


def decompose_table(
    encoder: Value, prior: Sequence[Value], weights: Value | None = None
) -> Decomposition:
    """The rate of a table encoder and its parts (eq:rate-decomposition), each from its own sum.

    `encoder` `[N, m_1, …, m_D]` has q(z | n) in row n, `prior` the tables of p(z_1) … p(z_D), and
    `weights` `[N]` is the table of n, uniform if None. The average KL, and a coordinate's, is +∞
    where the prior excludes what happens; the other parts are finite. Raises ValueError for tables
    that are none or do not fit.
    """
    op, n, d = "decompose_table", encoder.shape[:1], encoder.ndim - 1
    check_rows(op, encoder, axes=None)
    for p in prior:
        check_table(op, p, 1)
    sizes = tuple(p.shape[0] for p in prior)
    if sizes != encoder.shape[1:]:
        raise ValueError(f"{op}: expected priors of sizes {encoder.shape[1:]}, received {sizes}")
    if weights is not None:
        check_table(op, weights, 1)
        if weights.shape != n:
            raise ValueError(f"{op}: expected weights {n}, received shape {weights.shape}")
    alone = [
        reshape(p, shape=tuple(m if i == j else 1 for i, m in enumerate(sizes)))
        for j, p in enumerate(prior)
    ]
    independent = alone[0]
    for p in alone[1:]:
        independent = independent * p

    def averaged(terms: Value) -> Value:
        if weights is None:
            return sum(terms, axis=0) / float(n[0])
        shares = reshape(weights, shape=(*n, *(1,) * d))
        return sum(shares * where(stop_gradient(shares) > 0, terms, 0.0), axis=0)  # 0 · ∞ = 0

    aggregate = averaged(encoder)
    return Decomposition(
        average_kl=sum(averaged(kl_terms(encoder, independent))),
        index_code=sum(averaged(kl_terms(encoder, aggregate))),
        total_correlation=from_product(aggregate),
        dimension_wise=stack(
            *[sum(kl_terms(marginal(aggregate, j), p)) for j, p in enumerate(alone)]
        ),
    )


def decompose_draws(log_own: Value, log_aggregate: Value, log_prior: Value) -> Decomposition:
    """The same for draws z_i from q(z | n_i), in the mean over draws (eq:rate-decomposition).

    For encoders with independent coordinates, such as Gaussians. `log_own` `[M, D]` has
    log q(z_id | n_i), `log_prior` `[M, D]` log p(z_id), `log_aggregate` `[M, 1 + D]` log q(z_i) and
    beside it log q(z_id): of all posteriors (then the mean is without bias) or estimated from a
    batch (`pydis.information.aggregate`). The parts are `[M]`, the last `[M, D]`; in each draw they
    add up to the first. Raises ValueError for shapes that do not fit, and for NaN or +∞.
    """
    op = "decompose_draws"
    check_log(op, log_own)
    if log_own.ndim != 2:
        raise ValueError(f"{op}: expected log_own [M, D], received shape {log_own.shape}")
    m, d = log_own.shape
    check_log(op, log_aggregate, shape=(m, 1 + d))
    check_log(op, log_prior, shape=(m, d))
    own, together, apart = sum(log_own, axis=1), log_aggregate[:, 0], log_aggregate[:, 1:]
    return Decomposition(
        average_kl=own - sum(log_prior, axis=1),
        index_code=own - together,
        total_correlation=together - sum(apart, axis=1),
        dimension_wise=apart - log_prior,
    )
