"""What is due by when is computed from slots, arrivals and now alone, and a change of clocks never moves an hour.

Promise: contracts.md 2.7 and 4.6. Expected instants are worked out by hand beside each case, from the dates on which
the clocks change: Europe on the last Sunday of March and October at 01:00 UTC, the United States on the second Sunday
of March and the first Sunday of November at 02:00 local time.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from contracts.codes import Impact
from contracts.contract import Contract, ServiceLevel
from contracts.due import Arrival, Circumstances, DueState, due, due_at, local_text
from contracts.duration import calendar_days, parse_duration
from contracts.finding import Verdict
from contracts.odcs import load_catalog
from contracts.place import Mark
from contracts.records import Slot

HOUR = timedelta(hours=1)
LOT = "LV-2611-12"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START = utc("2026-11-24T20:00")  # a start of the 40-hours-ahead kind: L1 is due on the 22nd at 20:00
RELEASE = utc("2026-12-12T20:00")


@pytest.fixture(scope="module")
def coa() -> Contract:
    return load_catalog().get("brightwater-coa")


def slot(number: int = 12, start: datetime = START, **changes) -> Slot:
    made = Slot(
        slot_uid=f"SL-{number}",
        revision=1,
        published_at=utc("2026-11-01T00:00"),
        status="confirmed",
        site="BW-GNT",
        suite="S1",
        product="CT-CD19",
        coi="A90122600000001",
        vector_lot=LOT,
        vector_doses=1,
        planned_start=start,
        planned_end=start + timedelta(days=10),
        actual_start=None,
        actual_end=None,
        planned_final_release=RELEASE,
    )
    return replace(made, **changes)


def arrival(at: datetime, verdict=Verdict.ACCEPTED, level="L1", *, complete=True, id="d-1") -> Arrival:
    return Arrival("lot", LOT, at, verdict, id, level, complete)


def l1(coa: Contract, slots, arrivals, now):
    (item,) = [i for i in due(coa, slots, arrivals, now) if i.level == "L1"]
    return item


def level(lead: str, zone: str) -> ServiceLevel:
    length = parse_duration(lead)
    return ServiceLevel(
        "x", "lot", "L1", "slot.planned_start", length, timedelta(), zone, {}, (), Mark(1, 1), calendar_days(lead)
    )


# Clock changes


@pytest.mark.parametrize(
    ("lead", "zone", "anchor", "expected"),
    [
        # Ghent leaves winter time on Sunday 2026-03-29 at 01:00 UTC. Monday 30th 09:00 local is 07:00 UTC; 48 hours
        # before is Saturday 28th 07:00 UTC (08:00 local), two days before is Saturday 09:00 local, 08:00 UTC.
        ("-PT48H", "Europe/Brussels", "2026-03-30T07:00", "2026-03-28T07:00"),
        ("-P2D", "Europe/Brussels", "2026-03-30T07:00", "2026-03-28T08:00"),
        # Back on Sunday 2026-10-25: Monday 26th 09:00 local is 08:00 UTC; two days before is 09:00 local, 07:00 UTC.
        ("-PT48H", "Europe/Brussels", "2026-10-26T08:00", "2026-10-24T08:00"),
        ("-P2D", "Europe/Brussels", "2026-10-26T08:00", "2026-10-24T07:00"),
        # Boston: Sunday 2026-03-08. Monday 9th 09:00 local is 13:00 UTC; Saturday 09:00 local is 14:00 UTC.
        ("-PT48H", "America/New_York", "2026-03-09T13:00", "2026-03-07T13:00"),
        ("-P2D", "America/New_York", "2026-03-09T13:00", "2026-03-07T14:00"),
        # Back on Sunday 2026-11-01. Monday 2nd 09:00 local is 14:00 UTC; Saturday 31st 09:00 local is 13:00 UTC.
        ("-PT48H", "America/New_York", "2026-11-02T14:00", "2026-10-31T14:00"),
        ("-P2D", "America/New_York", "2026-11-02T14:00", "2026-10-31T13:00"),
        # Days and hours together: two days back on the wall clock, then three hours.
        ("-P2DT3H", "America/New_York", "2026-11-02T14:00", "2026-10-31T10:00"),
        # Seoul has no clock change.
        ("-P2D", "Asia/Seoul", "2026-03-30T07:00", "2026-03-28T07:00"),
        # Forward over a change: one day after Saturday 09:00 local (08:00 UTC) is Sunday 09:00 local, 07:00 UTC.
        ("P1D", "Europe/Brussels", "2026-03-28T08:00", "2026-03-29T07:00"),
        # The wall time does not exist: one day after Saturday 02:30 local would be 02:30 on the 29th. It is read with
        # the offset of before the change, +01:00: 01:30 UTC, which the clocks there show as 03:30.
        ("P1D", "Europe/Brussels", "2026-03-28T01:30", "2026-03-29T01:30"),
        # The wall time exists twice: the first one counts. Sunday 2026-10-25 02:30 +02:00 is 00:30 UTC.
        ("P1D", "Europe/Brussels", "2026-10-24T00:30", "2026-10-25T00:30"),
    ],
)
def test_days_follow_the_wall_clock_and_hours_do_not(lead, zone, anchor, expected):
    assert due_at(level(lead, zone), utc(anchor)) == utc(expected)


def test_the_due_time_is_told_in_the_partners_zone():
    assert local_text(utc("2026-03-28T07:00"), "Europe/Brussels") == "2026-03-28 08:00 +01:00 Europe/Brussels"
    assert local_text(utc("2026-03-30T07:00"), "Europe/Brussels") == "2026-03-30 09:00 +02:00 Europe/Brussels"


def test_a_refresh_of_26_hours_covers_the_longest_day():
    # 2026-10-25 has 25 hours in Ghent: a schedule published at 06:00 local on the 24th and again on the 25th.
    clause = replace(level("PT26H", "Europe/Brussels"), anchor="feed.last_accepted")
    first, second = utc("2026-10-24T04:00"), utc("2026-10-25T05:00")
    assert second < due_at(clause, first)


# Lots


def test_an_item_lives_from_pending_to_late_to_satisfied_late(coa):
    deadline = START - 48 * HOUR
    before = l1(coa, [slot()], [], deadline - HOUR)
    assert (before.state, before.due_at, before.late_by, before.code) == (DueState.PENDING, deadline, None, None)
    at = l1(coa, [slot()], [], deadline)
    assert at.state is DueState.PENDING
    late = l1(coa, [slot()], [], deadline + 8 * HOUR)
    assert (late.state, late.late_by, late.code) == (DueState.LATE, 8 * HOUR, "CON-E301")
    done = l1(coa, [slot()], [arrival(deadline + 9 * HOUR)], deadline + 20 * HOUR)
    assert (done.state, done.late_by, done.satisfied_by) == (DueState.SATISFIED_LATE, 9 * HOUR, "d-1")
    in_time = l1(coa, [slot()], [arrival(deadline)], deadline + 20 * HOUR)
    assert (in_time.state, in_time.late_by, in_time.settled) == (DueState.ON_TIME, None, True)


def test_both_levels_of_a_lot_are_due_on_their_own(coa):
    items = due(coa, [slot()], [arrival(START - 60 * HOUR)], START - 50 * HOUR)
    assert [(i.clause, i.level, i.state) for i in items] == [
        ("l1_due", "L1", DueState.ON_TIME),
        ("l2_due", "L2", DueState.PENDING),
    ]
    assert items[1].due_at == RELEASE - 24 * HOUR


def test_the_earliest_slot_that_is_not_cancelled_decides(coa):
    early = slot(11, START - 24 * HOUR)
    item = l1(coa, [slot(12), early, slot(13, START + 24 * HOUR)], [], START - 100 * HOUR)
    assert (item.anchor_slot, item.due_at) == ("SL-11", START - 72 * HOUR)
    item = l1(coa, [slot(12), replace(early, status="cancelled")], [], START - 100 * HOUR)
    assert (item.anchor_slot, item.due_at) == ("SL-12", START - 48 * HOUR)


def test_a_lot_whose_every_slot_is_cancelled_is_not_due(coa):
    item = l1(coa, [slot(status="cancelled"), slot(13, status="aborted")], [], START)
    assert (item.state, item.code, item.due_at) == (DueState.CANCELLED, "CON-E304", None)


@pytest.mark.parametrize(
    ("moved", "state"),
    [
        (36 * HOUR, DueState.PENDING),  # later: what was late is not late any more
        (-12 * HOUR, DueState.LATE),
    ],
)
def test_a_slip_moves_the_due_time_across_now(coa, moved, state):
    deadline = START - 48 * HOUR
    now = deadline + 4 * HOUR if moved > timedelta() else deadline - 4 * HOUR
    was = l1(coa, [slot()], [], now)
    item = l1(coa, [slot(), slot(start=START + moved, revision=2)], [], now)
    assert was.state is not item.state
    assert (item.state, item.due_at, item.anchor_revision) == (state, deadline + moved, 2)


def test_a_slip_judges_an_earlier_arrival_again(coa):
    came = arrival(START - 50 * HOUR)
    assert l1(coa, [slot()], [came], START).state is DueState.ON_TIME
    earlier = slot(start=START - 10 * HOUR, revision=2)
    item = l1(coa, [slot(), earlier], [came], START)
    assert (item.state, item.late_by) == (DueState.SATISFIED_LATE, 8 * HOUR)


def test_the_newest_revision_counts_in_whatever_order_they_are_given(coa):
    revisions = [slot(), slot(start=START + 36 * HOUR, revision=2), slot(start=START + HOUR, revision=3)]
    expected = l1(coa, revisions, [], START)
    assert expected.anchor_revision == 3
    assert l1(coa, revisions[::-1], [], START) == expected


def test_a_rejected_delivery_never_satisfies(coa):
    deadline = START - 48 * HOUR
    rejected = arrival(deadline - 5 * HOUR, Verdict.REJECTED)
    waiting = l1(coa, [slot()], [rejected], deadline - HOUR)
    assert (waiting.state, waiting.code) == (DueState.REJECTED_PENDING_FIX, None)
    late = l1(coa, [slot()], [rejected], deadline + HOUR)
    assert (late.state, late.code, late.rejected_by) == (DueState.REJECTED_PENDING_FIX, "CON-E303", "d-1")
    assert (late.late_by, late.satisfied_by) == (HOUR, None)
    fixed = l1(coa, [slot()], [rejected, arrival(deadline + HOUR, id="d-2")], deadline + 2 * HOUR)
    assert (fixed.state, fixed.satisfied_by) == (DueState.SATISFIED_LATE, "d-2")


def test_a_rejection_after_the_accepted_one_takes_nothing_away(coa):
    arrivals = [arrival(START - 60 * HOUR), arrival(START - 59 * HOUR, Verdict.REJECTED, id="d-2")]
    assert l1(coa, [slot()], arrivals, START).state is DueState.ON_TIME


def test_a_delivery_that_could_not_be_read_counts_for_both_levels(coa):
    unread = arrival(START - 60 * HOUR, Verdict.REJECTED, None)
    states = {i.level: i.state for i in due(coa, [slot()], [unread], START)}
    assert states == {"L1": DueState.REJECTED_PENDING_FIX, "L2": DueState.REJECTED_PENDING_FIX}


def test_an_incomplete_or_repeated_delivery_satisfies_nothing(coa):
    for came in (
        arrival(START - 60 * HOUR, complete=False),  # an interim result where a final one is due
        arrival(START - 60 * HOUR, Verdict.DUPLICATE),
        arrival(START - 60 * HOUR, level="L2"),
        Arrival("lot", "LV-2611-99", START - 60 * HOUR, Verdict.ACCEPTED, "d-1", "L1"),
    ):
        assert l1(coa, [slot()], [came], START).state is DueState.LATE


def test_nothing_is_due_for_a_slot_without_a_lot_or_a_date(coa):
    now = START
    assert due(coa, [slot(vector_lot=None), slot(13, vector_lot="TBD")], [], now) == []
    (_, l2) = due(coa, [slot(planned_final_release=None)], [], now)
    assert (l2.state, l2.due_at) == (DueState.NOT_EXPECTED, None)


def test_escalation_counts_from_the_due_time(coa):
    deadline = START - 48 * HOUR
    item = l1(coa, [slot()], [], deadline - 30 * HOUR)
    assert item.impact is None
    assert item.next_escalation is not None
    assert item.next_escalation.at == deadline - 24 * HOUR
    item = l1(coa, [slot()], [], deadline)
    assert (item.impact, item.next_escalation.at) == (Impact.HIGH, deadline + 24 * HOUR)
    assert item.next_escalation.to == ("quality-on-call",)
    item = l1(coa, [slot()], [], deadline + 25 * HOUR)
    assert (item.impact, item.next_escalation) == (Impact.CRITICAL, None)


def test_grace_is_part_of_the_due_time(coa):
    levels = tuple(replace(clause, grace=timedelta(minutes=30)) for clause in coa.service_levels)
    item = l1(replace(coa, service_levels=levels), [slot()], [], START - 48 * HOUR + timedelta(minutes=20))
    assert (item.state, item.due_at) == (DueState.PENDING, START - 48 * HOUR + timedelta(minutes=30))


# Feeds and tags


def test_a_feed_is_due_after_its_last_acceptance_and_from_its_onboarding():
    contract = load_catalog().get("brightwater-schedule")
    began = utc("2026-11-20T06:00")
    (item,) = due(contract, [], [], began)
    assert item.state is DueState.NOT_EXPECTED
    (item,) = due(contract, [], [], began + 27 * HOUR, Circumstances(onboarded=began))
    assert (item.state, item.code, item.late_by) == (DueState.LATE, "SCH-E201", HOUR)
    name = "brightwater/schedule"
    came = Arrival("feed", name, began + 27 * HOUR, Verdict.ACCEPTED_WITH_WARNINGS, "d-1")
    (item,) = due(contract, [], [came], began + 28 * HOUR, Circumstances(onboarded=began))
    assert (item.state, item.due_at) == (DueState.PENDING, began + 53 * HOUR)
    bad = Arrival("feed", name, began + 30 * HOUR, Verdict.REJECTED, "d-2")
    (item,) = due(contract, [], [came, bad], began + 54 * HOUR)
    assert (item.state, item.code) == (DueState.REJECTED_PENDING_FIX, "CON-E303")


def test_a_tag_is_due_only_while_a_batch_runs():
    contract = load_catalog().get("northvale-pat")
    now = utc("2026-11-22T12:00")
    quiet = Arrival("tag", "BR01.PH.PV", now - HOUR, Verdict.ACCEPTED, "d-1")
    alive = Arrival("tag", "BR01.DO.PV", now - timedelta(minutes=1), Verdict.ACCEPTED, "d-1")
    running = Circumstances(onboarded=now - timedelta(minutes=5), facts={"batch": "running"})
    items = {i.subject: i for i in due(contract, [], [quiet, alive], now, running)}
    assert len(items) == 20
    assert (items["BR01.PH.PV"].state, items["BR01.PH.PV"].code) == (DueState.LATE, "PAT-E101")
    assert items["BR01.PH.PV"].late_by == 45 * timedelta(minutes=1)
    assert items["BR01.DO.PV"].state is DueState.PENDING
    assert items["BR01.TEMP.PV"].due_at == now + timedelta(minutes=10)  # never seen: counts from onboarding
    for facts in ({}, {"batch": "idle"}):
        idle = due(contract, [], [quiet], now, replace(running, facts=facts))
        assert {i.state for i in idle} == {DueState.NOT_EXPECTED}


# Purity


def test_now_must_know_its_zone(coa):
    with pytest.raises(ValueError, match="aware"):
        due(coa, [], [], START.replace(tzinfo=None))


def test_the_same_knowledge_gives_the_same_plan_in_any_order(coa, seed):
    random = Random(seed)
    slots = [slot(n, START + random.randint(-90, 90) * HOUR, revision=r) for n in range(8) for r in (1, 2)]
    slots = [replace(s, vector_lot=f"LV-2611-{random.randint(1, 3):02d}") for s in slots]
    arrivals = [
        Arrival(
            "lot",
            f"LV-2611-{random.randint(1, 3):02d}",
            START + random.randint(-90, 90) * HOUR,
            random.choice(list(Verdict)),
            f"d-{n}",
            random.choice(("L1", "L2", None)),
            random.random() < 0.7,
        )
        for n in range(20)
    ]
    now = START + random.randint(-90, 90) * HOUR
    expected = due(coa, slots, arrivals, now)
    for _ in range(5):
        random.shuffle(slots)
        random.shuffle(arrivals)
        assert due(coa, slots, arrivals, now) == expected
