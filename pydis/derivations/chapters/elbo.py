"""The ELBO among its family: Rényi's bounds surround log p(x), and amortisation costs a gap.

One observation, finite codes, weights w(z) = p(x, z) / q(z); E_q w = p(x) where q > 0.
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.latent import COVERED, ELBO, FL, LOG_P_X, joint, ln, over
from pydis.derivations.tools import Floats, logsumexp, rel_entr, total
from pydis.information import kl_divergence

ALPHAS = np.array([-3, -1, -0.5, 0, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 2, 3])


def renyi(w: Floats, q: Floats, alpha: Floats | float) -> Floats:
    """L_α = log E_q[w^(1−α)] / (1 − α), in logarithms, for each α."""
    powers = np.atleast_1d(1 - np.asarray(alpha))
    found: Floats = logsumexp(ln(q) + powers[:, None] * np.log(w), axis=1) / powers
    return found


RENYI = Derivation(
    id="vi.renyi-sandwich",
    title="Rényi's bounds fall with α: above log p(x), log p(x) itself, the ELBO and below",
    conditions="q > 0 wherever the posterior is; α = 1 is the limit",
    source="Li and Turner 2016",
    inputs=COVERED,
    lines=(
        Line(
            "L0",
            r"\mathcal{L}_{-1} = \tfrac{1}{2} \log \mathbb{E}_q[w^2]",
            lambda pz, lik, q: np.log(q @ over(joint(pz, lik), q) ** 2) / 2,
        ),
        Line(
            "L1",
            r"\mathcal{L}_0 = \log \mathbb{E}_q[w]",
            lambda pz, lik, q: np.log(q @ over(joint(pz, lik), q)),
            relation=">=",
            by="the mean of squares is above the square of the mean",
        ),
        Line(
            "L2",
            r"\log p(x)",
            lambda pz, lik, q: np.log(pz @ lik),
            by="q covers the posterior",
            when=lambda pz, lik, q: bool(q.min() > 0),
        ),
        Line(
            "L3",
            r"\mathcal{L}_{1/2} = 2 \log \mathbb{E}_q[\sqrt{w}]",
            lambda pz, lik, q: 2 * np.log(np.sqrt(q) @ np.sqrt(pz * lik)),
            relation=">=",
            by="the root is concave",
        ),
        Line(
            "L4",
            r"\mathcal{L} = \mathbb{E}_q[\log w]",
            lambda pz, lik, q: q @ np.log(over(pz * lik, q)),
            relation=">=",
            by="the logarithm is concave",
        ),
        Line(
            "L5",
            r"\mathcal{L}_{.999999}",
            lambda pz, lik, q: renyi(over(joint(pz, lik), q), q, 0.999999),
            by="α → 1",
            tolerance=1e-4,
        ),
        Line(
            "M0",
            r"\mathcal{L}_{\alpha_i} = \frac{1}{1 - \alpha_i}"
            r" \log \mathbb{E}_q[w^{1 - \alpha_i}], \quad \alpha_1 < \alpha_2 < \dots",
            lambda pz, lik, q: renyi(over(joint(pz, lik), q), q, ALPHAS[:-1]),
            relation=None,
        ),
        Line(
            "M1",
            r"\mathcal{L}_{\alpha_{i + 1}}",
            lambda pz, lik, q: renyi(over(joint(pz, lik), q), q, ALPHAS[1:]),
            relation=">=",
            by="a power mean grows with its exponent",
        ),
    ),
    mutants=(
        Mutant(
            "increasing-in-alpha",
            "M1",
            lambda pz, lik, q: renyi(over(joint(pz, lik), q), q, 2 - ALPHAS[1:]),
        ),
    ),
    golden=(
        Golden("FL", FL, {"L2": LOG_P_X, "L4": ELBO}),
        Golden(
            "q misses a code of the posterior: L_0 is below log p(x)",
            FL | {"q": np.array([0.0, 0.4, 0.6])},
            {"L1": np.log(0.33), "L2": LOG_P_X},
        ),
    ),
)


def product(a: Floats, b: Floats) -> Floats:
    """q(z_1) q(z_2), `[2, 2]`."""
    found: Floats = np.outer(a, b)
    return found


def bound(q: Floats, p: Floats) -> float:
    """L[q] = Σ q log (p(x, z) / q)."""
    return -total(rel_entr(q, p))


def mean_field(p: Floats, a: Floats, b: Floats) -> Floats:
    """The best q(z_1) q(z_2) that coordinate ascent reaches from a, b and from nine other starts.

    q(z_1) ∝ exp E_{z_2} log p(x, z), then q(z_2) likewise; no step lowers the bound.
    """
    grid = np.array([[s, 1 - s] for s in (0.02, 0.5, 0.98)])
    A, B = np.vstack([a, np.repeat(grid, 3, 0)]), np.vstack([b, np.tile(grid, (3, 1))])
    for _ in range(60):
        A = np.exp(B @ np.log(p).T)
        A /= A.sum(1, keepdims=True)
        B = np.exp(A @ np.log(p))
        B /= B.sum(1, keepdims=True)
    return max(map(product, A, B), key=lambda q: bound(q, p))


def _draw_bits(rng: Generator) -> Case:
    p = (
        table(rng, 2, 2, low=1)
        if rng.integers(2)
        else product(table(rng, 2, low=1), table(rng, 2, low=1))
    )
    return {"p": p * rng.uniform(0.1, 0.9), "a": table(rng, 2, low=1), "b": table(rng, 2, low=1)}


def _bits(p: list[list[float]]) -> Case:
    return {"p": np.array(p), "a": np.array([0.3, 0.7]), "b": np.array([0.6, 0.4])}


AMORTISATION = Derivation(
    id="vi.amortisation-gap",
    title="The gap of an encoder is its family's gap and what it misses within the family",
    conditions="two bits z_1, z_2 and the family q(z_1) q(z_2); q* is the best of the family",
    source="Cremer, Li and Duvenaud 2018",
    inputs=Inputs(
        "p(x, z) of two bits, and a factorised q",
        _draw_bits,
        (
            _bits([[0.2, 0.05], [0.1, 0.3]]),
            _bits([[0.06, 0.14], [0.09, 0.21]]),  # a factorised posterior
            _bits([[0.3, 0.01], [0.01, 0.3]]),  # two best members of the family
        ),
    ),
    lines=(
        Line(
            "L0",
            r"\log p(x) - \mathcal{L}[q_\phi]",
            lambda p, a, b: np.log(p.sum()) - bound(product(a, b), p),
        ),
        Line(
            "L1",
            r"\mathrm{KL}(q^* \,\|\, p(z \mid x))"
            r" + \left(\mathcal{L}[q^*] - \mathcal{L}[q_\phi]\right)",
            lambda p, a, b: (
                total(rel_entr(mean_field(p, a, b), p / p.sum()))
                + (bound(mean_field(p, a, b), p) - bound(product(a, b), p))
            ),
            by="the approximation gap and the amortisation gap",
        ),
        Line(
            "L2",
            r"\mathrm{KL}(q_\phi \,\|\, p(z \mid x))",
            lambda p, a, b: kl_divergence(product(a, b), p / p.sum()),
            by="the decomposition of the evidence",
        ),
        Line(
            "G0",
            r"\left(\log p(x) - \mathcal{L}[q^*],\;"
            r" \mathcal{L}[q^*] - \mathcal{L}[q_\phi]\right)",
            lambda p, a, b: np.array(
                [
                    np.log(p.sum()) - bound(mean_field(p, a, b), p),
                    bound(mean_field(p, a, b), p) - bound(product(a, b), p),
                ]
            ),
            relation=None,
        ),
        Line(
            "G1",
            "0",
            lambda p, a, b: 0.0,
            relation=">=",
            by="the bound is a bound, and q* is the best",
        ),
        Line(
            "T0",
            r"\log p(x) = \mathcal{L}[q^*]",
            lambda p, a, b: bool(np.log(p.sum()) - bound(mean_field(p, a, b), p) < ZERO),
            relation=None,
        ),
        Line(
            "T1",
            r"p(z_1, z_2 \mid x) = p(z_1 \mid x)\, p(z_2 \mid x)",
            lambda p, a, b: bool(np.max(np.abs(p * p.sum() - np.outer(p.sum(1), p.sum(0)))) < 1e-9),
            relation="iff",
            by="the family holds the posterior",
        ),
    ),
    mutants=(
        Mutant(
            "negative-gap",
            "G0",
            lambda p, a, b: np.array(
                [
                    np.log(p.sum()) - bound(mean_field(p, a, b), p),
                    bound(product(a, b), p) - bound(mean_field(p, a, b), p),
                ]
            ),
        ),
    ),
)

DERIVATIONS = (RENYI, AMORTISATION)
