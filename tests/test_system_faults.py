"""Every call to the system fails once, in each of four ways: nothing is lost, nothing half-written.

A run is made, stopped and resumed with every one of its calls numbered (`system_calls.py`). Then it
is repeated with call number n failing, for every n and every error.
"""

import errno
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from small_runs import left_by, parts, registered, small_config  # noqa: F401
from system_calls import Calls, watched

from pydis.training import CheckpointError, RunError, files, make_run, open_run, runs, train
from pydis.training.files import write_whole

ERRORS = {
    "memory": MemoryError,
    "disk full": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "no permission": lambda: PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    "too many files": lambda: OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
}
TYPED = (RunError, CheckpointError, OSError, MemoryError)


class Stop(Exception):
    """The process ends here."""


def stop_after_2(step: int, terms: object) -> None:
    if step == 2:
        raise Stop


def life(folder: Path) -> None:
    """A run of two steps, made, stopped before its second checkpoint, opened again and ended."""
    run = make_run(small_config(steps=2, checkpoint_every=1), folder)
    with suppress(Stop):
        train(run, stop_after_2)
    train(open_run(folder))


def calls_of_a_life(folder: Path) -> tuple[list[str], dict[str, bytes]]:
    with watched(Calls(folder)) as calls:
        life(folder)
    return calls.seen, left_by(folder)


def ends_as_if_undisturbed(folder: Path, expected: dict[str, bytes]) -> None:
    """From whatever the fault left, the run ends the same."""
    assert parts(folder.parent) == []
    if not folder.exists():  # it failed while it was made
        life(folder)
    train(open_run(folder))
    assert left_by(folder) == expected


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[list[str], dict[str, bytes]]:
    return calls_of_a_life(tmp_path_factory.mktemp("undisturbed") / "run")


def test_the_calls_are_the_same_each_time(undisturbed, tmp_path: Path):
    assert calls_of_a_life(tmp_path / "run") == undisturbed
    seen = Counter(name.split()[0] for name in undisturbed[0])
    print(f"{len(undisturbed[0])} calls:", dict(seen))
    expected = "open os.open os.mkdir os.replace os.fsync os.close flock safe_open"
    assert set(expected.split()) <= set(seen)
    assert {"file.read", "file.write", "file.flush", "file.close"} <= set(seen)


@pytest.mark.parametrize("kind", ERRORS)
def test_every_call_may_fail(kind: str, undisturbed, tmp_path: Path, monkeypatch):
    seen, expected = undisturbed
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    hit, survived = [], []
    for number, name in enumerate(seen):
        folder = tmp_path / str(number) / "run"
        calls = Calls(folder, number, ERRORS[kind]())
        with watched(calls):
            try:
                life(folder)
                survived.append(name)
            except TYPED:
                pass
        assert calls.failed and calls.seen[number] == name
        hit.append(number)
        ends_as_if_undisturbed(folder, expected)
    assert hit == list(range(len(seen)))  # all sites
    # A fault is said, not swallowed. Only a checkpoint that cannot be read is passed over.
    assert [name.split()[0] for name in survived] == ([] if kind == "memory" else ["safe_open"])
    print(f"{kind}: {len(hit)} calls failed in turn, {len(survived)} of them were passed over")


def test_every_call_of_a_write_may_fail(tmp_path: Path):
    """The old file or the new one is there, whole, and nothing beside it."""
    path = tmp_path / "file"
    write_whole(path, b"old content")
    with watched(Calls(tmp_path)) as calls:
        write_whole(path, b"old content")
    assert [name.split()[0] for name in calls.seen] == [
        "open", "file.write", "file.flush", "os.fsync", "file.close", "os.replace",
        "os.open", "os.fsync", "os.close",
    ]  # fmt: skip
    for number in range(len(calls.seen)):
        for make_error in ERRORS.values():
            write_whole(path, b"old content")
            with watched(Calls(tmp_path, number, make_error())), pytest.raises(TYPED):
                write_whole(path, b"new content")
            renamed = number > calls.seen.index(f"os.replace .file.{os.getpid()}.part")
            assert path.read_bytes() == (b"new content" if renamed else b"old content")
            assert list(tmp_path.iterdir()) == [path]


# Negative controls


def in_place(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)


def littering(path: Path, content: bytes) -> None:
    """Like `write_whole`, but a failure leaves the part."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        file.write(content)
    beside.replace(path)


@pytest.mark.parametrize("faulty", [in_place, littering])
def test_other_ways_to_write_are_caught(faulty, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(runs, "write_whole", faulty)
    seen, expected = calls_of_a_life(tmp_path / "whole")
    caught = 0
    for number in (n for n, name in enumerate(seen) if name.startswith("file.write")):
        folder = tmp_path / str(number) / "run"
        with watched(Calls(folder, number, OSError(errno.ENOSPC, "full"))), suppress(*TYPED):
            life(folder)
        try:
            ends_as_if_undisturbed(folder, expected)
        except (AssertionError, *TYPED):
            caught += 1
    assert caught > 0


def test_what_a_killed_process_left_is_removed(tmp_path: Path):
    run = make_run(small_config(), tmp_path / "run")
    for folder in (run.folder, run.checkpoints):
        (folder / f".some.file.123{files.PART}").write_bytes(b"half")
    train(run)
    assert parts(run.folder) == []
