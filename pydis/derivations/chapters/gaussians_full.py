"""The divergence of Gaussians with any covariance."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import (
    Case,
    Derivation,
    Golden,
    Inputs,
    Line,
    Mutant,
    UndefinedLine,
)
from pydis.derivations.tools import Floats, gauss_hermite, xlogy
from pydis.probability import FullGaussian, kl


def _factor(S: Floats) -> Floats:
    """L with S = LLᵀ. Raises UndefinedLine where S is singular: it has no density."""
    try:
        return np.asarray(np.linalg.cholesky(S), np.float64)
    except np.linalg.LinAlgError:
        raise UndefinedLine("a singular Gaussian has no density") from None


def _log_density(z: Floats, m: Floats, S: Floats) -> Floats:
    """log N(z; m, S) of the rows of z."""
    L = _factor(S)
    y = np.linalg.solve(L, (z - m).T)
    found: Floats = (
        -0.5 * (y**2).sum(0) - np.log(np.diag(L)).sum() - 0.5 * len(m) * np.log(2 * np.pi)
    )
    return found


def _expected(m0: Floats, S0: Floats, m1: Floats, S1: Floats) -> Any:
    """E_q[log q − log p] by quadrature in the plane."""
    nodes, weights = gauss_hermite(20)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    z = m0 + grid @ _factor(S0).T
    return np.outer(weights, weights).ravel() @ (_log_density(z, m0, S0) - _log_density(z, m1, S1))


def _parts(m0: Floats, S0: Floats, m1: Floats, S1: Floats) -> tuple[Any, Any, Any]:
    """tr(S1⁻¹ S0), the square of m1 − m0 in units of S1, and log det S1 / det S0."""
    gap = m1 - m0
    ratio = 2 * np.log(np.diag(_factor(S1))).sum() - xlogy(1, max(np.linalg.det(S0), 0.0))
    return np.trace(np.linalg.solve(S1, S0)), gap @ np.linalg.solve(S1, gap), ratio


def _library(m0: Floats, S0: Floats, m1: Floats, S1: Floats) -> Any:
    """The divergence that models train with."""
    q = FullGaussian(m0[None], _factor(S0)[None])
    return kl(q, FullGaussian(m1[None], _factor(S1)[None])).item()


def _whitened(m0: Floats, S0: Floats, m1: Floats, S1: Floats) -> Any:
    """After z ↦ L1⁻¹ (z − m1) the second is standard."""
    L = _factor(S1)
    m, C = np.linalg.solve(L, m0 - m1), np.linalg.solve(L, np.linalg.solve(L, S0).T)
    return 0.5 * (np.trace(C) + m @ m - len(m)) - np.log(np.diag(_factor(C))).sum()


def _mapped(m0: Floats, S0: Floats, m1: Floats, S1: Floats, A: Floats, b: Floats) -> Any:
    """After z ↦ Az + b, by the eigenvalues of (A S1 Aᵀ)⁻¹ A S0 Aᵀ."""
    _factor(S0), _factor(S1)
    values = np.linalg.eigvals(np.linalg.solve(A @ S1 @ A.T, A @ S0 @ A.T)).real
    gap = (A @ m0 + b) - (A @ m1 + b)
    square = gap @ np.linalg.solve(A @ S1 @ A.T, gap)
    return 0.5 * (np.sum(values - 1 - np.log(values)) + square)


def _covariance(rng: Generator) -> Floats:
    L = np.tril(rng.normal(size=(2, 2)))
    found: Floats = L @ L.T + 0.2 * np.eye(2)
    return found


def _draw(rng: Generator) -> Case:
    return {
        "m0": rng.normal(size=2),
        "S0": _covariance(rng),
        "m1": rng.normal(size=2),
        "S1": _covariance(rng),
        "A": np.eye(2) + 0.5 * np.array([[0, 1], [-1, 0]]) * rng.normal(),
        "b": rng.normal(size=2),
    }


_STAR = {
    "m0": np.array([1.0, -0.5]),
    "S0": np.array([[1.0, 0.3], [0.3, 0.5]]),
    "m1": np.zeros(2),
    "S1": np.array([[2.0, -0.4], [-0.4, 1.0]]),
    "A": np.array([[1.0, 2.0], [0.0, -3.0]]),
    "b": np.array([4.0, 5.0]),
}

_SINGULAR = np.array([[1.0, 1.0], [1.0, 1.0]])


def _diagonal(m0: Floats, S0: Floats, m1: Floats, S1: Floats, A: Floats, b: Floats) -> bool:
    return bool(S0[0, 1] == 0 == S1[0, 1])


def _closed(trace: Any, square: Any, ratio: Any) -> Any:
    """½ (trace + square − 2 + ratio), in the plane."""
    return 0.5 * (trace + square - 2 + ratio)


_FULL = Derivation(
    id="gauss.kl-full",
    title="The divergence of Gaussians in closed form, whatever the coordinates",
    inputs=Inputs(
        "two Gaussians in the plane and a map z ↦ Az + b",
        _draw,
        (
            {**_STAR, "S0": np.diag([0.5, 2.0]), "S1": np.diag([1.0, 3.0])},
            {**_STAR, "m1": _STAR["m0"], "S1": _STAR["S0"]},  # equal
        ),
    ),
    lines=(
        Line(
            "expected",
            r"\mathbb E_{\mathcal N(\mu_0, \Sigma_0)}\left[\log"
            r" \frac{\mathcal N(z; \mu_0, \Sigma_0)}{\mathcal N(z; \mu_1, \Sigma_1)}\right]",
            lambda m0, S0, m1, S1, A, b: _expected(m0, S0, m1, S1),
        ),
        Line(
            "closed",
            r"\tfrac12\left[\mathrm{tr}(\Sigma_1^{-1} \Sigma_0)"
            r" + (\mu_1 - \mu_0)^\top \Sigma_1^{-1} (\mu_1 - \mu_0) - k"
            r" + \log \frac{\det \Sigma_1}{\det \Sigma_0}\right]",
            lambda m0, S0, m1, S1, A, b: _closed(*_parts(m0, S0, m1, S1)),
            by="the means of the quadratic forms are traces",
        ),
        Line(
            "library",
            r"\mathrm{KL}(\mathcal N(\mu_0, \Sigma_0) \,\|\, \mathcal N(\mu_1, \Sigma_1))",
            lambda m0, S0, m1, S1, A, b: _library(m0, S0, m1, S1),
            by="its triangular factors",
        ),
        Line(
            "whitened",
            r"\mathrm{KL}(\mathcal N(L_1^{-1}(\mu_0 - \mu_1), L_1^{-1} \Sigma_0 L_1^{-\top})"
            r" \,\|\, \mathcal N(0, I))",
            lambda m0, S0, m1, S1, A, b: _whitened(m0, S0, m1, S1),
            by="a bijection of z changes no divergence",
        ),
        Line(
            "mapped",
            r"\tfrac12\left[\sum_i (\lambda_i - 1 - \log \lambda_i) + |\cdot|^2\right],"
            r" \quad \lambda \text{ of } (A \Sigma_1 A^\top)^{-1} A \Sigma_0 A^\top",
            _mapped,
            by="nor does any other affine one",
        ),
        Line(
            "diagonal",
            r"\tfrac12 \sum_i \left[\frac{\sigma_{0i}^2 + (\mu_{0i} - \mu_{1i})^2}{\sigma_{1i}^2}"
            r" - 1 + \log \frac{\sigma_{1i}^2}{\sigma_{0i}^2}\right]",
            lambda m0, S0, m1, S1, A, b: (
                0.5
                * sum(
                    (S0[i, i] + (m0[i] - m1[i]) ** 2) / S1[i, i] - 1 + np.log(S1[i, i] / S0[i, i])
                    for i in range(2)
                )
            ),
            by="where both are diagonal",
            when=_diagonal,
        ),
    ),
    mutants=(
        Mutant(
            "trace-inverse-swapped",
            "closed",
            lambda m0, S0, m1, S1, A, b: _closed(
                np.trace(np.linalg.pinv(S0) @ S1), *_parts(m0, S0, m1, S1)[1:]
            ),
            _STAR,
        ),
        Mutant(
            "logdet-sign",
            "closed",
            lambda m0, S0, m1, S1, A, b: _closed(
                *_parts(m0, S0, m1, S1)[:2], -_parts(m0, S0, m1, S1)[2]
            ),
            _STAR,
        ),
        Mutant(
            "mahalanobis-under-s0",
            "closed",
            lambda m0, S0, m1, S1, A, b: _closed(
                _parts(m0, S0, m1, S1)[0],
                (m1 - m0) @ np.linalg.pinv(S0) @ (m1 - m0),
                _parts(m0, S0, m1, S1)[2],
            ),
            _STAR,
        ),
    ),
    golden=(
        Golden("in the plane", _STAR, {"closed": 0.658290541105, "library": 0.658290541105}),
        Golden(
            "singular first covariance",
            {**_STAR, "S0": _SINGULAR},
            {"closed": np.inf},
            ("expected", "library"),
        ),
        Golden("no covariance", {**_STAR, "S1": -np.eye(2)}, {}, ("expected", "closed", "library")),
    ),
    tolerance="T2",
    scope="continuous",
)

DERIVATIONS: tuple[Derivation, ...] = (_FULL,)
