"""Page faults and milliseconds of a training step, by whose memory arrays are made of.

    python benchmarks/memory.py [--batch 64] [--steps 100] [--rounds 3] [--backends numpy cpp]
        [--json FILE]

`off` is NumPy and the C library as they come, `kept` is `with pydis.memory():`, `mallopt` is the C
library told to keep everything: MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ of 1 GiB, which
glibc reads. Each measurement is a process of its own, and a round runs one of each, one after the
other, so that all share what else the machine does. Reported are medians over rounds: of a step
after 20 others, and, as `first 20`, of those 20 together. Processor time is that of all threads,
`user` in the program and `system` in the kernel, where faults are served. Beside the clock's median
stands its interquartile range. `--json` writes all samples, in seconds.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from row_format import used_by_others

from pydis.backends import available
from pydis.backends.environment import environment
from pydis.backends.memory import statistics
from pydis.bench import machine as processor
from pydis.bench.load import Moment, load_average, load_between, moment
from pydis.bench.statistics import summarise
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


Sample = dict[str, dict[str, float]]
"""What `child` returns."""
Document = dict[str, Any]


class Used(NamedTuple):
    """Page faults, seconds of the processor in program and kernel, and of the clock."""

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
    parser.add_argument("--json", type=Path, help="write all samples to this file")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options)))
        return
    document = measure(options)
    print("\n".join(lines(document)))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def measure(options: argparse.Namespace) -> Document:
    """All samples, and what they depend on."""
    cases = [(b, c) for b in options.backends if available()[b].usable for c in CONTENDERS]
    samples: dict[tuple[str, str], list[Sample]] = {case: [] for case in cases}
    before = now()
    for _ in range(options.rounds):
        for backend, contender in cases:
            samples[backend, contender].append(in_process(options, backend, contender))
    load = load_between(before, now(), load_average())
    return {
        **{name: getattr(options, name) for name in ("batch", "steps", "rounds", "threads")},
        "warm_up": WARM_UP,
        "environment": environment(),
        "machine": processor.about(),
        "load": load._asdict(),
        "contenders": [
            {"backend": b, "memory": c, "set": CONTENDERS[c], "samples": samples[b, c]}
            for b, c in cases
        ],
    }


def now() -> Moment:
    """What processes used that have ended counts as ours."""
    times, at = os.times(), moment()
    return at._replace(own=at.own + times.children_user + times.children_system)


def in_process(options: argparse.Namespace, backend: str, contender: str) -> Sample:
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
    found: Sample = json.loads(done.stdout)
    return found


def child(options: argparse.Namespace) -> Sample:
    """Train, and return what the first steps used, one of the others on average, and MiB held."""
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
    held = {name: statistics().get(name, 0) / 2**20 for name in ("most", "kept")}
    first = Used(*(b - a for a, b in zip(began, warm, strict=True)))
    each = Used(*((b - a) / options.steps for a, b in zip(warm, ended, strict=True)))
    return {"first": first._asdict(), "each": each._asdict(), "held": held}


def used() -> Used:
    """What this process has used so far."""
    taken = resource.getrusage(resource.RUSAGE_SELF)
    return Used(taken.ru_minflt, taken.ru_utime, taken.ru_stime, time.perf_counter())


COLUMNS = ("faults", "user", "system", "wall", "IQR", "first 20: faults", "user", "system", "wall")


def lines(document: Document) -> list[str]:
    """The table, and what it depends on."""
    about, of, steps = document["environment"], document["machine"], document["steps"]
    build = (about["core"] or {}).get("instruction_set", "no core")
    found = [
        f"beta-VAE, batch {document['batch']}, threads {document['threads']}",
        f"rounds {document['rounds']}, each of {steps} steps after {document['warm_up']}",
        f"numpy {about['numpy']}, {about['blas']}, {build}",
        f"{of['cpu']}, commit {of['commit']}; {used_by_others(document['load'])}",
        "a step: page faults, ms of processor in program and kernel, ms of the clock and their IQR",
        f"{'':<16}" + "".join(f"{name:>{width(name)}}" for name in COLUMNS),
    ]
    for one in document["contenders"]:
        pairs = zip(COLUMNS, columns(one["samples"]), strict=True)
        row = "".join(f"{number:>{width(name)}.1f}" for name, number in pairs)
        found.append(f"{one['backend'] + ' ' + one['memory']:<16}{row}")
    for one in document["contenders"]:
        if one["memory"] == "kept":
            most, kept = (median(s["held"][n] for s in one["samples"]) for n in ("most", "kept"))
            held = f"at most {most:.0f} MiB in arrays, {kept:.0f} MiB kept at the end"
            found.append(f"{one['backend']}: {held}")
    return found


def width(name: str) -> int:
    """Of a column."""
    return max(9, len(name) + 2)


def columns(samples: list[Sample]) -> list[float]:
    """Medians over rounds, in milliseconds but for faults, with the wall's interquartile range."""

    def of(part: str) -> list[float]:
        middle = {name: median(s[part][name] for s in samples) for name in Used._fields}
        return [middle["faults"], *(1e3 * middle[name] for name in Used._fields[1:])]

    spread = summarise([s["each"]["wall"] for s in samples]).iqr
    return [*of("each"), 1e3 * spread, *of("first")]


if __name__ == "__main__":
    main()
