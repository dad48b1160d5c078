"""Promise: JSON is read strictly; what stops the reading says where; a schedule may come with or without its frame."""

from __future__ import annotations

import pytest

from connectors.formats import read_document
from contracts.contract import SourceForm
from tests.connectors.format_support import accepting, as_json, certificate, codes, contract, only

COA = accepting(contract(), SourceForm("json"))
SLOTS = accepting(contract("schedule"), SourceForm("json"))
SLOT = {"slot_uid": "S-1", "revision": 0, "status": "confirmed"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (as_json(certificate())[:-40], "FILE-E402"),
        (b'{"a": NaN}', "FILE-E405"),
        (b'{"a": 1, "a": 2}', "FILE-E404"),
        (b'{"a": 1,}', "FILE-E405"),
        (b"{" * 100 + b"}" * 100, "FILE-E405"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "FILE-E603"),
        (b"[1, 2]", "FILE-E208"),
        (b"null", "FILE-E208"),
        ('{"a": "25 Â°C"}'.encode(), "FILE-E102"),
    ],
)
def test_what_cannot_be_read_is_a_finding(data: bytes, code: str) -> None:
    document = read_document(data, file="c.json", contract=COA)
    assert code in codes(document)


def test_utf_16_decodes_without_doubt_and_is_only_noted() -> None:
    document = read_document(as_json(certificate()).decode().encode("utf-16"), file="c.json", contract=COA)
    assert codes(document) == ["FILE-E101"]
    assert document.root is not None
    assert document.root["lot_number"] == "LV-2611-04"


@pytest.mark.parametrize(
    ("body", "in_file"), [({"slots": [SLOT]}, "/slots/0/status"), ([SLOT], "/0/status"), (SLOT, "/status")]
)
def test_a_schedule_is_a_list_of_slots_in_any_of_three_frames(body: object, in_file: str) -> None:
    data = as_json(body)
    document = read_document(data, file="s.json", contract=SLOTS)
    assert document.root == {"slots": [{**SLOT, "revision": "0"}]}
    place = document.locate("/slots/0/status")
    assert place.pointer == "/slots/0/status", in_file
    assert data.decode().split("\n")[place.line - 1][place.column - 1 :].startswith('"confirmed"')
    excerpt = document.excerpt("/slots/0/status")
    assert excerpt is not None
    line = excerpt.lines[-1].cells[0]
    assert line[excerpt.mark_from : excerpt.mark_to] == '"confirmed"'


def test_an_unknown_schema_version_is_refused_and_a_known_one_is_no_extra_key() -> None:
    form = SourceForm("json", schema_version_at="schema_version", schema_version_allowed=("1.0", "1.1"))
    versioned = accepting(contract(), form)
    good = read_document(as_json(certificate(schema_version="1.1")), file="c.json", contract=versioned)
    assert good.problems == ()
    assert good.root is not None
    assert "schema_version" not in good.root
    bad = read_document(as_json(certificate(schema_version="2.0")), file="c.json", contract=versioned)
    problem = only(bad, "FILE-E406")
    assert problem.found == "2.0"
    assert problem.where.line == len(as_json(certificate(schema_version="2.0")).decode().split("\n")) - 1
    assert codes(read_document(as_json(certificate()), file="c.json", contract=versioned)) == ["FILE-E406"]
