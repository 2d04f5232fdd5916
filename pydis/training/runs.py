"""A run is a folder, and the folder is all there is to it.

    config.toml      the configuration
    manifest.json    format version, versions of software, processor, threads
    metrics.jsonl    a line of named terms every few steps; the same for identical runs
    timing.jsonl     the clock beside each of those lines
    checkpoints/     step-00001000.safetensors, …
    lock             who trains it now
    evaluation.json  figures/  report.html      made by `pydis report`

Folders are made exclusively and never overwritten.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pydis.backends import BackendError, load
from pydis.backends.environment import environment
from pydis.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from pydis.training.config import ConfigError, TrainConfig, from_toml, to_toml
from pydis.training.files import locked, write_whole

FORMAT_VERSION = 1
LOGS = ("metrics.jsonl", "timing.jsonl")


class RunError(ValueError):
    """A run folder cannot be made, or is none."""


@dataclass(frozen=True)
class Run:
    """A run folder and its configuration."""

    folder: Path
    config: TrainConfig[Any]

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.folder / "checkpoints"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only process that trains this run, for a block. Raises RunError naming another."""
        try:
            with locked(self.folder / "lock"):
                yield
        except BlockingIOError as error:
            raise RunError(f"{self.folder}: is being trained by {error}") from error

    def append(self, log: str, record: Mapping[str, Any]) -> None:
        """Add a line to `metrics.jsonl` or `timing.jsonl`."""
        with (self.folder / log).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def metrics(self) -> list[dict[str, float]]:
        """The logged terms, a record for each line."""
        return _read_lines(self.folder / "metrics.jsonl")

    def seconds(self) -> float:
        """How long the run has trained so far, by its clock log."""
        path = self.folder / "timing.jsonl"
        records = _read_lines(path) if path.exists() else []
        return float(records[-1]["seconds"]) if records else 0.0

    def truncate_logs(self, step: int) -> None:
        """Drop what was logged after `step`: the resumed run will log it again."""
        for log in LOGS:
            path = self.folder / log
            if path.exists():
                kept = [record for record in _read_lines(path) if record["step"] <= step]
                text = "".join(json.dumps(record) + "\n" for record in kept)
                write_whole(path, text.encode())

    def last_checkpoint(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest readable checkpoint, and why newer ones were passed over."""
        problems: list[str] = []
        for path in sorted(self.checkpoints.glob("*.safetensors"), reverse=True):
            try:
                return load_checkpoint(path), problems
            except CheckpointError as error:
                problems.append(str(error))
        return None, problems


def make_run(config: TrainConfig[Any], out: Path | None = None, prefix: str = "") -> Run:
    """Make a run folder: `out`, or the first free `runs/beta-vae-seed0`, `…-2`, `…-3`.

    `prefix` replaces the model's name in the latter. Raises RunError if `out` exists or cannot be
    made, and BackendError if the backend cannot run here.
    """
    if load(config.backend).xp is not np:
        raise BackendError(
            f"training does not run on {config.backend!r} yet: weights and batches are NumPy's"
        )
    folder = out or Path("runs")
    try:
        if out is None:
            folder = _first_free(folder, f"{prefix or config.model_name}-seed{config.seed}")
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        (folder / "checkpoints").mkdir()
        write_whole(folder / "config.toml", to_toml(config).encode())
        manifest = json.dumps(describe(config), indent=2) + "\n"
        write_whole(folder / "manifest.json", manifest.encode())
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.exists():
            raise RunError(
                f"{folder}: exists already; runs are never overwritten: choose another --out, "
                f"or go on with `pydis train --resume {folder}`"
            ) from error
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
    return Run(folder, config)


def open_run(folder: Path) -> Run:
    """Open a run folder. Raises RunError naming what is missing or wrong."""
    try:
        return Run(folder, from_toml((folder / "config.toml").read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder}: not a run folder: no readable config.toml") from error
    except ConfigError as error:
        raise RunError(f"{folder / 'config.toml'}: {error}") from error


def describe(config: TrainConfig[Any]) -> dict[str, Any]:
    """What a run was made with: format, software, processor, and what the configuration chose."""
    chosen = {"backend": config.backend, "threads": config.threads}
    return {"format_version": FORMAT_VERSION} | environment() | chosen


def _first_free(parent: Path, name: str) -> Path:
    """Make the first of name, name-2, name-3, … that does not exist; a race has one winner."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a log; a last line cut short by a crash is not one."""
    records = []
    for line in path.read_text("utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records
