"""Promise: against the delivery before, each finding is new, unchanged or fixed; what was not judged is never called
fixed, and what keeps coming back is marked.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts.baseline import KEEPS_COMING, against, subject
from contracts.errors import OtherContract
from contracts.finding import Report
from contracts.render.json import dumps, from_json, loads, to_json
from contracts.render.terminal import terminal
from tests.contracts.document_support import check, clean, coa, report_schema, slot, slots


def row(body: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in body["results"] if r["characteristic"] == code)
    return found


def spoiled(**values: str) -> dict[str, Any]:
    """A certificate whose results hold these texts: `PH="7,2"`."""
    body = clean()
    for code, value in values.items():
        row(body, code)["value"] = value
    return body


def compared(body: dict[str, Any] | bytes, previous: Report) -> Report:
    report = against(check(body)[1], previous)
    report_schema().validate(json.loads(dumps(report)))
    assert from_json(to_json(report)) == loads(dumps(report)) == report
    return report


def told(report: Report) -> dict[str, str | None]:
    return {dict(f.key).get("characteristic", f.code): f.baseline for f in report.findings}


def test_findings_are_new_unchanged_and_fixed() -> None:
    before = check(spoiled(PH="7,2", OSMO="30l"))[1]
    report = compared(spoiled(PH="7,2", P24="1,84E+09"), before)
    assert told(report) == {"PH": "unchanged", "P24": "new"}
    base = report.baseline
    assert base is not None
    assert (base.previous, base.new, base.unchanged) == ("coa.json", 1, 1)
    (fixed,) = base.fixed
    assert dict(fixed.key)["characteristic"] == "OSMO"
    assert (fixed.where, fixed.found, fixed.excerpt, fixed.baseline) == ((), None, None, "fixed")


def test_a_corrected_certificate_is_compared_although_it_is_another_revision_in_another_order() -> None:
    before = check(spoiled(PH="7,2"))[1]
    body = spoiled(PH="7,4 ", TITRE_INF="x")
    body |= {"revision": 2, "replaces": {"revision": 1, "reason": "corrected"}}
    body["results"].reverse()
    assert told(compared(body, before))["PH"] == "unchanged"


def test_what_could_not_be_judged_this_time_is_not_called_fixed() -> None:
    before = check(spoiled(PH="7,2", OSMO="30l"))[1]
    report = compared(b'{"certificate_no": "COA-0000001",', before)
    assert [f.code for f in report.findings] == ["FILE-E402"]
    assert report.baseline is not None
    assert (report.baseline.new, report.baseline.unchanged, report.baseline.fixed) == (1, 0, ())


def test_the_third_delivery_in_a_row_with_the_same_finding_is_marked() -> None:
    body = spoiled(PH="7,2")
    reports = [check(body)[1]]
    for _ in range(3):
        reports.append(compared(body, reports[-1]))
    assert [r.findings[0].stays for r in reports] == [0, 2, 3, 4]
    assert reports[2].findings[0].stays >= KEEPS_COMING
    assert "the same in 3 deliveries in a row" in terminal(reports[2])
    assert "in a row" not in terminal(reports[1])
    mended = compared(clean(), reports[-1])
    assert [f.code for f in mended.baseline.fixed] == ["COA-E104"] if mended.baseline else False
    assert compared(body, mended).findings[0].stays == 1


def test_two_equal_findings_of_which_one_is_gone_are_one_unchanged_and_one_fixed() -> None:
    before = check(spoiled(PH="7,2"))[1]
    twice = replace(before, findings=before.findings * 2)
    report = against(before, twice)
    assert report.baseline is not None
    assert (report.baseline.unchanged, len(report.baseline.fixed)) == (1, 1)


def test_reports_of_two_contracts_are_not_compared() -> None:
    _, schedule = check({"slots": [slot(1)]}, slots())
    with pytest.raises(OtherContract, match="northvale-schedule is no baseline for one under northvale-coa"):
        against(check(clean())[1], schedule)


def test_a_group_in_a_schedule_keeps_its_identity_when_the_rows_move() -> None:
    broken = [slot(n, site="") for n in range(1, 7)]
    (one,) = check({"slots": broken}, slots())[1].findings
    moved = [slot(9), *reversed(broken)]
    (other,) = check({"slots": moved}, slots())[1].findings
    assert (one.count, other.count) == (6, 6)
    assert one.fingerprint == other.fingerprint
    assert one.where[0].pointer != other.where[0].pointer


def test_the_file_part_of_a_report_knows_no_baseline() -> None:
    plain = check(spoiled(PH="7,2"))[1]
    assert dumps(against(plain, plain).file_part()) == dumps(plain.file_part())


def test_a_subject_is_the_certificates_number_else_its_lot_and_tells_neither() -> None:
    about = {"certificate_no": "COA-0000001", "revision": "1", "lot_number": "LV-2600001"}
    first = subject(coa(), about)
    assert first == subject(coa(), about | {"revision": "2", "lot_number": "LV-2600002"})
    assert first != subject(coa(), about | {"certificate_no": "COA-0000002"})
    lots = [subject(coa(), {"lot_number": lot}) for lot in ("LV-2600001", "LV-2600001", "LV-2600002")]
    assert lots[0] == lots[1] != lots[2]
    assert subject(coa(), {}) is None
    assert "COA-0000001" not in str(first)
    assert subject(slots(), {}) == subject(slots(), {"slot_uid": "SL-001"})
