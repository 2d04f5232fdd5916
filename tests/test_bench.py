"""Measurements: statistics against known samples, the protocol, and the rows that are measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from math import comb
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from pydis.backends import available, current, definition, load, use
from pydis.backends.hardware import computing, instruction_sets, register_arithmetic
from pydis.backends.threads import blas, blas_threads, kernel_threads
from pydis.bench import limits, machine, quiet, rows, timing
from pydis.bench import load as load_module
from pydis.bench.load import Load, Moment, load_between, load_since, moment
from pydis.bench.measure import Setting, measure, reference
from pydis.bench.quiet import kept_rounds, quiet_rounds
from pydis.bench.statistics import rank_of_interval, speed_up, summarise
from pydis.bench.timing import Contender, one_round


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait until the counters can tell, unless they say so."""
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.0)


# Statistics


def coverage(n: int, rank: int) -> float:
    """P(x₍ₖ₎ <= median <= x₍ₙ₊₁₋ₖ₎), by counting the draws below the median."""
    return sum(comb(n, below) for below in range(rank, n + 1 - rank)) / 2**n


def test_the_interval_is_the_shortest_that_covers() -> None:
    assert [rank_of_interval(n) for n in (1, 5, 6, 8, 9, 15, 20, 25)] == [
        *(None, None, 1, 1, 2, 4, 6, 8)
    ]
    for n in range(6, 60):
        rank = rank_of_interval(n)
        assert rank is not None
        assert coverage(n, rank) >= 0.95
        assert n < 2 * rank + 2 or coverage(n, rank + 1) < 0.95


def test_summary_of_known_samples() -> None:
    assert summarise([5, 1, 4, 2, 3]) == (3, 1, 2, True)
    assert summarise([1, 2, 3, 4]) == (2.5, 1, 1.5, True)
    assert summarise([1.0, 1.0, 9.0, 1.0, 1.01]) == pytest.approx((1, 1, 0.01, False))
    assert summarise([100, 94.9, 105.1]).unstable and not summarise([100, 95.1, 104.9]).unstable


def test_pairing_takes_the_machine_out_of_the_ratio() -> None:
    moods = np.random.default_rng(0).uniform(1, 9, 20)  # a slow moment slows both
    assert speed_up(list(2 * moods), list(moods)) == pytest.approx((2, 2, 2))
    shuffled = speed_up(list(2 * moods), list(np.roll(moods, 7)))
    assert shuffled.low is not None and shuffled.low < 1.5


def test_a_ratio_is_significant_only_where_one_is_excluded() -> None:
    assert speed_up([2.0] * 6, [1.0] * 6).significant
    assert speed_up([1.0] * 6, [2.0] * 6).significant
    assert not speed_up([2.0] * 5, [1.0] * 5).significant  # too few rounds for 95 %
    assert not speed_up([2.0] * 6 + [0.5] * 6, [1.0] * 12).significant


# The protocol


def test_rounds_rotate_and_each_turn_warms_up_first() -> None:
    called: list[str] = []
    contenders = [Contender(lambda name=name: called.append(name)) for name in "abc"]
    with patch.object(timing, "WARM_UP", 0):
        times = [one_round(contenders, number) for number in range(4)]
    assert "".join(called) == "aabbcc" + "bbccaa" + "ccaabb" + "aabbcc"
    assert [len(each) for each in times] == [3, 3, 3, 3]


def test_only_the_last_call_is_on_the_clock() -> None:
    clock = iter(range(100))
    with (
        patch.object(timing, "WARM_UP", 6),
        patch.object(timing, "perf_counter", lambda: next(clock)),
    ):
        times = [one_round([Contender(lambda: next(clock))], number) for number in range(3)]
    assert times == [[2], [2], [2]]  # from one reading to the next, with one call between


@pytest.mark.parametrize(("threads", "calls"), [(1, 6), (2, 30), (3, 30)])
def test_several_threads_warm_up_longer(threads: int, calls: int) -> None:
    """In calls of half a second, each between two readings."""
    clock, called = iter(np.arange(0, 1000, 0.5)), []
    with (
        patch.object(timing, "WARM_UP", 6),
        patch.object(timing, "perf_counter", lambda: next(clock)),
    ):
        one_round([Contender(lambda: called.append(next(clock)), threads=threads)], 0)
    assert calls <= len(called) <= calls + 2


def test_a_budget_ends_the_rounds_but_not_the_first() -> None:
    contender = Contender(lambda: None)
    assert len(quiet_rounds([contender], 5, seconds=0).times[0]) == 1
    assert len(quiet_rounds([contender], 5).times[0]) == 5


def chosen(shares: list[float], rounds: int) -> tuple[list[float], quiet.Rounds]:
    """Which rounds are kept where others use these shares in one after the other, 0.2 from then."""
    loads = iter([Load(0.5, share, share > 0.1) for share in [*shares, *[0.2] * (2 * rounds)]])
    with (
        patch.object(quiet, "one_round", lambda contenders, number: [number, 2.0 * number]),
        patch.object(load_module, "load_since", lambda before, now: next(loads)),
    ):
        found = quiet_rounds([Contender(lambda: None)] * 2, rounds)
    first, other = found.times
    assert other == [2 * number for number in first]
    return first, found


def test_rounds_that_others_disturb_are_measured_anew() -> None:
    kept, found = chosen([0.0] * 6, 6)
    assert kept == [0, 1, 2, 3, 4, 5] and found.discarded == 0
    kept, found = chosen([0.0, 0.5, 0.1, 0.3, 0.0, 0.0, 0.0, 0.0], 6)
    assert kept == [0, 2, 4, 5, 6, 7] and found.discarded == 2
    assert not found.load.overloaded and found.load.others == pytest.approx(0.1 / 6)


def test_products_are_tried_until_threads_are_awake() -> None:
    """The first tries share a processor: more than six of them."""
    now, calls = [0.0], count()

    def product() -> None:
        now[0] += 0.010 if next(calls) < 8 else 0.005

    with patch.object(limits, "perf_counter", lambda: now[0]):
        took = limits.fastest(product, seconds=limits.LONG_ENOUGH)
    assert took == pytest.approx(0.005)
    now[0], calls = 0.0, count()
    with patch.object(limits, "perf_counter", lambda: now[0]):
        assert limits.fastest(product) == pytest.approx(0.010)


def test_six_quiet_rounds_do_where_more_were_asked_for() -> None:
    kept, found = chosen([0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0], 10)
    assert kept == [0, 1, 3, 4, 5, 6] and found.discarded == 14 and not found.load.overloaded


def test_where_it_is_never_quiet_the_quietest_rounds_are_kept_and_the_row_says_so() -> None:
    kept, found = chosen([0.0, 0.9, 0.3, 0.0, 0.15, 0.0, 0.12], 6)
    assert kept == [0, 3, 5, 6, 4, 7] and found.discarded == 6
    assert found.load.overloaded and found.load.others == pytest.approx(0.47 / 6)


def test_blocks_last_until_the_counters_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of 0.1 s, counters that want 0.25 s: blocks of three, and one of what is left."""
    now, seen = [0.0], []

    def step(contenders: Any, number: int) -> list[float]:
        now[0] += 0.1
        return [0.1]

    def load_since(before: Moment, _: Any) -> Load:
        seen.append(round(now[0] - before.wall, 6))
        return Load(None, 0.0, False)

    monkeypatch.setattr(load_module, "SHORTEST", 0.25)
    monkeypatch.setattr(load_module, "moment", lambda: Moment(0.0, 0.0, 0.0, now[0]))
    monkeypatch.setattr(load_module, "load_since", load_since)
    monkeypatch.setattr(quiet, "perf_counter", lambda: now[0])
    monkeypatch.setattr(quiet, "one_round", step)
    assert len(quiet_rounds([Contender(lambda: None)], 7).times[0]) == 7
    assert seen == [0.3, 0.3, 0.1]


@pytest.mark.parametrize("counted", [True, False])
def test_a_round_may_be_anything_and_what_is_counted_as_ours_is_no_load(
    counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process of ours takes one of two processors all the while: by half, if it were others'."""
    now = count()

    def seen() -> Moment:
        t = float(next(now))
        return Moment(t, t, t if counted else 0.0, t)

    monkeypatch.setattr(load_module, "SHORTEST", 0.0)
    monkeypatch.setattr(load_module, "sleep", lambda seconds: None)
    found = kept_rounds(lambda number: {"round": number}, 3, seen)
    assert found.rounds == [{"round": n} for n in range(3)]
    assert found.load.overloaded != counted
    assert found.load.others == (0.0 if counted else 0.5) and found.discarded == 3 * (not counted)


def test_a_turn_waits_for_threads_that_spin() -> None:
    clock, used = iter(np.arange(0, 1, 0.01)), iter([0, 1, 1, 2, 2, 2])
    with (
        patch.object(timing, "perf_counter", lambda: next(clock)),
        patch.object(timing, "process_time", lambda: next(used)),
        patch.object(timing, "sleep", lambda seconds: None),
    ):
        timing.rest()
    assert list(used) == []  # two busy looks, then a quiet one


def test_settings_are_put_back() -> None:
    if not available()["cpp"].usable:
        pytest.skip("pydis was installed without its compiled module")
    from pydis import _core

    def state() -> tuple[int, str]:
        return _core.threads(), _core.instruction_set()

    before = state()
    with computing(3, "baseline"):
        assert state() == (3, "baseline")
    assert state() == before
    with pytest.raises(ZeroDivisionError), computing(3, "baseline"):
        _ = 1 / 0
    assert state() == before


@pytest.mark.parametrize("backend", ["numpy", "cpp"])
def test_blas_and_core_both_have_the_threads_of_a_contender(backend: str) -> None:
    if not available()[backend].usable:
        pytest.skip("pydis was installed without its compiled module")
    with use(backend):
        for number in (1, 2, 3):
            with computing(number):
                if blas() != "unknown":
                    assert blas_threads() == number
                assert current().name == backend
                assert kernel_threads() == (number if available()["cpp"].usable else 1)


# The machine


def at(busy: float | None, idle: float | None, own: float) -> Moment:
    return Moment(busy, idle, own, 0.0)


def test_what_was_neither_idle_nor_ours_was_others() -> None:
    quiet = load_between(at(5, 5, 1), at(15, 15, 10.5))
    assert quiet.others == pytest.approx(0.5 / 20) and not quiet.overloaded
    crowded = load_between(at(5, 5, 1), at(15, 15, 5))
    assert crowded.others == pytest.approx(6 / 20) and crowded.overloaded
    ours = load_between(at(0, 0, 0), at(20, 0, 20))
    assert ours.others == 0 and not ours.overloaded


def test_without_counters_the_load_average_decides() -> None:
    processors = os.cpu_count() or 1
    for average, verdict in ((None, False), (0.5, False), (processors + 1.0, True)):
        unknown = load_between(at(None, None, 0), at(None, None, 1), average)
        assert unknown == (average, None, verdict)


def test_counters_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 20 30 4000 500 6 7 80 90 10\ncpu0 1 2 3\n")
    tick = 1 / os.sysconf("SC_CLK_TCK")
    assert moment(stat)[:2] == pytest.approx((243 * tick, 4500 * tick))
    assert moment(tmp_path / "none")[:2] == (None, None)


@pytest.fixture
def hogs() -> Iterator[None]:
    """Other processes that keep more than a tenth of the processors busy."""
    code = "print(flush=True)\nwhile True: pass"
    found = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        for _ in range((os.cpu_count() or 1) // 4 + 1)
    ]
    for hog in found:
        assert hog.stdout is not None
        hog.stdout.readline()
    yield
    for hog in found:
        hog.kill()
        hog.wait()
        assert hog.stdout is not None
        hog.stdout.close()


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="this system counts no ticks")
def test_a_planted_hog_marks_the_row(hogs: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydis.bench.load.SHORTEST", 0.4)
    row = measure(rows.matmul(4, 4, 4), [Setting("numpy", load("numpy"), 1)], "float32", rounds=6)
    assert row.overloaded and row.others is not None and row.others > 0.10


def test_our_own_work_is_not_others() -> None:
    if not Path("/proc/stat").exists():
        pytest.skip("this system counts no ticks")
    began = moment()
    while moment().wall < began.wall + 0.4:
        pass
    after = moment()
    assert after.busy is not None and began.busy is not None
    assert after.own - began.own > 0.1
    with patch("pydis.bench.load.moment", lambda: after._replace(busy=began.busy + after.own)):
        assert not load_since(began._replace(own=0.0)).overloaded


@pytest.mark.parametrize("double", [False, True])
def test_register_arithmetic_is_what_it_counts(double: bool) -> None:
    for name in instruction_sets():
        with computing(2, name):
            from pydis import _core

            operations, sums = _core.peak(100, 3, double)
            lanes = {"baseline": 16, "avx2": 32, "avx512": 64}[name] // (8 if double else 4)
            assert operations == 2 * 12 * lanes * 100 * 3
            # x/2 + 1 ends at 2 from anywhere; from 0 … 11 it is half way there after one step.
            np.testing.assert_array_equal(sums, np.full(3, 2 * 12 * lanes))
            start = _core.peak(1, 1, double)[1]
            np.testing.assert_array_equal(start, lanes * (66 / 2 + 12))
            assert register_arithmetic(0, 3, double) == 0
    if instruction_sets():
        with pytest.raises(ValueError, match="got -1 and 1"):
            register_arithmetic(-1, 1, double)


def test_peaks_and_copies_are_measured() -> None:
    found = machine.peaks(instruction_sets(), [1], "float32")
    assert [peak.instruction_set for peak in found] == instruction_sets()
    assert all(peak.gflops > 0.1 for peak in found)
    assert limits.copying(1 << 20, 2) > 0.01
    product = limits.best_product(1, "float32", [8, 16])
    assert product.side in (8, 16) and product.gflops > 0.001
    seconds, brought = limits.page_fault(1 << 20)
    assert 0 <= seconds < 1 and brought >= 4096 and limits.call_seconds() > 0


def test_the_commit_is_known_only_in_a_clone(tmp_path: Path) -> None:
    assert machine.commit(tmp_path) is None
    if (machine.ROOT / ".git").exists():
        known = machine.commit()
        assert known is not None and len(known.removesuffix("+changes")) == 40


def test_changes_are_those_of_what_is_measured(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    for file in (tmp_path / "kernel.hpp", results / "steps.json"):
        file.write_text("before")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
        subprocess.run([*git, *words], cwd=tmp_path, check=True)
    head = machine.commit(tmp_path)
    assert head is not None and len(head) == 40
    (results / "steps.json").write_text("after")
    assert machine.commit(tmp_path) == head
    (tmp_path / "kernel.hpp").write_text("after")
    assert machine.commit(tmp_path) == f"{head}+changes"


# The rows

SMALL = [
    *(rows.matmul(3, 5, 4), rows.matmul(3, 5, 4, "aᵀ b"), rows.matmul(3, 5, 4, "a bᵀ")),
    *rows.convolutions(3, 8, 2, 3),
    *rows.convolutions(2, 7, 1, 2),
]


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_operations_and_terms_are_counted(row: rows.Row) -> None:
    """On ones each number of the result is how many products were added up in it."""
    counted = row.call(load("numpy"), [np.ones(shape) for shape in row.inputs])
    assert row.operations == 2 * counted.sum()
    assert row.terms == counted.max()


@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_the_reference_is_the_definition(row: rows.Row) -> None:
    inputs = row.make("float64")
    exact, size = reference(row, inputs)
    expected = row.call(load("definition"), inputs)
    assert np.all(abs(exact - expected) <= row.terms * np.finfo(np.float64).eps * size)
    assert np.all(size * (1 + row.terms * np.finfo(np.float64).eps) >= abs(expected))


def test_every_row_is_one_of_a_kind() -> None:
    found = rows.kernel_rows()
    assert len({row.name for row in found}) == len(found) == 30
    assert {row.kernel for row in found} == {"matmul", "conv2d", "conv2d_x", "conv2d_w"}
    taps = len(list(definition.taps((8, 8), (4, 4), (4, 4), 2, 1)))
    by_name = {row.name: row for row in found}
    assert by_name["conv2d_w 64x8x8x64->64"].operations == 2 * 64 * 64 * 64 * taps
    assert by_name["matmul 64x20x256"].operations == 2 * 64 * 20 * 256


def test_a_bound_is_half_a_unit_for_each_term() -> None:
    for row in SMALL:
        assert rows.bound(row, "float32") == pytest.approx(row.terms / 2, rel=1e-5)
        assert rows.bound(row, "float64") == pytest.approx(row.terms, rel=1e-5)


def test_error_in_units_of_rounding() -> None:
    eps = np.float32(np.finfo(np.float32).eps)
    exact = np.array([1.0, 0.0, -2.0])
    assert rows.error(exact.astype(np.float32), exact, abs(exact)) == 0
    off = np.array([1 + eps, 0, -2 - 6 * eps], np.float32)
    assert rows.error(off, exact, abs(exact)) == 3
    for wrong in (np.nan, np.inf):
        assert rows.error(np.array([wrong, 0, 0], np.float32), exact, abs(exact)) == np.inf
    assert rows.error(np.array([1, 1e-30, -2], np.float32), exact, abs(exact)) == np.inf
    assert rows.error(np.ones(2, np.float32), exact, abs(exact)) == np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("row", SMALL, ids=lambda row: row.name)
def test_honest_kernels_keep_the_bound(row: rows.Row, dtype: str) -> None:
    names = ["numpy", "definition"] + ["cpp"] * available()["cpp"].usable
    record = measure(row, [Setting(n, load(n), 1) for n in names], dtype, rounds=1)
    assert [(e.wrong, len(e.samples)) for e in record.contenders] == [(False, 1)] * len(names)
    assert all(e.error is not None and e.error <= e.bound for e in record.contenders)


def planted(wrong: Any) -> list[Setting]:
    """NumPy, and NumPy with another matrix product."""
    return [Setting("numpy", load("numpy"), 1), Setting("numpy", load("numpy", matmul=wrong), 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: (a @ b) * np.float32(1 + 1e-4),
        lambda a, b: a @ b + np.float32(np.nan),
        lambda a, b: (a @ b)[:1],
        lambda a, b: a @ np.roll(b, 1, axis=1),
    ],
    ids=["scaled", "nan", "shape", "shifted"],
)
def test_a_planted_wrong_kernel_is_not_timed(wrong: Any) -> None:
    right, other = measure(rows.matmul(8, 16, 8), planted(wrong), "float32", rounds=6).contenders
    assert (right.wrong, len(right.samples)) == (False, 6)
    assert other.wrong and other.samples == [] and other.ratio is None
    assert other.median is other.minimum is other.gflops is None


def test_nothing_is_compared_with_a_wrong_first() -> None:
    settings = planted(lambda a, b: a @ b + 1)[::-1]
    first, other = measure(rows.matmul(8, 16, 8), settings, "float32", rounds=6).contenders
    assert first.wrong and not other.wrong and other.ratio is None
