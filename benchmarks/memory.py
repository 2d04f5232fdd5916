"""Page faults and milliseconds of a training step, by whose memory arrays are made of.

    python benchmarks/memory.py [--batch 64] [--steps 100] [--rounds 3] [--backends numpy cpp]

`off` is NumPy and the C library as they come, `kept` is `with pydis.memory():`, `mallopt` is the C
library told to keep everything: MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ of 1 GiB, which
glibc reads. Each measurement is a process of its own, and a round runs one of each, one after the
other, so that all share what else the machine does. Reported are medians over rounds: of a step
after 20 others, and, as `first 20`, of those 20 together. Processor time is that of all threads,
`user` in the program and `system` in the kernel, where faults are served.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from statistics import median
from typing import NamedTuple

from pydis.backends import available
from pydis.backends.environment import environment
from pydis.backends.memory import statistics
from pydis.models import BetaVAE
from pydis.training import TrainConfig
from pydis.training.loop import machine, start, steps

WARM_UP = 20
GIB = str(1 << 30)
CONTENDERS = {
    "off": {"PYDIS_MEMORY": "off"},
    "kept": {"PYDIS_MEMORY": "on"},
    "mallopt": {
        "PYDIS_MEMORY": "off",
        "MALLOC_MMAP_THRESHOLD_": GIB,
        "MALLOC_TRIM_THRESHOLD_": GIB,
    },
}


class Used(NamedTuple):
    """Page faults, milliseconds of the processor in program and kernel, and of the clock."""

    faults: float
    user: float
    system: float
    wall: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backends", nargs="+", default=["numpy", "cpp"])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options)))
        return
    cases = [(b, c) for b in options.backends if available()[b].usable for c in CONTENDERS]
    samples: dict[tuple[str, str], list[dict[str, list[float]]]] = {case: [] for case in cases}
    for _ in range(options.rounds):
        for backend, contender in cases:
            samples[backend, contender].append(in_process(options, backend, contender))
    show(options, samples)


def in_process(options: argparse.Namespace, backend: str, contender: str) -> dict[str, list[float]]:
    """What `child` returns in a fresh process with the contender's environment."""
    numbers = ("batch", "steps", "threads")
    arguments = [f"--{name}={getattr(options, name)}" for name in numbers]
    done = subprocess.run(
        [sys.executable, __file__, "--child", *arguments, "--backends", backend],
        env={**os.environ, **CONTENDERS[contender]},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def child(options: argparse.Namespace) -> dict[str, list[float]]:
    """Train, and return what the first steps used, and one of the others on average."""
    config = TrainConfig(
        BetaVAE(learning_rate=5e-4),
        steps=WARM_UP + options.steps,
        batch=options.batch,
        backend=options.backends[0],
        threads=options.threads,
    )
    with machine(config):
        learners = start(config)
        began = used()
        for step, _, _ in steps(config, learners, 0):
            if step == WARM_UP:
                warm = used()
        ended = used()
    held = [statistics().get(name, 0) / 2**20 for name in ("most", "kept")]
    first = [b - a for a, b in zip(began, warm, strict=True)]
    each = [(b - a) / options.steps for a, b in zip(warm, ended, strict=True)]
    return {"first": first, "each": each, "held": held}


def used() -> Used:
    """What this process has used so far."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    return Used(now.ru_minflt, 1e3 * now.ru_utime, 1e3 * now.ru_stime, 1e3 * time.perf_counter())


def show(
    options: argparse.Namespace, samples: dict[tuple[str, str], list[dict[str, list[float]]]]
) -> None:
    """Print the table."""
    about = environment()
    build = (about["core"] or {}).get("instruction_set", "no core")
    print(f"beta-VAE, batch {options.batch}, {options.threads} thread(s), {options.rounds} rounds,")
    print(
        f"{options.steps} steps after {WARM_UP}; numpy {about['numpy']}, {about['blas']}, {build}"
    )
    print("a step: page faults, ms of processor in program and kernel, ms of the clock")
    names = ("faults", "user", "system", "wall", "first 20: faults", "user", "system", "wall")
    print(f"{'':<16}" + "".join(f"{name:>{max(9, len(name) + 2)}}" for name in names))
    for (backend, contender), rounds in samples.items():
        columns = [[r["each"][i] for r in rounds] for i in range(4)]
        columns += [[r["first"][i] for r in rounds] for i in range(4)]
        cells = "".join(
            f"{median(column):>{max(9, len(name) + 2)}.1f}"
            for name, column in zip(names, columns, strict=True)
        )
        print(f"{backend + ' ' + contender:<16}{cells}")
    for (backend, contender), rounds in samples.items():
        if contender == "kept":
            most, kept = (median(r["held"][i] for r in rounds) for i in range(2))
            print(f"{backend}: at most {most:.0f} MiB in arrays, {kept:.0f} MiB kept at the end")


if __name__ == "__main__":
    main()
