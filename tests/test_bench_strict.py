"""The bench on a device: on the stand-in every array passes the doors, and nothing else does."""

import pytest
from bench_help import LIMITS, SMALL_LAYERS
from strict_array import StrictArray
from strict_runs import registered  # noqa: F401

from pydis.backends import load
from pydis.bench import rows
from pydis.bench.measure import Setting, measure
from pydis.bench.steps import measure_steps
from pydis.models import BetaVAE


@pytest.fixture
def settings(registered: None, monkeypatch: pytest.MonkeyPatch) -> list[Setting]:  # noqa: F811
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)
    return [Setting("numpy", load("numpy"), 1), Setting("strict", load("strict"), 1)]


@pytest.mark.parametrize("row", [rows.matmul(3, 5, 4), *SMALL_LAYERS], ids=lambda row: row.name)
def test_rows(row: rows.Row, settings: list[Setting]) -> None:
    assert isinstance(settings[1].kernels.asarray(row.make("float32")[0]), StrictArray)
    first, other = measure(row, settings, "float32", rounds=1).contenders
    assert not other.wrong and other.error == first.error and len(other.samples) == 1


def test_steps(settings: list[Setting]) -> None:
    row = measure_steps("beta-vae", BetaVAE(), settings, 1, 2, LIMITS, size=2, explain=True)
    first, other = row.contenders
    assert other.losses == first.losses and not other.wrong
