"""Layers, update rules, distributions, objectives and a model on the stand-in device."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from strict_array import StrictArray, asarray
from strict_runs import leaves, moved, registered, same  # noqa: F401

from pydis import nn, objectives, probability
from pydis.autodiff import Tensor, grad, ops, stop_gradient
from pydis.backends import use
from pydis.metrics import active_latents, activity
from pydis.models import GAN, BetaVAE, ConditionalGAN, InfoGAN
from pydis.models.gan import generate
from pydis.nn import Learner, Linear, Module, NonFiniteError, Sequential, check_finite
from pydis.objectives import Terms
from pydis.probability import (
    Bernoulli,
    Categorical,
    FullGaussian,
    Gaussian,
    Mixture,
    Uniform,
    kl,
    kl_by_coordinate,
    standard_normal_like,
)

Array = Any


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 0) -> Array:
    return rng_of(seed).standard_normal(shape)


def exported(module: Any, kind: type) -> set[str]:
    """The names of the classes of a kind, other than itself, that a package exports."""
    found = {n: getattr(module, n) for n in module.__all__}
    return {
        n for n, c in found.items() if inspect.isclass(c) and issubclass(c, kind) and c is not kind
    }


# Layers

RNG = rng_of(0)
IMAGES = normal(2, 6, 6, 2).astype(np.float32)
ROWS = normal(5, 3).astype(np.float32)
LAYERS: dict[str, tuple[list[Any], Array]] = {
    "Linear": ([Linear(RNG, 3, 4), Linear(RNG, 3, 4, ops.relu), Linear(RNG, 3, 4, ops.tanh)], ROWS),
    "Conv2d": (
        [
            nn.Conv2d(RNG, 2, 3, 4, 2, 1),
            nn.Conv2d(RNG, 2, 3, 3, 1, 0, ops.relu),
            nn.Conv2d(RNG, 2, 3, 3, 1, 0, nn.LeakyReLU()),
            nn.Conv2d(RNG, 2, 3, 3, 1, 0, nn.LeakyReLU(), bias=False),
        ],
        IMAGES,
    ),
    "ConvTranspose2d": (
        [
            nn.ConvTranspose2d(RNG, 2, 3, 4, 2, 1),
            nn.ConvTranspose2d(RNG, 2, 3, 3, 1, 0, ops.relu),
            nn.ConvTranspose2d(RNG, 2, 3, 4, 2, 1, bias=False),
        ],
        IMAGES,
    ),
    "LeakyReLU": ([nn.LeakyReLU(), nn.LeakyReLU(0.0)], ROWS),
    "Embedding": ([nn.Embedding(RNG, 4, 3)], np.array([[0, 3], [3, 1]])),
    "Flatten": ([nn.Flatten()], IMAGES),
    "Reshape": ([nn.Reshape(-1, 4)], IMAGES),
    "Unflatten": ([nn.Unflatten(3, 1)], ROWS),
    "Sequential": ([Sequential(nn.Flatten(), Linear(RNG, 72, 2))], IMAGES),
    "LayerNorm": ([nn.LayerNorm(3)], ROWS),
    "BatchNorm": (
        [
            nn.BatchNorm(3),
            nn.BatchNorm(3, momentum=None),
            nn.BatchNorm(3, activation=nn.LeakyReLU(0.1)),
        ],
        ROWS,
    ),
    "NormalisedSequential": (
        [nn.NormalisedSequential(Linear(RNG, 3, 4, bias=False), nn.BatchNorm(4))],
        ROWS,
    ),
}


def layer_results(layer: Any, x: Array) -> Any:
    """The output, and the gradient of Σ y² in parameters and input."""
    inputs = Tensor(x) if x.dtype.kind == "f" else x
    if isinstance(layer, nn.BatchNorm | nn.NormalisedSequential):
        y, state = layer(inputs, layer.start(), training=True)
        y, state = layer(inputs + 0.5 * inputs * inputs, state, training=True)
        z, _ = layer(inputs, state, training=False)
        y, more = y + z, list(state.values() if isinstance(state, dict) else state)
    else:
        y, more = layer(inputs), []
    wanted = [*layer.parameters().values()] + [inputs] * isinstance(inputs, Tensor)
    return y, more or layer.constants()(x), grad(ops.sum(y * y), wanted)


def test_every_layer_is_in_the_table() -> None:
    assert set(LAYERS) == exported(nn, Module)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name: str) -> None:
    layers, x = LAYERS[name]
    for layer in layers:
        assert same(layer_results, layer, x) >= 3


def test_embedding_still_refuses_what_is_out_of_range() -> None:
    with pytest.raises(IndexError):
        moved(LAYERS["Embedding"][0][0])(asarray(np.array([4])))


# Update rules

RULES: dict[str, list[Any]] = {
    "SGD": [nn.SGD(), nn.SGD(nn.CosineRate(0.1, 0.0, 5), 0.9, nesterov=True)],
    "Adagrad": [nn.Adagrad()],
    "Adam": [nn.Adam()],
    "AdamW": [nn.AdamW()],
    "RMSprop": [nn.RMSprop(), nn.RMSprop(momentum=0.9)],
}


def two_steps(network: Any, rule: Any, x: Array) -> Any:
    learner = Learner.start(network, rule)
    for _ in range(2):
        y = learner.network(x)
        g = nn.gradients(ops.mean(y * y), learner.network)
        learner = learner.step(nn.clip_by_global_norm(g, 1e-2))
    again = learner.with_arrays(learner.arrays(), 2)
    return learner.arrays(), again.arrays(), nn.global_norm(g)


def test_every_rule_is_in_the_table() -> None:
    assert set(RULES) == exported(nn, nn.UpdateRule)


@pytest.mark.parametrize("name", RULES)
def test_every_update_rule(name: str) -> None:
    network = Sequential(Linear(RNG, 3, 4, ops.relu), Linear(RNG, 4, 2))
    for rule in RULES[name]:
        assert same(lambda n, x, rule=rule: two_steps(n, rule, x), network, ROWS) >= 8


def test_numbers_that_are_not_finite_are_named() -> None:
    with pytest.raises(NonFiniteError, match=r"g \(1 of 2\)"):
        check_finite({"g": asarray([1.0, np.inf])})
    x = Tensor(asarray(-np.ones(2)))
    with np.errstate(invalid="ignore"), pytest.raises(NonFiniteError, match="first in log of"):
        nn.gradients(ops.sum(ops.log(x)), Sequential(lambda v: v * x))


# Distributions

FACTOR = np.tril(0.3 * normal(4, 3, 3)) + np.eye(3)
GAUSSIANS = (normal(4, 3), normal(4, 3, seed=1))
LOGITS = (normal(4, 2, 3),)
CODES = np.eye(3)[rng_of(1).integers(0, 3, (4, 2))]
BOX = (normal(4, 3) - 5.0, normal(4, 3) + 5.0)
DISTRIBUTIONS: dict[str, tuple[Any, tuple[Array, ...], Array]] = {
    "Gaussian": (Gaussian, GAUSSIANS, normal(4, 3, seed=2)),
    "FullGaussian": (FullGaussian, (normal(4, 3), FACTOR), normal(4, 3, seed=2)),
    "Bernoulli": (Bernoulli, LOGITS, CODES),
    "Categorical": (Categorical, LOGITS, CODES),
    "Uniform": (Uniform, BOX, normal(4, 3, seed=2)),
    "Mixture": (
        Mixture,
        (normal(4, 2), normal(4, 2, 3), normal(4, 2, 3, seed=1)),
        normal(4, 3, seed=2),
    ),
}
QUANTITIES: dict[str, Callable[[Any, Any], Any]] = {
    "log_prob": lambda d, x: d.log_prob(x),
    "entropy": lambda d, x: d.entropy(),
    "mean": lambda d, x: d.mean,
    "covariance": lambda d, x: d.covariance,
    "sample": lambda d, x: d.sample(rng_of(5)),
    "relaxed_sample": lambda d, x: d.relaxed_sample(rng_of(5), 0.7),
}


def with_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """f of arrays and of tensors, and the gradient of the sum of its values in all of them."""

    def both(*arrays: Array) -> Any:
        xs = [Tensor(a) for a in arrays]
        y, plain = f(*xs), f(*arrays)
        if not isinstance(y, Tensor):
            return y, plain
        return y, plain, grad(ops.sum(y * y), xs, allow_unused=True)

    return both


def test_every_distribution_is_in_the_table() -> None:
    public = {n for n in probability.__all__ if inspect.isclass(getattr(probability, n))}
    assert set(DISTRIBUTIONS) == public
    methods = {m for make, _, _ in DISTRIBUTIONS.values() for m in vars(make) if m[0] != "_"}
    assert methods - {"logits", "low", "high", "factor", "log_variance"} <= set(QUANTITIES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_distribution(name: str, dtype: Any) -> None:
    make, parameters, x = DISTRIBUTIONS[name]
    arrays = [a.astype(dtype) for a in (x, *parameters)]
    for quantity, of in QUANTITIES.items():
        if hasattr(make, quantity):
            same(with_gradient(lambda x, *ps, of=of: of(make(*ps), x)), *arrays)


@pytest.mark.parametrize(
    ("q", "p"), probability._CLOSED_FORMS, ids=lambda kind: getattr(kind, "__name__", "")
)
def test_every_divergence(q: Any, p: Any) -> None:
    of_q, of_p = (DISTRIBUTIONS[kind.__name__][1] for kind in (q, p))
    n = len(of_q)
    second = [np.tanh(a) if p in (Bernoulli, Categorical) else a for a in of_p]
    f = with_gradient(lambda *arrays: kl(q(*arrays[:n]), p(*arrays[n:])))
    assert same(f, *of_q, *second) >= 2


# Objectives and a model


def test_objectives() -> None:
    x, decoded = CODES, LOGITS[0]
    public = {"bernoulli_reconstruction", "gaussian_reconstruction"}
    public |= {"adversarial_value", "discriminator_loss"}
    of_one = {"saturating_loss", "non_saturating_loss"}
    assert public | of_one < set(objectives.__all__)
    for name in public:
        assert same(with_gradient(getattr(objectives, name)), x, decoded) == 4
    for name in of_one:
        assert same(with_gradient(getattr(objectives, name)), x) == 3

    def terms(mean: Any, spread: Any) -> Any:
        q = Gaussian(mean, spread)
        both = Terms(ops.sum(kl_by_coordinate(q, standard_normal_like(q)), 1), objectives.rate(q))
        return objectives.beta_objective(both, 4.0) + objectives.evidence_lower_bound(both, 1.5)

    assert same(with_gradient(terms), *GAUSSIANS) == 4


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_one_update_of_a_beta_vae(likelihood: Any) -> None:
    model = BetaVAE(latents=3, likelihood=likelihood)
    start = model.start(rng_of(0))["autoencoder"]
    images = rng_of(1).random((2, 64, 64, 1), dtype=np.float32)

    def update(network: Any, x: Array) -> Any:
        learner = {"autoencoder": Learner.start(network, start.optimiser)}
        stepped, logged = model.update(learner, x, rng_of(2))
        return stepped["autoencoder"].arrays(), logged

    parameters = len(start.network.parameters())
    assert same(update, start.network, images) == 3 * parameters + 4
    with use("strict"):
        decoded = moved(start.network).decode(asarray(images[:, 0, :3, 0]))
        shown = list(leaves(model.images(stop_gradient(decoded))))
    assert all(isinstance(a, StrictArray) for a in shown)


def adversarial(model: Any, networks: Any, states: Any, rest: list[Array]) -> Any:
    """Players and terms after an update, and images with the running statistics."""
    learners = {p: model.learner(networks[p], states[p]) for p in networks}
    stepped, terms = model.update(learners, rest[0], rng_of(2), *rest[1:])
    assert set(stepped) == set(learners)
    inputs = stepped["generator"].network.parameters()["body.layers.0.w"].data.T[:5]
    shown, _ = generate(stepped["generator"], inputs)
    answers = []
    if isinstance(model, InfoGAN):
        q = model.recognise(stepped, shown)
        answers = [q["category"].mean, q["uniform_1"].mean, q["uniform_1"].log_variance]
    return [learner.arrays() for learner in stepped.values()], terms, shown, answers


@pytest.mark.parametrize("model", [GAN(), ConditionalGAN(), InfoGAN()])
def test_one_update_of_adversarial_players(model: Any) -> None:
    with use("numpy"):
        start = model.start(rng_of(0), 8)
    networks = {player: learner.network for player, learner in start.items()}
    states = {player: dict(learner.state) for player, learner in start.items()}
    rest = [rng_of(1).random((4, 8, 8, 1), dtype=np.float32)]
    rest += [np.arange(4)] * isinstance(model, ConditionalGAN)
    arrays = sum(len(learner.arrays()) for learner in start.values())
    found = same(partial(adversarial, model), networks, states, rest)
    assert found >= arrays + 4


def test_activity_of_codes() -> None:
    assert same(lambda z: [activity(z), active_latents(z)], normal(9, 3)) == 2
