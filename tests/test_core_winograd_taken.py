"""Where convolutions by fewer products than terms are taken, and where they hand over.

`fewer_products.fewer` restates `has_fewer_products` of csrc/winograd.hpp: where it says so the bits
are others than those of the direct sums, elsewhere the same. Where a sum is not finite all are
taken again as they are written, be it for one of their numbers or for what these are spread to.
"""

from typing import Any

import numpy as np
import pytest
from compiled import SETS, instruction_set
from core_calls import Call
from fewer_products import fewer
from test_core_bits import digest
from test_core_winograd import (
    FACES,
    SIZES,
    Make,
    assert_within,
    compiled,
    direct,
    drawn,
    every_face,
    in_numpy,
)

Array = Any

# Numbers that are none, or too large


def spoiled(call: Call, name: str, values: tuple[float, ...], step: int) -> Call:
    """With such values in a row, `step` pixels apart, and the other operand small."""
    arrays = {k: a.copy() for k, a in call.arrays.items()}
    for other in {"x", "w", "g"} & arrays.keys() - {name}:
        arrays[other] *= np.float32(1e-3)
    array = arrays[name][..., 5] if name == "w" else arrays[name][0]
    for i, value in enumerate(values):
        array[1, step * i, 3] = value
    return call._replace(arrays=arrays)


def assert_handed_over(call: Call, make: Make, finite: bool) -> None:
    """Raise AssertionError unless the result is that of the direct sums, finite or not."""
    y = make(call)
    assert np.isfinite(y).all() == finite
    np.testing.assert_array_equal(y, direct(call))


SPOILED = [
    pytest.param(kernel, name, values, step, id=f"{kernel}-{name}-{values}-{step}")
    for kernel, names in zip(FACES, ("xw", "gw", "xg"), strict=True)
    for name in names
    for values, step in [
        ((np.nan,), 1),
        ((np.inf,), 1),
        ((-np.inf,), 1),
        # Neighbours in a phase, of maps in a tile: of pixels a difference is taken, of taps a sum.
        ((3e38, -3e38 if name == "x" or (kernel, name) == ("conv2d_x", "g") else 3e38),
         1 if name == "g" else 2),
    ]
]  # fmt: skip


@pytest.mark.parametrize(("kernel", "name", "values", "step"), SPOILED)
@pytest.mark.parametrize("sizes", [SIZES[0], SIZES[2], SIZES[3]])
def test_what_is_not_finite_is_summed_as_written(
    kernel: str, name: str, values: tuple[float, ...], step: int, sizes: tuple[int, ...]
) -> None:
    """So is what only spreading makes infinite."""
    call = spoiled(drawn(kernel, sizes), name, values, step)
    for name_of_set in SETS:
        with instruction_set(name_of_set):
            assert_handed_over(call, compiled, finite=len(values) > 1)


@pytest.mark.parametrize("kernel", ["conv2d", "conv2d_w"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_that_no_filter_reaches_is_in_no_sum(kernel: str, value: float) -> None:
    call = drawn(kernel, SIZES[2])
    call.arrays["x"][:, :, -1] = value
    y = compiled(call)
    call.arrays["x"][:, :, -1] = 0
    assert_within(call, y)


# Where they are taken

ELSEWHERE = [
    *((2, 8, 8, 4, 4, c, o, 2, 1) for c, o in [(31, 32), (16, 32), (32, 16), (32, 40), (33, 32)]),
    *((2, 9, 9, 4, 4, 32, 32, stride, 1) for stride in (1, 3)),
    *((2, 9, 9, *filters, 32, 32, 2, 1) for filters in [(3, 3), (4, 3), (3, 4), (5, 5), (2, 2)]),
    (2, 8, 8, 4, 4, 32, 32, 2, 4),
    *((2, side, side, 4, 4, 32, 32, 2, 1) for side in (4, 6, 10)),
    (1, 8, 514, 4, 4, 32, 32, 2, 1),
]
"""Other channels, steps, filters and borders; maps of 2 x 2, 3 x 3 and 5 x 5; a wide one."""


def assert_by_products(call: Call, make: Make, yes: bool) -> None:
    """Raise AssertionError unless these are other bits than those of the direct sums, or not."""
    assert fewer(*call) == yes
    assert (digest(make(call)) != digest(direct(call))) == yes


@every_face
def test_products_are_taken_where_they_are_meant_to(kernel: str) -> None:
    for name in SETS:
        with instruction_set(name):
            for sizes in SIZES:
                assert_by_products(drawn(kernel, sizes), compiled, yes=True)
                assert_by_products(drawn(kernel, sizes, dtype=np.float64), compiled, yes=False)
            for sizes in ELSEWHERE:
                assert_by_products(drawn(kernel, sizes), compiled, yes=False)
            few = drawn(kernel, (31, *SIZES[0][1:]), enough=False)
            assert_by_products(few, compiled, yes=kernel != "conv2d_w")


# Controls: kernels that these checks catch


@every_face
def test_products_that_are_not_taken_or_where_they_must_not_be_are_noticed(kernel: str) -> None:
    for make, sizes, yes in ((direct, SIZES[3], True), (in_numpy, ELSEWHERE[0], False)):
        with pytest.raises(AssertionError):
            assert_by_products(drawn(kernel, sizes), make, yes)


@pytest.mark.parametrize(("kernel", "name", "values", "step"), SPOILED)
def test_products_that_do_not_hand_over_are_noticed(
    kernel: str, name: str, values: tuple[float, ...], step: int
) -> None:
    call = spoiled(drawn(kernel, SIZES[0]), name, values, step)
    with pytest.raises(AssertionError):
        assert_handed_over(call, in_numpy, finite=len(values) > 1)
