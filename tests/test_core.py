"""The compiled module: that it is the one loaded, and that its products are right on every ISA."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import ALIKE, DTYPES, SETS, _core, gamma, instruction_set
from hypothesis import given
from hypothesis import strategies as st

FORMS = [(ta, tb) for ta in (False, True) for tb in (False, True)]


@pytest.fixture(params=SETS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each instruction set of this machine in turn."""
    with instruction_set(request.param):
        yield request.param


def stored(x: np.ndarray, transposed: bool) -> np.ndarray:
    return np.ascontiguousarray(x.T if transposed else x)


def product(a: np.ndarray, b: np.ndarray, ta: bool = False, tb: bool = False) -> np.ndarray:
    """A B by the kernel, for A and B given as they are in the formula."""
    return _core.matmul(stored(a, ta), stored(b, tb), ta, tb)


def assert_is_product(c: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """|C - AB| <= γ_K |A||B|, with the reference's own error in float64 on top."""
    depth = a.shape[1]
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    size = (np.abs(a64) @ np.abs(b64)) * (1 + gamma(depth + 2, np.float64))
    bound = (gamma(depth, c.dtype.type) + gamma(depth, np.float64)) * size
    assert c.shape == (a.shape[0], b.shape[1])
    assert c.dtype == a.dtype
    error = np.abs(c - a64 @ b64)
    assert np.all(error <= bound), f"largest excess {np.max(error - bound)}"


def normal(seed: int, *shape: int, dtype: type) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def test_the_compiled_module_is_loaded() -> None:
    assert Path(_core.__file__).suffix in (".so", ".pyd")


def test_build_information() -> None:
    info = _core.build_info()
    assert all(isinstance(value, str) for value in info.values())
    keys = {"build_type", "compiler", "cxx_flags", "cxx_standard", "pybind11", "version"}
    assert keys < set(info)
    assert int(info["cxx_standard"]) >= 202002
    assert info["compiler"].split()[0] in ("GNU", "Clang", "AppleClang")
    for name in SETS:
        assert "-ffast-math" not in info[f"flags_{name}"] + info["cxx_flags"]
        assert "-ffp-contract=off" in info[f"flags_{name}"].split()
        assert (f"-m{name}" in info[f"flags_{name}"]) == (name != "baseline")


def test_the_clock_of_kernels_runs_in_kernels_alone() -> None:
    def spent(call: Callable[[], object]) -> tuple[float, float]:
        before, began = _core.kernel_seconds(), time.perf_counter()
        call()
        return _core.kernel_seconds() - before, time.perf_counter() - began

    a = np.ones((200, 200), np.float32)
    inside, around = spent(lambda: _core.matmul(a, a))
    assert 0 < inside < around
    assert spent(lambda: time.sleep(0.01))[0] == 0
    with pytest.raises(ValueError, match="matmul"):
        _core.matmul(a, a[:3])


def test_instruction_sets() -> None:
    in_order = [name for name in ("baseline", "avx2", "avx512") if name in SETS]
    assert in_order == SETS
    assert SETS[0] == "baseline"


def test_choosing_an_instruction_set(isa: str) -> None:
    assert _core.instruction_set() == isa
    for wrong in ("sse9", "", "AVX2"):
        with pytest.raises(ValueError, match="available: " + ", ".join(SETS)):
            _core.use_instruction_set(wrong)
    assert _core.instruction_set() == isa


# Sizes on both sides of every vector, tile and block, and sizes in none of them.
SIZES = st.one_of(st.integers(0, 20), st.sampled_from([31, 32, 33, 63, 64, 65, 100]))
DEPTHS = st.one_of(SIZES, st.sampled_from([255, 256, 257, 513]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SETS)
@given(SIZES, SIZES, DEPTHS, st.integers(0, 2**32))
def test_product(
    name: str, form: tuple[bool, bool], dtype: type, rows: int, cols: int, depth: int, seed: int
) -> None:
    a, b = normal(seed, rows, depth, dtype=dtype), normal(seed + 1, depth, cols, dtype=dtype)
    with instruction_set(name):
        assert_is_product(product(a, b, *form), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(241, 129, 513), (64, 1024, 256), (500, 10, 256), (1, 300, 700)])
def test_large_product(
    isa: str, shape: tuple[int, int, int], form: tuple[bool, bool], dtype: type
) -> None:
    rows, cols, depth = shape
    a, b = normal(1, rows, depth, dtype=dtype), normal(2, depth, cols, dtype=dtype)
    assert_is_product(product(a, b, *form), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(7, 5, 3), (70, 45, 300), (250, 300, 260)])
def test_integers_are_exact(
    isa: str, shape: tuple[int, int, int], form: tuple[bool, bool], dtype: type
) -> None:
    """Small integers leave no rounding to hide behind: one wrong or missing term shows."""
    rows, cols, depth = shape
    rng = np.random.default_rng(3)
    a, b = rng.integers(-9, 10, (rows, depth)), rng.integers(-9, 10, (depth, cols))
    c = product(a.astype(dtype), b.astype(dtype), *form)
    np.testing.assert_array_equal(c, a @ b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_no_terms_sum_to_zero(isa: str, form: tuple[bool, bool], dtype: type) -> None:
    junk = np.full((6, 7), np.nan, dtype=dtype)  # so that fresh memory is unlikely to be zero
    del junk
    c = product(np.empty((6, 0), dtype), np.empty((0, 7), dtype), *form)
    np.testing.assert_array_equal(c, np.zeros((6, 7), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("cols", [3, 40])
def test_special_values_propagate(
    isa: str, special: float, cols: int, form: tuple[bool, bool], dtype: type
) -> None:
    """0 · ∞ and 0 · NaN are NaN: a zero term is not skipped. Other rows are untouched."""
    a, b = np.zeros((9, 300), dtype), normal(4, 300, cols, dtype=dtype)
    a[2, 257] = special
    b[257, 1] = 0
    c = product(a, b, *form)
    assert np.isnan(c[2, 1])
    rest = np.delete(c[2], 1)
    np.testing.assert_array_equal(rest, special * np.sign(np.delete(b[257], 1)))
    np.testing.assert_array_equal(np.delete(c, 2, axis=0), 0)

    a[2, 257], b[257, 1] = 0, special
    c = product(a, b, *form)
    assert np.all(np.isnan(c[:, 1]))
    np.testing.assert_array_equal(np.delete(c, 1, axis=1), 0)


@pytest.mark.skipif("avx512" not in SETS, reason="this machine has no AVX-512 to compare with AVX2")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1000), (13, 37, 29), (64, 256, 1024), (250, 70, 300), (40, 600, 257)]
)
def test_vector_width_does_not_change_a_bit(
    shape: tuple[int, int, int], form: tuple[bool, bool], dtype: type
) -> None:
    rows, cols, depth = shape
    a, b = normal(5, rows, depth, dtype=dtype), normal(6, depth, cols, dtype=dtype)
    results = {}
    for name in ALIKE:
        with instruction_set(name):
            results[name] = product(a, b, *form).tobytes()
    assert len(set(results.values())) == 1


@pytest.mark.parametrize("form", FORMS)
def test_form_does_not_change_a_bit(isa: str, form: tuple[bool, bool]) -> None:
    a, b = normal(7, 50, 300, dtype=np.float32), normal(8, 300, 45, dtype=np.float32)
    assert product(a, b, *form).tobytes() == product(a, b).tobytes()


def test_neighbours_do_not_change_a_bit(isa: str) -> None:
    """Each element is the same chain whichever tile it falls in."""
    a, b = normal(9, 50, 300, dtype=np.float32), normal(10, 300, 45, dtype=np.float32)
    whole = product(a, b)
    for i, j in [(0, 0), (7, 15), (8, 16), (47, 31), (49, 44)]:
        assert product(a[i : i + 1], b[:, j : j + 1])[0, 0] == whole[i, j]


def test_read_only_and_result() -> None:
    a, b = normal(11, 4, 5, dtype=np.float32), normal(12, 5, 6, dtype=np.float32)
    expected = product(a, b)
    a.flags.writeable = b.flags.writeable = False
    c = _core.matmul(a, b)
    np.testing.assert_array_equal(c, expected)
    assert c.flags.c_contiguous
    assert c.flags.writeable
    assert c.flags.owndata


GOOD = np.ones((4, 4), np.float32)


def misaligned() -> np.ndarray:
    return np.ones(17 * 4, np.uint8)[1:65].view(np.float32).reshape(4, 4)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (GOOD.astype(np.float64), TypeError, "all alike"),
        (GOOD.astype(np.float16), TypeError, "got float16"),
        (GOOD.astype(np.int32), TypeError, "got int32"),
        (GOOD.astype(np.complex64), TypeError, "got complex64"),
        (GOOD.astype(GOOD.dtype.newbyteorder()), TypeError, "native byte order"),
        (np.ma.masked_array(GOOD), TypeError, "plain numpy.ndarray"),
        (GOOD.tolist(), TypeError, "incompatible function arguments"),
        (None, TypeError, "incompatible function arguments"),
        (GOOD[0], ValueError, r"2 axes, got shape \(4,\)"),
        (GOOD[None], ValueError, r"2 axes, got shape \(1, 4, 4\)"),
        (np.float32(1)[...], ValueError, r"2 axes, got shape \(\)"),
        (np.asfortranarray(np.ones((4, 4), np.float32)), ValueError, "C-contiguous"),
        (np.ones((4, 8), np.float32)[:, ::2], ValueError, "C-contiguous"),
        (np.ones((8, 4), np.float32)[::2], ValueError, "C-contiguous"),
        (np.broadcast_to(np.float32(1), (4, 4)), ValueError, "C-contiguous"),
        (misaligned(), ValueError, "aligned"),
    ],
)
def test_what_is_not_taken(wrong: Any, error: type[Exception], message: str) -> None:
    _core.matmul(GOOD, GOOD)
    with pytest.raises(error, match=message):
        _core.matmul(wrong, GOOD)
    with pytest.raises(error, match=message):
        _core.matmul(GOOD, wrong)


@pytest.mark.parametrize("form", FORMS)
def test_shapes_that_do_not_fit(form: tuple[bool, bool]) -> None:
    a = stored(np.ones((2, 3), np.float32), form[0])
    b = stored(np.ones((5, 7), np.float32), form[1])
    received = "expected b of shape " + ("(N, 3)" if form[1] else "(3, N)") + f", got {b.shape}"
    with pytest.raises(ValueError, match=r"^matmul: a") as caught:
        _core.matmul(a, b, *form)
    assert str(a.shape) in str(caught.value)
    assert received in str(caught.value)


def test_a_product_too_large_to_address() -> None:
    a, b = np.empty((2**40, 0), np.float32), np.empty((0, 2**40), np.float32)
    with pytest.raises(ValueError, match="more elements than memory can address"):
        _core.matmul(a, b)
    # 2^61 elements fit in the index type, but their bytes do not.
    with pytest.raises(ValueError, match="more elements than memory can address"):
        _core.matmul(a, np.empty((0, 2**21), np.float32))


def test_an_empty_result_does_no_work() -> None:
    assert _core.matmul(np.empty((0, 2**40)), np.empty((2**40, 0))).shape == (0, 0)


def run_python(code: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter, away from the source tree."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )


SHOW = "from pydis import _core; print(_core.instruction_set())"


@pytest.mark.parametrize("name", SETS)
def test_environment_chooses(name: str, tmp_path: Path) -> None:
    done = run_python(SHOW, tmp_path, PYDIS_ISA=name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == name


def test_empty_environment_means_the_best(tmp_path: Path) -> None:
    done = run_python(SHOW, tmp_path, PYDIS_ISA="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == SETS[-1]


def test_environment_with_an_unknown_name(tmp_path: Path) -> None:
    code = (
        "try:\n import pydis._core\n"
        "except ImportError as error:\n print(error)\n"
        "else:\n print('imported')"
    )
    done = run_python(code, tmp_path, PYDIS_ISA="avx9000")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PYDIS_ISA: instruction set 'avx9000' is unknown or cannot run")
    assert done.stdout.strip().endswith("available: " + ", ".join(SETS))
