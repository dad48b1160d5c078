"""Trend rules: a sensor that stands still, a value that jumps. They look at usable rows that move time forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.chunk import Chunk
from contracts.series.evidence import Failures
from contracts.series.order import Ordered
from contracts.series.plan import OFF, SeriesPlan
from contracts.series.rowwise import Values
from contracts.series.rules import NEVER, SECOND, Bools, Floats, Index, Ints


@dataclass(slots=True)
class Run:
    """The trend sequence by tag. `change` is the absolute difference to the value before."""

    ordered: Ordered
    left_out: Index  # rows of `ordered` that are not part of the sequence
    value: Floats
    change: Floats
    tag: Index
    start: Index
    end: Index

    def owner(self, rows: Index) -> Index:
        """Position in `tag` of the tag that each row belongs to."""
        return np.searchsorted(self.start, rows, side="right") - 1

    def source(self, rows: Index) -> Index:
        """Where some rows of the sequence stand among the ordered rows: each that was left out before moves them on."""
        return rows + np.searchsorted(self.left_out - np.arange(len(self.left_out)), rows, side="right")

    def ts(self, rows: Index) -> Ints:
        return self.ordered.ts[self.source(rows)]


class Trend:
    """Carries, for each tag with a trend rule, the last row of its sequence and the start of its run without change."""

    def __init__(self, plan: SeriesPlan) -> None:
        n = plan.trending
        self.last_ts: Ints = np.full(n, NEVER, np.int64)
        self.last_value: Floats = np.full(n, np.nan)
        self.still_since: Ints = np.full(n, NEVER, np.int64)
        self.reported: Bools = np.zeros(n, np.bool_)
        self._max_rate = plan.max_rate[:n]
        self._noise_floor = plan.noise_floor[:n]
        self._stuck_after = plan.stuck_after[:n]
        floors = self._noise_floor[~np.isnan(self._noise_floor)]
        self._widest_floor = float(floors.max()) if len(floors) else None

    def check(self, chunk: Chunk, ordered: Ordered, values: Values) -> tuple[Failures | None, Failures | None]:
        """(stuck, rate) failures of this chunk; moves the carried state forward."""
        run = self._run(ordered, values)
        if run is None:
            return None, None
        rate = self._jumps(chunk, run)
        stuck = self._still(chunk, run)
        last = run.end - 1
        self.last_ts[run.tag] = run.ts(last)
        self.last_value[run.tag] = run.value[last]
        return stuck, rate

    def _run(self, ordered: Ordered, values: Values) -> Run | None:
        groups = int(np.searchsorted(ordered.tag, len(self.last_ts)))
        if not groups:
            return None
        rows = int(ordered.end[groups - 1])
        value, usable = values.value, values.usable
        if ordered.forward is not None:
            value, usable = value[ordered.forward], usable[ordered.forward]
        value, usable = value[:rows], usable[:rows]
        left_out = np.flatnonzero(~usable)
        start, end = ordered.start[:groups], ordered.end[:groups]
        start, end = start - np.searchsorted(left_out, start), end - np.searchsorted(left_out, end)
        some = end > start
        tag, start, end = ordered.tag[:groups][some], start[some], end[some]
        if not len(tag):
            return None
        if len(left_out):
            value = value[usable]
        change = np.empty_like(value)
        np.subtract(value[1:], value[:-1], out=change[1:])
        # A tag's first row ever has no change; 0 keeps it out of the rate, `_still` leaves it out by itself.
        fresh = self.last_ts[tag] == NEVER
        change[start] = np.where(fresh, 0.0, value[start] - self.last_value[tag])
        np.abs(change, out=change)
        return Run(ordered, left_out, value, change, tag, start, end)

    def _before(self, run: Run, rows: Index, owner: Index) -> Ints:
        """Time of the row before in the sequence, across chunks."""
        before = run.ts(np.maximum(rows - 1, 0))
        first = rows == run.start[owner]
        before[first] = self.last_ts[run.tag[owner[first]]]
        return before

    def _jumps(self, chunk: Chunk, run: Run) -> Failures | None:
        # No distance in the sequence is shorter than the tag's shortest step, so this bound clears most tags at once.
        shortest = _shortest(run.ordered)[np.searchsorted(run.ordered.tag, run.tag)]
        bound = self._max_rate[run.tag] * (shortest / SECOND) * (1 - 1e-9)
        top = np.maximum.reduceat(run.change, run.start)
        if not (top > bound).any():
            return None
        rows = np.flatnonzero(run.change > np.repeat(bound, run.end - run.start))
        owner = run.owner(rows)
        tag = run.tag[owner]
        before = self._before(run, rows, owner)
        known = before != NEVER
        rows, tag, before = rows[known], tag[known], before[known]
        rate = run.change[rows] / ((run.ts(rows) - before) / SECOND)
        fast = rate > self._max_rate[tag]
        return _failures(chunk, run, rows[fast], tag[fast], rate[fast])

    def _still(self, chunk: Chunk, run: Run) -> Failures | None:
        if self._widest_floor is None:
            return None
        last = run.end - 1
        rows = np.flatnonzero(run.change <= self._widest_floor)
        owner = run.owner(rows)
        tag = run.tag[owner]
        at_start = rows == run.start[owner]
        still = (run.change[rows] <= self._noise_floor[tag]) & ~(at_start & (self.last_ts[tag] == NEVER))
        rows, owner, tag, at_start = rows[still], owner[still], tag[still], at_start[still]
        # A new island begins where the row before is not part of this one.
        new = np.ones(len(rows), np.bool_)
        new[1:] = (rows[1:] != rows[:-1] + 1) | at_start[1:]
        island = np.cumsum(new) - 1
        heads = np.flatnonzero(new)
        head_rows, head_tags, carried = rows[heads], tag[heads], at_start[heads]
        since = run.ts(np.maximum(head_rows - 1, 0))
        since[carried] = self.still_since[head_tags[carried]]
        told = carried & self.reported[head_tags]
        held = run.ts(rows) - since[island]
        long = (held >= self._stuck_after[tag]) & (self._stuck_after[tag] != OFF)
        # Once long, an island stays long: its first long row is the one that fails.
        first = long.copy()
        first[1:] &= ~(long[:-1] & ~new[1:])
        hit = first & ~told[island]
        found = _failures(chunk, run, rows[hit], tag[hit], held[hit] / SECOND)
        self.still_since[run.tag] = run.ts(last)
        self.reported[run.tag] = False
        ends = np.flatnonzero(rows == last[owner])
        self.still_since[tag[ends]] = since[island[ends]]
        self.reported[tag[ends]] = long[ends] | told[island[ends]]
        return found


def _shortest(ordered: Ordered) -> Ints:
    """Shortest step of each tag. A tag's very first row has no step, and what stands for it would spoil the bound."""
    if not ordered.first.any():
        return ordered.shortest
    step = ordered.step.copy()
    step[ordered.start[ordered.first]] = OFF
    return np.minimum.reduceat(step, ordered.start)


def _failures(chunk: Chunk, run: Run, rows: Index, tag: Index, detail: Floats) -> Failures | None:
    if not len(rows):
        return None
    place = run.ordered.place[run.source(rows)]
    order = np.argsort(place)
    place = place[order]
    return Failures.of(place + chunk.first, tag[order], chunk.ts[place], chunk.value[place], detail[order])
