"""Choosing a backend: for the process, for a block, in threads and tasks, by the environment."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strategies import cpu_backends

from pydis import backends
from pydis.autodiff import Tensor
from pydis.autodiff.ops import conv2d, conv2d_act, exp, matmul, relu
from pydis.backends import (
    FUSED,
    REQUIRED,
    BackendError,
    available,
    current,
    kernels_for,
    use,
)

TIMEOUT = 20


@pytest.fixture(autouse=True)
def own_choices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test starts without a choice, and chooses for nobody else."""
    monkeypatch.setattr(backends, "_choices", [])
    assert backends._blocks.get() == ()
    yield
    assert backends._blocks.get() == ()


def chosen() -> str:
    return current().name


def in_thread(function: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result(TIMEOUT)


# Process and block


def test_a_call_chooses_for_the_process_and_a_block_for_itself() -> None:
    before = chosen()
    use("definition")
    assert chosen() == "definition" == in_thread(chosen)
    use("numpy")
    assert chosen() == "numpy" == in_thread(chosen)
    with use("definition") as kernels:
        assert chosen() == "definition"
        assert current() is kernels
        assert in_thread(chosen) == "numpy"
        with use("numpy"):
            assert chosen() == "numpy"
        assert chosen() == "definition"
    assert chosen() == "numpy"
    backends._choices.clear()
    assert chosen() == before


def test_a_block_left_by_an_exception_is_left() -> None:
    use("numpy")
    with pytest.raises(ZeroDivisionError), use("definition"):
        raise ZeroDivisionError
    assert chosen() == "numpy"


def test_a_choice_for_the_process_within_a_block_comes_after_it() -> None:
    use("numpy")
    with use("numpy"):
        use("definition")
        assert chosen() == "numpy"
        assert in_thread(chosen) == "definition"
    assert chosen() == "definition"


def test_a_block_can_be_entered_again() -> None:
    use("numpy")
    block = use("definition")
    for _ in range(3):
        with block, block:
            assert chosen() == "definition"
        assert chosen() == "numpy"
    assert repr(block) == "use('definition')"


@pytest.mark.parametrize(
    ("name", "kernels", "kind", "message"),
    [
        (
            "fortran",
            {},
            BackendError,
            "unknown backend 'fortran': expected one of definition, numpy",
        ),
        (
            "numpy",
            {"conv3d": exp},
            BackendError,
            "no kernel 'conv3d': expected one of matmul, conv2d",
        ),
        ("numpy", {"matmul": 7}, BackendError, "'matmul': expected a function, received 7"),
        ("numpy", {"xp": np}, BackendError, "no kernel 'xp'"),
    ],
)
def test_a_wrong_choice_raises_and_changes_nothing(
    name: str, kernels: Any, kind: type[Exception], message: str
) -> None:
    before = chosen()
    with pytest.raises(kind, match=message):
        use(name, **kernels)
    assert chosen() == before
    assert not backends._choices


@pytest.mark.parametrize("name", cpu_backends())
@pytest.mark.parametrize("kernel", REQUIRED)
def test_a_kernel_that_every_backend_has_is_the_references_when_switched_off(
    kernel: str, name: str
) -> None:
    """That very function, with its bits; the other kernels stay, and so does the table itself."""
    rng = np.random.default_rng(0)
    x, w, g = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((3, 9, 9, 5), (4, 4, 5, 7), (3, 6, 6, 7))
    )
    arguments = {
        "matmul": (x.reshape(27, 45), g.reshape(-1)[:720].reshape(45, 16)),
        "conv2d": (x, w, 1, 0),
        "conv2d_x": (g, w, (9, 9), 1, 0),
        "conv2d_w": (x, g, (4, 4), 1, 0),
    }[kernel]

    def functions(table: Any) -> list[str]:
        return [getattr(table, each).__qualname__ for each in REQUIRED]

    with use("numpy") as numpy_, use(name) as own, use(name, **{kernel: None}) as switched:
        assert switched.name == name
        y, expected = (getattr(table, kernel)(*arguments) for table in (switched, numpy_))
        np.testing.assert_array_equal(y, expected)
        changed = [a for a, b in zip(functions(own), functions(switched), strict=True) if a != b]
        assert len(changed) == (name != "numpy")
        assert f"NumPy.{kernel}" in functions(switched)
    with use(name) as again:
        assert functions(again) == functions(own)


def test_a_missing_backend_says_why() -> None:
    missing = {name: state for name, state in available().items() if not state.usable}
    for name, state in missing.items():
        with pytest.raises(BackendError, match=f"'{name}' is not available: ") as caught:
            use(name)
        assert state.reason
        assert state.reason in str(caught.value)


def test_available_lists_every_backend_with_a_reason_where_one_is_missing() -> None:
    found = available()
    assert list(found) == ["definition", "numpy", "cpp", "cupy"]
    assert found["definition"].usable
    assert found["numpy"].usable
    assert all(bool(state.reason) != state.usable for state in found.values())


@pytest.mark.parametrize("backend", cpu_backends())
def test_a_table_has_every_required_kernel_under_its_own_name(backend: str) -> None:
    with use(backend) as kernels:
        assert kernels.name == backend
        assert all(callable(getattr(kernels, name)) for name in REQUIRED)
        fused = [name for name in FUSED if getattr(kernels, name) is not None]
    compiled = [name for name in FUSED if name.endswith(("_gated", "_behind"))]
    assert (
        fused
        == {
            "definition": [],
            "numpy": [name for name in FUSED if name not in compiled],
            "cpp": list(FUSED),
        }[backend]
    )


# One kernel


def test_a_replaced_kernel_is_called_in_its_block_only() -> None:
    calls = []

    def mine(a: Any, b: Any) -> Any:
        calls.append((a.shape, b.shape))
        return a @ b + 100.0

    a, b = np.ones((2, 3)), np.ones((3, 4))
    with use("numpy", matmul=mine):
        assert np.all(matmul(a, b) == 103.0)
    assert calls == [((2, 3), (3, 4))]
    with use("numpy"):
        assert np.all(matmul(a, b) == 3.0)
    assert len(calls) == 1


def test_a_fused_kernel_switched_off_leaves_its_parts() -> None:
    calls = []

    def counted(*args: Any) -> Any:
        calls.append(len(args))
        return backends.definition.conv2d(*args)

    x, w, b = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), np.zeros(1)
    with use("numpy", conv2d_act=None):
        assert conv2d_act(Tensor(x), w, b, slope=0.0).node.op is relu
    with use("numpy", conv2d=counted, conv2d_act=None):
        assert np.all(conv2d_act(x, w, b, slope=0.0) == 4.0)
    assert calls == [4]
    with use("numpy"):
        assert conv2d_act(Tensor(x), w, b, slope=0.0).node.op is conv2d_act
        assert np.all(conv2d(x, w) == 4.0)
    assert calls == [4]


def test_arrays_of_two_libraries_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"matmul: .*numpy\.ndarray, builtins\.list"):
        kernels_for("matmul", [np.ones(2), [1.0]])


# Threads


def test_blocks_of_several_threads_do_not_see_each_other() -> None:
    use("numpy")
    tables = [use("definition").kernels for _ in range(2)]
    assert tables[0] is tables[1]
    barrier = threading.Barrier(4, timeout=TIMEOUT)

    def in_block(bias: float) -> list[float]:
        seen = []
        with use("numpy", matmul=lambda a, b: a @ b + bias):
            for _ in range(20):
                barrier.wait()
                seen.append(float(matmul(np.ones((1, 1)), np.ones((1, 1)))[0, 0]))
                barrier.wait()
        return seen

    def outside() -> list[str]:
        seen = []
        for _ in range(20):
            barrier.wait()  # all blocks are open now
            seen.append(chosen())
            barrier.wait()
        return seen

    use("definition")
    with ThreadPoolExecutor(4) as pool:
        inside = [pool.submit(in_block, float(i)) for i in range(3)]
        rest = pool.submit(outside)
        assert [f.result(TIMEOUT) for f in inside] == [[1.0 + i] * 20 for i in range(3)]
        assert rest.result(TIMEOUT) == ["definition"] * 20
    assert chosen() == "definition"


def test_many_interleaved_blocks_leave_the_default_as_it_was() -> None:
    use("definition")
    kept = current()
    interval = sys.getswitchinterval()
    wrong: list[str] = []

    def hammer(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for outer, inner in rng.integers(2, size=(300, 2)):
            names = ["numpy", "definition"]
            with use(names[outer]):
                wrong.extend([] if chosen() == names[outer] else ["outer"])
                with use(names[inner]):
                    wrong.extend([] if chosen() == names[inner] else ["inner"])
                wrong.extend([] if chosen() == names[outer] else ["outer again"])

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(hammer, seed) for seed in range(8)]:
                done.result(TIMEOUT)
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert current() is kept
    assert len(backends._choices) == 1


def leaks(threads_in_blocks: int, reads: int) -> int:
    """How often a thread that chose nothing sees what others choose for their blocks."""
    stop = threading.Event()

    def open_blocks() -> None:
        while not stop.is_set():
            with use("definition"):
                pass

    with ThreadPoolExecutor(threads_in_blocks) as pool:
        opened = [pool.submit(open_blocks) for _ in range(threads_in_blocks)]
        try:
            seen = [chosen() for _ in range(reads)]
        finally:
            stop.set()
        for done in opened:
            done.result(TIMEOUT)
    return sum(name != "numpy" for name in seen)


def test_a_block_is_never_seen_by_a_thread_that_chose_nothing(monkeypatch) -> None:
    use("numpy")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert leaks(4, 20_000) == 0
        assert chosen() == "numpy"
        # The control: a choice that counts at once is seen before its block takes it back.
        monkeypatch.setattr(backends._Choice, "settled", lambda self: True)
        assert leaks(4, 20_000) > 0
    finally:
        sys.setswitchinterval(interval)


def test_a_kept_choice_counts_for_all_once_its_thread_computes() -> None:
    use("numpy")
    kept = use("definition")
    assert in_thread(chosen) == "numpy"  # a `with kept:` may still follow
    assert chosen() == "definition" == in_thread(chosen)
    with kept:
        pass
    assert chosen() == "numpy" == in_thread(chosen)


def test_blocks_prepared_in_any_number_leave_the_default() -> None:
    use("numpy")
    prepared = [use("definition") for _ in range(100)]
    for block in prepared:
        with block:
            assert in_thread(chosen) == "numpy"
    assert chosen() == "numpy"
    for _ in range(100):
        use("numpy")
    assert len(backends._choices) <= 2


def test_a_default_chosen_amid_the_blocks_of_threads_is_kept() -> None:
    # The order of events that a saved-and-restored default would get wrong.
    use("numpy")
    entered, leave = threading.Event(), threading.Event()

    def block() -> None:
        with use("numpy"):
            entered.set()
            assert leave.wait(TIMEOUT)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(block)
        assert entered.wait(TIMEOUT)
        use("definition")
        leave.set()
        done.result(TIMEOUT)
    assert chosen() == "definition"


@pytest.mark.skipif(
    bool(getattr(sys.flags, "thread_inherit_context", 0)), reason="threads inherit contexts here"
)
def test_a_thread_started_inside_a_block_sees_the_process_default() -> None:
    use("numpy")
    with use("definition"):
        assert in_thread(chosen) == "numpy"
        assert chosen() == "definition"


def test_one_block_entered_by_two_threads_at_once() -> None:
    use("numpy")
    block = use("definition")
    barrier = threading.Barrier(2, timeout=TIMEOUT)

    def enter() -> list[str]:
        seen = [chosen()] if barrier.wait() < 0 else []
        with block:
            barrier.wait()
            seen.append(chosen())
            barrier.wait()
        barrier.wait()
        return [*seen, chosen()]

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(enter) for _ in range(2)]
        assert [r.result(TIMEOUT) for r in results] == [["definition", "numpy"]] * 2
    assert chosen() == "numpy"


def test_tasks_of_asyncio_have_their_own_blocks_and_inherit_the_one_around() -> None:
    use("numpy")

    async def task(name: str, turns: int) -> list[str]:
        seen = [chosen()]
        with use(name):
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.append(chosen())
        return [*seen, chosen()]

    async def main() -> list[list[str]]:
        with use("definition"):
            tasks = [asyncio.create_task(task(n, 5)) for n in ("numpy", "definition", "numpy")]
        assert chosen() == "numpy"
        return list(await asyncio.gather(*tasks))

    for name, seen in zip(("numpy", "definition", "numpy"), asyncio.run(main()), strict=True):
        assert seen == ["definition", *[name] * 5, "definition"]


# Processes


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter without PYDIS_BACKEND, but with `environment`."""
    kept = {k: v for k, v in os.environ.items() if k != "PYDIS_BACKEND"}
    path = str(Path(backends.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"PYTHONPATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


ASK = "import pydis; print(pydis.backends.current().name)"


def test_the_environment_chooses_and_a_call_overrules_it() -> None:
    assert python(ASK, PYDIS_BACKEND="definition").stdout == "definition\n"
    overruled = "import pydis; pydis.use('numpy'); print(pydis.backends.current().name)"
    assert python(overruled, PYDIS_BACKEND="definition").stdout == "numpy\n"


def test_without_a_choice_the_compiled_backend_is_taken_where_there_is_one() -> None:
    expected = "cpp" if available()["cpp"].usable else "numpy"
    assert python(ASK).stdout == f"{expected}\n" == python(ASK, PYDIS_BACKEND="").stdout


def test_an_unknown_backend_in_the_environment_is_a_clear_error() -> None:
    done = python(ASK, PYDIS_BACKEND="fortran")
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.strip().splitlines()[-1]
    assert "BackendError: PYDIS_BACKEND=fortran: unknown backend 'fortran': expected one of" in last


LOADED = """
import os, sys, threading
import numpy, numpy.random

def tasks():
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0

modules, running = set(sys.modules), tasks()
import pydis{more}
names = {{name.split(".")[0] for name in set(sys.modules) - modules}}
print(sorted(names - set(sys.stdlib_module_names)))
print(threading.active_count() - 1, tasks() - running)
"""


def test_importing_pydis_loads_numpy_alone_and_starts_no_thread() -> None:
    done = python(LOADED.format(more=""))
    assert done.stdout.splitlines() == ["['numpy', 'pydis']", "0 0"], done.stdout + done.stderr


def test_importing_more_would_be_noticed() -> None:
    done = python(LOADED.format(more=", hypothesis; threading.Timer(0.5, int).start()"))
    names, threads = done.stdout.splitlines()
    assert "'hypothesis'" in names
    assert threads.startswith("1 ")
