"""What rate and distortion bound: the information that an encoder's code has about x."""

import numpy as np

from pydis.derivations.chapters.rate_distortion import distortion, rate
from pydis.derivations.derivation import Derivation, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.latent import FINITE_VAE, VAE
from pydis.derivations.tools import Floats, xlogy
from pydis.information import mutual_information
from pydis.objectives import Terms, evidence_lower_bound


def encoder_information(px: Floats, q: Floats) -> float:
    """I_q(x; z) = Σ p(x) q(z | x) log [q(z | x) / q(z)]."""
    return float(px @ (xlogy(q, q) - xlogy(q, px @ q)).sum(1))


def model_information(r: Floats, g: Floats) -> float:
    """I(x; z) of the model r(z) g(x | z)."""
    return float(r @ (xlogy(g, g) - xlogy(g, r @ g)).sum(1))


def best_prior(px: Floats, q: Floats, r: Floats) -> bool:
    """Whether r is the aggregated posterior."""
    return bool(np.max(np.abs(r - px @ q)) < ZERO)


def best_decoder(px: Floats, q: Floats, g: Floats) -> bool:
    """Whether g(x | z) is q(x | z) for every z that occurs."""
    P = px[:, None] * q
    return bool(np.max(np.abs(g.T * P.sum(0) - P)) < ZERO)


SANDWICH = Derivation(
    id="elbo.alemi-sandwich",
    title="The encoder's information lies between H(x) − D and R",
    conditions="equality above at r(z) = q(z), below at g(x | z) = q(x | z)",
    source="Alemi et al. 2018, equation 3",
    inputs=FINITE_VAE,
    lines=(
        Line(
            "L0",
            r"H(x) - D = -\sum_x p(x) \log p(x) + \sum_{x, z} p(x)\, q(z \mid x) \log g(x \mid z)",
            lambda px, q, r, g: -px @ np.log(px) + px @ (q * np.log(g.T)).sum(1),
        ),
        Line(
            "L1",
            r"I_q(x; z) = \sum_{x, z} p(x)\, q(z \mid x) \log \frac{q(z \mid x)}{q(z)}",
            lambda px, q, r, g: encoder_information(px, q),
            relation="<=",
            by="KL(q(x | z), g(x | z)) is not negative",
        ),
        Line(
            "L2",
            r"I(x; z) \text{ of the table } p(x)\, q(z \mid x)",
            lambda px, q, r, g: mutual_information(px[:, None] * q),
            by="the name of the sum",
        ),
        Line(
            "L3",
            r"R = \sum_x p(x) \sum_z q(z \mid x) \log \frac{q(z \mid x)}{r(z)}",
            lambda px, q, r, g: np.sum(px[:, None] * (xlogy(q, q) - xlogy(q, r))),
            relation="<=",
            by="KL(q(z), r(z)) is not negative",
        ),
        Line(
            "E0",
            r"-\mathbb{E}_{p(x)} \mathcal{L} = D + R",
            lambda px, q, r, g: (
                -px
                @ evidence_lower_bound(
                    Terms(-(q * np.log(g.T)).sum(1), (xlogy(q, q) - xlogy(q, r)).sum(1))
                )
            ),
            relation=None,
        ),
        Line(
            "E1",
            r"H(x)",
            lambda px, q, r, g: -np.sum(xlogy(px, px)),
            relation=">=",
            by="the sandwich without its middle",
        ),
        Line(
            "T0",
            r"I_q(x; z) = R",
            lambda px, q, r, g: rate(px, q, r) - encoder_information(px, q) < ZERO,
            relation=None,
        ),
        Line(
            "T1",
            r"r(z) = \sum_x p(x)\, q(z \mid x)",
            lambda px, q, r, g: best_prior(px, q, r),
            relation="iff",
            by="KL = 0 only between equal distributions",
        ),
        Line(
            "U0",
            r"H(x) - D = I_q(x; z)",
            lambda px, q, r, g: bool(
                encoder_information(px, q) + xlogy(px, px).sum() + distortion(px, q, g) < ZERO
            ),
            relation=None,
        ),
        Line(
            "U1",
            r"g(x \mid z) = q(x \mid z)",
            lambda px, q, r, g: best_decoder(px, q, g),
            relation="iff",
            by="KL = 0 only between equal distributions",
        ),
    ),
    mutants=(
        Mutant(
            "swap",
            "L0",
            lambda px, q, r, g: np.sum(px[:, None] * (xlogy(q, q) - xlogy(q, r))),
            witness=VAE,
        ),
        Mutant("i-e-vs-model-i", "L1", lambda px, q, r, g: model_information(r, g)),
    ),
)

DERIVATIONS = (SANDWICH,)
