"""Scores by vote: hold one factor, and see which latent stands still.

Higgins et al. 2017, section 3; Kim and Mnih 2018, section 4.
"""

from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator

from pydis.derivations.derivation import Case, Derivation, Inputs, Line, Mutant
from pydis.derivations.inputs.codes import Ints, cells
from pydis.derivations.tools import Floats


def _draw(rng: Generator) -> Case:
    sizes = rng.integers(2, 5, 3).tolist()
    scales = 10.0 ** rng.uniform(-3, 2, 3)
    return {"sizes": tuple(sizes), "scales": scales, "order": rng.permutation(4)}


def _case(sizes: tuple[int, ...], scales: tuple[float, ...], order: tuple[int, ...]) -> Case:
    return {"sizes": sizes, "scales": np.array(scales), "order": np.array(order)}


_FACTORS = Inputs(
    "sizes of three factors, scales of the latents, and their order",
    _draw,
    (
        _case((4, 3, 5), (1e-3, 1.0, 30.0), (0, 1, 2, 3)),
        _case((2, 2, 2), (30.0, 1.0, 1e-3), (3, 0, 2, 1)),
        _case((5, 4, 3), (1.0, 1.0, 1.0), (1, 2, 3, 0)),
    ),
)


def _noisy_code(sizes: tuple[int, ...], scales: Floats, order: Ints) -> tuple[Ints, Floats]:
    """Factors and the code s_j (v_j ± 0.1), with a dead latent 7, in the given order of columns."""
    every = cells(*sizes, 2, 2, 2)
    v = every[:, :3]
    z = scales * (v + 0.2 * every[:, 3:] - 0.1)
    found: Floats = np.concatenate([z, np.full((len(v), 1), 7.0)], 1)[:, order]
    return v, found


def _batches(v: Ints, z: Floats, k: int) -> list[Floats]:
    """The codes of each value of factor k."""
    return [z[v[:, k] == value] for value in range(int(v[:, k].max()) + 1)]


def _ratios(sizes: tuple[int, ...], scales: Floats, order: Ints) -> Floats:
    """Var(z_j | v_k) / Var(z_j), the mean over values of v_k; ∞ for a dead latent, `[3, 4]`."""
    v, z = _noisy_code(sizes, scales, order)
    total = z.var(0)
    within = np.stack([np.mean([b.var(0) for b in _batches(v, z, k)], 0) for k in range(3)])
    found: Floats = np.divide(within, total, out=np.full_like(within, np.inf), where=total > 0)
    return found


def _pair_ratios(sizes: tuple[int, ...], scales: Floats, order: Ints) -> Floats:
    """The same from pairs, Var z = ½ E (z − z′)²: ½ Σ_ab (z_a − z_b)² / n²."""
    v, z = _noisy_code(sizes, scales, order)

    def spread(x: Floats) -> Floats:
        half: Floats = 0.5 * ((x[:, None] - x[None]) ** 2).mean((0, 1))
        return half

    within = np.stack([np.mean([spread(b) for b in _batches(v, z, k)], 0) for k in range(3)])
    found: Floats = np.divide(
        within, spread(z), out=np.full_like(within, np.inf), where=spread(z) > 0
    )
    return found


def _ratio_formula(sizes: tuple[int, ...], order: Ints, **_: Any) -> Floats:
    """0.01 / (0.01 + (n_k² − 1)/12) for the latent of factor k, 1 for others, ∞ for the dead."""
    found = np.full((3, 4), np.inf)
    for k, j in product(range(3), range(3)):
        column = int(np.flatnonzero(order == j)[0])
        found[k, column] = 0.01 / (0.01 + (sizes[k] ** 2 - 1) / 12) if j == k else 1.0
    return found


def _raw_votes(sizes: tuple[int, ...], scales: Floats, order: Ints) -> Ints:
    v, z = _noisy_code(sizes, scales, order)
    live = np.where(np.ptp(z, axis=0) > 0, 0.0, np.inf)
    return np.array(
        [(np.mean([b.var(0) for b in _batches(v, z, k)], 0) + live).argmin() for k in range(3)]
    )


def _coding(order: Ints, factors: int, **_: Any) -> Ints:
    """The column that codes each factor."""
    found: Ints = np.argsort(order)[:factors]
    return found


FACTOR_VAE = Derivation(
    id="metric.factorvae-vote",
    title="The latent that varies least, for its own scale, codes the factor that is held",
    inputs=_FACTORS,
    draws=5,
    source="Kim and Mnih 2018, section 4",
    conditions="Dead latents take no part: their variance is 0 / 0.",
    lines=(
        Line(
            "L0",
            r"\mathbb{E}_{v_k} \mathrm{Var}(z_j \mid v_k) / \mathrm{Var}(z_j)",
            _ratios,
        ),
        Line(
            "L1",
            r"\mathbb{E}_{v_k} \tfrac12 \mathbb{E}[(z_j - z_j')^2 \mid v_k]"
            r" \big/ \tfrac12 \mathbb{E}(z_j - z_j')^2",
            _pair_ratios,
            by="a variance is half the mean square of a difference",
        ),
        Line(
            "L2",
            r"\frac{\epsilon^2}{\epsilon^2 + (n_k^2 - 1) / 12} \text{ for } j = j(k),\;"
            r" 1 \text{ else}",
            _ratio_formula,
            by="z = s (v ± ε), v uniform on n values: no scale is left",
        ),
        Line(
            "V0",
            r"\arg\min_j \mathrm{Var}(z_j \mid v_k) / \mathrm{Var}(z_j)",
            lambda sizes, scales, order: _ratios(sizes, scales, order).argmin(1),
            None,
        ),
        Line(
            "V1",
            r"j(k)",
            lambda order, **_: _coding(order, 3),
            by="only its own latent varies less than without the factor held",
        ),
    ),
    mutants=(
        Mutant(
            "argmax-variance",
            "V0",
            lambda sizes, scales, order: np.where(
                np.isfinite(_ratios(sizes, scales, order)), _ratios(sizes, scales, order), -1
            ).argmax(1),
        ),
        Mutant("no-normalisation", "V0", _raw_votes),
    ),
)


def _differences(sizes: tuple[int, ...], scales: Floats, order: Ints) -> Floats:
    """Mean |z_j − z_j′| over all pairs that share factor k, `[3, 3]`."""
    v = cells(*sizes)
    z = (scales * v)[:, order]
    found = np.zeros((3, 3))
    for k in range(3):
        same = v[:, None, k] == v[None, :, k]
        found[k] = np.abs(z[:, None] - z[None])[same].mean(0)
    return found


def _difference_formula(sizes: tuple[int, ...], scales: Floats, order: Ints) -> Floats:
    """0 for j = j(k), else s_j (n_j² − 1) / 3 n_j."""
    n = np.array(sizes)
    spread = scales * (n**2 - 1) / (3 * n)
    found: Floats = np.where(np.eye(3) > 0, 0.0, spread)[:, order]
    return found


def _pairs_draw(rng: Generator) -> Case:
    case = _draw(rng)
    return {**case, "order": rng.permutation(3)}


def _tied(sizes: tuple[int, ...], **_: Any) -> bool:
    return min(sizes) == 1


def _untied(sizes: tuple[int, ...], **_: Any) -> bool:
    return min(sizes) > 1


BETA_VAE = Derivation(
    id="metric.beta-vae-vote",
    title="Of two codes that share a factor, its latent alone is the same",
    inputs=Inputs(
        "sizes of three factors, scales of the latents, and their order",
        _pairs_draw,
        (
            _case((5, 4, 3), (1.0, 1.0, 1.0), (0, 1, 2)),
            _case((5, 4, 3), (1e-3, 1.0, 30.0), (2, 0, 1)),
            _case((5, 1, 3), (1.0, 1.0, 1.0), (0, 1, 2)),  # one level: a tie
        ),
    ),
    draws=10,
    source="Higgins et al. 2017, section 3",
    lines=(
        Line(
            "L0",
            r"\mathbb{E}[\,|z_j - z_j'| \mid v_k = v_k']",
            _differences,
        ),
        Line(
            "L1",
            r"0 \text{ for } j = j(k), \text{ else } s_j \frac{n_j^2 - 1}{3 n_j}",
            _difference_formula,
            by="the mean distance of two uniform whole numbers",
        ),
        Line(
            "V0",
            r"\arg\min_j \mathbb{E}[\,|z_j - z_j'| \mid v_k = v_k']",
            lambda **case: _differences(**case).argmin(1),
            None,
            when=_untied,
        ),
        Line(
            "V1",
            r"j(k)",
            lambda order, **_: _coding(order, 3),
            by="the others differ in some pair",
            when=_untied,
        ),
        Line(
            "T0",
            r"\#\{j : \mathbb{E}[\,|z_j - z_j'| \mid v_k = v_k'] = 0\}",
            lambda **case: (_differences(**case) == 0).sum(1),
            None,
            when=_tied,
        ),
        Line(
            "T1",
            r"\#\{j : j = j(k) \text{ or } n_j = 1\}",
            lambda sizes, **_: np.array(
                [len({k, *np.flatnonzero(np.equal(sizes, 1))}) for k in range(3)]
            ),
            by="a factor of one level is held by every pair",
            when=_tied,
        ),
    ),
    mutants=(Mutant("argmax-difference", "V0", lambda **case: _differences(**case).argmax(1)),),
)

DERIVATIONS: tuple[Derivation, ...] = (FACTOR_VAE, BETA_VAE)
