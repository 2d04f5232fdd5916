"""Training steps in the bench: same work or no ratio, and where a step's time goes."""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from bench_help import LIMITS, problems
from small_runs import Small, registered  # noqa: F401

from pydis.backends import available, definition, load, use
from pydis.bench import agreement, compare, explain, show, steps
from pydis.bench import run as bench_run
from pydis.bench.calls import Calls, Cost, Key, cost, recording
from pydis.bench.load import Load
from pydis.bench.measure import NO_LIMITS, Setting
from pydis.bench.records import Copy, Limits, Peak, Record
from pydis.bench.rows import kernel_rows
from pydis.bench.steps import Trainer, batches
from pydis.cli import main
from pydis.models import GAN, MODELS, BetaVAE, ConditionalGAN, InfoGAN

NUMPY = Setting("numpy", load("numpy"), 1)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, on a machine that is always quiet: no round is measured twice."""
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)
    monkeypatch.setattr("pydis.bench.load.load_since", lambda *_: Load(0.0, 0.0, False))
    monkeypatch.setattr("pydis.bench.timing.WARM_UP", 0.0)
    monkeypatch.setattr(explain, "STEPS", 2)
    monkeypatch.setattr(bench_run, "limits", lambda *_: LIMITS)


def planted(**wrong: Any) -> Setting:
    return Setting("numpy", load("numpy", **wrong), 1, replaced=wrong)


def measured(*contenders: Setting, model: Any = None, **changes: Any) -> Any:
    known = {"rounds": 6, "steps": 4, "limits": LIMITS, "size": 2} | changes
    return steps.measure_steps("small", model or Small(), contenders, **known)


# The contender


def test_training_is_what_the_loop_does() -> None:
    """Same weights, images and noise as `pydis train`: the same losses, bit by bit."""
    from pydis.training import TrainConfig, loop

    config = TrainConfig(BetaVAE(), steps=3, batch=2, backend="numpy", threads=1)
    images = steps.batches(config.model, 2, 3)
    with use("numpy"):
        expected = [terms["loss"] for _, _, terms in loop.steps(config, loop.start(config), 0)]
        start, step = steps.training(config.model, images)
        learners, found = start(), []
        for number in (1, 2, 3):
            learners, losses = step(learners, number)
            found.append(losses["loss"])
    assert found == expected


def test_training_from_given_weights_and_again_from_the_first_batch() -> None:
    images = [np.ones((2, 64, 64, 1), np.float32), np.zeros((2, 64, 64, 1), np.float32)]
    with use("numpy"):
        start, step = steps.training(Small(), images)
        weights = {"player0": {"parameter.w": np.full((16, 2), 0.5, np.float32)}}
        begin, _ = steps.training(Small(), images, weights=weights)
        before, after = start()["player0"].arrays(), begin()["player0"].arrays()
        assert (after["parameter.w"] == 0.5).all()
        np.testing.assert_array_equal(after["parameter.b"], before["parameter.b"])
        with patch("pydis.bench.steps.stream", lambda *_: np.random.default_rng(0)):
            assert step(start(), 3)[1] == step(start(), 1)[1] != step(start(), 2)[1]


def test_every_model_is_there() -> None:
    assert list(steps.model_rows()) == list(MODELS) and "small" in MODELS


@pytest.mark.parametrize("model", [GAN(), ConditionalGAN(), InfoGAN()])
def test_adversarial_models_train_on_images_of_their_size_or_on_noise(
    model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without MNIST too, and with the classes that a model asks for; losses are both players'."""
    monkeypatch.delenv("PYDIS_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    given = steps.batches(model, 3, 2)
    images = [x[0] if isinstance(model, ConditionalGAN) else x for x in given]
    assert [x.shape for x in images] == [(3, 28, 28, 1)] * 2
    assert not np.array_equal(*images)
    with use("numpy"):
        start, step = steps.training(model, given)
        _, losses = step(start(), 1)
    assert set(losses) == {"discriminator_loss", "generator_loss"}


# Same work or no ratio


def test_equal_work_has_a_ratio_and_losses() -> None:
    row = measured(NUMPY, NUMPY)
    first, other = row.contenders
    assert first.losses == other.losses and first.losses.steps == 4
    assert set(first.losses.first) == {"loss of player0"}
    assert first.losses.first != first.losses.last
    assert first.ratio is None and other.ratio is not None and len(other.samples) == 6
    assert other.losses.error is not None and 0 < other.losses.error < 8  # of a mean of 2 N squares
    assert not other.wrong and other.error == 0 and other.page_faults is not None
    assert row.terms is None and row.operations > 0


def faulty(change: Callable[[Any], Any]) -> Setting:
    right = load("numpy").matmul_act
    return planted(matmul_act=lambda *a: change(right(*a)))


def late(change: Callable[[Any], Any], calls: int) -> Callable[[Any], Any]:
    """The change, from a number of calls on."""
    seen = iter(range(10**9))
    return lambda y: change(y) if next(seen) >= calls else y


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda y: y, False),
        (lambda y: y + np.float32(1e-7), False),
        (lambda y: y + np.float32(1e-2), True),
        (late(lambda y: y + 1, 2), True),  # right at step 1, other work at step 4
    ],
    ids=["same", "rounding", "other", "later"],
)
def test_other_work_has_no_ratio(change: Any, wrong: bool) -> None:
    row = measured(NUMPY, faulty(change), rounds=6)
    other = row.contenders[1]
    assert (other.wrong, other.ratio is None) == (wrong, wrong)
    lines = "\n".join(show.loss_lines(row))
    assert lines.count("loss of player0") == 2 and ("WRONG" in lines) == wrong
    assert ("WRONG" in show.cells(other, False)) == wrong


def test_a_loss_that_is_missing_or_no_number_differs() -> None:
    assert agreement.difference({"a": 1.0}, {"a": 1.0}) == 0
    assert agreement.difference({"a": 1.1, "b": 2.0}, {"a": 1.0, "b": 2.0}) == pytest.approx(0.1)
    assert agreement.difference({"a": 1.0}, {"b": 1.0}) == float("inf")
    assert agreement.difference({"a": float("nan")}, {"a": 1.0}) == float("inf")


def test_a_contender_goes_on_to_the_last_step() -> None:
    short, longer = measured(NUMPY, rounds=1, steps=9), measured(NUMPY, rounds=6, steps=9)
    assert short.contenders[0].losses == longer.contenders[0].losses


def between(change: Callable[[Any], Any], calls: range) -> Callable[[Any], Any]:
    """The change, in these calls."""
    seen = iter(range(10**9))
    return lambda y: change(y) if next(seen) in calls else y


def test_the_last_losses_of_a_game_are_from_one_state() -> None:
    """Trainings may part from step 2 on; none may do other work in steps 99 and 100."""
    parting: Any = lambda y: y + np.float32(1.0)
    game = {"model": Small(players=2), "rounds": 1, "steps": None}
    counted = iter(range(10**9))
    measured(faulty(lambda y: (next(counted), y)[1]), NUMPY, **game)
    calls = next(counted)  # the last of them by two players in each of steps 99 and 100
    for wrong, change in (
        (False, between(parting, range(2, calls - 4))),
        *((True, between(parting, range(calls - n, calls - n + 1))) for n in (1, 2, 3, 4)),
    ):
        row = measured(faulty(change), NUMPY, **game)
        assert [e.losses.steps for e in row.contenders] == [100, 100]
        assert row.contenders[1].wrong == wrong, change
    parting = late(parting, 99)
    row = measured(NUMPY, faulty(parting), rounds=1, steps=None)
    assert row.contenders[1].losses.steps == 100 and row.contenders[1].wrong


@pytest.mark.parametrize(("steps", "state"), [(1, 0), (2, 0), (5, 3)])
def test_the_state_is_two_steps_before_or_the_first(steps: int, state: int) -> None:
    model = Small(players=2)
    row = measured(NUMPY, NUMPY, model=model, rounds=1, steps=steps)
    found = row.contenders[0].losses
    trainer = Trainer(NUMPY, model, batches(model, 2))
    _, expected = trainer.anew(1, steps)
    assert found.last == expected and found.first == trainer.anew(1, 1)[1]
    begun, _ = trainer.anew(1, state)
    assert trainer.anew(state + 1, steps, begun)[1] == expected


@pytest.mark.parametrize("name", [name for name in MODELS if name != "small"])
def test_the_first_loss_of_every_model_is_right_but_for_rounding(name: str) -> None:
    """Beside the same step in float64: from the same weights and draws, each rounded once."""
    model = MODELS[name]()
    given = steps.batches(model, 4, 1)[0]
    exact = steps.first_loss_in_double(model, given)
    with use("numpy"):
        start, step = steps.training(model, [given])
        _, losses = step(start(), 1)
    one, eps = {n: losses[n] for n in exact}, float(np.finfo(np.float32).eps)
    assert 0 < agreement.difference(one, exact) <= agreement.FIRST
    wrong = {n: value * (1 + 2 * agreement.FIRST) for n, value in exact.items()}
    until = agreement.Agreement(1, 1e-2)
    found, off = agreement.compared([losses], [losses], until, wrong)
    assert off == 0 and found.error is not None and found.error > agreement.FIRST / eps


# Costs and budgets


def test_recorded_costs_are_those_of_the_rows() -> None:
    for row in kernel_rows():
        if row.operations > 1e8:
            continue
        inputs = row.make("float32")
        calls, block = recording("numpy")
        with block as table:
            y = row.call(table, inputs)
        ((key, one),) = calls.costs.items()
        assert key.kernel == row.kernel and one.operations == row.operations
        assert one.bytes == sum(a.nbytes for a in (*inputs, y))


def test_gates_and_finishes_cost_what_the_plain_kernel_does() -> None:
    x, w, b = (np.ones(shape, np.float32) for shape in ((2, 8, 8, 3), (4, 4, 3, 5), (5,)))
    g = np.ones((2, 4, 4, 5), np.float32)
    taps = len(list(definition.taps((8, 8), (4, 4), (4, 4), 2, 1)))
    expected = 2 * 2 * 3 * 5 * taps
    geometry = (2, 1)
    for name, arguments, result in (
        ("conv2d_act", (x, w, b, 0.0, *geometry), g),
        ("conv2d_gated", (x, x, w, *geometry), g),
        ("conv2d_behind", (x, w, g, 0.0, *geometry), g),
        ("conv2d_x_behind", (g, w, x, 0.0, (8, 8), *geometry), x),
        ("conv2d_x_act", (g, w, np.ones(3, np.float32), 0.0, (8, 8), *geometry), x),
        ("conv2d_x_gated", (g, g, w, (8, 8), *geometry), x),
        ("conv2d_w_gated", (x, g, g, "g", (4, 4), *geometry), w),
    ):
        one = cost(name, arguments, result)
        arrays = [a for a in (*arguments, result) if isinstance(a, np.ndarray)]
        assert one == (expected, sum(a.nbytes for a in arrays)), name


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_a_budget_holds_the_whole_step(backend: str) -> None:
    if not available()[backend].usable:
        pytest.skip("pydis was installed without its compiled module")
    row = measured(Setting(backend, load(backend), 1), model=BetaVAE(), explain=True, rounds=1)
    budget = row.budget
    kernels = {op.kernel for op in budget.ops}
    assert {"matmul_act", "conv2d_act", "conv2d_x_act", "bernoulli_slope"} <= kernels
    assert ("adam" in kernels) == (backend == "cpp")
    assert 0 < budget.outside < budget.wall
    assert [op.seconds for op in budget.ops] == sorted(o.seconds for o in budget.ops)[::-1]
    assert sum(op.operations for op in budget.ops) == row.operations
    floor = row.contenders[0].floor
    assert sum(op.floor for op in budget.ops) == pytest.approx(floor)
    assert all(op.share_of_floor == pytest.approx(op.floor / op.seconds) for op in budget.ops)


def test_a_kernel_called_by_a_kernel_counts_once() -> None:
    calls, block = recording("numpy")
    a = np.ones((3, 3), np.float32)
    with block as table:
        table.matmul_act(a, a, a[0], 0.0)
    assert [key.kernel for key in calls.seconds] == ["matmul_act"]
    assert load("numpy").matmul_act(a, a, a[0], 0.0).sum() == 36  # nothing was left behind
    assert len(calls.seconds) == 1


@pytest.mark.parametrize(("backend", "outside"), [("numpy", 2.0), ("cpp", 3.0)])
def test_what_the_counting_takes_is_taken_off(backend: str, outside: float) -> None:
    """A step of 10 s by the clock, of which 5 in a kernel and 3 for counting: 7, and 2 outside.

    By the core's own clock 4 of the 5 are in its kernel, and 1 for the call.
    """

    class Imagined:
        setting, calls = NUMPY._replace(backend=backend), Calls()

        @contextmanager
        def recorded(self) -> Any:
            yield self.calls

        def __call__(self) -> None:
            self.calls.costs[Key("adam", "8")] = Cost(96, 224)
            self.calls.seconds[Key("adam", "8")] += [1.0, 4.0]
            self.calls.counting += 3.0

    clock = iter(range(0, 1000, 10))
    busy, core = Load(0.5, 0.25, True), iter(range(0, 1000, 4))
    with (
        patch.object(explain, "perf_counter", lambda: next(clock)),
        patch.object(explain, "load_since", lambda before: busy),
        patch.object(explain, "kernel_seconds", lambda: next(core)),
    ):
        budget = explain.budget(Imagined(), LIMITS)
    assert (budget.wall, budget.outside) == (7.0, outside)
    assert (budget.others, budget.overloaded) == (0.25, True)
    (op,) = budget.ops
    assert (op.calls, op.seconds, op.operations, op.bytes) == (2, 5.0, 192, 448)
    assert op.floor == pytest.approx(2 * max(96 / 4e6, 224 / 8e6))


def test_why() -> None:
    assert explain.why(3e-3, 1e-3, 1e-6) == "compute-bound"
    assert explain.why(1e-3, 3e-3, 1e-6) == "memory-bound"
    assert explain.why(1e-7, 3e-7, 1e-6) == "overhead"


# The command, and the demo's end


def run(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    status = main(["bench", "steps", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command(capsys: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    files = ("--json", tmp_path / "s.json", "--svg", tmp_path / "s.svg")
    quick = ("--rounds", 6, "--steps", 3, "--batch", 2, "--threads", 1)
    status, out, _ = run(capsys, "--filter", "small", "--explain", *quick, *files)
    document = json.loads((tmp_path / "s.json").read_text())
    assert status == 0 and problems(document, Record) == []
    (row,) = document["rows"]
    assert (row["work"], row["shape"], document["level"]) == ("small", "batch 2", "steps")
    assert "losses at step 1 -> step 3" in out and "in kernels (floor" in out
    picture = (tmp_path / "s.svg").read_text()
    assert picture.startswith("<?xml") and "roofline" in picture and str(Path.home()) not in picture


def test_the_roof_has_the_slope_of_the_fastest_copy() -> None:
    """Several threads may copy a small array more slowly than a larger one."""
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    from matplotlib.figure import Figure

    from pydis.bench import pictures

    copies = [Copy(2**20 * size, 2, rate) for size, rate in ((1, 20.0), (4, 50.0), (64, 10.0))]
    limits = Limits([Peak("avx2", 2, 1e6)], [], copies, 0.0, 4096, 0.0, None, overloaded=False)
    axes = Figure().subplots()
    pictures._roof(axes, limits, 2, "-")
    slopes = [line.get_ydata()[0] / line.get_xdata()[0] for line in axes.lines]
    assert np.allclose(slopes, [50.0, 10.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--filter", "abacus"], "--filter abacus: expected part of one of vae, beta-vae"),
        (["--steps", 0], "--steps: expected at least 1, received 0"),
        (["--batch", -1], "--batch: expected at least 1, received -1"),
    ],
)
def test_bad_usage(capsys: Any, options: list[Any], message: str) -> None:
    status, out, err = run(capsys, *options)
    assert status == 2 and out == "" and message in err


def test_a_comparison_in_words() -> None:
    cpp = replace(measured(NUMPY).contenders[0], backend="cpp", instruction_set="avx2")
    row = measured(NUMPY, NUMPY)
    numpy, other = row.contenders
    ratio = replace(other.ratio, median=4.0, low=3.5, high=4.5, significant=True)
    fast = replace(cpp, median=0.05, ratio=ratio)
    said = compare.sentences(replace(row, contenders=[numpy, fast], overloaded=False))
    assert "50.0 ms on cpp (avx2, threads 1)" in said[0]
    assert "cpp is 4 times as fast as numpy [3.5, 4.5]" in said[0] and "trust" not in said[0]
    busy = replace(row, contenders=[numpy, fast], overloaded=True, others=0.4)
    assert "do not trust it: others used 40 % of the machine" in compare.sentences(busy)[0]
    close = replace(fast, ratio=replace(ratio, significant=False))
    said = compare.sentences(replace(row, contenders=[numpy, close]))
    assert "no difference beyond the scatter of 6 rounds" in said[0]
    wrong = compare.sentences(replace(row, contenders=[numpy, replace(fast, wrong=True)]))
    assert "no comparison" in wrong[0] and "times as fast" not in " ".join(wrong)


def test_a_comparison_without_the_core() -> None:
    with patch.object(compare, "core", lambda: None):
        row = compare.compare(Small(), 2)
    assert [e.backend for e in row.contenders] == ["numpy"]
    assert "ms on numpy" in compare.sentences(row)[0] and NO_LIMITS.peaks == []
