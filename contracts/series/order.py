"""Order: the rows of a chunk by tag, those that move time forward apart from those that fall behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.chunk import PLACE_BITS, ROWS, Chunk
from contracts.series.rules import NEVER, Bools, Index, Ints, Mask


@dataclass(slots=True)
class Grouped:
    """The rows of a chunk by tag, in file order within a tag. `rest` are the places of rows without a valid key.

    `tag`, `start` and `end` have one element a tag that is present; `sizes` has one a tag of the contract.
    """

    place: Index
    tag: Index
    start: Index
    end: Index
    sizes: Index
    rest: Index


@dataclass(slots=True)
class Ordered:
    """The rows that move the watermark of their tag, grouped by tag and in file order within it.

    `place` is the row's place in the chunk. `tag`, `start`, `end`, `shortest` and `longest` have one element a tag that
    is present. `step` is the distance to the tag's row before, in microseconds; the very first row of a tag has 1.
    `forward` picks these rows from the grouped ones; None: all of them.
    """

    place: Index
    ts: Ints
    step: Ints
    tag: Index
    start: Index
    end: Index
    shortest: Ints
    longest: Ints
    first: Bools  # this is the tag's first row ever
    forward: Bools | None


@dataclass(slots=True)
class Behind:
    """Rows at or behind the watermark of their tag: the only ones that can be late or be copies. In file order."""

    place: Index
    tag: Index
    ts: Ints
    lag: Ints  # how far behind the watermark; 0: at it


def group_by_tag(chunk: Chunk, unusable: Index | None, tags: int, counting: Mask | Ints) -> Grouped:
    """Group the rows. `unusable` ones have no valid key; `counting` is 0, 1, 2 ... in the type of the sort keys.

    Tag number and place go into one integer: sorting plain integers beats a stable argsort of the tags four times.
    """
    keys = chunk.tags.key.take(chunk.tag)
    if unusable is not None:
        keys[unusable] = tags << PLACE_BITS
    np.bitwise_or(keys, counting[: chunk.rows], out=keys)
    keys.sort()
    edges = np.searchsorted(keys, (np.arange(tags + 1) << PLACE_BITS).astype(keys.dtype))
    keys &= ROWS - 1
    place = keys.astype(np.intp)
    start, end = edges[:-1], edges[1:]
    tag = np.flatnonzero(end > start)
    return Grouped(place[: edges[-1]], tag, start[tag], end[tag], end - start, place[edges[-1] :])


def put_in_order(chunk: Chunk, grouped: Grouped, watermark: Ints) -> tuple[Ordered | None, Behind | None]:
    """Split the rows with a valid key; `watermark` (one element a tag, NEVER before the first row) is moved forward."""
    place, tag, start, end = grouped.place, grouped.tag, grouped.start, grouped.end
    if not len(tag):
        return None, None
    ts = chunk.ts.take(place)
    before = watermark[tag]
    step = _steps(ts, start, before)
    shortest = np.minimum.reduceat(step, start)
    forward, behind = None, None
    if (shortest <= 0).any():
        forward, behind = _split(place, ts, tag, start, end, before, shortest <= 0)
        kept = np.concatenate([[0], np.cumsum(forward)])
        start, end = kept[start], kept[end]
        place, ts = place[forward], ts[forward]
        some = end > start
        tag, start, end, before = tag[some], start[some], end[some], before[some]
        if not len(tag):
            return None, behind
        step = _steps(ts, start, before)
        shortest = np.minimum.reduceat(step, start)
    watermark[tag] = ts[end - 1]
    longest = np.maximum.reduceat(step, start)
    return Ordered(place, ts, step, tag, start, end, shortest, longest, before == NEVER, forward), behind


def _steps(ts: Ints, start: Index, before: Ints) -> Ints:
    step = np.empty_like(ts)
    np.subtract(ts[1:], ts[:-1], out=step[1:])
    step[start] = np.where(before == NEVER, 1, ts[start] - before)
    return step


def _split(
    place: Index, ts: Ints, tag: Index, start: Index, end: Index, before: Ints, mixed: Bools
) -> tuple[Bools, Behind]:
    """Which rows move time forward, and the others. Only tags that are `mixed` are looked at."""
    groups = np.flatnonzero(mixed)
    sizes = end[groups] - start[groups]
    heads = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rows = np.repeat(start[groups] - heads, sizes) + np.arange(sizes.sum())
    front = _front(ts[rows], heads, before[groups])
    lag = np.where(front == NEVER, -1, front - ts[rows])
    back = lag >= 0
    forward = np.ones(len(ts), np.bool_)
    forward[rows[back]] = False
    owner = np.repeat(tag[groups], sizes)[back]
    back_rows = rows[back]
    order = np.argsort(place[back_rows])
    back_rows = back_rows[order]
    return forward, Behind(place[back_rows], owner[order], ts[back_rows], lag[back][order])


def _front(ts: Ints, heads: Index, before: Ints) -> Ints:
    """For each row the largest time of its tag before it, NEVER for none. Tags stand one after the other."""
    sizes = np.diff(np.append(heads, len(ts)))
    low = int(ts.min())
    span = int(ts.max()) - low + 1
    if span <= (1 << 62) // max(1, len(heads)):
        # One running maximum for all tags: each is lifted above everything that the one before can reach.
        lift = np.repeat(np.arange(len(heads), dtype=np.int64) * span - low, sizes)
        top = np.maximum.accumulate(ts + lift)
        top -= lift
    else:
        top = np.concatenate([np.maximum.accumulate(part) for part in np.split(ts, heads[1:])])
    front = np.empty_like(top)
    front[1:] = top[:-1]
    front[heads] = NEVER
    return np.maximum(front, np.repeat(before, sizes))
