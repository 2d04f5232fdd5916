"""Processes that compute when asked: libraries in one process would fight over threads.

A child reads requests as lines of JSON on stdin and answers each with a line on stdout.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydis.bench.load import Moment, moment

KEEP = str(1 << 30)
MALLOC = {
    "plain": {},
    "tuned": {"MALLOC_MMAP_THRESHOLD_": KEEP, "MALLOC_TRIM_THRESHOLD_": KEEP},
}
"""glibc's malloc as it comes, and tuned to keep what is freed."""


class Child:
    """A library in a process of its own."""

    def __init__(self, command: Sequence[str], malloc: str, threads: int) -> None:
        count = str(threads)
        limits = dict.fromkeys(
            ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), count
        )
        self.malloc = malloc
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | limits | MALLOC[malloc],
            text=True,
        )

    def ask(self, **request: Any) -> Any:
        """The answer to a request. Ends the program where the child has ended."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None and stdout is not None
        print(json.dumps(request), file=stdin, flush=True)
        line = stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args} ended with status {self.process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


def moment_of(children: Sequence[Child], neighbours: Sequence[int] = ()) -> Moment:
    """Now; what the children used counts as ours. {} asks a child for its processor time.

    So does what processes used that compute beside them on purpose, by their numbers.
    """
    now = moment()
    own = sum(child.ask() for child in children) + sum(map(processor_time, neighbours))
    return now._replace(own=now.own + own)


def processor_time(pid: int) -> float:
    """Seconds that a process used; 0 where the system keeps no such file."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def torch_version(python: str) -> str:
    show = "import torch; print(torch.__version__, torch.__config__.parallel_info())"
    done = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True)
    return done.stdout
