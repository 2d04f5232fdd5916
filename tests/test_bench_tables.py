"""Tables of the scripts in benchmarks/: what they say of samples, machine and libraries."""

import sys
from collections.abc import Iterator
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
    """The scripts, for the length of a test: their names are not ours to keep."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    before = set(sys.modules)
    yield
    for name in {path.stem for path in BENCHMARKS.glob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]


def test_the_load_is_said_with_its_verdict() -> None:
    from tables import used_by_others

    assert used_by_others(QUIET) == "used by others: 2 %"
    assert used_by_others(BUSY) == "used by others: 50 % (overloaded)"
    unknown = {"average": 9.0, "others": None, "overloaded": True}
    assert used_by_others(unknown) == "used by others: unknown (overloaded)"


def sample(wall: float) -> dict[str, dict[str, float]]:
    each = {"faults": 3.0, "user": 0.004, "system": 0.001, "wall": wall}
    first = {"faults": 300.0, "user": 0.4, "system": 0.1, "wall": 0.6}
    return {"first": first, "each": each, "held": {"most": 79.0, "kept": 136.0}}


def test_memory_shows_medians_in_milliseconds_and_the_spread_of_the_clock() -> None:
    from memory import COLUMNS, lines

    document: dict[str, Any] = {
        "batch": 64,
        "threads": 1,
        "rounds": 5,
        "steps": 100,
        "warm_up": 20,
        "environment": ENVIRONMENT,
        "machine": MACHINE,
        "load": BUSY,
        "contenders": [
            {
                "backend": "cpp",
                "memory": "kept",
                "samples": [sample(w) for w in (0.010, 0.012, 0.014, 0.018, 0.500)],
            }
        ],
    }
    *head, row, held = lines(document)
    assert "rounds 5, each of 100 steps after 20" in head
    assert "Processor, commit abc; used by others: 50 % (overloaded)" in head
    assert head[-1].split()[:5] == list(COLUMNS[:5])
    #                        median of walls, and from the second to the fourth of five
    assert row.split() == [
        *("cpp", "kept", "3.0", "4.0", "1.0", "14.0", "6.0"),
        *("300.0", "400.0", "100.0", "600.0"),
    ]
    assert held == "cpp: at most 79 MiB in arrays, 136 MiB kept at the end"
