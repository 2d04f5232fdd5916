"""InfoGANs small enough to enumerate, and the linear Gaussian one.

A toy has noise z and code c, finite and independent, and a table as generator: x = G[z, c]. Then
p(z, c, x) = p(z) p(c) 1[G[z, c] = x], and everything else is a sum over it.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.inputs import channel, table
from pydis.derivations.tools import Floats, rel_entr, xlogy, y_given_x

Ints = NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class Toy:
    """Noise p(z) `[nz]`, code p(c) `[nc]`, generator G `[nz, nc]` with entries below nx."""

    pz: Floats
    pc: Floats
    G: Ints
    nx: int

    def __repr__(self) -> str:
        pz, pc = (" ".join(f"{p:.4g}" for p in pmf) for pmf in (self.pz, self.pc))
        return f"p(z) [{pz}], p(c) [{pc}], G {self.G.tolist()}, {self.nx} values of x"

    @cached_property
    def zcx(self) -> Floats:
        """p(z, c, x), `[nz, nc, nx]`."""
        found: Floats = (self.G[:, :, None] == np.arange(self.nx)) * self.zc[:, :, None]
        return found

    @cached_property
    def zc(self) -> Floats:
        """p(z, c) = p(z) p(c), `[nz, nc]`."""
        return np.outer(self.pz, self.pc)

    @cached_property
    def xc(self) -> Floats:
        """p(x, c), `[nx, nc]`."""
        found: Floats = self.zcx.sum(0).T
        return found

    @cached_property
    def px(self) -> Floats:
        """p(x), `[nx]`: what the generator makes."""
        found: Floats = self.zcx.sum((0, 1))
        return found

    @cached_property
    def posterior(self) -> Floats:
        """p(c | x), `[nx, nc]`; 0 where p(x) = 0, which is skipped."""
        return y_given_x(self.xc)

    @cached_property
    def hc(self) -> float:
        """H(c)."""
        return float(-xlogy(self.pc, self.pc).sum())

    @cached_property
    def information(self) -> float:
        """I(c; x)."""
        return float(rel_entr(self.xc, np.outer(self.px, self.pc)).sum())


def tables(nz: int, nc: int, nx: int) -> list[Ints]:
    """All nx^(nz nc) generators."""
    return [np.array(G).reshape(nz, nc) for G in product(range(nx), repeat=nz * nc)]


def value_at_best(p: Floats, q: Floats) -> float:
    """max_D Σ p log D + Σ q log(1 − D), at D* = p / (p + q): the value of the game."""
    return float(rel_entr(p, p + q).sum() + rel_entr(q, p + q).sum())


FAIR = np.array([0.5, 0.5])

BITS = [Toy(FAIR, FAIR, G, 2) for G in tables(2, 2, 2)]
"""All 16 generators of a bit from a fair bit of noise and a fair bit of code."""

STAR = Toy(np.full(4, 0.25), FAIR, np.array([[1, 0], [0, 1], [0, 1], [0, 1]]), 2)
"""The golden toy: x is the code three times in four."""

STAR_Q = np.array([[0.9, 0.1], [0.1, 0.9]])
"""The golden Q(c | x): surer than it may be."""

COPY = Toy(np.full(3, 1 / 3), FAIR, np.array([[0, 1]] * 3), 2)
"""G = c: x is the code, whatever the noise."""


def draw_toy(rng: Generator, nx: int = 4) -> Toy:
    """Up to 3 values of noise and of code; zeros in p(z) and p(c), and x that never appear."""
    nz, nc = (int(n) for n in rng.integers(1, 4, size=2))
    return Toy(table(rng, nz), table(rng, nc), rng.integers(nx, size=(nz, nc)), nx)


def draw_toy_q(rng: Generator) -> Case:
    """A toy with a Q(c | x) > 0."""
    toy = draw_toy(rng)
    return {"toy": toy, "Q": channel(rng, toy.nx, len(toy.pc), low=1)}


UNEVEN = tuple(Toy(np.array([0.3, 0.7]), np.array([0.4, 0.6]), G, 4) for G in tables(2, 2, 4))
"""All 256 generators of 2 × 2 inputs and 4 outputs, with uneven noise and code."""

UNEVEN_Q = np.array([[0.7, 0.3], [0.2, 0.8], [0.55, 0.45], [0.1, 0.9]])

TOY_Q = Inputs(
    "toy InfoGAN, and Q(c | x) > 0",
    draw_toy_q,
    (
        *({"toy": toy, "Q": UNEVEN_Q} for toy in UNEVEN),
        {"toy": STAR, "Q": STAR.posterior},  # Q is the posterior
        {"toy": Toy(FAIR, np.array([1.0]), np.array([[0], [1]]), 2), "Q": np.ones((2, 1))},
    ),
)
"""Cases `toy` and `Q`, `[nx, nc]`, whose rows are distributions."""


def draw_toy_any_q(rng: Generator) -> Case:
    """A toy with a Q(c | x) that may have zeros, or is the posterior wherever p(x) > 0."""
    toy = draw_toy(rng)
    Q = channel(rng, toy.nx, len(toy.pc))
    exact = rng.integers(2) == 1
    return {"toy": toy, "Q": np.where(toy.px[:, None] > 0, toy.posterior, Q) if exact else Q}


TOY_ANY_Q = Inputs(
    "toy InfoGAN, and any Q(c | x), often the posterior",
    draw_toy_any_q,
    (
        {"toy": STAR, "Q": STAR.posterior},
        {"toy": COPY, "Q": STAR_Q},
        {"toy": COPY, "Q": np.array([[0.0, 1.0], [1.0, 0.0]])},  # what occurs is excluded
        # x = 2 never appears: Q is free there.
        {"toy": Toy(FAIR, FAIR, COPY.G[:2], 3), "Q": np.array([[1.0, 0], [0, 1], [0.3, 0.7]])},
    ),
)
"""Cases `toy` and `Q`, for 'iff' and for zeros of Q."""


@dataclass(frozen=True)
class LinGauss:
    """c and z standard normal, x = a c + b z; then s = Var x, and c given x is N(a x / s, b² / s).

    Q(c | x) is N(w x, v).
    """

    a: float
    b: float
    w: float
    v: float

    @property
    def s(self) -> float:
        """a² + b²."""
        return self.a**2 + self.b**2

    @property
    def mmse(self) -> float:
        """Var(c | x) = b² / s."""
        return self.b**2 / self.s


def draw_lin_gauss(rng: Generator) -> Case:
    """a and b from 0.3 to 2, w from 0 to 1, v from 0.5 to 2."""
    a, b = rng.uniform(0.3, 2.0, size=2)
    return {"g": LinGauss(a, b, rng.uniform(0.0, 1.0), rng.uniform(0.5, 2.0))}


LIN_GAUSS = Inputs(
    "x = a c + b z with standard normal c and z, and Q(c | x) = N(w x, v)",
    draw_lin_gauss,
    (
        {"g": LinGauss(0.0, 1.0, 0.3, 0.8)},  # x tells nothing of c
        {"g": LinGauss(1.0, 1e-3, 0.9, 0.6)},  # x tells nearly all of c
        {"g": LinGauss(1.0, 1.0, 0.5, 0.5)},  # Q is the posterior
    ),
)
"""Cases `g`."""
