"""The walk of some deliveries through a store, killed at a fault point and run again: what test_crash_store.py starts.

A script of its own, because it forks: deltalake's and polars' threads do not survive a fork, so the process that forks
must not have used them. Prints one JSON line a kill: {"point": ..., "killed": ..., "problems": [...]}.

    python tests/hub/store_walk.py FOLDER named|every|mutants
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# pyarrow.dataset and the report's JSON are loaded here once and not in every child.
import pyarrow as pa
import pyarrow.dataset
from deltalake import DeltaTable

import contracts.render.json  # noqa: F401
from connectors.delivery import Cursor
from contracts.finding import ContractRef, Coverage, DeliveryRef, Report, Verdict
from hub import faults
from hub.settings import StoreSettings
from hub.store import (
    DeliveryRow,
    Judgement,
    Lease,
    OutboxRow,
    PublishRow,
    QuarantineRow,
    Receipt,
    RecordRow,
    Store,
    Tx,
)

COA, PAT = "northvale/coa", "northvale/pat"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STORE_POINTS = [name for name in faults.POINTS if name.startswith("store.")]


@dataclass(frozen=True)
class Offer:
    """What the partner has: the third certificate is bad, the fourth is the first again; windows overlap by 10 s."""

    key: str
    body: bytes


OFFERS = {
    COA: [Offer("COA-1", b"one"), Offer("COA-2", b"two"), Offer("COA-3", b"bad"), Offer("COA-1", b"one")],
    PAT: [Offer(f"window-{n}", str(n * 20).encode()) for n in range(3)],
}
POINTS_IN_LAKE = {NOON + timedelta(seconds=s): s / 10 for s in range(70)}  # windows 0-29, 20-49, 40-69


def rows_of(delivery: DeliveryRow, body: bytes) -> pa.Table:
    """A window is 30 points from the second that its body names; a point's value follows from its time."""
    seconds = range(int(body), int(body) + 30)
    return pa.table(
        {
            "tag": pa.array(["BR01.PH"] * 30),
            "ts": pa.array([NOON + timedelta(seconds=s) for s in seconds], pa.timestamp("us", "UTC")),
            "value": pa.array([s / 10 for s in seconds]),
            "quality": pa.array(["GOOD"] * 30),
            "delivery_id": pa.array([delivery.id] * 30),
        }
    )


def walk(home: Path) -> None:
    """Pull every feed to its end, first finishing what an earlier run left."""
    store = Store.open(StoreSettings().under(home))
    for feed, offers in OFFERS.items():
        lease = take(store, feed)
        for waiting in store.unfinished(feed).received:
            judge(store, lease, waiting)
        land(store, lease, feed)
        cursor = store.cursor(feed)
        start = cursor.value["next"] if cursor else 0
        for n, offer in enumerate(offers[start:], start=start + 1):
            pull(store, lease, feed, offer, cursor, moved := Cursor(1, {"next": n}))
            cursor = moved
            if feed == PAT:
                land(store, lease, feed)
        store.release(lease)
    store.close()


def take(store: Store, feed: str) -> Lease:
    with store.reading() as tx:
        held = tx.lease_of(feed)
    lease = store.lease(feed, str(os.getpid()), instead_of=held.holder if held else None)
    assert lease is not None
    return lease


def pull(store: Store, lease: Lease, feed: str, offer: Offer, was: Cursor | None, cursor: Cursor) -> None:
    blob = store.archive.put_sync([offer.body])
    receipt = Receipt(feed, offer.key, blob, f"{offer.key}.txt", None, f"file:///drop/{offer.key}")
    (received,) = store.receive(lease, [receipt], cursor, was=was)
    with (store.archive.root.parent / "acknowledged").open("a") as told:
        told.write(f"{feed} {offer.key} {blob.sha256}\n")
    if not received.duplicate:
        with store.reading() as tx:
            row = tx.delivery(received.id)
        assert row is not None
        judge(store, lease, row)


def judge(store: Store, lease: Lease, row: DeliveryRow) -> None:
    body = store.archive.open(row.sha256).read()
    verdict = Verdict.REJECTED if body == b"bad" else Verdict.ACCEPTED
    ref = DeliveryRef(row.file, row.sha256, row.size, row.id, row.partner, row.feed, row.received_at.isoformat())
    contract = ContractRef(f"{row.partner}-{row.kind}", "1.0.0", "c" * 64)
    report = Report(ref, contract, "1", verdict, (), Coverage(), rows=30 if row.kind == "pat" else None)
    records = (RecordRow("certificate", f"northvale/{row.source_key}", {"body": body.decode()}),)
    held = (QuarantineRow(row.id, "delivery", "it is bad"),)

    def react(tx: Tx) -> None:
        if verdict is Verdict.REJECTED:
            alert = tx.open_alert(
                fingerprint=f"hub|coa.contract_failure|northvale|{row.feed}|{row.source_key}",
                kind="coa.contract_failure",
                severity="normal",
                audience="quality",
                partner="northvale",
                subject=row.source_key,
                view={},
                evidence=row.id,
            )
            tx.outbox(OutboxRow(f"opened-{alert.id}", alert.id, "terminal", "quality", {}))

    landed = records if verdict is Verdict.ACCEPTED and row.kind == "coa" else ()
    store.judge(lease, Judgement(row.id, report, landed, held if verdict is Verdict.REJECTED else ()), react)


def land(store: Store, lease: Lease, feed: str) -> None:
    while (intent := store.intend(lease, feed)) is not None:
        with store.reading() as tx:
            members = [tx.delivery(member) for member in intent.members]
        parts = [rows_of(row, store.archive.open(row.sha256).read()) for row in members if row is not None]
        rows = store.lake.novel("northvale", feed, intent.seq, pa.concat_tables(parts))
        version = store.lake.publish("northvale", feed, intent.seq, rows)
        durable = store.lake.make_durable("northvale", version)
        store.published(lease, intent, version, durable.rows, durable.files, durable.event_time_max)


def check(home: Path) -> list[str]:
    """Everything that is lost, doubled or half in a store that was walked to its end."""
    store = Store.open(StoreSettings().under(home))
    problems: list[str] = []

    def same(what: str, found: object, expected: object) -> None:
        if found != expected:
            problems.append(f"{what}: found {found}, expected {expected}")

    rows = store.views.deliveries()
    stored = Counter((row.feed, row.source_key, row.sha256) for row in rows)
    offered = {(feed, o.key) for feed, offers in OFFERS.items() for o in offers}
    same("deliveries", sorted((feed, key) for feed, key, _ in stored.elements()), sorted(offered))
    told = (store.archive.root.parent / "acknowledged").read_text().splitlines()
    for line in told:
        if tuple(line.split(" ")) not in stored:
            problems.append(f"acknowledged and lost: {line}")
    for row in rows:
        same(f"{row.id} state", row.state, "judged")
        same(f"{row.id} archived whole", store.archive.holds(row.sha256), True)
        view = store.views.delivery(row.id)
        same(f"{row.id} in quarantine", len(view.quarantine), int(row.verdict == "rejected"))
    with store.reading() as tx:
        one = tx.connection.exec_driver_sql("SELECT max(n) FROM (SELECT count(*) n FROM report GROUP BY delivery)")
        same("reports a delivery", one.scalar(), 1)
        keys = [(r.natural_key, r.version) for r in tx.records("certificate", current=False)]
        same("records", keys, [("northvale/COA-1", 1), ("northvale/COA-2", 1)])
        same("alerts", [a.subject for a in tx.alerts()], ["COA-3"])
        same("messages", len(tx.messages()), 1)
        publishes: list[PublishRow] = tx.publishes(PAT)
        same("publishes", [p.state for p in publishes], ["published"] * len(publishes))
        same("members", sorted(m for p in publishes for m in p.members), sorted(r.id for r in rows if r.feed == PAT))
        same("rows as the ledger counts", tx.published_rows(PAT), len(POINTS_IN_LAKE))
        same("audit chain", tx.verify_chain().reason, "")
        for feed, offers in OFFERS.items():
            same(f"{feed} cursor", tx.cursor(feed), Cursor(1, {"next": len(offers)}))
    lake = store.lake.current("northvale", PAT)
    same("rows in the lake", store.lake.rows("northvale"), len(POINTS_IN_LAKE))
    same("points", dict(zip(lake["ts"].to_pylist(), lake["value"].to_pylist(), strict=True)), POINTS_IN_LAKE)
    same("left to do", store.unfinished(), type(store.unfinished())((), (), ()))
    store.close()
    return problems


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a forked process. Returns its exit code, or minus the signal that ended it."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child must never go on in its parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@dataclass(frozen=True)
class Case:
    """One kill: `arm` sets the fault of the first run, `change` breaks the store in both."""

    point: str
    arm: Callable[[], None]
    change: Callable[[], None] = lambda: None


def killed_and_finished(home: Path, case: Case) -> tuple[bool, list[str]]:
    """Kill one run, run again to the end, check. Whether the first run was killed, and what is wrong afterwards."""

    def first() -> None:
        case.change()
        case.arm()
        walk(home)

    def second() -> None:
        case.change()
        walk(home)
        (home / "problems").write_text(json.dumps(check(home)))

    ended = in_child(first)
    if ended not in (0, -signal.SIGKILL):
        return False, [f"the first run ended with {ended}"]
    killed = ended != 0
    if (ended := in_child(second)) != 0:
        return killed, [f"the second run ended with {ended}"]
    return killed, json.loads((home / "problems").read_text())


def named() -> Iterator[Case]:
    for name in STORE_POINTS:
        yield Case(name, partial(faults.arm, name))


def every() -> Iterator[Case]:
    for n in count(1):
        yield Case(f"#{n}", partial(faults.arm_nth, n))


def mutants() -> Iterator[Case]:
    """Stores that break a rule. The check must find each, or it proves nothing about the real one."""

    def cursor_first() -> None:
        real = Store.receive

        def receive(self: Store, held: Lease, receipts: list[Receipt], cursor: Cursor, **_more: Any) -> Any:
            real(self, held, [], cursor)
            return real(self, held, receipts, None)

        Store.receive = receive  # type: ignore[method-assign, assignment]

    def commit_without_looking() -> None:
        DeltaTable.transaction_version = lambda _self, _app_id: None

    def alert_in_a_transaction_of_its_own() -> None:
        real = Store.judge

        def judge(self: Store, held: Lease, judgement: Judgement, react: Callable[[Tx], None]) -> bool:
            written = real(self, held, judgement)
            if written:
                with self.transaction(held) as tx:
                    react(tx)
            return written

        Store.judge = judge  # type: ignore[method-assign, assignment]

    yield Case("cursor first", partial(faults.arm, "store.after_tx_a"), cursor_first)
    yield Case("commit without looking", partial(faults.arm, "store.after_lake_commit"), commit_without_looking)
    yield Case(
        "alert in a transaction of its own",
        partial(faults.arm, "store.after_tx_b", nth=3),  # the third certificate is the bad one
        alert_in_a_transaction_of_its_own,
    )


def main() -> None:
    folder, which = Path(sys.argv[1]), sys.argv[2]
    cases = {"named": named, "every": every, "mutants": mutants}[which]
    empty = folder / "empty"
    assert in_child(lambda: Store.open(StoreSettings().under(empty)).close()) == 0
    for n, case in enumerate(cases()):
        home = folder / f"{which}-{n}"
        shutil.copytree(empty, home)
        killed, problems = killed_and_finished(home, case)
        shutil.rmtree(home)
        print(json.dumps({"point": case.point, "killed": killed, "problems": problems}), flush=True)
        if which == "every" and not killed:
            return  # there is no n-th point any more


if __name__ == "__main__":
    main()
