"""Right calls of the kernels without matrix products, for `fuzz_core.py`: one row for each.

Some sizes make several tasks. `fuzz_results.py` compares results with the loops.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from adam_steps import CONSTANTS

from pydis.backends import definition_channels as channels
from pydis.backends import definition_densities as densities

Array = Any
FEW = 600
"""Elements up to which loops are run."""

Drawn = tuple[dict[str, Any], dict[str, Any]]
Pick = Callable[..., Any]


def elementwise(**static: float) -> Callable[[Any, Pick], Drawn]:
    return lambda rng, pick: ({"x": pick((), (0,), (5,), (3, 4), (2, 0, 3), (3000, 9))}, static)


def gate(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0,), (5,), (3, 4), (3000, 9))
    return {"x": shape, "y": shape}, {"slope": pick(0.0, 0.25)}


def row_sums(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0, 3), (5, 0), (3, 4), (3000, 9))
    return {"x": shape, "gate_mask": shape}, {}


def batch_norm(*names: str, **static: Any) -> Callable[[Any, Pick], Drawn]:
    """Of x and the arrays named, for some rows and channels."""

    def draw(rng: Any, pick: Pick) -> Drawn:
        rows, channels = pick(1, 2, 70, 700), pick(0, 1, 3, 40)
        own = {"w": (channels,), "b": (channels,), "g": (rows, channels)}
        own |= {"moments": (2, channels), "sums": (2, channels)}
        return {"x": (rows, channels)} | {name: own[name] for name in names}, static

    return draw


def bernoulli(*names: str) -> Callable[[Any, Pick], Drawn]:
    def draw(rng: Any, pick: Pick) -> Drawn:
        n, d = pick((0, 1), (1, 0), (5, 1), (1, 90), (50, 700))
        return {name: (n,) if name == "g" else (n, d) for name in names}, {}

    return draw


def pairwise(*names: str) -> Callable[[Any, Pick], Drawn]:
    def draw(rng: Any, pick: Pick) -> Drawn:
        m, n, d = pick(0, 1, 9), pick(1, 2, 17), pick(0, 1, 5)
        shapes = {"g": (m, 1 + d), "y": (m, 1 + d), "z": (m, d)}
        return {name: shapes.get(name, (n, d)) for name in names}, {}

    return draw


def adam(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0,), (5,), (3, 4), (3000, 9))
    constants = dict(zip(("rate", "scale", "beta1", "beta2", "epsilon"), CONSTANTS, strict=True))
    return dict.fromkeys(("theta", "g", "mean", "square"), shape), constants


def fill_outlines(rng: Any, pick: Pick) -> Drawn:
    outlines, images, vertices = pick(1, 3), pick(0, 1, 40), pick(1, 2, 6)
    shapes = {"outlines": (outlines, 2, vertices), "which": (images,), "centre": (images, 2)}
    return shapes, {"subpixels": pick(256, 2)}


FAMILIES: dict[str, Callable[[Any, Pick], Drawn]] = {
    **{name: elementwise() for name in ("relu", "exp", "log", "sigmoid", "softplus")},
    "leaky_relu": elementwise(slope=0.25),
    "gate": gate,
    "row_sums": row_sums,
    "batch_moments": batch_norm(),
    "batch_norm": batch_norm("w", "b", "moments", epsilon=1e-5, slope=0.25),
    "batch_norm_sums": batch_norm("g", "moments", epsilon=1e-5),
    "batch_norm_x": batch_norm("g", "w", "moments", "sums", epsilon=1e-5),
    "bernoulli": bernoulli("x", "logits"),
    "bernoulli_slope": bernoulli("g", "x", "logits"),
    "pairwise_gaussian": pairwise("z", "mean", "log_variance"),
    "pairwise_gaussian_slopes": pairwise("g", "y", "z", "mean", "log_variance"),
    "adam": adam,
    "fill_outlines": fill_outlines,
}
RENAMED = {"gate_mask": "gate"}
"""Arguments that may be left out are told by their names' ends."""


def prepared(name: str, arrays: dict[str, Array], static: dict[str, Any], rng: Any) -> None:
    """Makes arrays what they are in a step: the moments those of x, a mean of squares not negative.

    Half of the time only: any numbers must be taken. Outlines are of other types than the rest.
    """
    if name == "fill_outlines":
        arrays["outlines"] = 8 * arrays["outlines"].astype(np.float64)
        arrays["which"] = rng.integers(0, len(arrays["outlines"]), arrays["which"].shape)
        arrays["centre"] = 32 + 8 * arrays["centre"].astype(np.float64)
    elif sum(a.size for a in arrays.values()) < FEW and rng.random() < 0.5:
        dtype = next(iter(arrays.values())).dtype
        if "square" in arrays:
            arrays["square"] = abs(arrays["square"])
        for key, value in known(arrays, static.get("epsilon", 0.0)).items():
            arrays[key] = value.astype(dtype)


def known(arrays: dict[str, Array], epsilon: float) -> dict[str, Array]:
    """By the loops, what a kernel is given as known of its other arrays."""
    made = {}
    if "moments" in arrays:
        made["moments"] = channels.batch_moments(arrays["x"])
    if "sums" in arrays:
        made["sums"] = channels.batch_norm_sums(arrays["g"], arrays["x"], epsilon)
    if "y" in arrays and "z" in arrays:
        made["y"] = densities.pairwise_gaussian(*(arrays[k] for k in ("z", "mean", "log_variance")))
    return made
