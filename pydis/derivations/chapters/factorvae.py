"""Estimators of the total correlation: weighted minibatches, a discriminator, permuted batches."""

from itertools import permutations
from itertools import product as every
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydis.derivations.claims import same
from pydis.derivations.derivation import Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, xlogy
from pydis.information import stratified_sampling, weighted_sampling

Indices = NDArray[np.int64]

_SIZE, _BATCH = 5, 2


def _batches() -> list[tuple[int, ...]]:
    """All (n*, n_1, …, n_M): different examples in every order."""
    return list(permutations(range(_SIZE), _BATCH + 1))


def _weighted(q: Floats, batch: tuple[int, ...]) -> Floats:
    """f(z) of one batch: weights 1/N, 1/M for m < M, and (N − M) / NM for the last."""
    own, *others, last = batch
    found: Floats = q[own] / _SIZE + q[others].sum(0) / _BATCH
    found += (_SIZE - _BATCH) / (_SIZE * _BATCH) * q[last]
    return found


def _log_densities(q: Floats, batch: tuple[int, ...]) -> Floats:
    """log q(z | n_j) as the library has it: `[B, B, z]`, the last example following the first."""
    own, *others, last = batch
    found: Floats = np.log(np.stack([q[[own, last, *others]]] * len(batch)))
    return found


def _by_library(q: Floats, batch: tuple[int, ...]) -> Any:
    """f(z) of one batch."""
    return np.exp(stratified_sampling(_log_densities(q, batch), _SIZE)[0, 1:])


def _positive(q: Floats) -> bool:
    return bool((q > 0).all())


def _mean_by_own(f: Any, q: Floats) -> Floats:
    """The mean of f over the batches of each n*, `[N, z]`."""
    return np.stack(
        [np.mean([f(q, b) for b in _batches() if b[0] == own], axis=0) for own in range(_SIZE)]
    )


_STRATIFIED = Derivation(
    id="tcvae.stratified-weights",
    title="A minibatch without replacement, rightly weighted, estimates q(z) without bias",
    inputs=Inputs(
        "encoder table q(z | n) of five examples",
        lambda rng: {"q": channel(rng, _SIZE, 4, low=1)},
        ({"q": np.eye(5)}, {"q": np.full((5, 2), 0.5)}),
    ),
    lines=(
        Line("marginal", r"q(z) = \tfrac1N \sum_n q(z \mid n)", lambda q: q.sum(0) / _SIZE),
        Line(
            "estimate",
            r"\mathbb E_{n_1 \ldots n_M \mid n^*}\left[\tfrac1N q(z \mid n^*)"
            r" + \tfrac1M \sum_{m<M} q(z \mid n_m) + \tfrac{N-M}{NM} q(z \mid n_M)\right]",
            lambda q: _mean_by_own(_weighted, q),
            by="each n_m is uniform on the others; the weights are 1/N and (N − 1)/N",
        ),
        Line(
            "library",
            r"\mathbb E_{n_1 \ldots n_M \mid n^*}[f(z)]",
            lambda q: _mean_by_own(_by_library, q),
            by="its definition",
            when=_positive,
        ),
        Line(
            "logarithm",
            r"\mathbb E[\log f(z)]",
            lambda q: np.mean([xlogy(1, _weighted(q, b)) for b in _batches()], axis=0),
            None,
        ),
        Line(
            "jensen",
            r"\log q(z)",
            lambda q: np.log(q.mean(0)),
            "<=",
            "Jensen: the estimate of log q(z) stays biased",
        ),
        Line(
            "naive",
            r"\mathbb E\left[\log \tfrac{1}{NB} \sum_{n \in \text{batch}} q(z \mid n)\right]",
            lambda q: np.mean(
                [weighted_sampling(_log_densities(q, b), _SIZE)[0, 1:] for b in _batches()], axis=0
            ),
            ">=",
            "and of the unstratified weights more so",
            when=_positive,
        ),
    ),
    mutants=(
        Mutant(
            "uniform-1-m-weights",
            "estimate",
            lambda q: _mean_by_own(lambda q, b: q[list(b)].sum(0) / _BATCH, q),
        ),
        Mutant(
            "weighted-sampling-unbiased",
            "estimate",
            lambda q: _mean_by_own(lambda q, b: q[list(b)].sum(0) / (_SIZE * _BATCH), q),
        ),
    ),
    source="Chen et al. 2018, appendix C",
)


def _independent(P: Floats) -> Floats:
    """q(z1) q(z2)."""
    return np.outer(p_x(P), p_y(P))


def _logit(P: Floats) -> Floats:
    """logit D*(z) where q > 0, else 0: D* = q / (q + q(z1) q(z2))."""
    D = np.divide(P, P + _independent(P), out=np.full(P.shape, 0.5), where=P > 0)
    found: Floats = np.log(D) - np.log1p(-D)
    return found


_RATIO = Derivation(
    id="factorvae.density-ratio",
    items=("D12",),
    title="The best discriminator of q(z) from the product of its marginals gives the correlation",
    inputs=Inputs(
        "joint table P[z1, z2]",
        lambda rng: {"P": table(rng, 3, 4)},
        (
            {"P": np.outer([0.2, 0.3, 0.5], [0.1, 0.2, 0.3, 0.4])},
            {"P": np.array([[0.5, 0.0], [0.0, 0.5]])},
            {"P": np.array([[0.6, 0.0], [0.1, 0.3]])},
        ),
    ),
    lines=(
        Line(
            "correlation",
            r"\sum_z q(z) \log \frac{q(z)}{q(z_1) q(z_2)}",
            lambda P: rel_entr(P, _independent(P)).sum(),
        ),
        Line(
            "logit",
            r"\mathbb E_{q(z)}\left[\log \frac{D^*(z)}{1 - D^*(z)}\right]",
            lambda P: np.sum(P * _logit(P)),
            by="D*/(1 − D*) = q(z) / q(z1) q(z2)",
        ),
        Line(
            "undecided",
            r"D^* = \tfrac12 \text{ where } q(z_1) q(z_2) > 0",
            lambda P: same(P[_independent(P) > 0], _independent(P)[_independent(P) > 0]),
            None,
        ),
        Line(
            "none",
            r"\mathrm{TC} = 0",
            lambda P: same(rel_entr(P, np.outer(P.sum(1), P.sum(0))).sum(), 0.0),
            "iff",
            "a divergence is 0 only for equal tables",
        ),
    ),
    mutants=(
        Mutant(
            "expectation-under-product",
            "logit",
            lambda P: np.sum(_independent(P) * _logit(P)),
        ),
        Mutant("swap-classes", "logit", lambda P: -np.sum(P * _logit(P))),
    ),
    scope="both",
    source="Kim and Mnih 2018",
)

_POINTS, _VALUES = 3, 3


def _counts(a: Indices, b: Indices) -> Floats:
    """The table of the pairs (a_n, b_n)."""
    found = np.zeros((_VALUES, _VALUES))
    np.add.at(found, (a, b), 1 / len(a))
    return found


def _permuted(z: Indices) -> Floats:
    """The mean table over all pairs of permutations, one for each dimension."""
    orders = [list(order) for order in permutations(range(_POINTS))]
    found: Floats = np.mean([_counts(z[s, 0], z[t, 1]) for s, t in every(orders, orders)], axis=0)
    return found


_PERMUTE = Derivation(
    id="factorvae.permute-dims",
    items=("D12",),
    title="Permuting each dimension of a batch by itself gives the product of its marginals",
    inputs=Inputs(
        "three points z of two dimensions",
        lambda rng: {"z": rng.integers(_VALUES, size=(_POINTS, 2))},
        ({"z": np.array([[0, 0], [1, 1], [2, 2]])}, {"z": np.array([[0, 1], [0, 1], [0, 2]])}),
    ),
    lines=(
        Line(
            "product",
            r"\hat q(z_1) \hat q(z_2)",
            lambda z: np.outer(
                *(np.bincount(z[:, j], minlength=_VALUES) / _POINTS for j in (0, 1))
            ),
        ),
        Line(
            "permuted",
            r"\mathbb E_{\pi_1, \pi_2}\left[\tfrac1N \sum_n"
            r" 1[z_{\pi_1(n),1} = z_1]\, 1[z_{\pi_2(n),2} = z_2]\right]",
            _permuted,
            by="π1(n) and π2(n) are independent and uniform",
        ),
    ),
    mutants=(
        Mutant(
            "same-permutation-all-dims",
            "permuted",
            lambda z: _counts(z[:, 0], z[:, 1]),
            {"z": np.array([[0, 0], [1, 1], [2, 2]])},
        ),
    ),
    source="Kim and Mnih 2018",
)

DERIVATIONS: tuple[Derivation, ...] = (_STRATIFIED, _RATIO, _PERMUTE)
