"""The graph and the sweep: freed by count, linear in time, lazy, and clear about what is wrong."""

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import Any

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from registry import temporary
from strategies import cpu_backends

from pydis.autodiff import Tensor, check_gradients, grad, ops, stop_gradient
from pydis.autodiff.ops import conv2d, conv2d_act, conv2d_x_act, exp, gate, matmul, relu
from pydis.backends import FUSED, REQUIRED, use

Array = Any


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def ones(*shape: int) -> Tensor:
    return Tensor(np.ones(shape))


# Memory


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_graph_is_freed_by_reference_count(differentiable: bool) -> None:
    with collector_off():
        x = ones(3)
        inner = exp(x)
        y = ops.sum(inner * inner)
        x_bar = grad(y, x, differentiable=differentiable)
        if differentiable:
            x_bar = grad(ops.sum(x_bar * x_bar), x, differentiable=True)
        watched = weakref.ref(inner)
        del inner
        assert watched() is not None  # held by y
        del y, x_bar
        assert watched() is None


def test_a_cycle_would_be_noticed() -> None:
    with collector_off():
        inner = exp(ones(3))
        inner.data = [inner]  # the control: a tensor that holds itself
        watched = weakref.ref(inner)
        del inner
        assert watched() is not None
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize("differentiable", [False, True])
def test_a_chain_of_20000_ops_has_a_gradient_and_is_freed(differentiable: bool) -> None:
    with collector_off():
        x = ones(2)
        first = y = x * 1.0
        for _ in range(20_000):
            y = y * 1.0
        x_bar = grad(ops.sum(y), x, differentiable=differentiable)
        assert np.array_equal(stop_gradient(x_bar), [1.0, 1.0])
        watched = weakref.ref(first)
        del first, y, x_bar
        assert watched() is None


# One visit for each node, in the reverse order of making


def test_a_diamond_of_2_to_the_60_paths() -> None:
    x = y = ones()
    for _ in range(60):
        y = y + y
    assert grad(y, x) == 2.0**60


def test_each_rule_is_called_once_and_after_all_its_users() -> None:
    called: list[float] = []

    def record(y_bar: Any, y: Any, x: Any) -> Any:
        called.append(float(y_bar))
        return y_bar

    with temporary(lambda k, x: x) as same:
        same.pullback(record)
        x = ones()
        early = same(x)
        late = same(same(early))  # a walk by depth would reach `early` by the short way first
        y = early + late + early
        orders = [t.node.order for t in (early, late, y)]
        assert grad(y, x) == 3.0
    assert orders == sorted(orders)
    assert called == [1.0, 1.0, 3.0]


def naive(program: list[tuple[str, int, int]], inputs: list[float], seed: int) -> float:
    """∂/∂x_seed of the last value, forward, by the rules of calculus on pairs (value, slope)."""
    pairs = [(x, float(i == seed)) for i, x in enumerate(inputs)]
    for op, i, j in program:
        (a, da), (b, db) = pairs[i % len(pairs)], pairs[j % len(pairs)]
        pairs.append(
            {
                "add": (a + b, da + db),
                "sub": (a - b, da - db),
                "mul": (a * b, da * b + a * db),
                "neg": (-a, -da),
            }[op]
        )
    return pairs[-1][1]


steps = st.tuples(st.sampled_from(["add", "sub", "mul", "neg"]), *[st.integers(0, 20)] * 2)


@verifies("eq:pullback", "pydis.autodiff.reverse.grad")
@given(st.lists(steps, min_size=1, max_size=12))
def test_any_graph_agrees_with_its_forward_twin(program: list[tuple[str, int, int]]) -> None:
    # Small whole numbers, so that every sum is exact in any order.
    inputs = [2.0, -1.0, 1.0]
    xs = [Tensor(np.array(x)) for x in inputs]
    values = list(xs)
    for op, i, j in program:
        chosen = values[i % len(values)], values[j % len(values)]
        values.append(getattr(ops, op)(*chosen[: 1 if op == "neg" else 2]))
    x_bars = grad(values[-1], xs, allow_unused=True)
    assert [float(b) for b in x_bars] == [naive(program, inputs, i) for i in range(3)]


# Only what is needed


def counting(log: list[str], name: str, kernel: Callable[..., Array]) -> Callable[..., Array]:
    def counted(*args: Any) -> Array:
        log.append(name)
        return kernel(*args)

    return counted


PLAIN = ["conv2d_x", "conv2d_w"]
SPREAD = ["conv2d", "conv2d_w"]


@pytest.mark.parametrize("backend", cpu_backends("definition"))
@pytest.mark.parametrize("asked", [[0], [1], [0, 1], [2], [0, 1, 2]])
@pytest.mark.parametrize(
    ("op", "static", "called"),
    [
        (conv2d, {}, PLAIN),
        (conv2d_act, {"slope": 1.0}, PLAIN),
        (conv2d_act, {"slope": 0.5}, PLAIN),
        (conv2d_act, {"slope": 0.0}, PLAIN),
        (conv2d_x_act, {"slope": 0.0, "size": (6, 6)}, SPREAD),
        (conv2d_x_act, {"slope": 1.0, "size": (6, 6)}, SPREAD),
    ],
)
def test_only_the_kernels_of_asked_for_cotangents_run(
    backend: str, op: Any, static: dict[str, Any], called: list[str], asked: list[int]
) -> None:
    log: list[str] = []
    with use(backend) as k:
        kernels = {name: getattr(k, name) for name in REQUIRED + FUSED}
    own = {name: counting(log, name, f) for name, f in kernels.items() if f is not None}
    filters = ones(3, 3, 2, 1) if op is conv2d_x_act else ones(3, 3, 1, 2)
    inputs = [ones(2, 4, 4, 1), filters, ones(2)][: 2 if op is conv2d else 3]
    with use(backend, **own):
        y = ops.sum(op(*inputs, **static))
        log.clear()
        grad(y, [inputs[i] for i in asked if i < len(inputs)] or inputs)
    wanted = [i for i in asked if i < len(inputs)] or range(len(inputs))
    assert log == [called[i] for i in wanted if i < len(called)]


def test_what_lies_off_the_path_is_not_pulled_back() -> None:
    called: list[str] = []

    def slot(name: str, y_bar: Any) -> Callable[[], Any]:
        return lambda: (called.append(name), y_bar)[1]

    with temporary(lambda k, a, b: a + b) as both:
        both.pullback(lambda y_bar, y, a, b: (slot("a", y_bar), slot("b", y_bar)))
        x, w = ones(), ones()
        y = both(both(x, w), np.ones(()))
        grad(y, w)
        assert called == ["a", "b"]  # through the first input of the outer, to the second inside
        called.clear()
        grad(y, [x, w])
        assert called == ["a", "a", "b"]


# What grad refuses, and how it says so


def test_an_unused_input_is_named() -> None:
    x, unused = ones(2), ones(4, 5)
    with pytest.raises(ValueError, match=r"input 1 .*shape=\(4, 5\)"):
        grad(ops.sum(x), [x, unused])
    with pytest.raises(ValueError, match="does not depend on input 0"):
        grad(ops.sum(stop_gradient(x) * unused.data[:2, 0] + ones(2)), x)
    x_bar, zeros = grad(ops.sum(x), [x, unused], allow_unused=True)
    assert np.array_equal(x_bar, np.ones(2))
    assert np.array_equal(zeros, np.zeros((4, 5)))
    assert grad(ops.sum(x), unused, allow_unused=True, differentiable=True).shape == (4, 5)


def test_a_constant_derivative_is_zero_and_not_unused() -> None:
    mask = ones(2)
    assert np.array_equal(grad(ops.sum(gate(ones(2), mask)), mask), np.zeros(2))


@pytest.mark.parametrize(
    ("y_bar", "message"),
    [
        (np.ones(3), r"y_bar of shape \(3,\) and dtype float64 .* of shape \(2,\)"),
        (np.ones((1, 2)), r"shape \(1, 2\)"),
        (np.ones(2, np.float32), "dtype float32 for an output of shape .* dtype float64"),
        (None, r"the output has shape \(2,\), not one element: pass y_bar"),
    ],
)
def test_a_cotangent_that_does_not_fit(y_bar: Any, message: str) -> None:
    x = ones(2)
    with pytest.raises(ValueError, match=message):
        grad(exp(x), x, y_bar)


@pytest.mark.parametrize("wrong", [np.ones(2), np.arange(2), 1.0, [1.0]])
def test_grad_takes_tensors_only(wrong: Any) -> None:
    x = ones(2)
    with pytest.raises(TypeError, match=r"grad: expected Tensors, .* wrap it as Tensor"):
        grad(ops.sum(x), [wrong])
    with pytest.raises(TypeError, match="grad: expected Tensors"):
        grad(wrong, x)


def test_a_rule_of_wrong_shape_or_type_is_reported_by_op_and_input() -> None:
    x, w = ones(2, 3), ones(2, 3)
    with temporary(lambda k, a, b: a * b) as product:
        with pytest.raises(NotImplementedError, match=f"{product.name} has no pullback"):
            grad(ops.sum(product(x, w)), x)
        product.pullback(lambda y_bar, y, a, b: (y_bar, lambda: ops.transpose(y_bar)))
        grad(ops.sum(product(x, w)), x)
        with pytest.raises(ValueError, match=r"input 1, of shape \(2, 3\) .* shape \(3, 2\)") as e:
            grad(ops.sum(product(x, w)), w)
        assert product.name in str(e.value)
        product.pullback(lambda y_bar, y, a, b: (y_bar.astype(np.float32), y_bar))
        with pytest.raises(ValueError, match=r"input 0, .* dtype float64, .* dtype float32"):
            grad(ops.sum(product(x, w)), x)
        product.pullback(lambda y_bar, y, a, b: y_bar)
        with pytest.raises(ValueError, match="gave 1 cotangents for 2 inputs"):
            grad(ops.sum(product(x, w)), x)


# Values: what a tensor refuses


def test_mixed_types_are_refused_with_the_remedy() -> None:
    single = Tensor(np.ones(2, np.float32))
    for mixed in (lambda: single + ones(2), lambda: np.ones(2) * single, lambda: ones(2) - single):
        with pytest.raises(TypeError, match=r"float(32|64), float(32|64)\): .*\.astype"):
            mixed()
    assert (single + 1).dtype == (2.5 * single).dtype == (1 / single).dtype == np.float32


def test_numbers_must_fit_the_type_beside_them() -> None:
    single = Tensor(np.ones(2, np.float32))
    with pytest.raises(ValueError, match=r"mul: the number 1e\+39 is beyond the range of float32"):
        single * 1e39
    assert np.array_equal((ones(2) * 1e39).data, [1e39, 1e39])
    assert np.all(np.isinf((single * float("inf")).data))  # infinity is a number of every type
    with pytest.raises(TypeError, match="add: a complex number beside an array of float32"):
        single + 1j
    with pytest.raises(TypeError, match="exp: expected a Tensor or an array"):
        exp(1.0)


@pytest.mark.parametrize("data", [np.arange(3), np.ones(2, bool), [1.0], 1.0, "x", None])
def test_a_tensor_is_made_of_floating_point_arrays_only(data: Any) -> None:
    with pytest.raises(TypeError, match="expected a floating-point array, received"):
        Tensor(data)
    with pytest.raises(TypeError):
        ones(2) + (data if not isinstance(data, float) else [data])


def test_a_tensor_is_no_array_and_no_truth_by_itself() -> None:
    x = ones(2)
    for convert in (np.asarray, np.array, lambda t: np.concatenate([t, t])):
        with pytest.raises(TypeError, match=r"\.data"):
            convert(x)
    with pytest.raises(TypeError, match=r"truth .* `\.data`"):
        bool(x)
    for function in (np.exp, np.sum):
        with pytest.raises(TypeError, match="does not support ufuncs"):
            function(x)
    with pytest.raises(TypeError, match="without axes"):
        len(ones())


@pytest.mark.parametrize("symbol", ["add", "sub", "mul", "truediv", "matmul"])
def test_an_array_beside_a_tensor_makes_a_tensor(symbol: str) -> None:
    array, x = np.array([[2.0, 1.0], [0.5, 4.0]]), Tensor(np.array([[1.0, 2.0], [4.0, 5.0]]))
    act = getattr(array, f"__{symbol}__")
    assert act(x) is NotImplemented  # so Python asks the tensor
    for left, right in ((array, x), (x, array)):
        y = getattr(__import__("operator"), symbol)(left, right)
        assert isinstance(y, Tensor)
        plain = [stop_gradient(v) for v in (left, right)]
        assert np.array_equal(y.data, getattr(__import__("operator"), symbol)(*plain))


def test_no_derivative_passes_stop_gradient() -> None:
    x = Tensor(np.array([2.0, 3.0]))
    assert np.array_equal(grad(ops.sum(x * stop_gradient(x)), x), x.data)  # x², but half of 2x
    assert stop_gradient(x) is x.data
    assert stop_gradient(x.data) is x.data


@pytest.mark.parametrize("op", [exp, ops.transpose, lambda x: ops.sum_to(x, shape=(2, 2))])
def test_writing_into_a_result_raises(op: Any) -> None:
    data = np.ones((2, 2))
    for result in (op(Tensor(data)).data, op(data)):
        with pytest.raises(ValueError, match="read-only"):
            result[0, 0] = 5.0
    data[0, 0] = 5.0  # the input stays the caller's


# Higher orders


def derivatives(f: Callable[[Tensor], Tensor], x: Array, orders: int) -> list[Array]:
    """The derivatives of an elementwise f at x."""
    t = Tensor(x)
    found, y = [], f(t)
    for _ in range(orders):
        y = grad(y, t, np.ones_like(x), differentiable=True)
        found.append(y.data)
    return found


def test_derivatives_of_exp_are_exp_bit_for_bit() -> None:
    x = np.linspace(-2, 2, 7)
    for d in derivatives(exp, x, 4):
        assert np.array_equal(d, np.exp(x))


def test_derivatives_of_a_polynomial_are_exact() -> None:
    x = np.array([-2.0, 0.0, 1.0, 3.0])
    found = derivatives(lambda t: reduce(lambda a, b: a * b, [t] * 4) - 2.0 * t, x, 4)
    expected = [4 * x**3 - 2, 12 * x**2, 24 * x, 24 + 0 * x]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_third_order_against_differences() -> None:
    rng = np.random.default_rng(0)
    xs = [rng.standard_normal((2, 3)), rng.standard_normal((3, 2))]
    f = lambda a, b: ops.sigmoid(matmul(a, b)) / (2.0 + exp(matmul(a, b)))
    assert check_gradients(f, xs, rng=rng, order=3) == 2 * (2 + 3 + 5 + 1 - 1)


def test_second_derivative_through_a_fused_layer_against_differences() -> None:
    rng = np.random.default_rng(0)
    x, w, b = (rng.uniform(-0.3, 0.3, s) for s in [(2, 5, 5, 2), (3, 3, 2, 2), (2,)])
    b += [10.0, -10.0]  # one channel open, one shut
    v, step = rng.standard_normal(w.shape), 1e-4

    def slope(weights: Array, differentiable: bool = False) -> Any:
        t = Tensor(weights)
        y = conv2d_act(x, t, b, slope=0.0, stride=2, pad=1)
        return t, grad(ops.sum(y * y * y), t, differentiable=differentiable)

    t, g = slope(w, differentiable=True)
    product = grad(ops.sum(g * v), t)
    difference = (slope(w + step * v)[1] - slope(w - step * v)[1]) / (2 * step)
    assert np.any(product)
    np.testing.assert_allclose(product, difference, rtol=1e-6)


def test_relu_has_slope_zero_at_its_kink() -> None:
    x = Tensor(np.array([-1.0, 0.0, 1.0]))
    assert np.array_equal(grad(ops.sum(relu(x)), x), [0.0, 0.0, 1.0])
