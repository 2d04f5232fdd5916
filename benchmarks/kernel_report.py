"""The page of kernels_beside_torch.py, from its document: times, and how many times as fast."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, log
from statistics import median
from typing import Any

from children import MALLOC
from row_format import TIMES, given, markdown, times, times_as_fast, used_by_others, versions

Document = Mapping[str, Any]
Times = dict[tuple[str, str], list[float]]
"""Seconds by (variant, malloc), round by round."""
Statistic = Callable[[Sequence[float]], float]


def page(document: Document) -> list[str]:
    """The lines of the Markdown file."""
    rows = document["rows"]
    overloaded = sum(row["overloaded"] for row in rows)
    lines = [
        f"# Kernels beside PyTorch and OpenBLAS, threads {document['threads']}",
        "",
        f"{versions(document)}.",
        f"Float32, {document['rounds']} rounds. Of a library's variants, malloc plain and tuned, a",
        "row has the one of the least median. Ratios are medians of paired rounds, with their 95 %",
        "interval; a dash where it holds 1. An error is max |y − y₆₄| / Σ|a||b| in units of eps,",
        "beside the bound up to which it is rounding's; beyond it nothing was timed. Left out:",
        "rounds that others disturbed, measured anew. A dash in these columns: not recorded.",
        f"Rows where others used over a tenth of the machine (!): {overloaded} of {len(rows)}.",
        "",
        *table(rows),
        "",
    ]
    choices = {"plain": ["plain"], "tuned": ["tuned"], "best of both": list(MALLOC)}
    for name, mallocs in choices.items():
        found = summary(rows, mallocs)
        lines += [f"- malloc {name}: {what}: {value:.2f}" for what, value in found.items()]
    return lines


def table(rows: Sequence[Document]) -> list[str]:
    """A row for each kernel: ours, the best of PyTorch, and of OpenBLAS where it has the kernel."""
    least = (*TIMES[:3], "error")
    head = ("row", "ours", *TIMES, "error", "best torch", *(f"torch {name}" for name in least))
    head += ("torch / ours [95 %]", f"OpenBLAS {TIMES[0]}", "OpenBLAS error")
    head += ("OpenBLAS / ours [95 %]", "bound", "used by others", "left out")
    lines = []
    for row in rows:
        taken, wrong, both = times_of(row), errors_of(row), list(MALLOC)
        ours = best("pydis", taken, both, median)
        torch, blas = (best(library, taken, both, median) for library in ("torch", "openblas"))
        cells = [row["name"], ours[1], *times(taken[ours], 3), wrong[ours]]
        cells += [" ".join(torch), *times(taken[torch], 3)[:3], wrong[torch]] if torch else [""] * 5
        cells += [times_as_fast(taken[torch], taken[ours], row["overloaded"]) if torch else ""]
        cells += [times(taken[blas], 3)[0], wrong[blas]] if blas else [""] * 2
        cells += [times_as_fast(taken[blas], taken[ours], row["overloaded"]) if blas else ""]
        cells += [given(row, "bound", ".3g"), used_by_others(row).partition(": ")[2]]
        lines.append([*cells, given(row, "discarded", "d")])
    return markdown(head, lines)


def times_of(row: Document) -> Times:
    return {(s["variant"], s["malloc"]): s["seconds"] for s in row["samples"]}


def errors_of(row: Document) -> dict[tuple[str, str], str]:
    return {(s["variant"], s["malloc"]): given(s, "error", ".2g") for s in row["samples"]}


def best(library: str, taken: Times, mallocs: Sequence[str], statistic: Statistic) -> Any:
    """The variant of a library of the least median or minimum, with one of these mallocs."""
    fitting = [name for name in taken if name[0].startswith(library) and name[1] in mallocs]
    return min(fitting, key=lambda name: statistic(taken[name]), default=None)


def ratios(library: str, taken: Times, mallocs: Sequence[str]) -> tuple[float, float] | None:
    """Best of a library / ours: of the least times, and the median over paired rounds."""
    pairs = [
        (best(library, taken, mallocs, statistic), best("pydis", taken, mallocs, statistic))
        for statistic in (min, median)
    ]
    if not all(theirs and ours for theirs, ours in pairs):
        return None
    (a, b), (c, d) = pairs
    paired = [theirs / ours for theirs, ours in zip(taken[c], taken[d], strict=True)]
    return min(taken[a]) / min(taken[b]), median(paired)


def summary(rows: Sequence[Document], mallocs: Sequence[str]) -> dict[str, float]:
    """Of all rows: torch / ours, geometric mean over convolutions; OpenBLAS / ours, total time."""
    found = {}
    products = [times_of(row) for row in rows if row["name"].startswith("matmul")]
    convolutions = [times_of(row) for row in rows if not row["name"].startswith("matmul")]
    each = [r for taken in convolutions if (r := ratios("torch", taken, mallocs))]
    for i, of_what in enumerate(("least times", "paired rounds") if each else ()):
        mean = exp(sum(log(r[i]) for r in each) / len(each))
        found[f"torch / pydis, geometric mean over convolutions, {of_what}"] = mean
    both = [t for t in products if best("openblas", t, mallocs, min)]
    for what, statistic in (("least times", min), ("medians", median)) if both else ():
        ours, blas = (
            sum(statistic(t[best(library, t, mallocs, statistic)]) for t in both)
            for library in ("pydis", "openblas")
        )
        found[f"OpenBLAS / pydis, total over matrix products, {what}"] = blas / ours
    return found
