"""One sheet of a workbook as openpyxl reads it: its cells with what the spreadsheet knew about them, and its form.

Numbers carry the shortest digits that give the stored double (7.2, not 7.2000000000000002); dates become ISO text.
"""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from connectors.formats import text
from connectors.formats.reading import Reading, Unreadable, parsing
from connectors.formats.table import formula_text
from contracts.document import CellFact, FormProblem, Raw, RawNumber
from contracts.place import Place

CONTRACT_SHEET = "_contract"  # the hidden sheet of our own template, with the contract's id, version and hash
FORMULA_TAG = re.compile(rb"<(?:\w+:)?f[ >/]")


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
    hidden_columns: set[int]
    hidden_sheets: list[str]
    problems: list[tuple[str, int, int, str | None]] = field(default_factory=list)  # code, row, column, found


def load(data: bytes, reading: Reading) -> Sheet:
    """The agreed sheet with openpyxl: once for stored values, again for formulas only if the sheet has any."""
    import openpyxl  # slow to import; only workbooks need it

    with parsing(reading.file, "workbook"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which carry no data
        book = openpyxl.load_workbook(io.BytesIO(data), data_only=True, keep_links=False)
        written = openpyxl.load_workbook(io.BytesIO(data), keep_links=False) if _has_formulas(data) else None
    if not book.worksheets:
        raise Unreadable(_no_sheet(reading, []))
    name = reading.form.sheet or book.worksheets[0].title
    if name not in [s.title for s in book.worksheets]:
        raise Unreadable(_no_sheet(reading, [s.title for s in book.worksheets]))
    source = book[name]
    # One far cell makes a sheet of 17 thousand million: iterate over the cells there are, and only of a sane span.
    if source.max_row * source.max_column > 50 * reading.contract.safety.max_cells:
        limit = f"at most {reading.contract.safety.max_cells:,} cells"
        raise Unreadable(
            FormProblem("FILE-E603", "a cell stands far outside the table", reading.place(), expected=limit)
        )
    formulas = written[name] if written is not None else None
    sheet = Sheet(
        name,
        {},
        [(r.min_row, r.min_col, r.max_row, r.max_col) for r in source.merged_cells.ranges],
        {number for number, d in source.row_dimensions.items() if d.hidden},
        {c for d in source.column_dimensions.values() if d.hidden and d.min for c in range(d.min, d.max + 1)},
        [
            s.title
            for s in book.worksheets
            if s.sheet_state != "visible" and s.title != CONTRACT_SHEET and _holds_data(s)
        ],
    )
    for row in source.iter_rows():
        for cell in row:
            formula = formulas is not None and formulas.cell(cell.row, cell.column).data_type == "f"
            if cell.value is not None or formula:
                _take(sheet, cell, formula=formula)
    return sheet


def _take(sheet: Sheet, cell: Any, *, formula: bool) -> None:
    """One openpyxl cell into the sheet."""
    at = (cell.row, cell.column)
    if formula and cell.value is None:
        sheet.problems.append(("FILE-E303", *at, None))
        sheet.cells[at] = Cell(None, CellFact("formula", cell.number_format))
    elif cell.data_type == "e":
        sheet.problems.append(("FILE-E304", *at, str(cell.value)))
        sheet.cells[at] = Cell(None, CellFact("error", cell.number_format))
    else:
        value, kind = raw(cell.value, cell.number_format or "")
        if isinstance(value, str) and kind == "text" and not value.strip():
            return
        sheet.cells[at] = Cell(value, CellFact(kind, cell.number_format))
        if kind == "text" and (mark := text.damage(str(value))) is not None:
            sheet.problems.append(("FILE-E102", *at, mark.group()))
        if kind == "text" and formula_text(value):
            sheet.problems.append(("FILE-E604", *at, None))


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


def _holds_data(sheet: Any) -> bool:
    return any(cell.value is not None for row in sheet.iter_rows() for cell in row)


def _has_formulas(data: bytes) -> bool:
    """Whether any sheet has a formula. The sheets' size was bounded by the scan."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return any(FORMULA_TAG.search(book.read(name)) for name in book.namelist() if name.endswith(".xml"))
