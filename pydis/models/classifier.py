"""A classifier of images: the judge of what generative models make.

    minimise   E_(x, y) [ −log p(y | x) ],   p(y | x) a categorical from logits

| part      | here                                                                          |
|-----------|-------------------------------------------------------------------------------|
| p(y | x)  | 4×4 stride 2 pad 1: 1 → 32 → 64 relu, dense 256 relu, one logit for each class |
| optimiser | Adam, η = 1e-3, batch 128                                                     |

No paper's network: the smallest convolutional one that reads MNIST as well as the classifiers by
which generators are scored. LeCun et al. 1998 for the idea.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pydis.autodiff import Array, Value
from pydis.autodiff.ops import mean, relu
from pydis.models.hyperparameters import check_types
from pydis.nn import Adam, Conv2d, Flatten, Learner, Linear, Sequential, gradients
from pydis.probability import Categorical


@dataclass(frozen=True)
class Classifier:
    """Hyper-parameters, and the update that they define."""

    classes: int = 10
    """Number of classes."""
    learning_rate: float = 1e-3
    """Adam's step size."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.classes < 2:
            raise ValueError(f"classes: expected at least 2, received {self.classes}")
        if not 0 < self.learning_rate <= sys.float_info.max:
            raise ValueError(
                f"learning_rate: expected a finite number > 0, received {self.learning_rate}"
            )

    def start(self, rng: np.random.Generator, side: int = 28) -> dict[str, Learner]:
        """The player before the first step, for images `[N, side, side, 1]`.

        Raises ValueError for a side that is no multiple of 4.
        """
        if side < 4 or side % 4:
            raise ValueError(f"side: expected a multiple of 4, received {side}")
        conv = partial(Conv2d, rng, size=4, stride=2, pad=1, activation=relu)
        network = Sequential(
            conv(1, 32),
            conv(32, 64),
            Flatten(),
            Linear(rng, (side // 4) ** 2 * 64, 256, relu),
            Linear(rng, 256, self.classes),
        )
        return {"classifier": Learner.start(network, Adam(self.learning_rate))}

    def update(
        self, learners: Mapping[str, Learner], x: Array, codes: Array
    ) -> tuple[dict[str, Learner], dict[str, Any]]:
        """One step on images `[N, side, side, 1]` with one-hot classes `[N, classes]`; the loss.

        `loss` is −log p(y | x) in nats an image, before the step. Raises NonFiniteError, with
        nothing changed, if it or a gradient is not finite.
        """
        learner = learners["classifier"]
        loss = mean(-self.posterior(learner.network(x)).log_prob(codes))
        stepped = learner.step(gradients(loss, learner.network))
        return {"classifier": stepped}, {"loss": loss.data}

    def classify(self, learners: Mapping[str, Learner], x: Array) -> Categorical:
        """p(y | x) for images `[N, side, side, 1]`, without a graph."""
        return self.posterior(learners["classifier"].network.constants()(x))

    @staticmethod
    def posterior(logits: Value) -> Categorical:
        """p(y | x) from the network's output."""
        return Categorical(logits)
