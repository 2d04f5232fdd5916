"""A measurement for people: tables on a terminal, plain lines elsewhere."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pydis.bench.records import Budget, Entry, Limits, Op, Record, RowRecord

COLUMNS = (
    *("contender", "threads", "ISA", "median ms", "IQR", "min ms", "n", "GFLOP/s", "% of peak"),
    *("% of floor", "faults", "speed-up [95 %]", "error", "bound", "marks"),
)
WIDTHS = (9, 7, 8, 9, 7, 8, 3, 7, 9, 10, 7, 23, 6, 6, 5)
LEFT = ("contender", "marks", "kernel", "shape", "why", "losses")

LEGEND = """\
speed-up: times as fast as the first contender, median over paired rounds; a dash where the 95 %
interval holds 1 or there are fewer than six rounds, and 'slower' where it lies below 1. '!' after
it: others used more than a tenth of the machine meanwhile, do not trust it.
IQR: interquartile range in ms, over n rounds. faults: page faults of a call. marks: 'unstable'
scatters by more than 5 % (median absolute deviation).
GFLOP/s: operations / median; taps of a convolution outside the image are not counted. % of peak: of
the instruction set's (BLAS: the best) at these threads. % of floor: the floor's time, operations at
the peak or bytes at the bandwidth, the larger, of the time taken. Operations are those of the sum
as written: convolutions of 4 x 4 filters in steps of two take fewer, and may pass 100."""
ERRORS = {
    "kernels": """\
error: max |y - y64| / (|a||b|) against float64 in units of eps, of adam and pairwise_gaussian
max |y - y64| / max |y64|, beside the bound that rounding explains; beyond it: WRONG, and no
time.""",
    "layers": """\
error: max |y - y64| / max |y64| of the worst array, gradients included, against float64 in units of
eps, beside the bound that rounding explains; beyond it: WRONG, and no time.""",
    "steps": """\
error: how far losses are from the first contender's, at step 1 or at the last, in units of what is
tolerated (1e-5 of the first loss; 1e-2 of all; in a game 3e-2, and 1e-3 at the last step, for which
all go on from one state two steps before); beyond 1: WRONG, other work, no time and no ratio. eps
from float64: how far the first loss at step 1 is from that of the same step in float64.""",
}


def cells(entry: Entry, overloaded: bool) -> list[str]:
    """One contender as a line of the table."""
    about = [entry.backend, str(entry.threads), entry.instruction_set or processor(entry.backend)]
    error = "not finite" if entry.error is None else f"{entry.error:.3g}"
    checked = [error, f"{entry.bound:.3g}"]
    if entry.wrong or entry.median is None or entry.minimum is None or entry.iqr is None:
        return [*about, "WRONG", *[""] * 8, *checked, ""]
    times = [f"{1e3 * t:.3f}" for t in (entry.median, entry.iqr, entry.minimum)]
    speed = "" if entry.gflops is None else f"{entry.gflops:.1f}"
    faults = "" if entry.page_faults is None else f"{entry.page_faults:.0f}"
    limits = [speed, percent(entry.share_of_peak), percent(entry.share_of_floor), faults]
    marks = "unstable" if entry.unstable else ""
    compared = speed_up(entry, overloaded)
    return [*about, *times, str(len(entry.samples)), *limits, compared, *checked, marks]


def processor(backend: str) -> str:
    """What computes where no instruction set was chosen."""
    return "GPU" if backend == "cupy" else "BLAS"


def percent(share: float | None) -> str:
    """A share in hundredths, small ones with a digit more; nothing where it is not known."""
    return "" if share is None else f"{100 * share:.{0 if share >= 0.0995 else 1}f}"


def speed_up(entry: Entry, overloaded: bool) -> str:
    """The ratio with its interval, if it says anything."""
    ratio = entry.ratio
    if ratio is None or not ratio.significant:
        return "-"
    slower = " slower" if ratio.median < 1 else ""
    mark = " !" if overloaded else ""
    return f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]{slower}{mark}"


def title(row: RowRecord) -> str:
    """The work, its shape, and the machine meanwhile."""
    again = f"; {row.discarded} disturbed rounds left out" if row.discarded else ""
    return f"{row.work} {row.shape}{meanwhile(row)}{again}"


def meanwhile(measured: RowRecord | Budget) -> str:
    """What others used of the machine while this was measured."""
    share = measured.others
    others = "" if share is None else f"; others used {100 * share:.0f} % of the machine"
    return others + " (overloaded)" * measured.overloaded


def show_row(row: RowRecord, console: Console) -> None:
    """One row, as soon as it is measured."""
    show_table(
        title(row), COLUMNS, WIDTHS, [cells(e, row.overloaded) for e in row.contenders], console
    )
    for line in loss_lines(row):
        print_line(line, console)
    if row.budget:
        show_budget(row.budget, console)


def show_table(
    title: str,
    columns: Sequence[str],
    widths: Sequence[int],
    lines: Sequence[list[str]],
    console: Console,
) -> None:
    """A table on a terminal, aligned lines elsewhere."""
    if not console.is_terminal:
        print_line(title, console)
        for line in [list(columns), *lines]:
            pairs = zip(columns, line, widths, strict=True)
            aligned = (c.ljust(w) if name in LEFT[1:] else c.rjust(w) for name, c, w in pairs)
            print_line("  " + " ".join(aligned).rstrip(), console)
        return
    table = Table(title=Text(title), title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in LEFT else "right")
    for line in lines:
        table.add_row(*line, style="red" if "WRONG" in line else None)
    console.print(table)


def loss_lines(row: RowRecord) -> list[str]:
    """The losses of every contender side by side."""
    found = []
    for entry in row.contenders:
        if entry.losses is None:
            continue
        known = entry.losses
        pairs = [f"{name} {known.first[name]:.6g} -> {known.last[name]:.6g}" for name in known.last]
        about = f"{entry.backend} {entry.instruction_set or ''}".strip()
        error = "not finite" if known.error is None else f"{known.error:.2g} eps from float64"
        pairs[0] += f" (first {error})"
        verdict = "  WRONG: not the first one's" if entry.wrong else ""
        found.append(f"    {about}, threads {entry.threads}: {', '.join(pairs)}{verdict}")
    if found:
        steps = max(entry.losses.steps for entry in row.contenders if entry.losses)
        found.insert(0, f"  losses at step 1 -> step {steps}")
    return found


OP_COLUMNS = (
    *("ms", "%", "calls", "kernel", "shape", "MFLOP", "MB", "floor ms", "% of floor", "why"),
)
OP_WIDTHS = (7, 3, 5, 24, 42, 8, 6, 8, 10, 13)


def show_budget(budget: Budget, console: Console) -> None:
    """Where the time of a step goes, the dearest first."""
    lines = [op_cells(op, budget.wall) for op in budget.ops]
    inside = budget.wall - budget.outside
    floor = sum(op.floor for op in budget.ops)
    shares = f"{1e3 * inside:.2f} in kernels (floor {1e3 * floor:.2f})"
    outside = f"{1e3 * budget.outside:.2f} outside ({percent(budget.outside / budget.wall)} %)"
    about = (
        f"{budget.backend} {budget.instruction_set or ''}".strip() + f", threads {budget.threads}"
    )
    title = f"one step of {about}: {1e3 * budget.wall:.2f} ms, of which {shares}, {outside}"
    show_table(title + meanwhile(budget), OP_COLUMNS, OP_WIDTHS, lines, console)
    by_core = "; and the checks and new arrays of a call" if budget.backend == "cpp" else ""
    what = f"outside: Python, the graph, what NumPy computes without a kernel{by_core}."
    print_line(what, console)


def op_cells(op: Op, wall: float) -> list[str]:
    """One kernel at one shape as a line of the budget."""
    spent = [f"{1e3 * op.seconds:.3f}", percent(op.seconds / wall), f"{op.calls:g}"]
    work = [f"{op.operations / 1e6:.1f}", f"{op.bytes / 1e6:.2f}"]
    floor = [f"{1e3 * op.floor:.3f}", percent(op.share_of_floor)]
    return [*spent, op.kernel, op.shape, *work, *floor, op.why]


def show_head(record: Record, console: Console) -> None:
    """What all rows share."""
    about, machine = record.environment, record.machine
    governor = f", governor {machine['governor']}" if machine["governor"] else ""
    cpu = machine["cpu"] or about["machine"]
    print_line(f"{cpu}, {about['processors']} processors{governor}; {record.dtype}", console)
    print_line(f"NumPy {about['numpy']} with {about['blas']}; pydis {about['pydis']}", console)
    for line in limit_lines(record.limits):
        print_line(line, console)


def limit_lines(limits: Limits) -> list[str]:
    """What the machine can do, measured just now."""
    lines = [
        f"peak {p.instruction_set}, threads {p.threads}: {p.gflops:.1f} GFLOP/s"
        for p in limits.peaks
    ]
    lines += [
        f"best matrix product, threads {p.threads}: {p.gflops:.1f} GFLOP/s at {p.side}x{p.side}"
        for p in limits.products
    ]
    for n in dict.fromkeys(c.threads for c in limits.copies):
        own = [c for c in limits.copies if c.threads == n]
        rates = ", ".join(f"{c.gigabytes_per_second:.0f} of {c.bytes / 2**20:g} MiB" for c in own)
        lines.append(f"copy, threads {n}: GB/s read and written: {rates}")
    fault = f"page fault: {1e6 * limits.page_fault:.2f} us for {limits.page_bytes} bytes"
    if limits.overloaded:
        lines.append(
            "all this on a machine that others used meanwhile (overloaded): it can do more"
        )
    return [*lines, f"{fault}; smallest kernel call: {1e6 * limits.call:.1f} us"]


def print_line(line: str, console: Console) -> None:
    """A line as it is: not wrapped, not coloured."""
    console.print(Text(line), soft_wrap=True)
