"""The kernels beside PyTorch and OpenBLAS, each library in processes of its own.

    python benchmarks/kernels_beside_torch.py --torch-python PYTHON [--threads 1 2] [--rounds 20]

The rows are those of `pydis bench kernels`, in float32. Libraries in one process fight over
threads, so each is a child (kernel_child.py) that computes when asked; a round asks all of them in
turn, each round another one first. Each library runs with glibc's malloc as it comes and tuned to
keep what is freed. Writes a table as Markdown and all samples as JSON, one pair for each number of
threads, into --out.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from math import ceil, exp, log
from pathlib import Path
from statistics import median
from typing import Any

from children import MALLOC, Child, moment_of, torch_version

from pydis.backends.environment import environment
from pydis.bench import machine
from pydis.bench.load import load_average, load_between
from pydis.bench.rows import Row, kernel_rows
from pydis.bench.timing import turns

CHILD = Path(__file__).with_name("kernel_child.py")
LEAST = 5e-4
"""Seconds on the clock in one turn: shorter calls are repeated."""

Name = tuple[str, str]
Times = dict[Name, list[float]]
"""Seconds by (variant, malloc), round by round."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--torch-python", required=True, help="an interpreter with torch and numpy")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--filter", default="", help="only rows whose name contains this")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"))
    options = parser.parse_args()
    rows = [row for row in kernel_rows() if options.filter in row.name]
    options.out.mkdir(parents=True, exist_ok=True)
    for threads in options.threads:
        children = [
            Child(
                [
                    options.torch_python if library == "torch" else sys.executable,
                    *(str(CHILD), library, str(threads)),
                ],
                m,
                threads,
            )
            for m in MALLOC
            for library in ("pydis", "openblas", "torch")
        ]
        try:
            measured = [measure(row, children, options.rounds) for row in rows]
        finally:
            for child in children:
                child.end()
        save(measured, threads, options)


def measure(row: Row, children: Sequence[Child], rounds: int) -> dict[str, Any]:
    """Samples of one row; raises where two libraries did not compute the same."""
    form = row.shape.partition(" ")[2]
    request = {"kernel": row.kernel, "inputs": row.inputs, "form": form}
    contenders: list[tuple[Child, str]] = []
    expected: list[float] = []
    for child in children:
        for variant, digest in child.ask(row=request).items():
            expected = expected or digest
            tolerance = 1e-4 * expected[0]
            if max(abs(a - b) for a, b in zip(digest, expected, strict=True)) > tolerance:
                raise SystemExit(f"{row.name}: {variant} computed {digest}, not {expected}")
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


def of(library: str, times: Times, mallocs: Sequence[str]) -> list[Name]:
    """The variants of a library that ran with one of these mallocs."""
    return [name for name in times if name[0].startswith(library) and name[1] in mallocs]


def fastest(names: Sequence[Name], times: Times) -> Name:
    """The variant of the least time."""
    return min(names, key=lambda name: min(times[name]))


def ratios(library: str, times: Times, mallocs: Sequence[str]) -> tuple[float, float] | None:
    """Best of a library / ours: of the least times, and the median over paired rounds."""
    theirs = of(library, times, mallocs)
    if not theirs:
        return None
    best, ours = fastest(theirs, times), fastest(of("pydis", times, mallocs), times)
    paired = [a / b for a, b in zip(times[best], times[ours], strict=True)]
    return min(times[best]) / min(times[ours]), median(paired)


def summary(measured: Sequence[dict[str, Any]], mallocs: Sequence[str]) -> dict[str, float]:
    """Of all rows: torch / ours, geometric mean over convolutions; OpenBLAS / ours, total time."""
    found = {}
    convolutions = [m["times"] for m in measured if m["row"].kernel != "matmul"]
    products = [m["times"] for m in measured if m["row"].kernel == "matmul"]
    if convolutions:
        each = [r for times in convolutions if (r := ratios("torch", times, mallocs))]
        for i, of_what in enumerate(("least times", "paired rounds")):
            mean = exp(sum(log(r[i]) for r in each) / len(each))
            found[f"torch / pydis, geometric mean over convolutions, {of_what}"] = mean
    if products:
        for what, statistic in (("least times", min), ("medians", median)):
            ours, blas = (
                sum(min(statistic(t[n]) for n in of(library, t, mallocs)) for t in products)
                for library in ("pydis", "openblas")
            )
            found[f"OpenBLAS / pydis, total over matrix products, {what}"] = blas / ours
    return found


def table(measured: Sequence[dict[str, Any]]) -> list[str]:
    """The Markdown table: milliseconds, then how many times as fast as the other ours is."""
    head = ("row", "ours plain", "ours tuned", "best torch", "which", "torch / ours", "paired")
    head += ("OpenBLAS / ours", "paired", "used by others")
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for m in measured:
        times, both = m["times"], list(MALLOC)
        best = fastest(of("torch", times, both), times)
        cells = [m["row"].name]
        cells += [f"{1e3 * min(times['pydis', malloc]):.3f}" for malloc in MALLOC]
        cells += [f"{1e3 * min(times[best]):.3f}", " ".join(best)]
        for library in ("torch", "openblas"):
            ratio = ratios(library, times, both)
            cells += [f"{r:.2f}" for r in ratio] if ratio else ["", ""]
        others, overloaded = m["load"].others, m["load"].overloaded
        share = "unknown" if others is None else f"{100 * others:.0f} %"
        cells.append(share + (" !" if overloaded else ""))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def save(measured: Sequence[dict[str, Any]], threads: int, options: argparse.Namespace) -> None:
    """The table and the samples, for one number of threads."""
    choices = {"plain": ["plain"], "tuned": ["tuned"], "best of both": list(MALLOC)}
    sums = {name: summary(measured, mallocs) for name, mallocs in choices.items()}
    about = machine.about()
    overloaded = sum(m["load"].overloaded for m in measured)
    intro = [
        f"# Kernels beside PyTorch and OpenBLAS, threads {threads}",
        "",
        f"{about['cpu']}, commit {about['commit']}; float32, {options.rounds} rounds.",
        "Least times in milliseconds, and their ratios beside the medians of paired rounds.",
        f"Rows where others used over a tenth of the machine (!): {overloaded} of {len(measured)}.",
        "",
    ]
    lines = intro + table(measured) + [""]
    for name, found in sums.items():
        lines += [f"- malloc {name}: {what}: {value:.2f}" for what, value in found.items()]
    stem = options.out / f"kernels_beside_torch-threads{threads}"
    stem.with_suffix(".md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines), flush=True)
    document = {
        "threads": threads,
        "rounds": options.rounds,
        "environment": environment(),
        "machine": about,
        "torch": torch_version(options.torch_python),
        "malloc": MALLOC,
        "summary": sums,
        "rows": [as_json(m) for m in measured],
    }
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def as_json(m: dict[str, Any]) -> dict[str, Any]:
    """A row with its samples in seconds."""
    row: Row = m["row"]
    samples = [
        {"variant": v, "malloc": malloc, "seconds": t} for (v, malloc), t in m["times"].items()
    ]
    about = {"name": row.name, "operations": row.operations, "calls": m["calls"]}
    return about | m["load"]._asdict() | {"samples": samples}


if __name__ == "__main__":
    main()
