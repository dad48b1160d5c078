"""What could not be judged is never called a pass; one cause is one finding; what may not be shown is not shown.

The promises of contracts.md 4.3 (rules 1, 7, 9, 10), 5.4, 5.5 and 5.6.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contracts import plan as plans
from contracts.codes import Action, Impact, Severity
from contracts.context import Context
from contracts.contract import Clause, Contract
from contracts.finding import Kind, Report, Verdict
from contracts.history import RecordHistory
from contracts.place import Mark
from contracts.render.json import dumps
from contracts.render.terminal import terminal
from tests.contracts.document_support import check, clean, coa, seen


def row(body: dict[str, Any], test: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in body["results"] if r["characteristic"] == test)
    return found


def with_clause(**changes: Any) -> Contract:
    clause = Clause(
        "mine", "noSuchRule", "certificate", {}, ("COA-E505",), None, None, None, frozenset({"file"}), Mark(9, 9)
    )
    return replace(coa(), clauses=(*coa().clauses, replace(clause, **changes)))


# Rule 1: a check that could not run is never a pass


def test_a_rule_that_nobody_can_judge_is_no_pass(shared: object) -> None:
    _, report = check(clean(), with_clause())
    assert [(f.code, f.kind, f.action) for f in report.findings] == [("CON-E201", Kind.UNEVALUATED, Action.PLATFORM)]
    assert report.verdict is Verdict.REJECTED
    assert report.coverage.could_not_evaluate == 1
    assert report.coverage.passed == report.coverage.clauses - 1
    assert "nothing is wanted from the sender" in report.findings[0].message


def test_its_severity_decides_whether_the_delivery_is_held() -> None:
    _, report = check(clean(), with_clause(severity=Severity.WARNING))
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS


def test_a_rule_that_stops_is_no_pass_and_its_text_goes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_clause: Clause, _plan: object) -> Any:
        def rule(exam: Any) -> None:
            raise KeyError(f"secret {exam.root['lot_number']}")

        return rule

    monkeypatch.setitem(plans.RULES, "approved", broken)  # type: ignore[arg-type]
    contract = replace(coa())  # another object, so that a plan is made with the broken rule
    _, report = check(clean(), contract)
    assert seen(report) == [("CON-E201", "")]
    assert report.coverage.could_not_evaluate == 1
    assert b"secret" not in dumps(report)
    assert "KeyError at test_check_honesty.py" in str(report.findings[0].note)


def test_without_the_hub_its_clauses_are_neither_passed_nor_failed() -> None:
    _, report = check(clean())
    assert report.hub_coverage.needs_hub == report.hub_coverage.clauses == 5
    _, report = check(clean(), context=Context(history=RecordHistory()))
    assert (report.hub_coverage.passed, report.hub_coverage.needs_hub) == (2, 3)


def test_a_registry_that_is_not_there_leaves_its_clause_to_the_hub() -> None:
    other = Context(registries={"batches": frozenset()})
    assert check(clean(), context=other)[1].hub_coverage.passed == 0
    known = Context(registries={"lots": frozenset({clean()["lot_number"]})})
    assert check(clean(), context=known)[1].hub_coverage.passed == 1
    unknown = Context(registries={"lots": frozenset({"LV-9999-01"})})
    _, report = check(clean(), context=unknown)
    assert seen(report) == [("COA-E402", "/lot_number")]
    assert report.verdict is Verdict.REJECTED
    assert report.file_part().verdict is Verdict.ACCEPTED


# Rule 7: no cascades


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"mfg_date": "2026-10"}, [("COA-E508", "/mfg_date")]),
        ({"mfg_date": None}, [("FILE-E209", "/mfg_date")]),
        ({"mfg_date": 5}, [("COA-E504", "/mfg_date")]),
        ({"issued_at": True}, [("FILE-E208", "/issued_at")]),
        ({"results": {}}, [("FILE-E208", "/results")]),
        ({"results": None}, [("FILE-E209", "/results")]),
        ({"purpose": "both"}, [("FILE-E211", "/purpose")]),
        ({"disposition": ""}, [("FILE-E209", "/disposition")]),
        ({"spec": "SPC-014"}, [("FILE-E208", "/spec")]),
        ({"revision": 1.5}, [("FILE-E208", "/revision")]),
        ({"revision": 0}, [("FILE-E212", "/revision")]),
        ({"certificate_no": "2291"}, [("FILE-E210", "/certificate_no")]),
    ],
)
def test_one_cause_is_one_finding(edit: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    _, report = check(clean() | edit)
    assert seen(report) == expected


def test_a_result_that_was_not_read_contradicts_no_disposition() -> None:
    body = clean()
    row(body, "PH")["value"] = "7,2"
    row(body, "OSMO").pop("unit")
    assert [code for code, _ in seen(check(body)[1])] == ["COA-E104", "COA-E203"]


def test_a_result_without_a_readable_test_is_not_judged_as_one() -> None:
    body = clean()
    row(body, "P24")["characteristic"] = 5
    assert seen(check(body)[1]) == [
        ("COA-E304", "/results"),
        ("FILE-E208", "/results/7/characteristic"),
        ("COA-E311", "/disposition"),
    ]


def test_both_faults_of_one_row_are_found() -> None:
    body = clean()
    row(body, "TITRE_INF").update(value=3, unit="{IU}/mL")
    assert seen(check(body)[1]) == [("FILE-E208", "/results/8/value"), ("COA-E201", "/results/8/unit")]


def test_an_array_that_cannot_be_entered_leaves_its_rules_unjudged() -> None:
    _, report = check(clean() | {"results": "see attachment"})
    assert report.coverage.could_not_evaluate > 0
    assert (
        report.coverage.passed + report.coverage.failed + report.coverage.could_not_evaluate == report.coverage.clauses
    )


# How bad it is


def test_severities_of_a_rule_cap_its_codes_and_raise_its_worst() -> None:
    plan = plans.plan_for(coa(), typed=True)
    unit_is, in_spec = coa().clause("unit_is"), coa().clause("in_spec")
    assert plan.level(unit_is, "COA-E201")[0] is Severity.ERROR
    assert plan.level(unit_is, "COA-E202")[0] is Severity.INFO  # error on the rule makes no error of an alias
    assert plan.level(in_spec, "COA-E302")[0] is Severity.WARNING
    harder = replace(coa().clause("approved_methods"), id="x", severity=Severity.ERROR)
    assert plan.level(harder, "COA-E308")[0] is Severity.ERROR
    assert plan.level(harder, "COA-E308")[1] is Impact.HIGH


def test_the_contract_has_the_last_word_on_a_code() -> None:
    lenient = replace(coa(), severity={"COA-E201": (Severity.WARNING, None, Action.SPONSOR)})
    body = clean()
    row(body, "TITRE_INF")["unit"] = "{IU}/mL"
    _, report = check(body, lenient)
    assert (report.findings[0].severity, report.findings[0].action) == (Severity.WARNING, Action.SPONSOR)
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS


def test_a_critical_field_has_high_impact_at_least() -> None:
    body = clean()
    row(body, "P24")["value"] = "274 000"  # COA-E103 is of medium impact by itself
    assert check(body)[1].findings[0].impact is Impact.HIGH


def test_a_failed_specification_is_a_quality_event_in_words_of_its_own() -> None:
    body = clean() | {"disposition": "on_hold"}
    row(body, "PH").update(value="8.1", partner_verdict="FAIL")
    (finding,) = check(body)[1].findings
    assert finding.kind is Kind.QUALITY
    assert finding.action is Action.SPONSOR
    assert finding.message == "PH lies outside its acceptance criterion 6.9 to 7.8"


# Grouping, order and fingerprints


def test_five_equal_findings_are_one_with_a_count() -> None:
    body = clean()
    for result in body["results"]:
        result["lab_site"] = ""
    (finding,) = check(body)[1].findings
    assert (finding.code, finding.count, finding.shown) == ("FILE-E209", 14, 14)
    assert finding.message == "lab_site is empty in 14 places"
    assert str(finding.note).startswith("in APPEARANCE, PH, OSMO")
    for result in body["results"][4:]:
        result["lab_site"] = "QC-BOS"
    assert len(check(body)[1].findings) == 4


def test_a_unit_column_that_was_left_out_is_one_finding_that_names_the_unit_of_each() -> None:
    body = clean()
    for result in body["results"]:
        result.pop("unit", None)
    found = [f for f in check(body)[1].findings if f.code == "COA-E203"]
    assert len(found) == 1
    assert found[0].message == f"the unit is missing in {found[0].count} places"
    assert found[0].fix is not None
    assert found[0].fix.text.startswith("write [pH] for PH; write mosm/kg for OSMO; write {EU}/mL for ENDOTOXIN; ")
    assert found[0].fix.replacement is None
    row(body, "PH")["unit"] = "[pH]"
    (again,) = [f for f in check(body)[1].findings if f.code == "COA-E203"]
    assert (again.count, again.fingerprint) == (found[0].count - 1, found[0].fingerprint)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("issued_at", "required: a time with its offset, such as 2026-11-20T15:04:00+01:00"),
        ("lot_number", "required: an identifier of the form LV-0000-00 (^LV-[0-9]{4}-[0-9]{2,6}$)"),
        ("disposition", "required: released or provisional or rejected or on_hold or none"),
    ],
)
def test_an_empty_value_is_told_with_all_that_its_contract_asks(field: str, expected: str) -> None:
    (finding,) = check(clean() | {field: ""})[1].findings
    assert finding.expected is not None
    assert finding.expected.text == expected


def test_places_of_a_group_are_capped_and_counts_are_exact() -> None:
    body = clean()
    body["results"] = [dict(row(body, "P24"), replicate=n, unit="") for n in range(1, 61)]
    body |= {"disposition": "none"}
    findings = [f for f in check(body)[1].findings if f.code == "COA-E203"]
    assert [(f.count, f.shown, len(f.where)) for f in findings] == [(60, 20, 20)]


def fingerprints(report: Report) -> dict[str, str]:
    return {f.code: f.fingerprint for f in report.findings}


def test_a_fingerprint_survives_reordering_renaming_and_relevelling() -> None:
    body = clean()
    row(body, "PH")["value"] = "7,2"
    row(body, "TITRE_INF")["unit"] = "{IU}/mL"
    before = fingerprints(check(body)[1])
    body["results"].reverse()
    lenient = replace(coa(), version="2.4.0", severity={"COA-E104": (Severity.WARNING, None, None)})
    assert fingerprints(check(body, lenient, file="other name.json")[1]) == before
    assert len(set(before.values())) == 2


def test_findings_come_in_the_order_of_the_file() -> None:
    body = clean()
    body["results"][11]["lab_site"], body["results"][2]["value"] = "QC-X", "x"
    body["mfg_date"] = "2026-10"
    lines = [f.where[0].line for f in check(body)[1].findings]
    assert lines == sorted(line for line in lines if line is not None)


# Redaction


def test_the_value_of_a_restricted_field_is_shown_nowhere() -> None:
    body = clean()
    body["signatories"][0]["user_id"] = "jane.miller.1962"
    body["disposition"] = "maybe"  # its excerpt would show the neighbouring line of a one-line file
    _, report = check(json.dumps(body, separators=(",", ":")).encode())
    assert {f.code for f in report.findings} == {"COA-E603", "FILE-E211"}
    assert b"jane" not in dumps(report)
    assert b"1962" not in dumps(report)
    found = next(f.found for f in report.findings if f.code == "COA-E603")
    assert found is not None
    assert (found.text, found.redacted, found.type) == (None, True, "text of 16 characters")


@pytest.mark.parametrize(
    ("edit", "at"),
    [
        (lambda b: b["attachments"][0].update(name="CoA_DOB_1981-03-02.pdf"), "/attachments/0/name"),
        (lambda b: b.update(remark="patient: Miller, DOB 1981-03-02"), "/remark"),
        (lambda b: b.update(patient_name="Miller"), "/patient_name"),
        (lambda b: b.update(extra={"patient_name": "Miller", "colour": "red"}), "/extra"),
        (lambda b: b.update(extra={"deep": ["x", {"note": "MRN 4471902"}]}), "/extra"),
        (lambda b: row(b, "PH").update(value="patient id 4471902"), "/results/1/value"),
    ],
)
def test_personal_data_is_found_and_never_repeated(edit: Any, at: str) -> None:
    body = clean()
    edit(body)
    assert seen(check(body)[1]) == [("FILE-E701", at)]
    _, report = check(json.dumps(body, separators=(",", ":")).encode())
    text = dumps(report) + terminal(report).encode()
    for secret in (b"1981", b"4471902", b"Miller"):
        assert secret not in text.replace(b"patient_name", b"")


@pytest.mark.parametrize("at", ["certificate_no", "purpose", "material_id", "issued_at"])
@pytest.mark.parametrize("held", ["DOB 1961-04-05", ["DOB 1961-04-05"], {"DOB 1961-04-05": "DOB 1961-04-05"}])
def test_personal_data_in_a_known_field_is_shown_nowhere(at: str, held: Any) -> None:
    _, report = check(clean() | {at: held, "revision": 0})
    assert "FILE-E212" in [f.code for f in report.findings]  # its key would be the certificate's number
    assert "1961" not in dumps(report).decode()
    assert "1961" not in terminal(report)


def test_personal_data_in_the_name_of_a_row_is_in_no_message_about_that_row() -> None:
    body = clean()
    body["results"][1] |= {"characteristic": "John, born 1961-04-05", "lab_site": ""}
    _, report = check(body)
    assert {"FILE-E701", "FILE-E209"} <= {f.code for f in report.findings}
    assert "1961" not in dumps(report).decode()
    assert "John" not in dumps(report).decode()


def test_a_file_name_with_personal_data_is_shown_as_its_hash() -> None:
    _, report = check(clean(), file="CoA_MRN_4471902.json")
    assert [f.code for f in report.findings] == ["FILE-E701"]
    assert report.delivery.file.startswith("file-")
    assert b"4471902" not in dumps(report)


def test_a_long_or_hostile_value_is_cut_and_escaped() -> None:
    body = clean()
    row(body, "PH")["value"] = "\x1b[31m" + "9" * 5_000
    (finding,) = check(body)[1].findings
    assert finding.found is not None
    assert finding.found.text is not None
    assert len(finding.found.text) < 250
    assert "\x1b" not in terminal(check(body)[1])


# The past


def test_a_clearance_that_relied_on_a_result_hears_of_its_turn() -> None:
    records, _ = check(clean())
    body = clean() | {"revision": 2, "disposition": "on_hold"}
    row(body, "PH").update(value="8.1", partner_verdict="FAIL")
    past = RecordHistory(records)
    _, report = check(body, context=Context(history=past))
    assert [code for code, _ in seen(report)] == ["COA-E406", "COA-E302"]
    _, report = check(body, context=Context(history=past, cleared_lots=frozenset({body["lot_number"]})))
    assert [code for code, _ in seen(report)] == ["COA-E406", "COA-E302", "COA-E407"]
    assert any(f.message == "PH turned from PASS to FAIL after a clearance" for f in report.findings)
