"""Importance weighted bounds: more samples make them tighter, and the gap falls as 1 / K.

One observation, finite codes, weights w(z) = p(x, z) / q(z); E_q w = p(x) where q > 0.
"""

from functools import reduce

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.latent import ELBO, FL, joint, posterior
from pydis.derivations.tools import Floats, xlogy
from pydis.objectives import Terms, evidence_lower_bound


def outer(terms: list[Floats], combine: np.ufunc) -> Floats:
    """The terms combined for each of the m^K outcomes of K draws, as one axis."""
    found: Floats = reduce(lambda a, b: combine.outer(a, b).ravel(), terms)
    return found


def importance(w: Floats, q: Floats, K: int) -> float:
    """L_K = E log (w(z_1) + … + w(z_K)) / K, the sum over all m^K outcomes."""
    return float(outer([q] * K, np.multiply) @ np.log(outer([w] * K, np.add) / K))


def harmonic(w: Floats, q: Floats, K: int) -> float:
    """−E log of the mean of 1 / w: what falls as K grows."""
    return float(-outer([q] * K, np.multiply) @ np.log(outer([1 / w] * K, np.add) / K))


def average_of_logs(w: Floats, q: Floats, K: int) -> float:
    """E of the mean of log w, which does not depend on K."""
    return float(outer([q] * K, np.multiply) @ outer([np.log(w)] * K, np.add) / K)


def _draw_three(rng: Generator) -> Case:
    pz, lik, q = table(rng, 3, low=1), rng.integers(1, 21, 3) / 20, table(rng, 3, low=1)
    return {"pz": pz, "lik": lik, "q": posterior(pz, lik) if rng.integers(4) == 0 else q}


THREE = Inputs(
    "finite latent model of three codes and q > 0",
    _draw_three,
    (FL | {"q": posterior(FL["pz"], FL["lik"])}, FL | {"q": FL["pz"]}),
)

IWAE = Derivation(
    id="vi.iwae-monotone",
    title="More samples make the importance weighted bound tighter",
    conditions="q > 0; equality throughout where q is the posterior",
    source="Burda, Grosse and Salakhutdinov 2016, theorem 1",
    draws=10,
    inputs=THREE,
    lines=(
        Line(
            "E0",
            r"\mathbb{E}_q[\log p(x \mid z)] - \mathrm{KL}(q(z) \,\|\, p(z))",
            lambda pz, lik, q: evidence_lower_bound(
                Terms(np.array([-q @ np.log(lik)]), np.array([xlogy(q, q / pz).sum()]))
            )[0],
        ),
        Line(
            "E1",
            r"\mathcal{L}_1 = \mathbb{E}_{z \sim q} \log w(z)",
            lambda pz, lik, q: q @ np.log(joint(pz, lik) / q),
            by="one sample makes the ELBO",
        ),
        Line(
            "M0",
            r"\mathcal{L}_K = \mathbb{E}_{z_1, \dots, z_K \sim q}"
            r" \log \frac{1}{K} \sum_k w(z_k), \quad K = 1, \dots, 4",
            lambda pz, lik, q: np.array(
                [importance(joint(pz, lik) / q, q, K) for K in (1, 2, 3, 4)]
            ),
            relation=None,
        ),
        Line(
            "M1",
            r"\mathcal{L}_{K + 1}, \quad K = 1, \dots, 4",
            lambda pz, lik, q: np.array(
                [importance(joint(pz, lik) / q, q, K) for K in (2, 3, 4, 5)]
            ),
            relation="<=",
            by="the mean over K + 1 is the mean of means over K; the logarithm is concave",
        ),
        Line(
            "M2",
            r"\mathcal{L}_{K + 2}, \quad K = 1, \dots, 4",
            lambda pz, lik, q: np.array(
                [importance(joint(pz, lik) / q, q, K) for K in (3, 4, 5, 6)]
            ),
            relation="<=",
            by="once more",
        ),
        Line(
            "M3",
            r"\log p(x)",
            lambda pz, lik, q: np.log(np.sum(pz * lik)),
            relation="<=",
            by="the mean of the weights is p(x), and the logarithm is concave",
        ),
        Line(
            "T0",
            r"\mathcal{L}_1 = \mathcal{L}_2",
            lambda pz, lik, q: bool(
                importance(joint(pz, lik) / q, q, 2) - importance(joint(pz, lik) / q, q, 1) < ZERO
            ),
            relation=None,
        ),
        Line(
            "T1",
            r"q(z) = p(z \mid x)",
            lambda pz, lik, q: bool(np.max(np.abs(q - posterior(pz, lik))) < ZERO),
            relation="iff",
            by="then, and only then, the weights are constant",
        ),
    ),
    mutants=(
        Mutant(
            "average-of-logs",
            "M1",
            lambda pz, lik, q: np.array(
                [average_of_logs(joint(pz, lik) / q, q, K) for K in (2, 3, 4, 5)]
            ),
        ),
        Mutant(
            "decreasing",
            "M1",
            lambda pz, lik, q: np.array([harmonic(joint(pz, lik) / q, q, K) for K in (2, 3, 4, 5)]),
        ),
    ),
    golden=(
        Golden(
            "FL",
            FL,
            {
                "E0": ELBO,
                "M0": np.array([ELBO, -0.884819129601, -0.871843518436, -0.865064297110]),
            },
        ),
    ),
)


def binomial(K: int, p: float) -> Floats:
    """The probabilities of 0 … K successes."""
    steps = np.concatenate([[0.0], np.log(np.arange(1, K + 1))]).cumsum()
    found: Floats = np.exp(
        steps[K]
        - steps
        - steps[::-1]
        + np.arange(K + 1) * np.log(p)
        + np.arange(K, -1, -1) * np.log1p(-p)
    )
    return found


def gap(w: Floats, q: Floats, K: int) -> float:
    """K (log p(x) − L_K) for two codes, by the number of draws that were the first."""
    n = np.arange(K + 1)
    bound = binomial(K, q[0]) @ np.log((n * w[0] + (K - n) * w[1]) / K)
    return float(K * (np.log(q @ w) - bound))


def _draw_two(rng: Generator) -> Case:
    pz, lik, t = rng.uniform(0.3, 0.7), rng.uniform(0.3, 1, 2), rng.uniform(0.3, 0.7)
    return {"pz": np.array([pz, 1 - pz]), "lik": lik, "q": np.array([t, 1 - t])}


_TWO = {"pz": np.array([0.4, 0.6]), "lik": np.array([0.9, 0.3]), "q": np.array([0.5, 0.5])}

IWAE_RATE = Derivation(
    id="vi.iwae-gap-rate",
    title="The gap of the importance weighted bound falls as 1 / K",
    conditions="K = 400 for the limit; with 400 and 800 together the next order cancels",
    source="Maddison et al. 2017, proposition 1",
    inputs=Inputs(
        "finite latent model of two codes and q > 0",
        _draw_two,
        (_TWO, _TWO | {"q": posterior(_TWO["pz"], _TWO["lik"])}),
    ),
    lines=(
        Line(
            "L0",
            r"K (\log p(x) - \mathcal{L}_K), \quad K = 400",
            lambda pz, lik, q: gap(joint(pz, lik) / q, q, 400),
        ),
        Line(
            "L1",
            r"\frac{\mathrm{Var}_q\, w}{2 p(x)^2}",
            lambda pz, lik, q: (
                (q @ (joint(pz, lik) / q) ** 2 - (pz @ lik) ** 2) / (2 * (pz @ lik) ** 2)
            ),
            by="the logarithm to second order about the mean weight",
            tolerance=0.08,
        ),
        Line(
            "L2",
            r"2 \cdot 800 (\log p(x) - \mathcal{L}_{800}) - 400 (\log p(x) - \mathcal{L}_{400})",
            lambda pz, lik, q: (
                2 * gap(joint(pz, lik) / q, q, 800) - gap(joint(pz, lik) / q, q, 400)
            ),
            by="the term in 1 / K cancels",
            tolerance=1e-4,
        ),
    ),
    mutants=(Mutant("rate-1-k-2", "L0", lambda pz, lik, q: 400 * gap(joint(pz, lik) / q, q, 400)),),
)

DERIVATIONS = (IWAE, IWAE_RATE)
