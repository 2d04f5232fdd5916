"""Every bad input gets an error that names the thing, what came and what should have come.

A row of the table is a call with the type of its exception, or a command line with exit status 2:
one line or a small box on stderr, no traceback, nothing printed and nothing written.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from bad_input import PROMISE, ROWS, Place, Row
from command_line import QUICK, Main, run, snapshot

from pydis import use
from pydis.cli import main


def check(row: Row, main: Main = main) -> None:
    """Fail unless the row's input is refused as it says, and nothing was printed or written."""
    before = snapshot(Path())
    if isinstance(row.do, str):
        done = run(*row.do.split(), main=main)
        assert done.status == row.expected, done.err
        assert "Traceback" not in done.err
        assert re.search(row.message, done.words), done.err
        assert done.out == ""
        lines = done.err.splitlines()
        box = lines[0].startswith("╭") and lines[-1].startswith("╰") and len(lines) <= 16
        assert box or (len(lines) == 1 and lines[0].startswith("pydis: ")), done.err
    else:
        with pytest.raises(row.expected, match=row.message):
            row.do()
    assert snapshot(Path()) == before


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad_input") / "trained"
    assert run("train", "vae", "--out", folder, *QUICK).status == 0
    return folder


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.what}: {row.name}")
def test_bad_input_is_refused(row: Row, trained: Path, tmp_path: Path, monkeypatch):
    if isinstance(row.do, str) and row.do.startswith(("report run", "demo")):
        pytest.importorskip("matplotlib", reason="the report extra is not installed")
    monkeypatch.chdir(tmp_path)
    row.prepare(Place(trained, monkeypatch))
    check(row)


def test_the_table_keeps_every_part_of_the_promise():
    assert {row.what for row in ROWS} == set(PROMISE)
    names = [(row.what, row.name) for row in ROWS]
    assert len(set(names)) == len(names)


SOUND = Row("bad option", "a control", "anything", 2, "expected this, received that")


def said(status: int = 2, line: str = "pydis: expected this, received that", out: str = "") -> Main:
    """A command line that says something and ends."""

    def main(arguments: Sequence[str]) -> int:
        print(line, file=sys.stderr)
        print(out, end="")
        return status

    return main


def raises(arguments: Sequence[str]) -> int:
    raise RuntimeError("expected this, received that")


def writes(name: str) -> Main:
    def main(arguments: Sequence[str]) -> int:
        Path(name).write_text("more")
        return said()(arguments)

    return main


def test_the_check_accepts_a_good_refusal(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(SOUND, said())


@pytest.mark.parametrize(
    "fault",
    [
        raises,
        said(status=1),
        said(status=0),
        said(line="pydis: no"),
        said(line="pydis: Traceback: expected this, received that"),
        said(line="pydis: expected this, received that\nand more"),
        said(out="{}"),
        writes("new"),
        writes("old"),
    ],
    ids=["traceback", "status 1", "status 0", "another message", "a traceback's word",
         "two lines", "stdout", "a new file", "a changed file"],
)  # fmt: skip
def test_the_check_refuses_a_bad_one(fault: Main, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("old").write_text("once")
    with pytest.raises(AssertionError):
        check(SOUND, fault)


def test_the_check_refuses_calls_that_pass_or_fail_otherwise(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_and_refuse() -> None:
        Path("left").touch()
        raise ValueError("expected this, received that")

    row = SOUND._replace(expected=ValueError)
    with pytest.raises(pytest.fail.Exception):
        check(row._replace(do=lambda: None))
    with pytest.raises(KeyError):
        check(row._replace(do=lambda: {}["x"]))
    with pytest.raises(AssertionError):
        check(row._replace(do=lambda: use("abacus")))
    with pytest.raises(AssertionError):
        check(row._replace(do=write_and_refuse))
