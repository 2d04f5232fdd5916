"""Functions made of derivatives: both products with ∂f/∂x, the Jacobian, the Hessian's product.

Forward mode comes for free. The pullback ū ↦ x̄ = (∂f/∂x)ᵀ ū is linear in ū, so its own pullback is
its transpose: v ↦ (∂f/∂x) v (eq:pushforward). No op needs a second rule.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydis.autodiff.primitive import read_only
from pydis.autodiff.reverse import grad
from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.backends import Array, kernels_for

Function = Callable[..., Value]
Pull = Callable[[Array], list[Array]]


def vjp(f: Function, xs: Sequence[Array]) -> tuple[Array, Pull]:
    """y = f(x_1, …) and the function ȳ ↦ [(∂f/∂x_1)ᵀ ȳ, …], which may be called many times."""
    inputs = [Tensor(x) for x in xs]
    y = _tensor(f(*inputs))
    return y.data, lambda y_bar: grad(y, inputs, y_bar, allow_unused=True)


def jvp(f: Function, xs: Sequence[Array], vs: Sequence[Array]) -> tuple[Array, Array]:
    """y = f(x_1, …) and its change Σ ∂f/∂x_i v_i along the directions v (eq:pushforward).

    Costs two sweeps and the graph of the first, not one pass as a forward rule for each op would.
    """
    y, transposed = _transposed(f, xs)
    terms = [push(v) for push, v in zip(transposed, vs, strict=True)]
    return y, read_only(sum(terms[1:], terms[0]))


def hvp(f: Function, x: Array, v: Array) -> Array:
    """∂²f/∂x² v for a function with one number as value: the gradient of <∂f/∂x, v>."""
    t = Tensor(x)
    slope = grad(_tensor(f(t)), t, differentiable=True, allow_unused=True)
    return grad(slope, t, v, allow_unused=True)


def jacobian(f: Function, x: Array, *, forward: bool = False) -> Array:
    """∂f/∂x with the axes of f(x) and then those of x.

    By rows, a sweep for each element of f(x), or by columns if `forward`, one for each of x: choose
    the fewer.
    """
    xp = kernels_for("jacobian", [x]).xp
    if forward:
        y, (push,) = _transposed(f, [x])
        columns = [push(v) for v in _units(x)]
        return xp.stack(columns, axis=-1).reshape(y.shape + x.shape)
    y, pull = vjp(f, [x])
    rows = [pull(y_bar)[0] for y_bar in _units(y)]
    return xp.stack(rows).reshape(y.shape + x.shape)


def _transposed(f: Function, xs: Sequence[Array]) -> tuple[Array, list[Callable[[Array], Array]]]:
    """f(x_1, …) and the functions v ↦ ∂f/∂x_i v: the pullback, pulled back at ū = 0."""
    inputs = [Tensor(x) for x in xs]
    y = _tensor(f(*inputs))
    u = Tensor(kernels_for("jvp", [y.data]).xp.zeros_like(y.data))
    x_bars = grad(y, inputs, u, differentiable=True, allow_unused=True)

    def push(x_bar: Tensor) -> Callable[[Array], Array]:
        return lambda v: grad(x_bar, u, v, allow_unused=True)

    return y.data, [push(x_bar) for x_bar in x_bars]


def _units(like: Array) -> list[Array]:
    """The arrays with a single one among zeros, in order."""
    xp = kernels_for("jacobian", [like]).xp
    return list(xp.eye(like.size, dtype=like.dtype).reshape(like.size, *like.shape))


def _tensor(y: Any) -> Tensor:
    """The value of f, as a tensor without inputs where it does not depend on any."""
    return y if isinstance(y, Tensor) else Tensor(stop_gradient(y))
