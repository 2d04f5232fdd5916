"""The mutual information as a bound, and under maps and mixtures."""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pydis.derivations.claims import mirrored, same
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import J, channel, sizes, table
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, y_given_x
from pydis.information import mutual_information


def _merged(P: Floats, g: NDArray[np.int64]) -> Floats:
    """The joint table of g(X) and Y."""
    found = np.zeros((int(g.max()) + 1, P.shape[1]))
    np.add.at(found, g, P)
    return found


def _information(P: Floats) -> Any:
    """Σ p(x, y) log p(x, y) / p(x) p(y)."""
    return rel_entr(P, np.outer(p_x(P), p_y(P))).sum()


def _draw_golden(rng: Generator) -> Case:
    P = table(rng, *sizes(rng))
    if rng.integers(4) == 0 and (P.sum(0) > 0).all():
        return {"P": P, "r": P.sum(0)}
    return {"P": P, "r": table(rng, P.shape[1], low=1)}


_GOLDEN = Derivation(
    id="mi.golden-formula",
    title="The mean divergence from any r bounds the information from above",
    inputs=Inputs(
        "joint table P[x, y] and r(y) > 0",
        _draw_golden,
        (
            {"P": J, "r": np.array([0.5, 0.5])},
            {"P": J, "r": J.sum(0)},
            {"P": np.array([[0.0, 0.0], [0.3, 0.7]]), "r": np.array([0.5, 0.5])},
        ),
    ),
    lines=(
        Line(
            "bound",
            r"\sum_x p(x) \sum_y p(y \mid x) \log \frac{p(y \mid x)}{r(y)}",
            lambda P, r: p_x(P) @ rel_entr(y_given_x(P), r).sum(1),
        ),
        Line(
            "split",
            r"\sum_{x,y} p(x,y) \log \frac{p(x,y)}{p(x) p(y)} + \sum_y p(y) \log \frac{p(y)}{r(y)}",
            lambda P, r: rel_entr(P, np.outer(p_x(P), p_y(P))).sum() + rel_entr(p_y(P), r).sum(),
            by="p(y | x) / r(y) = [p(y | x) / p(y)] [p(y) / r(y)]",
        ),
        Line(
            "information",
            r"I(X; Y)",
            lambda P, r: mutual_information(P),
            ">=",
            "a divergence is not negative",
        ),
        Line(
            "tight",
            r"\mathbb E_x \mathrm{KL}(p(y \mid x) \,\|\, r) = I(X; Y)",
            lambda P, r: same(
                rel_entr(P, p_x(P)[:, None] * r).sum(), rel_entr(P, np.outer(p_x(P), p_y(P))).sum()
            ),
            None,
        ),
        Line("marginal", r"r = p_Y", lambda P, r: same(r, p_y(P)), "iff", "the gap is KL(p_Y ‖ r)"),
    ),
    mutants=(
        Mutant(
            "reverse-kl",
            "split",
            lambda P, r: rel_entr(P, np.outer(p_x(P), p_y(P))).sum() + rel_entr(r, p_y(P)).sum(),
        ),
    ),
    golden=(Golden("J", {"P": J, "r": np.array([0.5, 0.5])}, {"information": 0.086304621736}),),
    scope="both",
)


def _draw_maps(rng: Generator) -> Case:
    P = table(rng, *sizes(rng))
    return {"P": P, "f": rng.permutation(len(P)), "g": rng.integers(len(P), size=len(P))}


_BIJECTION = Derivation(
    id="mi.bijection-invariance",
    title="A bijection keeps the information, a map that merges values may lose some",
    inputs=Inputs(
        "joint table P[x, y], a permutation f and a map g of X",
        _draw_maps,
        ({"P": J, "f": np.array([1, 0]), "g": np.array([0, 0])},),
    ),
    lines=(
        Line(
            "plain",
            r"I(X; Y) = \sum_{x,y} p(x,y) \log \frac{p(x,y)}{p(x) p(y)}",
            lambda P, f, g: rel_entr(P, np.outer(P.sum(1), P.sum(0))).sum(),
        ),
        Line(
            "renamed",
            r"I(f(X); Y)",
            lambda P, f, g: _information(_merged(P, f)),
            by="the same terms in another order",
        ),
        Line(
            "merged",
            r"I(g(X); Y)",
            lambda P, f, g: _information(_merged(P, g)),
            ">=",
            "data processing",
        ),
    ),
    mutants=(Mutant("many-to-one", "renamed", lambda P, f, g: _information(_merged(P, 0 * f))),),
    scope="both",
)


def _through(p: Floats, K: Floats) -> Any:
    """I(X; Y) of the input p and the channel K."""
    return _information(p[:, None] * K)


def _draw_mixtures(rng: Generator) -> Case:
    m, n = sizes(rng)
    return {
        "p": table(rng, m),
        "q": table(rng, m),
        "A": channel(rng, m, n),
        "B": channel(rng, m, n),
        "a": rng.integers(0, 11) / 10.0,
    }


_OPPOSED: Case = {
    "p": np.array([1.0, 0.0]),
    "q": np.array([0.0, 1.0]),
    "A": np.eye(2),
    "B": np.eye(2)[::-1],
    "a": 0.5,
}
"""Neither input tells anything; half of each tells a bit."""

_MIXTURES = Derivation(
    id="mi.concave-input-convex-channel",
    title="The information is concave in the input and convex in the channel",
    inputs=Inputs(
        "inputs p, q, channels A, B and a weight",
        _draw_mixtures,
        (_OPPOSED,),
    ),
    lines=(
        Line(
            "mixed-input",
            r"I(\alpha p + \bar\alpha q; A)",
            lambda p, q, A, B, a: _through(a * p + (1 - a) * q, A),
        ),
        Line(
            "inputs",
            r"\alpha I(p; A) + \bar\alpha I(q; A)",
            lambda p, q, A, B, a: a * _through(p, A) + (1 - a) * _through(q, A),
            ">=",
            "H(Y) is concave, H(Y | X) linear in p(x)",
        ),
        Line(
            "mixed-channel",
            r"I(p; \alpha A + \bar\alpha B)",
            lambda p, q, A, B, a: _through(p, a * A + (1 - a) * B),
            None,
        ),
        Line(
            "channels",
            r"\alpha I(p; A) + \bar\alpha I(p; B)",
            lambda p, q, A, B, a: a * _through(p, A) + (1 - a) * _through(p, B),
            "<=",
            "the divergence is jointly convex",
        ),
    ),
    mutants=(
        Mutant(
            "convex-in-input",
            "inputs",
            mirrored(
                lambda p, q, A, B, a: _through(a * p + (1 - a) * q, A),
                lambda p, q, A, B, a: a * _through(p, A) + (1 - a) * _through(q, A),
            ),
            _OPPOSED,
        ),
    ),
    scope="both",
)

DERIVATIONS: tuple[Derivation, ...] = (_GOLDEN, _BIJECTION, _MIXTURES)
