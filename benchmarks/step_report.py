"""The table of steps_beside_torch.py: what a step takes and how many times as fast ours is."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from pydis.bench.statistics import speed_up

Name = tuple[str, str]
Samples = Mapping[Name, Sequence[Mapping[str, float]]]

CONVOLUTIONS = ((64, 1, 32), (32, 32, 32), (16, 32, 64), (8, 64, 64))
"""Side of the image, channels of the image, channels of the maps; the decoder has them too."""

PRODUCTS = ((1024, 256), (256, 10), (256, 10), (10, 256), (256, 1024))
BATCH = 64


def gigaflops_of_a_step() -> float:
    """Multiplications and additions that a step needs, without those of taps off the image.

    Forward, and backward for weights and for input; nothing needs the gradient of the images.
    """
    total = 0
    for at, (side, channels, maps) in enumerate(CONVOLUTIONS):
        taps = (2 * side - 2) ** 2  # of 4 x 4 at stride 2, pad 1: all rows but one miss none
        one = 2 * BATCH * taps * channels * maps
        total += one * (2 if at == 0 else 3) + one * 3
    total += sum(3 * 2 * BATCH * a * b for a, b in PRODUCTS)
    return total / 1e9


def by_round(taken: Sequence[Mapping[str, float]], counted: int) -> list[float]:
    """The median of each round's steps, in seconds: steps of a round are not independent."""
    seconds = [t["seconds"] for t in taken]
    return [median(seconds[i : i + counted]) for i in range(0, len(seconds), counted)]


def table(
    samples: Samples, losses: Mapping[Name, Sequence[float]], gigaflops: float, counted: int
) -> list[str]:
    """Markdown. Ratios are of paired rounds, theirs / cpp's with malloc as it comes: the median

    and its interval of 95 %.
    """
    floor = gigaflops_of_a_step() / gigaflops
    ours = by_round(samples["cpp", "plain"], counted) if ("cpp", "plain") in samples else None
    head = ("contender", "malloc", "median ms", "least", "quartiles", "processor ms")
    head += ("page faults", "times the floor", "/ cpp", "interval", "loss at 1", "at 100")
    lines = [f"Floor of the arithmetic: {1e3 * floor:.1f} ms.", ""]
    lines += [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for (contender, malloc), taken in samples.items():
        seconds = [t["seconds"] for t in taken]
        low, middle, high = quantiles(seconds, n=4)
        cells = [contender, malloc, f"{1e3 * middle:.1f}", f"{1e3 * min(seconds):.1f}"]
        cells += [f"{1e3 * low:.1f}-{1e3 * high:.1f}"]
        cells += [f"{1e3 * median(t['processor'] for t in taken):.1f}"]
        cells += [f"{median(t['faults'] for t in taken):.0f}", f"{middle / floor:.2f}"]
        ratio = speed_up(by_round(taken, counted), ours) if ours else None
        cells += [f"{ratio.median:.2f}" if ratio else ""]
        known = ratio is not None and ratio.low is not None
        cells += [f"{ratio.low:.2f}-{ratio.high:.2f}" if ratio and known else ""]
        found = losses[contender, malloc]
        cells += [f"{found[0]:.5f}", f"{found[-1]:.4f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
