"""Gradients of an expectation: through the sample, and through the density."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pydis.autodiff import Tensor, Value, grad, ops
from pydis.derivations.derivation import Derivation, Inputs, Line, Mutant
from pydis.derivations.tools import Floats, gauss_hermite, logsumexp
from pydis.probability import Gaussian

_NODES, _WEIGHTS = gauss_hermite(60)

_FUNCTIONS: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (lambda z: z**2, lambda z: 2 * z),
    (np.sin, np.cos),
    (np.exp, np.exp),
)
"""f and f′."""

_ON_TENSORS: tuple[Callable[[Value], Value], ...] = (ops.square, ops.sin, ops.exp)


def _exact(mu: float, sigma: float) -> Floats:
    """∂_μ and ∂_σ of E f(z) for z², sin z and exp z, `[3, 2]`."""
    wave, growth = np.exp(-(sigma**2) / 2), np.exp(mu + sigma**2 / 2)
    return np.array(
        [
            [2 * mu, 2 * sigma],
            [np.cos(mu) * wave, -sigma * np.sin(mu) * wave],
            [growth, sigma * growth],
        ]
    )


def _pathwise(mu: float, sigma: float) -> Floats:
    """E_ε[f′(μ + σε) (1, ε)]."""
    z = mu + sigma * _NODES
    path = np.stack([np.ones_like(_NODES), _NODES])
    return np.stack([path @ (_WEIGHTS * slope(z)) for _, slope in _FUNCTIONS])


def _reverse_mode(mu: float, sigma: float) -> Floats:
    """The gradients of Σ_i w_i f(μ + σ ε_i) by reverse mode."""
    found = []
    for f in _ON_TENSORS:
        parameters = [Tensor(np.array(mu)), Tensor(np.array(sigma))]
        expected = ops.sum(f(parameters[0] + parameters[1] * _NODES) * _WEIGHTS)
        found.append(np.array(grad(expected, parameters)))
    return np.stack(found)


def _slope_of_step(z: Floats, h: float = 1e-9) -> Floats:
    """The central difference of 1[z > 0]: 0 but for z within h of 0."""
    return np.asarray((np.heaviside(z + h, 0.0) - np.heaviside(z - h, 0.0)) / (2 * h))


def _bell(mu: float, sigma: float) -> Any:
    """φ(μ / σ) / σ, the derivative of P(z > 0) by μ."""
    return np.exp(-0.5 * (mu / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)


_PARAMETERS = Inputs(
    "mean and standard deviation of a Gaussian",
    lambda rng: {"mu": rng.uniform(-1, 1), "sigma": rng.uniform(0.4, 1.2)},
    ({"mu": 0.0, "sigma": 1.0}, {"mu": 0.7, "sigma": 0.5}),
)

_REPARAMETERISATION = Derivation(
    id="grad.reparameterisation",
    title="The gradient of an expectation through its sample",
    inputs=_PARAMETERS,
    lines=(
        Line(
            "exact",
            r"\nabla_{\mu, \sigma} \mathbb E_{\mathcal N(\mu, \sigma^2)}[f(z)],"
            r" \quad f = z^2, \sin z, e^z",
            _exact,
        ),
        Line(
            "pathwise",
            r"\mathbb E_\epsilon\left[f'(\mu + \sigma\epsilon) (1, \epsilon)\right]",
            _pathwise,
            by="z = μ + σε; the chain rule",
        ),
        Line(
            "library",
            r"\nabla_{\mu, \sigma} \sum_i w_i f(\mu + \sigma \epsilon_i)",
            _reverse_mode,
            by="reverse mode",
        ),
        Line("step", r"\partial_\mu \mathbb E[1[z > 0]] = \phi(\mu/\sigma)/\sigma", _bell, None),
        Line(
            "step-pathwise",
            r"\mathbb E_\epsilon\left[\partial_\mu 1[\mu + \sigma\epsilon > 0]\right]",
            lambda mu, sigma: _WEIGHTS @ _slope_of_step(mu + sigma * _NODES),
            ">",
            "f must be differentiable: this is 0",
        ),
    ),
    mutants=(
        Mutant(
            "forget-chain-rule-epsilon",
            "pathwise",
            lambda mu, sigma: _pathwise(mu, sigma)[:, [0, 0]],
        ),
        Mutant("detach-sample", "pathwise", lambda mu, sigma: np.zeros((3, 2))),
    ),
    tolerance="T2",
    scope="continuous",
)


def _scores(z: Floats, mu: float, sigma: float) -> Floats:
    """∂_μ and ∂_σ of log N(z; μ, σ²), `[2, n]`."""
    gap = z - mu
    return np.stack([gap / sigma**2, (gap**2 - sigma**2) / sigma**3])


def _by_scores(mu: float, sigma: float, b: Any) -> Floats:
    """E[(f(z) − b) ∇ log q(z)] for each f, `[3, 2]`."""
    z = mu + sigma * _NODES
    scores = _scores(z, mu, sigma)
    return np.stack([scores @ (_WEIGHTS * (f(z) - b)) for f, _ in _FUNCTIONS])


def _by_log_prob(mu: float, sigma: float, b: float) -> Floats:
    """The gradient of Σ_i w_i (f(z_i) − b) log q(z_i), z fixed, q the library's."""
    z = (mu + sigma * _NODES)[:, None]
    found = []
    for f, _ in _FUNCTIONS:
        parameters = [Tensor(np.array(mu)), Tensor(np.array(np.log(sigma)))]
        zeros = np.zeros_like(z)
        q = Gaussian(parameters[0] + zeros, 2.0 * parameters[1] + zeros)
        by_mu, by_log_sigma = grad(
            ops.sum(q.log_prob(z) * (_WEIGHTS * (f(z[:, 0]) - b))), parameters
        )
        found.append(np.array([by_mu, by_log_sigma / sigma]))
    return np.stack(found)


_SCORE = Derivation(
    id="grad.score-function",
    title="The gradient of an expectation through its density, with any constant baseline",
    inputs=Inputs(
        "mean and standard deviation of a Gaussian, and a baseline",
        lambda rng: {**_PARAMETERS.draw(rng), "b": rng.normal()},
        tuple({**case, "b": b} for case in _PARAMETERS.structured for b in (0.0, 3.0)),
    ),
    lines=(
        Line(
            "exact",
            r"\nabla_{\mu, \sigma} \mathbb E_q[f(z)], \quad f = z^2, \sin z, e^z",
            lambda mu, sigma, b: _exact(mu, sigma),
        ),
        Line(
            "score",
            r"\mathbb E_q\left[(f(z) - b) \nabla \log q(z)\right]",
            _by_scores,
            by="∇q = q ∇ log q, and E ∇ log q = 0",
        ),
        Line(
            "library",
            r"\nabla \sum_i w_i (f(z_i) - b) \log q(z_i)",
            _by_log_prob,
            by="reverse mode through the log-density, z fixed",
        ),
        Line(
            "mean-score",
            r"\mathbb E_q[\nabla \log q(z)]",
            lambda mu, sigma, b: _scores(mu + sigma * _NODES, mu, sigma) @ _WEIGHTS,
            None,
        ),
        Line("zero", r"\nabla \int q(z) \,dz = 0", lambda mu, sigma, b: np.zeros(2), by="∫ q = 1"),
    ),
    mutants=(
        Mutant(
            "missing-log-derivative-scale",
            "score",
            lambda mu, sigma, b: sigma * _by_scores(mu, sigma, b),
        ),
        Mutant(
            "baseline-dependent-on-z",
            "score",
            lambda mu, sigma, b: _by_scores(mu, sigma, mu + sigma * _NODES),
        ),
    ),
    tolerance="T2",
    scope="continuous",
)


def _softmax(theta: Floats) -> Floats:
    """p_i = exp θ_i / Σ_j exp θ_j."""
    return np.asarray(np.exp(theta - logsumexp(theta)))


def _by_reverse(theta: Floats, f: Floats) -> Floats:
    """The gradient of Σ f exp(θ) / Σ exp(θ)."""
    parameters = Tensor(theta)
    weights = ops.exp(parameters)
    return np.asarray(grad(ops.sum(weights * f) / ops.sum(weights), parameters))


_DISCRETE = Derivation(
    id="grad.score-function-discrete",
    title="The score-function gradient where the sample is an index",
    inputs=Inputs(
        "softmax parameters θ and values f",
        lambda rng: {"theta": rng.normal(size=4), "f": rng.normal(size=4)},
        ({"theta": np.zeros(3), "f": np.array([1.0, 2.0, 4.0])},),
    ),
    lines=(
        Line(
            "difference",
            r"\frac{\mathbb E_{\theta + h e_k} f - \mathbb E_{\theta - h e_k} f}{2h}",
            lambda theta, f: np.array(
                [
                    (_softmax(theta + h) - _softmax(theta - h)) @ f / 2e-6
                    for h in 1e-6 * np.eye(len(theta))
                ]
            ),
        ),
        Line(
            "score",
            r"\sum_i p_i f_i (1[i = k] - p_k)",
            lambda theta, f: (_softmax(theta) * f) @ (np.eye(len(f)) - _softmax(theta)),
            by="∂ log p_i / ∂θ_k = 1[i = k] − p_k",
        ),
        Line(
            "advantage",
            r"p_k (f_k - \mathbb E f)",
            lambda theta, f: _softmax(theta) * (f - _softmax(theta) @ f),
            by="the terms with i = k",
            tolerance=1e-10,
        ),
        Line(
            "library",
            r"\nabla_\theta \frac{\sum_i f_i e^{\theta_i}}{\sum_i e^{\theta_i}}",
            _by_reverse,
            by="reverse mode",
            tolerance=1e-10,
        ),
    ),
    mutants=(Mutant("reparam-on-discrete", "score", lambda theta, f: np.zeros(len(f))),),
    tolerance="T3",
)

DERIVATIONS: tuple[Derivation, ...] = (_REPARAMETERISATION, _SCORE, _DISCRETE)
