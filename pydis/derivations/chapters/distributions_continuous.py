"""Boxes, mixtures and draws: what the library says, against the densities written out."""

import numpy as np

from pydis.backends.draws import normal, uniform
from pydis.derivations.chapters.distributions import stream
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.distributions import BOXES, COMPONENTS, FACTORS
from pydis.derivations.tools import Floats, logsumexp
from pydis.probability import FullGaussian, Gaussian, Mixture, Uniform, kl, pairwise_gaussian


def bell(x: Floats, mean: Floats, s: Floats) -> Floats:
    """N(x; μ, exp s) in each coordinate."""
    found: Floats = np.exp(-((x - mean) ** 2) / (2 * np.exp(s))) / np.sqrt(2 * np.pi * np.exp(s))
    return found


UNIFORM = Derivation(
    id="distribution.uniform",
    title="The uniform box: density, entropy, divergence, draws",
    scope="continuous",
    inputs=BOXES,
    conditions="−∞ outside of the box; the divergence from a box that does not contain it is ∞",
    lines=(
        Line(
            "L0",
            r"\log \prod_i \frac{1[a_i \le x_i \le b_i]}{b_i - a_i}",
            lambda a, b, x, **_: (
                -np.log((b - a).prod()) if ((a <= x) & (x <= b)).all() else -np.inf
            ),
        ),
        Line(
            "L1",
            r"\log p(x)",
            lambda a, b, x, **_: Uniform(a, b).log_prob(x)[0],
            by="the library's density",
        ),
        Line("H0", r"\log \prod_i (b_i - a_i)", lambda a, b, **_: np.log((b - a).prod()), None),
        Line("H1", r"h(X)", lambda a, b, **_: Uniform(a, b).entropy()[0], by="the library"),
        Line(
            "K0",
            r"\sum_i \log \frac{d_i - c_i}{b_i - a_i}",
            lambda a, b, c, d, **_: (
                np.log((d - c) / (b - a)).sum() if ((c <= a) & (b <= d)).all() else np.inf
            ),
            None,
        ),
        Line(
            "K1",
            r"\mathrm{KL}(U[a, b] \,\Vert\, U[c, d])",
            lambda a, b, c, d, **_: kl(Uniform(a, b), Uniform(c, d))[0],
            by="the library",
        ),
        Line(
            "S0",
            r"a + (b - a)\, u",
            lambda a, b, seed, **_: a + (b - a) * uniform(stream(seed), a.shape),
            None,
        ),
        Line(
            "S1",
            r"x \sim U[a, b]",
            lambda a, b, seed, **_: Uniform(a, b).sample(stream(seed)),
            by="the library's draw",
        ),
    ),
    golden=(
        Golden(
            "inside",
            {
                name: np.array([[v]])
                for name, v in zip("abcdx", (0.0, 2.0, -1.0, 3.0, 0.5), strict=True)
            }
            | {"seed": 0},
            {"L1": -np.log(2), "H1": np.log(2), "K1": np.log(2)},
        ),
    ),
    mutants=(
        Mutant("no-border", "L0", lambda a, b, x, **_: -np.log((b - a).prod())),
        Mutant("finite-outside", "K0", lambda a, b, c, d, **_: np.log((d - c) / (b - a)).sum()),
        Mutant(
            "draw-up-to-the-width",
            "S0",
            lambda a, b, seed, **_: a + b * uniform(stream(seed), a.shape),
        ),
    ),
)

MIXTURE = Derivation(
    id="distribution.mixture",
    title="Mixtures of Gaussians, and the sums over a data set that the aggregated posterior takes",
    scope="continuous",
    inputs=COMPONENTS,
    lines=(
        Line(
            "L0",
            r"\log \sum_k \frac{e^{l_k}}{\sum_j e^{l_j}} \prod_d "
            r"\mathcal{N}(x_d; \mu_{kd}, e^{s_{kd}})",
            lambda x, l, mean, s: np.log(np.exp(l) @ bell(x[0], mean, s).prod(1) / np.exp(l).sum()),
        ),
        Line(
            "L1",
            r"\log \sum_k e^{l_k + \log \mathcal{N}(x; \mu_k, e^{s_k})} - \log \sum_j e^{l_j}",
            lambda x, l, mean, s: logsumexp(l + np.log(bell(x[0], mean, s)).sum(1)) - logsumexp(l),
            by="the product in logarithms",
        ),
        Line(
            "L2",
            r"\log p(x)",
            lambda x, l, mean, s: Mixture(l[None], mean[None], s[None]).log_prob(x[:1])[0],
            by="the library's density",
        ),
        Line(
            "A0",
            r"\log \sum_k \prod_d \mathcal{N}(x_d; \mu_{kd}, e^{s_{kd}}),\; "
            r"\log \sum_k \mathcal{N}(x_d; \mu_{kd}, e^{s_{kd}})",
            lambda x, l, mean, s: np.log(
                [np.r_[bell(z, mean, s).prod(1).sum(), bell(z, mean, s).sum(0)] for z in x]
            ),
            None,
        ),
        Line(
            "A1",
            r"\log N q(z),\; \log N q(z_d)",
            lambda x, l, mean, s: pairwise_gaussian(x, mean, s),
            by="all pairs of draws and encodings at once",
        ),
    ),
    golden=(
        Golden(
            "two standard normals at 0 and 0",
            {
                "x": np.zeros((1, 1)),
                "l": np.zeros(2),
                "mean": np.zeros((2, 1)),
                "s": np.zeros((2, 1)),
            },
            {"L2": -0.5 * np.log(2 * np.pi)},
        ),
    ),
    mutants=(
        Mutant(
            "weights-not-normalised",
            "L1",
            lambda x, l, mean, s: logsumexp(l + np.log(bell(x[0], mean, s)).sum(1)),
        ),
        Mutant(
            "mean-of-logs",
            "L1",
            lambda x, l, mean, s: np.exp(l - logsumexp(l)) @ np.log(bell(x[0], mean, s)).sum(1),
        ),
        Mutant(
            "log-variance-as-deviation",
            "L1",
            lambda x, l, mean, s: (
                logsumexp(l + np.log(bell(x[0], mean, 2 * s)).sum(1)) - logsumexp(l)
            ),
        ),
        Mutant(
            "product-of-marginals",
            "A0",
            lambda x, l, mean, s: np.log(
                [np.r_[bell(z, mean, s).sum(0).prod(), bell(z, mean, s).sum(0)] for z in x]
            ),
        ),
    ),
)

DRAWS = Derivation(
    id="distribution.reparameterisation",
    title="Gaussian draws are noise, scaled and moved",
    scope="continuous",
    inputs=FACTORS,
    lines=(
        Line(
            "G0",
            r"\mu + e^{s / 2} \odot \epsilon",
            lambda mean, s, L, seed: mean + np.sqrt(np.exp(s)) * normal(stream(seed), s.shape),
        ),
        Line(
            "G1",
            r"x \sim \mathcal{N}(\mu, \mathrm{diag}\, e^s)",
            lambda mean, s, L, seed: Gaussian(mean, s).sample(stream(seed)),
            by="the library's draw",
        ),
        Line(
            "F0",
            r"\mu_i + \sum_j L_{ij} \epsilon_j",
            lambda mean, s, L, seed: (
                mean + (L @ normal(stream(seed), mean.shape)[:, :, None])[:, :, 0]
            ),
            None,
        ),
        Line(
            "F1",
            r"x \sim \mathcal{N}(\mu, L L^\top)",
            lambda mean, s, L, seed: FullGaussian(mean, L).sample(stream(seed)),
            by="the library's draw",
        ),
        Line("C0", r"\sum_k L_{ik} L_{jk}", lambda L, **_: np.einsum("nik,njk->nij", L, L), None),
        Line(
            "C1",
            r"\Sigma",
            lambda mean, s, L, seed: FullGaussian(mean, L).covariance,
            by="the library's covariance",
        ),
    ),
    golden=(
        Golden(
            "a factor of 2, 1, 1/2",
            dict(FACTORS.structured[0]),
            {"C1": np.array([[[4.0, 2.0], [2.0, 1.25]]])},
        ),
    ),
    mutants=(
        Mutant(
            "log-variance-as-log-deviation",
            "G0",
            lambda mean, s, L, seed: mean + np.exp(s) * normal(stream(seed), s.shape),
        ),
        Mutant(
            "factor-transposed",
            "F0",
            lambda mean, s, L, seed: (
                mean
                + (L.transpose(0, 2, 1) @ normal(stream(seed), mean.shape)[:, :, None])[:, :, 0]
            ),
        ),
        Mutant("covariance-transposed", "C0", lambda L, **_: np.einsum("nki,nkj->nij", L, L)),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (UNIFORM, MIXTURE, DRAWS)
