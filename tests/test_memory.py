"""Kept memory: where it is in force and where not.

`tests/test_memory_bound.py` has what is kept, `tests/test_memory_content.py` what arrays hold.
"""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from contextvars import copy_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import _core
from kept_memory import empty  # noqa: F401
from small_runs import registered, small_config  # noqa: F401

import pydis
from pydis.backends import BackendError
from pydis.backends import memory as module
from pydis.backends.hardware import computing
from pydis.backends.memory import keep, memory, statistics, why_off
from pydis.cli import main
from pydis.training import loop

handler = np._core.multiarray.get_handler_name
NUMPYS, OURS = "default_allocator", "pydis"


# Where it is in force


def test_a_block_and_its_end() -> None:
    assert handler() == NUMPYS
    with pydis.memory():
        assert handler() == OURS == handler(np.ones(3)) == handler(np.ones(3000) + 1)
        with memory(False):
            assert handler() == NUMPYS
            with memory(True), memory():
                assert handler() == OURS
        assert handler() == OURS
    assert handler() == NUMPYS
    with pytest.raises(ZeroDivisionError), memory():
        _ = 1 / 0
    assert handler() == NUMPYS


IMPORT = """
import numpy as np, pydis, pydis.cli, pydis.training, pydis.bench
{statement}
print(np._core.multiarray.get_handler_name())
"""


@pytest.mark.parametrize(
    ("statement", "name"), [("", NUMPYS), ("block = pydis.memory(); block.__enter__()", OURS)]
)
def test_import_installs_nothing(statement: str, name: str, tmp_path: Path) -> None:
    """The second statement is the fault that the first would have to have."""
    command = [sys.executable, "-c", IMPORT.format(statement=statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == name


def test_a_thread_enters_by_itself() -> None:
    if getattr(sys.flags, "thread_inherit_context", False):
        pytest.skip("threads inherit contexts here")
    seen: list[str] = []

    def look(block: Any) -> None:
        with block:
            seen.append(handler())

    with memory():
        for target, block in ((look, nullcontext()), (look, memory())):
            thread = threading.Thread(target=target, args=(block,))
            thread.start()
            thread.join()
        copy_context().run(look, nullcontext())
    assert seen == [NUMPYS, OURS, OURS]


def test_a_generator_sees_the_block_of_its_caller() -> None:
    """A generator has no context of its own: it runs in that of whoever asks for the next."""

    def names() -> Iterator[str]:
        while True:
            yield handler()

    with memory():
        made = names()
        assert next(made) == OURS
    assert next(made) == NUMPYS


def test_training_and_measuring_enter_it() -> None:
    with loop.machine(small_config()):
        assert handler() == OURS
    with computing(1):
        assert handler() == OURS
    assert handler() == NUMPYS


def test_info_shows_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with memory():
        held = np.ones(3 << 20, np.uint8)
    assert main(["info"]) == 0
    found = re.search(
        r"memory +(\d+) MiB in use, .*; (\d+) kept, at most 256; (\d+) hits",
        capsys.readouterr().out,
    )
    assert found is not None and int(found[1]) >= 3 and int(found[2]) == 0 and len(held)
    monkeypatch.setenv("PYDIS_MEMORY", "off")
    assert main(["info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["memory"]["off"] == "PYDIS_MEMORY=off"
    assert main(["info"]) == 0
    assert re.search(r"memory +off: PYDIS_MEMORY=off\n", capsys.readouterr().out)


# Off


def test_the_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    for off in ("off", "OFF", "0", "no", "false"):
        monkeypatch.setenv("PYDIS_MEMORY", off)
        assert why_off() == f"PYDIS_MEMORY={off}"
        with memory():
            assert handler() == NUMPYS
            with memory(True), memory():  # what stands in the code counts before the environment
                assert handler() == OURS
    for on in ("", "on", "1"):
        monkeypatch.setenv("PYDIS_MEMORY", on)
        with memory():
            assert handler() == OURS and why_off() is None
    monkeypatch.setenv("PYDIS_MEMORY", "perhaps")
    with pytest.raises(BackendError, match="PYDIS_MEMORY: expected on or off, received 'perhaps'"):
        memory().__enter__()


def test_without_the_core_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "available", lambda: {"cpp": pydis.backends.Availability(False, "")}
    )
    monkeypatch.setattr(module, "_core", module._core.__wrapped__)
    with memory(), memory(True), memory(False):
        assert handler() == NUMPYS
    keep(5)
    assert statistics() == {} and why_off() == "pydis._core was not built"


def test_sanitizers_switch_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    build = _core.build_info() | {"sanitizers": "address"}
    monkeypatch.setattr(_core, "build_info", lambda: build)
    monkeypatch.setattr(module, "_core", module._core.__wrapped__)
    with memory(True):
        assert handler() == NUMPYS
    assert "sanitizers" in str(why_off())
