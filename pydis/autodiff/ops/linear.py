"""The matrix product."""

from pydis.autodiff.ops.shape import transpose
from pydis.autodiff.primitive import primitive
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


@primitive
def matmul(k: Kernels, a: Array, b: Array) -> Array:
    """Y = A B,  dY = dA B + A dB,  so  <Ȳ, dY> = <Ȳ Bᵀ, dA> + <Aᵀ Ȳ, dB>."""
    check_matmul("matmul", a, b)
    return k.matmul(a, b)


@matmul.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return lambda: matmul(y_bar, transpose(b)), lambda: matmul(transpose(a), y_bar)


def check_matmul(op: str, a: Array, b: Array) -> None:
    """Raise ValueError unless a is `[M, K]` and b is `[K, N]`."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"{op}: expected [M, K] and [K, N], received {a.shape} and {b.shape}")
