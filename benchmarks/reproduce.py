"""Trains one model of the adversarial family on MNIST and scores it as its paper does.

    python benchmarks/reproduce.py judge                first: the classifier that scores the others
    python benchmarks/reproduce.py infogan --seed 0     5,000 updates, batch 128
    python benchmarks/reproduce.py infogan-0 --seed 0   the same with λ = 0
    python benchmarks/reproduce.py gan --seed 0
    python benchmarks/reproduce.py conditional-gan --seed 0

Each run writes its scores, its course and what it ran on as one JSON file into --out, and a picture
beside it. `benchmarks/reproduction_page.py` makes docs/reproduction.md of these files. MNIST is
looked for as `pydis data list` says. The judge's weights go into --judge, which the runs read.
"""

import argparse
import json
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from reproduction_scores import SCORES, evaluated, to_device
from safetensors.numpy import load_file, save_file

from pydis.backends import current, use
from pydis.backends.environment import environment
from pydis.backends.memory import memory
from pydis.data import mnist
from pydis.data.images import DATA
from pydis.models import GAN, Classifier, ConditionalGAN, InfoGAN
from pydis.nn import Learner
from pydis.training import TrainConfig, loop, stream

BATCH, STEPS, EVERY, LAST = 128, 5000, 50, 100
"""EVERY so many updates a line of the course is kept; the means over the LAST ones are reported."""
JUDGE_STEPS = 3000
MODELS: dict[str, Any] = {
    "gan": GAN(),
    "conditional-gan": ConditionalGAN(),
    "infogan": InfoGAN(),
    "infogan-0": InfoGAN(category_weight=0.0, uniform_weight=0.0),
}

Learners = dict[str, Learner]
States = Iterator[tuple[int, Learners, dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", choices=["judge", *MODELS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--until", type=float, default=float("inf"), help="stop after so many s")
    parser.add_argument("--backend", default=current().name)
    parser.add_argument("--judge", type=Path, default=Path("runs/judge.safetensors"))
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("results") / "reproduction"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with use(options.backend), memory():
        record = judge(options) if options.run == "judge" else reproduce(options)
        record |= {"environment": environment()}
    name = options.run if options.run == "judge" else f"{options.run}-seed{options.seed}"
    text = json.dumps(record, indent=1, allow_nan=False)
    (options.out / f"{name}.json").write_text(text + "\n")
    print(json.dumps(record["scores"], indent=1))


def judge(options: argparse.Namespace) -> dict[str, Any]:
    """Train the classifier, keep its weights, and count its errors on the test images."""
    model, steps = Classifier(), min(options.steps, JUDGE_STEPS)
    learners, record = trained(judge_states(model, steps), options)
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


def reproduce(options: argparse.Namespace) -> dict[str, Any]:
    """Train one model from one seed, as `pydis train` does, and score what it makes."""
    model, seed = MODELS[options.run], options.seed
    config = TrainConfig(model, options.steps, seed, BATCH, data="mnist", backend=options.backend)
    learners, record = trained(loop.steps(config, loop.start(config), 0), options)
    reader = Classifier()
    start = reader.start(stream(0, "initialise"))["classifier"]
    judges = {"classifier": start.with_arrays(load_file(options.judge), JUDGE_STEPS)}
    path = options.out / f"{options.run}-seed{seed}.png"
    scores = SCORES[type(model)](
        model, learners, lambda x: reader.classify(judges, x).mean, stream(seed, "evaluate"), path
    )
    return record | {"scores": scores}


def trained(states: States, options: argparse.Namespace) -> tuple[Learners, dict[str, Any]]:
    """The players after all updates, or after as many as there was time for; the terms, in nats."""
    kept, last = [], deque[dict[str, float]](maxlen=LAST)
    began = time.perf_counter()
    for step, learners, terms in states:  # noqa: B007  (the last ones are returned)
        last.append(terms)
        seconds = time.perf_counter() - began
        if step % EVERY == 0 or step == 1:
            kept.append({"step": step, **{name: round(v, 5) for name, v in terms.items()}})
            if step % (10 * EVERY) == 0:
                print(kept[-1], f"{seconds / step:.4f} s", flush=True)
        if seconds > options.until:
            break
    means = {name: float(np.mean([terms[name] for terms in last])) for name in last[0]}
    record = {"seed": options.seed, "steps": step, "batch": BATCH, "backend": current().name}
    return learners, record | {"seconds": round(seconds, 1), "course": kept, "last": means}


if __name__ == "__main__":
    main()
