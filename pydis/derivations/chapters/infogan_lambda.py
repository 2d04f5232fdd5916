"""The size and the sign of λ, InfoGAN's weight of the information in the code."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.derivation import Case, Derivation, Erratum, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.inputs.infogan import BITS, FAIR, STAR, Toy, draw_toy, value_at_best
from pydis.derivations.tools import Floats, gauss_hermite, xlogy

LOG_2, LOG_4 = np.log(2), np.log(4)


def _best(lam: float) -> list[Toy]:
    """The generators that minimise V_GAN(D*, G) − λ I, ties included."""
    values = [value_at_best(FAIR, toy.px) - lam * toy.information for toy in BITS]
    return [toy for toy, v in zip(BITS, values, strict=True) if v <= min(values) + 1e-12]


def _extremes(values: list[float]) -> Floats:
    return np.array([min(values), max(values)])


SIGN = Derivation(
    id="infogan.objective-sign",
    title="Subtracting λ I makes the code readable",
    section="4.1.1",
    items=("D51", "D53"),
    inputs=Inputs(
        "λ ≥ 0",
        lambda rng: {"lam": float(rng.uniform(0.01, 3.0))},
        ({"lam": 0.0}, {"lam": 0.5}, {"lam": 1.0}),
    ),
    conditions="fair bits for data, noise and code; all 16 generators; D at its best",
    lines=(
        Line(
            "L0",
            r"\min_G \max_D V_{\mathrm{GAN}}(D, G) - \lambda I(c; G(z, c))",
            lambda lam: min(
                value_at_best(FAIR, toy.px) - lam * (toy.hc + xlogy(toy.xc, toy.posterior).sum())
                for toy in BITS
            ),
        ),
        Line(
            "L1",
            r"-\log 4 - \lambda \log 2",
            lambda lam: -LOG_4 - lam * LOG_2,
            by="the data are met, and the code can be read from x",
        ),
        Line(
            "T0",
            r"\max_{G^*} \sum_x |p_{G^*}(x) - p_{\mathrm{data}}(x)|",
            lambda lam: max(np.abs(toy.px - FAIR).sum() for toy in _best(lam)),
            None,
        ),
        Line("T1", r"0", lambda lam: 0.0, by="every minimiser meets the data"),
        Line(
            "I0",
            r"\min_{G^*} I,\ \max_{G^*} I",
            lambda lam: _extremes([information.mutual_information(toy.xc) for toy in _best(lam)]),
            None,
        ),
        Line(
            "I1",
            r"\log 2\, [\lambda > 0],\ \log 2",
            lambda lam: np.array([LOG_2 if lam > 0 else 0.0, LOG_2]),
            by="for λ = 0 the minimisers may ignore the code",
        ),
    ),
    golden=(
        Golden("no information asked for", {"lam": 0.0}, {"L0": -1.386294361120}),
        Golden("λ = 1", {"lam": 1.0}, {"L0": -2.079441541680, "I0": np.full(2, 0.693147180560)}),
    ),
    mutants=(
        Mutant(
            "plus-lambda",
            "I0",
            lambda lam: _extremes([information.mutual_information(t.xc) for t in _best(-lam)]),
            {"lam": 0.5},
        ),
    ),
)


def _posterior_information(snr: float) -> float:
    """E log [p(c | x) / p(c)] for x = √snr c + noise, all standard normal, by quadrature."""
    t, weight = gauss_hermite(40)
    root, left = np.sqrt(snr), 1 / (1 + snr)
    c, noise = t[:, None], t
    off = left * (c - root * noise)  # c − E[c | x], which is root · left · x, without cancellation
    log_ratio = -0.5 * np.log(left) - off**2 / (2 * left) + c**2 / 2
    return float(weight @ log_ratio @ weight)


def draw_scales(rng: Generator) -> Case:
    """A toy with data on its x, and a ratio of signal to noise from 10⁻² to 10¹²."""
    toy = draw_toy(rng)
    return {"toy": toy, "p_data": table(rng, toy.nx), "snr": float(10 ** rng.uniform(-2, 12))}


TEN = Toy(np.array([1.0]), np.full(10, 0.1), np.arange(10)[None], 10)
"""x is the code, one of ten."""

AT_1E12: Case = {"toy": TEN, "p_data": TEN.px, "snr": 1e12}

SCALE = Derivation(
    id="infogan.lambda-scale",
    title="A discrete code is on the scale of the game, a continuous one is on none",
    section="4.1.1",
    items=("D54",),
    inputs=Inputs(
        "toy InfoGAN, data, ratio of signal to noise",
        draw_scales,
        (
            *({"toy": TEN, "p_data": TEN.px, "snr": snr} for snr in (1e2, 1e6, 1e12)),
            {"toy": STAR, "p_data": np.array([1.0, 0.0]), "snr": 1.0},
        ),
    ),
    conditions="K codes, or a normal code seen through normal noise",
    scope="both",
    lines=(
        Line(
            "I0",
            r"\sum_{x, c} p(x, c) \log \frac{p(x, c)}{p(x)\, p(c)}",
            lambda toy, p_data, snr: toy.information,
        ),
        Line("I1", r"I(c; x)", lambda toy, p_data, snr: information.mutual_information(toy.xc)),
        Line("I2", r"H(c)", lambda toy, p_data, snr: toy.hc, "<=", by="H(c | x) ≥ 0"),
        Line("I3", r"\log K", lambda toy, p_data, snr: np.log(len(toy.pc)), "<="),
        Line("V0", r"-\log 4", lambda toy, p_data, snr: -LOG_4, None),
        Line(
            "V1",
            r"V_{\mathrm{GAN}}(D^*, G)",
            lambda toy, p_data, snr: value_at_best(p_data, toy.px),
            "<=",
            by="it is 2 JSD − log 4",
        ),
        Line("V2", r"0", lambda toy, p_data, snr: 0.0, "<=", by="JSD ≤ log 2"),
        Line(
            "G0",
            r"\frac{1}{2} \log(1 + \mathrm{snr})",
            lambda toy, p_data, snr: 0.5 * np.log1p(snr),
            None,
        ),
        Line(
            "G1",
            r"h(c) - h(c \mid x)",
            lambda toy, p_data, snr: (
                0.5 * np.log(2 * np.pi * np.e) - 0.5 * np.log(2 * np.pi * np.e / (1 + snr))
            ),
            by=r"\mathrm{Var}(c \mid x) = 1 / (1 + \mathrm{snr})",
        ),
        Line(
            "G2",
            r"\mathbb{E} \log \frac{p(c \mid x)}{p(c)}",
            lambda toy, p_data, snr: _posterior_information(snr),
            by="the mutual information, by quadrature",
        ),
        Line(
            "U0", r"\mathrm{snr} > K^2 - 1", lambda snr, toy, **_: snr > len(toy.pc) ** 2 - 1, None
        ),
        Line(
            "U1",
            r"\frac{1}{2} \log(1 + \mathrm{snr}) > \log K",
            lambda snr, toy, **_: bool(0.5 * np.log1p(snr) > np.log(len(toy.pc))),
            "iff",
            by="no K bounds it",
        ),
    ),
    golden=(Golden("ten codes, snr 1e12", AT_1E12, {"I0": 2.302585092994, "G0": 13.815510557965}),),
    errata=(
        Erratum(
            number="W4",
            item="D54",
            printed=r"\lambda < 1 \text{ as recommended in the original paper}",
            corrected=r"\lambda = 1 \text{ for discrete codes, smaller for continuous codes}",
            reason="InfoGAN, section 6: a discrete code is bounded by log K, a continuous one not",
            label="G0",
            witness=AT_1E12,
            true_value=13.815510557965,
            readings={
                "one scale for all codes, I ≤ log K": (
                    lambda toy, p_data, snr: min(0.5 * np.log1p(snr), np.log(len(toy.pc))),
                    2.302585092994,
                )
            },
        ),
    ),
    mutants=(
        Mutant(
            "continuous-bounded-too",
            "G0",
            lambda toy, p_data, snr: min(0.5 * np.log1p(snr), np.log(len(toy.pc))),
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (SIGN, SCALE)
