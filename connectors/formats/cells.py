"""Columns of text -> typed columns, a whole batch at a time. What cannot be read is null and named; nothing is guessed.

Times are RFC 3339 (domain.md 5.2) unless the contract names a zone for local ones; a sixtieth second, a missing offset
and a local time that does not exist or exists twice are findings, not roundings. Digits below a microsecond are cut:
PI writes seven, and the store keeps six.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from contracts.contract import Locale
from contracts.document import FormProblem
from contracts.place import Place

Rows = npt.NDArray[np.intp]

_DAY = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:[0-5]\d(?:\.\d{1,9})?"
_WITH_OFFSET = _DAY + r"(?:[Zz]|[+-]\d{2}:\d{2})$"
_NAIVE = _DAY + "$"


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows of a batch whose cell has text that cannot be read, and why."""

    code: str
    message: str
    expected: str
    fix: str
    rows: Rows

    def problem(self, field: str, first_row: int, place: Callable[[int], Place], found: str | None) -> FormProblem:
        """The problem for the report. `place` gives the place of an absolute row, `found` the first cell's text."""
        rows = tuple(int(row) for row in self.rows + first_row)
        where = place(rows[0])
        return FormProblem(self.code, self.message, where, found, self.expected, self.fix, rows, field)


def instants(cells: pa.DictionaryArray, zone: str) -> tuple[pa.Array, list[Unread]]:
    """timestamp[us, UTC] from text. `zone` is "offset" or the IANA name that local times are in.

    Read once for each distinct text: a batch of many tags repeats its seconds.
    """
    words = pl.Series(cells.dictionary, dtype=pl.String).str.strip_chars(" \t")
    full = words.str.contains(_WITH_OFFSET)
    read = words.str.to_uppercase().str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    faults: list[Unread] = []
    if not (full.all() and not read.null_count()):
        read, faults = _odd(cells, words, full, read, zone)
    values = read.to_arrow().cast(pa.timestamp("us", "UTC"))
    return values.take(cells.indices), [fault for fault in faults if len(fault.rows)]


def _odd(
    cells: pa.DictionaryArray, words: pl.Series, full: pl.Series, read: pl.Series, zone: str
) -> tuple[pl.Series, list[Unread]]:
    """What to say about texts that are no complete time."""
    naive = words.str.contains(_NAIVE)
    read = read.set(~full, None)
    faults = [
        Unread(
            "FILE-E208",
            "the time cannot be read",
            "a time such as 2026-11-20T15:04:05+01:00",
            "write times as RFC 3339 with offset",
            _rows(cells, words.is_not_null() & (words != "") & read.is_null() & ~naive),
        )
    ]
    if not naive.any():
        return read, faults
    if zone != "offset":
        read, more = _local(cells, words, naive, read, zone)
        return read, faults + more
    faults.append(
        Unread(
            "PAT-E108",
            "the time has no zone offset",
            "a time with offset, such as 2026-11-20T15:04:05+01:00",
            "add the offset, or Z for UTC",
            _rows(cells, naive),
        )
    )
    return read, faults


def _local(
    cells: pa.DictionaryArray, words: pl.Series, naive: pl.Series, read: pl.Series, zone: str
) -> tuple[pl.Series, list[Unread]]:
    """Local times of an agreed zone; those of the hour that is skipped or repeated have no single meaning."""
    wall = words.set(~naive, None).str.replace("[Tt ]", " ")
    wall = wall.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    placed = wall.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    faults = [
        Unread(
            "PAT-E109",
            f"the local time does not exist or exists twice in {zone}",
            "a time with offset",
            "send times in UTC",
            _rows(cells, wall.is_not_null() & placed.is_null()),
        ),
        Unread(
            "FILE-E208",
            "the time cannot be read",
            "a time such as 2026-11-20T15:04:05",
            "write times as ISO 8601",
            _rows(cells, naive & wall.is_null()),
        ),
    ]
    return read.zip_with(~naive, placed), faults


def floats(cells: pa.Array, locale: Locale) -> tuple[pa.Array, list[Unread]]:
    """float64 from text with the contract's decimal mark. NaN and infinity are read, so that a rule can refuse them."""
    words = pl.Series(cells, dtype=pl.String).str.strip_chars(" \t")
    if locale.decimal == ",":
        plain = words.set(words.str.contains(".", literal=True), None)
        values = plain.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    else:
        values = words.cast(pl.Float64, strict=False)
    return values.to_arrow(), _not_read(words, values, f"a number with a decimal {_mark(locale)}", "number")


def integers(cells: pa.Array) -> tuple[pa.Array, list[Unread]]:
    """int64 from text."""
    words = pl.Series(cells, dtype=pl.String).str.strip_chars(" \t")
    values = words.cast(pl.Int64, strict=False)
    return values.to_arrow(), _not_read(words, values, "a whole number", "whole number")


def booleans(cells: pa.Array) -> tuple[pa.Array, list[Unread]]:
    """bool from `true` and `false`."""
    words = pl.Series(cells, dtype=pl.String).str.strip_chars(" \t")
    values = words.replace_strict(
        ["true", "false", "TRUE", "FALSE"], [True, False] * 2, default=None, return_dtype=pl.Boolean
    )
    return values.to_arrow(), _not_read(words, values, "true or false", "truth value")


def _not_read(words: pl.Series, values: pl.Series, expected: str, noun: str) -> list[Unread]:
    lost = (words.is_not_null() & (words != "") & values.is_null()).to_numpy()
    if not lost.any():
        return []
    fix = f"write {expected}, or leave the cell empty and say so in the quality"
    return [Unread("FILE-E208", f"the cell cannot be read as a {noun}", expected, fix, np.flatnonzero(lost))]


def _rows(cells: pa.DictionaryArray, words: pl.Series) -> Rows:
    """The rows whose word has the mark."""
    marked = words.fill_null(value=False).to_numpy()
    if not marked.any():
        return np.empty(0, np.intp)
    indices = cells.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.flatnonzero(np.append(marked, False)[indices])


def _mark(locale: Locale) -> str:
    return "comma" if locale.decimal == "," else "point"
