"""A schedule: findings on one slot cost that slot, findings about two cost the delivery, and the past counts.

Expected codes and reach come from contracts.md 2.3, 4.5 and 5.2.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from contracts.context import Context
from contracts.finding import Reach, Report, Verdict
from contracts.history import RecordHistory
from contracts.records import Record, Slot
from tests.contracts.document_support import check, seen, slot, slots

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def judge(*rows: dict[str, Any], context: Context | None = None) -> tuple[tuple[Record, ...], Report]:
    return check({"slots": list(rows)}, slots(), context, file="slots.json")


def after(earlier: tuple[dict[str, Any], ...], *rows: dict[str, Any]) -> Report:
    """The report of a schedule when `earlier` was accepted before."""
    records, _ = judge(*earlier)
    return judge(*rows, context=Context(now=NOW, history=RecordHistory(records)))[1]


def test_a_clean_schedule_becomes_slots() -> None:
    records, report = judge(slot(1), slot(2))
    assert report.findings == ()
    first = records[0]
    assert isinstance(first, Slot)
    assert first.slot_uid == "SL-001"
    assert first.planned_start == datetime(2026, 12, 2, 8, tzinfo=UTC)
    assert first.vector_doses == 1


@pytest.mark.parametrize(
    ("fields", "code", "at"),
    [
        ({"planned_end": "2026-12-01T08:00:00Z"}, "SCH-E102", "planned_end"),
        ({"planned_end": "2027-03-01T08:00:00Z"}, "SCH-E102", "planned_end"),
        ({"planned_start": None}, "SCH-E101", "planned_start"),
        ({"planned_start": ""}, "SCH-E101", "planned_start"),
        ({"planned_start": "next week"}, "SCH-E103", "planned_start"),
        ({"planned_start": "2026-12-02T08:00:00"}, "SCH-E104", "planned_start"),
        ({"planned_start": "2026-12-02T08:00:00 EST"}, "SCH-E105", "planned_start"),
        ({"coi": "coi-1"}, "SCH-E401", "coi"),
    ],
)
def test_a_finding_on_one_slot_costs_that_slot_alone(fields: dict[str, Any], code: str, at: str) -> None:
    records, report = judge(slot(1), slot(2, **fields), slot(3))
    assert seen(report) == [(code, f"/slots/1/{at}")]
    assert report.findings[0].reach is Reach.ROW
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    assert [r.slot_uid for r in records if isinstance(r, Slot)] == ["SL-001", "SL-003"]


@pytest.mark.parametrize(
    ("fields", "code", "at"),
    [
        ({"status": "maybe"}, "FILE-E211", "status"),
        ({"site": None}, "FILE-E207", "site"),
        ({"colour": "blue"}, "FILE-E206", "colour"),
        ({"vector_doses": 0}, "FILE-E212", "vector_doses"),
        ({"revision": "1"}, "FILE-E208", "revision"),
    ],
)
def test_a_finding_about_the_form_costs_the_delivery(fields: dict[str, Any], code: str, at: str) -> None:
    records, report = judge(slot(1), slot(2, **fields))
    assert seen(report) == [(code, f"/slots/1/{at}")]
    assert report.findings[0].reach is Reach.DELIVERY
    assert report.verdict is Verdict.REJECTED
    assert records == ()


def test_one_identity_on_two_slots_costs_the_delivery_and_is_not_shown() -> None:
    secret = "COI000000000001"
    records, report = judge(slot(1), slot(2, coi=secret))
    assert seen(report) == [("SCH-E402", "/slots/1/coi")]
    assert report.verdict is Verdict.REJECTED
    assert records == ()
    from contracts.render.json import dumps
    from contracts.render.terminal import terminal

    assert secret not in terminal(report)
    assert secret.encode() not in dumps(report)


def test_slots_that_touch_do_not_overlap_and_slots_that_overlap_do() -> None:
    touching = slot(2, suite="S1", planned_start="2026-12-11T08:00:00Z", planned_end="2026-12-12T08:00:00Z")
    assert judge(slot(1), touching)[1].findings == ()
    overlapping = touching | {"planned_start": "2026-12-11T07:59:59Z"}
    report = judge(slot(1), overlapping)[1]
    assert seen(report) == [("SCH-E301", "/slots/1/planned_start")]
    assert report.findings[0].message == "SL-002 starts in S1 before SL-001 has ended"
    assert judge(slot(1, status="cancelled"), overlapping)[1].findings == ()


def test_a_slip_is_measured_against_the_last_revision() -> None:
    moved = slot(1, revision=2, planned_start="2026-12-03T20:00:00Z")
    report = after((slot(1),), moved)
    assert seen(report) == [("SCH-E202", "/slots/0/planned_start")]
    assert report.findings[0].message == "planned_start of SL-001 moved 36 h later"
    assert report.verdict is Verdict.ACCEPTED_WITH_WARNINGS
    within = slot(1, revision=2, planned_start="2026-12-02T06:00:00Z")
    report = after((slot(1),), within)
    assert seen(report) == [("SCH-E203", "/slots/0/planned_start")]
    assert report.verdict is Verdict.ACCEPTED


def test_a_cancelled_slot_and_one_that_comes_back_are_seen() -> None:
    report = after((slot(1),), slot(1, revision=2, status="cancelled"))
    assert seen(report) == [("SCH-E204", "/slots/0/status")]
    report = after((slot(1, status="cancelled"),), slot(1, revision=2))
    assert seen(report) == [("SCH-E205", "/slots/0/status")]


def test_a_slot_may_not_vanish_within_the_horizon() -> None:
    earlier = (slot(1), slot(2), slot(3, status="completed"))
    report = after(earlier, slot(1))
    assert [f.message for f in report.findings] == ["SL-002 vanished without cancellation"]
    assert report.findings[0].key == (("slot_uid", "SL-002"),)
    far = slot(2, planned_start="2027-06-01T08:00:00Z", planned_end="2027-06-09T08:00:00Z")
    assert after((slot(1), far), slot(1)).findings == ()


def test_revisions_are_ordered() -> None:
    report = after((slot(1, revision=3),), slot(1, revision=2, planned_start="2026-12-05T08:00:00Z"))
    assert seen(report) == [("SCH-E207", "/slots/0/revision")]
    report = after((slot(1),), slot(1, planned_start="2026-12-02T09:00:00Z"))
    assert ("SCH-E209", "/slots/0/revision") in seen(report)
    assert "planned_start" in report.findings[0].message
    assert after((slot(1),), slot(1)).findings == ()


def test_to_be_decided_is_an_answer_only_until_three_days_before_the_start() -> None:
    late, early = datetime(2026, 11, 29, 8, tzinfo=UTC), datetime(2026, 11, 29, 7, 59, 59, tzinfo=UTC)
    assert judge(slot(1, vector_lot="TBD"), context=Context(now=early))[1].findings == ()
    report = judge(slot(1, vector_lot="TBD"), context=Context(now=late))[1]
    assert seen(report) == [("SCH-E307", "/slots/0/vector_lot")]
    assert judge(slot(1, vector_lot="TBD"))[1].findings == ()  # without a clock nobody can say


def test_one_patient_is_on_one_run() -> None:
    running = slot(1, status="running")
    report = after((running,), slot(2, status="ready", coi=running["coi"]))
    assert ("SCH-E403", "/slots/0/status") in seen(report)


def test_two_rows_with_one_key_contradict_each_other() -> None:
    report = judge(slot(1), slot(2, slot_uid="SL-001"))[1]
    assert ("SCH-E402", "/slots/1/slot_uid") in seen(report)
    assert report.verdict is Verdict.REJECTED


def test_a_row_that_was_copied_is_told_once() -> None:
    report = judge(slot(1), slot(1))[1]
    assert seen(report) == [("SCH-E402", "/slots/1/slot_uid")]


def test_times_of_any_offset_are_stored_in_utc() -> None:
    records, _ = judge(slot(1, planned_start="2026-12-02T03:00:00-05:00"))
    assert isinstance(records[0], Slot)
    assert records[0].planned_start == datetime(2026, 12, 2, 8, tzinfo=UTC)
    assert records[0].revision == int(Decimal(1))
