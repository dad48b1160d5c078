"""Every file code: a bad file that raises just it, at its place and with its exact words, and whose fix is true.

The page of a code holds the message; this test holds the page to the engine. Severities are written by hand from
contracts.md 5.3, places from a look at the bad file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from connectors.inspection import inspect
from contracts.codes import codes
from contracts.contract import Contract
from contracts.explain import page
from contracts.finding import Report, Verdict
from contracts.jsontree import read_json
from contracts.kit.bad import Bad, bad
from contracts.kit.bad.file import MAKERS
from contracts.kit.bad.filerecord import PATIENT
from contracts.lint import lint
from contracts.odcs import load_catalog, load_file
from contracts.render.json import dumps

PAGES = Path(__file__).resolve().parents[2] / "contracts" / "pages"
REFERENCES = ("file", "certificate", "schedule")

# code -> (severity, place in the partner's file, JSON pointer) in the contract of the page's example
EXPECTED = {
    "FILE-E101": ("info", "1:1", None),
    "FILE-E102": ("error", "11:16", None),
    "FILE-E104": ("error", "", None),
    "FILE-E105": ("info", "1:1", None),
    "FILE-E201": ("error", "line 1", None),
    "FILE-E202": ("error", "1:178", None),
    "FILE-E203": ("error", "1:178", None),
    "FILE-E204": ("info", "line 1", None),
    "FILE-E205": ("error", "1:63", None),
    "FILE-E206": ("error", "298:13", '/remark'),
    "FILE-E207": ("error", "1:1", '/material_id'),
    "FILE-E208": ("error", "3:15", '/revision'),
    "FILE-E209": ("error", "4:18", '/material_id'),
    "FILE-E210": ("error", "2:21", '/certificate_no'),
    "FILE-E211": ("error", "10:14", '/purpose'),
    "FILE-E212": ("error", "3:15", '/revision'),
    "FILE-E213": ("error", "14:14", '/results'),
    "FILE-E301": ("error", "Results!L7:M7", None),
    "FILE-E302": ("error", "Results!A7:L7", None),
    "FILE-E303": ("error", "Results!B7", '/results/0/method_id'),
    "FILE-E304": ("error", "Results!B7", '/results/0/method_id'),
    "FILE-E305": ("error", "Results!D2", '/lot_number'),
    "FILE-E401": ("error", "", None),
    "FILE-E402": ("error", "297:4", ''),
    "FILE-E403": ("error", "3:1", None),
    "FILE-E404": ("error", "2:36", '/certificate_no'),
    "FILE-E405": ("error", "298:1", ''),
    "FILE-E406": ("error", "2:21", '/schema_version'),
    "FILE-E501": ("error", "17:17", '/attachments/0/sha256'),
    "FILE-E502": ("error", "18:15", '/attachments/0/data'),
    "FILE-E503": ("error", "18:15", '/attachments/0/data'),
    "FILE-E504": ("warning", "14:18", '/attachments'),
    "FILE-E601": ("error", "", None),
    "FILE-E602": ("error", "", None),
    "FILE-E603": ("error", "1:1", ''),
    "FILE-E604": ("error", "Results!B2", '/material_id'),
    "FILE-E701": ("error", "4:18", '/material_id'),
}  # fmt: skip

# Defect of the catalogue (domain.md 4.2) -> the codes it is split into.
DEFECTS = {
    "F01": {"FILE-E101", "FILE-E102"},
    "F02": {"FILE-E104"},
    "F03": {"FILE-E105"},
    "F04": {"FILE-E301", "FILE-E302", "FILE-E303", "FILE-E304"},
    "F05": {"FILE-E305"},
    "F06": {"FILE-E401", "FILE-E402", "FILE-E403", "FILE-E404", "FILE-E405"},
    "F07": {"FILE-E201", "FILE-E202", *(f"FILE-E{number}" for number in range(204, 214))},
    "F08": {"FILE-E406"},
    "F09": {"FILE-E501", "FILE-E502", "FILE-E503", "FILE-E504"},
    "F10": {"FILE-E601", "FILE-E602", "FILE-E603", "FILE-E604"},
    "F11": {"FILE-E701"},
    "C14": {"FILE-E203"},
}


@cache
def contracts() -> dict[str, Contract]:
    """The shipped contracts and the references, by id."""
    found = [*load_catalog().all(), *(load_file(PAGES / "reference" / f"{name}.odcs.yaml") for name in REFERENCES)]
    return {contract.id: contract for contract in found}


def judge(folder: Path, contract: Contract, one: Bad, data: bytes) -> Report:
    path = folder / "delivery"
    path.write_bytes(data)
    return inspect(path, file=one.name, contract=contract).report


def made(code: str) -> tuple[Contract, Bad]:
    example = page(code).example
    assert example is not None
    contract = contracts()[example.contract]
    one = bad(contract, code)
    assert one is not None
    return contract, one


def test_every_code_and_every_defect_is_here() -> None:
    mine = {code for code in codes() if code.startswith("FILE-")}
    assert mine == set(EXPECTED) == set(MAKERS) == set().union(*DEFECTS.values())
    assert {f"F{number:02}" for number in range(1, 12)} <= DEFECTS.keys()
    for defect, split in DEFECTS.items():
        assert {code for code in mine if defect in codes()[code].defects} >= split, defect


def test_the_reference_contract_has_nothing_to_remark() -> None:
    path = PAGES / "reference" / "file.odcs.yaml"
    assert lint(path.read_bytes(), str(path)) == []


@pytest.mark.parametrize("code", EXPECTED)
def test_a_bad_file_has_just_this_finding_at_its_place_with_the_pages_words(code: str, tmp_path: Path) -> None:
    contract, one = made(code)
    report = judge(tmp_path, contract, one, one.data)
    assert [finding.code for finding in report.findings] == [code]
    finding, example = report.findings[0], page(code).example
    assert example is not None
    assert finding.message == example.message
    place = finding.where[0]
    assert (finding.severity, place.label(), place.pointer) == EXPECTED[code]
    assert place.file == one.name
    refused = {"error": Verdict.REJECTED, "warning": Verdict.ACCEPTED_WITH_WARNINGS, "info": Verdict.ACCEPTED}
    assert report.verdict is refused[finding.severity]
    assert finding.fix is not None
    assert finding.fix.text


@pytest.mark.parametrize("code", EXPECTED)
def test_doing_what_the_fix_says_makes_the_finding_go_away(code: str, tmp_path: Path) -> None:
    contract, one = made(code)
    report = judge(tmp_path, contract, one, one.fixed)
    assert (report.verdict, report.findings) == (Verdict.ACCEPTED, ())


@pytest.mark.parametrize("code", EXPECTED)
def test_every_contract_that_can_raise_a_code_raises_just_it(code: str, tmp_path: Path) -> None:
    for contract in contracts().values():
        one = bad(contract, code)
        if one is not None:
            found = [finding.code for finding in judge(tmp_path, contract, one, one.data).findings]
            assert found == [code], contract.id
            assert not judge(tmp_path, contract, one, one.fixed).findings, contract.id


def test_a_replacement_put_at_its_place_makes_the_finding_go_away(tmp_path: Path) -> None:
    """Of the file codes only a wrong type knows what to write instead."""
    contract, one = made("FILE-E208")
    finding = judge(tmp_path, contract, one, one.data).findings[0]
    assert finding.fix is not None
    assert finding.fix.replacement == "1"
    tree = read_json(one.data, file=one.name)
    pointer = finding.where[0].pointer
    assert pointer is not None
    start, end = tree._span(pointer)
    mended = (tree.text[:start] + finding.fix.replacement + tree.text[end:]).encode()
    assert not judge(tmp_path, contract, one, mended).findings


def test_a_report_shows_no_personal_data(tmp_path: Path) -> None:
    contract, one = made("FILE-E701")
    report = judge(tmp_path, contract, one, one.data)
    text = dumps(report).decode()
    assert [word for word in ("Jane", "Doe", "1970", PATIENT) if word in text] == []
    finding = report.findings[0]
    assert finding.found is not None
    assert finding.found.redacted
    assert finding.found.text is None
