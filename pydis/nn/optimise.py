"""Update rules: parameters, gradients and moments in, new ones out. Nothing is written in place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from pydis.autodiff import Array, Tensor
from pydis.backends import kernels_for
from pydis.nn.module import Module

Arrays = Mapping[str, Array]


class Moments(NamedTuple):
    """What Adam remembers: the number of steps, and running means of g and of g²."""

    steps: int
    mean: Arrays
    square: Arrays


@dataclass(frozen=True)
class Adam:
    """m ← β₁ m + (1−β₁) g,  v ← β₂ v + (1−β₂) g²,  θ ← θ − η m̂ / (√v̂ + ε)  (eq:adam)

    with m̂ = m / (1−β₁ᵗ) and v̂ = v / (1−β₂ᵗ), which undo the start from zero.
    Kingma and Ba 2015, Algorithm 1.
    """

    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def start(self, parameters: Mapping[str, Tensor]) -> Moments:
        """m = v = 0 after no step."""
        zero = {name: _xp(p.data).zeros_like(p.data) for name, p in parameters.items()}
        return Moments(0, zero, dict(zero))

    def step(
        self, parameters: Mapping[str, Tensor], gradients: Arrays, moments: Moments
    ) -> tuple[dict[str, Tensor], Moments]:
        """One update of every parameter; new tensors and new moments (eq:adam)."""
        t = moments.steps + 1
        rate = self.learning_rate / (1 - self.beta1**t)
        scale = 1 / (1 - self.beta2**t)
        new: dict[str, Tensor] = {}
        mean: dict[str, Array] = {}
        square: dict[str, Array] = {}
        for name, p in parameters.items():
            g = gradients[name]
            m = self.beta1 * moments.mean[name] + (1 - self.beta1) * g
            v = self.beta2 * moments.square[name] + (1 - self.beta2) * (g * g)
            step = rate * m / (_xp(g).sqrt(scale * v) + self.epsilon)
            new[name], mean[name], square[name] = Tensor(p.data - step), m, v
        return new, Moments(t, mean, square)


@dataclass(frozen=True)
class Learner:
    """A network with its optimiser: gradients in, a new learner out. A game has one per player."""

    network: Any
    optimiser: Adam
    moments: Moments

    @classmethod
    def start(cls, network: Module, optimiser: Adam) -> Self:
        """A learner before its first step."""
        return cls(network, optimiser, optimiser.start(network.parameters()))

    def step(self, gradients: Arrays) -> Self:
        """The learner after one update by the gradients of its parameters, given by path."""
        parameters, moments = self.optimiser.step(
            self.network.parameters(), gradients, self.moments
        )
        return replace(self, network=self.network.with_parameters(parameters), moments=moments)

    def arrays(self) -> dict[str, Array]:
        """All that a learner is, as named arrays; the number of steps is not among them."""
        parameters = {f"parameter.{n}": p.data for n, p in self.network.parameters().items()}
        mean = {f"adam.mean.{n}": m for n, m in self.moments.mean.items()}
        square = {f"adam.square.{n}": v for n, v in self.moments.square.items()}
        return parameters | mean | square

    def with_arrays(self, arrays: Arrays, steps: int) -> Self:
        """The inverse of `arrays`. Raises ValueError where names, shapes or dtypes differ."""
        expected = self.arrays()
        if set(arrays) != set(expected):
            odd = ", ".join(sorted(set(arrays) ^ set(expected))[:4])
            raise ValueError(f"state of another network: missing or unknown arrays: {odd}, …")
        for name, old in expected.items():
            if arrays[name].shape != old.shape or arrays[name].dtype != old.dtype:
                raise ValueError(
                    f"state of another network: {name} is {old.dtype}{list(old.shape)} here, "
                    f"received {arrays[name].dtype}{list(arrays[name].shape)}"
                )
        names = self.network.parameters()
        network = self.network.with_parameters({n: Tensor(arrays[f"parameter.{n}"]) for n in names})
        mean = {n: arrays[f"adam.mean.{n}"] for n in names}
        square = {n: arrays[f"adam.square.{n}"] for n in names}
        return replace(self, network=network, moments=Moments(steps, mean, square))


class NonFiniteError(ArithmeticError):
    """A loss or gradient is NaN or infinite. Raised before any parameter is touched."""


def check_finite(named: Arrays) -> None:
    """Raise NonFiniteError naming every array with a NaN or an infinity, and how many it has."""
    counts = {name: int((~_xp(a).isfinite(a)).sum()) for name, a in named.items()}
    bad = [f"{name} ({n} of {named[name].size})" for name, n in counts.items() if n]
    if bad:
        raise NonFiniteError(f"not finite: {', '.join(bad)}")


def _xp(a: Array) -> Any:
    return kernels_for("optimise", [a]).xp
