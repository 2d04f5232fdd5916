"""What defines a run, as one record: the command line, the file in the run folder, the table.

Two runs of equal configuration on the same machine give the same numbers, bit for bit.
"""

import tomllib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydis.backends import available, current
from pydis.backends.threads import default_threads
from pydis.data.dsprites import COUNT
from pydis.data.errors import FormatError, open_file
from pydis.data.images import DATA, first_here
from pydis.models import MODELS
from pydis.models.hyperparameters import check_types

FORMAT_VERSION = 1
LONGEST_FILE = 1 << 16
"""Bytes of a configuration file; a larger one is something else."""

# Names of checkpoints sort in the order of the steps up to eight digits. A larger batch than the
# data set or a larger pool than any machine's is a slip.
_MOST = {"steps": 99_999_999, "batch": COUNT, "threads": 1024}
Model = TypeVar("Model")
USUAL = "usual"


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
    data: str = USUAL
    """The images: dsprites, mnist or digits; usual stands for those that suit the model."""
    backend: str = field(default_factory=lambda: current().name)
    """Who computes: numpy, cpp or cupy; `pydis info` says what is here."""
    threads: int = 0
    """How many threads compute; 0 stands for as many as suit the backend."""
    checkpoint_every: int = 1000
    """Steps from one checkpoint to the next; the last step always has one."""
    log_every: int = 10
    """Steps from one line of metrics to the next."""

    def __post_init__(self) -> None:
        if type(self.model) not in MODELS.values():
            raise ConfigError(
                f"model: expected one of {', '.join(MODELS)}, received {self.model!r}"
            )
        try:
            check_types(self)
        except TypeError as error:
            raise ConfigError(str(error)) from None
        self._choose_data()
        if self.threads == 0:
            object.__setattr__(self, "threads", default_threads(self.backend))
        for name in ("steps", "batch", "threads", "checkpoint_every", "log_every"):
            value, most = getattr(self, name), _MOST.get(name)
            least = getattr(self.model, "LEAST_BATCH", 1) if name == "batch" else 1
            if value < least:
                raise ConfigError(f"{name}: expected at least {least}, received {value}")
            if most is not None and value > most:
                raise ConfigError(f"{name}: expected at most {most}, received {value}")
        if not 0 <= self.seed < 2**64:
            raise ConfigError(f"seed: expected 0 … 2^64 − 1, received {self.seed}")
        if self.backend not in available():
            raise ConfigError(
                f"backend: expected one of {', '.join(available())}, received {self.backend!r}"
            )

    def _choose_data(self) -> None:
        """Put a name for `usual`, and refuse what the model cannot be trained on."""
        known: tuple[str, ...] = getattr(self.model, "DATA", ("dsprites",))
        if self.data == USUAL:
            object.__setattr__(self, "data", first_here(known))
        if self.data not in known:
            raise ConfigError(
                f"data: expected one of {', '.join(known)} for {self.model_name}, "
                f"received {self.data!r}"
            )
        classes, given = getattr(self.model, "classes", None), DATA[self.data].classes
        if classes is not None and classes != given:
            raise ConfigError(
                f"classes: expected {given}, those of {self.data}, received {classes}"
            )

    @property
    def model_name(self) -> str:
        """The model's name on the command line."""
        return name_of(self.model)


def name_of(model: Any) -> str:
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
    except (ValueError, RecursionError) as error:  # also for endless digits or brackets
        raise ConfigError(f"not TOML: {error}") from error
    version = table.get("format_version")
    if version != FORMAT_VERSION:
        raise ConfigError(
            f"format_version: expected {FORMAT_VERSION}, received {version}: "
            "upgrade pydis, or use the version that wrote it"
        )
    run, about_model = table.get("run", {}), table.get("model", {})
    if not isinstance(run, dict) or not isinstance(about_model, dict):
        raise ConfigError("expected the tables [run] and [model]")
    about_model = dict(about_model)
    name = about_model.pop("name", None)
    if name not in list(MODELS):  # a list: what is no string may have no hash
        raise ConfigError(f"model.name: expected one of {', '.join(MODELS)}, received {name!r}")
    _refuse_unknown(table, ["format_version", "run", "model"])
    config: TrainConfig[Any] = _make(
        TrainConfig, {"model": _make(MODELS[name], about_model), **run}
    )
    return config


def read_config(path: Path) -> TrainConfig[Any]:
    """The configuration in a file, as `config.toml` of a run. Raises ConfigError naming it."""
    try:
        with open_file(path) as file:
            raw = file.read(LONGEST_FILE + 1)
        if len(raw) > LONGEST_FILE:
            raise ConfigError(f"not a configuration: expected at most {LONGEST_FILE} bytes")
        return from_toml(raw.decode())
    except FormatError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise ConfigError(f"{path}: no readable configuration: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not TOML: expected UTF-8 text, {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _make(kind: Any, values: dict[str, Any]) -> Any:
    """A record from a table, with the record's own checks."""
    _refuse_unknown(values, [f.name for f in fields(kind)])
    try:
        return kind(**values)
    except ConfigError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error)) from error


def _refuse_unknown(table: dict[str, Any], known: list[str]) -> None:
    """Raise ConfigError naming the first key that is not known."""
    for name in table:
        if name not in known:
            raise ConfigError(f"unknown key {name!r}: expected one of {', '.join(known)}")
