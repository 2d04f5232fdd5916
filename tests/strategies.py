"""What the tests of the lower floors share: backends to run on, shapes, and memory layouts."""

import os
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pydis.backends import available, load

Array = Any
Shape = tuple[int, ...]

LAYOUTS = ("contiguous", "transposed", "strided", "reversed")
PLACES = (*LAYOUTS, "unaligned", "read-only")
"""What kernels are given; for derivatives the layouts will do."""

seeds = st.integers(0, 2**32 - 1)
seldom = st.sampled_from([False] * 7 + [True])
"""Size 0 is drawn seldom: an example without elements checks little but that nothing breaks."""

shapes = seldom.flatmap(
    lambda empty: hnp.array_shapes(min_dims=0, max_dims=3, min_side=1 - empty, max_side=3)
)

axial = seldom.flatmap(
    lambda empty: hnp.array_shapes(min_dims=1, max_dims=3, min_side=1 - empty, max_side=3)
)
"""The shapes that have an axis."""


def broadcastable(number: int) -> st.SearchStrategy[tuple[Shape, ...]]:
    """So many shapes that broadcast to one, sizes 0 and 1 among them."""
    return seldom.flatmap(
        lambda empty: hnp.mutually_broadcastable_shapes(
            num_shapes=number, min_dims=0, max_dims=3, min_side=1 - empty, max_side=3
        )
    ).map(lambda drawn: drawn.input_shapes)


@st.composite
def sides(draw: st.DrawFn, number: int, most: int) -> tuple[int, ...]:
    """So many sizes from 1 to `most`; seldom is one of them 0."""
    drawn = [draw(st.integers(1, most)) for _ in range(number)]
    if draw(seldom):
        drawn[draw(st.integers(0, number - 1))] = 0
    return tuple(drawn)


def broadcast_pairs() -> st.SearchStrategy[tuple[Shape, Shape]]:
    """A shape, and one that it broadcasts to."""
    drawn = broadcastable(2)
    return drawn.map(lambda shapes: (shapes[0], np.broadcast_shapes(*shapes)))


class Conv(NamedTuple):
    """The sizes of one convolution: images, filters, the channels of both sides, the maps made."""

    n: int
    h: int
    w: int
    u: int
    v: int
    c: int
    o: int
    stride: int
    pad: int

    @property
    def image(self) -> Shape:
        return self.n, self.h, self.w, self.c

    @property
    def filters(self) -> Shape:
        return self.u, self.v, self.c, self.o

    @property
    def maps(self) -> Shape:
        i = (self.h + 2 * self.pad - self.u) // self.stride + 1
        j = (self.w + 2 * self.pad - self.v) // self.stride + 1
        return self.n, i, j, self.o

    @property
    def constants(self) -> dict[str, int]:
        return {"stride": self.stride, "pad": self.pad}


@st.composite
def convolutions(draw: st.DrawFn, side: int = 4, filter_side: int = 3, channels: int = 2) -> Conv:
    """Rectangular images and filters, stride 1-3, pad 0-2; seldom no images or no channels."""
    stride, pad = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    h, w = draw(st.integers(1, side)), draw(st.integers(1, side))
    u, v = (draw(st.integers(1, min(filter_side, x + 2 * pad))) for x in (h, w))
    n, c, o = draw(sides(3, channels))
    return Conv(n, h, w, u, v, c, o, stride, pad)


def lay(array: Array, layout: str) -> Array:
    """The same elements, elsewhere in memory."""
    if layout == "transposed":
        return np.array(array.T, order="C").T
    if layout == "strided" and array.ndim:
        wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "reversed" and array.ndim:
        return np.array(array[::-1], order="C")[::-1]
    if layout == "unaligned" and array.size:
        memory = np.empty(array.nbytes + 1, np.uint8)[1:]
        memory[:] = np.frombuffer(array.tobytes(), np.uint8)
        return memory.view(array.dtype).reshape(array.shape)
    array = np.array(array)
    array.flags.writeable = layout != "read-only"
    return array


def cpu_backends(*without: str) -> list[Any]:
    """A test parameter for each CPU backend; a missing `cpp` is skipped unless it is required."""
    parameters = []
    for name in ("definition", "numpy", "cpp"):
        state = available()[name]
        required = name == "cpp" and os.environ.get("PYDIS_REQUIRE_CPP") == "1"
        missing = pytest.mark.skipif(not state.usable and not required, reason=state.reason)
        if name not in without:
            parameters.append(pytest.param(name, marks=missing))
    return parameters


def examples(share: float) -> Any:
    """So large a share of the examples that the Hypothesis profile asks for."""
    return settings(max_examples=max(1, round(share * settings().max_examples)))


_numpy = load("numpy")
GATED: dict[str, Any] = {
    "conv2d_gated": lambda x, y, w, *rest: _numpy.conv2d(_numpy.gate(x, y), w, *rest),
    "conv2d_x_gated": lambda g, y, w, *rest: _numpy.conv2d_x(_numpy.gate(g, y), w, *rest),
    "conv2d_w_gated": lambda x, g, y, on, *rest: (
        _numpy.conv2d_w(_numpy.gate(x, y), g, *rest)
        if on == "x"
        else _numpy.conv2d_w(x, _numpy.gate(g, y), *rest)
    ),
    "conv2d_behind": lambda x, w, y, slope, *rest: _numpy.gate(
        _numpy.conv2d(x, w, *rest), y, slope
    ),
    "conv2d_x_behind": lambda g, w, y, slope, *rest: _numpy.gate(
        _numpy.conv2d_x(g, w, *rest), y, slope
    ),
}
"""The gated kernels, which only the compiled backend has, composed of NumPy's."""
