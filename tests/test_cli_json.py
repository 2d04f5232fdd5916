"""`--json`: stdout is one document, for a program; what a person reads goes to stderr."""

import json
import os
import pty
import re
import subprocess
import sys
import threading
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from bench_help import problems
from command_line import QUICK, Done, run

import pydis.cli
import pydis.report
from pydis.bench.records import RowRecord
from pydis.data import download, registry
from pydis.training import open_run

ESCAPE = "\x1b"


def document(done: Done, status: int = 0) -> Any:
    """The JSON on stdout: all of it, and nothing for a terminal."""
    assert done.status == status, done.err
    assert ESCAPE not in done.out + done.err and "\r" not in done.out + done.err
    return json.loads(done.out)


@pytest.mark.parametrize("noise", ["step 1\n{}", "{}\n{}", "", f"{{}}{ESCAPE}[0m"])
def test_the_check_refuses_other_output(noise: str):
    with pytest.raises((AssertionError, json.JSONDecodeError)):
        document(Done(0, noise, ""))


@pytest.fixture
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """One report, with scores on few images, for all commands of a test."""
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    made = cache(lambda folder: pydis.report.write_report(open_run(folder)))
    few = partial(pydis.report.score, fitted=40, scored=40)
    monkeypatch.setattr(pydis.report, "score", few)
    monkeypatch.setattr(pydis.cli, "write_report", lambda run: made(run.folder))


def test_train_and_resume(tmp_path: Path):
    folder = tmp_path / "run"
    done = run("train", "vae", "--out", folder, "--json", *QUICK)
    trained = document(done)
    last = open_run(folder).metrics()[-1]
    assert trained == {
        "run": str(folder),
        "steps": 2,
        "terms": {name: value for name, value in last.items() if name != "step"},
    }
    assert set(trained["terms"]) == {"loss", "reconstruction", "rate", "elbo"}
    assert "2 steps into" in done.err and "step 2 of 2" in done.err
    assert document(run("train", "--resume", folder, "--json")) == trained
    next((folder / "checkpoints").iterdir()).unlink()
    assert document(run("train", "--resume", folder, "--json")) == trained


def test_train_from_a_file(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.toml").write_text(run("train", "vae", "--print-config", *QUICK).out)
    trained = document(run("train", "--config", "c.toml", "--json"))
    assert trained["run"] == "runs/vae-seed0" and trained["steps"] == 2


def test_demo_and_report(tmp_path: Path, quick_report):
    folder = tmp_path / "demo"
    done = run("demo", "--steps", "1", "--backend", "numpy", "--out", folder, "--json")
    made = document(done)
    assert (made["run"], made["steps"]) == (str(folder), 1)
    assert made["report"] == str(folder / "report.html") and "active latents:" in done.err
    assert "derivations hold" in done.err and "; not " not in done.err
    assert made["evaluation"] == json.loads((folder / "evaluation.json").read_text())
    reported = run("report", folder, "--json")
    only_demo = ("steps", "terms", "backends")
    assert document(reported) == {k: v for k, v in made.items() if k not in only_demo}
    assert problems(made["backends"], RowRecord) == [] and made["backends"]["work"] == "BetaVAE"
    assert made["backends"]["contenders"][0]["backend"] == "numpy"
    assert "one training step here: " in done.err and "losses at step 1" in done.err
    assert "linear R²" in reported.err
    assert run("report", folder).out == reported.err


def test_info():
    assert document(run("info", "--json"))["backends"]["numpy"] == "available"


def test_data(tmp_path: Path, monkeypatch):
    content = b"as published"
    file = registry.File("f", "https://localhost/f", sha256(content).hexdigest(), len(content))
    monkeypatch.setitem(registry.DATA_SETS, "mnist", registry.DataSet("a test", "CC0", (file,)))
    monkeypatch.delenv("PYDIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(download, "download", lambda url, into: into.write(content))
    rows = {row["name"]: row for row in document(run("data", "list", "--json"))}
    assert not rows["mnist"]["here"] and rows["mnist"]["bytes"] == len(content)
    path = str(tmp_path / "pydis" / "mnist" / "f")
    assert document(run("data", "fetch", "mnist", "--json")) == {"name": "mnist", "files": [path]}
    row = {"name": "mnist", "file": "f", "problem": None}
    assert document(run("data", "check", "mnist", "--json")) == [row]
    assert row in document(run("data", "check", "--json"))
    Path(path).write_bytes(content[::-1])
    done = run("data", "check", "mnist", "--json")
    (bad,) = document(done, status=2)
    assert "sha256" in bad["problem"] and bad["problem"] in done.err


def test_bad_input_prints_no_document(tmp_path: Path):
    for verb in (["train", "--resume"], ["report"]):
        done = run(*verb, tmp_path / "none", "--json")
        assert (done.status, done.out) == (2, "")


def on_a_terminal(*arguments: str, stderr: int | None = None, **env: str) -> str:
    """What a person sees: stdout, and stderr unless it goes elsewhere, are a terminal."""
    primary, secondary = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "pydis", *arguments],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **env},
        stdout=secondary,
        stderr=secondary if stderr is None else stderr,
    )
    os.close(secondary)
    too_late = threading.Timer(20, child.kill)
    too_late.start()
    shown = b""
    try:
        while chunk := os.read(primary, 65536):
            shown += chunk
    except OSError:  # Linux ends a closed pseudo-terminal with an error
        pass
    os.close(primary)
    assert child.wait() >= 0, "killed after 20 seconds"
    too_late.cancel()
    return shown.decode()


COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|38|9[0-7])(?:;\d+)*m")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "arguments", [["train", "vae", *QUICK, "--out"], ["train", "vae", "--setps", "3", "--out"]]
)
def test_no_color_is_honoured(tmp_path: Path, arguments: list[str]):
    plain = on_a_terminal(*arguments, str(tmp_path / "plain"), NO_COLOR="1")
    coloured = on_a_terminal(*arguments, str(tmp_path / "coloured"), NO_COLOR="")
    assert COLOUR.search(coloured) and not COLOUR.search(plain)


def test_a_box_in_a_file_has_no_codes(tmp_path: Path):
    with (tmp_path / "log").open("wb") as log:
        on_a_terminal("train", "vae", "--setps", "3", stderr=log.fileno())
    text = (tmp_path / "log").read_text()
    assert "--setps" in text and ESCAPE not in text
