"""Promise: a file is taken for what it is. A name that lies, an empty file and a content that the contract doesn't list
are findings with words for the sender, never an exception and never a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.formats import open_series, read_document
from contracts.contract import Safety, SourceForm
from tests.connectors.format_support import (
    CSV,
    XLSX,
    accepting,
    as_csv,
    as_json,
    as_xlsx,
    certificate,
    codes,
    contract,
    csv_rows,
    only,
    workbook,
)

THREE = accepting(contract(), SourceForm("json"), CSV, XLSX)
JSON_ONLY = accepting(contract(), SourceForm("json"))
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def test_an_empty_file_is_said_to_be_empty() -> None:
    document = read_document(b"", file="c.json", contract=THREE)
    assert document.root is None
    assert codes(document) == ["FILE-E401"]


def test_text_named_as_a_workbook_is_read_and_the_name_is_a_finding() -> None:
    document = read_document(as_csv(csv_rows(certificate())), file="c.xls", contract=THREE)
    problem = only(document, "FILE-E104")
    assert problem.message == "the name says .xls, the content is plain text"
    assert document.root is not None
    assert document.root["lot_number"] == "LV-2611-04"


@pytest.mark.parametrize(
    ("data", "file", "said"),
    [
        (PDF, "c.pdf", "PDF"),
        (PDF, "c.json", "PDF"),
        (b"<?xml version='1.0'?><a/>", "c.json", "XML"),
        (as_xlsx(workbook(certificate())), "c.xlsx", "a ZIP container such as .xlsx"),
        (b"\x1f\x8b\x08\x00", "c.json.gz", "a compressed file"),
    ],
)
def test_content_that_the_contract_does_not_list_is_named(data: bytes, file: str, said: str) -> None:
    document = read_document(data, file=file, contract=JSON_ONLY)
    assert document.root is None
    assert only(document, "FILE-E104").found == said


def test_a_json_file_that_does_not_begin_like_json_is_broken_json_and_no_lie() -> None:
    document = read_document(b"certificate: 12", file="c.json", contract=THREE)
    assert codes(document) == ["FILE-E405"]


def test_a_name_without_a_known_ending_claims_nothing() -> None:
    assert read_document(as_json(certificate()), file="certificate", contract=THREE).problems == ()


def test_an_old_or_encrypted_workbook_says_what_to_do() -> None:
    assert codes(read_document(OLD_WORKBOOK, file="c.xls", contract=THREE)) == ["FILE-E104"]
    locked = OLD_WORKBOOK + "EncryptedPackage".encode("utf-16-le")
    problem = only(read_document(locked, file="c.xlsx", contract=THREE), "FILE-E601")
    assert "password" in problem.message


def test_a_feed_set_to_a_format_that_the_contract_lacks_is_for_the_platform() -> None:
    document = read_document(as_json(certificate()), file="c.json", contract=JSON_ONLY, format="csv")
    assert document.root is None
    assert codes(document) == ["CON-E201"]


def test_a_file_past_the_agreed_size_is_not_parsed(tmp_path: Path) -> None:
    small = replace(THREE, safety=Safety(max_bytes=100))
    assert codes(read_document(as_json(certificate()), file="c.json", contract=small)) == ["FILE-E603"]
    series = replace(contract("pat", "brightwater"), safety=Safety(max_bytes=100))
    path = tmp_path / "p.csv"
    path.write_bytes(b"x" * 101)
    batches = list(open_series(path, file="p.csv", contract=series).batches())
    assert [p.code for b in batches for p in b.problems] == ["FILE-E603"]


def test_a_fault_of_our_own_reader_is_never_told_as_the_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.formats import csv_table

    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("LV-2611-04 is in this message")

    monkeypatch.setattr(csv_table.headers, "match", broken)
    document = read_document(as_csv(csv_rows(certificate())), file="c.csv", contract=THREE)
    problem = only(document, "CON-E201")
    assert "nothing is wanted from the sender" in problem.message
    assert "LV-2611-04" not in str(problem)
