"""The code that is verified is the code that trains: faults planted in it are seen."""

import os

import pytest
from library_fault_survivors import SURVIVORS
from library_faults import FAULTS, callers, fails, inject, planted, targets

from pydis import information
from pydis.derivations import DERIVATIONS

TARGETS = targets()
SOME = ("entropy", "kl_divergence", "rate", "log_prob", "activity", "latents", "linear_r2")
SAMPLE = {
    name: f
    for name, f in TARGETS.items()
    if name.endswith(SOME) or "PYDIS_ALL_FAULTS" in os.environ
}


def test_every_survivor_is_a_function_of_the_library():
    for key, reason in SURVIVORS.items():
        name, _, last = key.rpartition(" ")
        assert (name if last in FAULTS else key) in TARGETS, key
        assert reason


@pytest.fixture(scope="module")
def sample():
    return list(inject(SAMPLE))


def test_planted_faults_are_seen(sample):
    """A sample; where PYDIS_ALL_FAULTS is set, all of them (a minute)."""
    assert [one for one in sample if not one.seen_by and not one.reason] == []
    assert sum(bool(one.seen_by) for one in sample) > len(sample) / 2


def test_a_fault_is_gone_afterwards():
    d, f = DERIVATIONS["entropy.joint"], TARGETS["information.joint_entropy"]
    P = d.golden[0].case["P"]
    before = information.joint_entropy(P)
    with planted(f, FAULTS["scaled"]):
        assert information.joint_entropy(P) == 1.001 * before
        assert fails(d)
    assert information.joint_entropy(P) == before and not fails(d)


def test_arguments_are_exchanged_by_position_and_by_name():
    p = DERIVATIONS["entropy.definition"].golden[0].case["p"]
    other = p[[1, 2, 0]]
    right = information.kl_divergence(other, p)
    with planted(TARGETS["information.kl_divergence"], FAULTS["swapped"]):
        assert information.kl_divergence(p, other) == right
        assert information.kl_divergence(q=other, p=p) == right
    assert information.kl_divergence(other, p) == right


def test_callers_know_who_calls():
    found = callers({"joint": TARGETS["information.joint_entropy"]})
    assert DERIVATIONS["entropy.joint"] in found["joint"]
    assert DERIVATIONS["info.self-information"] not in found["joint"]
