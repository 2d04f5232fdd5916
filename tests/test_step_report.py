"""Tables of benchmarks/step_report.py: operations as kernels count them, ratios by round."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pydis.backends import load
from pydis.bench.measure import Setting
from pydis.bench.steps import Trainer
from pydis.models import BetaVAE, InfoGAN

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not here", allow_module_level=True)

BATCH = 3


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import step_report

    yield step_report
    sys.modules.pop("step_report")


@pytest.mark.parametrize(
    ("name", "model", "side"), [("beta-vae", BetaVAE(), 64), ("infogan", InfoGAN(), 28)]
)
def test_the_floor_counts_the_products_that_a_step_calls(
    name: str, model: Any, side: int, report: Any
) -> None:
    images = np.random.default_rng(0).random((BATCH, side, side, 1), np.float32)
    trainer = Trainer(Setting("numpy", load("numpy"), 1), model, [images])
    with trainer.recorded() as calls:
        trainer()
    called = sum(
        calls.costs[key].operations * len(times)
        for key, times in calls.seconds.items()
        if key.kernel.startswith(("matmul", "conv2d"))
    )
    assert called == pytest.approx(1e9 * report.gigaflops_of_a_step(name, BATCH), rel=1e-12)


def steps(*seconds: float) -> list[dict[str, float]]:
    return [{"seconds": s, "processor": 2 * s, "faults": 7} for s in seconds]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_ratios_are_of_the_rounds_medians_and_slowdowns_of_the_steps(report: Any) -> None:
    """Six rounds of three steps: theirs take twice as long as ours, while all grow slower.

    The last step of each round is slow on our side alone; a median passes it over.
    """
    ours = [s for r in range(1, 7) for s in (0.010 * r, 0.010 * r, 0.500)]
    theirs = [s for r in range(1, 7) for s in (0.001, 0.020 * r, 0.020 * r)]
    samples = {("cpp", "plain"): steps(*ours), ("torch", "plain"): steps(*theirs)}
    first, _, head, _, own, other = report.table(samples, 0.005, 3, {("torch", "plain"): 0.010})
    assert first == "Floor of the arithmetic: 5.0 ms."
    named = dict(zip(cells(head), cells(other), strict=True))
    assert named["/ cpp"] == "2.00" and named["interval"] == "2.00-2.00"
    middle = float(np.median(theirs))
    assert named["median ms"] == f"{1e3 * middle:.1f}" and named["least"] == "1.0"
    assert named["processor ms"] == f"{2e3 * middle:.1f}" and named["page faults"] == "7"
    assert named["times the floor"] == f"{middle / 0.005:.2f}"
    assert named["slowdown"] == f"{middle / 0.010:.2f}"
    named = dict(zip(cells(head), cells(own), strict=True))
    assert named["/ cpp"] == "1.00" and named["slowdown"] == ""


def test_without_ours_there_is_no_ratio_and_without_a_run_alone_no_slowdown(report: Any) -> None:
    lines = report.table({("torch", "tuned"): steps(0.1, 0.2, 0.3)}, 0.05, 1, {})
    named = dict(zip(cells(lines[2]), cells(lines[4]), strict=True))
    assert named["/ cpp"] == named["interval"] == "" and "slowdown" not in named


def test_losses_of_all_contenders_stand_beside_each_other(report: Any) -> None:
    losses = {
        ("cpp", "plain"): [{"loss": 3.0}, {"loss": 2.5}],
        ("torch", "plain"): [{"loss": 3.25}, {"loss": 2.0}],
    }
    head, _, own, other = report.table_of_losses(losses, ["loss"])
    assert cells(head) == ["contender", "malloc", "loss at 1", "loss at 2"]
    assert cells(own)[2:] == ["3", "2.5"] and cells(other)[2:] == ["3.25", "2"]
