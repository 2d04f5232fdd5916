"""The page: one HTML file that needs nothing else, neither network nor script.

The template escapes every value, so a name from a run folder can only ever be text. The page's own
security policy forbids whatever is not an inline style or a data URI.
"""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pydis.data.dsprites import FACTORS, SIZES
from pydis.report.evaluation import Evaluation, Trained
from pydis.report.figures import (
    draw_images,
    draw_traversals,
    picture_uri,
    plot_uri,
    signed,
    style,
)
from pydis.report.pictures import (
    DRAWS,
    GRID,
    STEPS,
    position_maps,
    reconstructions,
    samples,
    shown_factors,
    traversals,
)
from pydis.report.plots import MOST_POINTS, draw_curves, draw_maps, draw_rates
from pydis.training import Run, TrainConfig

SHAPES = ("square", "ellipse", "heart")
LINE = 88
"""Characters on a line of the command."""
NOTE = (
    "R² is that of a least-squares fit from the mean codes to the position x or y, fitted on "
    "{fitted} held-out images and scored on {scored} others: 1 is perfect, 0 is no better than the "
    "mean. Terms are means over the same {scored} images, with one draw of z for each; elbo is the "
    "lower bound on log p(x)."
)


class Shown(NamedTuple):
    """A figure on the page: its section, the image, and the words for those who cannot see it."""

    name: str
    title: str
    uri: str
    alt: str
    caption: str

    @property
    def file(self) -> tuple[str, bytes]:
        """The figure as a file: its name, as `traversals.png`, and its content."""
        kind, content = self.uri.removeprefix("data:image/").split(";base64,")
        return f"{self.name}.{kind.removesuffix('+xml')}", base64.b64decode(content)


def figures(run: Run, trained: Trained, evaluation: Evaluation) -> list[Shown]:
    """The figures of the page, in its order."""
    with style():
        return list(_pictures(trained, evaluation)) + list(_plots(run, trained, evaluation))


def page(run: Run, trained: Trained, evaluation: Evaluation, shown: list[Shown]) -> str:
    """The whole report as HTML text, around the figures."""
    note = NOTE.format(fitted=evaluation.fitted, scored=evaluation.scored)
    return rendered(run, trained.step, scores(evaluation), note, shown, evaluation)


def rendered(
    run: Run,
    step: int,
    scores: list[tuple[str, str]],
    note: str,
    shown: list[Shown],
    evaluation: Evaluation | None = None,
) -> str:
    """The page of a run at a step: its scores with a note, its figures; the latents of a code."""
    environment = Environment(
        loader=PackageLoader("pydis.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(
        name=run.folder.resolve().name,
        data=run.config.data,
        settings=settings(run.config, step),
        scores=scores,
        note=note,
        figures=shown,
        command=command(run.config),
        manifest=manifest(run),
        evaluation=evaluation,
        signed=signed,
    )


def settings(config: TrainConfig[Any], step: int) -> list[tuple[str, str]]:
    """The table of what was trained."""
    rows = [("model", config.model_name)]
    rows += [(_words(f.name), str(getattr(config.model, f.name))) for f in fields(config.model)]
    rows += [("steps", f"{step} of {config.steps}")]
    run_fields = ("batch", "data", "seed", "backend")
    return rows + [(name, str(getattr(config, name))) for name in run_fields]


def scores(evaluation: Evaluation) -> list[tuple[str, str]]:
    """The table of how well it did on held-out images."""
    rows = [
        (f"linear R² of {name}", f"{signed(r2, 3)} (untrained {signed(before, 3)})")
        for (name, r2), before in zip(
            evaluation.r2.items(), evaluation.r2_untrained.values(), strict=True
        )
    ]
    rows += [("active latents", f"{evaluation.active} of {len(evaluation.latents)}")]
    return rows + [
        (name, f"{signed(value, 2)} nats an image") for name, value in evaluation.terms.items()
    ]


def command(config: TrainConfig[Any]) -> str:
    """The command line that repeats the run, on lines that a shell joins."""
    values = {f.name: getattr(config.model, f.name) for f in fields(config.model)}
    values |= {f.name: getattr(config, f.name) for f in fields(config) if f.name != "model"}
    options = [f"--{name.replace('_', '-')} {shlex.quote(str(v))}" for name, v in values.items()]
    lines = [f"pydis train {config.model_name}"]
    for option in options:
        if len(lines[-1]) + len(option) > LINE:
            lines.append("   ")
        lines[-1] += f" {option}"
    return " \\\n".join(lines)


def manifest(run: Run) -> list[tuple[str, str]]:
    """What the run was made with, as names and values; empty where it cannot be read."""
    try:
        about = json.loads((run.folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return list(_flat(about)) if isinstance(about, dict) else []


def _flat(about: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in about.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}: ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield above + _words(name), text


def _pictures(trained: Trained, evaluation: Evaluation) -> Iterator[Shown]:
    """The figures made of images."""
    factors = shown_factors(trained)
    yield Shown(
        "reconstructions",
        "Reconstructions",
        picture_uri(
            draw_images(reconstructions(trained, factors), ["held-out image", "reconstruction"])
        ),
        f"Two rows of {len(factors)} small images: white shapes on black above, and the decoder’s "
        "images of the same shapes below.",
        "Images that training never saw, above the decoder’s mean image at the mean of the "
        "encoder’s distribution, E[x|z = μ(x)]. Grey is a probability, or a mean, between 0 and 1.",
    )
    shape, *others = factors[0].tolist()
    named = zip(FACTORS[1:], others, SIZES[1:], strict=True)
    where = ", ".join(f"{name} {value} (of 0…{size - 1})" for name, value, size in named)
    order = ", ".join(f"z{latent.number}" for latent in evaluation.by_rate())
    yield Shown(
        "traversals",
        "Latent traversals",
        picture_uri(draw_traversals(traversals(trained, evaluation, factors[:1]), evaluation)),
        f"A grid of {len(evaluation.latents)} rows and {len(STEPS)} columns of decoded images, "
        f"one row for each latent, from the top: {order}.",
        "Each row moves one coordinate of the code of the image at the left from "
        f"{signed(STEPS[0], 0)} to {signed(STEPS[-1], 0)} standard deviations of the prior and "
        "leaves the others at their means; the orange mark stands at the image’s own value, or at "
        "the nearer end. Rows are sorted by rate, in nats an image; faded rows are inactive "
        "latents. What changes along a row is what the latent says. The image is held out, "
        f"a {SHAPES[shape]}: {where}.",
    )
    drawn = samples(trained)
    yield Shown(
        "samples",
        "Samples",
        picture_uri(draw_images(drawn)),
        f"{drawn.shape[0]} rows of {drawn.shape[1]} images decoded from random codes.",
        "The decoder’s mean image E[x|z] of codes drawn from the prior, z ~ N(0, I).",
    )


def _plots(run: Run, trained: Trained, evaluation: Evaluation) -> Iterator[Shown]:
    """The figures made of numbers."""
    largest = evaluation.by_rate()[0]
    yield Shown(
        "rates",
        "Rate of each latent",
        plot_uri(draw_rates(evaluation)),
        f"Bars of the rate of {len(evaluation.latents)} latents; the longest is z{largest.number} "
        f"with {largest.rate:.2f} nats. The table below holds the numbers.",
        f"KL(q(z_i|x) ‖ N(0, 1)), the mean over {evaluation.scored} held-out images, in nats an "
        "image. The bars add up to the rate. A latent is active if its activity, the variance of "
        "its mean code over these images, is above 0.01.",
    )
    if evaluation.active:
        yield Shown(
            "maps",
            "Where each latent looks",
            plot_uri(draw_maps(position_maps(trained), evaluation)),
            f"{evaluation.active} square maps, one for each active latent: its mean code as "
            "colour, blue below zero and red above, against the position of the shape.",
            f"The mean code at {len(GRID)} × {len(GRID)} of the 32 × 32 positions, averaged over "
            f"the same {DRAWS} draws of shape, scale and orientation at each. Position 0 is left "
            "(x) or top (y). A latent that encodes a position alone shows straight stripes across "
            "it. R² is how well that latent alone predicts x and y linearly. After Higgins et al. "
            "2017, figure 7.",
        )
    path = run.folder / "metrics.jsonl"
    records = run.metrics() if path.exists() else []
    if records:
        names = ", ".join(name for name in records[0] if name != "step")
        size = -(-len(records) // MOST_POINTS)
        points = "Each point is one batch" if size == 1 else f"A point averages {size} batches"
        yield Shown(
            "curves",
            "Training",
            plot_uri(draw_curves(records, evaluation.terms)),
            f"A curve against the step, up to step {records[-1]['step']}, for each of {names}.",
            f"The named terms in nats an image, against the step. {points}; the dashed line is the "
            f"mean over {evaluation.scored} held-out images at step {evaluation.step}. A quantity "
            "that is negative is shown negated; one that falls below a tenth of its largest value "
            "has a logarithmic axis.",
        )


def _words(name: str) -> str:
    return name.replace("_", " ")
