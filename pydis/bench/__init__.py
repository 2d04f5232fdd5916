"""Measurements: `pydis bench kernels`. How a time is taken, what it is compared with, who was near.

A number is printed only beside what it needs to be believed: its error against float64 with the
bound that rounding explains, its scatter, the load of the machine, the peak measured in that run.
"""

from pydis.bench.quiet import quiet_rounds
from pydis.bench.records import SCHEMA, Entry, Peak, Record, RowRecord
from pydis.bench.statistics import Ratio, Summary, speed_up, summarise
from pydis.bench.timing import Contender

__all__ = [
    "SCHEMA",
    "Contender",
    "Entry",
    "Peak",
    "Ratio",
    "Record",
    "RowRecord",
    "Summary",
    "quiet_rounds",
    "speed_up",
    "summarise",
]
