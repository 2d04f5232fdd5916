"""The Gaussian has the largest entropy of its variance."""

from math import e, pi
from typing import Any

import numpy as np

from pydis.derivations.claims import mirrored
from pydis.derivations.derivation import Derivation, Golden, Inputs, Line, Mutant
from pydis.derivations.tools import Floats
from pydis.probability import Uniform


def _log_gaussian(x: Floats, s: float) -> Floats:
    """log N(x; 0, s²)."""
    found: Floats = -0.5 * (np.log(2 * pi * s**2) + (x / s) ** 2)
    return found


def _most(s: float) -> Any:
    """½ log 2πe s²."""
    return 0.5 * np.log(2 * pi * e * s**2)


def _box(s: float) -> Uniform:
    """Uniform with standard deviation s."""
    half = np.full((1, 1), s * np.sqrt(3))
    return Uniform(-half, half)


def _excess(s: float, x: Floats, weights: Floats, log_density: Any) -> Any:
    """E_p[log p(x) − log N(x; 0, s²)]."""
    return weights @ (log_density - _log_gaussian(x, s))


_RAYS = np.polynomial.laguerre.laggauss(5)
_CHORDS = np.polynomial.legendre.leggauss(5)

_MAX_ENTROPY = Derivation(
    id="gauss.max-entropy",
    title="Of all densities of one variance the Gaussian has the largest entropy",
    inputs=Inputs(
        "standard deviation s",
        lambda rng: {"s": np.exp(rng.uniform(-2, 2))},
        ({"s": 1.0},),
    ),
    lines=(
        Line("gaussian", r"\tfrac12 \log 2\pi e s^2", _most),
        Line(
            "laplace",
            r"1 + \log 2b, \quad b = s / \sqrt 2",
            lambda s: 1 + np.log(2 * s / np.sqrt(2)),
            ">",
            "the divergence of the Laplace density is positive",
        ),
        Line(
            "uniform",
            r"h(\mathcal U(-\sqrt 3 s, \sqrt 3 s))",
            lambda s: _box(s).entropy().item(),
            ">",
            "log √12 < 1 + log √2",
        ),
        Line(
            "laplace-gap",
            r"h(\mathcal N) - h(\mathrm{Laplace})",
            lambda s: _most(s) - 1 - np.log(np.sqrt(2) * s),
            None,
        ),
        Line(
            "laplace-kl",
            r"\mathrm{KL}(\mathrm{Laplace} \,\|\, \mathcal N)",
            lambda s: _excess(
                s, _RAYS[0] * s / np.sqrt(2), _RAYS[1], -_RAYS[0] - np.log(np.sqrt(2) * s)
            ),
            by="E log of the Gaussian density needs the variance only",
        ),
        Line(
            "uniform-gap",
            r"h(\mathcal N) - h(\mathcal U)",
            lambda s: _most(s) - np.log(np.sqrt(12) * s),
            None,
        ),
        Line(
            "uniform-kl",
            r"\mathrm{KL}(\mathcal U \,\|\, \mathcal N)",
            lambda s: _excess(
                s, _CHORDS[0] * np.sqrt(3) * s, _CHORDS[1] / 2, -np.log(2 * np.sqrt(3) * s)
            ),
            by="by the same",
        ),
    ),
    mutants=(
        Mutant("min-entropy", "laplace", mirrored(_most, lambda s: 1 + np.log(np.sqrt(2) * s))),
    ),
    golden=(
        Golden(
            "unit variance",
            {"s": 1.0},
            {
                "gaussian": 0.5 + 0.5 * np.log(2 * pi),
                "laplace": 1 + 0.5 * np.log(2),
                "uniform": 0.5 * np.log(12),
            },
        ),
    ),
    scope="continuous",
)

DERIVATIONS: tuple[Derivation, ...] = (_MAX_ENTROPY,)
