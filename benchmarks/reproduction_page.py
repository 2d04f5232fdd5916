"""Writes docs/reproduction.md from the runs in benchmarks/results/reproduction/.

    python benchmarks/reproduction_page.py [--check]

Every number on the page is computed here from the files that `benchmarks/reproduce.py` wrote.
With `--check` nothing is written, and the exit status is 1 where the page is not what it would be.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any, NamedTuple

RESULTS = Path(__file__).with_name("results") / "reproduction"
CUT = RESULTS / "cut"
"""Runs that stopped early, of seeds that have a whole one."""
PAGE = Path(__file__).parents[1] / "docs" / "reproduction.md"
Record = dict[str, Any]


class Claim(NamedTuple):
    """A sentence of a paper, or of the field, and where its number stands in a run's record."""

    text: str
    published: str
    run: str
    value: Callable[[Record], float]
    goal: str
    met: Callable[[list[float]], bool]


def score(name: str) -> Callable[[Record], float]:
    return lambda record: float(record["scores"][name])


def last(name: str) -> Callable[[Record], float]:
    return lambda record: float(record["last"][name])


CLAIMS = (
    Claim(
        "A classifier, the judge: share of MNIST's test images that it names rightly",
        "0.98 and more, by any small convolutional network",
        "judge",
        score("accuracy"),
        "≥ 0.98",
        lambda v: min(v) >= 0.98,
    ),
    Claim(
        "InfoGAN: L_I of the category, nats, mean of the last 100 updates",
        "about 2.30 = log 10, “quickly maximised” (figure 1)",
        "infogan",
        last("information_category"),
        "≥ 2.25",
        lambda v: min(v) >= 2.25,
    ),
    Claim(
        "The same on 10,000 fresh codes, read with the running statistics of data",
        "—",
        "infogan",
        score("information_category"),
        "≥ 2.25",
        lambda v: min(v) >= 2.25,
    ),
    Claim(
        "Without the information term (λ = 0): L_I that a Q finds",
        "stays near 0 (figure 1)",
        "infogan-0",
        last("information_category"),
        "far from 2.30: < 1",
        lambda v: max(v) < 1,
    ),
    Claim(
        "InfoGAN: error on the test images when each category is named by a digit",
        "0.05 (section 7.2)",
        "infogan",
        score("error"),
        "best ≤ 0.05; at least ≤ 0.10",
        lambda v: min(v) <= 0.05,
    ),
    Claim(
        "InfoGAN: L_I of the first uniform code, nats, on fresh codes",
        "—",
        "infogan",
        score("information_uniform_1"),
        "> 0",
        lambda v: min(v) > 0,
    ),
    Claim(
        "Conditional GAN: share of images in which the judge sees the class asked for",
        "shown in figure 2, not measured",
        "conditional-gan",
        score("label_accuracy"),
        "≥ 0.95",
        lambda v: min(v) >= 0.95,
    ),
    Claim(
        "GAN: entropy of the judge's classes, nats (log 10 = 2.303 is even)",
        "—",
        "gan",
        score("class_entropy"),
        "≥ 2.2",
        lambda v: min(v) >= 2.2,
    ),
    Claim("GAN: the judge's mean confidence", "—", "gan", score("confidence"), "—", lambda v: True),
)

HEAD = """\
# What the papers report, and what comes out here

Written by `benchmarks/reproduction_page.py` from the runs in `benchmarks/results/reproduction/`,
each made by one command. Seeds were fixed before the first run, and every run is on this page.
MNIST, 28×28, batch {batch}, first weights and draws from the seed alone.

    python benchmarks/reproduce.py judge
    python benchmarks/reproduce.py infogan --seed 0         and 1, 2, 3, 4
    python benchmarks/reproduce.py infogan-0 --seed 0
    python benchmarks/reproduce.py conditional-gan --seed 0
    python benchmarks/reproduce.py gan --seed 0

A run stops early where `--until` gave it so many seconds; the second table says after how many
updates, and has the cut runs that whole ones of the same seed have replaced in the first. Two
machines round differently, and a game soon carries that to another outcome. A bound is in nats.
Means are over seeds, ± one standard deviation of the sample.

| claim | published | here | best, median | seeds | goal | met |
|---|---|---:|---:|---|---|---|
"""


NOTES = """\
## Deviations from the protocol

InfoGAN's authors make 5,000 updates. The discriminator's features h learn from the data alone, and
Q reads them; the authors' program lets them learn for Q too. The other deviations stand at the foot
of `pydis/models/gan.py` and `pydis/models/infogan.py`.

The error is that of names given by majority on the training images, tried on the test images. Q has
seen generated images only, so the error counts what the generator confuses and also how far Q's
reading of generated images carries over to data. The column *of generated* is the same error of
generated images, named by the judge: what the generator confuses. *Uniform codes decide* is the
share of images whose class changes when those codes alone are drawn anew: a code that was meant for
slant or width has then taken a part of the digit. Runs before these two were counted lack them.

## Pictures

The best and the worst seed by error. Above, a row for each category, the noise varying along it;
below, the two uniform codes from −2 to 2, twice as far as in training: one turns the digits, the
other makes them wider and bolder, and beyond ±1 they come apart. Where two categories share a
digit the uniform codes change which digit is drawn.

![InfoGAN, seed {best}](images/reproduction/infogan-seed{best}.png)
![InfoGAN, seed {worst}](images/reproduction/infogan-seed{worst}.png)

The conditional GAN, a row for each class asked for, and the GAN.

![Conditional GAN](images/reproduction/conditional-gan-seed0.png)
![GAN](images/reproduction/gan-seed0.png)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    text = page()
    if parser.parse_args().check:
        sys.exit(PAGE.read_text() != text)
    PAGE.write_text(text)


def page() -> str:
    """The whole page."""
    infogan = runs("infogan")
    parts = [HEAD.format(batch=infogan[0]["batch"])]
    parts += [row(claim) + "\n" for claim in CLAIMS]
    best, *_, worst = sorted(infogan, key=score("error"))
    notes = NOTES.format(best=best["seed"], worst=worst["seed"])
    parts += ["\n", *each_run(), *collapses(), notes]
    return "".join(parts)


def runs(name: str, folder: Path = RESULTS) -> list[Record]:
    """The records of one kind of run, by seed."""
    pattern = "judge.json" if name == "judge" else f"{name}-seed[0-9]*.json"
    found = [json.loads(path.read_text()) for path in folder.glob(pattern)]
    return sorted(found, key=lambda record: record["seed"])


def row(claim: Claim) -> str:
    values = [claim.value(record) for record in runs(claim.run)]
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    best = (min if "error" in claim.text else max)(values)
    seeds = ", ".join(str(record["seed"]) for record in runs(claim.run))
    return (
        f"| {claim.text} | {claim.published} | {mean(values):.3f}{spread} | "
        f"{best:.3f}, {median(values):.3f} | {seeds} | {claim.goal} | "
        f"{'yes' if claim.met(values) else 'no'} |"
    )


def each_run() -> Iterator[str]:
    yield "## Run by run\n\n"
    yield (
        "| run | updates | minutes | backend | L_I category, uniform codes | error | of generated "
        "| uniform codes decide | digits named | class entropy | confidence |\n"
        "|---|---:|---:|---|---|---:|---:|---:|---:|---:|---:|\n"
    )
    for name in ("infogan", "infogan-0", "conditional-gan", "gan"):
        replaced = [(f"{name}, replaced", record) for record in runs(name, CUT)]
        for title, record in [(name, record) for record in runs(name)] + replaced:
            scores = record["scores"]
            bounds = [v for n, v in scores.items() if n.startswith("information_")]
            cells = (
                f"{title}, seed {record['seed']}",
                f"{record['steps']:,}",
                f"{record['seconds'] / 60:.1f}",
                record["backend"],
                ", ".join(f"{b:.2f}" for b in bounds),
                *(
                    f"{scores[name]:.3f}" if name in scores else ""
                    for name in ("error", "generated_error", "uniform_decides")
                ),
                str(scores.get("names", "")),
                f"{scores['class_entropy']:.3f}",
                f"{scores['confidence']:.3f}",
            )
            yield f"| {' | '.join(cells)} |\n"
    yield "\n"


def collapses() -> Iterator[str]:
    """How many runs lost the category, or diverged: none is left out."""
    infogan = runs("infogan") + runs("infogan", CUT)
    lost = [r["seed"] for r in infogan if last("information_category")(r) < 0.5 * math.log(10)]
    yield (
        f"Of {len(infogan)} runs of InfoGAN {len(lost)} lost the category (L_I below half of log "
        f"10 at the end){': seeds ' + ', '.join(map(str, lost)) if lost else ''}. A run whose loss "
        "or gradient is not finite stops, and has no record.\n\n"
    )


if __name__ == "__main__":
    main()
