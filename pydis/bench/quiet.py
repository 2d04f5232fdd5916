"""The rounds of a measurement in which others left the machine alone.

Rounds come in blocks long enough for the system's counters to tell. Where others used too much of
the machine during a block, its rounds are measured anew, at most as many as were asked for. Only
where too few quiet ones come together do disturbed ones fill up: then it is overloaded. A round may
be anything: times of contenders in this process, or what processes of ours answered.
"""

from collections.abc import Callable, Sequence
from statistics import fmean
from time import perf_counter
from typing import Generic, NamedTuple, TypeVar

from pydis.bench import load
from pydis.bench.load import Load, Moment
from pydis.bench.timing import Contender, one_round

ENOUGH = 6
"""So many quiet rounds do, where more were asked for: with fewer a ratio has no interval."""


Round = TypeVar("Round")


class Kept(NamedTuple, Generic[Round]):
    """The rounds kept, the load in those, and how many were not."""

    rounds: list[Round]
    load: Load
    discarded: int


class Rounds(NamedTuple):
    """Seconds of each contender in each round kept, the load in those, and how many were not."""

    times: list[list[float]]
    load: Load
    discarded: int


class _Block(NamedTuple, Generic[Round]):
    rounds: list[Round]
    load: Load


def quiet_rounds(
    contenders: Sequence[Contender],
    rounds: int,
    seconds: float = float("inf"),
) -> Rounds:
    """The times of contenders in this process, by `kept_rounds`."""
    found = kept_rounds(lambda number: one_round(contenders, number), rounds, load.moment, seconds)
    times = [list(each) for each in zip(*found.rounds, strict=True)]
    return Rounds(times, found.load, found.discarded)


def kept_rounds(
    one: Callable[[int], Round],
    rounds: int,
    now: Callable[[], Moment],
    seconds: float = float("inf"),
) -> Kept[Round]:
    """So many rounds, quiet ones where there are any; fewer, at least one, where time is short.

    `one(number)` measures a round; what `now()` counts as own is no others' load.
    """
    until = perf_counter() + seconds
    blocks: list[_Block[Round]] = []
    quiet = measured = 0
    while quiet < rounds and measured < 2 * rounds:
        if measured and perf_counter() > until:
            break
        before = now()
        took: list[Round] = []
        while True:
            took.append(one(measured + len(took)))
            full = quiet + len(took) >= rounds or measured + len(took) >= 2 * rounds
            if full or perf_counter() > min(until, before.wall + load.SHORTEST):
                break
        blocks.append(_Block(took, load.load_since(before, now)))
        measured += len(took)
        quiet += 0 if blocks[-1].load.overloaded else len(took)
    return _chosen(blocks, quiet, rounds)


def _chosen(blocks: list[_Block[Round]], quiet: int, rounds: int) -> Kept[Round]:
    """The quiet blocks' rounds, and of the others as many of the quietest as are missing."""
    missing = 0 if quiet >= min(ENOUGH, rounds) else rounds - quiet
    disturbed = sorted((b for b in blocks if b.load.overloaded), key=lambda b: b.load.others or 0.0)
    kept = [b for b in blocks if not b.load.overloaded]
    for block in disturbed:
        if missing > 0:
            kept.append(_Block(block.rounds[:missing], block.load))
            missing -= len(kept[-1].rounds)
    shares = [b.load.others for b in kept for _ in b.rounds]
    others = None if None in shares else fmean(s for s in shares if s is not None)
    meanwhile = Load(load.load_average(), others, any(b.load.overloaded for b in kept))
    found = [each for block in kept for each in block.rounds]
    return Kept(found, meanwhile, sum(len(b.rounds) for b in blocks) - len(found))
