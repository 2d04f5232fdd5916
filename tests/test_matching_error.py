"""Names for the values of a code, and how often they are wrong."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds

from pydis.metrics import match, matching_error


def drawn(seed: int, n: int, values: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(values, size=n), rng.integers(classes, size=n)


@given(seed=seeds, n=st.integers(1, 30), values=st.integers(1, 4), classes=st.integers(1, 4))
def test_no_other_names_are_wrong_less_often(seed: int, n: int, values: int, classes: int) -> None:
    categories, labels = drawn(seed, n, values, classes)
    best = matching_error(categories, labels, match(categories, labels, values))
    others = [
        np.mean(np.array(names)[categories] != labels)
        for names in itertools.product(range(classes), repeat=values)
    ]
    assert best == min(others)


@given(seed=seeds, n=st.integers(1, 30))
def test_a_renamed_code_is_as_good(seed: int, n: int) -> None:
    categories, labels = drawn(seed, n, 5, 3)
    renamed = np.random.default_rng(seed + 1).permutation(5)[categories]
    errors = [matching_error(c, labels, match(c, labels, 5)) for c in (categories, renamed)]
    assert errors[0] == errors[1]


def test_the_classes_renamed_have_no_error_and_a_constant_code_all_but_one_class() -> None:
    labels = np.arange(30) % 3
    renamed = np.array([2, 0, 1])[labels]
    assert match(renamed, labels, 3).tolist() == [1, 2, 0]
    assert matching_error(renamed, labels, match(renamed, labels, 3)) == 0
    constant = np.zeros(30, np.int64)
    assert matching_error(constant, labels, match(constant, labels, 4)) == 2 / 3


def test_names_are_tried_where_they_were_not_given() -> None:
    names = match(np.array([0, 0, 1]), np.array([2, 2, 1]), 3)
    assert names.tolist() == [2, 1, 0]
    assert matching_error(np.array([0, 1, 2, 2]), np.array([2, 2, 0, 1]), names) == 0.5


@pytest.mark.parametrize(
    ("categories", "labels", "error", "message"),
    [
        ([0.0, 1.0], [0, 1], TypeError, "categories: expected whole numbers, received float64"),
        ([0, 1], [True, False], TypeError, "labels: expected whole numbers, received bool"),
        ([0, 1], [0, 1, 2], ValueError, r"received shapes \(2,\) and \(3,\)"),
        ([], [], ValueError, r"received shapes \(0,\)"),
        ([0, 3], [0, 1], ValueError, r"categories in \[0, 3\).* received 0 to 3 and 0 upwards"),
        ([0, 1], [-1, 1], ValueError, "and -1 upwards"),
    ],
)
def test_what_are_no_pairs_is_refused(categories, labels, error, message: str) -> None:
    c, y = np.array(categories), np.array(labels)
    if not categories:
        c, y = c.astype(int), y.astype(int)
    with pytest.raises(error, match=message):
        match(c, y, 3)
    with pytest.raises(error, match=message):
        matching_error(c, y, np.zeros(3, np.int64))
