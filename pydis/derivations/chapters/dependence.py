"""What 'how correlated' can mean: dependence, which correlation may not see."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.tools import Floats, gauss_hermite, p_y, rel_entr, xlogy


def _values(p: Floats) -> Floats:
    """−k … k for the 2k + 1 entries of p."""
    found: Floats = np.arange(len(p), dtype=np.float64) - (len(p) - 1) / 2
    return found


def _square(p: Floats) -> Floats:
    """p(x, y) for X on −k … k and Y = X², `[2k + 1, k + 1]`."""
    rows = np.abs(_values(p)).astype(int)
    found: Floats = p[:, None] * np.eye(rows.max() + 1)[rows]
    return found


def draw_symmetric(rng: Generator) -> Case:
    """A positive p on −k … k with p(x) = p(−x), 1 ≤ k ≤ 4, and a correlation."""
    half = rng.integers(1, 21, size=int(rng.integers(2, 6))).astype(np.float64)
    weights = np.concatenate([half[:0:-1], half])
    return {"p": weights / weights.sum(), "rho": float(rng.integers(-9, 10) / 10)}


def _gaussian(rho: float) -> float:
    """E log [p(y | x) / p(y)] of two standard normals with this correlation, by quadrature."""
    t, w = gauss_hermite(40)
    x, noise, left = t[:, None], t, 1 - rho**2
    y = rho * x + np.sqrt(left) * noise
    log_ratio = -0.5 * np.log(left) - (y - rho * x) ** 2 / (2 * left) + y**2 / 2
    return float(w @ log_ratio @ w)


NOT_CORRELATION = Derivation(
    id="mi.dependence-not-correlation",
    title="No correlation, and yet information",
    section="3",
    items=("D33",),
    inputs=Inputs(
        "X symmetric on −k … k with Y = X², and a correlation ρ of two normals",
        draw_symmetric,
        ({"p": np.full(3, 1 / 3), "rho": 0.0}, {"p": np.full(5, 0.2), "rho": 0.99}),
    ),
    conditions="for two jointly normal variables 'correlated' and 'dependent' are one",
    lines=(
        Line(
            "C0",
            r"\mathrm{Cov}(X, X^2)",
            lambda p, rho: p @ _values(p) ** 3 - (p @ _values(p)) * (p @ _values(p) ** 2),
        ),
        Line("C1", r"0", lambda p, rho: 0.0, by="p is symmetric: odd moments are 0"),
        Line(
            "L0",
            r"I(X; X^2)",
            lambda p, rho: rel_entr(_square(p), np.outer(p, _square(p).sum(0))).sum(),
            None,
        ),
        Line(
            "L1",
            r"H(X^2)",
            lambda p, rho: -xlogy(p_y(_square(p)), p_y(_square(p))).sum(),
            by=r"X determines X^2",
        ),
        Line("L2", r"\mathrm{Cov}(X, X^2)", lambda p, rho: p @ _values(p) ** 3, ">"),
        Line(
            "N0", r"\mathbb{E} \log \frac{p(y \mid x)}{p(y)}", lambda p, rho: _gaussian(rho), None
        ),
        Line(
            "N1",
            r"-\frac{1}{2} \log(1 - \rho^2)",
            lambda p, rho: -0.5 * np.log1p(-(rho**2)),
            by="two standard normals with correlation ρ",
        ),
        Line(
            "N2",
            r"I(X; Y)",
            lambda p, rho: information.gaussian_mutual_information(
                np.array([[1.0, rho], [rho, 1.0]]), 1
            ),
            by="by the determinants of the covariance",
        ),
        Line("Z0", r"\rho = 0", lambda p, rho: rho == 0, None),
        Line(
            "Z1",
            r"I = 0",
            lambda p, rho: bool(_gaussian(rho) <= ZERO),
            "iff",
            by="only for ρ = 0 is the logarithm 0",
        ),
    ),
    golden=(
        Golden(
            "uniform on -1, 0, 1",
            {"p": np.full(3, 1 / 3), "rho": 0.0},
            {"C0": 0.0, "L0": 0.636514168295, "L1": 0.636514168295},
        ),
    ),
    mutants=(
        Mutant(
            "mi-equals-gaussian-correlation-formula",
            "L0",
            lambda p, rho: -0.5 * np.log1p(-((p @ _values(p) ** 3) ** 2) / (p @ _values(p) ** 2)),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (NOT_CORRELATION,)
