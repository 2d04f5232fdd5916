"""dSprites: 737,280 binary images, one for each combination of five known factors.

An image is a polygon filled on a 64 x 64 grid.  Its outline depends on shape, scale and
orientation; x and y translate it.  The images are rendered on demand, so nothing is downloaded.
Orientations 0 and 39 are the same angle (0 and 2 pi), and a square is unchanged by quarter turns
and an ellipse by half turns: orientation is identifiable only up to those symmetries.
"""

import functools
import operator
from typing import Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pydis.backends import current
from pydis.backends.draws import integers

FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)
COUNT = 737_280

_STRIDES = np.array([245_760, 40_960, 1_024, 32, 1])
_POSITIONS = 32 * 32

# Held-out: the index, with orientation 39 counted as the equal 0, is a multiple of a prime.  It
# divides none of SIZES, so every factor stays nearly uniform on both sides, and no image has its
# copy on the other one.
_PRIME = 23

_HALF_WIDTH = 9.6
_ASPECT = 1.33
_MAX_VERTICES = 150
_SUBPIXELS = 256
_CENTRES = 16 + 32 * np.arange(32) / 31
_BLOCK = 256  # images at a time: their intermediate arrays stay in cache


def render(factors: ArrayLike) -> NDArray[np.uint8]:
    """Pixel (r, c) is 1 iff (c + 1/2, r + 1/2) is inside the polygon by the even-odd rule.

    Vertices are rounded to multiples of 1/256.  A centre on the boundary counts as inside on left
    and bottom (largest row) edges, as outside on right and top edges.

    Integers [N, 5] -> zeros and ones [N, 64, 64, 1]; N may be 0.  Shape 0 is a square, 1 an
    ellipse, 2 a heart.  Raises TypeError if the factors are not integers, ValueError if they do
    not form [N, 5] or one is outside its range.
    """
    table = _checked_factors(factors)
    if table.ndim != 2:
        raise ValueError(f"factors must have shape [N, 5], received {list(table.shape)}")
    fill = current().fill_outlines
    if fill:
        which, centre = index_of(table) // _POSITIONS, _CENTRES[table[:, 3:]]
        return np.asarray(fill(_outlines(), which, centre, _SUBPIXELS)[..., None], np.uint8)
    rows = np.zeros(64 * len(table), dtype="<u8")
    for start in range(0, len(table), _BLOCK):
        _fill(_vertices(table[start : start + _BLOCK]), rows[64 * start :])
    bits = np.unpackbits(rows.view(np.uint8), bitorder="little")
    return bits.reshape(len(table), 64, 64, 1)


def factors_of(index: ArrayLike) -> NDArray[np.int64]:
    """Digits of the index in mixed radix (3, 6, 40, 32, 32), the most significant first.

    Integers [...] in 0..737279 -> factors [..., 5].  Raises TypeError if an index is not an
    integer, ValueError if one is out of range.
    """
    digits = _integers(index, "index")
    _check_range(digits, "index", COUNT)
    return np.asarray(digits.astype(np.int64)[..., None] // _STRIDES % SIZES)


def index_of(factors: ArrayLike) -> NDArray[np.int64]:
    """index = (((shape * 6 + scale) * 40 + orientation) * 32 + x) * 32 + y.

    Integers [..., 5] -> indices [...], the inverse of `factors_of`.  Raises TypeError if the
    factors are not integers, ValueError if they are not 5 or one is outside its range.
    """
    return np.asarray(_checked_factors(factors) @ _STRIDES, dtype=np.int64)


def sample_factors(
    rng: np.random.Generator,
    n: SupportsIndex,
    part: Literal["all", "train", "held-out"] = "train",
) -> NDArray[np.int64]:
    """Factors of n i.i.d. images, uniform over one part of the data set.

    "held-out" is every 23rd image, "train" the others and "all" their union (`is_held_out`).

    Returns factors [n, 5].  Raises TypeError if rng is not a Generator or n not an integer,
    ValueError if n is negative or the part unknown.
    """
    n = _checked_draw(rng, n)
    if part == "all":
        return factors_of(integers(rng, COUNT, (n,)))
    if part in ("train", "held-out"):
        pool = _part(part == "held-out")
        return factors_of(pool[integers(rng, len(pool), (n,))])
    raise ValueError(f"part must be 'all', 'train' or 'held-out', received {part!r}")


def is_held_out(index: ArrayLike) -> NDArray[np.bool_]:
    """Whether 23 divides the index, orientation 39 (2 pi) counted as orientation 0.

    Integers [...] in 0..737279 -> booleans [...].  Raises as `factors_of` does.
    """
    factors = factors_of(index)
    factors[..., 2] %= SIZES[2] - 1
    return np.asarray(index_of(factors) % _PRIME == 0)


def fixed_factor_batch(
    rng: np.random.Generator,
    n: SupportsIndex,
    factor: str | SupportsIndex,
    value: SupportsIndex | None = None,
) -> NDArray[np.int64]:
    """Factors of n i.i.d. images, uniform over those that share one value of one factor.

    The factor is a name in FACTORS or its column; without a value, one is drawn uniformly.
    Returns factors [n, 5].  Raises TypeError if an argument has the wrong type, ValueError if n
    is negative, the factor unknown or the value outside its range.
    """
    n = _checked_draw(rng, n)
    column = _column(factor)
    if value is None:
        fixed = int(integers(rng, SIZES[column]))
    else:
        fixed = _integer(value, FACTORS[column])
        _check_range(np.asarray(fixed), FACTORS[column], SIZES[column])
    factors = sample_factors(rng, n, "all")
    factors[:, column] = fixed
    return factors


@functools.cache
def _part(held_out: bool) -> NDArray[np.int64]:
    """The indices of one side of the split, in order."""
    return np.flatnonzero(is_held_out(np.arange(COUNT)) == held_out)


@functools.cache
def _outlines() -> NDArray[np.float64]:
    """Closed outlines about the origin, s R(theta) p_j; [720, 2, 151], coordinates (x, y).

    Shorter outlines repeat their first vertex: an edge of length zero crosses no row.
    """
    u, t = _HALF_WIDTH, 2 * np.pi * np.arange(100) / 100
    square = np.array([[-u, u, u, -u], [-u, -u, u, u]])
    ellipse = np.array([u * _ASPECT * np.cos(t), u / _ASPECT * np.sin(t)])
    t = 2 * np.pi * np.arange(150) / 150
    lobes = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    heart = np.array([u * np.sin(t) ** 3, -2 * u * (lobes / 29 + 0.075)])

    closed = np.empty((3, 1, 1, 2, _MAX_VERTICES + 1))
    for shape, points in enumerate((square, ellipse, heart)):
        closed[shape] = points[:, :1]
        closed[shape, ..., : points.shape[1]] = points
    x, y = closed[..., 0, :], closed[..., 1, :]
    scale = (0.5 + 0.1 * np.arange(6))[:, None, None]
    theta = (2 * np.pi * np.arange(40) / 39)[:, None]
    cos, sin = np.cos(theta), np.sin(theta)
    # Rows count downwards, so this turns counter-clockwise on the screen.
    turned = np.stack([scale * (cos * x + sin * y), scale * (-sin * x + cos * y)], axis=-2)
    return turned.reshape(-1, 2, _MAX_VERTICES + 1)


def _vertices(factors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Closed outlines in units of 1/256 pixel, floor(256 v + 1/2); [N, 2, 151]."""
    centre = _CENTRES[factors[:, 3:, None]]
    outline = _outlines()[index_of(factors) // _POSITIONS]
    return np.floor((centre + outline) * _SUBPIXELS + 0.5).astype(np.int64)


def _fill(vertices: NDArray[np.int64], rows: NDArray[np.uint64]) -> None:
    """Even-odd fill: a pixel is the parity of its row's crossings at or to the left of its centre.

    Vertices are [N, 2, V] and closed: the last equals the first.  Rows are zeros, at least
    [64 N]; row r of image i becomes word 64 i + r, and column c is its bit c.
    """
    x, y = vertices[:, 0], vertices[:, 1]
    half = _SUBPIXELS // 2
    # The first row whose centre is strictly below y: an edge crosses the rows between those of
    # its ends, which includes a centre at its lower end and excludes one at its upper end.
    below = (y + half) // _SUBPIXELS
    image, edge = np.nonzero(below[:, 1:] != below[:, :-1])
    ends = below[image, edge], below[image, edge + 1]
    first, crossed = np.minimum(*ends), np.abs(ends[1] - ends[0])
    x0, y0 = x[image, edge], y[image, edge]
    dx, dy = x[image, edge + 1] - x0, y[image, edge + 1] - y0

    pair = np.repeat(np.arange(len(edge)), crossed)
    row = first[pair] + np.arange(len(pair)) - (np.cumsum(crossed) - crossed)[pair]
    dx, dy = dx[pair], dy[pair]
    # The crossing is x = x0 + (yc - y0) dx / dy, and its column ceil((x - half) / 256) is the
    # first whose centre is not left of x; negated floor division is that ceiling, exactly.
    across = (half - x0[pair]) * dy - (_SUBPIXELS * row + half - y0[pair]) * dx
    column = -(across // (_SUBPIXELS * dy))
    ones = np.uint64(2**64 - 1)
    np.bitwise_xor.at(rows, 64 * image[pair] + row, ones << column.astype(np.uint64))


def _integers(values: ArrayLike, name: str) -> NDArray[np.integer[Any]]:
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name} must be integers, received dtype {array.dtype}: {values!r:.80}")
    return array


def _integer(value: SupportsIndex, name: str) -> int:
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, received {value!r}")
    return operator.index(value)


def _check_range(values: NDArray[np.integer[Any]], name: str, size: int) -> None:
    outside = (values < 0) | (values >= size)
    if np.any(outside):
        raise ValueError(f"{name} must be in 0..{size - 1}, received {values[outside].flat[0]}")


def _checked_factors(factors: ArrayLike) -> NDArray[np.int64]:
    table = _integers(factors, f"factors {FACTORS}")
    if table.ndim == 0 or table.shape[-1] != len(FACTORS):
        shape = list(table.shape)
        raise ValueError(f"factors must have 5 columns {FACTORS}, received shape {shape}")
    for column, (name, size) in enumerate(zip(FACTORS, SIZES, strict=True)):
        _check_range(table[..., column], name, size)
    return table.astype(np.int64, copy=False)


def _checked_draw(rng: np.random.Generator, n: SupportsIndex) -> int:
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, received {rng!r}")
    n = _integer(n, "n")
    if n < 0:
        raise ValueError(f"n must be at least 0, received {n}")
    return n


def _column(factor: str | SupportsIndex) -> int:
    if isinstance(factor, str):
        if factor not in FACTORS:
            raise ValueError(f"factor must be one of {FACTORS}, received {factor!r}")
        return FACTORS.index(factor)
    column = _integer(factor, "factor")
    _check_range(np.asarray(column), "factor", len(FACTORS))
    return column
