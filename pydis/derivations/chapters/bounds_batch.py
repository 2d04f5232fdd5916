"""Bounds from a batch: where they are none, and what the size of the batch allows."""

from itertools import product

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.chapters.bounds import tilted
from pydis.derivations.chapters.mutual_information import I_J, informed
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_Q, ZERO, J, table
from pydis.derivations.tools import Floats, logsumexp, p_y, xlogy, y_given_x


def batch_gradient(q: Floats, T: Floats) -> Floats:
    """E over batches (i, j) of ∇_T log ½ (e^{T_i} + e^{T_j})."""
    found = np.zeros_like(T)
    for i, j in product(range(len(q)), repeat=2):
        share = np.exp(T[i] - np.logaddexp(T[i], T[j]))
        found += q[i] * q[j] * (share * np.eye(len(q))[i] + (1 - share) * np.eye(len(q))[j])
    return found


def draw_batch(rng: Generator) -> Case:
    """q with zeros now and then, and a critic that is constant every third time."""
    n = int(rng.integers(2, 6))
    T = rng.normal(size=n) * (rng.integers(3) > 0)
    return {"q": table(rng, n), "T": T}


def constant(q: Floats, T: Floats) -> bool:
    """Whether T is one value wherever q > 0."""
    return bool(np.ptp(T[q > 0]) <= ZERO)


MINE = Derivation(
    id="mi.mine-gradient-bias",
    title="With batches the bound of Donsker and Varadhan is too large in the mean",
    inputs=Inputs(
        "q and critic T",
        draw_batch,
        (
            {"q": KL_Q, "T": np.zeros(3)},
            {"q": np.array([0.5, 0.5, 0.0]), "T": np.array([1.0, 1.0, 9.0])},
        ),
    ),
    conditions="batches of two, all of them",
    lines=(
        Line(
            "L0",
            r"\sum_i \sum_j q_i q_j \log \frac{e^{T_i} + e^{T_j}}{2}",
            lambda q, T: np.sum(np.outer(q, q) * (np.logaddexp(T[:, None], T) - np.log(2))),
        ),
        Line(
            "L1",
            r"\log \mathbb{E}_q e^T",
            lambda q, T: logsumexp(np.where(q > 0, T + np.log(np.where(q > 0, q, 1)), -np.inf)),
            "<=",
            by="log is concave; so E_p T minus the first is above E_p T minus the second",
        ),
        Line(
            "C0",
            r"\mathbb{E}_{\mathrm{batch}}[\log \overline{e^T}] = \log \mathbb{E}_q e^T",
            lambda q, T: bool(
                np.log(q @ np.exp(T)) - q @ np.log((np.exp(T)[:, None] + np.exp(T)) / 2) @ q <= ZERO
            ),
            None,
        ),
        Line(
            "C1",
            r"T \text{ is constant where } q > 0",
            constant,
            "iff",
            by="log is strictly concave",
        ),
        Line(
            "G0",
            r"\mathbb{E}_{\mathrm{batch}}[\nabla_T \log \overline{e^T}]"
            r" = \nabla_T \log \mathbb{E}_q e^T",
            lambda q, T: bool(np.abs(batch_gradient(q, T) - tilted(q, T)).max() <= ZERO),
            None,
        ),
        Line(
            "G1",
            r"\max_{q(x) > 0} T = \min_{q(x) > 0} T",
            lambda q, T: bool(T[q > 0].max() - T[q > 0].min() <= ZERO),
            "iff",
            by="the gradient of a batch is that of another function",
        ),
    ),
    golden=(
        Golden(
            "fair coin, T = 0 or log 3",
            {"q": np.array([0.5, 0.5]), "T": np.log([1.0, 3.0])},
            {"L0": np.log(12) / 4, "L1": np.log(2), "G0": False},
        ),
        Golden("T constant", {"q": KL_Q, "T": np.zeros(3)}, {"L0": 0.0, "L1": 0.0, "G0": True}),
    ),
    mutants=(Mutant("batch-gradient-unbiased", "G0", lambda q, T: True),),
)

SIZES = (1, 2, 3, 4)


def contrast(P: Floats, f: Floats, k: int, *, positive: bool = True) -> float:
    """E log [f(x, y₁) / mean f(x, y_j)] over (x, y₁) from P and y₂ … y_k from p(y), all of them.

    The mean is over j = 1 … k, or without `positive` over j = 2 … k.
    """
    weight, score = P[..., None], np.zeros((*P.shape, 1))
    for _ in range(k - 1):
        weight = (weight[..., None] * p_y(P)).reshape(*P.shape, -1)
        score = (score[..., None] + f[:, None, None, :]).reshape(*P.shape, -1)
    mean = (score + f[..., None]) / k if positive else score / (k - 1)
    f, mean = np.broadcast_arrays(f[..., None], mean)
    return float(xlogy(weight, np.divide(f, mean, out=np.ones(f.shape), where=weight > 0)).sum())


def critic(P: Floats) -> Floats:
    """f*(x, y) = p(y | x) / p(y)."""
    return np.divide(y_given_x(P), p_y(P), out=np.ones_like(P), where=p_y(P) > 0)


def batches(P: Floats, f: Floats, k: int) -> float:
    """The mean of the library's value over all batches of k pairs from P."""
    cells = list(np.ndindex(P.shape))
    found = 0.0
    for batch in product(cells, repeat=k):
        x, y = np.array(batch).T
        found += np.prod(P[x, y]) * information.infonce(np.log(f[np.ix_(x, y)]))
    return float(found)


def draw_scored(rng: Generator) -> Case:
    """A table of 3 × 3, nearly deterministic now and then, and a critic f > 0."""
    P = table(rng, 3, 3)
    if rng.integers(3) == 0:
        P = 0.97 * np.eye(3) / 3 + 0.03 * P
    return {"P": P, "f": np.exp(rng.normal(size=(3, 3)))}


ON_J: Case = {"P": J, "f": critic(J)}
SHARP: Case = {"P": np.eye(3) / 3, "f": np.eye(3) + 1e-3}

INFONCE = Derivation(
    id="mi.infonce",
    title="Contrast in a batch bounds the information, and by no more than log K",
    inputs=Inputs("joint table P `[3, 3]`, critic f > 0", draw_scored, (SHARP,)),
    conditions="the pair itself is in the denominator; all batches are enumerated, K ≤ 4",
    draws=8,
    lines=(
        Line(
            "L0",
            r"I_K(g f), \quad g(x)^{-1} = \sum_y p(y)\, f(x, y)",
            lambda P, f: np.array([contrast(P, f / (f @ p_y(P))[:, None], k) for k in SIZES]),
        ),
        Line(
            "L1",
            r"I_K(f) = \mathbb{E} \log \frac{f(x, y_1)}{\frac{1}{K} \sum_j f(x, y_j)},"
            r" \quad K = 1, \dots, 4",
            lambda P, f: np.array([contrast(P, f, k) for k in SIZES]),
            by="g(x) is in the numerator and in each term of the denominator",
        ),
        Line(
            "L2",
            r"\min(I(X; Y), \log K)",
            lambda P, f: np.minimum(informed(P), np.log(SIZES)),
            "<=",
            by="Donsker and Varadhan, given the other y; and the mean is at least f / K",
        ),
        Line(
            "D0",
            r"I_{K + 1}(f^*) - I_K(f^*), \quad f^* = \frac{p(y \mid x)}{p(y)}",
            lambda P, f: np.diff([contrast(P, critic(P), k) for k in SIZES]),
            None,
        ),
        Line("D1", r"0", lambda P, f: 0.0, ">=", by="more to compare with"),
        Line("B0", r"I_K(f^*)", lambda P, f: [contrast(P, critic(P), k) for k in SIZES], None),
        Line("B1", r"I(X; Y)", lambda P, f: information.mutual_information(P), "<="),
        Line(
            "Z0",
            r"\mathbb{E}\, \frac{1}{K} \sum_i \log"
            r" \frac{f(x_i, y_i)}{\frac{1}{K} \sum_j f(x_i, y_j)}, \quad K = 1, 2",
            lambda P, f: [batches(P, f, k) for k in (1, 2)],
            None,
        ),
        Line(
            "Z1",
            r"0,\ \sum_{x, y, y'} p(x, y)\, p(y') \log \frac{2 f(x, y)}{f(x, y) + f(x, y')}",
            lambda P, f: np.array(
                [
                    0.0,
                    np.sum(
                        P[:, :, None]
                        * p_y(P)
                        * np.log(2 * f[:, :, None] / (f[:, :, None] + f[:, None, :]))
                    ),
                ]
            ),
            by="each pair has the others' y as fresh draws",
        ),
    ),
    golden=(
        Golden(
            "J, f*",
            ON_J,
            dict.fromkeys(
                ("L0", "L1", "B0"),
                np.array([0.0, 0.043318210512, 0.057862084326, 0.065078458638]),
            )
            | {"B1": I_J},
        ),
    ),
    mutants=(
        Mutant(
            "positive-excluded-from-denominator",
            "L1",
            lambda P, f: np.array([contrast(P, f, k, positive=False) for k in (2, 2, 3, 4)]),
        ),
        Mutant("no-logk-cap", "L1", lambda P, f: np.full(4, informed(P)), SHARP),
        Mutant(
            "decreasing-in-k",
            "D0",
            lambda P, f: -np.diff([contrast(P, critic(P), k) for k in SIZES]),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (MINE, INFONCE)
