"""Promise: what is told about lots, slots, feeds and due items is read back from the store, newest state first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.finding import Verdict
from hub.clock import FakeClock
from hub.store import (
    BreakerRow,
    ClearanceRow,
    DueRow,
    FeedRow,
    LotRow,
    PartnerRow,
    QuarantineRow,
    RecordRow,
    Store,
)

LOT = LotRow("LV-1", "northvale", "LV-MAT", "RECEIVED", 0, 9, 0, 4, ("no certificate",), (("record/1", "a" * 64),))


def test_a_lot_s_state_is_kept_when_it_changed_and_only_then(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        assert tx.put_lot(LOT)
        assert not tx.put_lot(LOT)
    clock.advance(timedelta(hours=1))
    released = replace(LOT, state="L1_RELEASED", l1_passed=9, reasons=())
    with store.transaction() as tx:
        assert not tx.put_lot(LOT)
        assert tx.put_lot(released)
        assert tx.lot("LV-1") == replace(released, at=clock.now())
        assert tx.put_lot(LOT)  # a state that comes back is a change too
        assert [e.action for e in tx.audited("northvale/LV-1")] == ["lot.derived"] * 3
    assert [lot.state for lot in store.views.lots()] == ["RECEIVED"]


def test_two_partners_may_use_one_lot_number(store: Store) -> None:
    with store.transaction() as tx:
        tx.put_lot(LOT)
        assert tx.put_lot(replace(LOT, partner="halden", state="HOLD"))
        assert tx.lot("LV-1", "northvale").state == "RECEIVED"  # type: ignore[union-attr]
        assert tx.lot("LV-2") is None
    assert [lot.partner for lot in store.views.lots()] == ["halden", "northvale"]
    assert [lot.state for lot in store.views.lots(partner="halden")] == ["HOLD"]


def test_a_clearance_is_kept_with_its_checks_and_stands_beside_its_slot(desk: Any) -> None:
    store = desk.store
    desk.send("S", b"schedule", feed="northvale/schedule")
    slots = tuple(
        RecordRow("slot", f"NV-BOS/S-{n}", {"planned_start": f"2026-11-2{9 - n}T08:00:00Z"}) for n in range(2)
    )
    desk.judge("D-1", records=slots)
    check = {"id": "lot_released", "result": "fail", "reason": "no Level 1 certificate"}
    row = ClearanceRow("NV-BOS/S-0", "NO_GO", (check,), 1, "LV-1", (("lot/LV-1", "b" * 64),))
    with store.transaction() as tx:
        assert tx.put_clearance(row)
        assert not tx.put_clearance(row)
        assert tx.put_clearance(replace(row, outcome="GO"))
        assert tx.clearance("NV-BOS/S-0").outcome == "GO"
        assert tx.clearance("NV-BOS/S-9") is None
    seen = store.views.slots()
    assert [view.slot.natural_key for view in seen] == ["NV-BOS/S-1", "NV-BOS/S-0"]  # by planned start
    assert seen[0].clearance is None
    assert seen[1].clearance == replace(row, outcome="GO", at=desk.clock.now())


def test_a_due_item_is_kept_when_it_changed(store: Store, clock: FakeClock) -> None:
    row = DueRow("northvale-coa/l1", "LV-1", "northvale/coa", clock.now() + timedelta(hours=2), "pending")
    with store.transaction() as tx:
        assert tx.put_due(row)
        assert not tx.put_due(row)
        assert tx.put_due(replace(row, state="late"))
        assert tx.due("northvale-coa/l1", "LV-1").state == "late"  # type: ignore[union-attr]
        assert tx.due("northvale-coa/l2", "LV-1") is None
    assert [(due.subject, due.state) for due in store.views.dues()] == [("LV-1", "late")]


def feed(kind: str, every: int = 15) -> FeedRow:
    return FeedRow(f"northvale/{kind}", "northvale", kind, "rest", f"northvale-{kind}@2", timedelta(minutes=every))


def test_partners_and_feeds_are_taken_over_and_each_difference_is_audited(store: Store, clock: FakeClock) -> None:
    partner = PartnerRow("northvale", "Northvale Vectors", ("NV-BOS",))
    onboarded = clock.now()
    store.sync([partner], [feed("coa"), feed("pat")])
    clock.advance(timedelta(days=1))
    store.sync([partner], [feed("coa"), feed("pat", every=5)])
    with store.reading() as tx:
        assert tx.partners() == [partner]
        assert tx.feeds() == [replace(feed("coa"), since=onboarded), replace(feed("pat", every=5), since=onboarded)]
        assert tx.feed("northvale/schedule") is None
        assert [(e.action, e.object) for e in tx.audited()] == [
            ("partner.synced", "northvale"),
            ("feed.synced", "northvale/coa"),
            ("feed.synced", "northvale/pat"),
            ("feed.synced", "northvale/pat"),
        ]


def test_a_partner_s_counts_and_a_feed_s_freshness(desk: Any, finding: Any) -> None:
    store = desk.store
    store.sync([PartnerRow("northvale", "Northvale Vectors")], [feed("coa"), feed("pat")])
    for n in range(4):
        desk.send(f"COA-{n}", f"{n}".encode())
    desk.judge("D-1")
    desk.judge("D-2", Verdict.ACCEPTED_WITH_WARNINGS)
    desk.judge("D-3", Verdict.REJECTED, quarantine=(QuarantineRow("D-3", "delivery", "COA-E104"),))
    desk.send("w1", b"w1", feed="northvale/pat")
    desk.judge("D-5", rows=100)
    lease = desk.lease("northvale/pat")
    store.published(lease, store.intend(lease, "northvale/pat"), 1, 98, [], desk.clock.now())
    (partner,) = store.views.partners()
    assert (partner.deliveries, partner.accepted, partner.accepted_with_warnings) == (5, 2, 1)
    assert (partner.rejected, partner.received, partner.rows, partner.quarantined, partner.alerts) == (1, 1, 98, 1, 0)
    coa, pat = store.views.feeds()
    assert (coa.deliveries, coa.waiting, coa.rows, coa.watermark.last_accepted_at) == (4, 1, 0, desk.clock.now())
    assert (pat.deliveries, pat.rows, pat.watermark.event_time_max) == (1, 98, desk.clock.now())


def test_the_breaker_and_the_heartbeat_survive_the_process(store: Store, clock: FakeClock) -> None:
    open_ = BreakerRow("halden", 3, clock.now(), clock.now() + timedelta(minutes=10))
    with store.transaction() as tx:
        assert tx.breaker("halden") is None
        tx.put_breaker(BreakerRow("halden", 1))
        tx.put_breaker(open_)
        tx.beat("watch")
        tx.beat("watch")
    with store.reading() as tx:
        assert tx.breaker("halden") == open_
        assert tx.last_beat("watch") == clock.now()
        assert tx.last_beat("dispatch") is None


def test_upkeep_removes_what_crashes_left_and_says_so(desk: Any, tmp_path: Any) -> None:
    import os

    store = desk.store
    store.sync([PartnerRow("northvale", "Northvale Vectors")], [feed("pat")])
    left = tmp_path / "data/archive/tmp/0123"
    left.write_bytes(b"half")
    long_ago = desk.clock.now().timestamp() - 200_000
    os.utime(left, (long_ago, long_ago))
    assert store.maintain("compact") == []
    assert store.maintain("all") == ["archive: 1 unfinished files of more than a day ago removed"]
    assert store.maintain("all") == []
