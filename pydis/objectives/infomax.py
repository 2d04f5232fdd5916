"""The bound on the information that InfoGAN maximises, in nats for each example.

    I(c; x)  ≥  L_I  =  H(c) + E log Q(c | x),    c ~ p(c), x = G(z, c)          (eq:infogan-bound)

It is the bound of Barber and Agakov by a draw of the code and of what was made of it: over all
draws its mean is `information.barber_agakov`, so it needs no table and no posterior. For a
categorical code it is at most H(c); for a uniform one, Q is a density on the line and it has no
ceiling but what the image holds.
"""

from typing import Protocol

from pydis.autodiff import Value


class Distribution(Protocol):
    """What is asked of p(c) and Q(c | x)."""

    def entropy(self) -> Value:
        """H, nats, `[N]`."""

    def log_prob(self, x: Value) -> Value:
        """log p(x), nats, `[N]`."""


def information_bound(prior: Distribution, q: Distribution, code: Value) -> Value:
    """H(c) + log Q(c | x)  (eq:infogan-bound), `[N]`, for codes c drawn from the prior.

    q is Q(· | x) for the x made of each code. H(c) must be that of the distribution which the codes
    were drawn from: with another entropy this is no bound. Raises ValueError where shapes differ.
    """
    return prior.entropy() + q.log_prob(code)
