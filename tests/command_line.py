"""One command as a user meets it, in this process: exit status, stdout, stderr, and files."""

import io
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from pydis.cli import main

QUICK = ["--steps", "2", "--batch", "2", "--latents", "2", "--backend", "numpy", "--threads", "1"]

Main = Callable[[Sequence[str]], int]


class Done(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """stderr without the lines of a box, as one line."""
        return " ".join(self.err.replace("│", " ").split())


def run(*arguments: object, main: Main = main) -> Done:
    """Run a command line. What the interpreter does with an uncaught error is done here too."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as error:  # how the option parser ends
            status = int(error.code or 0)
        except Exception:
            traceback.print_exc()
            status = 1
    return Done(status, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every name under a folder, with the bytes of the files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }
