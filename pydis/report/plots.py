"""Numbers to plots: rates as bars, mean codes as maps, terms as curves."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from pydis.report.evaluation import Evaluation
from pydis.report.figures import BLUE, GREY, ORANGE, SMALL, WIDTH, signed
from pydis.report.pictures import GRID

MAPS_ACROSS = 5
MAP, PITCH = 1.45, (1.62, 1.98)
"""The side of a map, and from one to the next across and down, in inches."""
MOST_POINTS = 300


def draw_rates(evaluation: Evaluation) -> Figure:
    """A bar for each latent: its rate in nats an image, the largest at the top."""
    latents = evaluation.by_rate()
    figure = Figure(figsize=(WIDTH, 0.6 + 0.24 * len(latents)), layout="constrained")
    axes = figure.add_subplot()
    colours = [BLUE if latent.active else GREY for latent in latents]
    names = [f"z{latent.number}" for latent in latents]
    bars = axes.barh(names, [latent.rate for latent in latents], color=colours, height=0.7)
    values = [f"{a.rate:.2f}" + ("" if a.active else "   inactive") for a in latents]
    axes.bar_label(bars, values, padding=4, fontsize=SMALL)
    axes.invert_yaxis()
    axes.margins(x=0.12, y=0.02)
    axes.set_xlim(left=0.0)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("rate (nats an image)")
    return figure


def draw_maps(maps: NDArray[np.float64], evaluation: Evaluation) -> Figure:
    """A map for each active latent: its mean code, as colour, at each position of the sprite."""
    latents = [latent for latent in evaluation.by_rate() if latent.active]
    down, across = -(-len(latents) // MAPS_ACROSS), min(len(latents), MAPS_ACROSS)
    height = down * PITCH[1] + 0.42
    figure = Figure(figsize=(WIDTH, height))
    limit = max(float(np.abs(maps[latent.number]).max()) for latent in latents)
    first, last = GRID[0] - 1, GRID[-1] + 1

    def place(column: float, row: int, w: float = MAP, h: float = MAP) -> Axes:
        left, top = 0.5 + column * PITCH[0], 0.4 + row * PITCH[1]
        return figure.add_axes((left / WIDTH, 1 - (top + h) / height, w / WIDTH, h / height))

    for place_number, latent in enumerate(latents):
        row, column = divmod(place_number, MAPS_ACROSS)
        axes = place(column, row)
        mesh = axes.imshow(
            maps[latent.number],
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            extent=(first, last, last, first),
            interpolation="nearest",
        )
        r2 = ", ".join(f"{name} {signed(value, 2)}" for name, value in latent.r2.items())
        axes.set_title(f"z{latent.number}\nR²  {r2}", fontsize=SMALL, pad=4)
        axes.set_xticks([0, 10, 20, 30])
        axes.set_yticks([0, 10, 20, 30])
        if column == 0:
            axes.set_ylabel("y", rotation=0)
        else:
            axes.tick_params(labelleft=False)
        if place_number + MAPS_ACROSS >= len(latents):
            axes.set_xlabel("x", labelpad=1)
        else:
            axes.tick_params(labelbottom=False)
    figure.colorbar(mesh, cax=place(across, 0, w=0.12), label="mean code")
    return figure


def draw_curves(
    records: Sequence[Mapping[str, float]],
    held_out: Mapping[str, float],
    ceilings: Mapping[str, float] | None = None,
    scored: str = "held-out images",
) -> Figure:
    """A panel for each logged term against the step.

    Its mean over other images, named by `scored`, is a dashed line where there is one; what the
    term cannot exceed is a solid one, H(c) of a code in `ceilings`.
    """
    names = [name for name in records[0] if name != "step"]
    down = -(-len(names) // 2)
    figure = Figure(figsize=(WIDTH, 2.3 * down), layout="constrained")
    grid = figure.subplots(down, 2, squeeze=False, sharex=True)
    steps = thin([record["step"] for record in records])
    for axes, name in zip(grid.flat, names, strict=False):
        values, most = thin([r[name] for r in records]), (ceilings or {}).get(name)
        sign = -1.0 if most is None and (values < 0).all() else 1.0  # −L_I is not below H(c)
        if most is not None:
            axes.axhline(most, color=GREY, lw=1.4, label=f"H(c) = {most:.4g}")
        _draw_term(axes, name, steps, sign * values, sign, held_out.get(name), scored)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("step")
    return figure


def _draw_term(
    axes: Axes,
    name: str,
    steps: NDArray[np.float64],
    values: NDArray[np.float64],
    sign: float,
    held_out: float | None,
    scored: str,
) -> None:
    """One term times its sign, on a logarithmic axis where it falls below a tenth."""
    marker = "o" if len(values) < 3 else ""
    axes.margins(y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.plot(steps, values, color=BLUE, lw=1.4, marker=marker, label="training")
    if held_out is not None:
        text = f"{scored}: {sign * held_out:.4g}"
        axes.axhline(sign * held_out, color=ORANGE, lw=1.4, ls="--", label=text)
    if values.min() > 0 and values[-1] < values.max() / 10:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif values.min() >= 0:
        axes.set_ylim(bottom=0.0)
    axes.set_title(name if sign > 0 else f"−{name}", parse_math=False)
    axes.set_ylabel("nats an image")
    axes.legend(frameon=False)


def thin(values: Sequence[float], most: int = MOST_POINTS) -> NDArray[np.float64]:
    """At most `most` points: the means of equal runs of neighbours, the last run maybe shorter."""
    array = np.asarray(values, np.float64)
    size = -(-len(array) // most)
    return np.array([array[i : i + size].mean() for i in range(0, len(array), size)])
