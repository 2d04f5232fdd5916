"""What β-VAE and the adversarial autoencoder push towards the prior."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.inputs.encoders import tempered
from pydis.derivations.tools import Floats, rel_entr
from pydis.information import kl_divergence


def _one(prior: Floats, likelihood: Floats, beta: Any) -> Floats:
    """q_β(z) ∝ p(z) ℓ(z)^{1/β} for one observation."""
    found: Floats = tempered(prior, np.log(likelihood)[:, None], beta)[0]
    return found


def _shift(prior: Floats, likelihood: Floats, beta: float) -> Any:
    """KL(q_β ‖ p)."""
    return rel_entr(_one(prior, likelihood, beta), prior).sum()


def _shifts(prior: Floats, likelihood: Floats, betas: Floats) -> Floats:
    """KL(q_β ‖ p) for each β."""
    return np.array([_shift(prior, likelihood, beta) for beta in betas])


def _posterior(prior: Floats, likelihood: Floats) -> Floats:
    """p(z | x)."""
    found: Floats = prior * likelihood / (prior @ likelihood)
    return found


def _draw_latent(rng: Generator) -> Case:
    m = int(rng.integers(2, 6))
    return {"prior": table(rng, m), "likelihood": rng.uniform(0.05, 1, size=m)}


_GROWING = np.array([1.0, 2.0, 4.0, 16.0, 1e4])
_STAR = {"prior": np.array([0.5, 0.3, 0.2]), "likelihood": np.array([0.2, 0.5, 0.9])}

_SHIFTS = Derivation(
    id="survey.beta-vae-shifts-posterior",
    section="2.1",
    items=("D10",),
    title="A larger β pushes the posterior towards the prior",
    inputs=Inputs(
        "prior p(z) and likelihood of one observation",
        _draw_latent,
        ({**_STAR, "likelihood": np.full(3, 0.4)},),
    ),
    lines=(
        Line(
            "divergence",
            r"\mathrm{KL}(q_{\beta_i} \,\|\, p), \quad"
            r" q_\beta \propto p(z) \, p(x \mid z)^{1/\beta}",
            lambda prior, likelihood: _shifts(prior, likelihood, _GROWING[:-1]),
        ),
        Line(
            "after",
            r"\mathrm{KL}(q_{\beta_{i+1}} \,\|\, p)",
            lambda prior, likelihood: np.array(
                [_shift(prior, likelihood, b) for b in _GROWING[1:]]
            ),
            ">=",
            "the rate falls with β",
        ),
        Line(
            "one",
            r"\mathrm{KL}(q_1 \,\|\, p)",
            lambda prior, likelihood: _shift(prior, likelihood, 1.0),
            None,
        ),
        Line(
            "posterior",
            r"\sum_z p(z \mid x) \log \frac{p(x \mid z)}{p(x)}",
            lambda prior, likelihood: (
                _posterior(prior, likelihood) @ np.log(likelihood / (prior @ likelihood))
            ),
            by="q_1 is the posterior",
        ),
        Line(
            "limit",
            r"\mathrm{KL}(q_{10^4} \,\|\, p)",
            lambda prior, likelihood: _shift(prior, likelihood, 1e4),
            None,
        ),
        Line(
            "zero", r"0", lambda prior, likelihood: 0.0, by="q_β tends to the prior", tolerance=1e-6
        ),
        Line(
            "tempered",
            r"q_2(z)",
            lambda prior, likelihood: _one(prior, likelihood, 2.0),
            None,
        ),
        Line(
            "root",
            r"\frac{p(z) \sqrt{p(x \mid z)}}{\sum_{z'} p(z') \sqrt{p(x \mid z')}}",
            lambda prior, likelihood: prior * np.sqrt(likelihood) / (prior @ np.sqrt(likelihood)),
            by="its definition",
        ),
    ),
    mutants=(
        Mutant(
            "beta-decreases-shift",
            "after",
            lambda prior, likelihood: _shifts(prior, likelihood, 1 / _GROWING[1:]),
            _STAR,
        ),
        Mutant(
            "untempered",
            "limit",
            lambda prior, likelihood: rel_entr(_posterior(prior, likelihood), prior).sum(),
        ),
    ),
    golden=(
        Golden(
            "three latents",
            _STAR,
            {"tempered": np.array([0.357498895978, 0.339153231686, 0.303347872336])},
        ),
    ),
    source="Higgins et al. 2017",
)


def _draw_encoder(rng: Generator) -> Case:
    n, m = rng.integers(1, 5, size=2)
    return {"px": table(rng, n), "q": channel(rng, n, m), "r": table(rng, m, low=1)}


_AGGREGATE = Derivation(
    id="survey.aae-aggregate",
    section="2.1",
    items=("D11",),
    title="The adversarial autoencoder moves the aggregate to the prior, not each posterior",
    inputs=Inputs(
        "p(x), encoder q(z | x), prior r(z)",
        _draw_encoder,
        (
            {
                "px": np.array([0.2, 0.8]),
                "q": np.array([[0.5, 0.5], [0.5, 0.5]]),
                "r": np.array([0.6, 0.4]),
            },
            {"px": np.array([0.0, 1.0]), "q": np.eye(2), "r": np.array([0.5, 0.5])},
        ),
    ),
    lines=(
        Line(
            "average",
            r"\mathbb E_{p(x)} \mathrm{KL}(q(z \mid x) \,\|\, p(z))",
            lambda px, q, r: px @ rel_entr(q, r).sum(1),
        ),
        Line(
            "split",
            r"\sum_{x,z} p(x) q(z \mid x) \log \frac{q(z \mid x)}{q(z)}"
            r" + \sum_z q(z) \log \frac{q(z)}{p(z)}, \quad q(z) = \sum_x p(x) q(z \mid x)",
            lambda px, q, r: (
                rel_entr(px[:, None] * q, np.outer(px, px @ q)).sum() + rel_entr(px @ q, r).sum()
            ),
            by="q(z | x) / p(z) = [q(z | x) / q(z)] [q(z) / p(z)]",
        ),
        Line(
            "aggregate",
            r"\mathrm{KL}(q(z) \,\|\, p(z))",
            lambda px, q, r: kl_divergence(px @ q, r),
            ">=",
            "I_q(x; z) ≥ 0; this alone is what the adversary sees",
        ),
    ),
    mutants=(
        Mutant(
            "aggregate-equals-each-posterior",
            "split",
            lambda px, q, r: (
                rel_entr(px[:, None] * q, np.outer(px, px @ q)).sum() + rel_entr(q[0], r).sum()
            ),
        ),
        Mutant("drop-mi", "split", lambda px, q, r: rel_entr(px @ q, r).sum()),
    ),
    golden=(
        Golden(
            "lossless",
            {"px": np.full(3, 1 / 3), "q": np.eye(3), "r": np.full(3, 1 / 3)},
            {"aggregate": 0.0, "average": np.log(3)},
        ),
    ),
    source="Makhzani et al. 2015",
)


DERIVATIONS: tuple[Derivation, ...] = (_SHIFTS, _AGGREGATE)
