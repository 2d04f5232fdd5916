"""The headline numbers of docs/bench.md are what their script makes of the committed samples."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmark_scripts import BUSY, QUIET, importable  # noqa: F401

ROOT = Path(__file__).parents[1]


def check(root: Path) -> int:
    """The exit status, of a program that did not fail; it imports from the folder it lies in."""
    scripts = root / "benchmarks"
    done = subprocess.run(
        [sys.executable, str(scripts / "bench_page.py"), "--check"],
        env=os.environ | {"PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode


def test_the_page_says_what_the_samples_say() -> None:
    assert check(ROOT) == 0


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("reproduction", "__pycache__")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=ignore)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/bench.md", tmp_path / "docs")
    return tmp_path


def test_samples_that_say_something_else_are_noticed(copied: Path) -> None:
    assert check(copied) == 0
    path = copied / "benchmarks/results/steps_beside_torch-infogan-threads2.json"
    document = json.loads(path.read_text("utf-8"))
    for sample in document["contenders"][0]["samples"]:
        sample["seconds"] *= 1.01
    path.write_text(json.dumps(document), "utf-8")
    assert check(copied) == 1


def test_a_number_changed_by_hand_is_noticed(copied: Path) -> None:
    page = copied / "docs/bench.md"
    text = page.read_text("utf-8")
    assert "| beta-vae | cpp | 1 |" in text
    page.write_text(text.replace("| beta-vae | cpp | 1 | ", "| beta-vae | cpp | 1 | 1"), "utf-8")
    assert check(copied) == 1


def row(name: str, theirs: float, overloaded: bool = False) -> dict[str, Any]:
    """OpenBLAS takes so many times as long as ours, in six rounds; there is no PyTorch."""
    samples = [
        {"variant": "pydis", "malloc": "plain", "seconds": [1e-3] * 6},
        {"variant": "openblas", "malloc": "tuned", "seconds": [1e-3 * theirs] * 6},
    ]
    return (BUSY if overloaded else QUIET) | {"name": name, "samples": samples}


def test_what_is_slower_is_counted_and_named_and_a_busy_machine_decides_nothing() -> None:
    from bench_page import verdict, where_slower

    rows = [row("a", 2.0), row("b", 0.5), row("c", 1.0), row("d", 3.0), row("e", 0.5, True)]
    document = {"threads": 2, "rows": rows}
    assert verdict("openblas", document)[1:] == ["2", "2", "1", "2"]
    assert verdict("torch", document)[1:] == ["2", "0", "0", "0"]
    assert list(where_slower("openblas", document)) == [
        "b, threads 2, beside OpenBLAS: 0.50 [0.50, 0.50]"
    ]


def test_the_largest_errors_are_named_where_they_were_kept() -> None:
    from bench_page import largest_errors

    rows = [row("a", 2.0), row("b", 2.0)]
    document = {"threads": 2, "rows": rows}
    assert list(largest_errors(document)) == []
    for each, errors in zip(rows, ((1.0, 3.25), (2.0, 0.5)), strict=True):
        for sample, error in zip(each["samples"], errors, strict=True):
            sample["error"] = error
    assert list(largest_errors(document)) == ["threads 2: ours 2, OpenBLAS 3.2"]


def test_a_step_stands_beside_the_fastest_tuned_one() -> None:
    from bench_page import rows_of_step

    def contender(name: str, malloc: str, milliseconds: float) -> dict[str, Any]:
        steps = [{"seconds": milliseconds / 1e3}] * 12
        return {"contender": name, "malloc": malloc, "samples": steps}

    taken = {
        ("cpp", "plain"): 50.0,
        ("cpp", "tuned"): 10.0,
        ("numpy", "tuned"): 20.0,
        ("eager", "plain"): 150.0,
        ("eager", "tuned"): 100.0,
        ("compile", "plain"): 70.0,
        ("compile", "tuned"): 80.0,
    }
    contenders = [contender(*name, t) for name, t in taken.items()]
    about = {"model": "beta-vae", "threads": 1, "rounds": 6, "gigaflops_peak": 100.0, "load": QUIET}
    rows = list(rows_of_step(about | {"contenders": contenders}))
    assert [r[1] for r in rows] == ["cpp", "eager", "compile", "compile tuned"]
    assert [r[3] for r in rows] == ["50.0", "150.0", "70.0", "80.0"]
    assert [r[5].split()[0] for r in rows[1:]] == ["3.00", "1.40", "1.60"]
    assert float(rows[1][4]) == pytest.approx(3 * float(rows[0][4]), abs=0.02)
