"""BatchNorm with its state outside, LayerNorm, Embedding, Reshape, and an activation of one's own.

A normalised value rounds a few times for each of the n values that it is compared with; `CLOSE`
allows n + 32 roundings of terms whose size is that of the value.
"""

import copy
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, check_gradients, grad
from pydis.autodiff.ops import leaky_relu, sum
from pydis.nn import (
    BatchNorm,
    Conv2d,
    Embedding,
    Flatten,
    LayerNorm,
    Linear,
    Reshape,
    Sequential,
    Unflatten,
)
from pydis.nn.normalise import BatchState

Array = Any
EPS = float(np.finfo(np.float64).eps)
SHAPES = pytest.mark.parametrize("shape", [(7, 3), (4, 5, 2, 3)], ids=["vectors", "images"])


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def in_float64(layer: Any, seed: int = 5) -> Any:
    """The layer in float64, with w and b that can be told from 1 and 0."""
    rng, new = rng_of(seed), copy.copy(layer)
    new.w, new.b = (Tensor(rng.standard_normal(layer.w.shape)) for _ in range(2))
    return new


def close(a: Array, b: Array, count: int, size: float) -> bool:
    """Equal up to `count` + 32 roundings of terms of this size."""
    return a.shape == b.shape and bool(np.all(abs(a - b) <= (count + 32) * EPS * size))


# BatchNorm


def two_pass(x: Array) -> tuple[Array, Array, int]:
    """Mean and biased variance of each channel, and the number of its values."""
    rows = x.reshape(-1, x.shape[-1])
    mu = np.array([np.mean(column) for column in rows.T])
    return mu, np.array([np.mean((c - m) ** 2) for c, m in zip(rows.T, mu, strict=True)]), len(rows)


@verifies("eq:batch-norm", "pydis.nn.normalise.BatchNorm")
@SHAPES
def test_batch_norm_in_training_is_its_formula(shape: tuple[int, ...]) -> None:
    bn = in_float64(BatchNorm(3, epsilon=1e-3))
    x = 2 * rng_of(0).standard_normal(shape) + 1
    y, _ = bn(x, bn.start(), training=True)
    mu, variance, n = two_pass(x)
    expected = bn.w.data * (x - mu) / np.sqrt(variance + 1e-3) + bn.b.data
    assert close(y.data, expected, n, 20.0)
    plain, _ = BatchNorm(3)(x.astype(np.float32), BatchNorm(3).start(), training=True)
    m, v, _ = two_pass(plain.data.astype(np.float64))
    assert np.all(abs(m) < 1e-5) and np.all(abs(v - 1) < 1e-4)


@verifies("eq:batch-norm", "pydis.nn.normalise.BatchNorm")
@pytest.mark.parametrize("momentum", [0.1, 0.75, None])
@SHAPES
def test_running_statistics_and_evaluation(shape: tuple[int, ...], momentum: float | None) -> None:
    """r ← (1 − a) r + a s with the unbiased variance; evaluation uses them and leaves them."""
    bn = in_float64(BatchNorm(3, momentum=momentum))
    state = BatchState(np.zeros(3), np.ones(3), np.zeros((), np.int64))
    mean, variance = np.zeros(3), np.ones(3)
    for step in range(1, 5):
        x = step * rng_of(step).standard_normal(shape) + step
        _, new = bn(x, state, training=True)
        mu, biased, n = two_pass(x)
        a = 1 / step if momentum is None else momentum
        mean = (1 - a) * mean + a * mu
        variance = (1 - a) * variance + a * biased * n / (n - 1)
        assert close(new.mean, mean, n, 20.0) and close(new.variance, variance, n, 100.0)
        assert int(new.count) == step == int(state.count) + 1
        assert new.count.dtype == np.int64 and new.count.shape == ()
        assert all(type(part) is np.ndarray for part in new)
        state = new
    before = [part.copy() for part in state]
    y, after = bn(x, state, training=False)
    expected = bn.w.data * (x - mean) / np.sqrt(variance + 1e-5) + bn.b.data
    assert close(y.data, expected, n, 100.0)
    assert after is state
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not close(bn(x, state, training=True)[0].data, y.data, n, 1e6)


@pytest.mark.parametrize("training", [True, False])
@SHAPES
def test_batch_norm_derivatives(shape: tuple[int, ...], training: bool) -> None:
    """In x, w and b to order 2; in training through the statistics too."""
    state = BatchState(np.array([0.1, -0.2, 0.3]), np.array([0.5, 1.5, 2.0]), np.array(3))

    def f(x: Tensor, w: Tensor, b: Tensor) -> Any:
        bn: Any = copy.copy(BatchNorm(3))
        bn.w, bn.b = w, b
        return bn(x, state, training=training)[0]

    xs = [rng_of(1).standard_normal(s) for s in (shape, (3,), (3,))]
    assert check_gradients(f, xs, rng=rng_of(2), order=2) > 0


def test_gradients_in_training_are_blind_to_shift_and_scale_of_x() -> None:
    """Σ_n ∂y/∂x_n = 0 and Σ_n x_n ∂y/∂x_n ≈ 0: y does not feel the mean or the size of x."""
    bn = in_float64(BatchNorm(3, epsilon=1e-12))
    x = Tensor(rng_of(3).standard_normal((9, 3)))
    u = rng_of(4).standard_normal((9, 3))
    g = grad(sum(u * bn(x, bn.start(), training=True)[0]), x)
    assert np.all(abs(g.sum(axis=0)) < 1e-12)
    assert np.all(abs((g * x.data).sum(axis=0)) < 1e-10)
    fixed = BatchState(np.zeros(3), np.ones(3), np.array(1))
    h = grad(sum(u * bn(x, fixed, training=False)[0]), x)
    assert np.all(abs(h.sum(axis=0)) > 1e-3)


def test_batch_norm_refusals() -> None:
    bn = BatchNorm(3)
    assert list(bn.parameters()) == ["w", "b"]
    state = bn.start()
    assert [p.dtype for p in state] == [np.float32, np.float32, np.int64]
    with pytest.raises(ValueError, match=r"expected \[N, …, 3\], received shape \(2, 4\)"):
        bn(np.zeros((2, 4), np.float32), state, training=True)
    with pytest.raises(ValueError, match="training needs 2 values a channel"):
        bn(np.zeros((1, 3), np.float32), state, training=True)
    assert bn(np.zeros((1, 3), np.float32), state, training=False)[0].shape == (1, 3)
    for momentum in (-0.1, 1.1):
        with pytest.raises(ValueError, match="momentum"):
            BatchNorm(3, momentum=momentum)
    for make in (lambda: BatchNorm(3, epsilon=0.0), lambda: LayerNorm(3, epsilon=-1.0)):
        with pytest.raises(ValueError, match="epsilon: expected a number > 0"):
            make()


# LayerNorm


@verifies("eq:layer-norm", "pydis.nn.normalise.LayerNorm")
@pytest.mark.parametrize(
    ("shape", "axes"), [((5, 4), (4,)), ((3, 2, 4), (4,)), ((3, 2, 4, 2), (2, 4, 2))]
)
def test_layer_norm_is_its_formula(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    ln = in_float64(LayerNorm(*axes, epsilon=1e-4))
    x = 3 * rng_of(6).standard_normal(shape) - 1
    y = ln(x).data
    for place in np.ndindex(shape[: len(shape) - len(axes)]):
        part = x[place]
        variance = np.mean((part - np.mean(part)) ** 2)
        expected = ln.w.data * (part - np.mean(part)) / np.sqrt(variance + 1e-4)
        assert close(y[place], expected + ln.b.data, part.size, 20.0)
    alone = ln(x[:1]).data
    assert np.allclose(alone, y[:1], rtol=0, atol=40 * EPS * 20)  # nothing depends on the batch


def test_layer_norm_derivatives_and_refusals() -> None:
    def f(x: Tensor, w: Tensor, b: Tensor) -> Any:
        ln: Any = copy.copy(LayerNorm(2, 3))
        ln.w, ln.b = w, b
        return ln(x)

    xs = [rng_of(1).standard_normal(s) for s in ((4, 2, 3), (2, 3), (2, 3))]
    assert check_gradients(f, xs, rng=rng_of(2), order=2) > 0
    with pytest.raises(ValueError, match=r"LayerNorm: expected .*\(2, 3\).*\(4, 3, 2\)"):
        LayerNorm(2, 3)(np.zeros((4, 3, 2), np.float32))
    with pytest.raises(ValueError, match="sizes of the last axes"):
        LayerNorm()


# Embedding, Reshape, leaky relu


def test_embedding_takes_rows() -> None:
    layer = Embedding(rng_of(0), 6, 3)
    indices = np.array([[0, 5], [2, 2]])
    y = layer(indices)
    assert np.array_equal(y.data, layer.w.data[indices])
    assert layer.w.dtype == np.float32 and 0.3 < np.std(layer.w.data) < 2
    u = rng_of(1).standard_normal((2, 2, 3), np.float32)
    g = grad(sum(u * y), layer.w)
    expected = np.zeros((6, 3), np.float32)
    np.add.at(expected, indices, u)
    assert np.allclose(g, expected, rtol=0, atol=4 * float(np.finfo(np.float32).eps) * 4)
    assert layer(np.zeros((0,), np.int64)).shape == (0, 3)


def test_embedding_derivatives_and_refusals() -> None:
    layer = Embedding(rng_of(0), 4, 2)

    def f(w: Tensor) -> Any:
        new: Any = copy.copy(layer)
        new.w = w
        return new(np.array([3, 0, 3]))

    assert check_gradients(f, [rng_of(1).standard_normal((4, 2))], rng=rng_of(2), order=2) > 0
    for bad in (-1, 4):
        with pytest.raises(IndexError, match=rf"in \[0, 4\), received {min(bad, 0)}"):
            layer(np.array([0, bad]))
    with pytest.raises(TypeError, match="expected an array of integers"):
        layer(np.zeros(2))


def test_reshape_keeps_the_order() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    assert np.array_equal(Reshape(2, 6)(x), x.reshape(2, 2, 6))
    assert np.array_equal(Reshape(-1)(Tensor(x)).data, Flatten()(x))
    assert np.array_equal(Unflatten(3, 4)(Flatten()(x)), x)
    with pytest.raises(ValueError, match="reshape"):
        Reshape(5)(x)


def test_any_function_may_be_the_activation() -> None:
    leaky = lambda x: leaky_relu(x, slope=0.2)
    for plain, bent, x in (
        (Linear(rng_of(0), 4, 3), Linear(rng_of(0), 4, 3, leaky), np.ones((2, 4))),
        (Conv2d(rng_of(0), 2, 3, 3), Conv2d(rng_of(0), 2, 3, 3, activation=leaky), None),
    ):
        x = rng_of(1).standard_normal((2, 4) if x is not None else (2, 5, 5, 2)).astype(np.float32)
        y: Any = plain(x)
        expected = np.where(y.data > 0, y.data, np.float32(0.2) * y.data)
        assert np.any(y.data < 0) and np.array_equal(bent(x).data, expected)
    network = Sequential(Linear(rng_of(0), 4, 3, leaky), LayerNorm(3))
    assert list(network.parameters())[-2:] == ["layers.1.w", "layers.1.b"]
