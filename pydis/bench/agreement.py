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

LATE, LATE_STEPS = Agreement(100, 1e-3), 2
"""Of several players at step 100: from one state so many steps before, Adam's moments among it,
since from step 1 on rounding alone parts them by as much as a wrong step size would. By then g² is
known, so rounding no longer turns whole steps. `benchmarks/late_rounding.py` measures what it does
(InfoGAN's losses by at most 3e-4), and what planted faults do."""


def compared(
    own: Sequence[dict[str, float]],
    first: Sequence[dict[str, float]],
    until: Agreement,
    exact: Mapping[str, float],
    early: float | None = None,
) -> tuple[Losses, float]:
    """A contender's losses, and how far they are from the first one's, at most 1 for the same work.

    Of each are given the losses of step 1 and, last, of `until.step`, before the update; `exact` is
    the first loss of step 1 in float64, by its name. In units of what is tolerated: `FIRST` of
    that loss, `until.within` at the last step, and `early`, or as much, at step 1.
    """
    off = max(
        difference(_only(exact, own[0]), _only(exact, first[0])) / FIRST,
        difference(own[0], first[0]) / (early or until.within),
        difference(own[-1], first[-1]) / until.within,
    )
    return Losses(until.step, own[0], own[-1], error_in_eps(own[0], exact)), off


def error_in_eps(found: Mapping[str, float], exact: Mapping[str, float]) -> float | None:
    """How far losses are from those of that name in float64, in eps; None: not finite."""
    return finite(difference(_only(exact, found), exact) / float(np.finfo(np.float32).eps))


def _only(names: Mapping[str, float], losses: Mapping[str, float]) -> dict[str, float]:
    return {name: losses[name] for name in names if name in losses}


def difference(own: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The largest relative difference of losses of the same name; infinite where one is missing."""
    if set(own) != set(other):
        return float("inf")
    apart = [abs(own[n] - other[n]) / (abs(other[n]) or 1.0) for n in own]
    return max((d if d == d else float("inf") for d in apart), default=0.0)
