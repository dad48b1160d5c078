"""Rules that look at one row only: time, tag, quality, value, unit (contracts.md 4.4, first table)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.chunk import Chunk, ChunkReader
from contracts.series.evidence import Evidence, Failures
from contracts.series.order import Grouped
from contracts.series.plan import COUNTS, GOOD, NO_WORD, UNKNOWN_WORD, SeriesPlan
from contracts.series.rules import RULES, Bools, Floats, Index, Mask


@dataclass(slots=True)
class Seen:
    """What time and quality say about the rows of a chunk."""

    counts: Bools | None  # the quality lets the value count; None: all do
    no_key: Index | None  # rows without a believable time; None: there are none


@dataclass(slots=True)
class Values:
    """Values of the grouped rows. `usable`: counts, present, finite, no sentinel, in range, limits apply."""

    value: Floats
    usable: Bools


@dataclass(slots=True)
class Unread:
    """Rows whose cell could not be read, by field. They have a finding already and are not called empty on top."""

    rows: dict[str, Index]

    def without(self, found: Index, field: str | None) -> Index:
        unread = self.rows.get(field) if field is not None else None
        return found if unread is None else np.setdiff1d(found, unread)


class RowWise:
    def __init__(self, plan: SeriesPlan, reader: ChunkReader, latest_us: int | None, evidence: Evidence) -> None:
        self._plan = plan
        self._reader = reader
        self._latest = latest_us
        self._evidence = evidence
        self._on = {name for name in RULES if plan.on(name)}

    def before(self, chunk: Chunk, unread: Unread, mask: Mask) -> Seen:
        """Rules on time and quality. Adds the bits of failing rows to `mask` (one element a row) and their evidence."""
        no_key = self._times(chunk, unread, mask)
        return Seen(self._qualities(chunk, unread, mask), no_key)

    def after(self, chunk: Chunk, grouped: Grouped, seen: Seen, unread: Unread, mask: Mask) -> Values:
        """Rules on tag, unit and value, once the rows are grouped by tag: limits then need no look-up a row."""
        self._tags(chunk, grouped.rest, unread, mask)
        if chunk.unit is not None and "unit" in self._on:
            self._units(chunk, mask)
        return self._values(chunk, grouped, seen, mask)

    def _fail(self, rule: str, chunk: Chunk, rows: Index, mask: Mask) -> None:
        if rule not in self._on or not len(rows):
            return
        mask[rows] |= np.uint32(RULES[rule].bit)
        failures = Failures.of(rows + chunk.first, chunk.codes(rows), chunk.ts[rows], chunk.value[rows])
        if chunk.no_value is not None:
            failures.value[chunk.no_value[rows]] = np.nan
        if rule == "quality_unknown" and chunk.quality is not None:
            failures.detail[:] = chunk.qualities.word.take(chunk.quality[rows])
        if rule == "unit" and chunk.unit is not None:
            index, words = chunk.unit
            failures.detail[:] = [self._reader.word(words[at] or "") for at in index[rows].tolist()]
        self._evidence.add(rule, failures)

    def _times(self, chunk: Chunk, unread: Unread, mask: Mask) -> Index | None:
        """Bounds hold for the order rules even where the contract has no clause that would report a breach."""
        bad: list[Index] = []
        plan, ts = self._plan, chunk.ts
        if chunk.no_ts is not None:
            empty = np.flatnonzero(chunk.no_ts)
            bad.append(empty)
            self._fail("null_ts", chunk, unread.without(empty, plan.columns.ts), mask)
        for rule, out in (("ts_placeholder", self._before(chunk)), ("ts_future", self._after(chunk))):
            if out is not None:
                bad.append(out)
                self._fail(rule, chunk, out, mask)
        if chunk.server_ts is not None and plan.max_skew is not None:
            server, no_server = chunk.server_ts
            apart = np.abs(ts - server) > plan.max_skew
            for missing in (chunk.no_ts, no_server):
                if missing is not None:
                    apart &= ~missing
            self._fail("clock_skew", chunk, np.flatnonzero(apart), mask)
        return np.concatenate(bad) if bad else None

    def _before(self, chunk: Chunk) -> Index | None:
        limit = self._plan.minimum_us
        if limit is None or chunk.ts.min() >= limit:
            return None
        return _present(np.flatnonzero(chunk.ts < limit), chunk.no_ts)

    def _after(self, chunk: Chunk) -> Index | None:
        if self._latest is None or chunk.ts.max() <= self._latest:
            return None
        return _present(np.flatnonzero(chunk.ts > self._latest), chunk.no_ts)

    def _tags(self, chunk: Chunk, rest: Index, unread: Unread, mask: Mask) -> None:
        """Rows of a tag that is not agreed are among those without a valid key."""
        if len(rest):
            codes, no_tag = chunk.codes(rest), self._reader.no_tag
            self._fail("null_tag", chunk, unread.without(rest[codes == no_tag], self._plan.columns.tag), mask)
            self._fail("tag_unknown", chunk, rest[codes > no_tag], mask)

    def _qualities(self, chunk: Chunk, unread: Unread, mask: Mask) -> Bools | None:
        """Which rows count; None: all."""
        columns = self._plan.columns
        empty = None if chunk.no_value is None else np.flatnonzero(chunk.no_value)
        if chunk.quality is None:
            if empty is not None:
                self._fail("value_missing", chunk, unread.without(empty, columns.value), mask)
            return None
        grade = chunk.qualities.grade.take(chunk.quality)
        if grade.max() >= UNKNOWN_WORD:
            self._fail("null_quality", chunk, unread.without(np.flatnonzero(grade == NO_WORD), columns.quality), mask)
            self._fail("quality_unknown", chunk, np.flatnonzero(grade == UNKNOWN_WORD), mask)
        if empty is not None:
            # UNCERTAIN, BAD and STALE excuse an empty value.
            self._fail("value_missing", chunk, unread.without(empty[grade[empty] >= GOOD], columns.value), mask)
        counts: Bools = grade >= COUNTS
        return counts

    def _values(self, chunk: Chunk, grouped: Grouped, seen: Seen, mask: Mask) -> Values:
        plan = self._plan
        counts = seen.counts
        if chunk.no_value is not None:
            counts = ~chunk.no_value if counts is None else counts & ~chunk.no_value
        place, size = grouped.place, grouped.end - grouped.start
        value = chunk.value.take(place)
        usable = np.repeat(plan.low[grouped.tag], size) <= value
        usable &= value <= np.repeat(plan.high[grouped.tag], size)
        # No range holds NaN or an infinity, not even an open one: only what is outside can be one of them.
        outside = place[~usable]
        if len(outside) or len(grouped.rest):
            self._not_finite(chunk, np.concatenate([outside, grouped.rest]), mask)
        for number in plan.inner_sentinels:
            usable &= value != number
        fit = None if counts is None else counts.take(place)
        odd = np.flatnonzero(~usable if fit is None else usable < fit)
        if fit is not None:
            usable &= fit
        if len(odd):
            clear = self._odd_values(chunk, place[odd], mask)
            usable[odd[clear]] = True
        if len(grouped.rest):
            rest = grouped.rest if counts is None else grouped.rest[counts[grouped.rest]]
            self._odd_values(chunk, rest, mask)
        if chunk.phase is not None and plan.phases is not None:
            usable &= self._in_phase(chunk, place)
        return Values(value, usable)

    def _not_finite(self, chunk: Chunk, among: Index, mask: Mask) -> None:
        rows = np.sort(among[~np.isfinite(chunk.value[among])])
        self._fail("not_finite", chunk, rows if chunk.no_value is None else rows[~chunk.no_value[rows]], mask)

    def _odd_values(self, chunk: Chunk, rows: Index, mask: Mask) -> Bools:
        """Sort out values that count and are not simply in range: a sentinel, outside, or in another unit's range.

        Returns which of them are in order after all: equal to what is a sentinel for other tags only.
        """
        value, codes = chunk.value[rows], chunk.codes(rows)
        agreed = codes < len(self._plan.tags)
        sentinel = np.zeros(len(rows), np.bool_)
        for number, has in self._plan.sentinels:
            hit = agreed & (value == number)
            sentinel[hit] |= has[codes[hit]]
        self._fail("sentinel", chunk, rows[sentinel], mask)
        outside = np.isfinite(value) & ~sentinel & agreed
        outside[outside] = ~_within(value[outside], codes[outside], self._plan)
        clear = np.isfinite(value) & ~sentinel & ~outside
        if chunk.phase is not None and self._plan.phases is not None:
            outside &= self._in_phase(chunk, rows)
        other = outside.copy()
        other[outside] = self._looks_like(value[outside], codes[outside])
        self._fail("looks_like", chunk, rows[other], mask)
        self._fail("out_of_range", chunk, rows[outside & ~other], mask)
        return clear

    def _looks_like(self, value: Floats, codes: Index) -> Bools:
        hit = np.zeros(len(codes), np.bool_)
        for number, low, high in self._plan.other_units:
            hit |= (codes == number) & (value >= low) & (value <= high)
        return hit

    def _in_phase(self, chunk: Chunk, rows: Index) -> Bools:
        """Whether limits apply to these rows. A row that names no phase is no exception: its limits apply."""
        assert chunk.phase is not None
        assert self._plan.phases is not None
        index, words = chunk.phase
        applies = np.ones((len(words), self._reader.codes), np.bool_)
        for number, phases in enumerate(self._plan.phases):
            if phases:
                applies[:, number] = [word is None or word.strip(" ") in phases for word in words]
        found: Bools = applies[index[rows], chunk.codes(rows)]
        return found

    def _units(self, chunk: Chunk, mask: Mask) -> None:
        assert chunk.unit is not None
        index, words = chunk.unit
        aliases = self._plan.contract.schema.units.aliases
        differs = np.zeros((len(words), self._reader.codes), np.bool_)
        for place, word in enumerate(words):
            if word is None:
                continue
            unit = word.strip(" ")
            for number, tag in enumerate(self._plan.tags):
                differs[place, number] = bool(tag.unit) and tag.unit not in (unit, aliases.get(unit))
        if differs.any():
            self._fail("unit", chunk, np.flatnonzero(differs[index, chunk.tags.code.take(chunk.tag)]), mask)


def _present(rows: Index, empty: Bools | None) -> Index | None:
    kept = rows if empty is None else rows[~empty[rows]]
    return kept if len(kept) else None


def _within(value: Floats, codes: Index, plan: SeriesPlan) -> Bools:
    inside: Bools = (value >= plan.low[codes]) & (value <= plan.high[codes])
    return inside
