"""Certificates at the edges: interim beside final, amendments after a clearance, days and times of other zones, a rule
that stops half-way. Expected findings are reckoned by hand from contracts.md 4.3 and 4.5."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from contracts import plan as plans
from contracts.codes import Severity
from contracts.context import Context
from contracts.contract import Clause, Contract
from contracts.finding import Verdict
from contracts.history import RecordHistory
from contracts.place import Mark
from contracts.values.problem import Problem
from tests.contracts.document_support import check, clean, coa, seen

Body = dict[str, Any]


@pytest.fixture(autouse=True)
def _needs(shared: object) -> None:
    """The example contract of the tests."""


def row(body: Body, test: str) -> Body:
    found: Body = next(r for r in body["results"] if r["characteristic"] == test)
    return found


def at(body: Body, test: str, key: str) -> str:
    return f"/results/{body['results'].index(row(body, test))}/{key}"


# A result that a clearance relied on


def amended(old: Body, new: Body, lots: set[str] | None = None) -> list[str]:
    """Messages of COA-E407 when `new` is the next revision of `old`, whose lot was cleared."""
    history = RecordHistory(check(old)[0])
    context = Context(history=history, cleared_lots=frozenset(lots or {old["lot_number"]}))
    report = check(new | {"revision": 2}, context=context)[1]
    return [f.message for f in report.findings if f.code == "COA-E407"]


def test_a_final_result_that_fails_now_is_told_also_beside_an_interim_one() -> None:
    old = clean()
    old["results"].append(copy.deepcopy(row(old, "PH")) | {"stage": "interim"})
    new = copy.deepcopy(old)
    row(new, "PH").update(value="8.1", partner_verdict="FAIL")
    assert amended(old, new)[0] == "PH turned from PASS to FAIL after a clearance"
    assert amended(old, copy.deepcopy(old) | {"disposition": "on_hold"}) == []


def test_a_final_result_that_became_interim_has_turned() -> None:
    new = clean()
    row(new, "PH")["stage"] = "interim"
    assert amended(clean(), new) == ["PH turned from PASS to NOT_EVALUATED after a clearance"]


def test_an_amendment_that_moves_the_certificate_to_another_lot_is_held_against_the_cleared_one() -> None:
    new = clean() | {"lot_number": "LV-2601-000999"}
    row(new, "PH").update(value="8.1", partner_verdict="FAIL")
    assert amended(clean(), new, {clean()["lot_number"]}) == ["PH turned from PASS to FAIL after a clearance"]


# Days and times


def test_a_test_on_the_day_of_manufacture_is_no_contradiction_east_of_greenwich() -> None:
    body = clean()
    day = body["mfg_date"]
    row(body, "PH").update(tested_from=f"{day}T06:30:00+09:00", tested_to=f"{day}T07:30:00+09:00")
    assert seen(check(body)[1]) == []


def test_a_test_on_the_day_before_is_one_in_every_zone() -> None:
    body = clean() | {"mfg_date": "2026-01-07"}
    row(body, "PH").update(tested_from="2026-01-06T23:59:59+14:00")
    assert seen(check(body)[1]) == [("COA-E505", at(body, "PH", "tested_from"))]


@pytest.mark.parametrize(("issued", "codes"), [("2025-11-01T00:30:00+09:00", 0), ("2025-10-31T23:30:00-05:00", 1)])
def test_a_specification_is_in_force_from_its_day_on_where_the_certificate_was_written(issued: str, codes: int) -> None:
    report = check(clean() | {"issued_at": issued})[1]  # the specification is in force from 2025-11-01 on
    assert [f.code for f in report.findings].count("COA-E307") == codes


# A rule that stops


def stopping(severity: Severity) -> Contract:
    """The example with a rule before all others that complains about the value of PH and then stops."""
    clause = Clause(
        "mine", "stops", "certificate", {}, ("COA-E505",), severity, None, None, frozenset({"file"}), Mark(9, 9)
    )
    return replace(coa(), clauses=(clause, *coa().clauses))


def test_a_rule_that_stops_silences_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(clause: Clause, _plan: object) -> Any:
        def rule(exam: Any) -> None:
            pointer = next(p for p, n in exam.frames("results") if n["characteristic"] == "PH") + "/criterion_text"
            exam.raise_(clause, Problem("COA-E505", "is odd", "x", "y"), pointer, "results.criterion_text")
            raise KeyError("half-way")

        return rule

    monkeypatch.setitem(plans.RULES, "stops", make)  # type: ignore[arg-type]
    body = clean()
    row(body, "PH")["criterion_text"] = "5 to 9"
    records, report = check(body, stopping(Severity.WARNING))
    assert [f.code for f in report.findings] == ["CON-E201", "COA-E306"]
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert len(records) == 1
