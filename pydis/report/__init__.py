"""Scores on held-out images, and the report of a run: one HTML file, readable for good.

Figures and page need `pip install 'pydis[report]'`; they are imported when a report is written, so
that importing this package is light.
"""

from pathlib import Path

from pydis.report.evaluation import Evaluation, evaluate, load, score, write_evaluation
from pydis.training import Run
from pydis.training.files import write_whole

__all__ = ["Evaluation", "MissingExtra", "evaluate", "write_report"]

NEEDED = ("matplotlib", "jinja2")


class MissingExtra(ImportError):
    """A library that the report needs is not installed."""


def write_report(run: Run, evaluation: Evaluation | None = None) -> Path:
    """Write `report.html`, `evaluation.json` and `figures/` into the run folder; the page's path.

    An evaluation of the last checkpoint may be given to spare its computation. Raises RunError
    where there is no readable checkpoint, MissingExtra where a library is missing.
    """
    try:
        from pydis.report.html import figures, page
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in NEEDED:
            raise
        raise MissingExtra(
            f"the report needs {missing}, which is not installed: pip install 'pydis[report]'"
        ) from error
    trained = load(run)
    if evaluation is None or evaluation.step != trained.step:
        evaluation = score(trained)
    write_evaluation(run, evaluation)
    path = run.folder / "report.html"
    shown = figures(run, trained, evaluation)
    write_whole(path, page(run, trained, evaluation, shown).encode())
    (run.folder / "figures").mkdir(exist_ok=True)
    for name, content in (figure.file for figure in shown):
        write_whole(run.folder / "figures" / name, content)
    return path
