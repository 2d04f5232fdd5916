"""A whole step of the beta-VAE beside PyTorch's, each contender in a process of its own.

    python benchmarks/steps_beside_torch.py --torch-python PYTHON [--threads 1 2] [--rounds 12]

Same work or no ratio: every contender starts from the same weights, sees the same batches and the
same noise, in float32; its losses at steps 1 and 100 are printed and must agree. Then rounds: each
contender in turn, each round another one first, takes two steps to warm up and five on the clock.
Each runs with glibc's malloc as it comes and tuned to keep what is freed. PyTorch's Adam is the
fused one, its fastest. `--busy` sets a process beside them that computes all the while. Writes a
table as Markdown and all samples as JSON, for each number of threads, into --out.
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
from step_report import table

from pydis.backends import draws
from pydis.backends.environment import environment
from pydis.backends.hardware import instruction_sets
from pydis.bench import machine
from pydis.bench.load import load_average, load_between
from pydis.bench.timing import turns
from pydis.data import dsprites
from pydis.models import BetaVAE
from pydis.nn import convert
from pydis.training import stream

CHILD = Path(__file__).with_name("step_child.py")
BATCH, STEPS = 64, 100
WARM_UP, COUNTED = 2, 5
TORCH = ("eager", "channels_last", "compile")
AGREE = {1: 1e-5, STEPS: 1e-2}
"""How far losses may differ: rounding errors grow from step to step."""

FLATTENED = (4, 4, 64)
BEFORE_UNFLATTEN, AFTER_FLATTEN = "decoder.layers.1", "trunk.layers.5"
PLACES = {
    **{f"trunk.layers.{i}": f"trunk.{j}" for i, j in ((0, 0), (1, 2), (2, 4), (3, 6), (5, 9))},
    "mean": "mean",
    "log_variance": "log_variance",
    **{f"decoder.layers.{i}": f"decoder.{j}" for i, j in ((0, 0), (1, 2), (3, 5), (4, 7))},
    "decoder.layers.5": "decoder.9",
    "decoder.layers.6": "decoder.11",
}
"""The layers by the number that PyTorch gives them: it counts activations too."""

MODEL = BetaVAE(learning_rate=5e-4)

Name = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", required=True, help="an interpreter with torch and numpy")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--contenders", nargs="+", default=["numpy", "cpp", *TORCH])
    parser.add_argument("--busy", action="store_true", help="beside a process that computes")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"))
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        np.savez(problem, **make_problem())
        for threads in options.threads:
            run(problem, threads, options)


def make_problem() -> dict[str, Any]:
    """First weights in both layouts, and the images and the noise of every step."""
    learner = MODEL.start(stream(0, "initialise"))["autoencoder"]
    weights = {n: a for n, a in learner.arrays().items() if n.startswith("parameter.")}
    factors = (dsprites.sample_factors(stream(0, "data", s), BATCH) for s in range(1, STEPS + 1))
    images = [np.packbits(dsprites.render(f).astype(bool)) for f in factors]
    noise = [
        draws.normal(stream(0, "latent", s), (BATCH, MODEL.latents), np.float32)
        for s in range(1, STEPS + 1)
    ]
    about = {"beta": MODEL.beta, "learning_rate": MODEL.learning_rate}
    problem = weights | {"images": np.stack(images), "noise": np.stack(noise)} | about
    return problem | {f"torch.{n}": a for n, a in in_torch(weights).items()}


def in_torch(weights: dict[str, Any]) -> dict[str, Any]:
    """The weights by PyTorch's names and in its order of axes."""
    converted = {}
    for layer, place in PLACES.items():
        w, b = weights[f"parameter.{layer}.w"], weights[f"parameter.{layer}.b"]
        if layer == BEFORE_UNFLATTEN:
            w, b = (
                a.reshape(-1, *FLATTENED).transpose(0, 3, 1, 2).reshape(a.shape) for a in (w, b)
            )
        if layer == AFTER_FLATTEN:
            w = convert.linear_after_flatten_to_torch(w, FLATTENED)
        elif w.ndim == 2:
            w = convert.linear_to_torch(w)
        else:
            w = convert.conv2d_to_torch(w)  # of transposed convolutions the same
        converted |= {f"{place}.weight": w, f"{place}.bias": b}
    return converted


def run(problem: Path, threads: int, options: argparse.Namespace) -> None:
    """All contenders at one number of threads."""
    children: dict[Name, Child] = {}
    neighbour = None
    try:
        for contender in options.contenders:
            python = options.torch_python if contender in TORCH else sys.executable
            for malloc in MALLOC:
                command = [python, str(CHILD), contender, str(threads), str(problem)]
                children[contender, malloc] = Child(command, malloc, threads)
        losses = {name: train(child) for name, child in children.items()}
        expect_alike(losses)
        if options.busy:
            neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        before = moment_of(list(children.values()))
        samples: dict[Name, list[dict[str, float]]] = {name: [] for name in children}
        names = list(children)
        for number in range(options.rounds):
            for i in turns(len(names), number):
                answer = children[names[i]].ask(steps=WARM_UP + COUNTED)
                samples[names[i]] += answer[WARM_UP:]
        load = load_between(before, moment_of(list(children.values())), load_average())
    finally:
        for process in [c.process for c in children.values()] + [neighbour] * bool(neighbour):
            process.kill()
            process.wait()
    save(samples, losses, threads, load, options)


def train(child: Child) -> list[float]:
    """The losses of the first steps."""
    return [taken["loss"] for taken in child.ask(steps=STEPS)]


def expect_alike(losses: dict[Name, list[float]]) -> None:
    """Ends the program where two contenders do not do the same work."""
    first = next(iter(losses.values()))
    for name, found in losses.items():
        for step, tolerance in AGREE.items():
            if abs(found[step - 1] - first[step - 1]) > tolerance * abs(first[step - 1]):
                raise SystemExit(
                    f"{' '.join(name)}: loss {found[step - 1]:.6g} at step {step}, expected "
                    f"{first[step - 1]:.6g} within {tolerance:g}: not the same work, no ratio"
                )


def save(
    samples: dict[Name, list[dict[str, float]]],
    losses: dict[Name, list[float]],
    threads: int,
    load: Any,
    options: argparse.Namespace,
) -> None:
    """The table and the samples, for one number of threads."""
    about = machine.about()
    peak = max(p.gflops for p in machine.peaks(instruction_sets(), [threads], "float32"))
    lines = [
        f"# The step of the beta-VAE beside PyTorch, threads {threads}",
        "",
        f"{about['cpu']}, commit {about['commit']}{', beside a busy process' * options.busy}.",
        f"Float32, batch {BATCH}, {options.rounds} rounds of {COUNTED} steps.",
        f"Most operations a second: {peak:.0f} GFLOP/s. Used by others: {share(load)}.",
        "",
        *table(samples, losses, peak, COUNTED),
    ]
    busy = "-busy" if options.busy else ""
    stem = options.out / f"steps_beside_torch-threads{threads}{busy}"
    options.out.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines), flush=True)
    document = {
        "threads": threads,
        "rounds": options.rounds,
        "busy": options.busy,
        "environment": environment(),
        "machine": about,
        "gigaflops_peak": peak,
        "load": load._asdict(),
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "contenders": [
            {"contender": c, "malloc": m, "losses": losses[c, m], "samples": samples[c, m]}
            for c, m in samples
        ],
    }
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def share(load: Any) -> str:
    """Of the machine's processor time."""
    return "unknown" if load.others is None else f"{100 * load.others:.0f} %"


if __name__ == "__main__":
    main()
