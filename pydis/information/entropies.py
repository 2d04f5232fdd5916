"""How much is not known: self-information and entropies of finite tables, in nats.

Every function takes an array, or a tensor that it can be differentiated by, and gives a number of
the same kind. At entries 0 the derivative, which is infinite, is taken as 0. Cover and Thomas,
Elements of Information Theory, chapter 2.
"""

from pydis.autodiff import Value, stop_gradient
from pydis.autodiff.ops import sum, where
from pydis.information.tables import (
    check_table,
    entries,
    log_inside,
    marginal,
    slack,
)


def self_information(p: Value) -> Value:
    """I = −log p  (eq:self-information) of an event, or of each event of an array; +∞ for p = 0.

    Raises ValueError for a p outside [0, 1] or NaN.
    """
    data = entries("self_information", p)
    if float(data.max()) > 1 + slack(data.dtype):
        raise ValueError(
            f"self_information: expected probabilities <= 1, received {float(data.max())}"
        )
    return where(stop_gradient(p) > 0, -log_inside(p), float("inf"))


def entropy(p: Value) -> Value:
    """H(X) = −Σ_x p(x) log p(x)  (eq:entropy) of p `[n]`.

    Raises ValueError where p is no table of one axis.
    """
    check_table("entropy", p, 1)
    return -sum(p * log_inside(p))


def joint_entropy(P: Value) -> Value:
    """H(X, Y, …) = −Σ p(x, y, …) log p(x, y, …)  (eq:joint-entropy), one axis a variable.

    Raises ValueError where P is no table of two axes or more.
    """
    check_table("joint_entropy", P, least=2)
    return -sum(P * log_inside(P))


def conditional_entropy(P: Value, of: str = "rows") -> Value:
    """H(X | Y) = −Σ p(x, y) log p(x | y)  (eq:conditional-entropy), X the rows of P, Y its columns.

    `of="columns"` gives H(Y | X). A y that cannot happen has weight 0 and is not divided by.
    Raises ValueError where P is no table of two axes, and for another `of`.
    """
    check_table("conditional_entropy", P, 2)
    if of not in ("rows", "columns"):
        raise ValueError(f"conditional_entropy: expected of='rows' or 'columns', received {of!r}")
    given = marginal(P, 1 if of == "rows" else 0)
    return -sum(P * (log_inside(P) - log_inside(given)))


def marginal_entropy(P: Value, *axes: int) -> Value:
    """The entropy of these axes of a table, which is taken to be one."""
    p = marginal(P, *axes)
    return -sum(p * log_inside(p))
