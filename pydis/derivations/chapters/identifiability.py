"""What the law of a code cannot tell: maps that keep every density and mix every factor.

Hyvärinen and Pajunen 1999; Locatello et al. 2019, theorem 1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.autodiff.ops import normal_cdf
from pydis.backends.draws import normal_quantile
from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs.linear import orthogonal, rotation
from pydis.derivations.tools import Floats, log
from pydis.probability import Gaussian

LOG_2PI = float(np.log(2 * np.pi))


def _jacobian(f: Callable[[Floats], Floats], u: Floats) -> Floats:
    """∂f_i/∂u_j by central differences, `[n, n]`."""
    step = 1e-6 * np.eye(len(u))
    return np.stack([(f(u + e) - f(u - e)) / 2e-6 for e in step], -1)


def _library_density(A: Floats, z: Floats) -> Any:
    moved = (A @ z)[None]
    return Gaussian(moved * 0.0, moved * 0.0).log_prob(moved)[0]


def _is_entangled(A: Floats, z: Floats) -> bool:
    """Whether a step of any input moves every output."""
    return bool(all((np.abs(A @ (z + e) - A @ z) > 1e-9).all() for e in np.eye(len(z))))


GAUSSIAN_ROTATION = Derivation(
    id="ident.gaussian-rotation",
    title="A rotated Gaussian code has the same law, and every latent mixes every factor",
    items=("D03",),
    scope="continuous",
    inputs=Inputs(
        "an orthogonal matrix A and a point z",
        lambda rng: {"A": orthogonal(rng, 3), "z": rng.normal(size=3)},
        (
            {"A": np.eye(3), "z": np.array([0.5, -1.0, 2.0])},
            {"A": -np.eye(3)[[2, 0, 1]], "z": np.array([0.5, -1.0, 2.0])},
            {"A": np.eye(3) - 2 / 3, "z": np.array([0.5, -1.0, 2.0])},
        ),
    ),
    lines=(
        Line(
            "L0",
            r"-\tfrac12 \sum_i (z_i^2 + \log 2\pi)",
            lambda z, **_: -0.5 * (z @ z + 3 * LOG_2PI),
        ),
        Line(
            "L1",
            r"\log p(A z) + \log |\det A|",
            lambda A, z: (
                -0.5 * sum((a @ z) ** 2 + LOG_2PI for a in A) + np.log(np.abs(np.linalg.det(A)))
            ),
            by="change of variables; a rotation keeps lengths and volumes",
        ),
        Line("L2", r"\log \mathcal{N}(A z; 0, I)", _library_density, by="|det A| = 1"),
        Line(
            "J0", r"\partial f_i / \partial z_j", lambda A, z: _jacobian(lambda u: A @ u, z), None
        ),
        Line("J1", r"A_{ij}", lambda A, **_: A, by="f(z) = A z", tolerance=1e-8),
        Line("I0", r"\text{every input moves every output}", _is_entangled, None),
        Line(
            "I1",
            r"A_{ij} \ne 0 \text{ for all } i, j",
            lambda A, **_: bool((np.abs(A) > 1e-9).all()),
            "iff",
            by="the Jacobian is A",
        ),
    ),
    mutants=(
        Mutant(
            "scaling-instead-of-rotation",
            "L1",
            lambda A, z: -0.5 * sum((a @ z) ** 2 + LOG_2PI for a in 2 * A) + 3 * np.log(2),
        ),
        Mutant(
            "identity-counts-as-entangled",
            "I0",
            lambda A, z: bool(any((np.abs(A @ (z + e) - A @ z) > 1e-9).any() for e in np.eye(3))),
            {"A": np.eye(3), "z": np.zeros(3)},
        ),
    ),
)

Marginal = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats], Callable[[Floats], Floats]]

MARGINALS: dict[str, Marginal] = {
    "laplace": (
        lambda u: np.where(u < 0, 0.5 * np.exp(np.minimum(u, 0)), 1 - 0.5 * np.exp(-np.abs(u))),
        lambda t: np.where(t < 0.5, log(2 * t), -log(2 * (1 - t))),
        lambda u: -np.abs(u) - np.log(2),
    ),
    "logistic": (
        lambda u: 1 / (1 + np.exp(-u)),
        lambda t: log(t) - log(1 - t),
        lambda u: -u - 2 * np.log1p(np.exp(-u)),
    ),
    "uniform": (
        lambda u: (u + 1) / 2,
        lambda t: 2 * t - 1,
        lambda u: np.where(np.abs(u) <= 1, -np.log(2), -np.inf),
    ),
}
"""The distribution function F, its inverse, and log F′, of each prior."""


def _h(prior: str, u: Floats) -> Floats:
    """h(u) = Φ⁻¹(F(u)), which makes the coordinate Gaussian."""
    return normal_quantile(MARGINALS[prior][0](u))


def _h_slope(prior: str, u: Floats) -> Floats:
    """h′(u) = F′(u) / φ(h(u))."""
    h = _h(prior, u)
    found: Floats = np.exp(MARGINALS[prior][2](u) + 0.5 * (h**2 + LOG_2PI))
    return found


def _map(prior: str, A: Floats, u: Floats) -> Floats:
    """f(u) = h⁻¹(A h(u)), h⁻¹ = F⁻¹ ∘ Φ."""
    return MARGINALS[prior][1](np.asarray(normal_cdf(A @ _h(prior, u))))


def _slopes(prior: str, A: Floats, u: Floats) -> Floats:
    """diag(1 / h′(f)) A diag(h′(u))."""
    found: Floats = A * _h_slope(prior, u) / _h_slope(prior, _map(prior, A, u))[:, None]
    return found


def _density(prior: str, u: Floats) -> float:
    return float(MARGINALS[prior][2](u).sum())


def _moved_density(prior: str, A: Floats, u: Floats, J: Floats) -> float:
    return _density(prior, _map(prior, A, u)) + float(np.log(np.abs(np.linalg.det(J))))


def _draw_prior(rng: Generator) -> Case:
    prior = str(rng.choice(list(MARGINALS)))
    turn = rng.uniform(0.3, 1.2) + rng.integers(4) * np.pi / 2
    u = MARGINALS[prior][1](rng.uniform(0.05, 0.95, 2))
    return {"prior": prior, "A": rotation(turn), "u": u}


_EIGHTH = rotation(np.pi / 4)

GENERAL_PRIOR = Derivation(
    id="ident.locatello-general-prior",
    title="For every factorised prior some map keeps its law and mixes all factors",
    items=("D03",),
    scope="continuous",
    tolerance="T3",
    source="Locatello et al. 2019, theorem 1",
    conditions="h = Φ⁻¹ ∘ F makes every coordinate Gaussian; f = h⁻¹ ∘ A ∘ h.",
    inputs=Inputs(
        "a prior, a rotation A without zeros, and a point u",
        _draw_prior,
        tuple(
            {"prior": prior, "A": _EIGHTH, "u": np.array(u)}
            for prior in MARGINALS
            for u in ((0.3, -0.7), (0.6, 0.8))
        ),
    ),
    lines=(
        Line("L0", r"\sum_i \log p(u_i)", lambda prior, u, **_: _density(prior, u)),
        Line(
            "L1",
            r"\sum_i \log p(f_i(u)) + \log |\det \mathrm{diag}(1 / h'(f))\, A\,"
            r" \mathrm{diag}(h'(u))|",
            lambda prior, A, u: _moved_density(prior, A, u, _slopes(prior, A, u)),
            by="change of variables: h(u) is Gaussian, and A keeps its law",
            tolerance=1e-10,
        ),
        Line(
            "L2",
            r"\sum_i \log p(f_i(u)) + \log |\det J_f|",
            lambda prior, A, u: _moved_density(
                prior, A, u, _jacobian(lambda v: _map(prior, A, v), u)
            ),
            by="the Jacobian by central differences",
        ),
        Line(
            "J0",
            r"\partial f_i / \partial u_j",
            lambda prior, A, u: _jacobian(lambda v: _map(prior, A, v), u),
            None,
        ),
        Line(
            "J1",
            r"A_{ij}\, h'(u_j) / h'(f_i)",
            _slopes,
            by="the chain rule",
            tolerance=1e-5,
        ),
        Line(
            "E0",
            r"\min_{ij} |\partial f_i / \partial u_j|",
            lambda prior, A, u: np.abs(_slopes(prior, A, u)).min(),
            None,
        ),
        Line("E1", r"0", lambda **_: 0.0, ">", by="A has no zeros, and h′ > 0"),
    ),
    mutants=(
        Mutant(
            "no-marginal-gaussianisation",
            "L1",
            lambda prior, A, u: _density(prior, A @ u),
            {"prior": "uniform", "A": _EIGHTH, "u": np.array([0.9, 0.9])},
        ),
        Mutant(
            "jacobian-transposed-sign",
            "J1",
            lambda prior, A, u: _slopes(prior, A, u) * A.T / A,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (GAUSSIAN_ROTATION, GENERAL_PRIOR)
