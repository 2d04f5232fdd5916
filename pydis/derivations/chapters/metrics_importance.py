"""Disentanglement and completeness from importances. Eastwood and Williams 2018."""

from typing import Any

import numpy as np

from pydis import information
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.codes import IMPORTANCES
from pydis.derivations.tools import Floats, rel_entr, xlogy, y_given_x


def _live(R: Floats) -> Floats:
    """The rows that hold anything: a dead latent has weight 0."""
    found: Floats = R[R.any(1)]
    return found


def _by_entropy(R: Floats) -> Floats:
    """1 + Σ_k p_jk log_K p_jk with p_jk = R_jk / Σ_k R_jk, for each live row."""
    p = y_given_x(_live(R))
    found: Floats = 1 + xlogy(p, p).sum(1) / np.log(R.shape[1])
    return found


def _by_divergence(R: Floats) -> Floats:
    """KL(p_j ‖ uniform) / log K for each live row."""
    found: Floats = rel_entr(y_given_x(_live(R)), 1 / R.shape[1]).sum(1) / np.log(R.shape[1])
    return found


def _weighted(R: Floats, **_: Any) -> float:
    """Σ_j ρ_j D_j, ρ_j the share of row j."""
    return float(np.average(_by_entropy(R), weights=_live(R).sum(1)))


def _direct(R: Floats, **_: Any) -> float:
    """Σ_jk R_jk log_K (K R_jk / R_j·) / Σ R."""
    k = R.shape[1]
    ratio = k * np.divide(R, R.sum(1, keepdims=True), out=np.zeros_like(R), where=R > 0)
    return float(xlogy(R, ratio).sum() / (R.sum() * np.log(k)))


DCI = Derivation(
    id="metric.dci",
    title="Disentanglement and completeness",
    inputs=IMPORTANCES,
    source="Eastwood and Williams 2018, section 2",
    conditions="Two latents and two factors at least. A latent of no importance has weight 0.",
    lines=(
        Line(
            "L0",
            r"D_j = 1 + \sum_k p_{jk} \log_K p_{jk},\quad"
            r" p_{jk} = R_{jk} / \textstyle\sum_k R_{jk}",
            lambda R, **_: _by_entropy(R),
        ),
        Line(
            "L1",
            r"\mathrm{KL}(p_j \,\Vert\, \mathrm{uniform}) / \log K",
            lambda R, **_: _by_divergence(R),
            by="log K − H(p_j)",
        ),
        Line(
            "L2",
            r"1 - H(p_j) / \log K",
            lambda R, **_: np.array(
                [1 - information.entropy(p / p.sum()) / np.log(R.shape[1]) for p in _live(R)]
            ),
            by="the definition",
        ),
        Line(
            "L3",
            r"D_j \text{ of } a R",
            lambda R, scale: _by_entropy(scale * R),
            by="p does not see a scale",
        ),
        Line("L4", r"0", lambda **_: 0.0, ">=", by="H ≤ log K"),
        Line("U0", r"1", lambda **_: 1.0, None),
        Line("U1", r"\max_j D_j", lambda R, **_: _by_divergence(R).max(), ">=", by="H ≥ 0"),
        Line(
            "W0", r"\sum_j \rho_j D_j,\quad \rho_j = R_{j \cdot} / R_{\cdot\cdot}", _weighted, None
        ),
        Line(
            "W1",
            r"\frac{1}{R_{\cdot\cdot}} \sum_{jk} R_{jk} \log_K \frac{K R_{jk}}{R_{j \cdot}}",
            _direct,
            by="the weights cancel the rows' sums",
        ),
        Line(
            "W2",
            r"1 - H(k \mid j) / \log K,\quad p(j, k) = R_{jk} / R_{\cdot\cdot}",
            lambda R, **_: (
                1 - information.conditional_entropy(R / R.sum(), of="columns") / np.log(R.shape[1])
            ),
            by="a conditional entropy",
        ),
        Line(
            "C0",
            r"C_k = 1 + \sum_j p_{jk} \log_J p_{jk},\quad"
            r" p_{jk} = R_{jk} / \textstyle\sum_j R_{jk}",
            lambda R, **_: _by_entropy(R.T),
            None,
        ),
        Line(
            "C1",
            r"1 - \bigl(\log s_k - \tfrac{1}{s_k} \textstyle\sum_j R_{jk} \log R_{jk}\bigr)"
            r" / \log J,\quad s_k = \sum_j R_{jk}",
            lambda R, **_: np.array(
                [
                    1 - (np.log(c.sum()) - xlogy(c, c).sum() / c.sum()) / np.log(len(R))
                    for c in R.T
                    if c.any()
                ]
            ),
            by="the logarithm of a fraction",
        ),
        Line("I0", r"D = 1", lambda R, **_: bool(1 - _weighted(R) <= 1e-12), None),
        Line(
            "I1",
            r"\text{every latent is important for one factor at most}",
            lambda R, **_: bool((np.count_nonzero(R, axis=1) <= 1).all()),
            "iff",
            by="H(k | j) = 0",
        ),
    ),
    golden=(
        Golden("uniform", {"R": np.ones((3, 4)), "scale": 1.0}, {"W0": 0.0, "C0": np.zeros(4)}),
        Golden(
            "permutation", {"R": np.eye(3)[[1, 2, 0]], "scale": 1.0}, {"W0": 1.0, "C0": np.ones(3)}
        ),
    ),
    mutants=(
        Mutant(
            "natural-log-base",
            "L0",
            lambda R, **_: 1 + xlogy(y_given_x(_live(R)), y_given_x(_live(R))).sum(1),
        ),
        Mutant(
            "unnormalised-importance",
            "L0",
            lambda R, **_: 1 + xlogy(_live(R), _live(R)).sum(1) / np.log(R.shape[1]),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (DCI,)
