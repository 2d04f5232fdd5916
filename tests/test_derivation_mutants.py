"""Every planted mistake is rejected, and so is every refuted reading of what is printed."""

from dataclasses import replace

import pytest

from pydis.derivations import DERIVATIONS
from pydis.derivations.derivation import Mutant
from pydis.derivations.errata import problems
from pydis.derivations.verify import rejects

MUTANTS = {f"{d.id}/{m.name}": (d, m) for d in DERIVATIONS.values() for m in d.mutants}
ERRATA = {
    f"{e.number} {d.id} {n}": (d, e) for d in DERIVATIONS.values() for n, e in enumerate(d.errata)
}
JOINT = DERIVATIONS["entropy.joint"]


@pytest.mark.parametrize(("d", "mutant"), MUTANTS.values(), ids=MUTANTS)
@pytest.mark.parametrize("seed", [0, 1])
def test_it_is_rejected(d, mutant: Mutant, seed: int):
    assert rejects(d, mutant, seed) is not None


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
