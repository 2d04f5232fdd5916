"""Layers: parameters and the one line that uses them. Images are `[N, H, W, C]`.

A layer knows the activation that follows it, so that linear map, bias and a bend at zero (relu,
`LeakyReLU`) can be one pass over memory (`ops.fused`). Without a fused kernel the same three steps
are taken one by one. First weights keep the size of signals unless another rule of `initialise.py`
is given. A layer that a `BatchNorm` follows needs no bias: the mean is taken off again.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from pydis.autodiff import Array, Tensor, Value
from pydis.autodiff.ops import (
    conv2d,
    conv2d_act,
    conv2d_x,
    conv2d_x_act,
    leaky_relu,
    matmul,
    matmul_act,
    relu,
    reshape,
    take,
)
from pydis.autodiff.ops.fused import bend
from pydis.autodiff.ops.index import check_index
from pydis.nn.initialise import he_normal, lecun_normal, zeros
from pydis.nn.module import Module

Activation = Callable[[Value], Value] | None
Initial = Callable[[np.random.Generator, tuple[int, ...], float], Tensor]


class LeakyReLU(Module):
    """y = x where x > 0, else slope · x. A layer before it computes it in its own pass."""

    def __init__(self, slope: float = 0.2) -> None:
        if not 0 <= slope <= 1:
            raise ValueError(f"LeakyReLU: expected a slope from 0 to 1, received {slope!r}")
        self.slope = slope

    def __call__(self, x: Value) -> Value:
        return leaky_relu(x, slope=self.slope)


class Linear(Module):
    """Y = a(X W + b): `[N, inputs]` to `[N, outputs]`, weights `[inputs, outputs]`."""

    def __init__(
        self,
        rng: np.random.Generator,
        inputs: int,
        outputs: int,
        activation: Activation = None,
        initial: Initial | None = None,
        bias: bool = True,
    ) -> None:
        initial = initial or _keeping_size(activation)
        self.w: Value = initial(rng, (inputs, outputs), inputs)
        self.b: Value = zeros((outputs,)) if bias else None
        self.activation = activation

    def __call__(self, x: Value) -> Value:
        if self.b is None:
            return activated(self.activation, partial(bend, matmul(x, self.w)))
        return activated(self.activation, partial(matmul_act, x, self.w, self.b))


class Convolution(Module):
    """What `Conv2d` and `ConvTranspose2d` share: filters, one bias for each channel they make."""

    def __init__(
        self,
        rng: np.random.Generator,
        inputs: int,
        outputs: int,
        size: int,
        stride: int = 1,
        pad: int = 0,
        activation: Activation = None,
        initial: Initial | None = None,
        bias: bool = True,
    ) -> None:
        shape, terms = self.filters(inputs, outputs, size, stride)
        initial = initial or _keeping_size(activation)
        self.w: Value = initial(rng, shape, terms)
        self.b: Value = zeros((outputs,)) if bias else None
        self.stride, self.pad, self.activation = stride, pad, activation

    @staticmethod
    def filters(inputs: int, outputs: int, size: int, stride: int) -> tuple[tuple[int, ...], float]:
        """The shape of the filters, and how many terms are summed in a number of the result."""
        raise NotImplementedError


class Conv2d(Convolution):
    """y = a(conv2d(x, w) + b): `[N, H, W, inputs]` to `[N, I, J, outputs]`.

    Weights `[size, size, inputs, outputs]`; I = ⌊(H + 2 pad − size) / stride⌋ + 1.
    """

    @staticmethod
    def filters(inputs: int, outputs: int, size: int, stride: int) -> tuple[tuple[int, ...], float]:
        return (size, size, inputs, outputs), size * size * inputs

    def __call__(self, x: Value) -> Value:
        geometry = {"stride": self.stride, "pad": self.pad}
        if self.b is None:
            return activated(self.activation, partial(bend, conv2d(x, self.w, **geometry)))
        return activated(self.activation, partial(conv2d_act, x, self.w, self.b, **geometry))


class ConvTranspose2d(Convolution):
    """x = a(conv2d_x(g, w) + b): `[N, I, J, inputs]` to `[N, H, W, outputs]`.

    Weights `[size, size, outputs, inputs]`; H = stride (I − 1) + size − 2 pad. A pixel of the
    result is a sum over inputs · (size / stride)² terms: only that share of the taps falls on it.
    """

    @staticmethod
    def filters(inputs: int, outputs: int, size: int, stride: int) -> tuple[tuple[int, ...], float]:
        return (size, size, outputs, inputs), inputs * (size / stride) ** 2

    def __call__(self, g: Value) -> Value:
        geometry = {"size": self.image_size(g.shape[1:3]), "stride": self.stride, "pad": self.pad}
        if self.b is None:
            return activated(self.activation, partial(bend, conv2d_x(g, self.w, **geometry)))
        return activated(self.activation, partial(conv2d_x_act, g, self.w, self.b, **geometry))

    def image_size(self, maps: tuple[int, int]) -> tuple[int, int]:
        """(H, W) with H = stride (I − 1) + size − 2 pad, the smallest image with such maps."""
        u, v = self.w.shape[:2]
        i, j = maps
        return (
            self.stride * (i - 1) + u - 2 * self.pad,
            self.stride * (j - 1) + v - 2 * self.pad,
        )


class Flatten(Module):
    """`[N, …]` to `[N, product of the rest]`, in row-major order."""

    def __call__(self, x: Value) -> Value:
        return reshape(x, shape=(x.shape[0], int(np.prod(x.shape[1:]))))


class Reshape(Module):
    """`[N, …]` to `[N, *shape]`, in row-major order; one size may be −1."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __call__(self, x: Value) -> Value:
        return reshape(x, shape=(x.shape[0], *self.shape))


class Unflatten(Reshape):
    """`[N, product of shape]` to `[N, *shape]`: the inverse of `Flatten`."""


class Embedding(Module):
    """y = w[i]: whole numbers i `[…]` below `entries` to rows `[…, width]` of a table.

    The one-hot code of i times w: a sum of one term, so first weights are N(0, 1).
    """

    def __init__(
        self,
        rng: np.random.Generator,
        entries: int,
        width: int,
        initial: Initial = lecun_normal,
    ) -> None:
        self.w: Value = initial(rng, (entries, width), 1.0)

    def __call__(self, indices: Array) -> Value:
        """The rows. Raises TypeError for other than integers, IndexError for one out of range."""
        entries = self.w.shape[0]
        check_index("Embedding", indices)
        if indices.size and not 0 <= int(indices.min()) <= int(indices.max()) < entries:
            raise IndexError(
                f"Embedding: expected indices in [0, {entries}), received "
                f"{int(indices.min())} to {int(indices.max())}"
            )
        return take(self.w, index=indices)


class Sequential(Module):
    """f_n ∘ … ∘ f_1, the layers in the order they are written."""

    def __init__(self, *layers: Callable[[Value], Value]) -> None:
        self.layers = layers

    def __call__(self, x: Value) -> Value:
        for layer in self.layers:
            x = layer(x)
        return x


def _keeping_size(activation: Activation) -> Initial:
    """The rule that keeps the mean square of signals: relu halves it, others count as linear."""
    return he_normal if activation is relu else lecun_normal


def activated(activation: Activation, layer: Callable[..., Value]) -> Value:
    """a(linear + b): in the layer's own pass if a only bends at zero, else after it."""
    if activation is None:
        return layer(slope=1.0)
    if activation is relu:
        return layer(slope=0.0)
    if isinstance(activation, LeakyReLU):
        return layer(slope=activation.slope)
    return activation(layer(slope=1.0))
