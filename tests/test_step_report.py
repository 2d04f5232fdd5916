"""Tables of benchmarks/step_report.py: operations as kernels count them, ratios by round."""

from typing import Any

import numpy as np
import pytest
from benchmark_scripts import BUSY, QUIET, cells, document_about, importable, named  # noqa: F401

from pydis.backends import load
from pydis.bench.measure import Setting
from pydis.bench.steps import Trainer, batches
from pydis.models import MODELS

BATCH = 3


@pytest.fixture
def report() -> Any:
    import step_report

    return step_report


@pytest.mark.parametrize("name", list(MODELS))
def test_the_floor_counts_the_products_that_a_step_calls(name: str, report: Any) -> None:
    assert set(report.PRODUCTS) == set(MODELS) == set(report.PROBLEMS)
    model = report.PROBLEMS[name].model
    assert type(model) is MODELS[name]
    trainer = Trainer(Setting("numpy", load("numpy"), 1), model, batches(model, BATCH, 1))
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


def test_ratios_are_of_the_rounds_medians_and_slowdowns_of_the_steps(report: Any) -> None:
    """Six rounds of three steps: theirs take twice as long as ours, while all grow slower.

    The last step of each round is slow on our side alone; a median passes it over.
    """
    ours = [s for r in range(1, 7) for s in (0.010 * r, 0.010 * r, 0.500)]
    theirs = [s for r in range(1, 7) for s in (0.001, 0.020 * r, 0.020 * r)]
    samples = {("cpp", "plain"): steps(*ours), ("torch", "plain"): steps(*theirs)}
    lines = report.table(samples, 0.005, 3, {("torch", "plain"): 0.010}, "avx2")
    own, other = named(lines)
    assert other["/ cpp [95 %]"] == "2.00 [2.00, 2.00]" and other["n"] == "18"
    middle, low, high = np.quantile(theirs, [0.5, 0.25, 0.75])
    assert other["median ms"] == f"{1e3 * middle:.1f}" and other["min ms"] == "1.0"
    assert other["IQR"] == f"{1e3 * (high - low):.1f}"
    assert other["processor ms"] == f"{2e3 * middle:.1f}" and other["page faults"] == "7"
    assert other["times the floor"] == f"{middle / 0.005:.2f}"
    assert other["slowdown"] == f"{middle / 0.010:.2f}"
    assert own["/ cpp [95 %]"] == "-" and own["slowdown"] == ""
    assert own["ISA"] == "avx2" and other["ISA"] == ""


@pytest.mark.parametrize(
    ("theirs", "overloaded", "shown"),
    [
        ([0.2] * 6, True, "2.00 [2.00, 2.00] !"),
        ([0.05] * 6, False, "0.50 [0.50, 0.50] slower"),
        ([0.09] + [0.2] * 5, False, "-"),  # of six rounds the interval is from least to most
        ([0.2] * 5, False, "-"),  # five are too few for one
    ],
)
def test_a_ratio_is_shown_where_it_says_something(
    theirs: list[float], overloaded: bool, shown: str, report: Any
) -> None:
    samples = {("cpp", "plain"): steps(*[0.1] * len(theirs)), ("torch", "tuned"): steps(*theirs)}
    _, other = named(report.table(samples, 0.05, 1, {}, "", overloaded))
    assert other["/ cpp [95 %]"] == shown


def test_without_ours_there_is_no_ratio_and_without_a_run_alone_no_slowdown(report: Any) -> None:
    (other,) = named(report.table({("torch", "tuned"): steps(0.1, 0.2, 0.3)}, 0.05, 1, {}))
    assert other["/ cpp [95 %]"] == "" and "slowdown" not in other


def test_losses_of_all_contenders_stand_beside_each_other(report: Any) -> None:
    losses = {
        ("cpp", "plain"): [{"loss": 3.0}, {"loss": 2.5}],
        ("torch", "plain"): [{"loss": 3.25}, {"loss": 2.0}],
    }
    errors = {("cpp", "plain"): 1.234}
    head, _, own, other = report.table_of_losses(losses, ["loss"], errors, 2)
    names = ["contender", "malloc", "loss at 1", "loss at 2", "eps from float64"]
    assert cells(head) == names
    assert cells(own)[2:] == ["3", "2.5", "1.2"] and cells(other)[2:] == ["3.25", "2", "-"]


def test_losses_at_step_100_are_from_one_state_and_from_the_first_step_on(report: Any) -> None:
    """Those that did not go there from the first step have a dash."""
    late = [{"loss": 2.0}, {"loss": 1.5}]
    found = [
        {"contender": "cpp", "malloc": m, "late": late, "losses": [{"loss": 7.0}] * steps}
        for m, steps in (("plain", 100), ("tuned", 10))
    ]
    own, tuned = named([line for line in report.late_losses(found, ["loss"]) if "|" in line])
    assert (own["loss at 99"], own["loss at 100"]) == ("2", "1.5")
    assert own["loss at 100 from step 1"] == "7" and tuned["loss at 100 from step 1"] == "-"
    document = run_of(*[0.1] * 12, busy=False)
    assert "from one state" not in "\n".join(report.page(document))
    document["contenders"][0]["late"] = late
    assert "Steps 99 and 100 from one state" in "\n".join(report.page(document))


def run_of(*seconds: float, busy: bool) -> dict[str, Any]:
    """A document of six rounds."""
    contender = {
        "contender": "cpp",
        "malloc": "plain",
        "losses": [{"loss": 3.0}] * 100,
        "samples": steps(*seconds),
    }
    about = document_about(rounds=6, load=BUSY if busy else QUIET)
    run = {"model": "beta-vae", "busy": busy, "gigaflops_peak": 100.0, "contenders": [contender]}
    return about | run


@pytest.mark.parametrize(("discarded", "shown"), [(0, False), (3, True)])
def test_a_page_says_how_many_rounds_were_left_out(
    discarded: int, shown: bool, report: Any
) -> None:
    """Eight rounds were asked for: six quiet ones of two steps do."""
    document = run_of(*[0.1] * 12, busy=False) | {"rounds": 8, "counted": 2}
    text = "\n".join(report.page(document | {"discarded": discarded}))
    assert "Float32, batch 64, 6 rounds of 2 steps" in text
    assert ("3 disturbed rounds left out" in text) == shown


def test_a_page_says_on_what_machine_beside_which_libraries(report: Any) -> None:
    alone, busy = run_of(*[0.1] * 12, busy=False), run_of(*[0.15] * 12, busy=True)
    text = "\n".join(report.page(busy, alone))
    for said in (
        *("Processor, commit abc; our core on avx2, torch 2.0+cpu,", "beside a busy process."),
        *("6 rounds of 2 steps", "100 GFLOP/s. Used by others: 50 % (overloaded)."),
        f"Floor of the arithmetic: {10 * report.gigaflops_of_a_step('beta-vae', 64):.1f} ms.",
    ):
        assert said in text
    (row,) = named([line for line in text.splitlines() if line.startswith("|")][:3])
    assert row["slowdown"] == "1.50" and row["n"] == "12"
    assert "slowdown" not in "\n".join(report.page(alone))
