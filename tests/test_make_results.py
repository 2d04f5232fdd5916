"""`make results` makes the committed results again: their rounds, threads and contenders."""

import argparse
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
RESULTS, MAKEFILE = ROOT / "benchmarks/results", ROOT / "Makefile"
if not (RESULTS.exists() and MAKEFILE.exists()):
    pytest.skip("the benchmarks are not here", allow_module_level=True)

NO_SAMPLES = ("left_out.py", "bench_page.py")
"""Commands that write no file of samples."""


class Run(NamedTuple):
    """What a file of samples was made with."""

    rounds: int
    contenders: tuple[str, ...] = ()


def commands(makefile: str) -> list[list[str]]:
    """The words of each command of `results` that writes samples, up to a pipe."""
    text = makefile.replace("\\\n", " ")
    variables = dict(re.findall(r"^(\w+) \??= (.*)$", text, re.MULTILINE))
    found = re.search(r"^results:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert found
    recipe = found[1]
    for _ in variables:
        recipe = re.sub(r"\$\((\w+)\)", lambda m: variables.get(m[1], m[1]), recipe)
    lines = (line for line in recipe.splitlines() if not any(name in line for name in NO_SAMPLES))
    return [shlex.split(line.partition("|")[0]) for line in lines]


def written(command: list[str]) -> Iterator[tuple[str, Run]]:
    """The files of samples that a command writes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--threads", type=int, nargs="+")
    parser.add_argument("--contenders", nargs="+", default=())
    parser.add_argument("--json", type=Path)
    for flag in ("--busy", "--explain"):
        parser.add_argument(flag, action="store_true")
    for ignored in ("--torch-python", "--filter", "--svg"):
        parser.add_argument(ignored)
    asked = parser.parse_intermixed_args(command)
    run = Run(asked.rounds, tuple(asked.contenders))
    if asked.json:
        yield asked.json.name, run
        return
    _, script, *model = asked.words
    for threads in asked.threads:
        stem = "-".join([Path(script).stem, *model, f"threads{threads}"])
        yield f"{stem}{'-busy' * asked.busy}.json", run


def recorded(document: dict[str, Any]) -> Run:
    """What a committed file says; the steps beside PyTorch name contenders, the others have all."""
    names = [c["contender"] for c in document.get("contenders", []) if "contender" in c]
    return Run(document["rounds"], tuple(dict.fromkeys(names)))


def made(makefile: str) -> dict[str, Run]:
    pairs = [pair for command in commands(makefile) for pair in written(command)]
    assert len(dict(pairs)) == len(pairs), "two commands write the same file"
    return dict(pairs)


def committed() -> dict[str, Run]:
    return {p.name: recorded(json.loads(p.read_text("utf-8"))) for p in RESULTS.glob("*.json")}


def test_the_committed_results_are_what_make_would_make() -> None:
    theirs, ours = made(MAKEFILE.read_text("utf-8")), committed()
    assert len(ours) >= 9
    assert theirs == ours


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("infogan --threads 2 --rounds 8", "infogan --threads 2 --rounds 6"),
        ("--rounds 10 --explain", "--rounds 20 --explain"),
        ("--contenders cpp channels_last --busy", "--contenders cpp eager --busy"),
        ("CONTENDERS = cpp eager", "CONTENDERS = cpp"),
        ("infogan --threads 1 ", "infogan --threads 1 3 "),
    ],
)
def test_a_makefile_that_says_otherwise_is_noticed(said: str, instead: str) -> None:
    text = MAKEFILE.read_text("utf-8")
    assert said in text
    theirs, ours = made(text.replace(said, instead)), committed()
    assert theirs != ours
