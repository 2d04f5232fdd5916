"""Scores of a trained run on images that it never saw, as one record.

Held-out images only, all of them distinct: a linear reader of the codes is fitted on the first
2,000, and everything is scored on 2,000 others. All draws follow from the run's seed, and the run's
backend and threads compute, so the same checkpoint gives the same numbers on the same machine.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pydis.autodiff import Array
from pydis.autodiff.ops import mean
from pydis.backends import available, current
from pydis.data import dsprites
from pydis.metrics import active_latents, activity, linear_r2
from pydis.models import AutoEncoder
from pydis.objectives import Terms
from pydis.probability import Gaussian
from pydis.probability.gaussian import kl_by_coordinate, standard_normal_like
from pydis.training import Run, RunError, TrainConfig, resume, stream
from pydis.training.loop import machine, start

FITTED = 2000
SCORED = 2000
BLOCK = 125
"""Images that pass through a network at once."""

Floats = NDArray[np.floating]
Factors = NDArray[np.int64]


class Trained(NamedTuple):
    """A run's network at its last checkpoint, its weights as plain arrays: nothing is recorded."""

    config: TrainConfig[Any]
    network: AutoEncoder
    step: int


@dataclass(frozen=True)
class Latent:
    """What one coordinate of the code says."""

    number: int
    rate: float
    """E_x KL(q(z_i|x) ‖ N(0, 1)), in nats an image."""
    activity: float
    """Var_x(E[z_i|x])."""
    active: bool
    """Whether the activity is above 0.01."""
    r2: dict[str, float]
    """Held-out R² of the positions x and y, from this coordinate alone."""


@dataclass(frozen=True)
class Evaluation:
    """The scores of one checkpoint; terms in nats an image."""

    step: int
    fitted: int
    scored: int
    r2: dict[str, float]
    """Held-out R² of the positions x and y, from the whole code."""
    r2_untrained: dict[str, float]
    """The same from the network before its first step: what random features say already."""
    terms: dict[str, float]
    """The means that training logs, on the scored images."""
    latents: tuple[Latent, ...]
    """By number."""

    @property
    def activity(self) -> tuple[float, ...]:
        """Var_x(E[z_i|x]) of each latent."""
        return tuple(latent.activity for latent in self.latents)

    @property
    def active(self) -> int:
        """How many latents are active."""
        return sum(latent.active for latent in self.latents)

    def by_rate(self) -> list[Latent]:
        """The active latents, the largest rate first, then the inactive ones likewise."""
        return sorted(self.latents, key=lambda latent: (not latent.active, -latent.rate))

    def lines(self) -> list[str]:
        """The scores in words."""
        terms = ", ".join(f"{name} {value:.1f}" for name, value in self.terms.items())
        return [
            f"held-out images, nats an image: {terms}",
            f"linear R² of the position from the codes: {_named(self.r2)}",
            f"  from those of the untrained network: {_named(self.r2_untrained)}",
            f"active latents: {self.active} of {len(self.activity)}",
        ]

    def to_json(self) -> str:
        """The record as JSON text: what `evaluation.json` holds."""
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"


@contextmanager
def as_trained(config: TrainConfig[Any]) -> Iterator[None]:
    """The backend and threads of the run; where its backend is not to be had, the current one."""
    with machine(config) if available()[config.backend].usable else nullcontext():
        yield


def load(run: Run) -> Trained:
    """The network of the last checkpoint. Raises RunError where there is no readable one."""
    learners, step = resume(run)
    if step == 0:
        _, problems = run.last_checkpoint()
        reason = "; ".join(problems) or "none was written yet"
        raise RunError(f"{run.folder}: no checkpoint to evaluate: {reason}")
    return Trained(run.config, learners["autoencoder"].network.constants(), step)


def score(trained: Trained, fitted: int = FITTED, scored: int = SCORED) -> Evaluation:
    """Fit on the first `fitted` images, score on `scored` others; see `Evaluation`."""
    config, network, step = trained
    rng = stream(config.seed, "evaluate")
    factors = held_out(rng, fitted + scored)
    positions = factors[:, 3:].astype(np.float64)
    fit, rest = slice(fitted), slice(fitted, None)

    def r2(codes: Floats) -> dict[str, float]:
        scores = linear_r2(codes[fit], positions[fit], codes[rest], positions[rest])
        return {"x": float(scores[0]), "y": float(scores[1])}

    q = encode(network, factors)
    unseen = Gaussian(q.mean[rest], q.log_variance[rest])
    rates = np.asarray(kl_by_coordinate(unseen, standard_normal_like(unseen))).mean(axis=0)
    spread, active = activity(q.mean[rest]), active_latents(q.mean[rest])
    latents = tuple(
        Latent(i, float(rates[i]), float(spread[i]), bool(active[i]), r2(q.mean[:, i : i + 1]))
        for i in range(q.mean.shape[1])
    )
    untrained = encode(start(config)["autoencoder"].network.constants(), factors)
    terms = mean_terms(trained, factors[rest], rng)
    return Evaluation(step, fitted, scored, r2(q.mean), r2(untrained.mean), terms, latents)


def mean_terms(trained: Trained, factors: Factors, rng: np.random.Generator) -> dict[str, float]:
    """The loss and the terms that training logs, as means over the images of `factors`."""
    model = trained.config.model
    parts = [model.terms(trained.network, on_device(part), rng) for part in blocks(factors)]
    terms = Terms(*(joined(term) for term in zip(*parts, strict=True)))
    pixels = dsprites.render(factors[:1]).size
    means = {"loss": mean(model.objective(terms)), **model.log(terms, pixels)}
    return {name: float(value) for name, value in means.items()}


def held_out(rng: np.random.Generator, n: int) -> Factors:
    """Factors `[n, 5]` of n distinct held-out images: i.i.d. draws, repetitions dropped."""
    drawn = dsprites.sample_factors(rng, 2 * n + 20, "held-out")
    one_of_twins = drawn.copy()
    one_of_twins[:, 2] %= dsprites.SIZES[2] - 1  # orientation 39 draws the image of orientation 0
    _, first = np.unique(dsprites.index_of(one_of_twins), return_index=True)
    if len(first) < n:
        raise ValueError(f"held_out: {n} distinct images asked for, {len(first)} drawn")
    return drawn[np.sort(first)[:n]]


def images(factors: Factors) -> NDArray[np.float32]:
    """The images of `factors`, `[N, 64, 64, 1]`."""
    return dsprites.render(factors).astype(np.float32)


def on_device(factors: Factors) -> Array:
    """The same, where the network reads them: on the device of the current backend."""
    return current().asarray(images(factors))


def joined(parts: Iterable[Array]) -> NDArray[Any]:
    """Results of one block after another, back from the device as one array of NumPy's."""
    return np.concatenate([current().to_numpy(part) for part in parts])


def encode(network: AutoEncoder, factors: Factors) -> Gaussian:
    """q(z|x) of the images of `factors`, `[N, D]`, computed a block of images at a time."""
    parts = [network.encode(on_device(part)) for part in blocks(factors)]
    return Gaussian(joined(q.mean for q in parts), joined(q.log_variance for q in parts))


def _named(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in scores.items())


def blocks(rows: NDArray[Any]) -> list[NDArray[Any]]:
    """The rows in parts of at most 125, so that no intermediate array grows large."""
    return [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
