"""The GPU backend: the reference kernels on CuPy's arrays, and device kernels for what they leave.

A device has memory to spare and pays for every launch. So a convolution makes all its patches at
once, in one copy, and is one matrix product; the transposed one is a product and one kernel, in
which each pixel collects the taps that fall on it in a fixed order. Adam's step is one kernel for
each parameter.
"""

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from pydis.backends.kernels import Array, Size
from pydis.backends.numpy import NumPy

COLLECT = """
    const int c = i % C, column = i / C % W, row = i / C / W % H, n = i / C / W / H;
    T total = 0;
    for (int u = (row + pad) % stride; u < U; u += stride) {
        const int a = (row + pad - u) / stride;
        if (row + pad < u || a >= I) continue;
        for (int v = (column + pad) % stride; v < V; v += stride) {
            const int b = (column + pad - v) / stride;
            if (column + pad < v || b >= J) continue;
            total += products[((((ptrdiff_t(n) * I + a) * J + b) * U + u) * V + v) * C + c];
        }
    }
    x = total;
"""
"""x[n, h, w, c] = Σ_uv products[n, i, j, u, v, c] over s·i + u − p = h and s·j + v − p = w."""

ADAM = """
    m_new = T(beta1) * m + T(1 - beta1) * g;
    v_new = T(beta2) * v + T(1 - beta2) * (g * g);
    theta_new = theta - T(rate) * m_new / (sqrt(T(scale) * v_new) + T(epsilon));
"""


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
        sizes = ", ".join(f"int32 {s}" for s in ("H", "W", "C", "I", "J", "U", "V"))
        self._collect = cupy.ElementwiseKernel(
            f"raw T products, {sizes}, int32 stride, int32 pad", "T x", COLLECT, "pydis_collect"
        )
        constants = ("rate", "scale", "beta1", "beta2", "epsilon")
        self._adam = cupy.ElementwiseKernel(
            "T theta, T g, T m, T v, " + ", ".join(f"float64 {c}" for c in constants),
            "T theta_new, T m_new, T v_new",
            ADAM,
            "pydis_adam",
        )

    def to_numpy(self, a: Array) -> np.ndarray[Any, Any]:
        """A copy in the host's memory, once the device has computed it."""
        return np.asarray(a.get())

    def conv2d(self, x: Array, w: Array, stride: int, pad: int) -> Array:
        """Y = P(x) W, all patches at once."""
        patches = self._patches(x, w.shape[:2], stride, pad)
        n, i, j, *taps = patches.shape
        rows, columns = n * i * j, taps[0] * taps[1] * taps[2]
        y = self.xp.matmul(patches.reshape(rows, columns), w.reshape(columns, w.shape[3]))
        return y.reshape(n, i, j, w.shape[3])

    def conv2d_x(self, g: Array, w: Array, size: Size, stride: int, pad: int) -> Array:
        """x = Pᵀ(G Wᵀ): one product, then each pixel collects its taps."""
        (n, i, j, o), (u, v, c, _) = g.shape, w.shape
        x = self.xp.empty((n, *size, c), g.dtype)
        if x.size == 0 or g.size == 0:
            return self.xp.zeros_like(x)
        products = self.xp.matmul(g.reshape(n * i * j, o), w.reshape(u * v * c, o).T)
        return self._collect(products, *size, c, i, j, u, v, stride, pad, x)

    def conv2d_w(self, x: Array, g: Array, size: Size, stride: int, pad: int) -> Array:
        """W = P(x)ᵀ G, all patches at once."""
        patches = self._patches(x, size, stride, pad)
        n, i, j, *taps = patches.shape
        rows, columns = n * i * j, taps[0] * taps[1] * taps[2]
        w = self.xp.matmul(patches.reshape(rows, columns).T, g.reshape(rows, g.shape[3]))
        return w.reshape(*size, x.shape[3], g.shape[3])

    def adam(
        self,
        theta: Array,
        g: Array,
        m: Array,
        v: Array,
        rate: float,
        scale: float,
        beta1: float,
        beta2: float,
        epsilon: float,
    ) -> tuple[Array, Array, Array]:
        """One pass over a parameter: (θ, m, v) after the step."""
        stepped: tuple[Array, Array, Array] = self._adam(
            theta, g, m, v, rate, scale, beta1, beta2, epsilon
        )
        return stepped
