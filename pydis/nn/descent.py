"""The gradient of a loss in all parameters of a network, checked before anything uses it."""

from collections.abc import Mapping

from pydis.autodiff import Array, Tensor, grad
from pydis.autodiff.trace import first_not_finite
from pydis.nn.module import Module
from pydis.nn.optimise import NonFiniteError, check_finite


def gradients(
    loss: Tensor, network: Module, terms: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """∂loss/∂θ for each parameter θ, by path.

    Raises NonFiniteError if the loss, one of the named `terms` or a gradient is not finite. The
    message names them, and the first op that made a number that is not finite of numbers that are.
    """
    try:
        check_finite({"loss": loss.data, **(terms or {})})
    except NonFiniteError as error:
        raise NonFiniteError(_at(error, first_not_finite(loss))) from None
    parameters = network.parameters()
    tensors = list(parameters.values())
    found = dict(zip(parameters, grad(loss, tensors), strict=True))
    try:
        check_finite({f"gradient of {name}": g for name, g in found.items()})
    except NonFiniteError as error:
        again = grad(loss, tensors, differentiable=True)  # the same sweep, recorded
        raise NonFiniteError(_at(error, first_not_finite(*again))) from None
    return found


def _at(error: NonFiniteError, op: str | None) -> str:
    return f"{error}; first in {op}" if op else str(error)
