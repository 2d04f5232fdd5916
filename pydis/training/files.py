"""Files written whole or not at all, and a lock that dies with its process."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"


def write_whole(path: Path, content: bytes) -> None:
    """Write beside, flush to the disk, rename over, flush the folder.

    Raises OSError if any step fails, with nothing left beside `path`. Then `path` is untouched, or,
    where only the last flush failed, new and whole.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def remove_parts(folder: Path) -> None:
    """Remove what a process that was killed within `write_whole` left beside its files."""
    for path in folder.iterdir():
        if path.suffix == PART:
            path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Make what was appended to a file durable."""
    with path.open("ab") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file for a block; the system frees it when the process ends, however.

    Raises BlockingIOError with the holder's process and host where another process holds it. Where
    the system has no such locks (Windows), nothing is locked.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise BlockingIOError(file.read().strip() or "another process") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield
        file.truncate(0)
