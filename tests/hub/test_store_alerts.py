"""Promise: at most one active alert a problem, every change on record, each message under one id whatever happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.clock import FakeClock
from hub.store import AlertRow, LedgerRefused, NotFound, OutboxRow, Store, Tx

PRINT = "demo|coa.late|northvale|northvale/coa|LV-1"


def opened(tx: Tx, fingerprint: str = PRINT, **more: Any) -> AlertRow:
    about: dict[str, Any] = {
        "kind": "coa.late",
        "severity": "high",
        "audience": "quality",
        "partner": "northvale",
        "subject": "LV-1",
        "view": {"what": "Slot PT-7F3K has no valid Level 1 CoA", "slots": [], "hours_left": 26.5},
    }
    return tx.open_alert(fingerprint=fingerprint, **(about | more))


def test_an_alert_opens_with_its_event(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        alert = opened(tx, reason="due passed", evidence="D-1", due_at=clock.now() + timedelta(hours=1))
    assert (alert.id, alert.state, alert.openings, alert.opened_at) == ("A-1", "open", 1, clock.now())
    view = store.views.alert("A-1")
    assert view.alert == alert
    assert [(e.from_state, e.to_state, e.reason, e.evidence) for e in view.events] == [
        (None, "open", "due passed", "D-1")
    ]
    with store.reading() as tx:
        assert [e.action for e in tx.audited("A-1")] == ["alert.open"]


def test_a_fingerprint_is_active_once(store: Store) -> None:
    with store.transaction() as tx:
        first = opened(tx)
    with pytest.raises(LedgerRefused), store.transaction() as tx:
        opened(tx)
    with store.transaction() as tx:
        tx.change_alert(first.id, "acknowledged", "qa", "I own it", owner="qa")
    with pytest.raises(LedgerRefused), store.transaction() as tx:
        opened(tx)
    with store.transaction() as tx:
        tx.change_alert(first.id, "resolved", "hub", "it came", "D-7")
        assert tx.alert_active(PRINT) is None
        second = opened(tx, openings=2)
        assert tx.alert_active(PRINT) == tx.alert_last(PRINT) == second
    assert [a.id for a in store.views.alerts()] == ["A-2"]
    assert [a.state for a in store.views.alerts(None)] == ["resolved", "open"]


def test_a_resolved_alert_may_open_again_and_counts_it(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        alert = opened(tx)
        tx.change_alert(alert.id, "resolved", "hub", "it came", "D-7")
    clock.advance(timedelta(days=2))
    with store.transaction() as tx:
        again = tx.change_alert(alert.id, "open", "hub", "it failed again", "D-9", severity="critical", view={"n": 2})
    assert (again.openings, again.severity, again.view, again.opened_at) == (2, "critical", {"n": 2}, alert.opened_at)
    assert again.updated_at == clock.now()
    events = store.views.alert(alert.id).events
    assert [(e.from_state, e.to_state) for e in events] == [(None, "open"), ("open", "resolved"), ("resolved", "open")]


def test_changing_what_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(NotFound, match="no alert A-7"), store.transaction() as tx:
        tx.change_alert("A-7", "closed", "qa", "x")
    with pytest.raises(NotFound, match="no alert D-1"), store.transaction() as tx:
        tx.change_alert("D-1", "closed", "qa", "x")
    with pytest.raises(NotFound):
        store.views.alert("A-7")


def test_alerts_of_a_stretch_are_counted_for_the_storm_valve(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        opened(tx, "a")
    clock.advance(timedelta(minutes=6))
    with store.transaction() as tx:
        opened(tx, "b")
        opened(tx, "c", partner="halden")
        since = clock.now() - timedelta(minutes=5)
        assert tx.alerts_opened_since(since) == 2
        assert tx.alerts_opened_since(since, partner="northvale") == 1


def message(key: str, **more: Any) -> OutboxRow:
    return OutboxRow(key, None, "maildir", "quality@sponsor.example", {"subject": "x"}, **more)


def test_a_message_is_written_once_whatever_causes_it_again(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.outbox(message("k1"))
        assert not tx.outbox(message("k1"))
    with store.transaction() as tx:
        assert not tx.outbox(message("k1"))
        (row,) = tx.messages()
    assert (row.status, row.attempts, row.payload) == ("waiting", 0, {"subject": "x"})


def test_a_message_of_a_rolled_back_fact_is_never_sent(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as tx:
            opened(tx)
            tx.outbox(message("k1"))
            raise RuntimeError("the fact did not happen")

    with pytest.raises(RuntimeError):
        fail()
    with store.transaction() as tx:
        assert tx.claim_messages(10) == []
        assert tx.alerts() == []


def test_claimed_messages_are_left_to_the_claimer_until_its_time_is_over(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        for key in ("k1", "k2", "k3"):
            tx.outbox(message(key))
        tx.outbox(message("later", next_at=clock.now() + timedelta(hours=1)))
    with store.transaction() as tx:
        assert [m.dedupe_key for m in tx.claim_messages(2)] == ["k1", "k2"]
    with store.transaction() as tx:
        assert [m.dedupe_key for m in tx.claim_messages(10)] == ["k3"]
        tx.message_sent("k1", "smtp-77")
    clock.advance(timedelta(seconds=61))  # the claimer died: k2 and k3 come again, under the same key
    with store.transaction() as tx:
        claimed = tx.claim_messages(10)
    assert [(m.dedupe_key, m.attempts) for m in claimed] == [("k2", 2), ("k3", 2)]
    (sent,) = store.views.outbox(statuses=["sent"])
    assert (sent.dedupe_key, sent.provider_ref, sent.sent_at) == ("k1", "smtp-77", clock.now() - timedelta(seconds=61))


def test_a_refused_message_waits_and_is_dead_at_the_end(store: Store, clock: FakeClock) -> None:
    with store.transaction() as tx:
        tx.outbox(message("k1"))
        tx.claim_messages(1)
        tx.message_failed("k1", "ConnectionRefusedError", clock.now() + timedelta(seconds=30))
        assert tx.claim_messages(1) == []
    clock.advance(timedelta(seconds=30))
    with store.transaction() as tx:
        (again,) = tx.claim_messages(1)
        assert (again.attempts, again.last_error) == (2, "ConnectionRefusedError")
        tx.message_failed("k1", "ConnectionRefusedError", None)
    clock.advance(timedelta(days=2))
    with store.transaction() as tx:
        assert tx.claim_messages(1) == []
        assert [m.status for m in tx.messages()] == ["dead"]
        assert [e.action for e in tx.audited("k1")] == ["message.dead"]
    with pytest.raises(NotFound, match="message k9"), store.transaction() as tx:
        tx.message_sent("k9")
