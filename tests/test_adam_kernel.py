"""The compiled step of Adam against its formula in NumPy and its loop over numbers.

Both sides round m, v and θ a few times each; the bounds count these roundings and nothing else.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from adam_steps import CONSTANTS, assert_step, state
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
def test_what_is_not_finite_stays_so(isa: str) -> None:
    special = [np.nan, np.inf, -np.inf, 0.0, 1e-45, 3e38, 1.0]
    grid = np.array(np.meshgrid(*[special] * 3)).reshape(3, -1).astype(np.float32)
    arrays = [np.ones_like(grid[0]), grid[0], grid[1], abs(grid[2])]
    rule, late = Adam(2e-3), 10**9  # so late that the corrections are 1
    with use("numpy"):
        slow = rule.update(late, 2e-3, *arrays)
    with use("cpp"):
        fast = rule.update(late, 2e-3, *arrays)
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-37)
    assert np.isnan(fast[0]).any() and np.isfinite(fast[0]).any()


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
