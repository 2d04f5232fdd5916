"""Maximising the bound (§4.2.1): with q free it maximises log p(x), with q fixed it need not."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, rel_entr, total


def best_bound(p: Floats) -> float:
    """max_q Σ q log (p / q) for a p of two values, over all q = (t, 1 − t), by golden section."""
    low, high, ratio = 0.0, 1.0, (5**0.5 - 1) / 2
    for _ in range(60):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if _bound(np.array([a, 1 - a]), p) > _bound(np.array([b, 1 - b]), p):
            high = b
        else:
            low = a
    return _bound(np.array([low, 1 - low]), p)


def _bound(q: Floats, p: Floats) -> float:
    return -total(rel_entr(q, p))


def _two_models(rng: Generator) -> Case:
    pa, pb = table(rng, 4, low=1)[:2], table(rng, 4, low=1)[:2]
    return {"q": table(rng, 2, low=1), "pa": pa, "pb": pb}


TWO_MODELS: Case = {
    "q": np.array([0.5, 0.5]),
    "pa": np.array([0.3, 0.3]),
    "pb": np.array([0.9, 0.01]),
}

MAX_BOUND = Derivation(
    id="vi.max-bound-not-max-function",
    title="Maximising a lower bound maximises the function only if q is free",
    section="4.2.1",
    items=("D96",),
    conditions="two models p(x, z) of one observation, z of two values",
    inputs=Inputs("two models p(x, z), and a q", _two_models, (TWO_MODELS,)),
    lines=(
        Line(
            "G0",
            r"\mathcal{L}(\theta, q), \quad \theta = A, B",
            lambda q, pa, pb: np.array([q @ np.log(p / q) for p in (pa, pb)]),
        ),
        Line(
            "G1",
            r"\log p_\theta(x), \quad \theta = A, B",
            lambda q, pa, pb: np.log([pa.sum(), pb.sum()]),
            relation="<=",
            by="this much is guaranteed for any q",
        ),
        Line(
            "F0",
            r"\max_q \mathcal{L}(\theta, q), \quad \theta = A, B",
            lambda q, pa, pb: np.array([best_bound(pa), best_bound(pb)]),
            relation=None,
        ),
        Line(
            "F1",
            r"\log \sum_z p_\theta(x, z), \quad \theta = A, B",
            lambda q, pa, pb: np.log(np.stack([pa, pb]).sum(1)),
            by="the free q reaches the posterior, where KL = 0",
        ),
        Line(
            "M0",
            r"\log p_{\theta^*}(x), \quad"
            r" (\theta^*, q^*) = \mathrm{argmax}_{\theta, q}\, \mathcal{L}(\theta, q)",
            lambda q, pa, pb: np.log(max((pa, pb), key=best_bound).sum()),
            relation=None,
        ),
        Line(
            "M1",
            r"\max_\theta \log p_\theta(x)",
            lambda q, pa, pb: max(np.log(pa.sum()), np.log(pb.sum())),
            by="maximising over θ and all q maximises log p(x)",
        ),
    ),
    mutants=(
        Mutant(
            "argmax-l-is-argmax-logp-printed",
            "M0",
            lambda q, pa, pb: np.log(max((pa, pb), key=lambda p: _bound(q, p)).sum()),
            witness=TWO_MODELS,
        ),
    ),
    golden=(
        Golden(
            "A by the bound, B by the evidence",
            TWO_MODELS,
            {
                "G0": np.array([-0.510825623766, -1.662118170263]),
                "G1": np.array([-0.510825623766, -0.094310679471]),
                "M1": -0.094310679471,
            },
        ),
    ),
    errata=(
        Erratum(
            number="W11",
            item="D96",
            printed=r"\text{If one is maximizing the lower bound of a function, then one ends up"
            r" maximizing the function.}",
            corrected=r"\log p_\theta(x) \ge \mathcal{L}(\theta, q) \text{ for every } q, \quad"
            r" \max_{\theta, q} \mathcal{L}(\theta, q) = \max_\theta \log p_\theta(x)"
            r" \text{ if } q \text{ is unrestricted}",
            reason="With q fixed at (½, ½) the bound prefers the model with the smaller evidence.",
            label="M0",
            witness=TWO_MODELS,
            true_value=-0.094310679471,
            readings={
                "the function where its bound, for one q, is greatest": (
                    lambda q, pa, pb: np.log(max((pa, pb), key=lambda p: _bound(q, p)).sum()),
                    -0.510825623766,
                )
            },
        ),
    ),
)

DERIVATIONS = (MAX_BOUND,)
