"""What stands in the code of a line: its syntax tree, and the library functions that it reaches."""

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from pydis.derivations.derivation import Derivation

LIBRARY = ("pydis.information", "pydis.probability", "pydis.objectives", "pydis.metrics")
OWN = "pydis.derivations"

CONSTRUCTORS = {"standard_normal_like", "with_full_factor"}
"""They make a distribution, as a class does: what is verified is what it then says."""

Function = ast.Lambda | ast.FunctionDef


@cache
def functions_of(file: str) -> tuple[Function, ...]:
    """Every function that a file defines."""
    tree = ast.parse(Path(file).read_text("utf-8"))
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.Lambda | ast.FunctionDef))


def node_of(f: FunctionType) -> Function:
    """The syntax tree of a function; of several lambdas on one line the one with its code."""
    code = f.__code__
    found = [n for n in functions_of(code.co_filename) if starts(n) == code.co_firstlineno]
    places = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    inside = [
        n
        for n in found
        if isinstance(n, ast.FunctionDef) or all(within(n.body, place) for place in places[1:])
    ]
    return min(inside, key=lambda n: len(ast.dump(n)))


def starts(node: Function) -> int:
    """The first line, of the decorators where there are some."""
    decorators = [d.lineno for d in getattr(node, "decorator_list", [])]
    return min([node.lineno, *decorators])


def within(body: ast.expr, place: tuple[int, int]) -> bool:
    """Whether a place of the source is inside an expression."""
    first, last = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    return first <= place <= last


def code_of(f: Callable[..., Any]) -> str:
    """What a line computes: its tree without names and docstrings, and what it is closed over.

    A lambda that only passes its arguments on is the function that it calls.
    """
    if isinstance(f, partial):
        return f"{code_of(f.func)} with {f.args} {f.keywords}"
    if not isinstance(f, FunctionType):
        return repr(f)
    node = node_of(f)
    if isinstance(node, ast.Lambda):
        called = passed_on(node, f)
        if called is not None:
            return code_of(called)
        tree = ast.dump(node.body)
    else:
        documented = ast.get_docstring(node) is not None
        body = ", ".join(ast.dump(statement) for statement in node.body[documented:])
        tree = f"{ast.dump(node.args)}: {body}"
    closed = [cell.cell_contents for cell in f.__closure__ or ()]
    return f"{tree} | {closed} {f.__defaults__}"


def passed_on(node: ast.Lambda, f: FunctionType) -> Callable[..., Any] | None:
    """The function g of `lambda P: g(P)`."""
    arguments = [a.arg for a in node.args.args]
    call = node.body
    if not isinstance(call, ast.Call) or call.keywords:
        return None
    given = [a.id if isinstance(a, ast.Name) else None for a in call.args]
    called = resolve(call.func, f)
    return called if given == arguments and isinstance(called, FunctionType) else None


def resolve(node: ast.expr, f: FunctionType) -> Any:
    """The object that a name, or a name of a module, means in a function; None if it is local."""
    if isinstance(node, ast.Name):
        return inspect.getclosurevars(f).nonlocals.get(node.id, f.__globals__.get(node.id))
    if isinstance(node, ast.Attribute):
        owner = resolve(node.value, f)
        if isinstance(owner, ModuleType | type):
            return getattr(owner, node.attr, None)
    return None


def library_functions(f: Callable[..., Any]) -> set[str]:
    """The functions and methods of the library that a line calls, also through helpers."""
    seen: set[int] = set()

    def reach(f: Any) -> Iterator[str]:
        if isinstance(f, partial):
            f = f.func
        if id(f) in seen or not hasattr(f, "__module__"):
            return
        seen.add(id(f))
        module = f.__module__ or ""
        if module.startswith(LIBRARY) and f.__name__ not in CONSTRUCTORS:
            yield f"{module}.{f.__qualname__}"
        elif isinstance(f, FunctionType) and (not module.startswith("pydis") or OWN in module):
            node = node_of(f) if not module.startswith("numpy") else None
            for part in ast.walk(node) if node else ():
                named = resolve(part, f) if isinstance(part, ast.Name | ast.Attribute) else None
                if isinstance(named, type) and named.__module__.startswith(LIBRARY):
                    used = {p.attr for p in ast.walk(node) if isinstance(p, ast.Attribute)}
                    methods = {k for k, v in vars(named).items() if isinstance(v, FunctionType)}
                    yield from (f"{named.__module__}.{named.__name__}.{m}" for m in used & methods)
                elif isinstance(named, FunctionType | partial):
                    yield from reach(named)

    return set(reach(f))


def same_code(d: Derivation) -> list[tuple[str, str]]:
    """The pairs of lines that have the same code."""
    codes = [(line.label, code_of(line.value)) for line in d.lines]
    return [(a, b) for (a, one), (b, other) in combinations(codes, 2) if one == other]


def repeated_library(d: Derivation) -> dict[str, list[str]]:
    """The library functions that more than one line calls, with those lines."""
    lines: dict[str, list[str]] = {}
    for line in d.lines:
        for name in library_functions(line.value):
            lines.setdefault(name, []).append(line.label)
    return {name: labels for name, labels in lines.items() if len(labels) > 1}
