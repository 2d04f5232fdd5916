"""Command lines as child processes that get a signal at a chosen moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1"}


class Ended(NamedTuple):
    """How a child ended: what a shell would see as its status, and how long after the signal."""

    status: int
    seconds: float
    output: str


def start(*arguments: str, before: str = "") -> "subprocess.Popen[str]":
    """`pydis …` after the lines of Python `before`, with both outputs in one pipe."""
    code = f"import sys\nfrom pydis.cli import main\n{before}\nsys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
    )


def wait_until(holds: Callable[[], bool], child: "subprocess.Popen[str]") -> None:
    """Look again and again; a child that ended, or a minute without it, is an error."""
    until = time.monotonic() + 60
    while not holds():
        if child.poll() is not None or time.monotonic() > until:
            child.kill()
            raise AssertionError(f"it never came to it: {child.communicate()[0]}")
        time.sleep(0.002)


def wait_for_line(child: "subprocess.Popen[str]", said: str) -> None:
    """Read until the child has printed a line."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == said:
            return
    raise AssertionError(f"it never said {said!r}")


def stopped(child: "subprocess.Popen[str]", number: int) -> Ended:
    """Send the signal, wait for the end."""
    began = time.monotonic()
    child.send_signal(number)
    output = child.communicate(timeout=60)[0]
    seconds = time.monotonic() - began
    status = child.returncode if child.returncode >= 0 else 128 - child.returncode
    return Ended(status, seconds, output)


def lines(path: Path) -> int:
    """How many lines a log has so far."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


SIGNALS = {"SIGINT": (signal.SIGINT, 130), "SIGTERM": (signal.SIGTERM, 143)}
