"""How often a code without names disagrees with the classes, once its values were given names."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]


def match(categories: Labels, labels: Labels, values: int) -> NDArray[np.int64]:
    """y(c) = argmax_y N(c, y): the class that each value 0 … `values` − 1 of a code mostly holds.

    N counts the pairs of `categories` and `labels`, both `[N]`, whole numbers from 0; of equal
    counts the first class wins, and a value that never occurs is given class 0. Raises ValueError
    for other shapes, TypeError for other than whole numbers.
    """
    _check("match", categories, labels, values)
    counts = np.zeros((values, int(labels.max()) + 1), np.int64)
    np.add.at(counts, (categories, labels), 1)
    return np.asarray(counts.argmax(axis=1))


def matching_error(categories: Labels, labels: Labels, names: NDArray[np.int64]) -> float:
    """The share of examples with y(c) ≠ y, in [0, 1], for the names y(c) that `match` gave.

    Names are given on one part of the data and tried on another. Chen et al. 2016, section 7.2,
    report 0.05 for InfoGAN on MNIST. Raises ValueError and TypeError as `match`.
    """
    _check("matching_error", categories, labels, len(names))
    return float((names[categories] != labels).mean())


def _check(op: str, categories: Labels, labels: Labels, values: int) -> None:
    for name, a in (("categories", categories), ("labels", labels)):
        if a.dtype.kind not in "iu":
            raise TypeError(f"{op}: {name}: expected whole numbers, received {a.dtype}")
    if categories.ndim != 1 or categories.shape != labels.shape or not categories.size:
        raise ValueError(
            f"{op}: expected categories and labels [N] alike, received shapes "
            f"{categories.shape} and {labels.shape}"
        )
    if labels.min() < 0 or not 0 <= int(categories.min()) <= int(categories.max()) < values:
        raise ValueError(
            f"{op}: expected categories in [0, {values}) and labels from 0, received "
            f"{int(categories.min())} to {int(categories.max())} and {int(labels.min())} upwards"
        )
