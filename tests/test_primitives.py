"""Every primitive on every CPU backend: derivatives to second order, types, layouts, purity."""

from functools import partial
from math import factorial
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import registry
from equations import verifies
from hypothesis import given
from registry import ENTRIES, Case, cases, fill, temporary
from strategies import GATED, cpu_backends, examples, seeds

from pydis.autodiff import Tensor, check_gradients, grad, ops
from pydis.autodiff.check import GradientError
from pydis.autodiff.ops import exp, log, sigmoid, softplus
from pydis.autodiff.primitive import PRIMITIVES, Fused
from pydis.backends import load, special, use

ANALYTIC = sorted(name for name, entry in ENTRIES.items() if entry.analytic)
ALIKE = {"bernoulli_log_likelihood", "bias_gradient"}
"""Ops that refuse inputs of different shapes, see MISFITS."""
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
    assert "unequal" in seen or len(ENTRIES[name].domains) == 1 or name in ALIKE
    assert sum(full) > 0.6 * len(full)


# Fused kernels and the compositions that they equal


def general(name: str, case: Case, seed: int) -> Case:
    """The same shapes with values anywhere, so that relu opens pixel by pixel."""
    rng = np.random.default_rng(seed)
    return Case([rng.standard_normal(a.shape) for a in case.arrays], case.static)


def test_every_fused_op_has_a_kernel_somewhere() -> None:
    assert {name for name in FUSED_OPS if getattr(load("numpy"), name)} | set(GATED) == set(
        FUSED_OPS
    )


@pytest.mark.parametrize(
    ("backend", "name"),
    [("numpy", name) for name in FUSED_OPS if name not in GATED]
    + [
        pytest.param(*backend.values, name, marks=backend.marks)
        for name in FUSED_OPS
        for backend in cpu_backends("definition", "numpy")
    ],
)
def test_a_fused_kernel_equals_its_meaning_in_value_and_gradient(name: str, backend: str) -> None:
    op = PRIMITIVES[name]
    assert isinstance(op, Fused)

    @examples(1)
    @given(drawn=cases(ENTRIES[name]), seed=seeds)
    def run(drawn: Case, seed: int) -> None:
        case = general(name, drawn, seed)
        with use(backend) as kernels:
            assert getattr(kernels, name) is not None
            assert op(*map(Tensor, case.arrays), **case.static).node.op is op
            fast = gradients(op, case, seed)
        with use(backend, **{name: None}):
            assert op(*map(Tensor, case.arrays), **case.static).node.op is not op
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
        op = PRIMITIVES[name]
        assert op(*map(Tensor, case.arrays), **case.static).node.op is not op


# Shapes that do not fit: the message names the op and the shapes

RELU = {"slope": 0.0}
MISFITS = [
    ("add", [(2, 3), (2, 4)], {}, r"add: shapes \(2, 3\) and \(2, 4\) do not broadcast"),
    ("matmul", [(2, 3), (4, 2)], {}, r"matmul: .* received \(2, 3\) and \(4, 2\)"),
    ("matmul", [(3,), (3, 2)], {}, r"matmul: .* received \(3,\) and \(3, 2\)"),
    ("matmul_act", [(2, 3), (3, 4), (3,)], RELU, r"matmul_act: .* \(4,\), received \(3,\)"),
    ("matmul_act", [(2, 3), (4, 4), (4,)], RELU, r"matmul_act: .* \(2, 3\) and \(4, 4\)"),
    ("matmul_act", [(2, 3), (3, 4), (4,)], {"slope": 1.5}, r"matmul_act: .* slope .*received 1.5"),
    ("bias_gradient", [(2, 3), (3,)], {}, r"bias_gradient: .* gate .*\(2, 3\), received \(3,\)"),
    ("bias_gradient", [(3,), (3,)], {}, r"bias_gradient: expected .*, received shape \(3,\)"),
    ("sum_to", [(2, 3)], {"shape": (2, 2)}, r"sum_to: shape \(2, 2\) .* to \(2, 3\)"),
    ("sum_to", [(3,)], {"shape": (1, 3)}, r"sum_to: shape \(1, 3\) .* to \(3,\)"),
    ("conv2d", [(1, 4, 4), (2, 2, 1, 1)], {}, r"conv2d: .*four axes.*\(1, 4, 4\) and"),
    ("conv2d", [(1, 4, 4, 3), (2, 2, 1, 1)], {}, r"conv2d: .*\(1, 4, 4, 3\).* expect 1"),
    ("conv2d", [(1, 2, 4, 1), (3, 2, 1, 1)], {}, r"conv2d: .*3x2 .* 2x4 with pad 0"),
    ("conv2d", [(1, 4, 4, 1), (2, 2, 1, 1)], {"stride": 0}, "conv2d: .*stride 0, pad 0"),
    ("conv2d", [(1, 4, 4, 1), (2, 2, 1, 1)], {"pad": -1}, "conv2d: .*stride 1, pad -1"),
    ("conv2d", [(1, 4, 4, 1), (0, 2, 1, 1)], {}, "conv2d: .*filter 0x2"),
    ("conv2d_act", [(1, 4, 4, 1), (2, 2, 1, 3), (2,)], RELU, r"conv2d_act: .*\(3,\).*\(2,\)"),
    ("conv2d_act", [(1, 4, 4, 2), (2, 2, 1, 3), (3,)], RELU, r"conv2d_act: .*\(1, 4, 4, 2\)"),
    (
        "conv2d_act",
        [(1, 4, 4, 1), (2, 2, 1, 3), (3,)],
        {"slope": -0.1},
        r"conv2d_act: expected a slope from 0 to 1, received -0.1",
    ),
    (
        "conv2d_gated",
        [(1, 4, 4, 1), (1, 4, 4, 2), (2, 2, 1, 3)],
        {},
        r"conv2d_gated: expected a gate of shape \(1, 4, 4, 1\)",
    ),
    (
        "conv2d_x_gated",
        [(1, 3, 3, 1), (1, 3, 3, 2), (2, 2, 4, 1)],
        {"size": (4, 4)},
        r"conv2d_x_gated: expected a gate of shape \(1, 3, 3, 1\)",
    ),
    (
        "conv2d_w_gated",
        [(2, 4, 4, 1), (2, 3, 3, 1), (2, 4, 4, 1)],
        {"size": (2, 2), "on": "g"},
        r"conv2d_w_gated: expected a gate of shape \(2, 3, 3, 1\)",
    ),
    (
        "conv2d_w_gated",
        [(2, 4, 4, 1), (2, 3, 3, 1), (2, 3, 3, 1)],
        {"size": (2, 2), "on": "y"},
        r"conv2d_w_gated: expected a gate on 'x' or 'g', received 'y'",
    ),
    ("conv2d_x", [(1, 3, 3, 2), (2, 2, 1, 1)], {"size": (4, 4)}, r"conv2d_x: .*\(1, 3, 3, 2\)"),
    (
        "conv2d_x",
        [(1, 2, 3, 1), (2, 2, 1, 1)],
        {"size": (4, 4)},
        r"conv2d_x: .*\(3, 3\), .*\(2, 3\)",
    ),
    (
        "conv2d_x_act",
        [(1, 3, 3, 1), (2, 2, 4, 1), (1,)],
        {"size": (4, 4)} | RELU,
        r"conv2d_x_act: .*\(4,\)",
    ),
    ("conv2d_w", [(2, 4, 4, 1), (3, 3, 3, 1)], {"size": (2, 2)}, "conv2d_w: 2 images, but 3 maps"),
    (
        "conv2d_w",
        [(2, 4, 4, 1), (2, 3, 3, 1)],
        {"size": (3, 3)},
        r"conv2d_w: .*\(2, 2\), .*\(3, 3\)",
    ),
    ("conv2d_w", [(2, 4, 4, 1), (2, 3, 3)], {"size": (2, 2)}, r"conv2d_w: .*four axes"),
    (
        "bernoulli_log_likelihood",
        [(2, 3), (1, 3)],
        {},
        r"bernoulli_log_likelihood: x of shape \(2, 3\), logits of shape \(1, 3\)",
    ),
    ("bernoulli_slope", [(1,), (2, 3), (2, 3)], {}, r"bernoulli_slope: g of shape \(1,\) for 2"),
    ("pairwise_gaussian", [(2, 3), (0, 3), (0, 3)], {}, r"with N > 0, received \(2, 3\), \(0, 3\)"),
    ("pairwise_gaussian", [(2, 3), (4, 2), (4, 2)], {}, r"received \(2, 3\), \(4, 2\), \(4, 2\)"),
    (
        "pairwise_gaussian_slopes",
        [(2, 4), (2, 3), (2, 3), (4, 3), (4, 3)],
        {},
        r"expected \[M, 1 \+ D\] twice, .* received \(2, 4\), \(2, 3\)",
    ),
]


@pytest.mark.parametrize(("name", "shapes", "static", "message"), MISFITS)
@pytest.mark.parametrize("wrap", [np.asarray, Tensor])
def test_shapes_that_do_not_fit(
    name: str, shapes: list[Any], static: dict[str, Any], message: str, wrap: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        PRIMITIVES[name](*[wrap(np.ones(s)) for s in shapes], **static)


# Values, where a derivative check would not see a wrong one


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(0.3, 0.7, shape)


MASK = np.array([[True, False, True], [False, False, True]])
COMPOSED: dict[str, tuple[Any, Any, list[tuple[int, ...]]]] = {
    "square": (ops.square, np.square, [(2, 3)]),
    "digamma": (ops.digamma, lambda x: special.polygamma(0, x), [(2, 3)]),
    "where": (partial(ops.where, MASK), partial(np.where, MASK), [(2, 3), (3,)]),
    "var": (partial(ops.var, axis=-1), partial(np.var, axis=-1), [(2, 3)]),
    "max": (partial(ops.max, axis=0), partial(np.max, axis=0), [(2, 3)]),
    "max of all": (ops.max, np.max, [(2, 3)]),
    "max, axes kept": (partial(ops.max, keepdims=True), partial(np.max, keepdims=True), [(2, 3)]),
    "logsumexp": (ops.logsumexp, lambda x: np.log(np.sum(np.exp(x))), [(2, 3)]),
    "softmax": (ops.softmax, lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True), [(2, 3)]),
    "log_softmax": (
        partial(ops.log_softmax, axis=0),
        lambda x: x - np.log(np.exp(x).sum(0)),
        [(2, 3)],
    ),
    "average_pool": (
        partial(ops.average_pool, size=2),
        lambda x: (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4,
        [(2, 4, 2, 3)],
    ),
    "pad": (
        lambda x: ops.pad(x, ((1, 0), (2, 1))),
        lambda x: np.pad(x, ((1, 0), (2, 1))),
        [(2, 3)],
    ),
    "crop": (lambda x: ops.crop(x, ((1, 0), (0, 2))), lambda x: x[1:, :-2], [(2, 3)]),
    "split": (lambda x: ops.split(x, [1, 2], axis=-1)[1], lambda x: x[:, 1:], [(2, 3)]),
    "stack": (partial(ops.stack, axis=-1), lambda a, b: np.stack([a, b], -1), [(2, 3), (2, 3)]),
    "slogdet": (  # far from singular: differences err by powers of the inverse
        lambda x: ops.slogdet(x + np.eye(3, dtype=x.dtype))[1],
        lambda x: np.linalg.slogdet(x + np.eye(3))[1],
        [(2, 3, 3)],
    ),
    "[]": (lambda x: x[1:3, ..., None], lambda x: x[1:3, ..., None], [(3, 2)]),
    "**": (lambda x: x**-2, lambda x: x**-2, [(2, 3)]),
    "abs": (abs, abs, [(2, 3)]),
}
NOTATIONS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,kj->ki": [(2, 3), (4, 3)],
    "nik,nkj->jni": [(2, 3, 4), (2, 4, 2)],
    "i,j->ij": [(2,), (3,)],
    "ij,ij->": [(2, 3), (2, 3)],
    "bhqd,bkhd->bhqk": [(2, 2, 3, 2), (2, 4, 2, 2)],
    "i,i->i": [(3,), (3,)],
}
for notation, of_shapes in NOTATIONS.items():
    COMPOSED[notation] = (
        partial(ops.einsum, notation),
        lambda a, b, n=notation: np.einsum(n, a, b),
        of_shapes,
    )


@pytest.mark.parametrize("name", COMPOSED)
def test_a_composed_op_is_its_formula_and_differentiable(name: str) -> None:
    op, formula, of_shapes = COMPOSED[name]
    arrays = [drawn(*shape, seed=i) for i, shape in enumerate(of_shapes)]
    y = op(*map(Tensor, arrays))
    np.testing.assert_allclose(y.data, formula(*arrays), rtol=1e-13, atol=1e-15)
    assert op(*[Tensor(a.astype(np.float32)) for a in arrays]).dtype == np.float32
    check_gradients(op, arrays, rng=np.random.default_rng(0), name=name)


def naive_scatter(g: Any, index: Any, axis: int, size: int) -> Any:
    """Slice by slice, by loops."""
    y = np.zeros((*g.shape[:axis], size, *g.shape[axis + index.ndim :]))
    for place in np.ndindex(index.shape):
        before = (slice(None),) * axis
        y[(*before, index[place])] += g[before + place]
    return y


@backends
def test_scatter_add_adds_up_and_solves_solve(backend: str) -> None:
    scatter, solve = PRIMITIVES["scatter_add"], PRIMITIVES["triangular_solve"]

    @examples(1)
    @given(scattered=cases(ENTRIES["scatter_add"]), solved=cases(ENTRIES["triangular_solve"]))
    def run(scattered: Case, solved: Case) -> None:
        with use(backend):
            y = scatter(*scattered.arrays, **scattered.static)
            x = solve(*solved.arrays, **solved.static)
        expected = naive_scatter(*scattered.arrays, **scattered.static)
        np.testing.assert_allclose(y, expected, rtol=1e-14, atol=1e-14)
        (t, b), triangle = solved.arrays, np.tril if solved.static["lower"] else np.triu
        np.testing.assert_allclose(triangle(t) @ x, b + 0 * x, rtol=1e-12, atol=1e-12)

    run()


def test_cholesky_is_a_root_of_the_symmetric_part() -> None:
    (a,) = fill(ENTRIES["cholesky"], ENTRIES["cholesky"].typical, 0).arrays
    l = ops.cholesky(a)
    np.testing.assert_allclose(l @ l.T, (a + a.T) / 2, rtol=1e-14)
    assert np.array_equal(l, np.tril(l))
    sign, size = ops.slogdet(np.diag([2.0, -3.0]))
    assert sign == -1.0 and size == pytest.approx(np.log(6), rel=1e-15)


# log √π, −γ, −γ − 2 log 2, π²/6, π²/2, −2 ζ(3), π⁴/15, and values from tables.
SPECIAL = [
    (special.erf, 0.5, 0.52049987781304654),
    (special.erf, -2.0, -0.99532226501895273),
    (special.gammaln, 0.5, 0.57236494292470009),
    (special.gammaln, 10.5, 13.940625219403763),
    (partial(special.polygamma, 0), 1.0, -0.57721566490153286),
    (partial(special.polygamma, 0), 0.5, -1.9635100260214235),
    (partial(special.polygamma, 1), 1.0, 1.6449340668482264),
    (partial(special.polygamma, 1), 0.5, 4.9348022005446793),
    (partial(special.polygamma, 2), 1.0, -2.4041138063191886),
    (partial(special.polygamma, 3), 1.0, 6.4939394022668291),
]


@pytest.mark.parametrize(("function", "x", "expected"), SPECIAL)
def test_special_functions_at_known_places(function: Any, x: float, expected: float) -> None:
    assert function(np.array([x]))[0] == pytest.approx(expected, rel=2e-15)


@pytest.mark.parametrize("n", range(5))
def test_polygamma_obeys_recurrence_and_duplication(n: int) -> None:
    # ψ(2x) = (ψ(x) + ψ(x + ½)) / 2 + log 2, and its derivatives: no step of the computation.
    x, psi = np.logspace(-3, 6, 200), partial(special.polygamma, n)
    size = abs(psi(x)) + factorial(n) / x ** (n + 1) + (n == 0)
    step = (-1) ** n * factorial(n) / x ** (n + 1)
    assert np.all(abs(psi(x + 1) - psi(x) - step) <= 4e-15 * size)
    doubled = (psi(x) + psi(x + 0.5)) / 2 + (np.log(2) if n == 0 else 0)
    assert np.all(abs(2.0**n * psi(2 * x) - doubled) <= 4e-15 * size)


def test_special_functions_are_no_number_where_they_are_not_defined() -> None:
    x = np.array([-1.5, -1.0, 0.0, 2.0], np.float32)
    for y in (special.gammaln(x), special.polygamma(0, x), special.polygamma(2, x)):
        assert np.array_equal(np.isnan(y), [True, True, True, False]) and y.dtype == np.float32


# Edges: ties, kinks, infinities


def slopes(f: Any, *values: Any) -> list[Any]:
    """The derivatives of the sum of f."""
    xs = [Tensor(np.asarray(v, float)) for v in values]
    return [b.tolist() for b in grad(ops.sum(f(*xs)), xs)]


def test_slopes_at_ties_and_kinks_are_those_stated() -> None:
    assert slopes(ops.max, [1.0, 3.0, 3.0]) == [[0.0, 0.5, 0.5]]
    assert slopes(ops.maximum, [1.0, 2.0], [1.0, 3.0]) == [[1.0, 0.0], [0.0, 1.0]]
    assert slopes(ops.minimum, [1.0, 2.0], [1.0, 3.0]) == [[1.0, 1.0], [0.0, 0.0]]
    assert slopes(ops.abs, [-1.0, 0.0, 1.0]) == [[-1.0, 0.0, 1.0]]
    assert slopes(partial(ops.clip, low=0, high=1), [-1.0, 0.0, 1.0, 2.0]) == [[0.0, 1.0, 1.0, 0.0]]
    assert slopes(partial(ops.leaky_relu, slope=0.2), [-1.0, 0.0, 1.0]) == [[0.2, 0.2, 1.0]]
    assert slopes(partial(ops.power, exponent=0), [0.0, 2.0]) == [[0.0, 0.0]]
    assert slopes(ops.square, [0.0, 2.0]) == slopes(lambda x: x**2, [0.0, 2.0]) == [[0.0, 4.0]]


def test_x_log_y_is_zero_where_x_is() -> None:
    assert ops.xlogy(np.zeros(3), np.array([0.0, 1.0, np.inf])).tolist() == [0.0, 0.0, 0.0]
    assert slopes(ops.xlogy, [0.0, 3.0], [2.0, 2.0]) == [[np.log(2), np.log(2)], [0.0, 1.5]]


def test_logsumexp_of_infinities() -> None:
    x = np.array([[-np.inf, -np.inf], [-np.inf, 1.0], [1e4, 1e4]])
    y = ops.logsumexp(x, axis=1)
    assert np.array_equal(y, [-np.inf, 1.0, 1e4 + np.log(2)])
    rows = partial(ops.logsumexp, axis=1)
    shares = [[0.0, 0.0], [0.0, 1.0], [0.5, 0.5]]
    np.testing.assert_allclose(slopes(rows, x)[0], shares, rtol=1e-11)
    with pytest.raises(ValueError, match="zero-size"):
        ops.logsumexp(np.ones((2, 0)), axis=1)
    ops_by_hand = lambda v: ops.log(ops.sum(ops.exp(v), axis=1))
    with np.errstate(all="ignore"):  # the control: the plain form fails in every row
        assert not np.isfinite(slopes(ops_by_hand, x)[0]).all(axis=1)[[0, 2]].any()


def test_what_where_does_not_choose_has_no_say() -> None:
    x = np.array([0.0, 4.0])
    with np.errstate(divide="ignore"):
        assert slopes(lambda t: ops.where(x > 0, ops.where(x > 0, t, 1.0) ** 0.5, 0.0), x) == [
            [0.0, 0.25]
        ]
        assert ops.where(x > 0, np.array([np.inf, 2.0]), 0.0).tolist() == [0.0, 2.0]


def test_a_tensor_can_be_indexed_and_walked() -> None:
    x = Tensor(np.arange(6.0).reshape(3, 2))
    assert [row.data.tolist() for row in x] == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert x[-1, 0].shape == () and x[np.int64(1)].shape == (2,)
    with pytest.raises(IndexError):
        x[3]


REFUSALS: list[tuple[Any, type[Exception], str]] = [
    (lambda x: x[np.array([0, 1])], TypeError, "getitem: .* received ndarray: see `take`"),
    (lambda x: x[True], TypeError, "getitem: .* received bool"),
    (lambda x: x[[0, 1]], TypeError, "getitem: .* received list"),
    (lambda x: x**x, TypeError, "power: expected a number as exponent, received Tensor"),
    (lambda x: ops.take(x, index=[0]), TypeError, "take: .* received list"),
    (lambda x: ops.take(x, index=np.ones(2)), TypeError, "take: .* received dtype float64"),
    (
        lambda x: ops.scatter_add(x, index=np.array([0]), axis=0, size=2),
        ValueError,
        r"scatter_add: an index of shape \(1,\) does not fit axis 0 .* \(2, 3\)",
    ),
    (
        lambda x: ops.put_back(x, shape=(4, 4), index=slice(1)),
        ValueError,
        r"put_back: expected shape \(1, 4\), received \(2, 3\)",
    ),
    (lambda x: ops.pad(x, ((0, 0), (-1, 0))), ValueError, "pad, crop: .* at least 0"),
    (lambda x: ops.split(x, [1, 1], axis=1), ValueError, r"split: sizes \[1, 1\] for 3 elements"),
    (lambda x: ops.where(np.ones(2), x, x), TypeError, "where: .* received dtype float64"),
    (lambda x: ops.where(True, x, x), TypeError, "where: .* received bool"),
    (lambda x: ops.average_pool(x.reshape(1, 2, 3, 1), 2), ValueError, "do not fill .* 2x3"),
    (lambda x: ops.einsum("ij,jk", x, x), ValueError, "einsum: expected notation"),
    (lambda x: ops.einsum("ij->i", x, x), ValueError, "einsum: expected notation"),
    (lambda x: ops.einsum("ii,ij->ij", x, x), ValueError, "a letter twice"),
    (lambda x: ops.einsum("ij,kl->ik", x, x), ValueError, "on one side only"),
    (lambda x: ops.einsum("ij,ij->ijk", x, x), ValueError, "on one side only"),
    (lambda x: ops.einsum("ij,jk->ik", x, x), ValueError, r"does not fit shapes \(2, 3\)"),
    (lambda x: ops.einsum("ijk,jk->i", x, x), ValueError, "does not fit shapes"),
    (ops.cholesky, ValueError, r"cholesky: expected \[.., M, M\], received \(2, 3\)"),
    (lambda x: ops.solve(x @ x.T, x.T), ValueError, r"solve: .* \(2, 2\) and \(3, 2\)"),
    (
        lambda x: ops.matmul(x.reshape(2, 1, 3), np.ones((3, 3, 1))),
        ValueError,
        r"matmul: leading axes of \(2, 1, 3\) and \(3, 3, 1\)",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSALS)
def test_what_ops_refuse(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call(Tensor(drawn(2, 3)))
