"""Every schedule code: a bad file that raises just it, at its place and with its exact words, and whose fix is true.

The page of a code holds the message; this test holds the page to the engine. Places and severities are written by hand
from contracts.md 5.3. What no file can show (late, at risk, unreachable) is shown by the due plan at a frozen time, or
names the test of the connector that shows it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.inspection import Inspection, inspect
from contracts.codes import codes
from contracts.context import Cleared, Context, LotFacts
from contracts.contract import Contract
from contracts.due import Arrival, Circumstances, DueItem, DueState, due
from contracts.explain import page
from contracts.finding import Finding, Report, Verdict
from contracts.history import RecordHistory
from contracts.kit.bad import Bad, bad
from contracts.kit.draft import Draft
from contracts.kit.good import good
from contracts.kit.write import write
from contracts.lint import lint
from contracts.odcs import load_catalog, load_file
from contracts.records import Slot
from contracts.sponsor import SponsorFacts

PAGES = Path(__file__).resolve().parents[2] / "contracts" / "pages"
SHIPPED = ("northvale-schedule", "brightwater-schedule", "halden-schedule")
NAMES = ("reference-schedule", *SHIPPED)
HOUR = timedelta(hours=1)

# code -> (severity, JSON pointer) in the contract of the page's example
EXPECTED = {
    "SCH-E101": ("error", "/slots/0/planned_start"), "SCH-E102": ("error", "/slots/0/planned_end"),
    "SCH-E103": ("error", "/slots/0/planned_start"), "SCH-E104": ("error", "/slots/0/planned_start"),
    "SCH-E105": ("error", "/slots/0/planned_start"), "SCH-E106": ("error", "/slots/0/planned_start"),
    "SCH-E202": ("warning", "/slots/2/planned_start"), "SCH-E203": ("info", "/slots/2/planned_start"),
    "SCH-E204": ("warning", "/slots/0/status"), "SCH-E205": ("warning", "/slots/0/status"),
    "SCH-E206": ("warning", "/slots"), "SCH-E207": ("warning", "/slots/0/revision"),
    "SCH-E208": ("warning", "/slots/2/planned_end"), "SCH-E209": ("error", "/slots/2/revision"),
    "SCH-E301": ("warning", "/slots/1/planned_start"), "SCH-E302": ("warning", "/slots/0/vector_doses"),
    "SCH-E303": ("warning", "/slots/2/planned_start"), "SCH-E304": ("warning", "/slots/0/apheresis_expires_at"),
    "SCH-E305": ("warning", "/slots/0/vector_lot"), "SCH-E306": ("error", "/slots/0/vector_lot"),
    "SCH-E307": ("warning", "/slots/0/vector_lot"), "SCH-E308": ("warning", "/slots/0/actual_start"),
    "SCH-E401": ("error", "/slots/0/coi"), "SCH-E402": ("error", "/slots/1/coi"),
    "SCH-E403": ("error", "/slots/0/status"),  # the contracts raise it from the catalogue's warning
    "SCH-E404": ("warning", "/slots/0/vector_lot"),
}  # fmt: skip

DUE = {"SCH-E201", "CON-E301", "CON-E302", "CON-E303", "CON-E304"}
"""Raised by the due plan; the tests at the end of this file."""

CONNECTION = {
    "CON-E401": ("tests/connectors/test_rest_pages.py", "CON-E401"),
    "CON-E402": ("tests/connectors/test_http_attempts.py", "CON-E402"),
}
"""Raised by connectors: the test that shows it."""

NOT_RAISED = {"CON-E403", "CON-E404"}
"""In the catalogue with a page, and nothing raises them yet: an empty answer when data were due (the due plan says late
instead), and a credential that ends soon (nothing looks at its end)."""


@cache
def contract(name: str) -> Contract:
    """A shipped schedule contract, or the reference that has every rule of schedules switched on."""
    if name in SHIPPED:
        return load_catalog().get(name)
    return load_file(PAGES / "reference" / "schedule.odcs.yaml")


def judge(folder: Path, bound: Contract, data: bytes, context: Context | None = None) -> Inspection:
    path = folder / "delivery"
    path.write_bytes(data)
    return inspect(path, file=f"slots.{bound.schema.sources[0].format}", contract=bound, context=context)


def findings(folder: Path, bound: Contract, one: Bad, data: bytes) -> tuple[Finding, ...]:
    return verdict_of(folder, bound, one, data).findings


def verdict_of(folder: Path, bound: Contract, one: Bad, data: bytes) -> Report:
    """The report of a file, after the earlier ones were accepted."""
    context = one.context or Context()
    if one.earlier:
        history = RecordHistory()
        context = replace(context, history=history)
        for before in one.earlier:
            came = judge(folder, bound, before, context)
            assert came.report.findings == ()
            history.add(came.records)
    return judge(folder, bound, data, context).report


def made(name: str, code: str) -> tuple[Contract, Bad]:
    bound = contract(name)
    one = bad(bound, code)
    assert one is not None
    return bound, one


def raises(name: str, code: str) -> bool:
    """Whether a schedule of this contract can show the code."""
    return bad(contract(name), code) is not None


# The catalogue


def test_every_code_is_expected_somewhere() -> None:
    mine = {code for code in codes() if code.startswith("SCH-")}
    assert set(EXPECTED) | DUE & mine == mine
    assert [code for code in EXPECTED if not any(bad(contract(name), code) for name in NAMES)] == []


@pytest.mark.parametrize("defect", [*(f"SC{n:02}" for n in range(1, 13)), "I01", "I02", "I03", "L01", "L02", "L03"])
def test_every_code_of_a_defect_is_tested_or_named_as_not_raised(defect: str) -> None:
    mine = {code.code for code in codes().values() if defect in code.defects}
    assert mine
    for code in mine:
        if code in CONNECTION:
            file, word = CONNECTION[code]
            assert word in (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
        else:
            assert code in EXPECTED or code in DUE or code in NOT_RAISED


def test_what_is_named_as_not_raised_is_raised_nowhere() -> None:
    root = Path(__file__).parents[2]
    for code in NOT_RAISED:
        raising = [
            file
            for part in ("contracts", "connectors", "hub")
            for file in (root / part).rglob("*.py")
            if f'"{code}"' in file.read_text(encoding="utf-8")
        ]
        assert raising == [], f"{code} is raised now: test it"


def test_the_reference_contract_has_every_rule_of_schedules_and_lints_clean() -> None:
    assert lint((PAGES / "reference" / "schedule.odcs.yaml").read_bytes(), file="schedule.odcs.yaml") == []
    kinds = {clause.kind for clause in contract("reference-schedule").clauses}
    assert kinds >= {
        "span", "revisionOrder", "slip", "transitions", "noSilentRemoval", "noOverlap", "allocation", "leadTime",
        "frozenAfter", "noPlaceholder", "activeOnce", "usedEqualsAllocated", "startNeedsClearance", "referenceExists",
        "crossField", "uniqueKey", "due",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_good_schedule_is_accepted_without_a_word(tmp_path: Path, name: str) -> None:
    bound = contract(name)
    report = judge(tmp_path, bound, write(good(bound), bound.schema.sources[0])).report
    assert (report.verdict, report.findings) == (Verdict.ACCEPTED, ())


# Bad files and their pages


@pytest.mark.parametrize("code", sorted(EXPECTED))
def test_a_page_says_what_the_engine_says(tmp_path: Path, code: str) -> None:
    example = page(code).example
    assert example is not None
    bound, one = made(example.contract, code)
    (found,) = findings(tmp_path, bound, one, one.data)
    severity, pointer = EXPECTED[code]
    assert (found.code, found.severity.value, found.where[0].pointer) == (code, severity, pointer)
    assert found.message == example.message
    assert found.fix is not None
    assert found.where[0].line is not None
    for snippet, data in ((example.bad, one.data), (example.good, one.fixed)):
        assert snippet.startswith("(") or snippet in data.decode(), snippet


@pytest.mark.parametrize(("name", "code"), [(n, c) for n in NAMES for c in sorted(EXPECTED) if raises(n, c)])
def test_a_bad_file_has_its_code_alone_and_doing_what_the_fix_says_removes_it(
    tmp_path: Path, name: str, code: str
) -> None:
    bound, one = made(name, code)
    assert [f.code for f in findings(tmp_path, bound, one, one.data)] == [code]
    mended = verdict_of(tmp_path, bound, one, one.fixed)
    assert (mended.verdict, mended.findings) == (Verdict.ACCEPTED, ())


@pytest.mark.parametrize("code", sorted(EXPECTED))
def test_a_replacement_put_at_its_place_removes_the_finding(tmp_path: Path, code: str) -> None:
    bound, one = made("reference-schedule" if code != "SCH-E104" else "northvale-schedule", code)
    (found,) = findings(tmp_path, bound, one, one.data)
    assert found.fix is not None
    if found.fix.replacement is None:
        assert code not in ("SCH-E305", "SCH-E404")  # these know what was cleared
        return
    body = json.loads(one.data)
    _, rows, row, name = str(found.where[0].pointer).split("/")
    body[rows][int(row)][name] = found.fix.replacement
    assert findings(tmp_path, bound, one, json.dumps(body).encode()) == ()


def test_every_page_of_these_codes_stands() -> None:
    for code in [*EXPECTED, *DUE, *CONNECTION, *NOT_RAISED, "CON-E201", "CON-E202", "CON-E203", "CON-E204"]:
        one = page(code)
        assert (one.code, bool(one.causes)) == (code, True)
        assert (one.example is None) == (code not in EXPECTED)


# What a table of codes does not show


def sent(folder: Path, edit: Callable[[list[dict[str, Any]]], None], **known: Any) -> Report:
    """A schedule under the reference contract, with what the sponsor's side knows."""
    bound = contract("reference-schedule")
    draft: Draft = good(bound)
    edit(draft.rows)
    return judge(folder, bound, write(draft, bound.schema.sources[0]), Context(**known)).report


def said(report: Report) -> list[tuple[str, str | None, str]]:
    return [(f.code, f.where[0].pointer, f.message) for f in report.findings]


def test_an_aborted_run_has_used_its_doses_and_a_cancelled_slot_has_not(tmp_path: Path) -> None:
    lots = {row["vector_lot"] for row in good(contract("reference-schedule")).rows}
    sponsor = SponsorFacts(lots=[LotFacts("LV-2602-01", doses=Decimal(2))])

    def same_lot(status: str, began: str | None) -> Callable[[list[dict[str, Any]]], None]:
        def edit(rows: list[dict[str, Any]]) -> None:
            for row in rows:
                row["vector_lot"] = "LV-2602-01"
            rows[0]["status"] = status
            if began:
                rows[0]["actual_start"] = began

        return edit

    cleared = replace(
        sponsor,
        clearances={
            ("NV-BOS", "SLOT-UID-1"): [
                Cleared("SLOT-UID-1", "GO", datetime(2026, 2, 1, tzinfo=UTC), {"vector_lot": "LV-2602-01"})
            ]
        },
    )
    registries = {"lots": frozenset(lots)}
    assert said(sent(tmp_path, same_lot("cancelled", None), sponsor=sponsor, registries=registries)) == []
    report = sent(tmp_path, same_lot("aborted", "2026-02-12T09:00:00Z"), sponsor=cleared, registries=registries)
    assert ("SCH-E302", "/slots/2/vector_doses", "LV-2602-01 is promised 3 doses of 2") in said(report)


def test_a_lot_that_nobody_knows_the_doses_of_is_not_a_pass(tmp_path: Path) -> None:
    lots = frozenset(row["vector_lot"] for row in good(contract("reference-schedule")).rows)
    report = sent(tmp_path, lambda _rows: None, sponsor=SponsorFacts(), registries={"lots": lots})
    assert report.findings == ()
    assert {"doses", "vector_ready"} <= set(report.hub_ends.needs_hub)
    assert "lot_known" in report.hub_ends.passed


def test_cells_must_be_collected_before_a_run_and_be_entered_before_a_slot_is_ready(tmp_path: Path) -> None:
    def early(rows: list[dict[str, Any]]) -> None:
        rows[0]["apheresis_collected_at"] = "2026-02-12T00:00:00Z"  # 9 h before the start; the contract asks for 12 h

    assert said(sent(tmp_path, early)) == [
        ("SCH-E304", "/slots/0/planned_start",
         "planned_start of SLOT-UID-1 is before 12 h after apheresis_collected_at"),
    ]  # fmt: skip

    def unknown(rows: list[dict[str, Any]]) -> None:
        del rows[0]["apheresis_collected_at"]
        rows[0]["status"] = "ready"

    assert said(sent(tmp_path, unknown)) == [
        ("SCH-E304", "/slots/0/apheresis_collected_at",
         "apheresis_collected_at of SLOT-UID-1 is missing, and the slot is ready"),
    ]  # fmt: skip


def test_a_swap_in_a_run_that_has_begun_is_told_once_as_the_lot_that_was_used(tmp_path: Path) -> None:
    go = Cleared("SLOT-UID-1", "GO", datetime(2026, 2, 12, 8, tzinfo=UTC), {"vector_lot": "LV-2602-77", "coi": "X"})
    sponsor = SponsorFacts(clearances={("NV-BOS", "SLOT-UID-1"): [go]})

    def runs(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {"status": "running", "actual_start": "2026-02-12T09:00:00Z"}

    report = sent(tmp_path, runs, sponsor=sponsor)
    assert [(f.code, f.where[0].pointer) for f in report.findings] == [
        ("SCH-E305", "/slots/0/coi"),
        ("SCH-E404", "/slots/0/vector_lot"),
    ]
    coi = report.findings[0]
    assert "AAA000000260201" not in repr(report)
    assert coi.expected is not None
    assert coi.expected.text == "the value that was cleared"


def test_a_run_that_began_before_its_clearance_began_without_one(tmp_path: Path) -> None:
    go = Cleared("SLOT-UID-1", "GO", datetime(2026, 2, 12, 10, tzinfo=UTC), {"vector_lot": "LV-2602-01"})
    sponsor = SponsorFacts(clearances={("NV-BOS", "SLOT-UID-1"): [go]})

    def runs(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {"status": "running", "actual_start": "2026-02-12T09:00:00Z"}

    assert [f.code for f in sent(tmp_path, runs, sponsor=sponsor).findings] == ["SCH-E308"]

    def later(rows: list[dict[str, Any]]) -> None:
        rows[0] |= {"status": "running", "actual_start": "2026-02-12T11:00:00Z"}

    assert "SCH-E308" not in {f.code for f in sent(tmp_path, later, sponsor=sponsor).findings}


def test_an_identity_that_two_slots_of_one_file_share_is_told_once(tmp_path: Path) -> None:
    def shared(rows: list[dict[str, Any]]) -> None:
        rows[0]["status"] = rows[1]["status"] = "ready"
        rows[1]["coi"] = rows[0]["coi"]

    report = sent(tmp_path, shared, history=RecordHistory())
    assert said(report) == [("SCH-E402", "/slots/1/coi", "SLOT-UID-2 repeats coi of SLOT-UID-1")]
    assert report.verdict is Verdict.REJECTED


def test_what_a_rule_of_schedules_cannot_know_is_a_lint_error() -> None:
    text = (PAGES / "reference" / "schedule.odcs.yaml").read_text(encoding="utf-8")
    for right, wrong, message in (
        ("after: lot.l1_due", "after: lot.l1_duo", '"lot.l1_duo" is no anchor of leadTime'),
        ("after: slot.apheresis_collected_at", "after: slot.apheresis", '"slot.apheresis" is no anchor of leadTime'),
        ("[brightwater/schedule,", "[brightwater,", '"brightwater" is no feed of slots'),
        ("event: clearance", "event: release", '"release" is no event that freezes a slot'),
    ):
        found = lint(text.replace(right, wrong).encode(), file="schedule.odcs.yaml")
        assert [(f.code, f.message) for f in found] == [("CON-E105", message)]


# Order


def _dirty(bound: Contract, seed: int) -> tuple[list[dict[str, Any]], Context]:
    """A schedule with much wrong in it: shared identities, suites and lots, and the same mistake in many slots."""
    pick = random.Random(seed)
    first = good(bound).rows[0]
    rows = []
    for n in range(14):
        start = datetime(2026, 2, 12, 9, tzinfo=UTC) + pick.randrange(0, 8) * 12 * HOUR
        rows.append(
            {
                **first,
                "slot_uid": f"SL-{n:02}",
                "suite": f"S{pick.randrange(4)}",
                "coi": f"AAA00000026{pick.randrange(9):04}",
                "status": pick.choice(["confirmed", "ready", "running"]),
                "vector_lot": pick.choice(["TBD", "LV-2602-01", "LV-2602-02", "LV-9999-99"]),
                "planned_start": start.isoformat(),
                "planned_end": (start + 200 * HOUR).isoformat(),
                "planned_final_release": "soon" if n % 2 else first["planned_final_release"],
            }
        )
    day = datetime(2026, 2, 10, tzinfo=UTC)
    running = a_slot(status="running", vector_lot=None, planned_start=day, planned_end=day + timedelta(days=10))
    records = [replace(running, slot_uid=f"SL-{n:02}", coi=f"AAA00000026{n % 9:04}") for n in range(10, 17)]
    sponsor = SponsorFacts(lots=[LotFacts(f"LV-2602-0{n}", doses=Decimal(1)) for n in (1, 2)])
    context = Context(
        now=datetime(2026, 2, 11, tzinfo=UTC),
        history=RecordHistory(records),
        registries={"lots": frozenset({"LV-2602-01", "LV-2602-02"})},
        sponsor=sponsor,
    )
    return rows, context


@pytest.mark.parametrize("seed", range(12))
def test_the_order_of_the_slots_never_changes_what_a_finding_is_called(tmp_path: Path, seed: int) -> None:
    bound = contract("reference-schedule")
    rows, context = _dirty(bound, seed)

    def fingerprints() -> Counter[tuple[str, str]]:
        report = judge(tmp_path, bound, json.dumps({"slots": rows}).encode(), context).report
        return Counter((f.code, f.fingerprint) for f in report.findings)

    before = fingerprints()
    assert len({code for code, _ in before}) >= 5, before
    for shuffle in range(4):
        random.Random(seed * 100 + shuffle).shuffle(rows)
        assert fingerprints() == before


# The due plan, at frozen times

START = datetime(2026, 11, 24, 20, tzinfo=UTC)
LOT = "LV-2611-12"


def a_slot(**changes: Any) -> Slot:
    made = Slot(
        "SL-12", 1, datetime(2026, 11, 1, tzinfo=UTC), "confirmed", "NV-BOS", "S1", "CT-19", "AAA000000261101", LOT, 1,
        START, START + timedelta(days=10), None, None, datetime(2026, 12, 12, 20, tzinfo=UTC),
    )  # fmt: skip
    return replace(made, **changes)


def item(level: str, now: datetime, *arrivals: Arrival, slot: Slot | None = None, **known: Any) -> DueItem:
    items = due(load_catalog().get("northvale-coa"), [slot or a_slot()], arrivals, now, Circumstances(**known))
    (one,) = [one for one in items if one.level == level]
    return one


def test_a_schedule_last_refreshed_41_hours_ago_is_stale() -> None:  # SC01
    bound = contract("northvale-schedule")
    came = datetime(2026, 11, 22, 6, tzinfo=UTC)
    arrival = Arrival("feed", "northvale/schedule", came, Verdict.ACCEPTED, "D-1")
    (fresh,) = due(bound, (), [arrival], came + 26 * HOUR)
    assert (fresh.state, fresh.code) == (DueState.PENDING, None)
    (stale,) = due(bound, (), [arrival], came + 41 * HOUR)
    assert (stale.state, stale.code, stale.late_by) == (DueState.LATE, "SCH-E201", 15 * HOUR)


def test_a_certificate_that_is_not_here_is_late_48_hours_before_the_start() -> None:  # L01
    assert item("L1", START - 48 * HOUR).code is None
    late = item("L1", START - 47 * HOUR)
    assert (late.state, late.code, late.subject) == (DueState.LATE, "CON-E301", LOT)


def test_a_rejected_certificate_is_told_as_rejected_once_it_is_late() -> None:  # L01
    rejected = Arrival("lot", LOT, START - 60 * HOUR, Verdict.REJECTED, "D-7")
    before = item("L1", START - 50 * HOUR, rejected)
    assert (before.state, before.code) == (DueState.REJECTED_PENDING_FIX, None)
    after = item("L1", START - 40 * HOUR, rejected)
    assert (after.state, after.code, after.rejected_by) == (DueState.REJECTED_PENDING_FIX, "CON-E303", "D-7")


@pytest.mark.parametrize("status", ["cancelled", "aborted"])
def test_a_slot_that_was_called_off_wants_nothing(status: str) -> None:  # L01
    off = item("L1", START - 40 * HOUR, slot=a_slot(status=status))
    assert (off.state, off.code) == (DueState.CANCELLED, "CON-E304")


def test_data_that_can_only_come_after_it_is_due_is_at_risk() -> None:  # L01
    # The longest Level 1 test (identity) takes 10 working days. Made on Monday the 9th at 08:00 in Boston (13:00 UTC):
    # 10 to 13 (4), 16 to 20 (9), Monday 23 (10) at 13:00 UTC, which is after the 22nd 20:00 when Level 1 is due.
    made = datetime(2026, 11, 9, 13, tzinfo=UTC)
    early = item("L1", datetime(2026, 11, 12, tzinfo=UTC), made={LOT: made})
    assert (early.state, early.code) == (DueState.AT_RISK, "CON-E302")
    assert early.expected_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    # A working day earlier is Friday the 20th: in time.
    in_time = item("L1", datetime(2026, 11, 12, tzinfo=UTC), made={LOT: made - timedelta(days=3)})
    assert (in_time.state, in_time.code) == (DueState.PENDING, None)
    assert in_time.expected_at == datetime(2026, 11, 20, 13, tzinfo=UTC)


def test_a_holiday_and_a_change_of_clocks_are_counted() -> None:
    # Made on Friday 2026-10-30 at 08:00 in Boston, still summer time: 12:00 UTC. Clocks go back on Sunday. Ten working
    # days: 2 to 6 November (5), 9 to 13 (10): Friday the 13th at 08:00, now 13:00 UTC. With the 11th off: Monday 16th.
    made = datetime(2026, 10, 30, 12, tzinfo=UTC)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert item("L1", now, made={LOT: made}).expected_at == datetime(2026, 11, 13, 13, tzinfo=UTC)
    off = frozenset({datetime(2026, 11, 11, tzinfo=UTC).date()})
    assert item("L1", now, made={LOT: made}, holidays=off).expected_at == datetime(2026, 11, 16, 13, tzinfo=UTC)


def test_what_is_here_or_late_is_at_no_risk() -> None:
    made = datetime(2026, 11, 9, 13, tzinfo=UTC)
    here = Arrival("lot", LOT, START - 60 * HOUR, Verdict.ACCEPTED, "D-1", "L1")
    assert item("L1", START - 50 * HOUR, here, made={LOT: made}).state is DueState.ON_TIME
    assert item("L1", START - 40 * HOUR, made={LOT: made}).code == "CON-E301"
    rejected = Arrival("lot", LOT, START - 60 * HOUR, Verdict.REJECTED, "D-7")
    assert item("L1", START - 50 * HOUR, rejected, made={LOT: made}).state is DueState.REJECTED_PENDING_FIX
