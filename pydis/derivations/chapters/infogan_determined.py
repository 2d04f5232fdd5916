"""What an entropy of 0 means: a discrete code is determined, a continuous one is not."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import ZERO, table
from pydis.derivations.inputs.infogan import FAIR, STAR, Toy
from pydis.derivations.tools import log, xlogy

WEIGHTS = np.polynomial.legendre.leggauss(8)[1]
"""Of a quadrature on (−1, 1)."""


def draw_codes(rng: Generator) -> Case:
    """A toy of six x, readable every other time; edges of cells of (−1, 1); a small half width."""
    nz, nc = (int(n) for n in rng.integers(1, 4, size=2))
    G = rng.integers(6, size=(nz, nc))
    if rng.integers(2):
        G = (rng.integers(2, size=(nz, nc)) + 2 * np.arange(nc)) % 6
    edges = np.concatenate([[-1.0], np.sort(rng.uniform(-0.9, 0.9, size=rng.integers(4))), [1.0]])
    return {
        "toy": Toy(table(rng, nz), table(rng, nc), G, 6),
        "edges": edges,
        "eps": float(rng.uniform(0.0, 1.0)),
    }


SIGN_OF_C: Case = {"toy": STAR, "edges": np.array([-1.0, 0.0, 1.0]), "eps": 0.5}

DETERMINED = Derivation(
    id="infogan.determined-code",
    title="No entropy is left exactly where x determines a discrete code",
    section="4.1.1",
    items=("D59",),
    inputs=Inputs(
        "toy InfoGAN of six x; cells of (−1, 1); ε",
        draw_codes,
        (
            {
                "toy": Toy(FAIR, FAIR, np.array([[0, 1], [2, 5]]), 6),
                "edges": np.array([-1.0, 1.0]),
                "eps": 0.0,
            },
            SIGN_OF_C,
        ),
    ),
    conditions="c discrete; for a density h = 0 says nothing, h = −∞ is full knowledge",
    scope="both",
    lines=(
        Line(
            "L0",
            r"-\sum_{x, c} p(x, c) \log p(c \mid x) = 0",
            lambda toy, edges, eps: bool(-xlogy(toy.xc, toy.posterior).sum() <= ZERO),
        ),
        Line(
            "L1",
            r"c = g(x)",
            lambda toy, edges, eps: bool((np.count_nonzero(toy.xc, axis=1) <= 1).all()),
            "iff",
            by="each x that occurs has one code",
        ),
        Line(
            "L2",
            r"H(c \mid x) = 0",
            lambda toy, edges, eps: bool(information.conditional_entropy(toy.xc.T) <= ZERO),
            "iff",
        ),
        Line(
            "L3",
            r"I(c; x) = H(c)",
            lambda toy, edges, eps: bool(abs(toy.information - toy.hc) <= ZERO),
            "iff",
            by="I = H(c) − H(c | x)",
        ),
        Line(
            "C0",
            r"h(c \mid \hat x) = \sum_i p_i \log w_i, \quad c \sim U(-1, 1)"
            r" \text{ in cells of width } w_i",
            lambda toy, edges, eps: np.diff(edges) / 2 @ np.log(np.diff(edges)),
            None,
        ),
        Line(
            "C1",
            r"\log 2 + \sum_i p_i \log p_i",
            lambda toy, edges, eps: np.log(2) + xlogy(np.diff(edges / 2), np.diff(edges / 2)).sum(),
            by="p_i = w_i / 2: h(c) − I",
        ),
        Line(
            "I0",
            r"I(c; \hat x) = H(\hat x)",
            lambda toy, edges, eps: -xlogy(np.diff(edges / 2), np.diff(edges / 2)).sum(),
            None,
        ),
        Line(
            "P0",
            r"-\int_{-\varepsilon}^{\varepsilon} \frac{1}{2 \varepsilon}"
            r" \log \frac{1}{2 \varepsilon}\, dc",
            lambda toy, edges, eps: WEIGHTS @ np.full(8, -log(1 / (2 * eps)) / 2),
            None,
            when=lambda toy, edges, eps: eps > 0,
        ),
        Line(
            "P1",
            r"\log 2 \varepsilon",
            lambda toy, edges, eps: log(2 * eps),
            by="c is uniform on (−ε, ε)",
            when=lambda toy, edges, eps: eps > 0,
        ),
        Line(
            "D0",
            r"h(c \mid \hat x) = \log 2 \varepsilon = -\infty",
            lambda toy, edges, eps: bool(log(2 * eps) == -np.inf),
            None,
        ),
        Line(
            "D1",
            r"\varepsilon = 0: c \text{ is determined}",
            lambda toy, edges, eps: eps == 0,
            "iff",
            by="x̂ pins c to an interval of half width ε",
        ),
    ),
    golden=(Golden("the sign of c", SIGN_OF_C, {"C0": 0.0, "I0": 0.693147180560, "D1": False}),),
    errata=(
        Erratum(
            number="Q7",
            item="D59",
            printed=r"H(c \mid \hat x) = 0 \text{ means that } \hat x \text{ determines } c",
            corrected=r"\text{for discrete } c; \text{ a density has } h(c \mid \hat x) = -\infty",
            reason="c uniform on (−1, 1) and x̂ = sign c: h(c | x̂) = 0, and c is not determined",
            label="D1",
            witness=SIGN_OF_C,
            true_value=False,
            readings={
                "also for a density": (
                    lambda toy, edges, eps: bool(
                        abs(np.diff(edges) / 2 @ np.log(np.diff(edges))) <= ZERO
                    ),
                    True,
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "differential-entropy-version",
            "D0",
            lambda toy, edges, eps: bool(abs(log(2 * eps)) <= ZERO),
            SIGN_OF_C,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (DETERMINED,)
