"""Every primitive on every CPU backend: derivatives to second order, types, layouts, purity."""

from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import registry
from equations import verifies
from hypothesis import given
from registry import ENTRIES, Case, cases, fill, temporary
from strategies import cpu_backends, examples, seeds

from pydis.autodiff import Tensor, check_gradients, grad
from pydis.autodiff.check import GradientError
from pydis.autodiff.ops import exp, log, relu, sigmoid, softplus
from pydis.autodiff.primitive import PRIMITIVES, Fused
from pydis.backends import use

ANALYTIC = sorted(name for name, entry in ENTRIES.items() if entry.analytic)
FUSED_OPS = sorted(name for name, op in PRIMITIVES.items() if isinstance(op, Fused))
STEP = 1e-30
COMPLEX_TOLERANCE = 1e-12

primitives = pytest.mark.parametrize("name", sorted(ENTRIES))
backends = pytest.mark.parametrize("backend", cpu_backends())


def check(name: str, case: Case, rng: np.random.Generator, order: int = 2) -> int:
    op = partial(PRIMITIVES[name], **case.static)
    return check_gradients(op, case.arrays, rng=rng, order=order, name=name)


def gradients(op: Any, case: Case, seed: int) -> list[Any]:
    """The output of op, and the cotangents of the inputs for a random one of the output."""
    xs = [Tensor(a) for a in case.arrays]
    y = op(*xs, **case.static)
    y_bar = np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)
    return [y.data, *grad(y, xs, y_bar, allow_unused=True)]


# The registry


def test_every_primitive_has_an_entry_and_every_entry_a_primitive() -> None:
    assert registry.unmatched() == set()


def test_a_primitive_without_an_entry_is_noticed() -> None:
    with temporary(lambda k, x: x) as op:
        assert registry.unmatched() == {op.name}
    assert registry.unmatched() == set()


def test_an_entry_without_a_primitive_is_noticed() -> None:
    with patch.dict(ENTRIES, cube=ENTRIES["exp"]):
        assert registry.unmatched() == {"cube"}


def test_two_primitives_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="'exp' exists already"), temporary(exp.forward):
        pass


# Derivatives


@verifies("eq:adjoint", "pydis.autodiff.check.check_gradients")
@backends
@primitives
def test_gradients_to_second_order(name: str, backend: str) -> None:
    # The controls are in test_faults.py: wrong rules of every primitive, all rejected.
    @examples(1 if backend == "definition" else 2)
    @given(case=cases(ENTRIES[name]), seed=seeds)
    def run(case: Case, seed: int) -> None:
        with use(backend):
            compared = check(name, case, np.random.default_rng(seed))
        arguments = len(case.arrays)
        assert compared == 2 * arguments + 2 * (arguments + 1)

    run()


def complex_step(name: str, case: Case, seed: int) -> None:
    """<u, ∂f/∂x v> as the imaginary part of f(x + ihv) / h: no difference, so no cancellation."""
    op, rng = PRIMITIVES[name], np.random.default_rng(seed)
    y, *x_bars = gradients(op, case, seed)
    u = np.random.default_rng(seed).standard_normal(y.shape)
    for slot, x_bar in enumerate(x_bars):
        v = rng.standard_normal(x_bar.shape)
        moved = [a.astype(complex) for a in case.arrays]
        moved[slot] = moved[slot] + 1j * STEP * v
        left, right = u * op(*moved, **case.static).imag / STEP, x_bar * v
        size = np.sum(abs(left)) + np.sum(abs(right))
        assert abs(np.sum(left) - np.sum(right)) <= COMPLEX_TOLERANCE * size, (
            f"{name}, input {slot}"
        )


@backends
@pytest.mark.parametrize("name", ANALYTIC)
def test_complex_step_agrees_to_twelve_digits(name: str, backend: str) -> None:
    @examples(1)
    @given(case=cases(ENTRIES[name]), seed=seeds)
    def run(case: Case, seed: int) -> None:
        with use(backend):
            complex_step(name, case, seed)

    run()


def test_complex_step_sees_a_fault_that_differences_forgive() -> None:
    case = fill(ENTRIES["exp"], ENTRIES["exp"].typical, 0)
    almost = lambda y_bar, y, x: 1.0000000001 * (y * y_bar)
    complex_step("exp", case, 0)
    with patch.object(exp, "rule", almost):
        check("exp", case, np.random.default_rng(0))
        with pytest.raises(AssertionError, match="exp, input 0"):
            complex_step("exp", case, 0)


def test_the_report_names_order_argument_and_both_values() -> None:
    case = fill(ENTRIES["div"], ENTRIES["div"].typical, 0)
    rule = PRIMITIVES["div"].rule
    wrong = lambda y_bar, y, a, b: (rule(y_bar, y, a, b)[0], y_bar)
    with patch.object(PRIMITIVES["div"], "rule", wrong), pytest.raises(GradientError) as caught:
        check("div", case, np.random.default_rng(0))
    message = str(caught.value)
    assert message.startswith("div: ")
    assert "order 1, argument x1: numerical " in message
    assert ", analytical " in message
    assert "order 1, argument x0" not in message


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_is_rejected(wrong: float) -> None:
    rule = lambda y_bar, y, x: y_bar * np.full(y.shape, wrong)
    ignoring = np.errstate(invalid="ignore")
    with patch.object(exp, "rule", rule), ignoring, pytest.raises(GradientError):
        check("exp", fill(ENTRIES["exp"], ENTRIES["exp"].typical, 0), np.random.default_rng(0), 1)


def test_differences_refuse_single_precision() -> None:
    with pytest.raises(TypeError, match="differences need float64, received float32"):
        check_gradients(log, [np.ones(3, np.float32)], rng=np.random.default_rng(0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_and_softplus_neither_overflow_nor_lose_a_small_value(dtype: Any) -> None:
    # The plain forms 1 / (1 + exp(-x)) and log(1 + exp(x)) fail here: warnings are errors.
    x = np.array([-1000.0, -50.0, 0.0, 50.0, 1000.0], dtype)
    eps, small = 4 * float(np.finfo(dtype).eps), float(np.exp(-50.0))
    with np.errstate(under="ignore"):
        y, s = sigmoid(x), softplus(x)
        _, slope = gradients(softplus, Case([x], {}), 0)
    np.testing.assert_allclose(y, [0, small, 0.5, 1, 1], rtol=eps)
    np.testing.assert_allclose(s, [0, small, np.log(2), 50, 1000], rtol=eps)
    assert np.all(np.isfinite(slope))


# Types, layouts, purity


@backends
@primitives
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept_and_inputs_left_alone(name: str, backend: str, dtype: Any) -> None:
    op = PRIMITIVES[name]

    @examples(0.5)
    @given(drawn=cases(ENTRIES[name]), seed=seeds)
    def run(drawn: Case, seed: int) -> None:
        case = Case([a.astype(dtype) for a in drawn.arrays], drawn.static)
        before = [a.copy() for a in case.arrays]
        with use(backend):
            alone = op(*case.arrays, **case.static)
            y, *x_bars = gradients(op, case, seed)
        assert type(alone) is np.ndarray
        assert np.array_equal(alone, y)
        assert not alone.flags.writeable
        assert not y.flags.writeable
        for x, x_bar, old in zip(case.arrays, x_bars, before, strict=True):
            assert x_bar.dtype == dtype
            assert x_bar.shape == x.shape
            assert x.flags.writeable
            assert np.array_equal(x, old)
        assert y.dtype == dtype

    run()


@backends
@primitives
def test_no_elements_are_elements_enough(name: str, backend: str) -> None:
    case = fill(ENTRIES[name], ENTRIES[name].empty, 0)
    assert any(a.size == 0 for a in case.arrays) or 0 in case.static.get("shape", ())
    with use(backend):
        check(name, case, np.random.default_rng(0))
        y, *x_bars = gradients(PRIMITIVES[name], case, 0)
    assert y.size or not any(b.any() for b in x_bars)


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_samplers_reach_sizes_0_and_1_and_broken_layouts(name: str) -> None:
    seen: set[str] = set()
    full: list[bool] = []

    @examples(3)
    @given(case=cases(ENTRIES[name]))
    def run(case: Case) -> None:
        full.append(all(a.size for a in case.arrays))
        sizes = [n for a in case.arrays for n in a.shape]
        seen.update({"zero"} if 0 in sizes else (), {"one"} if 1 in sizes else ())
        seen.update({"strided"} if any(not a.flags.c_contiguous for a in case.arrays) else ())
        seen.update({"unequal"} if len({a.shape for a in case.arrays}) > 1 else ())

    run()
    assert seen >= {"zero", "one", "strided"}
    assert "unequal" in seen or len(ENTRIES[name].domains) == 1
    assert sum(full) > 0.6 * len(full)


# Fused kernels and the compositions that they equal


def general(name: str, case: Case, seed: int) -> Case:
    """The same shapes with values anywhere, so that relu opens pixel by pixel."""
    rng = np.random.default_rng(seed)
    return Case([rng.standard_normal(a.shape) for a in case.arrays], case.static)


@pytest.mark.parametrize("backend", cpu_backends("definition"))
@pytest.mark.parametrize("name", FUSED_OPS)
def test_a_fused_kernel_equals_its_meaning_in_value_and_gradient(name: str, backend: str) -> None:
    op = PRIMITIVES[name]
    assert isinstance(op, Fused)

    @examples(1)
    @given(drawn=cases(ENTRIES[name]), seed=seeds)
    def run(drawn: Case, seed: int) -> None:
        case = general(name, drawn, seed)
        with use(backend) as kernels:
            assert getattr(kernels, name) is not None
            fast = gradients(op, case, seed)
        with use(backend, **{name: None}):
            assert op(*map(Tensor, case.arrays), **case.static).node.op is relu
            slow = gradients(op, case, seed)
        for a, b in zip(fast, slow, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)

    run()


@pytest.mark.parametrize("name", FUSED_OPS)
def test_a_fused_kernel_is_called_where_it_exists(name: str) -> None:
    case = fill(ENTRIES[name], ENTRIES[name].typical, 0)
    with use("numpy", **{name: lambda *_: np.full((1,), 7.0)}):  # any other value would be noticed
        assert PRIMITIVES[name](*case.arrays, **case.static) == [7.0]
    with use("definition") as kernels:
        assert getattr(kernels, name) is None
        assert PRIMITIVES[name](*map(Tensor, case.arrays), **case.static).node.op is relu


# Shapes that do not fit: the message names the op and the shapes

MISFITS = [
    ("add", [(2, 3), (2, 4)], {}, r"add: shapes \(2, 3\) and \(2, 4\) do not broadcast"),
    ("matmul", [(2, 3), (4, 2)], {}, r"matmul: .* received \(2, 3\) and \(4, 2\)"),
    ("matmul", [(3,), (3, 2)], {}, r"matmul: .* received \(3,\) and \(3, 2\)"),
    ("matmul_relu", [(2, 3), (3, 4), (3,)], {}, r"matmul_relu: .* \(4,\), received \(3,\)"),
    ("matmul_relu", [(2, 3), (4, 4), (4,)], {}, r"matmul_relu: .* \(2, 3\) and \(4, 4\)"),
    ("sum_to", [(2, 3)], {"shape": (2, 2)}, r"sum_to: shape \(2, 2\) .* to \(2, 3\)"),
    ("sum_to", [(3,)], {"shape": (1, 3)}, r"sum_to: shape \(1, 3\) .* to \(3,\)"),
    ("conv2d", [(1, 4, 4), (2, 2, 1, 1)], {}, r"conv2d: .*four axes.*\(1, 4, 4\) and"),
    ("conv2d", [(1, 4, 4, 3), (2, 2, 1, 1)], {}, r"conv2d: .*\(1, 4, 4, 3\).* expect 1"),
    ("conv2d", [(1, 2, 4, 1), (3, 2, 1, 1)], {}, r"conv2d: .*3x2 .* 2x4 with pad 0"),
    ("conv2d", [(1, 4, 4, 1), (2, 2, 1, 1)], {"stride": 0}, "conv2d: .*stride 0, pad 0"),
    ("conv2d", [(1, 4, 4, 1), (2, 2, 1, 1)], {"pad": -1}, "conv2d: .*stride 1, pad -1"),
    ("conv2d", [(1, 4, 4, 1), (0, 2, 1, 1)], {}, "conv2d: .*filter 0x2"),
    ("conv2d_relu", [(1, 4, 4, 1), (2, 2, 1, 3), (2,)], {}, r"conv2d_relu: .*\(3,\).*\(2,\)"),
    ("conv2d_relu", [(1, 4, 4, 2), (2, 2, 1, 3), (3,)], {}, r"conv2d_relu: .*\(1, 4, 4, 2\)"),
    ("conv2d_x", [(1, 3, 3, 2), (2, 2, 1, 1)], {"size": (4, 4)}, r"conv2d_x: .*\(1, 3, 3, 2\)"),
    (
        "conv2d_x",
        [(1, 2, 3, 1), (2, 2, 1, 1)],
        {"size": (4, 4)},
        r"conv2d_x: .*\(3, 3\), .*\(2, 3\)",
    ),
    (
        "conv2d_x_relu",
        [(1, 3, 3, 1), (2, 2, 4, 1), (1,)],
        {"size": (4, 4)},
        r"conv2d_x_relu: .*\(4,\)",
    ),
    ("conv2d_w", [(2, 4, 4, 1), (3, 3, 3, 1)], {"size": (2, 2)}, "conv2d_w: 2 images, but 3 maps"),
    (
        "conv2d_w",
        [(2, 4, 4, 1), (2, 3, 3, 1)],
        {"size": (3, 3)},
        r"conv2d_w: .*\(2, 2\), .*\(3, 3\)",
    ),
    ("conv2d_w", [(2, 4, 4, 1), (2, 3, 3)], {"size": (2, 2)}, r"conv2d_w: .*four axes"),
]


@pytest.mark.parametrize(("name", "shapes", "static", "message"), MISFITS)
@pytest.mark.parametrize("wrap", [np.asarray, Tensor])
def test_shapes_that_do_not_fit(
    name: str, shapes: list[Any], static: dict[str, Any], message: str, wrap: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        PRIMITIVES[name](*[wrap(np.ones(s)) for s in shapes], **static)
