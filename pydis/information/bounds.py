"""Bounds from below: on mutual information and divergence, and on the evidence log p(x), in nats.

Each holds for any critic, decoder or proposal, and says for which it is tight: so it can be
maximised. Poole et al. 2019, "On Variational Bounds of Mutual Information".
"""

from math import log as ln

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import exp, logsumexp, mean, sum, where
from pydis.autodiff.ops.solve import identity
from pydis.information.entropies import marginal_entropy
from pydis.information.tables import (
    check_log,
    check_rows,
    check_same,
    check_table,
    log_inside,
)


def barber_agakov(P: Value, q: Value) -> Value:
    """I(X; Y) ≥ H(X) + Σ p(x, y) log q(x | y)  (eq:barber-agakov); tight for q(x | y) = p(x | y).

    P `[m, n]` has X in rows and Y in columns, the decoder q `[n, m]` a table of x in each row y. −∞
    where q excludes what happens. This is the L_I of InfoGAN. Barber and Agakov 2003. Raises
    ValueError for what are no such tables.
    """
    check_table("barber_agakov", P, 2)
    check_rows("barber_agakov", q)
    if q.shape != P.shape[::-1]:
        raise ValueError(f"barber_agakov: expected q {P.shape[::-1]}, received {q.shape}")
    excluded = (stop_gradient(P) > 0) & (stop_gradient(q).T == 0)
    known = where(excluded, float("-inf"), P * log_inside(q.T))
    return marginal_entropy(P, 0) + sum(known)


def infonce(scores: Value) -> Value:
    """(1/K) Σ_i log [f_ii / (1/K) Σ_j f_ij]  (eq:infonce), `scores` `[K, K]` the log f(x_i, y_j).

    In the mean over K independent pairs (x_i, y_i) at most I(X; Y), and always at most log K. Best
    for f ∝ p(y | x) / p(y), where it tends to I(X; Y) as K grows; a factor g(x) in f changes
    nothing. The pair itself is in the denominator: without it this would be no bound. Van den Oord
    et al. 2018. Raises ValueError unless the scores are square and finite.
    """
    check_log("infonce", scores, finite=True)
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1]:
        raise ValueError(f"infonce: expected scores [K, K], received shape {scores.shape}")
    own = sum(scores * identity(scores), axis=1)
    return mean(own - logsumexp(scores, axis=1)) + ln(scores.shape[0])


def donsker_varadhan(p: Value, q: Value, t: Value) -> Value:
    """KL(p ‖ q) ≥ E_p t − log E_q exp t  (eq:donsker-varadhan); tight for t = log p / q + constant.

    With p a joint and q the product of its marginals it bounds the mutual information. With a batch
    in the place of q the logarithm makes its mean too large: then it is no bound. Donsker and
    Varadhan 1983. Raises ValueError unless p, q are tables of one shape and t, of that shape, is
    finite.
    """
    _check_critic("donsker_varadhan", p, q, t)
    inside = where(stop_gradient(q) > 0, log_inside(q) + t, float("-inf"))
    return sum(p * t) - logsumexp(inside)


def nguyen_wainwright_jordan(p: Value, q: Value, t: Value) -> Value:
    """KL(p ‖ q) ≥ E_p t − E_q exp(t − 1)  (eq:nguyen-wainwright-jordan); tight for t = 1 + log p/q.

    Never above `donsker_varadhan`, but linear in p and in q: batches estimate it without bias.
    Nguyen, Wainwright and Jordan 2010. Raises ValueError as that.
    """
    _check_critic("nguyen_wainwright_jordan", p, q, t)
    return sum(p * t) - sum(q * exp(t - 1.0))


def evidence_bound(q: Value, log_joint: Value) -> Value:
    """log p(x) ≥ Σ_z q(z) [log p(x, z) − log q(z)]  (eq:finite-elbo); tight for q(z) = p(z | x).

    A finite latent: q a table, `log_joint` of its shape the log p(x, z) of one x. −∞ where q allows
    a z that cannot have given x. Raises ValueError for another q or shape, and for NaN or +∞.
    """
    check_table("evidence_bound", q)
    check_log("evidence_bound", log_joint, shape=q.shape)
    allowed = stop_gradient(q) > 0
    return sum(q * (where(allowed, log_joint, 0.0) - log_inside(q)))


def importance_weighted_bound(log_weights: Value) -> Value:
    """log (1/K) Σ_k w_k  (eq:importance-weighted-bound) of w_k = p(x, z_k) / q(z_k), `[.., K]`.

    In the mean over z_1 … z_K from q at most log p(x), growing with K from the evidence lower bound
    at K = 1. Burda et al. 2016. Raises ValueError where there is no weight, and for NaN or +∞.
    """
    check_log("importance_weighted_bound", log_weights)
    if log_weights.ndim == 0 or 0 in log_weights.shape:
        raise ValueError(
            "importance_weighted_bound: expected log weights [.., K], received shape "
            f"{log_weights.shape}"
        )
    return logsumexp(log_weights, axis=-1) - ln(log_weights.shape[-1])


def _check_critic(op: str, p: Value, q: Value, t: Value) -> None:
    check_same(op, p, q)
    check_log(op, t, shape=p.shape, finite=True)
