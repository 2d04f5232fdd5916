"""Every derivation holds on its golden, structured and random inputs, and on Hypothesis's."""

import importlib
import pkgutil
from dataclasses import replace

import numpy as np
import pytest
from derivation_strategies import STRATEGIES, cases_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pydis.derivations import CHAPTERS, DERIVATIONS, chapters, inputs, select
from pydis.derivations.derivation import RELATIONS, TOLERANCES, Golden, Line
from pydis.derivations.relations import holds, residual
from pydis.derivations.verify import cases, evaluate, verify

each = pytest.mark.parametrize("d", DERIVATIONS.values(), ids=DERIVATIONS)
CHAIN = DERIVATIONS["entropy.conditional-chain"]


@each
@pytest.mark.parametrize("seed", [0, 1])
def test_it_holds(d, seed: int):
    verdict = verify(d, seed)
    assert verdict.passed, verdict.failures
    assert verdict.rows > 0


@each
def test_it_is_well_formed(d):
    assert d.title and d.lines and d.tolerance in TOLERANCES
    assert d.scope in ("discrete", "continuous", "both")
    assert {line.relation for line in d.lines} <= {*RELATIONS, None}
    labels = {line.label for line in d.lines}
    for golden in d.golden:
        assert {*golden.values, *golden.undefined} <= labels, golden.name
    assert {e.label for e in d.errata} | {m.label for m in d.mutants} <= labels


@each
def test_every_line_that_compares_is_compared(d):
    """A line whose predecessor is always undefined, or that never applies, would check nothing."""
    seen = {line.label for line in d.lines if line.relation is None} | {d.lines[0].label}
    for _, case in cases(d, seed=0):
        seen |= {outcome.line.label for outcome in evaluate(d, case)}
    assert {line.label for line in d.lines} <= seen | {
        label for golden in d.golden for label in golden.undefined
    }


IFF = {
    f"{d.id}/{line.label}": (d, line.label)
    for d in DERIVATIONS.values()
    for line in d.lines
    if line.relation == "iff"
}


@pytest.mark.parametrize(("d", "label"), IFF.values(), ids=IFF)
def test_both_directions_of_every_iff_are_tried(d, label: str):
    outcomes = [o for _, case in cases(d, 0) for o in evaluate(d, case) if o.line.label == label]
    assert {bool(o.value) for o in outcomes} == {True, False}


OF_TABLES = {key: d for key, d in DERIVATIONS.items() if d.inputs.name in STRATEGIES}
BY_SEED = {key: d for key, d in DERIVATIONS.items() if key not in OF_TABLES}


def test_every_strategy_is_of_a_family():
    """A renamed family would silently be drawn by its generator."""
    families = {d.inputs.name for d in DERIVATIONS.values()} | {inputs.CHANNEL.name}
    assert set(STRATEGIES) <= families and len(OF_TABLES) >= 40


@pytest.mark.parametrize("d", OF_TABLES.values(), ids=OF_TABLES)
@given(data=st.data())
def test_it_holds_on_whatever_shrinks(d, data):
    case = data.draw(cases_of(d))
    assert [outcome for outcome in evaluate(d, case) if not outcome.passed] == []


@pytest.mark.parametrize("d", BY_SEED.values(), ids=BY_SEED)
@settings(max_examples=3)
@given(data=st.data())
def test_it_holds_on_any_draw(d, data):
    case = data.draw(cases_of(d))
    assert [outcome for outcome in evaluate(d, case) if not outcome.passed] == []


def test_the_registry_has_every_chapter():
    """A file with DERIVATIONS that no chapter names would be silent."""
    named = {module.__name__ for _, modules in CHAPTERS for module in modules}
    found = [m.name for m in pkgutil.iter_modules(chapters.__path__)]
    modules = [importlib.import_module(f"{chapters.__name__}.{name}") for name in found]
    assert {m.__name__ for m in modules if hasattr(m, "DERIVATIONS")} == named


def test_ids_are_unique():
    ids = [d.id for _, modules in CHAPTERS for module in modules for d in module.DERIVATIONS]
    assert len(set(ids)) == len(ids) == len(DERIVATIONS)


def test_select():
    assert select([]) == list(DERIVATIONS.values())
    assert select([CHAIN.id[:-1]]) == [CHAIN]
    assert [d.id for d in select(["infogan.lemma"])] == ["infogan.lemma"]
    assert len(select(["infogan.lemma-"])) > 1
    assert select(["entropy.conditional-chain", "info."])[-1] is CHAIN
    with pytest.raises(KeyError, match=r"no derivation entropy\.jiont; there is entropy\.joint"):
        select(["entropy.joint", "entropy.jiont"])


def test_a_golden_value_that_is_off_is_seen():
    golden = Golden("J", {"P": inputs.J}, {"L0": 0.606842558824 * (1 + 1e-9)})
    assert not verify(replace(CHAIN, golden=(golden,))).passed


def test_a_golden_line_that_should_be_undefined_is_seen():
    golden = Golden("J", {"P": inputs.J}, undefined=("L0",))
    assert "∞ − ∞" in verify(replace(CHAIN, golden=(golden,))).failures[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1.0, np.ones((3, 7, 2))])
def test_a_wrong_line_is_seen(value):
    wrong = Line("L9", "x", lambda P: value)
    assert not verify(replace(CHAIN, lines=(*CHAIN.lines[:3], wrong), golden=())).passed


@pytest.mark.parametrize(
    ("left", "relation", "right", "expected"),
    [
        (1.0, "==", 1 + 1e-10, True),
        (1.0, "==", 1 + 3e-10, False),
        (np.inf, "==", np.inf, True),
        (-np.inf, "==", np.inf, False),
        (np.inf, "==", 1.0, False),
        (np.nan, "==", np.nan, False),
        (np.inf, ">=", 1.0, True),
        (1.0, ">=", np.inf, False),
        (1.0, "<=", 0.0, False),
        (1.0, ">", 1.0, False),
        (1.0, ">", 1 - 1e-9, True),
        (1.0, "<", 1 + 1e-11, False),
        (np.ones(3), "==", np.ones(2), False),
        (np.ones(3), "==", 1.0, True),
        (True, "iff", np.True_, True),
        (True, "iff", False, False),
    ],
)
def test_relations(left, relation, right, expected):
    assert holds(residual(left, relation, right), relation, 1e-10) == expected


def test_iff_wants_truth_values():
    with pytest.raises(TypeError, match="truth"):
        residual(1.0, "iff", 1.0)
