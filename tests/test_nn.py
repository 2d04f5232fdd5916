"""Modules as values, layers against the sums that define them, first weights, Adam, learners."""

import copy
import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, check_gradients, grad
from pydis.autodiff.check import STEP
from pydis.autodiff.ops import relu, sigmoid, sum
from pydis.nn import (
    Adam,
    Conv2d,
    ConvTranspose2d,
    Flatten,
    LeakyReLU,
    Learner,
    Linear,
    Module,
    NonFiniteError,
    Sequential,
    Unflatten,
    check_finite,
)
from pydis.nn.initialise import he_normal, heuristic_uniform, lecun_normal, zeros

Array = Any
EPS64 = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# Modules


class Nested(Module):
    """Parameters at every depth, one of them in two places."""

    def __init__(self) -> None:
        leaf = [Tensor(np.full(n + 1, n, np.float32)) for n in range(6)]
        self.first = leaf[0]
        self.parts = [leaf[1], {"left": leaf[2], "right": [leaf[3]]}, (leaf[4], "label", 7)]
        self.again = leaf[0]
        self.inner = Linear(rng_of(0), 2, 3)
        self.last = {"deep": {"deeper": leaf[5]}}
        self.rate = 0.5
        self.constant = np.ones(2)


NESTED = [
    "first",
    "parts.0",
    "parts.1.left",
    "parts.1.right.0",
    "parts.2.0",
    "inner.w",
    "inner.b",
    "last.deep.deeper",
]


def test_walk_finds_every_parameter_once_in_order() -> None:
    network = Nested()
    assert list(network.parameters()) == NESTED
    assert network.parameters()["parts.1.left"] is network.parts[1]["left"]  # type: ignore[index]
    assert "first [1]" in repr(network)
    assert "inner.w [2, 3]" in repr(network)
    assert "again" not in repr(network)


def test_with_parameters_replaces_each_and_leaves_the_old_network() -> None:
    network = Nested()
    before = network.parameters()
    values = {path: Tensor(t.data + np.float32(1)) for path, t in before.items()}
    new = network.with_parameters(values)
    assert list(new.parameters()) == NESTED
    for path in NESTED:
        assert new.parameters()[path] is values[path]
        assert network.parameters()[path] is before[path]
    assert new.again is new.first
    assert network.again is network.first
    assert (new.rate, new.parts[2][1:]) == (0.5, ("label", 7))
    assert new.constant is network.constant
    assert type(new.parts[2]) is tuple


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.pop("inner.w"), "inner.w"),
        (lambda v: v.update(extra=v["first"]), "extra"),
        (lambda v: v.update(again=v["first"]), "again"),
        (
            lambda v: v.update({"inner.w": Tensor(np.zeros((3, 2), np.float32))}),
            r"inner.w.*\(3, 2\)",
        ),
        (lambda v: v.update({"inner.b": Tensor(np.zeros(3))}), r"inner.b.*float64"),
    ],
    ids=["missing", "unknown", "second path of a shared one", "shape", "dtype"],
)
def test_with_parameters_names_what_does_not_fit(
    change: Callable[[Any], Any], message: str
) -> None:
    network = Nested()
    values = dict(network.parameters())
    network.with_parameters(values)
    change(values)
    with pytest.raises(ValueError, match=f"(?s)Nested: .*{message}"):
        network.with_parameters(values)


def test_constants_record_nothing() -> None:
    rng = rng_of(1)
    network = Sequential(Linear(rng, 3, 4, relu), Linear(rng, 4, 2))
    x = rng.standard_normal((5, 3), np.float32)
    constant = network.constants()
    assert constant.parameters() == {}
    y = constant(x)
    assert isinstance(y, np.ndarray)
    assert isinstance(network(x), Tensor)
    assert np.array_equal(y, network(x).data)
    leaf = Tensor(x)
    with pytest.raises(ValueError, match="does not depend"):
        grad(sum(constant(leaf)), network.parameters()["layers.0.w"])
    assert np.array_equal(grad(sum(constant(leaf)), leaf), grad(sum(network(leaf)), leaf))


# Layers: the same sums, written with loops over taps


def linear_of(x: Array, w: Array, b: Array) -> Array:
    return np.einsum("nk,ko->no", x, w) + b


def conv_of(x: Array, w: Array, b: Array, stride: int, pad: int) -> Array:
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows, columns = ((n - u) // stride + 1 for n, u in zip(x.shape[1:3], w.shape[:2], strict=True))
    y = np.zeros((len(x), rows, columns, w.shape[3]), x.dtype)
    for i in range(rows):
        for j in range(columns):
            patch = x[:, stride * i : stride * i + w.shape[0], stride * j : stride * j + w.shape[1]]
            y[:, i, j] = np.einsum("nuvc,uvco->no", patch, w)
    return y + b


def transposed_of(g: Array, w: Array, b: Array, stride: int, pad: int) -> Array:
    (n, rows, columns, _), (u, v, c, _) = g.shape, w.shape
    x = np.zeros((n, stride * (rows - 1) + u, stride * (columns - 1) + v, c), g.dtype)
    for i in range(rows):
        for j in range(columns):
            spread = np.einsum("no,uvco->nuvc", g[:, i, j], w)
            x[:, stride * i : stride * i + u, stride * j : stride * j + v] += spread
    return x[:, pad : x.shape[1] - pad, pad : x.shape[2] - pad] + b


leaky = LeakyReLU(0.25)
ACTIVATIONS = {
    None: lambda y: y,
    relu: lambda y: np.maximum(y, 0),
    leaky: lambda y: np.where(y > 0, y, 0.25 * y),
    sigmoid: lambda y: 1 / (1 + np.exp(-y)),
}
KINDS = ["Linear", "Conv2d", "ConvTranspose2d"]


def example(
    kind: str, activation: Any
) -> tuple[Module, Array, Callable[[Array, Array, Array], Array]]:
    """A layer, its input, and the linear part of the layer as a NumPy function of (x, w, b)."""
    rng = rng_of(7)
    layer: Any
    if kind == "Linear":
        layer, shape, plain = Linear(rng, 3, 4, activation), (5, 3), linear_of
    elif kind == "Conv2d":
        layer = Conv2d(rng, 2, 3, size=3, stride=2, pad=1, activation=activation)
        shape = (2, 5, 4, 2)
        plain = lambda x, w, b: conv_of(x, w, b, 2, 1)
    else:
        layer = ConvTranspose2d(rng, 2, 3, size=4, stride=2, pad=1, activation=activation)
        shape = (2, 3, 2, 2)
        plain = lambda g, w, b: transposed_of(g, w, b, 2, 1)
    layer.b = Tensor(rng.standard_normal(layer.b.shape, np.float32))
    x = rng.standard_normal(shape, np.float32)
    return layer, x, plain


def in_float64(layer: Module) -> Any:
    """The same layer in the precision in which differences can be taken."""
    new: Any = copy.copy(layer)
    new.w, new.b = (Tensor(t.data.astype(np.float64)) for t in (new.w, new.b))
    return new


@pytest.mark.parametrize("activation", list(ACTIVATIONS), ids=["none", "relu", "leaky", "sigmoid"])
@pytest.mark.parametrize("kind", KINDS)
def test_layer_is_its_sum(kind: str, activation: Any) -> None:
    """Both sums have at most K + 1 terms, so each errs by (K + 1) ε Σ|terms|; activations have
    slope <= 1 and add a few roundings of a value <= 1."""
    layer, x, plain = example(kind, activation)
    for network, eps in ((in_float64(layer), EPS64), (layer, EPS32)):
        value = network(x.astype(network.w.dtype)).data
        assert value.dtype == network.w.dtype
        x64, w64, b64 = (a.astype(np.float64) for a in (x, network.w.data, network.b.data))
        expected = ACTIVATIONS[activation](plain(x64, w64, b64))
        assert value.shape == expected.shape
        terms = plain(abs(x64), abs(w64), abs(b64))
        k = network.w.data.size // min(network.b.shape) + 1
        allowed = 2 * (k + 1) * eps * terms + (8 * eps if activation is sigmoid else 0)
        assert np.all(abs(value - expected) <= allowed)


@pytest.mark.parametrize("activation", list(ACTIVATIONS), ids=["none", "relu", "leaky", "sigmoid"])
@pytest.mark.parametrize("kind", KINDS)
def test_layer_has_the_derivatives_of_its_sum(kind: str, activation: Any) -> None:
    """In input, weights and bias to order 2, away from the kink of relu."""
    layer, x, plain = example(kind, activation)
    layer = in_float64(layer)
    w, b, x = layer.w.data, layer.b.data, x.astype(np.float64)  # type: ignore[attr-defined]
    moved = (plain(np.ones_like(x), abs(w), 0 * b), plain(abs(x), np.ones_like(w), 0 * b + 1))
    margin = STEP * max(np.max(m) for m in moved)  # what a step of one argument adds to a sum
    while activation in (relu, leaky) and np.min(abs(plain(x, w, b))) < margin:
        b = b + 0.013

    def f(x: Tensor, w: Tensor, b: Tensor) -> Any:
        new: Any = copy.copy(layer)
        new.w, new.b = w, b
        return new(x)

    assert check_gradients(f, [x, w, b], rng=rng_of(3), order=2) > 0


@pytest.mark.parametrize(
    ("image", "size", "stride", "pad", "maps"),
    [
        ((64, 64), 4, 2, 1, (32, 32)),
        ((5, 7), 3, 1, 0, (3, 5)),
        ((5, 8), 3, 2, 1, (3, 4)),
        ((4, 4), 1, 1, 0, (4, 4)),
        ((4, 6), 4, 3, 0, (1, 1)),
    ],
)
def test_conv2d_size(
    image: tuple[int, int], size: int, stride: int, pad: int, maps: tuple[int, int]
) -> None:
    layer = Conv2d(rng_of(0), 2, 3, size, stride, pad)
    x = np.ones((2, *image, 2), np.float32)
    assert layer(x).shape == (2, *maps, 3)
    assert layer.w.shape == (size, size, 2, 3)


@pytest.mark.parametrize(
    ("maps", "size", "stride", "pad", "image"),
    [
        ((4, 4), 4, 2, 1, (8, 8)),
        ((1, 3), 3, 1, 0, (3, 5)),
        ((2, 3), 3, 2, 1, (3, 5)),
        ((3, 2), 2, 3, 0, (8, 5)),
    ],
)
def test_conv_transpose2d_size(
    maps: tuple[int, int], size: int, stride: int, pad: int, image: tuple[int, int]
) -> None:
    layer = ConvTranspose2d(rng_of(0), 2, 3, size, stride, pad)
    assert layer(np.ones((2, *maps, 2), np.float32)).shape == (2, *image, 3)
    assert layer.w.shape == (size, size, 3, 2)
    back = Conv2d(rng_of(0), 3, 2, size, stride, pad)
    assert back(np.ones((2, *image, 3), np.float32)).shape == (2, *maps, 2)


def test_flatten_and_unflatten_keep_the_order() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    flat = Flatten()(Tensor(x)).data
    assert np.array_equal(flat, x.reshape(2, 12))
    assert np.array_equal(Unflatten(3, 2, 2)(Tensor(flat)).data, x)
    assert Flatten()(np.zeros((0, 3, 2), np.float32)).shape == (0, 6)
    with pytest.raises(ValueError, match="reshape"):
        Unflatten(5, 2)(flat)


def test_sequential_composes_from_left_to_right() -> None:
    doubled, raised = (lambda x: x * 2.0), (lambda x: x + 1.0)
    x = np.ones((1, 2), np.float32)
    assert Sequential(doubled, raised)(x)[0, 0] == 3
    assert Sequential(raised, doubled)(x)[0, 0] == 4
    assert Sequential()(x) is x


@pytest.mark.parametrize("kind", KINDS)
def test_layer_refuses_other_channels_and_dtypes(kind: str) -> None:
    layer, x, _ = example(kind, relu)
    with pytest.raises(ValueError, match="expect"):
        layer(np.concatenate([x, x], axis=-1))  # type: ignore[operator]
    with pytest.raises(TypeError, match="dtypes"):
        layer(x.astype(np.float64))  # type: ignore[operator]


@pytest.mark.parametrize("activation", [None, relu, leaky, sigmoid])
@pytest.mark.parametrize(
    ("kind", "fused"),
    [("Linear", "matmul_act"), ("Conv2d", "conv2d_act"), ("ConvTranspose2d", "conv2d_x_act")],
)
def test_a_layer_is_one_op_unless_its_activation_does_more_than_bend(
    kind: str, fused: str, activation: Any
) -> None:
    layer, x, _ = example(kind, activation)
    y = layer(x)  # type: ignore[operator]
    assert y.node.op.name == ("sigmoid" if activation is sigmoid else fused)


def test_leaky_relu_refuses_a_slope_that_does_not_bend_down() -> None:
    for slope in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=f"slope from 0 to 1, received {slope}"):
            LeakyReLU(slope)
    assert LeakyReLU(0.5)(np.array([-2.0, 2.0])).tolist() == [-1.0, 2.0]


# First weights

LOG_FALSE_ALARM = 24.0
"""2 exp(−24) = 8e-11 a test: all of them together stay below 1e-9."""


def has_variance(draws: Array, variance: float) -> bool:
    """Whether Σ w² of n draws agrees with N(0, variance).

    Σ w² / variance is chi-squared with n degrees of freedom, which leaves n ± (2 √(n t) + 2 t) with
    probability below 2 exp(−t) (Laurent and Massart 2000, lemma 1).
    """
    n, t = draws.size, LOG_FALSE_ALARM
    statistic = float(np.sum(draws.astype(np.float64) ** 2)) / variance
    return abs(statistic - n) <= 2 * math.sqrt(n * t) + 2 * t


def assert_variance(draws: Array, variance: float, other: float = 2.0) -> None:
    """The draws have this variance; one `other` times as large or small would be refused."""
    assert has_variance(draws, variance)
    assert not has_variance(draws, variance * other)
    assert not has_variance(draws, variance / other)


@pytest.mark.parametrize(
    ("initial", "gain"), [(he_normal, 2.0), (lecun_normal, 1.0), (heuristic_uniform, 1 / 3)]
)
def test_first_weights_have_the_stated_variance(
    initial: Callable[..., Tensor], gain: float
) -> None:
    shape = (400, 500)
    w = initial(rng_of(11), shape, 12.5)
    assert w.shape == shape
    assert w.dtype == np.float32
    assert_variance(w.data, gain / 12.5, other=1.05)
    assert abs(float(np.mean(w.data))) < 7 * (gain / 12.5 / w.data.size) ** 0.5  # chance: 3e-12
    assert np.array_equal(initial(rng_of(11), shape, 12.5).data, w.data)
    assert not np.any(initial(rng_of(12), shape, 12.5).data[0] == w.data[0])
    assert np.array_equal(zeros((3,)).data, np.zeros(3, np.float32))


def test_the_heuristic_stays_within_its_limit() -> None:
    w = heuristic_uniform(rng_of(11), (400, 500), 12.5).data
    assert 0.999 < float(np.max(w)) * 12.5**0.5 <= 1.0
    assert 0.999 < -float(np.min(w)) * 12.5**0.5 <= 1.0
    assert np.array_equal(
        Linear(rng_of(3), 7, 5, initial=heuristic_uniform).w.data,
        heuristic_uniform(rng_of(3), (7, 5), 7).data,
    )


def half_open(shape: tuple[int, ...]) -> Array:
    """relu of ±1 in equal number along the last axis: mean square 1 before relu, ½ after."""
    return np.broadcast_to(np.arange(shape[-1]) % 2, shape).astype(np.float32)


@verifies("eq:he", "pydis.nn.initialise.he_normal")
@pytest.mark.parametrize("activation", [relu, None], ids=["relu", "none"])
@pytest.mark.parametrize("kind", KINDS)
def test_layers_keep_the_size_of_signals(kind: str, activation: Any) -> None:
    """One sum per output channel: independent draws of mean square 1 after relu, ½ without."""
    rng, outputs = rng_of(13), 2000
    if kind == "Linear":
        layer: Any = Linear(rng, 40, outputs, activation)
        draws = half_open((1, 40)) @ layer.w.data
    elif kind == "Conv2d":
        layer = Conv2d(rng, 4, outputs, 3, 2, 1, activation)
        layer.activation = None
        draws = layer(half_open((1, 5, 5, 4))).data[0, 1, 1]
    else:
        layer = ConvTranspose2d(rng, 6, outputs, 4, 2, 1, activation)
        layer.activation = None
        draws = layer(half_open((1, 3, 3, 6))).data[0, 2, 3]
    assert not np.any(layer.b.data)
    assert_variance(draws, 1.0 if activation is relu else 0.5)


# Adam


def scalar_adam(
    theta: float, gradients: list[float], rate: float, beta1: float, beta2: float, epsilon: float
) -> list[float]:
    """Kingma and Ba 2015, Algorithm 1, line by line, for one number."""
    m = v = 0.0
    path = []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - math.pow(beta1, t))
        v_hat = v / (1 - math.pow(beta2, t))
        theta = theta - rate * m_hat / (math.sqrt(v_hat) + epsilon)
        path.append(theta)
    return path


def ten_steps(optimiser: Adam, theta: Array, gradients: Array) -> Array:
    """The parameter after each step, `[steps, …]`."""
    parameters = {"theta": Tensor(theta)}
    moments, path = optimiser.start(parameters), []
    for g in gradients:
        parameters, moments = optimiser.step(parameters, {"theta": g}, moments)
        path.append(parameters["theta"].data)
    assert moments.steps == len(gradients)
    return np.stack(path)


def adam_example() -> tuple[Array, Array]:
    """Parameters `[3, 2]` and ten gradients, of sizes from 1e-9 to 1e3."""
    rng = rng_of(5)
    sizes = np.array([[1e-9, 1e-6], [1e-3, 1.0], [30.0, 1e3]])
    return rng.standard_normal((3, 2)), rng.standard_normal((10, 3, 2)) * sizes


@verifies("eq:adam", "pydis.nn.update_rules.Adam", "pydis.nn.update_rules.Adam.update")
def test_adam_is_algorithm_1() -> None:
    """A step rounds fewer than 20 times; its errors are relative to θ and to steps of about η."""
    theta, gradients = adam_example()
    optimiser = Adam(learning_rate=0.02, beta1=0.8, beta2=0.95, epsilon=1e-4)
    path = ten_steps(optimiser, theta, gradients)
    for i in np.ndindex(theta.shape):
        g = [float(g) for g in gradients[(slice(None), *i)]]
        expected = scalar_adam(float(theta[i]), g, 0.02, 0.8, 0.95, 1e-4)
        size = abs(float(theta[i])) + 10 * 0.02
        assert np.all(abs(path[(slice(None), *i)] - expected) <= 10 * 20 * EPS64 * size)


@verifies("eq:adam", "pydis.nn.update_rules.Adam.update")
def test_adam_moves_by_the_learning_rate_at_first() -> None:
    """m̂ = g and v̂ = g² at t = 1, so the step is η g / (|g| + ε), whatever the size of g."""
    theta, gradients = adam_example()
    theta = np.zeros_like(theta)
    step = ten_steps(Adam(learning_rate=0.01), theta, gradients[:1])[0]
    g = gradients[0]
    exact = -0.01 * g / (abs(g) + 1e-8)
    assert np.all(abs(step - exact) <= 20 * EPS64 * 0.01)
    large = abs(g) > 1e-3
    assert np.all(abs(abs(step[large]) - 0.01) <= 0.01 * 1e-8 / 1e-3)
    assert np.array_equal(np.sign(step), -np.sign(g))


def test_adam_without_epsilon_ignores_the_scale_of_the_loss() -> None:
    """Exactly so for a power of two, which rounds nothing."""
    theta, gradients = adam_example()
    optimiser = Adam(epsilon=0.0)
    path = ten_steps(optimiser, theta, gradients)
    assert np.array_equal(ten_steps(optimiser, theta, 16.0 * gradients), path)
    assert not np.array_equal(ten_steps(Adam(), theta, 16.0 * gradients), path)


@pytest.mark.parametrize(
    "change",
    [{"learning_rate": 2e-4}, {"beta1": 0.8}, {"beta2": 0.5}, {"epsilon": 1e-2}],
    ids=lambda change: next(iter(change)),
)
def test_every_hyper_parameter_of_adam_counts(change: dict[str, float]) -> None:
    theta, gradients = adam_example()
    moved = ten_steps(replace(Adam(), **change), theta, gradients) - theta
    usual = ten_steps(Adam(), theta, gradients) - theta
    assert np.max(abs(moved - usual)) > 0.01 * np.max(abs(usual))


def test_all_hyper_parameters_of_adam_are_tested() -> None:
    assert {f.name for f in fields(Adam)} == {"learning_rate", "beta1", "beta2", "epsilon"}


def test_adam_keeps_float32() -> None:
    theta, gradients = (a.astype(np.float32) for a in adam_example())
    parameters = {"theta": Tensor(theta)}
    moments = Adam().start(parameters)
    parameters, moments = Adam().step(parameters, {"theta": gradients[0]}, moments)
    assert parameters["theta"].dtype == np.float32
    kinds = {slot["theta"].dtype for slot in moments.slots.values()}
    assert kinds == {np.dtype(np.float32)}


# Learners


def small_network(seed: int) -> Sequential:
    rng = rng_of(seed)
    return Sequential(Linear(rng, 3, 4, relu), Linear(rng, 4, 2))


def after_steps(learner: Learner, steps: int, seed: int = 1) -> Learner:
    rng = rng_of(seed)
    for _ in range(steps):
        parameters = learner.network.parameters()
        learner = learner.step(
            {name: rng.standard_normal(p.shape, np.float32) for name, p in parameters.items()}
        )
    return learner


def test_learner_round_trip_is_exact() -> None:
    learner = after_steps(Learner.start(small_network(0), Adam(1e-2)), 3)
    arrays = learner.arrays()
    names = list(learner.network.parameters())
    assert sorted(arrays) == sorted(
        f"{kind}.{name}" for kind in ("parameter", "adam.mean", "adam.square") for name in names
    )
    fresh = Learner.start(small_network(9), Adam(1e-2))
    assert any(not np.array_equal(a, arrays[name]) for name, a in fresh.arrays().items())
    copied = fresh.with_arrays(
        {name: a.copy() for name, a in arrays.items()}, learner.moments.steps
    )
    assert copied.moments.steps == 3
    for one, other in ((learner, copied), (after_steps(learner, 2), after_steps(copied, 2))):
        assert list(one.arrays()) == list(other.arrays())
        for name, a in one.arrays().items():
            assert a.tobytes() == other.arrays()[name].tobytes()
    late = fresh.with_arrays(arrays, 30)
    a, b = (after_steps(x, 1).arrays()["parameter.layers.0.w"] for x in (learner, late))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("adam.mean.layers.0.w"), "unknown arrays: adam.mean.layers.0.w"),
        (lambda a: a.update(odd=a["parameter.layers.0.w"]), "unknown arrays: odd"),
        (lambda a: a.update({"adam.square.layers.0.b": np.zeros(5, np.float32)}), r"float32\[5\]"),
        (lambda a: a.update({"parameter.layers.0.b": np.zeros(4)}), r"received float64\[4\]"),
    ],
    ids=["missing", "unknown", "shape", "dtype"],
)
def test_with_arrays_names_what_does_not_fit(change: Callable[[Any], Any], message: str) -> None:
    learner = Learner.start(small_network(0), Adam())
    arrays = learner.arrays()
    change(arrays)
    with pytest.raises(ValueError, match=f"another network.*{message}"):
        learner.with_arrays(arrays, 0)


def test_a_step_leaves_the_old_learner_and_its_graphs() -> None:
    learner = after_steps(Learner.start(small_network(0), Adam(0.1)), 1)
    parameters = learner.network.parameters()
    x = rng_of(2).standard_normal((6, 3), np.float32)
    loss = sum(learner.network(x) * learner.network(x))
    before = {name: a.copy() for name, a in learner.arrays().items()}
    gradient = grad(loss, list(parameters.values()))
    new = after_steps(learner, 1)
    assert all(np.array_equal(a, before[name]) for name, a in learner.arrays().items())
    assert learner.moments.steps == 1
    for name, tensor in new.network.parameters().items():
        assert tensor is not parameters[name]
        assert tensor.node is None
        assert not np.any(tensor.data == parameters[name].data)
    again = grad(loss, list(parameters.values()))
    assert all(np.array_equal(a, b) for a, b in zip(gradient, again, strict=True))


def test_check_finite_names_every_bad_array_with_its_count() -> None:
    good = np.ones((2, 3), np.float32)
    bad, worse = good.copy(), good.copy()
    bad[0, 1] = np.nan
    worse[1] = (np.inf, -np.inf, np.nan)
    check_finite({"good": good, "empty": good[:0], "scalar": np.asarray(1.0)})
    check_finite({})
    with pytest.raises(NonFiniteError) as raised:
        check_finite({"good": good, "bad": bad, "worse": worse, "scalar": np.asarray(np.inf)})
    assert str(raised.value) == "not finite: bad (1 of 6), worse (3 of 6), scalar (1 of 1)"
