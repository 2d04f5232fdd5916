"""The known data sets: where each file comes from, its length and digest, and where it lies here.

A file is looked for in the folder `PYDIS_DATA`, then in the cache, `~/.cache/pydis`.  Nothing is
downloaded unless asked for, and nothing is kept whose digest differs.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydis.data.errors import DataMissing, FormatError, open_file, size_of

Name = Literal["dsprites", "fashion-mnist", "mnist"]
DigestKind = Literal["sha256", "git-blob"]


@dataclass(frozen=True)
class File:
    """One file: a git-blob digest is sha1("blob " + length + NUL + content)."""

    name: str
    url: str
    digest: str
    size: int | None = None
    kind: DigestKind = "sha256"
    longest: int = 1 << 26

    @property
    def cap(self) -> int:
        """No more bytes than this are ever downloaded."""
        return self.longest if self.size is None else self.size


@dataclass(frozen=True)
class DataSet:
    """Files that belong together, and under which licence."""

    what: str
    licence: str
    files: tuple[File, ...]


_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FASHION = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"
_DSPRITES = "https://github.com/google-deepmind/dsprites-dataset/raw/master/"


def _idx(base: str, name: str, size: int, digest: str) -> File:
    return File(f"{name}-ubyte.gz", f"{base}{name}-ubyte.gz", digest, size)


DATA_SETS: dict[Name, DataSet] = {
    "dsprites": DataSet(
        "737,280 binary shapes, 64 x 64, as published; pydis renders them without this file",
        "Apache-2.0",
        (
            File(
                "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
                _DSPRITES + "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
                "d98996d3f8ee1550e06b9d4ed78d0beb478910d5",
                kind="git-blob",
            ),
        ),
    ),
    "fashion-mnist": DataSet(
        "70,000 pictures of clothes, 28 x 28, ten classes",
        "MIT",
        (
            _idx(_FASHION, "train-images-idx3", 26_421_880,
                 "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            _idx(_FASHION, "train-labels-idx1", 29_515,
                 "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            _idx(_FASHION, "t10k-images-idx3", 4_422_102,
                 "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            _idx(_FASHION, "t10k-labels-idx1", 5_148,
                 "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ),
    ),
    "mnist": DataSet(
        "70,000 handwritten digits, 28 x 28",
        "CC BY-SA 3.0",
        (
            _idx(_MNIST, "train-images-idx3", 9_912_422,
                 "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            _idx(_MNIST, "train-labels-idx1", 28_881,
                 "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            _idx(_MNIST, "t10k-images-idx3", 1_648_877,
                 "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            _idx(_MNIST, "t10k-labels-idx1", 4_542,
                 "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ),
}  # fmt: skip


def find(name: Name, file: str) -> Path:
    """Where a file of a data set lies: PYDIS_DATA/name/file, PYDIS_DATA/file, the cache.

    Data sets share file names, so PYDIS_DATA/file counts only if its length is the published one.
    Raises DataMissing with the places looked at, ValueError if the file is not of this data set.
    """
    record = _record(name, file)
    places = list(_places(name, record))
    for place, any_length in places:
        if place.is_file() and (any_length or place.stat().st_size == record.size):
            return place
    looked = ", ".join(str(place) for place, _ in places)
    unset = "" if _own_folder() else " (PYDIS_DATA is not set)"
    raise DataMissing(
        f"{name}: no {file}: looked at {looked}{unset}; get it: pydis data fetch {name}"
    )


def check(name: Name) -> dict[str, str | None]:
    """The files of a data set, each with what is wrong with it, or None."""
    problems: dict[str, str | None] = {}
    for record in data_set(name).files:
        try:
            verify(find(name, record.name), record)
            problems[record.name] = None
        except (OSError, FormatError) as error:
            problems[record.name] = str(error)
    return problems


def verify(path: Path, record: File) -> None:
    """Raises FormatError unless length and digest of the file are the published ones."""
    with open_file(path) as file:
        size = size_of(file)
        if record.size is not None and size != record.size:
            raise FormatError(path, "length", f"{record.size} bytes", f"{size} bytes")
        if size > record.cap:
            raise FormatError(path, "length", f"at most {record.cap} bytes", f"{size} bytes")
        digest = hashlib.sha256() if record.kind == "sha256" else _sha1(b"blob %d\0" % size)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != record.digest:
        raise FormatError(path, record.kind, record.digest, digest.hexdigest())


def data_set(name: Name) -> DataSet:
    """The record of a data set. Raises ValueError if it is not known."""
    if name not in DATA_SETS:
        raise ValueError(f"data set must be one of {', '.join(get_args(Name))}, received {name!r}")
    return DATA_SETS[name]


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/pydis, or ~/.cache/pydis; the XDG rules ignore a relative path."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "pydis"


def _own_folder() -> Path | None:
    given = os.environ.get("PYDIS_DATA", "")
    return Path(given) if given else None


def _places(name: Name, record: File) -> Iterator[tuple[Path, bool]]:
    """Each place, and whether a file of any length counts there."""
    own = _own_folder()
    if own:
        yield own / name / record.name, True
        yield own / record.name, record.size is None
    yield cache_folder() / name / record.name, True


def _record(name: Name, file: str) -> File:
    for record in data_set(name).files:
        if record.name == file:
            return record
    raise ValueError(f"{name} has no file {file!r}")


def _sha1(start: bytes) -> "hashlib._Hash":
    return hashlib.sha1(start, usedforsecurity=False)
