"""What InfoGAN's Q knows of rendered sprites, whose factors are known: 64×64, no classes given.

Q has seen generated images only. Here it reads rendered ones: names are given, and a linear reader
fitted, on images of the part trained on; both are tried on images held out.
"""

from pathlib import Path

import numpy as np
from reproduction_scores import Learners, evaluated, fresh, pictures, save

from pydis.autodiff.ops import concat
from pydis.data import dsprites
from pydis.metrics import linear_r2, match, matching_error
from pydis.models import InfoGAN

IMAGES = 5000
"""Drawn of each part."""
ORDERED = {"scale": 1, "x": 3, "y": 4}
"""Columns of the factors that a line can tell: an orientation is a turn, a shape a name."""


def score_sprites(
    model: InfoGAN, learners: Learners, rng: np.random.Generator, path: Path
) -> dict[str, float]:
    """L_I on fresh codes, nats; the ink of their images; what Q knows of rendered ones (`known`).

    The ink of an image is the mean of its pixels. The scores of players that learnt nothing stand
    beside the others.
    """
    images, _, found = fresh(model, learners, rng, generated=True)
    save(path, pictures(model, learners, rng, each=model.categories))
    data = dsprites.render(dsprites.sample_factors(rng, IMAGES, "train"))
    untrained = known(model, model.start(rng, data.shape[1]), rng)
    return (
        found
        | {"ink": float(images.mean()), "ink_of_data": float(data.mean())}
        | known(model, learners, rng)
        | {f"untrained_{name}": value for name, value in untrained.items()}
    )


def known(model: InfoGAN, learners: Learners, rng: np.random.Generator) -> dict[str, float]:
    """The error of shapes by category, in [0, 1], and R² of factors, on sprites held out.

    R² is that of a linear reader of Q's means, of all and of the best one; the mean of the category
    is its probabilities.
    """
    (means, factors), (means_held, held) = (
        read(model, learners, rng, part) for part in ("train", "held-out")
    )
    category, category_held = (m[:, : model.categories].argmax(axis=1) for m in (means, means_held))
    shapes = match(category, factors[:, 0], model.categories)
    scores = {"shape_error": matching_error(category_held, held[:, 0], shapes)}
    columns = list(ORDERED.values())
    target, target_held = factors[:, columns], held[:, columns]
    both = linear_r2(means, target, means_held, target_held)
    alone = [
        linear_r2(means[:, [i]], target, means_held[:, [i]], target_held)
        for i in range(means.shape[1])
    ]
    scores |= {f"r2_{name}": float(r2) for name, r2 in zip(ORDERED, both, strict=True)}
    best = np.max(alone, axis=0)
    return scores | {f"r2_{name}_of_one": float(r2) for name, r2 in zip(ORDERED, best, strict=True)}


def read(
    model: InfoGAN, learners: Learners, rng: np.random.Generator, part: str
) -> tuple[np.ndarray, np.ndarray]:
    """Q's means of all codes `[N, K + U]` for images, and their factors."""
    factors = dsprites.sample_factors(rng, IMAGES, part)  # type: ignore[arg-type]
    x = dsprites.render(factors).astype(np.float32)

    def means(block: np.ndarray) -> np.ndarray:
        q = model.recognise(learners, block)
        return concat(*[q[name].mean for name in model.weights], axis=1)

    return evaluated(means, x), factors
