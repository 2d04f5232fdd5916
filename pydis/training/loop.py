"""The loop: batch in, update, log, checkpoint. Interrupted or not, a run ends the same.

Step n draws its batch from the stream ("data", n) and its latents from ("latent", n), so the state
after n steps is a function of the configuration and n alone.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from pydis.autodiff import Array
from pydis.backends import current, use
from pydis.backends.memory import memory
from pydis.backends.threads import threads
from pydis.data.images import DATA, Batch
from pydis.nn import Learner, NonFiniteError, check_finite
from pydis.training.checkpoint import CheckpointError, path_of, restore, save_checkpoint
from pydis.training.config import TrainConfig
from pydis.training.randomness import stream
from pydis.training.runs import Run

Report = Callable[[int, Mapping[str, float]], None]


class TrainingStopped(RuntimeError):
    """A loss, gradient, parameter or moment was not finite. The step was not kept."""


class Interrupted(RuntimeError):
    """The user asked to stop, by the signal of that number; the step was finished and saved."""

    def __init__(self, message: str, signal_number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.signal_number = int(signal_number)


def start(config: TrainConfig[Any]) -> dict[str, Learner]:
    """The players before the first step, where the current backend computes."""
    side = DATA[config.data].side
    learners: dict[str, Learner] = config.model.start(stream(config.seed, "initialise"), side)
    return learners


def batch(config: TrainConfig[Any], step: int) -> Array:
    """The training images of a step, `[batch, side, side, 1]` in float32: i.i.d., none held out.

    They lie where the current backend computes.
    """
    return current().asarray(_drawn(config, step)[0])


def classes(config: TrainConfig[Any], step: int) -> tuple[Array, ...]:
    """The classes `[batch]` of the images of a step, for a model that asks for them; else none."""
    if not hasattr(config.model, "classes"):
        return ()
    return (current().asarray(_drawn(config, step)[1]),)


def _drawn(config: TrainConfig[Any], step: int) -> Batch:
    """The images and classes of a step, NumPy's."""
    rng = stream(config.seed, "data", step)
    return DATA[config.data].draw(rng, config.batch, "train")


def steps(
    config: TrainConfig[Any], learners: dict[str, Learner], done: int
) -> Iterator[tuple[int, dict[str, Learner], dict[str, float]]]:
    """The states after step done + 1, done + 2, …, each with the terms of the step.

    Raises NonFiniteError before an update that would not be finite.
    """
    for step in range(done + 1, config.steps + 1):
        noise = stream(config.seed, "latent", step)
        x, more = batch(config, step), classes(config, step)
        learners, terms = config.model.update(learners, x, noise, *more)
        yield step, learners, {name: float(value) for name, value in terms.items()}


def train(run: Run, report: Report = lambda step, terms: None) -> dict[str, Learner]:
    """Train to the end from the last readable checkpoint, or from the start.

    Writes logs and checkpoints into the run folder and calls `report` after each step. Terms and
    gradients are checked at every step, before the update; all parameters and moments after it,
    at the steps that are logged or saved: nothing that is not finite reaches the folder. Raises
    TrainingStopped if one of them is not finite, Interrupted after Ctrl-C or SIGTERM.
    """
    config = run.config
    with run.alone(), machine(config), _stop_requests() as stop_requested:
        run.remove_parts()
        first, done = resume(run)
        run.truncate_logs(done)
        before = run.seconds()
        began = time.perf_counter()
        try:
            learners = first
            for step, learners, terms in steps(config, first, done):
                if step % config.log_every == 0 or step in (1, config.steps):
                    _check_state(learners)
                    seconds = round(before + time.perf_counter() - began, 6)
                    run.append("metrics.jsonl", {"step": step, **terms})
                    run.append("timing.jsonl", {"step": step, "seconds": seconds})
                report(step, terms)
                stop = stop_requested()  # read once: what is announced is what was saved
                if stop or step == config.steps or step % config.checkpoint_every == 0:
                    _check_state(learners)
                    run.flush_logs()
                    save_checkpoint(run.checkpoints, step, config.model_name, learners)
                if stop and step < config.steps:
                    raise Interrupted(
                        f"stopped and saved after step {step} of {config.steps}; "
                        f"go on with: pydis train --resume {run.folder}",
                        stop,
                    )
                done = step
        except NonFiniteError as error:
            raise TrainingStopped(_explain(run, done + 1, error)) from error
    return learners


def _check_state(learners: Mapping[str, Learner]) -> None:
    """Raise NonFiniteError naming the parameters and moments that an update made not finite.

    Finite gradients can do so: their squares overflow, or a step too long.
    """
    check_finite(
        {f"{player}.{name}": a for player, l in learners.items() for name, a in l.arrays().items()}
    )


@contextmanager
def machine(config: TrainConfig[Any]) -> Iterator[None]:
    """Backend, threads and memory of the run. NumPy's warnings are off: every step is checked."""
    quiet = np.errstate(over="ignore", invalid="ignore")
    with use(config.backend), threads(config.threads), memory(), quiet:
        yield


def resume(run: Run) -> tuple[dict[str, Learner], int]:
    """The players at the last readable checkpoint and the number of steps done, or the start.

    Raises CheckpointError where the checkpoint is of another model.
    """
    learners = start(run.config)
    checkpoint, _ = run.last_checkpoint()
    if checkpoint is None:
        return learners, 0
    if checkpoint.model != run.config.model_name:
        raise CheckpointError(
            f"{path_of(run.checkpoints, checkpoint.step)}: a checkpoint of {checkpoint.model!r} "
            f"in a run of {run.config.model_name!r}"
        )
    return restore(checkpoint, learners), checkpoint.step


def _explain(run: Run, step: int, error: NonFiniteError) -> str:
    checkpoint, _ = run.last_checkpoint()
    good = "no checkpoint was written yet"
    if checkpoint is not None:
        good = f"the last good checkpoint is {path_of(run.checkpoints, checkpoint.step)}"
    return f"step {step}: {error}; nothing of this step was kept, and {good}"


@contextmanager
def _stop_requests() -> Iterator[Callable[[], int]]:
    """Turn the first Ctrl-C or SIGTERM into a request that the loop reads after its step.

    The request is the number of the signal, 0 while there is none. The second signal does at once
    what it did before. Signals reach the main thread only; elsewhere nothing is requested.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    before = {s: signal.getsignal(s) or signal.SIG_DFL for s in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        if received:
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)
        received.append(number)

    for number in before:
        signal.signal(number, handle)
    try:
        yield lambda: received[0] if received else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
