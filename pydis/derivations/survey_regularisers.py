"""What regularisers of the latents do to the posterior and to the reconstruction."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats, logsumexp, rel_entr, xlogy

_BETAS = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])


def _tempered(r: Floats, log_g: Floats, beta: Any) -> Floats:
    """q_β(z | x) ∝ r(z) g(x | z)^{1/β}, in logarithms; log_g is `[m, N]`, the result `[N, m]`."""
    log_q = xlogy(1, r) + log_g.T / beta
    found: Floats = np.exp(log_q - logsumexp(log_q, axis=1)[:, None])
    return found


def _distortions(px: Floats, r: Floats, g: Floats, betas: Floats) -> Floats:
    """D(β) = −E log g(x | z) for each β."""
    return np.array(
        [-np.sum(px[:, None] * _tempered(r, np.log(g), b) * np.log(g.T)) for b in betas]
    )


def _rates(px: Floats, r: Floats, g: Floats, betas: Floats) -> Floats:
    """R(β) = E_x KL(q_β(z | x) ‖ r) for each β."""
    return np.array([px @ rel_entr(_tempered(r, np.log(g), b), r).sum(1) for b in betas])


def _draw_tables(rng: Generator) -> Case:
    n, m = rng.integers(2, 5, size=2)
    return {
        "px": table(rng, n),
        "r": table(rng, m),
        "g": channel(rng, m, n, low=1),
        "q": channel(rng, n, m, low=1),
    }


_BLIND: Case = {
    "px": np.array([0.3, 0.7]),
    "r": np.array([0.5, 0.5]),
    "g": np.array([[0.4, 0.6], [0.4, 0.6]]),  # the decoder ignores z
    "q": np.array([[0.9, 0.1], [0.2, 0.8]]),
}

_SEEING: Case = {**_BLIND, "g": np.array([[0.9, 0.1], [0.2, 0.8]])}

_COST = Derivation(
    id="survey.independence-cost",
    section="2",
    items=("D08",),
    title="With the decoder fixed, a larger β buys a smaller rate by a larger distortion",
    inputs=Inputs(
        "p(x), prior r(z), decoder g(x | z) > 0, and any encoder q", _draw_tables, (_BLIND, _SEEING)
    ),
    lines=(
        Line(
            "distortion",
            r"D(\beta_i), \quad D(\beta) = -\mathbb E_{p(x) q_\beta(z \mid x)}[\log g(x \mid z)]",
            lambda px, r, g, q: _distortions(px, r, g, _BETAS[:-1]),
        ),
        Line(
            "distortion-after",
            r"D(\beta_{i+1})",
            lambda px, r, g, q: _distortions(px, r, g, _BETAS[1:]),
            "<=",
            "q_β minimises D + βR for each β",
        ),
        Line(
            "rate",
            r"R(\beta_i), \quad R(\beta) = \mathbb E_{p(x)} \mathrm{KL}(q_\beta(z \mid x) \,\|\, r)",
            lambda px, r, g, q: _rates(px, r, g, _BETAS[:-1]),
            None,
        ),
        Line(
            "rate-after",
            r"R(\beta_{i+1})",
            lambda px, r, g, q: _rates(px, r, g, _BETAS[1:]),
            ">=",
            "by the same",
        ),
        Line(
            "objective",
            r"D(\beta) + \beta R(\beta)",
            lambda px, r, g, q: _distortions(px, r, g, _BETAS) + _BETAS * _rates(px, r, g, _BETAS),
            None,
        ),
        Line(
            "free-energy",
            r"-\beta \, \mathbb E_{p(x)}\left[\log \sum_z r(z) g(x \mid z)^{1/\beta}\right]",
            lambda px, r, g, q: np.array([-b * px @ np.log(r @ g ** (1 / b)) for b in _BETAS]),
            by="log q_β = log r + β⁻¹ log g − log Z_β",
        ),
        Line(
            "any",
            r"-\mathbb E_{p(x) q(z \mid x)}[\log g(x \mid z)]"
            r" + \beta \, \mathbb E_{p(x)} \mathrm{KL}(q \,\|\, r)",
            lambda px, r, g, q: (
                -(px[:, None] * q * np.log(g.T)).sum() + _BETAS * (px @ rel_entr(q, r).sum(1))
            ),
            "<=",
            "the difference is β KL(q ‖ q_β)",
        ),
        Line(
            "limit",
            r"\lim_{\beta \to \infty} R(\beta)",
            lambda px, r, g, q: _rates(px, r, g, np.array([1e8]))[0],
            None,
        ),
        Line("zero", r"0", lambda px, r, g, q: 0.0, by="q_β tends to r"),
        Line(
            "spread",
            r"D(\tfrac14) - D(8)",
            lambda px, r, g, q: np.subtract(*_distortions(px, r, g, _BETAS[[0, -1]])),
            None,
            when=lambda px, r, g, q: bool((g == g[0]).all()),
        ),
        Line(
            "constant",
            r"\mathbb E_{p(x)}[\log g(x)] - \mathbb E_{p(x)}[\log g(x)] = 0",
            lambda px, r, g, q: px @ np.log(g[0] / g[-1]),
            by="where the decoder ignores z, D is constant",
            when=lambda px, r, g, q: bool((g == g[0]).all()),
        ),
    ),
    mutants=(
        Mutant(
            "distortion-decreases",
            "distortion-after",
            mirrored(
                lambda px, r, g, q: _distortions(px, r, g, _BETAS[:-1]),
                lambda px, r, g, q: _distortions(px, r, g, _BETAS[1:]),
            ),
        ),
    ),
    source="Higgins et al. 2017",
)


def _one(prior: Floats, likelihood: Floats, beta: Any) -> Floats:
    """q_β(z) ∝ p(z) ℓ(z)^{1/β} for one observation."""
    return _tempered(prior, np.log(likelihood)[:, None], beta)[0]


def _shift(prior: Floats, likelihood: Floats, beta: float) -> Any:
    """KL(q_β ‖ p)."""
    return rel_entr(_one(prior, likelihood, beta), prior).sum()


def _posterior(prior: Floats, likelihood: Floats) -> Floats:
    """p(z | x)."""
    found: Floats = prior * likelihood / (prior @ likelihood)
    return found


def _draw_latent(rng: Generator) -> Case:
    m = int(rng.integers(2, 6))
    return {"prior": table(rng, m), "likelihood": rng.uniform(0.05, 1, size=m)}


_GROWING = (1.0, 2.0, 4.0, 16.0, 1e4)
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
            r"\mathrm{KL}(q_{\beta_i} \,\|\, p), \quad q_\beta \propto p(z) \, p(x \mid z)^{1/\beta}",
            lambda prior, likelihood: np.array(
                [_shift(prior, likelihood, b) for b in _GROWING[:-1]]
            ),
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
            lambda prior, likelihood: np.array(
                [_shift(prior, likelihood, 1 / b) for b in _GROWING[1:]]
            ),
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

DERIVATIONS: tuple[Derivation, ...] = (_COST, _SHIFTS)
