"""How much variables know of each other, in nats: divergences of a table from products.

Each is a sum over the table itself, so no difference of large entropies is formed. All are zero or
more, up to rounding, which is not clipped.
"""

from pydis.autodiff import Value
from pydis.autodiff.ops import sum
from pydis.information.tables import check_table, log_inside, marginal


def mutual_information(P: Value) -> Value:
    """I(X; Y) = Σ p(x, y) log [p(x, y) / p(x) p(y)]  (eq:mutual-information), P `[m, n]`.

    Raises ValueError where P is no table of two axes.
    """
    check_table("mutual_information", P, 2)
    return from_product(P)


def total_correlation(P: Value) -> Value:
    """TC = Σ p(z) log [p(z) / Π_i p(z_i)]  (eq:total-correlation), one axis for each variable.

    For two axes it is the mutual information, for one it is 0. Watanabe 1960. Raises ValueError
    where P is no table.
    """
    check_table("total_correlation", P)
    return from_product(P)


def conditional_mutual_information(P: Value) -> Value:
    """I(X; Y | Z) = Σ p(x, y, z) log [p(z) p(x, y, z) / p(x, z) p(y, z)]

    (eq:conditional-mutual-information), axes X, Y, Z. A z that cannot happen has weight 0. Raises
    ValueError where P is no table of three axes.
    """
    check_table("conditional_mutual_information", P, 3)
    known = log_inside(marginal(P, 0, 2)) + log_inside(marginal(P, 1, 2))
    return sum(P * (log_inside(P) + log_inside(marginal(P, 2)) - known))


def from_product(P: Value) -> Value:
    """KL of the table from the product of the marginals of its axes."""
    excess = log_inside(P)
    for axis in range(P.ndim):
        excess = excess - log_inside(marginal(P, axis))
    return sum(P * excess)
