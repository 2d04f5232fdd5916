"""Every eigenvector is a stationary point of a linear VAE, and only the first is a maximum."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs.linear import orthogonal
from pydis.derivations.linear_tools import data, elbo, encoder, log_likelihood, slope
from pydis.derivations.tools import Floats


def _stationary(lam: Floats, U: Floats, s2: float, i: int) -> Floats:
    """w = u_i √(λ_i − σ²), `[d, 1]`."""
    found: Floats = U[:, [i]] * np.sqrt(lam[i] - s2)
    return found


def _curvatures(lam: Floats, U: Floats, s2: float, i: int) -> Floats:
    """The second derivative along every eigenvector, by five points 1e-2 apart, `[d]`."""
    w, S = _stationary(lam, U, s2, i), data(lam, U)
    at = [
        np.array([log_likelihood(w + 1e-2 * step * u[:, None], s2, S) for u in U.T])
        for step in (-2, -1, 0, 1, 2)
    ]
    found: Floats = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / 12e-4
    return found


def _curvature_formula(lam: Floats, s2: float, i: int, **_: Any) -> Floats:
    along = np.where(np.arange(len(lam)) == i, -2 * (lam[i] - s2) / lam[i] ** 2, 0.0)
    found: Floats = (lam - lam[i]) / (s2 * lam[i]) + along
    return found


def _draw_stationary(rng: Generator) -> Case:
    lam = np.array([4.0, 2.0, 1.0]) + rng.uniform(0, 0.8, 3)
    i, s2 = int(rng.integers(3)), float(rng.uniform(0.3, 0.8))
    return {"lam": lam, "U": orthogonal(rng, 3), "s2": s2, "i": i}


_STATIONARY = Inputs(
    "three eigenvalues, their vectors, σ², and the one that the decoder follows",
    _draw_stationary,
    tuple({"lam": np.array([4.0, 2.0, 1.0]), "U": np.eye(3), "s2": 0.5, "i": i} for i in range(3)),
)


def _profile(lam: Floats, U: Floats, s2: float, i: int) -> float:
    w = _stationary(lam, U, s2, i) + 0.1 * U[:, [0]]
    return elbo(w, s2, *encoder(w, s2), data(lam, U))


SADDLES = Derivation(
    id="linear-vae.saddles",
    title="Every eigenvector is stationary, but only the first is a maximum",
    inputs=_STATIONARY,
    tolerance="T3",
    scope="continuous",
    source="Lucas et al. 2019, theorem 1",
    conditions="One latent, so the ELBO with its best encoder is the likelihood; σ² is fixed.",
    lines=(
        Line(
            "L0",
            r"\max_{V, D} [-\mathrm{rec} - \mathrm{rate}]",
            _profile,
            tolerance=1e-10,
        ),
        Line(
            "L1",
            r"-\tfrac12 [d \log 2\pi + \log\det C + \mathrm{tr}\, C^{-1} S]",
            lambda lam, U, s2, i: log_likelihood(
                _stationary(lam, U, s2, i) + 0.1 * U[:, [0]], s2, data(lam, U)
            ),
            by="one latent has a diagonal posterior",
            tolerance=1e-10,
        ),
        Line(
            "S0",
            r"C^{-1} (S C^{-1} - I) w,\quad w = \sqrt{\lambda_i - \sigma^2}\, u_i",
            lambda lam, U, s2, i: slope(_stationary(lam, U, s2, i), s2, data(lam, U)),
            None,
        ),
        Line("S1", r"0", lambda **_: 0.0, by="S C⁻¹ w = w", tolerance=1e-10),
        Line(
            "C0",
            r"\partial_\epsilon^2\, \mathbb{E} \log p(x; w + \epsilon u_j)",
            _curvatures,
            None,
        ),
        Line(
            "C1",
            r"\frac{\lambda_j - \lambda_i}{\sigma^2 \lambda_i} - 1[j = i]\,"
            r" \frac{2 (\lambda_i - \sigma^2)}{\lambda_i^2}",
            _curvature_formula,
            by="log det C and tr C⁻¹ S to second order in ε",
        ),
        Line(
            "I0",
            r"w \text{ is a local maximum}",
            lambda **case: bool((_curvatures(**case) < 0).all()),
            None,
        ),
        Line(
            "I1",
            r"\lambda_i = \max_j \lambda_j",
            lambda lam, i, **_: bool(lam[i] == lam.max()),
            "iff",
            by="a larger λ_j is a direction uphill",
        ),
    ),
    mutants=(Mutant("all-stationary-are-maxima", "I0", lambda **_: True),),
)

DERIVATIONS: tuple[Derivation, ...] = (SADDLES,)
