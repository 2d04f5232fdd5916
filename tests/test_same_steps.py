"""Steps beside PyTorch: step 100 from one state, what a round keeps, whose time counts as ours."""

import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from benchmark_scripts import importable  # noqa: F401  (a fixture)

from pydis.backends import use
from pydis.bench.steps import batches, training
from pydis.training import stream


def from_one_state(step: int = 100, **replaced: float) -> list[dict[str, float]]:
    """Losses of InfoGAN at steps 99 and 100, those of one replaced."""
    from step_problems import PROBLEMS

    losses = [dict.fromkeys(PROBLEMS["infogan"].losses, 0.5) for _ in range(2)]
    losses[step - 99] |= replaced
    return losses


@pytest.mark.parametrize(
    ("replaced", "step", "wrong"),
    [
        ({"discriminator_loss": 0.500009}, 99, False),
        ({"discriminator_loss": 0.500011}, 99, True),  # nothing was updated since the one state
        ({"generator_loss": 0.5009}, 99, False),
        ({"generator_loss": 0.5011}, 99, True),
        ({"discriminator_loss": 0.5009}, 100, False),
        ({"discriminator_loss": 0.4989}, 100, True),
        ({"information_uniform_2": 0.5049}, 100, False),
        ({"information_uniform_2": 0.5051}, 100, True),
        ({"information_category": float("nan")}, 100, True),
    ],
)
def test_step_100_is_compared_from_one_state(
    replaced: dict[str, float], step: int, wrong: bool
) -> None:
    from step_problems import PROBLEMS
    from steps_beside_torch import expect_alike_late

    theirs = from_one_state(step, **replaced)
    losses = {("cpp", "plain"): from_one_state(), ("eager", "tuned"): theirs}
    (loss,) = replaced
    said = rf"^eager tuned: {loss} .* at step {step} from one state, expected 0.5 "
    with pytest.raises(SystemExit, match=said) if wrong else nullcontext():
        expect_alike_late(losses, PROBLEMS["infogan"])


class Neighbourly:
    """In the place of a child that used so much of a processor, and of its steps."""

    def ask(self, steps: int = 0) -> Any:
        return [{"seconds": float(i)} for i in range(steps)] if steps else 2.0


def test_only_the_steps_on_the_clock_are_kept_of_a_round_and_each_round_another_is_first() -> None:
    from step_problems import PROBLEMS
    from steps_beside_torch import one_round

    problem = PROBLEMS["beta-vae"]
    children: Any = {("cpp", "plain"): Neighbourly(), ("eager", "plain"): Neighbourly()}
    counted = [float(problem.warm_up + i) for i in range(problem.counted)]
    for number, first in ((0, "cpp"), (1, "eager"), (2, "cpp")):
        taken = one_round(children, problem, number)
        assert next(iter(taken))[0] == first
        assert [[s["seconds"] for s in steps] for steps in taken.values()] == [counted] * 2


def test_a_busy_neighbour_on_purpose_counts_as_ours() -> None:
    import children

    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            while children.processor_time(neighbour.pid) < 0.1:
                pass
            before = children.moment_of([])
            both: Any = [Neighbourly(), Neighbourly()]
            after = children.moment_of(both, [neighbour.pid])
        finally:
            neighbour.kill()
    assert after.own - before.own >= 2 * 2.0 + 0.1
    assert children.processor_time(-1) == 0


def test_what_the_generator_is_given_is_what_the_model_draws(monkeypatch: Any) -> None:
    """The problem's arrays, of both draws of a step, at every adversarial model."""
    from step_problems import PROBLEMS, inputs

    import pydis.models.adversarial_networks as networks

    right = networks.Generator.__call__
    for name in ("gan", "conditional-gan", "infogan"):
        model, seen = PROBLEMS[name].model, []

        def kept(self: Any, z: Any, *args: Any, seen: Any = seen, **known: Any) -> Any:
            seen.append(z)
            return right(self, z, *args, **known)

        monkeypatch.setattr(networks.Generator, "__call__", kept)
        with use("numpy"):
            start, step = training(model, batches(model, 3, 1))
            step(start(), 1)
        rng = stream(0, "latent", 1)
        for z in seen:
            np.testing.assert_array_equal(z, inputs(model, rng, 3))
        assert len(seen) == 2


def test_from_one_state_rounding_passes_and_faults_end_the_program() -> None:
    """A game of images trained for 18 steps; then nudged by a unit in the last place, or wrong."""
    from late_rounding import losses
    from late_state import late_state
    from step_problems import PROBLEMS
    from steps_beside_torch import expect_alike_late

    problem = PROBLEMS["gan"]
    seen, done = batches(problem.model, 16), 18
    state = late_state(problem.model, seen, done)
    right = losses(problem.model, seen, state, done, until=done + 2)

    def compare(model: Any, nudge: int = -1) -> None:
        theirs = losses(model, seen, state, done, nudge, done + 2)
        expect_alike_late({("cpp", "plain"): right, ("eager", "plain"): theirs}, problem)

    for nudge in range(2):
        compare(problem.model, nudge)
    for fault in ({"beta1": 0.9}, {"discriminator_rate": 2.2e-4}, {"slope": 0.11}):
        with pytest.raises(SystemExit, match=r"^eager plain: .* from one state"):
            compare(replace(problem.model, **fault))


def test_names_and_axes_of_moments_are_those_of_their_weights() -> None:
    from step_problems import PROBLEMS, in_torch, torch_name

    problem, path = PROBLEMS["infogan"], "generator/{}.body.layers.2.w"
    assert torch_name(path.format("parameter")) == "torch/generator/parameter/body.2.weight"
    square = torch_name(f"late/{path}".format("adam.square"))
    assert square == "torch/late/generator/square/body.2.weight"
    a = np.arange(2 * 6272, dtype=np.float32).reshape(2, 6272)
    weight, moment = (
        in_torch(problem, n, a)
        for n in (path.format("parameter"), f"late/{path}".format("adam.mean"))
    )
    np.testing.assert_array_equal(weight, moment)
    assert weight.shape == (6272, 2) and weight[1, 0] == 128  # channels first: the next place
