"""The report of adversarial runs: its scores by hand, its pictures by their codes, its page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strict_runs import registered  # noqa: F401
from test_report import Page

from pydis.backends import use
from pydis.data.images import DATA
from pydis.metrics import match, matching_error
from pydis.models import GAN, ConditionalGAN, InfoGAN
from pydis.models.gan import generate
from pydis.report import GameEvaluation, write_report
from pydis.report.evaluation import as_trained
from pydis.report.figures import GREY
from pydis.report.games import (
    COLUMNS,
    SWEEP,
    Players,
    by_value,
    categories,
    load_players,
    of_data,
    samples,
    score_game,
    sweep,
)
from pydis.report.plots import draw_curves
from pydis.training import Run, RunError, TrainConfig, make_run, stream, train

pytest.importorskip("matplotlib", reason="the report extra is not installed")
pytest.importorskip("jinja2", reason="the report extra is not installed")

MODELS = {
    "gan": GAN(),
    "conditional-gan": ConditionalGAN(),
    "infogan": InfoGAN(),
    "two-codes": InfoGAN(categories=0),
}
SCORED = 130
"""More than pass through a network at once."""


def config_of(name: str, backend: str = "numpy") -> TrainConfig[Any]:
    return TrainConfig(
        MODELS[name], steps=3, batch=8, data="digits", backend=backend, threads=1, log_every=1
    )


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    found = {}
    for name in MODELS:
        found[name] = make_run(config_of(name), tmp_path_factory.mktemp("runs") / name)
        train(found[name])
    return found


@pytest.fixture(scope="module")
def players(runs: dict[str, Run]) -> dict[str, Players]:
    return {name: load_players(run) for name, run in runs.items()}


@pytest.mark.parametrize("name", MODELS)
def test_the_page_of_each_model(name: str, runs: dict[str, Run], players: Any) -> None:
    with use("numpy"):
        evaluation = score_game(players[name], SCORED)
    path, same = write_report(runs[name], evaluation)
    assert same is evaluation
    page = Page(path.read_text("utf-8"))
    expected = ["data", "samples"]
    expected += {"conditional-gan": ["class"], "infogan": ["category"]}.get(name, [])
    expected += ["uniform_1", "uniform_2"] * (name in ("infogan", "two-codes"))
    sections = [s["id"] for s in page.all("section")]
    assert sections == ["summary", *expected, "curves", "repeat", "manifest"]
    for image in page.all("img"):
        assert (image["src"] or "").startswith("data:image/") and image["alt"]
    files = {file.stem for file in (runs[name].folder / "figures").iterdir()}
    assert files == {*expected, "curves"}
    written = json.loads((runs[name].folder / "evaluation.json").read_text())
    assert written == json.loads(evaluation.to_json()) and written["step"] == 3
    rows = dict(row for row in page.rows if len(row) == 2)
    assert rows["data"] == "digits" and rows["value"] == f"−{-evaluation.terms['value']:.3f} nats"
    assert ("L_I of category" in rows) == (name == "infogan")
    assert len(evaluation.lines()) == 1 + (evaluation.matching_error is not None)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_checkpoint_gives_the_same_scores(name: str, players: Any) -> None:
    with use("numpy"):
        assert score_game(players[name], SCORED) == score_game(players[name], SCORED)


def test_the_scores_of_infogan_by_hand(players: dict[str, Players]) -> None:
    """From logits and parameters in float64, in one batch instead of blocks for Q; and D's value
    of two batches, by a block of 125 and one of 5 as the report has them."""
    game = players["infogan"]
    model, learners, rng = game.config.model, game.learners, stream(game.config.seed, "evaluate")
    with use("numpy"):
        found = score_game(game, SCORED)
        real, labels = DATA["digits"].draw(rng, SCORED, "held-out")
        codes = model.draw_codes(rng, SCORED)
        fake, _ = generate(learners["generator"], model.inputs(model.draw(rng, SCORED), codes))
        q = model.recognise(learners, fake, generated=True)
        seen, names = DATA["digits"].draw(rng, SCORED, "train")
        named = match(categories(game, seen), names, 10)
        error = matching_error(categories(game, real), labels, named)
    log_q = q["category"].logits.astype(np.float64)
    log_q -= np.log(np.exp(log_q).sum(1, keepdims=True))
    bound = np.log(10) + (log_q * codes["category"]).sum(1).mean()
    assert abs(found.terms["information_category"] - bound) < 1e-5
    mean, log_variance = (
        a.astype(np.float64) for a in (q["uniform_2"].mean, q["uniform_2"].log_variance)
    )
    gap = (codes["uniform_2"] - mean) ** 2 / np.exp(log_variance)
    bound = np.log(2) - 0.5 * (gap + log_variance + np.log(2 * np.pi)).mean()
    assert abs(found.terms["information_uniform_2"] - bound) < 1e-5
    assert found.matching_error == error
    assert found.ceilings == {"information_category": float(np.log(10))}

    d = learners["discriminator"]

    def logits(x: Any) -> Any:
        parts = [d.network(part, d.state, training=True)[0].data for part in (x[:125], x[125:])]
        return np.concatenate(parts).astype(np.float64)

    value = np.mean(-np.log1p(np.exp(-logits(real))) - np.log1p(np.exp(logits(fake))))
    assert abs(found.terms["value"] - value) < 1e-5


def test_the_ceiling_of_a_category_is_drawn(runs: dict[str, Run], players: Any) -> None:
    """A line at H(c) = log 10 across the panel of the category, inside its axis; none elsewhere."""
    with use("numpy"):
        found = score_game(players["infogan"], SCORED)
    figure = draw_curves(runs["infogan"].metrics(), found.terms, found.ceilings, "new images")
    ceilings = {}
    for axes in figure.axes:
        grey = [line for line in axes.lines if line.get_color() == GREY]
        if grey:
            (line,) = grey
            ceilings[axes.get_title()] = (line.get_label(), *set(line.get_ydata()))
            assert axes.get_ylim()[1] > np.log(10)
        dashed = [line.get_label() for line in axes.lines if line.get_linestyle() == "--"]
        assert all(label.startswith("new images: ") for label in dashed)
    assert ceilings == {"information_category": ("H(c) = 2.303", np.log(10))}


def test_pictures_follow_their_codes(players: dict[str, Players]) -> None:
    with use("numpy"):
        assert of_data(players["gan"]).shape == samples(players["gan"]).shape == (3, COLUMNS, 8, 8)
        rows = by_value(players["infogan"], "category", 10)
        assert rows.shape == (10, COLUMNS, 8, 8)
        swept = sweep(players["infogan"], "uniform_1", 10)
        assert swept.shape == (10, len(SWEEP), 8, 8)
        game = players["infogan"]
        model, rng = game.config.model, stream(game.config.seed, "report", 2)
        z, codes = model.draw(rng, COLUMNS), model.draw_codes(rng, COLUMNS)
        codes["category"] = np.tile(np.eye(10, dtype=np.float32)[7], (COLUMNS, 1))
        seventh, _ = generate(game.learners["generator"], model.inputs(z, codes))
        np.testing.assert_allclose(rows[7], seventh[..., 0], rtol=0, atol=1e-6)

        rng = stream(game.config.seed, "report", 3)
        z, codes = model.draw(rng, 10), model.draw_codes(rng, 10)
        codes["category"] = np.eye(10, dtype=np.float32)
        for column, t in enumerate(SWEEP):
            codes["uniform_1"] = np.full((10, 1), t, np.float32)
            images, _ = generate(game.learners["generator"], model.inputs(z, codes))
            np.testing.assert_allclose(swept[:, column], images[..., 0], rtol=0, atol=1e-6)


def test_a_run_without_checkpoint_is_refused(tmp_path: Path) -> None:
    run = make_run(config_of("gan"), tmp_path / "run")
    with pytest.raises(RunError, match="no checkpoint to evaluate: none was written yet"):
        load_players(run)


@pytest.mark.parametrize("name", MODELS)
def test_scores_and_pictures_of_a_run_on_a_device(name: str, tmp_path: Path) -> None:
    """The bits of NumPy's, and no array on the wrong side of a door."""
    results: list[tuple[GameEvaluation, Any]] = []
    for backend in ("numpy", "strict"):
        run = make_run(config_of(name, backend), tmp_path / backend)
        train(run)
        with as_trained(run.config):
            game = load_players(run)
            results.append((score_game(game, 20), samples(game)))
    (scores, images), (device_scores, device_images) = results
    assert scores == device_scores
    np.testing.assert_array_equal(images, device_images, strict=True)
