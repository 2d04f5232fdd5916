"""The divergence of pairs, and behind a channel."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored, same
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, sizes, table
from pydis.derivations.tools import Floats, p_x, rel_entr, x_given_y, y_given_x


def _draw_joints(rng: Generator) -> Case:
    m, n = sizes(rng)
    return {"P": table(rng, m, n), "Q": table(rng, m, n, low=1)}


_JOINTS = Inputs(
    "joint tables P and Q > 0",
    _draw_joints,
    (
        {"P": np.array([[0.0, 0.0], [0.3, 0.7]]), "Q": np.array([[0.1, 0.2], [0.3, 0.4]])},
        {"P": np.array([[0.4, 0.1], [0.2, 0.3]]), "Q": np.array([[0.1, 0.2], [0.3, 0.4]])},
        {"P": np.array([[0.4, 0.1], [0.2, 0.3]]), "Q": np.array([[0.4, 0.1], [0.2, 0.3]])},
    ),
)


def _log_ratio(row: Floats, other: Floats, j: int) -> Any:
    """log p(y | x) / q(y | x) from the rows p(x, ·) and q(x, ·)."""
    return np.log(row[j] / row.sum() * other.sum() / other[j])


_CHAIN_RULE = Derivation(
    id="kl.chain-rule",
    title="The divergence of pairs is that of the first and the mean one of the second given it",
    inputs=_JOINTS,
    lines=(
        Line(
            "pair",
            r"\sum_{x,y} p(x,y) \log \frac{p(x,y)}{q(x,y)}",
            lambda P, Q: rel_entr(P, Q).sum(),
        ),
        Line(
            "product",
            r"\sum_{x,y} p(x,y) \left[\log \frac{p(x)}{q(x)}"
            r" + \log \frac{p(y \mid x)}{q(y \mid x)}\right]",
            lambda P, Q: sum(
                P[i, j] * (np.log(p_x(P)[i] / p_x(Q)[i]) + _log_ratio(P[i], Q[i], j))
                for i, j in np.argwhere(P > 0)
            ),
            by="p(x, y) = p(x) p(y | x)",
        ),
        Line(
            "chain",
            r"\mathrm{KL}(p_x \,\|\, q_x)"
            r" + \sum_x p(x) \sum_y p(y \mid x) \log \frac{p(y \mid x)}{q(y \mid x)}",
            lambda P, Q: (
                rel_entr(p_x(P), p_x(Q)).sum()
                + p_x(P) @ rel_entr(y_given_x(P), y_given_x(Q)).sum(1)
            ),
            by="the sum of p(y | x) over y is 1",
        ),
    ),
    mutants=(
        Mutant(
            "average-under-q",
            "chain",
            lambda P, Q: (
                rel_entr(p_x(P), p_x(Q)).sum()
                + p_x(Q) @ rel_entr(y_given_x(P), y_given_x(Q)).sum(1)
            ),
        ),
    ),
    scope="both",
)


def _draw_channel(rng: Generator) -> Case:
    m, n = sizes(rng)
    K = np.eye(m)[rng.permutation(m)] if rng.integers(3) == 0 else channel(rng, m, n)
    return {"p": table(rng, m), "q": table(rng, m, low=1), "K": K}


_PAIR = {"p": np.array([0.5, 0.3, 0.2]), "q": np.array([0.2, 0.2, 0.6])}

_CHANNELS = Inputs(
    "distributions p, q and a channel K[x, y]",
    _draw_channel,
    (
        {**_PAIR, "K": np.eye(3)[[2, 0, 1]]},  # a bijection
        {**_PAIR, "K": np.eye(2)[[0, 1, 0]]},  # deterministic
        {**_PAIR, "K": np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]])},  # constant
        {"p": _PAIR["p"], "q": np.array([0.5, 0.5, 0.0]), "K": np.eye(2)[[0, 1, 1]]},  # KL = ∞
    ),
)


def _through(p: Floats, q: Floats, K: Floats) -> Any:
    """KL(pK ‖ qK)."""
    return rel_entr(p @ K, q @ K).sum()


def _ratio_fixed(p: Floats, q: Floats, K: Floats) -> bool:
    """Whether p(x) / q(x) is one number among the x that can give y, for every y."""
    groups = [p[K[:, j] > 0] / q[K[:, j] > 0] for j in range(K.shape[1])]
    return all(same(r, r[0]) for r in groups if r.size)


_DATA_PROCESSING = Derivation(
    id="kl.data-processing",
    title="No channel makes two distributions easier to tell apart",
    inputs=_CHANNELS,
    lines=(
        Line(
            "input",
            r"\sum_x p(x) \log \frac{p(x)}{q(x)}",
            lambda p, q, K: rel_entr(p, q).sum(),
        ),
        Line(
            "forwards",
            r"\sum_{x,y} p(x) K(y \mid x) \log \frac{p(x) K(y \mid x)}{q(x) K(y \mid x)}",
            lambda p, q, K: rel_entr(p[:, None] * K, q[:, None] * K).sum(),
            by="the chain rule; given x both have the same y",
        ),
        Line(
            "backwards",
            r"\mathrm{KL}(pK \,\|\, qK)"
            r" + \sum_y (pK)(y) \, \mathrm{KL}(p(x \mid y) \,\|\, q(x \mid y))",
            lambda p, q, K: (
                _through(p, q, K)
                + rel_entr(
                    p @ K * x_given_y(p[:, None] * K), p @ K * x_given_y(q[:, None] * K)
                ).sum()
            ),
            by="the chain rule in the other order",
        ),
        Line(
            "output",
            r"\sum_y (pK)(y) \log \frac{(pK)(y)}{(qK)(y)}",
            _through,
            ">=",
            "a divergence is not negative",
        ),
        Line(
            "equal",
            r"\mathrm{KL}(pK \,\|\, qK) = \mathrm{KL}(p \,\|\, q)",
            lambda p, q, K: same(rel_entr(p, q).sum(), _through(p, q, K)),
            None,
            when=lambda p, q, K: bool((q > 0).all()),
        ),
        Line(
            "sufficient",
            r"\tfrac{p(x)}{q(x)} \text{ is constant on } \{x : K(y \mid x) > 0\}"
            r" \text{ for each } y",
            _ratio_fixed,
            "iff",
            "p(x | y) = q(x | y); so for every bijection",
            when=lambda p, q, K: bool((q > 0).all()),
        ),
    ),
    mutants=(
        Mutant("reverse", "output", mirrored(lambda p, q, K: rel_entr(p, q).sum(), _through)),
        Mutant(
            "non-stochastic-channel",
            "output",
            lambda p, q, K: _through(p, q, 2 * K),
            {**_PAIR, "K": np.eye(3)},
        ),
    ),
    golden=(
        Golden("constant channel", {**_PAIR, "K": np.full((3, 2), 0.5)}, {"output": 0.0}),
        Golden("KL★, a bijection", {**_PAIR, "K": np.eye(3)[::-1]}, {"output": 0.360062440636}),
    ),
    scope="both",
)


DERIVATIONS: tuple[Derivation, ...] = (_CHAIN_RULE, _DATA_PROCESSING)
