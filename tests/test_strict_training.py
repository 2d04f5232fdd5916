"""A whole run on the stand-in device: first weights, batches, checkpoints, resume, report.

The stand-in computes with NumPy behind its doors, so a run on it must write the bytes of NumPy's.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strict_array import Strict, StrictArray
from strict_runs import registered  # noqa: F401

from pydis import nn
from pydis.backends import kernels_for, load, use
from pydis.models import BetaVAE, InfoGAN
from pydis.nn import Adam, Learner, Linear
from pydis.report import evaluation, pictures
from pydis.training import Interrupted, TrainConfig, loop, make_run, open_run, stream, train

CONFIG = TrainConfig(
    BetaVAE(latents=2, learning_rate=1e-3),
    steps=2,
    seed=3,
    batch=2,
    backend="numpy",
    threads=1,
    checkpoint_every=1,
    log_every=1,
)


def on_strict() -> TrainConfig[Any]:
    """The same run, on the stand-in."""
    return replace(CONFIG, backend="strict")


def written(folder: Path) -> dict[str, bytes]:
    """Every file of a run that tells neither the backend nor the clock."""
    files = [folder / "metrics.jsonl", *sorted((folder / "checkpoints").iterdir())]
    return {file.name: file.read_bytes() for file in files}


def test_a_run_on_the_device_saved_and_resumed_writes_the_bytes_of_numpy(tmp_path: Path) -> None:
    host, run = make_run(CONFIG, tmp_path / "host"), make_run(on_strict(), tmp_path / "run")
    train(host)
    with pytest.raises(Interrupted):
        train(run, lambda step, terms: os.kill(os.getpid(), signal.SIGINT))
    assert len(list(run.checkpoints.iterdir())) == 1
    learners = train(open_run(run.folder))
    assert written(run.folder) == written(host.folder)
    assert all(isinstance(a, StrictArray) for a in learners["autoencoder"].arrays().values())


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (loop, "batch", lambda config, step: np.zeros((2, 64, 64, 1), np.float32)),
        (Strict, "asarray", lambda self, a: a),
        (Strict, "to_numpy", lambda self, a: a),
    ],
)
def test_a_door_that_is_forgotten_is_found(
    where: Any, name: str, fault: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, fault)
    with pytest.raises(TypeError, match="StrictArray"):
        train(make_run(on_strict(), tmp_path / "run"))


def test_scores_and_pictures_of_a_run_on_the_device(tmp_path: Path) -> None:
    results = []
    for name, config in (("host", CONFIG), ("device", on_strict())):
        run = make_run(config, tmp_path / name)
        train(run)
        with evaluation.as_trained(config):
            trained = evaluation.load(run)
            assert isinstance(trained.network.mean.w, load(config.backend).array_type)
            results.append(
                (
                    evaluation.score(trained, 8, 8),
                    pictures.reconstructions(trained, pictures.shown_factors(trained)[:2]),
                    pictures.samples(trained),
                )
            )
    (scores, *images), (device_scores, *device_images) = results
    assert scores == device_scores
    for a, b in zip(images, device_images, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_the_doors() -> None:
    """In and out; NumPy's array passes as itself, and what is there already stays where it is."""
    a = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    for name in ("numpy", "definition"):
        assert load(name).asarray(a) is a and load(name).to_numpy(a) is a
    moved = load("strict").asarray(a)
    assert isinstance(moved, StrictArray) and load("strict").asarray(moved) is moved
    back = kernels_for("back", [moved]).to_numpy(moved)
    np.testing.assert_array_equal(back, a, strict=True)


LAYERS: dict[str, Callable[[np.random.Generator], nn.Module]] = {
    "Linear": lambda rng: Linear(rng, 3, 2),
    "Conv2d": lambda rng: nn.Conv2d(rng, 2, 3, 4),
    "ConvTranspose2d": lambda rng: nn.ConvTranspose2d(rng, 2, 3, 4),
    "Embedding": lambda rng: nn.Embedding(rng, 4, 3),
    "BatchNorm": lambda rng: nn.BatchNorm(3),
    "LayerNorm": lambda rng: nn.LayerNorm(3),
    "NormalisedSequential": lambda rng: nn.NormalisedSequential(nn.BatchNorm(3)),
    "infogan": lambda rng: nn.Sequential(*[l.network for l in InfoGAN().start(rng, 8).values()]),
    "model": lambda rng: BetaVAE(latents=2).start(rng)["autoencoder"].network,
}


@pytest.mark.parametrize("name", LAYERS)
def test_first_weights_are_those_of_numpy_on_the_device(name: str) -> None:
    with use("numpy"):
        host = LAYERS[name](stream(0, "initialise")).parameters()
    with use("strict"):
        there = LAYERS[name](stream(0, "initialise")).parameters()
    assert list(host) == list(there)
    for path, parameter in there.items():
        assert isinstance(parameter.data, StrictArray), path
        np.testing.assert_array_equal(parameter.data.get(), host[path].data, strict=True)


def test_restored_arrays_go_to_the_device_of_the_learner() -> None:
    with use("strict"):
        network = Linear(stream(0, "initialise"), 3, 2)
        learner = Learner.start(network, Adam(), {"s": load("strict").xp.zeros(2)})
    read = {name: a.get() + 1 for name, a in learner.arrays().items()}
    for name, a in learner.with_arrays(read, 1).arrays().items():
        assert isinstance(a, StrictArray), name
        np.testing.assert_array_equal(a.get(), read[name], strict=True)
