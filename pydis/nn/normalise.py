"""Layers that give values mean 0 and variance 1, then a scale and a shift that are learned.

What `BatchNorm` remembers of past batches is no parameter and hides nowhere: it is a `BatchState`
that goes in beside x and comes out beside y.

    state = bn.start()
    y, state = bn(x, state, training=True)     the statistics of this batch, and new running ones
    y, _ = bn(x, state, training=False)        the running statistics, state unchanged

A `Learner` carries the states of all layers of its network as named arrays (`named_states`), and
`NormalisedSequential` passes them to the layers of one network.
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from pydis.autodiff import Array, Tensor, Value, stop_gradient
from pydis.autodiff.ops import batch_moments, batch_norm, mean, sqrt, square
from pydis.autodiff.ops.fused import bend
from pydis.backends import current, kernels_for
from pydis.nn.initialise import zeros
from pydis.nn.layers import Activation, activated
from pydis.nn.module import Module


class BatchState(NamedTuple):
    """Running mean and variance `[C]` of the batches seen, and their number, an int64 `[]`."""

    mean: Array
    variance: Array
    count: Array


def named_states(states: Mapping[str, BatchState]) -> dict[str, Array]:
    """The states of layers, given by path, as flat named arrays: `PATH.mean`, `PATH.variance`, …"""
    return {f"{path}.{n}": a for path, state in states.items() for n, a in state._asdict().items()}


def state_at(arrays: Mapping[str, Array], path: str) -> BatchState:
    """The state of one layer among such arrays: `named_states` backwards."""
    return BatchState(*(arrays[f"{path}.{n}"] for n in BatchState._fields))


class BatchNorm(Module):
    """y = a(w (x − μ) / √(σ² + ε) + b) by channel, for x `[N, …, C]`  (eq:batch-norm)

    In training μ and σ² = Σ (x − μ)² / n are those of the n values of the channel in this batch,
    and derivatives pass through both. In evaluation they are the running ones. These move as in
    PyTorch: r ← (1 − a) r + a s with a = `momentum`, from mean 0 and variance 1, where s is the
    batch's mean or its unbiased variance σ² n / (n − 1). With `momentum` None, a = 1 / count: the
    mean over all batches. Ioffe and Szegedy 2015, Algorithms 1 and 2.
    """

    def __init__(
        self,
        channels: int,
        epsilon: float = 1e-5,
        momentum: float | None = 0.1,
        activation: Activation = None,
    ) -> None:
        if momentum is not None and not 0 <= momentum <= 1:
            raise ValueError(f"BatchNorm: momentum: expected None or in [0, 1], is {momentum}")
        self.w: Value = ones((channels,))
        self.b: Value = zeros((channels,))
        self.epsilon = _positive("BatchNorm", epsilon)
        self.momentum, self.activation = momentum, activation

    def start(self) -> BatchState:
        """Mean 0 and variance 1, after no batch."""
        like = stop_gradient(self.w)
        xp = kernels_for("BatchNorm", [like]).xp
        return BatchState(xp.zeros_like(like), xp.ones_like(like), xp.zeros((), "int64"))

    def __call__(self, x: Value, state: BatchState, *, training: bool) -> tuple[Value, BatchState]:
        """(y, the state after this batch). Raises ValueError for one value a channel in training.

        One value says nothing of a variance.
        """
        channels = self.w.shape[0]
        if x.ndim < 2 or x.shape[-1] != channels:
            raise ValueError(f"BatchNorm: expected [N, …, {channels}], received shape {x.shape}")
        if not training:
            deviation = sqrt(state.variance + self.epsilon)
            normal = self.w * ((x - state.mean) / deviation) + self.b
            return activated(self.activation, partial(bend, normal)), state
        n = prod(x.shape[:-1])
        if n < 2:
            raise ValueError(f"BatchNorm: training needs 2 values a channel, x has shape {x.shape}")
        moments = batch_moments(stop_gradient(x))
        constants = {"epsilon": self.epsilon, "moments": moments}
        y = activated(self.activation, partial(batch_norm, x, self.w, self.b, **constants))
        count = state.count + 1
        a = 1 / float(count) if self.momentum is None else self.momentum
        new = BatchState(
            (1 - a) * state.mean + a * moments[0],
            (1 - a) * state.variance + a * n / (n - 1) * moments[1],
            kernels_for("BatchNorm", [state.count]).xp.asarray(count),
        )
        return y, new


class NormalisedSequential(Module):
    """f_n ∘ … ∘ f_1 with `BatchNorm` among the layers; their states are named arrays, one record.

    state = layers.start()
    y, state = layers(x, state, training=True)
    """

    def __init__(self, *layers: Callable[..., Value]) -> None:
        self.layers = layers

    def start(self) -> dict[str, Array]:
        """The states of all `BatchNorm` before the first batch, as `layers.2.mean`, …"""
        layers = {f"layers.{number}": layer for number, layer in enumerate(self.layers)}
        return named_states({p: l.start() for p, l in layers.items() if isinstance(l, BatchNorm)})

    def __call__(
        self, x: Value, state: Mapping[str, Array], *, training: bool
    ) -> tuple[Value, dict[str, Array]]:
        """(y, the states after this batch)."""
        after: dict[str, BatchState] = {}
        for number, layer in enumerate(self.layers):
            if isinstance(layer, BatchNorm):
                path = f"layers.{number}"
                x, after[path] = layer(x, state_at(state, path), training=training)
            else:
                x = layer(x)
        return x, named_states(after)


class LayerNorm(Module):
    """y = w (x − μ) / √(σ² + ε) + b by example, for x `[N, …, *shape]`  (eq:layer-norm)

    μ and σ² = Σ (x − μ)² / n are those of the n values in the last axes of one example, and w and b
    have their shape. Nothing depends on the batch. Ba, Kiros and Hinton 2016, equation 4.
    """

    def __init__(self, *shape: int, epsilon: float = 1e-5) -> None:
        if not shape or prod(shape) < 1:
            raise ValueError(f"LayerNorm: expected the sizes of the last axes, received {shape}")
        self.w: Value = ones(shape)
        self.b: Value = zeros(shape)
        self.epsilon = _positive("LayerNorm", epsilon)

    def __call__(self, x: Value) -> Value:
        shape = self.w.shape
        if tuple(x.shape[-len(shape) :]) != shape:
            raise ValueError(f"LayerNorm: expected [N, …, *{shape}], received shape {x.shape}")
        axes = tuple(range(x.ndim - len(shape), x.ndim))
        gap = x - mean(x, axis=axes, keepdims=True)
        variance = mean(square(gap), axis=axes, keepdims=True)
        return self.w * (gap / sqrt(variance + self.epsilon)) + self.b


def ones(shape: tuple[int, ...]) -> Tensor:
    """w = 1, in float32."""
    return Tensor(current().xp.ones(shape, np.float32))


def _positive(layer: str, epsilon: float) -> float:
    """ε, without which a constant channel would be divided by zero."""
    if not epsilon > 0:
        raise ValueError(f"{layer}: epsilon: expected a number > 0, received {epsilon}")
    return epsilon
