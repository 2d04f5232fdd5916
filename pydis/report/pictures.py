"""What the network shows, as arrays of grey values in 0 … 1: no drawing here, only evaluation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pydis.backends import current
from pydis.backends.draws import normal
from pydis.data import dsprites
from pydis.report.evaluation import Evaluation, Factors, Trained, blocks, encode, images, joined
from pydis.training import stream

COLUMNS = 12
"""Images in a row of a picture."""
SAMPLES = (3, 14)
"""Rows and columns of the samples."""
STEPS = np.linspace(-2.0, 2.0, COLUMNS - 1)
"""The values that a traversed latent takes: two standard deviations of the prior to each side."""
GRID = np.arange(0, 32, 2)
"""The positions of the maps, 16 of the 32 on each axis."""
DRAWS = 12
"""Draws of shape, scale and orientation that a map averages over."""

Pixels = NDArray[np.float32]


class Traversals(NamedTuple):
    """One image, and what the decoder makes of its code with one coordinate replaced."""

    image: Pixels
    """`[64, 64]`."""
    reconstruction: Pixels
    """`[64, 64]`."""
    rows: Pixels
    """`[D, 11, 64, 64]`, a row for each latent in the order of `Evaluation.by_rate`."""
    own: NDArray[np.float32]
    """`[D]`, the image's own mean code in the same order."""


def shown_factors(trained: Trained) -> Factors:
    """Factors `[12, 5]` of the held-out images to look at."""
    return dsprites.sample_factors(stream(trained.config.seed, "report"), COLUMNS, "held-out")


def decoded(trained: Trained, codes: NDArray[np.floating]) -> Pixels:
    """E[x|z] for codes `[N, D]`, `[N, 64, 64]`."""
    rows = blocks(codes.astype(np.float32))
    parts = [trained.network.decode(current().asarray(part)) for part in rows]
    x = trained.config.model.images(joined(parts))
    return np.clip(np.asarray(x, np.float32)[..., 0], 0.0, 1.0)


def reconstructions(trained: Trained, factors: Factors) -> Pixels:
    """The images above what the decoder makes of their mean codes, `[2, N, 64, 64]`."""
    means = encode(trained.network, factors).mean
    return np.stack([images(factors)[..., 0], decoded(trained, means)])


def traversals(trained: Trained, evaluation: Evaluation, factors: Factors) -> Traversals:
    """The decoder's images of μ(x) + (t − μ_i(x)) e_i for each latent i and t = −2 … 2.

    `factors` `[1, 5]` are those of the image x.
    """
    code = encode(trained.network, factors).mean
    order = [latent.number for latent in evaluation.by_rate()]
    codes = np.tile(code, (len(order), len(STEPS), 1))
    for row, number in enumerate(order):
        codes[row, :, number] = STEPS
    rows = decoded(trained, codes.reshape(-1, code.shape[1]))
    return Traversals(
        images(factors)[0, ..., 0],
        decoded(trained, code)[0],
        rows.reshape(*codes.shape[:2], 64, 64),
        code[0, order],
    )


def samples(trained: Trained) -> Pixels:
    """E[x|z] for z ~ N(0, I), `[3, 14, 64, 64]`."""
    rng = stream(trained.config.seed, "report", 1)
    codes = normal(rng, (SAMPLES[0] * SAMPLES[1], trained.config.model.latents))
    return decoded(trained, codes).reshape(*SAMPLES, 64, 64)


def position_maps(trained: Trained) -> NDArray[np.float64]:
    """The mean code at each position: E[μ_i(x) | position], `[D, 16, 16]`, rows are y.

    The mean is over the same draws of shape, scale and orientation at every position.
    """
    rng = stream(trained.config.seed, "report", 2)
    factors = np.empty((len(GRID), len(GRID), DRAWS, len(dsprites.SIZES)), np.int64)
    factors[...] = dsprites.sample_factors(rng, DRAWS, "all")
    factors[..., 3], factors[..., 4] = GRID[None, :, None], GRID[:, None, None]
    means = encode(trained.network, factors.reshape(-1, factors.shape[-1])).mean
    grid = means.reshape(*factors.shape[:3], -1).astype(np.float64).mean(axis=2)
    return np.moveaxis(grid, -1, 0)
