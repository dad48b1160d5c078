"""Promise: the same certificate is the same tree, whether it comes as JSON, CSV or XLSX, and each value of it can be
pointed at in the partner's own file."""

from __future__ import annotations

from connectors.formats import read_document
from contracts.document import RawNumber
from tests.connectors.format_support import (
    CSV,
    XLSX,
    accepting,
    as_csv,
    as_json,
    as_xlsx,
    certificate,
    contract,
    csv_rows,
    workbook,
)

THREE = accepting(contract(), contract().schema.sources[0], CSV, XLSX)


def test_one_certificate_gives_one_tree_in_three_forms() -> None:
    body = certificate()
    files = {
        "c.json": as_json(body),
        "c.csv": as_csv(csv_rows(body)),
        "c.xlsx": as_xlsx(workbook(body)),
    }
    documents = {name: read_document(data, file=name, contract=THREE) for name, data in files.items()}
    for name, document in documents.items():
        assert document.problems == (), name
        assert document.root == {**body, "revision": "1", "results": [{**r, "replicate": "1"} for r in body["results"]]}
        assert isinstance(document.root["revision"], RawNumber), name
        assert not isinstance(document.root["results"][0]["value"], RawNumber), name


def test_each_value_says_where_it_stands_in_its_own_file() -> None:
    body = certificate()
    json_file = read_document(as_json(body), file="c.json", contract=THREE)
    place = json_file.locate("/results/1/value")
    lines = as_json(body).decode().split("\n")
    assert lines[place.line - 1][place.column - 1 :].startswith('"0.05"')

    csv_file = read_document(as_csv(csv_rows(body)), file="c.csv", contract=THREE)
    place = csv_file.locate("/results/1/value")
    lines = as_csv(csv_rows(body)).decode().split("\r\n")
    assert place.line == 3
    assert lines[2][place.column - 1 :].startswith("0.05,")

    book = read_document(as_xlsx(workbook(body)), file="c.xlsx", contract=THREE)
    assert book.locate("/results/1/value").label() == "Results!G8"
    assert book.locate("/lot_number").label() == "Results!D2"
    assert book.locate("/signatories/0/role").label() == "Results!F4"


def test_lists_objects_and_absent_keys_have_a_place_too() -> None:
    book = read_document(as_xlsx(workbook(certificate())), file="c.xlsx", contract=THREE)
    assert book.locate("/results").label() == "Results!A7:A8"
    assert book.locate("/results/1").label() == "Results!A8:J8"
    assert book.locate("/results/1/loq").label() == "Results!A8:J8"
    assert book.locate("/spec").label() == "Results!F2"
    assert book.locate("/nowhere").file == "c.xlsx"
    text = read_document(as_csv(csv_rows(certificate())), file="c.csv", contract=THREE)
    assert text.locate("/results/1").line == 3
    assert text.locate("/lot_number").label() == "2:23"  # `COA-0000012,1,LV-CD19,` has 22 characters


def test_an_excerpt_is_the_header_and_the_failing_row_with_the_cell_marked() -> None:
    book = read_document(as_xlsx(workbook(certificate())), file="c.xlsx", contract=THREE)
    excerpt = book.excerpt("/results/0/value")
    assert excerpt is not None
    assert [line.number for line in excerpt.lines] == [6, 7]
    assert excerpt.lines[0].cells[excerpt.mark] == "value"
    assert excerpt.lines[1].cells[excerpt.mark] == "7.20"


def test_an_excerpt_hides_what_the_contract_restricts() -> None:
    text = read_document(as_csv(csv_rows(certificate())), file="c.csv", contract=THREE)
    excerpt = text.excerpt("/results/0/value")
    assert excerpt is not None
    assert "qa.17" not in str(excerpt)
    assert excerpt.lines[1].cells[excerpt.lines[0].cells.index("signer")] == "***"
    book = read_document(as_xlsx(workbook(certificate())), file="c.xlsx", contract=THREE)
    assert book.excerpt("/signatories/0/user_id") is None
    assert "qa.17" not in str(book.excerpt("/disposition"))


def test_another_table_altogether_is_told_once_by_its_header_and_not_by_each_row() -> None:
    data = b"ts,tag,reading\r\n" + b"2026-11-20T10:00:00Z,PH,7.1\r\n" * 500
    document = read_document(data, file="c.csv", contract=accepting(contract(), CSV))
    assert document.root is None
    assert {p.code for p in document.problems} == {"FILE-E201", "FILE-E202"}
    assert all(p.where.line == 1 for p in document.problems)
