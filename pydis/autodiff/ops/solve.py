"""Linear equations and determinants, for single matrices and stacks of them.

An inverse is never formed: with X = A⁻¹ B also A dX = dB − dA X, so one more solve, with Aᵀ, gives
both cotangents.
"""

from pydis.autodiff.ops.linear import matmul, on_matrices, swap
from pydis.autodiff.ops.shape import reshape
from pydis.autodiff.primitive import primitive
from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.backends import Array, Kernels, kernels_for


@on_matrices
def solve(k: Kernels, a: Array, b: Array) -> Array:
    """X with A X = B,  A dX = dB − dA X,  so  B̄ = A⁻ᵀ X̄ and Ā = −B̄ Xᵀ."""
    check_square("solve", a, b)
    return k.xp.linalg.solve(a, b)


@solve.pullback
def _(x_bar: Value, x: Value, a: Value, b: Value) -> Value:
    b_bar = solve(swap(a), x_bar)
    return lambda: -matmul(b_bar, swap(x)), b_bar


@on_matrices
def triangular_solve(k: Kernels, t: Array, b: Array, *, lower: bool = True) -> Array:
    """X with T X = B, of T the lower (or upper) triangle alone:  B̄ = T⁻ᵀ X̄ and T̄ = −B̄ Xᵀ in it."""
    check_square("triangular_solve", t, b)
    return k.solve_triangular(t, b, lower)


@triangular_solve.pullback
def _(x_bar: Value, x: Value, t: Value, b: Value, *, lower: bool = True) -> Value:
    b_bar = triangular_solve(swap(t), x_bar, lower=not lower)
    return lambda: -triangle(t, lower) * matmul(b_bar, swap(x)), b_bar


@primitive
def cholesky(k: Kernels, a: Array) -> Array:
    """L lower triangular with L Lᵀ = (A + Aᵀ) / 2, which must be positive definite.

    From dA = dL Lᵀ + L dLᵀ it follows that L⁻¹ dL = Φ(L⁻¹ dA L⁻ᵀ), where Φ keeps the lower triangle
    and half of the diagonal. The adjoint is S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, and Ā its symmetric part.
    """
    check_square("cholesky", a)
    return k.xp.linalg.cholesky((a + k.xp.swapaxes(a, -1, -2)) / 2)


@cholesky.pullback
def _(l_bar: Value, l: Value, a: Value) -> Value:
    phi = matmul(swap(l), l_bar) * (triangle(l, True) - identity(l) / 2)
    upper = swap(l)
    left = triangular_solve(upper, phi, lower=False)
    s = swap(triangular_solve(upper, swap(left), lower=False))
    return (s + swap(s)) / 2.0


@primitive
def logabsdet(k: Kernels, a: Array) -> Array:
    """y = log |det A|,  dy = tr(A⁻¹ dA),  so  Ā = ȳ A⁻ᵀ."""
    check_square("logabsdet", a)
    return k.xp.linalg.slogdet(a)[1]


@logabsdet.pullback
def _(y_bar: Value, y: Value, a: Value) -> Value:
    return reshape(y_bar, shape=(*y_bar.shape, 1, 1)) * solve(swap(a), identity(a))


def slogdet(a: Value) -> tuple[Array, Value]:
    """The sign of det A, constant almost everywhere, and log |det A|."""
    array = stop_gradient(a)
    sign = kernels_for("slogdet", [array]).xp.linalg.slogdet(array)[0]
    return sign, logabsdet(a)


def triangle(like: Value, lower: bool) -> Array:
    """1 in the lower (or upper) triangle and on the diagonal, else 0."""
    ones = _xp(like).ones(like.shape[-2:], like.dtype)
    return _xp(like).tril(ones) if lower else _xp(like).triu(ones)


def identity(like: Value) -> Array:
    """1 on the diagonal, else 0."""
    return _xp(like).eye(like.shape[-1], dtype=like.dtype)


def _xp(x: Value) -> Array:
    """The array library of x."""
    return kernels_for("solve", [x.data if isinstance(x, Tensor) else x]).xp


def check_square(op: str, a: Array, b: Array | None = None) -> None:
    """Raise ValueError unless a is `[.., M, M]`, and b, if there is one, `[.., M, K]`."""
    square = a.ndim >= 2 and a.shape[-1] == a.shape[-2]
    if not square or (b is not None and (b.ndim < 2 or b.shape[-2] != a.shape[-1])):
        expected = "[.., M, M]" if b is None else "[.., M, M] and [.., M, K]"
        received = a.shape if b is None else f"{a.shape} and {b.shape}"
        raise ValueError(f"{op}: expected {expected}, received {received}")
