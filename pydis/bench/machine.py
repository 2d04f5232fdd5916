"""What a number depends on: the processor, how it is run, the source, its arithmetic peak."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter

from pydis.backends.hardware import computing, register_arithmetic
from pydis.bench.records import Peak

ROOT = Path(__file__).parents[2]


def about() -> dict[str, str | None]:
    """The model of the processor, its governor, and the commit; None where it cannot be read."""
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {"cpu": _cpu(), "governor": _first_line(governor), "commit": commit()}


def commit(root: Path = ROOT) -> str | None:
    """The commit of the source tree, with "+changes" where files differ from it; None elsewhere.

    Earlier results are no part of it: what is measured does not depend on them.
    """
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        but = ":(exclude)benchmarks/results"
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", but)
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+changes" if changed else "")


def peaks(sets: Iterable[str], thread_counts: Iterable[int], dtype: str) -> list[Peak]:
    """The most operations a second of each instruction set at each number of threads."""
    counts = list(thread_counts)
    return [
        Peak(name, n, _peak(name, n, dtype == "float64") / 1e9) for name in sets for n in counts
    ]


def _peak(name: str, number: int, double_precision: bool, seconds: float = 0.2) -> float:
    """The best of the tries, of less than a millisecond each, that this time holds.

    Interference only ever slows; and threads that just woke may share a processor for a while.
    """
    steps, best, until = 25_000, 0.0, perf_counter() + seconds
    with computing(number, name):
        while perf_counter() < until:
            began = perf_counter()
            operations = register_arithmetic(steps, 4 * number, double_precision)
            best = max(best, operations / (perf_counter() - began))
    return best


def _cpu() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else None


def _first_line(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
