"""The adversarial models: their tables, who learns from what, normalisation, what they refuse."""

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, grad, ops, stop_gradient
from pydis.data import dsprites
from pydis.models import GAN, ConditionalGAN, InfoGAN, conditional_gan, gan, infogan
from pydis.models.adversarial_networks import SIZES, Discriminator, Generator, Recogniser
from pydis.models.gan import generate
from pydis.nn import Learner, NonFiniteError, gradients
from pydis.objectives import information_bound
from pydis.probability import Gaussian

Array = Any
SIDE = 8
MODELS = {"gan": GAN(), "conditional-gan": ConditionalGAN(), "infogan": InfoGAN()}
EACH = pytest.mark.parametrize("name", MODELS)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch(n: int = 8, side: int = SIDE) -> Array:
    return rng_of(7).random((n, side, side, 1), dtype=np.float32)


def labels(model: Any, n: int = 8) -> list[Array]:
    """What the update wants beside images and randomness."""
    return [np.arange(n) % model.classes] if isinstance(model, ConditionalGAN) else []


def steps(model: Any, n: int, learners: Any = None) -> Iterator[tuple[Any, dict[str, float]]]:
    """The players and the terms after each of n steps on one batch."""
    learners = learners or model.start(rng_of(0), SIDE)
    for step in range(n):
        learners, terms = model.update(learners, batch(), rng_of(step), *labels(model))
        yield learners, {name: float(value) for name, value in terms.items()}


def bits_of(learners: Any) -> dict[str, bytes]:
    return {f"{p}.{n}": a.tobytes() for p, l in learners.items() for n, a in l.arrays().items()}


# Architecture

TRUNK = {"layers.0.w": (4, 4, 1, 64), "layers.0.b": (64,), "layers.1.w": (4, 4, 64, 128)}
TRUNK |= {"layers.2.w": (128,), "layers.2.b": (128,), "layers.4.w": (7 * 7 * 128, 1024)}
TRUNK |= {"layers.5.w": (1024,), "layers.5.b": (1024,)}
BODY = {"layers.0.w": (74, 1024), "layers.1.w": (1024,), "layers.1.b": (1024,)}
BODY |= {"layers.2.w": (1024, 6272), "layers.3.w": (6272,), "layers.3.b": (6272,)}
BODY |= {"layers.5.w": (4, 4, 64, 128), "layers.6.w": (64,), "layers.6.b": (64,)}
BODY |= {"layers.7.w": (4, 4, 1, 64), "layers.7.b": (1,)}
HIDDEN = {"layers.0.w": (1024, 128), "layers.1.w": (128,), "layers.1.b": (128,)}
OUTPUTS = {"category": 10, "uniform_1": 2, "uniform_2": 2}


def test_parameters_are_those_of_the_papers_table() -> None:
    expected = {
        "discriminator": {f"trunk.{n}": s for n, s in TRUNK.items()}
        | {"logit.w": (1024, 1), "logit.b": (1,)},
        "generator": {f"body.{n}": s for n, s in BODY.items()},
        "recogniser": {f"hidden.{n}": s for n, s in HIDDEN.items()}
        | {f"outputs.{n}.w": (128, k) for n, k in OUTPUTS.items()}
        | {f"outputs.{n}.b": (k,) for n, k in OUTPUTS.items()},
    }
    for player, learner in InfoGAN().start(rng_of(0)).items():
        shapes = {n: t.shape for n, t in learner.network.parameters().items()}
        assert shapes == expected[player], player
        for name, t in learner.network.parameters().items():
            if t.data.ndim > 1:  # N(0, 0.02²): within 5 of its own standard deviations
                assert abs(np.std(t.data) / 0.02 - 1) < 5 / math.sqrt(2 * t.data.size), name


@pytest.mark.parametrize("side", SIZES)
def test_images_and_logits_of_each_size(side: int) -> None:
    d, g = Discriminator(rng_of(0), side, 0.1), Generator(rng_of(1), side, 5)
    z = rng_of(2).standard_normal((3, 5), np.float32)
    images, state = g(z, g.body.start(), training=True)
    assert images.shape == (3, side, side, 1) and np.all((images.data > 0) & (images.data < 1))
    logits, after = d(images, d.trunk.start(), training=True)
    assert logits.shape == (3,) and set(after) == set(d.trunk.start())
    h, _ = d.features(images, after, training=False)
    q = Recogniser(rng_of(3), side, 0.1, {"category": 4})
    assert q(h, q.hidden.start(), training=True)[0]["category"].shape == (3, 4)
    assert np.array_equal(d.judge(h).data, d(images, after, training=False)[0].data)
    assert {int(a) for n, a in state.items() if n.endswith("count")} == {1}


def test_a_side_without_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="side: expected one of 8, 28, 64, received 32"):
        GAN().start(rng_of(0), 32)


# Who learns from what


def losses(name: str, monkeypatch: Any) -> Iterator[tuple[str, Tensor, dict[str, Any]]]:
    """Each loss of one update, the player that descends it, and all networks at that moment."""
    model = MODELS[name]
    players = model.start(rng_of(0), SIDE)
    seen: list[tuple[Tensor, Any]] = []

    def watched(loss: Tensor, network: Any, terms: Any = None) -> Any:
        seen.append((loss, network))
        return gradients(loss, network, terms)

    for module in (gan, conditional_gan, infogan):
        monkeypatch.setattr(module, "gradients", watched)
    after, _ = model.update(players, batch(), rng_of(1), *labels(model))
    networks = {p: [l.network for l in (players[p], after[p])] for p in players}
    for loss, network in seen:
        player = next(p for p, before in players.items() if before.network is network)
        yield player, loss, networks


def reached(loss: Tensor, networks: dict[str, Any]) -> set[str]:
    """The players in some parameter of which the loss has a slope."""
    return {
        player
        for player, versions in networks.items()
        for network in versions
        for g in grad(loss, list(network.parameters().values()), allow_unused=True)
        if np.any(g)
    }


@EACH
def test_no_players_loss_reaches_another(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of D neither G nor Q, and those of G and Q not D. Q is a part of G's loss by design."""
    allowed = {"generator": {"generator", "recogniser"}, "recogniser": {"generator", "recogniser"}}
    found = list(losses(name, monkeypatch))
    assert next(player for player, _, _ in found) == "discriminator"
    assert {player for player, _, _ in found} == set(MODELS[name].start(rng_of(0), SIDE))
    for player, loss, networks in found:
        assert player in reached(loss, networks) <= allowed.get(player, {player})


@EACH
def test_a_leak_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images that D is trained on and that remember who made them."""

    def leaking(generator: Learner, inputs: Array, *, training: bool) -> Any:
        return generator.network(inputs, generator.state, training=training)

    for module in (gan, conditional_gan, infogan):
        monkeypatch.setattr(module, "generate", leaking)
    player, loss, networks = next(losses(name, monkeypatch))
    assert player == "discriminator" and "generator" in reached(loss, networks)


@verifies("eq:infogan", "pydis.models.infogan.InfoGAN.update")
def test_the_losses_of_infogan_are_its_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    """−V for D, the generator's loss − Σ λ L_I for G, and −Σ L_I for Q, from the logged terms."""
    found = {player: float(loss.data) for player, loss, _ in losses("infogan", monkeypatch)}
    _, logged = InfoGAN().update(InfoGAN().start(rng_of(0), SIDE), batch(), rng_of(1))
    t = {name: float(value) for name, value in logged.items()}
    bounds = [t[f"information_{name}"] for name in InfoGAN().weights]
    eps = 10 * float(np.finfo(np.float32).eps)
    assert found["discriminator"] == t["discriminator_loss"] == -t["value"]
    expected = t["generator_loss"] - 0.1 * bounds[0] - 0.02 * (bounds[1] + bounds[2])
    assert abs(found["generator"] - expected) < eps and abs(found["recogniser"] + sum(bounds)) < eps


@verifies("eq:gan-value", "pydis.objectives.adversarial.adversarial_value")
def test_the_terms_are_of_networks_before_their_step() -> None:
    """By hand from the same draws: V of all at the start, G's loss against D after its step.

    Logits of about 1 and their means round by less than 1e-6 in float32.
    """
    learners, terms = next(steps(GAN(), 1))
    start, rng = GAN().start(rng_of(0), SIDE), rng_of(0)
    z = [GAN().draw(rng, 8) for _ in range(2)]
    first, second = (generate(start["generator"], each, training=True)[0] for each in z)
    d = start["discriminator"]
    real, fake = (d.network(x, d.state, training=True)[0].data for x in (batch(), first))
    value = np.mean(np.log(1 / (1 + np.exp(-real))) + np.log(1 / (1 + np.exp(fake))))
    fooled = learners["discriminator"].network(second, d.state, training=True)[0].data
    assert abs(value - terms["value"]) < 1e-6 and terms["value"] == -terms["discriminator_loss"]
    assert abs(np.mean(np.log1p(np.exp(-fooled))) - terms["generator_loss"]) < 1e-6


# Hyper-parameters

CHANGES: dict[str, Any] = {
    "noise": 40,
    "generator_loss": "saturating",
    "discriminator_rate": 1e-3,
    "generator_rate": 1e-4,
    "beta1": 0.9,
    "slope": 0.4,
    "classes": 12,
    "categories": 4,
    "uniform_codes": 1,
    "category_weight": 0.0,
    "uniform_weight": 2.0,
}


@EACH
def test_every_hyper_parameter_counts(name: str) -> None:
    """In the value of the game or the generator's loss, within three steps."""
    model = MODELS[name]
    *_, (_, usual) = steps(model, 3)
    for field in fields(model):
        other = replace(model, **{field.name: CHANGES[field.name]})
        *_, (_, changed) = steps(other, 3)
        gaps = [abs(usual[t] - changed[t]) for t in ("value", "generator_loss")]
        assert max(gaps) > 1e-4, field.name


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (GAN, {"noise": 0}, "noise: expected at least 1, received 0"),
        (GAN, {"generator_loss": "hinge"}, "generator_loss: expected 'non-saturating' or"),
        (GAN, {"discriminator_rate": 0.0}, "discriminator_rate: expected a finite number > 0"),
        (GAN, {"generator_rate": math.inf}, "generator_rate: expected a finite number > 0"),
        (GAN, {"beta1": 1.0}, r"beta1: expected a number in \[0, 1\), received 1.0"),
        (GAN, {"slope": math.nan}, "slope: expected a number"),
        (ConditionalGAN, {"classes": 1}, "classes: expected at least 2, received 1"),
        (InfoGAN, {"categories": 1}, "categories: expected 0 or at least 2, received 1"),
        (InfoGAN, {"categories": -1}, "categories: expected at least 0"),
        (InfoGAN, {"uniform_codes": -1}, "uniform_codes: expected at least 0"),
        (InfoGAN, {"categories": 0, "uniform_codes": 0}, "categories, uniform_codes: expected a"),
        (InfoGAN, {"category_weight": -1.0}, "category_weight: expected a finite number >= 0"),
        (InfoGAN, {"uniform_weight": math.inf}, "uniform_weight: expected a finite number >= 0"),
    ],
)
def test_hyper_parameters_are_checked(kind: Any, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        kind(**values)


@pytest.mark.parametrize("kind", [GAN, ConditionalGAN, InfoGAN])
def test_hyper_parameters_of_another_type_are_refused(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"noise: expected int, received 3\.5"):
        kind(noise=3.5)


@pytest.mark.parametrize(("categories", "uniform_codes"), [(0, 2), (3, 0), (0, 1), (5, 4)])
def test_any_set_of_codes(categories: int, uniform_codes: int) -> None:
    model = InfoGAN(categories=categories, uniform_codes=uniform_codes)
    learners, terms = next(steps(model, 1))
    bounds = {n.removeprefix("information_") for n in terms if n.startswith("information_")}
    assert bounds == set(model.weights) and len(bounds) == bool(categories) + uniform_codes
    assert set(model.recognise(learners, batch())) == bounds


# The update


@EACH
def test_update_is_deterministic_and_leaves_the_old_players(name: str) -> None:
    model = MODELS[name]
    start = model.start(rng_of(0), SIDE)
    before = bits_of(start)
    one, terms = next(steps(model, 1, start))
    two, again = next(steps(model, 1, start))
    assert bits_of(one) == bits_of(two) and terms == again and bits_of(start) == before
    for player, learner in one.items():
        old = start[player].network.parameters()
        for path, parameter in learner.network.parameters().items():
            assert not np.array_equal(parameter.data, old[path].data), (player, path)
        assert learner.moments.steps == 1


@EACH
def test_a_batch_that_is_not_finite_changes_nothing(name: str) -> None:
    model, x = MODELS[name], batch()
    start = model.start(rng_of(0), SIDE)
    before, x[1, 2, 3, 0] = bits_of(start), np.nan
    with pytest.raises(NonFiniteError, match="not finite: loss"):
        model.update(start, x, rng_of(0), *labels(model))
    assert bits_of(start) == before


@EACH
@pytest.mark.parametrize(
    "shape", [(1, 8, 8, 1), (0, 8, 8, 1), (4, 28, 28, 1), (4, 8, 8, 3), (4, 64)]
)
def test_other_batches_are_refused(name: str, shape: tuple[int, ...]) -> None:
    model = MODELS[name]
    with pytest.raises(ValueError, match=r"expected images \[N, 8, 8, 1\] with N at least 2"):
        model.update(
            model.start(rng_of(0), SIDE),
            np.zeros(shape, np.float32),
            rng_of(0),
            *labels(model, shape[0]),
        )


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros(8), TypeError, "whole numbers, received float64"),
        ([1] * 8, TypeError, "received list"),
        (np.zeros(7, np.int64), ValueError, r"a class for each of 8 images.*\(7,\)"),
        (np.zeros((8, 1), np.int64), ValueError, r"received shape \(8, 1\)"),
        (np.arange(8) + 3, ValueError, r"classes in \[0, 10\), received 3 to 10"),
        (np.arange(8) - 1, ValueError, "received -1 to 6"),
    ],
)
def test_classes_are_checked(y: Any, error: Any, message: str) -> None:
    model = ConditionalGAN()
    with pytest.raises(error, match=message):
        model.update(model.start(rng_of(0), SIDE), batch(), rng_of(0), y)


# Batch normalisation


@EACH
def test_which_pass_updates_the_running_statistics(name: str) -> None:
    """Each player's are those of one pass a step: for D that of the data."""
    model = MODELS[name]
    start = model.start(rng_of(0), SIDE)
    *_, (after, _) = steps(model, 2, start)
    for player, learner in after.items():
        counts = {int(a) for n, a in learner.state.items() if n.endswith("count")}
        assert counts == {2}, player
    (one, _), d = next(steps(model, 1, start)), start["discriminator"]
    y = np.eye(10, dtype=np.float32)[np.arange(8) % 10]
    x = conditional_gan.with_class(batch(), y) if labels(model) else batch()
    _, state = d.network.constants()(x, d.state, training=True)
    for path, array in state.items():
        assert np.array_equal(array, one["discriminator"].state[path]), path


def test_the_recogniser_reads_generated_images_by_their_own_statistics() -> None:
    """Its state has those of h on the images of the second phase, beside those of its own layer."""
    start = InfoGAN().start(rng_of(0), SIDE)
    assert set(start["recogniser"].state) == {
        *(f"trunk.{path}" for path in start["discriminator"].state),
        *(f"hidden.layers.1.{part}" for part in ("mean", "variance", "count")),
    }
    *_, (learners, _) = steps(InfoGAN(), 2)
    of_data = InfoGAN().recognise(learners, batch())
    of_generated = InfoGAN().recognise(learners, batch(), generated=True)
    assert not np.allclose(of_data["category"].logits, of_generated["category"].logits)
    swapped = dict(learners)
    h_state = {
        path.removeprefix("trunk."): array
        for path, array in learners["recogniser"].state.items()
        if path.startswith("trunk.")
    }
    swapped["discriminator"] = learners["discriminator"].with_state(h_state)
    again = InfoGAN().recognise(swapped, batch())
    assert np.array_equal(again["category"].logits, of_generated["category"].logits)


@EACH
def test_images_are_shown_one_by_one(name: str) -> None:
    """With the running statistics no image depends on its companions, in training mode all do."""
    model = MODELS[name]
    *_, (learners, _) = steps(model, 2)
    g = learners["generator"]
    inputs = rng_of(3).random((6, g.network.parameters()["body.layers.0.w"].shape[0]), np.float32)
    together, state = generate(g, inputs)
    alone = np.concatenate([generate(g, inputs[i : i + 2])[0] for i in range(0, 6, 2)])
    assert np.allclose(together, alone, rtol=0, atol=1e-5)
    assert {n: a.tobytes() for n, a in state.items()} == {
        n: a.tobytes() for n, a in g.state.items()
    }
    in_training = [generate(g, inputs[: i + 2], training=True)[0][0] for i in (0, 4)]
    assert abs(in_training[0] - in_training[1]).max() > 1e-3


@pytest.mark.parametrize("normalised", [False, True])
def test_images_of_sprites_darken_unless_d_is_normalised(
    normalised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sprites are white on black and the first images grey. BN in D takes grey from all of them."""
    monkeypatch.setitem(SIZES, 64, SIZES[64]._replace(normalised=normalised))
    model, n = GAN(), 16
    learners = model.start(rng_of(0), 64)

    def ink() -> float:
        images, _ = generate(learners["generator"], model.draw(rng_of(1), n), training=True)
        return float(images.mean())

    assert abs(ink() - 0.5) < 0.05
    for step in range(30):
        factors = dsprites.sample_factors(rng_of(step), n, "train")
        x = dsprites.render(factors).astype(np.float32).reshape(n, 64, 64, 1)
        learners, _ = model.update(learners, x, rng_of(step))
    assert (ink() > 0.25) == normalised


def test_without_normalisation_in_d_data_and_generated_images_are_read_alike() -> None:
    learners = InfoGAN().start(rng_of(0), 64)
    assert learners["discriminator"].state == {}
    x = batch(4, 64)
    of_data, of_generated = (
        InfoGAN().recognise(learners, x, generated=generated)["category"].logits
        for generated in (False, True)
    )
    assert np.array_equal(of_data, of_generated)


def test_the_recogniser_answers_in_its_distributions() -> None:
    *_, (learners, _) = steps(InfoGAN(), 2)
    q = InfoGAN().recognise(learners, batch(3))
    assert q["category"].logits.shape == (3, 10)
    assert q["uniform_2"].mean.shape == q["uniform_2"].log_variance.shape == (3, 1)
    first = InfoGAN().recognise(learners, batch(3)[:1])
    assert np.allclose(first["category"].logits, q["category"].logits[:1], rtol=0, atol=1e-5)
    assert not isinstance(stop_gradient(q["category"].logits), Tensor)


def test_what_the_weight_of_uniform_codes_comes_to() -> None:
    """λ/σ² weighs (c − μ)²/2; σ² of a Q whose errors are of that size, from its bound."""
    model, nats = InfoGAN(), 1.0
    variance = 2 / (math.pi * math.e) * math.exp(-2 * nats)
    c = model.draw_codes(rng_of(0), 8)["uniform_1"]
    errors = np.float32(math.sqrt(variance)) * np.array([[1], [-1]] * 4, np.float32)
    mean, log_variance = Tensor(c + errors), np.full_like(c, math.log(variance))
    bound = information_bound(model.prior(8)["uniform_1"], Gaussian(mean, log_variance), c)
    np.testing.assert_allclose(bound.data, nats, rtol=1e-6)
    (pull,) = grad(ops.sum(bound), [mean])
    weight = model.uniform_weight / variance
    np.testing.assert_allclose(model.uniform_weight * pull, -weight * errors, rtol=1e-6)
    assert round(weight, 1) == 0.6
