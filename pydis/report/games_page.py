"""The page of an adversarial run: what the generator shows, and what is known of its codes."""

from collections.abc import Iterator
from math import log

from pydis.models import ConditionalGAN, InfoGAN
from pydis.models.infogan import CATEGORY
from pydis.report.figures import draw_tiles, picture_uri, plot_uri, signed, style
from pydis.report.games import (
    SWEEP,
    GameEvaluation,
    Pixels,
    Players,
    by_value,
    of_data,
    samples,
    sweep,
)
from pydis.report.html import Shown, rendered
from pydis.report.plots import MOST_POINTS, draw_curves
from pydis.training import Run

NOTE = (
    "The value is V(D, G) = E log D(x) + E log(1 − D(G)), in nats: 0 where the discriminator is "
    "always right, −log 4 = {fair:.3f} where it cannot tell. L_I is a lower bound on the "
    "information that an image holds of a code; that of a categorical code is at most H(c). All on "
    "{scored} held-out images and as many generated ones: the value by the statistics of batches, "
    "as the discriminator is trained, the rest by running ones."
)
SWEEP_ROWS = 6
"""Of a swept code, where no categorical one stands beside it."""


def game_page(run: Run, players: Players, evaluation: GameEvaluation, shown: list[Shown]) -> str:
    """The whole report as HTML text, around the figures."""
    note = NOTE.format(fair=-log(4), scored=evaluation.scored)
    return rendered(run, players.step, game_scores(evaluation), note, shown)


def game_scores(evaluation: GameEvaluation) -> list[tuple[str, str]]:
    """The table of how well it did."""
    rows = []
    for name, value in evaluation.terms.items():
        most = evaluation.ceilings.get(name)
        ceiling = "" if most is None else f" of at most {most:.3f}"
        code = name.removeprefix("information_").replace("_", " ")
        words = "value" if name == "value" else f"L_I of {code}"
        rows.append((words, f"{signed(value, 3)} nats{ceiling}"))
    if evaluation.matching_error is not None:
        wrong = f"{100 * evaluation.matching_error:.1f} % wrong"
        rows.append(("classes named by the category", wrong))
    return rows


def game_figures(run: Run, players: Players, evaluation: GameEvaluation) -> list[Shown]:
    """The figures of the page, in its order."""
    with style():
        return [*_pictures(players), *_curves(run, evaluation)]


def _pictures(players: Players) -> Iterator[Shown]:
    """What the data are, what the generator makes, and what its codes do."""
    model = players.config.model
    rows = of_data(players)
    yield _grid(
        "data",
        "Data",
        rows,
        f"{len(rows)} rows of images of {players.config.data}.",
        "Images of the data set that training never saw.",
    )
    drawn = samples(players)
    yield _grid(
        "samples",
        "Samples",
        drawn,
        f"{len(drawn)} rows of {drawn.shape[1]} generated images.",
        "Images of noise, codes and classes drawn at random; none was chosen.",
    )
    named: tuple[str, int] | None = None
    if isinstance(model, ConditionalGAN):
        named = ("class", model.classes)
    elif isinstance(model, InfoGAN) and model.categories:
        named = (CATEGORY, model.categories)
    if named:
        code, values = named
        yield _grid(
            code,
            f"A row for each {code}",
            by_value(players, code, values),
            f"{values} rows of generated images, one for each value of the {code}.",
            f"Images of one {code} in a row, of the same noise and other codes in a column.",
            [str(k) for k in range(values)],
        )
    if isinstance(model, InfoGAN):
        for code in (name for name in model.weights if name != CATEGORY):
            yield _sweep(players, model, code)


def _sweep(players: Players, model: InfoGAN, code: str) -> Shown:
    values = model.categories or SWEEP_ROWS
    ends = f"from {signed(SWEEP[0], 0)} to {signed(SWEEP[-1], 0)}"
    each = "one category and one draw" if model.categories else "one draw"
    return _grid(
        code,
        f"{code.replace('_', ' ')} swept",
        sweep(players, code, values),
        f"{values} rows of generated images along which one code moves {ends}.",
        f"Along a row the code moves {ends}, and all else is {each} of noise and codes. In "
        "training it was drawn from −1 to 1: what is outside, the generator was never asked for.",
        [str(k) for k in range(values)] if model.categories else (),
    )


def _grid(
    name: str, title: str, rows: Pixels, alt: str, caption: str, labels: list[str] | tuple[()] = ()
) -> Shown:
    return Shown(name, title, picture_uri(draw_tiles(rows, labels)), alt, caption)


def _curves(run: Run, evaluation: GameEvaluation) -> Iterator[Shown]:
    path = run.folder / "metrics.jsonl"
    records = run.metrics() if path.exists() else []
    if not records:
        return
    names = ", ".join(name for name in records[0] if name != "step")
    size = -(-len(records) // MOST_POINTS)
    points = "Each point is one batch" if size == 1 else f"A point averages {size} batches"
    yield Shown(
        "curves",
        "Training",
        plot_uri(draw_curves(records, evaluation.terms, evaluation.ceilings, "new images")),
        f"A curve against the step, up to step {records[-1]['step']}, for each of {names}.",
        f"The named terms in nats, against the step. {points}; the dashed line is the mean over "
        f"{evaluation.scored} held-out or generated images at step {evaluation.step}; the grey "
        "line is the ceiling H(c) of a categorical code. A quantity that is negative is shown "
        "negated.",
    )
