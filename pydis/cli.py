"""The command line: `pydis demo | train | report | verify | data | bench | info`.

| exit status | meaning                                                               |
|-------------|-----------------------------------------------------------------------|
| 0           | fine                                                                  |
| 1           | the work failed: a full disk, no network, no memory, a missing library |
| 2           | bad usage or bad input: an option, a file, a folder, a variable       |
| 3           | a loss, gradient or parameter was not finite                          |
| 130, 143    | stopped by Ctrl-C, by SIGTERM; training has saved its step            |

A mistake gives one line, or the option parser's small box, on stderr, nothing on stdout and no
traceback. With `--json` stdout is one JSON document, and what a person reads goes to stderr.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import tyro

import pydis
from pydis.backends import BackendError, current
from pydis.backends.environment import environment
from pydis.backends.memory import described, statistics, why_off
from pydis.backends.threads import blas_threads, default_threads, kernel_threads, threads
from pydis.bench.commands import main as bench_command
from pydis.bench.compare import compare, sentences
from pydis.data import DataMissing, FormatError
from pydis.data.commands import main as data_command
from pydis.derivations.commands import main as verify_command
from pydis.derivations.commands import short as verified
from pydis.models import BetaVAE
from pydis.report import require_extra, write_report
from pydis.training import (
    CheckpointError,
    ConfigError,
    Interrupted,
    Run,
    RunError,
    TrainConfig,
    TrainingStopped,
    make_run,
    open_run,
)
from pydis.training.commands import main as train_command
from pydis.training.commands import say, show, train_to_end

HELP = f"""{pydis.__doc__}

Exit status: 0 fine; 1 the work failed (a full disk, no network, a missing library); 2 bad usage or
bad input; 3 a loss, gradient or parameter was not finite; 130 stopped by Ctrl-C, 143 by SIGTERM."""

FAILED, BAD_INPUT, NOT_FINITE = 1, 2, 3

# The first row that an error fits counts.
STATUS: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((BackendError, ConfigError, RunError, CheckpointError), BAD_INPUT),
    ((FormatError, DataMissing, PermissionError), BAD_INPUT),
    ((TrainingStopped,), NOT_FINITE),
    ((OSError, ImportError, MemoryError), FAILED),
)


def demo(
    steps: int = 1000,
    seed: int = 0,
    backend: str | None = None,
    out: Path | None = None,
    json: bool = False,
) -> None:
    """Check the equations, train a beta-VAE for minutes, write a report, compare the backends.

    Example: pydis demo --steps 500

    Args:
        steps: How many updates of 64 images each.
        seed: All randomness follows from it.
        backend: Who computes; the best one here if not given.
        out: The run folder; the first free runs/demo-seed0, -2, … if not given.
        json: Print run folder, steps, terms, scores and times as JSON, for a program to read.
    """
    require_extra()  # or the training would be for nothing
    model = BetaVAE(beta=4.0, learning_rate=5e-4)
    config = TrainConfig(model, steps, seed, backend=backend or current().name)
    run = make_run(config, out, prefix="demo")
    say("The equations first (pydis verify says more):")
    for line in verified():
        say(f"  {line}")
    say(
        f"A beta-VAE (β = {model.beta:g}) learns dSprites: {steps} steps of {config.batch} images, "
        f"rendered as they are needed, on the {config.backend} backend, into {run.folder}."
    )
    show({**train_to_end(run), **_report(run, json), **_compare(config, json)}, json)


def train_options() -> None:
    """Train a model: `pydis train --help` shows which. Example: pydis train beta-vae --beta 4."""


def report(run: Annotated[Path, tyro.conf.Positional], json: bool = False) -> None:
    """Score a run on held-out images and write report.html into its folder.

    Example: pydis report runs/first

    Args:
        run: The run folder.
        json: Print the scores as JSON, for a program to read.
    """
    show(_report(open_run(run), json), json)


def verify_options() -> None:
    """Check every equation: `pydis verify --help`. Example: pydis verify entropy --explain."""


def data_options() -> None:
    """List, fetch or check data sets as files: `pydis data --help`. Example: pydis data list."""


def bench_options() -> None:
    """Measure kernels, layers, steps: `pydis bench --help`. Example: pydis bench steps."""


def info(json: bool = False) -> None:
    """Show the version, the backends with reasons, instruction set, threads, BLAS and memory.

    Args:
        json: Print JSON, for a program to read.
    """
    now = {"kernel_threads": kernel_threads(), "blas_threads": blas_threads()}
    about = environment() | now | {"memory": {"off": why_off(), **statistics()}}
    print(dumps(about, indent=2) if json else "\n".join(_lines(about)))


COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "train": train_options,
    "report": report,
    "verify": verify_options,
    "data": data_options,
    "bench": bench_options,
    "info": info,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # The option parser looks at stdout alone, and not at NO_COLOR; its boxes go to stderr.
    tyro._experimental_options["ansi_codes"] = sys.stderr.isatty() and not os.environ.get(
        "NO_COLOR"
    )
    try:
        with threads(default_threads()):
            return _dispatch(given)
    except Interrupted as error:
        say(f"pydis: {error}")
        return 128 + error.signal_number
    except KeyboardInterrupt:
        say("pydis: stopped")
        return 128 + signal.SIGINT
    except Exception as error:
        status = status_of(error)
        if status is None:  # a fault of this program: its traceback is what helps
            raise
        say(f"pydis: {str(error) or type(error).__name__}")
        return status


def status_of(error: Exception) -> int | None:
    """The exit status of an error that is the user's or the system's; None for any other."""
    return next((status for kinds, status in STATUS if isinstance(error, kinds)), None)


def _dispatch(given: list[str]) -> int:
    if given[:1] == ["train"]:
        train_command(given[1:])
    elif given[:1] == ["verify"]:
        return verify_command(given[1:])
    elif given[:1] == ["data"]:
        return data_command(given[1:])
    elif given[:1] == ["bench"]:
        return bench_command(given[1:])
    else:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="pydis",
            description=HELP,
            args=given,
            config=(tyro.conf.FlagCreatePairsOff,),
        )
    return 0


def _report(run: Run, json: bool) -> dict[str, Any]:
    """Score a run, write its report, print what came out, and return it for a program."""
    path, evaluation = write_report(run)
    lines = [*evaluation.lines(), f"report: {path}"]
    print("\n".join(lines), file=sys.stderr if json else sys.stdout)
    return {"run": str(run.folder), "report": str(path), "evaluation": asdict(evaluation)}


def _compare(config: TrainConfig[Any], json: bool) -> dict[str, Any]:
    """Time a step of the run on the backends here, print what came out, and return it."""
    row = compare(config.model, config.batch)
    print("\n".join(sentences(row)), file=sys.stderr if json else sys.stdout)
    return {"backends": asdict(row)}


def _lines(about: dict[str, Any]) -> list[str]:
    """The environment as lines of name and value."""
    nested = ("backends", "core", "memory")
    plain = {name: value for name, value in about.items() if name not in nested}
    core, memory = about["core"], about["memory"]
    if core:
        sets = ", ".join(core["instruction_sets"])
        plain["instruction set"] = f"{core['instruction_set']} (of {sets})"
    plain["memory"] = f"off: {memory['off']}" if memory["off"] else described(memory)
    plain |= {f"backend {name}": state for name, state in about["backends"].items()}
    return [f"{name:<20} {value}" for name, value in plain.items()]
