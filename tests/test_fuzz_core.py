"""Random calls of the compiled module: a sample of `fuzz_core.py`, and faults that it finds.

PYDIS_FUZZ_CALLS sets their number, 2000 if it is not given.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from compiled import _core, threads
from fuzz_core import DRAWS, SETTINGS, Fault, fuzz
from fuzz_families import FAMILIES

Array = Any
TELLERS = {
    *("build_info", "instruction_set", "instruction_sets", "threads"),
    *("kernel_seconds", "memory_handler", "memory_statistics"),
}
APART = {
    "peak": "takes as long as it is told to",
    "keep_memory": "below, and in test_memory_bound.py",
    "set_memory_handler": "below, and in test_memory.py",
}


def test_every_function_is_called() -> None:
    public = {name for name in dir(_core) if not name.startswith("_")}
    assert public == {*DRAWS, *FAMILIES, *SETTINGS, *TELLERS, *APART}


@pytest.mark.parametrize("name", sorted(TELLERS))
def test_what_takes_no_arguments_takes_none(name: str) -> None:
    getattr(_core, name)()
    for wrong in (0, None, "x"):
        with pytest.raises(TypeError):
            getattr(_core, name)(wrong)


@pytest.mark.parametrize("wrong", ["x", 1.5, b"", [], object(), -1, 2**70])
@pytest.mark.parametrize("name", ["keep_memory", "set_memory_handler"])
def test_what_is_no_bound_and_no_handler(name: str, wrong: Any) -> None:
    before = _core.memory_statistics()["bound"]
    with pytest.raises((TypeError, ValueError)):
        getattr(_core, name)(wrong)
    assert _core.memory_statistics()["bound"] == before


def test_random_calls(tmp_path: Path) -> None:
    """In a process of its own, which may take 1 GiB."""
    script = Path(__file__).with_name("fuzz_core.py")
    calls = os.environ.get("PYDIS_FUZZ_CALLS", "2000")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, str(script), "--calls", calls, "--seed", "1"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{calls} calls of seed 1" in done.stdout
    assert all(f"{name} compared" in done.stdout for name in (*DRAWS, *FAMILIES))
    assert all(f"{name} taken" in done.stdout for name in FAMILIES)


# Controls: a module with a fault


def like(**functions: Callable[..., Any]) -> Any:
    """The module, with other functions in the place of some."""
    own = {name: getattr(_core, name) for name in dir(_core) if not name.startswith("_")}
    return SimpleNamespace(**(own | functions))


def inexact(a: Any, b: Any, *rest: Any, **named: Any) -> Array:
    return _core.matmul(a, b, *rest, **named) * (1 + 1e-4)


def lenient(a: Any, b: Any, *rest: Any, **named: Any) -> Array:
    """Takes any strides."""
    plain = [np.ascontiguousarray(x) if isinstance(x, np.ndarray) else x for x in (a, b)]
    return _core.matmul(*plain, *rest, **named)


def careless(x: Any, g: Any, *rest: Any, **named: Any) -> Array:
    """Writes to what it is given."""
    w = _core.conv2d_w(x, g, *rest, **named)
    if x.size and x.flags.writeable:
        x.flat[0] = 1e9
    return w


def crashing(**named: Any) -> Array:
    try:
        return _core.conv2d(**named)
    except TypeError as error:
        raise KeyError("x") from error


def truncating(*args: Any, stride: Any, **named: Any) -> Array:
    """Takes a stride of 2.5."""
    return _core.conv2d_x(*args, stride=int(stride), **named)


def turned(*args: Any, behind: Any = None, **named: Any) -> Array:
    """Lets pass what is behind a shut gate."""
    return _core.conv2d(*args, behind=-behind if plain(behind) else behind, **named)


def stretching(*args: Any, behind: Any = None, **named: Any) -> Array:
    """Takes a gate of any shape."""
    x = _core.conv2d_x(*args, **named)
    if plain(behind) and behind.size and behind.shape != x.shape:
        behind = np.resize(behind, x.shape)
    return _core.conv2d_x(*args, behind=behind, **named)


def converting(*args: Any, behind: Any = None, **named: Any) -> Array:
    """Takes a gate of any strides, and one byte further."""
    if plain(behind):
        behind = np.require(behind, requirements=("C", "A"))
    return _core.conv2d_x(*args, behind=behind, **named)


def slightly(name: str) -> Callable[..., Any]:
    """The function with the last number of its result a thousandth too large; a bit turned over."""

    def off(*args: Any, **named: Any) -> Any:
        y = getattr(_core, name)(*args, **named)
        last = y[-1] if isinstance(y, tuple) else y
        if last.size:
            last.flat[-1] = last.flat[-1] ^ 1 if name == "fill_outlines" else last.flat[-1] * 1.001
        return y

    return off


@pytest.mark.parametrize("name", FAMILIES)
def test_a_number_that_is_a_little_wrong_is_found(name: str) -> None:
    before = _core.instruction_set()
    try:
        with threads(_core.threads()), pytest.raises(Fault, match=f"{name}.*a wrong result"):
            fuzz(like(**{name: slightly(name)}), 6000, 0)
    finally:
        _core.use_instruction_set(before)


def plain(x: Any) -> bool:
    return type(x) is np.ndarray and x.dtype in (np.float32, np.float64)


def refusing(a: Any, b: Any, **named: Any) -> Array:
    raise ValueError("not today")


@pytest.mark.parametrize(
    ("kernel", "fault", "message"),
    [
        ("matmul", inexact, "a wrong result"),
        ("exp", lambda x: x, "shares memory|was taken|a result"),
        ("bernoulli", lambda x, logits: _core.bernoulli(logits, logits), "was taken"),
        ("matmul", lenient, "was taken"),
        ("matmul", refusing, "not today"),
        ("conv2d", crashing, "KeyError"),
        ("conv2d_w", careless, "changed its arguments"),
        ("conv2d_x", truncating, "was taken|TypeError|ValueError|OverflowError"),
        ("conv2d", turned, "a wrong result"),
        ("conv2d_x", stretching, "a wrong result.*a gate of shape"),
        ("conv2d_x", converting, "behind was taken"),
        ("set_threads", lambda number: None, "a wrong setting"),
    ],
)
def test_a_fault_is_found(kernel: str, fault: Any, message: str) -> None:
    before = _core.instruction_set()
    try:
        with threads(_core.threads()), pytest.raises(Fault, match=message):
            fuzz(like(**{kernel: fault}), 12_000, 0)
    finally:
        _core.use_instruction_set(before)
