"""The kernels beside PyTorch and OpenBLAS, each library in processes of its own.

    python benchmarks/kernels_beside_torch.py --torch-python PYTHON [--threads 1 2] [--rounds 20]
    python benchmarks/kernels_beside_torch.py --render [--threads 1 2]

The rows are the products and convolutions of `pydis bench kernels`, in float32. Libraries in one
process fight over threads, so each is a child (kernel_child.py) that computes when asked; a round
asks all in turn, each round another one first; rounds that others disturbed are measured anew.
What each computed is first compared with the same in float64. Each library runs with glibc's malloc
as it comes and tuned to keep what is freed. Writes all samples as JSON and a table as Markdown
(kernel_report.py), one pair for each number of threads, into --out; with --render the table alone,
of the samples there.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import ceil, log, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from children import MALLOC, Child, moment_of, torch_version
from kernel_report import page

from pydis.backends.environment import environment
from pydis.bench import machine
from pydis.bench.measure import reference
from pydis.bench.quiet import kept_rounds
from pydis.bench.rows import Row, bound, error, kernel_rows
from pydis.bench.timing import turns

CHILD = Path(__file__).with_name("kernel_child.py")
LEAST = 5e-4
"""Seconds on the clock in one turn: shorter calls are repeated."""
CHANCE = 1e-6
"""Of a result that is right to lie beyond what is tolerated."""


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
        with TemporaryDirectory() as folder:
            measured = [measure(row, children, options.rounds, Path(folder)) for row in rows]
    finally:
        for child in children:
            child.end()
    save(measured, threads, options)


def measure(row: Row, children: Sequence[Child], rounds: int, folder: Path) -> dict[str, Any]:
    """Samples of one row and errors, of all variants; children leave what they computed there."""
    limit, contenders, errors = tolerated(row), [], []
    inputs = row.make("float32")
    exact = reference(row, inputs)
    np.savez(folder / "inputs.npz", *inputs)
    request = {"kernel": row.kernel, "form": row.shape.partition(" ")[2]}
    request |= {"inputs": str(folder / "inputs.npz"), "results": str(folder)}
    for child in children:
        for variant, result in child.ask(row=request).items():
            errors.append(error(np.load(result), *exact))
            expect_right(row.name, variant, errors[-1], limit)
            contenders.append((child, variant))
    first, variant = contenders[0]
    calls = min(1000, ceil(LEAST / min(first.ask(variant=variant, calls=1) for _ in range(3))))

    def one(number: int) -> list[float]:
        seconds = [0.0] * len(contenders)
        for i in turns(len(contenders), number):
            child, variant = contenders[i]
            seconds[i] = child.ask(variant=variant, calls=calls)
        return seconds

    found = kept_rounds(one, rounds, lambda: moment_of(children))
    samples = [
        {"variant": variant, "malloc": child.malloc, "error": off, "seconds": list(seconds)}
        for (child, variant), off, seconds in zip(
            contenders, errors, zip(*found.rounds, strict=True), strict=True
        )
    ]
    best = [f"{s['variant']} {s['malloc']} {1e3 * min(s['seconds']):.3f} ms" for s in samples]
    print(f"{row.name}: {', '.join(best)}", flush=True)
    about = {"name": row.name, "operations": row.operations, "calls": calls, "bound": limit}
    return about | found.load._asdict() | {"discarded": found.discarded, "samples": samples}


def tolerated(row: Row) -> float:
    """The largest error in units of eps |a||b|: what rounding explains, or less that is certain.

    Roundings that are independent and of mean zero bring a sum of n products beyond λ √n u of
    |a||b| with a chance of at most 2 exp(−λ²/2) for each product there is, u = eps/2, to first
    order in u (Higham and Mary 2019, theorem 3.3). λ is such that this is `CHANCE` for all.
    """
    products = row.operations / 2
    likely = sqrt(2 * log(2 * products / CHANCE)) * sqrt(row.terms) / 2
    return min(bound(row, "float32"), likely)


def expect_right(row: str, variant: str, off: float, limit: float) -> None:
    """Ends the program where a library computed something else: nothing is timed beside it."""
    if off > limit:
        raise SystemExit(
            f"{row}: {variant} is off by {off:.3g} eps |a||b| from float64, "
            f"expected at most {limit:.3g}: not the same work, no ratio"
        )


def save(measured: Sequence[dict[str, Any]], threads: int, options: argparse.Namespace) -> None:
    """The samples, for one number of threads."""
    document = {
        "threads": threads,
        "rounds": options.rounds,
        "environment": environment(),
        "machine": machine.about(),
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "rows": measured,
    }
    file(threads, options).write_text(json.dumps(document, indent=1) + "\n", "utf-8")


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
