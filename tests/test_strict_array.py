"""The ops on a device that NumPy cannot read: a stand-in, so that no GPU is needed to find out.

Values must equal NumPy's to the last bit: the stand-in computes with NumPy behind its doors.
"""

import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from registry import ENTRIES, fill, temporary
from strict_array import FUNCTIONS, StrictArray, asarray
from strict_runs import registered, same  # noqa: F401

import pydis
from pydis.autodiff import Tensor, grad, hvp, jacobian, jvp, ops, vjp
from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import BackendError, available, kernels_for, load, register, use
from pydis.nn import convert

Array = Any


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 0) -> Array:
    return rng_of(seed).standard_normal(shape)


# The stand-in refuses what it must


def test_numpy_cannot_read_the_stand_in() -> None:
    a, b = asarray(normal(2, 3)), normal(2, 3)
    for conversion in (np.asarray, np.array, float, int, bool, list):
        if conversion is list:
            assert all(isinstance(row, StrictArray) for row in list(a))
        else:
            with pytest.raises(TypeError, match="StrictArray"):
                conversion(a)
    for function in (np.exp, np.sum, np.linalg.solve, np.zeros_like, np.concatenate, np.broadcast):
        with pytest.raises(TypeError):
            function(a)
    for act in (operator.add, operator.mul, operator.matmul, operator.lt, operator.iadd):
        for other in (b, np.float64(2), b[0, 0], [1.0, 2.0, 3.0]):
            with pytest.raises(TypeError):
                act(asarray(b), other)
            with pytest.raises(TypeError):
                act(other, asarray(b))
    for index in (np.array([0, 1]), np.array([True, False])):
        with pytest.raises(TypeError, match="beside numpy"):
            a[index]
    with pytest.raises(TypeError, match="beside numpy"):
        a[0] = b[0]
    with pytest.raises(AttributeError):
        load("strict").xp.median(a)
    assert float(asarray(2.5)) == 2.5 and (2.0 * a - 1).get().tolist() == (2.0 * b - 1).tolist()


def test_devices_do_not_mix() -> None:
    a, b = asarray(normal(2, 3)), StrictArray(normal(2, 3), "strict:1")
    for act in (operator.add, operator.sub, operator.mul, operator.truediv, operator.eq):
        with pytest.raises(TypeError, match=r"strict:. and strict:."):
            act(a, b)
    for op in (ops.add, ops.maximum, ops.concat, ops.gate):
        with pytest.raises(TypeError, match=r"strict:. and strict:."):
            op(Tensor(a), Tensor(b))
    for mixed in ([a, normal(2, 3)], [normal(2, 3), a]):
        with pytest.raises(TypeError, match="arrays of one library on one device"):
            kernels_for("add", mixed)
        with pytest.raises(TypeError, match="arrays of one library on one device"):
            ops.add(*mixed)


def test_an_op_that_calls_numpy_is_found() -> None:
    def careless(k: Any, x: Array) -> Array:
        return np.exp(x)

    def careful(k: Any, x: Array) -> Array:
        return k.xp.exp(x)

    with temporary(careless) as op, pytest.raises(TypeError, match=r"numpy\.exp"):
        same(op, normal(2))
    with temporary(careful) as op:
        assert same(op, normal(2)) == 1


def test_a_result_that_left_the_device_is_found() -> None:
    with pytest.raises(AssertionError, match="came back as NumPy's"):
        same(lambda x: x.get() if isinstance(x, StrictArray) else x, normal(2))


def test_a_backend_is_registered_once() -> None:
    assert available()["strict"].usable
    for name, library in (("strict", "other"), ("numpy", "other"), ("mine", "numpy")):
        with pytest.raises(BackendError, match="one exists already"):
            register(name, lambda: load("strict"), library)
    with use("strict"), use("numpy"):
        assert kernels_for("add", [asarray(1.0)]).name == "strict"
        assert kernels_for("add", [np.ones(1)]).name == "numpy"


def test_the_namespace_is_what_pydis_calls() -> None:
    """Names behind `xp.`, `k.xp.`, `_xp(…).` and `library(…).` in the package, and no others."""
    call = re.compile(r"(?:\bxp|\b(?:_xp|library)\([\w.]*\))\.([a-z_0-9.]+[a-z0-9_])")
    package = Path(pydis.__file__).parent
    used = {n for p in package.rglob("*.py") for n in call.findall(p.read_text("utf-8"))}
    assert used - {"asarray", "finfo", "inf"} == set(FUNCTIONS)


# Every op


def to_order_2(op: Callable[..., Any], static: dict[str, Any]) -> Callable[..., Any]:
    """y, the gradient, and the gradient of <x̄, v> in inputs and cotangent."""

    def f(static: dict[str, Any], u: Array, vs: list[Array], *arrays: Array) -> Any:
        xs, y_bar = [Tensor(a) for a in arrays], Tensor(u)
        y = op(*xs, **static)
        plain = op(*arrays, **static)
        first = grad(y, xs, u, allow_unused=True)
        again = grad(y, xs, y_bar, differentiable=True, allow_unused=True)
        products = [ops.sum(x_bar * v) for x_bar, v in zip(again, vs, strict=True)]
        total = sum(products[1:], products[0])
        return plain, y, first, again, grad(total, [*xs, y_bar], allow_unused=True)

    return f


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_primitive_to_order_2(name: str, dtype: Any) -> None:
    entry = ENTRIES[name]
    for spec in (entry.typical, entry.empty):
        arrays, static = fill(entry, spec, 3)
        arrays = [a.astype(dtype) for a in arrays]
        with use("numpy"):
            u = normal(*PRIMITIVES[name](*arrays, **static).shape, seed=1).astype(dtype)
        vs = [normal(*a.shape, seed=2).astype(dtype) for a in arrays]
        f = to_order_2(PRIMITIVES[name], static)
        assert same(f, static, u, vs, *arrays) == 3 + 3 * len(arrays)


COMPOSITIONS: dict[str, Callable[[Any], Any]] = {
    "average_pool": lambda x: ops.average_pool(ops.reshape(x, shape=(2, 2, 2, 2)), 2),
    "crop": lambda x: ops.crop(x, ((1, 0), (1, 1))),
    "digamma": lambda x: ops.digamma(x * x + 0.5),
    "einsum": lambda x: ops.einsum("ij,kj->ik", x, x),
    "log_softmax": ops.log_softmax,
    "logsumexp": lambda x: ops.logsumexp(x, axis=0),
    "max": lambda x: ops.max(x, axis=1),
    "mean": lambda x: ops.mean(x, axis=0),
    "pad": lambda x: ops.pad(x, ((1, 0), (2, 1))),
    "slogdet": lambda x: ops.slogdet(x)[1] * ops.slogdet(x)[0],
    "softmax": ops.softmax,
    "split": lambda x: ops.split(x, [1, 3], axis=1)[1],
    "square": ops.square,
    "stack": lambda x: ops.stack(x, 2.0 * x, axis=1),
    "sum": lambda x: ops.sum(x, axis=1, keepdims=True),
    "var": lambda x: ops.var(x, axis=1),
    "where": lambda x: ops.where((x.data if isinstance(x, Tensor) else x) > 0, x, x * x),
}


def test_every_composition_is_in_the_table() -> None:
    assert set(COMPOSITIONS) == set(ops.__all__) - set(PRIMITIVES)


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_every_composition_to_order_2(name: str) -> None:
    f, x = COMPOSITIONS[name], normal(4, 4)
    with use("numpy"):
        u = normal(*f(x).shape, seed=1)
    assert same(to_order_2(f, {}), {}, u, [normal(4, 4, seed=2)], x) == 6


def test_transforms() -> None:
    f, total = lambda x: ops.tanh(x) * x, lambda x: ops.sum(ops.exp(x) * x)
    x, v = normal(2, 3), normal(2, 3, seed=1)
    assert same(lambda x, v: vjp(f, [x])[1](v), x, v) == 1
    assert same(lambda x, v: jvp(f, [x], [v]), x, v) == 2
    assert same(lambda x, v: hvp(total, x, v), x, v) == 1
    assert same(lambda x: [jacobian(f, x), jacobian(f, x, forward=True)], x) == 2
    assert same(lambda x: [2.0 * Tensor(x) + x, x - Tensor(x), x @ Tensor(x).T], x) == 3


@pytest.mark.parametrize("name", sorted(n for n in vars(convert) if "_torch" in n))
def test_conversions(name: str) -> None:
    function = getattr(convert, name)
    if "flatten" in name:
        shape = (12, 5) if "to_torch" in name else (5, 12)
        assert same(lambda w: function(w, (2, 3, 2)), normal(*shape)) == 1
    else:
        assert same(function, normal(2, 3) if "linear" in name else normal(2, 3, 4, 5)) == 1
