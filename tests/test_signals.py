"""The first Ctrl-C or SIGTERM ends the step and saves it, the second acts at once; no traceback."""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from small_runs import left_by, registered, small_config, unflushed  # noqa: F401
from small_runs import uninterrupted as run_uninterrupted
from stop_child import SIGNALS, lines, start, stopped, wait_for_line, wait_until

from pydis.models import BetaVAE
from pydis.training import Interrupted, make_run, open_run, train


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> dict[str, bytes]:
    return run_uninterrupted(small_config(), tmp_path_factory.mktemp("runs") / "whole")


def kill_at(step: int, number: int = signal.SIGINT):
    return lambda at, terms: os.kill(os.getpid(), number) if at == step else None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_an_interrupted_run_ends_like_one_that_was_not(uninterrupted, tmp_path, stop, number):
    run = make_run(small_config(), tmp_path / "run")
    with pytest.raises(Interrupted, match=rf"saved after step {stop} of 6; .*--resume") as caught:
        train(run, kill_at(stop, number))
    assert caught.value.signal_number == number
    assert sorted(run.checkpoints.iterdir())[-1].name == f"step-{stop:08d}.safetensors"
    seconds = run.seconds()
    train(open_run(run.folder))
    assert left_by(run.folder) == uninterrupted
    assert run.seconds() > seconds
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_request_to_stop_at_the_last_step_is_the_end(uninterrupted, tmp_path: Path):
    run = make_run(small_config(), tmp_path / "run")
    train(run, kill_at(6))
    assert left_by(run.folder) == uninterrupted


def test_the_second_ctrl_c_stops_at_once(tmp_path: Path):
    run = make_run(small_config(), tmp_path / "run")

    def twice(step: int, terms: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        train(run, twice)
    assert list(run.checkpoints.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_in_another_thread_nothing_is_requested(uninterrupted, tmp_path: Path):
    run = make_run(small_config(), tmp_path / "run")
    thread = threading.Thread(target=train, args=(run,))
    thread.start()
    thread.join()
    assert left_by(run.folder) == uninterrupted


# The command line, timed


def train_a_beta_vae(folder: Path) -> "subprocess.Popen[str]":
    """The default model and batch."""
    return start("train", "beta-vae", "--steps", "1000", "--log-every", "1", "--out", str(folder))


@pytest.mark.parametrize("name", SIGNALS)
def test_the_command_line_stops_within_two_seconds(name: str, tmp_path: Path):
    number, status = SIGNALS[name]
    folder = tmp_path / "run"
    child = train_a_beta_vae(folder)
    wait_until(lambda: lines(folder / "metrics.jsonl") >= 2, child)
    ended = stopped(child, number)
    print(f"{name}: stopped and saved in {ended.seconds:.2f} s")
    assert (ended.status, ended.seconds < 2.0) == (status, True), ended
    assert "stopped and saved after step" in ended.output and "Traceback" not in ended.output
    run = open_run(folder)
    checkpoint, problems = run.last_checkpoint()
    assert checkpoint is not None and problems == []
    assert checkpoint.step == lines(folder / "metrics.jsonl") >= 2


SLOW_STEP = """
import time
from pydis.models import VAE
def update(*_):
    print("in a step", flush=True)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.01)
VAE.update = update
"""


@pytest.mark.parametrize("name", SIGNALS)
def test_the_second_signal_is_not_waited_for(name: str, tmp_path: Path):
    """The child sleeps in a step: the first signal alone would wait for its end."""
    number, status = SIGNALS[name]
    options = ("--steps", "9", "--batch", "1", "--out", str(tmp_path / "run"))
    child = start("train", "vae", *options, before=SLOW_STEP)
    wait_for_line(child, "in a step")
    child.send_signal(number)
    time.sleep(0.2)
    assert child.poll() is None  # the first is a request
    ended = stopped(child, number)
    assert ended.status == status and ended.seconds < 2.0, ended
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_during_start_up(name: str, tmp_path: Path):
    """From the moment there is a folder to before the first step, as far as that can be met."""
    number, status = SIGNALS[name]
    for delay in (0.0, 0.02):
        folder = tmp_path / f"run{delay}"
        child = train_a_beta_vae(folder)
        wait_until(folder.exists, child)
        time.sleep(delay)
        ended = stopped(child, number)
        assert ended.status == status and ended.seconds < 2.0, ended
        assert "Traceback" not in ended.output
        assert not folder.exists() or not (folder / "config.toml").exists() or open_run(folder)


SAID = """
from pydis import cli
def said(run, write_report=cli.write_report):
    print("in the report", flush=True)
    return write_report(run)
cli.write_report = said
"""


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_during_a_report(name: str, tmp_path: Path):
    number, status = SIGNALS[name]
    run = make_run(small_config(BetaVAE(latents=2), steps=1), tmp_path / "run")
    train(run)
    child = start("report", str(run.folder), before=SAID)
    wait_for_line(child, "in the report")
    time.sleep(0.1)
    ended = stopped(child, number)
    assert ended.status == status and ended.seconds < 2.0, ended
    assert "Traceback" not in ended.output
    assert not (run.folder / "report.html").exists()
