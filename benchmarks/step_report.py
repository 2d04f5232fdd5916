"""The page of steps_beside_torch.py, from its document: what a step takes, and ratios."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from row_format import (
    TIMES,
    instruction_set,
    markdown,
    times,
    times_as_fast,
    used_by_others,
    versions,
)
from step_problems import PROBLEMS

Name = tuple[str, str]
Samples = Mapping[Name, Sequence[Mapping[str, Any]]]
Document = Mapping[str, Any]
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


def page(document: Document, alone: Document | None = None) -> list[str]:
    """The lines of the Markdown file; `alone` is the same without a busy neighbour."""
    problem, load = PROBLEMS[document["model"]], document["load"]
    found, rounds = document["contenders"], document["rounds"]
    counted = len(found[0]["samples"]) // rounds
    peak = document["gigaflops_peak"]
    floor = gigaflops_of_a_step(document["model"], problem.batch) / peak
    return [
        f"# A step of {document['model']} beside PyTorch, threads {document['threads']}",
        "",
        f"{versions(document)}{', beside a busy process' * document['busy']}.",
        f"Float32, batch {problem.batch}, {rounds} rounds of {counted} steps. Ratios are of the",
        "rounds' medians, with their 95 % interval; a dash where it holds 1.",
        f"Most operations a second: {peak:.0f} GFLOP/s. {used_by_others(load).capitalize()}.",
        "",
        f"Floor of the arithmetic: {1e3 * floor:.1f} ms.",
        "",
        *table(
            samples_of(document),
            floor,
            counted,
            medians(alone) if alone else {},
            instruction_set(document),
            load["overloaded"],
        ),
        "",
        *table_of_losses(
            {(c["contender"], c["malloc"]): c["losses"] for c in found}, problem.losses
        ),
    ]


def samples_of(document: Document) -> Samples:
    return {(c["contender"], c["malloc"]): c["samples"] for c in document["contenders"]}


def medians(document: Document) -> dict[Name, float]:
    """Of the steps of a document, in seconds."""
    samples = samples_of(document)
    return {name: median(t["seconds"] for t in taken) for name, taken in samples.items()}


def by_round(taken: Sequence[Mapping[str, Any]], counted: int) -> list[float]:
    """The median of each round's steps, in seconds: steps of a round are not independent."""
    seconds = [t["seconds"] for t in taken]
    return [median(seconds[i : i + counted]) for i in range(0, len(seconds), counted)]


def table(
    samples: Samples,
    floor: float,
    counted: int,
    undisturbed: Mapping[Name, float],
    chosen: str = "",
    overloaded: bool = False,
) -> list[str]:
    """Markdown. A ratio is the median of paired rounds, theirs / cpp's with malloc as it comes.

    Beside it is its interval of 95 %. The floor is in seconds, and so are the medians of another
    run, without a busy neighbour, that a slowdown is relative to; `chosen` is the core's
    instruction set.
    """
    ours = by_round(samples["cpp", "plain"], counted) if ("cpp", "plain") in samples else None
    head: tuple[str, ...] = ("contender", "malloc", "ISA", *TIMES, "processor ms", "page faults")
    head += ("times the floor", "/ cpp [95 %]") + ("slowdown",) * bool(undisturbed)
    sets = {"cpp": chosen, "numpy": "BLAS"}
    lines = []
    for (contender, malloc), taken in samples.items():
        seconds = [t["seconds"] for t in taken]
        cells = [contender, malloc, sets.get(contender, ""), *times(seconds, 1)]
        cells += [f"{1e3 * median(t['processor'] for t in taken):.1f}"]
        cells += [f"{median(t['faults'] for t in taken):.0f}", f"{median(seconds) / floor:.2f}"]
        cells += [times_as_fast(by_round(taken, counted), ours, overloaded) if ours else ""]
        if undisturbed:
            alone = undisturbed.get((contender, malloc))
            cells += [f"{median(seconds) / alone:.2f}" if alone else ""]
        lines.append(cells)
    return markdown(head, lines, 3)


def table_of_losses(losses: Losses, names: Sequence[str]) -> list[str]:
    """Markdown: that all contenders did the same work."""
    steps = (1, len(next(iter(losses.values()))))
    heads = [f"{name.replace('_', ' ')} at {step}" for step in steps for name in names]
    lines = [
        [contender, malloc, *(f"{found[s - 1][name]:.6g}" for s in steps for name in names)]
        for (contender, malloc), found in losses.items()
    ]
    return markdown(("contender", "malloc", *heads), lines, 2)
