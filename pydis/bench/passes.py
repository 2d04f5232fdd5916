"""Kernels that are no products: Adam's step, and the densities of all pairs.

A step of Adam reads and writes far more than it computes, so memory bounds it. The densities of
pairs make every pair in cache, so exp bounds them: it counts as one operation (calls.py), and their
share of the floor is small. As of layers, errors are relative to the largest number of each array.
"""

from collections.abc import Sequence
from typing import Any

from pydis.backends import Array, Kernels
from pydis.bench.calls import PER_ELEMENT, PER_PAIR
from pydis.bench.layers import FUNCTION
from pydis.bench.rows import Row
from pydis.nn import Adam
from pydis.probability import pairwise_gaussian


def pass_rows() -> list[Row]:
    """Adam on a dense layer of the beta-VAE and of InfoGAN; pairs of a batch, and of many draws."""
    return [adam(1024 * 256), adam(6272 * 1024), pairs(64, 64, 10), pairs(1024, 1024, 10)]


def adam(count: int) -> Row:
    """Step 10 of θ, g, m, v `[count]`: new θ, m and v. v is of squares."""

    def squares(arrays: list[Array]) -> list[Array]:
        theta, g, m, v = arrays
        return [theta, g, m, v * v]

    def call(kernels: Kernels, arrays: Sequence[Array]) -> Any:
        return Adam().update(10, 1e-3, *arrays)

    operations = PER_ELEMENT["adam"] * count
    return Row("adam", str(count), ((count,),) * 4, call, operations, FUNCTION, True, squares)


def pairs(draws: int, gaussians: int, dims: int) -> Row:
    """log Σ_j N(z_i; μ_j, σ_j²) of M draws and N Gaussians, jointly and in each of D coordinates.

    A log-density adds two terms for each coordinate, and the sum under the logarithm has N.
    """
    shapes = ((draws, dims), (gaussians, dims), (gaussians, dims))

    def call(kernels: Kernels, arrays: Sequence[Array]) -> Any:
        return pairwise_gaussian(*arrays)

    operations = PER_PAIR["pairwise_gaussian"] * draws * gaussians * dims
    terms = gaussians + 2 * dims + FUNCTION
    shape = f"{draws}x{gaussians}x{dims}"
    return Row("pairwise_gaussian", shape, shapes, call, operations, terms, True)
