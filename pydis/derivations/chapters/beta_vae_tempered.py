"""β times KL (§4.2) for one observation: the optimum is a tempered posterior, its value β log Z_β.

Z_β = Σ p(z) p(x | z)^(1/β), always by the logarithms of its terms.
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.latent import COVERED, FL, LOG_P_X
from pydis.derivations.tools import Floats, logsumexp, rel_entr
from pydis.information import kl_divergence
from pydis.objectives import Terms, beta_objective


def log_z(pz: Floats, lik: Floats, beta: float) -> float:
    """log Σ_z p(z) p(x | z)^(1/β)."""
    return float(logsumexp(np.log(pz) + np.log(lik) / beta))


def tempered(pz: Floats, lik: Floats, beta: float) -> Floats:
    """q_β(z) = p(z) p(x | z)^(1/β) / Z_β."""
    found: Floats = np.exp(np.log(pz) + np.log(lik) / beta - log_z(pz, lik, beta))
    return found


def value(pz: Floats, lik: Floats, beta: float, q: Floats) -> Floats:
    """E_q log p(x | z) − β KL(q, p(z)), for each row of q."""
    found: Floats = (q * np.log(lik)).sum(-1) - beta * rel_entr(q, pz).sum(-1)
    return found


def _draw(rng: Generator) -> Case:
    return {
        "pz": table(rng, 4, low=1),
        "lik": rng.integers(1, 21, 4) / 20,
        "beta": float(rng.choice([0.25, 0.5, 1, 2, 4, 10])),
        "qs": rng.dirichlet(np.ones(4), 50),
    }


def _at(beta: float) -> Case:
    qs = np.random.Generator(np.random.Philox(4)).dirichlet(np.ones(3), 10)
    return {"pz": FL["pz"], "lik": FL["lik"], "beta": beta, "qs": np.vstack([FL["q"], qs])}


TEMPERED = Derivation(
    id="bvae.tempered-posterior",
    title="The β-VAE's best encoder is the posterior with the likelihood to the power 1/β",
    inputs=Inputs(
        "finite latent model, β and many q", _draw, (_at(1.0), _at(0.25), _at(10.0), _at(1e4))
    ),
    lines=(
        Line(
            "V0",
            r"\mathbb{E}_{q_\beta}[\log p(x \mid z)] - \beta\, \mathrm{KL}(q_\beta \,\|\, p(z)),"
            r" \quad q_\beta(z) = \frac{p(z)\, p(x \mid z)^{1/\beta}}{Z_\beta}",
            lambda pz, lik, beta, qs: value(pz, lik, beta, tempered(pz, lik, beta)),
        ),
        Line(
            "V1",
            r"\beta \log \sum_z p(z)\, p(x \mid z)^{1/\beta}",
            lambda pz, lik, beta, qs: beta * log_z(pz, lik, beta),
            by="log of q_β over p(z) is log p(x | z) / β − log Z_β",
        ),
        Line(
            "V2",
            r"-\left(-\mathbb{E}_{q_i}[\log p(x \mid z)]"
            r" + \beta\, \mathrm{KL}(q_i \,\|\, p(z))\right), \quad i = 1, 2, \dots",
            lambda pz, lik, beta, qs: (
                -beta_objective(
                    Terms(
                        -(qs @ np.log(lik)), np.array([kl_divergence(q / q.sum(), pz) for q in qs])
                    ),
                    beta,
                )
            ),
            relation=">=",
            by="q_β is the best of all q",
        ),
        Line(
            "V3",
            r"\beta \log Z_\beta - \beta\, \mathrm{KL}(q_i \,\|\, q_\beta)",
            lambda pz, lik, beta, qs: (
                beta * (log_z(pz, lik, beta) - rel_entr(qs, tempered(pz, lik, beta)).sum(1))
            ),
            by="what q_i misses is β times its KL from the best",
        ),
        Line(
            "P0",
            r"q_1(z)",
            lambda pz, lik, beta, qs: tempered(pz, lik, 1.0),
            relation=None,
        ),
        Line(
            "P1",
            r"p(z \mid x)",
            lambda pz, lik, beta, qs: pz * lik / (pz @ lik),
            by="β = 1 is Bayes' rule",
        ),
        Line(
            "Q0",
            r"\frac{p(z)\, p(x \mid z)^{1/\beta}}{\sum_{z'} p(z')\, p(x \mid z')^{1/\beta}}",
            lambda pz, lik, beta, qs: (
                np.exp(np.log(pz) + np.log(lik) / beta)
                / np.exp(np.log(pz) + np.log(lik) / beta).sum()
            ),
            relation=None,
        ),
        Line(
            "Q1",
            r"e^{\log p(z) + \log p(x \mid z) / \beta - \log Z_\beta}",
            lambda pz, lik, beta, qs: tempered(pz, lik, beta),
            by="in logarithms",
        ),
    ),
    mutants=(
        Mutant(
            "beta-multiplies-loglik",
            "V0",
            lambda pz, lik, beta, qs: value(pz, lik, beta, tempered(pz, lik, 1 / beta)),
            witness=_at(2.0),
        ),
        Mutant(
            "untempered",
            "V0",
            lambda pz, lik, beta, qs: value(pz, lik, beta, tempered(pz, lik, 1.0)),
            witness=_at(2.0),
        ),
    ),
    golden=(
        Golden("β = ½", _at(0.5), {"V0": -0.679339597043, "V1": -0.679339597043}),
        Golden("β = 1", _at(1.0), {"V0": LOG_P_X}),
        Golden(
            "β = 2",
            _at(2.0),
            {
                "V1": -0.938486263503,
                "Q0": np.array([0.357498895978, 0.339153231686, 0.303347872336]),
            },
        ),
        Golden("β = 4", _at(4.0), {"V1": -0.986468518874}),
    ),
)

BETAS = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.5, 2.0, 4.0, 10.0, 100.0])


def values(pz: Floats, lik: Floats, betas: Floats) -> Floats:
    """β log Z_β for each β."""
    return np.array([beta * log_z(pz, lik, float(beta)) for beta in betas])


def varies(pz: Floats, lik: Floats, q: Floats) -> bool:
    """Whether the likelihood depends on z."""
    return bool(np.ptp(lik) > 0)


ONLY_ABOVE_ONE = Derivation(
    id="bvae.bound-only-for-beta-ge-1",
    title="The β-VAE's objective bounds log p(x) for β ≥ 1, and passes it for β < 1",
    conditions="p(z) > 0; a constant likelihood gives log p(x) for every β",
    inputs=COVERED,
    lines=(
        Line(
            "M0",
            r"\max_q \mathcal{L}_{\beta_i}(q) = \beta_i \log Z_{\beta_i},"
            r" \quad \beta_1 < \beta_2 < \dots",
            lambda pz, lik, q: values(pz, lik, BETAS[:-1]),
        ),
        Line(
            "M1",
            r"\beta_{i + 1} \log Z_{\beta_{i + 1}}",
            lambda pz, lik, q: values(pz, lik, BETAS[1:]),
            relation=">=",
            by="it is the norm of the likelihood of order 1/β under the prior, in logarithms",
        ),
        Line(
            "A0",
            r"\beta \log Z_\beta, \quad \beta \ge 1",
            lambda pz, lik, q: values(pz, lik, BETAS[BETAS >= 1]),
            relation=None,
        ),
        Line(
            "A1",
            r"\log p(x)",
            lambda pz, lik, q: np.log(pz @ lik),
            relation="<=",
            by="log p(x) is the value at β = 1",
        ),
        Line(
            "A2",
            r"\beta \log Z_\beta, \quad \beta < 1",
            lambda pz, lik, q: values(pz, lik, BETAS[BETAS < 1]),
            relation="<",
            by="strictly, where the likelihood depends on z",
            when=varies,
        ),
        Line(
            "T0",
            r"\beta \log Z_\beta = \log p(x) \text{ for } \beta = \tfrac{1}{2}",
            lambda pz, lik, q: bool(0.5 * np.log(pz @ lik**2) - np.log(lik @ pz) < ZERO),
            relation=None,
        ),
        Line(
            "T1",
            r"p(x \mid z) \text{ does not depend on } z",
            lambda pz, lik, q: bool(np.ptp(lik) == 0),
            relation="iff",
            by="the mean of squares is the square of the mean only for a constant",
        ),
    ),
    mutants=(
        Mutant(
            "bound-for-all-beta",
            "A2",
            lambda pz, lik, q: np.minimum(values(pz, lik, BETAS[BETAS < 1]), np.log(pz @ lik)),
        ),
    ),
    golden=(Golden("FL", FL, {"A1": LOG_P_X}),),
)

DERIVATIONS = (TEMPERED, ONLY_ABOVE_ONE)
