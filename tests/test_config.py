"""One record is the command line, the file and the run: each gives back the same configuration."""

import shlex
import shutil
import sys
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path

import pytest
from command_line import QUICK, run
from hypothesis import given
from hypothesis import strategies as st

from pydis.backends import available
from pydis.backends.threads import default_threads
from pydis.models import GAN, MODELS, VAE, BetaVAE, ConditionalGAN, InfoGAN
from pydis.report.html import command
from pydis.training import ConfigError, TrainConfig
from pydis.training.config import from_toml, read_config, to_toml

rates = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
hyper = {
    "latents": st.integers(1, 4096),
    "likelihood": st.sampled_from(["bernoulli", "gaussian"]),
    "learning_rate": rates,
}
weights = st.floats(min_value=0, allow_infinity=False)
beta = {"beta": weights}
shares = st.floats(min_value=0, max_value=1, exclude_max=True)
game = {
    "noise": st.integers(1, 4096),
    "generator_loss": st.sampled_from(["non-saturating", "saturating"]),
    "discriminator_rate": rates,
    "generator_rate": rates,
    "beta1": shares,
    "slope": shares,
}
classes = {"classes": st.just(10)}
codes = {
    "categories": st.sampled_from([0, 2, 10]),
    "uniform_codes": st.integers(1, 9),
    "category_weight": weights,
    "uniform_weight": weights,
}
models = st.one_of(
    st.builds(VAE, **hyper),
    st.builds(BetaVAE, **hyper, **beta),
    st.builds(GAN, **game),
    st.builds(ConditionalGAN, **game, **classes),
    st.builds(InfoGAN, **game, **codes),
)
positive = st.integers(1, 2**70)
configs = models.flatmap(
    lambda model: st.builds(
        TrainConfig,
        model=st.just(model),
        steps=st.integers(1, 99_999_999),
        seed=st.integers(0, 2**64 - 1),
        batch=st.integers(2, 737_280),
        data=st.sampled_from(model.DATA),
        backend=st.sampled_from(list(available())),
        threads=st.integers(1, 1024),
        checkpoint_every=positive,
        log_every=positive,
    )
)


def options(config: TrainConfig) -> list[str]:
    """The arguments that the report shows for repeating a run, without `pydis`."""
    return shlex.split(command(config).replace("\\\n", " "))[1:]


@given(configs)
def test_a_configuration_comes_back_from_its_file(config: TrainConfig):
    assert from_toml(to_toml(config)) == config


@given(configs)
def test_a_configuration_comes_back_from_the_command_line(config: TrainConfig):
    done = run(*options(config), "--print-config")
    assert (done.status, done.err) == (0, "")
    assert done.out == to_toml(config)
    assert from_toml(done.out) == config


def test_the_strategy_draws_every_field():
    """A field that is never drawn would come back only because it was never lost."""
    every = {**hyper, **beta, **game, **classes, **codes}
    assert set(every) == {f.name for kind in MODELS.values() for f in fields(kind)}
    lost = to_toml(TrainConfig(BetaVAE(beta=2.0), seed=3, backend="numpy"))
    assert from_toml(lost.replace("beta = 2.0\n", "")).model.beta != 2.0
    assert from_toml(lost.replace("seed = 3\n", "")).seed != 3


@given(configs, st.sampled_from(["", "[run]\n", "[model]\n"]))
def test_an_unknown_key_is_an_error(config: TrainConfig, table: str):
    text = to_toml(config)
    assert table in text
    with pytest.raises(ConfigError, match="unknown key 'colour': expected one of"):
        from_toml(text.replace(table, f"{table}colour = 1\n", 1))


def test_every_default_is_read_back():
    for name, kind in MODELS.items():
        config = TrainConfig(kind())
        assert config.model_name == name
        assert from_toml(to_toml(config)) == config
    assert from_toml('format_version = 1\n[model]\nname = "vae"\n') == TrainConfig(VAE())


def test_what_is_declared_a_float_may_be_whole():
    assert TrainConfig(BetaVAE(beta=4), backend="numpy") == from_toml(
        to_toml(TrainConfig(BetaVAE(beta=4.0), backend="numpy"))
    )


def test_a_model_must_be_one_that_can_be_named():
    class Mine(VAE):
        pass

    with pytest.raises(ConfigError, match=r"model: expected one of vae, .*, received .*Mine"):
        TrainConfig(Mine())


def test_printing_makes_no_folder(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("train", "vae", "--out", "run", "--print-config", *QUICK)
    assert done.status == 0 and list(tmp_path.iterdir()) == []
    Path("c.toml").write_text(done.out)
    assert run("train", "--config", "c.toml", "--print-config") == done
    assert [path.name for path in tmp_path.iterdir()] == ["c.toml"]
    assert read_config(Path("c.toml")).model == VAE(latents=2)


def result(folder: Path) -> str:
    """The hash of what a run came to: its last checkpoint and its logged terms."""
    last = sorted((folder / "checkpoints").iterdir())[-1]
    return sha256(last.read_bytes() + (folder / "metrics.jsonl").read_bytes()).hexdigest()


def test_a_run_from_a_saved_configuration_gives_the_same_result(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("train", "beta-vae", "--seed", "7", "--out", "a", *QUICK).status == 0
    assert run("train", "--config", "a/config.toml", "--out", "b").status == 0
    assert result(Path("a")) == result(Path("b"))
    assert Path("a/config.toml").read_bytes() == Path("b/config.toml").read_bytes()
    other = replace(read_config(Path("a/config.toml")), seed=8)
    Path("c.toml").write_text(to_toml(other))
    assert run("train", "--config=c.toml").status == 0
    assert result(Path("runs/beta-vae-seed8")) != result(Path("a"))


def test_threads_by_default_are_those_that_suit_the_backend():
    """Also where another backend is the current one: BLAS gains little from a second thread."""
    for backend in ("numpy", "definition"):
        assert TrainConfig(VAE(), backend=backend).threads == default_threads(backend) == 1
    assert TrainConfig(VAE(), backend="cpp").threads == default_threads("cpp")
    assert "threads = 1" in to_toml(TrainConfig(VAE(), backend="numpy"))


def test_usual_data_are_the_first_that_are_here(tmp_path: Path, monkeypatch):
    """MNIST if its files are, else the digits that need none; and what was chosen is written."""
    monkeypatch.setenv("PYDIS_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert TrainConfig(VAE()).data == "dsprites"
    assert TrainConfig(InfoGAN()).data == TrainConfig(ConditionalGAN()).data == "digits"
    (tmp_path / "mnist").mkdir()
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        (tmp_path / "mnist" / name).touch()
    assert TrainConfig(InfoGAN()).data == "mnist" and TrainConfig(VAE()).data == "dsprites"
    assert 'data = "mnist"' in to_toml(TrainConfig(InfoGAN()))
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert TrainConfig(InfoGAN(), data="usual").data == "mnist"
    shutil.rmtree(tmp_path / "mnist")
    assert TrainConfig(GAN()).data == "dsprites"  # which are rendered
    assert TrainConfig(ConditionalGAN()).data == "mnist"  # and `make_run` says how to get them
