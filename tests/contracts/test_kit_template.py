"""Promise kept here: a workbook that the kit makes and a person fills in is accepted, and it knows its contract."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.inspection import inspect
from contracts.codes import Action, Severity
from contracts.contract import Contract, SourceForm
from contracts.explain import page
from contracts.finding import Report, Verdict
from contracts.kit.columns import all_columns
from contracts.kit.good import good
from contracts.kit.sheet import header_cells, put
from contracts.kit.template import template, template_form
from contracts.odcs import load_catalog

SHIPPED = load_catalog().all()
DOCUMENTS = [c for c in SHIPPED if c.kind != "pat"]


def named(contract: Contract) -> str:
    return contract.id


def opened(contract: Contract) -> tuple[Any, Any]:
    """The template, and its sheet for entries."""
    book = openpyxl.load_workbook(io.BytesIO(template(contract)))
    return book, book.worksheets[0]


def accepting(contract: Contract) -> tuple[Contract, SourceForm]:
    """The contract, with the template's shape among its forms."""
    form, agreed = template_form(contract)
    return (contract if agreed else replace(contract, schema=replace(contract.schema, sources=(form,)))), form


def filled(contract: Contract, form: SourceForm) -> Any:
    """The template with a good delivery typed into it, each value under the header that is there."""
    book, sheet = opened(contract)
    draft = good(contract)
    mark = contract.schema.locale.decimal
    cells = header_cells(draft, form)
    for at, column in cells.items():
        put(sheet, at, column.of(draft.record, {}), mark)
    header = {cell.value: cell.column for cell in sheet[form.header_row] if cell.value}
    for column in all_columns(contract.schema, form):
        if column.path not in {c.path for c in cells.values()}:
            for number, row in enumerate(draft.rows, start=form.header_row + 1):
                at = sheet.cell(row=number, column=header[column.header]).coordinate
                put(sheet, at, column.of(draft.record, row), mark)
    return book


def judged(book: Any, contract: Contract, folder: Path) -> Report:
    path = folder / "filled.xlsx"
    book.save(path)
    return inspect(path, file=path.name, contract=contract).report


@pytest.mark.parametrize("contract", DOCUMENTS, ids=named)
def test_a_filled_template_is_accepted_without_a_finding(contract: Contract, tmp_path: Path) -> None:
    accepts, form = accepting(contract)
    report = judged(filled(contract, form), accepts, tmp_path)
    assert [(f.code, f.message) for f in report.findings] == []
    assert report.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("contract", [c for c in SHIPPED if c.id in ("halden-schedule", "brightwater-pat")], ids=named)
def test_saved_as_csv_it_is_a_delivery_of_a_contract_that_accepts_csv(contract: Contract, tmp_path: Path) -> None:
    form, agreed = template_form(contract)
    assert not agreed
    sheet = filled(contract, form).worksheets[0]
    path = tmp_path / "saved.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        rows = ([("" if v is None else v) for v in row] for row in sheet.iter_rows(values_only=True))
        csv.writer(out).writerows(row for row in rows if any(v != "" for v in row))
    report = inspect(path, file=path.name, contract=contract).report
    assert [(f.code, f.message) for f in report.findings] == []


def test_dates_may_be_typed_as_dates(tmp_path: Path) -> None:
    contract = load_catalog().get("brightwater-coa")
    book = filled(contract, contract.schema.sources[0])
    cell = book.worksheets[0]["F3"]
    assert cell.number_format == "@", "put() wrote a text"
    cell.value, cell.number_format = date(2026, 1, 1), "yyyy-mm-dd"
    assert judged(book, contract, tmp_path).findings == ()


def test_an_empty_template_fails_for_what_is_missing_and_not_for_its_form(tmp_path: Path) -> None:
    contract = load_catalog().get("brightwater-coa")
    book, _ = opened(contract)
    report = judged(book, contract, tmp_path)
    codes = {f.code for f in report.findings}
    assert codes
    assert not any(code.startswith(("FILE-E2", "FILE-E3")) and code not in _EMPTY for code in codes), codes


_EMPTY = {"FILE-E207", "FILE-E209", "FILE-E213"}


@pytest.mark.parametrize("contract", SHIPPED, ids=named)
def test_headers_are_locked_and_explained_and_entries_are_open(contract: Contract) -> None:
    form, _ = template_form(contract)
    book, sheet = opened(contract)
    assert sheet.protection.sheet
    for cell in sheet[form.header_row]:
        assert cell.protection.locked
        entry = sheet.cell(row=form.header_row + 1, column=cell.column)
        assert not entry.protection.locked
        text = cell.comment.text
        assert contract.id in text
        assert "example: " in text
        assert "line " in text
    for at in form.header_cells.values():
        assert not sheet[at].protection.locked
    assert book["_contract"].sheet_state == "hidden"
    stamp = {row[0]: row[1] for row in book["_contract"].iter_rows(max_row=3, max_col=2, values_only=True)}
    assert stamp == {"id": contract.id, "version": contract.version, "sha256": contract.sha256}


def test_a_comment_tells_meaning_form_unit_example_and_clause() -> None:
    contract = load_catalog().get("brightwater-coa")
    _, sheet = opened(contract)
    header = {cell.value: cell for cell in sheet[6]}
    line = contract.schema.find("results.value").mark.line  # type: ignore[union-attr]
    assert header["value"].comment.text.splitlines() == [
        "the result as reported: the number alone, or the agreed word",
        "required: a number with a decimal comma, or the agreed word",
        "unit: in field unit",
        "example: 7,4",
        f"clause: brightwater-coa 2.3.0, line {line}, in_spec, plausible",
    ]
    assert sheet["C2"].value == "lot number"
    assert "LV-2602-01" in sheet["C2"].comment.text


def lists(book: Any, sheet: Any) -> dict[str, tuple[list[str], str]]:
    """First cell of an area -> (the values offered there, what happens with others)."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        if rule.type == "list":
            where = rule.formula1.partition("!")[2].replace("$", "")
            values = [str(row[0].value) for row in book["_contract"][where]]
            found[str(rule.sqref).partition(":")[0]] = (values, rule.errorStyle)
    return found


def test_drop_downs_come_from_codes_words_tests_and_signers() -> None:
    contract = load_catalog().get("brightwater-coa")
    book, sheet = opened(contract)
    offered = lists(book, sheet)
    header = {cell.value: cell.column_letter for cell in sheet[6]}
    assert offered["B3"] == (["L1", "L2", "combined"], "stop")
    assert offered[f"{header['stage']}7"] == (["final", "interim"], "stop")
    assert offered[f"{header['operator']}7"] == (["=", "<", "<=", ">", ">="], "stop")
    assert offered[f"{header['characteristic']}7"] == ([t.code for t in contract.schema.tests], "warning")
    assert "{TU}/mL" in offered[f"{header['unit']}7"][0]
    assert offered["D4"] == (["qa.17", "qa.21"], "stop")
    assert offered["B2"] == (["LV-CD19"], "stop")

    schedule = load_catalog().get("halden-schedule")
    book, sheet = opened(schedule)
    header = {cell.value: cell.column_letter for cell in sheet[1]}
    words, style = lists(book, sheet)[f"{header['status']}2"]
    assert words == list(schedule.schema.vocabularies["slot_status"])
    assert style == "warning"


def test_identifiers_and_results_are_text_and_dates_are_iso() -> None:
    contract = load_catalog().get("brightwater-coa")
    _, sheet = opened(contract)
    header = {cell.value: cell.column_letter for cell in sheet[6]}
    assert sheet["D2"].number_format == "@"
    assert sheet["F3"].number_format == "yyyy-mm-dd"
    assert sheet[f"{header['value']}7"].number_format == "@"
    assert sheet.column_dimensions[header["value"]].number_format == "@"
    assert sheet[f"{header['replicate']}7"].number_format == "0"


def test_the_same_contract_gives_the_same_template() -> None:
    contract = load_catalog().get("brightwater-coa")
    assert template(contract) == template(contract)


@pytest.mark.parametrize(
    ("row", "other", "found"),
    [(1, "halden-coa", "halden-coa 2.3.0"), (2, "0.9.0", "brightwater-coa 0.9.0")],
)
def test_a_template_of_another_contract_or_version_is_refused(row: int, other: str, found: str, tmp_path: Path) -> None:
    contract = load_catalog().get("brightwater-coa")
    book = filled(contract, contract.schema.sources[0])
    book["_contract"].cell(row=row, column=2).value = other
    report = judged(book, contract, tmp_path)
    [finding] = report.findings
    assert finding.code == "CON-E205"
    assert (finding.severity, finding.action) == (Severity.ERROR, Action.PARTNER)
    assert finding.message == f"the workbook was made from the template of {found}"
    assert (finding.where[0].sheet, finding.where[0].cell) == ("_contract", f"B{row}")
    assert finding.clause.id == "auto.certificate.template"
    assert report.verdict is Verdict.REJECTED
    if row == 2:
        assert page("CON-E205").example.message == finding.message  # type: ignore[union-attr]


def test_a_stamp_that_is_no_name_is_not_repeated(tmp_path: Path) -> None:
    contract = load_catalog().get("brightwater-coa")
    book = filled(contract, contract.schema.sources[0])
    book["_contract"].cell(row=1, column=2).value = "MRN: 12345678 of\nsomebody"
    [finding] = [f for f in judged(book, contract, tmp_path).findings if f.code == "CON-E205"]
    assert finding.message == "the workbook was made from the template of (no name) 2.3.0"


def test_names_that_a_spreadsheet_would_take_for_something_else():
    """A sheet may not be called everything, and a header that begins with = is no formula."""
    contract = load_catalog().get("northvale-schedule")
    first = replace(contract.schema.fields[0], physical_name='=HYPERLINK("http://x")')
    schema = replace(
        contract.schema,
        name="slots/2026: [plan] of the whole vector suite",
        fields=(first, *contract.schema.fields[1:]),
    )
    odd = replace(contract, id="=1+1", schema=schema)
    book, sheet = opened(odd)
    assert sheet.title == "slots 2026   plan  of the whole"
    kinds = {cell.data_type for page_ in book for row in page_.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s"}
    headers = [cell.value for cell in sheet[1]]
    assert '=HYPERLINK("http://x")' in headers
