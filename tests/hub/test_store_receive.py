"""Promise: every delivery the hub acknowledged is stored exactly once, and a later one never overwrites an earlier."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.delivery import Cursor
from hub.store import CursorMoved, LeaseLost, Receipt

FEED = "northvale/coa"


def test_a_new_delivery_is_received_with_its_cursor(desk: Any) -> None:
    received = desk.send("COA-1", b"one", cursor=Cursor(1, {"after": "2026-11-22T07:00:00Z"}))
    assert (received.id, received.revision, received.duplicate, received.changed) == ("D-1", 1, False, False)
    with desk.store.reading() as tx:
        row = tx.delivery("D-1")
        mark = tx.watermark(FEED)
    assert (row.feed, row.partner, row.kind, row.state, row.size) == (FEED, "northvale", "coa", "received", 3)
    assert row.received_at == mark.last_received_at == desk.clock.now()
    assert desk.store.cursor(FEED) == Cursor(1, {"after": "2026-11-22T07:00:00Z"})
    assert desk.store.archive.path(row.sha256).read_bytes() == b"one"


def test_the_same_key_and_bytes_again_is_a_duplicate_that_is_only_logged(desk: Any) -> None:
    first = desk.send("COA-1", b"one")
    again = desk.send("COA-1", b"one")
    assert (again.id, again.duplicate, again.reverted) == (first.id, True, False)
    assert len(desk.store.views.deliveries()) == 1
    with desk.store.reading() as tx:
        assert [event.action for event in tx.audited()] == ["delivery.received", "delivery.duplicate"]


def test_the_same_key_with_other_bytes_is_the_next_revision(desk: Any) -> None:
    desk.send("COA-1", b"one")
    changed = desk.send("COA-1", b"two")
    assert (changed.id, changed.revision, changed.changed) == ("D-2", 2, True)
    rows = desk.store.views.deliveries()
    assert [row.revision for row in rows] == [1, 2]
    assert [desk.store.archive.path(row.sha256).read_bytes() for row in rows] == [b"one", b"two"]


def test_the_bytes_of_an_earlier_revision_again_store_nothing_and_are_marked(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.send("COA-1", b"two")
    back = desk.send("COA-1", b"one")
    assert (back.id, back.revision, back.duplicate, back.reverted) == ("D-1", 1, True, True)
    assert len(desk.store.views.deliveries()) == 2


def test_another_key_with_the_same_bytes_is_kept_and_marked(desk: Any) -> None:
    desk.send("COA-1", b"one")
    twin = desk.send("COA-2", b"one")
    assert (twin.id, twin.duplicate, twin.same_bytes_as) == ("D-2", False, "D-1")
    with desk.store.reading() as tx:
        assert tx.delivery("D-2").same_bytes_as == "D-1"


def test_one_batch_may_hold_a_delivery_twice(desk: Any) -> None:
    receipts = [desk.receipt("COA-1", b"one"), desk.receipt("COA-1", b"one"), desk.receipt("COA-1", b"two")]
    placed = desk.store.receive(desk.lease(FEED), receipts, None)
    assert [(one.id, one.duplicate, one.revision) for one in placed] == [
        ("D-1", False, 1),
        ("D-1", True, 1),
        ("D-2", False, 2),
    ]


def test_a_pull_that_brought_nothing_moves_the_cursor_and_counts_as_a_pull(desk: Any) -> None:
    desk.store.receive(desk.lease(FEED), [], Cursor(1, {"page": 2}), looked_at=desk.clock.now())
    with desk.store.reading() as tx:
        mark = tx.watermark(FEED)
    assert (mark.last_pulled_at, mark.last_received_at) == (desk.clock.now(), None)
    assert desk.store.cursor(FEED) == Cursor(1, {"page": 2})


def test_cursor_and_receipt_are_stored_together_or_not_at_all(desk: Any) -> None:
    receipt = desk.receipt("COA-1", b"one")

    def refuse(_tx: Any, _placed: Any) -> None:
        raise RuntimeError("whoever listens failed")

    with pytest.raises(RuntimeError, match="whoever listens failed"):
        desk.store.receive(desk.lease(FEED), [receipt], Cursor(1, {"page": 2}), react=refuse)
    assert desk.store.cursor(FEED) is None
    assert desk.store.views.deliveries() == []
    with desk.store.reading() as tx:
        assert tx.audited() == []


def test_a_cursor_that_somebody_moved_is_not_overwritten(desk: Any) -> None:
    lease = desk.lease(FEED)
    desk.store.receive(lease, [], Cursor(1, {"page": 2}), was=None)
    with pytest.raises(CursorMoved, match=FEED):
        desk.store.receive(lease, [desk.receipt("COA-1", b"one")], Cursor(1, {"page": 3}), was=None)
    assert desk.store.cursor(FEED) == Cursor(1, {"page": 2})
    assert desk.store.views.deliveries() == []
    desk.store.receive(lease, [], Cursor(1, {"page": 3}), was=Cursor(1, {"page": 2}))
    assert desk.store.cursor(FEED) == Cursor(1, {"page": 3})


def test_a_worker_whose_lease_was_overtaken_writes_nothing(desk: Any) -> None:
    slow = desk.store.lease(FEED, "slow", timedelta(minutes=1))
    desk.clock.advance(timedelta(minutes=2))
    fast = desk.store.lease(FEED, "fast", timedelta(minutes=1))
    receipt = desk.receipt("COA-1", b"one")
    with pytest.raises(LeaseLost) as lost:
        desk.store.receive(slow, [receipt], Cursor(1, {"page": 9}))
    assert (lost.value.mine, lost.value.current) == (1, 2)
    assert desk.store.views.deliveries() == []
    assert desk.store.cursor(FEED) is None
    assert not desk.store.receive(fast, [receipt], None)[0].duplicate


def test_a_lease_of_one_feed_does_not_write_another(desk: Any) -> None:
    receipt: Receipt = desk.receipt("COA-1", b"one", feed="halden/coa")
    with pytest.raises(ValueError, match="halden/coa"):
        desk.store.receive(desk.lease(FEED), [receipt], None)


def test_a_partner_s_own_time_keeps_its_zone(desk: Any) -> None:
    from datetime import datetime

    local = datetime.fromisoformat("2026-11-22T16:30:00+09:00")
    desk.send("COA-1", b"one", source_time=local, clock_offset_ms=-1500)
    with desk.store.reading() as tx:
        row = tx.delivery("D-1")
        kept = tx.connection.exec_driver_sql("SELECT source_time, source_offset, clock_offset_ms FROM delivery").one()
    assert row.source_time == local
    assert tuple(kept) == ("2026-11-22T07:30:00.000000Z", "+0900", -1500)
