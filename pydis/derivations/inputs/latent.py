"""Inputs of models with a latent variable: one observation, a whole encoder, a Gaussian line.

A finite model of one observation is its prior p(z) and its likelihood p(x | z) as a number for each
z; a finite autoencoder has tables for p(x), q(z | x), p(z) and p(x | z). Weights are whole, so the
posterior is rational, and KL(q, p(z | x)) is either 0 or far above what an 'iff' calls zero.
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs, UndefinedLine
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats, xlogy

FL: dict[str, Floats] = {
    "pz": np.array([0.5, 0.3, 0.2]),
    "lik": np.array([0.2, 0.5, 0.9]),
    "q": np.array([0.2, 0.2, 0.6]),
}
"""The golden finite model: p(x) = 0.43, and q is neither its prior nor its posterior."""

LOG_P_X, KL, ELBO = -0.843970070295, 0.074579462903, -0.918549533198
"""log p(x), KL(q, p(z | x)) and the bound of FL."""


def joint(pz: Floats, lik: Floats) -> Floats:
    """p(x, z) = p(x | z) p(z) for the x that was observed, `[m]`."""
    found: Floats = pz * lik
    return found


def posterior(pz: Floats, lik: Floats) -> Floats:
    """p(z | x), `[m]`. Raises UndefinedLine where p(x) = 0."""
    evidence = float(pz @ lik)
    if evidence == 0:
        raise UndefinedLine("p(z | x) where p(x) = 0")
    found: Floats = pz * lik / evidence
    return found


def over(a: Floats, q: Floats) -> Floats:
    """a / q, and 1 where q = 0: such a term has weight q, and is dropped."""
    found: Floats = np.divide(a, q, out=np.ones(np.shape(q)), where=q > 0)
    return found


def ln(y: object) -> Floats:
    """log y, with log 0 = −∞."""
    return xlogy(1.0, y)


def weigh(q: Floats, values: Floats) -> Floats:
    """q times the values, 0 where q = 0 whatever the value."""
    return np.multiply(q, values, out=np.zeros(q.shape), where=q > 0)


def _model(rng: Generator, low: int) -> tuple[Floats, Floats]:
    m = int(rng.integers(2, 6))
    return table(rng, m, low=low), rng.integers(1, 21, size=m) / 20


def draw_latent(rng: Generator) -> Case:
    """A model of 2 to 5 values of z, with a q that may have zeros and often is the posterior."""
    pz, lik = _model(rng, low=1)
    q = posterior(pz, lik) if rng.integers(4) == 0 else table(rng, pz.size)
    return {"pz": pz, "lik": lik, "q": q}


def draw_covered(rng: Generator) -> Case:
    """As `draw_latent`, with q > 0 and a likelihood that depends on z."""
    pz, lik = _model(rng, low=1)
    lik[0] = (lik[0] + 1) / 3 if np.ptp(lik) == 0 else lik[0]
    return {"pz": pz, "lik": lik, "q": table(rng, pz.size, low=1)}


_HALVES = np.array([0.5, 0.5])

COVERED_CASES: tuple[Case, ...] = (
    FL | {"q": FL["pz"]},  # q is the prior
    FL | {"q": posterior(FL["pz"], FL["lik"])},  # q is the posterior
    {"pz": np.array([0.3, 0.7]), "lik": np.array([0.4, 0.4]), "q": _HALVES},  # constant likelihood
    {"pz": np.array([0.3, 0.7]), "lik": np.array([0.4, 0.4]), "q": np.array([0.3, 0.7])},
)

LATENT_CASES: tuple[Case, ...] = (
    *COVERED_CASES,
    FL | {"q": np.array([0.0, 1.0, 0.0])},  # q is a point mass
    {"pz": np.ones(1), "lik": np.array([0.3]), "q": np.ones(1)},  # one value of z
    {"pz": np.array([0.5, 0.5, 0.0]), "lik": FL["lik"], "q": np.array([0.4, 0.6, 0.0])},
)

IMPOSSIBLE: dict[str, Floats] = {"pz": np.array([0.5, 0.5, 0.0]), "lik": FL["lik"], "q": FL["q"]}
"""q(z) > 0 = p(z): KL = ∞ and the bound is −∞."""

UNLIKELY: dict[str, Floats] = FL | {"lik": np.array([0.2, 0.5, 0.0])}
"""q(z) > 0 = p(x | z): KL from the posterior is ∞, KL from the prior is not."""

LATENT = Inputs(
    "finite latent model p(z), p(x | z) and a distribution q",
    draw_latent,
    (*LATENT_CASES, IMPOSSIBLE, UNLIKELY),
)
"""Cases `pz`, `lik`, `q`, `[m]` each, m ≤ 5; KL(q, p(z | x)) may be ∞."""

COVERED = Inputs("finite latent model and q > 0", draw_covered, COVERED_CASES)
"""As LATENT, with q(z) > 0 and p(z) > 0 for every z."""


def draw_many(rng: Generator) -> Case:
    """A model, and 200 distributions over its z."""
    pz, lik = _model(rng, low=1)
    return {"pz": pz, "lik": lik, "qs": rng.dirichlet(np.ones(pz.size), 200)}


def _many(pz: list[float], lik: list[float]) -> Case:
    qs = np.random.Generator(np.random.Philox(len(pz))).dirichlet(np.ones(len(pz)), 50)
    return {"pz": np.array(pz), "lik": np.array(lik), "qs": qs}


MANY_Q = Inputs(
    "finite latent model and many distributions q",
    draw_many,
    (
        _many([0.5, 0.3, 0.2], [0.2, 0.5, 0.9]),
        _many([0.3, 0.7], [0.4, 0.4]),  # constant likelihood
        _many([0.25, 0.75], [1.0, 0.05]),
    ),
)
"""Cases `pz`, `lik`, `[m]`, and `qs`, `[n, m]`, each row a distribution, no two alike."""


def draw_vae(rng: Generator) -> Case:
    """A finite autoencoder of N ≤ 5 observations and m ≤ 5 codes."""
    n, m = rng.integers(2, 6, size=2)
    return {
        "px": table(rng, n, low=1),
        "q": channel(rng, n, m),
        "r": table(rng, m, low=1),
        "g": channel(rng, m, n, low=1),
    }


VAE: dict[str, Floats] = {
    "px": np.array([0.2, 0.5, 0.3]),
    "q": np.array([[0.7, 0.3], [0.4, 0.6], [0.1, 0.9]]),
    "r": np.array([0.6, 0.4]),
    "g": np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]),
}
"""A finite autoencoder in which nothing is optimal."""


def _with_best_decoder(case: dict[str, Floats]) -> dict[str, Floats]:
    """The prior q(z) and the decoder q(x | z) of the encoder: where both bounds are equalities."""
    P = case["px"][:, None] * case["q"]
    return case | {"r": P.sum(0), "g": (P / P.sum(0)).T}


FINITE_VAE = Inputs(
    "finite autoencoder p(x), q(z | x), p(z), p(x | z)",
    draw_vae,
    (
        VAE,
        _with_best_decoder(VAE),
        _with_best_decoder(VAE) | {"r": VAE["r"]},  # only the decoder
        _with_best_decoder(VAE) | {"g": VAE["g"]},  # only the prior
        VAE | {"q": np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])},  # a code without noise
        VAE | {"q": np.full((3, 2), 0.5)},  # a code without information
        VAE | {"g": np.full((2, 3), 1 / 3)},  # a decoder that ignores z
    ),
)
"""Cases `px` `[N]`, `q` `[N, m]`, `r` `[m]`, `g` `[m, N]`; rows are distributions, r and g > 0."""
