"""Every certificate code: a bad file that raises just it, at its place and with its exact words, and whose fix is true.

The page of a code holds the message; this test holds the page to the engine. Places and severities are written by hand
from contracts.md 5.3.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from contracts.codes import codes
from contracts.contract import Contract
from contracts.explain import page
from contracts.finding import Finding, Kind, Verdict
from contracts.kit.bad import Bad, bad
from contracts.lint import lint
from tests.contracts.certificate_support import NAMES, PAGES, contract, judge, past

CODES = sorted(code for code in codes() if code.startswith("COA-"))

PH, ENDOTOXIN, P24 = "/results/1", "/results/3", "/results/7"
# code -> (severity, JSON pointer) in the contract of the page's example
EXPECTED = {
    "COA-E101": ("error", f"{PH}/value"), "COA-E102": ("warning", f"{ENDOTOXIN}/value"),
    "COA-E103": ("warning", f"{P24}/value"), "COA-E104": ("error", f"{PH}/value"),
    "COA-E105": ("error", f"{P24}/value"), "COA-E106": ("warning", f"{ENDOTOXIN}/value"),
    "COA-E107": ("warning", f"{ENDOTOXIN}/value"), "COA-E108": ("error", "/results/0/value"),
    "COA-E109": ("warning", "/results/0/stage"), "COA-E111": ("error", f"{PH}/value"),
    "COA-E112": ("warning", f"{PH}/value"), "COA-E113": ("warning", f"{P24}/value"),
    "COA-E114": ("info", f"{PH}/value"), "COA-E115": ("warning", f"{P24}/value"),
    "COA-E201": ("error", "/results/9/unit"), "COA-E202": ("info", f"{P24}/unit"),
    "COA-E203": ("warning", f"{PH}/unit"), "COA-E204": ("warning", "/results/5/unit"),
    "COA-E205": ("info", f"{P24}/unit"), "COA-E206": ("warning", f"{ENDOTOXIN}/unit"),
    "COA-E301": ("warning", "/results/2/partner_verdict"), "COA-E302": ("warning", "/results/2/value"),
    "COA-E304": ("warning", "/results"), "COA-E305": ("info", "/results/20/characteristic"),
    "COA-E306": ("warning", f"{ENDOTOXIN}/criterion_text"), "COA-E307": ("warning", "/spec/version"),
    "COA-E308": ("warning", f"{PH}/method_id"), "COA-E309": ("warning", f"{PH}/lab_site"),
    "COA-E310": ("warning", "/results/20"), "COA-E311": ("warning", "/disposition"),
    "COA-E401": ("error", "/lot_number"), "COA-E402": ("error", "/lot_number"),
    "COA-E403": ("error", "/results/0/lot_number"), "COA-E404": ("error", "/material_id"),
    "COA-E405": ("info", ""), "COA-E406": ("info", "/revision"), "COA-E407": ("warning", "/results/2/value"),
    "COA-E408": ("error", f"{P24}/value"), "COA-E409": ("warning", "/revision"),
    "COA-E410": ("warning", "/certificate_no"), "COA-E411": ("error", "/lot_number"),
    "COA-E501": ("error", "/mfg_date"), "COA-E502": ("error", "/mfg_date"), "COA-E503": ("warning", "/mfg_date"),
    "COA-E504": ("warning", "/mfg_date"), "COA-E505": ("warning", "/results/0/tested_to"),
    "COA-E506": ("warning", "/results/17/tested_to"), "COA-E507": ("warning", "/expires_at"),
    "COA-E508": ("warning", "/mfg_date"), "COA-E509": ("error", "/issued_at"),
    "COA-E601": ("warning", "/signatories"), "COA-E602": ("warning", "/signatories/0/user_id"),
    "COA-E603": ("warning", "/signatories/0/user_id"), "COA-E604": ("warning", "/signatories/0/signed_at"),
}  # fmt: skip

REFERENCE_ONLY = {"COA-E204", "COA-E402", "COA-E403", "COA-E507", "COA-E602"}
"""Codes of rules that no shipped contract has."""
NEVER = {("brightwater-coa", "COA-E104")}
"""Brightwater writes decimal commas by contract."""
CASES = [
    (name, code)
    for name in NAMES
    for code in CODES
    if (name, code) not in NEVER and (name == "reference-coa" or code not in REFERENCE_ONLY)
]
REPLACED = {"COA-E103", "COA-E104", "COA-E202", "COA-E203", "COA-E206"}
"""Codes whose fix says to the letter what to write; with the others only a person can know."""

ELSEWHERE = {"C14": "FILE-E203"}
"""Defects of a certificate that its file's form shows before any of its values: the FILE codes' own tests hold them."""


def made(name: str, code: str) -> tuple[Contract, Bad]:
    bound = contract(name)
    one = bad(bound, code)
    assert one is not None
    return bound, one


def findings(folder: Path, bound: Contract, one: Bad, data: bytes) -> tuple[Finding, ...]:
    context = past(folder, one.earlier, one.name, bound, one.context)
    return judge(folder, data, one.name, bound, context).report.findings


def test_every_code_is_expected_and_every_code_has_a_bad_file() -> None:
    assert sorted(EXPECTED) == CODES
    others = [(n, c) for n in NAMES for c in CODES if (n, c) not in CASES]
    assert [(n, c) for n, c in others if bad(contract(n), c) is not None] == []


def test_every_defect_of_certificates_has_a_code_that_is_tested_here() -> None:
    tested = {defect for code in CODES for defect in codes()[code].defects}
    assert {f"C{n:02}" for n in range(1, 35)} - tested == set(ELSEWHERE)
    assert all(defect in codes()[code].defects for defect, code in ELSEWHERE.items())


@pytest.mark.parametrize(("name", "code"), CASES)
def test_a_bad_file_raises_just_its_code_and_its_fix_is_accepted(tmp_path: Path, name: str, code: str) -> None:
    bound, one = made(name, code)
    found = findings(tmp_path, bound, one, one.data)
    assert sorted(f.code for f in found) == sorted((code, *one.also))
    finding = next(f for f in found if f.code == code)
    assert finding.severity.value == EXPECTED[code][0]
    _is_complete(finding, one)
    context = past(tmp_path, one.earlier, one.name, bound, one.context)
    mended = judge(tmp_path, one.fixed, one.name, bound, context).report
    assert code not in [f.code for f in mended.findings]
    assert mended.verdict in (Verdict.ACCEPTED, Verdict.ACCEPTED_WITH_WARNINGS)
    assert {f.code for f in mended.findings} <= {"COA-E406"}


def _is_complete(finding: Finding, one: Bad) -> None:
    """File, place, found, expected, fix and clause (domain.md 4): whatever the partner needs to act."""
    first = finding.where[0]
    assert first.file == one.name
    if finding.code != "COA-E405":  # about the file as a whole
        assert first.line is not None
    assert finding.message[0] == finding.message[0].strip()
    assert not finding.message.endswith(".")
    assert finding.expected is not None
    assert finding.fix is not None
    assert finding.fix.text
    assert (finding.fix.replacement is not None) is (finding.code in REPLACED)
    assert finding.clause.line > 0
    assert finding.kind is (Kind.QUALITY if finding.code == "COA-E302" else Kind.CONTRACT)
    absent = {"COA-E203", "COA-E204", "COA-E304", "COA-E601", "COA-E602", "COA-E603"}  # nothing there, or not shown
    assert (finding.found is not None and finding.found.text is not None) is (finding.code not in absent)


@pytest.mark.parametrize("code", CODES)
def test_the_page_says_what_the_engine_says(tmp_path: Path, code: str) -> None:
    said = page(code)
    assert said.code == code
    assert said.example is not None
    bound, one = made(said.example.contract, code)
    finding = next(f for f in findings(tmp_path, bound, one, one.data) if f.code == code)
    assert finding.message == said.example.message
    assert (finding.severity.value, finding.where[0].pointer or "") == EXPECTED[code]
    if not said.example.bad.startswith("("):  # something that is missing, in words
        assert said.example.bad in one.data.decode()
    if not said.example.good.startswith("("):  # nothing that could be written, in words
        assert said.example.good in one.fixed.decode()


@pytest.mark.parametrize(("name", "code"), [case for case in CASES if case[1] in REPLACED])
def test_a_replacement_makes_its_finding_go_away(tmp_path: Path, name: str, code: str) -> None:
    bound, one = made(name, code)
    finding = next(f for f in findings(tmp_path, bound, one, one.data) if f.code == code)
    assert finding.fix is not None
    assert finding.fix.replacement is not None
    put = _put_json if one.form.format == "json" else _put_cell
    after = findings(tmp_path, bound, one, put(one.data, finding, finding.fix.replacement))
    assert code not in [f.code for f in after]
    assert {f.code for f in after} <= set(one.also)


SPELLED = {
    "COA-E105": r"write (.+), whichever was meant", "COA-E108": r"write (.+), or agree on this word in the contract",
    "COA-E401": r"did you mean (.+)", "COA-E411": r"type it again; did you mean (.+)",
    "COA-E306": r"print (.+), or open a change with the sponsor",
    "COA-E501": r"write (.+), whichever was meant", "COA-E504": r"write (.+), whichever was meant",
    "COA-E509": r"add the offset, such as (.+)",
}  # fmt: skip
"""Codes whose fix spells out one or several texts, of which a person picks the one that is true."""


@pytest.mark.parametrize(("name", "code"), [case for case in CASES if case[1] in SPELLED])
def test_each_text_that_a_fix_offers_makes_its_finding_go_away(tmp_path: Path, name: str, code: str) -> None:
    bound, one = made(name, code)
    finding = next(f for f in findings(tmp_path, bound, one, one.data) if f.code == code)
    assert finding.fix is not None
    said = re.fullmatch(SPELLED[code], finding.fix.text)
    assert said is not None
    put = _put_json if one.form.format == "json" else _put_cell
    for text in said[1].split(" or "):
        after = findings(tmp_path, bound, one, put(one.data, finding, text))
        assert code not in [f.code for f in after], text


def _put_json(data: bytes, finding: Finding, text: str) -> bytes:
    body = json.loads(data)
    *above, last = (finding.where[0].pointer or "").split("/")[1:]
    node = body
    for part in above:
        node = node[int(part)] if isinstance(node, list) else node[part]
    node[last] = text
    return json.dumps(body).encode()


def _put_cell(data: bytes, finding: Finding, text: str) -> bytes:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    first = finding.where[0]
    assert first.sheet is not None
    assert first.cell is not None
    book[first.sheet][first.cell].value = text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_reference_contract_lints_clean_and_switches_every_certificate_rule_on() -> None:
    path = PAGES / "reference" / "certificate.odcs.yaml"
    assert lint(path.read_bytes(), str(path)) == []
    from contracts.rulebook import rules

    kinds = {clause.kind for clause in contract("reference-coa").clauses}
    about = {rule.name for rule in rules().values() if rule.kinds == ("certificate",)}
    assert about - kinds == set()
