"""Long CSV -> SeriesBatch stream: one row a point, header in front (domain.md 5.2).

Arrow splits the file into columns of text, block by block, and `cells` casts whole columns: no Python per row. Lines
are counted from rows, so a row never costs a place until a finding asks for it; a quoted cell with a line break in it
would break that count and is refused (FILE-E405).
"""

from __future__ import annotations

import bisect
import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from connectors.formats import cells, csv_dialect, footer
from connectors.formats.csv_rows import BadQuote, lines_of, rows
from connectors.formats.headers import Column
from connectors.formats.linefile import LineFile
from connectors.formats.reading import Reading, Unreadable
from connectors.formats.series_source import NO_ROWS, TEXT
from connectors.formats.table import HIDDEN
from contracts.contract import Field
from contracts.document import FormProblem, SeriesBatch
from contracts.encoding import choose_encoding, first_bad_byte, in_doubt
from contracts.finding import Excerpt, ExcerptLine
from contracts.place import Place

HEAD = 1 << 16
MOST_RAGGED = 1000  # shown; a file with more uneven rows is no table, and a problem each would fill the memory
BLOCK = 1 << 22  # 4 MB: about 64,000 points, the batch size at which the series check is fastest


def open_series(path: Path, reading: Reading, batch_rows: int) -> CsvSeries:
    """Read the header and say what is wrong with it. Raises Unreadable when a needed column is not there."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    whole = len(head) < HEAD
    accepted = reading.form.encoding
    chosen = choose_encoding(head, file=reading.file, accepted=accepted, whole=whole)
    if chosen.name is None:
        raise Unreadable(*chosen.problems)
    try:
        lines = lines_of(codecs.getincrementaldecoder(chosen.name)().decode(head[chosen.start :], whole))
    except (UnicodeDecodeError, LookupError) as fault:
        doubt = in_doubt(head, getattr(fault, "start", 0), file=reading.file, accepted=accepted)
        raise Unreadable(*chosen.problems, doubt) from fault
    if not whole and len(lines) == 1:
        message = f"the first line is longer than {HEAD:,} bytes"
        raise Unreadable(FormProblem("FILE-E603", message, reading.place(1), expected="a header and one row a point"))
    dialect, found = csv_dialect.table(lines, reading)
    problems = (*chosen.problems, *dialect.problems, *found.problems)
    unread = {p.field for p in problems if p.code in ("FILE-E201", "FILE-E203", "FILE-E205")}
    if unread & found.required:
        raise Unreadable(*problems)
    has_rows = not whole or len(lines) >= dialect.data_line
    return CsvSeries(path, reading, chosen.name, dialect, dict(found.columns), problems, batch_rows, has_rows=has_rows)


class CsvSeries:
    """A SeriesSource over one CSV file."""

    format = "csv"

    def __init__(
        self,
        path: Path,
        reading: Reading,
        encoding: str,
        dialect: csv_dialect.Dialect,
        columns: dict[int, Column],
        problems: tuple[FormProblem, ...],
        batch_rows: int,
        *,
        has_rows: bool,
    ) -> None:
        self.file = reading.file
        self._path, self._reading, self._encoding = path, reading, encoding
        self._dialect, self._problems, self._batch_rows = dialect, problems, batch_rows
        self._columns = columns
        self._has_rows = has_rows
        # UTF-16 and UTF-32 have no byte that ends a line: their rows have a line number, but no text to look up.
        self._lines = None if encoding.startswith(("utf-16", "utf-32")) else LineFile(path, encoding)
        self._footer: tuple[str, int] | None = None  # what it states, and the offset where it begins
        self._left_out: list[int] = []  # data lines that are no rows (ragged, empty), counted from the first data line

    def batches(self) -> Iterator[SeriesBatch]:
        if self._problems:
            yield SeriesBatch(NO_ROWS, 0, self._problems)
        order = {field.name: rank for rank, field in enumerate(self._reading.schema.fields)}
        chosen = sorted(self._columns.items(), key=lambda at: order.get(at[1].field.name, len(order)))
        first = 0
        for block in self._blocks() if self._has_rows else ():
            for start in range(0, block.num_rows, self._batch_rows):
                batch = self._batch(block.slice(start, self._batch_rows), chosen, first)
                first += batch.rows.num_rows
                if first > self._reading.contract.safety.max_rows:
                    limit = f"at most {self._reading.contract.safety.max_rows:,} rows"
                    raise Unreadable(
                        FormProblem(
                            "FILE-E603", "the file has more rows than agreed", self.locate(first - 1), expected=limit
                        )
                    )
                yield batch

    def locate(self, row: int, field: str | None = None) -> Place:
        """Line and column of a row's cell (its first cell without `field`), with the partner's tag and time."""
        line = self._line(row)
        found = self._row(line)
        if found is None:
            return Place(file=self.file, line=line, row=row)
        said = {column.field.name: found[1][i] for i, column in self._columns.items() if i < len(found[1])}
        index = self._index(field)
        start = found[0][index or 0] if (index or 0) < len(found[0]) else 1
        return Place(
            file=self.file, line=line, column=start, row=row, tag=said.get("tag") or None, ts=said.get("ts") or None
        )

    def excerpt(self, row: int, field: str | None = None) -> Excerpt | None:
        """Header row and the row itself; cells that the contract restricts or doesn't know stay hidden."""
        line = self._line(row)
        found = self._row(line)
        if found is None:
            return None
        shown = [
            cell
            if (column := self._columns.get(i)) is not None and column.field.classification != "restricted"
            else HIDDEN
            for i, cell in enumerate(found[1])
        ]
        header = ExcerptLine(self._dialect.header.line, self._dialect.header.cells)
        return Excerpt((header, ExcerptLine(line, tuple(shown))), self._index(field) or 0)

    def _index(self, field: str | None) -> int | None:
        return next((i for i, c in self._columns.items() if field in (c.field.name, c.field.path)), None)

    def _line(self, row: int) -> int:
        """The line of a row: lines that are no rows push the later ones down."""
        at = row
        while True:
            shifted = row + bisect.bisect_right(self._left_out, at)
            if shifted == at:
                return self._dialect.data_line + at
            at = shifted

    def _row(self, line: int) -> tuple[Sequence[int], Sequence[str]] | None:
        """(columns where the cells start, cells) of a line."""
        if self._lines is None:
            return None
        try:
            row = next(rows([self._lines.line(line)], self._dialect.delimiter, self._dialect.quote), None)
        except BadQuote:
            return None
        return None if row is None else ([row.start(i)[1] for i in range(len(row.cells))], row.cells)

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        """The file's columns as text, without ragged rows and empty lines. Raises Unreadable at their end if any."""
        dialect = self._dialect
        names = [f"c{i}" for i in range(len(dialect.header.cells))]
        types = {names[i]: self._text_type(column.field) for i, column in self._columns.items()}
        ragged: list[FormProblem] = []
        self._left_out.clear()  # a source is read again when a rule looks further back than what is kept

        def note(row: csv.InvalidRow) -> str:
            bisect.insort(self._left_out, row.number - dialect.data_line)
            if len(ragged) < MOST_RAGGED:
                ragged.append(self._ragged(row))
            return "skip"

        seen = 0
        source = self._without_footer()
        try:
            # One thread: with more, Arrow is no faster here and doesn't know the numbers of ragged rows.
            for block in csv.open_csv(
                source,
                read_options=csv.ReadOptions(
                    column_names=names,
                    skip_rows=dialect.data_line - 1,
                    block_size=BLOCK,
                    encoding=self._encoding,
                    use_threads=False,
                ),
                parse_options=csv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quote or False,
                    ignore_empty_lines=False,
                    invalid_row_handler=note,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=types, include_columns=list(types), strings_can_be_null=True, null_values=[""]
                ),
            ):
                empty = _empty_rows(block)
                for before, row in enumerate(empty):  # the empty ones before it are left out by now
                    bisect.insort(self._left_out, self._line(seen + int(row) - before) - dialect.data_line)
                seen += block.num_rows - len(empty)
                yield block if not len(empty) else _without(block, empty)
        except pa.ArrowInvalid as fault:
            raise Unreadable(*ragged, self._broken(fault)) from fault
        if ragged:
            raise Unreadable(*ragged)
        self._count_lines(seen)
        self._agree(seen)

    def _without_footer(self) -> Path | footer.Until:
        """The rows, without the line that states their number. Raises Unreadable when that is not there."""
        label = self._reading.form.footer
        if label is None:
            return self._path
        line, offset = footer.last_line(self._path, self._encoding)
        said = footer.stated(line.split(self._dialect.delimiter), label)
        if said is None:
            raise Unreadable(footer.missing(label, self._end()))
        self._footer = said, offset
        return footer.Until(self._path, offset)

    def _agree(self, rows: int) -> None:
        wrong = footer.disagreement(self._footer[0], rows, self._end()) if self._footer is not None else None
        if wrong is not None:
            raise Unreadable(wrong)

    def _end(self) -> Place:
        return self._reading.place(self._lines.count if self._lines is not None else None, 1)

    def _text_type(self, field: Field) -> pa.DataType:
        """Repeating words are dictionaries; a value hardly repeats."""
        return pa.string() if field.type in ("number", "integer", "boolean") else TEXT

    def _batch(self, block: pa.RecordBatch, chosen: list[tuple[int, Column]], first: int) -> SeriesBatch:
        """A slice of text columns cast to the contract's types, under its field names."""
        schema, arrays, problems = self._reading.schema, [], []
        for index, column in chosen:
            source, field = block.column(block.schema.get_field_index(f"c{index}")), column.field
            match field.type:
                case "timestamp":
                    typed, unread = cells.instants(source, schema.time.zone)
                case "number":
                    typed, unread = cells.floats(source, schema.locale)
                case "integer":
                    typed, unread = cells.integers(source)
                case "boolean":
                    typed, unread = cells.booleans(source)
                case _:
                    typed, unread = source, []
            arrays.append(typed)
            for fault in unread:
                found = None if field.classification == "restricted" else source[int(fault.rows[0])].as_py()
                problems.append(fault.problem(field.name, first, partial(self.locate, field=field.name), found))
        rows = pa.RecordBatch.from_arrays(arrays, names=[column.field.name for _, column in chosen])
        return SeriesBatch(rows, first, tuple(problems))

    def _ragged(self, row: csv.InvalidRow) -> FormProblem:
        count = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        where = self._reading.place(row.number, 1)
        if row.actual_columns < row.expected_columns and self._is_cut(row.number):
            return FormProblem(
                "FILE-E402",
                "the file ends inside its last row",
                where,
                found=count,
                expected="a complete last row",
                fix="send the file again when its export has finished",
            )
        return FormProblem(
            "FILE-E405",
            f"row in line {row.number} has another number of cells than the header",
            where,
            found=count,
            expected=f"{row.expected_columns} cells",
            fix="enclose cells that hold the delimiter in quotes",
        )

    def _is_cut(self, line: int) -> bool:
        """Whether this line is the last one and has no end."""
        return self._lines is not None and self._lines.unfinished and line == self._lines.count

    def _broken(self, fault: pa.ArrowInvalid) -> FormProblem:
        """What Arrow could not read: text that is not the encoding, or a quoted cell without end."""
        if "UTF8" in str(fault):
            offset, data = 0, b""
            with self._path.open("rb") as stream:
                for data in stream:
                    try:
                        data.decode("utf-8")
                    except UnicodeDecodeError:
                        break
                    offset += 1
            accepted = self._reading.form.encoding
            problem = in_doubt(data, first_bad_byte(data) or 0, file=self.file, accepted=accepted)
            return replace(problem, where=replace(problem.where, line=offset + 1))
        message = "the rows cannot be told apart from some line on"
        fix = "look for a quote that is never closed"
        return FormProblem("FILE-E405", message, self._reading.place(), expected="one row a line", fix=fix)

    def _count_lines(self, rows: int) -> None:
        """Every line is a row or known to be none: a line break inside a quoted cell would move all later places."""
        if self._lines is None:
            return
        lines = self._lines.count - self._dialect.data_line + 1 - (self._footer is not None)
        if lines != rows + len(self._left_out):
            message = "a cell holds a line break"
            fix = "write one row a line, with LF or CR LF at its end"
            raise Unreadable(
                FormProblem("FILE-E405", message, self._reading.place(), expected="one row a line", fix=fix)
            )


def _empty_rows(block: pa.RecordBatch) -> npt.NDArray[np.intp]:
    """Rows of a block in which every column is empty."""
    empty: npt.NDArray[np.bool_] | None = None
    for column in block.columns:
        if not column.null_count:
            return np.empty(0, np.intp)
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        empty = nulls if empty is None else empty & nulls
    return np.flatnonzero(empty) if empty is not None else np.empty(0, np.intp)


def _without(block: pa.RecordBatch, rows: npt.NDArray[np.intp]) -> pa.RecordBatch:
    keep = np.ones(block.num_rows, np.bool_)
    keep[rows] = False
    return block.filter(pa.array(keep))
