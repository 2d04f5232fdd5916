"""What a model may be trained on, by name: batches of images, and their classes where there are.

    dsprites  64×64, rendered as they are needed; no classes
    mnist     28×28 from its files; ten classes
    digits    8×8, with scikit-learn; ten classes, and nothing to download

Images are float32 `[N, side, side, 1]` in [0, 1]. Each data set keeps images back that training
never sees: MNIST's own test images; of digits one in 6, the others as `dsprites.py` says.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pydis.backends.draws import integers
from pydis.data import digits, dsprites, mnist
from pydis.data.errors import DataMissing, optional
from pydis.data.registry import find

Part = Literal["train", "held-out"]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Images, and their classes `[N]`; no class at all, `[0]`, where there are none."""
DIGITS_KEPT = 6
"""One in so many of scikit-learn's digits is held out."""


class ImageData(NamedTuple):
    """One data set: the side of its images, the number of its classes (0 for none), its draws."""

    side: int
    classes: int
    draw: Callable[[np.random.Generator, int, Part], Batch]


def draw_dsprites(rng: np.random.Generator, n: int, part: Part) -> Batch:
    """n images, drawn by their factors."""
    factors = dsprites.sample_factors(rng, n, part)
    return dsprites.render(factors).astype(np.float32), np.empty(0, np.int64)


def draw_mnist(rng: np.random.Generator, n: int, part: Part) -> Batch:
    """n images and their classes, drawn with repetition. Raises DataMissing, FormatError."""
    return _drawn(rng, n, *_mnist(part), 255)


def draw_digits(rng: np.random.Generator, n: int, part: Part) -> Batch:
    """n images and their classes, drawn with repetition. Raises ImportError."""
    return _drawn(rng, n, *_digits(part), digits.WHITE)


DATA: dict[str, ImageData] = {
    "dsprites": ImageData(64, 0, draw_dsprites),
    "mnist": ImageData(28, mnist.CLASSES, draw_mnist),
    "digits": ImageData(8, mnist.CLASSES, draw_digits),
}


def require(name: str) -> None:
    """Raise DataMissing or ImportError, saying how to get it, where a data set is not here."""
    if name == "mnist":
        for part in ("train-images-idx3", "train-labels-idx1"):
            find("mnist", f"{part}-ubyte.gz")
    if name == "digits":
        optional("sklearn.datasets", "pip install scikit-learn")


def first_here(names: tuple[str, ...]) -> str:
    """The first of these data sets that is here, without a download; the first if none is."""
    for name in names:
        try:
            require(name)
        except (DataMissing, ImportError):
            continue
        return name
    return names[0]


@cache
def _mnist(part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    return mnist.load("train" if part == "train" else "test")


@cache
def _digits(part: Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = digits.load()
    kept = np.arange(len(images)) % DIGITS_KEPT == 0
    chosen = kept if part == "held-out" else ~kept
    return images[chosen], labels[chosen]


def _drawn(
    rng: np.random.Generator, n: int, images: NDArray[Any], labels: NDArray[np.int64], white: int
) -> Batch:
    """n of the images at random, scaled so that white is 1, with their classes."""
    chosen = integers(rng, len(images), (n,))
    return images[chosen].astype(np.float32) / np.float32(white), labels[chosen]
