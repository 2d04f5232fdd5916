"""How far rounding, and how far a fault, carries the losses of a model: from step 1, from step 98.

    python benchmarks/late_rounding.py [MODEL] [--batch 64] [--whole] [--threads 1]

Every weight is nudged by a unit in the last place, up or down, ten times over, or a
hyper-parameter is wrong. Lines are the largest relative differences of losses and of bounds on
information from the undisturbed training: at steps 99 and 100, both from one state after step 98,
and with --whole at steps 1, 10 and 100 from the beginning (minutes more for each of the lines).
The bounds of pydis/bench/agreement.py lie above the nudges; the faults above the bounds are seen.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from late_state import BEFORE, late_state
from step_problems import PROBLEMS, weights_of

from pydis.backends import available, use
from pydis.backends.memory import memory
from pydis.backends.threads import threads
from pydis.bench.agreement import LATE
from pydis.bench.steps import batches, parts
from pydis.training import stream

NUDGES = 10
FAULTS: Mapping[str, Mapping[str, float]] = {
    "generator's rate + 10 %": {"generator_rate": 1.1e-3},
    "discriminator's rate + 10 %": {"discriminator_rate": 2.2e-4},
    "β₁ 0.9, not 0.5": {"beta1": 0.9},
    "slope 0.11, not 0.1": {"slope": 0.11},
    "no weight of the category": {"category_weight": 0.0},
    "no weight of uniform codes": {"uniform_weight": 0.0},
    "rate + 10 %": {"learning_rate": 5.5e-4},
    "β 4.4, not 4": {"beta": 4.4},
}
Losses = list[dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", choices=list(PROBLEMS), default="infogan")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--whole", action="store_true", help="from the beginning, too")
    options = parser.parse_args()
    model = PROBLEMS[options.model].model
    seen = batches(model, options.batch)
    backend = "cpp" if available()["cpp"].usable else "numpy"
    with threads(options.threads), use(backend), memory():
        late = late_state(model, seen)
        compare(model, seen, late, BEFORE, (BEFORE + 1, LATE.step))
        if options.whole:
            compare(model, seen, {}, 0, (1, 10, LATE.step))


def compare(
    model: Any, seen: Sequence[Any], state: Mapping[str, Any], done: int, steps: Sequence[int]
) -> None:
    """Lines of each disturbance: the worst loss and the worst bound, of these steps in turn."""
    print(f"after step {done}: losses | information, at steps {', '.join(map(str, steps))}")
    right = losses(model, seen, state, done)
    disturbed = [(f"nudge {n}", model, n) for n in range(NUDGES)]
    for name, fault in FAULTS.items():
        if all(hasattr(model, each) for each in fault):
            disturbed.append((name, replace(model, **fault), -1))
    for name, other, seed in disturbed:
        found = losses(other, seen, state, done, seed)
        cells = [apart(found[s - done - 1], right[s - done - 1]) for s in steps]
        print(f"{name:28} {'   '.join(cells)}", flush=True)


def losses(
    model: Any,
    seen: Sequence[Any],
    state: Mapping[str, Any],
    done: int,
    nudge: int = -1,
    until: int = LATE.step,
) -> Losses:
    """Of the steps from the state to the last; with weights nudged by draws of that seed."""
    learners = model.start(stream(0, "initialise"), parts(seen[0])[0].shape[1])
    rng = np.random.default_rng(max(nudge, 0))
    for player, learner in learners.items():
        arrays = learner.arrays() | weights_of(state, f"late/{player}")
        if nudge >= 0:
            arrays |= {n: nudged(a, rng) for n, a in arrays.items() if n.startswith("parameter.")}
        learners[player] = learner.with_arrays(arrays, done)
    found = []
    for number in range(done + 1, until + 1):
        x, *labels = parts(seen[(number - 1) % len(seen)])
        learners, terms = model.update(learners, x, stream(0, "latent", number), *labels)
        found.append({name: float(value) for name, value in terms.items()})
    return found


def nudged(a: Any, rng: np.random.Generator) -> Any:
    """Every number a unit in the last place up or down."""
    far = np.where(rng.random(a.shape) < 0.5, -np.inf, np.inf).astype(a.dtype)
    return np.nextafter(a, far)


def apart(own: Mapping[str, float], other: Mapping[str, float]) -> str:
    """The largest relative differences of losses and of bounds."""
    worst = []
    for kind in ("loss", "information_"):
        names = [n for n in own if n.endswith(kind) or n.startswith(kind)]
        worst.append([abs(own[n] - other[n]) / max(1.0, abs(other[n])) for n in names])
    return " | ".join(f"{max(each):.1e}" for each in worst if each)


if __name__ == "__main__":
    main()
