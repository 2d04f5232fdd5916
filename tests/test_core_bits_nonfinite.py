"""One NaN or infinity does not change how the finite rest of a result is summed."""

from typing import Any

import numpy as np
import pytest
from compiled import ALIKE, DTYPES, _core, instruction_set

pytestmark = pytest.mark.skipif(
    len(ALIKE) < 2, reason="this machine has no AVX-512 to compare with AVX2"
)


def results(kernel: str, channels: int, bad: float, dtype: Any) -> list[np.ndarray]:
    """The kernel on two instruction sets, with one bad number in each array."""
    rng = np.random.default_rng(channels)
    n, h, wide, i, j, outputs = (8, 13, 15, 7, 8, 32) if channels == 32 else (2, 5, 7, 3, 4, 17)
    sizes = {"x": (n, h, wide, channels), "w": (4, 4, channels, outputs), "g": (n, i, j, outputs)}
    x, w, g = (rng.standard_normal(size).astype(dtype) for size in sizes.values())
    for array in (x, w, g):
        array.flat[array.size // 2] = bad
    calls = {
        "conv2d": lambda: _core.conv2d(x, w, 2, 2),
        "conv2d_x": lambda: _core.conv2d_x(g, w, h, wide, 2, 2),
        "conv2d_w": lambda: _core.conv2d_w(x, g, 4, 4, 2, 2),
    }
    made = []
    for name in (ALIKE[0], ALIKE[-1]):
        with instruction_set(name):
            made.append(calls[kernel]())
    return made


def differing(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.sum(~((a == b) | (np.isnan(a) & np.isnan(b)))))


# From 6 channels AVX2 reads images in place, from 8 AVX-512 does too: between them they differ.
# 32 of both sides would be summed by fewer products.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [3, 5, 6, 7, 8, 9, 32])
@pytest.mark.parametrize("kernel", ["conv2d", "conv2d_x", "conv2d_w"])
def test_vector_width_does_not_change_the_rest(
    kernel: str, channels: int, bad: float, dtype: Any
) -> None:
    a, b = results(kernel, channels, bad, dtype)
    assert 0 < np.isfinite(a).sum() < a.size
    assert differing(a, b) == 0


def test_one_changed_bit_is_seen() -> None:
    a, b = results("conv2d_w", 8, np.nan, np.float32)
    i = np.flatnonzero(np.isfinite(b))[0]
    b.flat[i] = np.nextafter(b.flat[i], np.float32(np.inf))
    assert differing(a, b) == 1
