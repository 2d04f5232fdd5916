"""The report: one file that needs nothing else; its numbers on planted networks of known score."""

import base64
import json
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pydis.backends import use
from pydis.data import dsprites
from pydis.metrics import activity, linear_r2
from pydis.models import VAE, BetaVAE
from pydis.nn.initialise import he_normal
from pydis.probability import Gaussian
from pydis.report import Evaluation, write_report
from pydis.report.evaluation import Trained, encode, held_out, load, mean_terms, score
from pydis.report.pictures import (
    COLUMNS,
    GRID,
    SAMPLES,
    STEPS,
    position_maps,
    reconstructions,
    samples,
    shown_factors,
    traversals,
)
from pydis.training import Run, RunError, TrainConfig, make_run, open_run, stream, train

pytest.importorskip("matplotlib", reason="the report extra is not installed")
pytest.importorskip("jinja2", reason="the report extra is not installed")

HOSTILE = """<script>alert(1)<&"'`${{7*7}}"""
VOID = {"meta", "img", "link", "br", "hr", "input"}


@pytest.fixture(scope="module", autouse=True)
def lively_first_weights() -> Iterator[None]:
    """First weights that keep the size of signals: codes differ from the start, terms are large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pydis.models.autoencoder.heuristic_uniform", he_normal)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = TrainConfig(
        BetaVAE(latents=3, beta=2.0), steps=3, batch=4, backend="numpy", threads=1, log_every=1
    )
    made = make_run(config, tmp_path_factory.mktemp("runs") / HOSTILE)
    train(made)
    return made


@pytest.fixture(scope="module")
def trained(run: Run) -> Trained:
    return load(run)


@pytest.fixture(scope="module")
def evaluation(trained: Trained) -> Evaluation:
    with use("numpy"):
        return score(trained, fitted=60, scored=70)


@pytest.fixture(scope="module")
def written(run: Run, evaluation: Evaluation) -> str:
    """The page of a run with one latent declared inactive."""
    first, *others = evaluation.latents
    planted = replace(evaluation, latents=(replace(first, active=False), *others))
    with use("numpy"):
        return write_report(run, planted)[0].read_text("utf-8")


class Page(HTMLParser):
    """The elements of a page with their attributes, its texts by element, and its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        self.texts.append((inside, data))
        if inside in ("td", "th"):
            self.rows[-1][-1] += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(scope="module")
def page(written: str) -> Page:
    return Page(written)


# The page


def test_the_page_asks_for_nothing_outside_itself(page: Page, written: str) -> None:
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    links = [
        (name, value or "")
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action", "poster", "background")
    ]
    assert len(links) > 10
    for name, value in links:
        if value.startswith("#"):
            assert value[1:] in targets
        else:
            assert name == "src"
            assert value.startswith("data:image/")
    assert not {"script", "link", "iframe", "object", "embed", "base"} & {
        t for t, _ in page.elements
    }
    assert not [n for _, attributes in page.elements for n in attributes if n.startswith("on")]
    styles = "".join(text for inside, text in page.texts if inside == "style")
    assert styles
    assert "url(" not in styles
    assert "@import" not in styles
    assert "default-src 'none'" in written


def test_the_page_is_whole_and_says_its_language(page: Page, written: str) -> None:
    assert written.startswith("<!doctype html>")
    assert page.open == []
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    for attributes in page.all("section"):
        assert {"id": attributes["aria-labelledby"]} in page.all("h2")
    assert {a.get("scope") for a in page.all("th")} == {"row", "col"}


def decoded_images(page: Page) -> dict[str, tuple[str, bytes]]:
    """The images by the section they stand in: media type and bytes."""
    found, section = {}, ""
    for tag, attributes in page.elements:
        section = attributes["id"] or "" if tag == "section" else section
        if tag == "img":
            head, content = (attributes["src"] or "").split(",")
            kind = head.removeprefix("data:").removesuffix(";base64")
            found[section] = kind, base64.b64decode(content, validate=True)
    return found


def test_every_image_decodes_and_has_words_for_it(page: Page) -> None:
    from PIL import Image

    images = decoded_images(page)
    assert list(images) == ["reconstructions", "traversals", "samples", "rates", "maps", "curves"]
    for name, (kind, content) in images.items():
        if kind == "image/png":
            with Image.open(BytesIO(content)) as image:
                assert image.width == 1920
                assert np.ptp(np.asarray(image)) == 255
        else:
            assert kind == "image/svg+xml"
            assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg", name
    for attributes in page.all("img"):
        assert len(attributes["alt"] or "") > 40
    assert len(page.all("figcaption")) == len(page.all("figure")) == len(images)


def test_a_hostile_name_is_text(page: Page, written: str) -> None:
    assert ("h1", HOSTILE) in page.texts
    assert "<script" not in written.lower()
    assert str(Path.cwd()) not in written


def test_hostile_values_of_a_manifest_are_text(
    run: Run, trained: Trained, evaluation: Evaluation, tmp_path: Path
) -> None:
    from pydis.report import html

    folder = tmp_path / "run"
    folder.mkdir()
    about = {"<b>": {"a_b": [HOSTILE, 1]}, "numpy": None}
    (folder / "manifest.json").write_text(json.dumps(about))
    assert html.manifest(Run(folder, run.config)) == [
        ("<b>: a b", f"{HOSTILE}, 1"),
        ("numpy", "None"),
    ]
    records = [{"step": s, r"$\frac{": 1.0, "<svg onload=x>": -2.0} for s in (1, 2)]
    (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, records)))
    hostile = Run(folder, run.config)
    text = html.page(hostile, trained, evaluation, html.figures(hostile, trained, evaluation))
    assert ["<b>: a b", f"{HOSTILE}, 1"] in Page(text).rows
    assert "<svg" not in text


@pytest.mark.parametrize("content", [None, "", "[1]", "{"])
def test_an_unreadable_manifest_is_said(
    run: Run, trained: Trained, evaluation: Evaluation, tmp_path: Path, content: str | None
) -> None:
    from pydis.report import html

    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    assert html.manifest(Run(tmp_path, run.config)) == []


def test_the_table_and_the_record_agree(run: Run, page: Page) -> None:
    record = json.loads((run.folder / "evaluation.json").read_text("utf-8"))
    table = {row[0]: row[1:] for row in page.rows}

    def shown(value: float, digits: int) -> str:
        return f"{value:.{digits}f}".replace("-", "−")

    assert table["model"] == ["beta-vae"]
    assert table["beta"] == ["2.0"]
    assert table["steps"] == ["3 of 3"]
    assert record["step"] == 3
    for name in ("x", "y"):
        before = shown(record["r2_untrained"][name], 3)
        said = f"{shown(record['r2'][name], 3)} (untrained {before})"
        assert table[f"linear R² of {name}"] == [said]
    for name, value in record["terms"].items():
        assert table[name] == [f"{shown(value, 2)} nats an image"]
    for latent in record["latents"]:
        rate, spread, active, *_ = table[f"z{latent['number']}"]
        assert rate == shown(latent["rate"], 3)
        assert spread == shown(latent["activity"], 3)
        assert active == ("yes" if latent["active"] else "no")
    assert table["z0"][2] == "no"
    active = sum(latent["active"] for latent in record["latents"])
    assert table["active latents"] == [f"{active} of 3"]


def test_the_command_on_the_page_repeats_the_run(page: Page, run: Run, tmp_path: Path) -> None:
    from pydis.cli import main

    text = next(text for inside, text in page.texts if inside == "code")
    assert max(map(len, text.splitlines())) < 100
    words = shlex.split(text.replace("\\\n", " "))  # as a shell joins lines
    assert words[:3] == ["pydis", "train", "beta-vae"]
    assert main([*words[1:], "--out", str(tmp_path / "again")]) == 0
    again = open_run(tmp_path / "again")
    assert again.config == run.config
    assert again.metrics() == run.metrics()


def test_the_same_checkpoint_gives_the_same_page(
    run: Run, trained: Trained, evaluation: Evaluation
) -> None:
    import matplotlib

    from pydis.report import html

    with matplotlib.rc_context({"font.size": 30, "axes.grid": True}), use("numpy"):
        first = html.page(run, trained, evaluation, html.figures(run, trained, evaluation))
        assert matplotlib.rcParams["font.size"] == 30
    with use("numpy"):
        again = html.figures(run, trained, evaluation)
        assert html.page(run, trained, evaluation, again) == first


def test_every_figure_of_the_page_is_a_file_too(run: Run, page: Page) -> None:
    on_page = {image["src"] for image in page.all("img")}
    files = sorted((run.folder / "figures").iterdir())
    kinds = {".png": "png", ".svg": "svg+xml"}
    written = {
        f"data:image/{kinds[f.suffix]};base64,{base64.b64encode(f.read_bytes()).decode()}"
        for f in files
    }
    assert written == on_page
    assert "traversals.png" in [f.name for f in files]


def test_a_run_without_checkpoint_is_refused(run: Run, tmp_path: Path) -> None:
    fresh = make_run(run.config, tmp_path / "fresh")
    with pytest.raises(RunError, match="none was written yet"):
        write_report(fresh)
    (fresh.checkpoints / "step-00000001.safetensors").write_bytes(b"rubbish")
    with pytest.raises(RunError, match="not a readable pydis checkpoint"):
        write_report(fresh)
    assert not (fresh.folder / "report.html").exists()


@pytest.mark.parametrize("library", ["matplotlib", "jinja2"])
def test_a_missing_library_is_named_and_the_import_is_light(library: str) -> None:
    code = f"""
import sys
import pydis.report
assert not {{"matplotlib", "jinja2"}} & set(sys.modules)
sys.modules[{library!r}] = None
try:
    pydis.report.write_report(None)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert library in done.stdout
    assert "pip install 'pydis[report]'" in done.stdout


# The scores


@dataclass
class Planted:
    """A network that encodes the centre of the shape, μ = (x, y, 0, …), and decodes z itself."""

    latents: int = 4
    noise: np.random.Generator | None = None

    def encode(self, x: Any) -> Gaussian:
        mean = np.zeros((len(x), self.latents), np.float32)
        if self.noise is None:
            across = np.arange(64) / 32 - 1
            mass = x[..., 0] / x.sum(axis=(1, 2, 3))[:, None, None]
            mean[:, 0], mean[:, 1] = mass.sum(axis=1) @ across, mass.sum(axis=2) @ across
        else:
            mean[:, :2] = self.noise.normal(size=(len(x), 2))
        return Gaussian(mean, np.zeros_like(mean))

    def decode(self, z: Any) -> Any:
        x = np.zeros((len(z), 64, 64, 1), np.float32)
        x[:, 0, : self.latents, 0] = z
        return x


def planted(**options: Any) -> Trained:
    config = TrainConfig(VAE(latents=4), steps=1, backend="numpy", threads=1)
    network: Any = Planted(**options)
    return Trained(config, network, 1)


def test_an_encoder_of_positions_scores_one() -> None:
    with use("numpy"):
        e = score(planted(), fitted=300, scored=300)
    assert 0.995 < e.r2["x"] <= 1
    assert 0.995 < e.r2["y"] <= 1
    zero, one, *rest = e.latents
    assert zero.r2["x"] > 0.99
    assert abs(zero.r2["y"]) < 0.05
    assert one.r2["y"] > 0.99
    assert abs(one.r2["x"]) < 0.05
    assert zero.active
    assert one.active
    assert e.active == 2
    for latent in rest:
        assert latent.rate == 0
        assert latent.activity == 0
        assert not latent.active
        assert latent.r2["x"] <= 0
        assert latent.r2["y"] <= 0
    assert {latent.number for latent in e.by_rate()[:2]} == {0, 1}
    # At variance 1 the rate is half the mean square of the means.
    assert zero.rate == pytest.approx(zero.activity / 2, rel=0.05)
    assert e.terms["rate"] == pytest.approx(zero.rate + one.rate, rel=1e-5)


def test_an_encoder_of_noise_scores_zero() -> None:
    with use("numpy"):
        e = score(planted(noise=np.random.default_rng(0)), fitted=500, scored=500)
    assert abs(e.r2["x"]) < 0.05
    assert abs(e.r2["y"]) < 0.05
    assert e.active == 2


def test_the_inactive_latents_come_last_whatever_their_rate(evaluation: Evaluation) -> None:
    first, *others = evaluation.latents
    loud = replace(first, rate=99.0, active=False)
    order = replace(evaluation, latents=(loud, *others)).by_rate()
    assert order[-1] == loud
    assert order[0].rate >= order[1].rate
    assert evaluation.activity == tuple(latent.activity for latent in evaluation.latents)


def test_evaluation_is_deterministic_and_written_whole(run: Run, tmp_path: Path) -> None:
    copied = shutil.copytree(run.folder, tmp_path / "copy")
    _, first = write_report(open_run(copied))
    with use("definition"):  # the run's own backend scores it, whatever else is chosen
        _, second = write_report(open_run(copied))
    assert first == second
    text = (copied / "evaluation.json").read_text("utf-8")
    assert text == first.to_json()
    record = json.loads(text)
    assert record["fitted"] == record["scored"] == 2000
    assert len(record["latents"]) == 3
    assert record["r2_untrained"] != record["r2"]


def test_the_terms_are_those_of_the_model(trained: Trained, evaluation: Evaluation) -> None:
    terms = evaluation.terms
    assert list(terms) == ["loss", "reconstruction", "rate", "elbo"]
    total = terms["reconstruction"] + terms["rate"]
    assert terms["elbo"] == pytest.approx(-total, rel=1e-6)
    assert terms["loss"] == pytest.approx(total + terms["rate"], rel=1e-6)  # beta is 2
    assert terms["rate"] == pytest.approx(sum(a.rate for a in evaluation.latents), rel=1e-5)

    factors = held_out(stream(1, "evaluate"), 130)  # more than one block, the last one smaller
    with use("numpy"):
        blocks = mean_terms(trained, factors, np.random.default_rng(1))
        x = dsprites.render(factors).astype(np.float32)
        at_once = trained.config.model.terms(trained.network, x, np.random.default_rng(1))
    for name in ("reconstruction", "rate"):
        assert blocks[name] == pytest.approx(float(getattr(at_once, name).mean()), rel=1e-5)


def test_the_fit_never_sees_the_images_that_are_scored(
    trained: Trained, evaluation: Evaluation
) -> None:
    factors = held_out(stream(0, "evaluate"), 130)
    with use("numpy"):
        q = encode(trained.network, factors)
    positions: Any = factors[:, 3:]
    r2 = linear_r2(q.mean[:60], positions[:60], q.mean[60:], positions[60:])
    assert list(evaluation.r2.values()) == pytest.approx(r2.tolist())
    assert evaluation.activity == pytest.approx(activity(q.mean[60:]).tolist())


def test_the_images_scored_are_held_out_and_distinct() -> None:
    factors = held_out(stream(0, "evaluate"), 4000)
    index = dsprites.index_of(factors)
    assert len(set(index.tolist())) == 4000
    assert dsprites.is_held_out(index).all()
    assert dsprites.is_held_out(dsprites.index_of(shown_factors(planted()))).all()
    assert len(np.unique(dsprites.render(factors[:400]), axis=0)) > 395
    with pytest.raises(ValueError, match="distinct images asked for"):
        held_out(stream(0, "evaluate"), 32_059)


# The pictures


def test_pictures_have_a_row_for_each_latent(trained: Trained, evaluation: Evaluation) -> None:
    factors = shown_factors(trained)
    with use("numpy"):
        rows = reconstructions(trained, factors)
        t = traversals(trained, evaluation, factors[:1])
        drawn = samples(trained)
    assert rows.shape == (2, COLUMNS, 64, 64)
    np.testing.assert_array_equal(rows[0], dsprites.render(factors)[..., 0])
    np.testing.assert_array_equal(t.image, rows[0, 0])
    np.testing.assert_allclose(t.reconstruction, rows[1, 0], atol=1e-6)
    assert t.rows.shape == (3, len(STEPS), 64, 64)
    assert t.own.shape == (3,)
    assert drawn.shape == (*SAMPLES, 64, 64)
    for shown in (rows, t.rows, drawn):
        assert shown.min() >= 0
        assert shown.max() <= 1


def test_a_traversal_moves_one_coordinate_and_leaves_the_others() -> None:
    network = planted()
    with use("numpy"):
        e = score(network, fitted=50, scored=50)
        turned = tuple(replace(a, active=True, rate=float(a.number % 3)) for a in e.latents)
        e = replace(e, latents=turned)
        factors = shown_factors(network)[:1]
        own = encode(network.network, factors).mean[0]
        t = traversals(network, e, factors)
    order = [2, 1, 0, 3]
    assert [latent.number for latent in e.by_rate()] == order
    codes = np.log(t.rows / (1 - t.rows))[:, :, 0, :4]  # the planted decoder shows z as logits
    for row, number in enumerate(order):
        np.testing.assert_allclose(codes[row, :, number], STEPS, atol=1e-5)
        others = [k for k in range(4) if k != number]
        np.testing.assert_allclose(
            codes[row][:, others], own[others][None].repeat(11, 0), atol=1e-5
        )
    np.testing.assert_array_equal(t.own, own[order])


def test_the_maps_of_a_planted_encoder_are_stripes() -> None:
    with use("numpy"):
        maps = position_maps(planted())
    assert maps.shape == (4, len(GRID), len(GRID))
    x, y, *rest = maps
    # Rasterising and the heart's own centre move the mean by well under a position.
    assert np.ptp(x, axis=0).max() < 0.02
    assert (np.diff(x, axis=1) > 0).all()
    assert np.ptp(y, axis=1).max() < 0.02
    assert (np.diff(y, axis=0) > 0).all()
    assert not np.any(rest)


def test_figures_have_the_rows_and_marks_that_they_state(
    trained: Trained, evaluation: Evaluation
) -> None:
    from pydis.report import figures, plots

    factors = shown_factors(trained)[:1]
    first, *others = evaluation.latents
    e = replace(evaluation, latents=(replace(first, active=False), *others))
    with use("numpy"), figures.style():
        t = traversals(trained, e, factors)
        grid = figures.draw_traversals(t, e).axes[-1]
        bars: Any = plots.draw_rates(e).axes[0]
        maps = plots.draw_maps(np.ones((3, 16, 16)), e)
    labels = [label.get_text() for label in grid.get_yticklabels()]
    assert labels == [f"z{a.number}   {a.rate:.2f} nats" for a in e.by_rate()]
    assert labels[-1].startswith("z0 ")
    assert [label.get_color() for label in grid.get_yticklabels()] == [
        *[figures.INK] * 2,
        figures.GREY,
    ]
    shown = np.asarray(grid.images[0].get_array())
    assert shown.shape == (3 * 68, len(STEPS) * 68)
    assert shown[-68:].min() >= 0.75  # the inactive row is faded
    assert [bar.get_width() for bar in bars.patches] == [a.rate for a in e.by_rate()]
    assert len(maps.axes) == 2 + 1  # a map for each active latent, and the colours


@pytest.mark.parametrize("latents", [1, 4, 23])
def test_figures_hold_any_number_of_latents(evaluation: Evaluation, latents: int) -> None:
    from pydis.report import figures, plots

    one = replace(evaluation.latents[0], active=True)
    e = replace(evaluation, latents=tuple(replace(one, number=i) for i in range(latents)))
    with figures.style():
        for figure in (plots.draw_rates(e), plots.draw_maps(np.zeros((latents, 16, 16)), e)):
            assert figures.plot_uri(figure).startswith("data:image/svg+xml;base64,")


def test_numbers_have_true_minus_signs_and_no_negative_zero() -> None:
    from pydis.report.figures import signed

    assert [signed(v, 2) for v in (-0.001, 0.0, -1.5, 2.0)] == ["0.00", "0.00", "−1.50", "2.00"]


def test_thinned_curves_are_means_of_neighbours() -> None:
    from pydis.report.plots import thin

    assert thin([1.0, 2.0, 3.0]).tolist() == [1.0, 2.0, 3.0]
    assert thin([1.0, 3.0, 5.0, 7.0, 9.0], most=3).tolist() == [2.0, 6.0, 9.0]
    assert len(thin(list(range(1001)), most=300)) <= 300
