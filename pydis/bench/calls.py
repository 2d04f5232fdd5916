"""The kernel calls of a piece of code, by wrapping every kernel of a backend's table.

A kernel that calls another calls the table's own, so only what an op asked for is counted. The
clock runs while a kernel computes; what the counting itself takes is kept apart.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from math import prod
from time import perf_counter
from typing import Any, NamedTuple

from pydis.backends import FUSED, OPTIONAL, OUTSIDE, REQUIRED, Kernels, load, use

KERNELS = (*REQUIRED, *FUSED, *OPTIONAL, *OUTSIDE)

PER_ELEMENT = {
    "relu": 1,
    "leaky_relu": 2,
    "gate": 1,
    "sigmoid": 4,
    "softplus": 4,
    "row_sums": 1,
    "bias_gradient": 2,
    "batch_moments": 5,
    "batch_norm": 4,
    "batch_norm_sums": 4,
    "batch_norm_x": 6,
    "bernoulli_log_likelihood": 6,
    "bernoulli_slope": 6,
    "adam": 12,
}
"""Operations for each number of the largest array, where a kernel is no product. exp, log, √ and a
division count as one each: these kernels are bound by memory, and a nominal count places them."""

PER_PAIR = {"pairwise_gaussian": 5, "pairwise_gaussian_slopes": 12}
"""Operations for each coordinate of each pair of a draw and a Gaussian."""


class Key(NamedTuple):
    """Calls that cost the same."""

    kernel: str
    shape: str


class Cost(NamedTuple):
    """Of one call: operations, and bytes of all arrays read or written."""

    operations: int
    bytes: int


class Calls:
    """What was called: seconds of each call by key, and the cost of one."""

    def __init__(self) -> None:
        self.seconds: dict[Key, list[float]] = defaultdict(list)
        self.costs: dict[Key, Cost] = {}
        self.counting = 0.0

    def start(self) -> None:
        """Forget the times so far."""
        self.seconds.clear()
        self.counting = 0.0

    def in_kernels(self) -> float:
        """Seconds in all kernels."""
        return sum(map(sum, self.seconds.values()))


def recording(backend: str, **replaced: Any) -> tuple[Calls, AbstractContextManager[Kernels]]:
    """The calls, empty, and the block that fills them: it uses the backend with kernels wrapped."""
    table, calls = load(backend, **replaced), Calls()
    wrapped = {
        name: _wrapped(calls, name, getattr(table, name))
        for name in KERNELS
        if getattr(table, name) is not None
    }
    return calls, use(backend, **replaced | wrapped)


def _wrapped(calls: Calls, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        entered = perf_counter()
        arguments = (*given, *named.values())
        arrays = [a for a in arguments if hasattr(a, "dtype")]
        key = Key(name, " ".join("x".join(map(str, a.shape)) or "1" for a in arrays))
        began = perf_counter()
        result = kernel(*given, **named)
        ended = perf_counter()
        calls.seconds[key].append(ended - began)
        if key not in calls.costs:
            calls.costs[key] = cost(name, arguments, result)
        calls.counting += began - entered + perf_counter() - ended
        return result

    return call


def cost(name: str, arguments: tuple[Any, ...], result: Any) -> Cost:
    """Operations and compulsory bytes of one call."""
    results = result if isinstance(result, tuple) else (result,)
    arrays = [a for a in arguments if hasattr(a, "dtype")]
    moved = sum(a.size * a.dtype.itemsize for a in (*arrays, *results))
    return Cost(_operations(name, arguments, arrays, results), int(moved))


def _operations(
    name: str, arguments: tuple[Any, ...], arrays: list[Any], results: tuple[Any, ...]
) -> int:
    if name.startswith("matmul"):
        (m, k), n = arguments[0].shape, arguments[1].shape[1]
        return int(2 * m * k * n)
    if name.startswith("conv2d_w"):
        x, g, size = arrays[0].shape, arrays[1].shape, arguments[-3]
        return correlation(x, g, size, *arguments[-2:])
    if name.startswith("conv2d_x"):
        g, w = arrays[0].shape, (arrays[2] if name.endswith("gated") else arrays[1]).shape
        return correlation(results[0].shape, g, w[:2], *arguments[-2:])
    if name.startswith("conv2d"):
        x, w = arrays[0].shape, (arrays[2] if name.endswith("gated") else arrays[1]).shape
        return correlation(x, results[0].shape, w[:2], *arguments[-2:])
    if name in PER_PAIR:
        z, mean = arrays[-3].shape, arrays[-2].shape
        return PER_PAIR[name] * int(z[0] * prod(mean))
    return PER_ELEMENT.get(name, 1) * max((int(a.size) for a in (*arrays, *results)), default=0)


def correlation(
    image: tuple[int, ...], maps: tuple[int, ...], size: tuple[int, ...], stride: int, pad: int
) -> int:
    """2 N C O times the pairs of a map's pixel and a tap that lie on the image."""
    pairs = prod(
        sum(0 <= stride * i + u - pad < length for i in range(count) for u in range(taps))
        for length, count, taps in zip(image[1:3], maps[1:3], size, strict=True)
    )
    return int(2 * image[0] * image[3] * maps[3] * pairs)
