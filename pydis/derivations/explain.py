"""A derivation line by line on a terminal: formula, reason, value on two inputs, residual."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pydis.derivations.derivation import TOLERANCES, Case, Derivation, Line, UndefinedLine
from pydis.derivations.unicode import unicode
from pydis.derivations.verify import cases, evaluate

RELATION = {"==": "=", ">=": "≥", "<=": "≤", "iff": "⇔", None: " "}


WIDEST, TALLEST = 21, 3
"""Characters that a value may take in its column, and rows of a matrix."""


def two_cases(d: Derivation, seed: int) -> dict[str, Case]:
    """The first golden input, or else the first given one of full size; and a random one of it."""
    found = list(cases(d, seed))
    given = found[: len(d.golden) + len(d.inputs.structured)]
    drawn = found[len(given) :]
    known = given[: len(d.golden)] or _full(given) or given
    return dict(known[:1] + (_full(drawn) or drawn)[:1])


def _full(found: list[tuple[str, Case]]) -> list[tuple[str, Case]]:
    """Those inputs of which no table has but one entry along an axis."""
    return [
        (n, case)
        for n, case in found
        if all(min(np.shape(x), default=2) > 1 for x in case.values())
    ]


def explain(d: Derivation, seed: int = 0) -> RenderableType:
    """Title, inputs, and a row for each line."""
    shown = two_cases(d, seed)
    outcomes = {name: {o.line.label: o for o in evaluate(d, case)} for name, case in shown.items()}
    lines = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    lines.add_column("", style="dim", no_wrap=True)
    lines.add_column("", no_wrap=True)
    lines.add_column("line", ratio=1)
    for name in shown:
        lines.add_column(name, justify="right", overflow="fold", max_width=WIDEST)
    lines.add_column("residual", justify="right", no_wrap=True)
    for line in d.lines:
        found = [outcomes[name].get(line.label) for name in shown]
        values = [
            short(o.value) if o else _absent(line, case)
            for o, case in zip(found, shown.values(), strict=True)
        ]
        residuals = [o.residual for o in found if o]
        worst = f"{max(residuals):.1e}" if residuals and line.relation is not None else ""
        style = "" if all(o.passed for o in found if o) else "red"
        relation = RELATION.get(line.relation, line.relation or "")
        lines.add_row(line.label, relation, _formula(line), *values, Text(worst, style))
    return Group(_head(d), *_inputs(shown), Text(), lines)


def _head(d: Derivation) -> Text:
    where = "beyond the paper" if d.section == "beyond" else f"§{d.section}"
    items = f", {ranges(d.items)}" if d.items else ""
    head = Text.assemble((d.id, "bold"), f"  {where}{items}\n{d.title}")
    if d.conditions:
        head.append(f"\nconditions: {d.conditions}", "italic")
    head.append(f"\ntolerance {TOLERANCES[d.tolerance]:g}; inputs: {d.inputs.name}", "dim")
    return head


def _inputs(shown: dict[str, Case]) -> list[Text]:
    return [
        Text(f"{name}: " + "; ".join(f"{key} = {number(x)}" for key, x in case.items()), "dim")
        for name, case in shown.items()
    ]


def _formula(line: Line) -> RenderableType:
    """The formula, and below it the reason."""
    formula = Text(unicode(line.latex))
    return (
        Group(formula, Padding(Text(_reason(line.by), "dim"), (0, 0, 0, 3))) if line.by else formula
    )


def _reason(by: str) -> str:
    """Reasons are words, with LaTeX in some."""
    return unicode(by) if "\\" in by else by


def ranges(items: Sequence[str]) -> str:
    """D23, D24, D25, D39 as D23–D25, D39."""
    runs: list[list[str]] = []
    for item in items:
        if runs and int(item[1:]) == int(runs[-1][-1][1:]) + 1:
            runs[-1].append(item)
        else:
            runs.append([item])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def short(value: Any) -> str:
    """A value; a small matrix by its rows; its shape where it is too wide for a column."""
    text = number(value)
    if len(text) <= WIDEST:
        return text
    if np.ndim(value) == 2 and len(value) <= TALLEST:
        rows = [number(row) for row in np.asarray(value)]
        if max(map(len, rows)) <= WIDEST:
            return "\n".join(rows)
    return "×".join(map(str, np.shape(value))) + " numbers"


def _absent(line: Line, case: Case) -> str:
    if line.when is not None and not line.when(**case):
        return "–"
    try:
        line.value(**case)
    except UndefinedLine:
        return "∞ − ∞"
    return "–"


def number(value: Any) -> str:
    """A value in a few characters: truth values as words, arrays on one line."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, str | int):
        return str(value)
    if callable(value):
        return str(getattr(value, "__name__", "a function"))
    array = np.asarray(value)
    if array.dtype == object or (array.ndim and array.dtype.kind not in "fiub"):
        return str(value)
    if array.ndim == 0:
        return f"{float(array) + 0.0:.9g}".replace("inf", "∞").replace("-", "−")
    with np.printoptions(precision=4, threshold=24, edgeitems=2, floatmode="maxprec"):
        return (
            " ".join(str(array + 0).split())
            .replace("[ ", "[")
            .replace("inf", "∞")
            .replace("-", "−")
        )
