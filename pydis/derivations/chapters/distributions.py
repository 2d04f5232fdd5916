"""Bits and choices: what the densities that train say, against sums over all outcomes."""

import numpy as np

from pydis.backends.draws import gumbel
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.distributions import BITS, CHOICE, outcomes
from pydis.derivations.tools import Floats, logsumexp, rel_entr, xlogy
from pydis.probability import Bernoulli, Categorical, kl


def table(logits: Floats) -> Floats:
    """p(x) of all outcomes x of some bits: the product of their probabilities."""
    p, x = 1 / (1 + np.exp(-logits[0])), outcomes(logits.shape[1])
    found: Floats = np.where(x == 1, p, 1 - p).prod(1)
    return found


def chances(logits: Floats) -> Floats:
    """p_k = exp l_k / Σ_j exp l_j."""
    weights = np.exp(logits[0])
    found: Floats = weights / weights.sum()
    return found


def stream(seed: int) -> np.random.Generator:
    """The draws of a seed, the same ones each time."""
    return np.random.Generator(np.random.Philox(key=[seed, 0]))


BERNOULLI = Derivation(
    id="distribution.bernoulli",
    title="Independent bits from logits: density, entropy, divergence",
    inputs=BITS,
    lines=(
        Line(
            "L0",
            r"\sum_i [x_i \log \sigma(l_i) + (1 - x_i) \log \sigma(-l_i)]",
            lambda a, b, x: -(xlogy(x, 1 + np.exp(-a)) + xlogy(1 - x, 1 + np.exp(a))).sum(),
        ),
        Line(
            "L1",
            r"\sum_i [x_i l_i - \log(1 + e^{l_i})]",
            lambda a, b, x: (x * a).sum() - np.logaddexp(0.0, a).sum(),
            by=r"\log \sigma(l) - \log \sigma(-l) = l",
        ),
        Line("L2", r"\log p(x)", lambda a, b, x: Bernoulli(a).log_prob(x)[0], by="the density"),
        Line(
            "H0", r"-\sum_x p(x) \log p(x)", lambda a, b, x: -xlogy(table(a), table(a)).sum(), None
        ),
        Line(
            "H1",
            r"\sum_i [\sigma(l_i) \log(1 + e^{-l_i}) + \sigma(-l_i) \log(1 + e^{l_i})]",
            lambda a, b, x: (
                np.logaddexp(0, -a) / (1 + np.exp(-a)) + np.logaddexp(0, a) / (1 + np.exp(a))
            ).sum(),
            by="entropies of independent bits add",
        ),
        Line("H2", r"H(X)", lambda a, b, x: Bernoulli(a).entropy()[0], by="the library"),
        Line(
            "K0",
            r"\sum_x p_a(x) \log \frac{p_a(x)}{p_b(x)}",
            lambda a, b, x: rel_entr(table(a), table(b)).sum(),
            None,
            when=lambda a, b, x: bool(np.abs(a).max() < 30),
        ),
        Line(
            "K1",
            r"\mathrm{KL}(p_a \,\Vert\, p_b)",
            lambda a, b, x: kl(Bernoulli(a), Bernoulli(b))[0],
            by="the library",
            when=lambda a, b, x: bool(np.abs(a).max() < 30),
        ),
        Line("M0", r"\sum_x x\, p(x)", lambda a, b, x: table(a) @ outcomes(a.shape[1]), None),
        Line("M1", r"\sigma(l)", lambda a, b, x: Bernoulli(a).mean[0], by="the library's mean"),
    ),
    conditions="above 30 a probability rounds to 1, and the sum over outcomes says nothing",
    golden=(
        Golden(
            "fair bits",
            {"a": np.zeros((1, 2)), "b": np.ones((1, 2)), "x": np.array([[1.0, 0.0]])},
            {"L2": -2 * np.log(2), "H2": 2 * np.log(2), "M1": np.array([0.5, 0.5])},
        ),
    ),
    mutants=(
        Mutant(
            "sign-of-the-logit",
            "L1",
            lambda a, b, x: -(x * a).sum() - np.logaddexp(0.0, a).sum(),
        ),
        Mutant(
            "only-the-ones-have-entropy",
            "H1",
            lambda a, b, x: (np.logaddexp(0, -a) / (1 + np.exp(-a))).sum(),
        ),
        Mutant("kl-reversed", "K0", lambda a, b, x: rel_entr(table(b), table(a)).sum()),
        Mutant("mean-is-the-logit", "M1", lambda a, b, x: a[0]),
    ),
)

CATEGORICAL = Derivation(
    id="distribution.categorical",
    title="A choice from logits: density, entropy, divergence, Gumbel draws",
    inputs=CHOICE,
    lines=(
        Line(
            "L0",
            r"\log \frac{e^{l_x}}{\sum_j e^{l_j}}",
            lambda a, x, **_: np.log(chances(a) @ x[0]),
        ),
        Line("L1", r"l_x - \log \sum_j e^{l_j}", lambda a, x, **_: a[0] @ x[0] - logsumexp(a[0])),
        Line(
            "L2",
            r"\log p(x)",
            lambda a, x, **_: Categorical(a).log_prob(x)[0],
            by="the density",
        ),
        Line(
            "H0", r"-\sum_k p_k \log p_k", lambda a, **_: -xlogy(chances(a), chances(a)).sum(), None
        ),
        Line("H1", r"H(X)", lambda a, **_: Categorical(a).entropy()[0], by="the library"),
        Line(
            "K0",
            r"\sum_k p_k \log \frac{p_k}{q_k}",
            lambda a, b, **_: rel_entr(chances(a), chances(b)).sum(),
            None,
        ),
        Line(
            "K1",
            r"\mathrm{KL}(p \,\Vert\, q)",
            lambda a, b, **_: kl(Categorical(a), Categorical(b))[0],
            by="the library",
        ),
        Line("M0", r"\frac{e^{l}}{\sum_j e^{l_j}}", lambda a, **_: chances(a), None),
        Line("M1", r"\mathbb{E}[X]", lambda a, **_: Categorical(a).mean[0], by="X is one-hot"),
        Line(
            "S0",
            r"\mathrm{softmax}((l + G) / t)",
            lambda a, t, seed, **_: chances((a + gumbel(stream(seed), a.shape)) / t),
            None,
        ),
        Line(
            "S1",
            r"x_t",
            lambda a, t, seed, **_: Categorical(a).relaxed_sample(stream(seed), t)[0],
            by="the relaxed draw",
        ),
        Line(
            "T0",
            r"\mathrm{argmax}_k (l_k + G_k)",
            lambda a, seed, **_: float(np.argmax(a + gumbel(stream(seed), a.shape))),
            None,
        ),
        Line(
            "T1",
            r"\sum_k k\, x_k",
            lambda a, seed, **_: Categorical(a).sample(stream(seed))[0] @ np.arange(a.shape[1]),
            by="the draw is one-hot at its largest entry",
        ),
    ),
    golden=(
        Golden(
            "three equal chances",
            {"a": np.ones((1, 3)), "b": np.zeros((1, 3)), "x": np.eye(3)[:1], "t": 1.0, "seed": 1},
            {"L2": -np.log(3), "H1": np.log(3), "K1": 0.0},
        ),
    ),
    mutants=(
        Mutant("without-normaliser", "L1", lambda a, x, **_: a[0] @ x[0]),
        Mutant("kl-reversed", "K0", lambda a, b, **_: rel_entr(chances(b), chances(a)).sum()),
        Mutant(
            "temperature-multiplies",
            "S0",
            lambda a, t, seed, **_: chances((a + gumbel(stream(seed), a.shape)) * t),
        ),
        Mutant(
            "draw-without-noise", "T0", lambda a, **_: float(np.argmax(a)), CHOICE.structured[0]
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (BERNOULLI, CATEGORICAL)
