"""pydis: the theory of disentanglement as code that can be read, run and trusted."""

from importlib.metadata import PackageNotFoundError, version

from pydis import autodiff, backends, nn, objectives, probability
from pydis.autodiff import Tensor, check_gradients, grad, stop_gradient
from pydis.backends import available, use

__all__ = [
    "Tensor",
    "autodiff",
    "available",
    "backends",
    "check_gradients",
    "grad",
    "nn",
    "objectives",
    "probability",
    "stop_gradient",
    "use",
]

try:
    __version__ = version("pydis")
except PackageNotFoundError:  # read from a source tree that was never installed
    __version__ = "0+unknown"
