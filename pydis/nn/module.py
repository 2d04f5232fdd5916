"""A network is an object with attributes; its parameters are the tensors found by walking them."""

from collections.abc import Mapping
from typing import Any, Self

from pydis.autodiff import Tensor, Value


class Module:
    """A layer or a network. Every `Tensor` among its attributes, at any depth, is a parameter.

    Modules are values: nothing changes one after it was made. A training step makes a new network
    by `with_parameters`, so a graph built before the step still holds the weights it was built on.
    """

    def parameters(self) -> dict[str, Tensor]:
        """Each parameter by its path, as `encoder.layers.0.w`; a shared one once, by its first."""
        found: dict[int, tuple[str, Tensor]] = {}
        _collect(self, "", found)
        return dict(found.values())

    def with_parameters(self, values: Mapping[str, Value]) -> Self:
        """A copy with other parameters, given by path. Shared parameters stay shared.

        Raises ValueError where paths, shapes or dtypes differ from those of this module.
        """
        old = self.parameters()
        if set(values) != set(old):
            odd = ", ".join(sorted(set(values) ^ set(old)))
            raise ValueError(f"{type(self).__name__}: missing or unknown parameters: {odd}")
        for path, tensor in old.items():
            new = values[path]
            if new.shape != tensor.shape or new.dtype != tensor.dtype:
                raise ValueError(
                    f"{type(self).__name__}: parameter {path} of shape {tensor.shape} and dtype "
                    f"{tensor.dtype}, received shape {new.shape} and dtype {new.dtype}"
                )
        rebuilt: Self = _rebuild(self, {id(tensor): values[path] for path, tensor in old.items()})
        return rebuilt

    def constants(self) -> Self:
        """A copy whose parameters are plain arrays: evaluating it records nothing."""
        return self.with_parameters({path: t.data for path, t in self.parameters().items()})

    def astype(self, dtype: Any) -> Self:
        """A copy with parameters of another precision: float64 to check what float32 computes."""
        tensors = {id(t): Tensor(t.data.astype(dtype)) for t in self.parameters().values()}
        rebuilt: Self = _rebuild(self, tensors)
        return rebuilt

    def __repr__(self) -> str:
        shapes = ", ".join(f"{path} {list(t.shape)}" for path, t in self.parameters().items())
        return f"{type(self).__name__}({shapes})"


def _children(value: Any) -> list[tuple[str, Any]]:
    """The named parts of a module or container; nothing for anything else."""
    if isinstance(value, Module):
        return list(vars(value).items())
    if isinstance(value, dict):
        return [(str(name), part) for name, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [(str(number), part) for number, part in enumerate(value)]
    return []


def _collect(value: Any, path: str, found: dict[int, tuple[str, Tensor]]) -> None:
    """Put every tensor into `found` by its identity, each with the first path to it."""
    if isinstance(value, Tensor):
        found.setdefault(id(value), (path, value))
        return
    for name, part in _children(value):
        _collect(part, f"{path}.{name}" if path else name, found)


def _rebuild(value: Any, replacement: dict[int, Value]) -> Any:
    """The same structure with each tensor replaced."""
    if isinstance(value, Tensor):
        return replacement[id(value)]
    if isinstance(value, Module):
        new = object.__new__(type(value))
        vars(new).update({name: _rebuild(p, replacement) for name, p in vars(value).items()})
        return new
    if isinstance(value, dict):
        return {name: _rebuild(part, replacement) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_rebuild(part, replacement) for part in value)
    return value
