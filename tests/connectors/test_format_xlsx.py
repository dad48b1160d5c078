"""Promise: a workbook is read cell by cell, what the spreadsheet did to a value is known, and a hostile container is
refused before any parser of spreadsheets opens it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest

from connectors.formats import read_document
from contracts.contract import Safety
from contracts.document import Document, RawNumber
from tests.connectors.format_support import (
    XLSX,
    accepting,
    as_xlsx,
    certificate,
    codes,
    contract,
    only,
    put,
    with_field,
    workbook,
)

COA = accepting(contract(), XLSX)


def book() -> tuple[openpyxl.Workbook, Any]:
    made = workbook(certificate())
    return made, made["Results"]


def read(made: openpyxl.Workbook | bytes, **form: Any) -> Document:
    data = made if isinstance(made, bytes) else as_xlsx(made)
    return read_document(data, file="c.xlsx", contract=accepting(contract(), replace(XLSX, **form)))


def repacked(change: dict[str, bytes], **kind: Any) -> bytes:
    """The certificate's workbook with entries added or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(book()[0]))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in change:
                new.writestr(name, old.read(name))
        for name, data in change.items():
            new.writestr(name, data, **kind)
    return out.getvalue()


def test_numbers_dates_and_texts_keep_what_the_cell_was() -> None:
    made, sheet = book()
    sheet["G7"] = 7.2
    sheet["G8"] = 1e-7
    sheet["F3"] = date(2026, 11, 2)
    sheet["F3"].number_format = "yyyy-mm-dd"
    sheet["D3"] = datetime(2026, 11, 20, 15, 4)  # noqa: DTZ001 - a spreadsheet has no zone
    sheet["D2"] = 1e5
    document = read(made)
    assert document.problems == ()
    assert document.root is not None
    results: Any = document.root["results"]
    assert results[0]["value"] == "7.2"
    assert isinstance(results[0]["value"], RawNumber)
    assert results[1]["value"] == "1e-07"
    assert document.root["mfg_date"] == "2026-11-02"
    assert document.root["issued_at"] == "2026-11-20T15:04:00"
    assert document.root["lot_number"] == "100000"
    kinds = {p: document.facts[p].kind for p in ("/results/0/value", "/mfg_date", "/lot_number", "/purpose")}
    assert kinds == {"/results/0/value": "number", "/mfg_date": "date", "/lot_number": "number", "/purpose": "text"}


def test_merged_cells_in_the_data_are_a_finding_and_a_merged_title_is_none() -> None:
    made, sheet = book()
    sheet.merge_cells("K1:M1")
    sheet.merge_cells("K7:K8")
    problem = only(read(made), "FILE-E301")
    assert problem.where.label() == "Results!K7:K8"


def test_merged_headers_may_be_agreed() -> None:
    made, sheet = book()
    sheet.merge_cells("K5:M6")
    assert codes(read(made)) == ["FILE-E301"]
    assert codes(read(made, merged="header")) == []


def test_hidden_sheets_rows_and_columns_with_data_are_findings() -> None:
    made, sheet = book()
    made.create_sheet("Old")["B2"] = "7.4"
    made["Old"].sheet_state = "hidden"
    made.create_sheet("_contract")["A1"] = "northvale-coa"
    made["_contract"].sheet_state = "hidden"
    sheet.row_dimensions[8].hidden = True
    sheet.column_dimensions["H"].hidden = True
    document = read(made)
    found = [p for p in document.problems if p.code == "FILE-E302"]
    assert [p.message for p in found] == [
        'hidden sheet "Old" holds data',
        "hidden row 8 holds data",
        "hidden column H holds data",
    ]
    assert found[1].where.label() == "Results!A8:J8"
    assert codes(read(made, hidden="ignore")) == []


def test_a_formula_without_a_stored_value_and_an_error_cell_stand_at_their_cell() -> None:
    made, sheet = book()
    sheet["G7"] = "=A1*2"
    sheet["G8"] = "#VALUE!"
    document = read(made)
    formula = only(document, "FILE-E303")
    assert (formula.where.label(), formula.where.pointer) == ("Results!G7", "/results/0/value")
    error = only(document, "FILE-E304")
    assert (error.where.label(), error.found) == ("Results!G8", "#VALUE!")
    assert document.root is not None
    assert document.root["results"][0]["value"] is None  # type: ignore[index, call-overload]


def test_a_formula_with_its_value_stored_is_that_value() -> None:
    made, sheet = book()
    sheet["G7"] = "=3.6*2"
    data = as_xlsx(made)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>3.6*2</f><v></v>" in xml or b"<f>3.6*2</f><v />" in xml
    stored = xml.replace(b"<f>3.6*2</f><v></v>", b"<f>3.6*2</f><v>7.2</v>")
    stored = stored.replace(b"<f>3.6*2</f><v />", b"<f>3.6*2</f><v>7.2</v>")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, stored if name.endswith("sheet1.xml") else old.read(name))
    document = read(out.getvalue())
    assert document.problems == ()
    assert document.root is not None
    assert document.root["results"][0]["value"] == "7.2"  # type: ignore[index, call-overload]


def test_a_missing_sheet_and_a_missing_header_row() -> None:
    made, sheet = book()
    sheet.title = "Blad1"
    problem = only(read(made), "FILE-E201")
    assert problem.found == "Blad1"
    made, _ = book()
    assert only(read(made, header_row=60), "FILE-E201").where.label() == "Results!A60"


def test_a_renamed_column_stands_at_its_header_cell() -> None:
    made, sheet = book()
    sheet["G6"] = "VALUE"
    problem = only(read(made), "FILE-E205")
    assert problem.where.label() == "Results!G6"
    sheet["G6"] = "Titer"
    assert {p.code: p.where.label() for p in read(made).problems} == {
        "FILE-E201": "Results!A6",
        "FILE-E202": "Results!G6",
    }


def test_data_under_an_empty_header_is_not_lost_in_silence() -> None:
    made, sheet = book()
    sheet["K8"] = "see remark"
    problem = only(read(made), "FILE-E202")
    assert problem.where.label() == "Results!K8"


def test_empty_rows_are_skipped_and_places_stay_true() -> None:
    made, sheet = book()
    sheet.insert_rows(8)
    document = read(made)
    assert document.problems == ()
    assert document.locate("/results/1/value").label() == "Results!G9"


def test_a_row_that_holds_a_header_cell_is_no_result() -> None:
    made, sheet = book()
    sheet["A12"] = "Approved by"
    put(sheet, "B12", "qa.21")
    cells = {**XLSX.header_cells, "signatories.0.user_id": "B12"}
    document = read(made, header_cells=cells)
    assert document.problems == ()
    assert document.root is not None
    assert len(document.root["results"]) == 2  # type: ignore[arg-type]
    assert document.root["signatories"][0]["user_id"] == "qa.21"  # type: ignore[index, call-overload]


def test_a_locator_may_name_a_cell_or_a_column_letter() -> None:
    made, sheet = book()
    sheet["G6"] = None
    put(sheet, "A1", "LV-2611-77")
    base = with_field(COA, "results.value", custom={"locator": {"xlsx": {"column": "G"}}})
    forms = replace(XLSX, header_cells={k: v for k, v in XLSX.header_cells.items() if k != "lot_number"})
    base = with_field(accepting(base, forms), "lot_number", custom={"locator": {"xlsx": {"cell": "A1"}}})
    document = read_document(as_xlsx(made), file="c.xlsx", contract=base)
    assert document.problems == ()
    assert document.root is not None
    assert document.root["lot_number"] == "LV-2611-77"
    assert document.root["results"][0]["value"] == "7.20"  # type: ignore[index, call-overload]


def test_a_truncated_workbook_is_incomplete() -> None:
    data = as_xlsx(book()[0])
    assert codes(read(data[: len(data) // 2])) == ["FILE-E402"]


def test_a_password_macros_document_types_and_inner_archives_are_refused() -> None:
    data = bytearray(as_xlsx(book()[0]))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1  # the directory says that the first entry is encrypted
    assert codes(read(bytes(data))) == ["FILE-E601"]
    assert codes(read(repacked({"xl/vbaProject.bin": b"\x00"}))) == ["FILE-E604"]
    assert codes(read(repacked({"xl/embeddings/a.zip": b"PK"}))) == ["FILE-E603"]
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    assert codes(read(repacked({"xl/extra.xml": doctype}))) == ["FILE-E602"]


@pytest.mark.parametrize(
    "entries",
    [
        {"xl/media/zeros.bin": bytes(201_000_000)},
        {"xl/worksheets/sheet9.xml": b"<c r='A1'/>" * 20 + bytes(30_000_000)},
        {f"xl/n{i}.xml": b"" for i in range(2_001)},
        {"xl/worksheets/sheet9.xml": b'<c r="A1" t="n"><v>1</v></c>' * 300_000},
    ],
    ids=["inflates past the limit", "ratio", "entries", "cells"],
)
def test_a_bomb_is_refused_before_it_is_opened(entries: dict[str, bytes]) -> None:
    small = replace(COA, safety=Safety(max_cells=200_000))
    document = read_document(repacked(entries), file="c.xlsx", contract=small)
    assert codes(document) == ["FILE-E603"]


def test_one_far_cell_costs_nothing() -> None:
    made, sheet = book()
    sheet["XFD1048576"] = 1
    started = datetime.now(UTC)
    assert only(read(made), "FILE-E202").where.cell == "XFD1048576"
    assert (datetime.now(UTC) - started).total_seconds() < 5


def test_a_text_that_a_spreadsheet_would_run_is_refused() -> None:
    made, sheet = book()
    put(sheet, "B7", '=HYPERLINK("http://x")')
    problem = only(read(made), "FILE-E604")
    assert problem.where.label() == "Results!B7"
    assert problem.found is None


def sheet_with(change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(as_xlsx(book()[0]))) as made:
        return repacked({"xl/worksheets/sheet1.xml": change(made.read("xl/worksheets/sheet1.xml"))})


@pytest.mark.parametrize("cell", [b"<c><v>1</v></c>", b'<x:c r="A1"/>', b"<c\nr='A1'/>"])
def test_cells_are_counted_however_they_are_written(cell: bytes) -> None:
    small = replace(COA, safety=Safety(max_cells=900))
    for name in ("xl/worksheets/sheet9.xml", "xl/elsewhere/any.xml"):
        document = read_document(repacked({name: cell * 1_000}), file="c.xlsx", contract=small)
        assert codes(document) == ["FILE-E603"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp037"])
def test_a_part_in_another_encoding_cannot_hide_from_the_scan(encoding: str) -> None:
    first = f"<?xml version='1.0' encoding='{encoding}'?>"

    def change(sheet: bytes) -> bytes:
        text = sheet.decode()
        return (first + text).encode(encoding) if "16" in encoding else first.encode() + text.encode(encoding)

    assert codes(read(sheet_with(change))) == ["FILE-E405"]


def test_a_number_beyond_a_double_is_no_number() -> None:
    cell = re.compile(rb'(<c r="G7"[^>]*>).*?</c>')
    document = read(sheet_with(lambda sheet: cell.sub(rb'<c r="G7" t="n"><v>1e999</v></c>', sheet)))
    assert document.root is not None
    results: Any = document.root["results"]
    assert not isinstance(results[0]["value"], RawNumber)
