"""The points of a PI Web API answer as columns, read in one of two ways.

polars reads a regular answer as columns, and the strict reader of `contracts.jsontree` reads what is left (a wrong
type, an error property, a key twice, broken JSON), slower and with a reason for each. An answer is regular when the
keys written in it are exactly those that its points can have; polars alone would take one of two equal keys in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from connectors.formats.reading import Reading, Unreadable
from connectors.formats.series_source import TEXT
from contracts.document import FormProblem, Raw, RawNumber
from contracts.jsontree import JsonTree, read_json
from contracts.place import Place

GOOD, UNCERTAIN, BAD, UNSAID = 0, 1, 2, -1
MOST_LISTS = 100_000  # a stream has one
MOST_VALUES = (
    3_000_000  # of an answer that the strict reader takes: a point has eight, and a node costs a hundred bytes
)

# `"Value": {` cannot stand inside a JSON string (its quotes would be escaped). Only a state that is well formed, of
# plain members, is taken out for polars; what is left of any other goes to the strict reader.
_WORD = rb'"[^"\\\x00-\x1f]*"'
_MEMBER = _WORD + rb"\s*:\s*(?:" + _WORD + rb"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)"
_STATE = re.compile(rb'"Value"\s*:\s*\{\s*' + _MEMBER + rb"(?:\s*,\s*" + _MEMBER + rb")*\s*\}")
_TRUTH = re.compile(rb'"Value"\s*:\s*[tf]')
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u")
_SCALAR = re.compile(r"-?\d|true$|false$")
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


def read_points(data: bytes, reading: Reading) -> Points:
    """The points of an answer, by the faster way that fits. Raises Unreadable when it is no such answer."""
    return regular(data) or irregular(data, reading)


def regular(data: bytes) -> Points | None:
    """The points when polars can read every one of them without doubt, else None."""
    if b'"Errors"' in data or b'"State"' in data or _TRUTH.search(data) is not None or data[:1] != b"{":
        return None
    if data.count(b"[") > MOST_LISTS:  # polars makes a table of them before it says that they are none
        return None
    if not _is_utf8(data) or (b"\\u" in data and _ESCAPE.search(data) is not None):
        return None  # polars passes over bytes and half characters that are no text, where it need not read them
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
    names, units = streams["Name"].to_list(), streams["UnitsAbbreviation"].to_list()
    if points["Timestamp"].null_count() or _scalars((*names, *units, *points["UnitsAbbreviation"].unique())):
        return None
    return _points(points, names, units, counts, single=single)


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _scalars(words: Iterable[str | None]) -> bool:
    """Whether a word may have been a number or a truth value: polars makes a text of those without saying so."""
    return any(word is not None and _SCALAR.match(word) for word in words)


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
    quality[(points["Good"] & points["Questionable"]).fill_null(value=False).to_numpy()] = UNCERTAIN
    quality[(~points["Good"]).fill_null(value=False).to_numpy()] = BAD
    quality[points["State"].fill_null(value=False).to_numpy()] = BAD
    own = points["UnitsAbbreviation"]
    stream_units = pl.Series([unit or None for unit in units], dtype=pl.String).gather(
        np.repeat(np.arange(len(counts)), counts)
    )
    unit = own.set(own == "", None).fill_null(stream_units) if len(own) else own
    return Points(
        names,
        units,
        counts,
        dictionary(points["Timestamp"].to_arrow()),
        points["Value"].to_arrow(),
        quality,
        dictionary(unit.to_arrow()),
        single,
    )


def irregular(data: bytes, reading: Reading) -> Points:
    """The points by the strict reader, with a problem for everything that is not as it should be."""
    safety = reading.contract.safety
    tree = read_json(
        data,
        file=reading.file,
        max_depth=safety.max_depth,
        max_bytes=safety.max_bytes,
        max_values=MOST_VALUES,
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
            dictionary(pa.array(columns[0], pa.string())),
            pa.array(columns[1], pa.float64()),
            np.array(columns[2], np.int32),
            dictionary(pa.array(columns[3], pa.string())),
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
        fix = "fetch the points again once the historian answers for them" if code == "PAT-E502" else None
        return FormProblem(code, message, Place(file=self._reading.file, pointer=pointer), fix=fix)

    def _row(
        self, row: int, code: str, message: str, pointer: str, field: str | None, found: str | None = None
    ) -> FormProblem:
        where = Place(file=self._reading.file, pointer=pointer, row=row)
        return FormProblem(code, message, where, found, rows=(row,), field=field)


def dictionary(words: pa.Array) -> pa.DictionaryArray:
    """dictionary<int32, string>, whatever kind of text column polars gives."""
    return words.cast(pa.string()).dictionary_encode().cast(TEXT)
