"""Slopes of log-densities as training takes them, against their formulas."""

import numpy as np

from pydis.autodiff import Tensor, grad, ops
from pydis.derivations.chapters.distributions_continuous import bell
from pydis.derivations.derivation import Case, Derivation, Golden, Line, Mutant
from pydis.derivations.inputs.distributions import BITS, COMPONENTS
from pydis.derivations.tools import Floats
from pydis.probability import Bernoulli, pairwise_gaussian

STEP = 1e-6
_BIT: Case = {"a": np.zeros((1, 2)), "b": np.ones((1, 2)), "x": np.array([[1.0, 0.0]])}


def _bit_difference(a: Floats, x: Floats) -> Floats:
    """Central differences of x l − log(1 + e^l)."""
    up, down = a + STEP, a - STEP
    rise = x * (up - down) - np.logaddexp(0, up) + np.logaddexp(0, down)
    found: Floats = rise / (2 * STEP)
    return found


def _by_reverse_mode(a: Floats, x: Floats) -> Floats:
    """∇_l log p(x) of the library."""
    logits = Tensor(a)
    return np.asarray(grad(ops.sum(Bernoulli(logits).log_prob(x)), logits))


BERNOULLI = Derivation(
    id="distribution.bernoulli-slope",
    title="The slope of a bit's log-probability in its logit is what the bit is off by",
    inputs=BITS,
    tolerance="T3",
    lines=(
        Line("G0", r"x - \sigma(l)", lambda a, b, x: x - 1 / (1 + np.exp(-a))),
        Line(
            "G1",
            r"\nabla_l \log p(x)",
            lambda a, b, x: _by_reverse_mode(a, x),
            by="the library, by reverse mode",
            tolerance=1e-10,
        ),
        Line(
            "G2",
            r"\frac{\log p_{l + h}(x) - \log p_{l - h}(x)}{2 h}",
            lambda a, b, x: _bit_difference(a, x),
            by="central differences, h = 10⁻⁶",
        ),
    ),
    golden=(Golden("fair bits", _BIT, {"G0": np.array([[0.5, -0.5]])}),),
    mutants=(
        Mutant("slope-of-the-probability", "G0", lambda a, b, x: np.exp(-np.logaddexp(0, a)) * x),
        Mutant("sign", "G0", lambda a, b, x: 1 / (1 + np.exp(-a)) - x),
    ),
)


def _pulls(x: Floats, mean: Floats, s: Floats) -> Floats:
    """Σ_i [r_ik + r_ik^d] (x_id − μ_kd) / e^{s_kd}: shares of all coordinates, and of each."""
    density = np.stack([bell(z, mean, s) for z in x])
    together = density.prod(2, keepdims=True)
    shares = together / together.sum(1, keepdims=True) + density / density.sum(1, keepdims=True)
    found: Floats = (shares * (x[:, None] - mean) / np.exp(s)).sum(0)
    return found


def _of_means(x: Floats, mean: Floats, s: Floats) -> Floats:
    """The slopes of all of the library's sums in the means."""
    means = Tensor(mean)
    return np.asarray(grad(ops.sum(pairwise_gaussian(x, means, s)), means))


def _differences(x: Floats, mean: Floats, s: Floats) -> Floats:
    """The same by central differences of the sums written out."""

    def total(m: Floats) -> float:
        density = np.stack([bell(z, m, s) for z in x])
        return float(np.log(density.prod(2).sum(1)).sum() + np.log(density.sum(1)).sum())

    found = np.zeros_like(mean)
    for at in np.ndindex(*mean.shape):
        e = np.zeros_like(mean)
        e[at] = STEP
        found[at] = (total(mean + e) - total(mean - e)) / (2 * STEP)
    return found


MIXTURE = Derivation(
    id="distribution.mixture-slope",
    title="A draw pulls at each posterior by the share that it has in the aggregate",
    scope="continuous",
    inputs=COMPONENTS,
    tolerance="T3",
    lines=(
        Line(
            "A0",
            r"\sum_i [r_{ik} + r_{ik}^{d}] \frac{x_{id} - \mu_{kd}}{e^{s_{kd}}}",
            lambda x, l, mean, s: _pulls(x, mean, s),
        ),
        Line(
            "A1",
            r"\nabla_\mu \sum_i [\log N q(x_i) + \sum_d \log N q(x_{id})]",
            lambda x, l, mean, s: _of_means(x, mean, s),
            by="the library's sums over all pairs, by reverse mode",
            tolerance=1e-10,
        ),
        Line(
            "A2",
            r"\text{the same by central differences, } h = 10^{-6}",
            lambda x, l, mean, s: _differences(x, mean, s),
            by="the logarithm of a sum has the slopes of its terms, weighted by their shares",
        ),
    ),
    mutants=(
        Mutant(
            "all-shares-equal",
            "A0",
            lambda x, l, mean, s: (2 / len(mean) * (x[:, None] - mean) / np.exp(s)).sum(0),
        ),
        Mutant("sign", "A0", lambda x, l, mean, s: -_pulls(x, mean, s)),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (BERNOULLI, MIXTURE)
