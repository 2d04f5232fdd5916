"""Rate and distortion: a capacity is an exact penalty, and a fair bit has a known curve."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.chapters.rate_distortion import (
    BETAS,
    FIXED_DECODER,
    best_encoder,
    distortion,
    rate,
)
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats, xlogy
from pydis.information import mutual_information


def capacity(
    px: Floats, r: Floats, g: Floats, qs: Floats, beta: float, gamma: float
) -> list[float]:
    """D + γ |R − C| for the encoders given and for the best of every β; C = R(q_β)."""
    limit = rate(px, best_encoder(r, g, beta), r)
    encoders = [*qs, *(best_encoder(r, g, float(b)) for b in BETAS)]
    return [distortion(px, q, g) + gamma * abs(rate(px, q, r) - limit) for q in encoders]


CAPACITY = Derivation(
    id="bvae.capacity-exact-penalty",
    title="A capacity C = R(β) with a price γ ≥ β has the β-VAE's optimum",
    conditions="γ ≥ β; below it the penalty does not hold the rate at C",
    source="Burgess et al. 2018",
    draws=10,
    inputs=FIXED_DECODER,
    lines=(
        Line(
            "L0",
            r"D(q) + \gamma\, |R(q) - C|, \quad C = R(\beta), \quad \gamma = \beta",
            lambda px, r, g, qs, beta: capacity(px, r, g, qs, beta, gamma=beta),
        ),
        Line(
            "L1",
            r"D(\beta)",
            lambda px, r, g, qs, beta: distortion(px, best_encoder(r, g, beta), g),
            relation=">=",
            by="D(q) + β R(q) is least at q_β, and γ |R − C| is not below β (R − C)",
        ),
        Line(
            "M0",
            r"D(q) + 3 \beta\, |R(q) - C|",
            lambda px, r, g, qs, beta: capacity(px, r, g, qs, beta, gamma=3 * beta),
            relation=None,
        ),
        Line(
            "M1",
            r"D(\beta) + 3 \beta\, |R(\beta) - C|",
            lambda px, r, g, qs, beta: (
                distortion(px, best_encoder(r, g, beta), g)
                + 3 * beta * abs(rate(px, best_encoder(r, g, beta), r) - _limit(px, r, g, beta))
            ),
            relation=">=",
            by="a higher price changes nothing",
        ),
    ),
    mutants=(
        Mutant(
            "gamma-below-multiplier",
            "L0",
            lambda px, r, g, qs, beta: capacity(px, r, g, qs, beta, gamma=0.5 * beta),
        ),
    ),
)


def _limit(px: Floats, r: Floats, g: Floats, beta: float) -> float:
    """C = E_q_β[log g / β] − E log Z_β: the rate by the normaliser, not by the definition."""
    q = best_encoder(r, g, beta)
    weights = np.log((r * g.T ** (1 / beta)).sum(1))
    return -distortion(px, q, g) / beta - float(px @ weights)


def blahut_arimoto(beta: float, start: Floats) -> tuple[float, float]:
    """(D, R) of a fair bit, distortion 1[x ≠ z], the code's marginal free, from a first one."""
    errors, r = 1 - np.eye(2), start
    for _ in range(500):
        q = r * np.exp(-errors / beta)
        q /= q.sum(1, keepdims=True)
        r = q.mean(0)
    return float((q * errors).sum() / 2), float((xlogy(q, q) - xlogy(q, r)).sum() / 2)


def _draw(rng: Generator) -> Case:
    t = rng.uniform(0.1, 0.9)
    return {"beta": float(rng.uniform(0.15, 1.8)), "start": np.array([t, 1 - t])}


def _bit(beta: float) -> Case:
    return {"beta": beta, "start": np.array([0.7, 0.3])}


BINARY = Derivation(
    id="rd.binary-blahut-arimoto",
    title="The rate of a fair bit with errors: log 2 less the entropy of an error",
    conditions="distortion 1[x ≠ z], 1/β its multiplier; β → ∞ has R = 0, D = ½",
    source="Blahut 1972; Cover and Thomas 2006, theorem 10.3.1",
    tolerance="T2",
    draws=5,
    inputs=Inputs(
        "β and a first marginal of the code",
        _draw,
        (_bit(0.2), _bit(0.5), _bit(1.0), _bit(2.0), _bit(1e9)),
    ),
    lines=(
        Line(
            "L0",
            r"(D, R) \text{ at the fixed point of } q(z \mid x) \propto r(z) e^{-d(x, z)/\beta},"
            r" \quad r(z) = \sum_x p(x) q(z \mid x)",
            lambda beta, start: np.array(blahut_arimoto(beta, start)),
        ),
        Line(
            "L1",
            r"\left(\frac{e^{-1/\beta}}{1 + e^{-1/\beta}},\; \log 2 - h_b(D)\right)",
            lambda beta, start: _error_and_rate(1 / (1 + np.exp(1 / beta))),
            by="r is uniform by symmetry, and an error has weight e^(−1/β)",
        ),
        Line(
            "L2",
            r"\left(D, I(x; z)\right), \quad p(x, z) = \frac{1}{2} \left(1 - D\right)"
            r" \text{ or } \frac{1}{2} D",
            lambda beta, start: np.array(
                [
                    np.exp(-1 / beta) / (1 + np.exp(-1 / beta)),
                    mutual_information(
                        np.array([[1, np.exp(-1 / beta)], [np.exp(-1 / beta), 1]])
                        / (2 + 2 * np.exp(-1 / beta))
                    ),
                ]
            ),
            by="with r the marginal of z the rate is the mutual information",
        ),
    ),
    mutants=(
        Mutant(
            "wrong-exponent",
            "L1",
            lambda beta, start: _error_and_rate(1 / (1 + np.exp(min(beta, 700.0)))),
            witness=_bit(0.5),
        ),
    ),
    golden=(
        Golden("β = ½", _bit(0.5), {"L1": np.array([0.119202922022, 0.327813325473])}),
        Golden("β = 1", _bit(1.0), {"L1": np.array([0.268941421370, 0.110944071672])}),
    ),
)


def _error_and_rate(D: float) -> Floats:
    """(D, log 2 − h_b(D))."""
    return np.array([D, np.log(2) + xlogy(D, D) + xlogy(1 - D, 1 - D)])


DERIVATIONS = (CAPACITY, BINARY)
