"""The differential entropy that the library gives a covariance."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant


def draw_covariance(rng: Generator) -> Case:
    """A covariance of 1 to 3 coordinates, positive definite."""
    d = int(rng.integers(1, 4))
    factor = np.tril(rng.normal(size=(d, d))) + np.eye(d)
    return {"covariance": factor @ factor.T + 0.1 * np.eye(d)}


COVARIANCE = Inputs(
    "covariance",
    draw_covariance,
    ({"covariance": np.eye(2)}, {"covariance": np.array([[2.0, 0.5], [0.5, 1.0]])}),
)

GAUSSIAN = Derivation(
    id="estimate.gaussian-entropy",
    title="The differential entropy of a Gaussian by eigenvalues and by conditionals",
    scope="continuous",
    inputs=COVARIANCE,
    lines=(
        Line(
            "L0",
            r"\sum_i \frac{1}{2} \log 2 \pi e \lambda_i",
            lambda covariance: (
                0.5 * np.log(2 * np.pi * np.e * np.linalg.eigvalsh(covariance)).sum()
            ),
        ),
        Line(
            "L1",
            r"\sum_i h(X_i \mid X_{1}, \ldots, X_{i - 1})",
            lambda covariance: np.log(
                np.sqrt(2 * np.pi * np.e) * np.diag(np.linalg.cholesky(covariance))
            ).sum(),
            by="chain rule: L_ii is the deviation of X_i given those before",
        ),
        Line("L2", r"h(X)", information.gaussian_entropy, by="the library"),
        Line(
            "L3",
            r"\sum_i \frac{1}{2} \log 2 \pi e \Sigma_{ii}",
            lambda covariance: 0.5 * np.log(2 * np.pi * np.e * np.diag(covariance)).sum(),
            "<=",
            by="Hadamard: the coordinates' entropies, equal where they are independent",
        ),
    ),
    golden=(
        Golden(
            "white noise",
            {"covariance": np.eye(2)},
            dict.fromkeys(("L0", "L2"), np.log(2 * np.pi) + 1),
        ),
    ),
    mutants=(
        Mutant(
            "no-half",
            "L0",
            lambda covariance: np.log(2 * np.pi * np.e * np.linalg.eigvalsh(covariance)).sum(),
        ),
        Mutant(
            "diagonal-for-conditional",
            "L1",
            lambda covariance: 0.5 * np.log(2 * np.pi * np.e * np.diag(covariance)).sum(),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (GAUSSIAN,)
