"""The backends of this machine beside each other, in a few seconds: how `pydis demo` ends."""

from typing import Any

from pydis.backends import available, load
from pydis.backends.environment import core
from pydis.backends.threads import default_threads
from pydis.bench.measure import NO_LIMITS, Setting
from pydis.bench.records import Entry, RowRecord
from pydis.bench.show import loss_lines
from pydis.bench.steps import measure_steps

ROUNDS, STEPS, SECONDS = 6, 4, 4.0


def compare(model: Any, batch: int) -> RowRecord:
    """One training step on `numpy` and on `cpp`, each with the threads that suit it."""
    contenders = [Setting("numpy", load("numpy"), default_threads("numpy"))]
    about = core()
    if about:
        threads = default_threads("cpp")
        contenders.append(Setting("cpp", load("cpp"), threads, about["instruction_set"]))
    name = type(model).__name__
    return measure_steps(name, model, contenders, ROUNDS, STEPS, NO_LIMITS, SECONDS, batch)


def sentences(row: RowRecord) -> list[str]:
    """What a comparison says, and what speaks against believing it."""
    numpy, *others = row.contenders
    if not others:
        reason = available()["cpp"].reason
        return [f"one training step here: {_time(numpy)}; cpp is not to be had: {reason}"]
    cpp = others[0]
    if cpp.wrong:
        return ["numpy and cpp do not train alike: no comparison", *loss_lines(row)]
    said = [f"one training step here: {_time(cpp)}, {_time(numpy)}", _difference(cpp)]
    if row.overloaded:
        used = "" if row.others is None else f"{100 * row.others:.0f} % of "
        said.append(f"do not trust it: others used {used}the machine meanwhile")
    return ["; ".join(said), *loss_lines(row)]


def _difference(entry: Entry) -> str:
    """The speed-up in words, if there is one."""
    ratio = entry.ratio
    if ratio is None or not ratio.significant:
        return f"no difference beyond the scatter of {len(entry.samples)} rounds"
    times = f"{ratio.median:.2g} times as fast as numpy [{ratio.low:.2g}, {ratio.high:.2g}]"
    return f"{entry.backend} is {times}"


def _time(entry: Entry) -> str:
    """`43.1 ms on cpp (avx512, threads 2)`."""
    about = ", ".join(word for word in (entry.instruction_set, f"threads {entry.threads}") if word)
    return f"{1e3 * (entry.median or 0):.1f} ms on {entry.backend} ({about})"
