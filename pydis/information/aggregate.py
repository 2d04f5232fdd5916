"""The aggregated posterior q(z) = (1/N) Σ_n q(z | n) at drawn codes, and what a batch knows of it.

All functions take log densities of pairs, `[M, N, D]`: of coordinate d of draw i under posterior j.
All return `[M, 1 + D]`: log q(z_i), and beside it log q(z_id) for every d. A batch of B of the N
examples holds, for each draw, its own posterior n and B − 1 others, chosen without replacement.
With c = (N − B) / (B (N − 1)), the means over batches of the estimated density are

    from the batch alone     q(z) + c (q(z | n) − q(z)), too large near the own posterior
    weighted sampling        1/N of that; in the mean its logarithm is below log q(z)
    stratified sampling      q(z); in the mean its logarithm is below log q(z) (Jensen)

Weighted sampling differs from the batch alone by the constant log N, so their gradients are equal;
it moves the three parts of the rate by +log N, (D − 1) log N and −D log N. Chen et al. 2018.
"""

from math import log as ln

import numpy as np

from pydis.autodiff import Array, Value, stop_gradient
from pydis.autodiff.ops import concat, logsumexp, reshape, sum
from pydis.backends import kernels_for
from pydis.information.tables import check_log


def log_aggregate(log_q: Value) -> Value:
    """log (1/N) Σ_j q(z_i | j)  (eq:aggregated-posterior): exact where all N posteriors are given.

    With `pairwise_gaussian` the pairs need not be formed: it gives these sums, without 1/N. From a
    batch of posteriors this is the naive estimate. Raises ValueError unless `log_q` is `[M, N, D]`
    with N > 0 and without NaN or +∞.
    """
    check_densities("log_aggregate", log_q)
    return _weighed(log_q) - ln(log_q.shape[1])


def weighted_sampling(log_q: Value, size: int) -> Value:
    """log 1/(N B) Σ_j q(z_i | n_j)  (eq:weighted-sampling) for N = `size` and a batch of B.

    In the mean a lower bound of log q(z). Raises ValueError unless `log_q` is `[B, B, D]`, B ≤ N.
    """
    check_densities("weighted_sampling", log_q, size)
    return _weighed(log_q) - ln(size * log_q.shape[1])


def stratified_sampling(log_q: Value, size: int) -> Value:
    """log Σ_j w_ij q(z_i | n_j)  (eq:stratified-sampling) for N = `size` and a batch of B.

    With B = M + 1: w = 1/N for the own posterior j = i, (N − M) / (N M) for the next one, 1/M for
    the others. The density is unbiased. Even at B = N > 2 it is not q(z), whose weights are 1/N.
    Raises ValueError unless `log_q` is `[B, B, D]`, 2 ≤ B ≤ N.
    """
    check_densities("stratified_sampling", log_q, size, least=2)
    xp = kernels_for("stratified_sampling", [stop_gradient(log_q)]).xp
    log_w = xp.asarray(np.log(stratified_weights(log_q.shape[0], size)).astype(log_q.dtype))
    return _weighed(log_q, log_w)


def stratified_weights(batch: int, size: int) -> Array:
    """The weights w_ij of `stratified_sampling`, `[B, B]`; each row adds up to 1."""
    m = batch - 1
    own, following = np.eye(batch), np.roll(np.eye(batch), 1, axis=1)
    others = 1 - own - following
    return own / size + following * (size - m) / (size * m) + others / m


def check_densities(op: str, log_q: Value, size: int | None = None, least: int = 1) -> None:
    """Raise ValueError, naming `op`, unless `[M, N, D]`, or `[B, B, D]` with least ≤ B ≤ size."""
    check_log(op, log_q)
    shape = log_q.shape
    if len(shape) != 3 or shape[1] == 0:
        raise ValueError(f"{op}: expected log densities [M, N, D], N > 0, received shape {shape}")
    if size is not None and not (shape[0] == shape[1] and least <= shape[0] <= size):
        raise ValueError(
            f"{op}: expected log densities [B, B, D] with {least} <= B <= {size}, received shape "
            f"{shape}"
        )


def _weighed(log_q: Value, log_w: Array | None = None) -> Value:
    """log Σ_j w_ij q(z_i | j), and beside it the same for every coordinate; w = 1 if None."""
    together = sum(log_q, axis=2)
    if log_w is not None:
        together, log_q = together + log_w, log_q + log_w[:, :, None]
    joint = logsumexp(together, axis=1)
    return concat(reshape(joint, shape=(*joint.shape, 1)), logsumexp(log_q, axis=1), axis=1)
