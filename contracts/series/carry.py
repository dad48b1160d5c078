"""Carry: what goes over from delivery to delivery, between the arrays of a running check and a SeriesState."""

from __future__ import annotations

from typing import Final

import numpy as np

from contracts.series.chunk import ChunkReader
from contracts.series.order import Ordered
from contracts.series.plan import SeriesPlan
from contracts.series.recent import Content, Recent, content_of, search
from contracts.series.rules import NEVER, Bools, Index, Ints
from contracts.series.settle import Suspects
from contracts.series.state import Point, SeriesState, TagState
from contracts.series.trend import Trend

KEPT: Final = 32
"""Points a tag carries over, so that a window that is fetched twice shows as copies. A few kilobytes for each tag."""


class Carry:
    """One element a tag. `window_start` is the carried watermark, or the tag's first time in this delivery."""

    def __init__(self, plan: SeriesPlan, reader: ChunkReader, state: SeriesState | None, trend: Trend) -> None:
        self._plan = plan
        self._reader = reader
        self._trend = trend
        self._before = state or SeriesState()
        n = len(plan.tags)
        self.watermark: Ints = np.full(n, NEVER, np.int64)
        points: list[tuple[int, Point]] = []
        for number, tag in enumerate(plan.tags):
            held = self._before.tags.get(tag.tag)
            if held is None:
                continue
            self.watermark[number] = held.watermark
            points += [(number, p) for p in held.recent]
            if number < plan.trending and held.trend_ts is not None:
                trend.last_ts[number] = held.trend_ts
                trend.last_value[number] = float(held.trend_value or "nan")
                trend.still_since[number] = held.trend_ts if held.still_since is None else held.still_since
                trend.reported[number] = held.still_reported
        self.window_start: Ints = self.watermark.copy()
        self.first_ts: Ints = np.full(n, np.iinfo(np.int64).max, np.int64)
        self._points = points
        order = sorted(range(len(points)), key=lambda i: (points[i][0], points[i][1].ts))
        held_tags = np.array([points[i][0] for i in order], np.int64)
        edges = np.searchsorted(held_tags, np.arange(n + 1))
        self._start, self._end = edges[:-1], edges[1:]
        self._ts: Ints = np.array([points[i][1].ts for i in order], np.int64)
        self._content = _content(reader, [points[i][1] for i in order])

    def begin(self, ordered: Ordered) -> None:
        """Note the first time of tags that this delivery brings for the first time."""
        new = self.first_ts[ordered.tag] == np.iinfo(np.int64).max
        tag, head = ordered.tag[new], ordered.ts[ordered.start[new]]
        self.first_ts[tag] = head
        fresh = self.window_start[tag] == NEVER
        self.window_start[tag[fresh]] = head[fresh]

    def find(self, tag: Index, ts: Ints, known: Bools, held: Content) -> Bools:
        """Look up among the carried points what is not `known` yet; fills `held` in place."""
        if not len(self._ts):
            return known
        rows = np.flatnonzero(~known)
        at = search(self._start[tag[rows]], self._end[tag[rows]], self._ts, ts[rows])
        rows, at = rows[at >= 0], at[at >= 0]
        held.value[rows], held.empty[rows] = self._content.value[at], self._content.empty[at]
        held.word[rows] = self._content.word[at]
        found = known.copy()
        found[rows] = True
        return found

    def state(self, recent: Recent, suspects: Suspects | None) -> SeriesState:
        """The value to carry on. Tags that the contract doesn't know any more keep what they had."""
        points = self._last_points(recent, suspects)
        tags = dict(self._before.tags)
        for number, tag in enumerate(self._plan.tags):
            if self.watermark[number] == NEVER:
                continue
            last, value, since, told = self._trend_of(number)
            tags[tag.tag] = TagState(int(self.watermark[number]), last, value, since, told, points.get(number, ()))
        return SeriesState(tags)

    def _trend_of(self, number: int) -> tuple[int | None, str | None, int | None, bool]:
        trend = self._trend
        if number >= self._plan.trending or trend.last_ts[number] == NEVER:
            return None, None, None, False
        since = trend.still_since[number]
        return (
            int(trend.last_ts[number]),
            repr(float(trend.last_value[number])),
            None if since == NEVER else int(since),
            bool(trend.reported[number]),
        )

    def _last_points(self, recent: Recent, suspects: Suspects | None) -> dict[int, tuple[Point, ...]]:
        """The last points of each tag by order of arrival: carried ones, those that moved time on, and late ones."""
        carried = len(self._points)
        tags = np.array([tag for tag, _ in self._points], np.int64)
        times = np.array([p.ts for _, p in self._points], np.int64)
        parts = [_points(tags, times, np.arange(-carried, 0), _content(self._reader, [p for _, p in self._points]))]
        have = np.zeros(len(self._plan.tags), np.int64)
        for block in reversed(recent.blocks):  # the newest first: once a tag has enough, older ones are never kept
            present = np.flatnonzero((block.end > block.start) & (have < KEPT))
            sizes = np.minimum(block.end[present] - block.start[present], KEPT)
            have[present] += sizes
            heads = np.cumsum(sizes) - sizes
            rows = np.repeat(block.end[present] - sizes - heads, sizes) + np.arange(sizes.sum())
            place = block.place[rows]
            held = content_of(block.chunk, place)
            parts.append(_points(np.repeat(present, sizes), block.ts[rows], place + block.chunk.first, held))
        if suspects is not None:
            parts.append(suspects)
        return self._cut(Suspects.joined(parts))

    def _cut(self, seen: Suspects) -> dict[int, tuple[Point, ...]]:
        order = np.lexsort((seen.row, seen.tag))
        heads = np.flatnonzero(np.diff(seen.tag[order], prepend=-1))
        tails = np.append(heads[1:], len(order))[: len(heads)]
        left = np.repeat(tails, tails - heads) - np.arange(len(order))
        kept = order[left <= KEPT]
        content, word = seen.content, self._reader.words
        columns = (seen.tag[kept], seen.ts[kept], content.value[kept], content.empty[kept], content.word[kept])
        points: dict[int, list[Point]] = {}
        for tag, ts, value, empty, at in zip(*(column.tolist() for column in columns), strict=True):
            point = Point(ts, None if empty else repr(value), None if at < 0 else word[at])
            points.setdefault(tag, []).append(point)
        return {tag: tuple(last) for tag, last in points.items()}


def _content(reader: ChunkReader, points: list[Point]) -> Content:
    return Content(
        np.array([float(p.value or "nan") for p in points], np.float64),
        np.array([p.value is None for p in points], np.bool_),
        np.array([-1 if p.quality is None else reader.word(p.quality) for p in points], np.int64),
    )


def _points(tag: Index, ts: Ints, row: Ints, content: Content) -> Suspects:
    return Suspects(tag.astype(np.int64), ts, row.astype(np.int64), content, np.zeros(len(ts), np.bool_))
