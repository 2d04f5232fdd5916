"""Nothing that must be derived is missing: 145 checks, 250 mistakes that they must reject."""

import pytest
from derivation_table import BEYOND, PAPER

from pydis.derivations import DERIVATIONS
from pydis.derivations.items import ITEMS

CHECKS = PAPER | BEYOND


def test_counts():
    assert (len(PAPER), len(BEYOND), len(CHECKS)) == (59, 86, 145)
    assert sum(map(len, PAPER.values())) == 112
    assert sum(map(len, BEYOND.values())) == 138


@pytest.mark.parametrize("key", CHECKS)
def test_it_is_there_with_its_mutants(key: str):
    assert set(CHECKS[key]) <= {mutant.name for mutant in DERIVATIONS[key].mutants}


@pytest.mark.parametrize("key", PAPER)
def test_what_is_of_the_paper_says_where(key: str):
    d = DERIVATIONS[key]
    assert d.section != "beyond" and d.items
    assert {ITEMS[item].section for item in d.items} & {d.section, *sections(d.section)}


@pytest.mark.parametrize("key", [key for key in DERIVATIONS if key not in PAPER])
def test_what_goes_beyond_says_so(key: str):
    assert DERIVATIONS[key].section == "beyond"


def sections(section: str) -> set[str]:
    """A section, and those that it is part of."""
    parts = section.split(".")
    return {".".join(parts[:n]) for n in range(1, len(parts) + 1)}


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_an_item_and_its_check_name_each_other(item):
    for check in item.checks:
        if "*" not in check:
            assert item.id in DERIVATIONS[check].items, check
