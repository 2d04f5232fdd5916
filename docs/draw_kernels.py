"""Draws docs/images/kernels.svg, the figure of docs/kernels.md.

python docs/draw_kernels.py [FILE.svg|FILE.png]
"""

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

SUMS, LEFT, RIGHT, PLAIN = "#f2c14e", "#5b8e7d", "#4d7ea8", "#e9e9e9"
LINE = "#444444"


def main() -> None:
    """Three panels: the tile, a convolution's rows, the tree of a sum."""
    target = (
        Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images/kernels.svg"
    )
    mpl.rcParams["svg.hashsalt"] = "pydis"  # the same file from the same picture
    mpl.rcParams["font.size"] = 9
    figure, (tile, rows, tree) = plt.subplots(1, 3, figsize=(12, 4.1))
    for axes, title in (
        (tile, "A tile of sums stays in registers"),
        (rows, "Its rows: the same pixel of several images"),
        (tree, "A long sum: fixed groups in a fixed tree"),
    ):
        axes.set_title(title, fontsize=10)
        axes.set_aspect("equal")
        axes.axis("off")
    draw_tile(tile)
    draw_rows(rows)
    draw_tree(tree)
    figure.tight_layout()
    undated = {"Date": None} if target.suffix == ".svg" else None
    figure.savefig(target, metadata=undated, dpi=110, bbox_inches="tight")


def box(axes: Axes, x: float, y: float, w: float, h: float, color: str) -> None:
    """A filled cell."""
    axes.add_patch(Rectangle((x, y), w, h, facecolor=color, edgecolor=LINE, linewidth=0.8))


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """From here to there."""
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, color=LINE))


def draw_tile(axes: Axes) -> None:
    """A (left), B (above), and the tile of C where they meet."""
    for r in range(6):
        for k in range(4):
            box(axes, -5 + k, 5 - r, 1, 1, LEFT if k == 1 else PLAIN)
        for v in range(2):
            box(axes, 4 * v, 5 - r, 4, 1, SUMS)
    for k in range(4):
        for v in range(2):
            box(axes, 4 * v, 10.4 - k, 4, 1, RIGHT if k == 1 else PLAIN)
    axes.text(4, 11.8, "B: one row is two vectors", ha="center")
    axes.text(-3, 6.7, "A: one\nnumber a row", ha="center")
    axes.text(-3, -0.8, "depth k →", ha="center")
    axes.text(4, -0.8, "C: every sum[r] += a[r] · line", ha="center")
    arrow(axes, (8.6, 11.4), (8.6, 7.4))
    axes.text(8.9, 9.3, "depth k", rotation=-90, va="center")
    axes.set_xlim(-5.5, 9.9)
    axes.set_ylim(-1.6, 12.8)


def draw_rows(axes: Axes) -> None:
    """Images one behind the other, the same pixels of each under the filter."""
    step = 2.3
    for n in (3, 2, 1, 0):
        for i in range(5):
            for j in range(5):
                under = i < 2 and j > 2
                box(axes, step * n + j, step * n + 4 - i, 1, 1, LEFT if under else PLAIN)
    for n in range(4):
        y = step * n + 3.5
        box(axes, 15, y, 4.6, 1, SUMS)
        arrow(axes, (step * n + 5.1, y + 0.5), (14.9, y + 0.5))
    axes.text(17.3, 12.2, "rows of the tile", ha="center")
    axes.text(17.3, 2.1, "outputs o →", ha="center")
    axes.text(0, 11.6, "images n,\nn + 1, …", va="top")
    axes.text(2.5, -0.6, "a filter's row lies on\none run of memory", ha="center", va="top")
    axes.set_xlim(-0.5, 20)
    axes.set_ylim(-4.5, 14.67)


def draw_tree(axes: Axes) -> None:
    """Eight groups added in pairs, whoever computed them."""
    places = [1.5 * g for g in range(8)]
    for g, x in enumerate(places):
        box(axes, x - 0.6, 0, 1.2, 1.2, RIGHT if g in (0, 1, 4, 7) else LEFT)
        axes.text(x, 0.6, str(g), ha="center", va="center", color="white")
    height = 1.2
    while len(places) > 1:
        above = [(a + b) / 2 for a, b in zip(places[::2], places[1::2], strict=True)]
        for n, x in enumerate(above):
            for below in places[2 * n : 2 * n + 2]:
                axes.plot([below, x], [height, height + 1.3], color=LINE, linewidth=1)
            box(axes, x - 0.5, height + 1.3, 1, 1, SUMS)
            axes.text(x, height + 1.75, "+", ha="center", va="center")
        places, height = above, height + 2.3
    axes.text(5.25, -0.6, "groups of images; colours: whichever thread came", ha="center", va="top")
    axes.set_xlim(-1, 11.5)
    axes.set_ylim(-2.6, 9.09)


if __name__ == "__main__":
    main()
