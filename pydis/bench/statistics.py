"""What repeated times say: order statistics, because interference only ever adds.

A contender is compared with the first one round by round. A slow moment of the machine slows both
times of a round, so their ratios scatter less than the times do.
"""

from collections.abc import Sequence
from math import comb
from statistics import median
from typing import NamedTuple

UNSTABLE = 0.05
"""A contender is unstable where its median absolute deviation is more than this of its median."""


class Summary(NamedTuple):
    """Of one contender's times: median, least, interquartile range, and whether they scatter."""

    median: float
    minimum: float
    iqr: float
    unstable: bool


class Ratio(NamedTuple):
    """Median of paired ratios with its 95 % interval; None where there are too few rounds."""

    median: float
    low: float | None
    high: float | None

    @property
    def significant(self) -> bool:
        """Whether the interval excludes 1."""
        return self.low is not None and self.high is not None and not self.low <= 1 <= self.high


def summarise(times: Sequence[float]) -> Summary:
    """The summary of at least one time."""
    middle = median(times)
    deviation = median(abs(t - middle) for t in times)
    spread = quantile(times, 0.75) - quantile(times, 0.25)
    return Summary(middle, min(times), spread, deviation > UNSTABLE * middle)


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile, linear between the order statistics."""
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def rank_of_interval(n: int, confidence: float = 0.95) -> int | None:
    """The largest k for which [x₍ₖ₎, x₍ₙ₊₁₋ₖ₎] holds the median with at least this confidence.

    Of n independent draws, a Binomial(n, ½) number falls below the median, whatever the
    distribution. The interval misses with probability 2 P(Bin < k). None where even k = 1 misses
    too often: for 95 % that is below six draws.
    """
    rank, missed = 0, 0.0
    while rank < n:
        missed += 2 * comb(n, rank) / 2**n
        if missed > 1 - confidence:
            break
        rank += 1
    return rank or None


def speed_up(first: Sequence[float], other: Sequence[float]) -> Ratio:
    """How many times as fast as `first` the other is, from the times of the same rounds."""
    ratios = sorted(a / b for a, b in zip(first, other, strict=True))
    rank = rank_of_interval(len(ratios))
    if rank is None:
        return Ratio(median(ratios), None, None)
    return Ratio(median(ratios), ratios[rank - 1], ratios[-rank])
