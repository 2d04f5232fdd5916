"""Where the squared error of an autoencoder comes from (§4.2.1): its decoder, not its code."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs.gaussian import density
from pydis.derivations.tools import Floats
from pydis.objectives import bernoulli_reconstruction


def _pair(rng: Generator) -> Case:
    return {
        "x": rng.uniform(-4, 4, 2),
        "z": float(rng.uniform(-2, 2)),
        "bits": rng.integers(0, 2, 3).astype(np.float64),
        "logits": rng.uniform(-3, 3, 3),
    }


RESIDUALS: Case = {
    "x": np.array([3.0, 1.0]),
    "z": 0.0,
    "bits": np.array([1.0, 0.0, 1.0]),
    "logits": np.array([0.5, -1.0, -2.0]),
}

NOT_SUFFICIENT = Derivation(
    id="vae.gaussian-z-not-sufficient",
    title="The squared error comes from a Gaussian decoder, not from a Gaussian code",
    section="4.2.1",
    items=("D104",),
    conditions="z ~ N(0, 1) throughout, x̂(z) = z; two observations of the same z",
    scope="continuous",
    inputs=Inputs("two observations, a code, and an image of bits", _pair, (RESIDUALS,)),
    lines=(
        Line(
            "A0",
            r"\log \frac{p(x_2, z)}{p(x_1, z)}, \quad p(x \mid z) = \tfrac{1}{2} e^{-|x - z|}",
            lambda x, z, bits, logits: np.diff(
                np.log(density(z, 0, 1) * np.exp(-np.abs(x - z)) / 2)
            )[0],
        ),
        Line(
            "A1",
            r"|x_1 - z| - |x_2 - z|",
            lambda x, z, bits, logits: np.abs(x - z)[0] - np.abs(x - z)[1],
            by="a Laplace decoder makes absolute errors",
        ),
        Line(
            "G0",
            r"\log \frac{p(x_2, z)}{p(x_1, z)}, \quad"
            r" p(x \mid z) = \pi^{-1/2} e^{-|x - z|^2}",
            lambda x, z, bits, logits: np.diff(np.log(density(z, 0, 1) * density(x, z, 0.5)))[0],
            relation=None,
        ),
        Line(
            "G1",
            r"|x_1 - z|^2 - |x_2 - z|^2",
            lambda x, z, bits, logits: (x[0] - z) ** 2 - (x[1] - z) ** 2,
            by="a Gaussian decoder makes squared errors",
        ),
        Line(
            "B0",
            r"-\log \prod_i p_i^{x_i} (1 - p_i)^{1 - x_i}",
            lambda x, z, bits, logits: (
                -np.log(np.prod(sigmoid(logits) ** bits * (1 - sigmoid(logits)) ** (1 - bits)))
            ),
            relation=None,
        ),
        Line(
            "B1",
            r"-\sum_i \left(x_i \log p_i + (1 - x_i) \log (1 - p_i)\right)",
            lambda x, z, bits, logits: (
                -np.sum(bits * np.log(sigmoid(logits)) + (1 - bits) * np.log(1 - sigmoid(logits)))
            ),
            by="a Bernoulli decoder makes cross-entropies",
        ),
        Line(
            "B2",
            r"\sum_i \left(\log(1 + e^{l_i}) - x_i l_i\right), \quad p_i = \frac{1}{1 + e^{-l_i}}",
            lambda x, z, bits, logits: bernoulli_reconstruction(bits[None], logits[None])[0],
            by="the reconstruction term of the library, in logits",
        ),
    ),
    mutants=(
        Mutant(
            "squared-error-for-any-decoder",
            "A1",
            lambda x, z, bits, logits: np.square(x - z)[0] - np.square(x - z)[1],
        ),
    ),
    golden=(Golden("residuals 3 and 1", RESIDUALS, {"A0": 2.0, "A1": 2.0, "G0": 8.0, "G1": 8.0}),),
    errata=(
        Erratum(
            number="W12",
            item="D104",
            printed=r"z \sim \text{Multivariate Gaussian Distribution} \implies"
            r" \log p(x|\hat{x}) = -|x - \hat{x}|^2",
            corrected=r"p(x \mid z) = \mathcal{N}(x; \hat{x}(z), \tfrac{1}{2} I)",
            reason="The code is as Gaussian with a Laplace decoder, whose error is absolute.",
            label="A0",
            witness=RESIDUALS,
            true_value=2.0,
            readings={
                "the squared error, because z is Gaussian": (
                    lambda x, z, bits, logits: (x[0] - z) ** 2 - (x[1] - z) ** 2,
                    8.0,
                )
            },
        ),
    ),
)


def sigmoid(l: Floats) -> Floats:
    """1 / (1 + exp −l)."""
    found: Floats = 1 / (1 + np.exp(-l))
    return found


DERIVATIONS = (NOT_SUFFICIENT,)
