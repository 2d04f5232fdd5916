"""A whole training step beside PyTorch's, each contender in a process of its own.

    python benchmarks/steps_beside_torch.py beta-vae|infogan --torch-python PYTHON
        [--threads 1 2] [--rounds 12] [--busy]
    python benchmarks/steps_beside_torch.py beta-vae|infogan --render [--threads 1 2] [--busy]

Same work or no ratio: every contender starts from the same weights, sees the same batches and the
same noise, in float32; its losses at step 1 and at a later one are printed and must agree. Then
rounds: each contender in turn, each round another one first, takes some steps to warm up and some
on the clock. Each runs with glibc's malloc as it comes and tuned to keep what is freed. PyTorch's
Adam is the fused one, its fastest. `--busy` sets a process beside them that computes all the while.
Writes all samples as JSON and tables as Markdown (step_report.py), for each number of threads, into
--out; with --render the tables alone, of the samples there.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from children import MALLOC, Child, moment_of, torch_version
from step_child import TORCH
from step_problems import PROBLEMS, Problem, make_problem
from step_report import page

from pydis.backends.environment import environment
from pydis.backends.hardware import instruction_sets
from pydis.bench import machine
from pydis.bench.agreement import FIRST
from pydis.bench.load import load_average, load_between
from pydis.bench.timing import turns

CHILD = Path(__file__).with_name("step_child.py")
Name = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", help="an interpreter with torch and numpy")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the tables")
    parser.add_argument("model", choices=list(PROBLEMS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--contenders", nargs="+", default=["numpy", "cpp", *TORCH])
    parser.add_argument("--busy", action="store_true", help="beside a process that computes")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"))
    options = parser.parse_args()
    if not options.render and not options.torch_python:
        parser.error("--torch-python is needed to measure")
    options.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        arrays = Path(folder) / "problem.npz"
        if not options.render:
            np.savez(arrays, **make_problem(options.model))
        for threads in options.threads:
            if not options.render:
                run(arrays, threads, options)
            render(threads, options)


def run(arrays: Path, threads: int, options: argparse.Namespace) -> None:
    """All contenders at one number of threads."""
    problem = PROBLEMS[options.model]
    children: dict[Name, Child] = {}
    neighbour = None
    try:
        for contender in options.contenders:
            python = options.torch_python if contender in TORCH else sys.executable
            for malloc in MALLOC:
                command = [python, str(CHILD), options.model, contender, str(threads), str(arrays)]
                children[contender, malloc] = Child(command, malloc, threads)
        losses = {name: train(child, problem.steps) for name, child in children.items()}
        expect_alike(losses, problem)
        if options.busy:
            neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        before = moment_of(list(children.values()))
        samples: dict[Name, list[dict[str, Any]]] = {name: [] for name in children}
        names = list(children)
        for number in range(options.rounds):
            for i in turns(len(names), number):
                answer = children[names[i]].ask(steps=problem.warm_up + problem.counted)
                samples[names[i]] += answer[problem.warm_up :]
        load = load_between(before, moment_of(list(children.values())), load_average())
    finally:
        for process in [c.process for c in children.values()] + [neighbour] * bool(neighbour):
            process.kill()
            process.wait()
    save(samples, losses, threads, load, options)


def train(child: Child, steps: int) -> list[dict[str, float]]:
    """The losses of the first steps."""
    return [taken["losses"] for taken in child.ask(steps=steps)]


def expect_alike(losses: dict[Name, list[dict[str, float]]], problem: Problem) -> None:
    """Ends the program where two contenders do not do the same work."""
    asked = [(problem.losses[0], 1, FIRST)]
    late = (1, problem.steps)
    asked += [(loss, step, problem.apart) for step in late for loss in problem.losses]
    first = next(iter(losses.values()))
    for name, found in losses.items():
        for loss, step, tolerance in asked:
            own, other = found[step - 1][loss], first[step - 1][loss]
            if not abs(own - other) <= tolerance * max(1, abs(other)):
                raise SystemExit(
                    f"{' '.join(name)}: {loss} {own:.6g} at step {step}, expected {other:.6g} "
                    f"within {tolerance:g}: not the same work, no ratio"
                )


def save(
    samples: dict[Name, list[dict[str, Any]]],
    losses: dict[Name, list[dict[str, float]]],
    threads: int,
    load: Any,
    options: argparse.Namespace,
) -> None:
    """The samples, for one number of threads."""
    document = {
        "model": options.model,
        "threads": threads,
        "rounds": options.rounds,
        "busy": options.busy,
        "environment": environment(),
        "machine": machine.about(),
        "gigaflops_peak": max(
            p.gflops for p in machine.peaks(instruction_sets(), [threads], "float32")
        ),
        "load": load._asdict(),
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "contenders": [
            {"contender": c, "malloc": m, "losses": losses[c, m], "samples": samples[c, m]}
            for c, m in samples
        ],
    }
    target = file(threads, options.busy, options)
    target.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def render(threads: int, options: argparse.Namespace) -> None:
    """The page of the samples that were saved, a busy run's beside those of the one alone."""
    source, undisturbed = (file(threads, busy, options) for busy in (options.busy, False))
    alone = json.loads(undisturbed.read_text("utf-8")) if undisturbed.exists() else None
    lines = page(json.loads(source.read_text("utf-8")), alone if options.busy else None)
    source.with_suffix(".md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines), flush=True)


def file(threads: int, busy: bool, options: argparse.Namespace) -> Path:
    """Where the samples are kept."""
    out: Path = options.out
    return out / f"steps_beside_torch-{options.model}-threads{threads}{'-busy' * busy}.json"


if __name__ == "__main__":
    main()
