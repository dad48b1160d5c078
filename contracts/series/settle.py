"""What only the whole delivery can tell: gaps that late rows may fill, and which rows are copies of which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.series.evidence import Failures
from contracts.series.recent import Content, search
from contracts.series.rules import NEVER, SECOND, Bools, Index, Ints


@dataclass(slots=True)
class Holes:
    """Distances longer than agreed between rows that moved time forward: from `after` to `until`, held by `row`."""

    tag: Ints
    after: Ints
    until: Ints
    row: Ints

    @classmethod
    def joined(cls, parts: list[Holes]) -> Holes:
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("tag", "after", "until", "row")))


@dataclass(slots=True)
class Suspects:
    """Rows behind or at the watermark that equal none of the points at hand. `unsure`: the point may be forgotten."""

    tag: Ints
    ts: Ints
    row: Ints
    content: Content
    unsure: Bools

    def __len__(self) -> int:
        return len(self.row)

    def pick(self, which: Bools | Index) -> Suspects:
        return Suspects(self.tag[which], self.ts[which], self.row[which], self.content.pick(which), self.unsure[which])

    @classmethod
    def joined(cls, parts: list[Suspects]) -> Suspects:
        """All of them, by tag, time and row."""
        content = [p.content for p in parts]
        joined = cls(
            np.concatenate([p.tag for p in parts]),
            np.concatenate([p.ts for p in parts]),
            np.concatenate([p.row for p in parts]),
            Content(
                np.concatenate([c.value for c in content]),
                np.concatenate([c.empty for c in content]),
                np.concatenate([c.word for c in content]),
            ),
            np.concatenate([p.unsure for p in parts]),
        )
        return joined.pick(np.lexsort((joined.row, joined.ts, joined.tag)))

    def heads(self) -> Index:
        """Where a new (tag, ts) begins."""
        new = np.ones(len(self), np.bool_)
        new[1:] = (self.tag[1:] != self.tag[:-1]) | (self.ts[1:] != self.ts[:-1])
        return np.flatnonzero(new)


def gaps(holes: Holes, fillers: Suspects | None, max_gap: Ints) -> Failures:
    """Rows that end a distance longer than `max_gap` once late rows are counted in.

    `fillers` come by tag, time and row; the first row of each (tag, ts) is the one that holds that time.
    """
    tag, ts, row, inner = holes.tag, holes.after, holes.row, np.zeros(len(holes.tag), np.bool_)
    if fillers is not None and len(fillers):
        first = fillers.pick(fillers.heads())
        tag = np.concatenate([tag, first.tag])
        ts = np.concatenate([ts, first.ts])
        row = np.concatenate([row, first.row])
        inner = np.concatenate([inner, np.ones(len(first), np.bool_)])
    order = np.lexsort((inner, ts, tag))
    tag, ts, row, inner = tag[order], ts[order], row[order], inner[order]
    opened = np.maximum.accumulate(np.where(inner, -1, np.arange(len(inner))))
    # Every entry belongs to the last hole that opened before it, if it lies inside that hole.
    end = np.full(len(order), NEVER, np.int64)
    end[~inner] = holes.until[order[~inner]]
    within = (opened >= 0) & ~(inner & (ts == ts[opened])) & (tag == tag[opened]) & (ts < end[opened])
    tag, ts, row, inner, opened = tag[within], ts[within], row[within], inner[within], opened[within]
    until, until_row = ts.copy(), row.copy()
    until[:-1], until_row[:-1] = ts[1:], row[1:]
    closes = np.ones(len(ts), np.bool_)
    closes[:-1] = opened[1:] != opened[:-1]
    owner = np.flatnonzero(~inner)[np.cumsum(~inner) - 1] if len(ts) else np.empty(0, np.intp)
    until[closes] = end[opened[closes]]
    until_row[closes] = row[owner[closes]]
    length = until - ts
    long = length > max_gap[tag]
    found = Failures.of(until_row[long], tag[long], until[long], detail=length[long] / SECOND)
    return found.pick(np.argsort(found.row))


@dataclass(slots=True)
class Originals:
    """For (tag, ts), by tag and time: the first row of the delivery that holds it, as found by reading it again."""

    start: Index  # one element a tag
    end: Index
    ts: Ints
    row: Ints
    content: Content


def copies(suspects: Suspects, originals: Originals | None, compare: tuple[str, ...]) -> tuple[Bools, Bools]:
    """Which suspects are copies, and which copies are the same as their original.

    The original is an earlier row of the delivery where reading again found one, else the first suspect of its time.
    """
    heads = suspects.heads()
    size = np.diff(np.append(heads, len(suspects)))
    first = suspects.pick(heads)
    is_copy = np.ones(len(suspects), np.bool_)
    own = np.ones(len(heads), np.bool_)
    content = first.content
    if originals is not None:
        at = search(originals.start[first.tag], originals.end[first.tag], originals.ts, first.ts)
        held = np.flatnonzero(at >= 0)
        held = held[originals.row[at[held]] < first.row[held]]
        own[held] = False
        found = originals.content.pick(at[held])
        content.value[held], content.empty[held], content.word[held] = found.value, found.empty, found.word
    is_copy[heads[own]] = False
    same = suspects.content.same(content.pick(np.repeat(np.arange(len(heads)), size)), compare)
    return is_copy, same
