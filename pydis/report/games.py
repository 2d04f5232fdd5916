"""What a generator shows and what a recogniser knows of it: numbers and grey values, no drawing.

Images are made, and codes recognised, with the running statistics: each image depends on its own
code alone. The value is by the statistics of batches. Draws follow from the run's seed.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pydis.autodiff import Array
from pydis.autodiff.ops import mean
from pydis.backends import current
from pydis.data.images import DATA
from pydis.metrics import match, matching_error
from pydis.models import GAN, ConditionalGAN, InfoGAN
from pydis.models.conditional_gan import with_class
from pydis.models.gan import generate, judge
from pydis.models.infogan import CATEGORY
from pydis.nn import Learner
from pydis.objectives import adversarial_value
from pydis.report.evaluation import blocks, joined
from pydis.training import Run, RunError, TrainConfig, resume, stream

SCORED = 2000
COLUMNS = 12
"""Images in a row of a picture."""
ROWS = 3
"""Of the pictures of data and of samples."""
SWEEP = np.linspace(-2.0, 2.0, COLUMNS - 1)
"""The values that a code is moved through: twice as far as it was ever drawn in training."""

Pixels = NDArray[np.float32]
Codes = dict[str, NDArray[np.float32]]


class Players(NamedTuple):
    """A run's players at its last checkpoint."""

    config: TrainConfig[Any]
    learners: dict[str, Learner]
    step: int


@dataclass(frozen=True)
class GameEvaluation:
    """The scores of one checkpoint, in nats for each example."""

    step: int
    scored: int
    terms: dict[str, float]
    """The value of the game on held-out images; L_I of each code on as many generated ones."""
    ceilings: dict[str, float]
    """H(c), which L_I of a categorical code cannot exceed."""
    matching_error: float | None
    """The share of held-out images whose category is not that of their class; None without both."""

    def to_json(self) -> str:
        """The record as JSON text: what `evaluation.json` holds."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"

    def lines(self) -> list[str]:
        """The scores in words."""
        most = {name: f" of at most {h:.3f}" for name, h in self.ceilings.items()}
        said = [f"{name} {value:.3f}{most.get(name, '')}" for name, value in self.terms.items()]
        lines = [f"{self.scored} held-out and generated images, nats: {', '.join(said)}"]
        if self.matching_error is not None:
            error = f"{100 * self.matching_error:.1f} %"
            lines.append(f"classes named by the category, error on held-out images: {error}")
        return lines


def load_players(run: Run) -> Players:
    """The players of the last checkpoint. Raises RunError where there is no readable one."""
    learners, step = resume(run)
    if step == 0:
        _, problems = run.last_checkpoint()
        reason = "; ".join(problems) or "none was written yet"
        raise RunError(f"{run.folder}: no checkpoint to evaluate: {reason}")
    return Players(run.config, learners, step)


def score_game(players: Players, scored: int = SCORED) -> GameEvaluation:
    """Play on `scored` images that training never saw, and as many generated; see the record."""
    config, learners, step = players
    model, data, rng = config.model, DATA[config.data], stream(config.seed, "evaluate")
    real, labels = data.draw(rng, scored, "held-out")
    codes = draw_codes(model, rng, scored)
    fake = generated(players, noise(model, rng, scored), codes)
    logits = [
        judged(players, real, labels_as_codes(model, labels)),
        judged(players, fake, codes),
    ]
    terms = {"value": float(mean(adversarial_value(*logits)))}
    if not isinstance(model, InfoGAN):
        return GameEvaluation(step, scored, terms, {}, None)
    parts = [model.recognise(learners, current().asarray(x), generated=True) for x in blocks(fake)]
    given = [{n: current().asarray(c) for n, c in block.items()} for block in code_blocks(codes)]
    bounds = [model.bounds(q, c) for q, c in zip(parts, given, strict=True)]
    for name in model.weights:
        terms[f"information_{name}"] = float(joined(b[name] for b in bounds).mean())
    ceilings, error = {}, None
    if model.categories:
        ceilings[f"information_{CATEGORY}"] = float(np.log(model.categories))
    if data.classes and model.categories:
        seen, names = data.draw(rng, scored, "train")
        named = match(categories(players, seen), names, model.categories)
        error = matching_error(categories(players, real), labels, named)
    return GameEvaluation(step, scored, terms, ceilings, error)


def noise(model: GAN, rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    """z for n images, NumPy's."""
    return np.asarray(current().to_numpy(model.draw(rng, n)))


def draw_codes(model: GAN, rng: np.random.Generator, n: int) -> Codes:
    """What the generator is given beside noise for n images: codes, or classes, or nothing."""
    if isinstance(model, InfoGAN):
        return {name: current().to_numpy(c) for name, c in model.draw_codes(rng, n).items()}
    if isinstance(model, ConditionalGAN):
        return labels_as_codes(model, np.arange(n) % model.classes)
    return {}


def labels_as_codes(model: GAN, labels: NDArray[np.int64]) -> Codes:
    """Classes as one-hot codes, for a model that is given them."""
    if not isinstance(model, ConditionalGAN):
        return {}
    return {"class": np.eye(model.classes, dtype=np.float32)[labels]}


def generated(players: Players, z: NDArray[np.float32], codes: Codes) -> Pixels:
    """Images `[N, side, side, 1]` for noise and codes, in blocks."""
    config, learners, _ = players
    parts = []
    for part, given in zip(blocks(z), code_blocks(codes, len(z)), strict=True):
        inputs = current().asarray(part)
        moved = {name: current().asarray(c) for name, c in given.items()}
        if isinstance(config.model, InfoGAN):
            inputs = config.model.inputs(inputs, moved)
        elif isinstance(config.model, ConditionalGAN):
            inputs = config.model.inputs(inputs, moved["class"])
        parts.append(generate(learners["generator"], inputs)[0])
    return joined(parts)


def judged(players: Players, x: Pixels, codes: Codes) -> NDArray[np.float32]:
    """The logits of D for images, of their classes where it is told them, `[N]`."""
    told = isinstance(players.config.model, ConditionalGAN)
    parts: list[Array] = []
    for part, given in zip(blocks(x), code_blocks(codes, len(x)), strict=True):
        images = current().asarray(part)
        if told:
            images = with_class(images, current().asarray(given["class"]))
        parts.append(judge(players.learners["discriminator"], images))
    return joined(parts)


def categories(players: Players, x: Pixels) -> NDArray[np.int64]:
    """The likeliest category of each image by Q, `[N]`."""
    model, learners = players.config.model, players.learners
    parts = [model.recognise(learners, current().asarray(part))[CATEGORY] for part in blocks(x)]
    return np.asarray(joined(q.logits for q in parts).argmax(axis=1))


def code_blocks(codes: Codes, n: int = 0) -> list[Codes]:
    """The codes cut as `blocks` cuts rows; n empty ones' worth where there are none."""
    if not codes:
        return [{} for _ in blocks(np.empty(n))]
    names, cut = list(codes), map(blocks, codes.values())
    return [dict(zip(names, part, strict=True)) for part in zip(*cut, strict=True)]


def of_data(players: Players) -> Pixels:
    """Held-out images, `[3, 12, side, side]`."""
    config = players.config
    rng = stream(config.seed, "report")
    x, _ = DATA[config.data].draw(rng, ROWS * COLUMNS, "held-out")
    return in_rows(x, COLUMNS)


def samples(players: Players) -> Pixels:
    """Images of drawn noise and codes, `[3, 12, side, side]`."""
    model, rng, n = players.config.model, stream(players.config.seed, "report", 1), ROWS * COLUMNS
    return in_rows(generated(players, noise(model, rng, n), draw_codes(model, rng, n)), COLUMNS)


def by_value(players: Players, code: str, values: int) -> Pixels:
    """A row for each value of a one-hot code, with the same noise (and other codes) in a column."""
    model, rng = players.config.model, stream(players.config.seed, "report", 2)
    z, others = noise(model, rng, COLUMNS), draw_codes(model, rng, COLUMNS)
    codes = {name: np.tile(c, (values, 1)) for name, c in others.items()}
    codes[code] = np.repeat(np.eye(values, dtype=np.float32), COLUMNS, axis=0)
    return in_rows(generated(players, np.tile(z, (values, 1)), codes), COLUMNS)


def sweep(players: Players, code: str, rows: int) -> Pixels:
    """A row for each of so many draws of all else: a uniform code moves from −2 to 2 along it.

    With a categorical code, row k has its value k.
    """
    model, rng = players.config.model, stream(players.config.seed, "report", 3)
    z, others = noise(model, rng, rows), draw_codes(model, rng, rows)
    if CATEGORY in others:
        others[CATEGORY] = np.eye(rows, model.categories, dtype=np.float32)
    codes = {name: np.repeat(c, len(SWEEP), axis=0) for name, c in others.items()}
    codes[code] = np.tile(SWEEP.astype(np.float32), rows)[:, None]
    return in_rows(generated(players, np.repeat(z, len(SWEEP), axis=0), codes), len(SWEEP))


def in_rows(x: Pixels, columns: int) -> Pixels:
    """Images `[N, side, side, 1]` as `[N / columns, columns, side, side]`."""
    return np.asarray(x[..., 0].reshape(-1, columns, *x.shape[1:3]), np.float32)
