"""For tests of the bench: its schema as a check, an imagined machine's limits, small layers."""

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pydis.bench import layers
from pydis.bench.records import Copy, Limits, Peak, Product

LIMITS = Limits(
    [Peak("avx2", 1, 1e-3), Peak("avx512", 1, 4e-3)],
    [Product(1, 64, 2e-3)],
    [Copy(1 << 10, 1, 8e-3), Copy(1 << 20, 1, 1e-3)],
    *(1e-6, 4096, 1e-6, 0.0, False),
)
"""Of a slow machine: 1 and 4 MFLOP/s, 8 and 1 MB/s."""


def problems(value: Any, kind: Any, path: str = "record") -> list[str]:
    """Where a JSON value differs from a type of `records.py`: the schema is those types."""
    if is_dataclass(kind):
        expected = {field.name for field in fields(kind)}
        if not isinstance(value, dict) or set(value) != expected:
            return [f"{path}: expected the fields {sorted(expected)}"]
        hints = get_type_hints(kind)
        return [p for name in hints for p in problems(value[name], hints[name], f"{path}.{name}")]
    if isinstance(kind, UnionType):
        each = [problems(value, one, path) for one in get_args(kind)]
        return [] if [] in each else each[0]
    if get_origin(kind) is list:
        if not isinstance(value, list):
            return [f"{path}: expected a list"]
        (inner,) = get_args(kind)
        return [p for n, v in enumerate(value) for p in problems(v, inner, f"{path}[{n}]")]
    if get_origin(kind) is dict:
        if not isinstance(value, dict):
            return [f"{path}: expected an object"]
        _, inner = get_args(kind)
        return [p for n, v in value.items() for p in problems(v, inner, f"{path}.{n}")]
    plain = {float: (int, float), NoneType: NoneType}.get(kind, kind)
    if kind is Any or (isinstance(value, plain) and isinstance(value, bool) == (kind is bool)):
        return []
    return [f"{path}: expected {kind.__name__}, received {value!r}"]


SMALL_LAYERS = [
    *layers.convolution(8, 2, 3, n=2),
    *layers.transposed(8, 2, 3, n=2),
    *layers.transposed(8, 1, 3, n=2),
    *layers.linear(6, 4, n=3),
    *layers.batch_norm(2, 4, 4, 3),
    *layers.bernoulli(3, 4, 4, 1),
    *layers.gaussian(3, 5),
]
