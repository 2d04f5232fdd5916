"""SIGKILL at random moments of a run: no state is ever lost, and the run ends as if undisturbed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from small_runs import parts, small_config

from pydis.models import BetaVAE
from pydis.training import load_checkpoint, make_run, open_run, train

KILLS = int(os.environ.get("PYDIS_KILLS", "6"))
"""How many kills the first test makes: PYDIS_KILLS=500 for the full count."""

CHILD = """
import sys
from pathlib import Path
from pydis.training import checkpoint, open_run, train
{fault}
def show(step, terms):
    print("step", flush=True)
def announced(path, content, write=checkpoint.write_whole):
    print("write", flush=True)
    write(path, content)
checkpoint.write_whole = announced
train(open_run(Path(sys.argv[1])), show)
"""

IN_PLACE = """
def write_in_place(path, content):
    with path.open("wb") as file:
        for start in range(0, len(content), 4096):
            file.write(content[start:start + 4096])
            file.flush()
checkpoint.write_whole = write_in_place
"""


@dataclass
class Counts:
    """What became of the kills."""

    kills: int = 0
    within_a_run: int = 0
    within_a_write: int = 0
    losses: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.within_a_run} within the run, "
            f"{self.within_a_write} within a write, {self.losses} losses"
        )


def wait_for(lines: IO[str], said: str) -> None:
    """Read until the child says that it finished a step, or begins to write a checkpoint."""
    while (line := lines.readline()) and line.strip() != said:
        pass


def kill_again_and_again(folder: Path, kills: int, half_written: Callable[[], bool], fault: str):
    """Resume the run in a child and kill it, `kills` times; keeps the newest two checkpoints."""
    rng, counts, last = np.random.default_rng(0), Counts(), 0
    for number in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD.format(fault=fault), str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        if last == 0:
            wait_for(child.stdout, "write")
            wait_for(child.stdout, "step")  # from here on there is something to lose
        wait_for(child.stdout, "write" if number % 2 else "step")
        time.sleep(float(rng.uniform(0.0, 0.015)))
        child.kill()
        child.communicate()
        counts.kills += 1
        counts.within_a_run += child.returncode != 0
        counts.within_a_write += half_written()
        checkpoint, problems = open_run(folder).last_checkpoint()
        step = checkpoint.step if checkpoint else 0
        counts.losses += bool(problems) or step < last or step == 0
        last = max(step, last)
        for path in sorted((folder / "checkpoints").glob("*.safetensors"))[:-2]:
            path.unlink()
    return counts


def test_a_run_killed_again_and_again_ends_like_one_that_was_not(tmp_path: Path):
    steps = 3 * KILLS
    config = small_config(BetaVAE(latents=3), steps=steps, checkpoint_every=1)
    once = make_run(
        small_config(BetaVAE(latents=3), steps=steps, checkpoint_every=steps), tmp_path / "once"
    )
    train(once)
    folder = make_run(config, tmp_path / "killed").folder
    counts = kill_again_and_again(folder, KILLS, lambda: bool(parts(folder)), fault="")
    print(counts)
    assert counts.losses == 0
    assert counts.within_a_run > KILLS / 2 and counts.within_a_write > 0
    train(open_run(folder))
    assert parts(folder) == []
    name = f"checkpoints/step-{steps:08d}.safetensors"
    for file in (name, "metrics.jsonl"):
        assert (folder / file).read_bytes() == (once.folder / file).read_bytes()


def test_writing_in_place_would_lose_checkpoints(tmp_path: Path):
    """Negative control: without the rename the same kills leave unreadable checkpoints."""
    config = small_config(BetaVAE(latents=3), steps=100, checkpoint_every=1)
    folder = make_run(config, tmp_path / "killed").folder
    counts = kill_again_and_again(folder, 6, lambda: False, fault=IN_PLACE)
    assert counts.losses > 0


def test_a_file_cut_short_is_passed_over(tmp_path: Path):
    """However short: what a disk may do to a file that was never flushed."""
    run = make_run(small_config(BetaVAE(latents=3), steps=2), tmp_path / "run")
    train(run)
    good = (run.checkpoints / "step-00000002.safetensors").read_bytes()
    assert load_checkpoint(run.checkpoints / "step-00000002.safetensors").step == 2
    for cut in (0, 7, len(good) // 2, len(good) - 1):
        (run.checkpoints / "step-00000003.safetensors").write_bytes(good[:cut])
        checkpoint, problems = run.last_checkpoint()
        assert checkpoint is not None and checkpoint.step == 2
        assert len(problems) == 1
