"""The judge of generated images: it learns, and refuses what it cannot be."""

import numpy as np
import pytest

from pydis.models import Classifier
from pydis.training import stream

CODES = np.eye(3, dtype=np.float32)


def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of three classes: a bright left, right or lower half, in noise."""
    rng = np.random.default_rng(step)
    labels = rng.integers(3, size=32)
    x = 0.5 * rng.random((32, 8, 8, 1), np.float32)
    for image, label in zip(x, labels, strict=True):
        half = (slice(None), slice(0, 4)) if label == 0 else (slice(None), slice(4, 8))
        image[half if label < 2 else (slice(4, 8),)] += 0.5
    return x, labels


def test_it_learns_what_can_be_seen_and_its_loss_is_the_cross_entropy() -> None:
    model = Classifier(classes=3)
    learners = model.start(stream(0, "initialise"), side=8)
    x, labels = batch(0)
    p = model.classify(learners, x).mean
    _, logged = model.update(learners, x, CODES[labels])
    assert logged["loss"] == pytest.approx(-np.log(p[np.arange(32), labels]).mean(), rel=1e-5)
    for step in range(1, 61):
        x, labels = batch(step)
        learners, logged = model.update(learners, x, CODES[labels])
    x, labels = batch(0)
    found = model.classify(learners, x).mean.argmax(axis=1)
    assert np.array_equal(found, labels)
    # With codes of other images it learns nothing that it could know.
    learners = model.start(stream(0, "initialise"), side=8)
    for step in range(1, 61):
        learners, logged = model.update(learners, batch(step)[0], CODES[batch(step + 100)[1]])
    assert (model.classify(learners, x).mean.argmax(axis=1) == labels).mean() < 0.7


def test_hyper_parameters_and_sides_are_checked() -> None:
    for change, error in (
        ({"classes": 1}, ValueError),
        ({"classes": 2.5}, TypeError),
        ({"learning_rate": 0.0}, ValueError),
    ):
        with pytest.raises(error, match=next(iter(change))):
            Classifier(**change)
    with pytest.raises(ValueError, match="side: expected a multiple of 4, received 30"):
        Classifier().start(stream(0, "initialise"), side=30)
    learners = Classifier().start(stream(0, "initialise"), side=8)
    with pytest.raises(ValueError, match="one-hot codes of shape"):
        Classifier().update(learners, batch(0)[0], CODES[batch(0)[1]])
