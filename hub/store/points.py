"""Points: which rows of the lake speak of the same measurement, found with arrays and never row by row.

A point is (feed, tag, ts). It becomes one integer, because sorting a million integers takes milliseconds where joining
on text and time took a second (1M rows, 20 tags: 1.2 s by a join, 0.06 s so).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
SAID = ("value", "text", "quality", "batch", "phase")
"""What a row says of its point: equal in all of these, it says nothing new."""


def first_of_each(rows: pa.Table) -> Bools:
    """Marks the first row of every point in `rows`. Without a column `feed` all rows are of one feed."""
    return _only(rows, slice(1, None))


def last_of_each(rows: pa.Table) -> Bools:
    """Marks the last row of every point in `rows`."""
    return _only(rows, slice(None, -1))


def highest_rev(rows: pa.Table) -> pa.Table:
    """The row with the highest rev of every point, in the order of `rows`."""
    (keys,) = _keys(rows)
    order = np.lexsort((rows["rev"].to_numpy(), keys))
    last = np.append(np.diff(keys[order]) != 0, True)
    return rows.take(pa.array(np.sort(order[last])))


def said_already(rows: pa.Table, there: pa.Table) -> Bools:
    """Marks the rows whose point is in `there` with the same value, or from a delivery that was received later: judged
    again, an older one must not stand over its correction. `there` has every point once."""
    keys, known = _keys(rows, there)
    order = np.argsort(known)
    place = np.searchsorted(known[order], keys).clip(max=len(known) - 1)
    found = np.flatnonzero(known[order][place] == keys)
    mine, theirs = rows.take(pa.array(found)), there.take(pa.array(order[place[found]]))
    same = np.ones(len(found), dtype=bool)
    for column in SAID:
        a, b = (_plain(side[column]) for side in (mine, theirs))
        equal = pc.or_(pc.fill_null(pc.equal(a, b), False), pc.and_(pc.is_null(a), pc.is_null(b)))
        same &= equal.to_numpy()
    same |= _received(theirs["delivery_id"]) > _received(mine["delivery_id"])
    marked = np.zeros(len(keys), dtype=bool)
    marked[found[same]] = True
    return marked


def _only(rows: pa.Table, repeats: slice) -> Bools:
    """Marks all rows but the repeats of a point; `repeats` says which those are: all but the first or the last."""
    (keys,) = _keys(rows)
    keep = np.ones(len(keys), dtype=bool)
    if (np.diff(np.sort(keys)) == 0).any():
        order = np.argsort(keys, kind="stable")
        keep[order[repeats][np.diff(keys[order]) == 0]] = False
    return keep


def _keys(*tables: pa.Table) -> list[Ints]:
    """One integer a row, equal within and between the tables for rows of the same point."""
    names = _codes([table["tag"] for table in tables])
    if all("feed" in table.column_names for table in tables):
        feeds = _codes([table["feed"] for table in tables])
        names = names + feeds * (int(names.max(initial=0)) + 1)
    times = np.concatenate([table["ts"].cast(pa.int64()).to_numpy() for table in tables])
    times -= times.min(initial=np.iinfo(np.int64).max) if len(times) else 0
    span = int(times.max(initial=0)) + 1
    if span * (int(names.max(initial=0)) + 1) > np.iinfo(np.int64).max:
        # Times far apart (year 1 beside year 2026) would overflow: their rank does as well.
        times = np.unique(times, return_inverse=True)[1].astype(np.int64)
        span = int(times.max(initial=0)) + 1
    keys: Ints = names * span + times
    return np.split(keys, np.cumsum([table.num_rows for table in tables])[:-1])


def _received(ids: Any) -> Ints:
    """The order of receipt: `D-12` is 12."""
    coded = pc.dictionary_encode(_plain(ids)).combine_chunks()
    numbers = [int(id_.partition("-")[2]) for id_ in coded.dictionary.to_pylist()]
    order: Ints = np.array(numbers, np.int64)[coded.indices.to_numpy()]
    return order


def _plain(column: Any) -> Any:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _codes(columns: Sequence[Any]) -> Ints:
    """Text as integers, the same over all columns. Only the distinct words of a chunk are looked at one by one."""
    known: dict[str | None, int] = {}
    codes = [np.empty(0, np.int64)]
    for chunk in (chunk for column in columns for chunk in column.chunks):
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        words = [*coded.dictionary.to_pylist(), None]
        number = np.array([known.setdefault(word, len(known)) for word in words], np.int64)
        codes.append(number[coded.indices.fill_null(len(words) - 1).to_numpy()])
    return np.concatenate(codes)
