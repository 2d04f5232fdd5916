"""What defines a run, as one record: the command line, the file in the run folder, the table.

Two runs of equal configuration on the same machine give the same numbers, bit for bit.
"""

import tomllib
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Generic, TypeVar

from pydis.backends import available, current
from pydis.backends.threads import default_threads
from pydis.models import MODELS, VAE

FORMAT_VERSION = 1
Model = TypeVar("Model", bound=VAE)


class ConfigError(ValueError):
    """A configuration has an unknown or missing key, or a value out of range."""


@dataclass(frozen=True)
class TrainConfig(Generic[Model]):
    """One training run. Raises ConfigError for values out of range."""

    model: Model
    """The model with its hyper-parameters."""
    steps: int = 10_000
    """How many updates."""
    seed: int = 0
    """All randomness follows from it."""
    batch: int = 64
    """Images an update."""
    backend: str = field(default_factory=lambda: current().name)
    """Who computes: numpy, cpp or cupy; `pydis info` says what is here."""
    threads: int = field(default_factory=default_threads)
    """How many threads compute."""
    checkpoint_every: int = 1000
    """Steps from one checkpoint to the next; the last step always has one."""
    log_every: int = 10
    """Steps from one line of metrics to the next."""

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "threads", "checkpoint_every", "log_every"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name}: expected at least 1, received {value}")
        if not 0 <= self.seed < 2**64:
            raise ConfigError(f"seed: expected 0 … 2^64 − 1, received {self.seed}")
        if self.backend not in available():
            raise ConfigError(
                f"backend: expected one of {', '.join(available())}, received {self.backend!r}"
            )

    @property
    def model_name(self) -> str:
        """The model's name on the command line."""
        return name_of(self.model)


def name_of(model: VAE) -> str:
    """The name of a model on the command line, as `beta-vae`."""
    return next(name for name, kind in MODELS.items() if type(model) is kind)


def to_toml(config: TrainConfig[Any]) -> str:
    """The configuration as TOML; `from_toml` reads it back equal."""
    import tomli_w

    run = {f.name: getattr(config, f.name) for f in fields(config) if f.name != "model"}
    model = {"name": config.model_name, **asdict(config.model)}
    return tomli_w.dumps({"format_version": FORMAT_VERSION, "run": run, "model": model})


def from_toml(text: str) -> TrainConfig[Any]:
    """Read a configuration. Raises ConfigError naming what is unknown, missing or out of range."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not TOML: {error}") from error
    version = table.get("format_version")
    if version != FORMAT_VERSION:
        raise ConfigError(f"format_version: expected {FORMAT_VERSION}, received {version}")
    run, about_model = table.get("run", {}), table.get("model", {})
    if not isinstance(run, dict) or not isinstance(about_model, dict):
        raise ConfigError("expected the tables [run] and [model]")
    about_model = dict(about_model)
    name = about_model.pop("name", None)
    if name not in MODELS:
        raise ConfigError(f"model.name: expected one of {', '.join(MODELS)}, received {name!r}")
    config: TrainConfig[Any] = _make(
        TrainConfig, {"model": _make(MODELS[name], about_model), **run}
    )
    return config


def _make(kind: Any, values: dict[str, Any]) -> Any:
    """A record from a table, with the record's own checks."""
    known = [f.name for f in fields(kind)]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ConfigError(f"unknown key {unknown[0]!r}: expected one of {', '.join(known)}")
    for f in fields(kind):
        if f.name in values:
            _check_type(f.name, f.type, values[f.name])
    try:
        return kind(**values)
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from error


def _check_type(name: str, expected: Any, value: Any) -> None:
    """Raise ConfigError for a value of another type; a whole number will do for a float."""
    allowed = {int: (int,), float: (int, float), str: (str,)}.get(expected)
    if allowed and type(value) not in allowed:
        raise ConfigError(
            f"{name}: expected {expected.__name__}, received {value!r} ({type(value).__name__})"
        )
