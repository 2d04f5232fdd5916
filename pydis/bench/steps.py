"""Whole training steps: forward, loss, backward and update of every model there is.

Contenders start from the same weights on the same images with the same noise, in float32. A row has
times only beside losses: those of steps 1 and N of every contender stand side by side, and one
whose losses are not the first one's (`ALONE`; in a game `LATE`, from one state before N) has no
ratio, for its work was another. Beside them is how far the first loss at step 1 is from float64.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from pydis.backends import use
from pydis.backends.draws import uniform
from pydis.bench.agreement import ALONE, GAME, LATE, LATE_STEPS, Agreement, compared
from pydis.bench.calls import Calls, Cost, recording
from pydis.bench.explain import budget
from pydis.bench.measure import Setting, floors, page_faults, peak_of, timed_entry, with_rate
from pydis.bench.quiet import quiet_rounds
from pydis.bench.records import Entry, Limits, Losses, RowRecord
from pydis.bench.timing import Contender
from pydis.data import DataMissing
from pydis.data.images import DATA, require
from pydis.models import MODELS
from pydis.nn import Learner
from pydis.training import TrainConfig, stream
from pydis.training.loop import batch, classes

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
        learners: Learners = model.start(stream(seed, "initialise"), parts(images[0])[0].shape[1])
        for player, arrays in (weights or {}).items():
            own = learners[player]
            learners[player] = own.with_arrays(own.arrays() | dict(arrays), own.moments.steps)
        return learners

    def step(learners: Learners, number: int) -> tuple[Learners, dict[str, float]]:
        x, *more = parts(images[(number - 1) % len(images)])
        learners, terms = model.update(learners, x, stream(seed, "latent", number), *more)
        return learners, losses_among(terms)

    return start, step


def parts(given: Any) -> tuple[Any, ...]:
    """Images alone, or images and their classes."""
    return given if isinstance(given, tuple) else (given,)


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
    moved = tuple(setting.kernels.asarray(a) for a in parts(given))
    return moved if len(moved) > 1 else moved[0]


class Trainer:
    """A contender amid its training: each call is the next step. Losses are kept."""

    def __init__(self, setting: Setting, model: Any, images: Sequence[Any]) -> None:
        self.setting = setting
        with setting.block():
            self.start, self.step = training(model, [_moved(setting, given) for given in images])
            self.learners = self.start()
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

    def anew(
        self, first: int, last: int, state: Learners | None = None
    ) -> tuple[Learners, dict[str, float]]:
        """The learners after these steps, from another's state if given; the last one's losses."""
        with self.setting.block():
            learners: Learners = self.start()
            losses: dict[str, float] = {}
            for name, other in (state or {}).items():
                learners[name] = learners[name].with_arrays(other.arrays(), first - 1)
            for number in range(first, last + 1):
                learners, losses = self.step(learners, number)
        return learners, losses

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
    steps: int | None,
    limits: Limits,
    seconds: float = float("inf"),
    size: int = 64,
    explain: bool = False,
) -> RowRecord:
    """The record of one model: times, then the losses of step `steps` of each contender.

    Without a number, of that of `ALONE` or `LATE`. The floor of a step is the sum over its kernel
    calls, as the core makes them where there is one.
    """
    images = batches(model, size)
    trainers = [Trainer(setting, model, images) for setting in contenders]
    found = quiet_rounds([trainer.contender for trainer in trainers], rounds, seconds)
    times = found.times
    quick = trainers[-1] if trainers[-1].setting.backend != "cupy" else trainers[0]
    costs = calls_of_a_step(quick)
    operations, moved = sum(c.operations for c in costs), sum(c.bytes for c in costs)
    exact = first_loss_in_double(model, images[0])
    alone = len(quick.learners) == 1
    known = ALONE if alone else LATE
    until = Agreement(steps or known.step, known.within)
    before = max(0, until.step - LATE_STEPS)
    state = {} if alone else quick.anew(1, before)[0]
    counted = [page_faults(trainer.contender) for trainer in trainers]
    losses = []
    for trainer in trainers:
        trainer.up_to(until.step if alone else 1)
        late = None if alone else trainer.anew(before + 1, until.step, state)[1]
        losses.append([trainer.losses[0], late or trainer.losses[until.step - 1]])
    entries = []
    for i, trainer in enumerate(trainers):
        agreed = compared(losses[i], losses[0], until, exact, None if alone else GAME.within)
        one = _entry(trainer, times[i], times[0], agreed, _floor(limits, trainer, costs))
        one = with_rate(one, operations, peak_of(limits, trainer.setting))
        entries.append(replace(one, page_faults=counted[i]))
    shape = f"batch {size}"
    about = (name, shape, operations, moved, None, *found.load)
    record = RowRecord(*about, entries, discarded=found.discarded)
    if not explain:
        return record
    fastest = min(range(len(entries)), key=lambda i: entries[i].median or float("inf"))
    return replace(record, budget=budget(trainers[fastest], limits))


def _entry(
    trainer: Trainer,
    samples: Sequence[float],
    compared_with: Sequence[float],
    agreed: tuple[Losses, float],
    floor: float | None,
) -> Entry:
    """A contender whose losses, in units of what is tolerated, are off by at most 1."""
    losses, off = agreed
    entry = timed_entry(trainer.setting, (off, 1.0), samples, compared_with, floor)
    return replace(entry, losses=losses)


def first_loss_in_double(model: Any, given: Any) -> dict[str, float]:
    """The first loss of step 1 on NumPy in float64, from the same weights, images and draws."""
    with use("numpy"):
        wide = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in parts(given))
        start, step = training(model, [wide])
        _, losses = step({name: _in_double(each) for name, each in start().items()}, 1)
    return dict([*losses.items()][:1])


def _in_double(learner: Learner) -> Learner:
    """A learner that was not trained yet, in float64."""
    state = {name: a.astype(np.float64) for name, a in learner.state.items()}
    return Learner.start(learner.network.astype(np.float64), learner.optimiser, state)


def calls_of_a_step(trainer: Trainer) -> list[Cost]:
    """What each kernel call of one step costs."""
    with trainer.recorded() as calls:
        trainer()
    return [calls.costs[key] for key, times in calls.seconds.items() for _ in times]


def _floor(limits: Limits, trainer: Trainer, costs: Sequence[Cost]) -> float | None:
    each = [floors(limits, trainer.setting, *cost) for cost in costs]
    known = [max(both) for both in each if both]
    return sum(known) if len(known) == len(each) and known else None
