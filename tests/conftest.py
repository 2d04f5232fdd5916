"""Hypothesis profiles, and the list of skips that may happen: any other fails the run.

`ci` draws the same few examples each time, `deep` many fresh ones (HYPOTHESIS_PROFILE).
"""

import os
import re

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=30)
settings.register_profile("deep", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Child processes must import what is installed, not the source tree of the folder they start in.
os.environ["PYTHONSAFEPATH"] = "1"

EXPECTED_SKIPS = (
    r"no dsprites/dsprites_subset\.npz in the folder PYDIS_DATA",
    r"pydis\._core was not built, or the source tree hides it",
    r"pydis was installed without its compiled module",
    r"this machine has no AVX-512 to compare with AVX2",
    r"the report extra is not installed",
    r"CuPy is usable here",
    r"CuPy is (not )?installed",
    r"threads inherit contexts here",
    r"no mnist files in the folder PYDIS_DATA or in \.\./shared/data",
    r"the data extra is not installed",
    r"scikit-learn is not installed",
    r"this system counts no ticks",
    r"this system shows no states of threads",
    r"this system keeps no limit of the address space",
    r"libgomp is not installed",
    r"pybind11-stubgen is not installed",
    r"the benchmarks are not here",
)
"""Reasons, as patterns: what a machine may lack. All are printed at the end of a run."""

unexpected: list[str] = []


def is_expected(reason: str) -> bool:
    """Whether a skip for this reason may happen."""
    return any(re.search(pattern, reason) for pattern in EXPECTED_SKIPS)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note every skip that is not on the list."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if not is_expected(reason):
            unexpected.append(f"{report.nodeid}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run with an unexpected skip fails, whatever else passed."""
    if unexpected and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the unexpected skips."""
    for line in unexpected:
        terminalreporter.write_line(f"UNEXPECTED SKIP {line}", red=True)
