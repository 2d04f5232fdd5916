"""How the divergence compares with other distances, with mixtures, and among neighbours."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, PMF_PAIR, table
from pydis.derivations.tools import Floats, logsumexp, rel_entr, total
from pydis.information import kl_divergence


def _tv(p: Floats, q: Floats) -> Any:
    """½ Σ |p − q|."""
    return 0.5 * np.abs(p - q).sum()


_PINSKER = Derivation(
    id="kl.pinsker",
    title="The divergence bounds the total variation: Pinsker, Bretagnolle and Huber",
    inputs=Inputs(
        PMF_PAIR.name,
        PMF_PAIR.draw,
        (*PMF_PAIR.structured, {"p": np.array([0.5, 0.5]), "q": np.array([0.51, 0.49])}),
    ),
    lines=(
        Line(
            "kl",
            r"\mathrm{KL}(p \,\|\, q) = \sum_x p(x) \log \frac{p(x)}{q(x)}",
            lambda p, q: rel_entr(p, q).sum(),
        ),
        Line("library", r"\mathrm{KL}(p \,\|\, q)", kl_divergence, by="its definition"),
        Line(
            "pinsker",
            r"2 \left(\tfrac12 \sum_x |p(x) - q(x)|\right)^2",
            lambda p, q: 2 * _tv(p, q) ** 2,
            ">=",
            "Pinsker's inequality",
        ),
        Line("tv", r"\tfrac12 \sum_x |p(x) - q(x)|", lambda p, q: np.maximum(p - q, 0).sum(), None),
        Line(
            "huber",
            r"\sqrt{1 - e^{-\mathrm{KL}(p \,\|\, q)}}",
            lambda p, q: np.sqrt(max(0.0, -np.expm1(-total(rel_entr(p, q))))),
            "<=",
            "the inequality of Bretagnolle and Huber",
        ),
    ),
    mutants=(
        Mutant("factor-8", "pinsker", lambda p, q: 8 * _tv(p, q) ** 2),
        Mutant(
            "reverse",
            "pinsker",
            mirrored(lambda p, q: rel_entr(p, q).sum(), lambda p, q: 2 * _tv(p, q) ** 2),
        ),
    ),
    golden=(Golden("KL*", {"p": KL_P, "q": KL_Q}, {"library": 0.360062440636, "tv": 0.4}),),
    conditions="in nats",
    scope="both",
)


def _draw_mixture(rng: Generator) -> Case:
    n = int(rng.integers(2, 7))
    return {
        "p": np.stack([table(rng, n), table(rng, n)]),
        "q": np.stack([table(rng, n, low=1), table(rng, n, low=1)]),
        "a": rng.integers(0, 11) / 10.0,
    }


_PAIRS = {
    "p": np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]),
    "q": np.array([[0.2, 0.2, 0.6], [0.3, 0.6, 0.1]]),
}

_CONVEXITY = Derivation(
    id="kl.joint-convexity",
    title="The divergence of mixtures is at most the mixture of the divergences",
    inputs=Inputs(
        "two pairs of distributions and a weight",
        _draw_mixture,
        ({**_PAIRS, "a": 0.0}, {**_PAIRS, "a": 1.0}, {**_PAIRS, "a": 0.5}),
    ),
    lines=(
        Line(
            "term",
            r"(\alpha p + \bar\alpha p') \log \frac{\alpha p + \bar\alpha p'}"
            r"{\alpha q + \bar\alpha q'}",
            lambda p, q, a: rel_entr(np.array([a, 1 - a]) @ p, np.array([a, 1 - a]) @ q),
        ),
        Line(
            "log-sum",
            r"\alpha p \log \frac pq + \bar\alpha p' \log \frac{p'}{q'}",
            lambda p, q, a: a * rel_entr(p[0], q[0]) + (1 - a) * rel_entr(p[1], q[1]),
            "<=",
            "the log-sum inequality, for each x",
        ),
        Line(
            "mixed",
            r"\mathrm{KL}(\alpha p + \bar\alpha p' \,\|\, \alpha q + \bar\alpha q')",
            lambda p, q, a: rel_entr(a * p[0] + (1 - a) * p[1], a * q[0] + (1 - a) * q[1]).sum(),
            None,
        ),
        Line(
            "apart",
            r"\alpha \mathrm{KL}(p \,\|\, q) + \bar\alpha \mathrm{KL}(p' \,\|\, q')",
            lambda p, q, a: np.array([a, 1 - a]) @ rel_entr(p, q).sum(1),
            "<=",
            "its sum over x",
        ),
    ),
    mutants=(
        Mutant(
            "concave",
            "apart",
            mirrored(
                lambda p, q, a: rel_entr(
                    a * p[0] + (1 - a) * p[1], a * q[0] + (1 - a) * q[1]
                ).sum(),
                lambda p, q, a: (
                    a * rel_entr(p[0], q[0]).sum() + (1 - a) * rel_entr(p[1], q[1]).sum()
                ),
            ),
        ),
    ),
    scope="both",
)


def _draw_neighbours(rng: Generator) -> Case:
    return {"theta": rng.normal(size=4), "delta": 1e-4 * rng.normal(size=4)}


def _softmax(theta: Floats) -> Floats:
    """p_i = exp θ_i / Σ_j exp θ_j."""
    p: Floats = np.exp(theta - logsumexp(theta))
    return p


def _fisher(p: Floats) -> Floats:
    """F = diag p − p pᵀ."""
    return np.diag(p) - np.outer(p, p)


def _changes(theta: Floats, delta: Floats) -> bool:
    """Along δ ∥ (1, …, 1) the distribution stays, F is singular and the ratio is 0 / 0."""
    return bool(np.ptp(delta) > 0)


_FISHER = Derivation(
    id="kl.fisher-second-order",
    title="The divergence of neighbours is half the Fisher form",
    inputs=Inputs(
        "softmax parameters θ and a small step δ",
        _draw_neighbours,
        (
            {"theta": np.zeros(4), "delta": 1e-4 * np.ones(4)},
            {"theta": np.zeros(4), "delta": 1e-4 * np.array([1.0, 0.0, 0.0, 0.0])},
        ),
    ),
    lines=(
        Line(
            "ratio",
            r"\frac{\mathrm{KL}(p_\theta \,\|\, p_{\theta + \delta})}"
            r"{\tfrac12 \delta^\top F \delta}",
            lambda theta, delta: (
                rel_entr(_softmax(theta), _softmax(theta + delta)).sum()
                / (0.5 * delta @ _fisher(_softmax(theta)) @ delta)
            ),
            when=_changes,
        ),
        Line(
            "one",
            r"1",
            lambda theta, delta: 1.0,
            "==",
            "to first order the divergence is stationary",
            0.0025,  # of 1 + 1: the ratio to 0.005
            _changes,
        ),
        Line(
            "form",
            r"\delta^\top \left(\mathrm{diag}(p) - p p^\top\right) \delta",
            lambda theta, delta: 1e8 * delta @ _fisher(_softmax(theta)) @ delta,
            None,
        ),
        Line(
            "score",
            r"\mathbb E_{p_\theta}\left[(\delta^\top \nabla_\theta \log p_\theta)^2\right]",
            lambda theta, delta: (
                _softmax(theta) @ ((np.eye(4) - _softmax(theta)) @ (1e4 * delta)) ** 2
            ),
            by="F is the variance of the score",
        ),
    ),
    mutants=(
        Mutant(
            "missing-half",
            "ratio",
            lambda theta, delta: (
                rel_entr(_softmax(theta), _softmax(theta + delta)).sum()
                / (delta @ _fisher(_softmax(theta)) @ delta)
            ),
        ),
    ),
    scope="both",
)

DERIVATIONS: tuple[Derivation, ...] = (_PINSKER, _CONVEXITY, _FISHER)
