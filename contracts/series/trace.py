"""Trace: what an accepted series leaves behind for later ones: prints of its values, and how its phases began.

A print is the hash of a run of values, taken where the hash itself says so. A copy of the values therefore has the same
prints wherever it was cut into deliveries. A trace of an hour of 20 tags is some ten kilobytes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.context import Reference

FORMAT: Final = "justindata-series-trace/1"
HOUR: Final = 3_600_000_000
FEWEST: Final = 30
"""Points that a reference needs: fewer say little about a standard deviation."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first hour of a tag in one phase of one delivery: from when, how many points, mean, sum of squares."""

    since: int
    points: int
    mean: float
    squares: float

    def and_(self, other: Beginning) -> Beginning:
        """Both together, the earlier time kept."""
        n = self.points + other.points
        apart = other.mean - self.mean
        mean = self.mean + apart * other.points / n
        squares = self.squares + other.squares + apart * apart * self.points * other.points / n
        return Beginning(min(self.since, other.since), n, mean, squares)


@dataclass(frozen=True)
class SeriesTrace:
    """`prints`: (batch, tag) -> prints. `beginnings`: (batch, phase, tag) -> how it began."""

    prints: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    beginnings: Mapping[tuple[str | None, str | None, str], Beginning] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Lists, text and numbers: ready for JSON."""
        return {
            "format": FORMAT,
            "prints": [[*key, list(prints)] for key, prints in self.prints.items()],
            "beginnings": [[*key, b.since, b.points, b.mean, b.squares] for key, b in self.beginnings.items()],
        }

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> SeriesTrace:
        """Raises ValueError when the body is no trace of this format."""
        if body.get("format") != FORMAT:
            raise ValueError(f"not a series trace: format is {body.get('format')!r}, valid is {FORMAT!r}")
        prints = {(batch, tag): tuple(found) for batch, tag, found in body["prints"]}
        beginnings = {(batch, phase, tag): Beginning(*rest) for batch, phase, tag, *rest in body["beginnings"]}
        return cls(prints, beginnings)


class TraceHistory:
    """The past as a list of traces, oldest first: the SeriesHistory that tests, backtests and small hubs use."""

    def __init__(self, traces: Iterable[SeriesTrace] = ()) -> None:
        self._prints: dict[str, dict[str, set[int]]] = {}
        self._beginnings: dict[tuple[str | None, str | None, str], Beginning] = {}
        for trace in traces:
            self.add(trace)

    def add(self, trace: SeriesTrace) -> None:
        """Remember what one accepted delivery left."""
        for (batch, tag), prints in trace.prints.items():
            self._prints.setdefault(tag, {}).setdefault(batch, set()).update(prints)
        for key, beginning in trace.beginnings.items():
            first = self._beginnings.get(key)
            if first is None:
                self._beginnings[key] = beginning
            elif abs(beginning.since - first.since) < HOUR:
                self._beginnings[key] = first.and_(beginning)

    def seen(self, tag: str, prints: Collection[int], batch: str) -> Mapping[str, int]:
        """Batch, other than this one -> how many of these prints its earlier deliveries left."""
        wanted = set(prints)
        found = {other: len(wanted & held) for other, held in self._prints.get(tag, {}).items() if other != batch}
        return {other: count for other, count in found.items() if count}

    def reference(self, batch: str | None, phase: str | None, tag: str) -> Reference | None:
        """The first accepted hour; None while fewer than FEWEST points were accepted."""
        found = self._beginnings.get((batch, phase, tag))
        if found is None or found.points < FEWEST:
            return None
        return Reference(found.points, found.mean, math.sqrt(found.squares / (found.points - 1)))
