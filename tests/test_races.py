"""Processes that start at the same moment: one trains a run at a time, each gets its own folder."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from small_runs import left_by, registered, small_config, unflushed, uninterrupted  # noqa: F401

from pydis.training import RunError, make_run, open_run, train

RACES = int(os.environ.get("PYDIS_RACES", "25"))
"""How many races of two processes for one run: PYDIS_RACES=1000 for the full count."""

COMMON = """
import sys, time
from contextlib import nullcontext
from pathlib import Path
from pydis.models import MODELS
from pydis.training import RunError, make_run, open_run, runs, train
from small_runs import Small, small_config
MODELS["small"] = Small
"""

TRAIN = """
def alone(step, terms):
    mark.touch(exist_ok=False)  # two at once would meet here
    time.sleep(0.005)
    mark.unlink()
print("ready", flush=True)
for line in sys.stdin:
    folder = Path(line.strip())
    mark = folder / "mark"
    try:
        train(open_run(folder), alone)
        print("trained", flush=True)
    except RunError as error:
        print("refused" if "is being trained by" in str(error) else error, flush=True)
    except OSError as error:
        print(f"two at once: {type(error).__name__}", flush=True)
"""

WITHOUT_LOCK = """
runs.locked = lambda path: nullcontext()
"""

MAKE = """
print("ready", flush=True)
sys.stdin.readline()
print(make_run(small_config()).folder, flush=True)
"""


class Child:
    """A process that waits for lines and answers each with one; ready when made."""

    def __init__(self, code: str, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", COMMON + code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )

    def say(self, line: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=60)


def together(code: str, number: int, folder: Path) -> list[Child]:
    children = [Child(code, folder) for _ in range(number)]
    assert [child.answer() for child in children] == ["ready"] * number
    return children


def race(folder: Path, races: int, fault: str = "") -> Counter[str]:
    """Two processes start the same run at once, again and again; what they said, and how it ended.

    After a race a third start must end what is left to do, and the run be as if there was no race.
    """
    config = small_config(steps=4, checkpoint_every=1)
    expected = uninterrupted(config, folder / "whole")
    children = together(fault + TRAIN, 2, folder)
    answers: Counter[str] = Counter()
    for number in range(races):
        run = make_run(config, folder / str(number))
        for child in children:
            child.say(run.folder)
        pair = sorted(child.answer() for child in children)
        answers[" and ".join(pair)] += 1
        if fault == "":
            assert "trained" in pair
            assert left_by(run.folder) == expected
    for child in children:
        child.end()
    return answers


def test_two_processes_train_a_run_one_after_the_other(tmp_path: Path):
    answers = race(tmp_path, RACES)
    print(f"{RACES} races: {dict(answers)}")
    assert set(answers) <= {"refused and trained", "trained and trained"}
    assert answers["refused and trained"] > 0  # or they never met


def test_without_the_lock_they_would_be_two_at_once(tmp_path: Path):
    """Negative control."""
    answers = race(tmp_path, 10, WITHOUT_LOCK)
    assert any("refused" not in answer and "two at once" in answer for answer in answers), answers


def test_the_holder_of_the_lock_is_named(tmp_path: Path):
    run = make_run(small_config(), tmp_path / "run")
    code = """
print("ready", flush=True)
with open_run(Path(sys.stdin.readline().strip())).alone():
    print("held", flush=True)
    input()
"""
    (holder,) = together(code, 1, tmp_path)
    holder.say(run.folder)
    assert holder.answer() == "held"
    with pytest.raises(RunError, match=rf"is being trained by process {holder.process.pid} on"):
        train(run)
    holder.process.kill()  # a killed holder leaves no lock behind
    holder.end()
    train(open_run(run.folder))


def test_sixteen_processes_make_sixteen_folders(tmp_path: Path):
    children = together(MAKE, 16, tmp_path)
    for child in children:
        child.say("go")
    folders = [child.answer() for child in children]
    for child in children:
        child.end()
    names = ["small-seed5", *(f"small-seed5-{number}" for number in range(2, 17))]
    assert sorted(folders) == sorted(f"runs/{name}" for name in names)
    for folder in folders:
        assert open_run(tmp_path / folder).config == small_config()


def test_a_folder_that_is_not_made_exclusively_would_be_shared(tmp_path: Path):
    """Negative control: with mkdir(exist_ok=True) all sixteen get the first name."""
    fault = """
right = Path.mkdir
Path.mkdir = lambda self, mode=0o777, parents=False, exist_ok=False: right(self, mode, True, True)
"""
    children = together(fault + MAKE, 3, tmp_path)
    for child in children:
        child.say("go")
    assert len({child.answer() for child in children}) == 1
    for child in children:
        child.end()
