"""Lines of JSON -> SeriesBatch stream: one object a line, one point an object, keys named as the contract's fields.

Arrow reads block after block into columns, strictly: a key twice, an unknown key or another type stops it. Only a block
that stops it is read again line by line, with a reason and a place for everything that is not as it should be. A line
that is no object is left out, and the file as a whole is refused at its end.
"""

from __future__ import annotations

import bisect
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from connectors.formats import cells, headers
from connectors.formats.headers import Column
from connectors.formats.linefile import LineFile
from connectors.formats.reading import Reading, Unreadable
from connectors.formats.series_source import ARROW_TYPES, NO_ROWS, TEXT
from contracts.document import FormProblem, Raw, RawNumber, SeriesBatch
from contracts.encoding import choose_encoding, first_bad_byte, in_doubt
from contracts.finding import Excerpt, ExcerptLine
from contracts.jsontree import read_json
from contracts.place import Place

BLOCK: Final = 1 << 23
"""8 MB, about 64,000 points. No line may be longer: a point has a few hundred bytes."""

MOST_BROKEN: Final = 1000
"""Broken lines that are told; a file with more is no series, and a problem each would fill the memory."""

_NO_JSON: Final = (b"NaN", b"Inf", b"nan", b"inf")
_NUMBERS: Final = {"number": "a number", "integer": "a whole number", "boolean": "true or false"}


def open_series(path: Path, reading: Reading, batch_rows: int) -> NdjsonSeries:
    """Raises Unreadable when the file is not UTF-8 from its beginning."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    chosen = choose_encoding(head, file=reading.file, accepted=reading.form.encoding, whole=len(head) < 4096)
    if chosen.name != "utf-8":
        doubt = in_doubt(head, 0, file=reading.file, accepted=("utf-8",))
        raise Unreadable(*(chosen.problems or (doubt,)))
    return NdjsonSeries(path, reading, batch_rows, chosen.start, chosen.problems)


class NdjsonSeries:
    """A SeriesSource over one file of JSON lines."""

    format = "ndjson"

    def __init__(
        self, path: Path, reading: Reading, batch_rows: int, start: int, problems: tuple[FormProblem, ...]
    ) -> None:
        self.file = reading.file
        self._path, self._reading, self._batch_rows = path, reading, batch_rows
        self._start, self._problems = start, problems
        self._lines = LineFile(path, "utf-8")
        wanted = [c for c in headers.columns(reading.schema, reading.form) if len(c.path) == 1]
        self._columns = {column.name: column for column in wanted}
        text = pa.string()
        self._schema = pa.schema(
            [(n, text if c.field.type == "timestamp" else _arrow_type(c)) for n, c in self._columns.items()]
        )
        self._left_out: list[int] = []  # lines, from 0, that are no rows
        self._broken: list[FormProblem] = []
        self._unknown: set[str] = set()

    def batches(self) -> Iterator[SeriesBatch]:
        self._left_out.clear()  # a source is read again when a rule looks further back than what is kept
        self._broken.clear()
        self._unknown.clear()
        if self._problems:
            yield SeriesBatch(NO_ROWS, 0, self._problems)
        first = line = 0
        for block in self._blocks():
            table, problems = self._read(block, first, line)
            line += block.count(b"\n") + (not block.endswith(b"\n"))
            for start in range(0, table.num_rows, self._batch_rows):
                part = table.slice(start, self._batch_rows)
                batch = self._typed(part, first + start)
                here = (_within(p, batch.first_row, part.num_rows, head=not start) for p in problems)
                yield replace(batch, problems=(*batch.problems, *(p for p in here if p is not None)))
            if not table.num_rows and problems:
                yield SeriesBatch(NO_ROWS, first, tuple(problems))
            first += table.num_rows
            limit = self._reading.contract.safety.max_rows
            if first > limit:
                message, where = "the file has more rows than agreed", self.locate(first - 1)
                raise Unreadable(FormProblem("FILE-E603", message, where, expected=f"at most {limit:,} rows"))
        if self._broken:
            raise Unreadable(*self._broken)

    def locate(self, row: int, field: str | None = None) -> Place:
        """The line of a row and the column of one of its values, with the partner's tag and time."""
        line = self._line(row)
        text = self._lines.line(line)
        said = _object(text)
        start = _span(text, self._name(field))[0] if said is not None else 0
        tag, ts = (said.get(self._name(name) or "") if said else None for name in ("tag", "ts"))
        return Place(
            file=self.file,
            line=line,
            column=start + 1,
            row=row,
            tag=tag if isinstance(tag, str) else None,
            ts=ts if isinstance(ts, str) else None,
        )

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        """The line itself with the value marked; not when it holds what the contract restricts."""
        if any(c.field.classification == "restricted" for c in self._columns.values()):
            return None
        line = self._line(row)
        text = self._lines.line(line)
        begin, end = _span(text, self._name(field))
        return Excerpt((ExcerptLine(line, (text,)),), 0, begin, end)

    def _name(self, field: str | None) -> str | None:
        return next((n for n, c in self._columns.items() if field in (c.field.name, c.field.path)), None)

    def _line(self, row: int) -> int:
        at = row
        while True:
            shifted = row + bisect.bisect_right(self._left_out, at)
            if shifted == at:
                return at + 1
            at = shifted

    def _blocks(self) -> Iterator[bytes]:
        """Whole lines, BLOCK bytes at a time."""
        rest = b""
        with self._path.open("rb") as stream:
            stream.seek(self._start)
            while data := stream.read(BLOCK):
                end = data.rfind(b"\n") + 1
                if not end and len(rest) + len(data) > 2 * BLOCK:
                    message = f"a line is longer than {BLOCK:,} bytes"
                    raise Unreadable(FormProblem("FILE-E603", message, self._reading.place()))
                if end:
                    yield rest + data[:end]
                    rest = data[end:]
                else:
                    rest += data
        if rest:
            yield rest

    def _read(self, block: bytes, first: int, line: int) -> tuple[pa.Table, list[FormProblem]]:
        """The block as raw columns, and what is wrong with single values. `first` and `line` count what came before."""
        if not block.isascii() and (bad := first_bad_byte(block)) is not None:
            doubt = in_doubt(block, bad, file=self.file, accepted=("utf-8",))
            raise Unreadable(replace(doubt, where=replace(doubt.where, line=(doubt.where.line or 1) + line)))
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        if not any(word in block for word in _NO_JSON):
            try:
                table = arrow_json.read_json(
                    io.BytesIO(block),
                    read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                    parse_options=arrow_json.ParseOptions(
                        explicit_schema=self._schema,
                        unexpected_field_behavior="error" if self._reading.schema.closed else "ignore",
                    ),
                )
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                return self._slowly(block, first, line)
            if table.num_rows == lines:
                return table.combine_chunks(), []
        return self._slowly(block, first, line)

    def _slowly(self, block: bytes, first: int, line: int) -> tuple[pa.Table, list[FormProblem]]:
        """The same, line by line."""
        columns: dict[str, list[Any]] = {name: [] for name in self._columns}
        wrong: dict[tuple[str, str], tuple[FormProblem, list[int]]] = {}
        problems: list[FormProblem] = []
        rows = first
        texts = block.split(b"\n")
        if not texts[-1]:
            texts.pop()
        for number, raw in enumerate(texts, start=line):
            said = self._object_of(raw, number, last=number - line == len(texts) - 1 and not block.endswith(b"\n"))
            if said is None:
                bisect.insort(self._left_out, number)
                continue
            if self._reading.schema.closed:
                problems += self._unexpected(said, number)
            for name, column in self._columns.items():
                value = said.get(name)
                fits, typed = _fit(value, column)
                columns[name].append(typed)
                if not fits:
                    key = (name, _kind(value))
                    if key not in wrong:
                        wrong[key] = (self._wrong(column, value, number, rows), [])
                    wrong[key][1].append(rows)
            rows += 1
        problems += [replace(problem, rows=tuple(found)) for problem, found in wrong.values()]
        return pa.table(columns, schema=self._schema), problems

    def _object_of(self, raw: bytes, number: int, *, last: bool) -> dict[str, Raw] | None:
        """The object of a line; None, with a problem unless the line is empty, when it holds none."""
        if not raw.strip(b" \t\r"):
            return None
        tree = read_json(raw, file=self.file, max_depth=self._reading.contract.safety.max_depth)
        if isinstance(tree.root, dict) and not tree.problems:
            return tree.root
        if len(self._broken) < MOST_BROKEN:
            found = tree.problems or (FormProblem("FILE-E405", "the line holds no object", self._reading.place(1, 1)),)
            if last and any(p.code == "FILE-E402" for p in found):
                message, fix = "the file ends inside its last line", "send the file again when its export has finished"
                found = (replace(found[0], message=message, fix=fix),)
            self._broken += [replace(p, where=replace(p.where, line=number + 1, pointer=None)) for p in found]
        return None

    def _unexpected(self, said: dict[str, Raw], number: int) -> Iterator[FormProblem]:
        for key in said:
            if key not in self._columns and key not in self._unknown and len(self._unknown) < MOST_BROKEN:
                self._unknown.add(key)
                yield FormProblem(
                    "FILE-E206",
                    f'the key "{key}" is not in the contract',
                    self._reading.place(number + 1, 1),
                    found=key,
                    expected="only the agreed keys",
                    fix="leave the key out, or ask for it to be added to the contract",
                )

    def _wrong(self, column: Column, value: Raw, number: int, row: int) -> FormProblem:
        field = column.field
        expected = _NUMBERS.get(field.type, "a text")
        hidden = field.classification == "restricted"
        return FormProblem(
            "FILE-E208",
            f"{column.name} is {_kind(value)} where {expected} is due",
            Place(file=self.file, line=number + 1, row=row),
            None if hidden or isinstance(value, dict | list) else str(value),
            expected,
            f"write {expected}, without quotes" if field.type in _NUMBERS else "write the value in quotes",
            field=field.name,
        )

    def _typed(self, part: pa.Table, first: int) -> SeriesBatch:
        """A slice of raw columns in the contract's types, under its field names."""
        arrays, problems = [], []
        for name, column in self._columns.items():
            raw = part[name].combine_chunks()
            raw = raw.chunk(0) if isinstance(raw, pa.ChunkedArray) else raw
            field = column.field
            if field.type in ("number", "integer", "boolean"):
                arrays.append(raw)
                continue
            words = raw.dictionary_encode().cast(TEXT)
            if field.type != "timestamp":
                arrays.append(words)
                continue
            typed, unread = cells.instants(words, self._reading.schema.time.zone)
            arrays.append(typed)
            for fault in unread:
                found = None if field.classification == "restricted" else words[int(fault.rows[0])].as_py()
                problems.append(fault.problem(field.name, first, partial(self.locate, field=field.name), found))
        rows = pa.RecordBatch.from_arrays(arrays, names=[c.field.name for c in self._columns.values()])
        return SeriesBatch(rows, first, tuple(problems))


def _arrow_type(column: Column) -> pa.DataType:
    return ARROW_TYPES.get(column.field.type, pa.string())


def _fit(value: Raw, column: Column) -> tuple[bool, Any]:
    """Whether a value has the type of its field, and the value for the column."""
    if value is None:
        return True, None
    match column.field.type:
        case "number":
            return (True, float(value)) if isinstance(value, RawNumber) else (False, None)
        case "integer":
            whole = isinstance(value, RawNumber) and value.lstrip("-").isdigit() and len(value) < 19
            return (True, int(str(value))) if whole else (False, None)
        case "boolean":
            return (True, value) if isinstance(value, bool) else (False, None)
        case _:
            text = isinstance(value, str) and not isinstance(value, RawNumber)
            return (True, str(value)) if text else (False, None)


def _kind(value: Raw) -> str:
    if isinstance(value, RawNumber):
        return "a number"
    if isinstance(value, bool):
        return "a truth value"
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "an object"


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _span(text: str, name: str | None) -> tuple[int, int]:
    """[start, end) of a key's value in its line; the whole line without one."""
    if name is not None:
        key = re.escape(json.dumps(name, ensure_ascii=False))
        found = re.search(key + r'\s*:\s*("(?:[^"\\]|\\.)*"|[^,}\s]+)', text)
        if found is not None:
            return found.start(1), found.end(1)
    return 0, len(text)


def _within(problem: FormProblem, first: int, rows: int, *, head: bool) -> FormProblem | None:
    """The part of a problem that concerns the rows of one batch; one without rows goes with the head of its block."""
    if not problem.rows:
        return problem if head else None
    start, end = np.searchsorted(problem.rows, [first, first + rows])
    mine = problem.rows[start:end]
    return replace(problem, rows=mine) if mine else None
