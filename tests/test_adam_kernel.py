"""The compiled step of Adam against its formula in NumPy and its loop over numbers.

Both sides round m, v and θ a few times each; the bounds count these roundings and nothing else.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from adam_steps import CONSTANTS, assert_step, bounds, state
from hypothesis import given
from hypothesis import strategies as st
from strategies import PLACES, examples, lay, seeds
from test_densities import SETS, dtypes, unit

from pydis.autodiff import Tensor
from pydis.backends import load, use
from pydis.nn import Adam, AdamW, UpdateRule

if not SETS:
    pytest.skip("pydis was installed without its compiled module", allow_module_level=True)

from compiled import ALIKE

from pydis import _core

Array = Any


@pytest.fixture(params=SETS)
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _core.instruction_set()
    _core.use_instruction_set(request.param)
    yield request.param
    _core.use_instruction_set(before)


@dtypes
def test_a_step_is_its_formula(isa: str, dtype: Any) -> None:
    @examples(1)
    @given(
        size=st.sampled_from([0, 1, 7, 16, 33, 100]),
        seed=seeds,
        layouts=st.lists(st.sampled_from(PLACES), min_size=4, max_size=4),
    )
    def run(size: int, seed: int, layouts: list[str]) -> None:
        arrays = [lay(a, how) for a, how in zip(state(size, seed, dtype), layouts, strict=True)]
        before = [a.copy() for a in arrays]
        assert_step(load("cpp").adam(*arrays, *CONSTANTS), arrays)
        assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))

    run()


@dtypes
def test_a_step_that_is_a_little_wrong_is_rejected(dtype: Any) -> None:
    arrays = state(100, 0, dtype)
    right = load("cpp").adam(*arrays, *CONSTANTS)
    assert_step(right, arrays)
    for slot in range(3):
        wrong = [a * (1 + 40 * unit(dtype) * (i == slot)) for i, a in enumerate(right)]
        with pytest.raises(AssertionError):
            assert_step(tuple(a.astype(dtype) for a in wrong), arrays)
    for other in ((2e-3, 1.7, 0.9, 0.999, 1e-5), (2e-3, 1.7, 0.9, 0.9991, 1e-8)):
        with pytest.raises(AssertionError):
            assert_step(load("cpp").adam(*arrays, *other), arrays)


@dtypes
@pytest.mark.parametrize("rule", [Adam(0.02), AdamW(0.02, decay=0.3)], ids=lambda rule: rule.name)
def test_ten_steps_by_the_kernel_and_by_the_formula(isa: str, rule: UpdateRule, dtype: Any) -> None:
    """Of a parameter with two axes; 17 roundings a step and side, of θ and of the step."""

    def path(**switched: Any) -> Array:
        rng, parameters = np.random.default_rng(3), {"w": Tensor(np.ones((5, 7), dtype))}
        moments = rule.start(parameters)
        with use("cpp", **switched):
            for _ in range(10):
                g = {"w": rng.standard_normal((5, 7)).astype(dtype)}
                parameters, moments = rule.step(parameters, g, moments)
        return parameters["w"].data

    fast, slow = path(), path(adam=None)
    assert fast.shape == (5, 7) and fast.dtype == dtype
    assert np.all(abs(fast - slow) <= 2 * 10 * 2 * unit(dtype) + 2 * 17 * unit(dtype) * 10 * 0.02)
    called: list[int] = []
    with pytest.raises(ZeroDivisionError):
        path(adam=lambda *_: called.append(1) or 1 / 0)
    assert called == [1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@dtypes
def test_what_is_not_finite_stays_so(isa: str, dtype: Any) -> None:
    """As by the formula, which overflows where the kernel does; else within both sides' bounds."""
    info = np.finfo(dtype)
    special = [np.nan, np.inf, -np.inf, 0.0, 1e5 * info.smallest_subnormal, 0.9 * info.max, 1.0]
    grid = np.array(np.meshgrid(*[special] * 3)).reshape(3, -1).astype(dtype)
    arrays = [np.ones_like(grid[0]), grid[0], grid[1], abs(grid[2])]
    rate, _, *constants = CONSTANTS
    rule, late = Adam(rate, *constants), 10**9  # so late that the corrections are 1
    with use("numpy"):
        slow = rule.update(late, rate, *arrays)
    with use("cpp"):
        fast = rule.update(late, rate, *arrays)
    for a, b, error in zip(fast, slow, bounds(arrays, scale=1.0), strict=True):
        finite = np.isfinite(b)
        np.testing.assert_array_equal(a[~finite], b[~finite])
        assert np.all(abs(a - b)[finite] <= 2.02 * error[finite])
    assert np.isnan(fast[0]).any() and np.isfinite(fast[0]).any()


@dtypes
@pytest.mark.parametrize("small", ["weights", "moments"])
def test_subnormal_numbers(small: str, isa: str, dtype: Any) -> None:
    """θ below the least normal number, or g, m and v: read and made, within `bounds`.

    A θ at rest beside a v of 1 is given back as it is. A g² is zero there, and the step of a
    subnormal m is not, since it is divided by ε.
    """
    rng, grain = np.random.default_rng(5), float(np.finfo(dtype).smallest_subnormal)
    tiny = [1e5 * grain * rng.uniform(1, 10, 100) for _ in range(4)]
    still = [np.zeros(100), np.zeros(100), np.ones(100)]
    arrays = [tiny[0], *still] if small == "weights" else [np.zeros(100), *tiny[1:]]
    arrays = [a.astype(dtype) for a in arrays]
    flushed = [np.where(a < np.finfo(dtype).smallest_normal, 0, a).astype(dtype) for a in arrays]
    right = load("cpp").adam(*arrays, *CONSTANTS)
    assert_step(right, arrays)
    zeros = load("cpp").adam(*flushed, *CONSTANTS)
    for slot in range(1) if small == "weights" else range(3):
        wrong = (*right[:slot], zeros[slot], *right[slot + 1 :])
        with pytest.raises(AssertionError):  # the control: zeros would not do
            assert_step(wrong, arrays)


@dtypes
def test_neither_threads_nor_the_width_of_vectors_change_a_bit(dtype: Any) -> None:
    arrays = state(150_001, 4, dtype)
    before, results = (_core.instruction_set(), _core.threads()), set()
    try:
        for name in ALIKE:
            _core.use_instruction_set(name)
            for number in (1, 2, 3, 4, 8):
                _core.set_threads(number)
                results.add(b"".join(a.tobytes() for a in _core.adam(*arrays, *CONSTANTS)))
    finally:
        _core.use_instruction_set(before[0])
        _core.set_threads(before[1])
    assert len(results) <= 1
    moved = [*arrays[:3], np.nextafter(arrays[3], 9)]
    assert b"".join(a.tobytes() for a in _core.adam(*moved, *CONSTANTS)) not in results


def test_what_the_kernel_does_not_take() -> None:
    a = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"adam: g must have shape \(2, 3\), got \(3, 2\)"):
        _core.adam(a, a.T.copy(), a, a, *CONSTANTS)
    with pytest.raises(TypeError, match="adam: square must be float32 or float64"):
        _core.adam(a, a, a, a.astype(np.float64), *CONSTANTS)
    with pytest.raises(ValueError, match="adam: mean must be C-contiguous"):
        _core.adam(a, a, a[:, ::-1], a, *CONSTANTS)
