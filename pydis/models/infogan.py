"""InfoGAN. Chen et al. 2016; the paper's §4.1.

    min_(G, Q) max_D   V(D, G) − λ L_I(G, Q),                                  (equation 6)
    L_I = H(c) + E log Q(c | G(z, c)) ≤ I(c; G(z, c))                          (equation 5)

| part           | here                                                                   |
|----------------|------------------------------------------------------------------------|
| D, G, Q        | `adversarial_networks.py`; Q reads h, the features in D's last layer   |
| z              | 62 variables, uniform on (−1, 1)                                       |
| c              | one of 10 categories, each as likely; two codes uniform on (−1, 1)     |
| Q(c | x)       | a categorical from logits; Gaussians from means and log-variances      |
| λ              | 0.1 for the category, 0.02 for the uniform codes                       |
| optimisers     | Adam with β₁ = 0.5, η = 2e-4 for D and 1e-3 for G and Q, batch 128     |

Algorithm 1 of `gan.py`, with the second phase for two players:

    1  draw z, c, take the images x;  ascend  V              in the parameters of D, h among them
    2  draw z, c anew, x̃ = G(z, c);   descend loss − Σ λ L_I in the parameters of G
                                      ascend  Σ L_I          in the parameters of Q

The features h belong to D: they learn in 1 alone. In 2 one batch of images serves G and Q, which
move together from where they were. λ weighs what G does for Q, never Q itself, whose best is the
same for every λ > 0. So with λ = 0 the logged L_I is what an eager Q finds in a plain GAN: the
baseline of figure 1.

Each term is a true bound: H(c) is the entropy of the distribution that codes are drawn from, log K
or log 2, and Q a density. The category's is at most log K, a uniform code's has no ceiling.

Batch normalisation as in `gan.py`. Q has running statistics of the images in 2, of its own layer
and of those of h: in evaluation it reads generated images by them, and data by those that D has. At
64×64 D has no such layer and reads both alike.

Deviations: the authors' program lets D's step descend −λ L_I too, so that h learns for Q; it fixes
Q's variance at 1, with λ = 1; its slope is 0.01 where the paper says 0.1; and it scores uniform
codes against a normal prior, so that what it logs is no bound. Here Q learns its variance σ², so
(c − μ)²/2 weighs λ/σ². A Q that knows a code to L_I nats has σ² = (2/πe) e^(−2 L_I) or so: with
λ = 0.02 the weight is 0.6 at 1 nat, near the authors', and small before categories have formed.
The paper's λ for the category is 1. With 0.1 fewer digits here go on to share categories; L_I is
near its ceiling early with either, and a little later with 0.1 (docs/reproduction.md).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pydis.autodiff import Array, Value
from pydis.autodiff.ops import concat, mean
from pydis.models.adversarial_networks import Discriminator, Generator, Recogniser
from pydis.models.gan import (
    GAN,
    GENERATOR_LOSSES,
    Learners,
    check_images,
    discriminator_step,
    even_choice,
    generate,
    unit_box,
    within,
)
from pydis.nn import Learner, gradients
from pydis.objectives import information_bound
from pydis.probability import Categorical, Gaussian, Uniform

CATEGORY = "category"
Codes = Mapping[str, Array]
Prior = Mapping[str, Categorical | Uniform]
Posterior = Mapping[str, Categorical | Gaussian]


@dataclass(frozen=True)
class InfoGAN(GAN):
    """The GAN whose images say which code they were made from."""

    categories: int = 10
    """How many values the categorical code has; 0 for no such code."""
    uniform_codes: int = 2
    """Number of codes uniform on (−1, 1)."""
    category_weight: float = 0.1
    """λ of the categorical code."""
    uniform_weight: float = 0.02
    """λ of each uniform code."""

    def __post_init__(self) -> None:
        super().__post_init__()
        within(self, 0, "categories", "uniform_codes")
        if self.categories == 1:
            raise ValueError("categories: expected 0 or at least 2, received 1")
        if self.categories + self.uniform_codes == 0:
            raise ValueError("categories, uniform_codes: expected a code, received 0 of both")
        for name in ("category_weight", "uniform_weight"):
            if not 0 <= getattr(self, name) <= sys.float_info.max:
                received = getattr(self, name)
                raise ValueError(f"{name}: expected a finite number >= 0, received {received}")

    @property
    def weights(self) -> dict[str, float]:
        """λ of each code by its name: `category`, `uniform_1`, …"""
        first = {CATEGORY: self.category_weight} if self.categories else {}
        names = [f"uniform_{number + 1}" for number in range(self.uniform_codes)]
        return first | dict.fromkeys(names, self.uniform_weight)

    def start(self, rng: np.random.Generator, side: int = GAN.SIDE) -> Learners:
        """The players before the first step, for images `[N, side, side, 1]`."""
        discriminator = Discriminator(rng, side, self.slope)
        generator = Generator(rng, side, self.noise + self.categories + self.uniform_codes)
        outputs = {name: self.categories if name == CATEGORY else 2 for name in self.weights}
        recogniser = Recogniser(rng, side, self.slope, outputs)
        return {
            "discriminator": self.learner(discriminator, discriminator.trunk.start()),
            "generator": self.learner(generator, generator.body.start()),
            "recogniser": self.learner(
                recogniser,
                _under("trunk", discriminator.trunk.start())
                | _under("hidden", recogniser.hidden.start()),
            ),
        }

    def prior(self, n: int, like: Array = None) -> Prior:
        """p(c) for n examples, by the name of the code; where `like` is or the current backend."""
        return {
            name: even_choice(n, self.categories, like)
            if name == CATEGORY
            else unit_box(n, 1, like)
            for name in self.weights
        }

    def draw_codes(self, rng: np.random.Generator, n: int, like: Array = None) -> dict[str, Array]:
        """c ~ p(c): one-hot `[n, K]` for the category, `[n, 1]` for each uniform code."""
        return {name: p.sample(rng) for name, p in self.prior(n, like).items()}

    def inputs(self, z: Array, codes: Codes) -> Array:
        """Noise and codes side by side, as the generator takes them."""
        return concat(z, *[codes[name] for name in self.weights], axis=1)

    def posterior(self, parameters: Mapping[str, Value]) -> Posterior:
        """Q(c | x) from the recogniser's outputs."""
        return {
            name: Categorical(v) if name == CATEGORY else Gaussian(v[:, :1], v[:, 1:])
            for name, v in parameters.items()
        }

    def bounds(self, q: Posterior, codes: Codes) -> dict[str, Value]:
        """L_I of each code for each example, `[N]`, nats."""
        first = next(iter(codes.values()))
        prior = self.prior(len(first), first)
        return {name: information_bound(prior[name], q[name], c) for name, c in codes.items()}

    def update(
        self, learners: Mapping[str, Learner], x: Array, rng: np.random.Generator
    ) -> tuple[Learners, dict[str, Any]]:
        """One step (eq:infogan) on images `[N, side, side, 1]`: the players, the terms in nats.

        To those of `GAN.update` come `information_category`, `information_uniform_1`, …: L_I of
        each code before the step of G and Q.
        """
        generator, recogniser = learners["generator"], learners["recogniser"]
        check_images(learners["discriminator"].network, x)

        codes = self.draw_codes(rng, len(x), x)
        inputs = self.inputs(self.draw(rng, len(x), x), codes)
        fake, _ = generate(generator, inputs, training=True)
        discriminator, logged = discriminator_step(learners["discriminator"], x, fake)

        codes = self.draw_codes(rng, len(x), x)
        inputs = self.inputs(self.draw(rng, len(x), x), codes)
        fake, g_state = generator.network(inputs, generator.state, training=True)
        judge = discriminator.network.constants()
        h, h_state = judge.features(fake, _part("trunk", recogniser.state), training=True)
        hidden = _part("hidden", recogniser.state)
        outputs, hidden = recogniser.network(h, hidden, training=True)
        q_state = _under("trunk", h_state) | _under("hidden", hidden)
        bounds = {n: mean(b) for n, b in self.bounds(self.posterior(outputs), codes).items()}
        deception = mean(GENERATOR_LOSSES[self.generator_loss](judge.judge(h)))
        g_loss: Value = deception
        q_loss: Value = 0.0
        for name, weight in self.weights.items():
            g_loss, q_loss = g_loss - weight * bounds[name], q_loss - bounds[name]
        terms = {"generator_loss": deception.data}
        terms |= {f"information_{name}": bound.data for name, bound in bounds.items()}
        g_bar = gradients(g_loss, generator.network, terms)
        q_bar = gradients(q_loss, recogniser.network)
        return {
            "discriminator": discriminator,
            "generator": generator.step(g_bar).with_state(g_state),
            "recogniser": recogniser.step(q_bar).with_state(q_state),
        }, logged | terms

    def recognise(
        self, learners: Mapping[str, Learner], x: Array, *, generated: bool = False
    ) -> Posterior:
        """Q(c | x) for images `[N, side, side, 1]`, with the running statistics: of data in h,
        unless the images are said to be generated.
        """
        discriminator, recogniser = learners["discriminator"], learners["recogniser"]
        check_images(discriminator.network, x, least=1)
        state = _part("trunk", recogniser.state) if generated else discriminator.state
        h, _ = discriminator.network.constants().features(x, state, training=False)
        hidden = _part("hidden", recogniser.state)
        outputs, _ = recogniser.network.constants()(h, hidden, training=False)
        return self.posterior(outputs)


def _under(name: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """A state under the name of the layers that it is of."""
    return {f"{name}.{path}": array for path, array in state.items()}


def _part(name: str, state: Mapping[str, Array]) -> dict[str, Array]:
    """The part of a state that is under this name: `_under` backwards."""
    return {p.removeprefix(f"{name}."): a for p, a in state.items() if p.startswith(f"{name}.")}
