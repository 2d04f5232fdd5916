"""How far a table q is from a table p of the same shape, in nats.

Where q excludes what p allows, the value is +∞: never NaN, never clipped. Its derivative is then
that of the terms that are finite.
"""

from math import inf

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import sum, where
from pydis.information.tables import check_same, log_inside


def cross_entropy(p: Value, q: Value) -> Value:
    """H(p, q) = −Σ p log q  (eq:cross-entropy), +∞ where p > 0 = q for some outcome.

    Raises ValueError where p and q are not tables of one shape.
    """
    check_same("cross_entropy", p, q)
    return sum(_unless_excluded(p, q, -(p * log_inside(q))))


def kl_divergence(p: Value, q: Value) -> Value:
    """KL(p ‖ q) = Σ p log (p / q)  (eq:table-kl), +∞ where p > 0 = q for some outcome.

    Raises ValueError where p and q are not tables of one shape.
    """
    check_same("kl_divergence", p, q)
    return sum(kl_terms(p, q))


def js_divergence(p: Value, q: Value) -> Value:
    """JS = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q) / 2  (eq:js-divergence): at most log 2.

    Raises ValueError where p and q are not tables of one shape.
    """
    check_same("js_divergence", p, q)
    m = 0.5 * (p + q)  # 0 only where both are 0, or beside the smallest number, where p log p is 0
    return 0.5 * sum(_excess(p, m) + _excess(q, m))


def kl_terms(p: Value, q: Value) -> Value:
    """p log (p / q) for each outcome, whose sum is the divergence; the two may broadcast."""
    return _unless_excluded(p, q, _excess(p, q))


def _excess(p: Value, q: Value) -> Value:
    """p (log p − log q), by the difference: the ratio could overflow."""
    return p * (log_inside(p) - log_inside(q))


def _unless_excluded(p: Value, q: Value, terms: Value) -> Value:
    """The terms, but +∞ where p > 0 = q."""
    excluded = (stop_gradient(p) > 0) & (stop_gradient(q) == 0)
    return where(excluded, inf, terms)
