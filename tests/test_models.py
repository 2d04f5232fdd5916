"""The autoencoder's table, the two models' terms and updates, and what they refuse."""

import math
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, grad
from pydis.autodiff.ops import mean
from pydis.backends.draws import normal
from pydis.models import MODELS, VAE, AutoEncoder, BetaVAE
from pydis.nn import Learner, Module, NonFiniteError
from pydis.nn.initialise import he_normal

Array = Any
EPS32 = float(np.finfo(np.float32).eps)
LIKELIHOODS = ["bernoulli", "gaussian"]
BOTH = pytest.mark.parametrize("likelihood", LIKELIHOODS)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module", autouse=True)
def lively_first_weights() -> Iterator[None]:
    """First weights that keep the size of signals: codes differ from the start, terms are large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pydis.models.autoencoder.heuristic_uniform", he_normal)
        yield


@pytest.fixture
def batch() -> Array:
    """Four white rectangles on black, `[4, 64, 64, 1]`."""
    x = np.zeros((4, 64, 64, 1), np.float32)
    for n, (top, left, height, width) in enumerate(
        [(5, 9, 20, 12), (30, 2, 8, 40), (10, 33, 30, 6), (40, 40, 20, 20)]
    ):
        x[n, top : top + height, left : left + width] = 1
    return x


def bits_of(learners: dict[str, Learner]) -> dict[str, bytes]:
    """All that the learners are, as bytes."""
    return {
        f"{player} {name}": a.tobytes()
        for player, learner in learners.items()
        for name, a in learner.arrays().items()
    } | {f"{player} steps": bytes([l.moments.steps]) for player, l in learners.items()}


# Architecture

SHAPES = {
    "trunk.layers.0": ((4, 4, 1, 32), 32),
    "trunk.layers.1": ((4, 4, 32, 32), 32),
    "trunk.layers.2": ((4, 4, 32, 64), 64),
    "trunk.layers.3": ((4, 4, 64, 64), 64),
    "trunk.layers.5": ((1024, 256), 256),
    "mean": ((256, 10), 10),
    "log_variance": ((256, 10), 10),
    "decoder.layers.0": ((10, 256), 256),
    "decoder.layers.1": ((256, 1024), 1024),
    "decoder.layers.3": ((4, 4, 64, 64), 64),
    "decoder.layers.4": ((4, 4, 32, 64), 32),
    "decoder.layers.5": ((4, 4, 32, 32), 32),
    "decoder.layers.6": ((4, 4, 1, 32), 1),
}
"""Weights and number of biases; a transposed convolution has its output before its input."""

COUNTS = (544, 16_416, 32_832, 65_600, 262_400, 2_570, 2_570)
COUNTS += (2_816, 263_168, 65_600, 32_800, 16_416, 513)


def test_parameters_are_those_of_the_table() -> None:
    parameters = AutoEncoder(rng_of(0), latents=10).parameters()
    assert {name: t.shape for name, t in parameters.items()} == {
        f"{layer}.{part}": shape
        for layer, (w, b) in SHAPES.items()
        for part, shape in (("w", w), ("b", (b,)))
    }
    counts = [parameters[f"{n}.w"].data.size + parameters[f"{n}.b"].data.size for n in SHAPES]
    assert tuple(counts) == COUNTS
    assert sum(COUNTS) == 764_245
    assert all(t.dtype == np.float32 for t in parameters.values())


def test_images_of_another_side_are_refused() -> None:
    with pytest.raises(ValueError, match="side: expected 64, received 28"):
        VAE().start(rng_of(0), 28)


@pytest.mark.parametrize(("latents", "channels"), [(1, 1), (7, 3)])
def test_encode_and_decode_are_of_matching_shapes(latents: int, channels: int) -> None:
    network = AutoEncoder(rng_of(0), latents, channels)
    x = rng_of(1).uniform(0, 1, (2, 64, 64, channels)).astype(np.float32)
    q = network.encode(x)
    assert q.mean.shape == q.log_variance.shape == (2, latents)
    assert not np.any(q.mean.data == q.log_variance.data)
    assert network.decode(q.mean).shape == x.shape


@pytest.mark.parametrize(
    "shape",
    [
        (2, 32, 32, 1),
        (64, 64, 1),
        (2, 64, 64),
        (2, 1, 64, 64),
        (2, 64, 63, 1),
        (2, 64, 64, 3),
        (2, 4096),
    ],
)
def test_encode_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    network = AutoEncoder(rng_of(0), latents=2)
    with pytest.raises(ValueError, match=r"expected images|channels"):
        network.encode(np.zeros(shape, np.float32))
    with pytest.raises(TypeError, match="dtypes"):
        network.encode(np.zeros((2, 64, 64, 1)))


def test_relu_follows_every_layer_but_the_last() -> None:
    """Of trunk and decoder: a hidden layer has zeros and no negative value, the last has both."""
    network = AutoEncoder(rng_of(0), latents=3)
    x: Any = rng_of(1).standard_normal((2, 64, 64, 1), np.float32)
    for layers, last in ((network.trunk.layers, None), (network.decoder.layers, 6)):
        for number, layer in enumerate(layers):
            x = layer(x)
            smallest = np.min(x.data)
            assert (smallest < 0) == (number == last), (number, smallest)
            assert last == number or np.any(x.data == 0)
        x = network.mean(x) if last is None else x


# Hyper-parameters


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        (VAE, {"latents": 0}, "latents: expected at least 1, received 0"),
        (VAE, {"latents": -3}, "latents"),
        (
            VAE,
            {"likelihood": "poisson"},
            "likelihood: expected 'bernoulli' or 'gaussian'.*'poisson'",
        ),
        (VAE, {"likelihood": None}, "likelihood"),
        (VAE, {"learning_rate": 0.0}, "learning_rate: expected a finite number > 0, received 0.0"),
        (VAE, {"learning_rate": -1e-3}, "learning_rate"),
        (VAE, {"learning_rate": math.nan}, "learning_rate"),
        (VAE, {"learning_rate": math.inf}, "learning_rate"),
        (BetaVAE, {"beta": -0.1}, "beta: expected a finite number >= 0, received -0.1"),
        (BetaVAE, {"beta": math.nan}, "beta"),
        (BetaVAE, {"beta": math.inf}, "beta"),
        (BetaVAE, {"latents": 0}, "latents"),
    ],
)
def test_hyper_parameters_are_checked(model: Any, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        model(**values)


def test_hyper_parameters_that_are_allowed() -> None:
    assert BetaVAE(beta=0.0).beta == 0
    assert VAE(latents=1).latents == 1
    assert MODELS["vae"] is VAE and MODELS["beta-vae"] is BetaVAE
    with pytest.raises(FrozenInstanceError):
        BetaVAE().beta = 2.0  # type: ignore[misc]


CHANGES: dict[str, Any] = {
    "latents": 4,
    "likelihood": "gaussian",
    "learning_rate": 2e-3,
    "beta": 100.0,
}
LOSS_STAYS = {"learning_rate"}
"""Counts only in the parameters after the update."""


@pytest.mark.parametrize("name", [f.name for f in fields(BetaVAE)])
def test_every_hyper_parameter_counts(name: str, batch: Array) -> None:
    """In the loss, by hundreds of float32 roundings, or else in the new parameters."""
    usual = BetaVAE(latents=3, likelihood="bernoulli", learning_rate=1e-3, beta=2.0)
    results = []
    for model in (usual, replace(usual, **{name: CHANGES[name]})):
        learners, logged = model.update(model.start(rng_of(0)), batch, rng_of(1))
        results.append((float(logged["loss"]), bits_of(learners)))
    (loss, bits), (other_loss, other_bits) = results
    assert bits != other_bits
    if name in LOSS_STAYS:
        assert loss == other_loss
    else:
        assert abs(loss - other_loss) > 1e-4 * loss


def test_a_vae_is_a_beta_vae_of_weight_1(batch: Array) -> None:
    results = []
    for model in (VAE(latents=3), BetaVAE(latents=3, beta=1.0)):
        learners, logged = model.update(model.start(rng_of(0)), batch, rng_of(1))
        results.append((bits_of(learners), {n: float(v) for n, v in logged.items()}))
    assert results[0] == results[1]


# Terms


def close32(value: Any, expected: Array, size: Array, roundings: float) -> bool:
    """Equal up to so many float32 roundings of terms that add up to `size`."""
    return bool(np.all(abs(np.asarray(value, np.float64) - expected) <= roundings * EPS32 * size))


@BOTH
@verifies("eq:rate", "pydis.objectives.elbo.rate")
@verifies("eq:gaussian-reconstruction", "pydis.objectives.reconstruction.gaussian_reconstruction")
@verifies("eq:bernoulli-reconstruction", "pydis.objectives.reconstruction.bernoulli_reconstruction")
@verifies("eq:reparameterisation", "pydis.probability.gaussian.Gaussian.sample")
def test_terms_are_the_formulas(likelihood: Any, batch: Array) -> None:
    """From the networks' outputs in float64. NumPy sums 4096 pixels pairwise, so a sum rounds each
    term a few dozen times at most; z is rounded as the library rounds it, since it is decoded."""
    model = BetaVAE(latents=3, likelihood=likelihood)
    network = model.start(rng_of(0))["autoencoder"].network
    reconstruction, rate = model.terms(network, batch, rng_of(1))
    assert reconstruction.shape == rate.shape == (4,)

    constant = network.constants()
    q = constant.encode(batch)
    noise = normal(rng_of(1), (4, 3), np.float32)
    decoded = constant.decode(q.mean + np.exp(np.float32(0.5) * q.log_variance) * noise)
    mu, log_variance, d = (a.astype(np.float64) for a in (q.mean, q.log_variance, decoded))
    if likelihood == "bernoulli":
        p = 1 / (1 + np.exp(-d))
        pixels = -(batch * np.log(p) + (1 - batch) * np.log(1 - p))
    else:
        pixels = (batch - d) ** 2
    expected = pixels.sum(axis=(1, 2, 3))
    assert close32(reconstruction.data, expected, expected, 100)
    terms = np.exp(log_variance) / 2, mu**2 / 2, np.full_like(mu, -0.5), -log_variance / 2
    size = sum(abs(t).sum(axis=1) for t in terms)
    assert close32(rate.data, sum(t.sum(axis=1) for t in terms), size, 40)


@BOTH
@verifies("eq:elbo", "pydis.objectives.elbo.evidence_lower_bound")
@verifies("eq:beta-vae", "pydis.objectives.elbo.beta_objective")
def test_the_log_is_consistent(likelihood: Any, batch: Array) -> None:
    """Batch means of the terms; the bound has its constant, log 2πσ² / 2 a pixel at σ² = 1/2."""
    model = BetaVAE(latents=3, likelihood=likelihood, beta=4.0)
    learners = model.start(rng_of(0))
    terms = model.terms(learners["autoencoder"].network, batch, rng_of(1))
    _, logged = model.update(learners, batch, rng_of(1))
    assert set(logged) == {"loss", "reconstruction", "rate", "elbo"}
    assert all(isinstance(a, np.ndarray) and a.shape == () for a in logged.values())
    distortion, rate = (float(np.mean(t.data.astype(np.float64))) for t in terms)
    constant = 4096 * 0.5 * math.log(math.pi) if likelihood == "gaussian" else 0.0
    size = distortion + 4 * rate + constant
    for name, expected in {
        "reconstruction": distortion,
        "rate": rate,
        "loss": distortion + 4 * rate,
        "elbo": -(distortion + rate) - constant,
    }.items():
        assert close32(logged[name], expected, size, 20), name


def test_images_are_the_means_of_the_likelihood() -> None:
    decoded = np.array([[-40.0, -1.0], [0.0, 30.0]], np.float32)
    shown = VAE(likelihood="bernoulli").images(decoded)
    assert shown.dtype == np.float32
    assert close32(shown, 1 / (1 + np.exp(-decoded.astype(np.float64))), shown, 100)
    assert np.all((shown > 0) & (shown <= 1))
    assert VAE(likelihood="gaussian").images(decoded) is decoded


# Update


def test_update_is_deterministic_and_leaves_the_old_learner(batch: Array) -> None:
    model = BetaVAE(latents=3)
    start = model.start(rng_of(0))
    assert bits_of(start) == bits_of(model.start(rng_of(0)))
    before, images = bits_of(start), batch.tobytes()
    one, logged = model.update(start, batch, rng_of(1))
    two, logged_again = model.update(start, batch, rng_of(1))
    assert bits_of(one) == bits_of(two)
    assert {n: v.tobytes() for n, v in logged.items()} == {
        n: v.tobytes() for n, v in logged_again.items()
    }
    assert bits_of(start) == before
    assert batch.tobytes() == images
    other, other_logged = model.update(start, batch, rng_of(2))
    assert bits_of(other) != bits_of(one)
    assert other_logged["reconstruction"] != logged["reconstruction"]
    assert other_logged["rate"] == logged["rate"]
    for name, tensor in one["autoencoder"].network.parameters().items():
        old = start["autoencoder"].network.parameters()[name]
        assert not np.array_equal(tensor.data, old.data), name
    assert one["autoencoder"].moments.steps == 1


def test_a_batch_that_is_not_finite_changes_nothing(batch: Array) -> None:
    model = BetaVAE(latents=3)
    start, _ = model.update(model.start(rng_of(0)), batch, rng_of(1))
    before = bits_of(start)
    batch[2, 5, 5, 0] = np.nan
    with pytest.raises(NonFiniteError) as raised:
        model.update(start, batch, rng_of(2))
    for name in ("loss", "reconstruction", "rate", "elbo"):
        assert f"{name} (1 of 1)" in str(raised.value)
    assert bits_of(start) == before


def test_a_gradient_that_is_not_finite_changes_nothing(
    batch: Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = BetaVAE(latents=3)
    start = model.start(rng_of(0))
    before = bits_of(start)

    def spoilt(y: Tensor, xs: Any, differentiable: bool = False) -> list[Any]:
        first, *others = grad(y, xs, differentiable=differentiable)
        if differentiable:
            return [first, *others]
        first = first.copy()
        first[0, 0, 0, :2] = np.inf
        return [first, *others]

    monkeypatch.setattr("pydis.nn.descent.grad", spoilt)
    message = r"^not finite: gradient of trunk\.layers\.0\.w \(2 of 512\)"
    with pytest.raises(NonFiniteError, match=message):
        model.update(start, batch, rng_of(1))
    assert bits_of(start) == before


def test_an_empty_batch_is_refused() -> None:
    model = VAE(latents=2)
    with pytest.raises(ValueError, match=r"update: .* received \(0, 64"):
        model.update(model.start(rng_of(0)), np.zeros((0, 64, 64, 1), np.float32), rng_of(1))


@BOTH
def test_the_loss_falls_on_a_fixed_batch(likelihood: Any, batch: Array) -> None:
    """By a tenth within 8 steps, measured with one noise; a sign error makes it rise."""
    model = BetaVAE(latents=4, likelihood=likelihood, learning_rate=1e-3)
    learners = model.start(rng_of(0))

    def loss() -> float:
        terms = model.terms(learners["autoencoder"].network.constants(), batch, rng_of(9))
        return float(np.mean(model.objective(terms)))

    before = loss()
    for step in range(8):
        learners, _ = model.update(learners, batch, rng_of(step))
    assert loss() < 0.9 * before


# The gradient of the whole


def slopes(
    loss: Callable[[Module], Any], network: Module, gradients: dict[str, Array]
) -> Iterator[tuple[str, float, float]]:
    """For each parameter, the slope of the loss along its gradient: by differences, by `grad`."""
    parameters = network.parameters()
    for name, g in gradients.items():
        size = float(np.linalg.norm(g))
        h = 1e-6
        ends = [
            float(
                loss(
                    network.with_parameters(
                        {**parameters, name: Tensor(parameters[name].data + s * h * g / size)}
                    ).constants()
                )
            )
            for s in (1, -1)
        ]
        yield name, (ends[0] - ends[1]) / (2 * h), size


@BOTH
def test_the_gradient_of_the_loss_is_its_slope(likelihood: Any, batch: Array) -> None:
    """In every parameter, in float64, with biases drawn: at zero, black pixels sit on relu's kink.

    Differences lose 1e-16 of a loss of 1e3 over a step of 1e-6, about 1e-8 of these slopes; a unit
    that switches within such a step costs as little. An error of 1e-5 is seen.
    """
    model = BetaVAE(latents=3, likelihood=likelihood)
    network = AutoEncoder(rng_of(0), latents=3).astype(np.float64)
    rng = rng_of(4)
    network = network.with_parameters(
        {
            name: Tensor(0.1 * rng.standard_normal(t.shape)) if name.endswith(".b") else t
            for name, t in network.parameters().items()
        }
    )
    x = batch[:1].astype(np.float64)

    def loss(network: Any) -> Any:
        return mean(model.objective(model.terms(network, x, rng_of(5))))

    parameters = network.parameters()
    gradients = dict(zip(parameters, grad(loss(network), list(parameters.values())), strict=True))
    assert len(gradients) == 26
    for name, numerical, analytical in slopes(loss, network, gradients):
        assert abs(numerical - analytical) <= 1e-6 * analytical, name
        assert abs(numerical - (1 + 1e-5) * analytical) > 1e-6 * analytical, name
