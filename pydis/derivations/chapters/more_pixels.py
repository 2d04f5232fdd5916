"""Beyond the paper, of pixels: the best constant image, and what grey values do to Bernoulli."""

from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats, rel_entr, xlogy
from pydis.probability import Bernoulli


def _draw_images(rng: Generator) -> Case:
    n, d = rng.integers(1, 6, 2).tolist()
    x = rng.uniform(size=(n, d)) if rng.integers(2) else rng.integers(0, 2, (n, d)).astype(float)
    return {"p": table(rng, n), "x": x, "c": rng.uniform(0.05, 0.95, d)}


_IMAGES: Case = {
    "p": np.array([0.5, 0.25, 0.25]),
    "x": np.array([[0.0, 0.2], [1.0, 0.6], [0.8, 0.9]]),
    "c": np.array([0.45, 0.475]),
}
"""Three images of two pixels, and their mean."""


def _mean_image(p: Floats, x: Floats) -> Floats:
    found: Floats = p @ x
    return found


def _binary(m: Floats) -> float:
    """Σ_i h_b(m_i)."""
    return -float((xlogy(m, m) + xlogy(1 - m, 1 - m)).sum())


def _binary_divergence(m: Floats, c: Floats) -> float:
    """Σ_i [m_i log (m_i / c_i) + (1 − m_i) log ((1 − m_i) / (1 − c_i))]."""
    return float((rel_entr(m, c) + rel_entr(1 - m, 1 - c)).sum())


def _cross_entropy(p: Floats, x: Floats, c: Floats) -> float:
    """−Σ_n p_n Σ_i [x_ni log c_i + (1 − x_ni) log (1 − c_i)]."""
    return -float(p @ (x * np.log(c) + (1 - x) * np.log(1 - c)).sum(1))


CONSTANT = Derivation(
    id="vae.constant-reconstruction",
    title="A decoder that knows nothing draws the mean image, by either error",
    scope="both",
    source="the least squares property of means; Banerjee et al. 2005 for Bregman divergences",
    conditions="0 < c < 1. This is where a collapsed VAE ends.",
    inputs=Inputs("weights p, images x in [0, 1], and a constant image c", _draw_images),
    lines=(
        Line(
            "B0",
            r"-\mathbb{E} \sum_i [x_i \log c_i + (1 - x_i) \log (1 - c_i)]",
            _cross_entropy,
        ),
        Line(
            "B1",
            r"-\mathbb{E} \log \mathrm{Bernoulli}(x; c)",
            lambda p, x, c: -(p @ Bernoulli(np.log(c / (1 - c)) + np.zeros_like(x)).log_prob(x)),
            by="the definition",
        ),
        Line(
            "B2",
            r"\sum_i [h_b(m_i) + \mathrm{kl}_b(m_i \,\Vert\, c_i)],\quad m = \mathbb{E}\, x",
            lambda p, x, c: _binary(_mean_image(p, x)) + _binary_divergence(_mean_image(p, x), c),
            by="the error is linear in x, so x may be averaged",
        ),
        Line(
            "B3",
            r"\sum_i h_b(m_i)",
            lambda p, x, **_: _binary(_mean_image(p, x)),
            ">=",
            by="Gibbs' inequality, with equality where c = m",
        ),
        Line(
            "Q0",
            r"\mathbb{E} \lVert x - c \rVert^2",
            lambda p, x, c: p @ ((x - c) ** 2).sum(1),
            None,
        ),
        Line(
            "Q1",
            r"\mathrm{tr}\, \mathrm{Cov}\, x + \lVert m - c \rVert^2",
            lambda p, x, c: (
                p @ ((x - _mean_image(p, x)) ** 2).sum(1) + ((_mean_image(p, x) - c) ** 2).sum()
            ),
            by="the cross term vanishes",
        ),
        Line(
            "Q2",
            r"\sum_i (\mathbb{E}\, x_i^2 - m_i^2)",
            lambda p, x, **_: (p @ x**2 - _mean_image(p, x) ** 2).sum(),
            ">=",
            by="a square is not negative",
        ),
    ),
    golden=(Golden("its own mean", _IMAGES, {"B2": 1.380035472919}),),
    mutants=(
        Mutant(
            "median-image",
            "B3",
            lambda p, x, **_: _cross_entropy(p, x, np.clip(np.median(x, axis=0), 0.01, 0.99)),
            _IMAGES,
        ),
        Mutant(
            "forgets-the-spread",
            "Q1",
            lambda p, x, c: ((_mean_image(p, x) - c) ** 2).sum(),
            _IMAGES,
        ),
    ),
)


def _draw_grey(rng: Generator) -> Case:
    return {"logit": float(rng.uniform(-6, 6)), "x": float(rng.uniform(0.02, 0.98))}


_GREY: Case = {"logit": float(np.log(4)), "x": 0.3}

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
"""Points and weights of ∫_0^1."""


def _library_mass(logit: float, **_: Any) -> Any:
    logits = np.full((len(_NODES), 1), logit)
    return _WEIGHTS @ np.exp(Bernoulli(logits).log_prob(_NODES[:, None]))


def _mass(logit: float, **_: Any) -> float:
    p = 1 / (1 + np.exp(-logit))
    return float(_WEIGHTS @ (p**_NODES * (1 - p) ** (1 - _NODES)))


GREY = Derivation(
    id="vae.grey-bernoulli",
    title="The Bernoulli cross-entropy of grey pixels is no likelihood, and never reaches 0",
    scope="continuous",
    source="Loaiza-Ganem and Cunningham 2019",
    inputs=Inputs(
        "a logit l with p = sigmoid(l), and a grey value x",
        _draw_grey,
        ({"logit": 1e-3, "x": 0.5}, {"logit": -8.0, "x": 0.01}),
    ),
    lines=(
        Line("L0", r"\int_0^1 p^x (1 - p)^{1 - x}\, dx", _mass),
        Line(
            "L1",
            r"\int_0^1 \mathrm{Bernoulli}(x; p)\, dx",
            _library_mass,
            by="the definition",
        ),
        Line(
            "L2",
            r"\frac{2 p - 1}{\log p - \log (1 - p)}",
            lambda logit, **_: (2 / (1 + np.exp(-logit)) - 1) / logit,
            by="an exponential of x is integrated",
        ),
        Line(
            "L3",
            r"\tanh(l / 2) / l",
            lambda logit, **_: np.tanh(logit / 2) / logit,
            by="2 sigmoid(l) − 1 = tanh(l / 2)",
        ),
        Line("L4", r"\tfrac12", lambda **_: 0.5, "<=", by="tanh t ≤ t: never more than half a law"),
        Line(
            "F0",
            r"-x \log p - (1 - x) \log (1 - p)",
            lambda logit, x: x * np.log1p(np.exp(-logit)) + (1 - x) * np.log1p(np.exp(logit)),
            None,
        ),
        Line(
            "F1",
            r"\min_{p'} [-x \log p' - (1 - x) \log (1 - p')]",
            lambda x, **_: -(x * np.log(x) + (1 - x) * np.log(1 - x)),
            ">=",
            by="the slope (p − x) / p (1 − p) vanishes at p = x",
        ),
        Line(
            "F2",
            r"h_b(x)",
            lambda x, **_: information.entropy(np.array([x, 1 - x])),
            by="the definition",
        ),
        Line("F3", r"0", lambda **_: 0.0, ">", by="only black and white can be drawn for nothing"),
    ),
    golden=(
        Golden(
            "p = .8",
            _GREY,
            {
                **dict.fromkeys(("L0", "L1", "L2", "L3"), 0.432808512267),
                **dict.fromkeys(("F1", "F2"), 0.610864302055),
            },
        ),
    ),
    mutants=(
        Mutant("a-density", "L2", lambda **_: 1.0, _GREY),
        Mutant(
            "bits-only-floor",
            "F1",
            lambda x, **_: -np.log(max(x, 1 - x)),
            _GREY,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (CONSTANT, GREY)
