"""Convolutions by fewer products than terms (csrc/winograd.hpp), and where they are not taken.

Each sum is held to the bound that `fewer_products.py` derives: γ_{K+10} times the sum of absolute
values through the same spreading and gathering. The direct way is reached by a mask of ones, which
changes no number and is not taken by products.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import fewer_products
import numpy as np
import pytest
from compiled import ALIKE, SETS, _core, instruction_set
from core_calls import Call, bent, conv_shapes, expected, numbers
from fewer_products import A, B, G, by_products, fewer
from test_core_bits import assert_same_on, assert_same_on_all_threads, several

Array = Any
Make = Callable[[Call], Array]
FACES = ("conv2d", "conv2d_x", "conv2d_w")
FINISHES: dict[str, tuple[tuple[str, ...], float | None]] = {
    "plain": ((), None),
    "bias, slope": (("bias",), 0.25),
    "behind": (("behind",), 0.25),
    "all": (("bias", "behind"), 0.0),
}

# (n, h, w, u, v, c, o, stride, pad): maps of 4 x 4, of 6 x 4, odd in one direction and in both;
# columns that no filter reaches; many images; an image of more tiles than a chunk; strips of 128
# tiles, and of 129 for conv2d_x.  For conv2d_w so many images more that their tiles are enough.
SIZES = [
    (1, 8, 8, 4, 4, 32, 32, 2, 1),
    (3, 12, 8, 4, 4, 32, 48, 2, 1),
    (3, 10, 9, 4, 4, 48, 32, 2, 0),
    (9, 13, 15, 4, 4, 32, 64, 2, 2),
    (3, 24, 25, 4, 4, 64, 32, 2, 3),
    (65, 8, 8, 4, 4, 32, 32, 2, 1),
    (9, 15, 16, 4, 4, 48, 48, 2, 1),
    (3, 35, 33, 4, 4, 32, 32, 2, 1),
    (1, 8, 510, 4, 4, 32, 32, 2, 1),
    (1, 6, 514, 4, 4, 32, 32, 2, 0),
]

every_face = pytest.mark.parametrize("kernel", FACES)
every_size = pytest.mark.parametrize("sizes", SIZES, ids=lambda s: "x".join(map(str, s)))


def drawn(
    kernel: str, sizes: tuple[int, ...], finish: str = "plain", kind: str = "normal",
    dtype: Any = np.float32, enough: bool = True,
) -> Call:  # fmt: skip
    rng = np.random.default_rng(sum(sizes))
    if kernel == "conv2d_w" and enough:
        tiles = prod(-(-((s + 2 * sizes[8] - 4) // 2 + 1) // 2) for s in sizes[1:3])
        sizes = (sizes[0] - 1 + -(-128 // tiles), *sizes[1:])
    shapes, static = conv_shapes(kernel, sizes)
    more, slope = FINISHES[finish]
    arrays = {
        name: numbers(rng, kind, shape, dtype)
        for name, shape in shapes.items()
        if name in ("x", "w", "g", *more)
    }
    return Call(kernel, arrays, static if slope is None else static | {"slope": slope})


def direct(call: Call) -> Array:
    """The result of the sums as they are written."""
    name, like = {"conv2d": ("mask", "x"), "conv2d_x": ("mask", "g"), "conv2d_w": ("x_mask", "x")}[
        call.kernel
    ]
    ones = np.ones_like(call.arrays[like])
    return call._replace(arrays=call.arrays | {name: ones}).on(_core)


def images(call: Call) -> int:
    return len(next(iter(call.arrays.values())))


def first(call: Call, number: int) -> Call:
    """The call for so many of its images."""
    arrays = {k: a[:number] if k in ("x", "g", "behind") else a for k, a in call.arrays.items()}
    return call._replace(arrays={k: np.ascontiguousarray(a) for k, a in arrays.items()})


def compiled(call: Call) -> Array:
    return call.on(_core)


# Right to a bound


def assert_within(call: Call, y: Array) -> None:
    """Raise AssertionError unless y is as near the sums in float64 as nine products bring it."""
    value, bound = expected(call)[0], fewer_products.bound(*call)
    assert y.shape == value.shape and y.dtype == np.float32
    if "behind" in call.arrays and not call.static["slope"]:
        bound = bent(bound, call.arrays["behind"], 0.0)
    assert np.all(abs(y - value) <= bound), (abs(y - value) / bound).max()


@pytest.mark.parametrize("finish", FINISHES)
@every_size
@every_face
def test_sums_are_right(kernel: str, sizes: tuple[int, ...], finish: str) -> None:
    if kernel == "conv2d_w" and finish != "plain":
        return
    call = drawn(kernel, sizes, finish)
    assert fewer(*call)
    for name in SETS:
        with instruction_set(name):
            assert_within(call, compiled(call))


@every_face
def test_the_direct_bound_holds_for_ordinary_numbers(kernel: str) -> None:
    """That of the sums as they are written; for filters where a tap has more than a few terms."""
    for sizes in SIZES:
        call = drawn(kernel, sizes)
        value, bound = expected(call, direct=True)
        for name in SETS:
            with instruction_set(name):
                off = (abs(compiled(call) - value) / bound).max()
            assert off <= 1, (sizes, off)


@every_face
def test_numbers_under_no_tap_leave_their_roundings(kernel: str) -> None:
    """Of sizes far apart, where one tap or map pixel is not zero: here the direct bound fails."""
    call = drawn(kernel, SIZES[3])
    pixels, other = list(call.arrays.values())[:2]
    pixels *= 10.0 ** np.random.default_rng(1).integers(0, 8, (*pixels.shape[1:3], 1))
    alone = np.zeros_like(other)
    at = np.s_[:, 1, 1] if kernel == "conv2d_w" else np.s_[0, 0]
    alone[at] = other[at]
    other[:] = alone
    assert_within(call, compiled(call))
    value, bound = expected(call, direct=True)
    assert np.any(abs(compiled(call) - value) > bound)
    assert np.all(abs(direct(call) - value) <= bound)


@every_size
@every_face
def test_whole_numbers_are_exact_and_zeros_positive(kernel: str, sizes: tuple[int, ...]) -> None:
    call = drawn(kernel, sizes, kind="whole")
    call.arrays[next(iter(call.arrays))][0] *= np.float32(-0.0)  # sums of zeros, too
    value = expected(call)[0].astype(np.float32)
    assert np.any(value == 0) and not np.any(np.signbit(value[value == 0]))
    for name in SETS:
        with instruction_set(name):
            assert compiled(call).tobytes() == value.tobytes() == direct(call).tobytes()


@every_face
def test_what_underflows_is_positive_zero(kernel: str) -> None:
    call = drawn(kernel, SIZES[0])
    for array in call.arrays.values():
        array *= np.float32(1e-30)
    for name in SETS:
        with instruction_set(name):
            y = compiled(call)
        assert not y.any() and not np.signbit(y).any()


# The same bits


@pytest.mark.parametrize("finish", ["plain", "all"])
@every_size
@every_face
def test_threads_do_not_change_a_bit(kernel: str, sizes: tuple[int, ...], finish: str) -> None:
    call = drawn(kernel, sizes, "plain" if kernel == "conv2d_w" else finish)
    for name in SETS:
        with instruction_set(name):
            assert_same_on_all_threads(lambda: compiled(call))


@several
@pytest.mark.parametrize("finish", ["plain", "all"])
@every_size
@every_face
def test_vector_width_does_not_change_a_bit(
    kernel: str, sizes: tuple[int, ...], finish: str
) -> None:
    call = drawn(kernel, sizes, "plain" if kernel == "conv2d_w" else finish)
    assert_same_on(ALIKE, lambda: compiled(call))


def assert_images_alone(call: Call, make: Make) -> None:
    """Raise AssertionError unless the first images' results are those without the others."""
    together = make(call)
    for number in (1, 2, 3, 7):
        assert make(first(call, number)).tobytes() == together[:number].tobytes(), number


@pytest.mark.parametrize("finish", FINISHES)
@pytest.mark.parametrize("sizes", [s for s in SIZES if s[0] >= 9])
@pytest.mark.parametrize("kernel", FACES[:2])
def test_an_image_does_not_know_of_others(kernel: str, sizes: tuple[int, ...], finish: str) -> None:
    for name in SETS:
        with instruction_set(name):
            assert_images_alone(drawn(kernel, sizes, finish), compiled)


# Controls: faults that these checks catch


def in_numpy(call: Call, **matrices: Array) -> Array:
    """The same nine products, which never hand over."""
    with np.errstate(all="ignore"):
        return by_products(*call, **matrices)


@pytest.mark.parametrize(("name", "matrix"), [("B", B), ("G", G), ("A", A)])
@every_face
def test_a_wrong_sign_or_a_missing_number_is_noticed(kernel: str, name: str, matrix: Array) -> None:
    call = drawn(kernel, SIZES[0])
    assert_within(call, in_numpy(call))
    for at in zip(*np.nonzero(matrix), strict=True):
        for factor in (-1, 0):
            wrong = matrix.copy()
            wrong[at] *= factor
            with pytest.raises(AssertionError):
                assert_within(call, in_numpy(call, **{name: wrong}))


@every_face
def test_a_number_beyond_the_bound_is_noticed(kernel: str) -> None:
    call = drawn(kernel, SIZES[0])
    y, bound = compiled(call), fewer_products.bound(*call)
    y.flat[y.size // 2] += 2.5 * bound.flat[y.size // 2]
    with pytest.raises(AssertionError):
        assert_within(call, y)


@every_face
def test_another_order_of_the_same_sums_is_noticed(kernel: str) -> None:
    """By the number of threads, the instruction set or the images."""
    call = drawn(kernel, SIZES[3])
    with pytest.raises(AssertionError):
        assert_same_on_all_threads(lambda: (compiled if _core.threads() < 8 else direct)(call))
    if len(ALIKE) > 1:
        other = ALIKE[-1]
        with pytest.raises(AssertionError):
            assert_same_on(
                ALIKE, lambda: (direct if _core.instruction_set() == other else compiled)(call)
            )
    if kernel != "conv2d_w":
        with pytest.raises(AssertionError):
            assert_images_alone(call, lambda k: (direct if images(k) < 3 else compiled)(k))
