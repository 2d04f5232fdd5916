"""Every planted mistake is rejected, and so is every refuted reading of what is printed."""

from dataclasses import replace

import numpy as np
import pytest

from pydis.derivations import DERIVATIONS
from pydis.derivations.derivation import Mutant
from pydis.derivations.errata import problems
from pydis.derivations.relations import relative
from pydis.derivations.verify import cases, evaluate, mutate, rejects

MUTANTS = {f"{d.id}/{m.name}": (d, m) for d in DERIVATIONS.values() for m in d.mutants}
ERRATA = {
    f"{e.number} {d.id} {n}": (d, e) for d in DERIVATIONS.values() for n, e in enumerate(d.errata)
}
JOINT = DERIVATIONS["entropy.joint"]


@pytest.mark.parametrize(("d", "mutant"), MUTANTS.values(), ids=MUTANTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_rejected(d, mutant: Mutant, seed: int):
    assert rejects(d, mutant, seed) is not None


NO_NUMBER = {"missing-zero-convention"}
"""Mutants whose mistake is to give no number."""


@pytest.mark.parametrize(("d", "mutant"), MUTANTS.values(), ids=MUTANTS)
def test_it_is_rejected_for_what_it_changes(d, mutant: Mutant):
    """Only at its own line and at the one after it, which is compared with it, does anything fail.

    Somewhere it does by a value that is a number and off by far more than rounding.
    """
    wrong, off = mutate(d, mutant), [0.0]
    witness = [("witness", mutant.witness)]
    for name, case in cases(wrong, 0) if mutant.witness is None else witness:
        before = None
        with np.errstate(
            all="ignore"
        ):  # a wrong formula may divide by 0 where the right one did not
            outcomes = list(evaluate(wrong, case))
        numbers = all(
            not np.isnan(np.asarray(o.value, np.float64)).any()
            for o in outcomes
            if o.line.label == mutant.label
        )
        for outcome in outcomes:
            if not outcome.passed:
                assert mutant.label in (outcome.line.label, before), (name, outcome.line.label)
                off.append(outcome.residual * (numbers or mutant.name in NO_NUMBER))
            before = outcome.line.label
    given = [g for g in d.golden if mutant.label in g.values] if mutant.witness is None else []
    with np.errstate(all="ignore"):
        off += [relative(mutant.value(**g.case), g.values[mutant.label]) for g in given]
    strict = any(line.relation in ("<", ">") for line in d.lines if line.label == mutant.label)
    assert np.nanmax(off) > 1e-5 or strict


SEEN_SELDOM = 1 / 3


@pytest.mark.parametrize(("d", "mutant"), MUTANTS.values(), ids=MUTANTS)
def test_what_random_inputs_seldom_see_has_a_witness(d, mutant: Mutant):
    if mutant.witness is None:
        wrong = mutate(d, mutant)
        drawn = [case for name, case in cases(wrong, 7) if name.startswith("random")]
        with np.errstate(all="ignore"):
            seen = [not all(o.passed for o in evaluate(wrong, case)) for case in drawn]
        assert np.mean(seen) >= SEEN_SELDOM


@pytest.mark.parametrize("d", DERIVATIONS.values(), ids=DERIVATIONS)
def test_there_is_a_mutant(d):
    names = [mutant.name for mutant in d.mutants]
    assert names and len(set(names)) == len(names)


@pytest.mark.parametrize("d", DERIVATIONS.values(), ids=DERIVATIONS)
def test_the_right_line_as_a_mutant_survives(d):
    """Negative control: what rejects is the mistake, and not the planting of it."""
    for mutant in d.mutants:
        right = replace(mutant, value=d.line(mutant.label).value)
        assert rejects(d, right) is None, mutant.name


@pytest.mark.parametrize(("d", "erratum"), ERRATA.values(), ids=ERRATA)
def test_the_correction_holds_and_no_reading_does(d, erratum):
    assert problems(d, erratum) == []
    for reading, (value, _) in erratum.readings.items():
        read = replace(erratum, true_value=value(**erratum.witness))
        assert problems(d, read), f"{reading} could be taken for true"


def test_an_erratum_without_substance_is_seen():
    erratum = JOINT.errata[0]
    right = {"the corrected line": (JOINT.line(erratum.label).value, None)}
    assert "has the true value" in problems(JOINT, replace(erratum, readings=right))[0]
    assert "no reading" in problems(JOINT, replace(erratum, readings={}))[0]
    off = {name: (value, 0.7) for name, (value, _) in erratum.readings.items()}
    assert "and not 0.7" in problems(JOINT, replace(erratum, readings=off))[0]
