"""What `pydis bench` shows and writes: the table, the JSON and its schema, the exit status."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from bench_help import LIMITS, problems
from rich.console import Console

from pydis.backends import load
from pydis.backends.hardware import instruction_sets
from pydis.bench import commands, rows, show
from pydis.bench import run as bench_run
from pydis.bench.limits import floor_of
from pydis.bench.load import Load
from pydis.bench.measure import NO_LIMITS, Setting, measure
from pydis.bench.quiet import Rounds
from pydis.bench.records import (
    SCHEMA,
    Budget,
    Entry,
    RatioRecord,
    Record,
    RowRecord,
)
from pydis.cli import main

TINY = [rows.matmul(3, 5, 4), *rows.convolutions(2, 8, 2, 3)]


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny rows, and limits measured in a moment."""
    monkeypatch.setattr(commands, "kernel_rows", lambda: TINY)
    monkeypatch.setattr(commands, "pass_rows", list)
    monkeypatch.setattr(bench_run, "limits", lambda *_: LIMITS)
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)


def run(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    try:
        status = main(["bench", *map(str, arguments)])
    except SystemExit as error:
        status = int(error.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


QUICK = ("kernels", "--rounds", 6, "--threads", "1")

# The schema


@pytest.fixture
def document(capsys: Any) -> Any:
    status, out, err = run(capsys, *QUICK, "--json", "-")
    assert status == 0 and "GFLOP/s" in err
    return json.loads(out)


def test_the_document_keeps_the_schema(document: Any) -> None:
    assert problems(document, Record) == []
    assert document["schema"] == SCHEMA and document["level"] == "kernels"
    assert [f"{row['work']} {row['shape']}" for row in document["rows"]] == [
        row.name for row in TINY
    ]
    for row in document["rows"]:
        contenders = [(e["backend"], e["instruction_set"]) for e in row["contenders"]]
        assert contenders == [("numpy", None), *(("cpp", name) for name in instruction_sets())]
        assert all(len(entry["samples"]) == 6 for entry in row["contenders"])
    assert document["environment"]["blas"] and set(document["machine"]) == {
        *("cpu", "governor", "commit")
    }
    assert str(Path.home()) not in json.dumps(document)


def planted_faults(document: Any) -> list[Any]:
    """The document with one thing wrong in each."""
    first = document["rows"][0]
    entry = first["contenders"][0]
    return [
        {name: value for name, value in document.items() if name != "limits"},
        document | {"more": 1},
        document | {"threads": ["1"]},
        document | {"rounds": 1.5},
        document | {"rounds": True},
        document | {"rows": None},
        document | {"rows": [first | {"overloaded": 0}]},
        document | {"rows": [first | {"contenders": [entry | {"samples": [None]}]}]},
        document | {"rows": [first | {"contenders": [entry | {"ratio": 2.0}]}]},
        document | {"machine": {"cpu": 3}},
    ]


def test_planted_faults_of_the_schema_are_seen(document: Any) -> None:
    for fault in planted_faults(document):
        assert len(problems(fault, Record)) >= 1


def test_a_number_that_is_none_is_null(capsys: Any) -> None:
    wrong = load("numpy", matmul=lambda a, b: a @ b + np.float32(np.nan))
    with patch.object(commands, "settings", lambda counts: [Setting("numpy", wrong, 1)]):
        status, out, err = run(capsys, *QUICK, "--filter", "matmul", "--json", "-")
    document = json.loads(out)
    assert status == 1 and problems(document, Record) == []
    (entry,) = document["rows"][0]["contenders"]
    assert entry["wrong"] and entry["error"] is entry["median"] is None
    assert "WRONG" in err and "not finite" in err


# What is shown


def entry(**changes: Any) -> Entry:
    ratio = RatioRecord(2.0, 1.5, 2.5, True)
    sound = Entry(
        *("cpp", 2, "avx2", 1.0, 8.0, False, [0.004], 0.004, 0.003, 0.001, False, 5, 0.5, ratio),
        *(0.001, 0.25, 12.0),
    )
    return replace(sound, **changes)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "2.00 [1.50, 2.50]"),
        ({"ratio": RatioRecord(0.5, 0.4, 0.6, True)}, "0.50 [0.40, 0.60] slower"),
        ({"ratio": RatioRecord(1.5, 0.9, 2.0, False)}, "-"),
        ({"ratio": RatioRecord(1.5, None, None, False)}, "-"),
        ({"ratio": None}, "-"),
    ],
)
def test_a_ratio_is_shown_only_where_it_says_something(changes: Any, shown: str) -> None:
    assert show.speed_up(entry(**changes), overloaded=False) == shown
    assert show.speed_up(entry(**changes), True) == shown + ("" if shown == "-" else " !")


def test_cells() -> None:
    assert show.cells(entry(), False) == [
        *("cpp", "2", "avx2", "4.000", "1.000", "3.000", "1", "5.0", "50", "25", "12"),
        *("2.00 [1.50, 2.50]", "1", "8", ""),
    ]
    assert show.cells(entry(unstable=True), False)[-1] == "unstable"
    wrong = show.cells(entry(wrong=True, error=9.0), False)
    assert wrong[3:] == ["WRONG", *[""] * 8, "9", "8", ""]
    assert [show.percent(x) for x in (None, 1, 0.0999, 0.034)] == ["", "100", "10", "3.4"]
    assert all(len(show.cells(e, True)) == len(show.COLUMNS) for e in (entry(), entry(wrong=True)))


@pytest.mark.parametrize("overloaded", [False, True])
def test_an_overloaded_machine_is_in_the_title(overloaded: bool) -> None:
    row = RowRecord("matmul", "2x2x2", 16, 48, 2, 1.5, 0.25, overloaded, [entry()])
    for terminal in (False, True):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=140)
        show.show_row(row, console)
        shown = console.file.getvalue()  # type: ignore[attr-defined]
        assert ("(overloaded)" in shown) == overloaded and "others used 25 %" in shown
        assert ("\x1b[" in shown) == terminal


@pytest.mark.parametrize("overloaded", [False, True])
def test_a_budget_says_what_others_used_in_its_own_steps(overloaded: bool) -> None:
    budget = Budget("cpp", 2, "avx2", 12, 0.04, 0.004, 0.35, overloaded, [])
    row = RowRecord("VAE", "batch 64", 16, 48, None, 1.5, 0.0, False, [entry()], budget)
    console = Console(file=io.StringIO(), width=140)
    show.show_row(row, console)
    first, *rest = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    (explained,) = [line for line in rest if line.startswith("one step of cpp avx2, threads 2")]
    assert first == "VAE batch 64; others used 0 % of the machine"
    assert explained.endswith("; others used 35 % of the machine" + " (overloaded)" * overloaded)


def test_speed_and_share_of_the_peak() -> None:
    row = rows.matmul(4, 4, 4)
    table = load("numpy")
    settings = [Setting("numpy", table, 1), Setting("numpy", table, 1, "avx2")]
    half = lambda contenders, rounds, seconds: Rounds(
        [[128e-6] * 6, [256e-6] * 6], Load(None, 0.0, False), 0
    )
    with patch("pydis.bench.measure.computing", lambda number, name: patch.dict({})):
        record = measure(row, settings, "float32", 6, limits=LIMITS, rounds_of=half)
    first, other = record.contenders
    assert (first.gflops, other.gflops) == pytest.approx((1e-3, 0.5e-3))
    assert (first.share_of_peak, other.share_of_peak) == pytest.approx((0.25, 0.5))
    assert other.ratio == RatioRecord(0.5, 0.5, 0.5, True)
    # 128 operations at 4 and at 1 MFLOP/s; 192 bytes at 8 MB/s take less.
    assert record.bytes == 3 * 64
    assert (first.floor, other.floor) == pytest.approx((32e-6, 128e-6))
    assert (first.share_of_floor, other.share_of_floor) == pytest.approx((0.25, 0.5))
    with patch("pydis.bench.measure.computing", lambda number, name: patch.dict({})):
        unknown = measure(row, settings, "float32", 6, rounds_of=half).contenders[0]
    assert unknown.floor is unknown.share_of_floor is unknown.share_of_peak is None
    assert NO_LIMITS.copies == []


def test_a_floor_of_many_bytes_has_the_bandwidth_of_large_copies() -> None:
    assert floor_of(LIMITS, 1, "avx2", 0, 1 << 12) == pytest.approx((0, (1 << 12) / 8e6))
    assert floor_of(LIMITS, 1, "avx2", 0, 1 << 21) == pytest.approx((0, (1 << 21) / 1e6))
    assert floor_of(LIMITS, 1, "avx2", 3000, 0) == pytest.approx((3e-3, 0))
    assert floor_of(LIMITS, 2, "avx2", 1, 1) is None  # threads that were not measured


# The command


def test_plain_lines_for_a_program(capsys: Any) -> None:
    status, out, err = run(capsys, *QUICK, "--filter", "conv2d_w")
    assert status == 0 and err == "" and "\x1b" not in out
    assert out.count("conv2d_w 2x8x8x2->3") == 1 and "matmul 3x5x4" not in out
    assert len(re.findall(r"^ +(numpy|cpp) ", out, re.MULTILINE)) == 1 + len(instruction_sets())


def test_json_to_a_file(capsys: Any, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    status, out, _ = run(capsys, *QUICK, "--filter", "3x5x4", "--json", file, "--dtype", "float64")
    document = json.loads(file.read_text("utf-8"))
    assert status == 0 and "matmul 3x5x4" in out
    assert document["dtype"] == "float64" and len(document["rows"]) == 1


def test_a_name_in_full_is_that_row_alone() -> None:
    found = [rows.matmul(64, 256, 10), rows.matmul(64, 256, 1024)]
    assert commands.chosen(found, "64x256x10") == found[:1]
    assert commands.chosen(found, "64x256x1") == found


@pytest.mark.parametrize(
    "known",
    [
        {},
        {
            **dict.fromkeys(("in_use", "most"), 3 << 20),
            "kept": 5 << 20,
            "bound": 6 << 20,
            "hits": 7,
            "misses": 8,
        },
    ],
)
def test_what_memory_holds_is_said(capsys: Any, known: dict[str, int]) -> None:
    with patch.object(bench_run, "statistics", lambda: known):
        _, out, _ = run(capsys, *QUICK, "--filter", "matmul")
    line = "memory of arrays: 3 MiB in use, at most 3; 5 kept, at most 6; 7 hits, 8 misses"
    assert (line in out) == bool(known) and ("memory of arrays" in out) == bool(known)


def test_a_budget_is_kept(capsys: Any) -> None:
    status, out, _ = run(
        capsys, "kernels", "--rounds", 10**6, "--seconds", 0.2, "--threads", 1, "--json", "-"
    )
    samples = [e["samples"] for row in json.loads(out)["rows"] for e in row["contenders"]]
    assert status == 0 and all(1 <= len(each) < 10**6 for each in samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--threads", "0"], "--threads: expected 1 to 256, received 0"),
        (["--threads", "1,many"], "--threads: expected numbers like 1,2, received 1,many"),
        (["--threads", "1,,2"], "--threads: expected numbers like 1,2"),
        (["--threads", "257"], "--threads: expected 1 to 256"),
        (["--rounds", "0"], "--rounds: expected at least 1, received 0"),
        (["--seconds", "-1"], "--seconds: expected more than 0, received -1"),
        (["--seconds", "nan"], "--seconds: expected more than 0, received nan"),
        (["--filter", "abacus"], "--filter abacus: expected part of one of matmul 3x5x4"),
        (["--json", "missing/file.json"], "missing/file.json: cannot be written"),
        (["--json", "."], "--json .: cannot be written"),
        (["--svg", "missing/file.svg"], "--svg missing/file.svg: cannot be written"),
        (["--dtype", "float16"], "float16"),
    ],
)
def test_bad_usage(capsys: Any, tmp_path: Path, monkeypatch: Any, options: Any, message: str):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "kernels", *options)
    assert status == 2 and out == "" and "Traceback" not in err
    assert message in " ".join(err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example(capsys: Any) -> None:
    for arguments in (["--help"], ["kernels", "--help"], ["layers", "--help"], ["steps", "--help"]):
        status, out, _ = run(capsys, *arguments)
        assert status == 0 and f"pydis bench {arguments[-2] if arguments[1:] else 'kernels'}" in out
