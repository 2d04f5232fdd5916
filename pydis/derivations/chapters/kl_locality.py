"""What 'preserves local information' can mean: four statements that can be computed."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, table
from pydis.derivations.tools import Floats, rel_entr


def draw_neighbours(rng: Generator) -> Case:
    """p, q on 6 points with a permutation; two probabilities; logits and a small step of them."""
    low, high = np.sort(rng.choice(np.arange(1, 100), size=2, replace=False)) / 100
    return {
        "p": table(rng, 6),
        "q": table(rng, 6, low=1),
        "order": rng.permutation(6),
        "high": float(high),
        "low": float(low),
        "theta": rng.normal(size=5),
        "step": 1e-4 * rng.normal(size=5),
    }


def softmax(theta: Floats) -> Floats:
    """exp θ_i / Σ_j exp θ_j."""
    e = np.exp(theta - theta.max())
    found: Floats = e / e.sum()
    return found


FAR = (1, 2, 3, 4, 5)
"""Distances from the first of six points."""


def _point(k: int) -> Floats:
    """All mass on point k of six."""
    found: Floats = np.eye(6)[k]
    return found


def _fisher(theta: Floats) -> Floats:
    """F = diag(p) − p pᵀ of a softmax."""
    p = softmax(theta)
    found: Floats = np.diag(p) - np.outer(p, p)
    return found


STAR: Case = {
    "p": np.concatenate([KL_P, np.zeros(3)]),
    "q": np.concatenate([KL_Q, np.zeros(3)]),
    "order": np.array([3, 1, 0, 2, 5, 4]),
    "high": 0.4,
    "low": 0.01,
    "theta": np.array([0.3, -1.0, 0.5, 0.0, 1.2]),
    "step": np.array([1e-4, -5e-5, 0.0, 2e-4, 1e-4]),
}

LOCALITY = Derivation(
    id="kl.locality",
    title="What the divergence sees: ratios at each outcome, and no distance between outcomes",
    section="3",
    items=("D41",),
    inputs=Inputs("p, q, an order, two probabilities, logits", draw_neighbours, (STAR,)),
    lines=(
        Line(
            "A0",
            r"\sum_x p(x) \log \frac{p(x)}{q(x)}",
            lambda p, q, **_: rel_entr(p, q).sum(),
        ),
        Line(
            "A1",
            r"\mathrm{KL}(p \circ \pi \,\|\, q \circ \pi)",
            lambda p, q, order, **_: information.kl_divergence(p[order], q[order]),
            by="the outcomes are only renamed",
        ),
        Line(
            "B0",
            r"\mathrm{KL}(\delta_0 \,\|\, \delta_k), \quad k = 1, \dots, 5",
            lambda **_: np.array([rel_entr(_point(0), _point(k)).sum() for k in FAR]),
            None,
        ),
        Line(
            "B1",
            r"\infty",
            lambda **_: np.inf,
            by="the supports are disjoint, however near",
        ),
        Line(
            "W0",
            r"W_1(\delta_0, \delta_k) = \sum_i |F_0(i) - F_k(i)|",
            lambda **_: np.array([np.abs(np.cumsum(_point(0) - _point(k))).sum() for k in FAR]),
            None,
        ),
        Line("W1", r"k", lambda **_: np.array(FAR), by="all mass moves k places"),
        Line(
            "C0",
            r"p \log \frac{p}{q}, \quad p > q",
            lambda high, low, **_: high * np.log(high / low),
            None,
        ),
        Line("C1", r"0", lambda **_: 0.0, ">", by="to miss what p has costs"),
        Line(
            "C2",
            r"q \log \frac{q}{p}",
            lambda high, low, **_: low * np.log(low / high),
            ">",
            by="to add what p has not gains a little",
        ),
        Line(
            "F0",
            r"\frac{\mathrm{KL}(p_\theta \,\|\, p_{\theta + \delta})}"
            r"{\frac{1}{2} \delta^\top F \delta}",
            lambda theta, step, **_: (
                rel_entr(softmax(theta), softmax(theta + step)).sum()
                / (0.5 * step @ _fisher(theta) @ step)
            ),
            None,
        ),
        Line("F1", r"1", lambda **_: 1.0, tolerance=2e-3, by="to second order it is the metric F"),
    ),
    golden=(
        Golden(
            "(0.4, 0.01)",
            STAR,
            {
                "A0": 0.360062440636,
                "W0": np.array([1.0, 2.0, 3.0, 4.0, 5.0]),
                "C0": 0.4 * np.log(40),
                "C2": -0.01 * np.log(40),
            },
        ),
    ),
    mutants=(
        Mutant(
            "wasserstein-is-blind-too",
            "W0",
            lambda **_: np.array([0.5 * np.abs(_point(0) - _point(k)).sum() for k in FAR]),
        ),
        Mutant(
            "reverse-kl-same-penalty",
            "C0",
            lambda high, low, **_: low * np.log(low / high),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (LOCALITY,)
