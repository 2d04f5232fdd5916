"""Activations and sums over rows: their loops, errors in the last place, bits, what is not finite.

relu, leaky relu and the gate are exact but for one rounding. Sigmoid and softplus are held to 2
units in the last place; over all float32 the worst is 1.957 and 1.547 (`reference/measure_ulps.py`
with AVX-512, 2^32 patterns each). A sum of n rows is off by at most n roundings of Σ |x|.
"""

import runpy
from collections.abc import Iterator
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import ALIKE, DTYPES, SETS, _core, instruction_set, threads
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kernel_bounds import maps, row_sums
from strategies import PLACES, cpu_backends, examples, lay, seeds

from pydis.autodiff import Tensor, grad, ops
from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import OPTIONAL, use
from pydis.backends import definition_channels as definition

Array = Any
MEASURE = runpy.run_path(str(Path(__file__).parent / "reference" / "measure_ulps.py"))
MAPS = tuple(name for name in OPTIONAL if name != "row_sums")
STATIC: dict[str, list[dict[str, float]]] = {
    "leaky_relu": [{"slope": 0.25}, {"slope": 0.0}, {"slope": -1.0}],
    "gate": [{}, {"slope": 0.25}],
}
CALLS = [(name, static) for name in MAPS for static in STATIC.get(name, [{}])]
dtypes = pytest.mark.parametrize("dtype", DTYPES)
calls = pytest.mark.parametrize(("name", "static"), CALLS)


@pytest.fixture(params=SETS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Backend cpp on each instruction set."""
    with instruction_set(request.param), use("cpp"):
        yield request.param


def drawn(name: str, shape: tuple[int, ...], seed: int, dtype: Any) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [(5 * rng.standard_normal(shape)).astype(dtype) for _ in range(1 + (name == "gate"))]


def defined(name: str, arrays: list[Array], static: dict[str, float]) -> Array:
    flat = getattr(definition, name)(*[a.reshape(-1) for a in arrays], **static)
    return flat.reshape(arrays[0].shape)


def apart(name: str, y: Array, expected: Array) -> Array:
    """How far y is beyond what it may be off."""
    return abs(y - expected) - maps(name, expected, y.dtype)


# Elementwise


@dtypes
@calls
def test_maps_agree_with_their_loops(name: str, static: Any, isa: str, dtype: Any) -> None:
    @examples(1)
    @given(
        shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=19),
        seed=seeds,
        layouts=st.lists(st.sampled_from(PLACES), min_size=2, max_size=2),
    )
    def run(shape: tuple[int, ...], seed: int, layouts: list[str]) -> None:
        arrays = drawn(name, shape, seed, dtype)
        y = PRIMITIVES[name](
            *[lay(a, layout) for a, layout in zip(arrays, layouts, strict=False)], **static
        )
        assert y.shape == shape and y.dtype == dtype and not y.flags.writeable
        assert np.all(apart(name, y, defined(name, arrays, static)) <= 0)

    run()


@calls
def test_a_map_that_is_a_little_wrong_is_rejected(name: str, static: Any) -> None:
    arrays = drawn(name, (40,), 0, np.float32)
    with use("cpp"):
        y = PRIMITIVES[name](*arrays, **static)
    expected = defined(name, arrays, static)
    assert np.all(apart(name, y, expected) <= 0)
    assert np.any(apart(name, y * np.float32(1 + 1e-6), expected) > 0)
    assert np.any(apart(name, np.roll(y, 1), expected) > 0)


def special(dtype: Any) -> Array:
    """What arithmetic treats apart, of both signs, and x whose exp x is near or below the least
    normal number."""
    info = np.finfo(dtype)
    low, least, most = (float(n) for n in (info.smallest_subnormal, info.smallest_normal, info.max))
    numbers = [np.nan, np.inf, 0.0, low, 1e5 * low, least / 2, least, 0.9 * most, 1.0]
    numbers += [-np.log(least), -np.log(1e5 * low)]
    return np.array([*numbers, *(-n for n in numbers[1:])], dtype)


@dtypes
@calls
def test_maps_of_what_is_not_finite(name: str, static: Any, isa: str, dtype: Any) -> None:
    """The same NaN and infinities; subnormals are read and made; in every lane of a vector."""
    one = special(dtype)
    pairs = [np.tile(one, len(one)), np.repeat(one, len(one))]
    arrays = pairs[: 1 + (name == "gate")]
    y, expected = PRIMITIVES[name](*arrays, **static), defined(name, arrays, static)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(y[~finite], expected[~finite])
    assert np.all(apart(name, y[finite], expected[finite]) <= 0)
    zeros = np.where(abs(y) < np.finfo(dtype).smallest_normal, 0, y)
    assert np.any(apart(name, zeros[finite], expected[finite]) > 0), "zeros would do"


FUNCTIONS = ("exp", "log", "sigmoid", "softplus")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_in_units_of_the_last_place(name: str, isa: str) -> None:
    """Every 4,099th float32, 10^6 of them; as many float64. The script measures all float32."""
    float32, _ = MEASURE["over_float32"](name, 4099)
    float64, _ = MEASURE["worst"](name, MEASURE["doubles"](10**6, 1), np.longdouble)
    assert 0.5 <= float32 <= 2
    assert 0.5 <= float64 <= 2


def test_three_units_too_many_are_noticed() -> None:
    x = np.linspace(-5, 5, 101, dtype=np.float32)
    exact = MEASURE["EXACT"]["softplus"](x.astype(np.float64))
    y = _core.softplus(x)
    assert np.max(MEASURE["ulps"](y, exact)) <= 2
    assert np.max(MEASURE["ulps"](np.nextafter(np.nextafter(y, 9), 9), exact)) > 2
    assert MEASURE["ulps"](np.float32([np.inf]), np.float64([1.0]))[0] > 2
    assert np.isnan(MEASURE["ulps"](np.float32([np.nan]), np.float64([1.0])))[0]


@pytest.mark.parametrize("name", MAPS)
def test_a_map_is_the_backends_own_and_can_be_switched_off(name: str) -> None:
    static = STATIC.get(name, [{}])[0]
    arrays = drawn(name, (5, 3), 1, np.float32)
    with use("cpp", **{name: lambda x, *_, **__: np.full_like(x, 7)}):
        assert np.all(PRIMITIVES[name](*arrays, **static) == 7)
        arrays64 = [a.astype(np.complex128) for a in arrays[:1]]  # for complex-step checks
        if name in ("sigmoid", "softplus"):
            assert not np.any(PRIMITIVES[name](*arrays64) == 7)
    with use("cpp", **{name: None}):
        off = PRIMITIVES[name](*arrays, **static)
    with use("definition"):
        np.testing.assert_array_equal(off, PRIMITIVES[name](*arrays, **static))


def test_the_derivative_of_leaky_relu_is_one_gate() -> None:
    x = Tensor(np.array([-2.0, -0.0, 0.0, 3.0]))
    y = ops.leaky_relu(x, slope=0.25)
    np.testing.assert_array_equal(grad(y, x, np.ones(4)), [0.25, 0.25, 0.25, 1])


# Sums over rows

SHAPES = [(1, 1), (7, 3), (63, 1), (130, 2), (1000, 3), (5, 200), (300, 64), (90, 65), (0, 4)]


def sums(kernel: str, x: Array, gate: Array) -> Array:
    arrays = (x,) if kernel == "row_sums" else (x, gate)
    return _core.row_sums(*arrays)


def assert_sums(kernel: str, x: Array, gate: Array) -> tuple[Array, Array]:
    """The sums are the loops', within the roundings of one chain of all rows."""
    plain = kernel == "row_sums"
    expected = definition.row_sums(x) if plain else definition.bias_gradient(x, gate)
    y, bound = sums(kernel, x, gate), row_sums(x, plain | (gate > 0), max(1, len(x)))
    assert y.shape == x.shape[1:] and y.dtype == x.dtype
    assert np.all(abs(y - expected) <= bound)
    return expected, bound


@dtypes
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kernel", ["row_sums", "bias_gradient"])
def test_sums_agree_with_their_loops(kernel: str, shape: Any, isa: str, dtype: Any) -> None:
    x, gate = drawn("gate", shape, 3, dtype)
    expected, bound = assert_sums(kernel, x, gate)
    if shape[0] > 1:  # the control: one row less
        assert np.any(abs(sums(kernel, x[1:], gate[1:]) - expected) > bound)


@dtypes
@pytest.mark.parametrize("kernel", ["row_sums", "bias_gradient"])
def test_sums_over_rows_of_any_shape(kernel: str, isa: str, dtype: Any) -> None:
    """Both sides of a line of 64 columns, of a vector, and of what a last row leaves over."""

    @examples(1)
    @given(
        rows=st.one_of(st.integers(0, 40), st.integers(0, 400)),
        cols=st.one_of(st.integers(0, 9), st.sampled_from([15, 16, 17, 31, 33, 63, 64, 65, 130])),
        seed=seeds,
    )
    def run(rows: int, cols: int, seed: int) -> None:
        rows = min(rows, 4000 // max(1, cols))
        assert_sums(kernel, *drawn("gate", (rows, cols), seed, dtype))

    run()


def test_a_long_column_keeps_its_digits(isa: str) -> None:
    """So many roundings as the header of row_sums.hpp says; one chain would have more."""
    n = 1 << 20
    x = np.full((n, 1), 0.1, np.float32)
    lines, fold = n // 64, 64
    roundings = 257 + log2(lines / 256) + log2(fold)
    exact, bound = x.sum(dtype=np.float64), row_sums(x, True, round(roundings))
    assert abs(_core.row_sums(x)[0] - exact) <= bound[0]
    assert abs(np.cumsum(x)[-1] - exact) > bound[0]


@dtypes
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_sum_with_what_is_not_finite(value: float, isa: str, dtype: Any) -> None:
    for row, column in ((0, 0), (699, 2), (350, 1)):
        x, gate = drawn("gate", (700, 3), 4, dtype)
        x[row, column] = value
        np.testing.assert_array_equal(np.isfinite(_core.row_sums(x)), np.arange(3) != column)
        assert str(_core.row_sums(x)[column]) == str(dtype(value))
        gate[row] = np.nan  # shut
        assert np.all(np.isfinite(_core.row_sums(x, gate)))


@dtypes
@pytest.mark.parametrize("kernel", ["row_sums", "bias_gradient"])
def test_sums_of_subnormal_numbers(kernel: str, isa: str, dtype: Any) -> None:
    """Whole multiples of the smallest number, below 2^24 in sum: no order rounds. A gate of one
    is open, and of minus one shut."""
    grain, rng = np.finfo(dtype).smallest_subnormal, np.random.default_rng(8)
    x = rng.integers(-4000, 4001, (700, 3)).astype(dtype) * grain
    gate = rng.integers(-1, 2, x.shape).astype(dtype) * grain
    expected = definition.row_sums(x) if kernel == "row_sums" else definition.bias_gradient(x, gate)
    np.testing.assert_array_equal(sums(kernel, x, gate), expected)
    assert np.all(expected != 0), "zeros would do"
    if kernel == "bias_gradient":
        assert np.all(sums(kernel, x, 0 * gate) == 0), "a gate that counts as zero is shut"


@pytest.mark.parametrize("backend", cpu_backends("definition"))
@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 1, 3)])
def test_sum_to_a_row(backend: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(5).integers(-9, 9, (4, 5, 3)).astype(np.float32)
    with use(backend):
        for layout in PLACES:
            y = ops.sum_to(lay(x, layout), shape=shape)
            np.testing.assert_array_equal(y, x.sum(axis=(0, 1)).reshape(shape))
        assert ops.sum_to(x[0, 0], shape=(3,)).shape == (3,)
    with use("cpp", row_sums=lambda x: np.full(3, 7, x.dtype)):
        assert np.all(ops.sum_to(x, shape=shape) == 7)
        assert not np.any(ops.sum_to(x, shape=(4, 1, 3)) == 7)


# Bits

LARGE = [(20_001, 1), (7000, 3), (300, 64), (2600, 65), (40, 1200)]
KERNELS = [*FUNCTIONS, "relu", "leaky_relu", "gate", "row_sums", "bias_gradient"]


def results(kernel: str, dtype: Any, core: Any = _core) -> list[bytes]:
    found = []
    for shape in LARGE:
        x, gate = drawn("gate", shape, 6, dtype)
        arrays = (x, gate) if kernel in ("gate", "bias_gradient") else (x,)
        constants = (0.3,) if kernel in ("gate", "leaky_relu") else ()
        name = "row_sums" if kernel == "bias_gradient" else kernel
        y = getattr(core, name)(*arrays, *constants)
        y[np.isnan(y)] = np.nan
        found.append(y.tobytes())
    return found


@dtypes
@pytest.mark.parametrize("kernel", KERNELS)
def test_threads_and_vector_width_do_not_change_a_bit(kernel: str, dtype: Any) -> None:
    found = {}
    for name in SETS:
        for number in (1, 2, 3, 4, 8):
            with instruction_set(name), threads(number):
                found[name, number] = results(kernel, dtype)
        assert all(found[name, number] == found[name, 1] for number in (2, 3, 4, 8))
    assert all(found[name, 1] == found[ALIKE[0], 1] for name in ALIKE)


def test_another_order_of_summation_is_noticed() -> None:
    x = np.random.default_rng(7).standard_normal((7000, 3)).astype(np.float32)
    assert _core.row_sums(x).tobytes() != _core.row_sums(x[::-1].copy()).tobytes()


@pytest.mark.parametrize(
    ("wrong", "kind", "message"),
    [
        (np.ones((4, 3)), TypeError, "all alike"),
        (np.ones((3, 4), np.float32), ValueError, r"must have shape \(4, 3\), got \(3, 4\)"),
        (np.ones((4, 6), np.float32)[:, ::2], ValueError, "C-contiguous"),
        (np.ones(12, np.float32), ValueError, "2 axes"),
    ],
)
def test_what_is_not_taken(wrong: Array, kind: type[Exception], message: str) -> None:
    x = np.ones((4, 3), np.float32)
    for call in (_core.gate, _core.row_sums):
        call(x, x)
        with pytest.raises(kind, match=message):
            call(x, wrong)
