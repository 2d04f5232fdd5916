"""Randomness by counting, files written whole, checkpoints, configurations."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pydis.models import VAE, BetaVAE
from pydis.training import CheckpointError, ConfigError, TrainConfig, load_checkpoint, stream
from pydis.training.checkpoint import checksum, restore, save_checkpoint
from pydis.training.config import from_toml, to_toml
from pydis.training.files import write_whole
from pydis.training.randomness import PURPOSES

LEARNERS = VAE(latents=2).start(stream(0, "initialise"))


def draws(seed: int, purpose: str, step: int) -> list[int]:
    return stream(seed, purpose, step).integers(2**63, size=64).tolist()


def test_a_stream_is_a_function_of_seed_purpose_and_step():
    keys = [(s, p, n) for s in (0, 1, 2**64 - 1) for p in PURPOSES for n in (0, 1, 2**64 - 1)]
    seen = {key: tuple(draws(*key)) for key in keys}
    assert seen == {key: tuple(draws(*key)) for key in reversed(keys)}
    assert len({number for row in seen.values() for number in row}) == 64 * len(keys)


def test_streams_of_neighbouring_steps_never_overlap():
    """The step is the highest word of a 256-bit counter: a million draws do not reach the next."""
    first = stream(0, "data", 1).bit_generator.random_raw(1_000_000)
    assert not np.isin(draws(0, "data", 2), first).any()


def test_known_draws_of_the_streams():
    """Golden values: another NumPy or another key would silently change every run."""
    assert stream(7, "latent", 3).integers(1000, size=5).tolist() == [122, 144, 516, 402, 701]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, "lunch"), "expected one of initialise"),
        ((-1, "data"), "seed: expected 0"),
        ((0, "data", 2**64), "step: expected 0"),
    ],
)
def test_bad_streams(arguments, message):
    with pytest.raises(ValueError, match=message):
        stream(*arguments)


def test_write_whole_leaves_the_old_file_if_it_fails(tmp_path: Path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"old")
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:

            def full_disk(*_: object) -> None:
                raise OSError(28, "No space left on device")

            patch.setattr("os.fsync" if function == "fsync" else "pathlib.Path.replace", full_disk)
            with pytest.raises(OSError, match="No space"):
                write_whole(path, b"new")
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path):
    model = VAE(latents=2)
    images = np.zeros((2, 64, 64, 1), np.float32)
    learners, _ = model.update(LEARNERS, images, stream(0, "latent"))
    checkpoint = load_checkpoint(save_checkpoint(tmp_path, 12, "vae", learners))
    again = restore(checkpoint, LEARNERS)["autoencoder"]
    assert (checkpoint.step, checkpoint.model, again.moments.steps) == (12, "vae", 1)
    before, after = learners["autoencoder"].arrays(), again.arrays()
    assert list(before) == list(after)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert any(
        np.any(a != b)
        for a, b in zip(LEARNERS["autoencoder"].arrays().values(), before.values(), strict=True)
    )


def test_equal_states_give_equal_bytes(tmp_path: Path):
    files = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        files.append(save_checkpoint(tmp_path / folder, 3, "vae", LEARNERS))
    assert files[0].read_bytes() == files[1].read_bytes()
    assert str(tmp_path).encode() not in files[0].read_bytes()


def test_every_kind_of_damage_is_found(tmp_path: Path):
    path = save_checkpoint(tmp_path, 3, "vae", LEARNERS)
    good = path.read_bytes()
    header = int.from_bytes(good[:8], "little")
    flipped = bytearray(good)
    flipped[8 + header + 1001] ^= 1
    damaged = {
        "empty": b"",
        "truncated": good[:-5],
        "header cut": good[: 8 + header // 2],
        "one bit": bytes(flipped),
        "trailing": good + b"x",
        "foreign": b"PK\x03\x04" + good,
    }
    for content in damaged.values():
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"step-00000003.*(not a readable|damaged)"):
            load_checkpoint(path)
    path.write_bytes(good)
    assert load_checkpoint(path).step == 3


def test_a_checkpoint_of_another_format_or_model_is_refused(tmp_path: Path):
    from safetensors.numpy import save

    path = save_checkpoint(tmp_path, 3, "vae", LEARNERS)
    with pytest.raises(CheckpointError, match="state of another network"):
        restore(load_checkpoint(path), VAE(latents=3).start(stream(0, "initialise")))
    with pytest.raises(CheckpointError, match="players"):
        restore(load_checkpoint(path), {"generator": LEARNERS["autoencoder"]})
    path.write_bytes(save({"a": np.zeros(1)}, {"pydis": json.dumps({"format_version": 99})}))
    with pytest.raises(CheckpointError, match="written in format 99"):
        load_checkpoint(path)
    path.write_bytes(save({"a": np.zeros(1)}))
    with pytest.raises(CheckpointError, match="no pydis metadata"):
        load_checkpoint(path)


def test_the_checksum_sees_every_part():
    a, about = {"a": np.arange(6.0)}, {"step": 1}
    others = [
        ({"b": np.arange(6.0)}, about),
        ({"a": np.arange(6.0).reshape(2, 3)}, about),
        ({"a": np.arange(6.0).view(np.int64)}, about),
        ({"a": np.arange(6.0) + np.eye(1, 6)[0] * 1e-15}, about),
        (a, {"step": 2}),
    ]
    assert checksum(a, about) == checksum({"a": np.arange(6.0)}, about | {"sha256": "itself"})
    assert checksum(a, about) not in [checksum(*other) for other in others]


def test_any_flipped_bit_is_found(tmp_path: Path):
    """Every bit of the length and of what is said, and a sample of all others."""
    path = save_checkpoint(tmp_path, 3, "vae", LEARNERS)
    good = path.read_bytes()
    said = good.index(b"__metadata__")
    rng = np.random.default_rng(0)
    places = [*range(8), *range(said, said + 250), *rng.integers(len(good), size=40).tolist()]
    for place in places:
        damaged = bytearray(good)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            load_checkpoint(path)
    path.write_bytes(good)
    assert load_checkpoint(path).step == 3


configs = st.builds(
    TrainConfig,
    model=st.one_of(
        st.builds(
            VAE,
            latents=st.integers(1, 99),
            likelihood=st.sampled_from(["bernoulli", "gaussian"]),
            learning_rate=st.floats(1e-9, 1.0),
        ),
        st.builds(BetaVAE, beta=st.floats(0, 1e9)),
    ),
    steps=st.integers(1, 10**7),
    seed=st.integers(0, 2**63 - 1),
    batch=st.integers(1, 10**4),
    backend=st.sampled_from(["numpy", "cpp", "definition"]),
    threads=st.integers(1, 8),
    checkpoint_every=st.integers(1, 10**5),
    log_every=st.integers(1, 10**5),
)


@given(configs)
def test_a_configuration_comes_back_from_its_file(config):
    text = to_toml(config)
    assert from_toml(text) == config
    table = tomllib.loads(text)
    assert set(table["run"]) | {"model"} == set(TrainConfig.__dataclass_fields__)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format_version = 1", "format_version = 2", "format_version: expected 1, received 2"),
        ('name = "beta-vae"', 'name = "gamma-vae"', "expected one of vae, beta-vae"),
        ("beta = 4.0", "gamma = 4.0", "unknown key 'gamma'"),
        ("beta = 4.0", "beta = -4.0", "beta: expected a finite number >= 0, received -4.0"),
        ("batch = 64", "batch = 0", "batch: expected at least 1, received 0"),
        ("batch = 64", "bach = 64", "unknown key 'bach'"),
        ('backend = "numpy"', 'backend = "abacus"', "backend: expected one of definition"),
        ("seed = 0", "seed = -1", "seed: expected 0"),
        ("[run]", "[run", "not TOML"),
        ("steps = 10000", "steps = 7.5", "steps: expected int, received 7.5"),
        ("steps = 10000", 'steps = "7"', "steps: expected int, received '7'"),
        ("seed = 0", "seed = true", "seed: expected int, received True"),
        ("latents = 10", "latents = 10.0", "latents: expected int, received 10.0"),
        ("beta = 4.0", 'beta = "x"', "beta: expected float, received 'x'"),
        ("[model]", "[other]", "model.name: expected one of"),
    ],
)
def test_bad_configurations(old, new, message):
    text = to_toml(TrainConfig(BetaVAE(), backend="numpy"))
    assert old in text
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        from_toml(text.replace(old, new))


def test_a_subclass_keeps_its_own_name():
    config = TrainConfig(BetaVAE(beta=1.0), backend="numpy")
    assert config.model_name == "beta-vae"
    assert replace(config, model=VAE()).model_name == "vae"
