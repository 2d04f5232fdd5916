"""Milliseconds of one beta-VAE step, and of serving its batch, for each CPU backend in turn.

    python benchmarks/step.py [--rounds 30] [--threads 1 2] [--busy]

A round takes one step on every backend at every number of threads, one after the other, so that all
of them share whatever else the machine is doing. Reported are the median and the fastest round.
With `--busy` another process computes all the while.
"""

import argparse
import os
import subprocess
import sys
import time
from statistics import median

from pydis.backends import available, use
from pydis.backends.environment import environment
from pydis.backends.threads import threads
from pydis.models import BetaVAE
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, start

WARM_UP = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    neighbour = (
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) if options.busy else None
    )
    try:
        measure(options.rounds, options.threads)
    finally:
        if neighbour:
            neighbour.kill()


def measure(rounds: int, thread_counts: list[int]) -> None:
    """Time the contenders in turn and print the table."""
    config = TrainConfig(BetaVAE(learning_rate=5e-4), backend="numpy")
    backends = [name for name in ("numpy", "cpp") if available()[name].usable]
    contenders = [(name, count) for name in backends for count in thread_counts]
    learners = dict.fromkeys(contenders, start(config))
    step_times: dict[tuple[str, int], list[float]] = {c: [] for c in contenders}
    serve_times: list[float] = []
    for step in range(1, rounds + WARM_UP + 1):
        began = time.perf_counter()
        images = batch(config, step)
        serve_times.append(time.perf_counter() - began)
        for name, count in contenders:
            with use(name), threads(count):
                began = time.perf_counter()
                learners[name, count], _ = config.model.update(
                    learners[name, count], images, stream(0, "latent", step)
                )
                step_times[name, count].append(time.perf_counter() - began)

    about = environment()
    print(f"BLAS {about['blas']}, {about['processors']} processors, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<22}{'median ms':>10}{'min ms':>10}{'serving / step':>16}")
    serving = milliseconds(serve_times)
    print(f"{'serving a batch':<22}{serving[0]:>10.2f}{serving[1]:>10.2f}")
    for name, count in contenders:
        middle, least = milliseconds(step_times[name, count])
        share = f"{100 * serving[0] / middle:.2f} %"
        print(f"{name + f', {count} threads':<22}{middle:>10.1f}{least:>10.1f}{share:>16}")


def milliseconds(seconds: list[float]) -> tuple[float, float]:
    """Median and minimum after the warm-up."""
    kept = seconds[WARM_UP:]
    return 1e3 * median(kept), 1e3 * min(kept)


if __name__ == "__main__":
    main()
