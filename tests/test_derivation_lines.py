"""No tautologies: two lines never run the same code, and the library stands on one line only."""

from dataclasses import replace

import numpy as np
import pytest
from derivation_code import library_functions, repeated_library, same_code

from pydis.derivations import DERIVATIONS
from pydis.derivations.derivation import Line
from pydis.derivations.tools import Floats, xlogy
from pydis.information import joint_entropy
from pydis.probability import Bernoulli

each = pytest.mark.parametrize("d", DERIVATIONS.values(), ids=DERIVATIONS)
CHAIN = DERIVATIONS["entropy.conditional-chain"]


@each
def test_no_two_lines_have_the_same_code(d):
    assert same_code(d) == []


@each
def test_the_library_stands_on_one_line(d):
    assert repeated_library(d) == {}


@each
def test_labels_are_there_once(d):
    labels = [line.label for line in d.lines]
    assert len(set(labels)) == len(labels)
    assert d.lines[0].relation is None or d.lines[0].relation == "=="
    assert any(line.relation is not None for line in d.lines[1:]), "nothing is compared"


def _entropy(P):
    """The sum, under a name."""
    return -xlogy(P, P).sum()


def _named(P):
    """The sum, under a name, by a variable."""
    found: Floats = -xlogy(P, P).sum()
    return found


def with_lines(*values):
    lines = tuple(Line(f"L{n}", "x", value) for n, value in enumerate(values))
    return replace(CHAIN, lines=lines)


def closed_over(k):
    return lambda P: P.sum() ** k


@pytest.mark.parametrize(
    "values",
    [
        (lambda P: -xlogy(P, P).sum(), lambda P: -xlogy(P, P).sum()),
        (lambda P: -xlogy(P, P).sum(), np.sum, lambda P: -xlogy(P, P).sum()),
        (_entropy, lambda P: _entropy(P)),  # noqa: PLW0108
        (joint_entropy, lambda P: joint_entropy(P)),  # noqa: PLW0108
        (closed_over(1), closed_over(1)),
        (_entropy, lambda P: -xlogy(P, P).sum()),
        (_entropy, _named),
        (lambda P: _entropy(P=P), lambda P: -xlogy(P, P).sum()),
        (lambda P: sum(p for p in P.ravel()), lambda P: sum(q for q in P.ravel())),
    ],
)
def test_planted_lines_of_the_same_code_are_seen(values):
    assert same_code(with_lines(*values)) == [("L0", f"L{len(values) - 1}")]


def test_lines_on_one_line_of_the_file_are_told_apart():
    d = with_lines(lambda P: -xlogy(P, P).sum(), lambda P: 2 * P, closed_over(1), closed_over(2))
    assert same_code(d) == []


def test_planted_library_calls_are_seen():
    def helper(P):
        return 2 * joint_entropy(P)

    d = with_lines(lambda P: helper(P) / 2, lambda P: joint_entropy(P) + 0)
    name = "pydis.information.entropies.joint_entropy"
    assert repeated_library(d) == {name: ["L0", "L1"]}


def _bits(a):
    return Bernoulli(a)


def test_planted_methods_of_what_a_helper_made_are_seen():
    d = with_lines(lambda a: _bits(a).entropy(), lambda a: Bernoulli(a).entropy() + 0)
    name = "pydis.probability.bernoulli.Bernoulli.entropy"
    assert repeated_library(d) == {name: ["L0", "L1"]}


def test_the_library_is_found_where_it_is():
    names = set().union(*(library_functions(line.value) for line in CHAIN.lines))
    assert names == {"pydis.information.entropies.conditional_entropy"}
