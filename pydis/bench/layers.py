"""The layers that are measured: every kind that the beta-VAE is made of, and batch normalisation.

Forward is evaluation on arrays. Forward and backward records a graph, and sweeps back from a given
cotangent to the input and every parameter.
"""

from collections.abc import Callable, Sequence
from copy import copy
from math import prod
from typing import Any

import numpy as np

from pydis.autodiff import Tensor, grad
from pydis.autodiff.ops import relu, sum
from pydis.backends import Array, Kernels
from pydis.bench.rows import Row, convolutions
from pydis.nn import BatchNorm, Conv2d, ConvTranspose2d, Linear, Module
from pydis.objectives import bernoulli_reconstruction, rate
from pydis.probability import Gaussian

BATCH = 64
IMAGES = ((64, 1, 32), (32, 32, 32), (16, 32, 64), (8, 64, 64))
"""Side, channels of the image, channels of the maps: both ways through the network."""

FUNCTION = 16
"""More roundings than exp, log or a division have together."""

Function = Callable[..., Any]
Shape = tuple[int, ...]


def layer_rows() -> list[Row]:
    """All rows of `pydis bench layers`."""
    rows = [row for sizes in IMAGES for row in convolution(*sizes)]
    rows += [row for sizes in reversed(IMAGES) for row in transposed(*sizes)]
    rows += [row for sizes in ((1024, 256), (256, 1024)) for row in linear(*sizes)]
    return rows + batch_norm(BATCH, 32, 32, 32) + bernoulli(BATCH, 64, 64, 1) + gaussian(BATCH, 10)


def convolution(side: int, c: int, o: int, n: int = BATCH) -> list[Row]:
    """4×4 filters, stride 2, one pixel of padding, relu."""
    x, w, y = (n, side, side, c), (4, 4, c, o), (n, side // 2, side // 2, o)
    layer = Conv2d(np.random.default_rng(0), c, o, 4, 2, 1, relu)
    operations = convolutions(n, side, c, o)[0].operations
    shape = f"{n}x{side}x{side}x{c}->{o}"
    terms = (prod(w[:3]), prod(y[:3]))
    return _with_parameters("conv2d relu", shape, layer, (x, w, (o,), y), operations, terms)


def transposed(side: int, c: int, o: int, n: int = BATCH) -> list[Row]:
    """The way back: maps of o channels to images of c; the last one has no relu."""
    x, w, y = (n, side // 2, side // 2, o), (4, 4, c, o), (n, side, side, c)
    layer = ConvTranspose2d(np.random.default_rng(0), o, c, 4, 2, 1, relu if c > 1 else None)
    operations = convolutions(n, side, c, o)[0].operations
    name = "transposed relu" if c > 1 else "transposed"
    shape = f"{n}x{side // 2}x{side // 2}x{o}->{c}"
    terms = (4 * o, prod(y[:3]))
    return _with_parameters(name, shape, layer, (x, w, (c,), y), operations, terms)


def linear(inputs: int, outputs: int, n: int = BATCH) -> list[Row]:
    """A dense layer with relu."""
    layer = Linear(np.random.default_rng(0), inputs, outputs, relu)
    shapes = ((n, inputs), (inputs, outputs), (outputs,), (n, outputs))
    shape, operations = f"{n}x{inputs}->{outputs}", 2 * n * inputs * outputs
    terms = (inputs, max(n, outputs))
    return _with_parameters("linear relu", shape, layer, shapes, operations, terms)


def batch_norm(*shape: int) -> list[Row]:
    """In training: the moments of the batch, and derivatives through them."""
    layer, values = BatchNorm(shape[-1]), prod(shape[:-1])

    def forward(x: Any, w: Any, b: Any) -> Any:
        given = with_values(layer, w, b)
        return given(x, given.start(), training=True)[0]

    shapes = (shape, shape[-1:], shape[-1:], shape)
    terms = (values + FUNCTION, 2 * values + FUNCTION)
    return _pair("batch norm", _word(shape), forward, 3, shapes, 8 * prod(shape), terms)


def bernoulli(*shape: int) -> list[Row]:
    """−log p(x|z) from logits; images are of zeros and ones, and have no cotangent."""

    def images(arrays: list[Array]) -> list[Array]:
        logits, x, *rest = arrays
        return [logits, (x > 0).astype(x.dtype), *rest]

    def forward(logits: Any, x: Any) -> Any:
        return bernoulli_reconstruction(x.data if isinstance(x, Tensor) else x, logits)

    shapes, size = (shape, shape, shape[:1]), prod(shape)
    terms = (size // shape[0] + FUNCTION, FUNCTION)
    return _pair("bernoulli loss", _word(shape), forward, 1, shapes, 4 * size, terms, images)


def gaussian(*shape: int) -> list[Row]:
    """A draw by reparameterisation and the rate, of the mean and the log-variance."""

    def forward(mean: Any, log_variance: Any) -> Any:
        q = Gaussian(mean, log_variance)
        return rate(q) + sum(q.sample(np.random.default_rng(0)), axis=1)

    shapes, size = (shape, shape, shape[:1]), prod(shape)
    terms = (2 * shape[1] + FUNCTION, 2 * FUNCTION)
    return _pair("gaussian sample, rate", _word(shape), forward, 2, shapes, 12 * size, terms)


def with_values(layer: Any, w: Any, b: Any) -> Any:
    """The layer with these parameters, of any dtype."""
    given = copy(layer)
    given.w, given.b = w, b
    return given


def _with_parameters(
    name: str,
    shape: str,
    layer: Module,
    shapes: tuple[Shape, ...],
    operations: int,
    terms: tuple[int, int],
) -> list[Row]:
    """The two rows of a layer y = a(L(x, w) + b), for shapes of x, w, b and y."""

    def forward(x: Any, w: Any, b: Any) -> Any:
        return with_values(layer, w, b)(x)

    def away_from_the_bend(arrays: list[Array]) -> list[Array]:
        """Biases ±8 √terms: one channel all open, the next all closed, as rounding cannot undo."""
        x, w, b, *rest = arrays
        signs = np.where(np.arange(b.size) % 2, -1, 1).astype(b.dtype)
        return [x, w, 8 * terms[0] ** 0.5 * signs, *rest]

    return _pair(name, shape, forward, 3, shapes, operations, terms, away_from_the_bend)


def _pair(
    name: str,
    shape: str,
    forward: Function,
    differentiated: int,
    shapes: tuple[Shape, ...],
    operations: int,
    terms: tuple[int, int],
    prepare: Callable[[list[Array]], list[Array]] = list,
) -> list[Row]:
    """Forward, and forward with backward: two more of the forward's products.

    The last shape is the cotangent's; of the other inputs the first ones are differentiated.
    """

    def evaluate(k: Kernels, arrays: Sequence[Array]) -> Any:
        return forward(*arrays)

    def sweep(k: Kernels, arrays: Sequence[Array]) -> Any:
        tensors = [Tensor(a) for a in arrays[:differentiated]]
        y = forward(*tensors, *arrays[differentiated:-1])
        return [y.data, *grad(y, tensors, arrays[-1])]

    there, back = terms

    return [
        Row(f"{name} forward", shape, shapes[:-1], evaluate, operations, there, True, prepare),
        Row(
            *(f"{name} forward+backward", shape, shapes, sweep, 3 * operations, there + back),
            *(True, prepare),
        ),
    ]


def _word(shape: Shape) -> str:
    return "x".join(map(str, shape))
