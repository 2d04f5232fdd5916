"""A run is a folder, and the folder is all there is to it.

    config.toml      the configuration
    manifest.json    format version, versions of software, processor, checksum of config.toml
    metrics.jsonl    a line of named terms every few steps; the same for identical runs
    timing.jsonl     the clock beside each of those lines
    checkpoints/     step-00001000.safetensors, …
    lock             who trains it now
    evaluation.json  figures/  report.html      made by `pydis report`

Folders are made exclusively and never overwritten.
"""

import errno
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any

from pydis.backends import load
from pydis.backends.environment import VERSION, environment
from pydis.data.images import require
from pydis.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    NewerFormatError,
    load_checkpoint,
)
from pydis.training.config import ConfigError, TrainConfig, from_toml, to_toml
from pydis.training.files import flush, locked, remove_parts, write_whole

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

    def remove_parts(self) -> None:
        """Remove what a killed process left half-written."""
        for folder in (self.folder, self.checkpoints):
            remove_parts(folder)

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

    def flush_logs(self) -> None:
        """Make the logs durable: a checkpoint that survives has its lines."""
        for log in LOGS:
            if (self.folder / log).exists():
                flush(self.folder / log)

    def last_checkpoint(self) -> tuple[Checkpoint | None, list[str]]:
        """The newest readable checkpoint, and why newer ones were passed over.

        Raises NewerFormatError for one of another format: a step done by it is not done again.
        """
        problems: list[str] = []
        for path in sorted(self.checkpoints.iterdir(), reverse=True):
            if path.suffix != ".safetensors":
                continue
            try:
                return load_checkpoint(path), problems
            except NewerFormatError:
                raise
            except CheckpointError as error:
                problems.append(str(error))
        return None, problems


def make_run(config: TrainConfig[Any], out: Path | None = None, prefix: str = "") -> Run:
    """Make a run folder: `out`, or the first free `runs/beta-vae-seed0`, `…-2`, `…-3`.

    `prefix` replaces the model's name in the latter. Raises RunError if `out` exists or cannot be
    made, BackendError if the backend cannot run here, DataMissing or ImportError without its data.
    """
    load(config.backend)  # before anything is written
    require(config.data)
    folder = out or Path("runs")
    try:
        if out is None:
            folder = _first_free(folder, f"{prefix or config.model_name}-seed{config.seed}")
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        _fill(folder, config)
    except OSError as error:
        if isinstance(error, FileExistsError) and folder.exists():
            raise RunError(
                f"{folder}: exists already; runs are never overwritten: choose another --out, "
                f"or go on with `pydis train --resume {folder}`"
            ) from error
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):  # no mistake of the user's
            raise
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from error
    return Run(folder, config)


def open_run(folder: Path) -> Run:
    """Open a run folder. Raises RunError naming what is missing, damaged or of a newer format."""
    path = folder / "config.toml"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunError(f"{folder}: not a run folder: no readable config.toml") from error
    made_with = _manifest(folder / "manifest.json")
    try:
        config = from_toml(content.decode())
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: no readable text: {error}") from error
    except ConfigError as error:
        raise RunError(f"{path}: {error}") from error
    if made_with.get("config_sha256") != sha256(content).hexdigest():
        raise RunError(
            f"{path}: changed since the run was made, so the run would not be one of this "
            f"configuration: start another with `pydis train --config {path}`"
        )
    return Run(folder, config)


def _manifest(path: Path) -> dict[str, Any]:
    """What a run was made with, for a folder that this version can go on with."""
    try:
        made_with = dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{path}: not a readable manifest: {error}") from error
    found = made_with.get("format_version")
    if found != FORMAT_VERSION:
        raise RunError(
            f"{path}: written by pydis {made_with.get('pydis')} in format {found}, this is pydis "
            f"{VERSION}, which reads format {FORMAT_VERSION}: upgrade pydis, or use that version"
        )
    return made_with


def describe(config: TrainConfig[Any]) -> dict[str, Any]:
    """What a run was made with: format, software, processor, what the configuration chose, and a
    checksum of the configuration.
    """
    chosen = {"backend": config.backend, "threads": config.threads}
    checksum = {"config_sha256": sha256(to_toml(config).encode()).hexdigest()}
    return {"format_version": FORMAT_VERSION} | environment() | chosen | checksum


def _fill(folder: Path, config: TrainConfig[Any]) -> None:
    """Write the first files of a run, the configuration last: a folder that opens is whole.

    If that fails, the folder is removed.
    """
    try:
        (folder / "checkpoints").mkdir()
        manifest = json.dumps(describe(config), indent=2) + "\n"
        write_whole(folder / "manifest.json", manifest.encode())
        write_whole(folder / "config.toml", to_toml(config).encode())
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise


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
    """The records of a log; a last line cut short by a crash is not one.

    Raises RunError for a damaged line that is not the last.
    """
    lines, records = path.read_bytes().splitlines(), []
    for number, line in enumerate(lines, 1):
        try:
            records.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            if number < len(lines):
                raise RunError(f"{path}: line {number} is damaged: {error}") from error
    return records
