"""What stands in the code of a line: its syntax tree, and the library functions that it reaches."""

import ast
import inspect
from collections.abc import Callable
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

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
    """What a line computes: its tree whatever its variables are called, and what it closes over.

    A lambda that only passes its arguments on is the function that it calls, and a function that
    only returns an expression is a lambda.
    """
    if isinstance(f, partial):
        return f"{code_of(f.func)} with {f.args} {f.keywords}"
    if not isinstance(f, FunctionType):
        return repr(f)
    node = node_of(f)
    called = passed_on(node, f)
    if called is not None:
        return code_of(called)
    expression = returned(node)
    tree = ast.dump(renamed(expression, own_names(node), free_names(expression)))
    closed = [cell.cell_contents for cell in f.__closure__ or ()]
    return f"{tree} | {closed} {f.__defaults__}"


def returned(node: Function) -> ast.AST:
    """The expression that a function returns; its whole body where there is more than that."""
    if isinstance(node, ast.Lambda):
        return node.body
    body = node.body[ast.get_docstring(node) is not None :]
    if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
        return body[0].value
    if len(body) == 2 and isinstance(body[1], ast.Return) and isinstance(body[1].value, ast.Name):
        first, name = body[0], body[1].value.id  # found: Type = expression, and return found
        if isinstance(first, ast.AnnAssign | ast.Assign) and first.value is not None:
            target = first.target if isinstance(first, ast.AnnAssign) else first.targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return first.value
    return ast.Module(body, [])


def own_names(node: Function) -> list[str]:
    """The arguments of a function."""
    found = node.args
    return [a.arg for a in (*found.posonlyargs, *found.args, *found.kwonlyargs)]


def free_names(tree: ast.AST) -> list[str]:
    """The names that are bound within: loop variables, inner arguments, assignments."""
    stored = [
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    inner = [a.arg for n in ast.walk(tree) if isinstance(n, ast.arguments) for a in n.args]
    return list(dict.fromkeys(stored + inner))


def renamed(tree: ast.AST, arguments: list[str], bound: list[str]) -> ast.AST:
    """The tree with its bound variables numbered. Arguments keep their names: they are inputs."""
    numbers = {name: f"v{n}" for n, name in enumerate(n for n in bound if n not in arguments)}

    class Renamer(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.Name(numbers.get(node.id, node.id), node.ctx)

        def visit_arg(self, node: ast.arg) -> ast.arg:
            return ast.arg(numbers.get(node.arg, node.arg))

    return Renamer().visit(ast.parse(ast.unparse(ast.fix_missing_locations(tree))))


def passed_on(node: Function, f: FunctionType) -> Callable[..., Any] | None:
    """The function g of `lambda P: g(P)`, also where it is given P by name."""
    arguments = own_names(node)
    call = returned(node)
    if not isinstance(call, ast.Call) or len(call.args) + len(call.keywords) != len(arguments):
        return None
    called = resolve(call.func, f)
    if not isinstance(called, FunctionType):
        return None
    taken = [a.id if isinstance(a, ast.Name) else None for a in call.args]
    if OWN not in (called.__module__ or "") and f.__globals__ is not called.__globals__:
        return called if taken == arguments and not call.keywords else None
    names = dict(zip(own_names(node_of(called)), taken, strict=False))
    names |= {k.arg: getattr(k.value, "id", None) for k in call.keywords if k.arg}
    return called if arguments and names == {name: name for name in arguments} else None


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
    """The functions and methods of the library that a line calls, also through helpers.

    A method counts where its class is made anywhere on the way and its name is used anywhere.
    """
    seen: set[int] = set()
    found: set[str] = set()
    classes: set[type] = set()
    used: set[str] = set()

    def reach(f: Any) -> None:
        if isinstance(f, partial):
            f = f.func
        if id(f) in seen or not hasattr(f, "__module__"):
            return
        seen.add(id(f))
        module = f.__module__ or ""
        if module.startswith(LIBRARY) and f.__name__ not in CONSTRUCTORS:
            found.add(f"{module}.{f.__qualname__}")
        elif isinstance(f, FunctionType) and (not module.startswith("pydis") or OWN in module):
            node = node_of(f) if not module.startswith("numpy") else None
            used.update(
                p.attr for p in ast.walk(node) if isinstance(p, ast.Attribute)
            ) if node else ()
            for part in ast.walk(node) if node else ():
                named = resolve(part, f) if isinstance(part, ast.Name | ast.Attribute) else None
                if isinstance(named, type) and named.__module__.startswith(LIBRARY):
                    classes.add(named)
                elif isinstance(named, FunctionType | partial):
                    reach(named)
        elif module.startswith(LIBRARY):  # a constructor
            classes.add(inspect.getmodule(f).__dict__[f.__annotations__["return"].__name__])

    reach(f)
    for made in classes:
        members = {k for k, v in vars(made).items() if isinstance(v, FunctionType | property)}
        names = members & used - set(dir(np.ndarray))
        found |= {f"{made.__module__}.{made.__name__}.{name}" for name in names}
    return found


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
