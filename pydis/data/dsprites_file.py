"""The published dSprites file, to compare with what `dsprites.render` draws.

Its images fill 3 GB, so they are read in blocks; its pickled metadata is never read.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pydis.data import npz
from pydis.data.dsprites import COUNT, factors_of, render
from pydis.data.errors import FormatError
from pydis.data.registry import find

FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
_ROWS = 4096


class Comparison(NamedTuple):
    """How many images were compared, how many differ, and in how many pixels together."""

    images: int
    unequal: int
    pixels: int


def blocks(
    path: str | os.PathLike[str] | None = None, count: int = COUNT
) -> Iterator[NDArray[np.uint8]]:
    """All images in order of their index, in blocks uint8 [<= 4096, 64, 64, 1] of zeros and ones.

    A file of a part of the images has its own count.  Raises DataMissing, FormatError.
    """
    file = find("dsprites", FILE) if path is None else path
    for block in npz.stream(file, "imgs", npz.Member((count, 64, 64), np.uint8), _ROWS):
        if block.max(initial=0) > 1:
            raise FormatError(file, "imgs", "zeros and ones", block.max())
        yield block[..., None]


def factors(
    path: str | os.PathLike[str] | None = None, count: int = COUNT, columns: int = 6
) -> NDArray[np.int64]:
    """Factors [count, 5] of the images; the file has the colour, always 0, before them.

    A file without colour has 5 columns.  Raises DataMissing, FormatError.
    """
    file = find("dsprites", FILE) if path is None else path
    member = npz.Member((count, columns), np.int64)
    table = npz.read(file, {"latents_classes": member})["latents_classes"]
    return np.ascontiguousarray(table[:, columns - 5 :])


def images(
    index: ArrayLike, path: str | os.PathLike[str] | None = None, count: int = COUNT
) -> NDArray[np.uint8]:
    """The images of increasing indices [N], in one pass; uint8 [N, 64, 64, 1]."""
    wanted = np.asarray(index)
    factors_of(wanted)  # refuses what is no index
    if wanted.ndim != 1 or np.any(np.diff(wanted) <= 0) or np.any(wanted >= count):
        raise ValueError(f"index must be a list of increasing numbers in 0..{count - 1}")
    found = [block[rows] for rows, block in _rows_of(wanted, path, count)]
    return np.concatenate([np.empty((0, 64, 64, 1), np.uint8), *found])


def compare(
    n: SupportsIndex = 10_000,
    path: str | os.PathLike[str] | None = None,
    count: int = COUNT,
) -> Comparison:
    """Render n images, evenly spread over the first `count`, and count those unlike the file's."""
    n = n.__index__()
    if not 1 <= n <= count:
        raise ValueError(f"n must be in 1..{count}, received {n}")
    index = np.arange(n) * count // n
    expected = factors_of(index)
    if np.any(factors(path, count)[index] != expected):
        raise FormatError(path or FILE, "latents_classes", "the order of the indices", "another")
    done = unequal = pixels = 0
    for rows, block in _rows_of(index, path, count):
        wrong = (render(expected[done : done + len(rows)]) != block[rows]).sum(axis=(1, 2, 3))
        unequal, pixels = unequal + int((wrong > 0).sum()), pixels + int(wrong.sum())
        done += len(rows)
    return Comparison(done, unequal, pixels)


def _rows_of(
    index: NDArray[np.int64], path: str | os.PathLike[str] | None, count: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Each block of the file, and which of its rows are among the increasing indices."""
    for k, block in enumerate(blocks(path, count)):
        first, last = np.searchsorted(index, (k * _ROWS, (k + 1) * _ROWS))
        yield index[first:last] - k * _ROWS, block
