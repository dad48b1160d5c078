"""A draft as a workbook: header cells where the contract has them, a table below, texts as texts.

The bytes depend on nothing but the draft: the time of writing is taken out of the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from contracts.contract import Schema, SourceForm
from contracts.document import RawNumber
from contracts.kit.columns import Cell, Column, all_columns, columns
from contracts.kit.draft import Draft

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_STAMP = (2000, 1, 1, 0, 0, 0)
_DATE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def workbook(draft: Draft, form: SourceForm) -> bytes:
    """The workbook as bytes."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = form.sheet or sheet_name(draft.contract.schema)
    mark = draft.contract.schema.locale.decimal
    bold = Font(bold=True)
    head = header_cells(draft, form)
    for at, column in head.items():
        put(sheet, at, column.of(draft.record, {}), mark)
        label(sheet, at, column, set(head), bold)
    for number, column in lettered(columns(draft, form), {c.path for c in head.values()}):
        written(sheet, form.header_row, number, column.header).font = bold
        for row, record in enumerate(draft.rows, start=form.header_row + 1):
            put(sheet, sheet.cell(row=row, column=number).coordinate, column.of(draft.record, record), mark)
    if form.footer is not None:
        end = form.header_row + len(draft.rows) + 1
        written(sheet, end, 1, form.footer)
        sheet.cell(row=end, column=2, value=len(draft.rows))
    return timeless(book)


def header_cells(draft: Draft, form: SourceForm) -> dict[str, Column]:
    """Cell -> field of the document, where the contract gives a field a cell of its own."""
    lengths = {path.split(".")[0]: int(path.split(".")[1]) + 1 for path in sorted(form.header_cells) if _listed(path)}
    known = {c.dotted: c for c in all_columns(draft.contract.schema, form, lengths)}
    found = {c.cell: c for c in known.values() if c.cell is not None}
    return found | {at: known[path] for path, at in form.header_cells.items() if path in known}


def lettered(wanted: list[Column], elsewhere: set[tuple[str, ...]]) -> list[tuple[int, Column]]:
    """The columns of the table with their numbers: where a letter is agreed there, the others in order. `elsewhere`:
    paths that have a cell of their own."""
    from openpyxl.utils import column_index_from_string

    wanted = [c for c in wanted if c.path not in elsewhere]
    agreed = [(column_index_from_string(c.letter), c) for c in wanted if c.letter is not None]
    taken = {number for number, _ in agreed}
    free = (number for number in range(1, len(wanted) + len(taken) + 1) if number not in taken)
    return agreed + [(next(free), c) for c in wanted if c.letter is None]


def sheet_name(schema: Schema) -> str:
    """The object's name as a sheet may be called: up to 31 characters, none of those that a spreadsheet refuses."""
    return re.sub(r"[\[\]:*?/\\]", " ", schema.name).strip(" '")[:31] or "data"


def written(sheet: Worksheet, row: int, column: int, text: str) -> Any:
    """The cell, with a text that stays one: `=` is an operator that partners report, and a name is no formula."""
    cell = sheet.cell(row=row, column=column, value=text)
    cell.data_type = "s"
    return cell


def put(sheet: Worksheet, at: str, value: Cell, mark: str) -> None:
    """A text cell for a text, whatever a spreadsheet would make of it; a number cell for a number."""
    if value is None:
        return
    cell = sheet[at]
    if isinstance(value, RawNumber):
        cell.value = Decimal(value.replace(mark, "."))
    else:
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
            cell.number_format = "@"


def label(sheet: Worksheet, at: str, column: Column, taken: set[str], font: Any) -> None:
    """The cell to the left says in words what stands here, unless it is a field itself."""
    cell = sheet[at]
    if cell.column == 1:
        return
    left = sheet.cell(row=cell.row, column=cell.column - 1)
    if left.coordinate not in taken and left.value is None:
        written(sheet, left.row, left.column, words(column.path)).font = font


def words(path: tuple[str, ...]) -> str:
    """`signatories.0.user_id` as a person reads it: `signatories user id`."""
    return " ".join(part for part in path if part != "0").replace("_", " ")


def timeless(book: Any) -> bytes:
    """The saved workbook with a fixed time in place of the time of writing, in its properties and its archive."""
    raw = io.BytesIO()
    book.save(raw)
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _DATE.sub(b"2000-01-01T00:00:00Z", part)
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, part)
    return out.getvalue()


def _listed(path: str) -> bool:
    parts = path.split(".")
    return len(parts) > 1 and parts[1].isdigit()
