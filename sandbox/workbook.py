"""A certificate as Brightwater sends it: one sheet, header cells above a table of results, numbers with decimal comma.

Where what stands is read from the contract's own source form, as Brightwater's template was made from it. The bytes
depend on nothing but the certificate: no time of making, no order of a set.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

from contracts.contract import Contract, SourceForm
from sandbox.certificates import Body, Paper

# How Brightwater's template names its columns; the others carry the contract's own names.
_HEADERS = {"characteristic": "Test", "method_id": "Method", "value": "Result", "unit": "Unit"}
COLUMNS = (
    "characteristic",
    "method_id",
    "lab_site",
    "replicate",
    "stage",
    "operator",
    "value",
    "unit",
    "loq",
    "criterion_text",
    "partner_verdict",
    "tested_from",
    "tested_to",
)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?(E[+-][0-9]+)?")


def as_xlsx(paper: Paper, contract: Contract) -> bytes:
    """The workbook. Raises ValueError when the contract accepts no spreadsheet."""
    form = next((f for f in contract.schema.sources if f.format == "xlsx"), None)
    if form is None or form.sheet is None:
        raise ValueError(f"{contract.id} accepts no spreadsheet")
    book = Workbook()
    sheet: Worksheet = book.active
    sheet.title = form.sheet
    _fill_head(sheet, form, paper.body)
    _fill_table(sheet, form, paper.body["results"])
    raw = io.BytesIO()
    book.save(raw)
    return _timeless(raw.getvalue(), datetime.fromisoformat(paper.body["issued_at"]))


def _fill_head(sheet: Worksheet, form: SourceForm, body: Body) -> None:
    for path, cell in form.header_cells.items():
        value = _at(body, path)
        if value is None:
            continue
        _write(sheet, cell, value)
        column, row = coordinate_from_string(cell)
        if column > "A":  # the cell to the left says in words what stands here
            label = sheet.cell(row=row, column=sheet[cell].column - 1, value=path.replace("_", " ").replace(".0.", " "))
            label.font = Font(bold=True)


def _fill_table(sheet: Worksheet, form: SourceForm, results: list[Body]) -> None:
    for column, name in enumerate(COLUMNS, start=1):
        sheet.cell(row=form.header_row, column=column, value=_HEADERS.get(name, name)).font = Font(bold=True)
    for row, result in enumerate(results, start=form.header_row + 1):
        for column, name in enumerate(COLUMNS, start=1):
            if name in result:
                value = result[name]
                if name in ("value", "loq", "criterion_text"):
                    value = with_comma(value)
                _write(sheet, sheet.cell(row=row, column=column).coordinate, value)


def with_comma(text: str) -> str:
    """A number as it is written in Ghent; any other text is left as it is, but for the numbers of a printed range."""
    if _NUMBER.fullmatch(text):
        return text.replace(".", ",")
    return re.sub(r"(?<=[0-9])\.(?=[0-9])", ",", text)


def _write(sheet: Worksheet, cell: str, value: str | int) -> None:
    sheet[cell].value = value
    if isinstance(value, str):
        # An operator "=" or an id must stay the text it is, whatever a spreadsheet would make of it.
        sheet[cell].data_type = "s"
        sheet[cell].number_format = "@"


def _at(body: Body, path: str) -> Any:
    """The value at a dotted path; a number is an index into a list. None when the way there ends early."""
    here: Any = body
    for step in path.split("."):
        if isinstance(here, list):
            here = dict(enumerate(here)).get(int(step))
        elif here is not None:
            here = here.get(step)
    return here


def _timeless(data: bytes, made: datetime) -> bytes:
    """The same workbook with the certificate's own time in place of the time of writing, in properties and archive."""
    stamp = f"{made.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp.encode(), part)
            entry = zipfile.ZipInfo(name, (made.year, made.month, made.day, made.hour, made.minute, made.second))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, part)
    return out.getvalue()
