"""Comparisons beside PyTorch end where contenders do not do the same work."""

import sys
from itertools import count
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmark_scripts import importable  # noqa: F401  (a fixture)

from pydis.backends import available
from pydis.bench import load, rows
from pydis.bench.load import Moment

STEPS = 10
"""InfoGAN's losses are compared at step 1 and at this one."""


def infogan(**first: float) -> list[dict[str, float]]:
    """Losses of all steps, those of step 1 replaced."""
    from step_problems import PROBLEMS

    problem = PROBLEMS["infogan"]
    assert problem.alike.step == STEPS
    losses = [dict.fromkeys(problem.losses, 0.5) for _ in range(STEPS)]
    return [losses[0] | first, *losses[1:]]


def later(step: int, **replaced: float) -> list[dict[str, float]]:
    losses = infogan()
    losses[step - 1] |= replaced
    return losses


def compare(theirs: list[dict[str, float]]) -> None:
    from step_problems import PROBLEMS
    from steps_beside_torch import expect_alike

    losses = {("cpp", "plain"): infogan(), ("eager", "tuned"): theirs}
    expect_alike(losses, PROBLEMS["infogan"])


def test_losses_apart_by_rounding_are_the_same_work() -> None:
    compare(infogan())
    compare(infogan(discriminator_loss=0.500009, generator_loss=0.529))
    compare(later(STEPS, discriminator_loss=0.529, information_uniform_2=0.471))
    compare(later(STEPS - 1, generator_loss=7.0))  # is not looked at


@pytest.mark.parametrize(
    ("theirs", "step"),
    [
        ({"discriminator_loss": 0.500011}, 1),  # the first loss, at step 1: 1e-5
        ({"generator_loss": 0.531}, 1),  # the others, and later: 0.03
        ({"information_uniform_2": 0.469}, STEPS),
        ({"discriminator_loss": float("nan")}, STEPS),
    ],
)
def test_one_wrong_loss_ends_the_program(theirs: dict[str, float], step: int) -> None:
    (loss,) = theirs
    with pytest.raises(SystemExit, match=rf"^eager tuned: {loss} .* at step {step}, expected 0.5 "):
        compare(later(step, **theirs))


def test_large_losses_may_differ_by_their_size() -> None:
    from step_problems import PROBLEMS
    from steps_beside_torch import expect_alike

    problem = PROBLEMS["beta-vae"]
    ours = [{"loss": 600.0} for _ in range(problem.alike.step)]

    def with_last(loss: float) -> dict[Any, Any]:
        return {("cpp", "plain"): ours, ("compile", "plain"): [*ours[:-1], {"loss": loss}]}

    expect_alike(with_last(605.9), problem)
    with pytest.raises(SystemExit, match=r"compile plain: loss 606.1 at step 100"):
        expect_alike(with_last(606.1), problem)


ROW = rows.matmul(8, 1024, 16, "a bᵀ")


class Computes:
    """In the place of a child: computes the row's product in its own way, and takes no time."""

    malloc = "plain"

    def __init__(self, variant: str, product: Any) -> None:
        self.variant, self.product, self.asked = variant, product, 0

    def ask(self, **request: Any) -> Any:
        if "row" not in request:
            self.asked += 1
            return 1e-3 if "variant" in request else 0.0
        a, b = np.load(request["row"]["inputs"]).values()
        path = Path(request["row"]["results"]) / f"{self.variant}.npy"
        np.save(path, self.product(a, b.T))
        return {self.variant: str(path)}


def measured(folder: Path, product: Any) -> dict[str, Any]:
    """The row's product by NumPy, and beside it by another function."""
    from kernels_beside_torch import measure

    children: list[Any] = [Computes("pydis", np.matmul), Computes("torch.mm", product)]
    found: dict[str, Any] = measure(ROW, children, 6, folder)
    return found


def test_a_row_keeps_its_samples_and_the_errors_against_float64(tmp_path: Path) -> None:
    def narrow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a.astype(np.float64) @ b).astype(np.float32)

    found = measured(tmp_path, narrow)
    ours, theirs = found["samples"]
    assert (ours["variant"], theirs["variant"]) == ("pydis", "torch.mm")
    assert [s["seconds"] for s in (ours, theirs)] == [[1e-3] * 6] * 2
    # A result rounded once is off by at most half a unit of itself, and |y| <= |a||b|.
    assert 0 < theirs["error"] <= 0.5 and theirs["error"] < ours["error"] <= found["bound"]
    assert (found["name"], found["calls"]) == (ROW.name, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: (a @ b) * np.float32(1 + 1e-3),
        lambda a, b: (a @ b).T.copy().reshape(8, 16),
        lambda a, b: a @ b + np.float32(np.nan),
        lambda a, b: (a @ b)[:, :1],
        lambda a, b: half(a) @ half(b),
        lambda a, b: one_off(a @ b, 0.1),
    ],
    ids=["scaled", "in another order", "nan", "shape", "half precision", "one number"],
)
def test_a_kernel_is_not_timed_beside_a_wrong_result(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^matmul 8x1024x16 a bᵀ: torch.mm is off by .* no ratio"):
        measured(tmp_path, wrong)


def half(a: np.ndarray) -> np.ndarray:
    """Numbers with the 8 binary digits of bfloat16."""
    return (a.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def one_off(y: np.ndarray, by: float) -> np.ndarray:
    y[3, 5] += np.float32(by)
    return y


def test_what_is_tolerated_is_certain_for_short_sums_and_likely_for_long_ones() -> None:
    from kernels_beside_torch import CHANCE, tolerated

    short = rows.matmul(64, 20, 256)
    assert tolerated(short) == rows.bound(short, "float32")
    for row in (ROW, *rows.kernel_rows()[-3:]):
        limit = tolerated(row)
        assert limit <= rows.bound(row, "float32")
        # The λ of that limit leaves so much chance to all products together.
        chance = row.operations / 2 * 2 * exp(-((2 * limit / row.terms**0.5) ** 2) / 2)
        assert chance == pytest.approx(CHANCE) or limit == rows.bound(row, "float32")
    assert tolerated(ROW) < rows.bound(ROW, "float32") / 4


def test_rounds_that_others_disturb_are_measured_anew_and_children_count_as_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others take one of two processors in the second of seven rounds, a child of ours always."""
    import kernels_beside_torch

    now = count()

    def moment_of(children: list[Computes]) -> Moment:
        number = next(now)  # before a block, and after it
        t, others = 100.0 * number, 100.0 * (number >= 3)
        return Moment(t + others, t - others, t, 0.0)

    monkeypatch.setattr(load, "SHORTEST", 0.0)
    monkeypatch.setattr(load, "sleep", lambda seconds: None)
    monkeypatch.setattr(kernels_beside_torch, "moment_of", moment_of)
    found = measured(tmp_path, np.matmul)
    assert found["discarded"] == 1 and not found["overloaded"] and found["others"] == 0.0
    assert [len(s["seconds"]) for s in found["samples"]] == [6, 6]


@pytest.mark.parametrize("library", ["pydis", "openblas"])
def test_a_child_computes_the_rows_from_the_inputs_it_is_handed(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from children import Child
    from kernels_beside_torch import CHILD, measure

    if library == "pydis" and not available()["cpp"].usable:
        pytest.skip("pydis was installed without its compiled module")
    monkeypatch.setattr(load, "SHORTEST", 0.0)
    asked = [ROW, rows.matmul(5, 7, 6, "aᵀ b")]
    asked += rows.convolutions(3, 8, 2, 3) if library == "pydis" else []
    child = Child([sys.executable, str(CHILD), library, "1"], "plain", 1)
    try:
        for row in asked:
            (sample,) = measure(row, [child], 1, tmp_path)["samples"]
            assert sample["variant"] == library and 0 < sample["error"] <= row.terms / 2
    finally:
        child.end()
