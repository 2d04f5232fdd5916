"""The variational autoencoder's loss (§4.2.1): minus the bound, up to a constant."""

import numpy as np

from pydis.derivations.derivation import Derivation, Erratum, Golden, Line, Mutant
from pydis.derivations.inputs.decoder import (
    DECODER,
    NODES,
    ORIGIN,
    WEIGHTS,
    reconstructions,
    squares,
)
from pydis.derivations.inputs.gaussian import gaussian
from pydis.derivations.tools import Floats, xlogy
from pydis.objectives import (
    Terms,
    beta_objective,
    evidence_lower_bound,
    gaussian_normaliser,
    gaussian_reconstruction,
    rate,
)

LOG_2PI = float(np.log(2 * np.pi))

LOSS = Derivation(
    id="vae.loss",
    title="The printed loss is minus the bound, up to a constant",
    section="4.2.1",
    items=("D80", "D107"),
    conditions="σ² = ½, x̂ = x̂(z) with z ~ q(z | x), and the prior is N(0, I)",
    tolerance="T2",
    scope="continuous",
    inputs=DECODER,
    lines=(
        Line(
            "L0",
            r"\mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2"
            r" + \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ squares(x, a, b, m, s) + (m**2 + s**2 - 1 - xlogy(1, s**2)) / 2
            ),
        ),
        Line(
            "L1",
            r"\mathbb{E}_{z \sim q}\left[\lVert x - \hat{x}(z) \rVert^2 + \log q(z \mid x)"
            r" - \log \mathcal{N}(z; 0, 1)\right]",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ (squares(x, a, b, m, s) + log_q(s) + ((m + s * NODES) ** 2 + LOG_2PI) / 2)
            ),
            by="KL is an expectation",
        ),
        Line(
            "L2",
            r"-\mathbb{E}_{z \sim q}\left[\log \frac{p(x \mid z)\, p(z)}{q(z \mid x)}\right]"
            r" - \frac{d}{2} \log \pi, \quad \sigma^2 = \tfrac{1}{2}",
            lambda x, a, b, m, s, variance: (
                -WEIGHTS
                @ (log_likelihood(x, a, b, m, s) - ((m + s * NODES) ** 2 + LOG_2PI) / 2 - log_q(s))
                - x.size / 2 * np.log(np.pi)
            ),
            by="minus the logarithm of N(x; x̂(z), ½ I) is the squared error and the constant",
        ),
        Line(
            "L3",
            r"-\mathcal{L} - \frac{d}{2} \log \pi",
            lambda x, a, b, m, s, variance: beta_objective(terms(x, a, b, m, s), beta=1.0)[0],
            by="the loss that the library minimises, β = 1",
        ),
        Line(
            "B0",
            r"\mathcal{L} = -\mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2"
            r" - \frac{d}{2} \log \pi - \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I))",
            lambda x, a, b, m, s, variance: evidence_lower_bound(
                Terms(
                    np.array([WEIGHTS @ squares(x, a, b, m, s)]),
                    (m**2 + s**2 - 1 - xlogy(1, s**2)) / 2,
                ),
                gaussian_normaliser(x.size),
            )[0],
            relation=None,
        ),
        Line(
            "B1",
            r"\log p(x) = \log \mathcal{N}(x; b, a a^\top + \tfrac{1}{2} I)",
            lambda x, a, b, m, s, variance: log_evidence(x, a, b),
            relation="<=",
            by="KL from the posterior is not negative",
        ),
    ),
    mutants=(
        Mutant(
            "reverse-kl-formula",
            "L0",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ squares(x, a, b, m, s)
                + ((1 + m**2) / max(s**2, 1e-300) - 1 + xlogy(1, s**2)) / 2
            ),
        ),
        Mutant(
            "n-0-1-entropy-dropped",
            "L0",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ squares(x, a, b, m, s) + (m**2 + s**2 - xlogy(1, s**2)) / 2
            ),
        ),
        Mutant(
            "sigma2-1-coefficient",
            "L0",
            lambda x, a, b, m, s, variance: (
                WEIGHTS @ squares(x, a, b, m, s) / 2 + (m**2 + s**2 - 1 - xlogy(1, s**2)) / 2
            ),
        ),
    ),
    golden=(
        Golden("x = 0, x̂(z) = z, q = N(0, 1)", ORIGIN, {"L0": 1.0, "B0": -1.572364942925}),
        Golden("q a point", ORIGIN | {"s": 0.0}, {"L0": np.inf, "L3": np.inf, "B0": -np.inf}),
    ),
    errata=(
        Erratum(
            number="Q9",
            item="D107",
            printed=r"\min (|x - \hat{x}|^2 + \text{KL}(q(z|x) || \mathcal{N}))",
            corrected=r"\min \mathbb{E}_{z \sim q} \lVert x - \hat{x}(z) \rVert^2"
            r" + \mathrm{KL}(q(z \mid x) \,\|\, \mathcal{N}(0, I)) \quad (\sigma^2 = \tfrac{1}{2})",
            reason="x̂ is x̂(z) for a z of q(z | x), so the square stands under its expectation.",
            label="L0",
            witness=ORIGIN,
            true_value=1.0,
            readings={
                "x̂ at the mean of z": (
                    lambda x, a, b, m, s, variance: (
                        np.sum((x - a * m - b) ** 2) + (m**2 + s**2 - 1 - xlogy(1, s**2)) / 2
                    ),
                    0.0,
                )
            },
        ),
    ),
)


def log_q(s: float) -> Floats:
    """log q at the nodes m + s ε: −½ (ε² + log 2π s²)."""
    found: Floats = -0.5 * (NODES**2 + LOG_2PI + xlogy(1, s**2))
    return found


def log_likelihood(x: Floats, a: Floats, b: Floats, m: float, s: float) -> Floats:
    """log N(x; x̂(z), ½ I) at the nodes: −½ Σ_i [2 (x_i − x̂_i)² + log π]."""
    gaps = x - reconstructions(a, b, m, s)
    found: Floats = -0.5 * np.sum(2 * gaps**2 + np.log(np.pi), axis=1)
    return found


def terms(x: Floats, a: Floats, b: Floats, m: float, s: float) -> Terms:
    """Reconstruction at σ² = ½ and rate, as a model has them, with all of q for its draws."""
    x_hat = reconstructions(a, b, m, s)
    with np.errstate(divide="ignore"):
        q = gaussian(m, s**2)
    # Where s = 0 the library's log-variance is −∞ and its rate is ∞.
    errors = gaussian_reconstruction(np.broadcast_to(x, x_hat.shape), x_hat)
    return Terms(np.array([WEIGHTS @ errors]), rate(q))


def log_evidence(x: Floats, a: Floats, b: Floats) -> float:
    """log N(x; b, a aᵀ + ½ I)."""
    C = np.outer(a, a) + 0.5 * np.eye(x.size)
    gap = x - b
    return float(-0.5 * (gap @ np.linalg.solve(C, gap) + np.linalg.slogdet(2 * np.pi * C)[1]))


DERIVATIONS = (LOSS,)
