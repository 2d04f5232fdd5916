"""How much the mean of a latent moves. Burda et al. 2016, section 5.2."""

from typing import Any

import numpy as np

from pydis.derivations.claims import same
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs import ZERO
from pydis.derivations.inputs.scores import POSTERIORS
from pydis.derivations.tools import Floats, rel_entr
from pydis.metrics import activity


def deviations(mu: Floats) -> Any:
    """Σ_n (μ_n − μ̄)² / (N − 1)."""
    return ((mu - mu.mean(0)) ** 2).sum(0) / (len(mu) - 1)


def pairs(mu: Floats) -> Any:
    """Σ_{n,m} (μ_n − μ_m)² / 2N(N − 1)."""
    return ((mu[:, None] - mu) ** 2).sum((0, 1)) / (2 * len(mu) * (len(mu) - 1))


def _one_by_one(q: Floats, s: Floats) -> Any:
    """Σ_n (1 − 1/n) (μ_n − mean of those before)² / (N − 1)."""
    mu = q @ s
    steps = [(1 - 1 / n) * (mu[n - 1] - mu[: n - 1].mean(0)) ** 2 for n in range(2, len(mu) + 1)]
    return sum(steps) / (len(mu) - 1)


def _total_variance(q: Floats, s: Floats) -> Any:
    """[Var z − E Var(z | x)] N / (N − 1)."""
    N, all_codes = len(q), q.mean(0)
    whole = all_codes @ s**2 - (all_codes @ s) ** 2
    within = (q @ s**2 - (q @ s) ** 2).mean(0)
    return (whole - within) * N / (N - 1)


def _form(q: Floats, s: Floats) -> Any:
    """The diagonal of sᵀ qᵀ (I − 11ᵀ/N) q s / (N − 1)."""
    N = len(q)
    return np.einsum("jd,jk,kd->d", s, q.T @ (np.eye(N) - 1 / N) @ q, s) / (N - 1)


def _rate_bound(q: Floats, s: Floats) -> Any:
    """(max s − min s)² / 2 · Σ_n KL(q_n, q̄) / (N − 1)."""
    rates = rel_entr(q, q.mean(0)).sum()
    return np.ptp(s, axis=0) ** 2 / 2 * rates / (len(q) - 1)


_TWO_LATENTS = {
    "q": np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.25, 0.5, 0.25]]),
    "s": np.array([[0.0, 0.0], [1.0, 4.0], [2.0, 0.0]]),
}
"""Means 1/2, 3/2 and 1 of the first latent, and 2 of the second: A = (1/4, 0)."""

_QUARTER = np.array([0.25, 0.0])

ACTIVITY = Derivation(
    id="metric.activity",
    title="The activity of a latent: the variance of its posterior means",
    inputs=POSTERIORS,
    source="Burda et al. 2016, section 5.2; equation eq:activity",
    conditions="Two images at least. The mean of image n is μ_n = Σ_j q(j | n) s_j.",
    lines=(
        Line("L0", r"A", lambda q, s: activity(q @ s)),
        Line(
            "L1",
            r"\frac{1}{N - 1} \sum_n (\mu_n - \bar\mu)^2",
            lambda q, s: deviations(q @ s),
            by="the definition",
        ),
        Line(
            "L2",
            r"\frac{1}{N - 1} \Bigl[ \sum_n \mu_n^2 - \frac{(\sum_n \mu_n)^2}{N} \Bigr]",
            lambda q, s: (((q @ s) ** 2).sum(0) - (q @ s).sum(0) ** 2 / len(q)) / (len(q) - 1),
            by="the square is expanded",
        ),
        Line(
            "L3",
            r"\frac{1}{2 N (N - 1)} \sum_{n, m} (\mu_n - \mu_m)^2",
            lambda q, s: pairs(q @ s),
            by="every pair of images",
        ),
        Line(
            "L4",
            r"\frac{1}{N - 1} \sum_{n > 1} \frac{n - 1}{n} (\mu_n - \bar\mu_{n - 1})^2",
            _one_by_one,
            by="one image after the other",
        ),
        Line(
            "L5",
            r"\frac{N}{N - 1} \bigl[ \mathrm{Var}\, z - \mathbb{E}\, \mathrm{Var}(z \mid x) \bigr]",
            _total_variance,
            by="the law of total variance",
        ),
        Line(
            "L6",
            r"\frac{1}{9 (N - 1)} \sum_n \bigl[ (5 - 3 \mu_n) - (5 - 3 \bar\mu) \bigr]^2",
            lambda q, s: (
                ((5 - q @ (3 * s) - (5 - 3 * (q.mean(0) @ s))) ** 2).sum(0) / (9 * (len(q) - 1))
            ),
            by="a shift is not seen, a scale is squared",
        ),
        Line("L7", r"0", lambda **_: 0.0, ">=", by="squares"),
        Line(
            "B0",
            r"\frac{(\max s - \min s)^2}{2 (N - 1)} \sum_n \mathrm{KL}(q_n, \bar q)",
            _rate_bound,
            None,
        ),
        Line(
            "B1",
            r"\frac{1}{N - 1} s^\top q^\top (I - \frac{1}{N} 1 1^\top) q s",
            _form,
            ">=",
            by="Pinsker: a latent without rate is not active",
        ),
        Line(
            "I0",
            r"A = 0",
            lambda q, s: bool((deviations(q @ s) <= ZERO).all()),
            None,
        ),
        Line(
            "I1",
            r"\mu_n = \mu_1 \text{ for all } n",
            lambda q, s: same(q @ s, q[:1] @ s),
            "iff",
            by="a sum of squares is 0 where each is",
        ),
    ),
    golden=(
        Golden(
            "two latents",
            _TWO_LATENTS,
            dict.fromkeys(("L0", "L1", "L2", "L3", "L4", "L5", "L6", "B1"), _QUARTER),
        ),
    ),
    mutants=(
        Mutant("divided-by-n", "L1", lambda q, s: (q @ s).var(0), _TWO_LATENTS),
        Mutant("not-centred", "L2", lambda q, s: ((q @ s) ** 2).sum(0) / (len(q) - 1)),
        Mutant("pairs-counted-once", "L3", lambda q, s: pairs(q @ s) / 2, _TWO_LATENTS),
        Mutant("deviation-not-squared", "L1", lambda q, s: np.sqrt(deviations(q @ s))),
        Mutant(
            "variance-of-the-code",
            "L5",
            lambda q, s: (q.mean(0) @ s**2 - (q.mean(0) @ s) ** 2) * len(q) / (len(q) - 1),
        ),
        Mutant("scale-not-squared", "L6", lambda q, s: 3 * deviations(q @ s), _TWO_LATENTS),
        Mutant("posteriors-equal", "I1", lambda q, **_: same(q, q[:1]), POSTERIORS.structured[2]),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (ACTIVITY,)
