"""Comparisons beside PyTorch end where contenders do not do the same work."""

from typing import Any

import numpy as np
import pytest
from benchmark_scripts import importable  # noqa: F401

STEPS = 10
"""InfoGAN's losses are compared at step 1 and at this one."""


def infogan(**first: float) -> list[dict[str, float]]:
    """Losses of all steps, those of step 1 replaced."""
    from step_problems import PROBLEMS

    problem = PROBLEMS["infogan"]
    assert problem.steps == STEPS
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
    ours = [{"loss": 600.0} for _ in range(problem.steps)]

    def with_last(loss: float) -> dict[Any, Any]:
        return {("cpp", "plain"): ours, ("compile", "plain"): [*ours[:-1], {"loss": loss}]}

    expect_alike(with_last(605.9), problem)
    with pytest.raises(SystemExit, match=r"compile plain: loss 606.1 at step 100"):
        expect_alike(with_last(606.1), problem)


def test_digests_of_kernels_are_the_same_within_rounding_or_end_the_program() -> None:
    """Their tolerance is 1e-4 of the result's size, the first of the two numbers."""
    from kernels_beside_torch import expect_alike

    for right in ([100.0, -3.0], [100.009, -3.009]):
        expect_alike("conv2d 1", "torch NCHW", right, [100.0, -3.0])
    nan = float("nan")
    for wrong in ([100.011, -3.0], [100.0, -3.011], [100.0, 3.0], [nan, nan], [100.0, nan]):
        with pytest.raises(SystemExit, match=r"^conv2d 1: torch NCHW computed \["):
            expect_alike("conv2d 1", "torch NCHW", wrong, [100.0, -3.0])


def test_a_result_in_another_order_has_another_digest() -> None:
    from kernel_child import digest
    from kernels_beside_torch import expect_alike

    y = np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32)
    expect_alike("matmul 1", "torch.mm", digest(y * np.float32(1 + 1e-6)), digest(y))
    with pytest.raises(SystemExit):
        expect_alike("matmul 1", "torch.mm", digest(y.T.copy()), digest(y))


class Answers:
    """In the place of a child: prepares every row with one digest, and takes no time."""

    malloc = "plain"

    def __init__(self, variant: str, digest: list[float]) -> None:
        self.variant, self.digest = variant, digest

    def ask(self, **request: Any) -> Any:
        if "row" in request:
            return {self.variant: self.digest}
        return 1e-3 if "variant" in request else 0.0


def test_a_kernel_is_not_timed_beside_a_wrong_result() -> None:
    from kernels_beside_torch import measure

    from pydis.bench.rows import kernel_rows

    row, ours = kernel_rows()[0], Answers("pydis", [100.0, -3.0])
    times = measure(row, [ours, Answers("torch.mm", [100.0, -3.0])], 2)["times"]
    assert times == {("pydis", "plain"): [1e-3] * 2, ("torch.mm", "plain"): [1e-3] * 2}
    with pytest.raises(SystemExit, match=r"torch.mm computed \[100.0, -2.0\]"):
        measure(row, [ours, Answers("torch.mm", [100.0, -2.0])], 2)
