"""What the compiled linear kernels do on the way in and out changes no bit of what lies between.

A gate gives the numbers of the kernel on a gated copy; bias and slope give those of two more passes
over its result. Equal numbers on every instruction set and number of threads, infinities
and numbers that are none among them, so no tolerance is needed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from compiled import _core
from hypothesis import given
from hypothesis import strategies as st
from strategies import Conv, convolutions, seeds

Array = Any
FEWER = [
    Conv(n=5, h=16, w=16, u=4, v=4, c=32, o=48, stride=2, pad=1),
    Conv(n=2, h=13, w=15, u=4, v=4, c=32, o=32, stride=2, pad=2),
]
"""What is summed by fewer products than terms, unless a gate stands on the way in."""
LARGE = [
    Conv(n=5, h=16, w=17, u=4, v=4, c=5, o=33, stride=2, pad=1),
    Conv(n=3, h=9, w=8, u=3, v=3, c=64, o=17, stride=1, pad=1),
    Conv(n=4, h=32, w=32, u=4, v=4, c=1, o=32, stride=2, pad=1),
    Conv(n=0, h=4, w=4, u=2, v=2, c=3, o=2, stride=1, pad=0),
]
SPECIAL = [np.nan, np.inf, -np.inf, 1e-45, 5e-324, 0.0, -0.0]
SLOPES = [None, 0.0, 0.25, 1.0]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(params=[(s, t) for s in _core.instruction_sets() for t in (1, 2, 4)], ids=str)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each instruction set with one, two and four threads."""
    before = _core.instruction_set(), _core.threads()
    _core.use_instruction_set(request.param[0])
    _core.set_threads(request.param[1])
    yield
    _core.use_instruction_set(before[0])
    _core.set_threads(before[1])


class Drawn:
    """The three slots of a convolution, a gate for two of them, a bias for each result."""

    def __init__(self, conv: Conv, seed: int, dtype: Any, special: bool) -> None:
        rng = np.random.default_rng(seed)

        def some(*shape: int) -> Array:
            a = rng.standard_normal(shape).astype(dtype)
            if special:
                with np.errstate(under="ignore"):
                    a[rng.random(shape) < 0.03] = np.asarray(rng.choice(SPECIAL), dtype)
            return a

        self.x, self.x_gate = some(*conv.image), some(*conv.image)
        self.g, self.g_gate = some(*conv.maps), some(*conv.maps)
        self.w, self.at = some(*conv.filters), (conv.stride, conv.pad)
        self.x_bias, self.g_bias = some(conv.c), some(conv.o)
        self.image, self.filters = (conv.h, conv.w), (conv.u, conv.v)


def gated(a: Array, y: Array) -> Array:
    return np.where(y > 0, a, np.zeros((), a.dtype))


def behind(z: Array, y: Array, slope: float) -> Array:
    return np.where(y > 0, z, z.dtype.type(slope) * z if slope else z.dtype.type(0))


def finished(y: Array, bias: Array, slope: float | None) -> Array:
    z = y + bias
    if slope is None:
        return z
    return np.where(z < 0, z.dtype.type(slope) * z if slope else z.dtype.type(0), z)


def pairs(d: Drawn, slope: float | None) -> Iterator[tuple[str, Array, Array]]:
    """What each kernel gives in one pass, and in several."""
    k, more = _core, {} if slope is None else {"slope": slope}
    y, x = k.conv2d(d.x, d.w, *d.at), k.conv2d_x(d.g, d.w, *d.image, *d.at)
    yield (
        "conv2d, gated",
        k.conv2d(d.x, d.w, *d.at, mask=d.x_gate),
        k.conv2d(gated(d.x, d.x_gate), d.w, *d.at),
    )
    yield (
        "conv2d_x, gated",
        k.conv2d_x(d.g, d.w, *d.image, *d.at, mask=d.g_gate),
        k.conv2d_x(gated(d.g, d.g_gate), d.w, *d.image, *d.at),
    )
    yield (
        "conv2d_w, maps gated",
        k.conv2d_w(d.x, d.g, *d.filters, *d.at, g_mask=d.g_gate),
        k.conv2d_w(d.x, gated(d.g, d.g_gate), *d.filters, *d.at),
    )
    yield (
        "conv2d_w, images gated",
        k.conv2d_w(d.x, d.g, *d.filters, *d.at, x_mask=d.x_gate),
        k.conv2d_w(gated(d.x, d.x_gate), d.g, *d.filters, *d.at),
    )
    yield (
        "conv2d, bias and slope",
        k.conv2d(d.x, d.w, *d.at, bias=d.g_bias, **more),
        finished(y, d.g_bias, slope),
    )
    yield (
        "conv2d_x, bias and slope",
        k.conv2d_x(d.g, d.w, *d.image, *d.at, bias=d.x_bias, **more),
        finished(x, d.x_bias, slope),
    )
    bend = slope or 0.0
    yield (
        "conv2d, behind",
        k.conv2d(d.x, d.w, *d.at, bias=d.g_bias, mask=d.x_gate, behind=d.g, **more),
        behind(k.conv2d(gated(d.x, d.x_gate), d.w, *d.at) + d.g_bias, d.g, bend),
    )
    yield (
        "conv2d, behind, read in place",
        k.conv2d(d.x, d.w, *d.at, behind=d.g, **more),
        behind(k.conv2d(d.x, d.w, *d.at), d.g, bend),
    )
    # Behind a gate, open or shut, images of few channels are summed as those of many are.
    x = k.conv2d_x(gated(d.g, d.g_gate), d.w, *d.image, *d.at, behind=np.ones_like(d.x))
    yield (
        "conv2d_x, behind",
        k.conv2d_x(d.g, d.w, *d.image, *d.at, bias=d.x_bias, mask=d.g_gate, behind=d.x, **more),
        behind(x + d.x_bias, d.x, bend),
    )
    rows, columns = d.g.reshape(-1, d.g.shape[3]), d.w.reshape(-1, d.g.shape[3]).T.copy()
    bias = np.resize(d.g_bias, columns.shape[1]) if d.g_bias.size else columns[0]
    yield (
        "matmul, bias and slope",
        k.matmul(rows, columns, bias=bias, **more),
        finished(k.matmul(rows, columns), bias, slope),
    )


IN_PLACE = ("conv2d, bias and slope", "conv2d_x, bias and slope", "conv2d, behind, read in place")


def check(d: Drawn, slope: float | None, special: bool) -> None:
    """Equal numbers; of special ones the kinds: an infinity at a border takes the loops' order."""
    with np.errstate(all="ignore"):
        for name, once, again in pairs(d, slope):
            if special and name.startswith("conv2d_w"):
                for kind in (np.isnan, np.isposinf, np.isneginf):
                    np.testing.assert_array_equal(kind(once), kind(again), err_msg=name)
                continue
            np.testing.assert_array_equal(once, again, err_msg=name, strict=True)


@dtypes
@pytest.mark.parametrize("conv", LARGE, ids=str)
@pytest.mark.parametrize("special", [False, True])
def test_one_pass_gives_the_numbers_of_several(
    machine: None, conv: Conv, special: bool, dtype: Any
) -> None:
    for seed, slope in enumerate(SLOPES):
        check(Drawn(conv, seed, dtype, special), slope, special)


@pytest.mark.parametrize("conv", FEWER, ids=str)
@pytest.mark.parametrize("special", [False, True])
def test_one_pass_of_fewer_products_gives_the_numbers_of_several(
    machine: None, conv: Conv, special: bool
) -> None:
    """With a gate on the way in the sums are taken as they are written, of special numbers too."""
    for seed, slope in enumerate(SLOPES):
        d = Drawn(conv, seed, np.float32, special)
        with np.errstate(all="ignore"):
            x = _core.conv2d_x(d.g, d.w, *d.image, *d.at)
            more = {} if slope is None else {"slope": slope}
            once = _core.conv2d_x(d.g, d.w, *d.image, *d.at, d.x_bias, behind=d.x, **more)
            again = behind(x + d.x_bias, d.x, slope or 0.0)
            np.testing.assert_array_equal(once, again, strict=True)
            for name, once, again in pairs(d, slope):
                if name in IN_PLACE:
                    np.testing.assert_array_equal(once, again, err_msg=name, strict=True)


@dtypes
@given(
    conv=convolutions(side=7, filter_side=4, channels=5).filter(lambda c: c.c and c.o),
    seed=seeds,
    slope=st.sampled_from(SLOPES),
    special=st.booleans(),
)
def test_in_any_geometry(
    dtype: Any, conv: Conv, seed: int, slope: float | None, special: bool
) -> None:
    check(Drawn(conv, seed, dtype, special), slope, special)


@dtypes
@pytest.mark.parametrize("conv", [*LARGE, *FEWER], ids=str)
def test_threads_change_no_bit(conv: Conv, dtype: Any) -> None:
    d, before = Drawn(conv, 0, dtype, special=False), _core.threads()
    results = []
    for number in (1, 2, 3, 4, 8):
        _core.set_threads(number)
        results.append([once.tobytes() for _, once, _ in pairs(d, 0.25)])
    _core.set_threads(before)
    assert results[1:] == results[:1] * 4


@pytest.mark.parametrize("fault", ["a gate", "a gate behind", "a bias", "a slope"])
def test_one_number_that_is_wrong_is_seen(fault: str) -> None:
    """One gate opened, one bias moved by a bit, another slope: the controls of the checks above."""
    d = Drawn(LARGE[0], 0, np.float32, special=False)
    if fault == "a gate":
        place = np.argwhere(d.g_gate <= 0)[0]
        shut = d.g_gate.copy()
        d.g_gate[tuple(place)] = 1.0
        open_ = _core.conv2d_x(d.g, d.w, *d.image, *d.at, mask=d.g_gate)
        assert not np.array_equal(open_, _core.conv2d_x(gated(d.g, shut), d.w, *d.image, *d.at))
        return
    y = _core.conv2d(d.x, d.w, *d.at)
    if fault == "a gate behind":
        shut = _core.conv2d(d.x, d.w, *d.at, behind=d.g)
        assert np.array_equal(shut, behind(y, d.g, 0.0))
        d.g[tuple(np.argwhere(d.g <= 0)[-1])] = 1.0
        assert not np.array_equal(shut, behind(y, d.g, 0.0))
        return
    once = _core.conv2d(d.x, d.w, *d.at, bias=d.g_bias, slope=0.25)
    bias = d.g_bias + (fault == "a bias") * np.float32(1e-3)
    other = finished(y, bias, 0.25 if fault == "a bias" else 0.26)
    assert not np.array_equal(once, other)
