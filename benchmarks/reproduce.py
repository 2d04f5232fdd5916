"""Trains one model of the adversarial family on MNIST and scores it as its paper does.

    python benchmarks/reproduce.py judge                first: the classifier that scores the others
    python benchmarks/reproduce.py infogan --seed 0     5,000 updates, batch 128
    python benchmarks/reproduce.py infogan-0 --seed 0   the same with λ = 0
    python benchmarks/reproduce.py gan --seed 0
    python benchmarks/reproduce.py conditional-gan --seed 0
    python benchmarks/reproduce.py infogan-dsprites --seed 0    on rendered sprites, 64×64

Each run writes its scores, its course and what it ran on as one JSON file into --out, and a picture
beside it. `benchmarks/reproduction_page.py` makes docs/reproduction.md of these files. MNIST is
looked for as `pydis data list` says. The judge's weights go into --judge, which the runs read. Each
is a run folder below --keep: one that was stopped goes on from there, one that is whole is scored.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from reproduction_scores import SCORES, evaluated, to_device
from safetensors.numpy import load_file, save_file
from sprite_scores import score_sprites

from pydis.backends import current, use
from pydis.backends.environment import environment
from pydis.backends.memory import memory
from pydis.backends.threads import default_threads, threads
from pydis.data import mnist
from pydis.data.images import DATA
from pydis.models import GAN, Classifier, ConditionalGAN, InfoGAN
from pydis.nn import Learner
from pydis.training import TrainConfig, loop, stream
from pydis.training.runs import Run, make_run, open_run

BATCH, STEPS, EVERY, LAST = 128, 5000, 50, 100
"""EVERY so many updates a line of the course is kept; means over the LAST ones are reported."""
LOG_EVERY = 10
JUDGE_STEPS = 3000
MODELS: dict[str, Any] = {
    "gan": GAN(),
    "conditional-gan": ConditionalGAN(),
    "infogan": InfoGAN(),
    "infogan-0": InfoGAN(category_weight=0.0, uniform_weight=0.0),
    "infogan-dsprites": InfoGAN(
        categories=3, uniform_codes=5, category_weight=1.0, uniform_weight=0.2
    ),
}
"""On sprites with the paper's λ of the category and a fifth of it for uniform codes: with the
lighter weights G soon draws one image for each category, whatever its noise and other codes say.
"""

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
    model, course = Classifier(), []
    began = time.perf_counter()
    states = judge_states(model, min(options.steps, JUDGE_STEPS))
    for step, learners, terms in states:  # noqa: B007  (the last ones are kept)
        if step == 1 or step % EVERY == 0:
            course.append({"step": step, **terms})
    seconds = time.perf_counter() - began
    options.judge.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: current().to_numpy(a) for name, a in learners["classifier"].arrays().items()}
    save_file(weights, options.judge)
    x, labels = mnist.load("test")
    found = evaluated(lambda part: model.classify(learners, part).mean, x).argmax(axis=1)
    scores = {"accuracy": float((found == labels).mean())}
    return record_of(0, step, course, seconds) | {"scores": scores}


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
    data = "dsprites" if options.run == "infogan-dsprites" else "mnist"
    config = TrainConfig(
        model, options.steps, seed, BATCH, data, options.backend, log_every=LOG_EVERY
    )
    run = run_of(config, options.keep / f"{options.run}-seed{seed}")
    learners = trained(run, options.until)
    path = options.out / f"{options.run}-seed{seed}.png"
    rng = stream(seed, "evaluate")
    if data == "dsprites":
        scores = score_sprites(model, learners, rng, path)
    else:
        reader = Classifier()
        start = reader.start(stream(0, "initialise"))["classifier"]
        judges = {"classifier": start.with_arrays(load_file(options.judge), JUDGE_STEPS)}
        scores = SCORES[type(model)](
            model, learners, lambda x: reader.classify(judges, x).mean, rng, path
        )
    steps = learners["generator"].moments.steps
    record = record_of(seed, steps, run.metrics(), run.seconds())
    return record | {"model": vars(model), "scores": scores}


def run_of(config: TrainConfig[Any], folder: Path) -> Run:
    """The run in this folder, made if there is none; ends the program where it is another's."""
    if not folder.exists():
        return make_run(config, folder)
    run = open_run(folder)
    if run.config != config:
        raise SystemExit(f"{folder}: made with {run.config}, expected {config}: take it away")
    return run


def trained(run: Run, until: float) -> Learners:
    """The players after all updates, or after as many as there was time for: these are kept too."""
    before, began = run.seconds(), time.perf_counter()

    def report(step: int, terms: Mapping[str, float]) -> None:
        seconds = before + time.perf_counter() - began
        if step % (10 * EVERY) == 0:
            print(step, terms, f"{seconds / step:.4f} s", flush=True)
        if seconds > until:
            signal.raise_signal(signal.SIGTERM)  # which the loop takes as a request

    try:
        return loop.train(run, report)
    except loop.Interrupted:
        return loop.resume(run)[0]


def record_of(
    seed: int, steps: int, lines: Sequence[Mapping[str, float]], seconds: float
) -> Record:
    """What is kept of a training: its course, and the mean of what was logged of the LAST updates.

    Terms are in nats.
    """
    late = [line for line in lines if line["step"] > steps - LAST]
    course = [line for line in lines if line["step"] == 1 or line["step"] % EVERY == 0]
    return {
        "seed": seed,
        "steps": steps,
        "batch": BATCH,
        "backend": current().name,
        "seconds": round(seconds, 1),
        "course": [{n: round(v, 5) for n, v in line.items()} for line in course],
        "last": {n: float(np.mean([line[n] for line in late])) for n in late[0] if n != "step"},
    }


if __name__ == "__main__":
    main()
