"""An erratum holds if on its witness the corrected line has its value and every reading another."""

from typing import Any

import numpy as np

from pydis.derivations.derivation import Derivation, Erratum
from pydis.derivations.relations import residual
from pydis.derivations.verify import evaluate

PRINTED = 1e-6
"""The precision of values that are given with six digits."""


def problems(d: Derivation, erratum: Erratum) -> list[str]:
    """What is not as the erratum says; nothing if it holds."""
    found = []
    outcomes = {outcome.line.label: outcome for outcome in evaluate(d, erratum.witness)}
    corrected = outcomes.get(erratum.label)
    if corrected is None or not corrected.passed:
        found.append(f"{erratum.number}: the corrected line {erratum.label} fails on the witness")
    elif not same(corrected.value, erratum.true_value):
        found.append(f"{erratum.number}: {erratum.label} is {corrected.value}, and not as said")
    for reading, (value, printed) in erratum.readings.items():
        read = value(**erratum.witness)
        if printed is not None and not same(read, printed):
            found.append(f"{erratum.number}: “{reading}” is {read}, and not {printed}")
        if same(read, erratum.true_value):
            found.append(f"{erratum.number}: “{reading}” has the true value {read}")
    if not erratum.readings:
        found.append(f"{erratum.number}: there is no reading that could be refuted")
    return found


def same(value: Any, other: Any) -> bool:
    """Whether two values agree to the printed precision; truth values agree if they are equal."""
    if isinstance(value, bool | np.bool_) or isinstance(other, bool | np.bool_):
        return isinstance(value, bool | np.bool_) and bool(value) == other
    return residual(value, "==", other) <= PRINTED
