"""The value of a GAN's game is a divergence, and any discriminator a bound of it."""

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.derivations.chapters.gan import best
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import KL_P, KL_Q, PMF_PAIR, draw_pmf_pair
from pydis.derivations.tools import Floats, p_y, rel_entr, x_given_y, xlogy
from pydis.objectives import adversarial_value, discriminator_loss

LOG_2, LOG_4 = np.log(2), np.log(4)


def mixture(p: Floats, q: Floats) -> Floats:
    """m = (p + q) / 2."""
    return (p + q) / 2


def labelled(p: Floats, q: Floats) -> Floats:
    """p(y, x) for a fair label y: x is from p where y = 0 and from q where y = 1."""
    return np.stack([p, q]) / 2


def js(p: Floats, q: Floats) -> float:
    """½ Σ p log (p / m) + ½ Σ q log (q / m)."""
    m = mixture(p, q)
    return float(rel_entr(p, m).sum() + rel_entr(q, m).sum()) / 2


def paired(a: Floats) -> tuple[Floats, Floats]:
    """The logits of every pair of one x from the data and one that is made, `[n²]` each."""
    return np.repeat(a, len(a)), np.tile(a, len(a))


def positive(p: Floats, q: Floats) -> bool:
    """Whether the logit log p / q of D* is finite at every x."""
    return bool((p > 0).all() and (q > 0).all())


STAR: Case = {"p": KL_P, "q": KL_Q}
JSD_STAR, V_STAR = 0.090565849955, -1.205162661209

JSD = Derivation(
    id="gan.jsd-value",
    title="The value of the game is the Jensen–Shannon divergence",
    inputs=PMF_PAIR,
    conditions="x with p(x) = q(x) = 0 are skipped",
    lines=(
        Line(
            "A0",
            r"\sum_x p(x) \log \frac{p(x)}{p(x) + q(x)}",
            lambda p, q: xlogy(p, best(p, q)).sum(),
        ),
        Line(
            "A1",
            r"\mathrm{KL}(p \,\|\, m) - \log 2, \quad m = \frac{p + q}{2}",
            lambda p, q: information.kl_divergence(p, mixture(p, q)) - LOG_2,
            by="p + q = 2 m, and p adds up to 1",
        ),
        Line(
            "B0",
            r"\sum_x q(x) \log \frac{q(x)}{p(x) + q(x)}",
            lambda p, q: xlogy(q, 1 - best(p, q)).sum(),
            None,
        ),
        Line(
            "B1",
            r"\sum_x q(x) \log \frac{q(x)}{m(x)} - \log 2",
            lambda p, q: rel_entr(q, mixture(p, q)).sum() - LOG_2,
            by="q adds up to 1",
        ),
        Line(
            "V0",
            r"\mathbb{E}_p \log D^* + \mathbb{E}_q \log(1 - D^*)",
            lambda p, q: xlogy(p, best(p, q)).sum() + xlogy(q, 1 - best(p, q)).sum(),
            None,
        ),
        Line(
            "V1",
            r"\mathrm{KL}(p \,\|\, m) + \mathrm{KL}(q \,\|\, m) - \log 4",
            lambda p, q: (
                rel_entr(p, mixture(p, q)).sum() + rel_entr(q, mixture(p, q)).sum() - LOG_4
            ),
            by="the two lines above",
        ),
        Line(
            "V2",
            r"2\, \mathrm{JSD}(p \,\|\, q) - \log 4",
            lambda p, q: 2 * information.js_divergence(p, q) - LOG_4,
            by="the definition",
        ),
        Line(
            "V3",
            r"-\mathbb{E}_{x \sim p,\, \tilde x \sim q}[\ell_D(a(x), a(\tilde x))],"
            r" \quad a = \log \frac{p}{q}",
            lambda p, q: -np.outer(p, q).ravel() @ discriminator_loss(*paired(np.log(p / q))),
            by="the library's loss of the discriminator, at the logit of D*",
            when=positive,
        ),
        Line("J0", r"0", lambda p, q: 0.0, None),
        Line(
            "J1",
            r"\mathrm{JSD}(p \,\|\, q) = H(m) - \frac{1}{2} H(p) - \frac{1}{2} H(q)",
            lambda p, q: (
                -xlogy(mixture(p, q), mixture(p, q)).sum()
                + 0.5 * xlogy(p, p).sum()
                + 0.5 * xlogy(q, q).sum()
            ),
            "<=",
            by="entropy is concave",
        ),
        Line(
            "J2",
            r"I(y; x), \quad p(y, x) = \tfrac{1}{2} p(x), \tfrac{1}{2} q(x)",
            lambda p, q: information.mutual_information(labelled(p, q)),
            by="a fair label, and x from its distribution",
        ),
        Line("J3", r"\log 2", lambda p, q: LOG_2, "<=", by="the entropy of the label"),
    ),
    golden=(
        Golden(
            "KL*",
            STAR,
            {
                "V0": V_STAR,
                "V1": V_STAR,
                "V2": V_STAR,
                "V3": V_STAR,
                "J1": JSD_STAR,
                "J2": JSD_STAR,
            },
        ),
        Golden("p = q", {"p": KL_P, "q": KL_P}, {"V0": -LOG_4, "V2": -LOG_4, "J1": 0.0}),
        Golden(
            "no common support",
            {"p": np.array([0.3, 0.7, 0.0]), "q": np.array([0.0, 0.0, 1.0])},
            {"V0": 0.0, "V2": 0.0, "J1": LOG_2},
        ),
    ),
    mutants=(
        Mutant(
            "minus-log2",
            "V2",
            lambda p, q: 2 * information.js_divergence(p, q) - LOG_2,
        ),
        Mutant("jsd-not-doubled", "V2", lambda p, q: information.js_divergence(p, q) - LOG_4),
    ),
)


def draw_discriminated(rng: Generator) -> Case:
    """p and q with a discriminator on their points, the best one now and then."""
    case = draw_pmf_pair(rng)
    p, q = case["p"], case["q"]
    D = best(p, q) if rng.integers(4) == 0 else rng.uniform(0.02, 0.98, size=len(p))
    return {"p": p, "q": q, "D": D}


def value(p: Floats, q: Floats, D: Floats) -> float:
    """V = E_p log D + E_q log(1 − D)."""
    return float(xlogy(p, D).sum() + xlogy(q, 1 - D).sum())


def divergence_of_labels(p: Floats, q: Floats, D: Floats) -> float:
    """E_x KL(p(y | x) ‖ D(x)), x from the mixture."""
    P = labelled(p, q)
    seen = p_y(P) > 0
    Q = np.stack([D, 1 - D])
    return float(p_y(P)[seen] @ rel_entr(x_given_y(P), Q).sum(0)[seen])


BARBER_AGAKOV = Derivation(
    id="gan.value-is-ba-bound",
    title="A discriminator is a Q of Barber and Agakov's bound",
    inputs=Inputs(
        "p, q and a discriminator D",
        draw_discriminated,
        (
            {**STAR, "D": best(KL_P, KL_Q)},
            {"p": np.eye(2)[0], "q": np.eye(2)[1], "D": np.array([1.0, 0.0])},
            {"p": np.eye(2)[0], "q": np.array([0.5, 0.5]), "D": np.array([0.5, 0.2])},
        ),
    ),
    conditions="y is a fair label, Q(y | x) = D(x), 1 − D(x)",
    lines=(
        Line("L0", r"\frac{1}{2} V(D, G) + \log 2", lambda p, q, D: value(p, q, D) / 2 + LOG_2),
        Line(
            "L1",
            r"H(y) + \sum_y \sum_x p(y, x) \log Q(y \mid x)",
            lambda p, q, D: information.barber_agakov(labelled(p, q), np.stack([D, 1 - D]).T),
            by="H(y) = log 2",
        ),
        Line(
            "L1b",
            r"\frac{1}{2} \mathbb{E}_{x \sim p,\, \tilde x \sim q}[\log \sigma(a(x))"
            r" + \log(1 - \sigma(a(\tilde x)))] + \log 2",
            lambda p, q, D: (
                np.outer(p, q).ravel() @ adversarial_value(*paired(np.log(D / (1 - D)))) / 2 + LOG_2
            ),
            by="the value of the library, D = σ(a)",
            when=lambda p, q, D: bool(((D > 0) & (D < 1)).all()),
        ),
        Line(
            "L2",
            r"I(y; x)",
            lambda p, q, D: information.mutual_information(labelled(p, q)),
            "<=",
            by="Barber and Agakov",
        ),
        Line("L3", r"\mathrm{JSD}(p \,\|\, q)", lambda p, q, D: js(p, q), by="y is fair"),
        Line(
            "D0",
            r"\mathrm{JSD}(p \,\|\, q) - \frac{1}{2} V(D, G) - \log 2",
            lambda p, q, D: js(p, q) - value(p, q, D) / 2 - LOG_2,
            None,
        ),
        Line(
            "D1",
            r"\mathbb{E}_{m(x)}\, \mathrm{KL}(p(y \mid x) \,\|\, D(x))",
            divergence_of_labels,
            by="the gap of the bound",
        ),
        Line("D2", r"0", lambda p, q, D: 0.0, ">="),
    ),
    golden=(Golden("KL* at D*", {**STAR, "D": best(KL_P, KL_Q)}, {"L0": JSD_STAR, "D0": 0.0}),),
    mutants=(Mutant("upper-bound", "D0", lambda p, q, D: value(p, q, D) / 2 + LOG_2 - js(p, q)),),
)

DERIVATIONS: tuple[Derivation, ...] = (JSD, BARBER_AGAKOV)
