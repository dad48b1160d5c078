"""Recent points: the last rows that moved time forward, so that most copies are recognised without a second reading."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.series.chunk import Chunk
from contracts.series.order import Ordered
from contracts.series.rules import NEVER, Bools, Floats, Index, Ints

_ROWS: Final = 1 << 18
_BLOCKS: Final = 8
"""What is kept: so many rows, in so many blocks at most. A lookup costs a few hundred microseconds a block."""


@dataclass(slots=True)
class Content:
    """What two points must share to be copies: value and quality word. Empty equals empty, NaN equals NaN."""

    value: Floats
    empty: Bools
    word: Ints

    def pick(self, which: Bools | Index) -> Content:
        return Content(self.value[which], self.empty[which], self.word[which])

    def same(self, other: Content, compare: tuple[str, ...]) -> Bools:
        equal = np.ones(len(self.value), np.bool_)
        if "value" in compare:
            alike = (self.value == other.value) | (np.isnan(self.value) & np.isnan(other.value))
            equal &= np.where(self.empty | other.empty, self.empty & other.empty, alike)
        if "quality" in compare:
            equal &= self.word == other.word
        return equal


def content_of(chunk: Chunk, place: Index) -> Content:
    """Value and quality word of some rows of a chunk."""
    n = len(place)
    empty = np.zeros(n, np.bool_) if chunk.no_value is None else chunk.no_value[place]
    word = np.full(n, -1, np.int64) if chunk.quality is None else chunk.qualities.word.take(chunk.quality[place])
    return Content(chunk.value[place], empty, word)


@dataclass(slots=True)
class Block:
    """Points by tag, ascending in time within a tag: `start` and `end` have one element for each agreed tag."""

    start: Index
    end: Index
    ts: Ints
    chunk: Chunk
    place: Index

    @classmethod
    def of(cls, chunk: Chunk, ordered: Ordered, tags: int) -> Block:
        start, end = np.zeros(tags, np.intp), np.zeros(tags, np.intp)
        start[ordered.tag], end[ordered.tag] = ordered.start, ordered.end
        return cls(start, end, ordered.ts, chunk, ordered.place)


def search(start: Index, end: Index, keys: Ints, wanted: Ints) -> Index:
    """For each wanted value its place in its own ascending slice keys[start:end], or -1. All searched side by side."""
    low, high = start.copy(), end.copy()
    for _ in range(int(max(1, (end - start).max(initial=0))).bit_length()):
        middle = (low + high) >> 1
        open_ = low < high
        right = open_ & (keys.take(middle, mode="clip") < wanted) if len(keys) else open_ & False
        low = np.where(right, middle + 1, low)
        high = np.where(open_ & ~right, middle, high)
    if not len(keys):
        return np.full(len(wanted), -1, np.intp)
    hit = (low < end) & (keys.take(low, mode="clip") == wanted)
    return np.where(hit, low, -1)


class Recent:
    """A window over the delivery's points. `forgotten_until` says for each tag up to which time points were let go."""

    def __init__(self, tags: int) -> None:
        self.blocks: deque[Block] = deque()
        self.forgotten_until: Ints = np.full(tags, NEVER, np.int64)
        self._tags = tags
        self._rows = 0

    def add(self, chunk: Chunk, ordered: Ordered) -> None:
        self.blocks.append(Block.of(chunk, ordered, self._tags))
        self._rows += len(ordered.place)
        while len(self.blocks) > 1 and (self._rows > _ROWS or len(self.blocks) > _BLOCKS):
            old = self.blocks.popleft()
            self._rows -= len(old.place)
            held = old.end > old.start
            self.forgotten_until[held] = old.ts[old.end[held] - 1]

    def find(self, tag: Index, ts: Ints) -> tuple[Bools, Content]:
        """Which of these (tag, ts) are among the points, and what the points held."""
        n = len(tag)
        found = np.zeros(n, np.bool_)
        content = Content(np.full(n, np.nan), np.ones(n, np.bool_), np.full(n, -1, np.int64))
        for block in reversed(self.blocks):
            open_ = np.flatnonzero(~found)
            if not len(open_):
                break
            at = search(block.start[tag[open_]], block.end[tag[open_]], block.ts, ts[open_])
            hit = at >= 0
            rows = open_[hit]
            found[rows] = True
            held = content_of(block.chunk, block.place[at[hit]])
            content.value[rows], content.empty[rows], content.word[rows] = held.value, held.empty, held.word
        return found, content
