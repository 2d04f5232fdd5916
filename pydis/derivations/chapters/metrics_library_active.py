"""Which latents say anything at all. Burda et al. 2016, section 5.2."""

import numpy as np

from pydis.derivations.chapters.metrics_library_activity import deviations, pairs
from pydis.derivations.derivation import Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.scores import MEANS, means
from pydis.derivations.tools import Floats
from pydis.metrics import active_latents

USUAL = 0.01


def _count(mu: Floats, bound: float) -> int:
    return int((deviations(mu) > bound).sum())


_THREE = means([0.0, 1.0, 0.0], [0.1, 1.0, 0.3])
"""A = (0.005, 0, 0.045): only the last latent is active."""

_AT_BOUND = MEANS.structured[2]

ACTIVE_LATENTS = Derivation(
    id="metric.active-latents",
    title="A latent is active if its activity exceeds a bound",
    inputs=MEANS,
    source="Burda et al. 2016, section 5.2",
    conditions="Two images at least. The bound t is 0.01 where none is given.",
    lines=(
        Line("L0", r"\mathrm{active}(\mu, t)", active_latents),
        Line(
            "L1",
            r"\frac{1}{N - 1} \sum_n (\mu_n - \bar\mu)^2 > t",
            lambda means, threshold=USUAL: deviations(means) > threshold,
            by="the definition",
        ),
        Line(
            "L2",
            r"N \sum_n \mu_n^2 - (\sum_n \mu_n)^2 > N (N - 1)\, t",
            lambda means, threshold=USUAL: (
                len(means) * (means**2).sum(0) - means.sum(0) ** 2
                > len(means) * (len(means) - 1) * threshold
            ),
            by="the square is expanded",
        ),
        Line(
            "L3",
            r"\frac{1}{2 N (N - 1)} \sum_{n, m} (\mu_n - \mu_m)^2 > t",
            lambda means, threshold=USUAL: pairs(means) > threshold,
            by="every pair of images",
        ),
        Line(
            "C0",
            r"\#\{i : A_i > t\}",
            lambda means, threshold=USUAL: _count(means, threshold),
            None,
        ),
        Line(
            "C1",
            r"D - \#\{i : A_i \le t\}",
            lambda means, threshold=USUAL: (
                means.shape[1] - sum(pairs(column) <= threshold for column in means.T)
            ),
            by="active or not",
        ),
        Line(
            "C2",
            r"\#\{i : A_i > 2 t\}",
            lambda means, threshold=USUAL: _count(means, 2 * threshold),
            ">=",
            by="a higher bound leaves fewer",
        ),
        Line(
            "I0",
            r"\#\{i : A_i > t\} = 0",
            lambda means, threshold=USUAL: _count(means, threshold) == 0,
            None,
        ),
        Line(
            "I1",
            r"\max_i A_i \le t",
            lambda means, threshold=USUAL: bool(pairs(means).max() <= threshold),
            "iff",
            by="none exceeds what the largest does not",
        ),
    ),
    golden=(
        Golden(
            "usual bound",
            _THREE,
            dict.fromkeys(("L0", "L1", "L2", "L3"), np.array([0.0, 0.0, 1.0]))
            | {"C0": 1, "C1": 1, "C2": 1},
        ),
        Golden("at the bound", _AT_BOUND, {"L0": np.zeros(3), "L1": np.zeros(3), "C0": 0}),
    ),
    mutants=(
        Mutant(
            "at-least", "L1", lambda means, threshold: deviations(means) >= threshold, _AT_BOUND
        ),
        Mutant(
            "divided-by-n",
            "L1",
            lambda means, threshold=USUAL: means.var(0) > threshold,
            means([0.0], [1.0], threshold=0.375),
        ),
        Mutant(
            "deviation-not-squared",
            "L1",
            lambda means, threshold=USUAL: np.sqrt(deviations(means)) > threshold,
            _THREE,
        ),
        Mutant(
            "not-centred",
            "L2",
            lambda means, threshold=USUAL: (means**2).mean(0) > threshold,
            _THREE,
        ),
        Mutant("the-inactive", "L3", lambda means, threshold=USUAL: pairs(means) <= threshold),
        Mutant(
            "smallest",
            "I1",
            lambda means, threshold=USUAL: bool(pairs(means).min() <= threshold),
            _THREE,
        ),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (ACTIVE_LATENTS,)
