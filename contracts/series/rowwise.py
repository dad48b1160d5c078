"""Rules that look at one row only: time, tag, quality, value, unit (contracts.md 4.4, first table)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.chunk import Chunk, ChunkReader
from contracts.series.evidence import Evidence, Failures
from contracts.series.plan import NO_WORD, UNKNOWN_WORD, SeriesPlan
from contracts.series.rules import RULES, Bools, Floats, Index, Mask


@dataclass(slots=True)
class Judged:
    """What the row-wise rules leave for the next ones."""

    usable: Bools  # value judged, present, finite, no sentinel, in range, limits apply: may be part of a trend
    counted: Bools | None  # quality lets the value count; None: all do
    no_key: Index | None  # rows without a believable time; None: there are none


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

    def check(self, chunk: Chunk, unread: Unread, mask: Mask) -> Judged:
        """Add the bits of failing rows to `mask` (one element a row of the chunk) and their evidence."""
        no_key = self._times(chunk, unread, mask)
        self._tags(chunk, unread, mask)
        judged = self._qualities(chunk, unread, mask)
        usable = self._values(chunk, judged, mask)
        if chunk.unit is not None and "unit" in self._on:
            self._units(chunk, mask)
        return Judged(usable, judged, no_key)

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

    def _tags(self, chunk: Chunk, unread: Unread, mask: Mask) -> None:
        codes, no_tag = chunk.tags.code, self._reader.no_tag
        # The element after the last word stands for "empty" and is always there; strangers are in the dictionary.
        if (codes[:-1] >= no_tag).any() or chunk.tag.max() == len(codes) - 1:
            found = codes.take(chunk.tag)
            empty = np.flatnonzero(found == no_tag)
            self._fail("null_tag", chunk, unread.without(empty, self._plan.columns.tag), mask)
            self._fail("tag_unknown", chunk, np.flatnonzero(found > no_tag), mask)

    def _qualities(self, chunk: Chunk, unread: Unread, mask: Mask) -> Bools | None:
        """Which rows are judged; None: all."""
        if chunk.quality is None:
            if chunk.no_value is not None:
                empty = np.flatnonzero(chunk.no_value)
                self._fail("value_missing", chunk, unread.without(empty, self._plan.columns.value), mask)
            return None
        words = chunk.qualities
        grades = words.grade
        if (grades[:-1] >= UNKNOWN_WORD).any() or chunk.quality.max() == len(grades) - 1:
            graded = grades.take(chunk.quality)
            empty = np.flatnonzero(graded == NO_WORD)
            self._fail("null_quality", chunk, unread.without(empty, self._plan.columns.quality), mask)
            self._fail("quality_unknown", chunk, np.flatnonzero(graded == UNKNOWN_WORD), mask)
        if chunk.no_value is not None:
            empty = np.flatnonzero(chunk.no_value)
            graded = grades.take(chunk.quality[empty])
            # UNCERTAIN, BAD and STALE excuse an empty value.
            bare = empty[(graded == 0) | (graded >= UNKNOWN_WORD)]
            self._fail("value_missing", chunk, unread.without(bare, self._plan.columns.value), mask)
        return words.judged.take(chunk.quality)

    def _values(self, chunk: Chunk, judged: Bools | None, mask: Mask) -> Bools:
        value, plan = chunk.value, self._plan
        inside = value >= chunk.tags.low.take(chunk.tag)
        inside &= value <= chunk.tags.high.take(chunk.tag)
        # From here `inside` is False for whatever is empty, not finite or out of range.
        if chunk.no_value is not None:
            inside[chunk.no_value] = False
        odd = np.flatnonzero(~inside)
        if plan.inner_sentinels:
            hidden = np.flatnonzero(np.isin(value, plan.inner_sentinels) & inside)
            odd = np.union1d(odd, hidden)
        usable = inside if judged is None else inside & judged
        if len(odd) and chunk.no_value is not None:
            odd = odd[~chunk.no_value[odd]]
        if len(odd):
            self._odd_values(chunk, odd, judged, usable, mask)
        if chunk.phase is not None and plan.phases is not None:
            usable &= self._in_phase(chunk, np.arange(chunk.rows))
        return usable

    def _odd_values(self, chunk: Chunk, odd: Index, judged: Bools | None, usable: Bools, mask: Mask) -> None:
        """Sort out values that are not simply in range: not finite, a sentinel, outside, or in another unit's range."""
        value, codes = chunk.value[odd], chunk.codes(odd)
        finite = np.isfinite(value)
        self._fail("not_finite", chunk, odd[~finite], mask)
        counts = np.ones(len(odd), np.bool_) if judged is None else judged[odd]
        agreed = codes < len(self._plan.tags)
        sentinel = np.zeros(len(odd), np.bool_)
        for number, has in self._plan.sentinels:
            hit = agreed & (value == number)
            sentinel[hit] |= has[codes[hit]]
        self._fail("sentinel", chunk, odd[sentinel & counts], mask)
        usable[odd[sentinel]] = False
        outside = finite & ~sentinel & counts & agreed
        outside[outside] &= ~_within(value[outside], codes[outside], self._plan)
        if chunk.phase is not None and self._plan.phases is not None:
            outside &= self._in_phase(chunk, odd)
        other = outside.copy()
        other[outside] = self._looks_like(value[outside], codes[outside])
        self._fail("looks_like", chunk, odd[other], mask)
        self._fail("out_of_range", chunk, odd[outside & ~other], mask)

    def _looks_like(self, value: Floats, codes: Index) -> Bools:
        hit = np.zeros(len(codes), np.bool_)
        for number, tag in enumerate(self._plan.tags):
            for low, high in tag.looks_like.values():
                hit |= (codes == number) & (value >= float(low)) & (value <= float(high))
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
