"""Inputs of Gaussian models of one observation: z ~ N(0, 1) and x | z a Gaussian about a line.

Integrals over a Gaussian times something smooth are sums over a fine even grid: for such functions
the error falls faster than any power of the step, so 8 deviations and 1601 nodes reach rounding.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.tools import Floats
from pydis.probability import Gaussian


def density(x: Floats | float, mean: Floats | float, variance: float) -> Floats:
    """N(x; mean, variance), elementwise."""
    gap = np.asarray(x) - mean
    found: Floats = np.exp(-0.5 * gap * gap / variance) / np.sqrt(2 * np.pi * variance)
    return found


def grid(mean: float, deviation: float, reach: float = 8.0) -> tuple[Floats, float]:
    """Even nodes within `reach` deviations of the mean, and their step."""
    nodes = mean + deviation * np.linspace(-reach, reach, 1601)
    return nodes, float(nodes[1] - nodes[0])


def gaussian(mean: float, variance: float) -> Gaussian:
    """N(mean, variance) of the library, one example of one coordinate."""
    return Gaussian(np.array([[float(mean)]]), np.log(np.array([[float(variance)]])))


@dataclass(frozen=True)
class Observed:
    """z ~ N(0, 1), x | z ~ N(w z, s²), q = N(m, v), and what integrals over z need of them.

    All functions of z are given on the grid of q; the evidence is an integral, not its formula.
    """

    w: float
    x: float
    s: float
    m: float
    v: float

    @cached_property
    def z(self) -> Floats:
        """The nodes, 8 deviations of q to either side."""
        return grid(self.m, self.v**0.5)[0]

    @property
    def dz(self) -> float:
        """Their step."""
        return grid(self.m, self.v**0.5)[1]

    @cached_property
    def q(self) -> Floats:
        """q(z)."""
        return density(self.z, self.m, self.v)

    @cached_property
    def prior(self) -> Floats:
        """p(z)."""
        return density(self.z, 0, 1)

    @cached_property
    def likelihood(self) -> Floats:
        """p(x | z)."""
        return density(self.x, self.w * self.z, self.s**2)

    @cached_property
    def evidence(self) -> float:
        """p(x) = ∫ p(x | z) p(z) dz, over 12 deviations of the prior."""
        z, dz = grid(0, 1, reach=12)
        return float(np.sum(density(self.x, self.w * z, self.s**2) * density(z, 0, 1)) * dz)

    @property
    def centre(self) -> float:
        """The mean of the posterior, w x / (w² + s²)."""
        return self.w * self.x / (self.w**2 + self.s**2)

    @property
    def spread(self) -> float:
        """The variance of the posterior, s² / (w² + s²)."""
        return self.s**2 / (self.w**2 + self.s**2)


def _draw(rng: Generator) -> Case:
    w, x, m = rng.uniform(-1.5, 1.5), rng.uniform(-2, 2), rng.uniform(-1, 1)
    return {"o": Observed(w, x, rng.uniform(0.6, 1.5), m, rng.uniform(0.1, 1.5))}


LINE = Observed(w=1.2, x=0.7, s=0.8, m=0.3, v=0.5)

OBSERVED = Inputs(
    "z ~ N(0, 1), x given z ~ N(w z, s²), and q = N(m, v)",
    _draw,
    tuple(
        {"o": o}
        for o in (
            LINE,
            replace(LINE, w=0.0),  # x says nothing about z
            replace(LINE, m=0.0, v=1.0),  # q is the prior
            replace(LINE, m=LINE.centre, v=LINE.spread),  # q is the posterior
            replace(LINE, v=1e-6),  # q is almost a point mass
        )
    ),
)
"""Cases `o`, an Observed."""
