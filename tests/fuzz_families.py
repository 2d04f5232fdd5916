"""Right calls of the kernels without matrix products, for `fuzz_core.py`: one row for each.

Their numbers are compared with their definitions elsewhere; here they must take what is right,
refuse what is wrong and leave their arguments alone.
"""

from collections.abc import Callable
from typing import Any

Drawn = tuple[dict[str, Any], dict[str, Any]]
Pick = Callable[..., Any]


def elementwise(**static: float) -> Callable[[Any, Pick], Drawn]:
    return lambda rng, pick: ({"x": pick((), (0,), (5,), (3, 4), (2, 0, 3), (700, 9))}, static)


def gate(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0,), (5,), (3, 4), (700, 9))
    return {"x": shape, "y": shape}, {"slope": pick(0.0, 0.2)}


def row_sums(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0, 3), (5, 0), (3, 4), (700, 9))
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
        n, d = pick(0, 1, 5), pick(0, 1, 700)
        return {name: (n,) if name == "g" else (n, d) for name in names}, {}

    return draw


def pairwise(*names: str) -> Callable[[Any, Pick], Drawn]:
    def draw(rng: Any, pick: Pick) -> Drawn:
        m, n, d = pick(0, 1, 9), pick(1, 2, 17), pick(0, 1, 5)
        shapes = {"g": (m, 1 + d), "y": (m, 1 + d), "z": (m, d)}
        return {name: shapes.get(name, (n, d)) for name in names}, {}

    return draw


def adam(rng: Any, pick: Pick) -> Drawn:
    shape = pick((0,), (5,), (3, 4))
    constants = {"rate": 1e-3, "scale": 1.5, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    return dict.fromkeys(("theta", "g", "mean", "square"), shape), constants


FAMILIES: dict[str, Callable[[Any, Pick], Drawn]] = {
    **{name: elementwise() for name in ("relu", "exp", "log", "sigmoid", "softplus")},
    "leaky_relu": elementwise(slope=0.2),
    "gate": gate,
    "row_sums": row_sums,
    "batch_moments": batch_norm(),
    "batch_norm": batch_norm("w", "b", "moments", epsilon=1e-5, slope=0.2),
    "batch_norm_sums": batch_norm("g", "moments", epsilon=1e-5),
    "batch_norm_x": batch_norm("g", "w", "moments", "sums", epsilon=1e-5),
    "bernoulli": bernoulli("x", "logits"),
    "bernoulli_slope": bernoulli("g", "x", "logits"),
    "pairwise_gaussian": pairwise("z", "mean", "log_variance"),
    "pairwise_gaussian_slopes": pairwise("g", "y", "z", "mean", "log_variance"),
    "adam": adam,
}
RENAMED = {"gate_mask": "gate"}
"""Arguments that may be left out are told by their names' ends."""
