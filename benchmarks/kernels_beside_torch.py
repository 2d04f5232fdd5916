"""The kernels beside PyTorch and OpenBLAS, each library in processes of its own.

    python benchmarks/kernels_beside_torch.py --torch-python PYTHON [--threads 1 2] [--rounds 20]
    python benchmarks/kernels_beside_torch.py --render [--threads 1 2]

The rows are those of `pydis bench kernels`, in float32. Libraries in one process fight over
threads, so each is a child (kernel_child.py) that computes when asked; a round asks all of them in
turn, each round another one first. Each library runs with glibc's malloc as it comes and tuned to
keep what is freed. Writes all samples as JSON and a table as Markdown (kernel_report.py), one pair
for each number of threads, into --out; with --render the table alone, of the samples there.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from children import MALLOC, Child, moment_of, torch_version
from kernel_report import Times, page

from pydis.backends.environment import environment
from pydis.bench import machine
from pydis.bench.load import load_average, load_between
from pydis.bench.rows import Row, kernel_rows
from pydis.bench.timing import turns

CHILD = Path(__file__).with_name("kernel_child.py")
LEAST = 5e-4
"""Seconds on the clock in one turn: shorter calls are repeated."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", help="an interpreter with torch and numpy")
    parser.add_argument("--render", action="store_true", help="measure nothing, write the tables")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--filter", default="", help="only rows whose name contains this")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"))
    options = parser.parse_args()
    if not options.render and not options.torch_python:
        parser.error("--torch-python is needed to measure")
    options.out.mkdir(parents=True, exist_ok=True)
    for threads in options.threads:
        if not options.render:
            run(threads, options)
        render(threads, options)


def run(threads: int, options: argparse.Namespace) -> None:
    """Measure all rows at one number of threads."""
    python = {"torch": options.torch_python}
    children = [
        Child([python.get(name, sys.executable), str(CHILD), name, str(threads)], malloc, threads)
        for malloc in MALLOC
        for name in ("pydis", "openblas", "torch")
    ]
    rows = [row for row in kernel_rows() if options.filter in row.name]
    try:
        measured = [measure(row, children, options.rounds) for row in rows]
    finally:
        for child in children:
            child.end()
    save(measured, threads, options)


def measure(row: Row, children: Sequence[Child], rounds: int) -> dict[str, Any]:
    """Samples of one row, of all variants that computed the same."""
    form = row.shape.partition(" ")[2]
    request = {"kernel": row.kernel, "inputs": row.inputs, "form": form}
    contenders: list[tuple[Child, str]] = []
    expected: list[float] = []
    for child in children:
        for variant, digest in child.ask(row=request).items():
            expected = expected or digest
            expect_alike(row.name, variant, digest, expected)
            contenders.append((child, variant))
    first, variant = contenders[0]
    calls = min(1000, ceil(LEAST / min(first.ask(variant=variant, calls=1) for _ in range(3))))
    times: Times = {(variant, child.malloc): [] for child, variant in contenders}
    began = moment_of(children)
    for number in range(rounds):
        for i in turns(len(contenders), number):
            child, variant = contenders[i]
            times[variant, child.malloc].append(child.ask(variant=variant, calls=calls))
    load = load_between(began, moment_of(children), load_average())
    shown = [f"{' '.join(name)} {1e3 * min(t):.3f} ms" for name, t in times.items()]
    print(f"{row.name}: {', '.join(shown)}", flush=True)
    return {"row": row, "calls": calls, "times": times, "load": load}


def expect_alike(
    row: str, variant: str, digest: Sequence[float], expected: Sequence[float]
) -> None:
    """Ends the program where two libraries did not compute the same: within 1e-4 of its size."""
    apart = [abs(a - b) for a, b in zip(digest, expected, strict=True)]
    if not all(difference <= 1e-4 * expected[0] for difference in apart):
        raise SystemExit(f"{row}: {variant} computed {digest}, not {expected}")


def save(measured: Sequence[dict[str, Any]], threads: int, options: argparse.Namespace) -> None:
    """The samples, for one number of threads."""
    document = {
        "threads": threads,
        "rounds": options.rounds,
        "environment": environment(),
        "machine": machine.about(),
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "rows": [as_json(m) for m in measured],
    }
    file(threads, options).write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def as_json(m: dict[str, Any]) -> dict[str, Any]:
    """A row with its samples in seconds."""
    row: Row = m["row"]
    samples = [
        {"variant": v, "malloc": malloc, "seconds": t} for (v, malloc), t in m["times"].items()
    ]
    about = {"name": row.name, "operations": row.operations, "calls": m["calls"]}
    return about | m["load"]._asdict() | {"samples": samples}


def render(threads: int, options: argparse.Namespace) -> None:
    """The page of the samples that were saved."""
    source = file(threads, options)
    lines = page(json.loads(source.read_text("utf-8")))
    source.with_suffix(".md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines), flush=True)


def file(threads: int, options: argparse.Namespace) -> Path:
    """Where the samples are kept."""
    out: Path = options.out
    return out / f"kernels_beside_torch-threads{threads}.json"


if __name__ == "__main__":
    main()
