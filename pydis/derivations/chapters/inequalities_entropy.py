"""Entropies of several variables, of mixtures, and of what a guess leaves open."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored, same
from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import ANY_JOINT, table
from pydis.derivations.inputs.three import COPIES, THREE, given, marginal, product
from pydis.derivations.tools import Floats, p_y, rel_entr, x_given_y, xlogy


def _h(p: Floats) -> Any:
    """−Σ p log p."""
    return -xlogy(p, p).sum()


def _apart(p: Floats) -> Any:
    """H(X) + H(Y) + H(Z)."""
    return sum(_h(marginal(p, axis)) for axis in range(3))


_CHAIN = Derivation(
    id="entropy.chain-n",
    title="Entropies add up along a chain of conditions, and are submodular",
    inputs=THREE,
    lines=(
        Line("joint", r"-\sum_{x,y,z} p(x,y,z) \log p(x,y,z)", lambda p: -xlogy(p, p).sum()),
        Line(
            "chain",
            r"-\sum_{x,y,z} p(x,y,z)\left[\log p(x) + \log p(y \mid x) + \log p(z \mid x,y)\right]",
            lambda p: (
                -(
                    xlogy(p, marginal(p, 0))
                    + xlogy(p, given(marginal(p, 0, 1), 0))
                    + xlogy(p, given(p, 0, 1))
                ).sum()
            ),
            by="p(x, y, z) = p(x) p(y | x) p(z | x, y)",
        ),
        Line("sum", r"H(X) + H(Y) + H(Z)", _apart, "<=", "a condition raises no entropy"),
        Line(
            "equal",
            r"H(X, Y, Z) = H(X) + H(Y) + H(Z)",
            lambda p: same(_h(p), _apart(p)),
            None,
        ),
        Line(
            "independent",
            r"p(x, y, z) = p(x) p(y) p(z)",
            lambda p: same(p, product(p)),
            "iff",
            "the difference is the total correlation",
        ),
        Line(
            "conditional",
            r"\sum p(x,y,z) \log \frac{p(x,y \mid z)}{p(x \mid z) p(y \mid z)}",
            lambda p: rel_entr(
                p, given(marginal(p, 0, 2), 2) * given(marginal(p, 1, 2), 2) * marginal(p, 2)
            ).sum(),
            None,
        ),
        Line(
            "submodular",
            r"H(X, Z) + H(Y, Z) - H(X, Y, Z) - H(Z)",
            lambda p: _h(marginal(p, 0, 2)) + _h(marginal(p, 1, 2)) - _h(p) - _h(marginal(p, 2)),
            by="p(x, y | z) = p(x, y, z) / p(z)",
        ),
        Line("zero", r"0", lambda p: 0.0, ">=", "it is the mean of divergences"),
    ),
    mutants=(
        Mutant(
            "marginal-instead-of-conditional",
            "chain",
            lambda p: (
                -(xlogy(p, marginal(p, 0)) + xlogy(p, marginal(p, 1)) + xlogy(p, marginal(p, 2)))
            ).sum(),
            {"p": COPIES},
        ),
        Mutant("reverse-subadditivity", "sum", mirrored(_h, _apart), {"p": COPIES}),
    ),
)


def _draw_two(rng: Generator) -> Case:
    n = int(rng.integers(1, 7))
    p = table(rng, n)
    q = p if rng.integers(4) == 0 else table(rng, n)
    return {"p": p, "q": q, "a": rng.integers(0, 11) / 10.0}


_TWO = {"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.2, 0.2, 0.6])}


def _gain(p: Floats, q: Floats, a: float) -> Any:
    """H(αp + (1 − α)q) − αH(p) − (1 − α)H(q)."""
    return _h(a * p + (1 - a) * q) - a * _h(p) - (1 - a) * _h(q)


def _about_component(p: Floats, q: Floats, a: float) -> Any:
    """The mean divergence of the components from their mixture."""
    mixture = a * p + (1 - a) * q
    return (rel_entr(a * p, a * mixture) + rel_entr((1 - a) * q, (1 - a) * mixture)).sum()


_CONCAVITY = Derivation(
    id="entropy.concavity",
    title="What mixing adds to the entropy is what x tells of the component",
    inputs=Inputs(
        "two distributions and a weight",
        _draw_two,
        (
            {**_TWO, "a": 0.0},
            {**_TWO, "a": 1.0},
            {**_TWO, "a": 0.25},
            {"p": _TWO["q"], "q": _TWO["q"], "a": 0.5},
        ),
    ),
    lines=(
        Line(
            "gain",
            r"H(\alpha p + \bar\alpha q) - \alpha H(p) - \bar\alpha H(q)",
            _gain,
        ),
        Line(
            "information",
            r"\alpha \sum_x p \log \frac{p}{\alpha p + \bar\alpha q}"
            r" + \bar\alpha \sum_x q \log \frac{q}{\alpha p + \bar\alpha q}",
            _about_component,
            by="H(x) - H(x | component) = I(component; x)",
        ),
        Line("zero", r"0", lambda p, q, a: 0.0, ">=", "an information is not negative"),
        Line(
            "equal",
            r"I(\text{component}; x) = 0",
            lambda p, q, a: same(_about_component(p, q, a), 0.0),
            None,
        ),
        Line(
            "trivial",
            r"p = q \text{ or } \alpha \in \{0, 1\}",
            lambda p, q, a: same(p, q) or a in (0.0, 1.0),
            "iff",
            "else x and the component depend on each other",
        ),
    ),
    mutants=(Mutant("convex", "zero", mirrored(_about_component, lambda p, q, a: 0.0)),),
    scope="both",
)


def _errors(P: Floats) -> Floats:
    """P(X ≠ x̂(y) | y) of the most probable x̂(y), for each y; 0 where p(y) = 0."""
    found: Floats = np.where(p_y(P) > 0, 1 - x_given_y(P).max(0), 0.0)
    return found


def _missed(P: Floats) -> float:
    """P_e = P(X ≠ x̂(Y))."""
    return float(p_y(P) @ _errors(P))


def _binary(t: Any) -> Any:
    """h_b(t) = −t log t − (1 − t) log(1 − t)."""
    return -xlogy(t, t) - xlogy(1 - np.asarray(t), 1 - np.asarray(t))


def _others(P: Floats) -> Floats:
    """p(x | y, X ≠ x̂(y)) for each y at which errors happen, `[m, ·]`."""
    slices = x_given_y(P)[:, _errors(P) > 0].copy()
    slices[slices.argmax(0), np.arange(slices.shape[1])] = 0.0
    found: Floats = slices / slices.sum(0)
    return found


def _fano(P: Floats) -> Any:
    """h_b(P_e) + P_e log(|X| − 1)."""
    return _binary(_missed(P)) + xlogy(_missed(P), len(P) - 1)


def _best_guess_left(P: Floats) -> Any:
    """Σ_y p(y) h_b(P_e(y)) + P_e log(|X| − 1)."""
    return p_y(P) @ _binary(_errors(P)) + xlogy(_missed(P), len(P) - 1)


_FANO = Derivation(
    id="entropy.fano",
    title="A small probability of error leaves little entropy",
    inputs=ANY_JOINT,
    lines=(
        Line(
            "left",
            r"H(X \mid Y) = -\sum_{x,y} p(x,y) \log p(x \mid y)",
            lambda P: -xlogy(P, x_given_y(P)).sum(),
        ),
        Line(
            "error",
            r"\sum_y p(y) \left[h_b(P_e(y)) + P_e(y) H(X \mid y, X \ne \hat x(y))\right]",
            lambda P: (
                p_y(P) @ _binary(_errors(P))
                + (p_y(P) * _errors(P))[_errors(P) > 0] @ -xlogy(_others(P), _others(P)).sum(0)
            ),
            by="first whether the guess is wrong, then what X is",
        ),
        Line(
            "uniform",
            r"\sum_y p(y) h_b(P_e(y)) + P_e \log(|\mathcal X| - 1)",
            _best_guess_left,
            "<=",
            "|X| − 1 values are left",
        ),
        Line(
            "fano",
            r"h_b(P_e) + P_e \log(|\mathcal X| - 1)",
            _fano,
            "<=",
            "h_b is concave",
        ),
        Line("none", r"P_e = 0", lambda P: same(_missed(P), 0.0), None),
        Line(
            "determined",
            r"H(X \mid Y) = 0",
            lambda P: same(xlogy(P, x_given_y(P)).sum(), 0.0),
            "iff",
            "X is a function of Y",
        ),
    ),
    mutants=(
        Mutant("drop-binary-entropy", "fano", lambda P: xlogy(_missed(P), len(P) - 1)),
        Mutant(
            "log-k-for-log-k-1-reversed",
            "fano",
            mirrored(
                _best_guess_left,
                lambda P: _binary(_missed(P)) + xlogy(_missed(P), len(P)),
            ),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (_CHAIN, _CONCAVITY, _FANO)
