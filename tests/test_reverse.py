"""What is made of the sweep: both products with the Jacobian, the Jacobian, the Hessian's product.

And the sweep itself on random graphs of arrays, beside a twin that knows no graph.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from equations import verifies
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from strategies import examples, seeds

from pydis.autodiff import Tensor, grad, hvp, jacobian, jvp, ops, stop_gradient, vjp
from pydis.autodiff.ops import conv2d_act, conv2d_x_act
from pydis.backends import load, use
from pydis.bench.calls import recording

Array = Any


def layered(x: Any, w: Any) -> Any:
    """A curved function of two arrays, with a result of another shape."""
    return ops.softmax(ops.tanh(x @ w) * ops.sigmoid(x[:, :1]), axis=1)[..., 1:]


def operands(seed: int) -> tuple[list[Array], list[Array]]:
    """Arguments of `layered`, and directions of the same shapes."""
    rng = np.random.default_rng(seed)
    draw = lambda: [rng.standard_normal((2, 3)), rng.standard_normal((3, 4))]
    return draw(), draw()


def difference(f: Callable[..., Array], xs: list[Array], vs: list[Array], h: float = 1e-3) -> Array:
    """The change of f along v, by central differences at h and h/2, extrapolated."""

    def slope(h: float) -> Array:
        ahead, behind = ([x + s * v for x, v in zip(xs, vs, strict=True)] for s in (h, -h))
        return (f(*ahead) - f(*behind)) / (2 * h)

    return (4 * slope(h / 2) - slope(h)) / 3


# Products with the Jacobian


@verifies("eq:pushforward", "pydis.autodiff.transforms.jvp")
@examples(0.5)
@given(seeds)
def test_jvp_is_the_change_along_a_direction(seed: int) -> None:
    xs, vs = operands(seed)
    y, change = jvp(layered, xs, vs)
    assert np.array_equal(y, layered(*xs))
    np.testing.assert_allclose(change, difference(layered, xs, vs), rtol=1e-7, atol=1e-9)


@examples(0.5)
@given(seeds)
def test_vjp_and_jvp_are_transposes(seed: int) -> None:
    xs, vs = operands(seed)
    y, pull = vjp(layered, xs)
    _, change = jvp(layered, xs, vs)
    for n in range(2):  # the function may be called again
        u = np.random.default_rng(seed + n).standard_normal(y.shape)
        backward = sum(np.sum(x_bar * v) for x_bar, v in zip(pull(u), vs, strict=True))
        assert np.sum(u * change) == pytest.approx(backward, rel=1e-12, abs=1e-12)


def test_a_wrong_rule_makes_jvp_and_differences_disagree() -> None:
    # The control. Transposing carries a wrong rule over, so forward and reverse agree on it.
    xs, vs = operands(0)
    with patch.object(ops.tanh, "rule", lambda y_bar, y, x: (1.0 - y) * y_bar):
        _, change = jvp(layered, xs, vs)
        _, pull = vjp(layered, xs)
        u = np.ones_like(change)
        backward = sum(np.sum(x_bar * v) for x_bar, v in zip(pull(u), vs, strict=True))
    assert np.sum(change) == pytest.approx(backward, rel=1e-12)
    assert np.max(abs(change - difference(layered, xs, vs))) > 1e-3


def test_jacobian_by_rows_and_by_columns() -> None:
    (x, w), _ = operands(0)
    f = lambda t: layered(t, w)
    rows, columns = jacobian(f, x), jacobian(f, x, forward=True)
    assert rows.shape == columns.shape == (2, 3, 2, 3)
    np.testing.assert_allclose(rows, columns, rtol=1e-12, atol=1e-15)
    for place in np.ndindex(x.shape):
        v = np.zeros_like(x)
        v[place] = 1.0
        np.testing.assert_allclose(rows[..., *place], difference(f, [x], [v]), atol=1e-9)
    assert not np.allclose(rows, jacobian(lambda t: 1.001 * f(t), x), rtol=1e-4)


def test_linear_functions_have_their_matrix_as_jacobian() -> None:
    a = np.arange(6.0).reshape(2, 3)
    for forward in (False, True):
        assert np.array_equal(
            jacobian(lambda x: a @ x, np.ones((3, 1)), forward=forward), a[:, None, :, None]
        )
        assert jacobian(ops.exp, np.zeros((), np.float32), forward=forward).dtype == np.float32


def test_functions_that_do_not_depend_on_an_argument() -> None:
    x = np.ones(2)
    constant = lambda *_: np.ones(3)
    y, change = jvp(constant, [x, x], [x, x])
    assert np.array_equal(y, np.ones(3)) and np.array_equal(change, np.zeros(3))
    assert [b.tolist() for b in vjp(constant, [x, x])[1](np.ones(3))] == [[0.0, 0.0]] * 2
    assert np.array_equal(jacobian(constant, x), np.zeros((3, 2)))
    assert np.array_equal(hvp(ops.sum, x, x), np.zeros(2))
    assert np.array_equal(jvp(lambda t: t, [x], [3 * x])[1], 3 * x)


# Second derivatives


def bowl(x: Any) -> Any:
    """A number whose Hessian is full and varies."""
    return ops.logsumexp(ops.square(x) * ops.sin(ops.cumsum(x, axis=0)))


@examples(0.5)
@given(seeds)
def test_hessian_products_are_symmetric_and_those_of_the_hessian(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, u, v = rng.standard_normal((3, 4))

    def slope(t: Any) -> Any:
        t = t if isinstance(t, Tensor) else Tensor(t)
        return grad(bowl(t), t, differentiable=True)

    hessian, product = jacobian(slope, x), hvp(bowl, x, v)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(product, hessian @ v, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(u @ product, v @ hvp(bowl, x, u), rtol=1e-10, atol=1e-11)
    numerical = difference(lambda t: slope(t).data, [x], [v])
    np.testing.assert_allclose(product, numerical, rtol=1e-6, atol=1e-6)


def test_a_rule_that_forgets_an_operand_breaks_the_symmetry() -> None:
    x, u, v = np.random.default_rng(0).standard_normal((3, 4))
    dead = lambda y_bar, y, a, b: (lambda: stop_gradient(b) * y_bar, lambda: a * y_bar)
    with patch.object(ops.mul, "rule", dead):
        assert abs(u @ hvp(bowl, x, v) - v @ hvp(bowl, x, u)) > 1e-3


# A gradient penalty, the second derivative that the models need


def penalty(image: Array, *weights: Any) -> Any:
    """(‖∇ₓ critic(x)‖ − 1)², with ∇ₓ differentiable, through two convolutions."""
    first, second, last = weights
    x = Tensor(image)
    hidden = ops.leaky_relu(ops.conv2d(x, first, stride=2, pad=1), slope=0.2)
    hidden = ops.leaky_relu(ops.conv2d(hidden, second, stride=1, pad=1), slope=0.2)
    critic = ops.sum(ops.square(hidden) * 0.5 + hidden) + ops.sum(
        ops.matmul(hidden.reshape(image.shape[0], -1), last)
    )
    slope = grad(critic, x, differentiable=True)
    norm = ops.sqrt(ops.sum(ops.square(slope), axis=(1, 2, 3)))
    return ops.mean(ops.square(norm - 1.0))


def critic_case() -> tuple[Array, list[Array], list[Array]]:
    rng = np.random.default_rng(0)
    shapes = [(3, 3, 2, 3), (2, 2, 3, 2), (4 * 4 * 2, 1)]
    image = rng.standard_normal((2, 6, 6, 2))
    draw = lambda: [rng.standard_normal(s) / 3 for s in shapes]
    return image, draw(), draw()


@pytest.mark.parametrize("backend", ["numpy", "definition"])
def test_gradient_penalty_through_a_convolutional_critic(backend: str) -> None:
    image, weights, vs = critic_case()
    with use(backend):
        ts = [Tensor(w) for w in weights]
        analytical = grad(penalty(image, *ts), ts)
    for slot, (w, v) in enumerate(zip(weights, vs, strict=True)):
        at = lambda moved, slot=slot: (
            penalty(image, *[Tensor(moved if i == slot else u) for i, u in enumerate(weights)]).data
        )
        numerical = difference(at, [w], [v], h=1e-5)  # smaller than the way to the next kink
        assert np.sum(analytical[slot] * v) == pytest.approx(numerical, rel=1e-6), slot


def test_a_penalty_whose_slope_is_cut_is_noticed() -> None:
    image, weights, vs = critic_case()
    ts = [Tensor(w) for w in weights]
    right = grad(penalty(image, *ts), ts)
    dead = lambda g, y, x, w, **c: (
        lambda: ops.conv2d_x(g, stop_gradient(w), size=x.shape[1:3], **c),
        lambda: ops.conv2d_w(x, g, size=w.shape[:2], **c),
    )
    with patch.object(ops.conv2d, "rule", dead):
        wrong = grad(penalty(image, *ts), ts)
    assert abs(np.sum(right[0] * vs[0]) - np.sum(wrong[0] * vs[0])) > 1e-2


# Random graphs of arrays beside their forward twin

SIDE = 2


class Graphs(RuleBasedStateMachine):
    """Grow a graph op by op. Beside each value stands its derivative by every input, by calculus.

    The twin of a value is the array [1 + inputs, *shape]: the value and its partial derivatives.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[Tensor] = []
        self.values: list[Any] = []
        self.twins: list[Array] = []

    @initialize(seed=seeds)
    def start(self, seed: int) -> None:
        rng, number = np.random.default_rng(seed), 2 * SIDE * SIDE
        self.rng = rng
        for i in range(2):
            x = rng.uniform(-1, 1, (SIDE, SIDE))
            partials = np.zeros((number, SIDE * SIDE))
            partials[i * SIDE * SIDE : (i + 1) * SIDE * SIDE] = np.eye(SIDE * SIDE)
            self.inputs.append(Tensor(x))
            self.values.append(self.inputs[-1])
            self.twins.append(np.stack([x, *partials.reshape(number, SIDE, SIDE)]))

    def keep(self, value: Any, twin: Array) -> None:
        """Add a value, unless it has grown so large that rounding would drown the comparison."""
        if np.max(abs(twin)) < 1e3:
            self.values.append(value)
            self.twins.append(twin)

    def pick(self, i: int) -> tuple[Any, Array]:
        return self.values[i % len(self.values)], self.twins[i % len(self.twins)]

    @rule(i=st.integers(0, 30), j=st.integers(0, 30))
    def add(self, i: int, j: int) -> None:
        (a, da), (b, db) = self.pick(i), self.pick(j)
        self.keep(a + b, da + db)

    @rule(i=st.integers(0, 30), j=st.integers(0, 30))
    def mul(self, i: int, j: int) -> None:
        (a, da), (b, db) = self.pick(i), self.pick(j)
        self.keep(a * b, np.stack([da[0] * db[0], *(da[1:] * db[0] + da[0] * db[1:])]))

    @rule(i=st.integers(0, 30), j=st.integers(0, 30))
    def matmul(self, i: int, j: int) -> None:
        (a, da), (b, db) = self.pick(i), self.pick(j)
        self.keep(a @ b, np.stack([da[0] @ db[0], *(da[1:] @ db[0] + da[0] @ db[1:])]))

    @rule(i=st.integers(0, 30), axis=st.integers(0, 1))
    def spread_sum(self, i: int, axis: int) -> None:
        a, da = self.pick(i)
        total = da.sum(axis=1 + axis, keepdims=True)
        self.keep(a - ops.sum(a, axis, keepdims=True), da - total)

    @rule(i=st.integers(0, 30))
    def reshape(self, i: int) -> None:
        a, da = self.pick(i)
        self.keep(a.reshape(-1, 1).reshape(SIDE, SIDE).T, da.transpose(0, 2, 1))

    @rule(i=st.integers(0, 30))
    def exp_of_small(self, i: int) -> None:
        a, da = self.pick(i)
        scale = 1 / (1 + np.max(abs(da[0])))
        y = np.exp(scale * da[0])
        self.keep(ops.exp(scale * a), np.stack([y, *(scale * y * da[1:])]))

    @rule(i=st.integers(0, 30), j=st.integers(0, 30), row=st.integers(-SIDE, SIDE - 1))
    def rows_of_two(self, i: int, j: int, row: int) -> None:
        (a, da), (b, db) = self.pick(i), self.pick(j)
        twin = np.stack([da[:, row], db[:, 0]], axis=1)
        self.keep(ops.concat(a[row][None], b[:1], axis=0), twin)

    @invariant()
    def newest_value_and_gradient_agree(self) -> None:
        if not self.values:
            return
        value, twin = self.values[-1], self.twins[-1]
        np.testing.assert_allclose(value.data, twin[0], rtol=1e-9, atol=1e-9)
        u = self.rng.standard_normal((SIDE, SIDE))
        x_bars = grad(value, self.inputs, u, allow_unused=True)
        forward = np.sum(u * twin[1:], axis=(1, 2))
        np.testing.assert_allclose(np.ravel(x_bars), forward, rtol=1e-9, atol=1e-8)


def grow(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine)


def test_random_graphs_agree_with_their_twin() -> None:
    grow(Graphs)


FAULTS = {
    "mul": lambda y_bar, y, a, b: (b * y_bar, b * y_bar),
    "matmul": lambda y_bar, y, a, b: (y_bar @ np.swapaxes(b, 0, 1), a @ y_bar),
    "exp": lambda y_bar, y, x: y_bar,
    "transpose": lambda y_bar, y, x, **_: y_bar,
    "concat": lambda y_bar, y, a, b, **_: (y_bar[1:], y_bar[:1]),
    "getitem": lambda y_bar, y, x, index: np.zeros(x.shape),
}


@pytest.mark.parametrize("name", FAULTS)
def test_random_graphs_find_a_wrong_rule(name: str) -> None:
    op = getattr(ops, name)
    with patch.object(op, "rule", FAULTS[name]), pytest.raises(AssertionError):
        grow(Graphs)


def test_a_bend_taken_in_the_convolution_before_it_changes_no_bit() -> None:
    pytest.importorskip("pydis._core")
    rng = np.random.default_rng(0)
    x, *ws = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((9, 8, 8, 3), (4, 4, 3, 5), (4, 4, 5, 6), (4, 4, 4, 6))
    )
    geometry = {"stride": 2, "pad": 1}

    def gradients(slope: float, *asked: int, **kernels: Any) -> tuple[list[Any], Counter[str]]:
        """Of two convolutions and one back, in weights and in the values numbered `asked`."""
        calls, block = recording("cpp", **kernels)
        with block:
            v = [Tensor(w) for w in ws]
            b = [np.zeros(n, np.float32) for n in (5, 6, 4)]
            h = conv2d_act(x, v[0], b[0], slope=slope, **geometry)
            g = conv2d_act(h, v[1], b[1], slope=slope, **geometry)
            y = conv2d_x_act(g, v[2], b[2], slope=slope, size=(4, 4), **geometry)
            found = grad(y, [*v, *([h, g][n] for n in asked)], np.ones(y.shape, np.float32))
        return found, Counter(key.kernel for key, times in calls.seconds.items() for _ in times)

    off = {"conv2d_behind": None, "conv2d_x_behind": None}
    for slope in (0.0, 0.2):
        for asked, gates in (((), 1), ((0,), 2), ((0, 1), 3)):
            fast, counted = gradients(slope, *asked)
            slow, before = gradients(slope, *asked, **off)
            assert all(np.array_equal(a, b) for a, b in zip(fast, slow, strict=True))
            assert counted["gate"] == gates and before["gate"] == 3
    wrong = {"conv2d_behind": lambda x, w, y, slope, *rest: load("cpp").conv2d(x, w, *rest)}
    right, bad = gradients(0.0)[0], gradients(0.0, **wrong)[0]
    assert not np.array_equal(right[0], bad[0])
