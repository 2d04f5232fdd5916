"""`pydis train MODEL …`, `pydis train --config FILE`, `pydis train --resume DIR`."""

import sys
from collections.abc import Callable, Sequence
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import tyro

from pydis.models import MODELS
from pydis.training.config import TrainConfig, read_config, to_toml
from pydis.training.loop import resume, train
from pydis.training.progress import progress
from pydis.training.runs import Run, make_run, open_run

HELP = """Train a model into a new run folder, or go on with one.

pydis train beta-vae --steps 10000 --beta 4 --out runs/first

pydis train --config runs/first/config.toml

pydis train --resume runs/first

The second form starts a new run of the same configuration. The third needs the folder only, and
ends as if the run had never stopped."""

OPTIONS = (tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)


def main(arguments: Sequence[str]) -> None:
    """Run `pydis train …`."""
    given = {argument.split("=")[0] for argument in arguments}
    first, rest = "".join(arguments[:1]), list(arguments[1:])
    if first in MODELS:
        tyro.cli(_starter(MODELS[first]), prog=f"pydis train {first}", args=rest, config=OPTIONS)
    elif "--resume" in given:
        tyro.cli(go_on, prog="pydis train", args=list(arguments), config=OPTIONS)
    elif "--config" in given:
        tyro.cli(from_file, prog="pydis train", args=list(arguments), config=OPTIONS)
    else:  # help, or what is no model
        tyro.extras.subcommand_cli_from_dict(
            {name: _starter(kind) for name, kind in MODELS.items()},
            prog="pydis train",
            description=HELP,
            args=list(arguments),
            config=OPTIONS,
        )


def _starter(kind: type[Any]) -> Callable[..., None]:
    """The command that trains one kind of model: its options are the fields of `TrainConfig`."""

    def start(
        config: TrainConfig[Any],
        out: Path | None = None,
        print_config: bool = False,
        json: bool = False,
    ) -> None:
        _start(config, out, print_config, json)

    start.__annotations__["config"] = TrainConfig[kind]  # type: ignore[valid-type]
    start.__doc__ = f"""Train a {kind.__name__} into a new run folder.

    Args:
        out: The run folder; the first free runs/MODEL-seedN, -2, … if not given.
        print_config: Print the configuration as TOML, for --config, and do nothing else.
        json: Print run folder, steps and last terms as JSON, for a program to read.
    """
    return start


def from_file(
    config: Path, out: Path | None = None, print_config: bool = False, json: bool = False
) -> None:
    """Start a new run of the configuration in a file.

    Args:
        config: A configuration in TOML, as config.toml of a run folder.
        out: The run folder; the first free runs/MODEL-seedN, -2, … if not given.
        print_config: Print the configuration as TOML, and do nothing else.
        json: Print run folder, steps and last terms as JSON, for a program to read.
    """
    _start(read_config(config), out, print_config, json)


def go_on(folder: Annotated[Path, tyro.conf.arg(name="resume")], json: bool = False) -> None:
    """Go on with a run from its folder alone; it ends as if it had never stopped.

    Args:
        folder: The run folder.
        json: Print run folder, steps and last terms as JSON, for a program to read.
    """
    show(train_to_end(open_run(folder)), json)


def _start(config: TrainConfig[Any], out: Path | None, print_config: bool, json: bool) -> None:
    """Print a configuration, or train it into a new run folder."""
    if print_config:
        print(to_toml(config), end="")
        return
    run = make_run(config, out)
    say(f"{config.model_name}: {config.steps} steps into {run.folder}")
    show(train_to_end(run), json)


def train_to_end(run: Run) -> dict[str, Any]:
    """Train from where the folder stands; returns what a program wants to know of it."""
    _, done = resume(run)  # refuses the checkpoint of another model before anything is said
    _, problems = run.last_checkpoint()
    for problem in problems:
        say(f"passed over {problem}")
    steps = run.config.steps
    if done < steps:
        if done:
            say(f"{run.folder}: going on after step {done} of {steps}")
        with progress(steps, done) as report:
            train(run, report)
    else:
        say(f"{run.folder}: all {done} steps are done")
    last = run.metrics()[-1]
    terms = {name: value for name, value in last.items() if name != "step"}
    return {"run": str(run.folder), "steps": steps, "terms": terms}


def show(result: dict[str, Any], json: bool) -> None:
    """Print a result on stdout if JSON was asked for: all that a program reads stands there."""
    if json:
        print(dumps(result, indent=2, allow_nan=False))


def say(line: str) -> None:
    """A line for the person at the terminal, apart from the results on stdout."""
    print(line, file=sys.stderr, flush=True)
