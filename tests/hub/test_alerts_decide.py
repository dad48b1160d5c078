"""Promise: one calm alert a problem, to whoever must act; a data problem and a quality event never share words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.finding import Finding, Kind, Reach
from hub.alerts.view import View, headline
from hub.intake.events import LinkFailed, LinkWorked, Reverted
from tests.hub.meaning_support import HOUR, NOW, Ledger, certificate, contract_of, finding, open_ledger, panel, slot

LOT = "LV-2611-04"
FIVE = ("COA-E104", "COA-E201", "COA-E108", "COA-E501", "FILE-E206")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


def broken(*codes: str, count: int = 1) -> list[Finding]:
    return [finding(c, count=count, certificate_no="COA-2611004", lot_number=LOT) for c in codes]


def rev(n: int, **changes: object) -> object:
    return certificate(LOT, number="COA-2611004", revision=n, **changes)  # type: ignore[arg-type]


class TestCertificates:
    def test_five_failures_are_one_alert_of_the_lot_and_a_corrected_revision_resolves_it_by_name(
        self, ledger: Ledger
    ) -> None:
        ledger.deliver("northvale/coa", findings=broken(*FIVE), key="COA-2611004:1")
        alert = ledger.alert("coa.contract_failure")
        assert (alert.subject, alert.state, alert.audience) == (LOT, "open", "partner:northvale")
        assert alert.view["findings"] == {"error": 5}
        assert alert.view["what"] == (
            "CoA COA-2611004 of lot LV-2611-04 from Northvale broke contract northvale-coa 2.3.0 in 5 places. "
            "No result was stored; the file is in quarantine."
        )
        good = ledger.deliver("northvale/coa", rev(2), key="COA-2611004:2")
        alert = ledger.alert("coa.contract_failure")
        assert alert.state == "resolved"
        with ledger.store.reading() as tx:
            assert tx.alert_events(alert.id)[-1].reason == f"{good} arrived and passed"

    def test_four_hundred_bad_cells_are_one_alert_with_counts(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", findings=broken("COA-E104", count=400))
        assert ledger.kinds() == ["coa.contract_failure"]
        assert "in 400 places" in ledger.alert("coa.contract_failure").view["what"]

    def test_a_second_failing_revision_folds_into_the_first_alert(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", findings=broken("COA-E104"))
        ledger.deliver("northvale/coa", findings=broken("COA-E501"))
        alert = ledger.alert("coa.contract_failure")
        assert alert.view["folded"] == 1
        assert alert.view["worst"] == "COA-E501"

    def test_two_certificates_of_one_lot_must_both_be_corrected(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", findings=broken("COA-E104"))
        other = [finding("COA-E104", certificate_no="COA-2611099", lot_number=LOT)]
        ledger.deliver("northvale/coa", findings=other)
        ledger.deliver("northvale/coa", rev(2))
        assert ledger.alert("coa.contract_failure").state == "open"
        ledger.deliver("northvale/coa", certificate(LOT, number="COA-2611099", revision=2))
        assert ledger.alert("coa.contract_failure").state == "resolved"

    def test_a_replayed_old_failure_does_not_reopen_what_was_corrected(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", findings=broken("COA-E104"), key="one")
        ledger.deliver("northvale/coa", rev(2))
        ledger.deliver("northvale/coa", findings=broken("COA-E104"), key="two")
        assert ledger.alert("coa.contract_failure").openings == 2  # a new delivery that fails is news

    def test_the_slot_that_is_near_makes_it_critical_and_is_the_first_sentence(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/schedule", slot(lot=LOT, opens=26 * HOUR))
        ledger.deliver("northvale/coa", findings=broken("COA-E104"))
        alert = ledger.alert("coa.contract_failure")
        assert alert.severity == "critical"
        assert headline(View.from_json(alert.view), NOW) == "Slot PT-7F3K has no valid Level 1 CoA; 26 h left"

    @pytest.mark.parametrize(("opens", "severity"), [(47, "critical"), (100, "high"), (200, "normal")])
    def test_severity_is_the_time_left_to_the_slot(self, ledger: Ledger, opens: int, severity: str) -> None:
        ledger.deliver("northvale/schedule", slot(lot=LOT, opens=opens * HOUR))
        ledger.deliver("northvale/coa", findings=broken("COA-E104"))
        assert ledger.alert("coa.contract_failure").severity == severity

    def test_a_lesser_warning_is_in_the_report_and_no_alert(self, ledger: Ledger) -> None:
        tests = [c for c in panel("L1") if c != "STERILITY_RAPID"]
        ledger.deliver("northvale/coa", rev(1, tests=tests), findings=broken("COA-E304"))
        assert ledger.kinds() == []

    def test_a_verdict_that_contradicts_its_value_is_critical_though_it_was_stored(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", rev(1), findings=broken("COA-E301"))
        alert = ledger.alert("coa.contract_failure")
        assert alert.severity == "critical"
        assert "the lot is on hold" in alert.view["what"]

    def test_an_out_of_specification_result_is_a_quality_event_and_never_called_a_contract_failure(
        self, ledger: Ledger
    ) -> None:
        fails = [finding("COA-E302", characteristic="ENDOTOXIN", certificate_no="COA-2611004")]
        ledger.deliver("northvale/coa", rev(1, failing=["ENDOTOXIN"]), findings=fails)
        assert ledger.kinds() == ["coa.spec_failure"]
        alert = ledger.alert("coa.spec_failure")
        assert alert.audience == "quality"
        assert alert.view["about"] == "Lot LV-2611-04: ENDOTOXIN is out of specification"
        assert "contract" not in f"{alert.view['about']} {alert.view['what']} {alert.view['next_step']}"
        ledger.deliver("northvale/coa", findings=[*broken("COA-E104")], key="other")
        contract_words = ledger.alert("coa.contract_failure").view
        assert "specification" not in f"{contract_words['about']} {contract_words['what']}"

    def test_rcl_after_the_start_is_one_critical_alert_that_lists_the_runs(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", rev(1))
        ledger.deliver(
            "northvale/schedule",
            slot("PT-1", LOT, -10 * HOUR, actual_start=NOW - 10 * HOUR, status="running"),
            slot("PT-2", LOT, -5 * HOUR, actual_start=NOW - 5 * HOUR, status="running"),
            slot("PT-3", LOT, 90 * HOUR),
        )
        fails = [finding("COA-E302", characteristic="RCL_CELL", certificate_no="COA-2611004")]
        ledger.deliver("northvale/coa", rev(2, tests=panel("L1") + panel("L2"), failing=["RCL_CELL"]), findings=fails)
        assert ledger.kinds() == ["coa.spec_failure", "lot.failed_after_start"]
        alert = ledger.alert("lot.failed_after_start")
        assert (alert.severity, alert.subject) == ("critical", LOT)
        assert [s["ref"] for s in alert.view["slots"]] == ["PT-1", "PT-2"]
        assert alert.view["about"] == "Vector lot LV-2611-04 fails after processing began in PT-1, PT-2"
        with ledger.store.reading() as tx:
            lot = tx.lot(LOT)
            assert lot is not None
            assert lot.state == "HOLD"
            assert {c.outcome for c in tx.clearances()} == {"NO_GO"}

    def test_a_fail_before_any_start_rebooks_and_stops_nothing_that_runs(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/schedule", slot(lot=LOT, opens=90 * HOUR))
        fails = [finding("COA-E302", characteristic="ENDOTOXIN", certificate_no="COA-2611004")]
        ledger.deliver("northvale/coa", rev(1, failing=["ENDOTOXIN"]), findings=fails)
        assert ledger.kinds() == ["coa.spec_failure"]
        assert ledger.alert("coa.spec_failure").severity == "high"

    def test_a_silent_change_is_critical_holds_the_lot_and_is_told_once(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", rev(1), key="a.json", body=b"1")
        ledger.deliver("northvale/coa", findings=broken("COA-E408"), key="a.json", body=b"2")
        assert ledger.kinds() == ["delivery.changed"]
        alert = ledger.alert("delivery.changed")
        assert (alert.severity, alert.subject) == ("critical", "COA-2611004")
        with ledger.store.reading() as tx:
            lot = tx.lot(LOT)
        assert lot is not None
        assert lot.state == "HOLD"

    def test_an_announced_revision_under_the_old_name_is_said_and_not_critical(self, ledger: Ledger) -> None:
        ledger.deliver("northvale/coa", rev(1), key="a.json", body=b"1")
        ledger.deliver("northvale/coa", rev(2), key="a.json", body=b"2")
        assert ledger.alert("delivery.changed").severity == "normal"

    def test_an_id_that_the_contract_does_not_know_is_never_shown(self, ledger: Ledger) -> None:
        odd = [finding("COA-E401", certificate_no="Jane-Doe-1961", lot_number="Jane-Doe")]
        ledger.deliver("northvale/coa", findings=odd, key="Jane Doe.json")
        alert = ledger.alert("coa.contract_failure")
        assert alert.subject.startswith("key-")
        assert "Jane" not in str(alert)


class TestSeries:
    feed = "brightwater/pat"
    tag = contract_of("brightwater/pat").schema.tags[0].tag
    tags = [t.tag for t in contract_of("brightwater/pat").schema.tags]

    @pytest.mark.parametrize(
        ("code", "kind"), [("PAT-E102", "pat.gap"), ("PAT-E303", "pat.excursion"), ("PAT-E305", "pat.suspect")]
    )
    def test_each_fault_of_a_tag_has_its_kind_and_the_batch_and_tag_as_subject(
        self, ledger: Ledger, code: str, kind: str
    ) -> None:
        ledger.deliver(self.feed, findings=[finding(code, tag=self.tag, batch_id="B-2611-0002")])
        assert ledger.alert(kind).subject == f"B-2611-0002/{self.tag}"

    def test_a_gap_in_every_tag_is_one_alert_of_the_batch(self, ledger: Ledger) -> None:
        gaps = [finding("PAT-E102", tag=t, batch_id="B-2611-0002") for t in self.tags]
        ledger.deliver(self.feed, findings=gaps)
        assert ledger.alert("pat.gap").subject == "B-2611-0002"

    def test_the_next_good_hour_is_no_evidence_but_the_same_hour_again_is(self, ledger: Ledger) -> None:
        gap = [finding("PAT-E102", tag=self.tag, batch_id="B-2611-0002")]
        ledger.deliver(self.feed, findings=gap, key="h1.csv", body=b"1")
        ledger.deliver(self.feed, key="h2.csv")
        assert ledger.alert("pat.gap").state == "open"
        again = ledger.deliver(self.feed, key="h1.csv", body=b"2")
        alert = ledger.alert("pat.gap")
        assert alert.state == "resolved"
        with ledger.store.reading() as tx:
            assert again in tx.alert_events(alert.id)[-1].reason

    def test_bad_rows_that_only_inform_open_nothing(self, ledger: Ledger) -> None:
        ledger.deliver(self.feed, findings=[finding("PAT-E404", tag=self.tag)])
        assert ledger.kinds() == []

    def test_a_rejected_file_is_a_contract_failure_of_the_feed(self, ledger: Ledger) -> None:
        ledger.deliver(self.feed, findings=[finding("FILE-E201")], key="h3.csv", body=b"1")
        assert ledger.alert("pat.contract_failure").subject == self.feed
        ledger.deliver(self.feed, key="h4.csv")
        assert ledger.alert("pat.contract_failure").state == "open"  # hour 3 is still missing
        ledger.deliver(self.feed, key="h3.csv", body=b"2")
        assert ledger.alert("pat.contract_failure").state == "resolved"


class TestSchedules:
    feed = "brightwater/schedule"

    def test_a_slip_is_told_with_the_new_time_and_a_cancellation_too(self, ledger: Ledger) -> None:
        a, b = slot("PT-1", "LV-2611-11", 84 * HOUR), slot("PT-2", "LV-2611-11", timedelta(days=14))
        ledger.deliver(self.feed, a, b)
        moved = replace(a, revision=2, planned_start=a.planned_start + 36 * HOUR)
        off = replace(b, revision=2, status="cancelled")
        ledger.deliver(
            self.feed, moved, off, findings=[finding("SCH-E202", slot_uid="PT-1"), finding("SCH-E204", slot_uid="PT-2")]
        )
        first, second = (a for a in ledger.alerts() if a.kind == "schedule.moved")
        assert first.subject == "PT-1"
        assert "now opens 2026-11-27 08:00 UTC" in first.view["what"]  # 22 Nov 08:00 + 84 h + 36 h
        assert second.view["about"] == "Slot PT-2 was cancelled"

    def test_a_conflict_ends_with_the_next_schedule_that_has_none(self, ledger: Ledger) -> None:
        ledger.deliver(self.feed, slot("PT-1"), findings=[finding("SCH-E301", slot_uid="PT-1")])
        assert ledger.alert("schedule.conflict").view["about"] == "Slot PT-1 overlaps another slot"
        ledger.deliver(self.feed, slot("PT-1", revision=2))
        assert ledger.alert("schedule.conflict").state == "resolved"

    def test_a_rejected_schedule_leaves_the_last_one_standing(self, ledger: Ledger) -> None:
        ledger.deliver(self.feed, slot("PT-1"))
        ledger.deliver(self.feed, findings=[finding("SCH-E104")])
        alert = ledger.alert("schedule.contract_failure")
        assert "the last accepted schedule stands" in alert.view["what"]
        ledger.deliver(self.feed, slot("PT-1", revision=2))
        assert ledger.alert("schedule.contract_failure").state == "resolved"


class TestLink:
    def test_a_dead_link_is_the_platforms_and_one_alert_a_feed(self, ledger: Ledger) -> None:
        for _ in range(3):
            ledger.tell(LinkFailed("halden/coa", "Unreachable", "CON-E401", "secret https://u:p@x", "platform"))
        alert = ledger.alert("link.down")
        assert (alert.audience, alert.subject, alert.view["folded"]) == ("platform", "halden/coa", 0)
        assert "https" not in str(alert)
        ledger.tell(LinkWorked("halden/coa", 0))
        assert ledger.alert("link.down").state == "resolved"

    def test_it_opens_again_as_the_same_alert_when_it_fails_again(self, ledger: Ledger) -> None:
        failed = LinkFailed("halden/coa", "Unreachable", "CON-E401", "", "platform")
        for event in (failed, LinkWorked("halden/coa", 0), failed):
            ledger.tell(event)
        alert = ledger.alert("link.down")
        assert (alert.state, alert.openings) == ("open", 2)

    def test_bytes_that_come_back_ask_a_person(self, ledger: Ledger) -> None:
        ledger.tell(Reverted("halden/coa", "coa/Jane Doe.json", "Jane Doe.json", "D-1"))
        alert = ledger.alert("delivery.changed")
        assert alert.view["about"] == "An earlier version of D-1 came again from Halden"
        assert "Jane" not in str(alert)


class TestOurOwnFaults:
    @pytest.mark.parametrize("feed", ["halden/coa", "halden/pat", "halden/schedule"])
    def test_what_our_engine_could_not_judge_is_the_platforms_and_nothing_is_wanted_from_the_partner(
        self, ledger: Ledger, feed: str
    ) -> None:
        fault = replace(finding("CON-E201"), kind=Kind.UNEVALUATED, reach=Reach.DELIVERY)
        delivery = ledger.deliver(feed, findings=[fault])
        assert ledger.kinds() == ["hub.not_evaluated"]
        alert = ledger.alert("hub.not_evaluated")
        assert (alert.subject, alert.audience) == (delivery, "platform")
        assert f"jid replay {delivery}" in alert.view["next_step"]
