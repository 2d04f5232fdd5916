"""InfoGAN's game: its value, and that its discriminator does not see λ."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.infogan import (
    COPY,
    FAIR,
    STAR,
    UNEVEN,
    Toy,
    draw_toy,
    value_at_best,
)
from pydis.derivations.tools import Floats, rel_entr, xlogy, y_given_x
from pydis.objectives import adversarial_value


def comonotone(p: Floats, q: Floats) -> Floats:
    """The joint table of p and q in which both quantiles are one uniform number."""
    upper_p, upper_q = np.cumsum(p)[:, None], np.cumsum(q)
    overlap = np.minimum(upper_p, upper_q) - np.maximum(upper_p - p[:, None], upper_q - q)
    found: Floats = np.maximum(overlap, 0.0)
    return found


def by_logits(toy: Toy, a: Floats) -> tuple[Floats, Floats]:
    """The logits of data and of what is made, for every x, z, c: `[nx nz nc]` each."""
    made = a[toy.G].ravel()
    return np.repeat(a, made.size), np.tile(made, a.size)


def draw_game(rng: Generator) -> Case:
    """A toy with data on its x and a discriminator, seldom sure."""
    toy = draw_toy(rng)
    D = rng.uniform(0.02, 0.98, size=toy.nx)
    if rng.integers(5) == 0:
        D[rng.integers(toy.nx)] = rng.integers(2)
    return {"toy": toy, "p_data": table(rng, toy.nx), "D": D}


UNEVEN_DATA, UNEVEN_D = np.array([0.4, 0.0, 0.35, 0.25]), np.array([0.3, 0.6, 0.2, 0.9])

GAN_VALUE = Derivation(
    id="infogan.gan-value",
    title="The value of the game, over noise and code or over what they make",
    section="4.1.1",
    items=("D50", "D55"),
    inputs=Inputs(
        "toy InfoGAN, data and discriminator",
        draw_game,
        (
            *({"toy": toy, "p_data": UNEVEN_DATA, "D": UNEVEN_D} for toy in UNEVEN),
            {"toy": STAR, "p_data": FAIR, "D": np.array([1.0, 0.5])},  # −∞
            {"toy": COPY, "p_data": FAIR, "D": np.array([0.0, 1.0])},
        ),
    ),
    conditions="z and c are independent; −∞ where D is sure and wrong",
    lines=(
        Line(
            "L0",
            r"\mathbb{E}_{p_{\mathrm{data}}}[\log D(x)]"
            r" + \sum_z \sum_c p(z)\, p(c) \log(1 - D(G(z, c)))",
            lambda toy, p_data, D: (
                xlogy(p_data, D).sum() + xlogy(np.outer(toy.pz, toy.pc), 1 - D[toy.G]).sum()
            ),
        ),
        Line(
            "L1",
            r"\sum_x p_{\mathrm{data}}(x) \log D(x) + \sum_x p_G(x) \log(1 - D(x))",
            lambda toy, p_data, D: (
                xlogy(p_data, D) + xlogy(np.bincount(toy.G.ravel(), toy.zc.ravel(), toy.nx), 1 - D)
            ).sum(),
            by=r"p_G(x) = \sum_{z, c} p(z)\, p(c)\, 1[G(z, c) = x]",
        ),
        Line(
            "L2",
            r"\sum_x p_{\mathrm{data}}(x) \log D(x)"
            r" + \sum_c p(c) \sum_x p_G(x \mid c) \log(1 - D(x))",
            lambda toy, p_data, D: (
                xlogy(p_data, D).sum()
                + sum(
                    xlogy(toy.pc[c] * (toy.pz @ (toy.G[:, [c]] == np.arange(toy.nx))), 1 - D).sum()
                    for c in range(len(toy.pc))
                )
            ),
            by="the code first, then x given the code",
        ),
        Line(
            "L3",
            r"\mathbb{E}_{x, z, c}[\log \sigma(a(x)) + \log(1 - \sigma(a(G(z, c))))]",
            lambda toy, p_data, D: (
                np.outer(p_data, toy.zc).ravel()
                @ adversarial_value(*by_logits(toy, np.log(D / (1 - D))))
            ),
            by="the value of the library, D = σ(a)",
            when=lambda toy, p_data, D: bool(((D > 0) & (D < 1)).all()),
        ),
    ),
    golden=(
        Golden(
            "D = 1/2",
            {"toy": STAR, "p_data": FAIR, "D": FAIR},
            dict.fromkeys(("L0", "L1", "L3"), -1.386294361120),
        ),
    ),
    mutants=(
        Mutant(
            "c-not-sampled",
            "L0",
            lambda toy, p_data, D: xlogy(p_data, D).sum() + xlogy(toy.pz, 1 - D[toy.G[:, 0]]).sum(),
        ),
        Mutant(
            "d-instead-of-1-d",
            "L0",
            lambda toy, p_data, D: (
                xlogy(p_data, D).sum() + xlogy(np.outer(toy.pz, toy.pc), D[toy.G]).sum()
            ),
        ),
        Mutant(
            "dependent-z-c",
            "L0",
            lambda toy, p_data, D: (
                xlogy(p_data, D).sum() + xlogy(comonotone(toy.pz, toy.pc), 1 - D[toy.G]).sum()
            ),
        ),
    ),
)


def draw_rivals(rng: Generator) -> Case:
    """A toy, data, λ and 200 discriminators."""
    toy = draw_toy(rng)
    return {
        "toy": toy,
        "p_data": table(rng, toy.nx),
        "lam": float(rng.uniform(0.1, 2.0)),
        "Ds": rng.uniform(0.01, 0.99, size=(200, toy.nx)),
    }


def _values(toy: Toy, p_data: Floats, Ds: Floats) -> Floats:
    """V_GAN for each D."""
    found: Floats = xlogy(p_data, Ds).sum(1) + xlogy(toy.px, 1 - Ds).sum(1)
    return found


def _by_draws(toy: Toy, p_data: Floats, Ds: Floats) -> Floats:
    """The same over noise and code, one example after the other."""
    found: Floats = np.array(
        [
            sum(p * np.log(d) for p, d in zip(p_data, D, strict=True))
            + sum(w * np.log(1 - D[x]) for w, x in zip(toy.zc.flat, toy.G.flat, strict=True))
            for D in Ds
        ]
    )
    return found


IRRELEVANT = Derivation(
    id="infogan.lambda-irrelevant-to-D",
    title="The best discriminator does not depend on λ",
    section="4.1.1",
    items=("D53",),
    inputs=Inputs("toy InfoGAN, data, λ, 200 discriminators", draw_rivals),
    lines=(
        Line(
            "L0",
            r"\arg\max_D V_{\mathrm{GAN}}(D, G)",
            lambda toy, p_data, lam, Ds: int(np.argmax(_values(toy, p_data, Ds))),
        ),
        Line(
            "L1",
            r"\arg\max_D \{ V_{\mathrm{GAN}}(D, G) - \lambda I(c; G(z, c)) \}",
            lambda toy, p_data, lam, Ds: int(
                np.argmax(_by_draws(toy, p_data, Ds) - lam * information.mutual_information(toy.xc))
            ),
            by="D is not in I(c; G(z, c))",
        ),
        Line(
            "M0",
            r"\max_D V_I(D, G)",
            lambda toy, p_data, lam, Ds: value_at_best(p_data, toy.px) - lam * toy.information,
            None,
        ),
        Line(
            "M1",
            r"\mathbb{E}_{p_{\mathrm{data}}} \log D + \mathbb{E}_{z, c} \log(1 - D(G(z, c)))"
            r" - \lambda I(c; G(z, c))",
            lambda toy, p_data, lam, Ds: (
                np.log(Ds) @ p_data
                + np.log(1 - Ds)[:, toy.G.ravel()] @ toy.zc.ravel()
                - lam * (toy.hc + xlogy(toy.xc, y_given_x(toy.xc)).sum())
            ),
            ">=",
            by=r"D^* = p_{\mathrm{data}} / (p_{\mathrm{data}} + p_G) \text{ for every } \lambda",
        ),
    ),
    mutants=(
        Mutant(
            "mi-term-depends-on-d",
            "L1",
            lambda toy, p_data, lam, Ds: int(
                np.argmax(
                    _values(toy, p_data, Ds)
                    - lam * (Ds @ rel_entr(toy.xc, np.outer(toy.px, toy.pc))).sum(1)
                )
            ),
            {"toy": COPY, "p_data": FAIR, "lam": 2.0, "Ds": np.array([[0.5, 0.5], [0.4, 0.4]])},
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (GAN_VALUE, IRRELEVANT)
