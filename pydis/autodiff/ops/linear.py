"""The matrix product, alone and in Einstein's notation."""

from math import prod

import numpy as np

from pydis.autodiff.ops.shape import broadcast_to, reshape, transpose
from pydis.autodiff.primitive import Forward, Primitive, alike
from pydis.autodiff.tensor import Value
from pydis.backends import Array, Kernels


class OnMatrices(Primitive):
    """A primitive on stacks of matrices, whose leading axes are broadcast to their common shape."""

    def __call__(self, *inputs: Value, **static: object) -> Value:
        values = alike(self.name, inputs)
        leads = {v.shape[:-2] for v in values}
        if len(leads) > 1 and all(v.ndim >= 2 for v in values):
            try:
                lead = np.broadcast_shapes(*leads)
            except ValueError:
                message = f"{self.name}: leading axes of {_shapes(*values)} do not broadcast"
                raise ValueError(message) from None
            values = tuple(
                v if v.shape[:-2] == lead else broadcast_to(v, shape=lead + v.shape[-2:])
                for v in values
            )
        return super().__call__(*values, **static)


def on_matrices(forward: Forward) -> OnMatrices:
    """Decorator: make an op on stacks of matrices of `(k, *arrays, **constants) -> array`."""
    return OnMatrices(forward)


@on_matrices
def matmul(k: Kernels, a: Array, b: Array) -> Array:
    """Y = A B,  dY = dA B + A dB,  so  <Ȳ, dY> = <Ȳ Bᵀ, dA> + <Aᵀ Ȳ, dB>.

    Two matrices go to the kernel of the backend, stacks of them to the array library.
    """
    if a.ndim == b.ndim == 2:
        check_matmul("matmul", a, b)
        return k.matmul(a, b)
    if min(a.ndim, b.ndim) < 2 or a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: expected [.., M, K] and [.., K, N], received {_shapes(a, b)}")
    return k.xp.matmul(a, b)


@matmul.pullback
def _(y_bar: Value, y: Value, a: Value, b: Value) -> Value:
    return lambda: matmul(y_bar, swap(b)), lambda: matmul(swap(a), y_bar)


def swap(x: Value) -> Value:
    """Each matrix of a stack transposed: the last two axes change places."""
    return transpose(x, axes=(*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def check_matmul(op: str, a: Array, b: Array) -> None:
    """Raise ValueError unless a is `[M, K]` and b is `[K, N]`."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        raise ValueError(f"{op}: expected [M, K] and [K, N], received {_shapes(a, b)}")


def _shapes(*arrays: Array) -> str:
    return " and ".join(str(a.shape) for a in arrays)


def einsum(notation: str, a: Value, b: Value) -> Value:
    """Σ a b over the letters that the output lacks, such as "nik,nkj->nij".

    A product of two arrays, as one stack of matrix products [batch, left, sum] [batch, sum, right].
    Every letter that is not in the output must be in both inputs, and none twice in one of them.
    Raises ValueError for anything else: other sums are `sum`, a diagonal is `take`.
    """
    left, right, out = _parse(notation, a, b)
    sizes = dict(zip(left + right, a.shape + b.shape, strict=True))
    batch = [i for i in left if i in right and i in out]
    summed = [i for i in left if i in right and i not in out]
    rows, columns = [i for i in left if i not in right], [i for i in right if i not in left]

    def matrices(x: Value, letters: str, *groups: list[str]) -> Value:
        order = tuple(letters.index(i) for group in groups for i in group)
        shape = tuple(prod(sizes[i] for i in group) for group in groups)
        return reshape(transpose(x, axes=order), shape=shape)

    y = matmul(matrices(a, left, batch, rows, summed), matrices(b, right, batch, summed, columns))
    letters = batch + rows + columns
    y = reshape(y, shape=tuple(sizes[i] for i in letters))
    return transpose(y, axes=tuple(letters.index(i) for i in out))


def _parse(notation: str, a: Value, b: Value) -> tuple[str, str, str]:
    """The letters of both inputs and of the output, or ValueError with what is wrong."""
    inputs, arrow, out = notation.replace(" ", "").partition("->")
    left, comma, right = inputs.partition(",")
    letters = left + right + out
    if not arrow or not comma or (letters and not letters.isalpha()):
        raise ValueError(f"einsum: expected notation such as 'ij,jk->ik', received {notation!r}")
    if any(len(set(part)) < len(part) for part in (left, right, out)):
        raise ValueError(f"einsum: {notation!r} has a letter twice in one place")
    if not set(left) ^ set(right) <= set(out) <= set(left) | set(right):
        raise ValueError(f"einsum: in {notation!r} a letter stands on one side only")
    known = dict(zip(left, a.shape, strict=False))
    if (len(left), len(right)) != (a.ndim, b.ndim) or any(
        known.get(i, n) != n for i, n in zip(right, b.shape, strict=True)
    ):
        raise ValueError(f"einsum: {notation!r} does not fit shapes {_shapes(a, b)}")
    return left, right, out
