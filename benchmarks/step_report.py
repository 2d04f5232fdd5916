"""The tables of steps_beside_torch.py: what a step takes and how many times as fast ours is."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Any

from pydis.bench.statistics import speed_up

Name = tuple[str, str]
Samples = Mapping[Name, Sequence[Mapping[str, Any]]]
Losses = Mapping[Name, Sequence[Mapping[str, float]]]


def conv(side: int, channels: int, maps: int) -> int:
    """Operations for an image, from its side and channels to maps of half the side, or back.

    Without those of taps off the image: of 4 x 4 at stride 2, pad 1, all rows but one miss none.
    """
    return 2 * (2 * side - 2) ** 2 * channels * maps


def dense(inputs: int, outputs: int) -> int:
    """Operations for an example."""
    return 2 * inputs * outputs


PRODUCTS = {
    "beta-vae": (  # forward, for the weights, for the input
        *((5, conv(64, 1, 32)), (6, conv(32, 32, 32)), (6, conv(16, 32, 64)), (6, conv(8, 64, 64))),
        *((6, dense(1024, 256)), (9, dense(256, 10))),
    ),
    "infogan": (
        # D forward for data, D's images, G's images; back for the weights of the first two, and for
        # the input: of layer 1 in G's step alone.
        *(
            (6, conv(28, 1, 64)),
            (8, conv(14, 64, 128)),
            (8, dense(6272, 1024)),
            (8, dense(1024, 1)),
        ),
        # G forward twice, back once; no gradient of what was drawn.
        *(
            (3, dense(74, 1024)),
            (4, dense(1024, 6272)),
            (4, conv(14, 64, 128)),
            (4, conv(28, 1, 64)),
        ),
        # Q forward once; back for its weights by its own loss, and for the features by G's.
        *((3, dense(1024, 128)), (4, dense(128, 14))),
    ),
}
"""How often a step needs each product, and its operations for one example.

The beta-VAE has each convolution twice, once transposed; nothing needs the gradient of its images.
"""


def gigaflops_of_a_step(model: str, batch: int) -> float:
    """Multiplications and additions that a step needs."""
    return batch * sum(times * operations for times, operations in PRODUCTS[model]) / 1e9


def by_round(taken: Sequence[Mapping[str, Any]], counted: int) -> list[float]:
    """The median of each round's steps, in seconds: steps of a round are not independent."""
    seconds = [t["seconds"] for t in taken]
    return [median(seconds[i : i + counted]) for i in range(0, len(seconds), counted)]


def table(
    samples: Samples, floor: float, counted: int, undisturbed: Mapping[Name, float]
) -> list[str]:
    """Markdown. A ratio is the median of paired rounds, theirs / cpp's with malloc as it comes.

    Beside it is its interval of 95 %. The floor is in seconds, and so are the medians of another
    run, without a busy neighbour, that a slowdown is relative to.
    """
    ours = by_round(samples["cpp", "plain"], counted) if ("cpp", "plain") in samples else None
    head = ("contender", "malloc", "median ms", "least", "quartiles", "processor ms")
    head += ("page faults", "times the floor", "/ cpp", "interval")
    head += ("slowdown",) if undisturbed else ()
    lines = [f"Floor of the arithmetic: {1e3 * floor:.1f} ms.", "", *_head(head)]
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
        if undisturbed:
            alone = undisturbed.get((contender, malloc))
            cells += [f"{middle / alone:.2f}" if alone else ""]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def table_of_losses(losses: Losses, names: Sequence[str]) -> list[str]:
    """Markdown: that all contenders did the same work."""
    last = len(next(iter(losses.values())))
    steps = (1, last)
    heads = [f"{name.replace('_', ' ')} at {step}" for step in steps for name in names]
    lines = _head(("contender", "malloc", *heads))
    for (contender, malloc), found in losses.items():
        cells = [f"{found[step - 1][name]:.6g}" for step in steps for name in names]
        lines.append(f"| {' | '.join([contender, malloc, *cells])} |")
    return lines


def _head(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---|---|" + "---:|" * (len(names) - 2)]
