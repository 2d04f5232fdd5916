"""Whole training steps of a model, in a process of its own.

    python benchmarks/step_child.py MODEL CONTENDER THREADS PROBLEM.npz

CONTENDER is numpy or cpp (needs pydis), or eager, channels_last or compile (needs torch). Started
by steps_beside_torch.py, which wrote the problem (step_problems.py): all train on the same numbers.
A step is the model's `update`: forward, losses, backward and Adam; the images lie in memory
beforehand, in the order of axes that the library likes. On stdin, as JSON: {"steps": n} is answered
by seconds, processor seconds and page faults of each of the next n steps, and its losses; with
{"late": true} beside it, the first of them is from the problem's late state; {} by the processor
time used so far.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from kernel_child import rest

TO_THE_END = ExitStack()
"""What this process enters and never leaves."""

TORCH = ("eager", "channels_last", "compile")
Losses = dict[str, float]
Step = Callable[[int], Losses]
"""Trains on batch number i, from 0; the losses before the update."""
Restart = Callable[[int], None]
"""Puts the players into the problem's late state, which has seen so many steps."""


def main() -> None:
    model, contender, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    problem = dict(np.load(sys.argv[4]))
    if contender in TORCH:
        from torch_steps import torch_step

        step, restart = torch_step(model, contender, threads, problem)
    else:
        step, restart = pydis_step(model, contender, threads, problem)
    steps, done = len(problem["drawn"]), 0
    for line in sys.stdin:
        answer: Any = time.process_time()
        if "steps" in (request := json.loads(line)):
            answer = []
            if "late" in request:
                done = int(problem["late_steps"])
                restart(done)
            for _ in range(request["steps"]):
                answer.append(timed(step, done % steps))
                done += 1
            rest()
        print(json.dumps(answer), flush=True)


def timed(step: Step, i: int) -> dict[str, Any]:
    """One step: what it took, and its losses."""
    before, cpu, began = faults(), time.process_time(), time.perf_counter()
    losses = step(i)
    took, used = time.perf_counter() - began, time.process_time() - cpu
    return {"seconds": took, "processor": used, "faults": faults() - before, "losses": losses}


def faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def pydis_step(
    name: str, backend: str, threads: int, problem: Mapping[str, np.ndarray]
) -> tuple[Step, Restart]:
    from step_problems import PROBLEMS, weights_of

    from pydis.backends import use
    from pydis.backends.memory import memory
    from pydis.backends.threads import threads as set_threads
    from pydis.training import stream

    use(backend)
    set_threads(threads)
    TO_THE_END.enter_context(memory())  # as training does
    model, losses = PROBLEMS[name].model, PROBLEMS[name].losses
    seen = [problem[given] for given in ("images", "labels") if given in problem]
    images = seen[0]
    learners = {
        player: learner.with_arrays(learner.arrays() | weights_of(problem, player), steps=0)
        for player, learner in model.start(stream(1, "initialise"), images.shape[2]).items()
    }

    def step(i: int) -> Losses:
        nonlocal learners
        # What the problem holds as drawn is what this stream draws.
        x, *labels = (each[i % len(images)] for each in seen)
        learners, terms = model.update(learners, x, stream(0, "latent", i + 1), *labels)
        return {loss: float(terms[loss]) for loss in losses}

    def restart(steps: int) -> None:
        nonlocal learners
        learners = {
            player: learner.with_arrays(weights_of(problem, f"late/{player}"), steps)
            for player, learner in learners.items()
        }

    return step, restart


if __name__ == "__main__":
    main()
