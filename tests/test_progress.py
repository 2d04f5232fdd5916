"""A run goes on when nobody watches any more: stderr broken, closed or missing."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import left_by, registered, small_config, unflushed, uninterrupted  # noqa: F401

from pydis.models import BetaVAE
from pydis.training import make_run, open_run, progress, train
from pydis.training.progress import Screen


class Broken(io.StringIO):
    """A pipe whose reader is gone, or a terminal that was closed."""

    def __init__(self, error: Exception, terminal: bool = False) -> None:
        super().__init__()
        self.error, self.terminal, self.asked = error, terminal, 0

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.asked += 1
        raise self.error

    def flush(self) -> None:
        raise self.error


CLOSED = io.StringIO()
CLOSED.close()
SCREENS = {
    "pipe": Broken(BrokenPipeError(32, "Broken pipe")),
    "disk full": Broken(OSError(28, "No space left on device")),
    "terminal": Broken(OSError(5, "Input/output error"), terminal=True),
    "terminal, pipe": Broken(BrokenPipeError(32, "Broken pipe"), terminal=True),
    "closed": CLOSED,
    "none": None,
}


@pytest.mark.parametrize("name", SCREENS)
def test_a_broken_screen_does_not_end_a_run(name: str, tmp_path: Path, monkeypatch) -> None:
    expected = uninterrupted(small_config(), tmp_path / "whole")
    run = make_run(small_config(), tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", SCREENS[name])
        with progress(6) as report:
            train(run, report)
    assert left_by(run.folder) == expected
    if isinstance(SCREENS[name], Broken):
        assert SCREENS[name].asked > 0


def test_writing_to_it_directly_would(tmp_path: Path, monkeypatch) -> None:
    """Negative control."""
    monkeypatch.setattr(Screen, "write", lambda self, text: sys.stderr.write(text))
    run = make_run(small_config(), tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", SCREENS["pipe"])
        with pytest.raises(BrokenPipeError), progress(6) as report:
            train(run, report)


def test_a_whole_screen_shows_everything(capsys) -> None:
    with progress(2) as report:
        report(1, {"loss": 3.0})
        report(2, {"loss": 2.0})
    assert "step 2 of 2" in capsys.readouterr().err


def test_a_terminal_that_is_closed_does_not_end_a_run(tmp_path: Path) -> None:
    """A real one: its other side is closed after some steps, and every later write fails."""
    folder = make_run(small_config(BetaVAE(latents=2), steps=60), tmp_path / "run").folder
    ours, theirs = pty.openpty()
    code = """
import signal, sys
from pathlib import Path
from pydis.training import open_run, progress, train
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with progress(60) as report:
    train(open_run(Path(sys.argv[1])), report)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stderr=theirs, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    while b"loss 1" not in shown and b"loss 2" not in shown:
        shown += os.read(ours, 1000)
    assert re.search(rb"\d+/60", shown)  # the bar, with the terms
    os.close(ours)
    assert child.wait(timeout=60) == 0
    checkpoint, _ = open_run(folder).last_checkpoint()
    assert checkpoint is not None and checkpoint.step == 60
