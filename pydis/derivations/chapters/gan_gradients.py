"""The two losses of a generator: where they vanish, and what their gradients descend."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis import information
from pydis.autodiff import Tensor, Value, grad, ops
from pydis.derivations.chapters.gan import best
from pydis.derivations.chapters.gan_value import mixture
from pydis.derivations.chapters.kl_locality import softmax
from pydis.derivations.derivation import Case, Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.inputs import table
from pydis.derivations.tools import Floats
from pydis.objectives import non_saturating_loss, saturating_loss

STEP = 1e-6


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(−a)), without overflow."""
    return np.exp(-np.logaddexp(0.0, -a))


def slope_of(loss: Callable[[Value], Value], a: float) -> Any:
    """The slope of the library's loss in the logit, by reverse mode."""
    logit = Tensor(np.array([a]))
    return grad(ops.sum(loss(logit)), logit)[0]


SATURATION = Derivation(
    id="gan.saturation",
    title="The loss log(1 − D) goes flat where the discriminator is sure",
    inputs=Inputs(
        "the logit a of D",
        lambda rng: {"a": float(rng.uniform(-20, 20))},
        tuple({"a": a} for a in (-20.0, -3.0, 0.0, 2.0, -700.0, 700.0)),
    ),
    conditions="D = σ(a), by log σ: exact also at a = ±700",
    scope="continuous",
    lines=(
        Line("S0", r"\frac{d}{da} \log(1 - D) = -D", lambda a: -sigmoid(a)),
        Line(
            "S1",
            r"\frac{d}{da} \log(1 - \sigma(a))",
            lambda a: slope_of(saturating_loss, a),
            by="the library's saturating loss",
        ),
        Line(
            "S2",
            r"\frac{\log(1 - \sigma(a + h)) - \log(1 - \sigma(a - h))}{2 h}",
            lambda a: (-np.logaddexp(0, a + STEP) + np.logaddexp(0, a - STEP)) / (2 * STEP),
            tolerance=1e-6,
            by="central differences, h = 10⁻⁶",
        ),
        Line("N0", r"\frac{d}{da} (-\log D) = -(1 - D)", lambda a: -sigmoid(-a), None),
        Line(
            "N1",
            r"\frac{d}{da} (-\log \sigma(a))",
            lambda a: slope_of(non_saturating_loss, a),
            by="the library's non-saturating loss",
        ),
        Line(
            "N2",
            r"\frac{-\log \sigma(a + h) + \log \sigma(a - h)}{2 h}",
            lambda a: (np.logaddexp(0, -a - STEP) - np.logaddexp(0, -a + STEP)) / (2 * STEP),
            tolerance=1e-6,
            by="central differences, h = 10⁻⁶",
        ),
        Line(
            "R0",
            r"\log \frac{\partial_a(-\log D)}{\partial_a \log(1 - D)}",
            lambda a: np.log(sigmoid(-a) / sigmoid(a)),
            None,
        ),
        Line(
            "R1",
            r"\log \frac{1 - D}{D} = -a",
            lambda a: -a,
            by="the second is the larger, the surer D is that x is made",
        ),
        Line("D0", r"\mathrm{sign}\, \partial_a \log(1 - D)", lambda a: np.sign(-sigmoid(a)), None),
        Line(
            "D1",
            r"\mathrm{sign}\, \partial_a(-\log D)",
            lambda a: np.sign(-sigmoid(-a)),
            by="both descend in a, everywhere",
        ),
        Line(
            "V0",
            r"|\partial_a \log(1 - D)|",
            lambda a: abs((np.logaddexp(0, a - STEP) - np.logaddexp(0, a + STEP)) / (2 * STEP)),
            None,
            when=lambda a: a < -2,
        ),
        Line(
            "V1",
            r"e^a",
            lambda a: 1 / np.exp(-a),
            "<=",
            tolerance=1e-6,
            by="it vanishes as D → 0",
            when=lambda a: a < -2,
        ),
    ),
    golden=(
        Golden("a = 0", {"a": 0.0}, {"S0": -0.5, "N0": -0.5}),
        Golden("D is sure", {"a": -700.0}, {"S0": -np.exp(-700), "N0": -1.0, "R0": 700.0}),
    ),
    mutants=(Mutant("saturating-gradient-large", "S0", lambda a: -sigmoid(-a)),),
)


def draw_models(rng: Generator) -> Case:
    """Logits of a softmax over five points, and positive data."""
    return {"theta": rng.normal(size=5), "p_r": table(rng, 5, low=1)}


def descend(theta: Floats, f: Floats) -> Floats:
    """Jᵀ f = ∇_θ Σ_x p_θ(x) f(x) for fixed f, J = diag(p) − p pᵀ."""
    p = softmax(theta)
    found: Floats = (np.diag(p) - np.outer(p, p)) @ f
    return found


def to_js(theta: Floats, p_r: Floats) -> Floats:
    """∂ 2 JSD / ∂p = log (p / m)."""
    p = softmax(theta)
    found: Floats = np.log(p / mixture(p, p_r))
    return found


def to_kl(theta: Floats, p_r: Floats) -> Floats:
    """∂ KL(p ‖ p_r) / ∂p = log (p / p_r) + 1."""
    found: Floats = np.log(softmax(theta) / p_r) + 1
    return found


def losses(loss: Callable[[Value], Value], theta: Floats, p_r: Floats) -> Any:
    """∇_θ Σ_x p_θ(x) loss(logit D*(x)), D* = p_r / (p_r + p_θ) held, by reverse mode."""
    t, logit = Tensor(theta), np.log(p_r) - np.log(softmax(theta))
    return grad(ops.sum(ops.softmax(t) * loss(logit)), t)


def differentiated(theta: Floats, p_r: Floats) -> Any:
    """∇_θ [KL(p_θ ‖ p_r) − 2 JSD] of the library's divergences."""
    t = Tensor(theta)
    p = ops.softmax(t)
    return grad(information.kl_divergence(p, p_r) - 2 * information.js_divergence(p, p_r), t)


NON_SATURATING = Derivation(
    id="gan.nonsaturating-gradient",
    title="The loss −log D descends KL minus twice JSD",
    inputs=Inputs(
        "softmax p_θ on five points, data p_r",
        draw_models,
        ({"theta": np.arange(5.0) / 4, "p_r": softmax(np.arange(5.0) / 4)},),
    ),
    conditions="D* is that of θ₀, and held",
    scope="continuous",
    lines=(
        Line(
            "L0",
            r"\nabla_\theta \mathbb{E}_{p_\theta}[-\log D^*]",
            lambda theta, p_r: descend(theta, -np.log(best(p_r, softmax(theta)))),
        ),
        Line(
            "L1",
            r"\nabla_\theta \mathrm{KL}(p_\theta \,\|\, p_r) - \nabla_\theta 2\, \mathrm{JSD}",
            lambda theta, p_r: (
                descend(theta, to_kl(theta, p_r)) - descend(theta, to_js(theta, p_r))
            ),
            by=r"-\log D^* = \log \frac{p}{p_r} - \log \frac{p}{p + p_r}",
        ),
        Line(
            "L2",
            r"\nabla_\theta [\mathrm{KL}(p_\theta \,\|\, p_r) - 2\, \mathrm{JSD}]",
            differentiated,
            by="reverse differentiation of the divergences",
        ),
        Line(
            "L3",
            r"\nabla_\theta \mathbb{E}_{p_\theta}[-\log \sigma(a)], \quad"
            r" a = \log \frac{p_r}{p_{\theta_0}}",
            lambda theta, p_r: losses(non_saturating_loss, theta, p_r),
            by="the library's non-saturating loss of the logit of D*",
        ),
        Line(
            "S0",
            r"\nabla_\theta \mathbb{E}_{p_\theta}[\log(1 - D^*)]",
            lambda theta, p_r: descend(theta, np.log1p(-best(p_r, softmax(theta)))),
            None,
        ),
        Line(
            "S1",
            r"\nabla_\theta 2\, \mathrm{JSD}",
            lambda theta, p_r: descend(theta, to_js(theta, p_r)),
            by="log 2 has no gradient, as p adds up to 1",
        ),
        Line(
            "S2",
            r"\nabla_\theta \mathbb{E}_{p_\theta}[\log(1 - \sigma(a))]",
            lambda theta, p_r: losses(saturating_loss, theta, p_r),
            by="the library's saturating loss of the logit of D*",
        ),
    ),
    golden=(
        Golden(
            "the data are met",
            {"theta": np.log([0.1, 0.2, 0.3, 0.25, 0.15]), "p_r": np.array([2, 4, 6, 5, 3]) / 20},
            dict.fromkeys(("L0", "L1", "L2", "L3", "S0", "S1", "S2"), np.zeros(5)),
        ),
    ),
    mutants=(
        Mutant(
            "plus-2jsd",
            "L1",
            lambda theta, p_r: descend(theta, to_kl(theta, p_r) + to_js(theta, p_r)),
        ),
        Mutant("gradient-of-kl-only", "L1", lambda theta, p_r: descend(theta, to_kl(theta, p_r))),
    ),
)

DERIVATIONS: tuple[Derivation, ...] = (SATURATION, NON_SATURATING)
