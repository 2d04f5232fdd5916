"""What `import pydis` does to the process: nothing but define names. Heard by an audit hook.

The same for a whole training run with its report: no socket is ever touched.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LISTEN = """
import json, os, sys, threading, warnings
import numpy as np

def state():
    raw = np.random.get_state()
    task = "/proc/self/task"
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "errstate": np.geterr(),
        "memory": np._core.multiarray.get_handler_name(),
        "print options": {n: str(v) for n, v in np.get_printoptions().items()},
        "random state": [str(raw[0]), raw[1].tolist(), *map(float, raw[2:])],
        "threads": threading.active_count(),
        "tasks": len(os.listdir(task)) if os.path.isdir(task) else 0,
        "signals": [str(__import__("signal").getsignal(s)) for s in (2, 15)],
        "hooks": [repr(sys.excepthook), repr(threading.excepthook), repr(sys.displayhook)],
        "warnings": len(warnings.filters),
        "recursion": sys.getrecursionlimit(),
    }

heard = []
ACTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
        "os.putenv", "os.unsetenv", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chdir",
        "os.chmod", "os.truncate", "shutil.", "tempfile.", "urllib.", "ftplib.", "http.",
        "_thread.start_new_thread", "os.link", "os.symlink", "os.utime")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

def listen(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if (flags or 0) & WRITES or any(c in (mode or "") for c in "wax+"):
            heard.append(f"{event} {path} for writing")
    elif event.startswith(ACTS) and event != "socket.gethostname":
        heard.append(f"{event} {arguments}"[:200])
"""

IMPORT = """
before = state()
sys.addaudithook(listen)
{statement}
import pydis
after = state()
changed = [name for name in before if before[name] != after[name]]
print(json.dumps({{"heard": heard, "changed": changed, "loaded": sorted(sys.modules)}}))
"""


def effects(statement: str = "", folder: Path | None = None) -> dict[str, Any]:
    """What an import does to a fresh process, after a statement."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", LISTEN + IMPORT.format(statement=statement)],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def test_import_has_no_effect(tmp_path: Path) -> None:
    found = effects(folder=tmp_path)
    assert (found["heard"], found["changed"]) == ([], [])
    assert list(tmp_path.iterdir()) == []
    heavy = {"rich", "tyro", "safetensors", "matplotlib", "jinja2", "scipy", "sklearn", "cupy"}
    assert heavy & set(found["loaded"]) == set()


PLANTED = {
    "a written file": ("open('x', 'w').close()", "heard"),
    "a file made by os.open": ("os.close(os.open('x', os.O_CREAT))", "heard"),
    "a folder": ("os.mkdir('x')", "heard"),
    "a socket": ("import socket; socket.socket().close()", "heard"),
    "a process": ("import subprocess; subprocess.run([sys.executable, '-c', ''])", "heard"),
    "a variable": ("os.environ['OMP_NUM_THREADS'] = '1'", "changed"),
    "a thread": ("threading.Thread(target=lambda: __import__('time').sleep(1)).start()", "changed"),
    "errstate": ("np.seterr(all='ignore')", "changed"),
    "print options": ("np.set_printoptions(precision=3)", "changed"),
    "random state": ("np.random.seed(0)", "changed"),
    "a signal": ("import signal; signal.signal(15, signal.SIG_IGN)", "changed"),
    "a filter": ("warnings.simplefilter('ignore')", "changed"),
    "a heavy import": ("import rich", "loaded"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_effects_are_heard(name: str, tmp_path: Path) -> None:
    statement, where = PLANTED[name]
    found = effects(statement, tmp_path)
    if where == "loaded":
        assert "rich" in found["loaded"]
    else:
        assert len(found[where]) > 0


REFUSE = """
import sys

NETWORK = ("socket.", "urllib.", "http.", "ftplib.")

def refuse(event, arguments):
    if event.startswith(NETWORK) and event != "socket.gethostname":
        raise OSError(f"{event} {arguments}: no network here")

sys.addaudithook(refuse)
"""

TRAIN_AND_REPORT = """
from pydis.cli import main
from pydis.report import evaluation
evaluation.FITTED = evaluation.SCORED = 100
options = ["--steps", "1", "--batch", "1", "--latents", "1", "--out", "run"]
sys.exit(main(["train", "vae", *options]) or main(["report", "run"]))
"""


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ("", 0),
        ("import socket; socket.socket()", 1),
        ("import socket; socket.getaddrinfo('a', 1)", 1),
    ],
    ids=["as it is", "planted socket", "planted name look-up"],
)
def test_training_and_report_need_no_network(statement: str, status: int, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the report extra is not installed")
    code = REFUSE + statement + TRAIN_AND_REPORT
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == status, done.stderr
    assert (tmp_path / "run" / "report.html").exists() == (status == 0)
    assert ("no network here" in done.stderr) == (status != 0)
