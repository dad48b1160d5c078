"""PI Web API `recorded` answers -> SeriesBatch stream: a stream set (`Items` of streams with `Items` of points) or one
stream (`Items` of points, with its `Name` beside them).

A point is {Timestamp, Value, UnitsAbbreviation, Good, Questionable, Substituted, Annotated}. BAD when not Good, else
UNCERTAIN when Questionable, else GOOD. A digital or system state ({Name, Value, IsSystem} in place of a number) has no
value and is BAD. An `Errors` property inside the answer is PAT-E502. An answer without points is fine and has no rows.

Two ways to the same columns: polars reads a regular answer as columns, and the strict reader of `contracts.jsontree`
reads what is left (a wrong type, an error property, a key twice, broken JSON), slower and with a reason for each. An
answer is regular when the keys written in it are exactly those that its points can have; polars alone would take the
last of two equal keys in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from connectors.formats import cells
from connectors.formats.reading import TEXT, Reading, Unreadable
from contracts.document import FormProblem, Raw, RawNumber, SeriesBatch
from contracts.finding import Excerpt, ExcerptLine
from contracts.jsontree import JsonTree, read_json
from contracts.place import Place

QUALITIES = pa.array(["GOOD", "UNCERTAIN", "BAD"], pa.string())
GOOD, UNCERTAIN, BAD, UNSAID = 0, 1, 2, -1
KEY_OF = {"ts": "Timestamp", "value": "Value", "quality": "Good", "unit": "UnitsAbbreviation"}

# `"Value": {` cannot stand inside a JSON string (its quotes would be escaped), and a state has no inner object; what
# this misreads is no longer JSON afterwards and goes to the strict reader.
_STATE = re.compile(rb'"Value"\s*:\s*\{[^{}]*\}')
_BRACES = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')
_TRUTH = re.compile(rb'"Value"\s*:\s*[tf]')
_POINT = pl.Struct(
    {
        "Timestamp": pl.String,
        "Value": pl.Float64,
        "State": pl.Boolean,
        "UnitsAbbreviation": pl.String,
        "Good": pl.Boolean,
        "Questionable": pl.Boolean,
    }
)
_STREAM = pl.Struct({"Name": pl.String, "UnitsAbbreviation": pl.String, "Items": pl.List(_POINT)})


@dataclass
class Points:
    """All points of an answer as columns, in the order of the answer. `counts` is the number of points a stream."""

    names: list[str | None]
    units: list[str | None]
    counts: list[int]
    ts: pa.DictionaryArray
    value: pa.Array
    quality: npt.NDArray[np.int32]
    unit: pa.DictionaryArray
    single: bool = False  # one stream: its points stand directly under /Items
    pointers: list[str] | None = None  # of each point, when they are not simply numbered
    problems: list[FormProblem] = field(default_factory=list)


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
            self._points = _regular(self._data) or _irregular(self._data, self._reading)
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


def _regular(data: bytes) -> Points | None:
    """The points when polars can read every one of them without doubt, else None."""
    if b'"Errors"' in data or _TRUTH.search(data) is not None or data[:1] != b"{":
        return None
    plain, states = _STATE.subn(b'"Value":null,"State":true', data)
    single = data.count(b'"Items"') == 1
    item = _POINT if single else _STREAM
    try:
        frame = pl.read_json(plain, schema={"Name": pl.String, "UnitsAbbreviation": pl.String, "Items": pl.List(item)})
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != 1 or frame["Items"].null_count():
        return None
    if single:
        streams = frame.select("Name", "UnitsAbbreviation", "Items")
    else:
        streams = pl.DataFrame({"s": frame["Items"].explode(empty_as_null=False)}).unnest("s")
    if streams["Items"].null_count():
        return None
    counts = streams["Items"].list.len().to_list()
    points = pl.DataFrame({"p": streams["Items"].explode(empty_as_null=False)}).unnest("p")
    if not _keys_agree(data, points.height, len(counts), states, single=single):
        return None
    if points["Timestamp"].null_count():
        return None
    return _points(points, streams["Name"].to_list(), streams["UnitsAbbreviation"].to_list(), counts, single=single)


def _keys_agree(data: bytes, points: int, streams: int, states: int, *, single: bool) -> bool:
    """Whether each key stands in the text as often as one answer of this shape can have it: nothing twice, nothing in
    an unexpected place. Keys that a whole answer may leave out are there for all points or for none."""
    outer = 0 if single else streams
    exact = {b'"Timestamp"': points, b'"Value"': points + states, b'"Items"': 1 + outer}
    either = {b'"Good"': (0, points), b'"Questionable"': (0, points), b'"Name"': (states, states + streams)}
    return all(data.count(key) == n for key, n in exact.items()) and all(data.count(k) in n for k, n in either.items())


def _points(
    points: pl.DataFrame, names: list[str | None], units: list[str | None], counts: list[int], *, single: bool
) -> Points:
    good = points["Good"].to_arrow()
    quality = np.where(good.is_null().to_numpy(zero_copy_only=False), UNSAID, GOOD).astype(np.int32)
    quality[points["Questionable"].fill_null(value=False).to_numpy()] = UNCERTAIN
    quality[(~points["Good"]).fill_null(value=False).to_numpy()] = BAD
    quality[points["State"].fill_null(value=False).to_numpy()] = BAD
    own = points["UnitsAbbreviation"]
    stream_units = pl.Series(units, dtype=pl.String).gather(np.repeat(np.arange(len(counts)), counts))
    unit = own.set(own == "", None).fill_null(stream_units) if len(own) else own
    return Points(
        names,
        units,
        counts,
        _dictionary(points["Timestamp"].to_arrow()),
        points["Value"].to_arrow(),
        quality,
        _dictionary(unit.to_arrow()),
        single,
    )


def _irregular(data: bytes, reading: Reading) -> Points:
    """The points by the strict reader, with a problem for everything that is not as it should be."""
    safety = reading.contract.safety
    tree = read_json(
        data,
        file=reading.file,
        max_depth=safety.max_depth,
        max_bytes=safety.max_bytes,
        encodings=reading.form.encoding,
    )
    if tree.root is None:
        raise Unreadable(*tree.problems)
    return _Walk(reading, tree).points()


class _Walk:
    """One pass over the tree of an irregular answer."""

    def __init__(self, reading: Reading, tree: JsonTree) -> None:
        self._reading = reading
        self._tree = tree
        self.problems: list[FormProblem] = list(tree.problems)
        self.pointers: list[str] = []
        self.rows: list[tuple[str | None, float | None, int, str | None]] = []

    def points(self) -> Points:
        root = self._tree.root
        if not isinstance(root, dict) or not isinstance(root.get("Items"), list):
            raise Unreadable(*self.problems, self._problem("FILE-E207", "the answer has no list Items", ""))
        items = root["Items"]
        assert isinstance(items, list)
        self._errors(root, "")
        single = not any(isinstance(item, dict) and "Items" in item for item in items)
        streams: list[tuple[Raw, str]] = [(root, "")] if single else [(s, f"/Items/{i}") for i, s in enumerate(items)]
        names, units, counts = [], [], []
        for stream, pointer in streams:
            before = len(self.rows)
            name, unit = self._stream(stream, pointer, outer=bool(pointer))
            names.append(name)
            units.append(unit)
            counts.append(len(self.rows) - before)
        columns = list(zip(*self.rows, strict=True)) or [(), (), (), ()]
        return Points(
            names,
            units,
            counts,
            _dictionary(pa.array(columns[0], pa.string())),
            pa.array(columns[1], pa.float64()),
            np.array(columns[2], np.int32),
            _dictionary(pa.array(columns[3], pa.string())),
            single,
            self.pointers,
            self.problems,
        )

    def _stream(self, stream: Raw, pointer: str, *, outer: bool) -> tuple[str | None, str | None]:
        """(name, unit) of a stream; its points are added."""
        if not isinstance(stream, dict):
            self.problems.append(self._problem("FILE-E208", "a stream is not an object", pointer))
            return None, None
        if outer:
            self._errors(stream, pointer)
        name, unit, points = stream.get("Name"), stream.get("UnitsAbbreviation"), stream.get("Items")
        unit = unit if isinstance(unit, str) and unit else None
        if not isinstance(points, list):
            if "Errors" not in stream:
                self.problems.append(self._problem("FILE-E207", "a stream has no list Items", f"{pointer}/Items"))
            points = []
        for number, point in enumerate(points):
            self._point(point, f"{pointer}/Items/{number}", unit)
        return (name if isinstance(name, str) and not isinstance(name, RawNumber) else None), unit

    def _point(self, point: Raw, pointer: str, unit: str | None) -> None:
        row = len(self.rows)
        self.pointers.append(pointer)
        if not isinstance(point, dict):
            self.problems.append(self._row(row, "FILE-E208", "a point is not an object", pointer, "ts"))
            self.rows.append((None, None, UNSAID, None))
            return
        if point.get("Errors"):
            self.problems.append(self._row(row, "PAT-E502", "the point carries an error", f"{pointer}/Errors", None))
        ts, value, own = point.get("Timestamp"), point.get("Value"), point.get("UnitsAbbreviation")
        if ts is not None and (not isinstance(ts, str) or isinstance(ts, RawNumber)):
            where = f"{pointer}/Timestamp"
            self.problems.append(self._row(row, "FILE-E208", "the time is not a text", where, "ts"))
            ts = None
        number: float | None = None
        if isinstance(value, RawNumber):
            number = float(value)
        elif value is not None and not isinstance(value, dict):
            message = "the value is not a number"
            self.problems.append(self._row(row, "FILE-E208", message, f"{pointer}/Value", "value", str(value)))
        quality = BAD if isinstance(value, dict) else self._quality(point, row, pointer)
        said = own if isinstance(own, str) and own else unit
        self.rows.append((ts if isinstance(ts, str) else None, number, quality, said))

    def _quality(self, point: dict[str, Raw], row: int, pointer: str) -> int:
        good, questionable = point.get("Good"), point.get("Questionable")
        for key, flag in (("Good", good), ("Questionable", questionable)):
            if flag is not None and not isinstance(flag, bool):
                message = f"{key} is neither true nor false"
                self.problems.append(self._row(row, "FILE-E208", message, f"{pointer}/{key}", "quality", str(flag)))
                return UNSAID
        if good is None:
            return UNSAID
        return BAD if not good else UNCERTAIN if questionable else GOOD

    def _errors(self, node: dict[str, Raw], pointer: str) -> None:
        if node.get("Errors"):
            name = node.get("Name")
            about = f" of {name}" if isinstance(name, str) else ""
            self.problems.append(
                self._problem("PAT-E502", f"the answer{about} carries an error instead of points", f"{pointer}/Errors")
            )

    def _problem(self, code: str, message: str, pointer: str) -> FormProblem:
        return FormProblem(code, message, Place(file=self._reading.file, pointer=pointer))

    def _row(
        self, row: int, code: str, message: str, pointer: str, field: str | None, found: str | None = None
    ) -> FormProblem:
        where = Place(file=self._reading.file, pointer=pointer, row=row)
        return FormProblem(code, message, where, found, rows=(row,), field=field)


def _dictionary(words: pa.Array) -> pa.DictionaryArray:
    """dictionary<int32, string>, whatever kind of text column polars gives."""
    return words.cast(pa.string()).dictionary_encode().cast(TEXT)


def _null_words(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """A word that is null becomes a null row: readers look for emptiness in the rows."""
    if not column.dictionary.null_count:
        return column
    return _dictionary(column.dictionary_decode())


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
    return FormProblem(
        problem.code, problem.message, problem.where, problem.found, problem.expected, problem.fix, rows, problem.field
    )
