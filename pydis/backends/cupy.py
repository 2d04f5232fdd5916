"""The GPU backend: the reference kernels on CuPy's arrays. Device kernels replace them in time."""

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from pydis.backends.kernels import Array
from pydis.backends.numpy import NumPy


class CuPy(NumPy):
    """`NumPy` with another array library. Raises ImportError naming what is missing."""

    name: ClassVar[str] = "cupy"

    def __init__(self) -> None:
        try:
            import cupy
            from cupyx.scipy import special
        except ImportError as error:
            hint = "pip install 'pydis[gpu12]' (CUDA 12) or 'pydis[gpu13]' (CUDA 13)"
            raise ImportError(f"CuPy is not installed: {hint}") from error
        if not cupy.cuda.is_available():
            raise ImportError("CuPy is installed, but it finds no CUDA device")
        self.xp = cupy
        self.special = SimpleNamespace(
            erf=special.erf,
            gammaln=special.gammaln,
            ndtr=special.ndtr,
            # SciPy's orders are an array, and its results are in double precision
            polygamma=lambda n, x: special.polygamma(cupy.asarray(n), x).astype(x.dtype),
        )
        self.array_type = cupy.ndarray

    def to_numpy(self, a: Array) -> np.ndarray[Any, Any]:
        """A copy in the host's memory, once the device has computed it."""
        return np.asarray(a.get())
