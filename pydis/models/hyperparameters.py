"""Hyper-parameters are what they were declared to be: a half, "3" or True is no whole number."""

from dataclasses import fields
from typing import Any

_ACCEPTED: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), str: (str,)}


def check_types(record: Any) -> None:
    """Raise TypeError for the first int, float or str field of a dataclass that holds another type.

    A whole number will do for a float. bool is no number here, though Python counts it as one.
    """
    for each in fields(record):
        value, declared = getattr(record, each.name), each.type
        if declared in _ACCEPTED and type(value) not in _ACCEPTED[declared]:
            name = getattr(declared, "__name__", declared)
            received = f"{value!r} ({type(value).__name__})"
            raise TypeError(f"{each.name}: expected {name}, received {received}")
