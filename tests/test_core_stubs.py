"""The stub file of the compiled module is what its generator makes of the module."""

import difflib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from compiled import _core

import pydis

GENERATE = ["-m", "pybind11_stubgen", "pydis._core", "--numpy-array-use-type-var", "-o"]


def differences(stub: str, made: str) -> str:
    return "".join(difflib.unified_diff(stub.splitlines(True), made.splitlines(True)))


@pytest.mark.skipif(
    find_spec("pybind11_stubgen") is None, reason="pybind11-stubgen is not installed"
)
def test_the_stub_is_up_to_date(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *GENERATE, str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "pydis" / "_core.pyi").read_text("utf-8")
    stub = Path(pydis.__file__).with_name("_core.pyi").read_text("utf-8")
    assert not differences(stub, made), " ".join(["regenerate it: python", *GENERATE, "FOLDER"])
    for name in dir(_core):
        assert name.startswith("_") or f"def {name}(" in stub
    # A stub of another signature is noticed.
    assert differences(stub.replace("pad: ", "border: "), made)
