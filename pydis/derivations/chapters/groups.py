"""Disentangled group actions: each factor of the group turns its own subspace only.

Higgins et al. 2018, "Towards a Definition of Disentangled Representations".
"""

from itertools import product
from math import gcd
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs.linear import orthogonal, rotation
from pydis.derivations.tools import Floats

TURN = 2 * np.pi


def _world(n: int, m: int) -> list[tuple[int, int]]:
    """The elements of Z_n × Z_m: the group, and the states of the world that it moves."""
    return list(product(range(n), range(m)))


def _f(w: tuple[int, int], n: int, m: int) -> Floats:
    """f(w) = (cos 2πw_1/n, sin 2πw_1/n, cos 2πw_2/m, sin 2πw_2/m)."""
    a, b = TURN * w[0] / n, TURN * w[1] / m
    return np.array([np.cos(a), np.sin(a), np.cos(b), np.sin(b)])


def _rho(g: tuple[int, int], n: float, m: float) -> Floats:
    """ρ(g) = rotation by 2πg_1/n ⊕ rotation by 2πg_2/m."""
    found = np.zeros((4, 4))
    found[:2, :2], found[2:, 2:] = rotation(TURN * g[0] / n), rotation(TURN * g[1] / m)
    return found


def _act(g: tuple[int, int], w: tuple[int, int], n: int, m: int) -> tuple[int, int]:
    return (g[0] + w[0]) % n, (g[1] + w[1]) % m


def _pairs(n: int, m: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    return list(product(_world(n, m), _world(n, m)))


def _decomposes(n: int, m: int, Q: Floats) -> bool:
    """Whether in the basis Q each factor of the group is the identity on the other's plane."""
    first = [Q @ _rho((g, 0), n, m) @ Q.T for g in range(n)]
    second = [Q @ _rho((0, g), n, m) @ Q.T for g in range(m)]
    left = all(np.allclose(r[2:], np.eye(4)[2:], atol=1e-9) for r in first)
    return bool(left and all(np.allclose(r[:2], np.eye(4)[:2], atol=1e-9) for r in second))


def _blocks(rng: Generator) -> Floats:
    """An orthogonal basis that keeps both planes, or any."""
    if rng.integers(2):
        return orthogonal(rng, 4)
    found = np.zeros((4, 4))
    found[:2, :2], found[2:, 2:] = orthogonal(rng, 2), orthogonal(rng, 2)
    return found


def _draw(rng: Generator) -> Case:
    return {"n": int(rng.integers(2, 6)), "m": int(rng.integers(2, 5)), "Q": _blocks(rng)}


_MIX = np.kron(rotation(np.pi / 4), np.eye(2))
"""Both planes turned into each other by 45°."""

CYCLIC = Derivation(
    id="group.cyclic-disentangled",
    title="Two circles represent a product of two cyclic groups, each its own factor",
    items=("D06",),
    source="Higgins et al. 2018, section 3",
    inputs=Inputs(
        "the orders n and m of the cyclic groups, and another basis Q",
        _draw,
        tuple(
            {"n": n, "m": m, "Q": Q}
            for (n, m), Q in zip(
                ((3, 4), (2, 5), (4, 4), (6, 3)),
                (np.eye(4), _MIX, np.eye(4)[[2, 3, 0, 1]], _MIX),
                strict=True,
            )
        ),
    ),
    draws=5,
    lines=(
        Line(
            "L0",
            r"f(g \cdot w)",
            lambda n, m, **_: [_f(_act(g, w, n, m), n, m) for g, w in _pairs(n, m)],
        ),
        Line(
            "L1",
            r"\rho(g)\, f(w),\quad \rho(g) = R(2\pi g_1 / n) \oplus R(2\pi g_2 / m)",
            lambda n, m, **_: [_rho(g, n, m) @ _f(w, n, m) for g, w in _pairs(n, m)],
            by="a turn of the world is a turn of its circle",
        ),
        Line(
            "H0",
            r"\rho(g)\, \rho(h)",
            lambda n, m, **_: [_rho(g, n, m) @ _rho(h, n, m) for g, h in _pairs(n, m)],
            None,
        ),
        Line(
            "H1",
            r"\rho(g h)",
            lambda n, m, **_: [_rho(_act(g, h, n, m), n, m) for g, h in _pairs(n, m)],
            by="angles add, and whole turns are the identity",
        ),
        Line(
            "B0",
            r"\rho(g_1, 0)|_{V_2},\; \rho(0, g_2)|_{V_1}",
            lambda n, m, **_: [
                *(_rho((g, 0), n, m)[2:] for g in range(n)),
                *(_rho((0, g), n, m)[:2] for g in range(m)),
            ],
            None,
        ),
        Line(
            "B1",
            r"I",
            lambda n, m, **_: [*[np.eye(4)[2:]] * n, *[np.eye(4)[:2]] * m],
            by="each factor acts on its own plane only",
        ),
        Line(
            "Q0",
            r"Q f(g \cdot w)",
            lambda n, m, Q: [Q @ _f(_act(g, w, n, m), n, m) for g, w in _pairs(n, m)],
            None,
        ),
        Line(
            "Q1",
            r"Q \rho(g) Q^\top\, Q f(w)",
            lambda n, m, Q: [Q @ _rho(g, n, m) @ Q.T @ (Q @ _f(w, n, m)) for g, w in _pairs(n, m)],
            by="equivariance holds in every basis",
        ),
        Line("I0", r"Q \rho Q^\top \text{ keeps the factors apart}", _decomposes, None),
        Line(
            "I1",
            r"Q \text{ keeps both planes}",
            lambda Q, **_: bool(np.abs(Q[:2, 2:]).max() <= 1e-9),
            "iff",
            by="a mixed basis is equivariant, but not disentangled",
        ),
    ),
    mutants=(
        Mutant(
            "mixed-basis-not-decomposable",
            "B0",
            lambda n, m, **_: [
                *((_MIX @ _rho((g, 0), n, m) @ _MIX.T)[2:] for g in range(n)),
                *((_MIX @ _rho((0, g), n, m) @ _MIX.T)[:2] for g in range(m)),
            ],
        ),
        Mutant(
            "non-equivariant-phase",
            "L1",
            lambda n, m, **_: [_rho(g, n + 1, m) @ _f(w, n, m) for g, w in _pairs(n, m)],
        ),
        Mutant(
            "not-a-homomorphism",
            "H0",
            lambda n, m, **_: [
                _rho((g[0] ** 2, g[1]), n + 0.5, m) @ _rho((h[0] ** 2, h[1]), n + 0.5, m)
                for g, h in _pairs(n, m)
            ],
        ),
    ),
)


def _real_generators(n: int, **_: Any) -> list[float]:
    """The real a with aⁿ = 1 and no smaller power 1."""
    roots = np.roots([1.0, *[0.0] * (n - 1), -1.0])
    real = [float(r.real) for r in roots if abs(r.imag) < 1e-9]
    return [a for a in real if all(abs(a**k - 1) > 1e-9 for k in range(1, n))]


def _plane_turns(n: int) -> list[int]:
    """The k for which the rotation by 2πk/n has order n."""
    powers = {k: [rotation(TURN * k * j / n) for j in range(1, n)] for k in range(1, n)}
    return [
        k for k, found in powers.items() if all(np.abs(p - np.eye(2)).max() > 1e-9 for p in found)
    ]


ONE_DIMENSION = Derivation(
    id="group.one-dim-impossible",
    title="A cyclic factor of more than two states needs two real dimensions",
    items=("D06",),
    inputs=Inputs(
        "the order n of a cyclic group",
        lambda rng: {"n": int(rng.integers(2, 13))},
        tuple({"n": n} for n in range(2, 8)),
    ),
    draws=5,
    lines=(
        Line(
            "I0",
            r"\exists a \in \mathbb{R}:\; a^n = 1,\; a^k \ne 1 \text{ for } 0 < k < n",
            lambda n: bool(_real_generators(n)),
            None,
        ),
        Line(
            "I1",
            r"n = 2",
            lambda n: n == 2,
            "iff",
            by="the real roots of one are 1 and −1",
        ),
        Line(
            "P0",
            r"\#\{k : R(2\pi k / n) \text{ has order } n\}",
            lambda n: len(_plane_turns(n)),
            None,
        ),
        Line(
            "P1",
            r"\#\{k < n : \gcd(k, n) = 1\}",
            lambda n: sum(gcd(k, n) == 1 for k in range(1, n)),
            by="in the plane every generator of the group gives one",
        ),
        Line("P2", r"1", lambda **_: 1, ">=", by="k = 1"),
    ),
    mutants=(Mutant("scalar-works-for-n-3", "I1", lambda n: n in (2, 3), {"n": 3}),),
)

DERIVATIONS: tuple[Derivation, ...] = (CYCLIC, ONE_DIMENSION)
