"""The items of the paper: all are there, counted by verdict, and each leads to its checks."""

import pytest

from pydis.derivations import DERIVATIONS
from pydis.derivations.items import ITEMS, KINDS, NOTES, VERDICTS, Item, counts

COUNTS = {  # correct, notation, qualify, wrong, informal
    "equation": (49, 4, 3, 9, 0),
    "reason": (5, 0, 0, 0, 0),
    "claim": (11, 5, 8, 5, 8),
    "all": (65, 9, 11, 14, 8),
}

WITHOUT_CHECK = {
    "D01": "a notation",
    "D07": "informal",
    "D09": "informal",
    "D49": "a terminology",
    "D84": "informal",
}


def test_every_item_is_there():
    assert list(ITEMS) == [f"D{n:02}" for n in range(1, 108)]


@pytest.mark.parametrize("kind", COUNTS)
def test_counts(kind: str):
    assert tuple(counts()[kind][verdict] for verdict in VERDICTS) == COUNTS[kind]


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_item(item: Item):
    assert item.verdict in VERDICTS and item.kind in KINDS and item.statement
    resolved = item.resolved(DERIVATIONS)
    assert all(resolved.values()), (
        f"without a derivation: {[k for k, v in resolved.items() if not v]}"
    )
    assert bool(resolved) != (item.id in WITHOUT_CHECK)


def test_a_check_that_is_missing_is_seen():
    planted = Item("D0", "1", "claim", "planted", "correct", ("no.such-check", "entropy.*"))
    found = planted.resolved(DERIVATIONS)
    assert found["no.such-check"] == [] and "entropy.joint" in found["entropy.*"]


def test_every_note_is_used_and_there():
    noted = {item.note for item in ITEMS.values()} - {""}
    errata = {e.number for d in DERIVATIONS.values() for e in d.errata}
    assert noted >= set(NOTES), "notes that no item has"
    assert {n for n in noted if n[0] == "W"} <= errata, "wrong items without an erratum"
    assert noted - set(NOTES) == {f"W{n}" for n in range(1, 15)}
    qualified = {n for n in NOTES if n[0] == "Q"}
    assert qualified - errata == {"Q6"}, "a matter of words, without a value"


@pytest.mark.parametrize("verdict", ["wrong", "notation", "qualify"])
def test_what_does_not_hold_as_printed_has_a_note(verdict: str):
    letter = verdict[0].upper()
    assert all(i.note.startswith(letter) for i in ITEMS.values() if i.verdict == verdict)


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS)
def test_a_derivation_names_items_that_are_there(derivation):
    assert set(derivation.items) <= set(ITEMS)


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS)
def test_an_erratum_is_of_an_item_with_its_number(derivation):
    for erratum in derivation.errata:
        assert erratum.number in ITEMS[erratum.item].note.split(), erratum.number
