"""The loop, run folders, checkpoints, exact resume."""

from pydis.training.checkpoint import CheckpointError, load_checkpoint
from pydis.training.config import ConfigError, TrainConfig
from pydis.training.loop import Interrupted, TrainingStopped, resume, train
from pydis.training.progress import progress
from pydis.training.randomness import stream
from pydis.training.runs import Run, RunError, make_run, open_run

__all__ = [
    "CheckpointError",
    "ConfigError",
    "Interrupted",
    "Run",
    "RunError",
    "TrainConfig",
    "TrainingStopped",
    "load_checkpoint",
    "make_run",
    "open_run",
    "progress",
    "resume",
    "stream",
    "train",
]
