"""What independence of the latents says, and what it does not."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import same
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.three import XOR, marginal, product
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.information import total_correlation


def _rotation(theta: float) -> Floats:
    """The rotation by θ in the plane."""
    return np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])


def _informations(theta: float) -> Floats:
    """I(ẑ_i; z_j) = −½ log(1 − A_ij²), ∞ where ẑ_i = ± z_j."""
    found: Floats = -0.5 * xlogy(1, np.maximum(1 - _rotation(theta) ** 2, 0.0))
    return found


def _by_determinants(theta: float) -> Floats:
    """h(ẑ_i) + h(z_j) − h(ẑ_i, z_j) from the joint covariance of ẑ and z."""
    A = _rotation(theta)
    found = np.empty((2, 2))
    for i, j in np.ndindex(2, 2):
        pair = np.array([[A[i] @ A[i], A[i, j]], [A[i, j], 1.0]])
        alone = np.log(pair[0, 0]) + np.log(pair[1, 1])
        found[i, j] = 0.5 * (alone - xlogy(1, max(np.linalg.det(pair), 0.0)))
    return found


def _gaps(theta: float) -> Floats:
    """The largest information of each ẑ_i less the second, sorted, so that a tie is 0."""
    low, high = np.sort(_informations(theta), axis=1).T
    found: Floats = high - low
    return found


_NOT_SUFFICIENT = Derivation(
    id="survey.independence-not-sufficient",
    section="1",
    items=("D02", "D03"),
    title="Independent latents need not be the factors: a rotated Gaussian",
    inputs=Inputs(
        "rotation angle θ",
        lambda rng: {"theta": rng.uniform(0.05, 1.5)},
        ({"theta": np.pi / 4}, {"theta": 3 * np.pi / 4}, {"theta": 0.0}, {"theta": np.pi / 2}),
    ),
    lines=(
        Line(
            "correlation",
            r"\mathrm{TC}(\hat z) = -\tfrac12 \log \det A A^\top",
            lambda theta: -0.5 * np.log(np.linalg.det(_rotation(theta) @ _rotation(theta).T)),
        ),
        Line(
            "orthogonal",
            r"-\tfrac12 \log (\det A)^2 = 0",
            lambda theta: -np.log(np.cos(theta) ** 2 + np.sin(theta) ** 2),
            by="A is orthogonal: the latents ẑ are independent, whatever θ",
        ),
        Line(
            "informations",
            r"I(\hat z_i; z_j) = -\tfrac12 \log(1 - A_{ij}^2)",
            _informations,
            None,
        ),
        Line(
            "determinants",
            r"h(\hat z_i) + h(z_j) - h(\hat z_i, z_j)",
            _by_determinants,
            by="Cov[ẑ, z] = A",
        ),
        Line("gap", r"I(\hat z_i; z_{(1)}) - I(\hat z_i; z_{(2)})", _gaps, None),
        Line(
            "no-gap",
            r"\text{the gap is 0 for each } i",
            lambda theta: same(_gaps(theta), 0.0),
            None,
        ),
        Line(
            "diagonal",
            r"|A_{i1}| = |A_{i2}|",
            lambda theta: same(np.abs(_rotation(theta)[:, 0]), np.abs(_rotation(theta)[:, 1])),
            "iff",
            "the information grows with |A_ij|",
        ),
    ),
    mutants=(
        Mutant(
            "independent-implies-axis-aligned", "no-gap", lambda theta: False, {"theta": np.pi / 4}
        ),
    ),
    golden=(
        Golden(
            "45°",
            {"theta": np.pi / 4},
            {"informations": np.full((2, 2), 0.5 * np.log(2)), "gap": np.zeros(2)},
        ),
        Golden("0°", {"theta": 0.0}, {"gap": np.full(2, np.inf)}),
    ),
    errata=(
        Erratum(
            number="Q1",
            item="D02",
            printed=r"\text{disentangled: } x \text{ can be reconstructed,}"
            r" \text{ and the latents are independent}",
            corrected=r"\text{independence is one requirement, and aligns no latent with a factor}",
            reason="N(0, I) turned by 45°: independent latents, and each knows both factors alike",
            label="gap",
            witness={"theta": np.pi / 4},
            true_value=np.zeros(2),
            readings={
                "independent latents are the factors": (lambda theta: _gaps(0.0), np.inf),
            },
        ),
    ),
    scope="continuous",
)


def _draw_values(rng: Generator) -> Case:
    m, n = rng.integers(1, 4, size=2)
    free = table(rng, m, n)
    independent = rng.integers(4) == 0
    return {
        "p": np.outer(table(rng, m), table(rng, n)) if independent else free,
        "u": rng.choice(9, size=m, replace=False) - 4.0,
        "v": rng.choice(9, size=n, replace=False) - 4.0,
    }


_SQUARED: Case = {
    "p": np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]) / 3,
    "u": np.array([-1.0, 0.0, 1.0]),
    "v": np.array([0.0, 1.0]),
}
"""Z1 uniform on −1, 0, 1 and Z2 its square."""


def _covariance(p: Floats, u: Floats, v: Floats) -> Any:
    """Cov of the first two variables, whose values are u and v."""
    pair = p.sum(axis=tuple(range(2, p.ndim)))
    return u @ pair @ v - (u @ pair.sum(1)) * (pair.sum(0) @ v)


_TC = Derivation(
    id="survey.factorvae-tc",
    section="2.1",
    items=("D12",),
    title="FactorVAE penalises total correlation, which is 0 only for independent latents",
    inputs=Inputs(
        "joint table p of latents, the first two with values u, v",
        _draw_values,
        (
            _SQUARED,
            {"p": XOR, "u": np.array([0.0, 1.0]), "v": np.array([0.0, 1.0])},
            {**_SQUARED, "p": np.full((3, 2), 1 / 6)},
        ),
    ),
    lines=(
        Line(
            "divergence",
            r"\sum_z q(z) \log \frac{q(z)}{\prod_j q(z_j)}",
            lambda p, u, v: rel_entr(p, product(p)).sum(),
        ),
        Line(
            "entropies",
            r"\sum_j H(z_j) - H(z)",
            lambda p, u, v: (
                xlogy(p, p).sum()
                - sum(xlogy(marginal(p, j), marginal(p, j)).sum() for j in range(p.ndim))
            ),
            by="the logarithm of the product",
        ),
        Line(
            "library", r"\mathrm{TC}(q)", lambda p, u, v: total_correlation(p), by="its definition"
        ),
        Line(
            "none",
            r"\mathrm{TC}(q) = 0",
            lambda p, u, v: same(rel_entr(p, product(p)).sum(), 0.0),
            None,
        ),
        Line(
            "independent",
            r"q(z) = \prod_j q(z_j)",
            lambda p, u, v: same(p, product(p)),
            "iff",
            "a divergence is 0 only for equal tables",
        ),
        Line("covariance", r"\mathrm{Cov}(z_1, z_2)", _covariance, None),
    ),
    mutants=(
        Mutant(
            "linear-correlation-instead-printed",
            "independent",
            lambda p, u, v: same(_covariance(p, u, v), 0.0),
            _SQUARED,
        ),
        Mutant(
            "q-vs-prior",
            "entropies",
            lambda p, u, v: rel_entr(p, 1 / p.size).sum(),  # the prior is uniform
            _SQUARED,
        ),
    ),
    golden=(
        Golden(
            "Z2 = Z1²", _SQUARED, {"covariance": 0.0, "divergence": np.log(3) - 2 / 3 * np.log(2)}
        ),
    ),
    errata=(
        Erratum(
            number="Q4",
            item="D12",
            printed=r"\text{the correlation among the latents as an auxiliary loss}",
            corrected=r"\mathrm{TC}(q) = \mathrm{KL}(q(z) \,\|\, \textstyle\prod_j q(z_j))",
            reason="a covariance of 0 leaves dependence: Z2 = Z1² for Z1 uniform on −1, 0, 1",
            label="divergence",
            witness=_SQUARED,
            true_value=0.636514168295,
            readings={"the linear correlation": (_covariance, 0.0)},
        ),
    ),
)


DERIVATIONS: tuple[Derivation, ...] = (_NOT_SUFFICIENT, _TC)
