"""PI Web API `recorded` answers -> SeriesBatch stream: a stream set (`Items` of streams with `Items` of points) or one
stream (`Items` of points, with its `Name` beside them).

A point is {Timestamp, Value, UnitsAbbreviation, Good, Questionable, Substituted, Annotated}. BAD when not Good, else
UNCERTAIN when Questionable, else GOOD. A digital or system state ({Name, Value, IsSystem} in place of a number) has no
value and is BAD. An `Errors` property inside the answer is PAT-E502. An answer without points is fine and has no rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from connectors.formats import cells
from connectors.formats.pi_envelope import envelope_problems
from connectors.formats.pi_points import UNSAID, Points, dictionary, read_points
from connectors.formats.reading import Reading
from contracts.document import FormProblem, SeriesBatch
from contracts.finding import Excerpt, ExcerptLine
from contracts.place import Place

QUALITIES = pa.array(["GOOD", "UNCERTAIN", "BAD"], pa.string())
KEY_OF = {"ts": "Timestamp", "value": "Value", "quality": "Good", "unit": "UnitsAbbreviation"}

_BRACES = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


def open_series(path: Path, reading: Reading, batch_rows: int) -> PiSeries:
    """A source over one answer; nothing is read before the first batch is asked for."""
    return PiSeries(path, reading, batch_rows)


class PiSeries:
    """A SeriesSource over one PI Web API answer, which is held in memory: its size is bounded by the contract."""

    format = "piwebapi"

    def __init__(self, path: Path, reading: Reading, batch_rows: int) -> None:
        self.file = reading.file
        self._reading, self._batch_rows = reading, batch_rows
        self._data = b""
        self._path = path
        self._points: Points | None = None
        self._starts: npt.NDArray[np.int64] | None = None

    def batches(self) -> Iterator[SeriesBatch]:
        if self._points is None:
            self._data = self._path.read_bytes()
            self._points = read_points(self._data, self._reading)
            self._points.problems += envelope_problems(self._data, self._points, self._reading)
        points = self._points
        rows, problems = self._columns(points)
        for start in range(0, max(1, rows.num_rows), self._batch_rows):
            mine = rows.slice(start, self._batch_rows)
            end = start + mine.num_rows
            here = (_within(p, start, end) for p in problems) if start or end < rows.num_rows else iter(problems)
            yield SeriesBatch(mine, start, tuple(p for p in here if p is not None))

    def locate(self, row: int, field: str | None = None) -> Place:
        """Pointer, line and column of a point (of one of its members with `field`), with its tag and time."""
        points = self._points
        if points is None or not 0 <= row < len(points.ts):
            return Place(file=self.file, row=row)
        stream = int(np.searchsorted(np.cumsum(points.counts), row, side="right"))
        pointer = self._pointer(points, row, stream)
        span = self._span(row, field)
        line = column = None
        if span is not None:
            before = self._data.rfind(b"\n", 0, span[0]) + 1
            line = self._data.count(b"\n", 0, span[0]) + 1
            column = len(self._data[before : span[0]].decode("utf-8", errors="replace")) + 1
        if field in KEY_OF:
            pointer = f"{pointer}/{KEY_OF[field]}"
        ts = points.ts[row].as_py()
        return Place(
            file=self.file, line=line, column=column, pointer=pointer, row=row, tag=points.names[stream], ts=ts
        )

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        """The point's own text with the member in question marked."""
        whole, part = self._span(row, None), self._span(row, field)
        if whole is None or part is None:
            return None
        text = self._data[whole[0] : whole[1]].decode("utf-8", errors="replace")
        lead = len(self._data[whole[0] : part[0]].decode("utf-8", errors="replace"))
        width = len(self._data[part[0] : part[1]].decode("utf-8", errors="replace"))
        line = ExcerptLine(self._data.count(b"\n", 0, whole[0]) + 1, (re.sub(r"\s+", " ", text),))
        flat = line.cells[0] == text
        return Excerpt((line,), 0, lead if flat else None, lead + width if flat else None)

    def _columns(self, points: Points) -> tuple[pa.RecordBatch, list[FormProblem]]:
        """The contract's columns from the answer's. Fields that such an answer never has must be optional."""
        schema, problems = self._reading.schema, list(points.problems)
        ts, unread = cells.instants(points.ts, schema.time.zone)
        said = {p.rows[0] for p in problems if p.field == "ts" and p.rows}
        for fault in unread:
            if {int(r) for r in fault.rows} - said:
                found = points.ts[int(fault.rows[0])].as_py()
                problems.append(fault.problem("ts", 0, lambda row: self.locate(row, "ts"), found))
        stream = np.repeat(np.arange(len(points.counts), dtype=np.int32), points.counts)
        tag = pa.DictionaryArray.from_arrays(pa.array(stream, pa.int32()), pa.array(points.names, pa.string()))
        quality = pa.array(points.quality, pa.int32(), mask=points.quality == UNSAID)
        there = {
            "ts": ts,
            "tag": _null_words(tag),
            "value": points.value,
            "quality": pa.DictionaryArray.from_arrays(quality, QUALITIES),
            "unit": points.unit,
        }
        names = [f.name for f in schema.fields if f.name in there]
        for missing in (f for f in schema.fields if f.required and f.name not in there):
            message = f"a PI Web API answer has no {missing.name}"
            problems.append(FormProblem("FILE-E207", message, self._reading.place(), field=missing.path))
        return pa.RecordBatch.from_arrays([there[n] for n in names], names=names), problems

    def _pointer(self, points: Points, row: int, stream: int) -> str:
        if points.pointers is not None:
            return points.pointers[row]
        point = row - sum(points.counts[:stream])
        return f"/Items/{point}" if points.single else f"/Items/{stream}/Items/{point}"

    def _span(self, row: int, field: str | None) -> tuple[int, int] | None:
        """[start, end) of a point's text, or of one member's value, in bytes. None when points cannot be counted."""
        if self._starts is None:
            found = [m.start() for m in re.finditer(rb'"Timestamp"\s*:', self._data)]
            self._starts = np.array(found, np.int64)
        if self._points is None or len(self._starts) != len(self._points.ts) or row >= len(self._starts):
            return None
        stamp = int(self._starts[row])
        begin, whole = stamp, 0
        while begin >= 0 and begin + whole <= stamp:  # a state before the timestamp has a brace of its own
            begin = self._data.rfind(b"{", 0, begin)
            whole = _object_end(self._data, begin)
        piece = self._data[begin : begin + whole]
        key = KEY_OF.get(field or "")
        member = (
            re.search(rb'"%s"\s*:\s*(\{[^{}]*\}|"(?:[^"\\]|\\.)*"|[^,}\s]+)' % key.encode(), piece[:whole])
            if key
            else None
        )
        if member is None:
            return begin, begin + whole
        return begin + member.start(1), begin + member.end(1)


def _null_words(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """A word that is null becomes a null row: readers look for emptiness in the rows."""
    if not column.dictionary.null_count:
        return column
    return dictionary(column.dictionary_decode())


def _object_end(data: bytes, begin: int) -> int:
    """Length of the JSON object that begins there, braces in strings left out of the count; 0 if it never ends."""
    depth = 0
    for token in _BRACES.finditer(data, max(0, begin)):
        depth += {b"{": 1, b"}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end() - begin
    return 0


def _within(problem: FormProblem, start: int, end: int) -> FormProblem | None:
    """The part of a problem that concerns the rows of one batch; one without rows goes with the first."""
    if not problem.rows:
        return problem if start == 0 else None
    rows = tuple(r for r in problem.rows if start <= r < end)
    if not rows:
        return None
    return replace(problem, rows=rows)
