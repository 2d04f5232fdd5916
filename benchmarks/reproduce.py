"""Trains one model of the adversarial family on MNIST and scores it as its paper does.

    python benchmarks/reproduce.py judge                first: the classifier that scores the others
    python benchmarks/reproduce.py infogan --seed 0     5,000 updates, batch 128
    python benchmarks/reproduce.py infogan-0 --seed 0   the same with λ = 0
    python benchmarks/reproduce.py gan --seed 0
    python benchmarks/reproduce.py conditional-gan --seed 0

Each run writes its scores, its course and what it ran on as one JSON file into --out, and a picture
beside it. `benchmarks/reproduction_page.py` makes docs/reproduction.md of these files. MNIST is
looked for as `pydis data list` says. The judge's weights go into --judge, which the runs read. The
players are kept below --keep after every 500 updates: a run that was stopped goes on from there.
"""

import argparse
import json
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from reproduction_scores import SCORES, evaluated, to_device
from safetensors.numpy import load_file, save_file

from pydis.backends import current, use
from pydis.backends.environment import environment
from pydis.backends.memory import memory
from pydis.backends.threads import default_threads, threads
from pydis.data import mnist
from pydis.data.images import DATA
from pydis.models import GAN, Classifier, ConditionalGAN, InfoGAN
from pydis.nn import Learner
from pydis.training import TrainConfig, loop, stream
from pydis.training.checkpoint import load_checkpoint, path_of, restore, save_checkpoint
from pydis.training.files import write_whole

BATCH, STEPS, EVERY, LAST = 128, 5000, 50, 100
"""EVERY so many updates a line of the course is kept; the means over the LAST ones are reported."""
KEPT_EVERY = 500
JUDGE_STEPS = 3000
MODELS: dict[str, Any] = {
    "gan": GAN(),
    "conditional-gan": ConditionalGAN(),
    "infogan": InfoGAN(),
    "infogan-0": InfoGAN(category_weight=0.0, uniform_weight=0.0),
}

Learners = dict[str, Learner]
Record = dict[str, Any]
States = Iterator[tuple[int, Learners, dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", choices=["judge", *MODELS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--until", type=float, default=float("inf"), help="stop after so many s")
    parser.add_argument("--backend", default=current().name)
    parser.add_argument("--keep", type=Path, default=Path("runs/reproduction"))
    parser.add_argument("--judge", type=Path, default=Path("runs/judge.safetensors"))
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("results") / "reproduction"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with use(options.backend), threads(default_threads(options.backend)), memory():
        record = judge(options) if options.run == "judge" else reproduce(options)
        record |= {"environment": environment()}
    name = options.run if options.run == "judge" else f"{options.run}-seed{options.seed}"
    text = json.dumps(record, indent=1, allow_nan=False)
    (options.out / f"{name}.json").write_text(text + "\n")
    print(json.dumps(record["scores"], indent=1))


def judge(options: argparse.Namespace) -> Record:
    """Train the classifier, keep its weights, and count its errors on the test images."""
    model, steps = Classifier(), min(options.steps, JUDGE_STEPS)
    learners, record = trained(judge_states(model, steps), options, begun(options))
    options.judge.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: current().to_numpy(a) for name, a in learners["classifier"].arrays().items()}
    save_file(weights, options.judge)
    x, labels = mnist.load("test")
    found = evaluated(lambda part: model.classify(learners, part).mean, x).argmax(axis=1)
    return record | {"scores": {"accuracy": float((found == labels).mean())}}


def judge_states(model: Classifier, steps: int) -> States:
    """The classifier after each update, on the batches that the models of seed 0 see."""
    learners = model.start(stream(0, "initialise"))
    for step in range(1, steps + 1):
        x, labels = DATA["mnist"].draw(stream(0, "data", step), BATCH, "train")
        codes = np.eye(model.classes, dtype=np.float32)[labels]
        learners, terms = model.update(learners, to_device(x), to_device(codes))
        yield step, learners, {name: float(value) for name, value in terms.items()}


def reproduce(options: argparse.Namespace) -> Record:
    """Train one model from one seed, as `pydis train` does, and score what it makes."""
    model, seed = MODELS[options.run], options.seed
    config = TrainConfig(model, options.steps, seed, BATCH, data="mnist", backend=options.backend)
    learners, record = loop.start(config), begun(options)
    folder = options.keep / f"{options.run}-seed{seed}"
    if (folder / "record.json").exists():
        record = json.loads((folder / "record.json").read_text())
        learners = restore(load_checkpoint(path_of(folder, record["steps"])), learners)
    while record["steps"] < options.steps and record["seconds"] < options.until:
        done = record["steps"]
        states = islice(loop.steps(config, learners, done), KEPT_EVERY - done % KEPT_EVERY)
        learners, record = trained(states, options, record)
        keep(folder, learners, record)
    reader = Classifier()
    start = reader.start(stream(0, "initialise"))["classifier"]
    judges = {"classifier": start.with_arrays(load_file(options.judge), JUDGE_STEPS)}
    path = options.out / f"{options.run}-seed{seed}.png"
    scores = SCORES[type(model)](
        model, learners, lambda x: reader.classify(judges, x).mean, stream(seed, "evaluate"), path
    )
    return record | {"scores": scores}


def begun(options: argparse.Namespace) -> Record:
    """The record of a run before its first update."""
    record = {"seed": options.seed, "steps": 0, "batch": BATCH, "backend": current().name}
    return record | {"seconds": 0.0, "course": [], "last": {}}


def trained(states: States, options: argparse.Namespace, before: Record) -> tuple[Learners, Record]:
    """The players after these updates, or after as many as there was time for; the terms, in nats.

    `last` holds means over the LAST updates of the states given.
    """
    course, last = list(before["course"]), deque[dict[str, float]](maxlen=LAST)
    began = time.perf_counter()
    for step, learners, terms in states:  # noqa: B007  (the last ones are returned)
        last.append(terms)
        seconds = before["seconds"] + time.perf_counter() - began
        if step % EVERY == 0 or step == 1:
            course.append({"step": step, **{name: round(v, 5) for name, v in terms.items()}})
            if step % (10 * EVERY) == 0:
                print(course[-1], f"{seconds / step:.4f} s", flush=True)
        if seconds > options.until:
            break
    means = {name: float(np.mean([terms[name] for terms in last])) for name in last[0]}
    after = {"steps": step, "seconds": round(seconds, 1), "course": course, "last": means}
    return learners, before | after


def keep(folder: Path, learners: Learners, record: Record) -> None:
    """Write the players and then the record, and remove the players of before."""
    folder.mkdir(parents=True, exist_ok=True)
    written = save_checkpoint(folder, record["steps"], "adversarial", learners)
    write_whole(folder / "record.json", json.dumps(record).encode())
    for older in set(folder.glob("*.safetensors")) - {written}:
        older.unlink()


if __name__ == "__main__":
    main()
