"""Promise: a delivery is landed or in quarantine with a reason; judging it again changes nothing or adds a report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contracts.finding import Verdict
from hub.store import Judgement, LeaseLost, NotFound, QuarantineRow, RecordRow

COA = "northvale/coa"
PAT = "northvale/pat"


def certificate(key: str, revision: int = 1, ph: str = "7.2") -> RecordRow:
    return RecordRow("certificate", f"northvale/{key}", {"revision": revision, "ph": ph})


def test_a_judged_delivery_has_its_report_exactly_as_given(desk: Any, finding: Any) -> None:
    desk.send("COA-1", b"one")
    held = (QuarantineRow("D-1", "delivery", "COA-E104"),)
    assert desk.judge("D-1", Verdict.REJECTED, findings=(finding,), quarantine=held)
    view = desk.store.views.delivery("D-1")
    assert view.report == desk.report("D-1", Verdict.REJECTED, findings=(finding,))
    assert (view.row.state, view.row.verdict, view.row.errors) == ("judged", "rejected", 1)
    assert view.row.contract == "northvale-coa@2.3.0"
    assert [(q.scope, q.why, q.state) for q in view.quarantine] == [("delivery", "COA-E104", "open")]
    with desk.store.reading() as tx:
        row = tx.connection.exec_driver_sql("SELECT n, code, place, clause FROM finding").one()
    assert tuple(row) == (1, "COA-E104", "12:8", "auto.results.value.number")


def test_records_of_an_accepted_delivery_are_versions_of_their_key(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1", records=(certificate("COA-1"), certificate("COA-7")))
    desk.send("COA-1", b"two")
    desk.judge("D-2", records=(certificate("COA-1", 2, "7.4"),))
    with desk.store.reading() as tx:
        current = tx.records("certificate")
        history = tx.record_history("certificate", "northvale/COA-1")
    assert [(r.natural_key, r.version, r.delivery_id) for r in current] == [
        ("northvale/COA-7", 1, "D-1"),
        ("northvale/COA-1", 2, "D-2"),
    ]
    assert [(r.version, r.supersedes, r.body["ph"]) for r in history] == [(1, None, "7.2"), (2, 1, "7.4")]
    assert history[0].received_at == desk.clock.now()


def test_the_same_content_again_makes_no_new_version(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1", records=(RecordRow("slot", "NV-BOS/S-1", {"a": 1, "b": {"c": [1, 2]}}),))
    desk.send("COA-2", b"two")
    desk.judge("D-2", records=(RecordRow("slot", "NV-BOS/S-1", {"b": {"c": [1, 2]}, "a": 1}),))
    with desk.store.reading() as tx:
        assert [r.version for r in tx.record_history("slot", "NV-BOS/S-1")] == [1]


def test_content_that_comes_back_after_a_change_is_a_version(desk: Any) -> None:
    for n, ph in enumerate(["7.2", "7.4", "7.2"], start=1):
        desk.send(f"COA-{n}", f"{n}".encode())
        desk.judge(f"D-{n}", records=(certificate("COA-1", ph=ph),))
    with desk.store.reading() as tx:
        assert [r.body["ph"] for r in tx.record_history("certificate", "northvale/COA-1")] == ["7.2", "7.4", "7.2"]


def test_an_older_delivery_that_is_accepted_late_does_not_overwrite_a_newer_one(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1", Verdict.REJECTED, quarantine=(QuarantineRow("D-1", "delivery", "COA-E104"),))
    desk.send("COA-1", b"two")
    desk.judge("D-2", records=(certificate("COA-1", 2, "7.4"),))
    desk.judge("D-1", version="2.4.0", records=(certificate("COA-1", 1, "7.2"),), replayed=True)
    with desk.store.reading() as tx:
        assert [r.body["revision"] for r in tx.record_history("certificate", "northvale/COA-1")] == [2]
        held = tx.quarantined("D-1")
    assert [(q.scope, q.state) for q in held] == [("delivery", "replayed"), ("record", "refused")]
    assert held[1].why == "certificate northvale/COA-1: D-2 came later and stands"


def test_the_same_judgement_again_writes_nothing_and_tells_nobody(desk: Any, finding: Any) -> None:
    desk.send("COA-1", b"one")
    told: list[str] = []
    judgement = Judgement("D-1", desk.report("D-1", Verdict.REJECTED, findings=(finding,)))
    assert desk.store.judge(desk.lease(COA), judgement, lambda tx: told.append("react"))
    with desk.store.reading() as tx:
        before = tx.verify_chain()
    assert not desk.store.judge(desk.lease(COA), judgement, lambda tx: told.append("react"))
    with desk.store.reading() as tx:
        assert tx.verify_chain() == before
    assert told == ["react"]


def test_another_contract_version_adds_a_report_and_settles_the_quarantine(desk: Any, finding: Any) -> None:
    desk.send("COA-1", b"one")
    held = (QuarantineRow("D-1", "delivery", "COA-E104"),)
    desk.judge("D-1", Verdict.REJECTED, findings=(finding,), quarantine=held)
    desk.judge("D-1", version="2.3.1", records=(certificate("COA-1"),), replayed=True)
    view = desk.store.views.delivery("D-1")
    assert (view.row.verdict, view.row.contract, view.row.errors) == ("accepted", "northvale-coa@2.3.1", 0)
    assert [q.state for q in view.quarantine] == ["replayed"]
    assert [event.action for event in view.history] == ["delivery.received", "delivery.judged", "delivery.replayed"]
    assert desk.store.views.quarantine() == []


def test_what_listeners_write_is_stored_with_the_verdict_or_not_at_all(desk: Any) -> None:
    desk.send("COA-1", b"one")
    judgement = Judgement("D-1", desk.report("D-1"), (certificate("COA-1"),))

    def fails(tx: Any) -> None:
        tx.beat("listener")
        raise RuntimeError("listener failed")

    with pytest.raises(RuntimeError, match="listener failed"):
        desk.store.judge(desk.lease(COA), judgement, fails)
    with desk.store.reading() as tx:
        assert tx.last_beat("listener") is None
        assert tx.records("certificate") == []
        assert tx.delivery("D-1").state == "received"
    assert [row.id for row in desk.store.unfinished().received] == ["D-1"]


def test_judging_needs_the_feed_s_live_lease_and_a_delivery(desk: Any) -> None:
    desk.send("COA-1", b"one")
    report = desk.report("D-1")
    with pytest.raises(NotFound, match="no delivery D-9"):
        desk.store.judge(desk.lease(COA), Judgement("D-9", report))
    with pytest.raises(NotFound):
        desk.store.judge(desk.lease(COA), Judgement("nonsense", report))
    with pytest.raises(ValueError, match="can't judge D-1"):
        desk.store.judge(desk.lease("halden/coa"), Judgement("D-1", report))
    desk.clock.advance(timedelta(hours=2))
    assert desk.store.lease(COA, "other") is not None
    with pytest.raises(LeaseLost):
        desk.store.judge(desk.lease(COA), Judgement("D-1", report))


def test_watermarks_move_with_accepted_data_and_never_back(desk: Any) -> None:
    first = desk.clock.now()
    desk.send("COA-1", b"one", source_time=first - timedelta(hours=2))
    desk.send("COA-2", b"two", source_time=first - timedelta(hours=3))
    desk.clock.advance(timedelta(hours=1))
    desk.send("COA-3", b"three", source_time=first)
    desk.judge("D-1")
    desk.judge("D-2")
    desk.judge("D-3", Verdict.REJECTED)
    with desk.store.reading() as tx:
        mark = tx.watermark(COA)
    assert mark.event_time_max == first - timedelta(hours=2)
    assert mark.last_accepted_at == first
    assert mark.last_received_at == desk.clock.now()


def test_a_person_settles_what_is_in_quarantine(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1", Verdict.REJECTED, quarantine=(QuarantineRow("D-1", "delivery", "COA-E104"),))
    with desk.store.transaction() as tx:
        assert tx.settle_quarantine("D-1", "refused", who="qa@sponsor.example", why="a corrected one came") == 1
        assert tx.settle_quarantine("D-1", "waived", who="qa@sponsor.example", why="again") == 0
    (row,) = desk.store.views.quarantine(states=None)
    assert (row.state, row.who) == ("refused", "qa@sponsor.example")


def accept_pat(desk: Any, key: str, rows: int, verdict: Verdict = Verdict.ACCEPTED) -> str:
    received = desk.send(key, key.encode(), feed=PAT)
    desk.judge(received.id, verdict, rows=rows)
    return str(received.id)


def test_a_publish_takes_accepted_deliveries_in_the_order_received(desk: Any) -> None:
    lease = desk.lease(PAT)
    assert desk.store.intend(lease, PAT) is None
    accept_pat(desk, "w1", 100)
    accept_pat(desk, "w2", 100, Verdict.REJECTED)
    accept_pat(desk, "w3", 100, Verdict.ACCEPTED_WITH_WARNINGS)
    desk.send("w4", b"w4", feed=PAT)
    desk.send("COA-1", b"one")
    desk.judge("D-5")
    assert desk.store.unfinished().unpublished == (PAT,)
    intent = desk.store.intend(lease, PAT)
    assert (intent.seq, intent.state, intent.members) == (1, "intent", ("D-1", "D-3"))
    left = desk.store.unfinished()
    assert ([r.id for r in left.received], left.intents, left.unpublished) == (["D-4"], (intent,), ())
    assert desk.store.unfinished("halden/pat").intents == ()


def test_an_unfinished_publish_comes_first_and_unchanged(desk: Any) -> None:
    lease = desk.lease(PAT)
    accept_pat(desk, "w1", 100)
    intent = desk.store.intend(lease, PAT)
    accept_pat(desk, "w2", 100)
    assert desk.store.intend(lease, PAT) == intent
    desk.store.published(lease, intent, 1, 100, [("f.parquet", 10, "0" * 64)], desk.clock.now())
    following = desk.store.intend(lease, PAT)
    assert (following.seq, following.members) == (2, ("D-2",))


def test_a_publish_is_cut_at_its_row_limit_and_holds_at_least_one_delivery(desk: Any) -> None:
    lease = desk.lease(PAT)
    for n in range(4):
        accept_pat(desk, f"w{n}", 100)
    members = []
    for seq in range(1, 5):
        intent = desk.store.intend(lease, PAT, limit_rows=200 if seq == 1 else 10)
        if intent is None:
            break
        members.append(intent.members)
        desk.store.published(lease, intent, seq, 100, [], None)
    assert members == [("D-1", "D-2"), ("D-3",), ("D-4",)]
    assert desk.store.intend(lease, PAT) is None


def test_published_is_marked_once_with_its_files_and_moves_the_event_time(desk: Any) -> None:
    lease = desk.lease(PAT)
    accept_pat(desk, "w1", 100)
    intent = desk.store.intend(lease, PAT)
    files = [("month=2026-11/a.parquet", 4096, "a" * 64)]
    newest = desk.clock.now() - timedelta(minutes=5)
    done = desk.store.published(lease, intent, 3, 98, files, newest)
    assert (done.state, done.version, done.rows) == ("published", 3, 98)
    desk.store.published(lease, intent, 3, 98, files, newest)
    with desk.store.reading() as tx:
        assert tx.publishes(PAT) == [done]
        assert tx.watermark(PAT).event_time_max == newest
        assert [e.action for e in tx.audited(f"{PAT}#1")] == ["publish.intended", "publish.published"]
        assert tx.published_rows(PAT) == 98


def test_a_replayed_delivery_is_published_again(desk: Any) -> None:
    lease = desk.lease(PAT)
    accept_pat(desk, "w1", 100)
    desk.store.published(lease, desk.store.intend(lease, PAT), 1, 100, [], None)
    desk.judge("D-1", version="2.4.0", rows=100, replayed=True)
    again = desk.store.intend(lease, PAT)
    assert (again.seq, again.members) == (2, ("D-1",))


def test_deliveries_can_be_narrowed(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1")
    desk.send("COA-2", b"two", feed="halden/coa")
    accept_pat(desk, "w1", 10, Verdict.REJECTED)
    views = desk.store.views

    def ids(**narrow: Any) -> list[str]:
        return [row.id for row in views.deliveries(**narrow)]

    assert ids() == ["D-1", "D-2", "D-3"]
    assert ids(partner="northvale") == ["D-1", "D-3"]
    assert ids(partner="north") == []
    assert ids(kind="coa") == ["D-1", "D-2"]
    assert ids(verdicts=["rejected"]) == ["D-3"]
    assert ids(limit=2) == ["D-2", "D-3"]
    with pytest.raises(NotFound, match="no delivery D-99"):
        views.delivery("D-99")
