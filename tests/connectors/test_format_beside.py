"""Promise: what stands beside the values is read too: the footer that counts the rows, a JSON field in another place,
and personal data in names, comments and text around the table, which no report shows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl.comments import Comment

from connectors.formats import read_document
from connectors.inspection import inspect
from contracts.contract import Contract, SourceForm
from contracts.kit.good import good
from contracts.kit.write import write
from contracts.odcs import load_catalog
from contracts.render.json import dumps
from tests.connectors.format_support import (
    CSV,
    XLSX,
    accepting,
    as_csv,
    as_xlsx,
    certificate,
    contract,
    csv_rows,
    only,
    with_field,
    workbook,
)

COA = accepting(contract(), SourceForm("json"), CSV, XLSX)
PERSON = "patient: Jane Doe"


def with_footer(contract_id: str) -> Contract:
    base = load_catalog().get(contract_id)
    return accepting(base, replace(base.schema.sources[0], footer="Rows"))


@pytest.mark.parametrize("contract_id", ["brightwater-schedule", "brightwater-pat"])
@pytest.mark.parametrize(("change", "code"), [(0, None), (1, "FILE-E403"), (None, "FILE-E402")])
def test_a_footer_counts_the_rows(contract_id: str, change: int | None, code: str | None, tmp_path: Path) -> None:
    bound = with_footer(contract_id)
    data = write(good(bound), replace(bound.schema.sources[0], footer=None))
    rows = data.count(b"\n") - 1
    path = tmp_path / "f.csv"
    path.write_bytes(data if change is None else data + b"Rows,%d\r\n" % (rows + change))
    found = [finding.code for finding in inspect(path, file="f.csv", contract=bound).report.findings]
    assert found == ([] if code is None else [code])


def test_a_json_field_is_read_where_its_pointer_leads_and_every_place_stays_true() -> None:
    located: Any = {"locator": {"json": "/Batch/Lot"}}
    base = with_field(COA, "lot_number", custom={**COA.schema.find("lot_number").custom, **located})  # type: ignore[union-attr]
    body = certificate()
    lot = body.pop("lot_number")
    body["Batch"] = {"Lot": lot}
    data = json.dumps(body, indent=1).encode()
    document = read_document(data, file="c.json", contract=base)
    assert document.root is not None
    assert document.root["lot_number"] == lot
    assert "Batch" not in document.root
    place = document.locate("/lot_number")
    line = data.decode().splitlines()[(place.line or 0) - 1]
    assert line[(place.column or 0) - 1 :].startswith(f'"{lot}"')
    stray = read_document(json.dumps({**body, "lot_number": "LV-0000-00"}).encode(), file="c.json", contract=base)
    assert only(stray, "FILE-E206").where.pointer == "/lot_number"


def test_personal_data_beside_the_values_is_found_and_not_shown(tmp_path: Path) -> None:
    book = workbook(certificate())
    book["Results"]["B7"].comment = Comment(PERSON, "lab")
    book["Results"]["L1"] = PERSON
    book.create_sheet("Patient name")["A1"] = PERSON
    path = tmp_path / "c.xlsx"
    path.write_bytes(as_xlsx(book))
    report = inspect(path, file="c.xlsx", contract=COA).report
    found = {finding.message for finding in report.findings if finding.code == "FILE-E701"}
    assert found == {
        "a comment holds a person's name",
        "a cell holds a person's name",
        "the name of a sheet holds a person's name",
        "a cell of another sheet holds a person's name",
    }
    assert b"Jane" not in dumps(report)
    assert b"Patient name" not in dumps(report)


def test_a_column_that_asks_for_a_person_is_personal_data_in_every_table() -> None:
    rows = csv_rows(certificate())
    rows = [[*row, "patient_name" if number == 0 else ""] for number, row in enumerate(rows)]
    document = read_document(as_csv(rows), file="c.csv", contract=COA)
    assert only(document, "FILE-E701").message == "a column holds a person's name"
    assert "FILE-E202" not in {problem.code for problem in document.problems}


def test_the_name_of_a_series_may_hold_nobody(tmp_path: Path) -> None:
    bound = replace(load_catalog().get("brightwater-pat"), personal_data=("medical_record_number",))
    path = tmp_path / "f"
    path.write_bytes(write(good(bound), bound.schema.sources[0]))
    report = inspect(path, file="MRN 1234567.csv", contract=bound).report
    assert [finding.code for finding in report.findings] == ["FILE-E701"]
    assert b"1234567" not in dumps(report)
