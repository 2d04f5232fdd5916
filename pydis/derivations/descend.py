"""The simplex method of Nelder and Mead, for the few checks whose optimum has no formula."""

from collections.abc import Callable, Sequence

import numpy as np

from pydis.derivations.tools import Floats


def nelder_mead(
    f: Callable[[Floats], float], start: Sequence[float], step: float = 0.5, rounds: int = 400
) -> Floats:
    """A local minimiser of f near `start`: a simplex that reflects, expands, contracts or shrinks.

    It stops where the values of f at the corners are equal. Nelder and Mead 1965.
    """
    first = np.asarray(start, np.float64)
    corners = [first, *(first + step * e for e in np.eye(first.size))]
    values = [f(x) for x in corners]
    for _ in range(rounds):
        order = np.argsort(values)
        corners, values = [corners[i] for i in order], [values[i] for i in order]
        if values[0] == values[-1]:
            break
        centre = np.mean(corners[:-1], axis=0)
        away = centre - corners[-1]
        tried = centre + away
        value = f(tried)
        if value < values[0]:
            further = centre + 2 * away
            if (reached := f(further)) < value:
                tried, value = further, reached
        elif value >= values[-2]:
            tried = centre + (0.5 if value < values[-1] else -0.5) * away
            value = f(tried)
        if value < values[-1]:
            corners[-1], values[-1] = tried, value
        else:
            corners = [(x + corners[0]) / 2 for x in corners]
            values = [values[0], *(f(x) for x in corners[1:])]
    return corners[int(np.argmin(values))]


def least(f: Callable[[Floats], float], starts: Sequence[Sequence[float]]) -> Floats:
    """The best of the minimisers from several starts, each refined once by a new simplex."""
    found = [nelder_mead(f, nelder_mead(f, start).tolist(), 1e-2) for start in starts]
    return min(found, key=f)
