"""Inputs of Gaussian decoders: x of one or two pixels, x̂(z) = a z + b, and q(z | x) = N(m, s²).

Expectations over z are Gauss–Hermite sums of 40 nodes, exact for every polynomial met here.
"""

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Inputs
from pydis.derivations.inputs.gaussian import density
from pydis.derivations.tools import Floats, gauss_hermite

NODES, WEIGHTS = gauss_hermite(40)


def reconstructions(a: Floats, b: Floats, m: float, s: float) -> Floats:
    """x̂(z) at the nodes of q, `[40, d]`."""
    found: Floats = (m + s * NODES)[:, None] * a + b
    return found


def squares(x: Floats, a: Floats, b: Floats, m: float, s: float) -> Floats:
    """|x − x̂(z)|² at the nodes of q, `[40]`."""
    found: Floats = ((x - reconstructions(a, b, m, s)) ** 2).sum(1)
    return found


def likelihood(x: Floats, x_hat: Floats, variance: float) -> Floats:
    """N(x; x̂, σ² I) as the product of the densities of its coordinates, along the last axis."""
    found: Floats = density(x, x_hat, variance).prod(-1)
    return found


def plane(d: int, reach: float = 12.0, nodes: int = 481) -> tuple[Floats, float]:
    """An even grid of points in d dimensions, `[nodes^d, d]`, and the volume of its cell."""
    axis = np.linspace(-reach, reach, nodes)
    points = np.stack(np.meshgrid(*[axis] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return points, float((axis[1] - axis[0]) ** d)


def _draw(rng: Generator) -> Case:
    d = int(rng.integers(1, 3))
    return {
        "x": rng.uniform(-2, 2, d),
        "a": rng.uniform(0.5, 2, d),
        "b": rng.uniform(-1, 1, d),
        "m": float(rng.uniform(-1, 1)),
        "s": float(rng.uniform(0.2, 1.5)),
        "variance": 0.5 if rng.integers(2) else float(rng.uniform(0.2, 2)),
    }


ORIGIN: dict[str, Floats | float] = {
    "x": np.zeros(1),
    "a": np.ones(1),
    "b": np.zeros(1),
    "m": 0.0,
    "s": 1.0,
    "variance": 0.5,
}
"""x = 0, x̂(z) = z, q = N(0, 1), σ² = ½."""

PLANE = ORIGIN | {"x": np.zeros(2), "a": np.ones(2), "b": np.zeros(2)}
"""The same with two pixels."""

DECODER = Inputs(
    "x, a decoder x̂(z) = a z + b of variance σ², and q(z | x) = N(m, s²)",
    _draw,
    (
        ORIGIN,
        PLANE,
        ORIGIN | {"s": 0.0, "m": 0.4},  # z is known
        ORIGIN | {"variance": 1.0},
        ORIGIN | {"x": np.array([2.0]), "a": np.zeros(1)},  # the decoder ignores z
    ),
)
"""Cases `x`, `a`, `b`, `[d]` with d ≤ 2, and the numbers `m`, `s`, `variance`."""
