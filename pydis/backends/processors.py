"""How many processors this process may use: those it may run on, within the quota of its container.

A quota is time of processors per time. A group of processes has its own and is held to those of
the groups around it, so the smallest on the way to the root counts.
"""

import os
from collections.abc import Iterator
from pathlib import Path

OWN_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


def processors() -> int:
    """At least one: a quota of one and a half processors counts as one."""
    allowed = quota()
    return affinity() if allowed is None else max(1, min(affinity(), int(allowed)))


def affinity() -> int:
    """How many processors the system may run this process on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota(own: Path = OWN_GROUPS, root: Path = GROUPS) -> float | None:
    """How many processors' time the control groups grant, both versions; None without a limit.

    A file that is missing or that cannot be read sets no limit.
    """
    return min(_quotas(own, root), default=None)


def _quotas(own: Path, root: Path) -> Iterator[float]:
    for line in _text(own).splitlines():
        number, kinds, path = line.split(":", 2)
        if number == "0":
            for group in _upwards(root, path):  # "max 100000" or "150000 100000"
                yield from _ratio(*_text(group / "cpu.max").split())
        elif "cpu" in kinds.split(","):
            for group in _upwards(root / "cpu", path):
                granted = _text(group / "cpu.cfs_quota_us").strip()
                yield from _ratio(granted, _text(group / "cpu.cfs_period_us").strip())


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """The group and those around it; within a container the inner ones may not be mounted."""
    inner = Path(path.lstrip("/"))
    yield from (root / part for part in (inner, *inner.parents))


def _ratio(granted: str = "", period: str = "") -> Iterator[float]:
    """Nothing where there is no limit: `max`, -1 or an empty text."""
    if granted.isdigit() and period.isdigit() and int(period) > 0:
        yield int(granted) / int(period)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
