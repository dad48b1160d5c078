"""Reading a delivery a second time, for the few rows whose answer lies further back than what is kept at hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from contracts.document import SeriesSource
from contracts.series.chunk import Chunk, ChunkReader
from contracts.series.errors import SourceChanged
from contracts.series.recent import Content, content_of, search
from contracts.series.rules import Bools, Index, Ints
from contracts.series.settle import Originals, Suspects

_BITS = 20
_MIX = np.int64(-7046029254386353131)  # 2^64 divided by the golden ratio: spreads neighbouring times over the table


class Reread:
    """One more pass over the source: the first rows that hold some (tag, ts), and all times of some tags.

    `wanted` come by tag, time and row. Costs a table look-up a row; only rows that hit it are looked at further.
    """

    def __init__(self, reader: ChunkReader, tags: int, wanted: Suspects | None, timed: Index) -> None:
        self._reader = reader
        self._tags = tags
        self._timed: Bools = np.zeros(reader.codes, np.bool_)
        self._timed[timed] = True
        self._times: dict[int, list[Ints]] = {int(tag): [] for tag in timed}
        keys = None if wanted is None else wanted.pick(wanted.heads())
        self._key_tag = np.empty(0, np.int64) if keys is None else keys.tag
        self._key_ts = np.empty(0, np.int64) if keys is None else keys.ts
        edges = np.searchsorted(self._key_tag, np.arange(tags + 1))
        self._start, self._end = edges[:-1], edges[1:]
        self._table: Bools = np.zeros(1 << _BITS, np.bool_)
        self._table[_slot(self._key_ts)] = True
        self._row: Ints = np.full(len(self._key_ts), -1, np.int64)
        self._content = Content(
            np.full(len(self._key_ts), np.nan),
            np.ones(len(self._key_ts), np.bool_),
            np.full(len(self._key_ts), -1, np.int64),
        )

    def run(self, source: SeriesSource, rows: int) -> None:
        """Raises SourceChanged when the source can't be read again from its first row."""
        seen = 0
        for batch in source.batches():
            seen += batch.rows.num_rows
            for chunk in self._reader.chunks(batch.rows, batch.first_row):
                self._look(chunk)
        if seen != rows:
            raise SourceChanged(rows, seen)

    def originals(self) -> Originals | None:
        if not len(self._key_ts):
            return None
        return Originals(self._start, self._end, self._key_ts, self._row, self._content)

    def times(self) -> Iterator[tuple[int, Ints]]:
        """Tag -> its times, sorted and distinct."""
        for tag, parts in self._times.items():
            yield tag, np.unique(np.concatenate(parts))

    def _look(self, chunk: Chunk) -> None:
        if len(self._key_ts):
            self._first_rows(chunk, np.flatnonzero(self._table.take(_slot(chunk.ts))))
        for tag in np.flatnonzero(self._timed).tolist():
            rows = np.flatnonzero(chunk.tags.code.take(chunk.tag) == tag)
            if chunk.no_ts is not None:
                rows = rows[~chunk.no_ts[rows]]
            self._times[tag].append(chunk.ts[rows])

    def _first_rows(self, chunk: Chunk, rows: Index) -> None:
        if chunk.no_ts is not None:
            rows = rows[~chunk.no_ts[rows]]
        codes = chunk.codes(rows)
        agreed = codes < self._tags
        rows, codes = rows[agreed], codes[agreed]
        at = search(self._start[codes], self._end[codes], self._key_ts, chunk.ts[rows])
        rows, at = rows[at >= 0], at[at >= 0]
        keys, first = np.unique(at, return_index=True)
        new = self._row[keys] < 0
        keys, rows = keys[new], rows[first[new]]
        held = content_of(chunk, rows)
        self._row[keys] = rows + chunk.first
        self._content.value[keys], self._content.empty[keys] = held.value, held.empty
        self._content.word[keys] = held.word


def _slot(ts: Ints) -> Index:
    # Wraps on purpose; the upper bits of the product are the well mixed ones.
    mixed = (ts * _MIX).view(np.uint64) >> np.uint64(64 - _BITS)
    return mixed.astype(np.intp)
