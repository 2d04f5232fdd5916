"""The scripts in benchmarks/, importable for the length of a test, and what their tables show."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not here", allow_module_level=True)

ENVIRONMENT = {"numpy": "2", "blas": "blas 3", "core": {"instruction_set": "avx2"}}
MACHINE = {"cpu": "Processor", "commit": "abc"}
QUIET = {"average": 0.5, "others": 0.02, "overloaded": False}
BUSY = {"average": 2.5, "others": 0.5, "overloaded": True}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Their names are not ours to keep."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    before = set(sys.modules)
    yield
    for name in {path.stem for path in BENCHMARKS.glob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]


def document_about(rounds: int, load: dict[str, Any]) -> dict[str, Any]:
    """What documents beside PyTorch share."""
    about = {"environment": ENVIRONMENT, "machine": MACHINE, "torch": "2.0+cpu and more"}
    return about | {"threads": 1, "rounds": rounds, "load": load}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def named(table: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table in Markdown, by the names of its columns."""
    head, _, *rows = table
    return [dict(zip(cells(head), cells(row), strict=True)) for row in rows]
