"""Adam and the densities of pairs among the kernels that are measured, and planted faults."""

from typing import Any

import numpy as np
import pytest

from pydis.backends import available, definition_densities, load
from pydis.bench import commands, passes
from pydis.bench.calls import recording
from pydis.bench.measure import Setting, measure, parts, reference
from pydis.bench.rows import Row

SMALL = [passes.adam(37), passes.pairs(5, 7, 3)]
COMPILED = pytest.mark.skipif(
    not available()["cpp"].usable, reason="pydis was installed without its compiled module"
)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)
    monkeypatch.setattr("pydis.bench.timing.WARM_UP", 0.0)


def test_the_command_has_them_beside_the_products(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Row] = []
    monkeypatch.setattr(commands, "timed", lambda _, rows: asked.extend(rows) or 0)
    commands.kernels_command()
    names = [row.name for row in asked]
    assert len(set(names)) == len(names) == 34
    assert (
        names[-4:]
        == [row.name for row in passes.pass_rows()]
        == [
            *("adam 262144", "adam 6422528"),
            *("pairwise_gaussian 64x64x10", "pairwise_gaussian 1024x1024x10"),
        ]
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", [*SMALL, passes.adam(4096), passes.pairs(64, 64, 10)])
def test_honest_kernels_keep_the_bound(row: Row, dtype: str) -> None:
    names = ["numpy"] + ["cpp"] * available()["cpp"].usable
    record = measure(row, [Setting(n, load(n), 1) for n in names], dtype, rounds=1)
    assert [(e.wrong, len(e.samples)) for e in record.contenders] == [(False, 1)] * len(names)
    assert record.bytes == np.dtype(dtype).itemsize * (
        7 * row.inputs[0][0] if row.kernel == "adam" else size_of_pairs(*map(tuple, row.inputs))
    )


def size_of_pairs(z: tuple[int, ...], mean: tuple[int, ...], _: tuple[int, ...]) -> int:
    return z[0] * (2 * z[1] + 1) + 2 * mean[0] * mean[1]


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_the_reference_is_the_definition(row: Row) -> None:
    inputs = row.make("float64")
    if row.kernel == "adam":
        constants = (1e-3 / (1 - 0.9**10), 1 / (1 - 0.999**10), 0.9, 0.999, 1e-8)
        expected = definition_densities.adam(*inputs, *constants)
        assert (inputs[3] >= 0).all()
    else:
        expected = definition_densities.pairwise_gaussian(*inputs)
    exact, size = reference(row, inputs)
    assert np.all(abs(exact - expected.ravel()) <= row.terms * np.finfo(np.float64).eps * size)


@COMPILED
@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_they_are_the_core_s_kernels_and_cost_what_is_recorded(row: Row) -> None:
    inputs = row.make("float32")
    calls, block = recording("cpp")
    with block as table:
        results = parts(row.call(table, inputs))
    ((key, one),) = calls.costs.items()
    assert key.kernel == row.kernel and one.operations == row.operations
    assert one.bytes == sum(a.nbytes for a in (*inputs, *results))


@COMPILED
@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
@pytest.mark.parametrize(
    "wrong",
    [lambda y: y * np.float32(1 + 1e-5), lambda y: y + np.float32(np.nan), lambda y: y[:-1]],
    ids=["scaled", "nan", "shape"],
)
def test_a_planted_wrong_kernel_is_not_timed(row: Row, wrong: Any) -> None:
    cpp = load("cpp")

    def spoilt(*arguments: Any) -> Any:
        made = getattr(cpp, row.kernel)(*arguments)
        return tuple(map(wrong, made)) if isinstance(made, tuple) else wrong(made)

    replaced = {row.kernel: spoilt}
    other = Setting("cpp", load("cpp", **replaced), 1, replaced=replaced)
    right, planted = measure(row, [Setting("cpp", cpp, 1), other], "float32", rounds=6).contenders
    assert (right.wrong, len(right.samples)) == (False, 6)
    assert planted.wrong and planted.samples == [] and planted.ratio is None
