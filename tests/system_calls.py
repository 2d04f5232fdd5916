"""Every call to the system that a run makes in its folder, numbered; one may be made to fail.

The functions by which Python reaches the system are replaced for a block: those of `os`, the
opening of files, what is done with an open file, the lock. Only calls on paths below the watched
folder count, and calls on descriptors, which nobody else makes meanwhile.
"""

import builtins
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import safetensors

ON_PATHS = ("mkdir", "replace", "rename", "unlink", "rmdir", "scandir", "listdir", "open")
ON_DESCRIPTORS = ("fsync", "close")
ON_FILES = ("read", "write", "flush", "seek", "truncate", "close")


class Calls:
    """The calls so far, by name and file; call number `fails_at` raises `error`."""

    def __init__(self, folder: Path, fails_at: int | None = None, error: Any = None) -> None:
        self.folder, self.fails_at, self.error = str(folder), fails_at, error
        self.seen: list[str] = []
        self.failed = False

    def begin(self, name: str, path: Any = "") -> None:
        """Count a call, and fail it if it is the one. One fault is planted, once."""
        self.seen.append(f"{name} {Path(str(path)).name}".strip())
        if len(self.seen) - 1 == self.fails_at:
            self.failed = True
            raise self.error

    def concerns(self, path: Any) -> bool:
        """Whether a path lies in the watched folder."""
        return isinstance(path, str | os.PathLike) and str(path).startswith(self.folder)


class File:
    """An open file whose calls count. A failing write writes a half, a failing close closes."""

    def __init__(self, file: Any, path: Any, calls: Calls) -> None:
        self._file, self._path, self._calls = file, path, calls

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._file, name)
        if name not in ON_FILES:
            return value

        def call(*arguments: Any) -> Any:
            try:
                self._calls.begin(f"file.{name}", self._path)
            except BaseException:
                if name == "write":
                    value(arguments[0][: len(arguments[0]) // 2])
                if name == "close":
                    value()
                raise
            return value(*arguments)

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def watched(calls: Calls) -> Iterator[Calls]:
    """Count the calls of a block, and fail the one that shall."""
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        for name in ON_PATHS:
            patch.setattr(os, name, _on_path(calls, f"os.{name}", getattr(os, name)))
        for name in ON_DESCRIPTORS:
            right = None if name == "fsync" else getattr(os, name)
            patch.setattr(os, name, _on_descriptor(calls, f"os.{name}", right))
        opening = _opening(calls, io.open)
        patch.setattr(io, "open", opening)
        patch.setattr(builtins, "open", opening)
        patch.setattr(fcntl, "flock", _on_descriptor(calls, "flock", fcntl.flock))
        safe_open = _on_path(calls, "safe_open", safetensors.safe_open)
        patch.setattr(safetensors, "safe_open", safe_open)
        yield calls


def _on_path(calls: Calls, name: str, right: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any, *arguments: Any, **options: Any) -> Any:
        if calls.concerns(path):
            calls.begin(name, path)
        return right(path, *arguments, **options)

    return call


def _on_descriptor(calls: Calls, name: str, right: Callable[..., Any] | None) -> Callable[..., Any]:
    """Of `fsync` only the failure is of interest: the disk is not waited for."""

    def call(descriptor: Any, *arguments: Any) -> Any:
        try:
            calls.begin(name)
        except BaseException:
            if name == "os.close":
                right(descriptor)  # as the system does: a close that fails has closed
            raise
        return right(descriptor, *arguments) if right else None

    return call


def _opening(calls: Calls, right: Callable[..., Any]) -> Callable[..., Any]:
    def call(path: Any, *arguments: Any, **options: Any) -> Any:
        if not calls.concerns(path):
            return right(path, *arguments, **options)
        calls.begin("open", path)
        return File(right(path, *arguments, **options), path, calls)

    return call
