"""Ctrl-C while a library is loaded waits until it is whole: nothing takes it for a missing one."""

import signal
import threading

import pytest
from small_runs import small_config
from stop_child import start

from pydis.backends.interrupts import ctrl_c_waits
from pydis.models import BetaVAE
from pydis.training import make_run, train


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_block_is_finished_first():
    done = []

    def block() -> None:
        with ctrl_c_waits():
            ctrl_c()
            done.append("after the first")
            ctrl_c()
            done.append("after the second")
        done.append("after the block")

    with pytest.raises(KeyboardInterrupt):
        block()
    assert done == ["after the first", "after the second"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_a_signal_nothing_is_raised():
    with ctrl_c_waits():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_an_error_of_the_block_does_not_hide_the_signal():
    def block(asked: bool) -> None:
        with ctrl_c_waits():
            if asked:
                ctrl_c()
            raise ImportError("initialization failed")

    with pytest.raises(KeyboardInterrupt):
        block(asked=True)
    with pytest.raises(ImportError, match="initialization failed"):
        block(asked=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_ctrl_c_does_something_else_it_still_does():
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        with ctrl_c_waits():
            ctrl_c()
            assert heard == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_changes_no_handler():
    seen = []

    def load() -> None:
        with ctrl_c_waits():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


ASKED = """
import signal
class Asks:
    def find_spec(name, path, target=None):
        if name == {library!r}:
            signal.raise_signal(signal.SIGINT)
            print("it waits", flush=True)
assert {library!r} not in sys.modules
sys.meta_path.insert(0, Asks)
"""


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("pydis._core", "info"),
        ("sklearn.datasets", "train gan --data digits --steps 1"),
        ("matplotlib.ft2font", "report run"),
        ("matplotlib.backends._backend_agg", "report run"),
        ("matplotlib.ft2font", "bench kernels --filter 64x256x10 --seconds 0.1 --svg rows.svg"),
    ],
)
def test_a_library_that_is_being_loaded(library: str, command: str, tmp_path, monkeypatch):
    """The extension modules that commands load on the way."""
    monkeypatch.chdir(tmp_path)
    train(make_run(small_config(BetaVAE(latents=2), steps=1), tmp_path / "run"))
    child = start(*command.split(), before=ASKED.format(library=library))
    output = child.communicate(timeout=60)[0]
    assert child.returncode == 130 and "it waits" in output, output
    assert output.endswith("pydis: stopped\n") and "Traceback" not in output
    assert not list(tmp_path.glob("*.svg")) and not (tmp_path / "run" / "report.html").exists()
