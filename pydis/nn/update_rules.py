"""Update rules: θ, g and what a rule remembers in, new ones out. Nothing is written in place.

A rule names its slots, the arrays of the shape of θ that it carries from step to step, and says in
`update` what one step does with one parameter. All slots start from zero. g is ∂loss/∂θ, t = 1, 2,
… numbers the step, and η, the learning rate, is a number or a schedule (`schedules.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pydis.autodiff import Array, Tensor
from pydis.backends import kernels_for
from pydis.nn.schedules import Rate, at_least_0, below_1, check_rate, rate_after

Arrays = Mapping[str, Array]


class Moments(NamedTuple):
    """What a rule remembers: the number of steps, and each slot as arrays by parameter."""

    steps: int
    slots: Mapping[str, Arrays]


class UpdateRule:
    """What all rules share: slots that start from zero, and one `update` for each parameter."""

    name: ClassVar[str]
    slots: ClassVar[tuple[str, ...]]
    learning_rate: Rate

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """(θ, *slots) after step t of one parameter."""
        raise NotImplementedError

    def start(self, parameters: Mapping[str, Tensor]) -> Moments:
        """Every slot zero, after no step."""
        return Moments(
            0,
            {
                slot: {name: _xp(p.data).zeros_like(p.data) for name, p in parameters.items()}
                for slot in self.slots
            },
        )

    def step(
        self, parameters: Mapping[str, Tensor], gradients: Arrays, moments: Moments
    ) -> tuple[dict[str, Tensor], Moments]:
        """One update of every parameter; new tensors and new moments."""
        rate = rate_after(self.learning_rate, moments.steps)
        t = moments.steps + 1
        new: dict[str, Tensor] = {}
        slots: dict[str, dict[str, Array]] = {slot: {} for slot in self.slots}
        for name, p in parameters.items():
            memory = [moments.slots[slot][name] for slot in self.slots]
            theta, *memory = self.update(t, rate, p.data, gradients[name], *memory)
            new[name] = Tensor(theta)
            for slot, value in zip(self.slots, memory, strict=True):
                slots[slot][name] = _xp(p.data).asarray(value)
        return new, Moments(t, slots)


@dataclass(frozen=True)
class SGD(UpdateRule):
    """u ← ρ u + g,  θ ← θ − η u;  with Nesterov  θ ← θ − η (g + ρ u)  (eq:sgd)

    ρ is the momentum, u the velocity. Raises ValueError for ρ outside [0, 1), and for Nesterov
    without momentum.
    """

    learning_rate: Rate = 1e-2
    momentum: float = 0.0
    nesterov: bool = False
    name: ClassVar[str] = "sgd"
    slots: ClassVar[tuple[str, ...]] = ("velocity",)

    def __post_init__(self) -> None:
        check_rate("SGD", self.learning_rate)
        below_1("SGD", momentum=self.momentum)
        if self.nesterov and not self.momentum:
            raise ValueError("SGD: nesterov needs a momentum above 0")

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """One step (eq:sgd). Without momentum u is g."""
        (u,) = memory
        u = self.momentum * u + g
        return theta - rate * (g + self.momentum * u if self.nesterov else u), u


@dataclass(frozen=True)
class Adam(UpdateRule):
    """m ← β₁ m + (1−β₁) g,  v ← β₂ v + (1−β₂) g²,  θ ← θ − η m̂ / (√v̂ + ε)  (eq:adam)

    with m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ), which undo the start from zero.
    Kingma and Ba 2015, Algorithm 1.
    """

    learning_rate: Rate = 1e-4
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    name: ClassVar[str] = "adam"
    slots: ClassVar[tuple[str, ...]] = ("mean", "square")

    def __post_init__(self) -> None:
        rule = type(self).__name__
        check_rate(rule, self.learning_rate)
        below_1(rule, beta1=self.beta1, beta2=self.beta2)
        at_least_0(rule, epsilon=self.epsilon)

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """One step (eq:adam), with the corrections taken into η and v."""
        m, v = memory
        rate = rate / (1 - self.beta1**t)
        scale = 1 / (1 - self.beta2**t)
        in_one_pass = _adam_kernel(theta, g, m, v)
        if in_one_pass:
            stepped: tuple[Array, ...] = in_one_pass(
                theta, g, m, v, rate, scale, self.beta1, self.beta2, self.epsilon
            )
            return stepped
        m = self.beta1 * m + (1 - self.beta1) * g
        v = self.beta2 * v + (1 - self.beta2) * (g * g)
        return theta - rate * m / (_xp(g).sqrt(scale * v) + self.epsilon), m, v


@dataclass(frozen=True)
class AdamW(Adam):
    """θ ← (1 − η λ) θ, then Adam's step with the same g  (eq:adamw)

    The decay does not pass through the moments, so every weight shrinks at one pace, whatever the
    size of its gradients. Loshchilov and Hutter 2019, Algorithm 2.
    """

    decay: float = 1e-2
    name: ClassVar[str] = "adamw"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_0("AdamW", decay=self.decay)

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """One step (eq:adamw)."""
        return super().update(t, rate, (1 - rate * self.decay) * theta, g, *memory)


@dataclass(frozen=True)
class Adagrad(UpdateRule):
    """s ← s + g²,  θ ← θ − η g / (√s + ε)  (eq:adagrad)

    A coordinate that has moved much moves less. Duchi, Hazan and Singer 2011, section 1.1.
    """

    learning_rate: Rate = 1e-2
    epsilon: float = 1e-10
    name: ClassVar[str] = "adagrad"
    slots: ClassVar[tuple[str, ...]] = ("sum",)

    def __post_init__(self) -> None:
        check_rate("Adagrad", self.learning_rate)
        at_least_0("Adagrad", epsilon=self.epsilon)

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """One step (eq:adagrad)."""
        (s,) = memory
        s = s + g * g
        return theta - rate * g / (_xp(g).sqrt(s) + self.epsilon), s


@dataclass(frozen=True)
class RMSprop(UpdateRule):
    """v ← α v + (1−α) g²,  u ← ρ u + g / (√v + ε),  θ ← θ − η u  (eq:rmsprop)

    v is not corrected for its start from zero, so first steps are up to 1 / √(1−α) times as long.
    Tieleman and Hinton 2012, lecture 6.5; the momentum ρ as in PyTorch.
    """

    learning_rate: Rate = 1e-2
    alpha: float = 0.99
    epsilon: float = 1e-8
    momentum: float = 0.0
    name: ClassVar[str] = "rmsprop"
    slots: ClassVar[tuple[str, ...]] = ("square", "velocity")

    def __post_init__(self) -> None:
        check_rate("RMSprop", self.learning_rate)
        below_1("RMSprop", alpha=self.alpha, momentum=self.momentum)
        at_least_0("RMSprop", epsilon=self.epsilon)

    def update(
        self, t: int, rate: float, theta: Array, g: Array, *memory: Array
    ) -> tuple[Array, ...]:
        """One step (eq:rmsprop)."""
        v, u = memory
        v = self.alpha * v + (1 - self.alpha) * (g * g)
        u = self.momentum * u + g / (_xp(g).sqrt(v) + self.epsilon)
        return theta - rate * u, v, u


def _adam_kernel(*arrays: Array) -> Any:
    """The backend's kernel for the formula of `Adam.update` on such arrays; None without one."""
    alike = {a.dtype.char for a in arrays} in ({"f"}, {"d"})
    return kernels_for("adam", list(arrays)).adam if alike else None


def _xp(a: Array) -> Any:
    return kernels_for("optimise", [a]).xp
