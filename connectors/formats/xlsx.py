"""XLSX -> Document. A value's place is sheet!cell, and what the spreadsheet knew about a cell goes along as a CellFact.

Nothing is corrected: a number that stands where text belongs stays a number with its fact, a formula without a stored
value and an error cell are findings. Empty rows are left out; a row that holds a header cell is no table row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.formats import archive, footer, headers, workbook
from connectors.formats.headers import Column
from connectors.formats.privacy import Privacy
from connectors.formats.reading import Reading, Unreadable
from connectors.formats.table import Single, Table, formula_problem, list_name
from connectors.formats.workbook import Sheet, letters, number, place, shown
from contracts.document import CellFact, Document, FormProblem, Raw
from contracts.encoding import damaged_text
from contracts.finding import ExcerptLine
from contracts.place import Place

WIDEST = 60  # columns of an excerpt line; a wider table is cut by the renderer anyway


@dataclass(frozen=True, slots=True)
class _SheetGrid:
    file: str
    sheet: Sheet
    header_row: int
    columns: tuple[int, ...]  # sheet column of each table column
    rows: tuple[int, ...]  # sheet row of each table row

    def value(self, row: int, column: int) -> Raw:
        cell = self.sheet.cells.get((self.rows[row], self.columns[column]))
        return cell.value if cell is not None else None

    def text(self, row: int, column: int) -> str:
        at = (self.header_row if row < 0 else self.rows[row], self.columns[column])
        return shown(self.sheet.cells.get(at))

    def place(self, row: int, column: int) -> Place:
        return place(self.file, self.sheet.name, self.line(row), self.columns[column])

    def span(self, first: int, last: int) -> Place:
        top, left = place(self.file, self.sheet.name, self.line(first), self.columns[0]), self.columns[0]
        if first > last or not self.rows:
            return place(self.file, self.sheet.name, self.header_row, left)
        end = f"{letters(left if last != first else self.columns[-1])}{self.rows[last]}"
        return Place(top.file, top.sheet, top.cell, end if end != top.cell else None, top.line, top.column)

    def line(self, row: int) -> int:
        return self.header_row if row < 0 or not self.rows else self.rows[row]

    def fact(self, row: int, column: int) -> CellFact | None:
        cell = self.sheet.cells.get((self.rows[row], self.columns[column]))
        return cell.fact if cell is not None else None


def read(data: bytes, reading: Reading) -> Document:
    """The Document of a workbook. Raises Unreadable when there is no sheet to speak of."""
    parts = archive.scan(data, reading)
    sheet = workbook.load(data, reading, formulas=parts.formulas)
    form = reading.form
    wanted = headers.columns(reading.schema, form)
    by_path = {".".join(c.path): c for c in wanted}
    addressed = {path: at for path, at in form.header_cells.items() if path in by_path}
    addressed |= {".".join(c.path): c.cell for c in wanted if c.cell is not None}
    singles = tuple(_single(by_path[path], at, sheet, reading) for path, at in addressed.items())
    lettered = {number(c.letter): c for c in wanted if c.letter is not None}
    own_rows = {s.place.line for s in singles}
    head = {c: cell for (r, c), cell in sheet.cells.items() if r == form.header_row}
    body_rows = sorted({r for (r, _c) in sheet.cells if r > form.header_row and r not in own_rows})
    if not head:
        raise Unreadable(_no_header(reading, sheet))
    end = _footer(sheet, body_rows, reading)
    used = {c for (r, c) in sheet.cells if r in body_rows} | set(head)
    index = tuple(sorted(used))
    grid = _SheetGrid(reading.file, sheet, form.header_row, index, tuple(body_rows))

    def header_place(at: int | None) -> Place:
        return place(reading.file, sheet.name, form.header_row, index[0 if at is None else at])

    titles = ["" if c in lettered else shown(head.get(c)) for c in index]
    supplied = {s.column.path for s in singles}
    found = headers.match(
        titles, wanted, header_place, closed=reading.schema.closed, privacy=Privacy(reading), supplied=supplied
    )
    columns = dict(found.columns) | {index.index(c): column for c, column in lettered.items() if c in used}
    into = list_name(headers.rows_field(reading.schema, form))
    table = Table(reading, grid, columns, len(body_rows), min(len(index), WIDEST), into, singles=singles)
    table.problems += [*end, *found.problems, *_nameless(titles, columns, grid, reading)]
    if sheet.merged:
        table.covered = lambda at: any(_inside(at, area) for area in sheet.merged)
    table.problems += [*_form_problems(sheet, reading, singles), *sheet.beside, *_around(sheet, grid, table, reading)]
    return table.build(len(data))


def _single(column: Column, at: str, sheet: Sheet, reading: Reading) -> Single:
    """A header cell, with the filled cells of its line as evidence."""
    name = at.rstrip("0123456789")
    row, col = int(at[len(name) :]), number(name)
    cell = sheet.cells.get((row, col))
    line = sorted(c for (r, c) in sheet.cells if r == row and c <= max(col, WIDEST)) or [col]
    line = line if col in line else sorted([*line, col])
    # only labels and this cell: the neighbours are fields of their own, perhaps ones that nobody may see
    kept = [c for c in line if c == col or c == col - 1]
    excerpt = ExcerptLine(row, tuple(shown(sheet.cells.get((row, c))) for c in kept))
    where = place(reading.file, sheet.name, row, col)
    return Single(column, cell.value if cell else None, where, cell.fact if cell else None, excerpt, kept.index(col))


def _footer(sheet: Sheet, rows: list[int], reading: Reading) -> list[FormProblem]:
    """Take the row that states their number away from the table's rows, and say when the number is another."""
    label = reading.form.footer
    if label is None:
        return []
    last = rows[-1] if rows else reading.form.header_row
    texts = [shown(cell) for (r, _), cell in sorted(sheet.cells.items()) if r == last]
    where = place(reading.file, sheet.name, last, 1)
    said = footer.stated(texts, label)
    if said is None:
        return [footer.missing(label, where)]
    rows.pop()
    wrong = footer.disagreement(said, len(rows), where)
    return [wrong] if wrong is not None else []


def _around(sheet: Sheet, grid: _SheetGrid, table: Table, reading: Reading) -> list[FormProblem]:
    """Personal data in cells that are no field of the contract: above the table, or in columns it doesn't know."""
    if not reading.contract.personal_data:
        return []
    values = {(s.place.line, s.place.column) for s in table.singles}
    values |= {(row, grid.columns[i]) for row in grid.rows for i in table.columns}
    privacy = Privacy(reading)
    return [
        problem
        for (row, column), cell in sheet.cells.items()
        if row != grid.header_row and (row, column) not in values and isinstance(cell.value, str)
        for problem in privacy.text(cell.value, "a cell", place(reading.file, sheet.name, row, column))
    ]


def _nameless(
    titles: list[str], columns: Mapping[int, Column], grid: _SheetGrid, reading: Reading
) -> list[FormProblem]:
    """Data under an empty header would be lost in silence."""
    if not reading.schema.closed:
        return []
    empty = [i for i, title in enumerate(titles) if not title.strip() and i not in columns]
    return [
        FormProblem(
            "FILE-E202",
            "a column without a name holds data",
            grid.place(next(r for r in range(len(grid.rows)) if grid.text(r, i)), i),
            expected="a header for every column",
            fix="delete the column or give it its agreed name",
        )
        for i in empty
        if any(grid.text(r, i) for r in range(len(grid.rows)))
    ]


def _form_problems(sheet: Sheet, reading: Reading, singles: Sequence[Single]) -> list[FormProblem]:
    """Merged, hidden, error and formula cells in the part of the sheet that carries data."""
    form, found = reading.form, []

    def at(row: int, column: int) -> Place:
        return place(reading.file, sheet.name, row, column)

    for first, left, last, right in sheet.merged:
        covers = any(first <= (s.place.line or 0) <= last and left <= (s.place.column or 0) <= right for s in singles)
        concerned = last >= form.header_row or covers
        if concerned and not (form.merged == "header" and last <= form.header_row):
            end = f"{letters(right)}{last}"
            where = Place(reading.file, sheet.name, f"{letters(left)}{first}", end, first, left)
            fix = "unmerge the cells and fill in each one"
            found.append(FormProblem("FILE-E301", "cells are merged in the data area", where, fix=fix))
    if form.hidden == "forbid":
        found += _hidden(sheet, reading)
    for code, row, column, value in sheet.problems:
        if row < form.header_row and (row, column) not in {(s.place.line, s.place.column) for s in singles}:
            continue
        found.append(_cell_problem(code, at(row, column), value))
    return found


def _inside(at: Place, area: tuple[int, int, int, int]) -> bool:
    """Whether a cell is one of a merged area, and not the first, which keeps the value."""
    first, left, last, right = area
    row, column = at.line or 0, at.column or 0
    return first <= row <= last and left <= column <= right and (row, column) != (first, left)


def _hidden(sheet: Sheet, reading: Reading) -> list[FormProblem]:
    found = []
    fix = "show or delete what is hidden"
    for name in sheet.hidden_sheets:
        message = f'hidden sheet "{name}" holds data'
        found.append(FormProblem("FILE-E302", message, Place(file=reading.file, sheet=name), fix=fix))
    left: dict[int, int] = {}  # row -> its first filled column, and its last
    right: dict[int, int] = {}
    for row, column in sorted(sheet.cells):
        left.setdefault(row, column)
        right[row] = column
    for row in sorted(sheet.hidden_rows & left.keys()):
        where = replace(place(reading.file, sheet.name, row, left[row]), end=f"{letters(right[row])}{row}")
        found.append(FormProblem("FILE-E302", f"hidden row {row} holds data", where, fix=fix))
    top: dict[int, int] = {}  # column -> its first filled row, and its last
    bottom: dict[int, int] = {}
    for row, column in sorted(sheet.cells):
        top.setdefault(column, row)
        bottom[column] = row
    for column in sorted(c for c in top if any(first <= c <= last for first, last in sheet.hidden_columns)):
        where = replace(place(reading.file, sheet.name, top[column], column), end=f"{letters(column)}{bottom[column]}")
        found.append(FormProblem("FILE-E302", f"hidden column {letters(column)} holds data", where, fix=fix))
    return found


def _cell_problem(code: str, where: Place, value: str | None) -> FormProblem:
    match code:
        case "FILE-E303":
            fix = "open the workbook in a spreadsheet program, let it calculate, and save it"
            return FormProblem(code, "the formula has no stored value", where, expected="a value", fix=fix)
        case "FILE-E304":
            message, fix = f"the cell is {value}", "correct the formula or type the value"
            return FormProblem(code, message, where, found=value, expected="a value", fix=fix)
        case "FILE-E102":
            return damaged_text(where, value or "")
        case _:
            return formula_problem(where)


def _no_header(reading: Reading, sheet: Sheet) -> FormProblem:
    row = reading.form.header_row
    return FormProblem(
        "FILE-E201",
        f"row {row} has no column names",
        place(reading.file, sheet.name, row, 1),
        expected=f"the column names in row {row}",
        fix=f"move the header into row {row}",
    )
