"""What the page of reproduced results says of InfoGAN on rendered sprites, from its records."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from reproduction_claims import Record

HEAD = """
## Sprites

    python benchmarks/reproduce.py infogan-dsprites --seed 0

InfoGAN with one code of three values and five uniform ones on rendered sprites, 64×64, whose
factors are known. The paper has no such run. D has no batch normalisation here, for the reason at
the head of `pydis/models/adversarial_networks.py`. Q has seen generated images only and reads
rendered ones: shapes are named by category, and a linear reader of its means (of the category, its
probabilities) is fitted, on images of one part; both are tried on images held out. Beside them
stands what the same reader finds with the players before training. The codes weigh λ = 1 and 0.2:
with the lighter ones of MNIST the generator drew one image for each category, whatever its noise
and the other codes said, early in a run that was not carried on and has no record.

Every update draws codes anew, so the mean of the last ones is L_I on fresh codes, by the statistics
of each batch. With the running ones Q reads features that D has changed meanwhile, and where it is
sure of a code a small shift may cost nats. The linear reader is fitted after such shifts.

"""
BOUNDS = "| {updates:,} updates, seed {seed} | trained | untrained |\n|---|---:|---:|\n"
KNOWN = {
    "shape_error": "error of the shape named by category (2/3 by chance)",
    "r2_x": "R² of x, of all means",
    "r2_y": "R² of y, of all means",
    "r2_scale": "R² of scale, of all means",
    "r2_x_of_one": "R² of x, of the best one alone",
    "r2_y_of_one": "R² of y, of the best one alone",
    "r2_scale_of_one": "R² of scale, of the best one alone",
}
SEEN = """\
Three rows for each part of the picture, one a category. Above, the noise varies: it changes little,
so that an image is nearly what its codes say. Categories are places and outlines, not the shapes,
which the error says too; there are blobs where data has squares, ellipses and hearts. Below, each
uniform code from −2 to 2. The first says nothing (its L_I is below 0), the third is size; the
others turn, bend and shift the blob together. Where a row passes beyond ±1, or one place ends and
another begins, the blob comes apart.
"""


def sprites(records: Sequence[Record], pictures: Path) -> Iterator[str]:
    """The section, or nothing where there is no record."""
    if records:
        yield HEAD
    for record in records:
        scores, late, seed = record["scores"], record["last"], record["seed"]
        yield BOUNDS.format(updates=record["steps"], seed=seed)
        for text, found in (("mean of the last updates", late), ("running statistics", scores)):
            uniform = [v for n, v in found.items() if n.startswith("information_uniform")]
            yield (
                f"| L_I of the category, nats, {text} (at most log 3 = {math.log(3):.3f}) "
                f"| {found['information_category']:.3f} | |\n"
                f"| L_I of the uniform codes, {text} | {', '.join(map(two, uniform))} | |\n"
            )
        ink, of_data = scores["ink"], scores["ink_of_data"]
        yield f"| mean of the pixels; of data {of_data:.3f} | {ink:.3f} | |\n"
        for name, text in KNOWN.items():
            yield f"| {text} | {scores[name]:.3f} | {scores[f'untrained_{name}']:.3f} |\n"
        name = f"infogan-dsprites-seed{seed}.png"
        if (pictures / name).exists():
            yield f"\n![InfoGAN on sprites, seed {seed}](images/reproduction/{name})\n"
        yield "\n"
    if records:
        yield SEEN


def two(value: float) -> str:
    """Two decimals."""
    return f"{value:.2f}"
