"""Bounds of the divergence by a critic: Donsker and Varadhan, Nguyen, Wainwright and Jordan."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, ZERO, table
from pydis.derivations.tools import Floats, rel_entr, xlogy

KL_STAR = 0.360062440636


def draw_critic(rng: Generator) -> Case:
    """Positive p and q on 2 to 8 points; T is any critic, or log p / q and a constant."""
    n = int(rng.integers(2, 9))
    p, q = table(rng, n, low=1), table(rng, n, low=1)
    t = (2 * rng.normal(size=n), np.log(p / q) + 1, np.log(p / q) + rng.normal())
    return {"p": p, "q": q, "t": t[rng.integers(3)]}


NEAR = 1e-6
"""What an 'iff' calls equal critics: √ZERO, as the bounds are quadratic in what T lacks."""

HEIGHTS = np.array([1.0, 10.0, 100.0])

STAR: Case = {"p": KL_P, "q": KL_Q, "t": np.array([1.0, -0.5, 0.3])}
BEST: Case = {"p": KL_P, "q": KL_Q, "t": np.log(KL_P / KL_Q) + 1}


def dv(p: Floats, q: Floats, t: Floats) -> float:
    """E_p T − log E_q exp T."""
    return float(p @ t - np.log(q @ np.exp(t)))


def tilted(q: Floats, t: Floats) -> Floats:
    """q exp T / E_q exp T."""
    weights = q * np.exp(t - t.max())
    found: Floats = weights / weights.sum()
    return found


def first(q: Floats) -> Floats:
    """1[x = x₀]."""
    found: Floats = np.eye(len(q))[0]
    return found


def without_first(q: Floats) -> Floats:
    """q given that x is not x₀."""
    found: Floats = q * (1 - first(q)) / q[1:].sum()
    return found


DONSKER_VARADHAN = Derivation(
    id="mi.dv",
    title="Two bounds of the divergence by a critic, and when they are tight",
    inputs=Inputs(
        "positive p and q, critic T",
        draw_critic,
        (BEST, {"p": KL_P, "q": KL_Q, "t": np.zeros(3)}, {"p": KL_P, "q": KL_P, "t": STAR["t"]}),
    ),
    conditions="q > 0 wherever p > 0; else the supremum over T is ∞",
    lines=(
        Line(
            "N0",
            r"\mathbb{E}_p T - \mathbb{E}_q e^{T - 1}",
            information.nguyen_wainwright_jordan,
        ),
        Line(
            "N1",
            r"\sum_x p(x)\, T(x) - \frac{1}{e} \sum_x q(x)\, e^{T(x)}",
            lambda p, q, t: (p * t).sum() - (q * np.exp(t)).sum() / np.e,
            by="the definition",
        ),
        Line("L0", r"\mathbb{E}_p T - \log \mathbb{E}_q e^T", dv, "<=", by=r"\log u \le u / e"),
        Line(
            "L1",
            r"\sum_x p(x)\, T(x) - \log \sum_x q(x)\, e^{T(x)}",
            information.donsker_varadhan,
            by="the definition",
        ),
        Line(
            "L2",
            r"\mathrm{KL}(p \,\|\, q)",
            lambda p, q, t: rel_entr(p, q).sum(),
            "<=",
            by="Donsker and Varadhan",
        ),
        Line(
            "D0",
            r"\mathrm{KL}(p \,\|\, q) - (\mathbb{E}_p T - \log \mathbb{E}_q e^T)",
            lambda p, q, t: rel_entr(p, q).sum() - dv(p, q, t),
            None,
        ),
        Line(
            "D1",
            r"\mathrm{KL}(p \,\|\, \tilde q), \quad \tilde q \propto q\, e^T",
            lambda p, q, t: information.kl_divergence(p, tilted(q, t)),
            by="q̃ is p exactly where T is the log ratio and a constant",
        ),
        Line(
            "T0",
            r"\mathbb{E}_p T^* - \log \mathbb{E}_q e^{T^*}, \quad T^* = \log \frac{p}{q} + 7",
            lambda p, q, t: dv(p, q, np.log(p / q) + 7),
            None,
        ),
        Line(
            "T1",
            r"\mathbb{E}_p T^+ - \mathbb{E}_q e^{T^+ - 1}, \quad T^+ = \log \frac{p}{q} + 1",
            lambda p, q, t: p @ (np.log(p / q) + 1) - q @ np.exp(np.log(p / q)),
            by="both are tight: E_q p / q = 1",
        ),
        Line(
            "T2",
            r"-\sum_x p(x) \log \frac{q(x)}{p(x)}",
            lambda p, q, t: -xlogy(p, q / p).sum(),
            by="the divergence",
        ),
        Line(
            "C0",
            r"\mathbb{E}_p T - \log \mathbb{E}_q e^T = \mathrm{KL}(p \,\|\, q)",
            lambda p, q, t: bool(rel_entr(p, q).sum() - dv(p, q, t) <= ZERO),
            None,
        ),
        Line(
            "C1",
            r"T - \log \frac{p}{q} \text{ is constant}",
            lambda p, q, t: bool(np.ptp(t - np.log(p / q)) <= NEAR),
            "iff",
            by="q̃ = p",
        ),
        Line(
            "C2",
            r"\mathbb{E}_p T - \mathbb{E}_q e^{T - 1} = \mathrm{KL}(p \,\|\, q)",
            lambda p, q, t: bool(rel_entr(p, q).sum() - p @ t + q @ np.exp(t - 1) <= ZERO),
            None,
        ),
        Line(
            "C3",
            r"T = 1 + \log \frac{p}{q}",
            lambda p, q, t: bool(np.abs(t - 1 - np.log(p / q)).max() <= NEAR),
            "iff",
            by="it fixes the constant that the other leaves free",
        ),
        Line(
            "S0",
            r"\mathbb{E}_p T_k - \log \mathbb{E}_{q_0} e^{T_k}, \quad q_0(x_0) = 0,"
            r" T_k = k\, 1[x = x_0]",
            lambda p, q, t: np.array([dv(p, without_first(q), k * first(q)) for k in HEIGHTS]),
            None,
        ),
        Line("S1", r"k\, p(x_0)", lambda p, q, t: HEIGHTS * p[0], by="without bound, as KL is ∞"),
    ),
    golden=(
        Golden("KL*", STAR, {"L2": KL_STAR, "T0": KL_STAR, "T1": KL_STAR}),
        Golden("KL* at 1 + log p/q", BEST, {"N0": KL_STAR, "L1": KL_STAR, "D1": 0.0}),
    ),
    mutants=(
        Mutant("forget-log", "L0", lambda p, q, t: float(p @ t - q @ np.exp(t))),
        Mutant("t-without-log-ratio-tight", "T0", lambda p, q, t: dv(p, q, p / q)),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (DONSKER_VARADHAN,)
