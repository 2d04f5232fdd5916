"""The layers that are measured: their errors, bytes and operations, and planted faults."""

from typing import Any

import numpy as np
import pytest
from bench_help import SMALL_LAYERS as SMALL

from pydis.backends import available, load, use
from pydis.bench import layers
from pydis.bench.measure import Setting, measure, parts
from pydis.bench.rows import Row


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)


def test_every_kind_of_layer_both_ways() -> None:
    found = layers.layer_rows()
    assert len({row.name for row in found}) == len(found) == 26
    assert sum("backward" in row.kernel for row in found) == 13
    kinds = {row.kernel.split(" forward")[0] for row in found}
    assert kinds == {
        *("conv2d relu", "transposed relu", "transposed", "linear relu", "batch norm"),
        *("bernoulli loss", "gaussian sample, rate"),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_honest_layers_keep_the_bound(row: Row, dtype: str) -> None:
    names = ["numpy", "definition"] + ["cpp"] * available()["cpp"].usable
    record = measure(row, [Setting(n, load(n), 1) for n in names], dtype, rounds=1)
    assert [(e.wrong, len(e.samples)) for e in record.contenders] == [(False, 1)] * len(names)
    assert all(e.page_faults is not None for e in record.contenders)


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_results_are_all_cotangents_and_bytes_are_all_arrays(row: Row) -> None:
    inputs = row.make("float32")
    with use("numpy"):
        results = parts(row.call(load("numpy"), inputs))
    if "backward" in row.kernel:
        differentiated = inputs[: len(results) - 1]
        assert [r.shape for r in results[1:]] == [a.shape for a in differentiated]
        assert results[0].shape == inputs[-1].shape
    record = measure(row, [Setting("numpy", load("numpy"), 1)], "float32", rounds=1)
    assert record.bytes == sum(a.nbytes for a in (*inputs, *results))


def test_no_number_lies_near_the_bend() -> None:
    """Where rounding decided on which side a number is, gradients of equal work would differ."""
    for row in SMALL[:4]:
        inputs = row.make("float32")
        plain = [np.ones_like(a) if n == 2 else a for n, a in enumerate(inputs)]
        assert len(np.unique(np.abs(inputs[2]))) == 1 and np.abs(inputs[2]).min() > 8
        with use("numpy"):
            y = parts(row.call(load("numpy"), inputs))[0]
            near = parts(row.call(load("numpy"), plain))[0]
        on = y[..., 0]
        assert on.min() > 0 and not y[..., 1].any()
        assert (near == 0).any() and (near[..., 1] > 0).any()  # the control: such a bias does not


def planted(**wrong: Any) -> list[Setting]:
    table = load("numpy", **wrong)
    return [Setting("numpy", load("numpy"), 1), Setting("numpy", table, 1, replaced=wrong)]


@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        ("conv2d_act", "conv2d relu forward"),
        ("conv2d_w", "conv2d relu forward+backward"),
        ("conv2d", "transposed relu forward+backward"),
        ("matmul", "linear relu forward+backward"),
        ("batch_norm_x", "batch norm forward+backward"),
        ("bernoulli_slope", "bernoulli loss forward+backward"),
    ],
)
@pytest.mark.parametrize("fault", [lambda y: y * np.float32(1.1), lambda y: y * np.float32(np.nan)])
def test_a_planted_wrong_kernel_of_a_layer_is_not_timed(kernel: str, name: str, fault: Any) -> None:
    right = getattr(load("numpy"), kernel)
    row = next(row for row in SMALL if row.kernel == name)
    settings = planted(**{kernel: lambda *a: fault(right(*a))})
    first, other = measure(row, settings, "float32", rounds=6).contenders
    assert not first.wrong and len(first.samples) == 6
    assert other.wrong and other.samples == [] and other.ratio is None
