"""A record as one picture: a panel of bars for each row, and the roofline of all of them.

Bars are medians with their 95 % intervals. The roofline has the operations for each byte across,
GFLOP/s up, and the lines that no work can cross, measured in the same run: the arithmetic peak, and
the bandwidths of the fastest and of the largest copy.
"""

from math import ceil
from pathlib import Path
from typing import Any

import matplotlib.backends.backend_svg  # with the rest, while Ctrl-C waits: not when drawing
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pydis.bench.limits import peak_for
from pydis.bench.records import Entry, Limits, Record, RowRecord
from pydis.bench.statistics import rank_of_interval

COLOURS = {
    ("numpy", None): "#767676",
    ("cpp", "baseline"): "#9ECAE1",
    ("cpp", "avx2"): "#4292C6",
    ("cpp", "avx512"): "#084594",
    ("cupy", None): "#D55E00",
}
INK, GREY = "#222222", "#767676"
MARKERS = "os^Dv*"
"""By the number of threads, in the order in which they were asked for."""

STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "pydis",
}
LEAST = 1e-3
"""The share of a step that puts a kernel on the roofline: what takes less is overhead."""

COLUMNS, WIDTH, BAR, ROOF = 3, 4.4, 0.2, 4.6
"""Panels side by side; inches of a panel's width, of a bar's height, of the roofline's height."""


def draw(record: Record, path: Path) -> None:
    """Write the picture: SVG, or what the file's name ends with."""
    kind = path.suffix.removeprefix(".") or "svg"
    about = {"Date": None} if kind == "svg" else None
    with matplotlib.style.context(["default", STYLE]):
        figure(record).savefig(path, format=kind, metadata=about, dpi=120)


def figure(record: Record) -> Figure:
    """All panels of bars, and the roofline below them."""
    columns = min(COLUMNS, len(record.rows))
    lines = ceil(len(record.rows) / columns)
    height = 0.9 + BAR * max(len(row.contenders) for row in record.rows)
    page = Figure(figsize=(max(2, columns) * WIDTH, lines * height + ROOF), layout="constrained")
    above, below = page.subfigures(
        2, 1, squeeze=False, height_ratios=[lines * height, ROOF]
    ).ravel()
    panels = above.subplots(lines, columns, squeeze=False).ravel()
    for axes in panels[len(record.rows) :]:
        axes.set_axis_off()
    for axes, row in zip(panels, record.rows, strict=False):
        bars(axes, row)
    roofline(below.subplots(), record)
    return page


def bars(axes: Axes, row: RowRecord) -> None:
    """The medians of one row; its title says if the machine was overloaded."""
    timed = [entry for entry in row.contenders if entry.median is not None and not entry.wrong]
    axes.set_title(
        f"{row.work}\n{row.shape}{' (overloaded)' if row.overloaded else ''}", loc="left"
    )
    axes.set_yticks(range(len(row.contenders)), [label(entry) for entry in row.contenders])
    axes.set_ylim(len(row.contenders) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("ms")
    longest = max((1e3 * interval(entry.samples)[1] for entry in timed), default=1.0)
    axes.set_xlim(0, 1.18 * longest)
    for place, entry in enumerate(row.contenders):
        if entry not in timed or entry.median is None:
            axes.text(0, place, " WRONG", va="center", color="#B00000")
            continue
        low, high = (1e3 * t for t in interval(entry.samples))
        axes.barh(place, 1e3 * entry.median, 0.72, color=colour(entry))
        axes.plot([low, high], [place, place], color=INK, lw=1, solid_capstyle="butt")
        end = max(high, 1e3 * entry.median)
        axes.text(end + 0.015 * longest, place, milliseconds(entry.median), va="center")


def milliseconds(seconds: float) -> str:
    """Three digits, and no power of ten."""
    return f"{1e3 * seconds:.3g}" if seconds < 1 else f"{1e3 * seconds:.0f}"


def interval(samples: list[float]) -> tuple[float, float]:
    """The 95 % interval of the median; least and greatest where there are too few samples."""
    ordered, rank = sorted(samples), rank_of_interval(len(samples)) or 1
    return ordered[rank - 1], ordered[-rank]


def roofline(axes: Axes, record: Record) -> None:
    """Every contender of every row with operations, and the kernels of an explained step."""
    for n, threads in enumerate(record.threads):
        _roof(axes, record.limits, threads, "-" if n == 0 else "--")
    seen: set[str] = set()
    for row in record.rows:
        across = row.operations / row.bytes
        for entry in row.contenders:
            if entry.gflops and not entry.wrong:
                marker = MARKERS[_place(record.threads, entry.threads)]
                name = label(entry) if label(entry) not in seen else None
                seen.add(label(entry))
                edge: dict[str, Any] = {"mec": "white", "mew": 0.5, "ms": 6, "alpha": 0.85}
                axes.plot(across, entry.gflops, marker, color=colour(entry), label=name, **edge)
        if row.budget:
            least = LEAST * row.budget.wall
            done = [op for op in row.budget.ops if op.operations and op.seconds > least]
            points = [(op.operations / op.bytes, op.operations / op.seconds / 1e9) for op in done]
            name = "kernels of the explained step"
            size = [12 + 400 * op.seconds / row.budget.wall for op in done]
            x, y = np.array(points).reshape(-1, 2).T
            axes.scatter(x, y, size, facecolors="none", edgecolors=INK, linewidths=0.7, label=name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("operations / byte")
    axes.set_ylabel("GFLOP/s")
    axes.set_title("roofline", loc="left")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _roof(axes: Axes, limits: Limits, threads: int, dashes: str) -> None:
    """The peak, and the slopes of the fastest and the largest copy, of one number of threads."""
    peak = peak_for(limits, threads, None)
    own = sorted((c for c in limits.copies if c.threads == threads), key=lambda c: c.bytes)
    if peak is None or not own:
        return
    x = np.geomspace(0.05, 500, 200)
    fastest = max(own, key=lambda c: c.gigabytes_per_second)
    for copy in (fastest, own[-1]):
        y = np.minimum(peak, x * copy.gigabytes_per_second)
        size = f"{copy.bytes / 2**20:g} MiB"
        name = f"roof: {threads} threads, copy of {size}".replace("1 threads", "1 thread")
        shade = INK if copy is fastest else GREY
        axes.plot(x, y, dashes, color=shade, lw=1, label=name, zorder=0)


def _place(threads: list[int], number: int) -> int:
    """Which marker; the last one serves all beyond."""
    found = threads.index(number) if number in threads else len(MARKERS)
    return min(found, len(MARKERS) - 1)


def colour(entry: Entry) -> str:
    """By backend and instruction set."""
    return COLOURS.get((entry.backend, entry.instruction_set), INK)


def label(entry: Entry) -> str:
    """A contender in a word or three, as `cpp avx2 ×2`."""
    words = [entry.backend, entry.instruction_set or "", f"×{entry.threads}"]
    return " ".join(word for word in words if word)
