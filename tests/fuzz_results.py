"""What the kernels without matrix products should give, for `fuzz_core.py`: the loops and bounds.

Compared are calls with few numbers, each zero or of ordinary size, and with the constants that
`fuzz_families.py` draws; the rest is compared in the tests of each kernel.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from adam_steps import bounds
from fuzz_families import FAMILIES, FEW, known
from kernel_bounds import densities, grains, maps, normalisation, row_sums

from pydis.backends import definition_channels, definition_densities, definition_outlines

Array = Any
Judged = tuple[Any, Any]
"""What is right, and how far from it a result may be."""


def one_by_one(name: str) -> Callable[..., Judged]:
    """Maps. The loops of exp and log are NumPy's, in the longest type."""

    def judge(arrays: list[Array], static: dict[str, float]) -> Judged:
        x = arrays[0]
        if name in ("exp", "log"):
            y = getattr(np, name)(x.astype(np.longdouble)).astype(np.float64)
        else:
            flat = [a.reshape(-1) for a in arrays]
            y = getattr(definition_channels, name)(*flat, **static).reshape(x.shape)
        return y, maps(name, y, x.dtype)

    return judge


def summed(arrays: list[Array], static: dict[str, float]) -> Judged:
    x, *gate = arrays
    open_ = gate[0] > 0 if gate else True
    y = definition_channels.bias_gradient(x, *gate) if gate else definition_channels.row_sums(x)
    return y, row_sums(x, open_, max(1, len(x)))


def normalised(name: str, *slots: int) -> Callable[..., Judged]:
    """Of the arrays in these slots, in the order of the loops; the others are known."""

    def judge(arrays: list[Array], static: dict[str, float]) -> Judged:
        own = [arrays[slot] for slot in slots]
        y = getattr(definition_channels, name)(*own, **static)
        return y, normalisation(name, own, static.get("epsilon", 1.0))

    return judge


def density(name: str) -> Callable[..., Judged]:
    def judge(arrays: list[Array], static: dict[str, float]) -> Judged:
        room = densities(name, arrays)
        if name.startswith("bernoulli"):
            room = room + grains(name, arrays)
        return getattr(definition_densities, name)(*arrays), room

    return judge


def adam(arrays: list[Array], static: dict[str, float]) -> Judged:
    flat = [a.reshape(-1) for a in arrays]
    y = definition_densities.adam(*flat, **static).reshape(3, *arrays[0].shape)
    return y, 2.02 * np.array(bounds(arrays))  # both sides round


def filled(arrays: list[Array], static: dict[str, Any]) -> Judged:
    return definition_outlines.fill_outlines(*arrays, **static), np.zeros(())


JUDGES: dict[str, Callable[..., Judged]] = {
    **{
        name: one_by_one(name)
        for name in ("relu", "leaky_relu", "gate", "exp", "log", "sigmoid", "softplus")
    },
    "row_sums": summed,
    "batch_moments": normalised("batch_moments", 0),
    "batch_norm": normalised("batch_norm", 0, 1, 2),
    "batch_norm_sums": normalised("batch_norm_sums", 1, 0),
    "batch_norm_x": normalised("batch_norm_x", 1, 0, 2),
    "bernoulli": density("bernoulli_log_likelihood"),
    "bernoulli_slope": density("bernoulli_slope"),
    "pairwise_gaussian": density("pairwise_gaussian"),
    "pairwise_gaussian_slopes": density("pairwise_gaussian_slopes"),
    "adam": adam,
    "fill_outlines": filled,
}


def compared(name: str, arrays: dict[str, Array], static: dict[str, Any], y: Array) -> bool:
    """Whether the result was compared. Raises AssertionError where it is wrong."""
    if not comparable(name, arrays, static):
        return False
    expected, room = JUDGES[name](list(arrays.values()), static)
    y = np.array(y) if isinstance(y, tuple) else y
    assert y.shape == expected.shape, f"a result of shape {y.shape} for {expected.shape}"
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(y[~finite], expected[~finite])
    excess = (abs(y.astype(np.float64) - expected) - room)[finite]
    assert np.all(excess <= 0), f"off by {excess.max():.1e} beyond the bound"
    return True


def comparable(name: str, arrays: dict[str, Array], static: dict[str, Any]) -> bool:
    usual = FAMILIES[name](np.random.default_rng(0), lambda *v: v[0])[1]
    sizes = [n for a in arrays.values() for n in (a.size, *a.shape)]  # no elements may be many rows
    if static.keys() != usual.keys() or max(sizes) > FEW:
        return False
    if any(v not in (usual[k], 0.25 if k == "slope" else usual[k]) for k, v in static.items()):
        return False
    if name == "fill_outlines":
        near = all(np.all(abs(arrays[key]) < 64) for key in ("outlines", "centre"))
        return near and len(arrays["which"]) < 2  # an image takes the loops some milliseconds
    if not all(np.all((a == 0) | ((abs(a) > 1e-6) & (abs(a) < 1e3))) for a in arrays.values()):
        return False
    if np.any(arrays.get("square", np.zeros(1)) < 0):
        return False
    with np.errstate(all="ignore"):
        rights = known(arrays, static.get("epsilon", 0.0))
    kinds = {"moments": ("batch_moments", ["x"]), "sums": ("batch_norm_sums", ["g", "x"])}
    return all(
        key == "y"
        or np.all(
            abs(arrays[key] - right)
            <= normalisation(kinds[key][0], [arrays[k] for k in kinds[key][1]], static["epsilon"])
        )
        for key, right in rights.items()
    )
