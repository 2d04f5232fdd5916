"""The kernels of batch normalisation against their loops in double precision.

The bounds are in `kernel_bounds.py`.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from compiled import ALIKE, DTYPES, SETS, _core, instruction_set, threads
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from kernel_bounds import normalisation
from strategies import PLACES, cpu_backends, examples, lay, seeds

from pydis.autodiff import Tensor, grad, ops
from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import definition_channels as definition
from pydis.backends import use
from pydis.backends.kernels import NORMALISATION
from pydis.nn import BatchNorm

Array = Any
EPSILON = 1e-3
SHAPES = [(1, 1), (2, 3), (9, 65), (33, 7), (130, 1), (70, 16), (5, 0)]

dtypes = pytest.mark.parametrize("dtype", DTYPES)
kernels = pytest.mark.parametrize("name", NORMALISATION)
shapes = pytest.mark.parametrize("shape", SHAPES)


@pytest.fixture(params=[*cpu_backends("definition"), *SETS])
def machine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every backend, and `cpp` on every instruction set."""
    if request.param in SETS:
        with instruction_set(request.param), use("cpp"):
            yield request.param
    else:
        with use(request.param):
            yield request.param


def drawn(name: str, shape: tuple[int, ...], seed: int, dtype: Any) -> list[Array]:
    """The inputs of a kernel, in its order; x has a mean that is not 0."""
    rng = np.random.default_rng(seed)
    x, g = 2 * rng.standard_normal(shape) + 3, rng.standard_normal(shape)
    w, b = rng.standard_normal((2, shape[-1]))
    slots = {"batch_moments": [x], "batch_norm": [x, w, b], "batch_norm_sums": [g, x]}
    return [a.astype(dtype) for a in slots.get(name, [g, x, w])]


def constants(name: str, slope: float) -> dict[str, float]:
    if name == "batch_moments":
        return {}
    return {"epsilon": EPSILON} | ({"slope": slope} if name == "batch_norm" else {})


def bound(name: str, arrays: list[Array]) -> Array:
    return normalisation(name, arrays, EPSILON)


def compare(name: str, arrays: list[Array], op: Any = None, slope: float = 1.0) -> None:
    """Raise AssertionError where the op is farther from the definition than rounding goes."""
    static = constants(name, slope)
    rows = [a.reshape(-1, a.shape[-1]) if a.ndim > 2 else a for a in arrays]
    expected = getattr(definition, name)(*rows, **static)
    y = (op or PRIMITIVES[name])(*arrays, **static)
    assert y.dtype == arrays[0].dtype
    assert y.shape == (
        arrays[0].shape if name in ("batch_norm", "batch_norm_x") else (2, *y.shape[1:])
    )
    excess = abs(y.reshape(expected.shape) - expected) - bound(name, rows)
    assert np.all(excess <= 0), f"{name} is off by {excess.max():.1e} beyond the bound"


@verifies("eq:batch-norm", "pydis.autodiff.ops.normalise.batch_norm")
@dtypes
@shapes
@kernels
def test_kernels_agree_with_their_loops(name: str, shape: Any, machine: str, dtype: Any) -> None:
    for slope in (1.0, 0.25, 0.0)[: 3 if name == "batch_norm" else 1]:
        compare(name, drawn(name, shape, 0, dtype), slope=slope)


@dtypes
@kernels
def test_any_shape_and_layout(name: str, machine: str, dtype: Any) -> None:
    @examples(1)
    @given(
        shape=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 9)),
        seed=seeds,
        layouts=st.lists(st.sampled_from(PLACES), min_size=3, max_size=3),
    )
    def run(shape: tuple[int, ...], seed: int, layouts: list[str]) -> None:
        arrays = drawn(name, shape, seed, dtype)
        compare(name, [lay(a, layout) for a, layout in zip(arrays, layouts, strict=False)])

    run()


@dtypes
@kernels
def test_a_kernel_that_is_a_little_wrong_is_rejected(name: str, dtype: Any) -> None:
    arrays, op = drawn(name, (33, 7), 1, dtype), PRIMITIVES[name]
    compare(name, arrays)
    eps = float(np.finfo(dtype).eps)
    for wrong in (lambda y: y * (1 + 2e3 * eps), lambda y: np.roll(y, 1, axis=-1)):
        with pytest.raises(AssertionError, match="off by"):
            compare(name, arrays, lambda *a, wrong=wrong, **k: wrong(op(*a, **k)).astype(dtype))
    short = [a[1:] if a.ndim > 1 else a for a in arrays]
    if name != "batch_norm" and name != "batch_norm_x":  # one value less
        with pytest.raises(AssertionError, match="off by"):
            compare(name, arrays, lambda *_, **k: op(*short, **k))


# A mean that is large beside the deviation


def shifted(rows: int) -> Array:
    """float32 with mean 10^4 and deviation 10^-2, some ten steps of float32 at 10^4."""
    rng = np.random.default_rng(2)
    return (1e4 + 1e-2 * rng.standard_normal((rows, 3))).astype(np.float32)


def test_a_large_mean_costs_no_digits_of_the_variance(machine: str) -> None:
    """μ is off by its own rounding and a little of the deviation; so σ² is right to 10^-3.

    NumPy adds 10^4 to 10^4 for the mean: there the mean is off by n roundings of it.
    """
    x, u = shifted(4096), 2.0**-24
    m = ops.batch_moments(x)
    wide = x.astype(np.float64)
    mean, variance = wide.mean(axis=0), wide.var(axis=0)
    if machine == "numpy":
        e = 4100 * u * mean
        assert np.all(abs(m[1] - variance) <= e**2 + 2 * 4101 * u * (variance + e**2))
        return
    deviation = np.sqrt(variance)
    e = u * mean + 300 * u * deviation
    assert np.all(abs(m[0] - mean) <= e)
    assert np.all(abs(m[1] - variance) <= 1e-3 * variance)
    y = ops.batch_norm(x, np.ones(3, x.dtype), np.zeros(3, x.dtype), epsilon=1e-12)
    normal = (wide - mean) / deviation
    assert np.all(abs(y - normal) <= 1.01 * e / deviation + 2e-3 * abs(normal))


def test_the_mean_of_squares_loses_them_all() -> None:
    """The control: Σ x²/n − μ² in float32 is not even near."""
    x = shifted(4096)
    naive = np.mean(x * x, axis=0) - np.mean(x, axis=0) ** 2
    assert np.all(abs(naive - x.astype(np.float64).var(axis=0)) > 1e-3)


# What is not finite, what is known, what is the same


@dtypes
@kernels
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_not_finite(name: str, machine: str, dtype: Any) -> None:
    """NaN and infinities are where the loops have them: in their channel and no other."""
    for value in (np.nan, np.inf, -np.inf):
        for slot, row in ((0, 0), (0, 129), (1, 77), (2, 0)):
            arrays = drawn(name, (130, 5), 3, dtype)
            if slot >= len(arrays):
                continue
            arrays[slot][(row, 2) if arrays[slot].ndim == 2 else 2] = value
            static = constants(name, 1.0)
            y, expected = (
                PRIMITIVES[name](*arrays, **static),
                getattr(definition, name)(*arrays, **static),
            )
            finite = np.isfinite(expected)
            np.testing.assert_array_equal(y[~finite], expected[~finite])
            assert np.all(np.isfinite(y[finite])) and np.all(np.isfinite(y[:, [0, 1, 3, 4]]))


@dtypes
@pytest.mark.parametrize("ordinary", [None, "x", "w"])
@kernels
def test_subnormal_numbers(name: str, ordinary: str | None, machine: str, dtype: Any) -> None:
    """All inputs but one are below the least normal number, and so are the results.

    In place of eps · |number| a rounding is off by half the smallest number. There are at most
    n + 9 on each side, and what is rounded is multiplied by at most 1/√ε = 32 then.
    """
    names = {"batch_norm": "xwb", "batch_norm_sums": "gx", "batch_norm_x": "gxw"}.get(name, "x")
    grain = float(np.finfo(dtype).smallest_subnormal)
    arrays = [
        (a if slot == ordinary else 1e5 * grain * a).astype(dtype)
        for slot, a in zip(names, drawn(name, (33, 7), 9, np.float64), strict=True)
    ]
    static = constants(name, 1.0)
    y, expected = PRIMITIVES[name](*arrays, **static), getattr(definition, name)(*arrays, **static)
    room = bound(name, arrays) + (33 + 9) * grain / EPSILON**0.5
    assert np.all(abs(y - expected) <= room)
    if name != "batch_norm_x" or ordinary == "w":  # else a product of two small ones is zero
        assert np.any(abs(expected) > room), "zeros would do"


@pytest.mark.parametrize("slope", [1.0, 0.25, 0.0])
def test_known_moments_change_no_bit(slope: float, machine: str) -> None:
    x, w, b = map(Tensor, drawn("batch_norm", (40, 3), 4, np.float32))
    g = np.random.default_rng(5).standard_normal((40, 3)).astype(np.float32)
    own = ops.batch_norm(x, w, b, epsilon=EPSILON, slope=slope)
    known = ops.batch_norm(x, w, b, epsilon=EPSILON, slope=slope, moments=ops.batch_moments(x.data))
    np.testing.assert_array_equal(own.data, known.data)
    for one, other in zip(grad(own, [x, w, b], g), grad(known, [x, w, b], g), strict=True):
        np.testing.assert_array_equal(one, other)
    wrong = ops.batch_norm(
        x, w, b, epsilon=EPSILON, slope=slope, moments=ops.batch_moments(x.data + 1)
    )
    assert not np.array_equal(own.data, wrong.data)


@pytest.mark.parametrize("backend", cpu_backends("definition"))
def test_the_layer_is_the_fused_op(backend: str) -> None:
    x, bn = drawn("batch_moments", (40, 3), 6, np.float32)[0], BatchNorm(3)
    called: list[str] = []

    def noted(kernel: Any, name: str, *args: Any) -> Array:
        called.append(name)
        return kernel(*args)

    with use(backend) as k:
        own = {name: partial(noted, getattr(k, name), name) for name in NORMALISATION}
    with use(backend, **own):
        t = Tensor(x)
        y, _ = bn(t, bn.start(), training=True)
        grad(y, [t, bn.w, bn.b], np.ones((40, 3), np.float32))
    assert called == ["batch_moments", "batch_norm", "batch_norm_sums", "batch_norm_x"]


LARGE = [(7000, 3), (20_001, 1), (300, 64), (2600, 65)]


def results(name: str, dtype: Any) -> list[bytes]:
    found = []
    for shape in LARGE:
        y = PRIMITIVES[name](*drawn(name, shape, 7, dtype), **constants(name, 0.25))
        found.append(y.tobytes())
    return found


@dtypes
@kernels
def test_threads_and_vector_width_do_not_change_a_bit(name: str, dtype: Any) -> None:
    found = {}
    with use("cpp"):
        for isa in SETS:
            for number in (1, 2, 3, 4, 8):
                with instruction_set(isa), threads(number):
                    found[isa, number] = results(name, dtype)
            assert all(found[isa, number] == found[isa, 1] for number in (2, 3, 4, 8))
        assert all(found[isa, 1] == found[ALIKE[0], 1] for isa in ALIKE)
    with use("numpy"):  # the control: another order of summation
        assert results(name, dtype) != found[SETS[-1], 1]


@pytest.mark.parametrize("name", NORMALISATION)
def test_shapes_that_do_not_fit(name: str) -> None:
    arrays, static = drawn(name, (4, 3), 8, np.float32), constants(name, 1.0)
    op = PRIMITIVES[name]
    none = [a[:0] if a.ndim == 2 else a for a in arrays]
    with pytest.raises(ValueError, match=f"{name}: expected values .* N > 0, received shape .0, 3"):
        op(*none, **static)
    for slot, a in enumerate(arrays[1:], 1):
        with pytest.raises(ValueError, match=f"^{name}: expected"):
            op(*arrays[:slot], a[:-1], *arrays[slot + 1 :], **static)
    if name == "batch_norm":
        for slope in (-0.1, 1.1, float("nan")):
            with pytest.raises(ValueError, match="slope from 0 to 1"):
                op(*arrays, epsilon=EPSILON, slope=slope)


def test_what_the_module_does_not_take() -> None:
    x, w, m = np.ones((4, 3), np.float32), np.ones(3, np.float32), np.ones((2, 3), np.float32)
    _core.batch_norm(x, w, w, m, EPSILON)
    for wrong, kind, message in (
        (w[:2], ValueError, r"w must have shape \(3\), got \(2,\)"),
        (w.astype(np.float64), TypeError, "all alike"),
        (np.ones(6, np.float32)[::2], ValueError, "C-contiguous"),
    ):
        with pytest.raises(kind, match=message):
            _core.batch_norm(x, wrong, w, m, EPSILON)
    with pytest.raises(ValueError, match="x must have rows"):
        _core.batch_moments(x[:0])
    with pytest.raises(ValueError, match="2 axes"):
        _core.batch_moments(w)
