"""Slots at the edges: equal revisions, late news, equal instants, zones and clock changes, doses and clearances.

Expected findings are reckoned by hand from contracts.md 2.3 and domain.md 4.4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.codes import Severity
from contracts.context import Cleared, Context, LotFacts
from contracts.contract import Contract
from contracts.finding import Report, Verdict
from contracts.history import RecordHistory
from contracts.odcs import load_file
from contracts.records import Slot
from contracts.sponsor import SponsorFacts
from tests.contracts.document_support import check, seen, slot, slots

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
PAGES = Path(__file__).resolve().parents[2] / "contracts" / "pages"
Row = dict[str, Any]


def judge(*rows: Row, contract: Contract | None = None, context: Context | None = None) -> tuple[Any, Report]:
    return check({"slots": list(rows)}, contract or slots(), context, file="slots.json")


def after(*earlier: Sequence[Row]) -> RecordHistory:
    """The history that these schedules leave, one after the other."""
    history = RecordHistory()
    for rows in earlier:
        history.add(judge(*rows, context=Context(now=NOW, history=history))[0])
    return history


def told(history: RecordHistory, *rows: Row) -> Report:
    return judge(*rows, context=Context(now=NOW, history=history))[1]


# Revisions


def test_the_same_revision_published_earlier_is_old_news_and_nothing_else() -> None:
    early = slot(1, published_at="2026-11-19T08:00:00Z", planned_start="2026-12-05T08:00:00Z", status="cancelled")
    report = told(after([slot(1)]), early)
    assert seen(report) == [("SCH-E207", "/slots/0/published_at")]
    assert report.findings[0].message == (
        "published_at of SL-001 is older than published_at 2026-11-20T08:00:00Z, which is here already"
    )


def test_the_same_revision_published_later_is_newer() -> None:
    later = slot(1, published_at="2026-11-21T08:00:00Z", planned_start="2026-12-02T09:00:00Z")
    assert seen(told(after([slot(1)]), later)) == [("SCH-E203", "/slots/0/planned_start")]


def test_one_instant_in_two_zones_is_one_revision() -> None:
    same = slot(1, published_at="2026-11-20T03:00:00-05:00", planned_start="2026-12-02T09:00:00+01:00")
    assert seen(told(after([slot(1)]), same)) == []


def test_a_slot_that_is_refused_for_its_revision_is_not_told_to_have_moved() -> None:
    strict = replace(slots(), severity={"SCH-E209": (Severity.ERROR, None, None)})
    moved = slot(1, planned_start="2026-12-05T08:00:00Z")
    records, report = judge(moved, contract=strict, context=Context(now=NOW, history=after([slot(1)])))
    assert seen(report) == [("SCH-E209", "/slots/0/revision")]
    assert records == ()
    assert [code for code, _ in seen(told(after([slot(1)]), moved))] == ["SCH-E209", "SCH-E202"]


def test_an_old_revision_that_comes_late_revives_no_slot() -> None:
    over = slot(1, revision=3, status="cancelled")
    history = after([over, slot(2)], [slot(1, revision=2), slot(2)])
    assert seen(told(history, slot(2))) == []  # it was called off, so it may leave
    running = slot(1, revision=3, status="completed")
    history = after([running], [slot(1, revision=2, status="running")])
    assert seen(told(history, running, slot(2, status="running", coi=slot(1)["coi"]))) == [("SCH-E402", "/slots/1/coi")]


# Overlap


def test_two_sites_may_call_a_suite_alike() -> None:
    here, there = slot(1, suite="S1"), slot(2, suite="S1", site="NV-CAM")
    assert judge(here, there)[1].findings == ()
    assert seen(judge(here, there | {"site": here["site"]})[1]) == [("SCH-E301", "/slots/1/planned_start")]


def test_slots_meet_at_one_instant_in_two_zones() -> None:
    first = slot(1, suite="S1", planned_end="2026-12-11T08:00:00Z")
    meets = slot(2, suite="S1", planned_start="2026-12-11T09:00:00+01:00", planned_end="2026-12-12T08:00:00Z")
    assert judge(first, meets)[1].findings == ()
    assert judge(meets, first)[1].findings == ()
    overlaps = meets | {"planned_start": "2026-12-11T09:00:00+01:01"}
    assert [code for code, _ in seen(judge(first, overlaps)[1])] == ["SCH-E301"]


def test_equal_slots_overlap_whatever_their_order() -> None:
    same = slot(2, suite="S1", planned_start=slot(1)["planned_start"], planned_end=slot(1)["planned_end"])
    for rows, at in (((slot(1), same), 1), ((same, slot(1)), 0)):
        assert seen(judge(*rows)[1]) == [("SCH-E301", f"/slots/{at}/planned_start")]


def test_a_long_slot_overlaps_every_short_one_inside_it() -> None:
    rows = [slot(1, suite="S1", planned_start="2026-12-01T00:00:00Z", planned_end="2026-12-20T00:00:00Z")]
    for n in (2, 3):
        times = {"planned_start": f"2026-12-{n * 3:02}T00:00:00Z", "planned_end": f"2026-12-{n * 3 + 1:02}T00:00:00Z"}
        rows.append(slot(n, suite="S1", **times))
    report = judge(*rows)[1]
    assert [f.where[0].pointer for f in report.findings] == ["/slots/1/planned_start", "/slots/2/planned_start"]
    assert all("before SL-001 has ended" in f.message for f in report.findings)


# Clocks


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-10-25T02:30:00", "SCH-E106"), ("2026-03-29T02:30:00", "SCH-E106"), ("2026-10-25T03:00:00", None),
        ("2026-03-29T03:00:00", None), ("2026-10-25T02:30:00+02:00", None), ("2026-10-25T02:30:00+01:00", None),
    ],
)  # fmt: skip
def test_local_times_around_a_change_of_clocks(text: str, code: str | None) -> None:
    local = replace(slots(), schema=replace(slots().schema, time=replace(slots().schema.time, zone="Europe/Brussels")))
    times = {"published_at": "2026-03-01T08:00:00Z", "planned_start": text, "planned_end": "2026-11-01T08:00:00Z"}
    if text.startswith("2026-03"):
        times["planned_end"] = "2026-04-01T08:00:00Z"
    found = [c for c, at in seen(judge(slot(1, **times), contract=local)[1]) if at == "/slots/0/planned_start"]
    assert found == ([code] if code else [])


# Doses


def reference() -> Contract:
    return load_file(PAGES / "reference" / "schedule.odcs.yaml")


def known(**facts: Any) -> Context:
    """What the hub knows: one lot of three doses, and whatever a test adds."""
    lots = facts.pop("lots", [LotFacts("LV-2611-01", doses=Decimal(3))])
    registries = {
        "lots": frozenset({lot.number for lot in lots} | {"LV-2611-01"}),
        "products": frozenset({"CT-19"}),
        "sites": frozenset({"NV-BOS"}),
    }
    return Context(now=NOW, registries=registries, sponsor=SponsorFacts(lots=lots, **facts))


def doses(context: Context, *rows: Row) -> tuple[int, str]:
    """(findings of allocation, how its clause ended)."""
    report = judge(*rows, contract=reference(), context=context)[1]
    return sum(f.code == "SCH-E302" for f in report.findings), end(report, "doses")


def end(report: Report, clause: str) -> str:
    names = ("passed", "failed", "could_not_evaluate", "needs_hub")
    return next(name for name in names if clause in getattr(report.hub_ends, name))


def elsewhere(uid: str, number: int, **more: Any) -> Slot:
    at = datetime(2026, 12, 20, 8, tzinfo=UTC)
    body: dict[str, Any] = dict.fromkeys(("actual_start", "actual_end", "planned_final_release"))
    body |= {"slot_uid": uid, "revision": 1, "published_at": NOW, "status": "confirmed", "site": "BW-GNT", "suite": "1",
            "product": "CT-19", "coi": "COI999999999999", "vector_lot": "LV-2611-01", "vector_doses": number,
            "planned_start": at, "planned_end": at + timedelta(days=9)}  # fmt: skip
    return Slot(**(body | more))


USES = slot(1, vector_doses=2)


def test_doses_are_counted_over_the_slots_that_take_them() -> None:
    def beside(*others: Slot) -> Context:
        return known(slots={"brightwater/schedule": others})

    assert doses(beside(elsewhere("B", 1)), USES) == (0, "passed")  # 3 of 3
    assert doses(beside(elsewhere("B", 2)), USES) == (1, "failed")
    assert doses(beside(elsewhere("B", 2, status="cancelled")), USES) == (0, "passed")
    assert doses(beside(elsewhere("B", 2, status="aborted")), USES) == (0, "passed")
    assert doses(beside(elsewhere("B", 2, status="aborted", actual_start=NOW)), USES) == (1, "failed")
    assert doses(beside(elsewhere("B", 2, vector_lot="LV-2611-02")), USES) == (0, "passed")
    # what this schedule says of its own slot stands, not what an earlier one said
    assert doses(known(slots={"northvale/schedule": [elsewhere("SL-001", 9, site="NV-BOS")]}), USES) == (0, "passed")


def test_a_slot_of_unknown_size_takes_a_dose_and_a_half_dose_is_no_less_than_it_says() -> None:
    none = slot(2, vector_lot="LV-2611-01", vector_doses=None)
    assert doses(known(), USES, none) == (0, "passed")
    assert doses(known(), USES, none, slot(3, vector_lot="LV-2611-01", vector_doses=None))[0] == 1
    fields = tuple(
        replace(f, type="number", options={}) if f.name == "vector_doses" else f for f in reference().schema.fields
    )
    decimal = replace(reference(), schema=replace(reference().schema, fields=fields))
    many = slot(1, vector_doses=3.5)
    report = judge(many, contract=decimal, context=known())[1]
    assert [f.message for f in report.findings if f.code == "SCH-E302"] == ["LV-2611-01 is promised 3.5 doses of 3"]


@pytest.mark.parametrize("lots", [[], [LotFacts("LV-2611-01")]])
def test_what_nobody_knows_of_a_lot_is_no_pass(lots: list[LotFacts]) -> None:
    report = judge(slot(1, status="confirmed"), contract=reference(), context=known(lots=lots))[1]
    assert end(report, "doses") == "needs_hub"
    assert end(report, "vector_ready") == "needs_hub"
    assert not [f for f in report.findings if f.code in ("SCH-E302", "SCH-E303")]


def test_without_anybody_to_ask_nothing_of_the_hub_is_passed() -> None:
    assert judge(slot(1), contract=reference())[1].hub_ends.passed == ()
    assert judge(slot(1), contract=reference(), context=Context(now=NOW))[1].hub_ends.passed == ("lot_named",)


# Clearances


def cleared(outcome: str, at: datetime, **bound: str) -> Cleared:
    return Cleared("SL-001", outcome, at, bound)


START = datetime(2026, 11, 20, 8, tzinfo=UTC)
RUN = slot(1, status="running", actual_start="2026-11-20T09:00:00+01:00", planned_start="2026-11-20T08:00:00Z",
           planned_end="2026-11-28T08:00:00Z")  # fmt: skip


def codes(context: Context, row: Row = RUN) -> set[str]:
    report = judge(row, contract=reference(), context=context)[1]
    return {f.code for f in report.findings} & {"SCH-E305", "SCH-E308", "SCH-E404"}


def standing(*those: Cleared) -> Context:
    return known(clearances={("NV-BOS", "SL-001"): those})


GO = {"vector_lot": RUN["vector_lot"], "coi": RUN["coi"]}


def test_a_clearance_counts_from_its_own_instant_on() -> None:
    second = timedelta(seconds=1)
    assert codes(standing(cleared("GO", START, **GO))) == set()
    assert codes(standing(cleared("GO", START + second, **GO))) == {"SCH-E308"}
    assert codes(standing(cleared("GO", START - second, **GO), cleared("NO_GO", START, **GO))) == {"SCH-E308"}
    assert codes(standing(cleared("GO", START, **GO), cleared("NO_GO", START + second, **GO))) == set()
    assert codes(standing(cleared("PENDING", START, **GO))) == {"SCH-E308"}
    assert codes(known()) == {"SCH-E308"}


def test_another_lot_in_a_run_is_one_finding() -> None:
    assert codes(standing(cleared("GO", START, **GO | {"vector_lot": "LV-2611-09"}))) == {"SCH-E404"}
    planned = {k: v for k, v in RUN.items() if k != "actual_start"} | {"status": "confirmed"}
    assert codes(standing(cleared("GO", START, **GO | {"vector_lot": "LV-2611-09"})), planned) == {"SCH-E305"}


def test_a_clearance_that_does_not_say_what_it_binds_is_no_pass() -> None:
    report = judge(RUN, contract=reference(), context=standing(cleared("GO", START)))[1]
    assert (end(report, "lot_frozen"), end(report, "lot_used")) == ("needs_hub", "needs_hub")
    assert report.verdict is not Verdict.REJECTED
