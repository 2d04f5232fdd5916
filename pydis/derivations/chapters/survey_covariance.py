"""Latents whose covariance is the identity, and that depend on each other."""

import numpy as np

from pydis.derivations.derivation import Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs.three import marginal
from pydis.derivations.tools import Floats, rel_entr, xlogy


def _three_points(a: float) -> Floats:
    """Unit variance on −a, 0, a."""
    return np.array([0.5 / a**2, 1 - 1 / a**2, 0.5 / a**2])


def _rotated(a: float) -> Floats:
    """The table of (X + Y, X − Y) in units of a, each −2 … 2."""
    found = np.zeros((5, 5))
    for i, j in np.ndindex(3, 3):
        found[i + j, i - j + 2] = _three_points(a)[i] * _three_points(a)[j]
    return found


def _coordinates(a: float) -> Floats:
    """The values of either coordinate of z."""
    found: Floats = a * np.arange(-2, 3) / np.sqrt(2)
    return found


def _second_moments(a: float) -> Floats:
    """E[zzᵀ] from the table."""
    t, v = _rotated(a), _coordinates(a)
    return np.array([[t.sum(1) @ v**2, v @ t @ v], [v @ t @ v, t.sum(0) @ v**2]])


_NOT_INDEPENDENT = Derivation(
    id="survey.dip-identity-not-independent",
    section="2.1",
    items=("D13",),
    title="The identity as covariance makes Gaussians independent, and no others",
    inputs=Inputs(
        "z = (X + Y, X − Y)/√2 of independent X, Y of unit variance on −a, 0, a",
        lambda rng: {"a": rng.uniform(1, 3)},
        ({"a": 1.0},),
    ),
    lines=(
        Line("covariance", r"\mathrm{Cov}[z]", _second_moments),
        Line(
            "identity",
            r"\tfrac12 \begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix} I"
            r" \begin{pmatrix} 1 & 1 \\ 1 & -1 \end{pmatrix} = I",
            lambda a: np.eye(2),
            by="a rotation of the identity",
        ),
        Line(
            "correlation",
            r"\sum_z q(z) \log \frac{q(z)}{q(z_1) q(z_2)}",
            lambda a: rel_entr(
                _rotated(a), marginal(_rotated(a), 0) * marginal(_rotated(a), 1)
            ).sum(),
            None,
        ),
        Line(
            "entropies",
            r"H(z_1) + H(z_2) - 2 H(X)",
            lambda a: (
                2 * xlogy(_three_points(a), _three_points(a)).sum()
                - sum(xlogy(m, m).sum() for m in (_rotated(a).sum(0), _rotated(a).sum(1)))
            ),
            by="z is a bijection of (X, Y)",
        ),
        Line("zero", r"0", lambda a: 0.0, ">", "z1 and z2 are not independent"),
        Line(
            "gaussian",
            r"-\tfrac12 \log \det \mathrm{Cov}[z]"
            r" \text{, the correlation if } z \text{ were Gaussian}",
            lambda a: -0.5 * np.linalg.slogdet(_second_moments(a))[1],
            None,
        ),
        Line("none", r"-\tfrac12 \log \det I", lambda a: -0.5 * np.log(1.0), by="Cov[z] = I"),
    ),
    mutants=(Mutant("identity-cov-implies-tc0", "entropies", lambda a: 0.0),),
    golden=(Golden("Rademacher", {"a": 1.0}, {"correlation": np.log(2)}),),
)


DERIVATIONS: tuple[Derivation, ...] = (_NOT_INDEPENDENT,)
