"""A neuron need not mean one thing; a penalty on the correlation need not cost reconstruction."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel
from pydis.derivations.tools import Floats, p_x, p_y, rel_entr, x_given_y, xlogy

_IGNORES = np.array([0.5, 0.0, 0.0, 0.5])
_PAIR: Case = {
    "encoders": np.stack([np.tile(_IGNORES, (4, 1)), np.eye(4)]).reshape(2, 4, 2, 2),
    "g": (0.2 + 0.2 * np.eye(4)).reshape(2, 2, 4),
    "gammas": np.array([0.0, 1.0]),
}
"""One encoder ignores x and draws 00 or 11, the other copies x; p(x | z) is 0.4 or 0.2."""


def _recons(encoders: Floats, g: Floats) -> Floats:
    """−1/N Σ_n E_{q(z | n)}[log g(x_n | z)] of each encoder."""
    n = encoders.shape[1]
    log_g = np.log(np.moveaxis(g, -1, 0)[:n])
    return np.array([-(q * log_g).sum() / n for q in encoders])


def _rates(encoders: Floats) -> Floats:
    """1/N Σ_n KL(q(z | n) ‖ uniform) of each encoder."""
    n, cells = encoders.shape[1], encoders[0, 0].size
    return np.array([rel_entr(q, 1 / cells).sum() / n for q in encoders])


def _correlations(encoders: Floats) -> Floats:
    """TC(q(z)) of each encoder, z of two coordinates."""
    z = [q.mean(0) for q in encoders]
    return np.array([rel_entr(t, np.outer(t.sum(1), t.sum(0))).sum() for t in z])


def _best(encoders: Floats, g: Floats, gammas: Floats) -> Any:
    """The encoder that is best for each γ: the least recon + KL + γ TC."""
    rest = _recons(encoders, g) + _rates(encoders)
    return (rest + gammas[:, None] * _correlations(encoders)).argmin(1)


def _draw_family(rng: Generator) -> Case:
    flat = np.stack([channel(rng, 3, 4) for _ in range(8)])
    return {
        "encoders": flat.reshape(8, 3, 2, 2),
        "g": channel(rng, 4, 3, low=1).reshape(2, 2, 3),
        "gammas": np.array([0.0, 0.3, 1.0, 3.0, 10.0, 100.0]),
    }


_PENALTY = Derivation(
    id="survey.tc-penalty-cost-not-universal",
    section="2",
    items=("D08",),
    title="A penalty on the correlation lowers it at the cost of the rest, not of reconstruction",
    inputs=Inputs(
        "encoders to choose from, a decoder g(x | z), and weights γ",
        _draw_family,
        (
            {**_PAIR, "gammas": np.array([0.0, 0.25, 1.0])},  # a tie at 1/4
            {**_PAIR, "encoders": _PAIR["encoders"][[0, 0]]},
        ),
    ),
    lines=(
        Line(
            "correlation",
            r"\mathrm{TC}(q_{\gamma_i}), \quad q_\gamma = \arg\min_q A(q) + \gamma \mathrm{TC}(q)",
            lambda encoders, g, gammas: _correlations(encoders)[_best(encoders, g, gammas)[:-1]],
        ),
        Line(
            "correlation-after",
            r"\mathrm{TC}(q_{\gamma_{i+1}})",
            lambda encoders, g, gammas: _correlations(encoders)[_best(encoders, g, gammas)[1:]],
            ">=",
            "each q_γ is best for its γ",
        ),
        Line(
            "rise",
            r"A(q_{\gamma_{i+1}}) - A(q_{\gamma_i}), \quad A = \text{recon} + \mathrm{KL}",
            lambda encoders, g, gammas: np.diff(
                (_recons(encoders, g) + _rates(encoders))[_best(encoders, g, gammas)]
            ),
            None,
        ),
        Line("zero", r"0", lambda encoders, g, gammas: 0.0, ">=", "by the same"),
        Line("recons", r"\text{recon}(q)", lambda encoders, g, gammas: _recons(encoders, g), None),
        Line("rates", r"\mathrm{KL}(q)", lambda encoders, g, gammas: _rates(encoders), None),
        Line("chosen", r"\arg\min_q A(q) + \gamma \mathrm{TC}(q)", _best, None),
        Line(
            "every-correlation",
            r"\mathrm{TC}(q)",
            lambda encoders, g, gammas: _correlations(encoders),
            None,
        ),
    ),
    mutants=(
        Mutant(
            "recon-monotone-in-gamma",
            "rise",
            lambda encoders, g, gammas: np.diff(_recons(encoders, g)[_best(encoders, g, gammas)]),
            _PAIR,
        ),
    ),
    golden=(
        Golden(
            "one that ignores x, one that copies it",
            _PAIR,
            {
                "recons": -np.log([0.4**0.25 * 0.2**0.75, 0.4]),
                "rates": np.log([2.0, 4.0]),
                "every-correlation": np.log([2.0, 1.0]),
                "chosen": np.array([0, 1]),
            },
        ),
    ),
    errata=(
        Erratum(
            number="Q3",
            item="D08",
            printed=r"\text{this constraint often leads to higher reconstruction errors}",
            corrected=r"\text{for } \beta\, \mathrm{KL} \text{ and a fixed decoder it must;}"
            r" \text{ for a penalty on TC it need not}",
            reason="γ = 1 prefers the encoder that copies x, whose reconstruction is better",
            label="recons",
            witness=_PAIR,
            true_value=np.array([1.436151117294, 0.916290731874]),
            readings={
                "the error of the chosen encoder does not fall as γ grows": (
                    lambda encoders, g, gammas: np.maximum.accumulate(
                        _recons(encoders, g)[_best(encoders, g, gammas)]
                    ),
                    1.436151117294,
                )
            },
        ),
    ),
    source="Kim and Mnih 2018",
)


def _neuron(pa: float, pb: float) -> Floats:
    """The joint table of the four (a, b) and n = a ∨ b."""
    cells = np.outer([1 - pa, pa], [1 - pb, pb]).ravel()
    return np.stack([cells * [1, 0, 0, 0], cells * [0, 1, 1, 1]], axis=1)


def _with_a(pa: float, pb: float) -> Floats:
    """The joint table of a and n."""
    found: Floats = _neuron(pa, pb).reshape(2, 2, 2).sum(1)
    return found


def _with_b(pa: float, pb: float) -> Floats:
    """The joint table of b and n."""
    found: Floats = _neuron(pa, pb).reshape(2, 2, 2).sum(0)
    return found


def _coin(t: float) -> Any:
    """−t log t − (1 − t) log(1 − t)."""
    return -xlogy(t, t) - xlogy(1 - t, 1 - t)


_NEURON = Derivation(
    id="survey.neuron-entangled",
    section="2",
    items=("D05",),
    title="A neuron for corner or bright tells of both, and identifies neither",
    inputs=Inputs(
        "probabilities of independent bits a (corner) and b (bright); n = a ∨ b",
        lambda rng: {"pa": rng.uniform(0.1, 0.9), "pb": rng.uniform(0.1, 0.9)},
        ({"pa": 0.1, "pb": 0.9},),
    ),
    lines=(
        Line(
            "corner",
            r"I(n; a) = \sum_{a,n} p(a,n) \log \frac{p(a,n)}{p(a) p(n)}",
            lambda pa, pb: rel_entr(
                _with_a(pa, pb), np.outer(p_x(_with_a(pa, pb)), p_y(_with_a(pa, pb)))
            ).sum(),
        ),
        Line(
            "corner-entropies",
            r"h_b((1 - p_a)(1 - p_b)) - (1 - p_a) h_b(p_b)",
            lambda pa, pb: _coin((1 - pa) * (1 - pb)) - (1 - pa) * _coin(pb),
            by="I = H(n) − H(n | a); n = 1 where a = 1",
        ),
        Line("zero", r"0", lambda pa, pb: 0.0, ">", "n depends on a"),
        Line(
            "bright",
            r"I(n; b) = H(b) - H(b \mid n)",
            lambda pa, pb: _coin(pb) + xlogy(_with_b(pa, pb), x_given_y(_with_b(pa, pb))).sum(),
            "<",
            "and on b",
        ),
        Line(
            "left",
            r"H(a, b \mid n) = -\sum p(a,b,n) \log p(a,b \mid n)",
            lambda pa, pb: -xlogy(_neuron(pa, pb), x_given_y(_neuron(pa, pb))).sum(),
            None,
        ),
        Line(
            "left-entropies",
            r"H(a) + H(b) - H(n)",
            lambda pa, pb: _coin(pa) + _coin(pb) - _coin((1 - pa) * (1 - pb)),
            by="n is a function of independent a and b",
        ),
        Line("nothing", r"\log 1", lambda pa, pb: np.log(1.0), ">", "three pairs share n = 1"),
    ),
    mutants=(Mutant("neuron-identifies-cause", "left", lambda pa, pb: 0.0),),
    golden=(
        Golden(
            "fair bits",
            {"pa": 0.5, "pb": 0.5},
            {
                "corner": 1.5 * np.log(2) - 0.75 * np.log(3),
                "bright": 1.5 * np.log(2) - 0.75 * np.log(3),
                "left": 0.75 * np.log(3),
            },
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (_NEURON, _PENALTY)
