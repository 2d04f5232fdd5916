"""A conditional GAN: one game for each class, which a discriminator blind to it cannot see."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.chapters.gan import best
from pydis.derivations.chapters.gan_value import LOG_4, js
from pydis.derivations.claims import same
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, channel, table
from pydis.derivations.tools import Floats, xlogy
from pydis.objectives import adversarial_value


def _draw(rng: Generator) -> Case:
    """Classes p(y), and for each what the data and the generator have; every third time alike."""
    m, n = (int(k) for k in rng.integers(1, 5, size=2))
    P = channel(rng, m, n)
    return {"py": table(rng, m), "P": P, "Q": P if rng.integers(3) == 0 else channel(rng, m, n)}


_EXCHANGED: Case = {
    "py": np.array([0.5, 0.5]),
    "P": np.array([[0.9, 0.1], [0.1, 0.9]]),
    "Q": np.array([[0.1, 0.9], [0.9, 0.1]]),
}
"""Each class is made as the other: over both together the data are met."""

_TWO: Case = {
    "py": np.array([0.25, 0.75]),
    "P": np.stack([KL_P, KL_Q]),
    "Q": np.stack([KL_Q, KL_Q]),
}
"""The golden pair in the first class, and a generator that knows the second."""


def _values(py: Floats, P: Floats, Q: Floats) -> Floats:
    """Σ_x p(x | y) log D*(x, y) + q(x | y) log(1 − D*(x, y)) of each class."""
    D = best(P, Q)
    found: Floats = (xlogy(P, D) + xlogy(Q, 1 - D)).sum(1)
    return found


def _blind(py: Floats, P: Floats, Q: Floats) -> Any:
    """The value for the best D(x) that is not told y."""
    D = best(py @ P, py @ Q)
    return py @ (xlogy(P, D) + xlogy(Q, 1 - D)).sum(1)


def _by_logits(py: Floats, P: Floats, Q: Floats) -> Any:
    """E over y and pairs of one example of the data and one that is made, from the logit of D*."""
    a = np.log(P) - np.log(Q)
    n, found = a.shape[1], 0.0
    for w, p, q, logit in zip(py, P, Q, a, strict=True):
        value = adversarial_value(np.repeat(logit, n), np.tile(logit, n))
        found += w * float(np.outer(p, q).ravel() @ value)
    return found


CONDITIONAL = Derivation(
    id="gan.conditional-value",
    title="A conditional game is the mean of its classes' games, and asks for each of them",
    inputs=Inputs(
        "classes p(y), data p(x | y) and generator q(x | y)",
        _draw,
        (_EXCHANGED, {**_EXCHANGED, "py": np.array([1.0, 0.0])}, {**_TWO, "Q": _TWO["P"]}),
    ),
    conditions="the generator is given y from p(y), the discriminator sees x and y",
    source="Mirza and Osindero 2014",
    lines=(
        Line(
            "L0",
            r"\sum_y p(y) \max_D \{ \mathbb{E}_{p(x \mid y)} \log D(x, y)"
            r" + \mathbb{E}_{q(x \mid y)} \log(1 - D(x, y)) \}",
            lambda py, P, Q: py @ _values(py, P, Q),
        ),
        Line(
            "L1",
            r"\sum_y p(y)\, (2\, \mathrm{JSD}(p(x \mid y) \,\|\, q(x \mid y)) - \log 4)",
            lambda py, P, Q: sum(
                w * (2 * js(p, q) - LOG_4) for w, p, q in zip(py, P, Q, strict=True)
            ),
            by="each class is a game of its own",
        ),
        Line(
            "L2",
            r"2\, \mathrm{JSD}(p(x, y) \,\|\, q(x, y)) - \log 4",
            lambda py, P, Q: (
                2 * information.js_divergence(py[:, None] * P, py[:, None] * Q) - LOG_4
            ),
            by="the classes are the same, so the divergence of pairs is the mean one given y",
        ),
        Line(
            "L3",
            r"\mathbb{E}[\log \sigma(a) + \log(1 - \sigma(\tilde a))], \quad"
            r" a = \log \frac{p(x \mid y)}{q(x \mid y)}",
            _by_logits,
            by="the library's value, at the logit of D*",
            when=lambda py, P, Q: bool((P > 0).all() and (Q > 0).all()),
        ),
        Line(
            "L4",
            r"\max_D \mathbb{E}_{p(x)} \log D(x) + \mathbb{E}_{q(x)} \log(1 - D(x))",
            _blind,
            ">=",
            by="a D that does not see y is one of those that may",
        ),
        Line(
            "L5",
            r"2\, \mathrm{JSD}(p(x) \,\|\, q(x)) - \log 4",
            lambda py, P, Q: 2 * js(py @ P, py @ Q) - LOG_4,
            by="which is the game without classes",
        ),
        Line(
            "I0",
            r"\text{the value is } -\log 4",
            lambda py, P, Q: same(py @ _values(py, P, Q), -LOG_4),
            None,
        ),
        Line(
            "I1",
            r"p(x \mid y) = q(x \mid y) \text{ wherever } p(y) > 0",
            lambda py, P, Q: same(P[py > 0], Q[py > 0]),
            "iff",
            by="a mean of divergences is 0 only where each is",
        ),
    ),
    golden=(
        Golden(
            "KL* in one class of four",
            _TWO,
            dict.fromkeys(("L0", "L1", "L2", "L3"), -1.341011436142256),
        ),
        Golden("classes exchanged", _EXCHANGED, {"L4": -LOG_4, "L5": -LOG_4, "I0": False}),
    ),
    mutants=(
        Mutant(
            "every-class-alike",
            "L1",
            lambda py, P, Q: np.mean([2 * js(p, q) - LOG_4 for p, q in zip(P, Q, strict=True)]),
            _TWO,
        ),
        Mutant(
            "class-not-shown", "L2", lambda py, P, Q: 2 * js(py @ P, py @ Q) - LOG_4, _EXCHANGED
        ),
        Mutant("marginals-suffice", "I1", lambda py, P, Q: same(py @ P, py @ Q), _EXCHANGED),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (CONDITIONAL,)
