"""`pydis verify` as a user meets it."""

import json
from dataclasses import replace

import pytest
from command_line import run

import pydis.cli
from pydis.derivations import DERIVATIONS, commands, select
from pydis.derivations.derivation import Mutant
from pydis.derivations.explain import explain, number, ranges, two_cases

CHAIN = DERIVATIONS["entropy.conditional-chain"]
JOINT = DERIVATIONS["entropy.joint"]

KEYS = {
    "id",
    "chapter",
    "section",
    "title",
    "items",
    "passed",
    "residual",
    "tolerance",
    "rows",
    "lines",
    "failures",
    "mutants",
    "errata",
    "seconds",
}


@pytest.fixture
def plant(monkeypatch):
    """Puts a derivation in place of the chain."""

    def planted(d):
        monkeypatch.setattr(commands, "select", lambda ids: [d])
        monkeypatch.setattr(commands, "contents", lambda: {"Planted": (d,)})

    return planted


def test_a_table_by_chapter():
    done = run("verify", "entropy.", "info.")
    assert done.status == 0 and done.err == ""
    assert "Entropy" in done.out and "✓" in done.out and "✗" not in done.out
    assert "entropy.conditional-chain" in done.out and "D23–D30" in done.out and "4/4" in done.out
    assert f"{len(select(['entropy.', 'info.']))} derivations hold" in done.out


def test_json():
    done = run("verify", "entropy.", "info.", "--json", "--seed", "3")
    records = json.loads(done.out)
    assert done.status == 0 and "derivations hold" in done.err
    assert [r["id"] for r in records] == [d.id for d in select(["entropy.", "info."])]
    for record in records:
        assert set(record) == KEYS and record["passed"] and record["failures"] == []
        assert record["residual"] < 0.1 and all(record["mutants"].values())
    chain = next(r for r in records if r["id"] == CHAIN.id)
    assert chain["section"] == "3" and chain["items"] == list(CHAIN.items)


def test_explain():
    done = run("verify", CHAIN.id, "--explain")
    words = " ".join(done.out.split())
    assert done.status == 0 and "0.606842559" in words and "H(X, Y) − H(Y)" in words
    assert "p(x, y) = p(y) p(x | y)" in words and "random" in words and "P = [[0.4 0.1]" in words


def test_errata():
    done = run("verify", "entropy.joint", "--errata")
    assert done.status == 0 and "W1  D19, §3" in done.out
    assert "H(X, Y) = −∑_y p(x, y) log p(x, y)" in done.out
    assert "0.596775 (x is the value 0)" in done.out and "1.27985423" in done.out


def test_mutants():
    done = run("verify", CHAIN.id, "--mutants")
    assert done.status == 0 and "l3-divide-by-p-x" in done.out and "4 of 4" in done.out


@pytest.mark.parametrize("name", ["entropy.conditional-chian", "entropy.conditional-chain.x"])
def test_an_unknown_id_names_its_neighbours(name: str):
    done = run("verify", name)
    assert done.status == 2 and done.out == "" and "entropy.conditional-chain" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--seed", "-1"], ["--seed", "x"], ["--tolerance", "1"]])
def test_bad_usage(arguments: list[str]):
    done = run("verify", *arguments)
    assert done.status == 2 and done.out == "" and done.err


@pytest.mark.parametrize("option", [[], ["--json"], ["--explain"], ["--mutants"]])
def test_what_fails_is_status_one(plant, option: list[str]):
    off = replace(CHAIN.lines[3], value=lambda P: 1.001 * CHAIN.lines[3].value(P=P))
    plant(replace(CHAIN, lines=(*CHAIN.lines[:3], off, *CHAIN.lines[4:])))
    done = run("verify", *option)
    assert done.status == 1 and "L2b on J: residual" in done.out + done.err
    assert "0 of 1 derivations hold" in done.out + done.err


def test_a_mutant_that_survives_is_a_failure(plant):
    right = Mutant("no-mistake", "L2", CHAIN.line("L2").value)
    plant(replace(CHAIN, mutants=(right,)))
    done = run("verify", "--json")
    (record,) = json.loads(done.out)
    assert done.status == 1 and record["mutants"] == {"no-mistake": None}
    assert record["failures"] == ["the mutant no-mistake survives"]


def test_a_line_that_raises_is_a_failure(plant):
    def fails(P):
        raise ValueError("a table with one entry too many")

    plant(replace(CHAIN, lines=(replace(CHAIN.lines[0], value=fails), *CHAIN.lines[1:])))
    done = run("verify", "--json")
    (record,) = json.loads(done.out)
    assert done.status == 1 and record["residual"] is None
    assert record["failures"][0] == "raised ValueError: a table with one entry too many"


def fails(P):
    raise KeyError("no such table")


def test_a_mutant_that_raises_is_not_rejected(plant):
    plant(replace(CHAIN, mutants=(Mutant("breaks", "L2", fails), *CHAIN.mutants)))
    done = run("verify", "--json")
    (record,) = json.loads(done.out)
    assert done.status == 1 and record["mutants"]["breaks"] is None
    assert all(record["mutants"][mutant.name] for mutant in CHAIN.mutants)
    assert record["failures"] == ["the mutant breaks raised KeyError: 'no such table'"]


@pytest.mark.parametrize(
    ("reading", "failure"),
    [
        (fails, "W1: raised KeyError: 'no such table'"),
        (JOINT.line("L2").value, "W1: “planted” has the true value"),
    ],
)
def test_an_erratum_that_does_not_hold_is_a_failure(plant, reading, failure: str):
    erratum = replace(JOINT.errata[0], readings={"planted": (reading, None)})
    plant(replace(JOINT, errata=(erratum,)))
    done = run("verify", "--json")
    (record,) = json.loads(done.out)
    assert done.status == 1 and record["failures"][0].startswith(failure)


@pytest.mark.parametrize("d", DERIVATIONS.values(), ids=DERIVATIONS)
def test_every_derivation_can_be_explained(d):
    assert explain(d) is not None
    assert 1 <= len(two_cases(d, 0)) <= 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (1 / 3, "0.333333333"),
        (float("-inf"), "−∞"),
        (7, "7"),
        ([[1.0, 0.5]], "[[1. 0.5]]"),
        (-0.0, "0"),
        ([-1.0, float("inf")], "[−1. ∞]"),
    ],
)
def test_numbers(value, shown: str):
    assert number(value) == shown


def test_ranges():
    assert ranges(["D23", "D24", "D25", "D39", "D41", "D42"]) == "D23–D25, D39, D41–D42"


def test_the_docstring_names_the_command():
    assert "verify" in pydis.cli.__doc__
