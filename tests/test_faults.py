"""Planted faults: the check rejects every wrong pullback, except those that change nothing.

Each input of each primitive gets four faults. Two change the numbers; two give the right numbers
and a dead second derivative, as an opaque compiled backward pass would.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from registry import ENTRIES, Case, Spec, fill
from strategies import GATED

from pydis.autodiff import Tensor, check_gradients, grad, stop_gradient
from pydis.autodiff.check import GradientError
from pydis.autodiff.primitive import PRIMITIVES
from pydis.backends import use

Rule = Callable[..., Any]
Fault = tuple[str, int, str]

SCALED, SIGN, OPERANDS, COTANGENT = "scaled", "wrong sign", "operands cut", "cotangent cut"
KINDS = (SCALED, SIGN, OPERANDS, COTANGENT)
FAULTS: list[Fault] = [
    (name, slot, kind)
    for name, entry in sorted(ENTRIES.items())
    for slot in range(len(entry.domains))
    for kind in KINDS
]

READS_NOTHING = "the op is linear and its rule reads no operand"
READS_GATE = "the rule reads only where relu is open, which is constant almost everywhere"
READS_PIECE = "the rule reads only on which piece an element lies: constant almost everywhere"
IS_ZERO = "the cotangent is zero almost everywhere"

GATES = [
    ("gate", 1),
    ("conv2d_gated", 1),
    ("conv2d_behind", 2),
    ("conv2d_x_behind", 2),
    ("conv2d_x_gated", 1),
    ("conv2d_w_gated", 2),
    ("bias_gradient", 1),
]
"""The inputs that only open or shut."""

NO_OPS: dict[Fault, str] = {
    ("add", 0, OPERANDS): READS_NOTHING,
    ("add", 1, OPERANDS): READS_NOTHING,
    ("sub", 0, OPERANDS): READS_NOTHING,
    ("sub", 1, OPERANDS): READS_NOTHING,
    ("neg", 0, OPERANDS): READS_NOTHING,
    ("broadcast_to", 0, OPERANDS): READS_NOTHING,
    ("sum_to", 0, OPERANDS): READS_NOTHING,
    ("reshape", 0, OPERANDS): READS_NOTHING,
    ("transpose", 0, OPERANDS): READS_NOTHING,
    ("getitem", 0, OPERANDS): READS_NOTHING,
    ("put_back", 0, OPERANDS): READS_NOTHING,
    ("take", 0, OPERANDS): READS_NOTHING,
    ("scatter_add", 0, OPERANDS): READS_NOTHING,
    ("concat", 0, OPERANDS): READS_NOTHING,
    ("concat", 1, OPERANDS): READS_NOTHING,
    ("cumsum", 0, OPERANDS): READS_NOTHING,
    ("leaky_relu", 0, OPERANDS): READS_PIECE,
    ("abs", 0, OPERANDS): READS_PIECE,
    ("maximum", 0, OPERANDS): READS_PIECE,
    ("maximum", 1, OPERANDS): READS_PIECE,
    ("minimum", 0, OPERANDS): READS_PIECE,
    ("minimum", 1, OPERANDS): READS_PIECE,
    ("clip", 0, OPERANDS): READS_PIECE,
    ("max_over", 0, OPERANDS): READS_PIECE,
    ("relu", 0, OPERANDS): READS_GATE,
    ("gate", 0, OPERANDS): READS_GATE,
    ("batch_norm", 2, OPERANDS): READS_GATE,
    ("matmul_act", 2, OPERANDS): READS_GATE,
    ("conv2d_act", 2, OPERANDS): READS_GATE,
    ("conv2d_x_act", 2, OPERANDS): READS_GATE,
    ("bias_gradient", 0, OPERANDS): READS_GATE,
    **{(name, slot, kind): IS_ZERO for name, slot in GATES for kind in KINDS},
}
EFFECTIVE = [fault for fault in FAULTS if fault not in NO_OPS]

BEHIND_RELU = ("conv2d_act", "conv2d_x_act")
"""The ops whose rule takes gated kernels where there are some."""

OTHERS = [(fault, number) for fault in EFFECTIVE for number in range(len(ENTRIES[fault[0]].others))]
"""The same faults where the rule takes another path: another slope, a gate on the other input."""


def entries_of(rule: Rule, *args: Any, **static: Any) -> list[Any]:
    """What the rule returns, evaluated, as a list with one entry for each input."""
    result = rule(*args, **static)
    entries = result if isinstance(result, tuple) else (result,)
    return [entry() if callable(entry) else entry for entry in entries]


def planted(rule: Rule, slot: int, kind: str) -> Rule:
    """The rule with one fault in what it gives to one input."""

    def faulty(y_bar: Any, y: Any, *inputs: Any, **static: Any) -> Any:
        right = entries_of(rule, y_bar, y, *inputs, **static)
        if kind == OPERANDS:
            y, inputs = stop_gradient(y), tuple(map(stop_gradient, inputs))
        if kind == COTANGENT:
            y_bar = stop_gradient(y_bar)
        wrong = entries_of(rule, y_bar, y, *inputs, **static)[slot]
        if wrong is not None and kind in (SCALED, SIGN):
            wrong = wrong * (1.001 if kind == SCALED else -1.0)
        return (*right[:slot], wrong, *right[slot + 1 :])

    return faulty


def with_fault(fault: Fault) -> Any:
    """A block in which the primitive has the faulty rule."""
    name, slot, kind = fault
    rule = PRIMITIVES[name].rule
    assert rule is not None
    return patch.object(PRIMITIVES[name], "rule", planted(rule, slot, kind))


def typical(name: str, seed: int = 0) -> Case:
    return fill(ENTRIES[name], ENTRIES[name].typical, seed)


def check(name: str, order: int, spec: Spec | None = None, **kernels: Any) -> None:
    case = fill(ENTRIES[name], spec or ENTRIES[name].typical, 0)

    def op(*xs: Any) -> Any:
        return PRIMITIVES[name](*xs, **case.static)

    with use("numpy", **(GATED if name in GATED else kernels)):
        check_gradients(op, case.arrays, rng=np.random.default_rng(1), order=order, name=name)


def identify(fault: Fault) -> str:
    return f"{fault[0]}-{fault[1]}-{fault[2].replace(' ', '-')}"


@pytest.mark.parametrize("fault", EFFECTIVE, ids=identify)
def test_second_order_rejects(fault: Fault) -> None:
    check(fault[0], order=2)  # the control: the right rule passes
    with with_fault(fault), pytest.raises(GradientError, match=f"^{fault[0]}: .* checks fail"):
        check(fault[0], order=2)


@pytest.mark.parametrize(("fault", "number"), OTHERS)
def test_second_order_rejects_on_other_paths(fault: Fault, number: int) -> None:
    spec = ENTRIES[fault[0]].others[number]
    check(fault[0], order=2, spec=spec)
    with with_fault(fault), pytest.raises(GradientError, match=f"^{fault[0]}: .* checks fail"):
        check(fault[0], order=2, spec=spec)


@pytest.mark.parametrize("fault", [f for f in EFFECTIVE if f[0] in BEHIND_RELU], ids=identify)
def test_second_order_rejects_where_kernels_are_gated(fault: Fault) -> None:
    check(fault[0], order=2, **GATED)
    with with_fault(fault), pytest.raises(GradientError, match=f"^{fault[0]}: .* checks fail"):
        check(fault[0], order=2, **GATED)


@pytest.mark.parametrize("fault", [f for f in EFFECTIVE if f[2] in KINDS[2:]], ids=identify)
def test_first_order_is_blind_to_cut_graphs(fault: Fault) -> None:
    with with_fault(fault):
        check(fault[0], order=1)


@pytest.mark.parametrize("fault", [f for f in EFFECTIVE if f[2] in KINDS[:2]], ids=identify)
def test_first_order_sees_wrong_numbers(fault: Fault) -> None:
    with with_fault(fault), pytest.raises(GradientError):
        check(fault[0], order=1)


def derivatives(name: str, slot: int, seed: int) -> list[Any]:
    """The cotangent that one input gets, and its derivatives in the cotangent and all inputs."""
    with use("numpy", **(GATED if name in GATED else {})):
        return _derivatives(name, slot, seed)


def _derivatives(name: str, slot: int, seed: int) -> list[Any]:
    case, rng = typical(name, seed), np.random.default_rng(seed)
    xs = [Tensor(a) for a in case.arrays]
    y = PRIMITIVES[name](*xs, **case.static)
    y_bar = Tensor(rng.standard_normal(y.shape))
    plain = grad(y, xs[slot], y_bar, allow_unused=True)
    x_bar = grad(y, xs[slot], y_bar, differentiable=True, allow_unused=True)
    second: list[Any] = [np.zeros(v.shape) for v in (y_bar, *xs)]
    if isinstance(x_bar, Tensor):
        u = rng.standard_normal(x_bar.shape)
        second = grad(x_bar, [y_bar, *xs], u, allow_unused=True)
    return [plain, stop_gradient(x_bar), *second]


def changed(fault: Fault) -> bool:
    """Whether the fault changes any derivative of first or second order, by a single bit."""
    results = []
    for seed in range(5):
        right = derivatives(fault[0], fault[1], seed)
        with with_fault(fault):
            wrong = derivatives(fault[0], fault[1], seed)
        results += [np.array_equal(a, b) for a, b in zip(right, wrong, strict=True)]
    return not all(results)


@pytest.mark.parametrize("fault", NO_OPS, ids=identify)
def test_a_fault_listed_as_no_op_changes_nothing(fault: Fault) -> None:
    assert fault in FAULTS
    assert not changed(fault), f"{fault} is listed as no-op because {NO_OPS[fault]}"


@pytest.mark.parametrize("fault", EFFECTIVE, ids=identify)
def test_a_fault_not_listed_changes_something(fault: Fault) -> None:
    # The control of the test above: listing any of these as a no-op would fail it.
    assert changed(fault)


def test_the_count() -> None:
    reasons = {reason: sum(r == reason for r in NO_OPS.values()) for reason in NO_OPS.values()}
    print(f"{len(FAULTS)} faults: {len(EFFECTIVE)} rejected, {len(NO_OPS)} change nothing")
    for reason, number in reasons.items():
        print(f"  {number}: {reason}")
    slots = sum(len(entry.domains) for entry in ENTRIES.values())
    assert len(FAULTS) == 4 * slots == len(EFFECTIVE) + len(NO_OPS)
