"""Learning order is import order: each floor imports from the floors below it, each file is short.

The import graph is read by grimp; the rules are functions over its edges, so that planted edges
show that each rule can fail.
"""

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import pydis

ROOT = Path(__file__).parents[1]
PACKAGE_DIR = Path(pydis.__file__).parent

FLOORS: tuple[tuple[str, ...], ...] = (
    ("backends",),
    ("autodiff",),
    ("nn",),
    ("probability", "information"),
    ("objectives",),
    ("models", "metrics", "data"),
    ("derivations",),
    ("training",),
    ("studies", "report", "bench"),
    ("cli",),
    ("__main__",),
)
"""Bottom to top. Those of one floor do not import each other."""

CHAPTERS: tuple[tuple[str, ...], ...] = (
    ("tensor",),
    ("primitive",),
    ("ops.shape",),
    ("ops.elementwise",),
    ("ops.arithmetic", "ops.transcendental", "ops.piecewise"),
    ("ops.special", "ops.reduce", "ops.index", "ops.linear", "ops.conv"),
    ("ops.solve", "ops.gated", "ops.behind"),
    ("ops.fused",),
    ("ops.normalise",),
    ("ops",),
    ("reverse",),
    ("transforms", "check", "trace"),
)
"""The files of pydis.autodiff in reading order."""

LONGEST = 250
SOURCES = {".py", ".hpp", ".cpp", ".h", ".cu"}
LONGER_FILES: dict[str, str] = {}
"""Files of more than 250 lines, each with the reason."""

Edge = tuple[str, str]


def rank(order: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    return {name: floor for floor, names in enumerate(order) for name in names}


def part_of(module: str) -> str:
    """The package of pydis that a module belongs to."""
    return module.split(".")[1]


def climbing(edges: Iterable[Edge]) -> list[str]:
    """The imports that do not go down: upward, between siblings, or to a floor that is unknown.

    `pydis` itself gathers names: it stands above whatever it imports, and below those that use it.
    """
    edges, floors, found = list(edges), rank(FLOORS), []
    gathered = [floors.get(part_of(below), -1) for above, below in edges if above == "pydis"]
    for importer, imported in edges:
        if importer == "pydis":
            continue
        above = part_of(importer)
        if imported == "pydis":
            if floors.get(above, -1) <= max(gathered, default=-1):
                found.append(f"{importer} imports pydis, which gathers names from above {above}")
            continue
        below = part_of(imported)
        unknown = {above, below} - set(floors)
        if unknown:
            found.append(f"{importer} -> {imported}: on no floor: {', '.join(sorted(unknown))}")
        elif above != below and floors[below] >= floors[above]:
            found.append(f"{importer} -> {imported}: {below} is not below {above}")
    return found


def out_of_order(edges: Iterable[Edge]) -> list[str]:
    """The imports inside pydis.autodiff that do not go to an earlier file."""
    chapters, inside, found = rank(CHAPTERS), "pydis.autodiff.", []
    for importer, imported in edges:
        if not importer.startswith(inside):
            continue
        if imported == "pydis.autodiff":
            found.append(f"{importer} imports pydis.autodiff, which gathers the names")
        if not imported.startswith(inside):
            continue
        later, earlier = importer.removeprefix(inside), imported.removeprefix(inside)
        unknown = {later, earlier} - set(chapters)
        if unknown:
            found.append(f"{importer} -> {imported}: in no chapter: {', '.join(sorted(unknown))}")
        elif chapters[earlier] >= chapters[later]:
            found.append(f"{importer} -> {imported}: {earlier} does not come before {later}")
    return found


def cycle(edges: Iterable[Edge]) -> list[str]:
    """The modules of one import cycle, or nothing."""
    graph: TopologicalSorter[str] = TopologicalSorter()
    for importer, imported in edges:
        graph.add(importer, imported)
    try:
        graph.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def imported_names(source: str) -> set[str]:
    """Every dotted name that a file imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {f"{'.' * node.level}{node.module or ''}.{a.name}" for a in node.names}
    return names


def importers_of(word: str, sources: dict[str, str]) -> set[str]:
    """The files that import something with `word` among the parts of its name."""
    return {
        file
        for file, source in sources.items()
        if any(word in name.split(".") for name in imported_names(source))
    }


def too_long(lengths: dict[str, int], excused: dict[str, str]) -> list[str]:
    """The files over the limit without a reason, and the reasons that have become idle."""
    long = {file for file, n in lengths.items() if n > LONGEST}
    found = [f"{file} has {lengths[file]} lines" for file in sorted(long - set(excused))]
    found += [f"{file} needs no exception" for file in sorted(set(excused) - long)]
    return found + [f"{file}: the reason is missing" for file, why in excused.items() if not why]


# The repository


@pytest.fixture(scope="module")
def edges() -> list[Edge]:
    """Who imports whom. The compiled `pydis._core` has no source: its import names `pydis`."""
    graph = grimp.build_graph("pydis", cache_dir=None)
    found = []
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            details = graph.get_import_details(importer=importer, imported=imported)
            lines = {detail["line_contents"] for detail in details}
            if imported == "pydis._core" or lines == {"from pydis import _core"}:
                continue
            found.append((importer, imported))
    return found


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {
        path.relative_to(PACKAGE_DIR.parent).as_posix(): path.read_text("utf-8")
        for path in sorted(PACKAGE_DIR.rglob("*.py"))
    }


def test_each_floor_imports_from_the_floors_below(edges: list[Edge]) -> None:
    assert ("pydis.autodiff.tensor", "pydis.backends") in edges
    assert climbing(edges) == []


def test_every_package_is_on_a_floor(sources: dict[str, str]) -> None:
    parts = {Path(file).parts[1].removesuffix(".py") for file in sources} - {"__init__"}
    assert parts <= set(rank(FLOORS))


def test_autodiff_reads_in_order(edges: list[Edge]) -> None:
    assert out_of_order(edges) == []
    files = {path.stem for path in (PACKAGE_DIR / "autodiff").glob("*.py")} - {"__init__"}
    ops = {f"ops.{path.stem}" for path in (PACKAGE_DIR / "autodiff" / "ops").glob("*.py")}
    assert files | (ops - {"ops.__init__"}) | {"ops"} == set(rank(CHAPTERS))


def test_no_import_cycle(edges: list[Edge]) -> None:
    assert cycle(edges) == []


def test_only_backends_import_the_compiled_core(sources: dict[str, str]) -> None:
    importers = importers_of("_core", sources)
    assert importers <= {file for file in sources if file.startswith("pydis/backends/")}
    assert "pydis/backends/cpp.py" in importers


def test_only_the_gpu_backend_imports_cupy(sources: dict[str, str]) -> None:
    outside = {file: text for file, text in sources.items() if file != "pydis/backends/__init__.py"}
    assert importers_of("cupy", outside) == {"pydis/backends/cupy.py"}
    start = imported_names(sources["pydis/backends/__init__.py"])  # imports the file of that name
    assert {name for name in start if "cupy" in name} == {"pydis.backends.cupy.CuPy"}


def test_files_are_short() -> None:
    lengths = {
        path.relative_to(folder.parent).as_posix(): len(path.read_text("utf-8").splitlines())
        for folder in (PACKAGE_DIR, ROOT / "csrc")
        for path in folder.rglob("*")
        if path.suffix in SOURCES
    }
    assert "pydis/autodiff/tensor.py" in lengths
    assert too_long(lengths, LONGER_FILES) == []


# Planted faults


@pytest.mark.parametrize(
    "edge",
    [
        ("pydis.autodiff.tensor", "pydis.nn.module"),
        ("pydis.backends.numpy", "pydis.cli"),
        ("pydis.models.vae", "pydis.data.dsprites"),
        ("pydis.models.vae", "pydis"),
        ("pydis.probability.gaussian", "pydis.information"),
        ("pydis.models.vae", "pydis.cellar"),
        ("pydis.attic.boxes", "pydis.nn"),
    ],
)
def test_a_planted_climb_is_reported(edge: Edge) -> None:
    sound = [
        ("pydis.nn.layers", "pydis.backends"),
        ("pydis.nn.layers", "pydis.nn.module"),
        ("pydis", "pydis.models"),
        ("pydis.cli", "pydis"),
    ]
    assert climbing(sound) == []
    assert len(climbing([*sound, edge])) == 1


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("tensor", "pydis.autodiff.primitive"),
        ("ops.linear", "pydis.autodiff.ops.conv"),
        ("ops.shape", "pydis.autodiff.ops"),
        ("reverse", "pydis.autodiff"),
        ("ops.random", "pydis.autodiff.tensor"),
    ],
)
def test_a_planted_step_back_is_reported(importer: str, imported: str) -> None:
    sound = [
        ("pydis.autodiff.check", "pydis.autodiff.ops"),
        ("pydis.autodiff.tensor", "pydis.backends"),
    ]
    assert out_of_order(sound) == []
    assert len(out_of_order([*sound, (f"pydis.autodiff.{importer}", imported)])) == 1


def test_a_planted_cycle_is_reported() -> None:
    sound = [("a", "b"), ("b", "c"), ("a", "c")]
    assert cycle(sound) == []
    assert set(cycle([*sound, ("c", "a")])) == {"a", "b", "c"}


def test_planted_imports_are_seen() -> None:
    for line in ("import cupy", "import cupy.cuda as c", "from cupy import array"):
        assert importers_of("cupy", {"f.py": f"def f():\n    {line}\n"}) == {"f.py"}
    for line in ("from pydis import _core", "import pydis._core", "from .. import _core"):
        assert importers_of("_core", {"f.py": line}) == {"f.py"}
    assert importers_of("_core", {"f.py": "from pydis import core"}) == set()


def test_a_planted_long_file_is_reported() -> None:
    lengths = {"a.py": LONGEST, "b.py": LONGEST + 1}
    assert too_long(lengths, {}) == [f"b.py has {LONGEST + 1} lines"]
    assert too_long(lengths, {"b.py": "a table"}) == []
    assert too_long(lengths, {"a.py": "a table", "b.py": "a table"}) == ["a.py needs no exception"]
    assert too_long(lengths, {"b.py": ""}) == ["b.py: the reason is missing"]
