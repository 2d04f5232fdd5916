"""Whole training steps: forward, loss, backward and update of every model there is.

Contenders start from the same weights on the same images with the same noise, in float32. A row has
times only beside losses: those of steps 1 and N of every contender stand side by side, and one
whose losses are not the first one's within `AGREE` has no ratio, for its work was another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from pydis.backends import use
from pydis.backends.draws import uniform
from pydis.bench.calls import Calls, Cost, recording
from pydis.bench.explain import budget
from pydis.bench.load import load_since, moment
from pydis.bench.measure import Setting, floors, page_faults, peak_of, timed_entry, with_rate
from pydis.bench.records import Entry, Limits, Losses, RowRecord
from pydis.bench.timing import Contender, interleave
from pydis.data import DataMissing
from pydis.data.images import DATA, require
from pydis.models import MODELS
from pydis.nn import Learner
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, classes

FIRST, LAST = 1e-5, 1e-2
AGREE = (FIRST, LAST)
"""The largest relative difference of the first loss at step 1, where rounding alone makes it
differ, and of the others: training carries a difference of the last places further with every
update, and the second player of a game meets the first after its step."""

IMAGES_KEPT = 16
"""Batches in memory; step 17 sees the first one again."""

Learners = dict[str, Learner]
Start = Callable[[], Learners]
Step = Callable[[Learners, int], tuple[Learners, dict[str, float]]]
Weights = Mapping[str, Mapping[str, Any]]


def training(
    model: Any,
    images: Sequence[Any],
    seed: int = 0,
    weights: Weights | None = None,
) -> tuple[Start, Step]:
    """(start, step) of a model on the backend that is current when they are called.

    `start()` gives the learners before step 1, from the model's own first weights of that seed, or
    with `weights`: arrays by the names of `Learner.arrays`, by player. `step(learners, n)` trains
    on images[(n − 1) mod len(images)], or on such a pair of images and classes, which lie where the
    backend computes, with the noise of step n, and gives the learners after it and its losses
    before the update.
    """

    def start() -> Learners:
        learners: Learners = model.start(stream(seed, "initialise"), _images(images[0]).shape[1])
        for player, arrays in (weights or {}).items():
            own = learners[player]
            learners[player] = own.with_arrays(own.arrays() | dict(arrays), own.moments.steps)
        return learners

    def step(learners: Learners, number: int) -> tuple[Learners, dict[str, float]]:
        given = images[(number - 1) % len(images)]
        more = given[1:] if isinstance(given, tuple) else ()
        noise = stream(seed, "latent", number)
        learners, terms = model.update(learners, _images(given), noise, *more)
        return learners, losses_among(terms)

    return start, step


def _images(given: Any) -> Any:
    """The images alone, of images with their classes or without."""
    return given[0] if isinstance(given, tuple) else given


def losses_among(terms: Mapping[str, Any]) -> dict[str, float]:
    """The terms named as losses; all of them where none is."""
    named = {n: float(v) for n, v in terms.items() if n.startswith("loss") or n.endswith("_loss")}
    return named or {name: float(value) for name, value in terms.items()}


def batches(model: Any, size: int, count: int = IMAGES_KEPT) -> list[Any]:
    """What a training run of the model would see in its first steps, as NumPy's arrays.

    Images alone, or with their classes as a pair for a model that asks for them. Where the model's
    first data set is not here, noise of its size: a step costs the same.
    """
    data = getattr(model, "DATA", ("dsprites",))[0]
    config = TrainConfig(model, batch=size, data=data, backend="numpy", threads=1)
    try:
        require(data)
        with use("numpy"):
            seen = [(batch(config, n), *classes(config, n)) for n in range(1, count + 1)]
    except (DataMissing, ImportError):
        seen = [_noise(config, n) for n in range(1, count + 1)]
    return [given if len(given) > 1 else given[0] for given in seen]


def _noise(config: TrainConfig[Any], number: int) -> tuple[Any, ...]:
    """Uniform pixels of the size of the data, and classes in turn where a model asks for them."""
    side = DATA[config.data].side
    rng, shape = stream(config.seed, "data", number), (config.batch, side, side, 1)
    wanted = getattr(config.model, "classes", 0)
    classes = (np.arange(config.batch) % wanted,) if wanted else ()
    return uniform(rng, shape, np.float32), *classes


def _moved(setting: Setting, given: Any) -> Any:
    """Images, or images with their classes, where the contender computes."""
    if isinstance(given, tuple):
        return tuple(setting.kernels.asarray(a) for a in given)
    return setting.kernels.asarray(given)


class Trainer:
    """A contender amid its training: each call is the next step. Losses are kept."""

    def __init__(self, setting: Setting, model: Any, images: Sequence[Any]) -> None:
        self.setting = setting
        with setting.block():
            start, self.step = training(model, [_moved(setting, given) for given in images])
            self.learners = start()
        self.losses: list[dict[str, float]] = []
        self.contender: Contender = setting.contender(self)

    def __call__(self) -> None:
        self.learners, losses = self.step(self.learners, len(self.losses) + 1)
        self.losses.append(losses)

    def up_to(self, steps: int) -> None:
        """Go on to this step, if it was not there yet."""
        with self.setting.block():
            while len(self.losses) < steps:
                self()

    @contextmanager
    def recorded(self) -> Iterator[Calls]:
        """In this block, the calls of kernels are recorded."""
        calls, block = recording(self.setting.backend, **self.setting.replaced)
        with self.setting.block(), block:
            yield calls


def model_rows() -> dict[str, Any]:
    """Every model with the hyper-parameters it comes with."""
    return {name: kind() for name, kind in MODELS.items()}


def measure_steps(
    name: str,
    model: Any,
    contenders: Sequence[Setting],
    rounds: int,
    steps: int,
    limits: Limits,
    seconds: float = float("inf"),
    size: int = 64,
    explain: bool = False,
) -> RowRecord:
    """The record of one model: times, then each contender goes on to step `steps` for its losses.

    The floor of a step is the sum over its kernel calls, as the core makes them where there is one.
    """
    images = batches(model, size)
    trainers = [Trainer(setting, model, images) for setting in contenders]
    began = moment()
    times = interleave([trainer.contender for trainer in trainers], rounds, seconds)
    load = load_since(began)
    costs = calls_of_a_step(trainers[-1] if trainers[-1].setting.backend != "cupy" else trainers[0])
    operations, moved = sum(c.operations for c in costs), sum(c.bytes for c in costs)
    entries = []
    for trainer, samples in zip(trainers, times, strict=True):
        counted = page_faults(trainer.contender)
        trainer.up_to(steps)
        one = _entry(trainer, trainers[0], samples, times[0], steps, _floor(limits, trainer, costs))
        one = with_rate(one, operations, peak_of(limits, trainer.setting))
        entries.append(replace(one, page_faults=counted))
    shape = f"batch {size}"
    record = RowRecord(name, shape, operations, moved, None, *load, entries)
    if not explain:
        return record
    fastest = min(range(len(entries)), key=lambda i: entries[i].median or float("inf"))
    return replace(record, budget=budget(trainers[fastest], limits))


def _entry(
    trainer: Trainer,
    first: Trainer,
    samples: Sequence[float],
    compared_with: Sequence[float],
    steps: int,
    floor: float | None,
) -> Entry:
    """A contender whose losses, in units of what is tolerated, are off by at most 1."""
    own = Losses(steps, trainer.losses[0], trainer.losses[steps - 1])
    other = Losses(steps, first.losses[0], first.losses[steps - 1])
    early = difference(dict([*own.first.items()][:1]), dict([*other.first.items()][:1]))
    late = max(difference(own.first, other.first), difference(own.last, other.last))
    off = max(early / FIRST, late / LAST)
    entry = timed_entry(trainer.setting, (off, 1.0), samples, compared_with, floor)
    return replace(entry, losses=own)


def difference(own: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The largest relative difference of losses of the same name; infinite where one is missing."""
    if set(own) != set(other):
        return float("inf")
    apart = [abs(own[n] - other[n]) / (abs(other[n]) or 1.0) for n in own]
    return max((d if d == d else float("inf") for d in apart), default=0.0)


def calls_of_a_step(trainer: Trainer) -> list[Cost]:
    """What each kernel call of one step costs."""
    with trainer.recorded() as calls:
        trainer()
    return [calls.costs[key] for key, times in calls.seconds.items() for _ in times]


def _floor(limits: Limits, trainer: Trainer, costs: Sequence[Cost]) -> float | None:
    each = [floors(limits, trainer.setting, *cost) for cost in costs]
    known = [max(both) for both in each if both]
    return sum(known) if len(known) == len(each) and known else None
