"""Random probability tables: integer weights over their total, so zeros and ties come by nature.

The structured joints (uniform, X = g(Y), product, point mass, an empty row or column) are among the
draws always.
"""

from itertools import product
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = Any
Shape = tuple[int, ...]

HEAVIEST = 20


def weighed(weights: list[int], shape: Shape) -> Array:
    """The weights as a table."""
    return np.array(weights, np.float64).reshape(shape) / sum(weights)


def of_shape(shape: Shape, least: int = 0) -> st.SearchStrategy[Array]:
    """Tables of this shape; `least=1` makes all entries positive."""
    weights = st.lists(
        st.integers(least, HEAVIEST), min_size=prod(shape), max_size=prod(shape)
    ).filter(any)
    return weights.map(lambda w: weighed(w, shape))


def pmfs(most: int = 8, least: int = 0) -> st.SearchStrategy[Array]:
    """One variable of 1 to `most` values."""
    return st.integers(1, most).flatmap(lambda n: of_shape((n,), least))


def pairs(most: int = 8, least: int = 0) -> st.SearchStrategy[tuple[Array, Array]]:
    """Two tables on the same values."""
    return st.integers(1, most).flatmap(
        lambda n: st.tuples(of_shape((n,), least), of_shape((n,), least))
    )


def structured(m: int, n: int) -> list[Array]:
    """The joints of m rows and n columns at which a formula may break."""
    tables = [np.ones((m, n)), np.zeros((m, n)), np.zeros((m, n)), np.ones((m, n)), np.ones((m, n))]
    tables[1][np.arange(n) % m, np.arange(n)] = 1  # X = g(Y)
    tables[2][-1, 0] = 1
    tables[3][-1] = m == 1
    tables[4][:, 0] = n == 1
    independent = np.outer(np.arange(m) + 1.0, np.arange(n)[::-1] + 2.0)
    return [t / t.sum() for t in (*tables, independent)]


SHAPES = [(m, n) for m in range(1, 13) for n in range(1, 13) if m * n <= 12]


def joints(least: int = 0) -> st.SearchStrategy[Array]:
    """Two variables, at most 12 cells, the structured ones included."""
    return st.sampled_from(SHAPES).flatmap(
        lambda shape: st.one_of(st.sampled_from(structured(*shape)), of_shape(shape, least))
    )


def many(axes: int, cells: int = 24, least: int = 0) -> st.SearchStrategy[Array]:
    """Tables of so many axes."""
    shapes = st.lists(st.integers(1, 4), min_size=axes, max_size=axes).map(tuple)
    return shapes.filter(lambda s: prod(s) <= cells).flatmap(lambda s: of_shape(s, least))


def rows_of(shape: Shape, least: int = 0) -> st.SearchStrategy[Array]:
    """Channels of this shape: each element along the first axis is a table."""
    rows = st.lists(of_shape(shape[1:], least), min_size=shape[0], max_size=shape[0])
    return rows.map(np.stack)


def channels(most: int = 4, least: int = 0) -> st.SearchStrategy[Array]:
    """`[m, n]` whose rows are tables; the deterministic and the uninformative ones included."""
    return st.tuples(st.integers(1, most), st.integers(1, most)).flatmap(
        lambda s: st.one_of(
            st.just(np.eye(s[1])[np.arange(s[0]) % s[1]] if least == 0 else np.full(s, 1 / s[1])),
            st.just(np.full(s, 1 / s[1])),
            rows_of(s, least),
        )
    )


def code_tables(n: int, seed: int = 1) -> list[Array]:
    """An encoder of two independent coordinates: q(z_1 | n) and q(z_2 | n) in rows."""
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.ones(m), n) for m in (2, 3)]


def log_pairs(q: list[Array], codes: Array, posteriors: Array) -> Array:
    """log q(z_id | j), `[M, N, 2]`."""
    return np.log(np.stack([q[d][posteriors][:, codes[:, d]].T for d in range(2)], axis=2))


CODES = np.array(list(product(range(2), range(3))))
"""Every code of these."""
