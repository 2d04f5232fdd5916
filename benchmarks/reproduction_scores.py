"""What a trained model is judged by: on generated images by the judge, on real ones by Q."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pydis.autodiff.ops import concat
from pydis.backends import current
from pydis.data import mnist
from pydis.information import entropy
from pydis.metrics import match, matching_error
from pydis.models import GAN, ConditionalGAN, InfoGAN
from pydis.models.gan import generate
from pydis.nn import Learner

GENERATED, BLOCK, ROWS = 10_000, 500, 10
SWEEP = np.linspace(-2, 2, 10, dtype=np.float32)
"""The values of a uniform code in a picture: trained on (−1, 1), shown twice as far."""

Array = Any
Learners = dict[str, Learner]
Judge = Callable[[Array], Array]


def to_device(images: np.ndarray) -> Array:
    """Bytes as numbers in [0, 1], others as they are, where the current backend computes."""
    scale = np.float32(255) if images.dtype == np.uint8 else np.float32(1)
    return current().asarray(images.astype(np.float32) / scale)


def evaluated(f: Callable[[Array], Array], images: np.ndarray) -> np.ndarray:
    """f of the images, some at a time, as NumPy's array."""
    parts = (images[first : first + BLOCK] for first in range(0, len(images), BLOCK))
    return np.concatenate([current().to_numpy(f(to_device(part))) for part in parts])


def judged(judge: Judge, images: np.ndarray) -> dict[str, float]:
    """Entropy of the classes of the images, nats, and the judge's mean confidence."""
    p = evaluated(judge, images).astype(np.float64)
    classes = p.mean(axis=0)
    return {
        "class_entropy": float(entropy(classes / classes.sum())),
        "confidence": float(p.max(axis=1).mean()),
    }


def made(generator: Learner, inputs: Iterator[Array]) -> np.ndarray:
    """The images that the generator makes of inputs."""
    return np.concatenate([current().to_numpy(generate(generator, i)[0]) for i in inputs])


def score_gan(
    model: GAN, learners: Learners, judge: Judge, rng: np.random.Generator, path: Path
) -> dict[str, float]:
    """What the judge sees in images of fresh noise."""
    blocks = range(GENERATED // BLOCK)
    images = made(learners["generator"], (model.draw(rng, BLOCK) for _ in blocks))
    save(path, images[: ROWS * ROWS].reshape(ROWS, ROWS, 28, 28))
    return judged(judge, images)


def score_conditional(
    model: ConditionalGAN, learners: Learners, judge: Judge, rng: np.random.Generator, path: Path
) -> dict[str, float]:
    """The same, and the share of images in which the judge sees the class that was asked for."""
    labels = np.arange(GENERATED) % model.classes
    codes = np.eye(model.classes, dtype=np.float32)[labels]
    parts = (codes[first : first + BLOCK] for first in range(0, GENERATED, BLOCK))
    inputs = (concat(model.draw(rng, len(c)), current().asarray(c), axis=1) for c in parts)
    images = made(learners["generator"], inputs)
    save(path, images[: ROWS * ROWS].reshape(ROWS, ROWS, 28, 28).swapaxes(0, 1))
    found = evaluated(judge, images).argmax(axis=1)
    return judged(judge, images) | {"label_accuracy": float((found == labels).mean())}


def score_infogan(
    model: InfoGAN, learners: Learners, judge: Judge, rng: np.random.Generator, path: Path
) -> dict[str, Any]:
    """L_I on fresh codes, and what the category says of real images.

    Names are given to the categories on the training images and tried on the test images, Q
    reading both. `names` counts the different ones. `generated_error` is the same of generated
    images by the judge's classes: what the generator itself confuses, whatever Q reads.
    `uniform_decides` is the share of images whose class changes when the uniform codes alone are
    drawn anew.
    """
    images, made_of, found = fresh(model, learners, rng)
    save(path, pictures(model, learners, rng))
    z, codes = model.draw(rng, BLOCK), model.draw_codes(rng, BLOCK)
    others = [codes, model.draw_codes(rng, BLOCK) | {"category": codes["category"]}]
    pairs = [made(learners["generator"], iter([model.inputs(z, c)])) for c in others]
    first, second = (evaluated(judge, x).argmax(axis=1) for x in pairs)

    def categories(part: str) -> tuple[np.ndarray, np.ndarray]:
        x, labels = mnist.load(part)  # type: ignore[arg-type]
        q = evaluated(lambda block: model.recognise(learners, block)["category"].logits, x)
        return q.argmax(axis=1), labels

    names = match(*categories("train"), model.categories)
    error = matching_error(*categories("test"), names)
    seen = evaluated(judge, images).argmax(axis=1)
    scores = {
        "error": error,
        "generated_error": matching_error(made_of, seen, match(made_of, seen, model.categories)),
        "uniform_decides": float((first != second).mean()),
        "names": len(set(names.tolist())),
        "category_names": names.tolist(),
    }
    return judged(judge, images) | found | scores


def fresh(
    model: InfoGAN, learners: Learners, rng: np.random.Generator, *, generated: bool = False
) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Images of fresh codes, the category of each, and the mean L_I of each code, nats.

    Q reads them by the running statistics of data unless it is told that they are generated.
    """
    bounds: dict[str, list[float]] = {name: [] for name in model.weights}
    images, drawn = [], []
    for _ in range(GENERATED // BLOCK):
        codes = model.draw_codes(rng, BLOCK)
        drawn.append(current().to_numpy(codes["category"]).argmax(axis=1))
        x, _ = generate(learners["generator"], model.inputs(model.draw(rng, BLOCK), codes))
        images.append(current().to_numpy(x))
        q = model.recognise(learners, x, generated=generated)
        for name, value in model.bounds(q, codes).items():
            bounds[name].append(float(value.mean()))
    found = {f"information_{name}": float(np.mean(b)) for name, b in bounds.items()}
    return np.concatenate(images), np.concatenate(drawn), found


def pictures(
    model: InfoGAN, learners: Learners, rng: np.random.Generator, each: int = ROWS
) -> np.ndarray:
    """Rows of one category each, then for each uniform code as many rows of its sweep."""
    grid = np.arange(each * ROWS)
    side = learners["discriminator"].network.side
    rows, columns = grid // ROWS, grid % ROWS
    noise = current().to_numpy(model.draw(rng, ROWS))
    parts = []
    for swept in (None, *list(model.weights)[1:]):
        codes = {name: np.zeros((len(grid), 1), np.float32) for name in model.weights}
        codes["category"] = np.eye(model.categories, dtype=np.float32)[rows % model.categories]
        z = noise[columns if swept is None else rows]
        if swept is not None:
            codes[swept] = SWEEP[columns, None]
        on_device = {name: current().asarray(code) for name, code in codes.items()}
        x, _ = generate(learners["generator"], model.inputs(current().asarray(z), on_device))
        parts.append(current().to_numpy(x).reshape(each, ROWS, side, side))
    return np.concatenate(parts)


def save(path: Path, rows: np.ndarray) -> None:
    """Images `[R, C, H, W]` in [0, 1] as one grey picture."""
    from matplotlib.image import imsave

    r, c, h, w = rows.shape
    imsave(path, rows.swapaxes(1, 2).reshape(r * h, c * w), cmap="gray", vmin=0, vmax=1)


SCORES: dict[type, Callable[..., dict[str, Any]]] = {
    GAN: score_gan,
    ConditionalGAN: score_conditional,
    InfoGAN: score_infogan,
}
