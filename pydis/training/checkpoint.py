"""Checkpoints: the whole state of the players as one safetensors file.

A file holds nothing that differs between identical runs: no time, no path, no machine. Its one
metadata entry is JSON with the format version, the model, the step and a checksum of everything.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pydis.backends import kernels_for
from pydis.nn import Learner
from pydis.training.files import write_whole

FORMAT_VERSION = 1


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or is not one of this model."""


class NewerFormatError(CheckpointError):
    """A whole checkpoint of another format: not to be passed over, as a damaged one is."""


class Checkpoint(NamedTuple):
    """A state read back: the step it was written after, and the arrays by name."""

    step: int
    model: str
    arrays: dict[str, Any]
    updates: dict[str, int]


def save_checkpoint(folder: Path, step: int, model: str, learners: Mapping[str, Learner]) -> Path:
    """Write `step-00001000.safetensors` whole or not at all, and return its path."""
    from safetensors.numpy import save

    arrays = {
        f"{player}.{name}": np.asarray(kernels_for(name, [array]).to_numpy(array), order="C")
        for player, learner in sorted(learners.items())
        for name, array in sorted(learner.arrays().items())
    }
    about = {
        "format_version": FORMAT_VERSION,
        "model": model,
        "step": step,
        "updates": {player: learner.moments.steps for player, learner in learners.items()},
    }
    about["sha256"] = checksum(arrays, about)
    path = path_of(folder, step)
    write_whole(path, save(arrays, {"pydis": json.dumps(about, sort_keys=True)}))
    return path


def path_of(folder: Path, step: int) -> Path:
    """The file of a step's checkpoint; names sort in the order of the steps."""
    return folder / f"step-{step:08d}.safetensors"


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint back. Raises CheckpointError naming the file and what is wrong with it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            about = dict(json.loads((file.metadata() or {})["pydis"]))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = "no pydis metadata" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(f"{path}: not a readable pydis checkpoint: {reason}") from error
    version = about.get("format_version")
    if version != FORMAT_VERSION:
        raise NewerFormatError(
            f"{path}: written in format {version}, this pydis reads format {FORMAT_VERSION}: "
            "upgrade pydis, or use the version that wrote it"
        )
    if checksum(arrays, about) != about.get("sha256"):
        raise CheckpointError(f"{path}: damaged: the checksum of its content does not match")
    return Checkpoint(about["step"], about["model"], arrays, about["updates"])


def restore(checkpoint: Checkpoint, learners: Mapping[str, Learner]) -> dict[str, Learner]:
    """The learners as they were when the checkpoint was written.

    Raises CheckpointError where the state is that of another model.
    """
    if set(checkpoint.updates) != set(learners):
        raise CheckpointError(
            f"a checkpoint of the players {sorted(checkpoint.updates)}, "
            f"for a model with the players {sorted(learners)}"
        )
    restored = {}
    for player, learner in learners.items():
        own = {
            name.removeprefix(f"{player}."): array
            for name, array in checkpoint.arrays.items()
            if name.startswith(f"{player}.")
        }
        try:
            restored[player] = learner.with_arrays(own, checkpoint.updates[player])
        except ValueError as error:
            raise CheckpointError(f"checkpoint of step {checkpoint.step}: {error}") from error
    return restored


def checksum(arrays: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    """SHA-256 over what is said about the arrays, and their names, dtypes, shapes and bytes."""
    said = {name: value for name, value in about.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.asarray(array, order="C").tobytes())
    return digest.hexdigest()
