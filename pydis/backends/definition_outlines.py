"""Polygons as images, as loops over pixels and edges in whole numbers.

As in `definition.py` nothing of pydis is imported. Vertices are rounded to parts of a pixel first,
⌊parts · v + ½⌋; from there on all is exact.

A pixel is inside if the ray from its centre to the left meets an odd number of edges, its own end
included. An edge owns its lower end (larger y) and not its upper one, so a corner between two edges
is met once. Of a centre on an outline it follows that it is inside on the left and the lower side
of what is filled, and outside on the right and the upper one.
"""

from itertools import product
from math import floor
from typing import Any

import numpy as np

Array = Any
SIDE = 64


def meets(px: int, py: int, ax: int, ay: int, bx: int, by: int) -> bool:
    """Whether the ray from p to the left meets the edge from a to b.

    p is at the height of the edge, and not left of it: (b − a) × (p − a) <= 0 for b below a.
    """
    if ay > by:
        ax, ay, bx, by = bx, by, ax, ay
    return ay < py <= by and (bx - ax) * (py - ay) <= (px - ax) * (by - ay)


def fill_outlines(outlines: Array, which: Array, centre: Array, subpixels: int) -> Array:
    """Outline number which[n], moved to centre[n]: [K, 2, V], [N], [N, 2] -> [N, 64, 64].

    A vertex follows the other; the last is the first again where the outline is closed.
    """
    made = np.zeros((which.shape[0], SIDE, SIDE), "u1")
    for n in range(which.shape[0]):
        x, y = (
            [
                floor(
                    subpixels * (float(centre[n, axis]) + float(outlines[which[n], axis, i])) + 0.5
                )
                for i in range(outlines.shape[2])
            ]
            for axis in range(2)
        )
        for row, column, i in product(range(SIDE), range(SIDE), range(outlines.shape[2] - 1)):
            px, py = subpixels * column + subpixels // 2, subpixels * row + subpixels // 2
            if meets(px, py, x[i], y[i], x[i + 1], y[i + 1]):
                made[n, row, column] = 1 - made[n, row, column]
    return made
