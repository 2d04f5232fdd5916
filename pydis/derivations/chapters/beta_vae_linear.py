"""What β > 1 does to a linear β-VAE (§4.2): it can leave the code entangled.

x ~ N(0, S), x | z ~ N(W z, σ² I), z ~ N(0, I), q(z | x) = N(V x, diag D): closed forms.
"""

import numpy as np

from pydis.derivations.derivation import Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs.beta import (
    DIAGONAL,
    STAR,
    decoder,
    draw,
    encoder,
    information,
    objective,
    rotation,
    sampled,
)
from pydis.derivations.tools import Floats


def equal(lam: Floats, s2: float, beta: float, angle: float, other: Floats) -> bool:
    """Whether the data are isotropic."""
    return bool(lam[0] == lam[1])


ENTANGLED = Derivation(
    id="bvae.beta-gt-1-entangled-optimum",
    title="For isotropic data an entangled code is as good as an aligned one, whatever β",
    section="4.2",
    items=("D81",),
    conditions="a linear β-VAE with λ > βσ²; z_j is aligned where it tells of one x_i alone",
    scope="continuous",
    inputs=Inputs(
        "eigenvalues λ of the data's covariance, σ², β, an angle, and another decoder",
        draw,
        (STAR, DIAGONAL, DIAGONAL | {"lam": np.array([5.0, 3.0])}),
    ),
    lines=(
        Line(
            "F0",
            r"\sum_i \left(\frac{\beta}{2} + \frac{1}{2} \log 2 \pi \sigma^2"
            r" + \frac{\beta}{2} \log \frac{\lambda_i}{\beta \sigma^2}\right)",
            lambda lam, s2, beta, angle, other: np.sum(
                beta / 2 + np.log(2 * np.pi * s2) / 2 + beta / 2 * np.log(lam / (beta * s2))
            ),
        ),
        Line(
            "F1",
            r"\frac{\mathrm{tr}((I - W V) S (I - W V)^\top) + \mathrm{tr}(W D W^\top)}{2 \sigma^2}"
            r" + \frac{d}{2} \log 2 \pi \sigma^2 + \beta\, \mathrm{rate}, \quad"
            r" W = (\Lambda - \beta \sigma^2)^{1/2}",
            lambda lam, s2, beta, angle, other: objective(
                np.diag(lam),
                np.diag(np.sqrt(lam - beta * s2)),
                *encoder(np.diag(np.sqrt(lam - beta * s2)), s2, beta),
                s2,
                beta,
            ),
            by="the traces at the optimum",
        ),
        Line(
            "F2",
            r"\text{the same at } W = (\Lambda - \beta \sigma^2)^{1/2} R",
            lambda lam, s2, beta, angle, other: objective(
                np.diag(lam),
                decoder(lam, s2, beta, angle),
                *encoder(decoder(lam, s2, beta, angle), s2, beta),
                s2,
                beta,
            ),
            by="R cancels where all λ are equal",
            when=equal,
        ),
        Line(
            "F3",
            r"\mathbb{E}_x \mathbb{E}_{z \sim q(z \mid x)}[-\log p(x \mid z)]"
            r" + \beta\, \mathbb{E}_x \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))",
            lambda lam, s2, beta, angle, other: sampled(
                np.diag(lam),
                decoder(lam, s2, beta, angle),
                *encoder(decoder(lam, s2, beta, angle), s2, beta),
                s2,
                beta,
            ),
            by="the library's loss at the rotated optimum",
            when=equal,
        ),
        Line(
            "F4",
            r"\text{the same at another } W",
            lambda lam, s2, beta, angle, other: objective(
                np.diag(lam), other, *encoder(other, s2, beta), s2, beta
            ),
            relation="<=",
            by="the optimum is below every other decoder",
        ),
        Line(
            "T0",
            r"W = (\Lambda - \beta \sigma^2)^{1/2} R \text{ is worse than } R = I",
            lambda lam, s2, beta, angle, other: bool(
                objective(
                    np.diag(lam),
                    decoder(lam, s2, beta, angle),
                    *encoder(decoder(lam, s2, beta, angle), s2, beta),
                    s2,
                    beta,
                )
                - np.sum(beta * (1 + np.log(lam / (beta * s2))) + np.log(2 * np.pi * s2)) / 2
                > 1e-10
            ),
            relation=None,
        ),
        Line(
            "T1",
            r"\lambda_1 \ne \lambda_2 \text{ and } R \text{ turns the axes}",
            lambda lam, s2, beta, angle, other: bool(
                lam[0] != lam[1] and abs(np.sin(2 * angle)) > 1e-9
            ),
            relation="iff",
            by="unequal eigenvalues align the code with the principal axes",
        ),
        Line(
            "I0",
            r"I(x_i; z_j) = -\frac{1}{2} \log\left(1 - \rho_{ij}^2\right)",
            lambda lam, s2, beta, angle, other: information(
                lam,
                decoder(lam, s2, beta, angle),
                *encoder(decoder(lam, s2, beta, angle), s2, beta),
            ),
            relation=None,
            when=equal,
        ),
        Line(
            "I1",
            r"-\frac{1}{2} \log\left(1 - R_{ij}^2 \left(1 - \frac{\beta \sigma^2}{\lambda}\right)"
            r"\right)",
            lambda lam, s2, beta, angle, other: (
                -np.log(1 - rotation(angle) ** 2 * (1 - beta * s2 / lam[0])) / 2
            ),
            by="V = (λ − βσ²)^½ Rᵀ / λ and z has variance 1",
            when=equal,
        ),
    ),
    mutants=(
        Mutant(
            "rotation-changes-objective",
            "F2",
            # The decoder is rotated and the encoder is not.
            lambda lam, s2, beta, angle, other: objective(
                np.diag(lam),
                decoder(lam, s2, beta, angle),
                *encoder(decoder(lam, s2, beta, 0.0), s2, beta),
                s2,
                beta,
            ),
        ),
        Mutant(
            "rotated-still-axis-aligned",
            "I1",
            lambda lam, s2, beta, angle, other: np.diag(np.log(lam / (beta * s2)) / 2),
        ),
    ),
    golden=(
        Golden(
            "aligned",
            STAR,
            {"F0": 5.224171427529, "F2": 5.224171427529, "I0": np.diag([np.log(2) / 2] * 2)},
        ),
        Golden(
            "turned by 45°",
            DIAGONAL,
            {"F2": 5.224171427529, "F3": 5.224171427529, "I0": np.full((2, 2), -np.log(0.75) / 2)},
        ),
    ),
    errata=(
        Erratum(
            number="Q10",
            item="D81",
            printed=r"\beta > 1 \text{ achieves disentanglement}",
            corrected=r"\text{an appropriately tuned } \beta > 1 \text{ can help;}"
            r" \text{ for } S = \lambda I \text{ every rotation of the code is optimal}",
            reason="At β = 2 and S = 4 I the code turned by 45° has the optimal objective.",
            label="I0",
            witness=DIAGONAL,
            true_value=np.full((2, 2), -np.log(0.75) / 2),
            readings={
                "each code tells of one axis": (
                    lambda lam, s2, beta, angle, other: np.diag(np.log(lam / (beta * s2)) / 2),
                    np.diag([np.log(2) / 2] * 2),
                )
            },
        ),
    ),
)

DERIVATIONS = (ENTANGLED,)
