"""The bits of a result depend on neither the number of threads nor the width of a vector."""

from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from compiled import ALIKE, DTYPES, SETS, STRICT, _core, instruction_set, threads
from core_calls import KERNELS, Call, numbers
from hypothesis import given
from strategies import examples
from test_core_kernels import LARGE_CALLS, large_call

Array = Any
dtypes = pytest.mark.parametrize("dtype", DTYPES)
kernels = pytest.mark.parametrize("kernel", KERNELS)
THREADS = (1, 2, 3, 4, 8)


def digest(y: Array) -> str:
    """SHA-256 of an array."""
    return sha256(y.tobytes()).hexdigest()


def assert_same_on_all_threads(make: Callable[[], Array]) -> None:
    digests = {}
    for number in THREADS:
        with threads(number):
            digests[number] = digest(make())
    assert len(set(digests.values())) == 1, digests


def assert_same_on(names: list[str], make: Callable[[], Array]) -> None:
    """The same numbers on these instruction sets: NaN for NaN, whatever its sign and payload."""
    digests = {}
    for name in names:
        with instruction_set(name):
            y = make()
        y[np.isnan(y)] = np.nan
        digests[name] = digest(y)
    assert len(set(digests.values())) == 1, digests


def product(rows: int, cols: int, depth: int, form: tuple[bool, bool], dtype: Any) -> Call:
    rng = np.random.default_rng(rows + cols + depth)
    a, b = (
        numbers(rng, "normal", (rows, depth), dtype),
        numbers(rng, "normal", (depth, cols), dtype),
    )
    stored = [np.ascontiguousarray(x.T if t else x) for x, t in zip((a, b), form, strict=True)]
    static = {"transpose_a": form[0], "transpose_b": form[1]}
    return Call("matmul", {"a": stored[0], "b": stored[1]}, static)


PRODUCTS = [
    (rows, cols, depth, (ta, tb))
    for rows, cols, depth in [(500, 300, 300), (1, 1000, 700), (241, 129, 513), (1000, 1, 257)]
    for ta in (False, True)
    for tb in (False, True)
]


@dtypes
@kernels
def test_threads_do_not_change_a_bit(kernel: str, dtype: Any) -> None:
    @examples(2)
    @given(KERNELS[kernel].calls(dtype))
    def run(call: Call) -> None:
        for name in SETS:
            with instruction_set(name):
                assert_same_on_all_threads(lambda: call.on(_core))

    run()


@dtypes
@pytest.mark.parametrize("sizes", PRODUCTS)
def test_threads_do_not_change_a_bit_of_a_large_product(sizes: Any, dtype: Any) -> None:
    call = product(*sizes, dtype)
    for name in SETS:
        with instruction_set(name):
            assert_same_on_all_threads(lambda: call.on(_core))


@dtypes
@pytest.mark.parametrize(("kernel", "sizes", "gates"), LARGE_CALLS)
def test_threads_do_not_change_a_bit_of_large_images(
    kernel: str, sizes: tuple[int, ...], gates: str, dtype: Any
) -> None:
    call = large_call(kernel, sizes, dtype, gates)
    assert_same_on_all_threads(lambda: call.on(_core))


several = pytest.mark.skipif(
    len(ALIKE) < 2, reason="this machine has no AVX-512 to compare with AVX2"
)


@several
@dtypes
@kernels
def test_vector_width_does_not_change_a_bit(kernel: str, dtype: Any) -> None:
    @examples(4)
    @given(KERNELS[kernel].calls(dtype))
    def run(call: Call) -> None:
        assert_same_on(ALIKE, lambda: call.on(_core))

    run()


@several
@dtypes
@pytest.mark.parametrize(("kernel", "sizes", "gates"), LARGE_CALLS)
def test_vector_width_does_not_change_a_bit_of_large_images(
    kernel: str, sizes: tuple[int, ...], gates: str, dtype: Any
) -> None:
    call = large_call(kernel, sizes, dtype, gates)
    assert_same_on(ALIKE, lambda: call.on(_core))


@pytest.mark.parametrize("images", range(1, 10))
def test_what_underflows_is_positive_zero(images: int) -> None:
    """A fused product leaves -0, the zeros of a border +0: which of them must not show."""
    x = np.full((images, 4, 4, 2), -1e-30, np.float32)
    w = np.full((3, 3, 2, 5), 1e-30, np.float32)
    w[1] *= -1
    for pad in (0, 1, 4):
        for name in SETS:
            with instruction_set(name):
                y = _core.conv2d(x, w, 1, pad)
            assert not y.any() and not np.signbit(y).any(), (name, pad)


# Controls


def split_product(call: Call) -> Array:
    """A product whose depth is shared out among the threads: right, but not reproducible."""
    a, b = call.arrays["a"], call.arrays["b"]
    parts = np.array_split(np.arange(a.shape[1]), _core.threads())
    return sum(
        _core.matmul(np.ascontiguousarray(a[:, k]), np.ascontiguousarray(b[k])) for k in parts
    )


def test_a_sum_split_by_threads_is_noticed() -> None:
    call = product(30, 20, 300, (False, False), np.float32)
    assert_same_on_all_threads(lambda: call.on(_core))
    with pytest.raises(AssertionError):
        assert_same_on_all_threads(lambda: split_product(call))


@pytest.mark.skipif(len(SETS) == 1, reason="this machine has no AVX-512 to compare with AVX2")
def test_other_roundings_are_noticed() -> None:
    """Without a fused multiply-add every product is rounded: other bits, but in a strict build."""
    call = product(30, 20, 300, (False, False), np.float32)
    with nullcontext() if STRICT else pytest.raises(AssertionError):
        assert_same_on(["baseline", SETS[-1]], lambda: call.on(_core))
