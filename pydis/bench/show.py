"""A measurement for people: tables on a terminal, plain lines elsewhere."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pydis.bench.records import Entry, Record, RowRecord

COLUMNS = (
    *("contender", "threads", "ISA", "median ms", "min ms", "GFLOP/s", "% of peak"),
    *("speed-up [95 %]", "error", "bound", "marks"),
)
WIDTHS = (9, 7, 8, 9, 9, 7, 9, 23, 6, 6, 5)

LEGEND = """\
speed-up: times as fast as the first contender, median over paired rounds; a dash where the 95 %
interval holds 1 or there are fewer than six rounds, and 'slower' where it lies below 1.
GFLOP/s: operations / median; 2 M K N for [M, K] times [K, N], and for a convolution
2 N C O times the pairs of a map's pixel and a tap that lie on the image. % of peak: of the
instruction set's (BLAS: the best) at these threads. error: max |y - y64| / (|a||b|) against
float64 in units of eps, beside the bound that rounding explains; beyond it: WRONG, and no time.
marks: 'unstable' scatters by more than 5 % (median absolute deviation); '!' after a speed-up says
that others used more than a tenth of the machine meanwhile."""


def cells(entry: Entry, overloaded: bool) -> list[str]:
    """One contender as a line of the table."""
    about = [entry.backend, str(entry.threads), entry.instruction_set or "BLAS"]
    error = "not finite" if entry.error is None else f"{entry.error:.3g}"
    checked = [error, f"{entry.bound:.3g}"]
    if entry.wrong or entry.median is None or entry.minimum is None:
        return [*about, "WRONG", "", "", "", "", *checked, ""]
    share = "" if entry.share_of_peak is None else f"{100 * entry.share_of_peak:.0f}"
    times = [f"{1e3 * entry.median:.3f}", f"{1e3 * entry.minimum:.3f}", f"{entry.gflops:.1f}"]
    marks = "unstable" if entry.unstable else ""
    return [*about, *times, share, speed_up(entry, overloaded), *checked, marks]


def speed_up(entry: Entry, overloaded: bool) -> str:
    """The ratio with its interval, if it says anything."""
    ratio = entry.ratio
    if ratio is None or not ratio.significant:
        return "-"
    slower = " slower" if ratio.median < 1 else ""
    mark = " !" if overloaded else ""
    return f"{ratio.median:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]{slower}{mark}"


def title(row: RowRecord) -> str:
    """The kernel, its shape, and the machine meanwhile."""
    others = "" if row.others is None else f"; others used {100 * row.others:.0f} % of the machine"
    return f"{row.kernel} {row.shape}{others}{' (overloaded)' if row.overloaded else ''}"


def show_row(row: RowRecord, console: Console) -> None:
    """One row, as soon as it is measured."""
    lines = [cells(entry, row.overloaded) for entry in row.contenders]
    if not console.is_terminal:
        print_line(title(row), console)
        for line in [list(COLUMNS), *lines]:
            aligned = (c.rjust(w) for c, w in zip(line, WIDTHS, strict=True))
            print_line("  " + " ".join(aligned).rstrip(), console)
        return
    table = Table(title=Text(title(row)), title_justify="left", title_style="bold")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("contender", "marks") else "right")
    for line in lines:
        table.add_row(*line, style="red" if "WRONG" in line else None)
    console.print(table)


def show_head(record: Record, console: Console) -> None:
    """What all rows share."""
    about, machine = record.environment, record.machine
    governor = f", governor {machine['governor']}" if machine["governor"] else ""
    cpu = machine["cpu"] or about["machine"]
    print_line(f"{cpu}, {about['processors']} processors{governor}; {record.dtype}", console)
    print_line(f"NumPy {about['numpy']} with {about['blas']}; pydis {about['pydis']}", console)
    for peak in record.peaks:
        about_peak = f"peak {peak.instruction_set}, threads {peak.threads}"
        print_line(f"{about_peak}: {peak.gflops:.1f} GFLOP/s", console)
    print_line(f"copy, threads 1: {record.copy_gigabytes_per_second:.1f} GB/s", console)


def print_line(line: str, console: Console) -> None:
    """A line as it is: not wrapped, not coloured."""
    console.print(Text(line), soft_wrap=True)
