"""pydis: the theory of disentanglement as code that can be read, run and trusted."""

from pydis import autodiff, backends, data, metrics, models, nn, objectives, probability
from pydis.autodiff import Tensor, check_gradients, grad, stop_gradient
from pydis.backends import available, use
from pydis.backends.environment import VERSION
from pydis.backends.memory import memory
from pydis.backends.threads import threads

__all__ = [
    "Tensor",
    "__version__",
    "autodiff",
    "available",
    "backends",
    "check_gradients",
    "data",
    "grad",
    "memory",
    "metrics",
    "models",
    "nn",
    "objectives",
    "probability",
    "stop_gradient",
    "threads",
    "use",
]

__version__ = VERSION
