"""`pydis bench kernels | layers | steps`."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from pydis.backends.processors import processors
from pydis.bench.layers import layer_rows
from pydis.bench.measure import measure, settings
from pydis.bench.passes import pass_rows
from pydis.bench.records import Limits, RowRecord
from pydis.bench.rows import Row, kernel_rows
from pydis.bench.run import Asked, BenchError, run
from pydis.bench.steps import measure_steps, model_rows

HELP = """Measure kernels, layers and whole training steps beside NumPy, each with its error.

Example: pydis bench kernels --filter conv2d_w --threads 1,2 --json kernels.json

Example: pydis bench steps --filter beta-vae --explain --svg steps.svg"""

MOST_THREADS = 256


Threads = Annotated[str | None, tyro.conf.arg(metavar="1,2,…")]
Json = Annotated[str | None, tyro.conf.arg(metavar="FILE|-")]
Svg = Annotated[Path | None, tyro.conf.arg(metavar="FILE")]
DType = Literal["float32", "float64"]


def kernels_command(
    filter: str = "",
    rounds: int = 20,
    threads: Threads = None,
    seconds: float | None = None,
    dtype: DType = "float32",
    json: Json = None,
    svg: Svg = None,
) -> int:
    """Time the kernels at the models' shapes: NumPy and the core, each ISA, each number of threads.

    Example: pydis bench kernels --filter "conv2d_w 64x32" --threads 1,2 --json kernels.json

    Args:
        filter: Only rows whose name contains this, like "matmul" or "conv2d_x 64x".
        rounds: In each round each contender computes once for the clock. Ratios need six.
        threads: Numbers of threads; 1 to this machine's processors if not given.
        seconds: Stop adding rounds when this time is over, shared evenly by the rows.
        dtype: The numbers' type.
        json: Write samples and all there is to know to a file; "-" writes to standard output.
        svg: Draw the times as bars, and the roofline, into a file.
    """
    asked = Asked("kernels", rounds, thread_counts(threads), seconds, dtype, json, svg)
    return timed(asked, chosen([*kernel_rows(), *pass_rows()], filter))


def layers_command(
    filter: str = "",
    rounds: int = 20,
    threads: Threads = None,
    seconds: float | None = None,
    dtype: DType = "float32",
    json: Json = None,
    svg: Svg = None,
) -> int:
    """Time the layers of the beta-VAE, and batch normalisation: forward, and with backward.

    Example: pydis bench layers --filter transposed --threads 1

    Args:
        filter: Only rows whose name contains this, like "linear" or "backward 64x".
        rounds: In each round each contender computes once for the clock. Ratios need six.
        threads: Numbers of threads; 1 to this machine's processors if not given.
        seconds: Stop adding rounds when this time is over, shared evenly by the rows.
        dtype: The numbers' type.
        json: Write samples and all there is to know to a file; "-" writes to standard output.
        svg: Draw the times as bars, and the roofline, into a file.
    """
    asked = Asked("layers", rounds, thread_counts(threads), seconds, dtype, json, svg)
    return timed(asked, chosen(layer_rows(), filter))


def steps_command(
    filter: str = "",
    rounds: int = 20,
    threads: Threads = None,
    seconds: float | None = None,
    steps: int | None = None,
    batch: int = 64,
    explain: bool = False,
    json: Json = None,
    svg: Svg = None,
) -> int:
    """Time whole training steps of the models, and print the losses: same work or no ratio.

    Beside PyTorch, each in a process of its own: benchmarks/steps_beside_torch.py of the sources.

    Example: pydis bench steps --filter beta-vae --threads 2 --explain

    Args:
        filter: Only models whose name contains this; that model alone where it is the name.
        rounds: In each round each contender trains one step for the clock. Ratios need six.
        threads: Numbers of threads; 1 to this machine's processors if not given.
        seconds: Stop adding rounds when this time is over, shared evenly by the models.
        steps: The step at which losses are compared once more, after the first; 100 if not given.
            Of a game of several players all go to it from one state, two steps before.
        batch: Images of a step.
        explain: Also say where the fastest contender's time goes, kernel by kernel.
        json: Write samples and all there is to know to a file; "-" writes to standard output.
        svg: Draw the times as bars, and the roofline, into a file.
    """
    for name, number in (("--steps", steps), ("--batch", batch)):
        if number is not None and number < 1:
            raise BenchError(f"{name}: expected at least 1, received {number}")
    asked = Asked("steps", rounds, thread_counts(threads), seconds, "float32", json, svg)
    models = model_rows()
    names = [filter] if filter in models else [name for name in models if filter in name]
    if not names:
        raise BenchError(f"--filter {filter}: expected part of one of {', '.join(models)}")

    def step(name: str, limits: Limits, share: float) -> RowRecord:
        work = (name, models[name], settings(asked.threads), asked.rounds, steps)
        return measure_steps(*work, limits, share, batch, explain)

    return run(asked, [partial(step, name) for name in names])


COMMANDS: dict[str, Callable[..., int]] = {
    "kernels": kernels_command,
    "layers": layers_command,
    "steps": steps_command,
}


def main(arguments: Sequence[str]) -> int:
    """Run `pydis bench …` and return its exit status: 1 if a result was wrong, 2 for bad usage."""
    try:
        status: int = tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="pydis bench",
            description=HELP,
            args=list(arguments),
            config=(tyro.conf.FlagCreatePairsOff,),
        )
    except BenchError as error:
        print(f"pydis bench: {error}", file=sys.stderr)
        return 2
    return status


def chosen(rows: Sequence[Row], filter: str) -> list[Row]:
    """The row of that name or shape; else those whose name contains it."""
    exact = [row for row in rows if filter in (row.name, row.shape)]
    found = exact or [row for row in rows if filter in row.name]
    if not found:
        names = ", ".join(row.name for row in rows)
        raise BenchError(f"--filter {filter}: expected part of one of {names}")
    return found


def thread_counts(asked: str | None) -> list[int]:
    """The numbers of threads in "1,2,4"; every one up to the processors if none are asked for."""
    if asked is None:
        return list(range(1, processors() + 1))
    parts = asked.split(",")
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise BenchError(f"--threads: expected numbers like 1,2, received {asked}")
    counts = list(dict.fromkeys(int(part) for part in parts))
    if not all(1 <= n <= MOST_THREADS for n in counts):
        raise BenchError(f"--threads: expected 1 to {MOST_THREADS}, received {asked}")
    return counts


def timed(asked: Asked, rows: Sequence[Row]) -> int:
    """Kernels or layers, each checked and then timed."""
    contenders = settings(asked.threads)

    def one(row: Row, limits: Limits, share: float) -> RowRecord:
        return measure(row, contenders, asked.dtype, asked.rounds, share, limits)

    return run(asked, [partial(one, row) for row in rows])
