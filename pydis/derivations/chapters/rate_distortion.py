"""The β-VAE as rate and distortion: β is the price of a nat, the slope of a convex curve.

A finite model with its decoder g(x | z) and prior r(z) fixed. An encoder q(z | x) has the
distortion D = −E log g(x | z) and the rate R = E KL(q(z | x), r(z)); the best one for β is
q_β(z | x) ∝ r(z) g(x | z)^(1/β).
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.inputs.latent import VAE
from pydis.derivations.tools import Floats, logsumexp, rel_entr
from pydis.objectives import Terms, beta_objective

BETAS = np.geomspace(0.1, 20, 60)


def best_encoder(r: Floats, g: Floats, beta: float) -> Floats:
    """q_β(z | x), `[N, m]`."""
    logits = np.log(r) + np.log(g.T) / beta
    found: Floats = np.exp(logits - logsumexp(logits, axis=1)[:, None])
    return found


def distortion(px: Floats, q: Floats, g: Floats) -> float:
    """−Σ p(x) q(z | x) log g(x | z)."""
    return float(-np.sum(px[:, None] * q * np.log(g.T)))


def rate(px: Floats, q: Floats, r: Floats) -> float:
    """Σ p(x) KL(q(z | x), r(z))."""
    return float(px @ rel_entr(q, r).sum(1))


def curve(px: Floats, r: Floats, g: Floats) -> tuple[Floats, Floats]:
    """D and R of q_β for every β, `[60]` each."""
    path = [best_encoder(r, g, float(beta)) for beta in BETAS]
    return (
        np.array([distortion(px, q, g) for q in path]),
        np.array([rate(px, q, r) for q in path]),
    )


def within(px: Floats, q: Floats, r: Floats, limit: float) -> Floats:
    """The encoder on the way from r to q whose rate is `limit`, or q where it has less."""
    low, high = 0.0, 1.0
    if rate(px, q, r) <= limit:
        return q
    for _ in range(30):
        t = (low + high) / 2
        if rate(px, r + t * (q - r), r) <= limit:
            low = t
        else:
            high = t
    found: Floats = r + low * (q - r)
    return found


def _draw(rng: Generator) -> Case:
    n, m = rng.integers(2, 5, size=2)
    return {
        "px": table(rng, n, low=1),
        "r": table(rng, m, low=1),
        "g": channel(rng, m, n, low=1),
        "qs": rng.dirichlet(np.ones(m), (30, n)),
        "beta": float(rng.uniform(0.3, 3)),
    }


_QS = np.random.Generator(np.random.Philox(3)).dirichlet(np.ones(2), (30, 3))

STAR = {"px": VAE["px"], "r": VAE["r"], "g": VAE["g"], "qs": _QS, "beta": 0.8}

FIXED_DECODER = Inputs(
    "p(x), a prior r(z) and a decoder g(x | z), both fixed, many encoders, and β",
    _draw,
    (
        STAR,
        STAR | {"g": np.full((2, 3), 1 / 3)},  # the decoder ignores z: one point, R = 0
    ),
)

MONOTONE = Derivation(
    id="bvae.rate-distortion-monotone",
    items=("D08",),
    title="Along β the distortion grows and the rate falls on a convex curve of slope −β",
    conditions="decoder and prior fixed; one point where the decoder ignores z",
    source="Alemi et al. 2018",
    draws=4,
    inputs=FIXED_DECODER,
    lines=(
        Line(
            "D0",
            r"D(\beta_i), \quad \beta_1 < \beta_2 < \dots",
            lambda px, r, g, qs, beta: curve(px, r, g)[0][:-1],
        ),
        Line(
            "D1",
            r"D(\beta_{i + 1})",
            lambda px, r, g, qs, beta: curve(px, r, g)[0][1:],
            relation="<=",
            by="a dearer nat buys less",
        ),
        Line(
            "R0",
            r"R(\beta_i)",
            lambda px, r, g, qs, beta: curve(px, r, g)[1][:-1],
            relation=None,
        ),
        Line(
            "R1",
            r"R(\beta_{i + 1})",
            lambda px, r, g, qs, beta: curve(px, r, g)[1][1:],
            relation=">=",
            by="a dearer nat buys less",
        ),
        Line(
            "S0",
            r"\beta_i (R(\beta_i) - R(\beta_{i + 1}))",
            lambda px, r, g, qs, beta: -BETAS[:-1] * np.diff(curve(px, r, g)[1]),
            relation=None,
        ),
        Line(
            "S1",
            r"D(\beta_{i + 1}) - D(\beta_i)",
            lambda px, r, g, qs, beta: np.diff(curve(px, r, g)[0]),
            relation="<=",
            by="q at the smaller β is optimal for it",
        ),
        Line(
            "S2",
            r"\beta_{i + 1} (R(\beta_i) - R(\beta_{i + 1}))",
            lambda px, r, g, qs, beta: -BETAS[1:] * np.diff(curve(px, r, g)[1]),
            relation="<=",
            by="q at the greater β is optimal for it",
        ),
        Line(
            "C0",
            r"D(\beta_i) (R(\beta_{i-1}) - R(\beta_{i+1}))",
            lambda px, r, g, qs, beta: _middle(*curve(px, r, g)),
            relation=None,
        ),
        Line(
            "C1",
            r"D(\beta_{i-1}) (R(\beta_i) - R(\beta_{i+1}))"
            r" + D(\beta_{i+1}) (R(\beta_{i-1}) - R(\beta_i))",
            lambda px, r, g, qs, beta: _chord(*curve(px, r, g)),
            relation="<=",
            by="the curve is below its chords: it is convex",
        ),
        Line(
            "K0",
            r"D(q_j), \quad R(q_j) \le R(\beta)",
            lambda px, r, g, qs, beta: [
                distortion(px, within(px, q, r, rate(px, best_encoder(r, g, beta), r)), g)
                for q in qs
            ],
            relation=None,
        ),
        Line(
            "K1",
            r"D(\beta)",
            lambda px, r, g, qs, beta: distortion(px, best_encoder(r, g, beta), g),
            relation=">=",
            by="q_β has the least distortion of all encoders of no greater rate",
        ),
        Line(
            "L0",
            r"D(q_j) + \beta R(q_j)",
            lambda px, r, g, qs, beta: beta_objective(
                Terms(
                    np.array([distortion(px, q, g) for q in qs]),
                    np.array([rate(px, q, r) for q in qs]),
                ),
                beta,
            ),
            relation=None,
        ),
        Line(
            "L1",
            r"-\beta \sum_x p(x) \log \sum_z r(z)\, g(x \mid z)^{1/\beta}",
            lambda px, r, g, qs, beta: (
                -beta * (px @ logsumexp(np.log(r) + np.log(g.T) / beta, axis=1))
            ),
            relation=">=",
            by="the Lagrangian at its minimum",
        ),
        Line(
            "L2",
            r"D(\beta) + \beta R(\beta)",
            lambda px, r, g, qs, beta: (
                distortion(px, best_encoder(r, g, beta), g)
                + beta * rate(px, best_encoder(r, g, beta), r)
            ),
            by="which is at q_β",
        ),
    ),
    mutants=(
        Mutant(
            "slope-sign",
            "S1",
            lambda px, r, g, qs, beta: -np.diff(curve(px, r, g)[0]),
        ),
        Mutant(
            "nonconvex",
            "C1",
            # The curve mirrored in its chords.
            lambda px, r, g, qs, beta: 2 * _middle(*curve(px, r, g)) - _chord(*curve(px, r, g)),
        ),
    ),
)


def _middle(D: Floats, R: Floats) -> Floats:
    """D_i (R_{i−1} − R_{i+1})."""
    return D[1:-1] * (R[:-2] - R[2:])


def _chord(D: Floats, R: Floats) -> Floats:
    """The chord of the neighbours at R_i, times their distance."""
    return D[:-2] * (R[1:-1] - R[2:]) + D[2:] * (R[:-2] - R[1:-1])


DERIVATIONS = (MONOTONE,)
