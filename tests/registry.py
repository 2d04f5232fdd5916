"""One entry for each primitive: the shapes it takes, and where its inputs may be drawn.

Inputs stay off the kinks of relu and gate (by 0.1, or by a bias of ±40 for each channel of a fused
kernel) and off the poles of log and div, so that differences of a function mean its derivative.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from strategies import (
    LAYOUTS,
    Conv,
    broadcast_pairs,
    broadcastable,
    convolutions,
    lay,
    seeds,
    shapes,
    sides,
)

from pydis.autodiff.primitive import PRIMITIVES, Primitive

Array = Any
Shape = tuple[int, ...]
Domain = Callable[[np.random.Generator, Shape], Array]


class Spec(NamedTuple):
    """The shapes of the inputs and the constants of one call."""

    shapes: tuple[Shape, ...]
    static: dict[str, Any]


class Entry(NamedTuple):
    """How to call a primitive: specs to draw from, a typical one, one of size 0, the domains."""

    specs: st.SearchStrategy[Spec]
    typical: Spec
    empty: Spec
    domains: tuple[Domain, ...]
    analytic: bool = True


class Case(NamedTuple):
    """The inputs and constants of one call."""

    arrays: list[Array]
    static: dict[str, Any]


def anywhere(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(-2, 2, shape)


def small(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(-0.5, 0.5, shape)


def positive(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.5, 2, shape)


def off_zero(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.2, 2, shape) * rng.choice([-1.0, 1.0], shape)


def far_bias(rng: np.random.Generator, shape: Shape) -> Array:
    """About 40 for even channels, about −40 for odd ones: relu is open or shut, never near 0."""
    return rng.uniform(39, 41, shape) * (1 - 2 * (np.arange(prod(shape)) % 2))


def elementwise(*domains: Domain, analytic: bool = True) -> Entry:
    inputs = len(domains)
    return Entry(
        specs=broadcastable(inputs).map(lambda drawn: Spec(drawn, {})),
        typical=Spec(((2, 3),) * inputs, {}),
        empty=Spec(((0, 3), (1, 3))[:inputs], {}),
        domains=domains,
        analytic=analytic,
    )


@st.composite
def reshapes(draw: st.DrawFn) -> Spec:
    shape = draw(shapes)
    targets = [shape[::-1], (prod(shape),), (1, *shape), (*shape, 1), (-1,)]
    return Spec((shape,), {"shape": draw(st.sampled_from(targets))})


@st.composite
def transposes(draw: st.DrawFn) -> Spec:
    shape = draw(shapes)
    if draw(st.booleans()):
        return Spec((shape,), draw(st.sampled_from([{}, {"axes": None}])))
    axes = draw(st.permutations(range(len(shape))))
    negative = draw(st.booleans())
    return Spec((shape,), {"axes": tuple(a - len(shape) if negative else a for a in axes)})


def products(m: int, k: int, n: int, bias: bool) -> Spec:
    return Spec(((m, k), (k, n), (n,))[: 2 + bias], {})


def convolved(slots: str, sized: str = "", bias: str = "") -> Callable[[Conv], Spec]:
    """The spec of an op on two slots of the trilinear form; `sized` names the slot it returns."""

    def spec(conv: Conv) -> Spec:
        of = {"x": conv.image, "w": conv.filters, "g": conv.maps}
        size = {"x": (conv.h, conv.w), "w": (conv.u, conv.v)}
        channels = {"c": (conv.c,), "o": (conv.o,)}
        inputs = [of[s] for s in slots] + [channels[s] for s in bias]
        return Spec(
            tuple(inputs), {"size": size[sized]} | conv.constants if sized else conv.constants
        )

    return spec


def convolution(to_spec: Callable[[Conv], Spec], *domains: Domain) -> Entry:
    return Entry(
        specs=convolutions().map(to_spec),
        typical=to_spec(Conv(n=2, h=4, w=3, u=3, v=2, c=2, o=2, stride=2, pad=1)),
        empty=to_spec(Conv(n=0, h=4, w=3, u=3, v=2, c=2, o=2, stride=2, pad=1)),
        domains=domains,
        analytic=far_bias not in domains,
    )


def product(*domains: Domain) -> Entry:
    bias = len(domains) == 3
    return Entry(
        specs=sides(3, most=4).map(lambda mkn: products(*mkn, bias)),
        typical=products(3, 4, 2, bias),
        empty=products(0, 4, 2, bias),
        domains=domains,
        analytic=not bias,
    )


ENTRIES: dict[str, Entry] = {
    "add": elementwise(anywhere, anywhere),
    "sub": elementwise(anywhere, anywhere),
    "mul": elementwise(anywhere, anywhere),
    "div": elementwise(anywhere, lambda rng, shape: 2 * off_zero(rng, shape)),
    "neg": elementwise(anywhere),
    "exp": elementwise(anywhere),
    "log": elementwise(positive),
    "sigmoid": elementwise(lambda rng, shape: 3 * anywhere(rng, shape)),
    "softplus": elementwise(lambda rng, shape: 3 * anywhere(rng, shape)),
    "relu": elementwise(off_zero, analytic=False),
    "gate": elementwise(anywhere, off_zero, analytic=False),
    "broadcast_to": Entry(
        specs=broadcast_pairs().map(lambda pair: Spec((pair[0],), {"shape": pair[1]})),
        typical=Spec(((3, 1),), {"shape": (2, 3, 2)}),
        empty=Spec(((1, 3),), {"shape": (0, 3)}),
        domains=(anywhere,),
    ),
    "sum_to": Entry(
        specs=broadcast_pairs().map(lambda pair: Spec((pair[1],), {"shape": pair[0]})),
        typical=Spec(((2, 3, 2),), {"shape": (3, 1)}),
        empty=Spec(((0, 3),), {"shape": (1, 3)}),
        domains=(anywhere,),
    ),
    "reshape": Entry(
        specs=reshapes(),
        typical=Spec(((2, 3),), {"shape": (3, 2)}),
        empty=Spec(((0, 3),), {"shape": (3, 0, 2)}),
        domains=(anywhere,),
    ),
    "transpose": Entry(
        specs=transposes(),
        typical=Spec(((2, 3, 4),), {"axes": (2, 0, 1)}),
        empty=Spec(((2, 0, 4),), {"axes": (2, 0, 1)}),
        domains=(anywhere,),
    ),
    "matmul": product(anywhere, anywhere),
    "conv2d": convolution(convolved("xw"), anywhere, anywhere),
    "conv2d_x": convolution(convolved("gw", sized="x"), anywhere, anywhere),
    "conv2d_w": convolution(convolved("xg", sized="w"), anywhere, anywhere),
    "matmul_relu": product(small, small, far_bias),
    "conv2d_relu": convolution(convolved("xw", bias="o"), small, small, far_bias),
    "conv2d_x_relu": convolution(convolved("gw", sized="x", bias="c"), small, small, far_bias),
}


def fill(entry: Entry, spec: Spec, seed: int) -> Case:
    """Inputs of these shapes, drawn from the domains of the entry."""
    rng = np.random.default_rng(seed)
    drawn = [d(rng, shape) for d, shape in zip(entry.domains, spec.shapes, strict=True)]
    return Case([np.asarray(a, np.float64) for a in drawn], spec.static)


@st.composite
def cases(draw: st.DrawFn, entry: Entry) -> Case:
    """Inputs of any shape and memory layout that the primitive takes."""
    arrays, static = fill(entry, draw(entry.specs), draw(seeds))
    return Case([lay(a, draw(st.sampled_from(LAYOUTS))) for a in arrays], static)


def unmatched() -> set[str]:
    """Primitives without an entry, and entries without a primitive."""
    return set(PRIMITIVES) ^ set(ENTRIES)


@contextmanager
def temporary(forward: Callable[..., Array]) -> Iterator[Primitive]:
    """A primitive that exists in this block only."""
    op = Primitive(forward)
    try:
        yield op
    finally:
        del PRIMITIVES[op.name]
