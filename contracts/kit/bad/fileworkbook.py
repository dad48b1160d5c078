"""Bad files that only a workbook can be: merged and hidden cells, errors, formulas without a value, a password, a
document type."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from contracts.contract import Contract, SourceForm
from contracts.kit.bad import Bad, Maker
from contracts.kit.bad.filerecord import form_of, name_of
from contracts.kit.good import good
from contracts.kit.write import write

Spoil = Callable[[Any, SourceForm], None]
"""Changes one sheet, an openpyxl worksheet; its table begins below `form.header_row`."""

_ENCRYPTED = 0x1  # bit 0 of a ZIP entry's flags


def _in_sheet(contract: Contract, *, code: str, spoil: Spoil) -> Bad | None:
    """A good workbook with something done to its sheet."""
    form = form_of(contract, "xlsx")
    if form is None:
        return None
    import openpyxl

    from contracts.kit.sheet import timeless

    fixed = write(good(contract), form)
    book = openpyxl.load_workbook(io.BytesIO(fixed))
    spoil(book[form.sheet] if form.sheet is not None else book.worksheets[0], form)
    return Bad(code, name_of(contract, form), form, timeless(book), fixed)


def _in_archive(contract: Contract, *, code: str, spoil: Callable[[bytes], bytes]) -> Bad | None:
    """A good workbook with something done to its container."""
    form = form_of(contract, "xlsx")
    if form is None:
        return None
    fixed = write(good(contract), form)
    return Bad(code, name_of(contract, form), form, spoil(fixed), fixed)


def _merge(sheet: Any, form: SourceForm) -> None:
    """The last cell of the first row with the empty one beside it, so that no value is lost."""
    row, last = form.header_row + 1, max(c.column for c in sheet[form.header_row] if c.value is not None)
    sheet.merge_cells(start_row=row, start_column=last, end_row=row, end_column=last + 1)


def _hide(sheet: Any, form: SourceForm) -> None:
    sheet.row_dimensions[form.header_row + 1].hidden = True


def _formula(sheet: Any, form: SourceForm) -> None:
    """As a program writes it that does not calculate: the formula without its result."""
    sheet.cell(form.header_row + 1, 2).value = '=CONCATENATE("M-","07")'


def _error(sheet: Any, form: SourceForm) -> None:
    cell = sheet.cell(form.header_row + 1, 2)
    cell.value = "#REF!"
    cell.data_type = "e"


def _password(data: bytes) -> bytes:
    """Every entry marked as encrypted, as in a ZIP with a password."""
    out = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            out[entry.header_offset + 6] |= _ENCRYPTED
        at = archive.start_dir
        while out[at : at + 4] == b"PK\x01\x02":
            out[at + 8] |= _ENCRYPTED
            at += 46 + sum(int.from_bytes(out[at + i : at + i + 2], "little") for i in (28, 30, 32))
    return bytes(out)


def _document_type(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename == "xl/workbook.xml":
                part = b'<!DOCTYPE workbook [<!ENTITY lot "LV-2611-04">]>' + part
            new.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


MAKERS: Mapping[str, Maker] = {
    "FILE-E301": partial(_in_sheet, code="FILE-E301", spoil=_merge),
    "FILE-E302": partial(_in_sheet, code="FILE-E302", spoil=_hide),
    "FILE-E303": partial(_in_sheet, code="FILE-E303", spoil=_formula),
    "FILE-E304": partial(_in_sheet, code="FILE-E304", spoil=_error),
    "FILE-E601": partial(_in_archive, code="FILE-E601", spoil=_password),
    "FILE-E602": partial(_in_archive, code="FILE-E602", spoil=_document_type),
}
