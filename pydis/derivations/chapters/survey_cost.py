"""What a constraint on the latents costs in reconstruction."""

import numpy as np
from numpy.random import Generator

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs import channel, table
from pydis.derivations.inputs.encoders import tempered
from pydis.derivations.tools import Floats, rel_entr

_BETAS = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])


def _distortions(px: Floats, r: Floats, g: Floats, betas: Floats) -> Floats:
    """D(β) = −E log g(x | z) for each β."""
    return np.array([-np.sum(px[:, None] * tempered(r, np.log(g), b) * np.log(g.T)) for b in betas])


def _rates(px: Floats, r: Floats, g: Floats, betas: Floats) -> Floats:
    """R(β) = E_x KL(q_β(z | x) ‖ r) for each β."""
    return np.array([px @ rel_entr(tempered(r, np.log(g), b), r).sum(1) for b in betas])


def _draw_tables(rng: Generator) -> Case:
    n, m = rng.integers(2, 5, size=2)
    return {
        "px": table(rng, n),
        "r": table(rng, m, low=1),
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


def _ignores_z(px: Floats, r: Floats, g: Floats, q: Floats) -> bool:
    return bool((g == g[0]).all())


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
            r"R(\beta_i), \quad R(\beta) = \mathbb E_{p(x)}[\mathrm{KL}(q_\beta \,\|\, r)]",
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
            "blind",
            r"D(\beta), \quad g(x \mid z) = g(x)",
            lambda px, r, g, q: _distortions(px, r, g, _BETAS),
            None,
            when=_ignores_z,
        ),
        Line(
            "constant",
            r"-\mathbb E_{p(x)}[\log g(x)]",
            lambda px, r, g, q: -px @ np.log(g[0]),
            by="a decoder that ignores z has one distortion",
            when=_ignores_z,
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

DERIVATIONS: tuple[Derivation, ...] = (_COST,)
