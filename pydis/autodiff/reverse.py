"""Reverse mode: one sweep from the output back to the inputs, in the order nodes were made.

For y = f(x) the sweep carries the cotangent ȳ through every op's pullback, ȳ ↦ x̄ = (∂y/∂x)ᵀ ȳ,
adding up where a value was used more than once (eq:pullback). The sweep visits only nodes on a path
from the asked-for inputs to the output, and computes only the cotangents that such a path needs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pydis.autodiff.primitive import read_only
from pydis.autodiff.tensor import Tensor, Value
from pydis.backends import kernels_for


def grad(
    y: Tensor,
    xs: Tensor | Sequence[Tensor],
    y_bar: Value = None,
    *,
    differentiable: bool = False,
    allow_unused: bool = False,
) -> Any:
    """x̄ = (∂y/∂x)ᵀ ȳ for each x (eq:pullback): the gradient where y is one number and ȳ = 1.

    `xs` is a tensor, giving one result, or a sequence, giving a list. Results are arrays, or
    tensors that can be differentiated again if `differentiable`. Raises TypeError for anything but
    tensors, ValueError where y has several elements and no ȳ is given, or where y does not depend
    on an x: a wiring error, unless `allow_unused` asks for zeros.
    """
    single = isinstance(xs, Tensor)
    wanted: list[Tensor] = [xs] if isinstance(xs, Tensor) else list(xs)
    for value in (y, *wanted):
        if not isinstance(value, Tensor):
            kind = getattr(value, "dtype", type(value).__name__)
            raise TypeError(f"grad: expected Tensors, received {kind}; wrap it as Tensor(array)")
    seed = _seed(y, y_bar)
    if differentiable and not isinstance(seed, Tensor):
        seed = Tensor(seed)
    if not differentiable and isinstance(seed, Tensor):
        seed = seed.data

    path, asked = _path(y, wanted), {id(x) for x in wanted}
    on_path = {id(t) for t in path}
    uses = Counter(id(i) for t in path if t.node is not None for i in t.node.inputs)
    once = {key for key in on_path - asked if uses[key] == 1}
    bent: set[int] = set()
    cotangents: dict[int, Value] = {id(y): seed}
    for t in path:
        t_bar = cotangents.get(id(t)) if id(t) in asked else cotangents.pop(id(t), None)
        if t_bar is None:  # reached only through inputs in which its ops are constant
            continue
        for x, x_bar in _pull_back(t, t_bar, on_path, differentiable, once, bent):
            before = cotangents.get(id(x))
            cotangents[id(x)] = x_bar if before is None else before + x_bar
    for number, x in enumerate(wanted):
        if id(x) not in on_path and not allow_unused:
            raise ValueError(f"grad: the output does not depend on input {number} ({x!r})")
        if id(x) not in cotangents:
            zeros = kernels_for("grad", [x.data]).xp.zeros_like(x.data)
            cotangents[id(x)] = Tensor(zeros) if differentiable else zeros
    results = [cotangents[id(x)] for x in wanted]
    if not differentiable:  # two inputs may share one array, which may be the caller's own
        xp = kernels_for("grad", [y.data]).xp
        results = [read_only(xp.asarray(x_bar).view()) for x_bar in results]
    return results[0] if single else results


def _seed(y: Tensor, y_bar: Value) -> Value:
    """The cotangent of the output: as given, or 1 for a single number."""
    if y_bar is None:
        if y.data.size != 1:
            raise ValueError(
                f"grad: the output has shape {y.shape}, not one element: pass y_bar of that shape"
            )
        return kernels_for("grad", [y.data]).xp.ones_like(y.data)
    if not hasattr(y_bar, "dtype"):
        raise TypeError(f"grad: y_bar: expected an array or Tensor, received {y_bar!r}")
    if y_bar.shape != y.shape or y_bar.dtype != y.dtype:
        raise ValueError(
            f"grad: y_bar of shape {y_bar.shape} and dtype {y_bar.dtype} for an output "
            f"of shape {y.shape} and dtype {y.dtype}"
        )
    return y_bar


def _path(y: Tensor, xs: list[Tensor]) -> list[Tensor]:
    """The tensors between xs and y, both included, each after everything that was made from it."""
    found: dict[int, Tensor] = {id(y): y}
    stack = [y]
    while stack:
        node = stack.pop().node
        for i in node.inputs if node is not None else ():
            if isinstance(i, Tensor) and id(i) not in found:
                found[id(i)] = i
                stack.append(i)
    forward = sorted(found.values(), key=lambda t: -1 if t.node is None else t.node.order)
    reached = {id(x) for x in xs}
    for t in forward:
        if t.node is not None and any(id(i) in reached for i in t.node.inputs):
            reached.add(id(t))
    return [t for t in reversed(forward) if id(t) in reached]


def _pull_back(
    t: Tensor,
    t_bar: Value,
    on_path: set[int],
    differentiable: bool,
    once: set[int],
    bent: set[int],
) -> Iterator[tuple[Tensor, Value]]:
    """The inputs of t that lie on the path, each with what the op's rule makes of t's cotangent.

    The rule gets arrays, so that nothing is recorded, unless the result shall be differentiable.
    A cotangent that goes to one place only (`once`) is bent back as it is made, where it can be;
    `bent` remembers it.
    """
    if t.node is None:
        return
    op, inputs, static, _ = t.node
    if op.rule is None:
        raise NotImplementedError(f"grad: the op {op.name} has no pullback")
    seen = inputs if differentiable else [i.data if isinstance(i, Tensor) else i for i in inputs]
    if id(t) in bent:
        static = static | {"slope": 1.0}
    entries = op.rule(t_bar, t if differentiable else t.data, *seen, **static)
    entries = entries if isinstance(entries, tuple) else (entries,)
    if len(entries) != len(inputs):
        raise ValueError(
            f"grad: the pullback of {op.name} gave {len(entries)} cotangents "
            f"for {len(inputs)} inputs"
        )
    for slot, (i, entry) in enumerate(zip(inputs, entries, strict=True)):
        if id(i) not in on_path or not isinstance(i, Tensor) or entry is None:
            continue
        if id(i) in once and (behind := _bent_back(entry, i, differentiable)):
            entry = behind
            bent.add(id(i))
        i_bar = entry() if callable(entry) else entry
        if i_bar.shape != i.shape or i_bar.dtype != i.dtype:
            raise ValueError(
                f"grad: the pullback of {op.name} gave input {slot}, of shape {i.shape} and "
                f"dtype {i.dtype}, a cotangent of shape {i_bar.shape} and dtype {i_bar.dtype}"
            )
        yield i, i_bar


def _bent_back(entry: Any, x: Tensor, differentiable: bool) -> Callable[[], Value] | None:
    """The entry and, in the same pass, the bend at which the op that made x ends.

    None where there is no bend, or no kernel for both.
    """
    if x.node is None or not x.node.op.bends or not isinstance(entry, partial):
        return None
    behind, slope = getattr(entry.func, "behind", None), x.node.static["slope"]
    inputs = (*entry.args, x if differentiable else x.data)
    if slope == 1 or behind is None or not behind.exists_for(*inputs):
        return None
    return partial(behind, *inputs, slope=slope, **entry.keywords)
