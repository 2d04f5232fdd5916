"""How derivatives flow: tensors, ops with their pullbacks, and the sweep that joins them."""

from pydis.autodiff import ops
from pydis.autodiff.check import check_gradients
from pydis.autodiff.reverse import grad
from pydis.autodiff.tensor import Tensor, Value, stop_gradient
from pydis.autodiff.transforms import hvp, jacobian, jvp, vjp
from pydis.backends import Array

__all__ = [
    "Array",
    "Tensor",
    "Value",
    "check_gradients",
    "grad",
    "hvp",
    "jacobian",
    "jvp",
    "ops",
    "stop_gradient",
    "vjp",
]
