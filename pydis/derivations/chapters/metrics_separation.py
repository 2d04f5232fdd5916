"""Scores from how well one latent alone predicts a factor: SAP, and modularity.

Kumar et al. 2018, section 3; Ridgeway and Mozer 2018, section 3.
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import metrics
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats


def _draw(rng: Generator) -> Case:
    V = rng.normal(size=(12, 3))
    X = V @ rng.normal(size=(3, 4)) + rng.normal(size=(12, 4))
    info = rng.integers(0, 10, (4, 3)) / 10
    return {"X": X * [1, 1, 1, rng.integers(2)], "V": V, "info": info}


_V = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0], [2.0, 0.0, 1.0], [0.0, 3.0, 0.0], [1.0, 0.0, 0.0]])
_PERFECT: Case = {"X": _V * [2, -1, 0.5], "V": _V, "info": np.diag([0.3, 0.5, 0.7])}
_DEAD: Case = {
    "X": _V * [1, 1, 0],
    "V": _V,
    "info": np.array([[0.2, 0.2, 0.2], [0, 0, 0], [0.5, 0, 0]]),
}


def _squared_correlations(X: Floats, V: Floats, **_: Any) -> Floats:
    """R²_jk = Cov(x_j, v_k)² / Var x_j Var v_k, 0 for a constant latent, `[J, K]`."""
    x, v = X - X.mean(0), V - V.mean(0)
    spread = (x**2).sum(0)[:, None] * (v**2).sum(0)
    found: Floats = np.divide((x.T @ v) ** 2, spread, out=np.zeros_like(spread), where=spread > 0)
    return found


def _explained(X: Floats, V: Floats, **_: Any) -> Floats:
    """1 − Σ (v − a − b x)² / Σ (v − v̄)² with the best a and b, `[J, K]`."""
    found = np.zeros((X.shape[1], V.shape[1]))
    for j, x in enumerate(X.T):
        A = np.stack([np.ones(len(x)), x], 1)
        rest = V - A @ (np.linalg.pinv(A) @ V)
        found[j] = 1 - (rest**2).sum(0) / ((V - V.mean(0)) ** 2).sum(0)
    return found


def _top_gap(R2: Floats) -> float:
    """1/K Σ_k of the largest less the second of column k."""
    top = np.sort(R2, axis=0)
    return float((top[-1] - top[-2]).mean())


def _modularity(info: Floats, **_: Any) -> Floats:
    """1 − Σ_k (I_jk − t_jk)² / θ_j² (K − 1), t_jk = θ_j at the largest and 0 elsewhere."""
    live = info[info.max(1) > 0]
    theta, target = live.max(1), np.zeros_like(live)
    target[np.arange(len(live)), live.argmax(1)] = theta
    found: Floats = 1 - ((live - target) ** 2).sum(1) / (theta**2 * (info.shape[1] - 1))
    return found


SAP = Derivation(
    id="metric.sap-modularity",
    title="Separated attribute predictability, and modularity",
    inputs=Inputs("codes X, factors V, and a table of information", _draw, (_PERFECT, _DEAD)),
    scope="both",
    source="Kumar et al. 2018; Ridgeway and Mozer 2018",
    conditions="A constant latent has R² = 0; a latent without information is left out.",
    lines=(
        Line(
            "L0",
            r"R^2_{jk} = \mathrm{Cov}(x_j, v_k)^2 / (\mathrm{Var}\, x_j\, \mathrm{Var}\, v_k)",
            _squared_correlations,
        ),
        Line(
            "L1",
            r"1 - \min_{a, b} \frac{\sum_n (v_{nk} - a - b x_{nj})^2}{\sum_n (v_{nk} -"
            r" \bar v_k)^2}",
            _explained,
            by="least squares with one regressor",
        ),
        Line(
            "L2",
            r"R^2(x_j \to v_k)",
            lambda X, V, **_: np.stack(
                [metrics.linear_r2(x[:, None], V, x[:, None], V) for x in X.T]
            ),
            by="the definition, scored where it is fitted",
        ),
        Line("U0", r"1", lambda **_: 1.0, None),
        Line(
            "U1",
            r"\frac{1}{K} \sum_k (R^2_{(1) k} - R^2_{(2) k})",
            lambda X, V, **_: _top_gap(_squared_correlations(X, V)),
            ">=",
            by="R² ≤ 1",
        ),
        Line(
            "U2",
            r"\frac{1}{K} \sum_k \min_{l \ne j^*} (R^2_{j^* k} - R^2_{l k}),\;"
            r" j^* = \arg\max_j R^2_{jk}",
            lambda X, V, **_: np.mean(
                [c.max() - np.delete(c, c.argmax()).max() for c in _explained(X, V).T]
            ),
            by="the gap to the nearest",
        ),
        Line("U3", r"0", lambda **_: 0.0, ">=", by="the largest is not less"),
        Line(
            "M0",
            r"1 - \frac{\sum_k (I_{jk} - t_{jk})^2}{\theta_j^2 (K - 1)},\quad"
            r" \theta_j = \max_k I_{jk}",
            _modularity,
            None,
        ),
        Line(
            "M1",
            r"1 - \frac{1}{K - 1} \bigl(\sum_k (I_{jk} / \theta_j)^2 - 1\bigr)",
            lambda info, **_: np.array(
                [
                    1 - (((row / row.max()) ** 2).sum() - 1) / (len(row) - 1)
                    for row in info
                    if row.any()
                ]
            ),
            by="the largest term is in the sum and taken off",
        ),
        Line("M2", r"0", lambda info, **_: np.zeros(int(info.any(1).sum())), ">=", by="I ≤ θ"),
        Line(
            "I0",
            r"\text{modularity } = 1 \text{ for all latents}",
            lambda info, **_: bool((1 - _modularity(info) <= 1e-12).all()),
            None,
        ),
        Line(
            "I1",
            r"\text{every latent knows one factor at most}",
            lambda info, **_: bool((np.count_nonzero(info, axis=1) <= 1).all()),
            "iff",
            by="the sum of squares is 0",
        ),
    ),
    golden=(Golden("a perfect code", _PERFECT, {"M0": np.ones(3)}),),
    mutants=(
        Mutant(
            "r2-not-squared",
            "L0",
            lambda X, V, **_: np.sqrt(_squared_correlations(X, V)),
        ),
        Mutant(
            "modularity-without-normaliser",
            "M0",
            lambda info, **_: 1 - (np.sort(info[info.any(1)], axis=1)[:, :-1] ** 2).sum(1),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (SAP,)
