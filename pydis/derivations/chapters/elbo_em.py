"""Maximum likelihood by the bound: EM never lowers it, and it is the forward KL's minimiser."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, table
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.information import cross_entropy

BITS = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], np.float64)
"""The eight outcomes of three bits."""

STEPS = 12

Model = tuple[Floats, Floats]
"""The classes' probabilities `[2]` and each bit's within each class `[2, 3]`."""


def class_joint(model: Model) -> Floats:
    """p(k, x) for two classes and eight outcomes, the bits independent within a class."""
    weights, bits = model
    found: Floats = weights[:, None] * np.prod(
        np.where(BITS == 1, bits[:, None], 1 - bits[:, None]), axis=2
    )
    return found


def e_step(model: Model) -> Floats:
    """p(k | x), `[2, 8]`."""
    P = class_joint(model)
    found: Floats = P / P.sum(0)
    return found


def m_step(counts: Floats, r: Floats) -> Model:
    """The weighted averages: class shares, and each bit's share within a class."""
    n = counts * r
    return n.sum(1) / n.sum(), (n @ BITS) / n.sum(1, keepdims=True)


def track(counts: Floats, start: Model) -> list[Model]:
    """The models of EM, the first and STEPS more."""
    models = [start]
    for _ in range(STEPS):
        models.append(m_step(counts, e_step(models[-1])))
    return models


def log_likelihood(counts: Floats, model: Model) -> float:
    """Σ_x n(x) log p(x) / N."""
    return float(counts / counts.sum() @ np.log(class_joint(model).sum(0)))


def class_bound(counts: Floats, r: Floats, model: Model) -> float:
    """Σ_x n(x) Σ_k r(k | x) log [p(k, x) / r(k | x)] / N."""
    terms = xlogy(r, class_joint(model)) - xlogy(r, r)
    return float(counts / counts.sum() @ terms.sum(0))


def _draw_counts(rng: Generator) -> Case:
    return {
        "counts": rng.integers(1, 30, 8).astype(np.float64),
        "weights": np.array([0.4, 0.6]),
        "bits": rng.uniform(0.2, 0.8, (2, 3)),
        "noise": rng.dirichlet(np.ones(2), 8).T,
    }


EM = Derivation(
    id="vi.em-monotone",
    title="EM maximises the bound in turn over q and θ, and never lowers log p(x)",
    conditions="two classes, three bits independent within a class: not saturated",
    source="Neal and Hinton 1998",
    draws=10,
    inputs=Inputs("counts of three bits, a first model, other responsibilities", _draw_counts),
    lines=(
        Line(
            "B0",
            r"\mathcal{L}(r_t, \theta_t), \quad r_t(k \mid x) = p_{\theta_t}(k \mid x)",
            lambda counts, weights, bits, noise: np.array(
                [class_bound(counts, e_step(m), m) for m in track(counts, (weights, bits))[:-1]]
            ),
        ),
        Line(
            "B1",
            r"\frac{1}{N} \sum_x n(x) \log \sum_k p_{\theta_t}(k, x)",
            lambda counts, weights, bits, noise: np.array(
                [log_likelihood(counts, m) for m in track(counts, (weights, bits))[:-1]]
            ),
            by="the E step makes the bound tight",
        ),
        Line(
            "B2",
            r"\mathcal{L}(r_t, \theta_{t + 1})",
            lambda counts, weights, bits, noise: np.array(
                [
                    class_bound(counts, e_step(old), new)
                    for old, new in zip(
                        track(counts, (weights, bits))[:-1],
                        track(counts, (weights, bits))[1:],
                        strict=True,
                    )
                ]
            ),
            relation="<=",
            by="the M step raises the bound",
        ),
        Line(
            "B3",
            r"\frac{1}{N} \sum_x n(x) \log p_{\theta_{t + 1}}(x)",
            lambda counts, weights, bits, noise: np.array(
                [log_likelihood(counts, m) for m in track(counts, (weights, bits))[1:]]
            ),
            relation="<=",
            by="the bound is a bound",
        ),
        Line(
            "B4",
            r"\sum_x \frac{n(x)}{N} \log \frac{n(x)}{N}",
            lambda counts, weights, bits, noise: xlogy(
                counts / counts.sum(), counts / counts.sum()
            ).sum(),
            relation="<=",
            by="no model is more likely than the histogram",
        ),
    ),
    mutants=(
        Mutant(
            "random-responsibilities",
            "B0",
            lambda counts, weights, bits, noise: np.array(
                [class_bound(counts, noise, m) for m in track(counts, (weights, bits))[:-1]]
            ),
        ),
        Mutant(
            "m-step-ignores-counts",
            "B2",
            lambda counts, weights, bits, noise: np.array(
                [
                    class_bound(counts, e_step(m), m_step(np.ones(8), e_step(m)))
                    for m in track(counts, (weights, bits))[:-1]
                ]
            ),
        ),
    ),
)


def _draw_likelihoods(rng: Generator) -> Case:
    n = int(rng.integers(2, 9))
    return {"p": table(rng, n), "qs": rng.dirichlet(np.ones(n), 30)}


NLL = Derivation(
    id="vi.nll-kl-equivalence",
    title="The negative log-likelihood and the forward KL have the same minimiser",
    inputs=Inputs(
        "p and many q",
        _draw_likelihoods,
        (
            {"p": np.array([1.0, 0.0]), "qs": np.array([[0.3, 0.7], [0.8, 0.2]])},
            {"p": KL_P, "qs": np.stack([KL_Q, KL_P])},
        ),
    ),
    lines=(
        Line("L0", r"-\mathbb{E}_p \log q_i", lambda p, qs: -(np.log(qs) @ p)),
        Line(
            "L1",
            r"\mathrm{KL}(p \,\|\, q_i) + H(p)",
            lambda p, qs: rel_entr(p, qs).sum(1) - xlogy(p, p).sum(),
            by="H(p) added and subtracted",
        ),
        Line(
            "L2",
            r"H(p, q_i)",
            lambda p, qs: [cross_entropy(p, q / q.sum()) for q in qs],
            by="the name of the expectation",
        ),
        Line(
            "M0",
            r"\mathrm{argmin}_i\, \left(-\mathbb{E}_p \log q_i\right)",
            lambda p, qs: np.argmin(-(np.log(qs) @ p)),
            relation=None,
        ),
        Line(
            "M1",
            r"\mathrm{argmin}_i\, \mathrm{KL}(p \,\|\, q_i)",
            lambda p, qs: np.argmin(rel_entr(p, qs).sum(1)),
            by="H(p) does not depend on i",
        ),
    ),
    mutants=(Mutant("reverse-kl", "L1", lambda p, qs: rel_entr(qs, p).sum(1) - xlogy(p, p).sum()),),
    golden=(
        Golden(
            "the golden pair",
            {"p": KL_P, "qs": KL_Q[None]},
            {"L0": np.array([1.389715454700]), "L1": np.array([0.360062440636 + 1.029653014065])},
        ),
    ),
)

DERIVATIONS = (NLL, EM)
