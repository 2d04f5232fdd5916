"""Plants faults in the library and says which derivations see them.

    python tests/library_faults.py              a table of all faults
    python tests/library_faults.py --json       a list of objects, for a program

Every public function and method of the library is, in its own module, scaled by 1.001, given the
other sign, or called with its first two arguments exchanged. `pydis verify` must fail then. Who
imports the function by whatever name gets the faulty one, because its code object is exchanged. A
fault that no derivation sees survives; each survivor needs a reason in `SURVIVORS`, and each reason
a survivor.
"""

import argparse
import json
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from inspect import signature
from types import FunctionType
from typing import Any, get_origin

import numpy as np
from library_fault_survivors import SURVIVORS
from rich.console import Console
from rich.table import Table

from pydis.autodiff import Array, Tensor, Value
from pydis.autodiff.primitive import Primitive
from pydis.derivations import DERIVATIONS
from pydis.derivations.derivation import Derivation
from pydis.derivations.verify import verify

PACKAGES = ("probability", "information", "objectives", "metrics")

Fault = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def scaled(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """1.001 f; a truth value stays as it is."""
    return times(1.001, f(*args, **kwargs))


def negated(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """−f; of truth values the other."""
    return times(-1.0, f(*args, **kwargs))


def swapped(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """f(b, a, …) for f(a, b, …), given by position or by name."""
    given = signature(f).bind(*args, **kwargs).arguments
    first, second, *_ = given
    return f(**(given | {first: given[second], second: given[first]}))


FAULTS: dict[str, Fault] = {"scaled": scaled, "negated": negated, "swapped": swapped}


def times(factor: float, value: Any) -> Any:
    """A result made wrong: a number, an array, a tensor or a named tuple of such; no other."""
    if getattr(value, "dtype", None) == np.bool_:
        return ~value if factor < 0 else value
    if isinstance(value, float | np.floating | np.ndarray | Tensor):
        return (
            value * np.asarray(factor, value.dtype) if hasattr(value, "dtype") else factor * value
        )
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(times(factor, part) for part in value))
    return value


@dataclass(frozen=True)
class Injected:
    """A fault, how many derivations call what is faulty, and those that see it."""

    function: str
    fault: str
    callers: int
    seen_by: tuple[str, ...]
    reason: str


def targets() -> dict[str, FunctionType]:
    """Every public function, method and property that returns numbers, by name."""
    found: dict[str, FunctionType] = {}
    for package in PACKAGES:
        top = import_module(f"pydis.{package}")
        names = [f"{top.__name__}.{m.name}" for m in pkgutil.iter_modules(top.__path__)]
        for module in (top, *map(import_module, names)):
            here = {n: x for n, x in vars(module).items() if defined(x, n, module.__name__)}
            found |= {
                f"{package}.{path}": f
                for name, thing in here.items()
                for path, f in functions_in(name, thing)
                if isinstance(f, FunctionType) and returns_numbers(f)
            }
    return found


def defined(thing: Any, name: str, module: str) -> bool:
    """Whether a public thing is defined in that module, and not only imported there."""
    where = getattr(getattr(thing, "forward", thing), "__module__", None)
    return not name.startswith("_") and where == module


def functions_in(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """A function; the forward of a primitive; the methods and properties of a class."""
    if isinstance(thing, Primitive):
        yield name, thing.forward
        yield f"{name} without a kernel", getattr(thing, "meaning", None)
    elif getattr(thing, "_is_protocol", False):
        return  # it says what is asked of others, and computes nothing
    elif isinstance(thing, type):
        for key, member in vars(thing).items():
            if not key.startswith("_"):
                yield f"{name}.{key}", getattr(member, "fget", member)
    else:
        yield name, thing


def returns_numbers(f: FunctionType) -> bool:
    """Whether it says that it returns a number, an array or a tensor."""
    said = f.__annotations__.get("return")
    numbers = said in (Value, Array, float) or get_origin(said) is np.ndarray
    return (numbers or hasattr(said, "_fields")) and f.__name__ != "library"


@contextmanager
def planted(f: FunctionType, fault: Fault) -> Iterator[None]:
    """While this lasts, everybody who calls f gets the faulty one."""
    code, defaults, named = f.__code__, f.__defaults__, f.__kwdefaults__
    right = FunctionType(code, f.__globals__, f.__name__, defaults, f.__closure__)
    right.__kwdefaults__ = named
    key = f"__fault_in_{f.__name__}_{id(f)}"
    f.__globals__[key] = lambda args, kwargs: fault(right, args, kwargs)
    f.__code__ = _calling(key, code.co_freevars)
    try:
        yield
    finally:
        f.__code__ = code
        del f.__globals__[key]


def _calling(key: str, free: Sequence[str]) -> Any:
    """The code of a function that calls the global `key`, with as many free variables as asked."""
    cells = "".join(f"    {name} = None\n" for name in free)
    uses = "".join(f"        {name}\n" for name in free)
    source = (
        f"def outer():\n{cells}    def wrong(*args, **kwargs):\n{uses}"
        f"        return {key}(args, kwargs)\n    return wrong\n"
    )
    made: dict[str, Any] = {}
    exec(source, made)
    return made["outer"]().__code__


def fails(d: Derivation) -> bool:
    """Whether the derivation does not hold, or a line of it raises."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return not verify(d).passed
    except Exception:  # whatever a faulty library makes a line do, it is seen
        return True


def callers(functions: dict[str, FunctionType]) -> dict[str, list[Derivation]]:
    """The derivations that call each function."""
    found: dict[str, list[Derivation]] = {name: [] for name in functions}
    called: set[str] = set()

    def noting(name: str) -> Fault:
        def note(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            called.add(name)
            return f(*args, **kwargs)

        return note

    with ExitStack() as stack:
        for name, f in functions.items():
            stack.enter_context(planted(f, noting(name)))
        for d in DERIVATIONS.values():
            called.clear()
            if fails(d):
                raise ValueError(f"{d.id} fails without a fault")
            for name in called:
                found[name].append(d)
    return found


def applies(f: FunctionType, fault: str) -> bool:
    """Arguments can be exchanged where two must be given; a method's self is none."""
    given = [p for p in signature(f).parameters.values() if p.default is p.empty]
    return fault != "swapped" or (len(given) > 1 and given[0].name not in ("self", "k"))


def inject(functions: dict[str, FunctionType]) -> Iterator[Injected]:
    """Each fault in each function, and what saw it."""
    by = callers(functions)
    for name, f in functions.items():
        for kind, fault in FAULTS.items():
            if not applies(f, kind):
                continue
            with planted(f, fault):
                seen = tuple(d.id for d in by[name] if fails(d))
            reason = SURVIVORS.get(f"{name} {kind}", SURVIVORS.get(name, ""))
            yield Injected(name, kind, len(by[name]), seen, "" if seen else reason)


def table(injected: Sequence[Injected]) -> Table:
    """One row for each fault."""
    shown = Table("function", "fault", "callers", "seen by")
    for one in injected:
        first = f"{len(one.seen_by)}: {', '.join(one.seen_by[:2])}" if one.seen_by else ""
        shown.add_row(one.function, one.fault, str(one.callers), first or f"survives: {one.reason}")
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 1 if a fault survives without a reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("filter", nargs="?", default="", help="only functions of this name's part")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chosen = {name: f for name, f in targets().items() if options.filter in name}
    injected = list(inject(chosen))
    survivors = [one for one in injected if not one.seen_by]
    if options.json:
        print(json.dumps([asdict(one) for one in injected], indent=2))
    else:
        Console().print(table(injected))
    print(
        f"{len(injected)} faults in {len(chosen)} functions, {len(survivors)} survive, "
        f"{sum(not one.reason for one in survivors)} of them without a reason",
        file=sys.stderr,
    )
    return int(any(not one.reason for one in survivors))


if __name__ == "__main__":
    sys.exit(main())
