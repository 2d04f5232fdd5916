"""Layers and update rules against PyTorch 2.13.0, whose results `make_torch_reference.py` stored.

Both sides compute in float64. Sums of K terms err by K roundings of the sum of the sizes on each
side, so results are held to a few hundred roundings of the largest number in the array; a wrong
layout, variance or correction is off by far more, which the negative controls show.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor, grad
from pydis.autodiff.ops import sum
from pydis.nn import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Embedding,
    Flatten,
    LayerNorm,
    Linear,
    RMSprop,
    Sequential,
    UpdateRule,
    clip_by_global_norm,
    convert,
    global_norm,
)
from pydis.nn.normalise import BatchState

Array = Any
HERE = Path(__file__).parent / "reference"
EPS = float(np.finfo(np.float64).eps)
ROUNDINGS = 256
"""The longest sum here has 64 terms; a normalised value passes through four such sums."""


def stored(file: str) -> dict[str, Array]:
    with np.load(HERE / file) as arrays:
        return dict(arrays)


LAYERS = stored("torch_layers.npz")
STEPS = stored("torch_rules.npz")


def of(name: str) -> dict[str, Array]:
    """The arrays of one layer."""
    prefix = f"{name}."
    return {k.removeprefix(prefix): a for k, a in LAYERS.items() if k.startswith(prefix)}


def agrees(a: Array, b: Array) -> bool:
    size = max(float(np.max(abs(b))), 1.0)
    return a.shape == b.shape and bool(np.all(abs(a - b) <= ROUNDINGS * EPS * size))


def same(x: Array) -> Array:
    return x


def assert_same_layer(
    layer: Any,
    name: str,
    weights: dict[str, tuple[str, Callable[[Array], Array]]],
    images: bool = False,
    flat: bool = False,
) -> None:
    """Output and gradients of ⟨u, y⟩ agree; `weights` gives each its name and layout in PyTorch."""
    ref = of(name)
    to_ours = convert.images_from_torch if images else same
    out = to_ours if not flat else same
    values = {path: Tensor(turn(ref[there])) for path, (there, turn) in weights.items()}
    for path, value in values.items():
        *parents, last = path.split(".")
        owner = layer
        for part in parents:
            owner = owner[int(part)] if part.isdigit() else getattr(owner, part)
        assert getattr(owner, last).shape == value.shape
        setattr(owner, last, value)
    x = Tensor(to_ours(ref["x"]))
    y = layer(x)
    assert agrees(y.data, out(ref["y"]))
    assert not agrees(y.data + 1e-9, out(ref["y"]))
    inputs = {"x": x, **values}
    gradients = grad(sum(out(ref["u"]) * y), list(inputs.values()))
    assert agrees(gradients[0], to_ours(ref["x_bar"]))
    for (there, turn), g in zip(weights.values(), gradients[1:], strict=True):
        assert agrees(g, turn(ref[f"{there}_bar"]))


# Layers


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


BIAS = {"b": ("bias", same)}


def test_linear() -> None:
    weights = {"w": ("weight", convert.linear_from_torch), **BIAS}
    assert_same_layer(Linear(rng(), 5, 4), "linear", weights)


def test_conv2d() -> None:
    weights = {"w": ("weight", convert.conv2d_from_torch), **BIAS}
    assert_same_layer(Conv2d(rng(), 2, 3, 4, 2, 1), "conv2d", weights, images=True)
    assert_same_layer(Conv2d(rng(), 2, 3, 3), "conv2d_valid", weights, images=True)


def test_conv_transpose2d() -> None:
    weights = {"w": ("weight", convert.conv_transpose2d_from_torch), **BIAS}
    layer = ConvTranspose2d(rng(), 3, 2, 4, 2, 1)
    assert_same_layer(layer, "conv_transpose2d", weights, images=True)


def test_a_filter_turned_over_would_be_noticed() -> None:
    """Negative control: rows and columns exchanged."""
    turned = lambda w: convert.conv2d_from_torch(w).transpose(1, 0, 2, 3)
    layer = Conv2d(rng(), 2, 3, 4, 2, 1)
    with pytest.raises(AssertionError):
        assert_same_layer(layer, "conv2d", {"w": ("weight", turned), **BIAS}, images=True)


def test_linear_after_flatten() -> None:
    """Images of 3 x 4 pixels and 2 channels; the plain order of rows would be wrong."""

    def weights(turn: Callable[[Array], Array]) -> Any:
        return {"layers.1.w": ("1.weight", turn), "layers.1.b": ("1.bias", same)}

    def network() -> Any:
        return Sequential(Flatten(), Linear(rng(), 24, 5))

    right = lambda w: convert.linear_after_flatten_from_torch(w, (3, 4, 2))
    assert_same_layer(network(), "flatten", weights(right), images=True, flat=True)
    wrong = weights(convert.linear_from_torch)
    with pytest.raises(AssertionError):
        assert_same_layer(network(), "flatten", wrong, images=True, flat=True)


NORM = {"w": ("weight", same), "b": ("bias", same)}


@verifies("eq:batch-norm", "pydis.nn.normalise.BatchNorm")
@pytest.mark.parametrize(
    ("name", "channels", "momentum", "images"),
    [("batch_norm", 4, 0.3, False), ("batch_norm_images", 3, 0.1, True)],
)
def test_batch_norm(name: str, channels: int, momentum: float, images: bool) -> None:
    """Two training steps, on x and on x / 2 + 2, then evaluation by the running statistics."""
    bn = BatchNorm(channels, momentum=momentum)
    states = [BatchState(np.zeros(channels), np.ones(channels), np.zeros((), np.int64))]

    def train(x: Tensor) -> Any:
        y, state = bn(x, states[-1], training=True)
        states.append(state)
        return y

    holder: Any = Held(bn, train)
    assert_same_layer(holder, name, NORM, images)
    ref = of(name)
    x = convert.images_from_torch(ref["x"]) if images else ref["x"]
    train(Tensor(0.5 * x + 2))
    assert agrees(states[-1].mean, ref["running_mean"])
    assert agrees(states[-1].variance, ref["running_var"])
    assert not agrees(states[1].variance, ref["running_var"])
    assert int(states[-1].count) == int(ref["num_batches_tracked"]) == 2
    evaluate = Held(bn, lambda x: bn(x, states[-1], training=False)[0])
    assert_same_layer(evaluate, f"{name}_eval", NORM, images)


class Held:
    """A layer called in another way; what is set on it is set on the layer."""

    def __init__(self, layer: Any, call: Callable[[Tensor], Any]) -> None:
        self.__dict__.update(layer=layer, call=call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["layer"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__dict__["layer"], name, value)

    def __call__(self, x: Tensor) -> Any:
        return self.__dict__["call"](x)


@verifies("eq:layer-norm", "pydis.nn.normalise.LayerNorm")
def test_layer_norm() -> None:
    assert_same_layer(LayerNorm(5), "layer_norm", NORM)
    images = {name: (there, hwc) for name, (there, _) in NORM.items()}
    assert_same_layer(LayerNorm(2, 4, 3), "layer_norm_images", images, images=True)


def hwc(x: Array) -> Array:
    """`[C, H, W]` to `[H, W, C]`."""
    return x.transpose(1, 2, 0)


def test_embedding() -> None:
    ref = of("embedding")
    layer = Embedding(rng(), 6, 3)
    layer.w = Tensor(ref["weight"])
    y = layer(ref["x"])
    assert agrees(y.data, ref["y"])
    assert agrees(grad(sum(ref["u"] * y), layer.w), ref["weight_bar"])


# Layouts


@pytest.mark.parametrize(
    ("there", "back", "shape"),
    [
        (convert.images_to_torch, convert.images_from_torch, (2, 3, 4, 5)),
        (convert.linear_to_torch, convert.linear_from_torch, (3, 5)),
        (convert.conv2d_to_torch, convert.conv2d_from_torch, (2, 3, 4, 5)),
        (convert.conv_transpose2d_to_torch, convert.conv_transpose2d_from_torch, (2, 3, 4, 5)),
        (
            lambda w: convert.linear_after_flatten_to_torch(w, (2, 3, 4)),
            lambda w: convert.linear_after_flatten_from_torch(w, (2, 3, 4)),
            (24, 5),
        ),
    ],
    ids=["images", "linear", "conv2d", "conv_transpose2d", "linear after flatten"],
)
def test_round_trips_are_exact(
    there: Callable[[Array], Array], back: Callable[[Array], Array], shape: tuple[int, ...]
) -> None:
    w = rng().standard_normal(shape).astype(np.float32)
    moved = there(w)
    assert moved.dtype == w.dtype
    assert np.array_equal(back(moved), w)
    other = rng().standard_normal(moved.shape)
    assert np.array_equal(there(back(other)), other)
    assert moved.shape != w.shape


def test_layouts_refuse_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"conv2d_to_torch: expected 4 axes.*\(2, 3\)"):
        convert.conv2d_to_torch(np.zeros((2, 3)))
    for turn, shape in (
        (convert.linear_after_flatten_to_torch, (25, 5)),
        (convert.linear_after_flatten_from_torch, (5, 25)),
    ):
        with pytest.raises(ValueError, match="an image of 2x3x4 is not 25 inputs"):
            turn(np.zeros(shape), (2, 3, 4))


# Update rules

RULES: dict[str, UpdateRule] = {
    "sgd": SGD(0.1),
    "momentum": SGD(0.1, 0.9),
    "nesterov": SGD(0.1, 0.8, nesterov=True),
    "adam": Adam(0.02, 0.8, 0.95, 1e-6),
    "adamw": AdamW(0.02, 0.8, 0.95, 1e-6, decay=0.3),
    "adagrad": Adagrad(0.05),
    "rmsprop": RMSprop(0.03, alpha=0.9),
    "rmsprop_momentum": RMSprop(0.03, alpha=0.9, momentum=0.7),
}


def path_of(rule: UpdateRule) -> Array:
    parameters, path = {"theta": Tensor(STEPS["theta"])}, []
    moments = rule.start(parameters)
    for g in STEPS["gradients"]:
        parameters, moments = rule.step(parameters, {"theta": g}, moments)
        path.append(parameters["theta"].data)
    return np.stack(path)


@verifies("eq:sgd", "pydis.nn.update_rules.SGD.update")
@verifies("eq:adam", "pydis.nn.update_rules.Adam.update")
@verifies("eq:adamw", "pydis.nn.update_rules.AdamW.update")
@verifies("eq:adagrad", "pydis.nn.update_rules.Adagrad.update")
@verifies("eq:rmsprop", "pydis.nn.update_rules.RMSprop.update")
@pytest.mark.parametrize("name", RULES)
def test_ten_steps_of_every_rule(name: str) -> None:
    path = path_of(RULES[name])
    assert len(path) == 10
    for other in RULES:
        assert agrees(path, STEPS[other]) is (other == name)


@verifies("eq:clip", "pydis.nn.optimise.clip_by_global_norm", "pydis.nn.optimise.global_norm")
def test_clipping() -> None:
    """PyTorch divides by |g| + 1e-6."""
    g = {"theta": STEPS["gradients"][0]}
    norm = float(STEPS["norm"])
    assert abs(global_norm(g) - norm) <= ROUNDINGS * EPS * norm
    clipped = clip_by_global_norm(g, 0.5)["theta"] * (norm / (norm + 1e-6))
    assert agrees(clipped, STEPS["clipped"])
    assert not agrees(g["theta"], STEPS["clipped"])


def test_reference_files_are_small() -> None:
    assert np.sum([p.stat().st_size for p in HERE.glob("torch_*.npz")]) < 200_000
