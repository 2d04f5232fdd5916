"""Total correlation: its forms, and what pairs do not show of it."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import same
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs.three import THREE, XOR, draw_three, given, marginal, product
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.information import gaussian_total_correlation, total_correlation
from pydis.probability import FullGaussian, Gaussian, kl


def _h(p: Floats) -> Any:
    """−Σ p log p."""
    return -xlogy(p, p).sum()


def _between(p: Floats, i: int, j: int) -> Any:
    """I(z_i; z_j)."""
    return rel_entr(marginal(p, i, j), marginal(p, i) * marginal(p, j)).sum()


def _pairs(p: Floats) -> Floats:
    """I of each pair of the three variables."""
    return np.array([_between(p, 0, 1), _between(p, 0, 2), _between(p, 1, 2)])


def _draw_both(rng: Generator) -> Case:
    A = rng.normal(size=(3, 3))
    return {**draw_three(rng), "S": A @ A.T + 0.1 * np.eye(3)}


def _correlations(S: Floats) -> Floats:
    """R_ij = Σ_ij / (Σ_ii Σ_jj)^½."""
    scale = np.sqrt(np.diag(S))
    return np.asarray(S / np.outer(scale, scale))


def _log_det(S: Floats) -> Any:
    """log det Σ, −∞ where Σ is singular."""
    return xlogy(1, max(np.linalg.det(S), 0.0))


def _divergence(S: Floats) -> Any:
    """KL of N(0, Σ) from the product of its marginals, by the library."""
    zero, factor = np.zeros((1, len(S))), np.linalg.cholesky(S)[None]
    return kl(FullGaussian(zero, factor), Gaussian(zero, np.log(np.diag(S))[None])).item()


def _regular(p: Floats, S: Floats) -> bool:
    return bool(np.linalg.det(S) > 1e-9)


_COUPLED = np.array([[1.0, 0.3, 0.0], [0.3, 0.5, 0.1], [0.0, 0.1, 2.0]])

_IDENTITIES = Derivation(
    id="tc.identities",
    items=("D02",),
    title="Total correlation: a divergence, a difference of entropies, a sum of informations",
    inputs=Inputs(
        "joint table p[z1, z2, z3] and a covariance S",
        _draw_both,
        (
            *({**case, "S": _COUPLED} for case in THREE.structured),
            {"p": XOR, "S": np.diag([0.5, 1.0, 2.0])},
        ),
    ),
    lines=(
        Line(
            "divergence",
            r"\sum_z p(z) \log \frac{p(z)}{\prod_i p(z_i)}",
            lambda p, S: rel_entr(p, product(p)).sum(),
        ),
        Line(
            "entropies",
            r"\sum_i H(z_i) - H(z)",
            lambda p, S: sum(_h(marginal(p, i)) for i in range(3)) - _h(p),
            by="the logarithm of the product",
        ),
        Line(
            "chain",
            r"\sum_i I(z_i; z_{<i})",
            lambda p, S: _between(p, 0, 1) + rel_entr(p, marginal(p, 0, 1) * marginal(p, 2)).sum(),
            by="the chain rule of entropies",
        ),
        Line("library", r"\mathrm{TC}(z)", lambda p, S: total_correlation(p), by="its definition"),
        Line("zero", r"0", lambda p, S: 0.0, ">=", "a divergence is not negative"),
        Line(
            "gaussian",
            r"\sum_i h(z_i) - h(z), \quad z \sim \mathcal N(0, \Sigma)",
            lambda p, S: 0.5 * (np.log(np.diag(S)).sum() - _log_det(S)),
            None,
        ),
        Line(
            "correlations",
            r"-\tfrac12 \log \det R",
            lambda p, S: -0.5 * _log_det(_correlations(S)),
            by="the determinant of Σ is that of R times the variances",
        ),
        Line(
            "gaussian-divergence",
            r"\mathrm{KL}(\mathcal N(0, \Sigma) \,\|\, \mathcal N(0, \mathrm{diag}\, \Sigma))",
            lambda p, S: _divergence(S),
            by="the trace term is the dimension",
            when=_regular,
        ),
        Line(
            "gaussian-library",
            r"\mathrm{TC}(\mathcal N(0, \Sigma))",
            lambda p, S: gaussian_total_correlation(S),
            by="its triangular factor",
            when=_regular,
        ),
    ),
    mutants=(
        Mutant(
            "pairwise-mi-sum", "chain", lambda p, S: _pairs(p).sum(), {"p": XOR, "S": np.eye(3)}
        ),
        Mutant(
            "linear-correlation",
            "correlations",
            lambda p, S: -0.5 * xlogy(1, 1 - _correlations(S)[np.triu_indices(3, 1)] ** 2).sum(),
        ),
    ),
    golden=(
        Golden(
            "singular",
            {"p": XOR, "S": np.diag([1.0, 1.0, 1.0]) + np.eye(3)[[1, 0, 2]] * [1, 1, 0]},
            {"gaussian": np.inf, "correlations": np.inf},
        ),
    ),
    scope="both",
)

_BLIND = Derivation(
    id="tc.xor-pairwise-blind",
    title="Three variables may depend on each other while every pair is independent",
    inputs=THREE,
    lines=(
        Line("pairs", r"I(z_i; z_j), \; i < j", _pairs),
        Line(
            "total",
            r"\sum_z p(z) \log \frac{p(z)}{\prod_i p(z_i)}",
            lambda p: rel_entr(p, product(p)).sum(),
            "<=",
            "marginalising is data processing",
        ),
        Line(
            "steps",
            r"I(z_1; z_2) + I(z_1; z_3) + I(z_2; z_3 \mid z_1)",
            lambda p: (
                _between(p, 0, 1)
                + _between(p, 0, 2)
                + rel_entr(
                    p, given(marginal(p, 0, 1), 0) * given(marginal(p, 0, 2), 0) * marginal(p, 0)
                ).sum()
            ),
            by="the chain rule",
        ),
        Line("none", r"\mathrm{TC}(z) = 0", lambda p: same(rel_entr(p, product(p)).sum(), 0), None),
        Line(
            "independent",
            r"p(z) = \prod_i p(z_i)",
            lambda p: same(p, product(p)),
            "iff",
            "a divergence is 0 only for equal tables",
        ),
    ),
    mutants=(
        Mutant(
            "pairwise-independence-suffices",
            "independent",
            lambda p: same(_pairs(p), 0.0),
            {"p": XOR},
        ),
    ),
    golden=(Golden("exclusive or", {"p": XOR}, {"pairs": np.zeros(3), "total": np.log(2)}),),
)

DERIVATIONS: tuple[Derivation, ...] = (_IDENTITIES, _BLIND)
