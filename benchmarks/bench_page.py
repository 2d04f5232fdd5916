"""Writes the headline numbers in docs/bench.md from the samples in benchmarks/results/.

    python benchmarks/bench_page.py [--check]

They stand between two comments there. With `--check` nothing is written, and the exit status is 1
where they are not what they would be.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from children import MALLOC
from kernel_report import best, times_of
from row_format import markdown, times_as_fast, versions
from step_child import TORCH
from step_problems import PROBLEMS
from step_report import by_round, counted_of, gigaflops_of_a_step, medians, samples_of

from pydis.bench.statistics import speed_up

RESULTS = Path(__file__).with_name("results")
PAGE = Path(__file__).parents[1] / "docs" / "bench.md"
BEGIN, END = "<!-- written by benchmarks/bench_page.py -->\n", "<!-- until here -->\n"
THREADS = (1, 2)
Document = Mapping[str, Any]

STEPS = """
A training step: its median, that over the floor of the arithmetic, and how many times as long it
takes as the core's with malloc as it comes, by paired rounds, with the 95 % interval. A dash: the
rounds do not decide. *tuned*: glibc told to keep what is freed; of PyTorch tuned, the fastest of
eager, channels-last and compiled stands here.

"""

KERNELS = """
The kernels one by one, ours beside the other library, each with its variant of the least median: in
how many rows the interval lies above 1, below it, or decides nothing.

"""

ERRORS = """
The largest error of all rows against float64, in units of eps Σ|a||b|:

"""
LIBRARIES = {"torch": "PyTorch", "openblas": "OpenBLAS"}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{PAGE}: expected the lines {BEGIN.strip()} and {END.strip()}")
    new = before + BEGIN + section() + END + after
    if parser.parse_args().check:
        sys.exit(new != text)
    PAGE.write_text(new, "utf-8")


def section() -> str:
    """What stands between the comments."""
    stems = [f"steps_beside_torch-{m}-threads{n}" for m in PROBLEMS for n in THREADS]
    steps = [read(stem) for stem in stems if (RESULTS / f"{stem}.json").exists()]
    kernels = [read(f"kernels_beside_torch-threads{n}") for n in THREADS]
    head = ("step", "contender", "threads", "median ms", "times the floor", "/ cpp [95 %]")
    lines = markdown(head, [row for document in steps for row in rows_of_step(document)], 2)
    verdicts = ("beside", "threads", "faster", "slower", "undecided")
    both = [(name, document) for name in ("torch", "openblas") for document in kernels]
    counts = markdown(verdicts, [verdict(*pair) for pair in both], 1)
    slower = [line for pair in both for line in where_slower(*pair)]
    errors = [line for document in kernels for line in largest_errors(document)]
    return "".join(
        [*measured("Steps", steps), *measured("Kernels", kernels)]
        + [STEPS, *(f"{line}\n" for line in lines), KERNELS, *(f"{line}\n" for line in counts)]
        + ["\nWhere ours is slower:\n\n"] * bool(slower)
        + [f"- {line}\n" for line in slower]
        + [ERRORS] * bool(errors)
        + [f"- {line}\n" for line in errors]
    )


def read(stem: str) -> Document:
    document: Document = json.loads((RESULTS / f"{stem}.json").read_text("utf-8"))
    return document


def measured(what: str, documents: list[Document]) -> Iterator[str]:
    """On what machine, from what source, beside which libraries."""
    for about in dict.fromkeys(versions(document) for document in documents):
        yield f"- {what}: {about}.\n"


def rows_of_step(document: Document) -> Iterator[list[str]]:
    """Ours, PyTorch as it comes, and the fastest PyTorch with malloc tuned."""
    samples, middle = samples_of(document), medians(document)
    counted = counted_of(document)
    work = gigaflops_of_a_step(document["model"], PROBLEMS[document["model"]].batch)
    tuned = [name for name in samples if name[0] in TORCH and name[1] == "tuned"]
    fastest = min(tuned, key=lambda name: middle[name])
    ours = by_round(samples["cpp", "plain"], counted)
    for name in [("cpp", "plain"), ("eager", "plain"), ("compile", "plain"), fastest]:
        theirs, overloaded = by_round(samples[name], counted), document["load"]["overloaded"]
        over = middle[name] * document["gigaflops_peak"] / work
        cells = [f"{1e3 * middle[name]:.1f}", f"{over:.2f}"]
        compared = "" if name[0] == "cpp" else times_as_fast(theirs, ours, overloaded)
        contender = " ".join(name).removesuffix(" plain")
        yield [document["model"], contender, str(document["threads"]), *cells, compared]


def times_of_both(library: str, row: Document) -> Any:
    """The times of a library and ours, of the variants of the least median; None without it."""
    taken = times_of(row)
    names = [best(one, taken, list(MALLOC), median) for one in (library, "pydis")]
    return [taken[name] for name in names] if all(names) else None


def decided(library: str, row: Document) -> float | None:
    """The ratio; 1 where the rounds or the machine decide nothing, None without the library."""
    pair = times_of_both(library, row)
    if pair is None:
        return None
    ratio = speed_up(*pair)
    return ratio.median if ratio.significant and not row["overloaded"] else 1.0


def verdict(library: str, document: Document) -> list[str]:
    """In how many rows ours is faster, slower, neither."""
    found = [r for row in document["rows"] if (r := decided(library, row)) is not None]
    counts = (sum(r > 1 for r in found), sum(r < 1 for r in found), found.count(1.0))
    name = {"torch": "PyTorch", "openblas": "OpenBLAS, matrix products"}[library]
    return [name, str(document["threads"]), *map(str, counts)]


def where_slower(library: str, document: Document) -> Iterator[str]:
    """Each row in which the other library is faster."""
    for row in document["rows"]:
        if (decided(library, row) or 1) < 1:
            name = LIBRARIES[library]
            theirs, ours = times_of_both(library, row)
            said = times_as_fast(theirs, ours, False).removesuffix(" slower")
            yield f"{row['name']}, threads {document['threads']}, beside {name}: {said}"


def largest_errors(document: Document) -> Iterator[str]:
    """Of each library over all its variants and rows; nothing of a document without errors."""
    samples = [s for row in document["rows"] for s in row["samples"] if "error" in s]
    said = []
    for library, name in ({"pydis": "ours"} | LIBRARIES).items():
        errors = [s["error"] for s in samples if s["variant"].startswith(library)]
        if errors:
            said.append(f"{name} {max(errors):.2g}")
    if said:
        yield f"threads {document['threads']}: {', '.join(said)}"


if __name__ == "__main__":
    main()
