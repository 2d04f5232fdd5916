"""The user's own images: an array, or a folder of PNG files, as float32 [N, H, W, C] in [0, 1]."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pydis.data.errors import DataMissing, FormatError, open_file, optional, size_of

MOST_PIXELS = 1 << 24
"""A PNG of more pixels is refused before it is decompressed."""

_MAGIC = b"\x89PNG\r\n\x1a\n"

# Pillow's names of pixel formats, and what each becomes.
_MODES = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB"}


def load(source: NDArray[Any] | str | os.PathLike[str]) -> NDArray[np.float32]:
    """Images float32 [N, H, W, C] in [0, 1], the channel last.

    uint8 is divided by 255, booleans become 0 and 1, floats must lie in [0, 1] already.  A folder
    gives its .png files in order of their names: grey C = 1, colour C = 3.
    Raises TypeError, ValueError or FormatError, which name the first image that is not so, and
    DataMissing where there is no folder.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if not isinstance(source, str | os.PathLike):
        received = type(source).__name__
        raise TypeError(
            f"images must be a NumPy array or the path of a folder, received {received}"
        )
    return _from_folder(Path(source))


def _from_array(array: NDArray[Any]) -> NDArray[np.float32]:
    if array.ndim != 4:
        hint = "; for grey images add a channel: images[..., None]" if array.ndim == 3 else ""
        raise ValueError(f"images must be [N, H, W, C], received {list(array.shape)}{hint}")
    if 0 in array.shape:
        raise ValueError(f"images must not be empty, received {list(array.shape)}")
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(f"images must be uint8, bool or floats, received {array.dtype}")
    # Written so that NaN fails it.
    outside = ~((array >= 0) & (array <= 1))
    if outside.any():
        at = tuple(int(i) for i in np.unravel_index(outside.argmax(), array.shape))
        raise ValueError(f"images must be in [0, 1], received {array[at]} at index {list(at)}")
    return array.astype(np.float32)


def _from_folder(folder: Path) -> NDArray[np.float32]:
    if not folder.exists():
        raise DataMissing(f"{folder}: expected a folder of .png files, received a path of nothing")
    if not folder.is_dir():
        raise FormatError(folder, "the path", "a folder of .png files", "a file")
    paths = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() == ".png"),
        key=lambda path: path.name,
    )
    if not paths:
        raise ValueError(f"{folder}: no .png files: expected one at least")
    first = _read_png(paths[0], None)
    images = np.empty((len(paths), *first.shape), np.float32)
    for n, path in enumerate(paths):
        images[n] = _read_png(path, first.shape)
    images /= 255
    return images


def _read_png(path: Path, shape: tuple[int, ...] | None) -> NDArray[np.uint8]:
    """One PNG, uint8 [H, W, C]; its size and channels are compared before it is decompressed."""
    pillow = optional("PIL.Image", "pip install pillow")
    with open_file(path) as file:
        raw = file.read(min(size_of(file), 4 * MOST_PIXELS) + 1)
        _check_chunks(path, raw)
        try:
            with pillow.open(io.BytesIO(raw), formats=("PNG",)) as image:
                width, height = image.size
                if width * height > MOST_PIXELS:
                    raise FormatError(path, "pixels", f"at most {MOST_PIXELS}", width * height)
                if image.mode not in _MODES:
                    expected = "8-bit grey or RGB without alpha"
                    raise FormatError(path, "pixel format", expected, image.mode)
                mode = _MODES[image.mode]
                received = (height, width, len(mode))
                if shape is not None and received != shape:
                    expected = f"{list(shape)} as in the first file"
                    raise FormatError(path, "[H, W, C]", expected, list(received))
                return np.asarray(image.convert(mode), np.uint8).reshape(received)
        except FormatError:
            raise
        # Pillow has no one error for a bad file.
        except Exception as error:
            raise FormatError(path, "PNG", "a sound PNG", error) from None


def _check_chunks(path: Path, raw: bytes) -> None:
    """length | kind | data | checksum, again and again: each inside the file, which ends with IEND.

    Pillow would set aside whatever a length asks for.
    """
    if len(raw) > 4 * MOST_PIXELS:
        raise FormatError(path, "length", f"at most {4 * MOST_PIXELS} bytes", "more")
    at, kind = len(_MAGIC), b""
    if not raw.startswith(_MAGIC):
        raise FormatError(path, "offset 0", "the magic number of PNG", raw[:8].hex())
    while kind != b"IEND":
        length, kind = int.from_bytes(raw[at : at + 4], "big"), raw[at + 4 : at + 8]
        if at + 12 + length > len(raw):
            raise FormatError(path, f"chunk at offset {at}", "a chunk inside the file", length)
        at += 12 + length
    if at != len(raw):
        raise FormatError(path, "after IEND", "end of the file", f"{len(raw) - at} bytes")
