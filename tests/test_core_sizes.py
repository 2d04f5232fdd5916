"""Sizes whose products are beyond what can be counted or addressed: refused before any work.

An array without elements may have enormous sizes, and so a result made of it. Each call must end in
an error that names the operation, with nothing allocated. The sizes of NumPy's own arrays times
their bytes stay below 2^63, so a size of 2^62 comes in as a number.
"""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled import DTYPES, _core

UNCOUNTED, UNADDRESSED = "too large to be counted", "more elements than memory can address"
RIGHT: dict[str, dict[str, Any]] = {
    "matmul": {"a": (4, 4), "b": (4, 4)},
    "conv2d": {"x": (1, 4, 4, 1), "w": (1, 1, 1, 1), "stride": 1, "pad": 0},
    "conv2d_x": {
        "g": (1, 4, 4, 1), "w": (1, 1, 1, 1), "height": 4, "width": 4, "stride": 1, "pad": 0,
    },
    "conv2d_w": {
        "x": (1, 4, 4, 1), "g": (1, 4, 4, 1), "filter_height": 1, "filter_width": 1, "stride": 1,
        "pad": 0,
    },
}  # fmt: skip

TOO_LARGE: list[tuple[str, dict[str, Any], str]] = [
    ("matmul", {"a": (2**40, 0), "b": (0, 2**40)}, UNADDRESSED),
    ("matmul", {"a": (2**58, 0), "b": (0, 32)}, UNADDRESSED),
    ("matmul", {"a": (2**58, 0), "b": (0, 2**58)}, UNADDRESSED),
    ("matmul", {"a": (0, 2**40), "b": (2**40, 0), "transpose_a": True, "transpose_b": True},
     UNADDRESSED),
    *((name, {"stride": 2**62}, UNCOUNTED) for name in ("conv2d", "conv2d_x", "conv2d_w")),
    *((name, {"pad": 2**62}, UNCOUNTED) for name in ("conv2d", "conv2d_x", "conv2d_w")),
    *((name, {"pad": 2**61, "stride": 2**61}, UNCOUNTED) for name in ("conv2d", "conv2d_x")),
    ("conv2d", {"pad": 2**60}, UNADDRESSED),
    ("conv2d", {"pad": 2**31}, UNADDRESSED),
    ("conv2d", {"w": (2**58, 1, 0, 1), "x": (1, 4, 4, 0)}, "the filter does not fit the image"),
    ("conv2d", {"w": (2**58, 1, 0, 1), "x": (1, 4, 4, 0), "pad": 2**58}, UNADDRESSED),
    ("conv2d", {"x": (2**31, 1, 1, 0), "w": (1, 1, 0, 2**20), "pad": 2**10}, UNADDRESSED),
    ("conv2d", {"x": (2**58, 1, 1, 0), "w": (1, 1, 0, 32)}, UNADDRESSED),
    *(("conv2d_x", {side: 2**62}, UNCOUNTED) for side in ("height", "width")),
    ("conv2d_x", {"g": (1, 1, 1, 0), "w": (1, 1, 2, 0), "height": 2**31, "width": 2**31,
                  "stride": 2**31}, UNADDRESSED),
    ("conv2d_x", {"g": (1, 1, 1, 0), "w": (1, 1, 2, 0), "height": 2**60, "width": 4,
                  "stride": 2**60}, UNADDRESSED),
    ("conv2d_x", {"g": (2**54, 4, 4, 0), "w": (1, 1, 2**6, 0)}, UNADDRESSED),
    *(("conv2d_w", {side: 2**62}, UNCOUNTED) for side in ("filter_height", "filter_width")),
    ("conv2d_w", {"x": (0, 1, 1, 2), "g": (0, 2, 2, 1), "filter_height": 2**31,
                  "filter_width": 2**31, "pad": 2**30}, UNADDRESSED),
    ("conv2d_w", {"x": (0, 4, 4, 2**31), "g": (0, 4, 4, 2**31)}, UNADDRESSED),
]  # fmt: skip


def made(given: dict[str, Any], dtype: Any) -> dict[str, Any]:
    """Arrays of the shapes, and the numbers as they are."""
    return {k: np.ones(v, dtype) if isinstance(v, tuple) else v for k, v in given.items()}


def refused(function: Callable[..., Any], given: dict[str, Any], message: str) -> None:
    """Raise AssertionError, or what pytest raises, unless the call fails without memory taken."""
    before = _core.memory_statistics()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            function(**given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 16, f"{peak} bytes were taken"
    assert _core.memory_statistics() == before


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("kernel", "sizes", "message"), TOO_LARGE, ids=[f"{k[0]}-{i}" for i, k in enumerate(TOO_LARGE)]
)
def test_sizes_beyond_counting(
    kernel: str, sizes: dict[str, Any], message: str, dtype: Any
) -> None:
    given = made(RIGHT[kernel] | sizes, dtype)
    refused(getattr(_core, kernel), given, f"^{kernel}: .*{message}")


@pytest.mark.parametrize("kernel", RIGHT)
def test_the_same_calls_with_small_sizes_are_taken(kernel: str) -> None:
    """The control, and another: a refusal that first takes memory."""
    given = made(RIGHT[kernel], np.float32)
    assert np.all(getattr(_core, kernel)(**given) >= 1)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        refused(getattr(_core, kernel), given, kernel)

    def late(**_: Any) -> None:
        np.empty(1 << 17, np.uint8)
        raise ValueError(kernel)

    with pytest.raises(AssertionError, match="bytes were taken"):
        refused(late, given, kernel)
