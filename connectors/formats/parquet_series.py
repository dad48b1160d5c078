"""Parquet and Arrow files -> SeriesBatch stream. Types come with the file and are held against the contract's.

Nothing is converted that could change a value: times must be UTC-aware (a naive column is PAT-E108), text becomes a
dictionary, narrower numbers widen. A column of another type is FILE-E208 and ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.formats import headers
from connectors.formats.headers import Column
from connectors.formats.privacy import Privacy
from connectors.formats.reading import Reading, Unreadable, parsing
from connectors.formats.series_source import ARROW_TYPES, NO_ROWS, TEXT
from contracts.contract import Field
from contracts.document import FormProblem, SeriesBatch
from contracts.finding import Excerpt
from contracts.place import Place


def open_series(path: Path, reading: Reading, batch_rows: int) -> TypedSeries:
    """Hold the file's columns against the contract's. Raises Unreadable when one is missing or of another type."""
    with parsing(reading.file, f"{reading.form.format} file"):
        schema = pq.read_schema(path) if reading.form.format == "parquet" else _arrow_schema(path)
        # Arrow decodes names and zones when they are asked for, and in a damaged file they are no text.
        names = schema.names
        _zones = [kind.tz for kind in schema.types if pa.types.is_timestamp(kind)]
    wanted = headers.columns(reading.schema, reading.form)
    place = Place(file=reading.file)
    found = headers.match(names, wanted, lambda _index: place, closed=reading.schema.closed, privacy=Privacy(reading))
    columns = {names[i]: column for i, column in sorted(found.columns.items())}
    wrong = [p for name, c in columns.items() if (p := _wrong_type(schema.field(name).type, c.field, place))]
    problems = (*found.problems, *wrong)
    if wrong or any(p.code in ("FILE-E201", "FILE-E203", "FILE-E205") for p in found.problems):
        raise Unreadable(*problems)
    return TypedSeries(path, reading, columns, problems, batch_rows)


class TypedSeries:
    """A SeriesSource over one Parquet or Arrow file. A row's place is its number: there are no lines."""

    def __init__(
        self,
        path: Path,
        reading: Reading,
        columns: dict[str, Column],
        problems: tuple[FormProblem, ...],
        batch_rows: int,
    ) -> None:
        self.file, self.format = reading.file, reading.form.format
        self._path, self._reading, self._columns = path, reading, columns
        self._problems, self._batch_rows = problems, batch_rows

    def batches(self) -> Iterator[SeriesBatch]:
        if self._problems:
            yield SeriesBatch(NO_ROWS, 0, self._problems)
        first = 0
        blocks = self._blocks()
        while True:
            with parsing(self.file, f"{self.format} file"):
                block = next(blocks, None)
            if block is None:
                return
            arrays = [_typed(block.column(block.schema.get_field_index(n)), c.field) for n, c in self._columns.items()]
            rows = pa.RecordBatch.from_arrays(arrays, names=[c.field.name for c in self._columns.values()])
            yield SeriesBatch(rows, first)
            first += rows.num_rows

    def locate(self, row: int, field: str | None = None) -> Place:  # noqa: ARG002 - a row is the finest place there is
        return Place(file=self.file, row=row)

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:  # noqa: ARG002
        return None

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        names = list(self._columns)
        if self.format == "parquet":
            text = [n for n, c in self._columns.items() if c.field.type not in ARROW_TYPES]
            # Without pre-buffering: with it, memory grows with the file (500 MB at 50M rows; contracts.md 4.7).
            with pq.ParquetFile(self._path, read_dictionary=text, pre_buffer=False) as source:
                for block in source.iter_batches(batch_size=self._batch_rows, columns=names):
                    for name in text:
                        _valid_text(block.column(name))
                    yield block
            return
        with pa.memory_map(str(self._path)) as stream, _arrow_reader(stream) as source:
            blocks = (
                source
                if isinstance(source, pa.RecordBatchStreamReader)
                else map(source.get_batch, range(source.num_record_batches))
            )
            for block in blocks:
                block.validate(full=True)
                for start in range(0, block.num_rows, self._batch_rows):
                    yield block.select(names).slice(start, self._batch_rows)


def _valid_text(column: pa.Array) -> None:
    """Parquet checks neither its text nor its dictionary's bounds; Arrow raises for both here."""
    column.validate(full=True)
    if pa.types.is_dictionary(column.type):
        column.dictionary.validate(full=True)


def _arrow_reader(stream: pa.NativeFile) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    head = stream.read(6)
    stream.seek(0)
    return pa.ipc.open_file(stream) if head == b"ARROW1" else pa.ipc.open_stream(stream)


def _arrow_schema(path: Path) -> pa.Schema:
    with pa.memory_map(str(path)) as stream, _arrow_reader(stream) as source:
        return source.schema


def _wrong_type(found: pa.DataType, field: Field, where: Place) -> FormProblem | None:
    """Whether a column of this type can carry the field without changing a value."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    match field.type:
        case "timestamp":
            if pa.types.is_timestamp(found) and found.tz is None:
                fix = "write the column as timestamp with zone UTC"
                message = f"the times of column {field.name} have no zone"
                return FormProblem(
                    "PAT-E108", message, where, str(found), "timestamp with a zone", fix, field=field.name
                )
            fits = pa.types.is_timestamp(found)
        case "number":
            fits = pa.types.is_floating(found) or pa.types.is_integer(found)
        case "integer":
            fits = pa.types.is_integer(found)
        case "boolean":
            fits = pa.types.is_boolean(found)
        case _:
            fits = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    if fits or pa.types.is_null(found):
        return None
    message = f"column {field.name} is {found}"
    return FormProblem(
        "FILE-E208", message, where, str(found), str(ARROW_TYPES.get(field.type, "string")), field=field.name
    )


def _typed(column: pa.Array, field: Field) -> pa.Array:
    wanted = ARROW_TYPES.get(field.type, TEXT)
    if column.type == wanted:
        return column
    if wanted == TEXT:
        plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        return plain.cast(pa.string()).dictionary_encode()
    # Nanoseconds below a microsecond are cut, as everywhere; nothing else may change.
    return column.cast(wanted, safe=field.type != "timestamp")
