"""InfoGAN as `pydis train` runs it, small: on 8×8 digits its category tells nearly all it can."""

import math
from pathlib import Path

import pytest

from pydis.backends import current
from pydis.data.images import DATA
from pydis.models import InfoGAN
from pydis.models.gan import generate
from pydis.report.evaluation import as_trained
from pydis.report.games import GameEvaluation, load_players, score_game
from pydis.training import TrainConfig, make_run, stream, train

pytest.importorskip("sklearn", reason="scikit-learn is not installed")


def trained(model: InfoGAN, steps: int, folder: Path) -> GameEvaluation:
    """The scores on 2,000 held-out and as many generated images, after so many steps."""
    config = TrainConfig(model, steps=steps, data="digits", backend=current().name)
    run = make_run(config, folder)
    train(run)
    with as_trained(config):
        return score_game(load_players(run))


def test_a_small_infogan_tells_its_category(tmp_path: Path) -> None:
    """300 updates of 64 images: L_I of at least 2.1 of log 10 = 2.303 nats, 2.16 to 2.19 for
    seeds 0 to 2. The categories are digits: naming them by a class fails for fewer than 45 in 100
    of what training never saw, 26 to 30 for those seeds, where chance fails for 90."""
    found = trained(InfoGAN(), 300, tmp_path / "run")
    bound = found.terms["information_category"]
    assert 2.1 < bound < found.ceilings["information_category"] == math.log(10)
    assert found.matching_error is not None and found.matching_error < 0.45


def test_without_a_weight_the_category_tells_little(tmp_path: Path) -> None:
    """The baseline of figure 1: an eager Q finds next to nothing in a plain GAN: 0.03, −0.04
    and 0.04 nats for seeds 0 to 2."""
    found = trained(InfoGAN(category_weight=0.0, uniform_weight=0.0), 150, tmp_path / "run")
    assert found.terms["information_category"] < 0.3


def test_q_reads_generated_images_by_their_own_statistics() -> None:
    """After 100 updates those of data cost its bound more than half a nat: 0.85 against 1.76 for
    seed 0, while the discriminator can still tell data from generated images."""
    model, rng = InfoGAN(), stream(0, "evaluate")
    players = model.start(stream(0, "initialise"), side=8)
    for step in range(1, 101):
        x, _ = DATA["digits"].draw(stream(0, "data", step), 64, "train")
        players, _ = model.update(players, current().asarray(x), stream(0, "latent", step))
    codes = model.draw_codes(rng, 500)
    x, _ = generate(players["generator"], model.inputs(model.draw(rng, 500), codes))
    own, of_data = (
        float(model.bounds(model.recognise(players, x, generated=g), codes)["category"].mean())
        for g in (True, False)
    )
    assert own > of_data + 0.5
