"""Same work or no ratio: when the losses of two contenders are the same training's."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pydis.bench.records import Losses, finite

FIRST = 1e-5
"""The largest relative difference of the first loss at step 1, where rounding alone makes it
differ."""


class Agreement(NamedTuple):
    """The step at which losses are compared once more, and their largest relative difference."""

    step: int
    within: float


ALONE, GAME = Agreement(100, 1e-2), Agreement(10, 3e-2)
"""Of one player, and of several. Training carries a difference of the last places further with
every update. Adam's first step is η sign(g): where g is but rounding error, contenders go opposite
ways, and in a game the other player meets that at once."""


def compared(
    own: Sequence[dict[str, float]],
    first: Sequence[dict[str, float]],
    until: Agreement,
    exact: Mapping[str, float],
) -> tuple[Losses, float]:
    """A contender's losses, and how far they are from the first one's, at most 1 for the same work.

    From each are the losses of every step, before its update; `exact` is the first loss of step 1
    in float64, by its name. In units of what is tolerated, `FIRST` and `until.within`.
    """
    early, late = own[0], own[until.step - 1]
    off = max(
        difference(_only(exact, early), _only(exact, first[0])) / FIRST,
        difference(early, first[0]) / until.within,
        difference(late, first[until.step - 1]) / until.within,
    )
    error = difference(_only(exact, early), exact) / float(np.finfo(np.float32).eps)
    return Losses(until.step, early, late, finite(error)), off


def _only(names: Mapping[str, float], losses: Mapping[str, float]) -> dict[str, float]:
    return {name: losses[name] for name in names if name in losses}


def difference(own: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The largest relative difference of losses of the same name; infinite where one is missing."""
    if set(own) != set(other):
        return float("inf")
    apart = [abs(own[n] - other[n]) / (abs(other[n]) or 1.0) for n in own]
    return max((d if d == d else float("inf") for d in apart), default=0.0)
