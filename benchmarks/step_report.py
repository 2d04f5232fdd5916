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

from pydis.bench.agreement import LATE, LATE_STEPS

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


AUTOENCODER = (  # forward, for the weights, for the input
    *((5, conv(64, 1, 32)), (6, conv(32, 32, 32)), (6, conv(16, 32, 64)), (6, conv(8, 64, 64))),
    *((6, dense(1024, 256)), (9, dense(256, 10))),
)


def game(inputs: int, channels: int = 1) -> tuple[tuple[int, int], ...]:
    """Of D, which sees so many channels, and of G, which sees so many inputs."""
    return (
        # D forward for data, D's images, G's images; back for the weights of the first two, and for
        # the input: of layer 1 in G's step alone.
        *((6, conv(28, channels, 64)), (8, conv(14, 64, 128))),
        *((8, dense(6272, 1024)), (8, dense(1024, 1))),
        # G forward twice, back once; no gradient of what was drawn.
        *((3, dense(inputs, 1024)), (4, dense(1024, 6272))),
        *((4, conv(14, 64, 128)), (4, conv(28, 1, 64))),
    )


PRODUCTS = {
    "vae": AUTOENCODER,
    "beta-vae": AUTOENCODER,
    "gan": game(62),
    "conditional-gan": game(62 + 10, 1 + 10),
    # Q forward once; back for its weights by its own loss, and for the features by G's.
    "infogan": (*game(62 + 12), (3, dense(1024, 128)), (4, dense(128, 14))),
}
"""How often a step needs each product, and its operations for one example.

The autoencoder has each convolution twice, once transposed; nothing needs the gradient of its
images. That of the planes of classes is not needed either, but a product has all channels or none.
"""


def gigaflops_of_a_step(model: str, batch: int) -> float:
    """Multiplications and additions that a step needs."""
    return batch * sum(times * operations for times, operations in PRODUCTS[model]) / 1e9


def page(document: Document, alone: Document | None = None) -> list[str]:
    """The lines of the Markdown file; `alone` is the same without a busy neighbour."""
    problem, load = PROBLEMS[document["model"]], document["load"]
    found, counted = document["contenders"], counted_of(document)
    rounds = len(found[0]["samples"]) // counted
    peak = document["gigaflops_peak"]
    floor = gigaflops_of_a_step(document["model"], problem.batch) / peak
    return [
        f"# A step of {document['model']} beside PyTorch, threads {document['threads']}",
        "",
        f"{versions(document)}{', beside a busy process' * document['busy']}.",
        f"Float32, batch {problem.batch}, {rounds} rounds of {counted} steps{left_out(document)}.",
        "Ratios are of the rounds' medians, with their 95 % interval; a dash where it holds 1.",
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
            {(c["contender"], c["malloc"]): c["losses"] for c in found},
            problem.losses,
            {(c["contender"], c["malloc"]): c.get("error") for c in found},
            problem.alike.step,
        ),
        *(late_losses(found, problem.losses) if "late" in found[0] else []),
    ]


def counted_of(document: Document) -> int:
    """Steps of a round on the clock."""
    taken = len(document["contenders"][0]["samples"])
    return int(document.get("counted") or taken // document["rounds"])


def left_out(document: Document) -> str:
    """How many rounds were not kept."""
    number = document.get("discarded")
    return f", {number} disturbed rounds left out" if number else ""


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


def table_of_losses(
    losses: Losses, names: Sequence[str], errors: Mapping[Name, float | None], until: int
) -> list[str]:
    """Markdown: that all contenders did the same work from the first step on.

    Beside it how far the first loss at step 1 is from the same step in float64, in eps of float32.
    """
    steps = (1, until)
    lines = []
    for name, found in losses.items():
        error = errors.get(name)
        lines.append([*name, *said(found, names, steps), "-" if error is None else f"{error:.2g}"])
    head = ("contender", "malloc", *heads(names, steps), "eps from float64")
    return markdown(head, lines, 2)


def late_losses(found: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    """The same at step 100: from one state shortly before, and from the first step on."""
    last = LATE.step
    lines = []
    for contender in found:
        own, whole = contender["late"], contender["losses"]
        free = said(whole, names, [last]) if len(whole) >= last else ["-"] * len(names)
        cells = said(own, names, range(1, LATE_STEPS + 1))
        lines.append([contender["contender"], contender["malloc"], *cells, *free])
    steps = range(last - LATE_STEPS + 1, last + 1)
    head = ("contender", "malloc", *heads(names, steps))
    free_heads = [f"{name} from step 1" for name in heads(names, [last])]
    return [
        "",
        f"Steps {steps[0]} and {last} from one state, and step {last} from step 1 on:",
        "",
        *markdown((*head, *free_heads), lines, 2),
    ]


def heads(names: Sequence[str], steps: Sequence[int]) -> list[str]:
    return [f"{name.replace('_', ' ')} at {step}" for step in steps for name in names]


def said(
    found: Sequence[Mapping[str, float]], names: Sequence[str], steps: Sequence[int]
) -> list[str]:
    return [f"{found[step - 1][name]:.6g}" for step in steps for name in names]
