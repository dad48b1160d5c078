"""Promise: a CSV certificate or schedule is read strictly, each defect of its form at its line and column."""

from __future__ import annotations

import time

import pytest

from connectors.formats import read_document
from contracts.contract import SourceForm
from contracts.document import Document, RawNumber
from tests.connectors.format_support import (
    CSV,
    CSV_COLUMNS,
    accepting,
    as_csv,
    certificate,
    codes,
    contract,
    csv_rows,
    only,
    with_field,
)

COA = accepting(contract(), CSV)
VALUE = CSV_COLUMNS.index("value")


def read(rows: list[list[str]], delimiter: str = ",", form: SourceForm = CSV) -> Document:
    return read_document(as_csv(rows, delimiter), file="c.csv", contract=accepting(contract(), form))


def renamed(name: str, to: str) -> list[list[str]]:
    header, *body = csv_rows(certificate())
    return [[to if h == name else h for h in header], *body]


def test_a_missing_column_names_what_was_found_instead() -> None:
    problem = only(read(renamed("operator", "operater")), "FILE-E201")
    assert problem.field == "results.operator"
    assert problem.found == "operater"
    assert problem.where.label() == "line 1"


def test_an_unexpected_column_stands_at_its_header_cell() -> None:
    header, *body = csv_rows(certificate())
    document = read([[*header, "colour"], *([*row, "blue"] for row in body)])
    problem = only(document, "FILE-E202")
    assert problem.found == "colour"
    assert problem.where.label() == f"1:{len(','.join(header)) + 2}"
    open_model = accepting(contract(), CSV, closed=False)
    rows = as_csv([[*header, "colour"], *([*row, "blue"] for row in body)])
    assert read_document(rows, file="c.csv", contract=open_model).problems == ()


@pytest.mark.parametrize(("header", "meant"), [("verdict", "partner_verdict"), ("criterion text", "criterion_text")])
def test_a_column_under_another_name_is_not_told_to_be_deleted(header: str, meant: str) -> None:
    names, *body = csv_rows(certificate())
    problem = only(read([[*names, header], *([*row, "PASS"] for row in body)]), "FILE-E202")
    assert problem.fix == (
        f'name it "{meant}" if it is that column; else delete the column, or ask for it to be added to the contract'
    )


def test_a_column_twice_is_read_from_neither() -> None:
    header, *body = csv_rows(certificate())
    document = read([[*header, "value"], *([*row, "9.9"] for row in body)])
    assert only(document, "FILE-E203").field == "results.value"
    assert document.root is not None
    assert "value" not in document.root["results"][0]  # type: ignore[operator, index]


def test_columns_in_another_order_are_noted_and_read() -> None:
    rows = [[*row[1:], row[0]] for row in csv_rows(certificate())]
    document = read(rows)
    assert codes(document) == ["FILE-E204"]
    assert document.root is not None
    assert document.root["certificate_no"] == "COA-0000012"


def test_a_header_in_other_letters_is_not_agreed() -> None:
    problem = only(read(renamed("value", "Value")), "FILE-E205")
    assert problem.expected == "value"
    assert problem.where.label() == f"1:{len(','.join(CSV_COLUMNS[:VALUE])) + 2}"


def test_a_header_that_only_looks_agreed_names_the_letter() -> None:
    agreed = with_field(COA, "results.value", physical_name="Size (\u03bcm)")
    data = as_csv(renamed("value", "Size (\u00b5m)"))
    problem = only(read_document(data, file="c.csv", contract=agreed), "FILE-E205")
    assert problem.message.endswith("this name is not agreed: U+00B5 where U+03BC is agreed")


def test_of_another_table_only_the_header_is_told() -> None:
    data = b"Image,20231120-0012\r\n\r\nOperator,somebody,one too many\r\nLast line without an end"
    assert set(codes(read_document(data, file="c.csv", contract=COA))) == {"FILE-E201", "FILE-E202"}


def test_synonyms_count_once_they_are_approved() -> None:
    data = as_csv(renamed("value", "Resultat"))
    plain = with_field(COA, "results.value", header_synonyms=(), pending_synonyms=("Resultat",))
    assert "FILE-E205" in codes(read_document(data, file="c.csv", contract=plain))
    approved = with_field(COA, "results.value", header_synonyms=("Resultat",))
    assert read_document(data, file="c.csv", contract=approved).problems == ()


def test_a_locator_goes_before_every_other_name() -> None:
    located = with_field(COA, "results.value", custom={"locator": {"csv": {"header": "Reading"}}})
    assert read_document(as_csv(renamed("value", "Reading")), file="c.csv", contract=located).problems == ()


def test_fields_inside_objects_may_be_named_by_their_path() -> None:
    rows = renamed("spec_id", "spec.id")
    rows[0][rows[0].index("signer")] = "signatories.0.user_id"
    document = read(rows)
    assert document.problems == ()
    assert document.root is not None
    assert document.root["spec"] == {"id": "SPC-014", "version": "3"}
    assert document.root["signatories"][0]["user_id"] == "qa.17"  # type: ignore[index, call-overload]


def test_a_cut_last_row_is_a_truncated_file() -> None:
    data = as_csv(csv_rows(certificate()))
    cut = data[: data.rindex(b"[pH]") + 1] if data.rindex(b"[pH]") > data.rindex(b"ENDOTOXIN") else data[:-120]
    problem = only(read_document(cut, file="c.csv", contract=COA), "FILE-E402")
    assert problem.where.line == 3


def test_an_uneven_row_in_the_middle_is_not_well_formed() -> None:
    rows = csv_rows(certificate())
    rows[1] = [*rows[1][:5], "extra", *rows[1][5:]]
    problem = only(read(rows), "FILE-E405")
    assert problem.where.line == 2
    assert problem.found == "26 cells where the header has 25"


def test_a_quote_that_never_ends_and_one_that_ends_too_early() -> None:
    header, first, second = csv_rows(certificate())
    text = as_csv([header, first]).decode()
    open_quote = text + '"COA-0000012,' + ",".join(second[1:]) + "\r\n"
    assert only(read_document(open_quote.encode(), file="c.csv", contract=COA), "FILE-E402").where.label() == "3:1"
    early = text + '"COA"-0000012,' + ",".join(second[1:]) + "\r\n"
    assert only(read_document(early.encode(), file="c.csv", contract=COA), "FILE-E405").where.label() == "3:6"


def test_quoted_cells_keep_delimiters_quotes_and_line_breaks_and_their_places() -> None:
    body = certificate()
    body["results"][0]["method_id"] = 'M-PH-02, "rev\nB"'
    document = read(csv_rows(body))
    assert document.problems == ()
    assert document.root is not None
    assert document.root["results"][0]["method_id"] == 'M-PH-02, "rev\nB"'  # type: ignore[index, call-overload]
    assert document.locate("/results/0/lab_site").line == 3
    assert document.locate("/results/1/value").line == 4


@pytest.mark.parametrize(
    ("delimiter", "before", "said"),
    [
        (";", b"", "semicolon"),
        ("\t", b"", "tab"),
        (";", b"sep=;\r\n", "sep="),
        ("\t", b"sep=\t\r\n", "sep="),
        (";", b"sep=;;;;;;\r\n", "sep="),  # filled up to the width of a row by the spreadsheet that saved it
        (",", b"Northvale Vectors\r\nCertificate\r\n", "line 3"),
    ],
)
def test_another_dialect_that_leaves_no_doubt_is_noted(delimiter: str, before: bytes, said: str) -> None:
    data = before + as_csv(csv_rows(certificate()), delimiter)
    document = read_document(data, file="c.csv", contract=COA)
    assert set(codes(document)) == {"FILE-E105"}
    assert any(said in p.message for p in document.problems)
    assert document.root is not None
    assert len(document.root["results"]) == 2  # type: ignore[arg-type]


def test_a_header_with_line_breaks_is_found_behind_a_report() -> None:
    rows = csv_rows(certificate())
    rows[0][0] = "Certificate\nno"
    located = with_field(COA, "certificate_no", physical_name="Certificate\nno")
    document = read_document(b"Report\r\nInfo\r\n" + as_csv(rows), file="c.csv", contract=located)
    assert codes(document) == ["FILE-E105"]
    assert document.problems[0].where.line == 3
    assert document.locate("/results/0/value").line == 5


def test_quotes_that_hide_the_header_are_looked_through_in_bounded_time() -> None:
    data = ('"' + '""' * 50_000 + "\n").encode() * 40
    begun = time.process_time()
    assert "FILE-E201" in codes(read_document(data, file="c.csv", contract=COA))
    assert time.process_time() - begun < 15  # a tenth of a second; many times more where every start is read to its end


def test_the_declared_dialect_is_no_finding() -> None:
    form = SourceForm("csv", delimiter=";", preamble_rows=2, sep_line=True, trailing_delimiter=True)
    rows = [[*row, ""] for row in csv_rows(certificate())]
    data = b"sep=;\r\nNorthvale\r\n\r\n" + as_csv(rows, ";")
    assert read_document(data, file="c.csv", contract=accepting(contract(), form)).problems == ()


def test_rows_that_disagree_about_the_lot_are_two_certificates() -> None:
    rows = csv_rows(certificate())
    rows[2][CSV_COLUMNS.index("lot_number")] = "LV-2611-05"
    problem = only(read(rows), "COA-E403")
    assert problem.where.pointer == "/lot_number"
    assert problem.where.line == 3
    assert problem.found == "LV-2611-05"


def test_values_of_the_certificate_may_stand_in_the_first_row_only() -> None:
    rows = csv_rows(certificate())
    rows[2][CSV_COLUMNS.index("lot_number")] = ""
    document = read(rows)
    assert document.problems == ()
    assert document.root is not None
    assert document.root["lot_number"] == "LV-2611-04"


def test_a_required_cell_left_empty_is_null_and_keeps_its_place() -> None:
    rows = csv_rows(certificate())
    rows[1][VALUE] = "  "
    rows[1][CSV_COLUMNS.index("unit")] = ""
    document = read(rows)
    assert document.root is not None
    first = document.root["results"][0]  # type: ignore[index, call-overload]
    assert first["value"] is None
    assert "unit" not in first
    assert document.locate("/results/0/unit").line == 2


def test_bytes_of_another_encoding_are_told_with_their_place() -> None:
    rows = csv_rows(certificate())
    rows[2][CSV_COLUMNS.index("stage")] = "5 µL"
    data = as_csv(rows).decode().encode("cp1252")
    problem = only(read_document(data, file="c.csv", contract=COA), "FILE-E102")
    assert problem.found == "byte 0xB5"
    assert problem.where.line == 3
    latin = accepting(contract(), SourceForm("csv", encoding=("utf-8", "cp1252")))
    assert read_document(data, file="c.csv", contract=latin).problems == ()
    with_mark = b"\xef\xbb\xbf" + as_csv(csv_rows(certificate()))
    assert codes(read_document(with_mark, file="c.csv", contract=COA)) == ["FILE-E101"]


def test_damaged_text_and_formulas_stand_at_their_cell() -> None:
    rows = csv_rows(certificate())
    rows[1][CSV_COLUMNS.index("method_id")] = "25 Â°C"
    rows[2][CSV_COLUMNS.index("method_id")] = "=CMD|' /C calc'!A0"
    document = read(rows)
    assert only(document, "FILE-E102").where.pointer == "/results/0/method_id"
    assert only(document, "FILE-E604").where.pointer == "/results/1/method_id"


def test_slots_are_one_row_each() -> None:
    slots = contract("schedule", "brightwater")
    names = [f.name for f in slots.schema.fields]
    row = {"slot_uid": "S-1", "revision": "2", "status": "confirmed", "vector_doses": "3"}
    data = as_csv([names, [row.get(n, "") for n in names], [], [row.get(n, "") for n in names]])
    document = read_document(data, file="slots.csv", contract=slots)
    assert document.root is not None
    found = document.root["slots"]
    assert isinstance(found, list)
    assert len(found) == 2
    assert isinstance(found[0]["revision"], RawNumber)  # type: ignore[index, call-overload]
    assert document.locate("/slots/1/status").line == 4
    assert codes(document) == ["FILE-E105"]  # the empty line between
