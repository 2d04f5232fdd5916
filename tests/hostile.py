"""Files that lie: each is a name, the content, and the reader that must refuse it.

The readers expect one sound array of each kind: IDX uint8 [10, 28, 28], .npz "imgs" uint8
[40, 8, 8], PNG grey 6 x 5.
"""

import functools
import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pydis.data import arrays, idx, npz

IDX_SHAPE = (10, 28, 28)
NPZ_SHAPE = (40, 8, 8)
NPZ_BIG = (1 << 10, 256, 256)
GIB = 1 << 30


def read_idx(path: Path) -> Any:
    return idx.read(path, IDX_SHAPE)


def read_idx_big(path: Path) -> Any:
    return idx.read(path, (60_000, 28, 28))


def read_npz(path: Path) -> Any:
    return npz.read(path, {"imgs": npz.Member(NPZ_SHAPE, np.uint8)})["imgs"]


def read_npz_big(path: Path) -> Any:
    """Only the first block of 64 MiB."""
    return next(npz.stream(path, "imgs", npz.Member(NPZ_BIG, np.uint8), 16))


def read_png(path: Path) -> Any:
    return arrays._read_png(path, (5, 6, 1))


class Case(NamedTuple):
    name: str
    content: bytes
    read: Callable[[Path], Any]


# IDX


def idx_bytes(dims=IDX_SHAPE, code=8, body: bytes | None = None, zeros=0) -> bytes:
    body = bytes(int(np.prod(IDX_SHAPE))) if body is None else body
    return struct.pack(f">HBB{len(dims)}I", zeros, code, len(dims), *dims) + body


def good_idx() -> bytes:
    pixels = np.random.default_rng(0).integers(256, size=IDX_SHAPE, dtype=np.uint8)
    return idx_bytes(body=pixels.tobytes())


@functools.cache
def zeros_deflated(n: int = GIB) -> bytes:
    """About a thousandth of n bytes that inflate to n zeros, without an end."""
    chunk = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = chunk.compress(bytes(1 << 20)) + chunk.flush(zlib.Z_FULL_FLUSH)
    return piece * (n >> 20)


def deflated(data: bytes) -> bytes:
    """A raw deflate stream of the data that goes on."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush(zlib.Z_FULL_FLUSH)


GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"


def idx_cases() -> Iterator[Case]:
    plain, packed = good_idx(), gzip.compress(good_idx(), mtime=0)
    big = 0xFFFFFFFF
    huge_name = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + b"n" * (1 << 20) + b"\0" + packed[10:]
    table = {
        "empty": b"",
        "one byte": b"\0",
        "three bytes": plain[:3],
        "header cut": plain[:9],
        "header only": plain[:16],
        "last byte missing": plain[:-1],
        "one byte more": plain + b"\0",
        "twice": plain + plain,
        "text": b"<!DOCTYPE html><html>404</html>",
        "wrong magic": idx_bytes(zeros=7),
        "unknown type": idx_bytes(code=0x0A),
        "another type": idx_bytes(code=0x0E),
        "signed": idx_bytes(code=9),
        "no dimensions": b"\0\0\x08\0" + plain[4:],
        "255 dimensions": b"\0\0\x08\xff" + b"\1" * 1020,
        "two dimensions": idx_bytes((10, 784)),
        "fewer images": idx_bytes((9, 28, 28)),
        "more images": idx_bytes((11, 28, 28)),
        "same product": idx_bytes((28, 10, 28)),
        "product is 0 modulo 2^64": idx_bytes((1 << 31, 1 << 31, 4)),
        "largest dimensions": idx_bytes((big, big, big)),
        "zero dimension": idx_bytes((0, 28, 28), body=b""),
        "little-endian": struct.pack("<HBB3I", 0, 8, 3, *IDX_SHAPE) + plain[16:],
        "gzip magic only": b"\x1f\x8b",
        "gzip header only": packed[:10],
        "gzip cut in the middle": packed[: len(packed) // 2],
        "gzip without its checksum": packed[:-8],
        "gzip cut by a byte": packed[:-1],
        "gzip wrong checksum": packed[:-8] + b"\0\0\0\0" + packed[-4:],
        "gzip wrong length": packed[:-4] + b"\xff\xff\xff\xff",
        "gzip trailing byte": packed + b"\0",
        "gzip two members": packed + packed,
        "gzip in gzip": gzip.compress(packed),
        "gzip unknown method": packed[:2] + b"\x07" + packed[3:],
        "gzip reserved flags": packed[:3] + b"\xe0" + packed[4:],
        "gzip bad block": packed[:10] + b"\xff" * 40 + packed[50:],
        "gzip name of 1 MiB": huge_name,
        "gzip bomb, small array": GZIP_HEAD + deflated(plain) + zeros_deflated(),
        "gzip of nothing": gzip.compress(b""),
        "gzip empty blocks": GZIP_HEAD + b"\0\0\0\xff\xff" * 2000,
        "xz": b"\xfd7zXZ\0" + bytes(100),
    }  # fmt: skip
    for name, content in table.items():
        yield Case(f"idx: {name}", content, read_idx)
    head = deflated(idx_bytes((60_000, 28, 28), body=b""))
    yield Case("idx: gzip bomb of 1 MB", GZIP_HEAD + head + zeros_deflated(), read_idx_big)
    yield Case("idx: plain, large claim", idx_bytes((60_000, 28, 28)), read_idx_big)


# .npz


def npy_head(descr="'|u1'", order="False", shape: object = NPZ_SHAPE, text: str | None = None):
    if text is None:
        text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    raw = text.encode("latin-1") + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(raw)) + raw


def good_npy() -> bytes:
    pixels = np.random.default_rng(0).integers(2, size=NPZ_SHAPE, dtype=np.uint8)
    return npy_head() + pixels.tobytes()


def zip_bytes(
    *members: tuple[bytes, bytes],
    data: bytes | None = None,
    method=8,
    flags=0,
    size: int | None = None,
    packed_size: int | None = None,
    crc: int | None = None,
    extra=b"",
    offset=0,
    shift=0,
    comment=b"",
) -> bytes:
    """A zip written by hand, so that every field can lie."""
    out, directory = b"", b""
    for name, raw in members:
        stream = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = data if data is not None else stream.compress(raw) + stream.flush()
        if method == 0 and data is None:
            packed = raw
        fields = (
            20, flags, method, 0, 33, zlib.crc32(raw) if crc is None else crc,
            len(packed) if packed_size is None else packed_size,
            len(raw) if size is None else size, len(name), len(extra),
        )  # fmt: skip
        local = len(out)
        out += struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + name + extra + packed
        directory += struct.pack("<4sH5H3I2H", b"PK\1\2", 20, *fields)
        directory += struct.pack("<3H2I", 0, 0, 0, 0, local + offset) + name + extra
    count = min(len(members), 0xFFFF)
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(out) + shift, len(comment)
    )
    return out + directory + end + comment


def good_npz() -> bytes:
    return zip_bytes((b"labels.npy", npy_head() + b"\1" * 5), (b"imgs.npy", good_npy()))


def pickled_npz(payload: Any) -> bytes:
    array = np.empty(NPZ_SHAPE, object)
    array[:] = 0
    array.flat[0] = payload
    buffer = io.BytesIO()
    np.savez(buffer, imgs=array)
    return buffer.getvalue()


class Payload:
    """What a pickle may do when it is loaded."""

    def __reduce__(self) -> Any:
        return (print, ("a pickle was loaded",))


def npz_cases() -> Iterator[Case]:
    good, npy, name = good_npz(), good_npy(), b"imgs.npy"
    body = npy[len(npy_head()) :]

    def one(raw: bytes, **lies: Any) -> bytes:
        return zip_bytes((name, raw), **lies)

    evil = "__import__('os').system('true')"
    central = good.index(b"PK\1\2")
    table = {
        "empty": b"",
        "one byte": b"P",
        "text": b"not a zip at all, but long enough to hold a directory",
        "empty zip": zip_bytes(),
        "directory only": good[central:],
        "cut at a quarter": good[: len(good) // 4],
        "cut at a half": good[: len(good) // 2],
        "cut by a byte": good[:-1],
        "without directory": good[:central],
        "trailing byte": good + b"\0",
        "twice": good + good,
        "GIF before it": b"GIF89a" + good,
        "comment": zip_bytes((name, npy), comment=b"PK\5\6" + bytes(18)),
        "directory elsewhere": one(npy, shift=1),
        "directory far away": one(npy, shift=1 << 30),
        "member elsewhere": one(npy, offset=7),
        "member beyond the end": one(npy, offset=1 << 30),
        "zip64 end": good[:-22] + b"PK\x06\x07" + bytes(16) + good[-22:],
        "member missing": zip_bytes((b"labels.npy", npy)),
        "duplicate": zip_bytes((name, npy), (name, npy)),
        "parent folder": zip_bytes((b"../imgs.npy", npy)),
        "absolute path": zip_bytes((b"/imgs.npy", npy)),
        "drive": zip_bytes((b"C:\\imgs.npy", npy)),
        "NUL in the name": zip_bytes((b"imgs.npy\0.txt", npy)),
        "other case": zip_bytes((b"IMGS.npy", npy)),
        "20,000 members": zip_bytes(*[(b"%d" % i, b"") for i in range(20_000)]),
        "encrypted": one(npy, flags=1),
        "bzip2": one(npy, method=12),
        "lzma": one(npy, method=14),
        "unknown method": one(npy, method=99),
        "stored, but deflated": one(npy, method=0, data=zlib.compress(npy)),
        "deflated, but stored": one(npy, data=npy),
        "wrong checksum": one(npy, crc=1),
        "size too small": one(npy, size=len(npy) - 1),
        "size too large": one(npy, size=len(npy) + 1),
        "size 4 GiB": one(npy, size=0xFFFFFFFE),
        "packed size too large": one(npy, packed_size=1 << 30),
        "packed size zero": one(npy, packed_size=0),
        "zip64 size 4 TiB": one(
            npy, size=0xFFFFFFFF, extra=struct.pack("<HHQ", 1, 8, 1 << 42)
        ),
        "zip64 field cut": one(npy, size=0xFFFFFFFF, extra=struct.pack("<HH", 1, 8)),
        "bomb behind the array": one(npy, data=deflated(npy) + zeros_deflated()),
        "pickled": pickled_npz(Payload()),
        "pickled, by hand": one(npy_head("'|O'") + b"\x80\4c__builtin__\nexec\n."),
        "code in the header": one(npy_head(evil) + body),
        "code for the header": one(npy_head(text=evil) + body),
        "structured": one(npy_head("[('a', '|u1')]") + body),
        "another dtype": one(npy_head("'<f4'") + body),
        "another byte order": one(npy_head("'>u1'") + body),
        "Fortran order": one(npy_head(order="True") + body),
        "shape of terabytes": one(npy_head(shape=(1 << 20, 1 << 20, 8)) + body),
        "shape overflows": one(npy_head(shape=(1 << 32, 1 << 32, 1 << 32)) + body),
        "negative shape": one(npy_head(shape=(-40, -8, 8)) + body),
        "same product": one(npy_head(shape=(8, 40, 8)) + body),
        "more dimensions": one(npy_head(shape=(40, 8, 8, 1)) + body),
        "digits": one(npy_head(shape="(" + "9" * 3000 + ",)") + body),
        "many dimensions": one(npy_head(shape="(" + "1, " * 1000 + ")") + body),
        "parentheses": one(npy_head(text="(" * 4000) + body),
        "header of 64 KiB": one(npy_head(text=" " * 65_000) + body),
        "header of 4 GiB": one(b"\x93NUMPY\2\0\xff\xff\xff\xff" + npy[10:]),
        "header version": one(b"\x93NUMPY\3\0" + npy[8:]),
        "no magic": one(b"\x93NUMPX\1\0" + npy[8:]),
        "empty member": one(b""),
        "magic only": one(npy[:8]),
        "body cut": one(npy[:-1]),
        "body goes on": one(npy + b"\0"),
    }  # fmt: skip
    for case, content in table.items():
        yield Case(f"npz: {case}", content, read_npz)
    # The header is sound, and the file far too short for it.
    head = npy_head(shape=NPZ_BIG)
    lie = zip_bytes((name, head), size=len(head) + (1 << 26))
    yield Case("npz: 64 MiB from nothing", lie, read_npz_big)


# PNG


def png_bytes(
    width=6, height=5, depth=8, colour=0, pixels: bytes | None = None, chunks=b"", wrong_crc=False
) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data) ^ wrong_crc
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    body = zlib.compress(bytes(7 * 5)) if pixels is None else pixels
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunks
        + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )  # fmt: skip


def text_bomb() -> bytes:
    data = b"k\0\0" + b"\x78\x9c" + zeros_deflated(1 << 28)
    return (
        struct.pack(">I", len(data))
        + b"zTXt"
        + data
        + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    )


def png_cases() -> Iterator[Case]:
    good = png_bytes()
    gif = b"GIF89a\6\0\5\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\6\0\5\0\0\2\5\x84\x8f\xa9\xcb\5\0;"
    table = {
        "empty": b"",
        "magic only": good[:8],
        "header cut": good[:20],
        "pixels cut": good[:-30],
        "a GIF": gif,
        "text": b"hello",
        "wrong checksum": png_bytes(wrong_crc=True),
        "2^31 - 1 squared": png_bytes(2**31 - 1, 2**31 - 1),
        "10,000 squared": png_bytes(10_000, 10_000),
        "20,000 squared": png_bytes(20_000, 20_000),
        "no width": png_bytes(0, 5),
        "wider": png_bytes(7, 5),
        "16 bits": png_bytes(depth=16),
        "colour": png_bytes(colour=2),
        "alpha": png_bytes(colour=6),
        "unknown colour": png_bytes(colour=5),
        "no pixels": png_bytes(pixels=b""),
        "pixels are not deflated": png_bytes(pixels=b"\xff" * 50),
        "trailing byte": good + b"\0",
        "text bomb": png_bytes(chunks=text_bomb()),
        "chunk of 4 GiB": good[:33] + b"\xff\xff\xff\xffIDAT" + good[41:],
    }
    for name, content in table.items():
        yield Case(f"png: {name}", content, read_png)


def all_cases() -> list[Case]:
    return [*idx_cases(), *npz_cases(), *png_cases()]


def good_cases() -> list[Case]:
    return [
        Case("idx: plain", good_idx(), read_idx),
        Case("idx: gzip", gzip.compress(good_idx(), mtime=0), read_idx),
        Case("npz: by hand", good_npz(), read_npz),
        Case("npz: stored", zip_bytes((b"imgs.npy", good_npy()), method=0), read_npz),
        Case("npz: by NumPy", by_numpy(), read_npz),
        Case("npz: by Python 2", zip_bytes((b"imgs.npy", python2())), read_npz),
        Case("png", png_bytes(), read_png),
    ]


def by_numpy() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, imgs=np.zeros(NPZ_SHAPE, np.uint8), other=np.arange(3))
    assert zipfile.is_zipfile(buffer)
    return buffer.getvalue()


def python2() -> bytes:
    return npy_head(shape="(40L, 8L, 8L)") + bytes(int(np.prod(NPZ_SHAPE)))
