"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017): 28 x 28 grey, ten classes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pydis.data import idx
from pydis.data.errors import FormatError
from pydis.data.registry import Name, find

CLASSES = 10
_PARTS = {"train": ("train", 60_000), "test": ("t10k", 10_000)}
_SETS: dict[str, Name] = {"mnist": "mnist", "fashion": "fashion-mnist"}


def load(
    part: Literal["train", "test"] = "train", images: Literal["mnist", "fashion"] = "mnist"
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images uint8 [N, 28, 28, 1] and their classes 0..9, int64 [N]; N is 60,000 or 10,000.

    Raises DataMissing if a file is not here, FormatError if it is not what it should be,
    ValueError if part or images are not one of those above.
    """
    if part not in _PARTS:
        raise ValueError(f"part must be 'train' or 'test', received {part!r}")
    if images not in _SETS:
        raise ValueError(f"images must be 'mnist' or 'fashion', received {images!r}")
    prefix, count = _PARTS[part]
    name = _SETS[images]
    pixels = idx.read(find(name, f"{prefix}-images-idx3-ubyte.gz"), (count, 28, 28))
    path = find(name, f"{prefix}-labels-idx1-ubyte.gz")
    labels = idx.read(path, (count,))
    if labels.max() >= CLASSES:
        where = f"label {labels.argmax()}"
        raise FormatError(path, where, f"at most {CLASSES - 1}", labels.max())
    return pixels[..., None], labels.astype(np.int64)
