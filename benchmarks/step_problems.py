"""What the contenders of steps_beside_torch.py all start from: weights, images, and every draw.

A problem is a record of arrays for numpy.savez: `PLAYER/…` are first weights by our names,
`torch/PLAYER/…` the same by PyTorch's names and in its order of axes, `images` some batches,
`drawn` what the model draws at each step, `late/PLAYER/…` and `torch/late/PLAYER/…` the players of
late_state.py, and the rest its hyper-parameters.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from late_state import BEFORE, late_state

from pydis.backends.draws import normal
from pydis.bench.agreement import ALONE, GAME, LATE, Agreement
from pydis.bench.steps import batches, parts
from pydis.models import GAN, VAE, BetaVAE, ConditionalGAN, InfoGAN
from pydis.models.gan import even_choice
from pydis.nn import convert
from pydis.training import stream


class Problem(NamedTuple):
    """A model at the batch it is trained with, and how its contenders are compared."""

    model: Any
    batch: int
    losses: Sequence[str]
    """The terms that must agree, the first of them at step 1."""
    alike: Agreement
    """The later step at which all terms must agree, and by how much they may differ there and at
    step 1: in nats, or of their size where that is more."""
    warm_up: int
    counted: int
    """Steps of a turn, off the clock and on it."""
    image: tuple[int, int, int]
    """What is flattened, rows, columns and channels."""
    after_flatten: Sequence[str]
    before_unflatten: Sequence[str]
    """Layers that see a flattened image: PyTorch flattens channels first."""


BETA_VAE = Problem(
    model=BetaVAE(learning_rate=5e-4),
    batch=64,
    losses=("loss",),
    alike=ALONE,
    warm_up=2,
    counted=5,
    image=(4, 4, 64),
    after_flatten=("autoencoder/trunk.layers.5",),
    before_unflatten=("autoencoder/decoder.layers.1",),
)
ADVERSARIAL = Problem(
    model=GAN(),
    batch=128,
    losses=("discriminator_loss", "generator_loss"),
    alike=GAME,
    warm_up=1,
    counted=2,
    image=(7, 7, 128),
    after_flatten=("discriminator/trunk.layers.4",),
    before_unflatten=tuple(f"generator/body.layers.{i}" for i in (2, 3)),
)
BOUNDS_LATE = 5e-3
"""How far L_I of a code may be apart at step 100: it moves several times as much as a loss does,
by rounding (2e-3 at most, late_rounding.py) and by a fault."""
BOUNDS = ("information_category", "information_uniform_1", "information_uniform_2")
PROBLEMS = {
    "vae": BETA_VAE._replace(model=VAE(learning_rate=5e-4)),
    "beta-vae": BETA_VAE,
    "gan": ADVERSARIAL,
    "conditional-gan": ADVERSARIAL._replace(model=ConditionalGAN()),
    "infogan": ADVERSARIAL._replace(model=InfoGAN(), losses=(*ADVERSARIAL.losses, *BOUNDS)),
}


def make_problem(name: str) -> dict[str, Any]:
    """The arrays, and the numbers among the hyper-parameters."""
    problem = PROBLEMS[name]
    model = problem.model
    seen = batches(model, problem.batch)
    images, *labels = (np.stack(each) for each in zip(*map(parts, seen), strict=True))
    learners = model.start(stream(0, "initialise"), images.shape[2])
    weights = {
        f"{player}/{n}": a
        for player, learner in learners.items()
        for n, a in learner.arrays().items()
        if n.startswith("parameter.")
    }
    numbers = {n: v for n, v in vars(model).items() if isinstance(v, (int, float))}
    drawn = [draws(problem, stream(0, "latent", s)) for s in range(1, LATE.step + 1)]
    late = late_state(model, seen)
    theirs = {
        torch_name(n): in_torch(problem, n, a)
        for n, a in (weights | late).items()
        if "/state." not in n
    }
    classes = {"labels": labels[0]} if labels else {}
    given = {"images": images, "drawn": np.stack(drawn), "late_steps": BEFORE}
    return weights | late | theirs | numbers | given | classes


def draws(problem: Problem, rng: np.random.Generator) -> Any:
    """What the model draws at a step, in its order: ε; or G's inputs, for D's step and for G's."""
    model, n = problem.model, problem.batch
    if isinstance(model, VAE):
        return normal(rng, (n, model.latents), np.float32)
    return np.stack([inputs(model, rng, n), inputs(model, rng, n)])


def inputs(model: Any, rng: np.random.Generator, n: int) -> Any:
    """Noise, with the codes or classes that the generator sees beside it."""
    if isinstance(model, InfoGAN):
        codes = model.draw_codes(rng, n)
        return model.inputs(model.draw(rng, n), codes)
    z = model.draw(rng, n)
    if isinstance(model, ConditionalGAN):
        return model.inputs(z, even_choice(n, model.classes).sample(rng))
    return z


def torch_name(name: str) -> str:
    """`torch/PLAYER/parameter/trunk.0.weight` of `PLAYER/parameter.trunk.layers.0.w`.

    `torch/late/PLAYER/mean/trunk.0.weight` of `late/PLAYER/adam.mean.trunk.layers.0.w`.
    """
    player, path = name.rsplit("/", 1)
    kind, path = path.removeprefix("adam.").split(".", 1)
    place, array = path.replace(".layers", "").rsplit(".", 1)
    return f"torch/{player}/{kind}/{place}.{ {'w': 'weight', 'b': 'bias'}[array] }"


def in_torch(problem: Problem, name: str, a: Any) -> Any:
    """A parameter, or a moment of its gradient, in PyTorch's order of axes."""
    player, path = name.removeprefix("late/").split("/")
    path = path.removeprefix("adam.").split(".", 1)[1].rsplit(".", 1)[0]
    layer = f"{player}/{path}"
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
