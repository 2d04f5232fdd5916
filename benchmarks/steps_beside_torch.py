"""A whole training step beside PyTorch's, each contender in a process of its own.

    python benchmarks/steps_beside_torch.py MODEL --torch-python PYTHON
        [--threads 1 2] [--rounds 12] [--busy]
    python benchmarks/steps_beside_torch.py MODEL --render [--threads 1 2] [--busy]

Same work or no ratio: every contender starts from the same weights, sees the same batches and the
same noise, in float32; its losses at step 1, at a later one, and at step 100 from one state shortly
before are printed and must agree (pydis/bench/agreement.py). Then
rounds: each contender in turn, each round another one first, takes some steps to warm up and some
on the clock; rounds that others disturb are measured anew. Each runs with glibc's malloc as it
comes and tuned to keep what is freed. PyTorch's Adam is the fused one, its fastest. `--busy` sets a
process beside them that computes all the while, and counts as ours.
Writes all samples as JSON and tables as Markdown (step_report.py), for each number of threads, into
--out; with --render the tables alone, of the samples there.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from children import MALLOC, Child, moment_of, torch_version
from step_child import TORCH
from step_problems import BOUNDS, BOUNDS_LATE, PROBLEMS, Problem, make_problem
from step_report import page

from pydis.backends.environment import environment
from pydis.backends.hardware import instruction_sets
from pydis.bench import machine
from pydis.bench.agreement import FIRST, LATE, LATE_STEPS, error_in_eps
from pydis.bench.quiet import Kept, kept_rounds
from pydis.bench.steps import batches, first_loss_in_double
from pydis.bench.timing import turns

CHILD = Path(__file__).with_name("step_child.py")
Name = tuple[str, str]
Losses = list[dict[str, float]]
"""By name, of some steps in turn."""
Round = dict[Name, list[dict[str, Any]]]
"""The steps of a round, of each contender."""


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
        losses = {name: train(child, name, problem) for name, child in children.items()}
        late = {name: train_late(child) for name, child in children.items()}
        expect_alike(losses, problem)
        expect_alike_late(late, problem)
        if options.busy:
            neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        beside = [neighbour.pid] if neighbour else []
        found = kept_rounds(
            lambda number: one_round(children, problem, number),
            options.rounds,
            lambda: moment_of(list(children.values()), beside),
        )
    finally:
        for process in [c.process for c in children.values()] + [neighbour] * bool(neighbour):
            process.kill()
            process.wait()
    save(found, losses, late, threads, options)


def one_round(children: Mapping[Name, Child], problem: Problem, number: int) -> Round:
    """The steps on the clock of each contender in turn."""
    names, taken = list(children), {}
    for i in turns(len(names), number):
        answer = children[names[i]].ask(steps=problem.warm_up + problem.counted)
        taken[names[i]] = answer[problem.warm_up :]
    return taken


def train(child: Child, name: Name, problem: Problem) -> Losses:
    """The losses from the first step on, of a game to step 100 where malloc is as it comes."""
    steps = LATE.step if name[1] == "plain" else problem.alike.step
    return [taken["losses"] for taken in child.ask(steps=steps)]


def train_late(child: Child) -> Losses:
    """The losses of the last steps up to step 100, from one state."""
    return [taken["losses"] for taken in child.ask(steps=LATE_STEPS, late=True)]


def expect_alike(losses: Mapping[Name, Losses], problem: Problem) -> None:
    """Ends the program where two contenders do not do the same work from the first step on."""
    until, terms = problem.alike, problem.losses
    asked = [(terms[0], 1, FIRST)]
    asked += [(term, step, until.within) for step in (1, until.step) for term in terms]
    expect_within(losses, asked, 1, "")


def expect_alike_late(losses: Mapping[Name, Losses], problem: Problem) -> None:
    """Ends the program where two contenders do not do the same work from one late state on."""
    steps = range(LATE.step - LATE_STEPS + 1, LATE.step + 1)
    asked = [(problem.losses[0], steps[0], FIRST)]
    asked += [
        (term, step, BOUNDS_LATE if term in BOUNDS else LATE.within)
        for step in steps
        for term in problem.losses
    ]
    expect_within(losses, asked, steps[0], " from one state")


def expect_within(
    losses: Mapping[Name, Losses],
    asked: Sequence[tuple[str, int, float]],
    begin: int,
    whence: str,
) -> None:
    """Ends the program where a term at a step is not the first contender's within a tolerance."""
    first = next(iter(losses.values()))
    for name, found in losses.items():
        for term, step, tolerance in asked:
            own, other = found[step - begin][term], first[step - begin][term]
            if not abs(own - other) <= tolerance * max(1, abs(other)):
                raise SystemExit(
                    f"{' '.join(name)}: {term} {own:.6g} at step {step}{whence}, expected "
                    f"{other:.6g} within {tolerance:g}: not the same work, no ratio"
                )


def save(
    found: Kept[Round],
    losses: Mapping[Name, Losses],
    late: Mapping[Name, Losses],
    threads: int,
    options: argparse.Namespace,
) -> None:
    """The samples, for one number of threads."""
    problem = PROBLEMS[options.model]
    exact = first_loss_in_double(problem.model, batches(problem.model, problem.batch, 1)[0])
    document = {
        "model": options.model,
        "threads": threads,
        "rounds": options.rounds,
        "counted": problem.counted,
        "discarded": found.discarded,
        "busy": options.busy,
        "environment": environment(),
        "machine": machine.about(),
        "gigaflops_peak": max(
            p.gflops for p in machine.peaks(instruction_sets(), [threads], "float32")
        ),
        "load": found.load._asdict(),
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "first_loss_in_double": exact,
        "contenders": [
            {
                "contender": name[0],
                "malloc": name[1],
                "error": error_in_eps(taken[0], exact),
                "losses": taken,
                "late": late[name],
                "samples": [step for steps in found.rounds for step in steps[name]],
            }
            for name, taken in losses.items()
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
