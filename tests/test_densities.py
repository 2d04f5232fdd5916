"""Densities in one pass against their loops in double precision, within what rounding allows.

The bounds (`kernel_bounds.py`) count roundings. Everything is compared in double precision; float32
inputs are exact in it.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_bounds import ULPS, grains, unit
from kernel_bounds import densities as bound
from strategies import PLACES, cpu_backends, examples, lay, seeds

from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import definition_densities as definition
from pydis.backends import use
from pydis.backends.kernels import DENSITIES
from pydis.probability import one_pass

Array = Any
SETS: list[str] = []
if find_spec("pydis._core") is not None:
    from compiled import ALIKE

    from pydis import _core

    SETS = _core.instruction_sets()

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
kernels = pytest.mark.parametrize("name", DENSITIES)


@pytest.fixture(params=[*cpu_backends("definition"), *SETS])
def machine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every backend, and `cpp` on every instruction set."""
    if request.param not in SETS:
        with use(request.param):
            yield request.param
        return
    before = _core.instruction_set()
    _core.use_instruction_set(request.param)
    with use("cpp"):
        yield request.param
    _core.use_instruction_set(before)


def drawn(name: str, sizes: tuple[int, int, int], seed: int, dtype: Any) -> list[Array]:
    """Inputs of a kernel: M examples, N Gaussians, D coordinates. y is what it would be."""
    (m, n, d), rng = sizes, np.random.default_rng(seed)
    shapes = {
        "bernoulli_log_likelihood": [(m, d), (m, d)],
        "bernoulli_slope": [(m,), (m, d), (m, d)],
        "pairwise_gaussian": [(m, d), (n, d), (n, d)],
        "pairwise_gaussian_slopes": [(m, 1 + d), (m, 1 + d), (m, d), (n, d), (n, d)],
    }[name]
    arrays = [(1.5 * rng.standard_normal(s)).astype(dtype) for s in shapes]
    if name == "pairwise_gaussian_slopes":
        arrays[1] = definition.pairwise_gaussian(*arrays[2:]).astype(dtype)
    return arrays


def compare(name: str, arrays: list[Array], op: Callable[..., Array] | None = None) -> None:
    """Raise AssertionError where the op is farther from the definition than rounding goes."""
    y = (op or PRIMITIVES[name])(*arrays)
    expected = getattr(definition, name)(*arrays)
    assert y.shape == expected.shape and y.dtype == arrays[0].dtype
    excess = abs(y - expected) - bound(name, arrays)
    assert np.all(excess <= 0), f"{name} is off by {excess.max():.1e} beyond the bound"


# Against the definition


@dtypes
@kernels
def test_densities_agree_with_their_loops(name: str, machine: str, dtype: Any) -> None:
    @examples(1)
    @given(
        sizes=st.tuples(*(st.sampled_from([0, 1, 2, 5, 16, 17, 33]) for _ in range(3))),
        seed=seeds,
        layouts=st.lists(st.sampled_from(PLACES), min_size=5, max_size=5),
    )
    def run(sizes: tuple[int, int, int], seed: int, layouts: list[str]) -> None:
        m, n, d = sizes
        arrays = drawn(name, (m, max(n, 1), min(d, 17)), seed, dtype)
        compare(name, [lay(a, layout) for a, layout in zip(arrays, layouts, strict=False)])

    run()


@dtypes
@kernels
def test_a_density_that_is_a_little_wrong_is_rejected(name: str, dtype: Any) -> None:
    arrays = drawn(name, (9, 7, 5), 0, dtype)
    compare(name, arrays)
    op = PRIMITIVES[name]
    for wrong in (1 + 2e3 * unit(dtype), -1):
        with pytest.raises(AssertionError, match="off by"):
            compare(name, arrays, lambda *a, wrong=wrong: wrong * op(*a))
    turned = [np.roll(a, 1, axis=0) if i == len(arrays) - 1 else a for i, a in enumerate(arrays)]
    with pytest.raises(AssertionError, match="off by"):
        compare(name, arrays, lambda *_: op(*turned))


def test_long_rows_in_single_precision(machine: str) -> None:
    """Rows of several groups and tasks, and one that is no multiple of anything."""
    rng = np.random.default_rng(0)
    for shape in ((3, 4096), (2, 20_001)):
        x = rng.integers(0, 2, shape).astype(np.float32)
        logits = (8 * rng.standard_normal(shape)).astype(np.float32)
        wide = logits.astype(np.float64)
        terms = x * wide - np.logaddexp(0, wide)
        y = one_pass.bernoulli_log_likelihood(x, logits)
        depth = 4 * ULPS + 3 + 64 + 4 + shape[1] / 1024  # roundings on the longest way to the sum
        assert np.all(
            abs(y - terms.sum(axis=1)) <= depth * unit(np.float32) * abs(terms).sum(axis=1)
        )


# What is not finite, and what is hardly anything


def special(dtype: Any) -> Array:
    """What arithmetic treats apart, of both signs; a sixteenth of the largest, since the bound has
    a few of them; and a logit whose exponential is below the least normal number."""
    info = np.finfo(dtype)
    low, least, most = (float(n) for n in (info.smallest_subnormal, info.smallest_normal, info.max))
    numbers = [np.nan, np.inf, 0.0, low, least / 9, least, most / 16, 1.0, -np.log(1e5 * low)]
    return np.array([*numbers, *(-n for n in numbers[1:])], dtype)


@dtypes
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_bits_and_logits_that_are_not_finite(machine: str, dtype: Any) -> None:
    """The same NaN and infinities, and the rest within the bound, cotangents included."""
    grid = [a.ravel() for a in np.meshgrid(*[special(dtype)] * 3)]
    g, x, logits = grid[0], grid[1][:, None], grid[2][:, None]
    for name, arrays in (
        ("bernoulli_log_likelihood", [x, logits]),
        ("bernoulli_slope", [g, x, logits]),
    ):
        y, expected = PRIMITIVES[name](*arrays), getattr(definition, name)(*arrays)
        finite = np.isfinite(expected.astype(dtype))
        np.testing.assert_array_equal(y[~finite], expected.astype(dtype)[~finite])
        room = bound(name, arrays) + grains(name, arrays)
        assert np.all(abs(y - expected)[finite] <= room[finite])


@dtypes
@pytest.mark.parametrize("small", ["cotangents", "bits", "logits"])
def test_bits_of_subnormal_numbers(small: str, machine: str, dtype: Any) -> None:
    """Cotangents or bits below the least normal number, or logits whose exp is, and results that
    tell. Bits tell where the logits are so low that their sigmoid is as small."""
    rng, info = np.random.default_rng(8), np.finfo(dtype)
    grain, least = float(info.smallest_subnormal), float(info.smallest_normal)
    for name in ["bernoulli_slope"] + ["bernoulli_log_likelihood"] * (small != "cotangents"):
        arrays = drawn(name, (9, 1, 21), 9, np.float64)
        x, logits = arrays[-2:]
        if small == "cotangents":
            arrays[0] *= 1e5 * grain
        else:
            logits[:] = np.log(1e4 * grain) + rng.uniform(0, 3, logits.shape)
            x *= 1e5 * grain if small == "bits" else 0
        arrays = [a.astype(dtype) for a in arrays]
        flushed = [np.where(abs(a) < least, 0, a).astype(dtype) for a in arrays]
        if small == "logits":
            flushed[-1] = arrays[-1] - dtype(50)
        y, expected = PRIMITIVES[name](*arrays), getattr(definition, name)(*arrays)
        room = bound(name, arrays) + grains(name, arrays)
        assert np.all(abs(y - expected) <= room)
        assert np.any(abs(PRIMITIVES[name](*flushed) - expected) > room), "zeros would do"


def ordinary(arrays: list[Array]) -> list[Array]:
    """For the bound: numbers under which a share is as good as none, or a y of −∞, whose shares
    count from 0."""
    return [
        np.nan_to_num(a, nan=0, posinf=700, neginf=0 if slot == len(arrays) - 4 else -700)
        for slot, a in enumerate(arrays)
    ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@dtypes
@pytest.mark.parametrize("gaussians", [1, 3, 16])
def test_pairs_that_are_not_finite(machine: str, gaussians: int, dtype: Any) -> None:
    """One special number among ordinary ones, in every input: the same NaN and infinities, and the
    rest within the bound."""
    for name in ("pairwise_gaussian", "pairwise_gaussian_slopes"):
        plain = drawn(name, (3, gaussians, 2), 1, dtype)
        for slot in range(len(plain)):
            for value in (np.nan, np.inf, -np.inf):
                arrays = [a.copy() for a in plain]
                arrays[slot][-1, -1] = value
                y, expected = PRIMITIVES[name](*arrays), getattr(definition, name)(*arrays)
                finite = np.isfinite(expected)
                np.testing.assert_array_equal(y[~finite], expected[~finite])
                room = np.nan_to_num(bound(name, ordinary(arrays)), nan=0, posinf=0)
                assert np.all(abs(y - expected)[finite] <= room[finite])
                assert finite.any() or gaussians == 1


@dtypes
@pytest.mark.parametrize("small", ["cotangents", "gaps", "precisions"])
def test_pairs_of_subnormal_numbers(small: str, machine: str, dtype: Any) -> None:
    """Cotangents, z − m, or exp(−log σ²) below the least normal number, and results that tell.

    A precision 1/σ² there is a whole number of the least numbers: off by that in place of u.
    """
    info, rng = np.finfo(dtype), np.random.default_rng(6)
    grain, least = float(info.smallest_subnormal), float(info.smallest_normal)
    names = ["pairwise_gaussian_slopes"] + ["pairwise_gaussian"] * (small == "precisions")
    for name in names:
        arrays = drawn(name, (9, 7, 5), 7, np.float64)
        z, mean, log_variance = arrays[-3:]
        scale = 1.0
        if small == "cotangents":
            arrays[0] *= 1e5 * grain
        elif small == "gaps":
            z *= 1e5 * grain
            mean *= 1e5 * grain
            log_variance[:] = 0.9 * np.log(least)
        else:
            z /= least**0.5
            mean /= least**0.5
            log_variance[:] = np.log(rng.uniform(10, 100, mean.shape)) - np.log(least)
            scale += grain / unit(dtype) / float(np.exp(-log_variance.max()))
        if name == "pairwise_gaussian_slopes":
            arrays[1] = definition.pairwise_gaussian(*arrays[2:])
        arrays = [a.astype(dtype) for a in arrays]
        flushed = [np.where(abs(a) < least, 0, a).astype(dtype) for a in arrays]
        if small == "precisions":
            flushed[-1] = arrays[-1] + dtype(10)
        y, expected = PRIMITIVES[name](*arrays), getattr(definition, name)(*arrays)
        room = scale * bound(name, arrays)
        assert np.all(abs(y - expected) <= room)
        assert np.any(abs(PRIMITIVES[name](*flushed) - expected) > room), "zeros would do"


def test_a_draw_far_from_everything(machine: str) -> None:
    """Densities below the range of numbers: their logarithms are not."""
    z, mean = np.full((1, 2), 1e3, np.float32), np.zeros((3, 2), np.float32)
    y = one_pass.pairwise_gaussian(z, mean, mean)
    compare("pairwise_gaussian", [z, mean, mean])
    assert np.all(np.isfinite(y)) and y[0, 0] < -9e5
    with np.errstate(under="ignore", divide="ignore"):  # the control: the plain form is −∞
        assert np.log(np.exp(-0.5 * (z - mean) ** 2).sum()) == -np.inf


# The same bits


@pytest.mark.skipif(not SETS, reason="pydis was installed without its compiled module")
@dtypes
@kernels
def test_threads_do_not_change_a_bit(name: str, dtype: Any) -> None:
    """Each of these is ten tasks and more."""
    sizes = (70, 20, 3000) if name.startswith("bernoulli") else (70, 20, 17)
    arrays = drawn(name, sizes, 2, dtype)
    results = set()
    with use("cpp"):
        before = _core.threads()
        try:
            for number in (1, 2, 3, 4, 8):
                _core.set_threads(number)
                results.add(PRIMITIVES[name](*arrays).tobytes())
        finally:
            _core.set_threads(before)
        assert len(results) == 1
        assert PRIMITIVES[name](*[np.nextafter(a, 9) for a in arrays]).tobytes() not in results


@pytest.mark.skipif("avx512" not in SETS, reason="this machine has no AVX-512 to compare with AVX2")
@dtypes
@kernels
def test_the_width_of_vectors_does_not_change_a_bit(name: str, dtype: Any) -> None:
    before, results = _core.instruction_set(), []
    try:
        for isa in ALIKE:
            _core.use_instruction_set(isa)
            with use("cpp"):
                results.append(
                    [PRIMITIVES[name](*drawn(name, s, 3, dtype)) for s in ((9, 33, 7), (5, 3, 2))]
                )
    finally:
        _core.use_instruction_set(before)
    for a, *others in zip(*results, strict=True):
        assert all(a.tobytes() == b.tobytes() for b in others)


@pytest.mark.skipif(not SETS, reason="pydis was installed without its compiled module")
def test_what_the_compiled_densities_do_not_take() -> None:
    x = np.ones((2, 3), np.float32)
    for wrong, kind, message in (
        (x.astype(np.float64), TypeError, "all alike"),
        (x[:1], ValueError, r"logits must have shape \(2, 3\), got \(1, 3\)"),
        (x[:, ::-1], ValueError, "C-contiguous"),
        (x[0], ValueError, "2 axes"),
    ):
        with pytest.raises(kind, match=message):
            _core.bernoulli(x, wrong)
    with pytest.raises(ValueError, match=r"expected mean of shape \(1 or more, 3\), got \(0, 3\)"):
        _core.pairwise_gaussian(x, x[:0], x[:0])
    with pytest.raises(ValueError, match=r"y must have shape \(2, 4\), got \(2, 3\)"):
        _core.pairwise_gaussian_slopes(np.ones((2, 4), np.float32), x, x, x, x)
