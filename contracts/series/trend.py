"""Trend rules: a sensor that stands still, a value that jumps. They look at usable rows that move time forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.chunk import Chunk
from contracts.series.evidence import Failures
from contracts.series.order import Ordered
from contracts.series.plan import OFF, SeriesPlan
from contracts.series.rules import NEVER, SECOND, Bools, Floats, Index, Ints


@dataclass(slots=True)
class Run:
    """The trend sequence as rows of the chunk, by tag. `change` is the absolute difference to the value before."""

    place: Index
    change: Floats
    tag: Index
    start: Index
    end: Index

    def owner(self, rows: Index) -> Index:
        """Position in `tag` of the tag that each row belongs to."""
        return np.searchsorted(self.start, rows, side="right") - 1


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

    def check(self, chunk: Chunk, ordered: Ordered, usable: Bools) -> tuple[Failures | None, Failures | None]:
        """(stuck, rate) failures of this chunk; moves the carried state forward."""
        run = self._run(chunk, ordered, usable)
        if run is None:
            return None, None
        rate = self._jumps(chunk, ordered, run)
        stuck = self._still(chunk, run)
        last = run.place[run.end - 1]
        self.last_ts[run.tag] = chunk.ts[last]
        self.last_value[run.tag] = chunk.value[last]
        return stuck, rate

    def _run(self, chunk: Chunk, ordered: Ordered, usable: Bools) -> Run | None:
        groups = int(np.searchsorted(ordered.tag, len(self.last_ts)))
        if not groups:
            return None
        place = ordered.place[: ordered.end[groups - 1]]
        fit = usable.take(place)
        left_out = np.flatnonzero(~fit)
        start = ordered.start[:groups] - np.searchsorted(left_out, ordered.start[:groups])
        end = ordered.end[:groups] - np.searchsorted(left_out, ordered.end[:groups])
        some = end > start
        tag, start, end = ordered.tag[:groups][some], start[some], end[some]
        if not len(tag):
            return None
        place = place[fit] if len(left_out) else place
        value = chunk.value.take(place)
        change = np.empty_like(value)
        np.subtract(value[1:], value[:-1], out=change[1:])
        # A tag's first row ever has no change; 0 keeps it out of the rate, `still` leaves it out by itself.
        fresh = self.last_ts[tag] == NEVER
        change[start] = np.where(fresh, 0.0, value[start] - self.last_value[tag])
        np.abs(change, out=change)
        return Run(place, change, tag, start, end)

    def _before(self, chunk: Chunk, run: Run, rows: Index, owner: Index) -> Ints:
        """Time of the row before in the sequence, across chunks."""
        before: Ints = chunk.ts[run.place[np.maximum(rows - 1, 0)]]
        first = rows == run.start[owner]
        before[first] = self.last_ts[run.tag[owner[first]]]
        return before

    def _jumps(self, chunk: Chunk, ordered: Ordered, run: Run) -> Failures | None:
        # No distance in the sequence is shorter than the tag's shortest step, so this bound clears most tags at once.
        shortest = ordered.shortest[np.searchsorted(ordered.tag, run.tag)]
        bound = self._max_rate[run.tag] * (shortest / SECOND) * (1 - 1e-9)
        top = np.maximum.reduceat(run.change, run.start)
        if not (top > bound).any():
            return None
        rows = np.flatnonzero(run.change > np.repeat(bound, run.end - run.start))
        owner = run.owner(rows)
        tag = run.tag[owner]
        before = self._before(chunk, run, rows, owner)
        known = before != NEVER
        rows, tag, before = rows[known], tag[known], before[known]
        place = run.place[rows]
        rate = run.change[rows] / ((chunk.ts[place] - before) / SECOND)
        fast = rate > self._max_rate[tag]
        return _failures(chunk, place[fast], tag[fast], rate[fast])

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
        since: Ints = chunk.ts[run.place[np.maximum(head_rows - 1, 0)]]
        since[carried] = self.still_since[head_tags[carried]]
        told = carried & self.reported[head_tags]
        held = chunk.ts[run.place[rows]] - since[island]
        long = (held >= self._stuck_after[tag]) & (self._stuck_after[tag] != OFF)
        # Once long, an island stays long: its first long row is the one that fails.
        first = long.copy()
        first[1:] &= ~(long[:-1] & ~new[1:])
        hit = first & ~told[island]
        found = _failures(chunk, run.place[rows[hit]], tag[hit], held[hit] / SECOND)
        self.still_since[run.tag] = chunk.ts[run.place[last]]
        self.reported[run.tag] = False
        ends = np.flatnonzero(rows == last[owner])
        self.still_since[tag[ends]] = since[island[ends]]
        self.reported[tag[ends]] = long[ends] | told[island[ends]]
        return found


def _failures(chunk: Chunk, place: Index, tag: Index, detail: Floats) -> Failures | None:
    if not len(place):
        return None
    order = np.argsort(place)
    place = place[order]
    return Failures.of(place + chunk.first, tag[order], chunk.ts[place], chunk.value[place], detail[order])
