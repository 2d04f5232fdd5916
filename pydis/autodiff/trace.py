"""Where a graph went wrong: the first op whose result is not finite though its inputs are."""

from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.backends import Array, kernels_for


def first_not_finite(*ts: Tensor) -> str | None:
    """The earliest op in the making of ts that gave a NaN or an infinity, in words; None if none.

    Names the op, and shape and range of each of its inputs.
    """
    found: dict[int, Tensor] = {}
    stack = list(ts)
    while stack:
        one = stack.pop()
        if one.node is not None and id(one) not in found:
            found[id(one)] = one
            stack.extend(i for i in one.node.inputs if isinstance(i, Tensor))
    for one in sorted(found.values(), key=lambda each: each.node.order if each.node else -1):
        if one.node is not None and not _finite(one.data):
            inputs = ", ".join(_described(i) for i in one.node.inputs)
            return f"{one.node.op.name} of {inputs}"
    return None


def _described(value: Value) -> str:
    """Shape and range of a value; the range of its finite elements if some are not."""
    array = stop_gradient(value)
    if array.size == 0:
        return f"{list(array.shape)}"
    if _finite(array):
        return f"{list(array.shape)} within [{float(array.min()):.4g}, {float(array.max()):.4g}]"
    return f"{list(array.shape)} with values that are not finite"


def _finite(array: Array) -> bool:
    return bool(kernels_for("trace", [array]).xp.isfinite(array).all())
