"""Update rules as loops over numbers, schedules, clipping, and what a learner refuses.

Ten steps of a rule round fewer than 20 times each; errors are relative to θ and to the steps taken.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from equations import verifies

from pydis.autodiff import Tensor
from pydis.nn import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    ConstantRate,
    CosineRate,
    Learner,
    Linear,
    LinearRate,
    NonFiniteError,
    RMSprop,
    Sequential,
    UpdateRule,
    WarmUp,
    clip_by_global_norm,
    global_norm,
)

Array = Any
EPS = float(np.finfo(np.float64).eps)
STEPS = 10
RULES: dict[str, UpdateRule] = {
    "sgd": SGD(0.1),
    "momentum": SGD(0.1, momentum=0.9),
    "nesterov": SGD(0.1, momentum=0.8, nesterov=True),
    "adam": Adam(0.02),
    "adamw": AdamW(0.02, decay=0.3),
    "adagrad": Adagrad(0.05),
    "rmsprop": RMSprop(0.03, alpha=0.9),
    "rmsprop momentum": RMSprop(0.03, alpha=0.9, momentum=0.7),
}
EVERY = pytest.mark.parametrize("name", RULES)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def path_of(rule: UpdateRule, theta: Array, gradients: Array) -> Array:
    """The parameter after each step, `[steps, …]`."""
    parameters, path = {"theta": Tensor(theta)}, []
    moments = rule.start(parameters)
    for g in gradients:
        parameters, moments = rule.step(parameters, {"theta": g}, moments)
        path.append(parameters["theta"].data)
    assert moments.steps == len(gradients)
    return np.stack(path)


def example() -> tuple[Array, Array]:
    rng = rng_of(5)
    sizes = np.array([[1e-6, 1e-3], [0.1, 1.0], [3.0, 30.0]])
    return rng.standard_normal((3, 2)), rng.standard_normal((STEPS, 3, 2)) * sizes


def assert_path(rule: UpdateRule, scalar: Callable[[float, list[float]], list[float]]) -> None:
    """Every coordinate of the rule moves as the loop over numbers says."""
    theta, gradients = example()
    path = path_of(rule, theta, gradients)
    for i in np.ndindex(theta.shape):
        own = (slice(None), *i)
        expected = np.array(scalar(float(theta[i]), [float(g) for g in gradients[own]]))
        taken = np.sum(abs(np.diff(np.concatenate([[theta[i]], expected]))))
        size = abs(theta[i]) + taken + 0.1 * np.sum(abs(gradients[own]))
        assert np.all(abs(path[own] - expected) <= 20 * STEPS * EPS * size)
        assert np.any(abs(path[own] - expected * (1 + 1e-9)) > 20 * STEPS * EPS * size)


# Rules


@verifies("eq:sgd", "pydis.nn.update_rules.SGD", "pydis.nn.update_rules.SGD.update")
@pytest.mark.parametrize(("mu", "nesterov"), [(0.0, False), (0.9, False), (0.8, True)])
def test_sgd_is_its_formula(mu: float, nesterov: bool) -> None:
    def scalar(theta: float, gradients: list[float]) -> list[float]:
        b, path = 0.0, []
        for g in gradients:
            b = mu * b + g
            theta -= 0.1 * ((g + mu * b) if nesterov else b)
            path.append(theta)
        return path

    assert_path(SGD(0.1, mu, nesterov), scalar)


@verifies("eq:adamw", "pydis.nn.update_rules.AdamW", "pydis.nn.update_rules.AdamW.update")
def test_adamw_decays_beside_the_moments() -> None:
    def scalar(theta: float, gradients: list[float]) -> list[float]:
        m, v, path = 0.0, 0.0, []
        for t, g in enumerate(gradients, start=1):
            m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g
            theta *= 1 - 0.02 * 0.3
            theta -= 0.02 * (m / (1 - 0.8**t)) / (math.sqrt(v / (1 - 0.9**t)) + 1e-4)
            path.append(theta)
        return path

    assert_path(AdamW(0.02, 0.8, 0.9, 1e-4, decay=0.3), scalar)
    theta, gradients = example()
    without = path_of(AdamW(decay=0.0), theta, gradients)
    assert np.array_equal(without, path_of(Adam(), theta, gradients))


@verifies("eq:adagrad", "pydis.nn.update_rules.Adagrad", "pydis.nn.update_rules.Adagrad.update")
def test_adagrad_is_its_formula() -> None:
    def scalar(theta: float, gradients: list[float]) -> list[float]:
        path = []
        for t, g in enumerate(gradients, start=1):
            theta -= 0.05 * g / (math.sqrt(math.fsum(h * h for h in gradients[:t])) + 1e-6)
            path.append(theta)
        return path

    assert_path(Adagrad(0.05, 1e-6), scalar)


@verifies("eq:rmsprop", "pydis.nn.update_rules.RMSprop", "pydis.nn.update_rules.RMSprop.update")
@pytest.mark.parametrize("mu", [0.0, 0.7])
def test_rmsprop_is_its_formula(mu: float) -> None:
    def scalar(theta: float, gradients: list[float]) -> list[float]:
        v, b, path = 0.0, 0.0, []
        for g in gradients:
            v = 0.9 * v + (1 - 0.9) * g * g
            b = mu * b + g / (math.sqrt(v) + 1e-6)
            theta -= 0.03 * b
            path.append(theta)
        return path

    assert_path(RMSprop(0.03, 0.9, 1e-6, mu), scalar)


@EVERY
def test_every_rule_descends_a_bowl_and_keeps_float32(name: str) -> None:
    """θ ← towards the minimum of ½ |θ|², whose gradient is θ."""
    parameters = {"theta": Tensor(rng_of(1).standard_normal((4, 3)).astype(np.float32))}
    start = float(np.sum(parameters["theta"].data ** 2))
    rule = RULES[name]
    moments = rule.start(parameters)
    for _ in range(100):
        parameters, moments = rule.step(parameters, {"theta": parameters["theta"].data}, moments)
    assert parameters["theta"].dtype == np.float32
    assert all(slot["theta"].dtype == np.float32 for slot in moments.slots.values())
    assert set(moments.slots) == set(rule.slots)
    assert float(np.sum(parameters["theta"].data ** 2)) < 0.5 * start


@EVERY
def test_a_step_writes_nothing_in_place(name: str) -> None:
    theta, gradients = example()
    for a in (theta, gradients):
        a.flags.writeable = False
    rule, parameters = RULES[name], {"theta": Tensor(theta)}
    moments = rule.start(parameters)
    _, one = rule.step(parameters, {"theta": gradients[0]}, moments)
    before = [slot["theta"].copy() for slot in one.slots.values()]
    rule.step(parameters, {"theta": gradients[1]}, one)
    after = [slot["theta"] for slot in one.slots.values()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert not any(np.any(slot["theta"]) for slot in moments.slots.values())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-1.0), "SGD: learning_rate: expected a finite number >= 0, received -1.0"),
        (lambda: SGD(math.nan), "SGD: learning_rate"),
        (lambda: SGD(momentum=1.0), r"SGD: momentum: expected a number in \[0, 1\), received 1.0"),
        (lambda: SGD(nesterov=True), "SGD: nesterov needs a momentum"),
        (lambda: Adam(beta1=1.0), "Adam: beta1"),
        (lambda: Adam(beta2=-0.1), "Adam: beta2"),
        (lambda: Adam(epsilon=-1e-9), "Adam: epsilon"),
        (lambda: AdamW(beta2=1.5), "AdamW: beta2"),
        (lambda: AdamW(decay=-1.0), "AdamW: decay"),
        (lambda: Adagrad(math.inf), "Adagrad: learning_rate"),
        (lambda: Adagrad(epsilon=-1.0), "Adagrad: epsilon"),
        (lambda: RMSprop(alpha=1.0), "RMSprop: alpha"),
        (lambda: RMSprop(momentum=2.0), "RMSprop: momentum"),
        (lambda: RMSprop(epsilon=math.nan), "RMSprop: epsilon"),
        (lambda: ConstantRate(-1.0), "ConstantRate: rate"),
        (lambda: LinearRate(0.1, -0.1, 5), "LinearRate: last"),
        (lambda: LinearRate(0.1, 0.0, 0), "LinearRate: steps: expected a whole number >= 1"),
        (lambda: CosineRate(math.nan, 0.0, 5), "CosineRate: first"),
        (lambda: CosineRate(0.1, 0.0, -1), "CosineRate: steps"),
        (lambda: WarmUp(0.1, 0), "WarmUp: steps"),
        (lambda: WarmUp(-0.1, 3), "WarmUp: learning_rate"),
    ],
)
def test_hyper_parameters_are_checked(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        make()


# Schedules


@verifies("eq:linear-rate", "pydis.nn.schedules.LinearRate")
@verifies("eq:cosine-rate", "pydis.nn.schedules.CosineRate")
@verifies("eq:warm-up", "pydis.nn.schedules.WarmUp")
def test_schedules_are_their_formulas() -> None:
    """Values at most 1, a few roundings each."""
    assert [ConstantRate(0.3)(t) for t in (0, 7)] == [0.3, 0.3]
    linear, cosine = LinearRate(1.0, 0.2, 8), CosineRate(1.0, 0.2, 8)
    for t in range(12):
        share = min(t, 8) / 8
        assert abs(linear(t) - (1.0 * (1 - share) + 0.2 * share)) <= 8 * EPS
        half_angle = math.cos(math.pi * share / 2) ** 2  # ½ (1 + cos 2a) = cos² a
        assert abs(cosine(t) - (0.2 + 0.8 * half_angle)) <= 8 * EPS
    assert (linear(0), cosine(0), linear(99), cosine(99)) == (1.0, 1.0, linear(8), 0.2)
    warm = WarmUp(LinearRate(1.0, 0.0, 4), 4)
    assert [warm(t) for t in range(9)] == [0.25, 0.5, 0.75, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0]
    assert [WarmUp(0.6, 2)(t) for t in range(4)] == [0.3, 0.6, 0.6, 0.6]
    assert linear == LinearRate(1.0, 0.2, 8) and "first=1.0" in repr(linear)


@EVERY
def test_a_schedule_is_asked_at_every_step(name: str) -> None:
    """A constant schedule is the number; rates by step are those of rules made anew each time."""
    from dataclasses import replace

    theta, gradients = example()
    rule: Any = RULES[name]
    fixed = replace(rule, learning_rate=ConstantRate(rule.learning_rate))
    assert np.array_equal(path_of(fixed, theta, gradients), path_of(rule, theta, gradients))
    asked: list[int] = []

    def schedule(t: int) -> Any:
        asked.append(t)
        return np.float64(0.01 * (t + 1))

    path = path_of(replace(rule, learning_rate=schedule), theta.astype(np.float32), gradients[:4])
    assert asked == [0, 1, 2, 3]
    narrow = path_of(
        replace(rule, learning_rate=schedule),
        theta.astype(np.float32),
        gradients.astype(np.float32),
    )
    assert narrow.dtype == np.float32 and path.dtype == np.float64
    parameters = {"theta": Tensor(theta)}
    moments = rule.start(parameters)
    for t, g in enumerate(gradients[:4]):
        step_rule = replace(rule, learning_rate=0.01 * (t + 1))
        parameters, moments = step_rule.step(parameters, {"theta": g}, moments)
    varying = path_of(replace(rule, learning_rate=schedule), theta, gradients[:4])
    assert np.array_equal(varying[-1], parameters["theta"].data)


def test_a_schedule_may_not_give_a_bad_rate() -> None:
    parameters = {"theta": Tensor(np.ones(2))}
    for bad in (-1.0, math.nan, math.inf):
        rule = SGD(lambda t, bad=bad: bad)  # type: ignore[misc]
        with pytest.raises(ValueError, match="learning rate at step 0: expected finite and >= 0"):
            rule.step(parameters, {"theta": np.ones(2)}, rule.start(parameters))


# Clipping


@verifies("eq:clip", "pydis.nn.optimise.clip_by_global_norm", "pydis.nn.optimise.global_norm")
def test_clipping_keeps_the_direction() -> None:
    g = {"a": np.array([[3.0, 0.0], [0.0, 4.0]]), "b": np.array([12.0])}
    assert global_norm(g) == 13.0
    clipped = clip_by_global_norm(g, 6.5)
    assert all(np.array_equal(clipped[name], g[name] / 2) for name in g)
    for limit in (13.0, 14.0):
        same = clip_by_global_norm(g, limit)
        assert all(same[name] is g[name] for name in g)
    assert not np.any(clip_by_global_norm(g, 0.0)["a"])
    rng = rng_of(2)
    g = {name: rng.standard_normal((5, 3)) for name in "abc"}
    flat = np.concatenate([a.ravel() for a in g.values()])
    assert abs(global_norm(g) - float(np.linalg.norm(flat))) <= 45 * EPS * global_norm(g)
    assert abs(global_norm(clip_by_global_norm(g, 0.1)) - 0.1) <= 50 * EPS * 0.1


def test_norms_of_extreme_gradients() -> None:
    """No square overflows or vanishes, and float32 stays float32."""
    huge = {"a": np.full(4, 1e300), "b": np.full(5, 1e300)}
    assert abs(global_norm(huge) / 3e300 - 1) <= 16 * EPS
    assert abs(global_norm({"a": np.full(9, 1e-300)}) / 3e-300 - 1) <= 16 * EPS
    narrow = {"a": np.full(4, 3e38, np.float32)}
    clipped = clip_by_global_norm(narrow, 1.0)["a"]
    assert clipped.dtype == np.float32 and np.allclose(clipped, 0.5)
    zero = {"a": np.zeros(3), "empty": np.zeros((0, 2))}
    assert global_norm(zero) == 0 == global_norm({})
    assert clip_by_global_norm(zero, 1.0)["a"] is zero["a"]


def test_clipping_refuses() -> None:
    with pytest.raises(NonFiniteError, match=r"a \(1 of 2\)"):
        clip_by_global_norm({"a": np.array([1.0, np.nan])}, 1.0)
    with pytest.raises(ValueError, match="limit"):
        clip_by_global_norm({"a": np.ones(2)}, -1.0)


# Learners


def learner_of(rule: UpdateRule, seed: int = 0) -> Learner:
    rng = rng_of(seed)
    return Learner.start(Sequential(Linear(rng, 3, 4), Linear(rng, 4, 2)), rule)


def gradients_of(learner: Learner, seed: int) -> dict[str, Array]:
    rng = rng_of(seed)
    parameters = learner.network.parameters()
    return {name: rng.standard_normal(p.shape, np.float32) for name, p in parameters.items()}


@EVERY
def test_a_learner_of_any_rule_comes_back_from_its_arrays(name: str) -> None:
    learner = learner_of(RULES[name])
    for seed in range(3):
        learner = learner.step(gradients_of(learner, seed))
    arrays = learner.arrays()
    rule = learner.optimiser
    for slot in rule.slots:
        assert f"{rule.name}.{slot}.layers.0.w" in arrays
    assert len(arrays) == 4 * (1 + len(rule.slots))
    copied = learner_of(RULES[name], 9).with_arrays(arrays, 3)
    one, other = (x.step(gradients_of(learner, 7)) for x in (learner, copied))
    for key, a in one.arrays().items():
        assert a.tobytes() == other.arrays()[key].tobytes()
    assert one.moments.steps == other.moments.steps == 4


def test_slots_of_another_rule_are_refused() -> None:
    with pytest.raises(ValueError, match=r"another network: missing or unknown arrays: adam\.mean"):
        learner_of(SGD()).with_arrays(learner_of(Adam()).arrays(), 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.pop("layers.0.w"), "missing or unknown gradients: layers.0.w"),
        (lambda g: g.update(odd=g["layers.0.w"]), "missing or unknown gradients: odd"),
        (
            lambda g: g.update({"layers.1.b": np.zeros(3, np.float32)}),
            r"layers\.1\.b is float32\[2\] here, received float32\[3\]",
        ),
        (lambda g: g.update({"layers.1.b": np.zeros(2)}), r"layers\.1\.b .*received float64\[2\]"),
    ],
    ids=["missing", "unknown", "shape", "dtype"],
)
def test_a_step_names_gradients_that_do_not_fit(change: Callable[[Any], Any], message: str) -> None:
    learner = learner_of(Adam())
    gradients = gradients_of(learner, 0)
    learner.step(gradients)
    change(gradients)
    with pytest.raises(ValueError, match=f"gradients of another network: .*{message}"):
        learner.step(gradients)
