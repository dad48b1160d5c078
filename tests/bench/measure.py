"""Measuring: what a figure is, CPU seconds of this process, and two things measured in turns."""

from __future__ import annotations

import resource
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


class Absent(Exception):
    """The part needs something that is not on this machine."""


@dataclass(frozen=True)
class Figure:
    """One line of the table. With `against` the bar is about figure / against, without it about the figure. Two rates
    are compared as the times that `figure` is `slower`: against / figure."""

    name: str
    figure: float
    unit: str
    bar: float
    against: float | None = None
    at_least: bool = False  # the bar is a lower one
    slower: bool = False

    @property
    def ratio(self) -> float | None:
        if self.against is None:
            return None
        return self.against / self.figure if self.slower else self.figure / self.against

    @property
    def holds(self) -> bool:
        measured = self.figure if self.ratio is None else self.ratio
        return measured >= self.bar if self.at_least else measured <= self.bar

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "figure": round(self.figure, 4),
            "unit": self.unit,
            "against": None if self.against is None else round(self.against, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "bar": self.bar,
            "holds": self.holds,
        }


def cpu() -> float:
    """CPU seconds that this process has used, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def cpu_of(work: Callable[[], object]) -> float:
    before = cpu()
    work()
    return cpu() - before


def in_turns(rounds: int, *works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each, run one after the other round by round: a slow moment of the machine meets all."""
    for work in works:
        work()  # warm: imports, file cache
    taken = [[cpu_of(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def own_peak_mb() -> float:
    """From the kernel's account of this program; `ru_maxrss` would begin with what the parent had at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
