"""What opposite claims and 'iff' share."""

from typing import Any

import numpy as np

from pydis.derivations.derivation import Evaluator
from pydis.derivations.inputs import ZERO


def mirrored(before: Evaluator, line: Evaluator) -> Evaluator:
    """2 · before − line: it stands to `before` as ≤ exactly where `line` stands to it as ≥.

    In place of `line` it claims the opposite inequality.
    """
    return lambda **case: 2 * np.asarray(before(**case)) - np.asarray(line(**case))


def same(a: Any, b: Any) -> bool:
    """Whether a = b to 10⁻¹² in every element, ∞ = ∞ included: what an 'iff' calls equal."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(invalid="ignore"):
        return bool(np.all((a == b) | (np.abs(a - b) <= ZERO)))
