"""What the contenders of steps_beside_torch.py all start from: weights, images, and every draw.

A problem is a record of arrays for numpy.savez: `PLAYER/…` are first weights by our names,
`torch/PLAYER/…` the same by PyTorch's names and in its order of axes, `images` some batches,
`drawn` what the model draws at each step, and the rest its hyper-parameters.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pydis.backends.draws import normal
from pydis.bench.agreement import ALONE, GAME
from pydis.bench.steps import batches
from pydis.models import BetaVAE, InfoGAN
from pydis.nn import convert
from pydis.training import stream


class Problem(NamedTuple):
    """A model at the batch it is trained with, and how its contenders are compared."""

    model: Any
    batch: int
    losses: Sequence[str]
    """The terms that must agree, the first of them at step 1."""
    steps: int
    """The later step at which all terms must agree."""
    apart: float
    """By how much they may differ there: in nats, or of their size where that is more."""
    warm_up: int
    counted: int
    """Steps of a turn, off the clock and on it."""
    image: tuple[int, int, int]
    """What is flattened, rows, columns and channels."""
    after_flatten: Sequence[str]
    before_unflatten: Sequence[str]
    """Layers that see a flattened image: PyTorch flattens channels first."""


PROBLEMS = {
    "beta-vae": Problem(
        model=BetaVAE(learning_rate=5e-4),
        batch=64,
        losses=("loss",),
        steps=ALONE.step,
        apart=ALONE.within,
        warm_up=2,
        counted=5,
        image=(4, 4, 64),
        after_flatten=("autoencoder/parameter.trunk.layers.5",),
        before_unflatten=("autoencoder/parameter.decoder.layers.1",),
    ),
    "infogan": Problem(
        model=InfoGAN(),
        batch=128,
        losses=(
            *("discriminator_loss", "generator_loss", "information_category"),
            *("information_uniform_1", "information_uniform_2"),
        ),
        steps=GAME.step,
        apart=GAME.within,
        warm_up=1,
        counted=2,
        image=(7, 7, 128),
        after_flatten=("discriminator/parameter.trunk.layers.4",),
        before_unflatten=tuple(f"generator/parameter.body.layers.{i}" for i in (2, 3)),
    ),
}


def make_problem(name: str) -> dict[str, Any]:
    """The arrays, and the numbers among the hyper-parameters."""
    problem = PROBLEMS[name]
    model = problem.model
    images = np.stack(batches(model, problem.batch))
    learners = model.start(stream(0, "initialise"), images.shape[2])
    weights = {
        f"{player}/{n}": a
        for player, learner in learners.items()
        for n, a in learner.arrays().items()
        if n.startswith("parameter.")
    }
    numbers = {n: v for n, v in vars(model).items() if isinstance(v, (int, float))}
    drawn = [draws(problem, stream(0, "latent", s)) for s in range(1, problem.steps + 1)]
    in_torch = {_torch_name(n): _in_torch(problem, n, a) for n, a in weights.items()}
    return weights | in_torch | numbers | {"images": images, "drawn": np.stack(drawn)}


def draws(problem: Problem, rng: np.random.Generator) -> Any:
    """What the model draws at a step, in its order: ε; or G's inputs, for D's step and for G's."""
    model, n = problem.model, problem.batch
    if not isinstance(model, InfoGAN):
        return normal(rng, (n, model.latents), np.float32)
    both = []
    for _ in range(2):
        codes = model.draw_codes(rng, n)
        both.append(model.inputs(model.draw(rng, n), codes))
    return np.stack(both)


def _torch_name(name: str) -> str:
    """`torch/PLAYER/trunk.0.weight` of `PLAYER/parameter.trunk.layers.0.w`."""
    player, path = name.split("/parameter.")
    place, kind = path.replace(".layers", "").rsplit(".", 1)
    return f"torch/{player}/{place}.{ {'w': 'weight', 'b': 'bias'}[kind] }"


def _in_torch(problem: Problem, name: str, a: Any) -> Any:
    """A parameter in PyTorch's order of axes."""
    layer = name.rsplit(".", 1)[0]
    if layer in problem.before_unflatten:
        channels_first = np.arange(a.shape[-1]).reshape(problem.image).transpose(2, 0, 1)
        a = a[..., channels_first.reshape(-1)]
    if a.ndim == 1:
        return a
    if layer in problem.after_flatten:
        return convert.linear_after_flatten_to_torch(a, problem.image)
    if a.ndim == 2:
        return convert.linear_to_torch(a)
    return convert.conv2d_to_torch(a)  # of transposed convolutions the same


def weights_of(problem: Mapping[str, Any], player: str) -> dict[str, Any]:
    """The arrays of a player by our names, as `Learner.with_arrays` takes them."""
    prefix = f"{player}/"
    return {n.removeprefix(prefix): a for n, a in problem.items() if n.startswith(prefix)}
