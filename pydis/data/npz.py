"""NumPy's .npz, read as what it is: a zip of .npy files, of which a few are wanted by exact name.

The caller declares shape and dtype of a member; its header must be the text of just that, so there
is nothing to evaluate, no pickle to load and no length that a header could invent.  Nothing is
written to disk, other members are not opened, and no more is decompressed than was declared.
"""

import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pydis.data.errors import FormatError, open_file, size_of


class Member(NamedTuple):
    """What a member must be."""

    shape: tuple[int, ...]
    dtype: DTypeLike


_END = struct.Struct("<4s4H2IH")
_LONGEST_DIRECTORY = 65_536
_LONGEST_HEADER = 4_096
# The densest deflate stream spends two bits on 258 bytes.
_DENSEST = 1_032
_BLOCK = 1 << 22
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1

# Python 2 wrote long integers with an L.
_HEADER = re.compile(
    r"\{'descr': (?P<descr>.{1,999}?), 'fortran_order': (?P<order>True|False), "
    r"'shape': \((?P<shape>[0-9L, ]{0,999})\), \} *\n"
)

_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError,
    KeyError, IndexError, OverflowError, struct.error,
)  # fmt: skip


def read(path: str | os.PathLike[str], members: Mapping[str, Member]) -> dict[str, NDArray[Any]]:
    """The declared members as arrays.

    Raises FileNotFoundError if there is no file, FormatError if a member is missing, occurs twice,
    is another array, needs pickle, or does not decompress to what its checksum says.
    """
    arrays = {}
    for name, member in members.items():
        blocks = stream(path, name, member, rows=1 << 62)
        arrays[name] = next(blocks)
        next(blocks, None)
    return arrays


def stream(
    path: str | os.PathLike[str], name: str, member: Member, rows: int = 4096
) -> Iterator[NDArray[Any]]:
    """One member in blocks of at most `rows` along the first axis.

    The checksum is compared after the last block: an error may come when others were given out.
    """
    dtype = np.dtype(member.dtype)
    with open_file(path) as file:
        try:
            archive = _archive(path, file)
            info = _entry(path, archive, f"{name}.npy")
            with archive.open(info) as content:
                _check_header(path, name, content, info, Member(member.shape, dtype))
                count = member.shape[0] if member.shape else 1
                inner = member.shape[1:]
                for start in range(0, max(count, 1), rows):
                    n = min(rows, count - start)
                    block = np.empty((n, *inner) if member.shape else (), dtype)
                    _fill(path, name, content, block)
                    yield block
                if content.read(1):
                    raise FormatError(path, name, "the end of the array", "more bytes")
                _check_end(path, name, content)
        except FormatError:
            raise
        except _ZIP_ERRORS as error:
            raise FormatError(path, name, "a sound zip member", error) from None


def _archive(path: object, file: BinaryIO) -> zipfile.ZipFile:
    """The zip, if it begins and ends with the file and has no directory that fills the memory."""
    size = size_of(file)
    start = file.read(4)
    if start != b"PK\x03\x04":
        raise FormatError(path, "offset 0", "a zip member", start or "end of the file")
    file.seek(max(size - _END.size - 20, 0))
    tail = file.read(_END.size + 20)
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\x05\x06":
        raise FormatError(path, "end of the file", "a zip directory without comment", "other bytes")
    fields = _END.unpack(tail[-_END.size :])
    length, offset, comment = fields[5:]
    if tail.startswith(b"PK\x06\x07") or comment:
        raise FormatError(path, "end of the file", "a plain zip directory", "zip64 or a comment")
    if length > _LONGEST_DIRECTORY:
        raise FormatError(path, "zip directory", f"at most {_LONGEST_DIRECTORY} bytes", length)
    if offset + length + _END.size != size:
        raise FormatError(path, "offset of the zip directory", size - length - _END.size, offset)
    return zipfile.ZipFile(file)


def _entry(path: object, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The one member of this exact name, if it can be read by deflate alone."""
    found = [info for info in archive.infolist() if info.orig_filename == name]
    if len(found) != 1:
        raise FormatError(path, "zip directory", f"one member {name!r}", f"{len(found)} of it")
    info = found[0]
    if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
        received = f"method {info.compress_type}, flags {info.flag_bits}"
        raise FormatError(path, name, "a stored or deflated member", received)
    if info.file_size > _DENSEST * (info.compress_size + 1):
        received = f"{info.file_size} from {info.compress_size}"
        raise FormatError(path, f"{name}: bytes", "what deflate can reach", received)
    return info


def _check_header(
    path: object, name: str, content: IO[bytes], info: zipfile.ZipInfo, member: Member
) -> None:
    """The .npy header says the declared dtype and shape, C order, and the member is as long."""
    dtype = np.dtype(member.dtype)
    start = content.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0"):
        raise FormatError(path, f"{name}: offset 0", "the magic number of .npy", start)
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(content.read(width), "little")
    if length > _LONGEST_HEADER:
        raise FormatError(path, f"{name}: header", f"at most {_LONGEST_HEADER} bytes", length)
    text = content.read(length).decode("latin-1")
    match = _HEADER.fullmatch(text)
    if len(text) != length or match is None:
        raise FormatError(path, f"{name}: header", "descr, fortran_order and shape", repr(text))
    if match["descr"] != repr(dtype.str):
        pickled = " (pickled objects are not read)" if "O" in match["descr"] else ""
        raise FormatError(path, f"{name}: dtype", repr(dtype.str), match["descr"] + pickled)
    if match["order"] != "False" and len(member.shape) > 1:
        raise FormatError(path, f"{name}: order", "C order", "Fortran order")
    if match["shape"].replace("L", "") != str(member.shape)[1:-1]:
        raise FormatError(path, f"{name}: shape", str(member.shape), f"({match['shape']})")
    size = 8 + width + length + math.prod(member.shape) * dtype.itemsize
    if info.file_size != size:
        raise FormatError(path, f"{name}: bytes", size, info.file_size)


def _check_end(path: object, name: str, content: IO[bytes]) -> None:
    """The compressed bytes ended with the array: zipfile stops reading and does not look."""
    stream = getattr(content, "_decompressor", None)
    left = getattr(content, "_compress_left", 0)
    if left or (stream is not None and not (stream.eof and not stream.unused_data)):
        raise FormatError(path, f"{name}: compressed bytes", "an end with the array", "more")


def _fill(path: object, name: str, content: IO[bytes], block: NDArray[Any]) -> None:
    """Read the bytes of an array, a few MiB at a time."""
    target = block.reshape(-1).view(np.uint8)
    for start in range(0, target.size, _BLOCK):
        piece = target[start : start + _BLOCK]
        given = content.read(piece.size)
        if len(given) != piece.size:
            raise FormatError(path, f"{name}: bytes", "the whole array", "end of the member")
        piece[:] = np.frombuffer(given, np.uint8)
