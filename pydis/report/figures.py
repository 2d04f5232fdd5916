"""Arrays to figures: grids of images as PNG, plots as SVG, each a data URI that a page can hold.

Colours are Okabe and Ito's, which the colour-blind tell apart. The ground is white, whatever the
page's. Lengths are inches; an image of 64 pixels is drawn 128 dots wide, so no pixel is uneven.
"""

import base64
import io
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.backends.backend_svg  # with the rest, while Ctrl-C waits: not when drawing
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pydis.report.evaluation import Evaluation
from pydis.report.pictures import STEPS, Pixels, Traversals

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#767676", "#222222"
FONT, SMALL = 9.5, 8.5
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": FONT,
    "axes.titlesize": FONT,
    "axes.labelsize": FONT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "pydis",
}
WIDTH = 9.6
"""Of every figure."""
DPI = 200
SIDE, GAP = 64, 4
"""Of an image and of the white to its right and below, in pixels."""
TILE = 2 * (SIDE + GAP) / DPI
"""From one image to the next."""


def style() -> AbstractContextManager[None]:
    """Matplotlib's defaults and the settings above, for a block; the user's own come back after."""
    return matplotlib.style.context(["default", STYLE])


def picture_uri(figure: Figure) -> str:
    """The figure as a PNG data URI: for images."""
    return _uri(figure, "png", "image/png", {"Software": None})


def plot_uri(figure: Figure) -> str:
    """The figure as an SVG data URI: for lines and text."""
    return _uri(figure, "svg", "image/svg+xml", {"Date": None})


def _uri(figure: Figure, kind: str, media: str, about: dict[str, Any]) -> str:
    """Saved without a date, so that equal figures are equal files."""
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=DPI, metadata=about)
    return f"data:{media};base64,{base64.b64encode(file.getvalue()).decode()}"


def draw_images(rows: Pixels, labels: Sequence[str] = ()) -> Figure:
    """Images `[R, C, 64, 64]` as R rows, each with its label at the left."""
    figure = Figure(figsize=(WIDTH, TILE * len(rows)))
    left = WIDTH - TILE * rows.shape[1] if labels else 0.0
    axes = _place(figure, rows, left, 0.0)
    if labels:
        axes.set_yticks(_centres(len(rows)), labels)
    return figure


def draw_tiles(rows: Pixels, labels: Sequence[str] = ()) -> Figure:
    """Images `[R, C, side, side]` of another size: each enlarged by a whole factor, then as above.

    What is missing to 64 pixels is white around them.
    """
    side = rows.shape[-1]
    factor = SIDE // side
    large = rows.repeat(factor, axis=2).repeat(factor, axis=3)
    before = (SIDE - factor * side) // 2
    around = (before, SIDE - factor * side - before)
    return draw_images(np.pad(large, ((0, 0), (0, 0), around, around), constant_values=1.0), labels)


def draw_traversals(t: Traversals, evaluation: Evaluation) -> Figure:
    """The image and its reconstruction at the left, a row of images for each latent at the right.

    The rows of inactive latents are faded. An orange mark stands at the image's own mean code.
    """
    latents = evaluation.by_rate()
    faded = np.array([not latent.active for latent in latents])[:, None, None, None]
    rows = np.where(faded, 0.75 + 0.25 * t.rows, t.rows)
    title = 0.24
    figure = Figure(figsize=(WIDTH, max(title + TILE * len(rows), 2 * (title + TILE))))
    for place, (name, image) in enumerate((("image", t.image), ("decoded", t.reconstruction))):
        axes = _place(figure, image[None, None], 0.0, title + place * (title + TILE))
        axes.set_title(name, pad=4)
    axes = _place(figure, rows, WIDTH - TILE * len(STEPS), title)
    axes.xaxis.tick_top()
    axes.set_xticks(_centres(len(STEPS)), [signed(value, 1) for value in STEPS])
    names = [f"z{latent.number}   {latent.rate:.2f} nats" for latent in latents]
    axes.set_yticks(_centres(len(rows)), names)
    for latent, label in zip(latents, axes.get_yticklabels(), strict=True):
        label.set_color(INK if latent.active else GREY)
    own = np.interp(t.own, STEPS, _centres(len(STEPS)))
    foot = _centres(len(rows)) + SIDE / 2 - 4
    axes.plot(own, foot, "^", color=ORANGE, ms=6, mec="white", mew=0.8)
    return figure


def signed(value: float, digits: int) -> str:
    """A number with a true minus sign, and none on a zero."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def _place(figure: Figure, rows: Pixels, left: float, top: float) -> Axes:
    """Axes that hold exactly these images, `left` and `top` inches from the figure's corner."""
    width, height = figure.get_size_inches()
    w, h = TILE * rows.shape[1], TILE * rows.shape[0]
    box = (left / width, 1 - (top + h) / height, w / width, h / height)
    axes = figure.add_axes(box)
    axes.imshow(
        _mosaic(rows), cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest", aspect="auto"
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.set_yticks([])
    return axes


def _mosaic(rows: Pixels) -> Pixels:
    """Images `[R, C, 64, 64]` as one array, white to the right of and below each."""
    r, c = rows.shape[:2]
    tiles = np.pad(rows, ((0, 0), (0, 0), (0, GAP), (0, GAP)), constant_values=1.0)
    return tiles.transpose(0, 2, 1, 3).reshape(r * (SIDE + GAP), c * (SIDE + GAP))


def _centres(n: int) -> NDArray[np.float64]:
    """The pixel coordinates of the middle of each image of a mosaic."""
    return np.arange(n, dtype=np.float64) * (SIDE + GAP) + (SIDE - 1) / 2
