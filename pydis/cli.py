"""The command line: `pydis demo | train | report | data | bench | info`.

Exit status: 0 fine, 1 the work failed (a loss was not finite, a disk was full), 2 bad usage, 130
stopped by the user. A user's mistake gives one line on stderr and no traceback.
"""

import sys
from collections.abc import Callable, Sequence
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import tyro

import pydis
from pydis.backends import BackendError, current
from pydis.backends.environment import environment
from pydis.backends.threads import default_threads, threads
from pydis.bench.commands import main as bench_command
from pydis.data import FormatError
from pydis.data.commands import main as data_command
from pydis.models import MODELS, VAE, BetaVAE
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
    progress,
    train,
)

TRAIN_HELP = """Train a model into a new run folder, or go on with one.

pydis train beta-vae --steps 10000 --beta 4 --out runs/first

pydis train --resume runs/first

The second form needs the folder only, and ends as if the run had never stopped."""


def demo(
    steps: int = 1000,
    seed: int = 0,
    backend: str | None = None,
    out: Path | None = None,
) -> None:
    """Train a beta-VAE on rendered dSprites for a few minutes and write a report.

    Example: pydis demo --steps 500

    Args:
        steps: How many updates of 64 images each.
        seed: All randomness follows from it.
        backend: Who computes; the best one here if not given.
        out: The run folder; the first free runs/demo-seed0, -2, … if not given.
    """
    require_extra()  # or the training would be for nothing
    model = BetaVAE(beta=4.0, learning_rate=5e-4)
    config = TrainConfig(model, steps, seed, backend=backend or current().name)
    run = make_run(config, out, prefix="demo")
    _say(
        f"A beta-VAE (β = {model.beta:g}) learns dSprites: {steps} steps of {config.batch} images, "
        f"rendered as they are needed, on the {config.backend} backend, into {run.folder}."
    )
    _train(run)
    _report(run)


def train_options() -> None:
    """Train a model: `pydis train --help` shows which. Example: pydis train beta-vae --beta 4."""


def resume_training(resume: Path) -> None:
    """Go on with a run from its folder alone; it ends as if it had never stopped.

    Args:
        resume: The run folder.
    """
    _train(open_run(resume))


def report(run: Annotated[Path, tyro.conf.Positional]) -> None:
    """Score a run on held-out images and write report.html into its folder.

    Example: pydis report runs/first

    Args:
        run: The run folder.
    """
    _report(open_run(run))


def data_options() -> None:
    """List, fetch or check data sets as files: `pydis data --help`. Example: pydis data list."""


def bench_options() -> None:
    """Measure the kernels: `pydis bench --help`. Example: pydis bench kernels --filter matmul."""


def info(json: bool = False) -> None:
    """Show the version, the backends with reasons, the instruction set, threads and BLAS.

    Args:
        json: Print JSON, for a program to read.
    """
    about = environment()
    print(dumps(about, indent=2) if json else "\n".join(_lines(about)))


COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo,
    "train": train_options,
    "report": report,
    "data": data_options,
    "bench": bench_options,
    "info": info,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with threads(default_threads()):
            return _dispatch(given)
    except (BackendError, ConfigError, RunError, CheckpointError) as error:
        return _complain(error, 2)
    except (TrainingStopped, FormatError, OSError, ImportError) as error:
        return _complain(error, 1)
    except (Interrupted, KeyboardInterrupt) as error:
        return _complain(error, 130)


def _dispatch(given: list[str]) -> int:
    if given[:1] == ["train"]:
        _train_command(given[1:])
    elif given[:1] == ["data"]:
        return data_command(given[1:])
    elif given[:1] == ["bench"]:
        return bench_command(given[1:])
    else:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS, prog="pydis", description=pydis.__doc__, args=given
        )
    return 0


def _train_command(arguments: list[str]) -> None:
    """`pydis train MODEL …` or `pydis train --resume DIR`."""
    if any(a.split("=")[0] == "--resume" for a in arguments):
        tyro.cli(resume_training, prog="pydis train", args=arguments)
        return
    starters = {name: _starter(kind) for name, kind in MODELS.items()}
    tyro.extras.subcommand_cli_from_dict(
        starters,
        prog="pydis train",
        description=TRAIN_HELP,
        args=arguments,
        config=(tyro.conf.OmitArgPrefixes,),
    )


def _starter(kind: type[VAE]) -> Callable[..., None]:
    """The command that trains one kind of model: its options are the fields of `TrainConfig`."""

    def start(config: TrainConfig[Any], out: Path | None = None) -> None:
        run = make_run(config, out)
        _say(f"{config.model_name}: {config.steps} steps into {run.folder}")
        _train(run)

    start.__annotations__["config"] = TrainConfig[kind]  # type: ignore[valid-type]
    start.__doc__ = f"""Train a {kind.__name__} into a new run folder.

    Args:
        out: The run folder; the first free runs/MODEL-seedN, -2, … if not given.
    """
    return start


def _train(run: Run) -> None:
    """Train to the end, from where the folder stands."""
    checkpoint, problems = run.last_checkpoint()
    for problem in problems:
        _say(f"passed over {problem}")
    done = checkpoint.step if checkpoint else 0
    if done >= run.config.steps:
        _say(f"{run.folder}: all {done} steps are done")
        return
    if done:
        _say(f"{run.folder}: going on after step {done} of {run.config.steps}")
    with progress(run.config.steps, done) as show:
        train(run, show)


def _report(run: Run) -> None:
    """Score a run, write its report, and print what came out."""
    path, evaluation = write_report(run)
    terms = ", ".join(f"{name} {value:.1f}" for name, value in evaluation.terms.items())
    print(f"held-out images, nats an image: {terms}")
    print(f"linear R² of the position from the codes: {_named(evaluation.r2)}")
    print(f"  from those of the untrained network: {_named(evaluation.r2_untrained)}")
    print(f"active latents: {evaluation.active} of {len(evaluation.activity)}")
    print(f"report: {path}")


def _named(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in scores.items())


def _lines(about: dict[str, Any]) -> list[str]:
    """The environment as lines of name and value."""
    plain = {name: value for name, value in about.items() if name not in ("backends", "core")}
    core = about["core"]
    if core:
        sets = ", ".join(core["instruction_sets"])
        plain["instruction set"] = f"{core['instruction_set']} (of {sets})"
    plain |= {f"backend {name}": state for name, state in about["backends"].items()}
    return [f"{name:<20} {value}" for name, value in plain.items()]


def _complain(error: BaseException, status: int) -> int:
    _say(f"pydis: {error}" if str(error) else "pydis: stopped")
    return status


def _say(line: str) -> None:
    """A line for the person at the terminal, apart from the results on stdout."""
    print(line, file=sys.stderr, flush=True)
