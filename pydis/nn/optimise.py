"""A network with its update rule, and what is checked before a step: names, shapes, finite numbers.

The rules are in `update_rules.py`, learning rates that change with the step in `schedules.py`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pydis.autodiff import Array, Tensor
from pydis.backends import kernels_for
from pydis.nn.module import Module
from pydis.nn.schedules import at_least_0
from pydis.nn.update_rules import Moments, UpdateRule

Arrays = Mapping[str, Array]


@dataclass(frozen=True)
class Learner:
    """A network with its optimiser: gradients in, a new learner out. A game has one per player.

    `state` is what the network carries from step to step beside its parameters, as named arrays
    that no gradient reaches: the running statistics of `BatchNorm` (`named_states`).
    """

    network: Any
    optimiser: UpdateRule
    moments: Moments
    state: Arrays = field(default_factory=dict)

    @classmethod
    def start(cls, network: Module, optimiser: UpdateRule, state: Arrays | None = None) -> Self:
        """A learner before its first step."""
        return cls(network, optimiser, optimiser.start(network.parameters()), dict(state or {}))

    def with_state(self, state: Arrays) -> Self:
        """The learner with this state. Raises ValueError where names, shapes or dtypes differ."""
        check_alike("state of another network", "arrays", self.state, state)
        return replace(self, state=dict(state))

    def step(self, gradients: Arrays) -> Self:
        """The learner after one update by the gradients of its parameters, given by path.

        The state stays: who computed the new one puts it in by `with_state`. Raises ValueError
        where names, shapes or dtypes are not those of the parameters.
        """
        parameters = self.network.parameters()
        data = {name: p.data for name, p in parameters.items()}
        check_alike("gradients of another network", "gradients", data, gradients)
        parameters, moments = self.optimiser.step(parameters, gradients, self.moments)
        return replace(self, network=self.network.with_parameters(parameters), moments=moments)

    def arrays(self) -> dict[str, Array]:
        """All that a learner is, as named arrays; the number of steps is not among them.

        A parameter is `parameter.PATH`, a slot of the rule `adam.mean.PATH`, state `state.PATH`.
        """
        arrays = {f"parameter.{n}": p.data for n, p in self.network.parameters().items()}
        for slot, values in self.moments.slots.items():
            arrays |= {f"{self.optimiser.name}.{slot}.{n}": a for n, a in values.items()}
        return arrays | {f"state.{n}": a for n, a in self.state.items()}

    def with_arrays(self, arrays: Arrays, steps: int) -> Self:
        """The inverse of `arrays`, on the devices of this learner's own, wherever the given are.

        Raises ValueError where names, shapes or dtypes differ.
        """
        own = self.arrays()
        check_alike("state of another network", "arrays", own, arrays)
        arrays = {n: kernels_for("with_arrays", [a]).asarray(arrays[n]) for n, a in own.items()}
        names = self.network.parameters()
        network = self.network.with_parameters({n: Tensor(arrays[f"parameter.{n}"]) for n in names})
        rule = self.optimiser.name
        slots = {
            slot: {n: arrays[f"{rule}.{slot}.{n}"] for n in names} for slot in self.moments.slots
        }
        state = {n: arrays[f"state.{n}"] for n in self.state}
        return replace(self, network=network, moments=Moments(steps, slots), state=state)


def check_alike(fault: str, kind: str, expected: Arrays, received: Arrays) -> None:
    """Raise ValueError, beginning with `fault`, where names, shapes or dtypes differ."""
    if set(received) != set(expected):
        odd = sorted(set(received) ^ set(expected))
        names = ", ".join(odd[:4]) + (", …" if len(odd) > 4 else "")
        raise ValueError(f"{fault}: missing or unknown {kind}: {names}")
    for name, old in expected.items():
        new = received[name]
        if new.shape != old.shape or new.dtype != old.dtype:
            raise ValueError(
                f"{fault}: {name} is {old.dtype}{list(old.shape)} here, "
                f"received {new.dtype}{list(new.shape)}"
            )


def global_norm(gradients: Arrays) -> float:
    """‖g‖ = √ Σ g² over all elements of all gradients (eq:clip), in float64.

    The largest element is taken out first, so that no square overflows.
    """
    largest = max((float(abs(g).max()) for g in gradients.values() if g.size), default=0.0)
    if largest == 0 or not math.isfinite(largest):
        return largest
    squares = (((g.astype("float64") / largest) ** 2).sum() for g in gradients.values())
    return largest * math.sqrt(math.fsum(float(s) for s in squares))


def clip_by_global_norm(gradients: Arrays, limit: float) -> dict[str, Array]:
    """g ← g min(1, c / ‖g‖)  (eq:clip): the direction stays, the length is at most c = `limit`.

    Raises NonFiniteError for gradients that are not finite, ValueError for a limit below 0.
    """
    at_least_0("clip_by_global_norm", limit=limit)
    check_finite(gradients)
    norm = global_norm(gradients)
    if norm <= limit:
        return dict(gradients)
    return {name: g * (limit / norm) for name, g in gradients.items()}


class NonFiniteError(ArithmeticError):
    """A loss or gradient is NaN or infinite. Raised before any parameter is touched."""


def check_finite(named: Arrays) -> None:
    """Raise NonFiniteError naming every array with a NaN or an infinity, and how many it has."""
    finite = {name: _xp(a).isfinite(a) for name, a in named.items()}
    bad = [f"{n} ({int((~f).sum())} of {f.size})" for n, f in finite.items() if not f.all()]
    if bad:
        raise NonFiniteError(f"not finite: {', '.join(bad)}")


def _xp(a: Array) -> Any:
    return kernels_for("optimise", [a]).xp
