"""Getting a known file: https only, no longer than published, its digest compared before use."""

import os
import tempfile
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

from pydis.data.errors import DataMissing, FormatError, optional
from pydis.data.registry import File, Name, cache_folder, data_set, find, verify

TIMEOUT = 30.0
"""Seconds without a byte after which a download is given up."""


class Capped:
    """A file that takes no more bytes than it was promised: an endless answer ends here."""

    def __init__(self, file: IO[bytes], url: str, cap: int) -> None:
        self.file, self.url, self.cap, self.written = file, url, cap, 0

    def write(self, chunk: bytes) -> int:
        """Write, or raise FormatError if that would pass the cap."""
        self.written += len(chunk)
        if self.written > self.cap:
            raise FormatError(self.url, "length", f"at most {self.cap} bytes", "more")
        return self.file.write(chunk)

    def flush(self) -> None:
        """Nothing: the file is flushed once, when it is whole."""


def fetch(name: Name) -> list[Path]:
    """The files of a data set, those that are missing or damaged downloaded into the cache.

    Raises ImportError without pooch, FormatError if an answer is too long or has another digest,
    OSError if the network or the disk fails; none of them leaves a file behind.
    """
    return [_fetch_file(name, record) for record in data_set(name).files]


def download(url: str, into: Capped) -> None:
    """One GET by pooch; every redirect must lead to https again."""
    pooch = optional("pooch", "pip install 'pydis[data]'")
    get = pooch.HTTPDownloader(
        chunk_size=1 << 16, timeout=TIMEOUT, hooks={"response": refuse_plain_http}
    )
    get(url, into, None)


def refuse_plain_http(response: Any, *_: Any, **__: Any) -> None:
    """Raises FormatError if an answer came from, or sends on to, anything but https."""
    target = urljoin(response.url, response.headers.get("location", ""))
    for url in (response.url, target):
        check_https(url)


def check_https(url: str) -> None:
    """Raises FormatError unless the URL is https."""
    if urlsplit(url).scheme != "https":
        raise FormatError(url, "URL", "https", urlsplit(url).scheme)


def _fetch_file(name: Name, record: File) -> Path:
    try:
        here = find(name, record.name)
        verify(here, record)
        return here
    except (DataMissing, FormatError):
        pass  # an absent file and a damaged one are both fetched
    check_https(record.url)
    folder = cache_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    # Two processes write two files; both are right, and either may be renamed last.
    descriptor, beside = tempfile.mkstemp(prefix=f".{record.name}.", suffix=".part", dir=folder)
    part = Path(beside)
    try:
        with os.fdopen(descriptor, "wb") as file:
            download(record.url, Capped(file, record.url, record.cap))
            file.flush()
            os.fsync(file.fileno())
        verify(part, record)
        return part.replace(folder / record.name)
    finally:
        part.unlink(missing_ok=True)
