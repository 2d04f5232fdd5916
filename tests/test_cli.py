"""The command line as a user meets it: results, messages and exit status."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import pydis.cli
from pydis.backends import BackendError, available
from pydis.cli import main
from pydis.data import DataMissing, FormatError
from pydis.training import CheckpointError, ConfigError, Interrupted, RunError, TrainingStopped

QUICK = ["--steps", "2", "--batch", "2", "--backend", "numpy", "--threads", "1"]


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of one command."""
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as error:  # how the option parser ends
        status = int(error.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def test_train_then_resume_then_report(capsys, tmp_path: Path):
    folder = tmp_path / "run"
    status, out, err = run(capsys, "train", "beta-vae", "--beta", "2", "--out", folder, *QUICK)
    assert status == 0 and out == "" and "step 2 of 2" in err
    assert 'name = "beta-vae"' in (folder / "config.toml").read_text()
    assert "beta = 2.0" in (folder / "config.toml").read_text()
    last = folder / "checkpoints" / "step-00000002.safetensors"
    before = last.read_bytes()
    last.unlink()
    status, _, err = run(capsys, "train", "--resume", folder)
    assert status == 0 and last.read_bytes() == before
    status, _, err = run(capsys, "train", "--resume", folder)
    assert status == 0 and "all 2 steps are done" in err
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    status, out, _ = run(capsys, "report", folder)
    assert status == 0 and (folder / "report.html").exists()
    assert re.search(r"linear R².*x -?\d\.\d+.*y -?\d\.\d+", out)
    assert re.search(r"active latents: \d+ of 10", out)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("model", ["vae", "beta-vae"])
def test_every_model_and_likelihood(capsys, tmp_path: Path, model: str, likelihood: str):
    out = tmp_path / "run"
    status, _, _ = run(capsys, "train", model, "--likelihood", likelihood, "--out", out, *QUICK)
    assert status == 0 and f'likelihood = "{likelihood}"' in (out / "config.toml").read_text()


def test_the_demo_trains_and_reports(capsys, tmp_path: Path):
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    folder = tmp_path / "demo"
    status, out, err = run(capsys, "demo", "--steps", "2", "--backend", "numpy", "--out", folder)
    assert status == 0 and f"report: {folder / 'report.html'}" in out
    assert "β = 4" in err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PYDIS_BACKEND", "abacus", "abacus"),
        ("PYDIS_THREADS", "many", "PYDIS_THREADS"),
        ("PYDIS_ISA", "abacus", "PYDIS_ISA=abacus"),
        ("PYDIS_MEMORY", "abacus", "PYDIS_MEMORY: expected on or off, received 'abacus'"),
    ],
)
def test_bad_environment(tmp_path: Path, name, value, message):
    command = [sys.executable, "-m", "pydis", "train", "vae", *QUICK[:4]]
    env = {k: v for k, v in os.environ.items() if k != "PYDIS_BACKEND"} | {name: value}
    done = subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_backend_that_is_missing_says_why(capsys, tmp_path: Path):
    if available()["cupy"].usable:
        pytest.skip("CuPy is usable here")
    status, _, err = run(capsys, "train", "vae", "--backend", "cupy", "--out", tmp_path / "run")
    assert status == 2 and "CuPy" in err and not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_is_status_three(capsys, tmp_path: Path):
    arguments = ["--learning-rate", "1e30", "--out", tmp_path / "run", *QUICK]
    status, out, err = run(capsys, "train", "vae", *arguments)
    assert (
        status == 3
        and out == ""
        and "step 2: not finite" in err
        and "no checkpoint was written" in err
    )


STOPPED = "stopped and saved after step 1 of 2"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (OSError(28, "No space left on device", "run/x"), 1, "No space left on device"),
        (ImportError("pooch is needed here: pip install 'pydis[data]'"), 1, "pip install"),
        (MemoryError("Unable to allocate 9 TiB"), 1, "Unable to allocate"),
        (MemoryError(), 1, "MemoryError"),
        (BackendError("no such"), 2, "no such"),
        (ConfigError("no such"), 2, "no such"),
        (RunError("no such"), 2, "no such"),
        (CheckpointError("no such"), 2, "no such"),
        (FormatError("file", "length", 3, 4), 2, "file: length: expected 3, received 4"),
        (DataMissing("mnist: no file"), 2, "mnist: no file"),
        (PermissionError(13, "Permission denied", "run"), 2, "Permission denied"),
        (TrainingStopped("step 2: not finite"), 3, "step 2: not finite"),
        (Interrupted(STOPPED, signal.SIGINT), 130, STOPPED),
        (Interrupted(STOPPED, signal.SIGTERM), 143, STOPPED),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_error_has_its_status(capsys, monkeypatch, error, status, line):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("pydis.cli._dispatch", fails)
    assert main(["info"]) == status
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("pydis: ") and err.count("\n") == 1 and line in err


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch):
    """Negative control: an error that is nobody's input is not dressed up as one."""

    def fails(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("pydis.cli._dispatch", fails)
    with pytest.raises(KeyError):
        main(["info"])


def test_help_and_docstring_say_the_statuses(capsys):
    _, out, _ = run(capsys, "--help")
    for number in ("0", "1", "2", "3", "130", "143"):
        assert re.search(rf"\b{number} [a-z]|\b{number} by", out)
        assert re.search(rf"(?m)^\| .*\b{number}\b", pydis.cli.__doc__)


def test_info(capsys):
    status, out, _ = run(capsys, "info")
    assert status == 0 and "backend numpy" in out
    status, out, _ = run(capsys, "info", "--json")
    about = json.loads(out)
    assert status == 0 and set(about["backends"]) == {"definition", "numpy", "cpp", "cupy"}
    assert about["backends"]["numpy"] == "available"
    assert (about["core"] is not None) == available()["cpp"].usable
    assert str(Path.home()) not in out


@pytest.mark.parametrize("verb", ["demo", "train", "report", "info"])
def test_every_verb_has_help(capsys, verb: str):
    status, out, _ = run(capsys, verb, "--help")
    assert status == 0 and "usage: pydis" in out
    assert verb == "info" or f"pydis {verb} " in out.split("options")[0]


def test_a_bar_on_a_terminal_and_quiet_lines_elsewhere(tmp_path: Path):
    command = [sys.executable, "-m", "pydis", "train", "vae", *QUICK, "--out"]
    piped = subprocess.run([*command, str(tmp_path / "a")], capture_output=True, check=True)
    assert b"\x1b" not in piped.stderr and b"\r" not in piped.stderr
    assert piped.stderr.count(b"step") <= 3
    primary, secondary = pty.openpty()
    env = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([*command, str(tmp_path / "b")], stderr=secondary, env=env, check=True)
    os.close(secondary)
    shown = b""
    while chunk := _read(primary):
        shown += chunk
    os.close(primary)
    assert b"\x1b" in shown
    last = shown.decode().replace("\r", "\n").split("2/2")[-1].splitlines()[0]
    assert re.search(r"/s 00:00 loss [\d.]+  reconstruction [\d.]+  rate", _plain(last))


def _plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux ends a closed pseudo-terminal with an error
        return b""
