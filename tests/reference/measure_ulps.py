"""Measure the error of the vector functions, in units of the last place of the exact result.

    python tests/reference/measure_ulps.py              every float32; minutes for each function
    python tests/reference/measure_ulps.py --every 997  one float32 in 997
    python tests/reference/measure_ulps.py --double     10^6 float64 against long double

float32 is compared with NumPy in float64. Prints the largest error of each function and where.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from pydis import _core

Array = Any
BLOCK = 1 << 22

EXACT: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sigmoid": lambda x: np.where(x < 0, np.exp(-abs(x)), 1) / (1 + np.exp(-abs(x))),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-abs(x))),
}
"""The functions in a wider type than the one measured."""


def ulps(y: Array, exact: Array) -> Array:
    """|y − exact| in units of the last place that y's type has at `exact`; 0 where both agree.

    Not a number agrees with itself; an infinity agrees with what rounds to it.
    """
    dtype = y.dtype
    info = np.finfo(dtype)
    wide = exact.dtype.type
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        same = (rounded == y) | (np.isnan(exact) & np.isnan(y))
        size = np.maximum(abs(exact), wide(info.smallest_normal))
        unit = np.ldexp(wide(1), np.frexp(size)[1] - 1 - info.nmant)
        error = abs(y.astype(wide) - exact) / unit
    return np.where(same & ~(np.isfinite(exact) & np.isfinite(y)), 0, error)


def worst(name: str, x: Array, wide: Any) -> tuple[float, float]:
    """The largest error of a function over x, and where it is."""
    with np.errstate(all="ignore"):
        exact = EXACT[name](x.astype(wide))
        error = ulps(getattr(_core, name)(x), exact)
    at = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
    return float(error[at]), float(x[at])


def over_float32(name: str, every: int) -> tuple[float, float]:
    """The largest error over the bit patterns 0, `every`, 2 · `every`, ..."""
    found = (0.0, 0.0)
    for first in range(0, 1 << 32, BLOCK * every):
        last = min(1 << 32, first + BLOCK * every)
        patterns = np.arange(first, last, every, dtype=np.uint64).astype(np.uint32)
        found = max(found, worst(name, patterns.view(np.float32), np.float64))
    return found


def doubles(count: int, seed: int) -> Array:
    """Numbers of every size, and as many again where the function bends."""
    rng = np.random.default_rng(seed)
    spread = rng.integers(0, 1 << 64, count // 2, dtype=np.uint64).view(np.float64)
    near = rng.uniform(-40, 40, count // 4)
    close = rng.uniform(-1, 1, count // 4)
    return np.concatenate([spread, near, close])


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--double", action="store_true")
    options.add_argument("--sets", nargs="*", default=_core.instruction_sets())
    options.add_argument("names", nargs="*", default=list(EXACT))
    chosen = options.parse_args()
    for instructions in chosen.sets:
        _core.use_instruction_set(instructions)
        for name in chosen.names:
            if chosen.double:
                error, at = worst(name, doubles(10**6, 0), np.longdouble)
            else:
                error, at = over_float32(name, chosen.every)
            print(f"{instructions:9} {name:9} {error:.3f} ulp at {at!r}", flush=True)


if __name__ == "__main__":
    main()
