"""InfoGAN's lemma: a fresh draw in the place of x changes no expectation. So the code is enough."""

import numpy as np
from numpy.polynomial.polynomial import polyval2d
from numpy.random import Generator

from pydis.derivations.chapters.infogan_chain import STAR_I, STAR_L
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import J, table
from pydis.derivations.inputs.infogan import STAR, STAR_Q, TOY_Q
from pydis.derivations.tools import Floats, gauss_hermite, p_x, p_y, x_given_y, xlogy, y_given_x
from pydis.probability import Categorical

ON_J: Case = {"P": J, "f": np.array([[1.0, 2.0], [3.0, 5.0]])}
ON_COPY: Case = {"P": np.eye(2) / 2, "f": np.eye(2)}

LEMMA = Derivation(
    id="infogan.lemma",
    title="A fresh draw of x given y in the place of x",
    section="4.1.1",
    items=("D62", "D72"),
    inputs=Inputs(
        "joint table P `[3, 4]`, values f",
        lambda rng: {"P": table(rng, 3, 4), "f": rng.normal(size=(3, 4))},
        (
            {"P": np.array([[0.2, 0.0, 0.3], [0.1, 0.0, 0.4]]), "f": np.arange(6.0).reshape(2, 3)},
            {"P": J, "f": np.ones((2, 2))},
        ),
    ),
    conditions="f is integrable; y with p(y) = 0 are skipped",
    lines=(
        Line(
            "L0",
            r"\mathbb{E}_{x \sim p(x),\, y \sim p(y \mid x)}[f(x, y)]",
            lambda P, f: p_x(P) @ (y_given_x(P) * f).sum(1),
        ),
        Line(
            "L1",
            r"\sum_{x'} \sum_y p(x', y)\, f(x', y)",
            lambda P, f: (P * f).sum(),
            by=r"p(x)\, p(y \mid x) = p(x, y), and x renamed",
        ),
        Line(
            "L2",
            r"\sum_y p(y) \sum_{x'} p(x' \mid y)\, f(x', y)",
            lambda P, f: p_y(P) @ (x_given_y(P) * f).sum(0),
            by=r"p(x', y) = p(y)\, p(x' \mid y)",
        ),
        Line(
            "L3",
            r"\mathbb{E}_{x \sim p(x),\, y \sim p(y \mid x),\, x' \sim p(x \mid y)}[f(x', y)]",
            lambda P, f: np.einsum("x,xy,uy,uy->", p_x(P), y_given_x(P), x_given_y(P), f),
            by=r"p(y) = \sum_x p(x)\, p(y \mid x)",
        ),
    ),
    golden=(
        Golden("J", ON_J, dict.fromkeys(("L0", "L1", "L2", "L3"), 2.7)),
        Golden("f = 1", {"P": J, "f": np.ones((2, 2))}, {"L0": 1.0, "L3": 1.0}),
    ),
    errata=tuple(
        Erratum(
            number="W7",
            item="D72",
            printed=r"x' \sim p(x, y)",
            corrected=r"x' \sim p(x \mid y)",
            reason="InfoGAN, lemma 5.1: x' is drawn from x given y",
            label="L3",
            witness=witness,
            true_value=true,
            readings={
                "x' from p(x), whatever y": (lambda P, f: p_x(P) @ f @ p_y(P), marginal),
                "weighted by p(x', y), unnormalised": (
                    lambda P, f: p_y(P) @ (P * f).sum(0),
                    weight,
                ),
            },
        )
        for witness, true, marginal, weight in (
            (ON_COPY, 1.0, 0.5, 0.5),
            (ON_J, 2.7, 2.6, 1.28),
        )
    ),
    mutants=(
        Mutant("x-joint-marginal-printed-a", "L3", lambda P, f: p_x(P) @ f @ p_y(P)),
        Mutant("x-weight-p-x-y-printed-b", "L3", lambda P, f: p_y(P) @ (P * f).sum(0)),
        Mutant("x-p-y-x-transposed", "L3", lambda P, f: p_y(P) @ (y_given_x(P) * f).sum(0)),
    ),
)

NODES, WEIGHTS = gauss_hermite(12)


def draw_polynomial(rng: Generator) -> Case:
    """A correlation in (−0.9, 0.9), and the coefficients of x^i y^j for i, j ≤ 3."""
    return {"rho": float(rng.uniform(-0.9, 0.9)), "f": rng.normal(size=(4, 4))}


def _given(rho: float, known: Floats, noise: Floats) -> Floats:
    """A standard normal, given one that is correlated with it."""
    found: Floats = rho * known + np.sqrt(1 - rho**2) * noise
    return found


def _fresh(rho: float, f: Floats) -> float:
    """E f(x', y) over x, then y given x, then x' given y."""
    x, noise, other = np.meshgrid(NODES, NODES, NODES, indexing="ij")
    y = _given(rho, x, noise)
    values = polyval2d(_given(rho, y, other), y, f)
    return float(np.einsum("i,j,k,ijk->", WEIGHTS, WEIGHTS, WEIGHTS, values))


LEMMA_GAUSSIAN = Derivation(
    id="infogan.lemma-gaussian",
    title="The lemma for two correlated normals",
    section="4.1.1",
    items=("D72",),
    inputs=Inputs(
        "correlation ρ, coefficients of a polynomial f",
        draw_polynomial,
        ({"rho": 0.0, "f": np.arange(16.0).reshape(4, 4)}, {"rho": 0.5, "f": np.eye(4)}),
    ),
    scope="continuous",
    lines=(
        Line(
            "L0",
            r"\mathbb{E}_{x \sim p(x),\, y \sim p(y \mid x)}[f(x, y)]",
            lambda rho, f: (
                WEIGHTS
                @ polyval2d(NODES[:, None] + 0 * NODES, _given(rho, NODES[:, None], NODES), f)
                @ WEIGHTS
            ),
        ),
        Line(
            "L1",
            r"\mathbb{E}_{y \sim p(y),\, x' \sim p(x \mid y)}[f(x', y)]",
            lambda rho, f: (
                WEIGHTS
                @ polyval2d(_given(rho, NODES, NODES[:, None]), NODES + 0 * NODES[:, None], f)
                @ WEIGHTS
            ),
            by="both are expectations over p(x, y)",
        ),
        Line(
            "L2",
            r"\mathbb{E}_{x \sim p(x),\, y \sim p(y \mid x),\, x' \sim p(x \mid y)}[f(x', y)]",
            _fresh,
            by=r"p(y) = \int p(x)\, p(y \mid x)\, dx",
        ),
    ),
    golden=(Golden("x y", {"rho": 0.6, "f": np.diag([0.0, 1.0, 0, 0])}, {"L0": 0.6, "L2": 0.6}),),
    mutants=(
        Mutant(
            "x-p-x-printed-a",
            "L2",
            lambda rho, f: WEIGHTS @ polyval2d(*np.meshgrid(NODES, NODES), f) @ WEIGHTS,
        ),
    ),
)

FINAL = Derivation(
    id="infogan.lemma-final-bound",
    title="The bound needs draws of noise and code, and no posterior",
    section="4.1.1",
    items=("D73", "D74", "D75"),
    inputs=TOY_Q,
    conditions="every row of Q is a distribution",
    lines=(
        Line("L0", r"I(c; G(z, c))", lambda toy, Q: toy.information),
        Line(
            "L1",
            r"H(c) + \mathbb{E}_{c \sim p(c)}\, \mathbb{E}_{x \sim G(z, c)}\,"
            r" \mathbb{E}_{c' \sim p(c \mid x)}[\log Q(c' \mid x)]",
            lambda toy, Q: toy.hc + np.sum(toy.zc * xlogy(toy.posterior, Q).sum(1)[toy.G]),
            ">=",
            by="the divergence of the posterior from Q is left out",
        ),
        Line(
            "L2",
            r"H(c) + \mathbb{E}_{c \sim p(c),\, x \sim G(z, c)}[\log Q(c \mid x)]"
            r" =: \mathcal{L}_I(G, Q)",
            lambda toy, Q: toy.hc + np.sum(toy.zc * np.log(Q[toy.G, np.arange(len(toy.pc))])),
            by="the lemma, with f = log Q: equality",
        ),
        Line(
            "L3",
            r"H(c) - \sum_x p(x)\, H(p(\cdot \mid x), Q(\cdot \mid x))",
            lambda toy, Q: toy.hc + toy.px @ Categorical(np.log(Q)).log_prob(toy.posterior),
            by="minus the cross-entropy of Q as a classifier of codes",
        ),
    ),
    golden=(
        Golden(
            "Toy*",
            {"toy": STAR, "Q": STAR_Q},
            {"L0": STAR_I, "L1": STAR_L, "L2": STAR_L, "L3": STAR_L},
        ),
    ),
    errata=(
        Erratum(
            number="W8",
            item="D74",
            printed=r"\ge H(c) + \mathbb{E}_{c \sim p(c)}\, \mathbb{E}_x[\log Q(c' \mid x)]",
            corrected=r"= H(c) + \mathbb{E}_{c \sim p(c),\, x \sim G(z, c)}[\log Q(c \mid x)]",
            reason="c' is bound by nothing, and the lemma gives equality",
            label="L2",
            witness={"toy": STAR, "Q": STAR_Q},
            true_value=STAR_L,
            readings={
                "c' = 0": (lambda toy, Q: toy.hc + toy.px @ np.log(Q[:, 0]), -0.510825623766),
                "c' drawn from p(c)": (
                    lambda toy, Q: toy.hc + toy.px @ np.log(Q) @ toy.pc,
                    -0.510825623766,
                ),
            },
        ),
    ),
    mutants=(
        Mutant(
            "printed-unbound-c-independent",
            "L2",
            lambda toy, Q: toy.hc + toy.px @ np.log(Q) @ toy.pc,
        ),
        Mutant(  # the printed ≥, were it strict: a second divergence is lost
            "strict-inequality",
            "L2",
            lambda toy, Q: 2 * (toy.hc + xlogy(toy.xc, Q).sum()) - toy.information,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (LEMMA, LEMMA_GAUSSIAN, FINAL)
