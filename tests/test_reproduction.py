"""The page of reproduced results is what its script makes of the recorded runs."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = Path("benchmarks/results/reproduction")

if not (ROOT / "benchmarks").exists():
    pytest.skip("the benchmarks are not here", allow_module_level=True)


def check(root: Path) -> int:
    """The exit status of the script, which imports from the folder it lies in."""
    scripts = root / "benchmarks"
    command = [sys.executable, str(scripts / "reproduction_page.py"), "--check"]
    about = os.environ | {"PYTHONPATH": str(scripts)}
    done = subprocess.run(command, env=about, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode


def test_the_page_says_what_the_runs_say() -> None:
    assert check(ROOT) == 0


def test_a_run_that_says_something_else_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/reproduction.md", tmp_path / "docs")
    shutil.copytree(ROOT / "docs/images", tmp_path / "docs/images")
    assert check(tmp_path) == 0
    path = tmp_path / RESULTS / "infogan-seed0.json"
    record = json.loads(path.read_text())
    record["scores"]["error"] += 0.01
    path.write_text(json.dumps(record))
    assert check(tmp_path) == 1


def test_no_recorded_bound_is_above_the_entropy_of_the_code() -> None:
    for path in (ROOT / RESULTS).rglob("infogan*.json"):
        record = json.loads(path.read_text())
        values = [line["information_category"] for line in record["course"]]
        assert len(values) > 10 and max(values) <= math.log(10)


def test_q_knows_more_of_sprites_than_before_training() -> None:
    paths = list((ROOT / RESULTS).glob("infogan-dsprites*.json"))
    assert paths
    for path in paths:
        record = json.loads(path.read_text())
        scores, late = record["scores"], record["last"]
        for factor in ("x", "y", "scale"):
            assert scores[f"r2_{factor}"] > scores[f"untrained_r2_{factor}"] + 0.1
            assert scores[f"r2_{factor}_of_one"] > scores[f"untrained_r2_{factor}_of_one"] + 0.1
        assert 1.0 < late["information_category"] <= math.log(3)
        assert 0.5 < scores["ink"] / scores["ink_of_data"] < 2
