"""Scores on held-out images, and the report of a run: one HTML file, readable for good.

Figures and page need `pip install 'pydis[report]'`; they are imported when a report is written, so
that importing this package is light.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydis.backends.interrupts import ctrl_c_waits
from pydis.models import GAN
from pydis.report.evaluation import Evaluation, as_trained, load, score
from pydis.report.games import GameEvaluation, load_players, score_game
from pydis.training import Run
from pydis.training.files import write_whole

__all__ = ["Evaluation", "GameEvaluation", "MissingExtra", "require_extra", "write_report"]

NEEDED = ("matplotlib", "jinja2")


class MissingExtra(ImportError):
    """A library that the report needs is not installed."""


def require_extra() -> None:
    """Raise MissingExtra, saying how to install it, where a library of the report is missing."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"the report needs {' and '.join(missing)}, not installed: pip install 'pydis[report]'"
        )


def write_report(
    run: Run, evaluation: Evaluation | GameEvaluation | None = None
) -> tuple[Path, Evaluation | GameEvaluation]:
    """Score the last checkpoint and write `report.html`, `evaluation.json` and `figures/`.

    Returns the page's path and the evaluation; one may be given to spare its computation. Raises
    RunError where there is no readable checkpoint, MissingExtra where a library is missing.
    """
    require_extra()
    with as_trained(run.config):
        evaluation, shown, text = _made(run, evaluation)
    write_whole(run.folder / "evaluation.json", evaluation.to_json().encode())
    path = run.folder / "report.html"
    write_whole(path, text.encode())
    (run.folder / "figures").mkdir(exist_ok=True)
    for name, content in (figure.file for figure in shown):
        write_whole(run.folder / "figures" / name, content)
    return path, evaluation


def _made(run: Run, evaluation: Any) -> tuple[Any, list[Any], str]:
    """The evaluation of an autoencoder or of adversarial players, the figures, and the page."""
    if isinstance(run.config.model, GAN):
        with ctrl_c_waits():
            from pydis.report.games_page import game_figures, game_page

        players = load_players(run)
        evaluation = evaluation or score_game(players)
        shown = game_figures(run, players, evaluation)
        return evaluation, shown, game_page(run, players, evaluation, shown)
    with ctrl_c_waits():
        from pydis.report.html import figures, page

    trained = load(run)
    evaluation = evaluation or score(trained)
    shown = figures(run, trained, evaluation)
    return evaluation, shown, page(run, trained, evaluation, shown)
