"""Functions of one element at a time: their inputs are first brought to one shape.

That is done by `broadcast_to`, which is an op with its own adjoint. So the rule of an elementwise
op never sees a broadcast and never has to undo one. Where the backend has a kernel of the op's
name, that computes; the function below the decorator is what it equals.
"""

import numpy as np

from pydis.autodiff.ops.shape import broadcast_to
from pydis.autodiff.primitive import Forward, Primitive, alike, own_kernel
from pydis.autodiff.tensor import Value
from pydis.backends import OPTIONAL, Array, Kernels


class Elementwise(Primitive):
    """A primitive whose inputs are broadcast to their common shape."""

    def __call__(self, *inputs: Value, **static: object) -> Value:
        values = alike(self.name, inputs)
        shapes = {v.shape for v in values}
        if len(shapes) > 1:
            try:
                common = np.broadcast_shapes(*shapes)
            except ValueError:
                received = " and ".join(str(v.shape) for v in values)
                raise ValueError(f"{self.name}: shapes {received} do not broadcast") from None
            values = tuple(
                v if v.shape == common else broadcast_to(v, shape=common) for v in values
            )
        return super().__call__(*values, **static)

    def kernel(self, k: Kernels, arrays: list[Array]) -> Forward:
        """The backend's own kernel where it has one."""
        own: Forward | None = own_kernel(k, self.name, arrays) if self.name in OPTIONAL else None
        return own or super().kernel(k, arrays)


def elementwise(forward: Forward) -> Elementwise:
    """Decorator: make an elementwise op of a function `(k, *arrays, **constants) -> array`."""
    return Elementwise(forward)
