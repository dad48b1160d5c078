"""CSV -> Document: a certificate with one row a result, or a schedule with one row a slot.

Each value's place is line:column as an editor counts them. The dialect is the contract's (`csv_dialect`), the columns
are found by header (`headers`), and rows of another width are never padded or cut: a short last row without a line
end is a truncated file (FILE-E402), anything else uneven is FILE-E405.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.formats import csv_dialect, footer, headers
from connectors.formats.csv_rows import BadQuote, Row, lines_of, rows
from connectors.formats.privacy import Privacy
from connectors.formats.reading import Reading, Unreadable
from connectors.formats.table import Table, formula_problem, formula_text, list_name
from contracts.document import CellFact, Document, FormProblem, Raw
from contracts.encoding import damage, damaged_text, decode
from contracts.place import Place

MOST_UNEVEN = 1000  # rows of another width that are named one by one; a file with more is no table


@dataclass(frozen=True, slots=True)
class _CsvGrid:
    file: str
    header: Row
    body: tuple[Row, ...]
    width: int

    def value(self, row: int, column: int) -> Raw:
        return self.body[row].cells[column]

    def text(self, row: int, column: int) -> str:
        return (self.header if row < 0 else self.body[row]).cells[column]

    def place(self, row: int, column: int) -> Place:
        line, start = (self.header if row < 0 else self.body[row]).start(column)
        return Place(file=self.file, line=line, column=start)

    def span(self, first: int, last: int) -> Place:
        if first > last:
            return Place(file=self.file, line=self.header.line)
        return Place(file=self.file, line=self.body[first].line)

    def line(self, row: int) -> int:
        return (self.header if row < 0 else self.body[row]).line

    def fact(self, row: int, column: int) -> CellFact | None:  # noqa: ARG002 - a text file knows no cell types
        return None


def read(data: bytes, reading: Reading) -> Document:
    """The Document of a CSV file. Raises Unreadable when there is no table to speak of."""
    content, encoding_problems = decode(data, file=reading.file, accepted=reading.form.encoding)
    if content is None:
        raise Unreadable(*encoding_problems)
    lines = lines_of(content)
    dialect, found = csv_dialect.table(lines, reading)
    width = len(dialect.header.cells)
    problems = [*encoding_problems, *dialect.problems]
    if not found.columns:
        # Another table altogether: what its rows lack says nothing that the header has not said.
        raise Unreadable(*problems, *found.problems)
    body = _body(lines, dialect, width, reading, problems, complete=content.endswith(("\n", "\r")))
    grid = _CsvGrid(reading.file, dialect.header, body, width)
    problems += found.problems
    filled = headers.rows_field(reading.schema, reading.form)
    table = Table(
        reading,
        grid,
        found.columns,
        len(body),
        width,
        list_name(filled),
        problems=problems,
    )
    problems += [*_suspect_cells(content, grid, reading), *_unread_cells(grid, found.columns, reading)]
    return table.build(len(data))


def _body(
    lines: list[str],
    dialect: csv_dialect.Dialect,
    width: int,
    reading: Reading,
    problems: list[FormProblem],
    *,
    complete: bool,
) -> tuple[Row, ...]:
    """The data rows that have the header's width. Rows that don't are reported and left out."""
    safety, cells = reading.contract.safety, 0
    body: list[Row] = []
    blank_at: int | None = None
    rest = rows(lines[dialect.data_line - 1 :], dialect.delimiter, dialect.quote, first_line=dialect.data_line)
    last_line = len(lines)
    trailing = counted = uneven = 0
    label, said, end = reading.form.footer, None, reading.place(last_line, 1)
    try:
        for row in rest:
            if said is None and label is not None and (said := footer.stated(row.cells, label)) is not None:
                end = reading.place(row.line, 1)
                continue
            if row.blank:
                blank_at = blank_at or row.line
                continue
            if len(row.cells) == width + 1 and not row.cells[-1].strip(" \t"):
                trailing += 1
                row = Row(row.line, row.cells[:-1], row.starts[:-1] if row.starts else None)
            counted += 1
            cells += len(row.cells)
            if cells > safety.max_cells or len(body) >= safety.max_rows:
                raise Unreadable(*problems, _too_many(reading, row.line))
            if len(row.cells) == width:
                body.append(row)
            else:
                uneven += 1
                cut = not complete and len(row.cells) < width and row.line == last_line
                if uneven <= MOST_UNEVEN:
                    problems.append(_uneven(reading, row, width, cut=cut))
    except BadQuote as bad:
        problems.append(csv_dialect.bad_quote(reading, bad))
    if uneven > MOST_UNEVEN:
        message = f"{uneven - MOST_UNEVEN:,} more rows have another number of cells than the header"
        problems.append(FormProblem("FILE-E405", message, reading.place(last_line, 1), fix="export the file again"))
    if label is not None:
        wrong = footer.missing(label, end) if said is None else footer.disagreement(said, counted, end)
        problems += [wrong] if wrong is not None else []
    declared = reading.form.trailing_delimiter or any("end with a delimiter" in p.message for p in dialect.problems)
    if trailing and not declared:
        message = f"{trailing} rows end with a delimiter that the header does not have"
        problems.append(FormProblem("FILE-E105", message, reading.place(dialect.data_line)))
    if blank_at is not None and body and blank_at < body[-1].line:
        message = "empty lines stand between the rows"
        problems.append(FormProblem("FILE-E105", message, reading.place(blank_at, 1), fix="delete the empty lines"))
    return tuple(body)


def _suspect_cells(content: str, grid: _CsvGrid, reading: Reading) -> list[FormProblem]:
    """Damaged text and cells that a spreadsheet would run. Looked for only where the whole text gives a reason."""
    damaged = damage(content) is not None
    found: list[FormProblem] = []
    for number, row in enumerate((grid.header, *grid.body)):
        for index, cell in enumerate(row.cells):
            if damaged and (mark := damage(cell)) is not None:
                line, column = row.start(index)
                found.append(damaged_text(reading.place(line, column), mark[0]))
            if formula_text(cell):
                found.append(formula_problem(grid.place(number - 1, index)))
    return found


def _unread_cells(grid: _CsvGrid, columns: Mapping[int, headers.Column], reading: Reading) -> list[FormProblem]:
    """Personal data in columns that the contract doesn't know."""
    unread = [index for index in range(grid.width) if index not in columns]
    if not unread or not reading.contract.personal_data:
        return []
    privacy = Privacy(reading)
    return [
        problem
        for number, row in enumerate(grid.body)
        for index in unread
        for problem in privacy.text(row.cells[index], "a cell", grid.place(number, index))
    ]


def _uneven(reading: Reading, row: Row, width: int, *, cut: bool) -> FormProblem:
    where = reading.place(*row.start(min(len(row.cells), width)))
    count = f"{len(row.cells)} cells where the header has {width}"
    if cut:
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
        f"row in line {row.line} has another number of cells than the header",
        where,
        found=count,
        expected=f"{width} cells",
        fix="enclose cells that hold the delimiter in quotes",
    )


def _too_many(reading: Reading, line: int) -> FormProblem:
    safety = reading.contract.safety
    limit = f"{safety.max_rows:,} rows or {safety.max_cells:,} cells"
    return FormProblem("FILE-E603", "the table is larger than agreed", reading.place(line), expected=f"at most {limit}")
