"""Promise: judging again what is archived takes nothing back, resolves nothing that came later, and never leaves a
delivery both landed and in quarantine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.finding import Verdict
from contracts.records import Certificate
from hub import faults
from hub.alerts import Reactions
from hub.clock import FakeClock
from hub.hub import Hub
from hub.intake import Judge, Judged, ReplayResult, replay
from hub.settings import Settings
from hub.store import Judgement, QuarantineRow, Received
from tests.hub import crashlab
from tests.hub.meaning_support import Ledger, certificate, contract_of, contracts, finding, open_ledger

LOT = "LV-2611-04"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path) as opened:
        yield opened


def judge_again(ledger: Ledger, id: str, record: Certificate) -> None:
    """The delivery under a newer contract, which it passes."""
    contract = replace(contract_of("northvale/coa"), version="2.3.9")
    with ledger.store.reading() as tx:
        row, old = tx.delivery(id), tx.report(id)
    assert row is not None
    assert old is not None
    assert old.contract is not None
    report = replace(old, contract=replace(old.contract, version="2.3.9"), verdict=Verdict.ACCEPTED, findings=())
    received = Received(id, duplicate=False, revision=1)
    event = Judged(row, received, contract, report, (record,))
    listener = Reactions(contracts(), ledger.settings)
    judgement = Judgement(id, report, replayed=True)
    assert ledger.store.judge(ledger.lease("northvale/coa"), judgement, lambda tx: listener(tx, event))


def test_a_replay_of_an_older_delivery_resolves_nothing_of_a_newer_one(ledger: Ledger) -> None:
    ledger.deliver("northvale/coa", certificate(LOT), key="rev1")
    ledger.deliver("northvale/coa", certificate(LOT, revision=2), findings=[finding("COA-E301", lot_number=LOT)])
    assert ledger.alert("coa.contract_failure").state == "open"
    judge_again(ledger, "D-1", certificate(LOT))
    assert ledger.alert("coa.contract_failure").state == "open"
    ledger.deliver("northvale/coa", certificate(LOT, revision=3))
    assert ledger.alert("coa.contract_failure").state == "resolved"


def test_a_replay_is_no_evidence_that_a_change_was_announced(tmp_path: Path) -> None:
    hub, _ = _landed(tmp_path)
    try:
        (file,) = [f for f in (tmp_path / "drop/coa").glob("*.json") if "broken" not in f.name][:1]
        text = file.read_text()
        assert '"revision": 1' in text
        file.write_text(text.replace('"revision": 1', '"revision": 2'))
        crashlab.os.utime(file, (crashlab.NOW.timestamp() - 1800,) * 2)
        asyncio.run(hub.pull_once("halden", "coa"))
        (changed,) = [a for a in hub.store.views.alerts() if a.kind == "delivery.changed"]
        with hub.store.reading() as tx:
            newest = tx.deliveries(feed="halden/coa")[-1]
        assert newest.revision == 2
        _replay(hub, newest.id, version="2.3.9")
        assert hub.store.views.alert(changed.id).alert.state == "open"
    finally:
        hub.close()


def test_a_delivery_that_landed_does_not_go_to_quarantine_as_well(desk: Any) -> None:
    desk.send("COA-1", b"one")
    desk.judge("D-1", Verdict.ACCEPTED)
    desk.judge(
        "D-1", Verdict.REJECTED, version="2.4.0", quarantine=(QuarantineRow("D-1", "delivery", "x"),), replayed=True
    )
    with desk.store.reading() as tx:
        assert (
            tx.quarantined("D-1", states=("open",)) == []
        )  # what it brought stays; its newest report says what is wrong
        assert tx.delivery("D-1").verdict == "rejected"
    desk.send("COA-2", b"two")
    desk.judge("D-2", Verdict.REJECTED, quarantine=(QuarantineRow("D-2", "delivery", "x"),))
    desk.judge(
        "D-2", Verdict.REJECTED, version="2.4.0", quarantine=(QuarantineRow("D-2", "delivery", "y"),), replayed=True
    )
    with desk.store.reading() as tx:
        assert [q.why for q in tx.quarantined("D-2", states=("open",))] == ["y"]


def test_what_was_promised_to_the_lake_is_landed_before_it_is_judged_again(tmp_path: Path) -> None:
    """A crash between intent and commit, then a replay under a contract that rejects the delivery."""

    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    hub, _ = _landed(tmp_path, kinds=())
    try:
        faults.arm("store.after_tx_c", nth=2, action=die)  # the first is recovery's, which finds nothing
        result = asyncio.run(hub.pull_once("halden", "pat"))
        assert result.status == "failed"
        faults.disarm()
        assert hub.store.lake.rows("halden") == 0
        done = _replay(hub, "D-1", version="1.4.9", feed="halden/pat", reject=True)
        assert done.after == "rejected"
        assert hub.store.lake.rows("halden") == crashlab.ROWS
        with hub.store.reading() as tx:
            assert tx.quarantined("D-1", states=("open",)) == []
    finally:
        faults.disarm()
        hub.close()


def _landed(home: Path, kinds: tuple[str, ...] = ("coa",)) -> tuple[Hub, FakeClock]:
    crashlab.prepare(home)
    clock = FakeClock(crashlab.NOW)
    hub = Hub.open(Settings.load(home, {}), clock=clock)
    for kind in kinds:
        assert asyncio.run(hub.pull_once("halden", kind)).status == "pulled"
    return hub, clock


def _replay(hub: Hub, id: str, *, version: str, feed: str = "halden/coa", reject: bool = False) -> ReplayResult:
    """Judge again under another version of the contract; with `reject`, one that allows no file of this size."""
    contract = replace(hub.contract_of(feed), version=version)
    if reject:
        contract = replace(contract, safety=replace(contract.safety, max_bytes=10))
    with hub.store.reading() as tx:
        row = tx.delivery(id)
    assert row is not None
    judge = Judge(hub.store, contract, hub.clock, hub._reactions())
    return asyncio.run(replay(hub.store, row, judge, hub._contract_of_delivery))
