"""What can go wrong with a file: it is not there, or it is not what its format promises."""

import errno
import importlib
import os
import stat
from typing import Any, BinaryIO

from pydis.backends.interrupts import ctrl_c_waits


class FormatError(ValueError):
    """A file breaks its format: `where` in `file`, what was expected and what stands there."""

    def __init__(self, file: object, where: str, expected: object, received: object) -> None:
        super().__init__(str(file), where, str(expected), str(received))
        self.file, self.where, self.expected, self.received = self.args

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: expected {self.expected}, received {self.received:.200}"


class DataMissing(FileNotFoundError):
    """A known file is in none of the places looked at."""


def open_file(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading, and nothing else: no folder, pipe or device.

    Raises FileNotFoundError if there is none, FormatError if it is something else.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENOTDIR):
            raise
        raise FormatError(path, "the file", "a regular file", error.strerror) from None
    except ValueError as error:  # a NUL in the name
        raise FormatError(repr(path), "the name", "a name of a file", error) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FormatError(path, "the file", "a regular file", "a folder, pipe or device")
    return os.fdopen(descriptor, "rb")


def size_of(file: BinaryIO) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size


def optional(module: str, install: str) -> Any:
    """An optional library, imported where it is used.

    Raises ImportError with the command that installs it.
    """
    try:
        with ctrl_c_waits():
            return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise ImportError(f"{name} is needed here: {install} ({error})") from error
