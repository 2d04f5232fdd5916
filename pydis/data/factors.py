"""Factors of dSprites that are not independent, and the whole grid of them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from pydis.backends.draws import choices
from pydis.data.dsprites import FACTORS, SIZES, index_of, sample_factors


def sample_correlated(
    rng: np.random.Generator,
    n: SupportsIndex,
    pair: tuple[str, str] = ("scale", "x"),
    sigma: float = 0.2,
) -> NDArray[np.int64]:
    """p(a, b) ∝ exp(−(a/A − b/B)² / 2σ²) for two factors, the others uniform; i.i.d., [n, 5].

    A and B are the largest values of the two.  A small σ ties them, σ = ∞ makes them independent
    (Träuble et al. 2021, arXiv 2006.07886).  Raises ValueError, TypeError.
    """
    first, second = _columns(pair)
    table = pair_probabilities(pair, sigma)
    factors = sample_factors(rng, n, "all")
    cell = choices(rng, table.ravel(), len(factors))
    factors[:, first], factors[:, second] = np.divmod(cell, SIZES[second])
    return factors


def pair_probabilities(pair: tuple[str, str], sigma: float) -> NDArray[np.float64]:
    """The table p(a, b) of `sample_correlated`, [A + 1, B + 1]; it sums to 1."""
    first, second = _columns(pair)
    if not sigma > 0:
        raise ValueError(f"sigma must be > 0, received {sigma}")
    a, b = (np.arange(SIZES[c]) / (SIZES[c] - 1) for c in (first, second))
    with np.errstate(over="ignore"):  # a tiny sigma: exp(-inf) = 0 is what is meant
        weights = np.exp(-(((a[:, None] - b) / sigma) ** 2) / 2)
    return np.asarray(weights / weights.sum())


def grid(
    factor_values: Mapping[str, Sequence[int]], rows: int = 4096
) -> Iterator[NDArray[np.int64]]:
    """All combinations of the given values, in blocks [<= rows, 5]; the last factor runs fastest.

    A factor that is not given takes all its values.  Raises ValueError, TypeError.
    """
    unknown = set(factor_values) - set(FACTORS)
    if unknown:
        raise ValueError(f"factor must be one of {FACTORS}, received {sorted(unknown)[0]!r}")
    if rows < 1:
        raise ValueError(f"rows must be at least 1, received {rows}")
    values = [
        np.asarray(factor_values.get(name, range(size)))
        for name, size in zip(FACTORS, SIZES, strict=True)
    ]
    for column, choice in enumerate(values):
        if choice.ndim != 1 or not len(choice):
            raise ValueError(f"{FACTORS[column]} must be a list of values, received {choice}")
        probe = np.zeros((len(choice), len(FACTORS)), choice.dtype)
        probe[:, column] = choice
        index_of(probe)  # refuses what is no value of this factor
    lengths = tuple(len(choice) for choice in values)
    count = math.prod(lengths)
    for start in range(0, count, rows):
        digits = np.unravel_index(np.arange(start, min(start + rows, count)), lengths)
        yield np.stack([v[d] for v, d in zip(values, digits, strict=True)], 1).astype(np.int64)


def all_factors(rows: int = 4096) -> Iterator[NDArray[np.int64]]:
    """The factors of all 737,280 images in order of their index, in blocks [<= rows, 5]."""
    yield from grid({}, rows)


def _columns(pair: tuple[str, str]) -> tuple[int, int]:
    for name in pair:
        if name not in FACTORS:
            raise ValueError(f"factor must be one of {FACTORS}, received {name!r}")
    if pair[0] == pair[1]:
        raise ValueError(f"pair must be two different factors, received {pair}")
    return FACTORS.index(pair[0]), FACTORS.index(pair[1])
