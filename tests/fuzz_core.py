"""Random calls of every function of the compiled module, right and wrong ones.

    python tests/fuzz_core.py --calls 100000 --seed 0

A call must end in a right result or in a TypeError, ValueError or MemoryError, and leave its
arguments as they were. Whether it may succeed is decided here, from the arguments alone. Call
number i of a seed is drawn from (seed, i): `--first i --calls 1` repeats it. A call that takes
longer than `--seconds` or more than 1 GiB ends the process.
"""

import argparse
import faulthandler
import importlib.util
import math
import operator
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from core_calls import SLOPES, Call, assert_right, conv_shapes, numbers, optional
from fuzz_families import FAMILIES, RENAMED, prepared
from fuzz_results import compared

Array = Any
Rng = np.random.Generator
EXPECTED = (TypeError, ValueError, MemoryError)
FLOATING = (np.float32, np.float64)
NUMBERS = (np.float64, np.int64)
SMALL = 20_000
"""Results of products are compared up to so many elements of all arrays together."""
WATCHED = 50_000
"""Arguments are compared before and after up to so many elements each."""


class Fault(Exception):
    """A call that did something it must not do."""


# Right calls: one row for each kernel


def product(rng: Rng, pick: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    rows, cols, depth = (int(n) for n in rng.integers(0, 20, 3))
    ta, tb = pick(False, True), pick(False, True)
    a, b = (depth, rows) if ta else (rows, depth), (cols, depth) if tb else (depth, cols)
    static = {"transpose_a": ta, "transpose_b": tb, "slope": pick(*SLOPES)}
    return {"a": a, "b": b, "bias": (cols,)}, static


def convolution(kernel: str) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    def draw(rng: Rng, pick: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        u, v, stride = (int(n) for n in rng.integers(1, 5, 3))
        stride, pad = pick(stride, stride, 17), pick(0, 0, 1, 2, 5)
        h, w = max(0, u - 2 * pad) + pick(0, 1, 4), max(0, v - 2 * pad) + pick(0, 1, 4)
        n, c, o = pick(0, 1, 2, 5, 9), pick(0, 1, 3, 5, 9), pick(0, 1, 2, 7, 17)
        beside = rng.spawn(1)[0]  # draws of its own, so that the others stay as they are
        if beside.random() < 0.2:  # fewer products than terms, or nearly
            n, o = int(beside.choice([0, 1, 1, 2])), int(beside.choice([31, 32, 32, 32]))
            h, w, c, u, v, stride = *(int(n) for n in beside.integers(6, 12, 2)), 32, 4, 4, 2
            if kernel == "conv2d_w" and beside.random() < 0.3:
                n, h, w = 33, 8, 8
            pad = int(beside.integers(1, 4))
        if 0 in (c, o) and pick(False, True):  # no memory bounds the other sizes
            giant = pick(2**20, 2**31, 2**40, 2**50)
            u, h, stride = giant - pick(0, 1, 3), giant, pick(1, 3, giant)
            pad, w = pick(0, 1, giant // 2), w + v
        shapes, static = conv_shapes(kernel, (n, h, w, u, v, c, o, stride, pad))
        return shapes, static | ({} if kernel == "conv2d_w" else {"slope": pick(*SLOPES)})

    return draw


DRAWS = {
    "matmul": product,
    "conv2d": convolution("conv2d"),
    "conv2d_x": convolution("conv2d_x"),
    "conv2d_w": convolution("conv2d_w"),
}
"""Kernels whose results are compared: the shapes of the arrays and the other arguments."""

SETTINGS = {
    "set_threads": ({"number": 2}, lambda core: range(1, 257), "threads"),
    "use_instruction_set": (
        {"name": "baseline"}, lambda core: core.instruction_sets(), "instruction_set",
    ),
}  # fmt: skip
"""What changes the module: a right call, all values that are right, and what tells the value."""

# Wrong arguments

INTEGERS = [
    0, -1, 1, 2, 3, 17, 255, 256, 257, 2**31 - 1, 2**31, -(2**31), 2**32, 2**40, 2**61, 2**61 + 1,
    2**62, 2**63 - 1, -(2**63), 2**63, 2**64, 10**30, True, None, 1.0, 2.5, float("nan"), 1 + 0j,
    "1", b"1", [1], np.int64(2), np.uint8(3), np.float32(2.5), np.array(2), np.array([2]),
]  # fmt: skip
FLOATS = [0.0, -0.0, 0.1, -3, 10**300, 10**400, np.inf, -np.inf, np.nan, "0.5", None, [], 1j, 1e300,
          1e-320, np.float16(0.5), True]  # fmt: skip
FLAGS = [False, True, 0, 1, 2, -1, None, "yes", [], np.bool_(True), 0.5]
NAMES = ["baseline", "avx2", "avx512", "", "AVX2", "a\0b", "é", b"avx2", None, 3, "x" * 10_000]
KINDS = ["normal", "normal", "special", "subnormal", "zeros"]
SIZES = [0, 0, 1, 2, 2**20, 2**31, 2**40, 2**61]


class Subclass(np.ndarray):
    """An array that may mean more than its memory says."""


def reshaped(x: Array, rng: Rng) -> Array:
    """Another rank, or other sizes; seldom enormous ones that take no memory."""
    kind = rng.integers(6)
    if kind == 0 and x.ndim:
        return x[0] if len(x) else x.reshape(*x.shape, 1)
    if kind == 1:
        return x[None]
    if kind == 2:
        return x.reshape(-1)
    if kind == 3 and x.ndim:
        axis = int(rng.integers(x.ndim))
        return np.concatenate([x, x], axis) if rng.random() < 0.5 else np.delete(x, slice(1), axis)
    if kind == 4:
        return np.ones((), x.dtype)
    shape = [int(n) for n in rng.choice(SIZES, x.ndim)]
    if rng.random() < 0.5 or x.ndim == 0:
        return np.broadcast_to(x.dtype.type(1), [n if n < 2**31 else 2 for n in shape])
    if np.prod(np.array(shape, object)) > 2**20:
        shape[int(rng.integers(x.ndim))] = 0
    try:
        return np.empty(shape, x.dtype)
    except (ValueError, MemoryError):
        return np.empty([0] * x.ndim, x.dtype)


def strided(x: Array, rng: Rng) -> Array:
    """The same shape, other strides."""
    kind = rng.integers(4)
    if kind == 0:
        return np.asfortranarray(x)
    if kind == 1:
        return x[tuple(slice(None, None, -1) for _ in x.shape)]
    if kind == 2 and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return np.broadcast_to(x.dtype.type(2), x.shape)


def misaligned(x: Array) -> Array:
    """The same numbers, one byte further."""
    memory = np.empty(x.nbytes + 1, np.uint8)
    y = memory[1:].view(x.dtype).reshape(x.shape) if x.size else x
    y[...] = x
    return y


def retyped(x: Array, rng: Rng) -> Array:
    types = [np.float32, np.float64, np.float16, np.longdouble, np.int32, np.uint8, np.bool_,
             np.complex64, object, x.dtype.newbyteorder(), "S4", "M8[s]", "f4,f4"]  # fmt: skip
    dtype = types[rng.integers(len(types))]
    return x.astype(dtype) if dtype is object else np.zeros(x.shape, dtype)


def frozen(x: Array) -> Array:
    x = x.copy()
    x.flags.writeable = False
    return x


def spoiled(x: Array, rng: Rng, others: list[Array]) -> Any:
    """An array in another guise."""
    guises: list[Callable[[], Any]] = [
        lambda: retyped(x, rng),
        lambda: reshaped(x, rng),
        lambda: reshaped(x, rng),
        lambda: strided(x, rng),
        lambda: misaligned(x),
        lambda: frozen(x),
        lambda: x.view(Subclass),
        lambda: np.ma.masked_array(x),
        lambda: x.view(np.recarray),
        lambda: others[rng.integers(len(others))],
        lambda: [None, x.reshape(-1)[:3].tolist(), 3, "x", memoryview(x.tobytes()), object()][
            rng.integers(6)
        ],
    ]
    try:
        return guises[rng.integers(len(guises))]()
    except (MemoryError, ValueError):  # of NumPy: too large for this guise
        return None


def value_of(like: Any, rng: Rng) -> Any:
    """Another argument in the place of a constant."""
    values = FLAGS if isinstance(like, bool) else INTEGERS if isinstance(like, int) else FLOATS
    values = NAMES if isinstance(like, str) else values
    return values[rng.integers(len(values))]


def affordable(shape: tuple[int, ...]) -> bool:
    """Whether NumPy makes such an array, and with few elements."""
    return math.prod(shape) < 2**20 and math.prod(n for n in shape if n) < 2**60


def drawn(seed: int, index: int) -> tuple[str, dict[str, Any], bool]:
    """Call number `index`: a right one, of which none to three arguments are then spoiled.

    With it comes whether none were.
    """
    rng = np.random.default_rng([seed, index])

    def pick(*values: Any) -> Any:
        return values[rng.integers(len(values))]

    name = pick(*DRAWS, *DRAWS, *DRAWS, *SETTINGS) if pick(False, True) else pick(*FAMILIES)
    if name in SETTINGS:
        return name, {k: pick(v, value_of(v, rng)) for k, v in SETTINGS[name][0].items()}, False
    shapes, static = (DRAWS | FAMILIES)[name](rng, pick)
    dtype = pick(np.float32, np.float64)
    kinds = KINDS if name in DRAWS or pick(False, True) else ["normal"]
    arrays = {
        key: numbers(rng, pick(*kinds), shape if affordable(shape) else (0,) * len(shape), dtype)
        for key, shape in shapes.items()
        if not optional(key) or rng.random() < 0.4
    }
    arrays = {RENAMED.get(key, key): array for key, array in arrays.items()}
    if name in FAMILIES:
        prepared(name, arrays, static, rng)
    arguments: dict[str, Any] = arrays | static
    right = all(map(affordable, shapes.values())) and all(
        n < SMALL for shape in shapes.values() for n in shape
    )
    for _ in range(pick(0, 0, 1, 1, 2, 3)):
        right = False
        key = pick(*arguments)
        if key in arrays:
            arguments[key] = spoiled(arrays[key], rng, list(arrays.values()))
        else:
            arguments[key] = value_of(static[key], rng)
    if rng.random() < 0.02:
        right = False
        del arguments[pick(*arguments)]
    if rng.random() < 0.02:
        right = False
        arguments["axis"] = 1
    return name, arguments, right


# Judgement


def whole(value: Any) -> bool:
    """Whether a value is an index of 64 bits."""
    try:
        return -(2**63) <= operator.index(value) < 2**63
    except TypeError:
        return False


def plain(x: Any, dtype: Any, types: Any = FLOATING) -> bool:
    """Whether an array is one that a kernel can read where it lies."""
    return (
        type(x) is np.ndarray
        and x.dtype in types
        and x.dtype == dtype
        and x.dtype.isnative
        and x.flags.c_contiguous
        and x.flags.aligned
    )


def judged(core: Any, name: str, arguments: dict[str, Any], y: Any) -> str:
    """What was checked of a call that gave y. Raises Fault where it should have failed."""
    if name in SETTINGS:
        (value,) = arguments.values()
        value = value.decode() if isinstance(value, bytes) else value
        if value not in SETTINGS[name][1](core) or getattr(core, SETTINGS[name][2])() != value:
            raise Fault("a wrong setting was taken")
        return "set"
    if name in FAMILIES:
        return taken(name, arguments, y if isinstance(y, tuple) else (y,))
    operands = DRAWS[name](np.random.default_rng(0), lambda *v: v[0])[0]
    arrays = {k: v for k, v in arguments.items() if k in operands and v is not None}
    dtype = getattr(next(iter(arrays.values()), None), "dtype", None)
    if wrong := [k for k, v in arrays.items() if not plain(v, dtype)]:
        raise Fault(f"{wrong[0]} was taken")
    static = {k: v for k, v in arguments.items() if k not in operands and v is not None}
    for key in static.keys() - {"slope", "transpose_a", "transpose_b"}:
        if not whole(static[key]):
            raise Fault(f"{key} was taken")
        static[key] = operator.index(static[key])
    if "slope" in static:
        static["slope"] = float(np.float64(static["slope"]).astype(dtype))
    if y.dtype != dtype or not y.flags.c_contiguous or not y.flags.writeable:
        raise Fault(f"a result of {y.dtype} with {y.flags}")
    if any(np.shares_memory(y, x) for x in arrays.values()):
        raise Fault("the result shares memory with an operand")
    if y.size + sum(x.size for x in arrays.values()) > SMALL or max(y.shape, default=0) > SMALL:
        return "large"
    if any(max(x.shape, default=0) > SMALL for x in arrays.values()):
        return "large"
    if not np.isfinite(static.get("slope", 0.0)) or abs(static.get("slope", 0.0)) > 1e6:
        return "not compared"
    try:
        assert_right(Call(name, arrays, static), y)
    except AssertionError as error:
        raise Fault(f"a wrong result: {error}") from None
    return "compared"


def misplaced(**arrays: Array) -> list[str]:
    """Which arrays of outlines are no right ones."""
    types = {"which": np.int64}
    wrong = [k for k, v in arrays.items() if not plain(v, types.get(k, np.float64), NUMBERS)]
    if not wrong and np.any((arrays["which"] < 0) | (arrays["which"] >= len(arrays["outlines"]))):
        wrong = ["a number of no outline"]
    return wrong


def taken(name: str, arguments: dict[str, Any], results: tuple[Array, ...]) -> str:
    """Raises Fault unless the arrays were right ones, and the results are new ones like them."""
    operands = FAMILIES[name](np.random.default_rng(0), lambda *v: v[0])[0]
    names = [RENAMED.get(key, key) for key in operands]
    arrays = {k: arguments[k] for k in names if arguments.get(k) is not None}
    made = getattr(next(iter(arrays.values()), None), "dtype", None)
    wrong = [k for k, v in arrays.items() if not plain(v, made)]
    if name == "fill_outlines":
        made, wrong = np.uint8, misplaced(**arrays)
    if wrong:
        raise Fault(f"{wrong[0]} was taken")
    for y in results:
        if y.dtype != made or not y.flags.c_contiguous or not y.flags.writeable:
            raise Fault(f"a result of {y.dtype} with {y.flags}")
        if any(np.shares_memory(y, x) for x in arrays.values()):
            raise Fault("the result shares memory with an operand")
    static = {k: v for k, v in arguments.items() if k not in names}
    try:
        done = compared(name, arrays, static, results[0] if len(results) == 1 else results)
    except AssertionError as error:
        raise Fault(f"a wrong result: {error}") from None
    return "compared" if done else "taken"


def memory(x: Any) -> bytes | None:
    """What an array holds, if it is small."""
    return x.tobytes() if isinstance(x, np.ndarray) and x.size < WATCHED else None


def shown(name: str, arguments: dict[str, Any]) -> str:
    """A call, short."""
    texts = [
        f"{k}={v.dtype}{v.shape}{v.strides}" if isinstance(v, np.ndarray) else f"{k}={v!r:.40}"
        for k, v in arguments.items()
    ]
    return f"{name}({', '.join(texts)})"


def one(core: Any, seed: int, index: int) -> str:
    """Make one call; say how it ended. Raises Fault."""
    with np.errstate(all="ignore"):
        name, arguments, right = drawn(seed, index)
        before = {k: memory(v) for k, v in arguments.items()}
        setting = getattr(core, SETTINGS[name][2])() if name in SETTINGS else None
        try:
            y = getattr(core, name)(**arguments)
        except EXPECTED as error:
            end = next(each.__name__ for each in EXPECTED if isinstance(error, each))
            if right:
                raise Fault(f"call {index}: {shown(name, arguments)}: {error}") from error
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
            raise Fault(f"call {index}: {shown(name, arguments)}: {text}") from error
        else:
            try:
                end = judged(core, name, arguments, y)
            except Fault as fault:
                raise Fault(f"call {index}: {shown(name, arguments)}: {fault}") from None
            if name in SETTINGS:
                getattr(core, name)(setting)
        if before != {k: memory(v) for k, v in arguments.items()}:
            raise Fault(f"call {index}: {shown(name, arguments)}: changed its arguments")
    return f"{name} {end}"


def fuzz(
    core: Any, calls: int, seed: int, first: int = 0, seconds: float | None = None
) -> Counter[str]:
    """Make so many calls; count how they ended. A hundred of them may take so long, or exit."""
    ends: Counter[str] = Counter()
    sets = core.instruction_sets()
    for index in range(first, first + calls):
        if index % 100 == 0 or index == first:
            if seconds is not None:
                faulthandler.dump_traceback_later(seconds, exit=True)
                print(f"call {index} and on", end="\r", file=sys.stderr, flush=True)
            core.use_instruction_set(sets[index // 100 % len(sets)])
            core.set_threads(1 + index // 100 % 4)
        ends[one(core, seed, index)] += 1
    return ends


def limit_memory(more: int) -> None:
    """Let this process take so many more bytes, on Linux."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def loaded(path: Path | None) -> Any:
    """The installed module, or the one of a file."""
    if path is None:
        from pydis import _core

        return _core
    spec = importlib.util.spec_from_file_location("_core", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no compiled module")
    core = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(core)
    return core


def main() -> None:
    """Read the command line, fuzz, print the counts."""
    parser = argparse.ArgumentParser(description="Random calls of pydis._core")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60, help="for a hundred calls, at most")
    parser.add_argument("--module", type=Path, help="another build of the module")
    parser.add_argument("--unlimited", action="store_true", help="any memory, for a sanitizer")
    given = parser.parse_args()
    core = loaded(given.module)
    if not given.unlimited:
        limit_memory(2**30)
    ends = fuzz(core, given.calls, given.seed, given.first, given.seconds)
    faulthandler.cancel_dump_traceback_later()
    print(file=sys.stderr)
    for end, count in sorted(ends.items()):
        print(f"{count:8} {end}")
    print(f"{ends.total():8} calls of seed {given.seed}")


if __name__ == "__main__":
    main()
