"""What an update of adversarial players computes, by its products: nothing that no player needs.

With one letter for each layer that multiplies: D has convolutions a (from the images), b and dense
h, l (the logit); Q dense q and one for each of 3 codes; G dense u, v and transposed s, t (to the
images). A dense layer costs a product forward, one for its weights' gradient and one for its
input's, a convolution the same of three kinds.
"""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from pydis.autodiff import Tensor, grad
from pydis.bench.calls import recording
from pydis.models import GAN, ConditionalGAN, InfoGAN, gan
from pydis.models.gan import discriminator_step, generate
from pydis.nn import Module

N, SIDE = 4, 8
DENSE, CONV, SPREAD, FILTERS = "dense", "conv2d", "conv2d_x", "conv2d_w"
KINDS = {
    "matmul": DENSE,
    "matmul_act": DENSE,
    "conv2d": CONV,
    "conv2d_act": CONV,
    "conv2d_x": SPREAD,
    "conv2d_x_act": SPREAD,
    "conv2d_w": FILTERS,
}

GENERATE = {DENSE: 2, SPREAD: 2}  # u v, s t
JUDGE = {DENSE: 2, CONV: 2}  # h l, a b
LEARN_D = {DENSE: 4, SPREAD: 1, FILTERS: 2}  # both sides of h l; into b, not into a; a b
PHASE_1 = [GENERATE, JUDGE, JUDGE, LEARN_D, LEARN_D]
THROUGH_D = {DENSE: 2, SPREAD: 2}  # into l h, into b a: no weights
LEARN_G = {DENSE: 3, CONV: 2, FILTERS: 2}  # u's weights, both sides of v; into t s; their weights
PHASE_2 = [GENERATE, JUDGE, THROUGH_D, LEARN_G]
RECOGNISE = {DENSE: 4}  # q and three codes
THROUGH_Q = {DENSE: 4}
LEARN_Q = {DENSE: 4 + 3}  # all weights; into the three, not into q


def total(parts: list[dict[str, int]]) -> dict[str, int]:
    return dict(sum((Counter(part) for part in parts), Counter[str]()))


EXPECTED = {
    "gan": (GAN(), [*PHASE_1, *PHASE_2]),
    "conditional-gan": (ConditionalGAN(), [*PHASE_1, *PHASE_2]),
    "infogan": (InfoGAN(), [*PHASE_1, *PHASE_2, RECOGNISE, THROUGH_Q, LEARN_Q]),
}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def images() -> Any:
    return rng().random((N, SIDE, SIDE, 1), dtype=np.float32)


def counted(backend: str, do: Any) -> dict[str, int]:
    """The products of a piece of code by their kind."""
    calls, block = recording(backend)
    with block:
        do()
    found: Counter[str] = Counter()
    for key, times in calls.seconds.items():
        found[KINDS.get(key.kernel, "")] += len(times)
    del found[""]
    return dict(found)


def update(name: str) -> None:
    model = EXPECTED[name][0]
    more = [np.arange(N)] if name == "conditional-gan" else []
    model.update(model.start(rng(), SIDE), images(), rng(), *more)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_update_makes_the_products_that_it_needs(name: str) -> None:
    """One generated batch a phase, no weights of D for G, nothing into the images for D."""
    assert counted("numpy", lambda: update(name)) == total(EXPECTED[name][1])


def test_the_phase_of_the_discriminator() -> None:
    players = GAN().start(rng(), SIDE)
    fake, _ = generate(players["generator"], GAN().draw(rng(), N))
    found = counted("numpy", lambda: discriminator_step(players["discriminator"], images(), fake))
    assert found == total([JUDGE, JUDGE, LEARN_D, LEARN_D])


# A waste is seen

INTO_G = [{SPREAD: 1}, LEARN_G]  # into a, then all of G
WEIGHTS_OF_D = [{DENSE: 2, FILTERS: 2}]


def leaves_of(y: Tensor) -> dict[int, Tensor]:
    """All tensors that y was made from and that were made from none."""
    if y.node is None:
        return {id(y): y}
    found: dict[int, Tensor] = {}
    for i in y.node.inputs:
        found |= leaves_of(i) if isinstance(i, Tensor) else {}
    return found


def of_everything(loss: Tensor, network: Module, terms: Any = None) -> dict[str, Any]:
    """As a library does that fills `.grad` of whatever the loss was made from."""
    leaves = leaves_of(loss)
    found = dict(zip(leaves, grad(loss, list(leaves.values())), strict=True))
    return {name: found[id(t)] for name, t in network.parameters().items()}


def test_gradients_into_the_images_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that remember their generator cost nothing here, but where all gradients are taken."""

    def leaking(generator: Any, inputs: Any, *, training: bool) -> Any:
        return generator.network(inputs, generator.state, training=training)

    needed = EXPECTED["gan"][1]
    monkeypatch.setattr(gan, "generate", leaking)
    assert counted("numpy", lambda: update("gan")) == total(needed)
    monkeypatch.setattr(gan, "gradients", of_everything)
    assert counted("numpy", lambda: update("gan")) == total([*needed, *INTO_G])


def test_weight_gradients_of_a_player_that_rests_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = EXPECTED["gan"][1]
    monkeypatch.setattr(gan, "gradients", of_everything)
    assert counted("numpy", lambda: update("gan")) == total(needed)
    monkeypatch.setattr(Module, "constants", lambda self: self)
    found = counted("numpy", lambda: update("gan"))
    assert found == total([*needed, *INTO_G, *WEIGHTS_OF_D])
