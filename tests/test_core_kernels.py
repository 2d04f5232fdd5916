"""Every kernel of `pydis._core` against its sum in float64, on every instruction set.

HYPOTHESIS_PROFILE=deep draws 500 calls of each kernel and precision instead of 30.
"""

from typing import Any

import numpy as np
import pytest
from compiled import DTYPES, SETS, _core, instruction_set
from core_calls import KERNELS, Call, assert_right, conv_shapes, expected, numbers
from hypothesis import given
from hypothesis import strategies as st
from strategies import examples

Array = Any
dtypes = pytest.mark.parametrize("dtype", DTYPES)
kernels = pytest.mark.parametrize("kernel", KERNELS)


@dtypes
@kernels
def test_kernels_are_right(kernel: str, dtype: Any) -> None:
    """Odd sizes, NaN, infinities, subnormal numbers, signed zeros, empty arrays."""

    @examples(4)
    @given(KERNELS[kernel].calls(dtype))
    def run(call: Call) -> None:
        for name in SETS:
            with instruction_set(name):
                assert_right(call, call.on(_core))

    run()


# (n, h, w, u, v, c, o, stride, pad): bands of rows, in copies or in place; one pixel; long rows;
# fewer products than terms.
LARGE = [
    (1, 300, 200, 3, 3, 24, 5, 1, 1),
    (2, 150, 130, 4, 4, 3, 17, 2, 1),
    (9, 64, 60, 4, 4, 7, 33, 2, 1),
    (1, 1, 4000, 1, 5, 9, 8, 1, 0),
    (1, 4000, 1, 5, 1, 9, 8, 3, 0),
    (17, 33, 31, 5, 3, 2, 40, 3, 2),
    (5, 32, 32, 4, 4, 32, 48, 2, 1),
    (70, 15, 16, 4, 4, 48, 32, 2, 2),
]


def large_call(kernel: str, sizes: tuple[int, ...], dtype: Any, gates: str) -> Call:
    """With a bias; with gates on the way in ("mask"), on the way out ("behind") or none ("")."""
    rng = np.random.default_rng(sum(sizes))
    shapes, static = conv_shapes(kernel, sizes)
    arrays = {
        name: numbers(rng, "normal", shape, dtype)
        for name, shape in shapes.items()
        if not name.endswith(("mask", "behind")) or (gates and name.endswith(gates))
    }
    return Call(kernel, arrays, static | ({"slope": 0.25} if gates == "behind" else {}))


LARGE_CALLS = [
    pytest.param(
        kernel, sizes, gates,
        id=f"{kernel}-{'x'.join(map(str, sizes))}-{gates or 'open'}",
    )
    for kernel in ("conv2d", "conv2d_x", "conv2d_w")
    for sizes in LARGE
    for gates in ("", "mask", "behind")
    if (kernel, gates) != ("conv2d_w", "behind")
]  # fmt: skip


@dtypes
@pytest.mark.parametrize(("kernel", "sizes", "gates"), LARGE_CALLS)
def test_large_images(kernel: str, sizes: tuple[int, ...], gates: str, dtype: Any) -> None:
    call = large_call(kernel, sizes, dtype, gates)
    value, bound = expected(call)
    for name in SETS:
        with instruction_set(name):
            y = call.on(_core)
        assert y.shape == value.shape
        assert np.all(abs(y - value) <= bound), name


GIANT = 2**40
# One axis of the image and the filter as long as no memory is, and nothing to be added up.
GIANTS = [
    ("conv2d", (2, GIANT, 5, GIANT - 1, 2, 0, 3, 1, 0), (2, 2, 4, 3)),
    ("conv2d", (2, 3, GIANT, 2, GIANT - 3, 0, 3, 2, 1), (2, 2, 3, 3)),
    ("conv2d", (1, GIANT, 1, 1, 1, 0, 1, GIANT, 0), (1, 1, 1, 1)),
    ("conv2d_x", (2, 3, 4, GIANT, 2, 3, 0, 1, GIANT // 2), (2, 3, 4, 3)),
    ("conv2d_x", (2, 3, 4, GIANT, 2, 9, 0, 1, GIANT // 2), (2, 3, 4, 9)),
    ("conv2d_w", (0, GIANT, 4, 3, 2, 3, 4, 1, 0), (3, 2, 3, 4)),
    ("conv2d_w", (1, 0, GIANT, 3, 2, 3, 4, GIANT, 3), (3, 2, 3, 4)),
]


@dtypes
@pytest.mark.timeout(10)
@pytest.mark.parametrize(("kernel", "sizes", "shape"), GIANTS)
def test_arrays_without_elements_need_no_time(
    kernel: str, sizes: tuple[int, ...], shape: tuple[int, ...], dtype: Any
) -> None:
    """Their other sizes are bounded by nothing: the sum is empty, so the bias is left."""
    shapes, static = conv_shapes(kernel, sizes)
    shapes = {k: s for k, s in shapes.items() if not k.endswith("mask")}
    arrays = {k: np.full(s, -3, dtype) for k, s in shapes.items()}
    finish = {} if kernel == "conv2d_w" else {"slope": 0.5}
    for name in SETS:
        with instruction_set(name):
            y = Call(kernel, arrays, static | finish).on(_core)
        assert y.shape == shape
        assert np.all(y == (-1.5 if finish else 0))


@pytest.mark.timeout(10)
@dtypes
def test_a_border_wider_than_the_filter_costs_nothing(dtype: Any) -> None:
    """A filter of a million taps, of which one at a time is on the image of one pixel."""
    x, w = np.full((1, 1, 1, 1), 2, dtype), np.ones((1000, 1000, 1, 1), dtype)
    w[3, 5] = np.nan
    y = _core.conv2d(x, w, 1, 1000)
    assert y.shape == (1, 1002, 1002, 1)
    assert np.isnan(y[0, 997, 995, 0]) and np.isnan(y).sum() == 1
    assert np.nansum(y) == 2 * (1000 * 1000 - 1)


@dtypes
@kernels
def test_whole_numbers_are_exact_and_zeros_positive(kernel: str, dtype: Any) -> None:
    """A sum begins at +0, which no zero term makes negative."""

    @given(KERNELS[kernel].calls(dtype), st.integers(0, 2**32))
    def run(call: Call, seed: int) -> None:
        rng = np.random.default_rng(seed)
        arrays = {k: numbers(rng, "whole", a.shape, dtype) for k, a in call.arrays.items()}
        call = call._replace(arrays=arrays)
        value, _ = expected(call)
        for name in SETS:
            with instruction_set(name):
                y = call.on(_core)
            assert (y + 0.0).tobytes() == (value + 0.0).astype(dtype).tobytes()
            if call.static.get("slope") is None:
                assert not np.any(np.signbit(y[y == 0]))

    run()


# Controls: faults that these checks catch


def bordered(call: Call) -> Array:
    """conv2d that multiplies the zeros of a border."""
    p = call.static["pad"]
    x = np.pad(call.arrays["x"], ((0, 0), (p, p), (p, p), (0, 0)))
    return _core.conv2d(x, call.arrays["w"], call.static["stride"], 0)


def test_a_border_that_meets_infinity_is_noticed() -> None:
    x, w = np.ones((1, 4, 4, 2), np.float32), np.ones((3, 3, 2, 5), np.float32)
    call = Call("conv2d", {"x": x, "w": w}, {"stride": 1, "pad": 1})
    assert_right(call, bordered(call))
    w[0, 0, 1, 2] = np.inf
    assert_right(call, call.on(_core))
    with pytest.raises(AssertionError):
        assert_right(call, bordered(call))


GATES = {
    "turned round": lambda y: -y,
    "open at zero": lambda y: np.where(y == 0, 1, y).astype(y.dtype),
    "open at NaN": lambda y: np.where(np.isnan(y), 1, y).astype(y.dtype),
    "of the next number": lambda y: np.roll(y, 1),
    "not there": lambda y: None,
}
"""Other gates in the place of the one behind which a result should be."""


@dtypes
@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("fault", GATES)
@pytest.mark.parametrize("kernel", ["conv2d", "conv2d_x"])
def test_another_gate_is_noticed(
    kernel: str, fault: str, slope: float, loops: bool, dtype: Any
) -> None:
    """In the tiles, and in the loops that are taken where an infinity may meet the border."""
    shapes, static = conv_shapes(kernel, (2, 6, 5, 3, 2, 3, 4, 1, 1))
    rng = np.random.default_rng(0)
    arrays = {k: abs(numbers(rng, "normal", s, dtype)) for k, s in shapes.items()}
    behind = numbers(rng, "zeros", shapes["behind"], dtype)
    behind.flat[::7] = np.nan
    if loops:
        arrays["w"].flat[5] = np.inf
    call = Call(kernel, arrays | {"behind": behind}, static | {"slope": slope})
    assert_right(call, call.on(_core))
    other = call._replace(arrays=arrays | {"behind": GATES[fault](behind)})
    with pytest.raises(AssertionError):
        assert_right(call, other.on(_core))


@dtypes
@pytest.mark.parametrize("fault", ["a rounding too many", "a number moved", "a NaN", "an infinity"])
@kernels
def test_a_small_fault_is_noticed(kernel: str, fault: str, dtype: Any) -> None:
    sizes = (2, 6, 5, 3, 2, 3, 4, 1, 1)
    rng = np.random.default_rng(0)
    if kernel == "matmul":
        shapes, static = {"a": (6, 5), "b": (5, 7)}, {}
    else:
        shapes, static = conv_shapes(kernel, sizes)
    arrays = {k: abs(numbers(rng, "normal", s, dtype)) for k, s in shapes.items()}
    call = Call(kernel, arrays, static)
    y = call.on(_core)
    assert_right(call, y)
    _, bound = expected(call)
    at = y.size // 2
    y.flat[at] = {
        "a rounding too many": y.flat[at] + 2.5 * bound.flat[at],
        "a number moved": y.flat[at - 1],
        "a NaN": np.nan,
        "an infinity": np.inf,
    }[fault]
    with pytest.raises(AssertionError):
        assert_right(call, y)
