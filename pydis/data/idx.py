"""IDX, the format of MNIST: a magic number, the dimensions, the numbers, all big-endian.

    00 00 | code of the type | n | d_1 .. d_n, 4 bytes each | d_1 * .. * d_n numbers

The caller declares the shape, so the length of a sound file is known before it is read.  A file may
be compressed by gzip; no more is ever decompressed than the declared length and one byte.
"""

import math
import os
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pydis.data.errors import FormatError, open_file, size_of

CODES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


def read(
    path: str | os.PathLike[str], shape: tuple[int, ...], dtype: DTypeLike = np.uint8
) -> NDArray[Any]:
    """The array of an IDX file that must have this shape and dtype.

    Raises FileNotFoundError if there is no file, FormatError if it is another array, is cut short
    or goes on after its end.
    """
    wanted = np.dtype(dtype)
    head = 4 + 4 * len(shape)
    length = math.prod(shape) * wanted.itemsize
    with open_file(path) as file:
        size, compressed = size_of(file), file.read(2) == _GZIP
        # Deflate never adds more than 5 bytes to 16 KiB; gzip adds a header, here of up to 4 KiB.
        longest = head + length + (length // 1000 + 4096 if compressed else 0)
        if size > longest:
            raise FormatError(path, "length of the file", f"at most {longest} bytes", size)
        file.seek(0)
        raw = file.read(size)
    source = _Gzip(path, raw) if compressed else _Plain(raw)
    del raw
    _check_head(path, source.take(head), shape, wanted)
    body = source.take(length + 1)
    if len(body) != length:
        received = f"{len(body)}" if len(body) < length else "more"
        raise FormatError(path, f"bytes after the header (offset {head})", length, received)
    source.end()
    code = next(code for code, name in CODES.items() if np.dtype(name) == wanted.newbyteorder(">"))
    return np.frombuffer(body, CODES[code]).reshape(shape).astype(wanted.newbyteorder("="))


class _Plain:
    """Bytes as they lie in the file."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def take(self, n: int) -> bytes:
        self.at += n
        return self.raw[self.at - n : self.at]

    def end(self) -> None:
        """Nothing more to check: `take` of one byte more than there should be was short."""


class _Gzip:
    """The content of one gzip member, decompressed no further than asked."""

    def __init__(self, path: object, raw: bytes) -> None:
        self.path, self.rest, self.stream = path, raw, zlib.decompressobj(_GZIP_WINDOW)

    def take(self, n: int) -> bytes:
        try:
            taken = self.stream.decompress(self.rest, n)
        except zlib.error as error:
            raise FormatError(self.path, "gzip stream", "valid gzip", error) from None
        self.rest = self.stream.unconsumed_tail
        return taken

    def end(self) -> None:
        """The member has ended, its checksum was right, and nothing follows it."""
        if not self.stream.eof:
            raise FormatError(self.path, "end of the gzip stream", "a checksum", "end of the file")
        if self.stream.unused_data:
            n = len(self.stream.unused_data)
            raise FormatError(self.path, "after the gzip stream", "end of the file", f"{n} bytes")


def _check_head(path: object, head: bytes, shape: tuple[int, ...], wanted: np.dtype[Any]) -> None:
    """The header is the one that shape and dtype prescribe, byte for byte."""
    if len(head) < 4 + 4 * len(shape):
        raise FormatError(path, "header", f"{4 + 4 * len(shape)} bytes", f"{len(head)} bytes")
    zeros, code, n = struct.unpack(">HBB", head[:4])
    if zeros != 0 or code not in CODES:
        raise FormatError(path, "magic number (offset 0)", "0000 and a type code", head[:4].hex())
    if np.dtype(CODES[code]) != wanted.newbyteorder(">"):
        received = np.dtype(CODES[code]).name
        raise FormatError(path, "type code (offset 2)", wanted.name, received)
    if n != len(shape):
        raise FormatError(path, "number of dimensions (offset 3)", len(shape), n)
    dimensions = struct.unpack(f">{n}I", head[4:])
    if dimensions != shape:
        raise FormatError(path, "dimensions (offset 4)", list(shape), list(dimensions))
