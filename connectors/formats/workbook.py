"""One sheet of a workbook as openpyxl reads it: its cells with what the spreadsheet knew about them, and its form.

Numbers carry the shortest digits that give the stored double (7.2, not 7.2000000000000002); dates become ISO text.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from connectors.formats.privacy import Privacy
from connectors.formats.reading import Reading, Unreadable, parsing
from connectors.formats.stamp import CONTRACT_SHEET, stamp_problem
from connectors.formats.table import formula_text
from contracts.document import CellFact, FormProblem, Raw, RawNumber
from contracts.encoding import damage
from contracts.place import Place

REPORT_SHEET = "jid report"  # contracts.render.workbook puts it first into a workbook that goes back marked


@dataclass(frozen=True, slots=True)
class Cell:
    """One non-empty cell. `value` is None for an error or a formula without a stored value."""

    value: Raw
    fact: CellFact


@dataclass
class Sheet:
    """The cells of one sheet by (row, column), both from 1, and its form."""

    name: str
    cells: dict[tuple[int, int], Cell]
    merged: list[tuple[int, int, int, int]]  # first row, first column, last row, last column
    hidden_rows: set[int]
    hidden_columns: list[tuple[int, int]]  # first and last
    hidden_sheets: list[str]
    problems: list[tuple[str, int, int, str | None]] = field(default_factory=list)  # code, row, column, found
    beside: list[FormProblem] = field(default_factory=list)
    """What is wrong in the workbook outside this sheet's cells."""


def load(data: bytes, reading: Reading, *, formulas: bool) -> Sheet:
    """The agreed sheet with openpyxl: once for stored values, again for formulas only if there are any."""
    import openpyxl  # slow to import; only workbooks need it

    with parsing(reading.file, "workbook"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which carry no data
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
        written = openpyxl.load_workbook(io.BytesIO(data), keep_links=False) if formulas else None
    if not book.worksheets:
        raise Unreadable(_no_sheet(reading, []))
    # people correct the marked copy that they were sent and send that: its first sheet is ours
    theirs = [s.title for s in book.worksheets if not s.title.startswith(REPORT_SHEET)]
    name = reading.form.sheet or (theirs or [book.worksheets[0].title])[0]
    if name not in [s.title for s in book.worksheets]:
        raise Unreadable(_no_sheet(reading, [s.title for s in book.worksheets]))
    source = book[name]
    titles = _titles(book, reading)
    sheet = Sheet(
        titles[name],
        {},
        [(r.min_row, r.min_col, r.max_row, r.max_col) for r in source.merged_cells.ranges],
        {number for number, d in source.row_dimensions.items() if d.hidden},
        [(d.min, d.max) for d in source.column_dimensions.values() if d.hidden and d.min and d.max],
        [
            titles[s.title]
            for s in book.worksheets
            if s.sheet_state != "visible" and s.title != CONTRACT_SHEET and _filled(s)
        ],
    )
    formula_cells = {at for at, c in written[name]._cells.items() if c.data_type == "f"} if written else set()
    for cell in _filled(source):
        _take(sheet, cell, formula=(cell.row, cell.column) in formula_cells)
    for at in sorted(formula_cells - sheet.cells.keys()):
        sheet.problems.append(("FILE-E303", *at, None))
        sheet.cells[at] = Cell(None, CellFact("formula"))
    sheet.beside = _beside(book, source, titles, reading)
    for hidden in (s for s in book.worksheets if s.title == CONTRACT_SHEET and s is not source):
        other = stamp_problem({at: cell.value for at, cell in hidden._cells.items()}, reading)
        sheet.beside += [other] if other is not None else []
    return sheet


def _titles(book: Any, reading: Reading) -> dict[str, str]:
    """How each sheet may be called in a report: by its number when its own name is what must not be shown."""
    privacy, nowhere = Privacy(reading), reading.place()
    return {
        sheet.title: f"sheet {number}" if privacy.name(sheet.title, "", nowhere) else sheet.title
        for number, sheet in enumerate(book.worksheets, 1)
    }


def _filled(sheet: Any) -> list[Any]:
    """The cells that hold something, in reading order. One far cell spans 17 thousand million others, and openpyxl's
    own iteration makes each of them; `_cells` has those that are in the file."""
    return [sheet._cells[at] for at in sorted(sheet._cells) if sheet._cells[at].value is not None]


def _take(sheet: Sheet, cell: Any, *, formula: bool) -> None:
    """One openpyxl cell into the sheet."""
    at = (cell.row, cell.column)
    if cell.data_type == "e":
        sheet.problems.append(("FILE-E304", *at, str(cell.value)))
        sheet.cells[at] = Cell(None, CellFact("error", cell.number_format))
        return
    value, kind = raw(cell.value, cell.number_format or "")
    if isinstance(value, str) and kind == "text" and not value.strip():
        return
    sheet.cells[at] = Cell(value, CellFact(kind, cell.number_format))
    if kind == "text" and (mark := damage(str(value))) is not None:
        sheet.problems.append(("FILE-E102", *at, mark.group()))
    if kind == "text" and not formula and formula_text(value):
        sheet.problems.append(("FILE-E604", *at, None))


def _beside(book: Any, source: Any, titles: Mapping[str, str], reading: Reading) -> list[FormProblem]:
    """Personal data in the workbook outside the cells of the agreed sheet: names of sheets, other sheets, comments."""
    if not reading.contract.personal_data:
        return []
    privacy, found = Privacy(reading), []
    for sheet in book.worksheets:
        where = Place(file=reading.file, sheet=titles[sheet.title])
        found += privacy.name(sheet.title, "the name of a sheet", where)
        for (row, column), cell in sheet._cells.items():
            at = place(reading.file, titles[sheet.title], row, column)
            if cell.comment is not None:
                found += privacy.text(str(cell.comment.text), "a comment", at)
            if sheet is not source and isinstance(cell.value, str):
                found += privacy.text(cell.value, "a cell of another sheet", at)
    return found


def raw(value: object, number_format: str) -> tuple[Raw, str]:
    """(raw scalar, kind of the cell) of what openpyxl gives."""
    match value:
        case bool():
            return value, "bool"
        case int():
            return RawNumber(str(value)), "number"
        case float() if not math.isfinite(value):
            return str(value), "number"  # no number of any kind: a rule refuses the word
        case float():
            whole = value.is_integer() and abs(value) < 1e15
            return RawNumber(str(int(value)) if whole else repr(value)), "number"
        case datetime():
            return _instant(value, number_format), "date"
        case date() | time():
            return value.isoformat(), "date"
        case timedelta():
            return str(value), "date"
        case _:
            return str(value), "text"


def _instant(value: datetime, number_format: str) -> str:
    """ISO text of a date cell. A double holds no exact second: within a millisecond the whole second is meant."""
    nearest = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    value = nearest if abs(nearest - value) <= timedelta(milliseconds=1) else value
    timed = any(mark in number_format.lower() for mark in ("h", "s"))
    return value.date().isoformat() if not timed and value.time() == time() else value.isoformat()


def shown(cell: Cell | None) -> str:
    """A cell as text for headers and excerpts."""
    if cell is None or cell.value is None:
        return ""
    return {True: "TRUE", False: "FALSE"}[cell.value] if isinstance(cell.value, bool) else str(cell.value)


def place(file: str, sheet: str, row: int, column: int) -> Place:
    return Place(file=file, sheet=sheet, cell=f"{letters(column)}{row}", line=row, column=column)


def letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def number(name: str) -> int:
    """A -> 1, AA -> 27. A number stays itself."""
    if name.isdigit():
        return int(name)
    total = 0
    for letter in name.upper():
        total = total * 26 + ord(letter) - 64
    return total


def _no_sheet(reading: Reading, there: list[str]) -> FormProblem:
    wanted = reading.form.sheet or "a sheet with data"
    return FormProblem(
        "FILE-E201",
        f'sheet "{wanted}" is missing',
        reading.place(),
        found=", ".join(there) or None,
        expected=f'a sheet "{wanted}"',
        fix=f'name the sheet "{wanted}"',
    )
