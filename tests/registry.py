"""One entry for each primitive: the shapes it takes, and where its inputs may be drawn.

Inputs stay off the kinks of relu, gate and their like (by 0.1, or by a bias of ±40 for each channel
of a fused kernel) and off the poles of log and div, so that differences of a function mean its
derivative.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import (
    LAYOUTS,
    Conv,
    axial,
    broadcast_pairs,
    broadcastable,
    convolutions,
    lay,
    seeds,
    shapes,
    sides,
)

from pydis.autodiff.primitive import PRIMITIVES, Primitive
from pydis.probability import one_pass  # noqa: F401  (its ops are primitives too)

Array = Any
Shape = tuple[int, ...]
Domain = Callable[[np.random.Generator, Shape], Array]


class Spec(NamedTuple):
    """The shapes of the inputs and the constants of one call."""

    shapes: tuple[Shape, ...]
    static: dict[str, Any]


class Entry(NamedTuple):
    """How to call a primitive: specs to draw from, a typical one, one of size 0, the domains.

    `others` are typical too, for rules that take another path there.
    """

    specs: st.SearchStrategy[Spec]
    typical: Spec
    empty: Spec
    domains: tuple[Domain, ...]
    analytic: bool = True
    others: tuple[Spec, ...] = ()


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


def off_pieces(rng: np.random.Generator, shape: Shape) -> Array:
    """Inside (−1, 1) or outside of it, 0.2 from its ends."""
    return rng.uniform(-0.8, 0.8, shape) + rng.choice([-2.0, 0.0, 2.0], shape)


def near(offset: float) -> Domain:
    """At most 0.2 from a whole number plus `offset`: never equal to one with another offset."""
    return lambda rng, shape: offset + rng.integers(-2, 3, shape) + rng.uniform(-0.2, 0.2, shape)


def apart(rng: np.random.Generator, shape: Shape) -> Array:
    """No two elements closer than 0.3, so that the largest stays the largest."""
    order = rng.permutation(prod(shape)).reshape(shape)
    return 0.5 * order + rng.uniform(-0.1, 0.1, shape)


def with_zeros(rng: np.random.Generator, shape: Shape) -> Array:
    return anywhere(rng, shape) * rng.choice([0.0, 1.0, 1.0], shape)


def argument(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.5, 4, shape)


def dominant(rng: np.random.Generator, shape: Shape) -> Array:
    """Matrices whose diagonal outweighs the rest: invertible, with a positive symmetric part."""
    return rng.uniform(-0.5, 0.5, shape) + 2.0 * np.eye(shape[-1])


def elementwise(
    *domains: Domain, analytic: bool = True, constants: tuple[dict[str, Any], ...] = ({},)
) -> Entry:
    """The entry of an elementwise op; the first of its `constants` are the typical ones."""
    inputs = len(domains)
    return Entry(
        specs=st.builds(Spec, broadcastable(inputs), st.sampled_from(constants)),
        typical=Spec(((2, 3),) * inputs, constants[0]),
        empty=Spec(((0, 3), (1, 3))[:inputs], constants[0]),
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


@st.composite
def getitems(draw: st.DrawFn) -> tuple[Shape, Any]:
    """A shape and what may stand in brackets behind an array of that shape."""
    shape = draw(shapes)
    cuts = [slice(None), slice(1, None), slice(None, -1, 2), slice(None, None, -1), slice(0, 1)]
    index: list[Any] = [
        draw(st.sampled_from(cuts + [0, -1, np.int64(n - 1)] * (n > 0))) for n in shape
    ]
    if draw(st.booleans()):
        first = draw(st.integers(0, len(index)))
        index[first:] = [Ellipsis]
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), None)
    return shape, index[0] if len(index) == 1 and draw(st.booleans()) else tuple(index)


def put_backs(drawn: tuple[Shape, Any]) -> Spec:
    shape, index = drawn
    return Spec((np.empty(shape)[index].shape,), {"shape": shape, "index": index})


@st.composite
def takes(draw: st.DrawFn) -> tuple[Shape, Array, int]:
    """A shape, an axis of it, and an array of indices along that axis, negative ones among them."""
    shape = draw(axial)
    axis = draw(st.integers(0, len(shape) - 1))
    n = shape[axis]
    chosen = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)) if n else (0,)
    index = np.random.default_rng(draw(seeds)).integers(-n, max(n, 1), chosen)
    return shape, index, axis


def scatters(drawn: tuple[Shape, Array, int]) -> Spec:
    shape, index, axis = drawn
    given = (*shape[:axis], *index.shape, *shape[axis + 1 :])
    return Spec((given,), {"index": index, "axis": axis, "size": shape[axis]})


@st.composite
def concats(draw: st.DrawFn) -> Spec:
    shape = draw(axial)
    axis = draw(st.integers(0, len(shape) - 1))
    other = (*shape[:axis], draw(st.integers(1, 3)), *shape[axis + 1 :])
    return Spec((shape, other), {"axis": axis - draw(st.sampled_from([0, len(shape)]))})


@st.composite
def maxima(draw: st.DrawFn) -> Spec:
    """A shape and axes along which it has elements."""
    shape = draw(axial)
    axes = [i for i, n in enumerate(shape) if n and draw(st.booleans())]
    return Spec((shape,), {"axes": tuple(axes)})


@st.composite
def cumsums(draw: st.DrawFn) -> Spec:
    shape = draw(axial)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    return Spec((shape,), {"axis": axis, "reverse": draw(st.booleans())})


@st.composite
def stacks(draw: st.DrawFn, *letters: str) -> Spec:
    """Stacks of matrices, such as "mk" and "kn", whose leading axes broadcast."""
    sizes = dict(zip("kmn", draw(sides(3, most=3)), strict=True))
    leads = draw(st.sampled_from(LEADS))[: len(letters)]
    return Spec(
        tuple((*lead, *[sizes[i] for i in m]) for lead, m in zip(leads, letters, strict=True)), {}
    )


LEADS: list[tuple[Shape, ...]] = [((), ()), ((), ()), ((2,), (2,)), ((2, 1), (3,)), ((1,), (2,))]


def matrices(
    *letters: str, domains: tuple[Domain, ...], analytic: bool = True, **constants: Any
) -> Entry:
    """The entry of an op on stacks of matrices; each of its constants is one of a list."""
    chosen = st.fixed_dictionaries({name: st.sampled_from(v) for name, v in constants.items()})
    sizes = {"m": 3, "k": 4, "n": 2}
    typical = tuple(tuple(sizes[i] for i in m) for m in letters)
    first = {name: values[0] for name, values in constants.items()}
    return Entry(
        specs=st.builds(lambda spec, c: Spec(spec.shapes, c), stacks(*letters), chosen),
        typical=Spec(typical, first),
        empty=Spec(tuple((0, *shape) for shape in typical), first),
        domains=domains,
        analytic=analytic,
    )


def convolved(slots: str, sized: str = "", bias: str = "") -> Callable[[Conv], Spec]:
    """The spec of an op on two slots of the trilinear form; `sized` names the slot it returns.

    X and G are gates of the shapes of x and g.
    """

    def spec(conv: Conv) -> Spec:
        of = {"x": conv.image, "w": conv.filters, "g": conv.maps}
        of |= {"X": conv.image, "G": conv.maps}
        size = {"x": (conv.h, conv.w), "w": (conv.u, conv.v)}
        channels = {"c": (conv.c,), "o": (conv.o,)}
        inputs = [of[s] for s in slots] + [channels[s] for s in bias]
        return Spec(
            tuple(inputs), {"size": size[sized]} | conv.constants if sized else conv.constants
        )

    return spec


def convolution(
    to_spec: Callable[[Conv], Spec],
    *domains: Domain,
    constants: tuple[dict[str, Any], ...] = ({},),
) -> Entry:
    """The entry of an op on images; the first of its `constants` are the typical ones."""

    def spec(conv: Conv, more: dict[str, Any]) -> Spec:
        return Spec(to_spec(conv).shapes, to_spec(conv).static | more)

    typical = Conv(n=2, h=4, w=3, u=3, v=2, c=2, o=2, stride=2, pad=1)
    return Entry(
        specs=st.builds(spec, convolutions(), st.sampled_from(constants)),
        typical=spec(typical, constants[0]),
        empty=spec(typical._replace(n=0), constants[0]),
        domains=domains,
        analytic=far_bias not in domains and off_zero not in domains,
        others=tuple(spec(typical, more) for more in constants[1:]),
    )


def either(a: Entry, b: Entry) -> Entry:
    """The specs of both entries, where they have the same domains."""
    return a._replace(specs=a.specs | b.specs, others=(*a.others, b.typical, *b.others))


SLOPES = ({"slope": 0.0}, {"slope": 0.2}, {"slope": 1.0})


EMPTY = st.sampled_from([False] * 4 + [True])


def images(slope: bool) -> Entry:
    """The entry of an op on bits and logits `[N, …]`, with a number for each before if `slope`."""

    def spec(shape: Shape) -> Spec:
        return Spec(((shape[:1],) if slope else ()) + (shape, shape), {})

    return Entry(
        specs=EMPTY.flatmap(lambda empty: st.just((0, 3)) if empty else axial).map(spec),
        typical=spec((2, 3, 2)),
        empty=spec((0, 3)),
        domains=(anywhere,) * (2 + slope),
    )


def pairs(slopes: bool) -> Entry:
    """The entry of an op on draws `[M, D]` and Gaussians `[N, D]`, after two results if so."""

    def spec(m: int, n: int, d: int) -> Spec:
        results = ((m, 1 + d),) * 2 if slopes else ()
        return Spec((*results, (m, d), (n, d), (n, d)), {})

    some = st.sampled_from([1, 2, 3, 4, 2, 3, 0])
    return Entry(
        specs=st.builds(spec, some, st.integers(1, 3), some),
        typical=spec(3, 2, 2),
        empty=spec(0, 2, 3),
        domains=(anywhere,) * (5 if slopes else 3),
    )


@st.composite
def channels(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """A shape [N, …, C] of values, seldom without channels, and [C]."""
    lead = draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3))
    first = draw(st.integers(2, 5))
    c = draw(sides(1, most=3))[0]
    return (first, *lead[1:], c), (c,)


def normalisation(slots: str, *domains: Domain, **constants: Any) -> Entry:
    """The entry of an op on values [N, …, C], slots x, and numbers of the channels [C], slots c.

    With one value a channel its variance is 0, and the pole at −ε is near: there are at least two.
    """
    chosen = st.fixed_dictionaries({name: st.sampled_from(v) for name, v in constants.items()})

    def spec(drawn: tuple[Shape, ...], static: dict[str, Any]) -> Spec:
        return Spec(tuple(drawn["xc".index(s)] for s in slots), static)

    first = {name: values[0] for name, values in constants.items()}
    return Entry(
        specs=st.builds(spec, channels(), chosen),
        typical=spec(((4, 2), (2,)), first),
        empty=spec(((4, 0), (0,)), first),
        domains=domains,
        analytic=far_bias not in domains,
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
    "gate": elementwise(
        anywhere, off_zero, analytic=False, constants=({}, {"slope": 0.2}, {"slope": -1.0})
    ),
    "power": elementwise(
        positive, constants=tuple({"exponent": p} for p in (3.0, 2, 1, 0, 0.5, -1.5))
    ),
    "expm1": elementwise(anywhere),
    "log1p": elementwise(small),
    "sqrt": elementwise(positive),
    "sin": elementwise(anywhere),
    "cos": elementwise(anywhere),
    "tanh": elementwise(anywhere),
    "leaky_relu": elementwise(
        off_zero, analytic=False, constants=({"slope": 0.2}, {"slope": 0.0}, {"slope": -1})
    ),
    "abs": elementwise(off_zero, analytic=False),
    "maximum": elementwise(near(0.0), near(0.5), analytic=False),
    "minimum": elementwise(near(0.0), near(0.5), analytic=False),
    "clip": elementwise(off_pieces, analytic=False, constants=({"low": -1.0, "high": 1},)),
    "xlogy": elementwise(with_zeros, positive),
    "erf": elementwise(anywhere, analytic=False),
    "normal_cdf": elementwise(anywhere, analytic=False),
    "lgamma": elementwise(argument, analytic=False),
    "polygamma": elementwise(
        argument, analytic=False, constants=({"order": 1}, {"order": 0}, {"order": 2})
    ),
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
    "getitem": Entry(
        specs=getitems().map(lambda drawn: Spec((drawn[0],), {"index": drawn[1]})),
        typical=Spec(((3, 2, 3),), {"index": (slice(1, 3), ..., None, -1)}),
        empty=Spec(((0, 3),), {"index": (slice(None), 1)}),
        domains=(anywhere,),
    ),
    "put_back": Entry(
        specs=getitems().map(put_backs),
        typical=Spec(((2, 2, 1),), {"shape": (3, 2, 3), "index": (slice(1, 3), ..., None, -1)}),
        empty=Spec(((0,),), {"shape": (0, 3), "index": (slice(None), 1)}),
        domains=(anywhere,),
    ),
    "take": Entry(
        specs=takes().map(lambda drawn: Spec((drawn[0],), {"index": drawn[1], "axis": drawn[2]})),
        typical=Spec(((3, 2),), {"index": np.array([2, 0, 2, -1])}),
        empty=Spec(((3, 0),), {"index": np.array([[2, 0]]), "axis": 0}),
        domains=(anywhere,),
    ),
    "scatter_add": Entry(
        specs=takes().map(scatters),
        typical=Spec(((4, 2),), {"index": np.array([2, 0, 2, -1]), "axis": 0, "size": 3}),
        empty=Spec(((1, 2, 0),), {"index": np.array([[2, 0]]), "axis": 0, "size": 3}),
        domains=(anywhere,),
    ),
    "concat": Entry(
        specs=concats(),
        typical=Spec(((2, 3), (2, 1)), {"axis": -1}),
        empty=Spec(((0, 3), (2, 3)), {}),
        domains=(anywhere, anywhere),
    ),
    "max_over": Entry(
        specs=maxima(),
        typical=Spec(((2, 3, 2),), {"axes": (0, 2)}),
        empty=Spec(((0, 3),), {"axes": (1,)}),
        domains=(apart,),
        analytic=False,
    ),
    "logsumexp_over": Entry(
        specs=maxima(),
        typical=Spec(((2, 3, 2),), {"axes": (0, 2)}),
        empty=Spec(((0, 3),), {"axes": (1,)}),
        domains=(anywhere,),
    ),
    "cumsum": Entry(
        specs=cumsums(),
        typical=Spec(((2, 3),), {"axis": 1}),
        empty=Spec(((0, 3),), {"axis": 0}),
        domains=(anywhere,),
    ),
    "matmul": matrices("mk", "kn", domains=(anywhere, anywhere)),
    "solve": matrices("mm", "mn", domains=(dominant, anywhere)),
    "triangular_solve": matrices("mm", "mn", domains=(dominant, anywhere), lower=[True, False]),
    "cholesky": matrices("mm", domains=(dominant,), analytic=False),
    "logabsdet": matrices("mm", domains=(dominant,), analytic=False),
    "conv2d": convolution(convolved("xw"), anywhere, anywhere),
    "conv2d_x": convolution(convolved("gw", sized="x"), anywhere, anywhere),
    "conv2d_w": convolution(convolved("xg", sized="w"), anywhere, anywhere),
    "matmul_act": Entry(
        specs=st.builds(
            lambda slope, mkn: Spec((mkn[:2], mkn[1:], mkn[2:]), slope),
            st.sampled_from(SLOPES),
            sides(3, most=4),
        ),
        typical=Spec(((3, 4), (4, 2), (2,)), SLOPES[0]),
        empty=Spec(((0, 4), (4, 2), (2,)), SLOPES[0]),
        domains=(small, small, far_bias),
        analytic=False,
        others=tuple(Spec(((3, 4), (4, 2), (2,)), slope) for slope in SLOPES[1:]),
    ),
    "conv2d_act": convolution(convolved("xw", bias="o"), small, small, far_bias, constants=SLOPES),
    "conv2d_x_act": convolution(
        convolved("gw", sized="x", bias="c"), small, small, far_bias, constants=SLOPES
    ),
    "conv2d_behind": convolution(convolved("xwG"), anywhere, anywhere, off_zero, constants=SLOPES),
    "conv2d_x_behind": convolution(
        convolved("gwX", sized="x"), anywhere, anywhere, off_zero, constants=SLOPES
    ),
    "conv2d_gated": convolution(convolved("xXw"), anywhere, off_zero, anywhere),
    "conv2d_x_gated": convolution(convolved("gGw", sized="x"), anywhere, off_zero, anywhere),
    "conv2d_w_gated": either(
        *[
            convolution(
                convolved(f"xg{gate}", sized="w"), anywhere, anywhere, off_zero, constants=(on,)
            )
            for gate, on in (("G", {"on": "g"}), ("X", {"on": "x"}))
        ]
    ),
    "bias_gradient": Entry(
        specs=axial.map(lambda shape: Spec(((2, *shape), (2, *shape)), {})),
        typical=Spec(((2, 3, 2), (2, 3, 2)), {}),
        empty=Spec(((0, 3), (0, 3)), {}),
        domains=(anywhere, off_zero),
        analytic=False,
    ),
    "bernoulli_log_likelihood": images(slope=False),
    "bernoulli_slope": images(slope=True),
    "pairwise_gaussian": pairs(slopes=False),
    "pairwise_gaussian_slopes": pairs(slopes=True),
}


ENTRIES |= {
    "batch_moments": normalisation("x", anywhere),
    "batch_norm": normalisation(
        "xcc", anywhere, small, far_bias, epsilon=[0.1, 1e-3], slope=[0.2, 1.0, 0.0]
    ),
    "batch_norm_sums": normalisation("xx", anywhere, anywhere, epsilon=[0.1, 1e-3]),
    "batch_norm_x": normalisation("xxc", anywhere, anywhere, anywhere, epsilon=[0.1, 1e-3]),
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
