"""How far the kernels without matrix products may be from their loops: u for each rounding.

exp, log and log1p are held to ULPS units in the last place each (twice as many roundings), which is
above what any library here reaches. A sum of n terms is off by n roundings of Σ |terms|.
"""

from typing import Any

import numpy as np

from pydis.backends import definition_channels as channels
from pydis.backends import definition_densities as loops

Array = Any
ULPS = 3


def unit(dtype: Any) -> float:
    return float(np.finfo(dtype).eps) / 2


# Maps and sums over rows


def maps(name: str, expected: Array, dtype: Any) -> Array:
    """Sigmoid and softplus by two units in the last place; exp and log, whose loops are another
    library's functions, by ULPS; relu, a gate and a slope that is a power of two by nothing, but
    where slope · x underflows."""
    info = np.finfo(dtype)
    ulps = {"sigmoid": 2, "softplus": 2, "exp": ULPS, "log": ULPS}.get(name, 0)
    below = float(info.smallest_subnormal) / 2 if name in ("leaky_relu", "gate") else 0.0
    size = np.maximum(abs(expected), float(info.smallest_normal))
    return ulps * (size * float(info.eps)) + below


def row_sums(x: Array, open_: Array, roundings: int) -> Array:
    """So many roundings of the sum of |x| over the rows where it counts: γ of them, each u.

    Of x in double precision the loops round as well.
    """
    nu = roundings * unit(x.dtype) * (2 if x.dtype == np.float64 else 1)
    size = np.where(open_, abs(x), 0).sum(axis=0, dtype=np.float64)
    return nu / (1 - nu) * size


# Densities


def densities(name: str, arrays: list[Array]) -> Array:
    """How far a result may lie from the definition: u times what the roundings are roundings of."""
    u = unit(arrays[0].dtype)
    exact = [a.astype(np.float64) for a in arrays]
    if name.startswith("bernoulli"):
        x, logits = exact[-2:]
        size = abs(x * logits) + np.logaddexp(0, logits)
        if name == "bernoulli_slope":  # sigmoid through softplus: its error times its size
            away = np.minimum(np.logaddexp(0, -logits), 1e3)  # exp −1000 is 0 already
            relative = 4 * ULPS + 5 + (2 * ULPS + 2) * away
            return u * abs(exact[0])[:, None] * (2 * abs(x) + relative * np.exp(-away))
        return u * (4 * ULPS + 3 + x.shape[1]) * size.sum(axis=1)
    return _pairs(name, exact, arrays[0].dtype)


def _pairs(name: str, exact: list[Array], dtype: Any) -> Array:
    """Of pairs. Of the slopes' shares those below the least normal number may count as zero, and a
    product that underflows is off by a subnormal number.
    """
    u, least = unit(dtype), float(np.finfo(dtype).smallest_normal)
    grain = float(np.finfo(dtype).smallest_subnormal)
    z, mean, log_variance = exact[-3:]
    gap = z[:, None] - mean
    pull = gap * np.exp(-log_variance)
    size = (gap * pull + abs(log_variance) + np.log(2 * np.pi)) / 2
    t = -(gap * pull + log_variance + np.log(2 * np.pi)) / 2
    s, joint_size = t.sum(axis=2), size.sum(axis=2)
    t_error = (2 * ULPS + 6) * u * size
    s_error = (2 * ULPS + 6 + z.shape[1]) * u * joint_size
    exact_y = loops.pairwise_gaussian(z, mean, log_variance)
    both = np.concatenate([s[:, :, None], t], axis=2)
    error = np.concatenate([s_error[:, :, None], t_error], axis=2)
    if name == "pairwise_gaussian":
        share = np.exp(both - exact_y[:, None])
        away = abs(both - both.max(axis=1, keepdims=True))
        inside = share * (error + u * (away + 2 * ULPS + len(mean)))
        spread = abs(exact_y - both.max(axis=1))
        return 1.01 * (inside.sum(axis=1) + u * ((2 * ULPS + 1) * spread + abs(exact_y)))
    g, y = exact[:2]
    share = abs(g)[:, None] * np.exp(both - y[:, None])
    relative = error + u * (abs(both - y[:, None]) + 2 * ULPS + 2)
    w = share[:, :, :1] + share[:, :, 1:]
    w_error = (share * relative)[:, :, :1] + (share * relative)[:, :, 1:] + u * w
    w_error = w_error + least * (abs(g)[:, None, :1] + abs(g)[:, None, 1:]) + 2 * grain
    steps = (2 * ULPS + 8) * u
    moved = w_error * abs(pull) + w * abs(pull) * (steps + u * max(z.shape[0], len(mean))) + grain
    wide = gap * pull + 1
    spread = w_error * wide + w * wide * (steps + u * z.shape[0]) + 2 * grain
    parts = [moved.sum(axis=1), moved.sum(axis=0), spread.sum(axis=0) / 2]
    return 1.01 * np.concatenate(parts) + grain


def grains(name: str, arrays: list[Array]) -> Array:
    """What is added to `bound` where numbers are subnormal: a unit in the last place is the
    smallest number there. exp and log1p are off by ULPS of them each, a product by half of one,
    and sums of such numbers are exact; a slope is g times what is off by exp, and half of one."""
    grain = float(np.finfo(arrays[0].dtype).smallest_subnormal)
    if name == "bernoulli_slope":
        return grain * ((ULPS + 1) * abs(arrays[0].astype(np.float64))[:, None] + 1)
    return grain * arrays[0].shape[1] * (2 * ULPS + 1)


# Batch normalisation


def normalisation(name: str, arrays: list[Array], epsilon: float) -> Array:
    """How far each number may be from the definition, what is known included.

    The bounds count roundings, u each. With n values x of a channel, e its error of the mean, v of
    the variance, and r = 1/√(σ² + ε):

        e <= 2 (n + 4) u mean|x|             sums of n terms, in two passes or one
        v <= e² + 2 (n + 5) u (σ² + e²)      the mean square about a mean that is off by e
        x̂ is off by e r + |x̂| (v / 2(σ² + ε) + 7 u)

    and what is made of x̂ by that, times what it is multiplied by, and the roundings of its own.
    """
    u = float(np.finfo(arrays[0].dtype).eps) / 2
    exact = [a.astype(np.float64) for a in arrays]
    x = exact[1 if name in ("batch_norm_sums", "batch_norm_x") else 0]
    n, (_, variance) = len(x), channels.batch_moments(x)
    e = 2 * (n + 4) * u * abs(x).mean(axis=0)
    v = e**2 + 2 * (n + 5) * u * (variance + e**2)
    if name == "batch_moments":
        return np.stack([e, v])
    (normal, scale), relative = channels.normalised(x, epsilon), v / 2 / (variance + epsilon)
    r, size = np.array(scale), abs(normal)
    off = e * r + size * (relative + 7 * u)
    if name == "batch_norm":
        w, b = exact[1:]
        return 1.01 * (abs(w) * (off + 4 * u * size) + 4 * u * abs(b))
    g = abs(exact[0])
    s = [g.sum(axis=0), (g * size).sum(axis=0)]
    s_off = [n * u * s[0], (g * off).sum(axis=0) + (n + 4) * u * s[1]]
    if name == "batch_norm_sums":
        return 1.01 * np.stack(s_off)
    whole = g + (s[0] + size * s[1]) / n
    return 1.01 * (
        abs(exact[2])
        * r
        * (whole * (relative + 12 * u) + (s_off[0] + off * s[1] + size * s_off[1]) / n)
    )
