"""The mutual information along chains, and as a bound."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.inputs.three import COPIES, THREE, XOR, given, marginal, markov
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.information import conditional_mutual_information


def _between(p: Floats, i: int, j: int) -> Any:
    """I of the variables of axes i and j: Σ p log p(i, j) / p(i) p(j)."""
    return rel_entr(marginal(p, i, j), marginal(p, i) * marginal(p, j)).sum()


def _given(p: Floats, i: int, j: int, k: int) -> Any:
    """I of the variables of axes i and j given that of axis k."""
    pair = given(marginal(p, i, k), k) * given(marginal(p, j, k), k) * marginal(p, k)
    return rel_entr(p, pair).sum()


def _h(p: Floats, *axes: int) -> Any:
    """The entropy of the variables of those axes."""
    return -xlogy(marginal(p, *axes), marginal(p, *axes)).sum()


_CHAIN = Derivation(
    id="mi.chain-rule",
    title="What X and Y tell of Z is what X tells and what Y adds",
    inputs=THREE,
    lines=(
        Line(
            "both",
            r"I(X, Y; Z) = \sum p(x,y,z) \log \frac{p(x,y,z)}{p(x,y) p(z)}",
            lambda p: rel_entr(p, marginal(p, 0, 1) * marginal(p, 2)).sum(),
        ),
        Line(
            "chain",
            r"\sum p(x,z) \log \frac{p(x,z)}{p(x) p(z)}"
            r" + \sum p(x,y,z) \log \frac{p(y,z \mid x)}{p(y \mid x) p(z \mid x)}",
            lambda p: _between(p, 0, 2) + _given(p, 1, 2, 0),
            by="the ratio under the logarithm is the product of those two",
        ),
        Line(
            "library",
            r"I(X; Z) + I(Y; Z \mid X)",
            lambda p: (
                _h(p, 0)
                + _h(p, 2)
                - _h(p, 0, 2)
                + conditional_mutual_information(p.transpose(1, 2, 0))
            ),
            by="their definitions",
        ),
    ),
    mutants=(
        Mutant(
            "unconditional-second-term",
            "chain",
            lambda p: _between(p, 0, 2) + _between(p, 1, 2),
            {"p": XOR},
        ),
    ),
    scope="both",
)

_BOTH_WAYS = Derivation(
    id="mi.conditioning-can-go-both-ways",
    title="A condition can create information, and remove it",
    inputs=THREE,
    lines=(
        Line("free", r"I(X; Z)", lambda p: _between(p, 0, 2)),
        Line("given", r"I(X; Z \mid Y)", lambda p: _given(p, 0, 2, 1), None),
        Line(
            "xz",
            r"I(X; Z) - I(X; Z \mid Y)",
            lambda p: _between(p, 0, 2) - _given(p, 0, 2, 1),
            None,
        ),
        Line(
            "xy",
            r"I(X; Y) - I(X; Y \mid Z)",
            lambda p: _between(p, 0, 1) - _given(p, 0, 1, 2),
            by="the chain rule for I(X; Y, Z) in both orders",
        ),
        Line(
            "entropies",
            r"H(X) + H(Y) + H(Z) - H(X,Y) - H(X,Z) - H(Y,Z) + H(X,Y,Z)",
            lambda p: (
                _h(p, 0)
                + _h(p, 1)
                + _h(p, 2)
                - _h(p, 0, 1)
                - _h(p, 0, 2)
                - _h(p, 1, 2)
                + _h(p, 0, 1, 2)
            ),
            by="I(X; Y) = H(X) + H(Y) - H(X, Y)",
        ),
        Line(
            "raises",
            r"I(X; Z \mid Y) > I(X; Z)",
            lambda p: bool(_given(p, 0, 2, 1) > _between(p, 0, 2) + 1e-12),
            None,
        ),
        Line(
            "synergy",
            r"I(X, Y; Z) > I(X; Z) + I(Y; Z)",
            lambda p: bool(
                _h(p, 0, 1) + _h(p, 2) - _h(p, 0, 1, 2)
                > _between(p, 0, 2) + _between(p, 1, 2) + 1e-12
            ),
            "iff",
            "the same three-way difference is negative",
        ),
    ),
    mutants=(Mutant("conditioning-reduces-mi", "raises", lambda p: False, {"p": XOR}),),
    golden=(
        Golden("exclusive or", {"p": XOR}, {"free": 0.0, "given": np.log(2), "xz": -np.log(2)}),
        Golden("copies", {"p": COPIES}, {"free": np.log(2), "given": 0.0, "xz": np.log(2)}),
    ),
)


def _draw_markov(rng: Generator) -> Case:
    n = int(rng.integers(2, 4))
    L = np.eye(n)[rng.permutation(n)] if rng.integers(4) == 0 else channel(rng, n, n)
    return {"p": table(rng, n), "K": channel(rng, n, n), "L": L}


_NOISY = np.array([[0.9, 0.1], [0.2, 0.8]])
_HALVES = np.full((2, 2), 0.5)
_COIN = np.array([0.3, 0.7])

_PROCESSING = Derivation(
    id="mi.data-processing",
    title="No processing of Y tells more of X than Y does",
    inputs=Inputs(
        "p(x) and the channels K[x, y], L[y, z]",
        _draw_markov,
        (
            {"p": _COIN, "K": _NOISY, "L": np.eye(2)[::-1]},  # a bijection
            {"p": _COIN, "K": _NOISY, "L": _HALVES},
            {"p": _COIN, "K": _HALVES, "L": np.eye(2)},
            {"p": np.array([0.0, 1.0]), "K": _NOISY, "L": _NOISY},
        ),
    ),
    lines=(
        Line(
            "input",
            r"I(X; Y) = \sum_{x,y} p(x) K(y \mid x) \log \frac{K(y \mid x)}{p(y)}",
            lambda p, K, L: rel_entr(p[:, None] * K, np.outer(p, p @ K)).sum(),
        ),
        Line(
            "split",
            r"I(X; Z) + I(X; Y \mid Z)",
            lambda p, K, L: _between(markov(p, K, L), 0, 2) + _given(markov(p, K, L), 0, 1, 2),
            by="the chain rule for I(X; Y, Z), and I(X; Z | Y) = 0",
        ),
        Line(
            "output",
            r"I(X; Z)",
            lambda p, K, L: rel_entr(p[:, None] * (K @ L), np.outer(p, p @ K @ L)).sum(),
            ">=",
            "an information is not negative",
        ),
        Line(
            "bijection",
            r"\sum_{x,y} p(x) K(y \mid x) \log \frac{p(x) K(y \mid x)}{p(x) p(y)}",
            lambda p, K, L: rel_entr((p * K.T).T, p[:, None] * (p @ K)).sum(),
            "==",
            "Y is a function of Z",
            when=lambda p, K, L: bool(
                (np.sort(L) == np.eye(len(L))[-1]).all() and (L.sum(0) == 1).all()
            ),
        ),
    ),
    mutants=(
        Mutant(
            "non-markov-claimed",
            "output",
            lambda p, K, L: rel_entr(p[:, None] * L, np.outer(p, p @ L)).sum(),  # Z sees X itself
            {"p": _COIN, "K": _HALVES, "L": np.eye(2)},
        ),
        Mutant(
            "reverse",
            "output",
            mirrored(
                lambda p, K, L: rel_entr(p[:, None] * K, np.outer(p, p @ K)).sum(),
                lambda p, K, L: rel_entr(p[:, None] * (K @ L), np.outer(p, p @ K @ L)).sum(),
            ),
        ),
    ),
    scope="both",
)


DERIVATIONS: tuple[Derivation, ...] = (_CHAIN, _BOTH_WAYS, _PROCESSING)
