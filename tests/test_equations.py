"""Equation, function and check name each other: no orphan, no dangling reference.

An equation is displayed in `docs/equations.md`, named as `eq:…` in the docstring of the functions
that compute it, and named by the checks that verify it. The walk reads all three from the sources.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from equations import ID, verifies

import pydis

ROOT = Path(__file__).parents[1]
PACKAGE_DIR = Path(pydis.__file__).parent
LABEL = re.compile(rf"^\$\$ \(({ID.pattern})\)$", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")

Names = dict[str, set[str]]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Shown(NamedTuple):
    """A displayed equation and the names that stand below it."""

    computed_by: set[str]
    checked_by: set[str]


class Verified(NamedTuple):
    """One `@verifies` on one check."""

    check: str
    equation: str
    objects: tuple[str, ...]


class Sources(NamedTuple):
    """All that the walk looks at, as data."""

    page: list[tuple[str, Shown]]
    named: Names  # public object -> the ids in its docstring
    mentions: Names  # any module, class or function -> the ids in its docstring
    checks: list[Verified]
    tests: set[str]  # every test, as file::name
    unreadable: list[str]  # decorators whose arguments are not literal strings


# Reading


def read_page(text: str) -> list[tuple[str, Shown]]:
    """The labelled equations of the page, each with the names up to the next heading."""
    shown = []
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        labels = LABEL.findall(section)
        lines = {
            start: set(QUOTED.findall(paragraph))
            for paragraph in re.split(r"\n\s*\n", section)
            for start in ("Computed by", "Checked by")
            if paragraph.strip().startswith(start)
        }
        for label in labels:
            names = Shown(lines.get("Computed by", set()), lines.get("Checked by", set()))
            shown.append((label, names))
    return shown


def definitions(tree: ast.Module) -> Iterator[tuple[str, Definition]]:
    """Functions, classes and methods with their dotted names inside the module."""
    for node in tree.body:
        if isinstance(node, Definition):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, Definition):
                    yield f"{node.name}.{part.name}", part


def read_package(sources: dict[str, str]) -> tuple[Names, Names]:
    """The ids in the docstrings of public objects, and in any docstring at all."""
    named: Names = {}
    mentions: Names = {}
    for module, text in sources.items():
        tree = ast.parse(text)
        public = {f"{module}.{name}": node for name, node in definitions(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | Definition):
                where = module if isinstance(node, ast.Module) else f"{module}: {node.name}"
                mentions.setdefault(where, set()).update(ID.findall(ast.get_docstring(node) or ""))
        for name, node in public.items():
            if not any(part.startswith("_") for part in name.split(".")):
                named[name] = set(ID.findall(ast.get_docstring(node) or ""))
    return named, mentions


def read_tests(sources: dict[str, str]) -> tuple[list[Verified], set[str], list[str]]:
    """The `@verifies` of every definition, the names of all tests, and what cannot be read."""
    checks, tests, unreadable = [], set(), []
    for file, text in sources.items():
        for name, node in definitions(ast.parse(text)):
            here = f"{file}::{name.replace('.', '::')}"
            if not isinstance(node, ast.ClassDef) and node.name.startswith("test"):
                tests.add(here)
            for call in node.decorator_list:
                if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "verifies"):
                    continue
                words = [w.value for w in call.args if isinstance(w, ast.Constant)]
                if len(words) < max(2, len(call.args)) or call.keywords:
                    unreadable.append(here)
                else:
                    checks.append(Verified(here, words[0], tuple(words[1:])))
    return checks, tests, unreadable


def resolve(name: str) -> object:
    """The object of a dotted name. Raises LookupError where there is none."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            if not hasattr(found, part):
                raise LookupError(name)
            found = getattr(found, part)
        return found
    raise LookupError(name)


def read_repository() -> Sources:
    inside = PACKAGE_DIR.parent
    package = {
        ".".join(path.relative_to(inside).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(PACKAGE_DIR.rglob("*.py"))
    }
    tests = {
        path.relative_to(ROOT / "tests").as_posix(): path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
    }
    named, mentions = read_package({name: p.read_text("utf-8") for name, p in package.items()})
    checks, names, unreadable = read_tests({n: p.read_text("utf-8") for n, p in tests.items()})
    page = read_page((ROOT / "docs" / "equations.md").read_text("utf-8"))
    return Sources(page, named, mentions, checks, names, unreadable)


# The walk


def faults(s: Sources) -> list[str]:
    """Every orphan and dangling reference, as a sentence that says what to write."""
    labels = [label for label, _ in s.page]
    shown = dict(s.page)
    found = [f"{label} is displayed twice" for label in set(labels) if labels.count(label) > 1]
    for where, ids in s.mentions.items():
        found += [f"{where} names {i}, which is not displayed" for i in ids - set(shown)]
    found += [f"{where}: write the arguments of @verifies literally" for where in s.unreadable]
    for check, equation, objects in s.checks:
        if equation not in shown:
            found.append(f"{check} verifies {equation}, which is not displayed")
        if check not in s.tests:
            found.append(f"{check} verifies {equation}, but is no test")
        for name in objects:
            if name not in s.named:
                found.append(f"{check} names {name}, which is no public object")
            elif equation not in s.named[name]:
                found.append(f"{check} verifies {equation} by {name}, whose docstring lacks it")
    for label, below in s.page:
        computing = {name for name, ids in s.named.items() if label in ids}
        checking = {check for check, equation, _ in s.checks if equation == label}
        if not computing:
            found.append(f"{label} is named in no docstring")
        if not checking:
            found.append(f"{label} is verified by no check")
        found += [f"{label}: add {n} to 'Computed by'" for n in computing - below.computed_by]
        found += [f"{label}: {n} does not compute it" for n in below.computed_by - computing]
        found += [f"{label}: add {n} to 'Checked by'" for n in checking - below.checked_by]
        found += [f"{label}: {n} does not check it" for n in below.checked_by - checking]
    return sorted(found)


def test_equations_functions_and_checks_name_each_other() -> None:
    assert faults(read_repository()) == []


def test_every_object_that_computes_an_equation_can_be_imported() -> None:
    sources = read_repository()
    computing = {name: ids for name, ids in sources.named.items() if ids}
    assert computing
    for name, ids in computing.items():
        assert ids <= set(ID.findall(resolve(name).__doc__ or "")), name


def test_resolve_refuses_what_does_not_exist() -> None:
    assert callable(resolve("pydis.objectives.elbo.rate"))
    for name in ("pydis.objectives.elbo.rat", "pydis.object.elbo", "no_such_package.f"):
        with pytest.raises(LookupError):
            resolve(name)


# Planted faults

PAGE = """# Page

## First

$$
a = b
$$ (eq:one)

Computed by `pydis.m.f`, `pydis.m.C.g`.

Checked by `test_m.py::test_f`,
`test_m.py::test_g`.
"""

PACKAGE = {
    "pydis.m": '''"""On eq:one."""
def f():
    """a (eq:one)."""
class C:
    def g(self):
        """a again (eq:one)."""
def h():
    """Nothing."""
'''
}

TESTS = {
    "test_m.py": """
@verifies("eq:one", "pydis.m.f")
def test_f(): ...
@other
@verifies("eq:one", "pydis.m.f", "pydis.m.C.g")
def test_g(): ...
def test_h(): ...
"""
}


def walk(page: str, package: dict[str, str], tests: dict[str, str]) -> list[str]:
    return faults(Sources(read_page(page), *read_package(package), *read_tests(tests)))


def planted(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_sound_book_has_no_fault() -> None:
    assert walk(PAGE, PACKAGE, TESTS) == []


SECOND = "\n## Second\n\n$$\nc\n$$ (eq:two)\n"


@pytest.mark.parametrize(
    ("page", "package", "tests", "expected"),
    [
        (PAGE + SECOND, "", "", "eq:two is named in no docstring"),
        (PAGE + SECOND, "", "", "eq:two is verified by no check"),
        (PAGE + planted(SECOND, "eq:two", "eq:one"), "", "", "eq:one is displayed twice"),
        (planted(PAGE, "eq:one", "eq:uno"), "", "", "pydis.m names eq:one, which is not displayed"),
        (PAGE, '"""By eq:three."""', "", "pydis.n names eq:three, which is not displayed"),
        (PAGE, 'def _p():\n  "eq:four"', "", "pydis.n: _p names eq:four, which is not displayed"),
        (PAGE, 'def p():\n  "eq:one"', "", "eq:one: add pydis.n.p to 'Computed by'"),
        (planted(PAGE, "m.f", "m.h"), "", "", "eq:one: pydis.m.h does not compute it"),
        (planted(PAGE, "m.f", "m.k"), "", "", "eq:one: pydis.m.k does not compute it"),
        (planted(PAGE, "::test_f", "::test_k"), "", "", "eq:one: test_m.py::test_k does not check"),
        (planted(PAGE, "::test_f", "::test_h"), "", "", "eq:one: add test_m.py::test_f to 'Check"),
        (PAGE, "", '"eq:one", "pydis.m.h"', "test_n.py::test_n verifies eq:one by pydis.m.h, who"),
        (PAGE, "", '"eq:one", "pydis.m.k"', "test_n.py::test_n names pydis.m.k, which is no"),
        (PAGE, "", '"eq:six", "pydis.m.f"', "test_n.py::test_n verifies eq:six, which is not disp"),
        (PAGE, "", '"eq:one"', "test_n.py::test_n: write the arguments"),
        (PAGE, "", "ID, NAME", "test_n.py::test_n: write the arguments"),
    ],
)
def test_a_planted_fault_is_reported(page: str, package: str, tests: str, expected: str) -> None:
    more = {"pydis.n": package} if package else {}
    extra = {"test_n.py": f"@verifies({tests})\ndef test_n(): ..."} if tests else {}
    found = walk(page, PACKAGE | more, TESTS | extra)
    assert any(fault.startswith(expected) for fault in found), found


def test_a_decorated_helper_is_reported() -> None:
    extra = {"test_n.py": '@verifies("eq:one", "pydis.m.f")\ndef helper(): ...'}
    assert "test_n.py::helper verifies eq:one, but is no test" in walk(PAGE, PACKAGE, TESTS | extra)


def test_verifies_marks_the_check_and_refuses_malformed_names() -> None:
    @verifies("eq:one", "pydis.m.f")
    @verifies("eq:two", "pydis.m.g", "pydis.m.h")
    def check() -> int:
        return 3

    marks = (("eq:one", ("pydis.m.f",)), ("eq:two", ("pydis.m.g", "pydis.m.h")))
    assert check.verified == marks  # type: ignore[attr-defined]
    assert check() == 3
    with pytest.raises(ValueError, match="is not an id"):
        verifies("elbo", "pydis.m.f")
    with pytest.raises(ValueError, match="no object"):
        verifies("eq:elbo")
