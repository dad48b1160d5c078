"""Promise: what is expected and does not come is noticed within one evaluation, also after a restart; what the hub did
not look at is never called late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.alerts.view import View, headline
from hub.intake.events import LinkFailed, LinkWorked
from tests.hub.meaning_support import HOUR, NOW, Ledger, certificate, finding, open_ledger, panel, slot

LOT = "LV-2611-12"
COA, SCHEDULE = "brightwater/coa", "brightwater/schedule"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        opened.pulled()
        yield opened


def without_sterility(revision: int = 1) -> object:
    tests = [c for c in panel("L1") if c != "STERILITY_RAPID"]
    return certificate(LOT, tests, number="COA-2611012", revision=revision)


def due_states(ledger: Ledger) -> dict[str, str]:
    with ledger.store.reading() as tx:
        return {f"{d.clause.partition('#')[2]} {d.subject}": d.state for d in tx.dues() if d.subject == LOT}


def late_by_eight_hours(ledger: Ledger) -> None:
    """The slot opens in 40 h and Level 1 is due 48 h before: due 8 h ago."""
    ledger.deliver(COA, without_sterility(), findings=[finding("COA-E304", certificate_no="COA-2611012")])
    ledger.deliver(SCHEDULE, slot("PT-12", LOT, 40 * HOUR, site="BW-GNT"))
    ledger.pulled(COA)


class TestLateCertificates:
    def test_a_level_1_certificate_without_sterility_is_late_by_eight_hours(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        result = ledger.watch()
        assert (result.late, len(result.opened)) == (1, 1)
        alert = ledger.alert("coa.late")
        assert (alert.subject, alert.severity, alert.audience) == (LOT, "critical", "partner:brightwater")
        view = View.from_json(alert.view)
        assert view.due == NOW - 8 * HOUR
        assert headline(view, NOW) == "Slot PT-12 has no valid Level 1 CoA; 40 h left"
        assert "without a result: STERILITY_RAPID" in view.what
        assert (view.contract, view.clause) == ("brightwater-coa", "l1_due")

    def test_a_second_watch_tells_nothing_new(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()
        before = len(ledger.messages())
        ledger.clock.advance(timedelta(minutes=1))
        assert ledger.watch().opened == ()
        assert len(ledger.messages()) == before

    def test_the_missing_result_resolves_it_and_is_named(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()
        came = ledger.deliver(COA, certificate(LOT, ["STERILITY_RAPID"], number="COA-2611112"))
        alert = ledger.alert("coa.late")
        assert alert.state == "resolved"
        with ledger.store.reading() as tx:
            assert tx.alert_events(alert.id)[-1].reason == f"{came} brought what was missing"
        assert due_states(ledger)[f"l1_due {LOT}"] == "satisfied_late"

    def test_a_slot_that_slips_takes_its_due_time_along(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 76 * HOUR, site="BW-GNT", revision=2))  # + 36 h: due in 28 h
        assert due_states(ledger)[f"l1_due {LOT}"] == "pending"
        assert ledger.alert("coa.late").state == "resolved"
        ledger.clock.advance(29 * HOUR)
        ledger.pulled()
        ledger.watch()
        alert = ledger.alert("coa.late")
        assert (alert.state, alert.openings) == ("open", 2)

    def test_a_cancelled_slot_needs_nothing_any_more(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 40 * HOUR, site="BW-GNT", revision=2, status="cancelled"))
        ledger.watch()
        assert ledger.alert("coa.late").state == "resolved"
        assert due_states(ledger)[f"l1_due {LOT}"] == "cancelled"

    def test_a_slot_that_takes_another_lot_frees_the_first_one(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()
        ledger.deliver(SCHEDULE, slot("PT-12", "LV-2611-11", 40 * HOUR, site="BW-GNT", revision=2))
        ledger.watch()
        assert due_states(ledger)[f"l1_due {LOT}"] == "cancelled"
        assert [a.subject for a in ledger.alerts("open") if a.kind == "coa.late"] == ["LV-2611-11"]
        assert [a.subject for a in ledger.alerts("resolved")] == [LOT]

    def test_a_complete_certificate_in_time_is_no_alert(self, ledger: Ledger) -> None:
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 50 * HOUR, site="BW-GNT"))
        ledger.deliver(COA, certificate(LOT, number="COA-2611012"))
        ledger.watch()
        ledger.clock.advance(3 * HOUR)
        ledger.pulled()
        ledger.watch()
        assert "coa.late" not in ledger.kinds()
        assert due_states(ledger)[f"l1_due {LOT}"] == "on_time"

    def test_while_a_pull_runs_nothing_is_called_late(self, ledger: Ledger) -> None:
        """The certificate may be the next one on the wire."""
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 40 * HOUR, site="BW-GNT"))
        assert ledger.kinds() == []
        ledger.deliver(COA, certificate(LOT, number="COA-2611012"))
        ledger.watch()
        assert ledger.kinds() == []

    def test_a_rejected_certificate_hides_that_it_is_late_until_it_is_corrected(self, ledger: Ledger) -> None:
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 40 * HOUR, site="BW-GNT"))
        failing = [finding("COA-E104", certificate_no="COA-2611012", lot_number=LOT)]
        ledger.deliver(COA, findings=failing, key="a")
        ledger.pulled(COA)
        ledger.watch()
        failure, late = ledger.alert("coa.contract_failure"), ledger.alert("coa.late")
        assert late.view["inhibited_by"] == failure.id
        assert {m.alert_id for m in ledger.messages()} == {failure.id}
        ledger.deliver(COA, without_sterility(2), key="b")  # corrected, and still not complete
        assert ledger.alert("coa.contract_failure").state == "resolved"
        assert ledger.alert("coa.late").view["inhibited_by"] is None
        assert late.id in {m.alert_id for m in ledger.messages()}


class TestNotLooking:
    def test_what_became_due_while_nobody_pulled_is_not_evaluated_and_not_late(self, ledger: Ledger) -> None:
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 50 * HOUR, site="BW-GNT"))  # Level 1 is due in 2 h
        ledger.watch()
        ledger.clock.advance(3 * HOUR)
        result = ledger.watch()
        assert due_states(ledger)[f"l1_due {LOT}"] == "not_evaluated"
        assert result.late == 0
        assert "coa.late" not in ledger.kinds()
        assert COA in result.not_evaluated
        ledger.pulled()
        ledger.tell(LinkWorked(COA, 0))
        assert ledger.watch().late == 1
        assert ledger.alert("coa.late").state == "open"

    def test_a_watch_that_stood_still_says_from_when_to_when(self, ledger: Ledger) -> None:
        assert ledger.watch().not_evaluated == ()  # a hub that never watched has missed nothing
        ledger.clock.advance(timedelta(minutes=1))
        assert ledger.watch().not_evaluated == ()
        ledger.clock.advance(timedelta(minutes=90))
        result = ledger.watch()
        assert result.not_evaluated == ("2026-11-22 08:01 UTC to 2026-11-22 09:31 UTC",)
        alert = ledger.alert("hub.not_evaluated")
        assert alert.audience == "platform"
        assert alert.view["about"] == "Nothing was evaluated from 2026-11-22 08:01 UTC to 2026-11-22 09:31 UTC"
        ledger.clock.advance(timedelta(minutes=1))
        ledger.watch()
        assert ledger.alert("hub.not_evaluated").state == "resolved"

    def test_a_clock_that_is_set_back_makes_no_gap(self, ledger: Ledger) -> None:
        ledger.watch()
        ledger.clock.set(NOW - 5 * HOUR)
        assert ledger.watch().not_evaluated == ()

    def test_a_dead_link_hides_what_is_late_behind_it_and_tells_when_it_works_again(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.tell(LinkFailed(COA, "Unreachable", "CON-E401", "", "platform"))
        ledger.watch()
        down = ledger.alert("link.down")
        assert ledger.alert("coa.late").view["inhibited_by"] == down.id
        assert {m.alert_id for m in ledger.messages()} == {down.id}
        ledger.tell(LinkWorked(COA, 0))
        told = [m.payload["event"] for m in ledger.messages() if m.alert_id == ledger.alert("coa.late").id]
        assert told == ["opened", "opened"]  # the partner and quality


class TestFeeds:
    def test_a_schedule_that_is_not_refreshed_for_26_hours_is_late(self, ledger: Ledger) -> None:
        ledger.deliver(SCHEDULE, slot("PT-12", None, 90 * HOUR, site="BW-GNT"))
        ledger.watch()
        ledger.clock.advance(26 * HOUR + timedelta(minutes=1))
        ledger.pulled()
        ledger.watch()
        late = [a for a in ledger.alerts("open") if a.subject == SCHEDULE]
        assert [(a.kind, a.view["about"]) for a in late] == [("schedule.late", "No new schedule from Brightwater")]
        ledger.deliver(SCHEDULE, slot("PT-12", None, 90 * HOUR, site="BW-GNT", revision=2))
        ledger.watch()
        assert SCHEDULE not in {a.subject for a in ledger.alerts("open")}

    def test_a_schedule_that_never_came_counts_from_when_the_feed_was_set_up(self, ledger: Ledger) -> None:
        ledger.clock.advance(27 * HOUR)
        ledger.pulled()
        ledger.watch()
        assert {a.subject for a in ledger.alerts("open")} >= {SCHEDULE, "northvale/schedule", "halden/schedule"}

    def test_process_data_that_stops_is_late_and_after_a_day_the_batch_is_over(self, ledger: Ledger) -> None:
        feed = "halden/pat"
        ledger.deliver(feed)
        ledger.clock.advance(timedelta(minutes=134))  # 2 h by the contract + 15 min between two pulls of ours
        ledger.pulled()
        ledger.watch()
        assert "pat.late" not in ledger.kinds()
        ledger.clock.advance(timedelta(minutes=2))
        ledger.pulled()
        ledger.watch()
        assert ledger.alert("pat.late").subject == feed
        ledger.deliver(feed)
        ledger.watch()
        assert ledger.alert("pat.late").state == "resolved"
        ledger.clock.advance(25 * HOUR)
        ledger.pulled()
        ledger.watch()
        assert ledger.alert("pat.late").state == "resolved"


class TestTogether:
    def test_two_watches_share_one_lease(self, ledger: Ledger) -> None:
        held = ledger.store.lease("watch", "somebody else", timedelta(minutes=2))
        assert held is not None
        assert ledger.watch().skipped
        ledger.clock.advance(timedelta(minutes=3))  # its holder died
        assert not ledger.watch().skipped

    def test_time_alone_expires_a_lot_that_a_slot_waits_for(self, ledger: Ledger) -> None:
        ledger.deliver(SCHEDULE, slot("PT-12", LOT, 50 * HOUR, site="BW-GNT"))
        ledger.deliver(COA, replace(certificate(LOT, number="COA-2611012"), expires_at=NOW + HOUR))
        ledger.clock.advance(2 * HOUR)
        ledger.watch()
        with ledger.store.reading() as tx:
            lot, clearance = tx.lot(LOT), tx.clearance("BW-GNT/PT-12")
        assert lot is not None
        assert lot.state == "EXPIRED"
        assert clearance is not None
        assert clearance.outcome == "NO_GO"

    def test_a_second_evaluation_writes_no_row(self, ledger: Ledger) -> None:
        late_by_eight_hours(ledger)
        ledger.watch()

        def rows() -> list[int]:
            with ledger.store.reading() as tx:
                tables = ("lot", "clearance", "due", "alert", "alert_event", "outbox")
                return [tx.connection.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in tables]

        before = rows()
        for _ in range(3):
            ledger.clock.advance(timedelta(minutes=1))
            ledger.watch()
        assert rows() == before
