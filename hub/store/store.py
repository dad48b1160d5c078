"""Store: the only door to archive, ledger and lake. Its methods are the transactions of the walk (store.md section 4).

    blob = store.archive.put(chunks)                         # 1  bytes are durable
    received = store.receive(lease, [receipt], cursor)       # 2  TX A: nothing can be lost from here on
    store.judge(lease, judgement, react)                     # 3  TX B
    intent = store.intend(lease, feed)                       # 4  TX C (PAT)
    version = store.lake.publish(partner, feed, seq, rows)   # 5  Delta commit
    safe = store.lake.make_durable(partner, version)         # 6  fsync
    store.published(lease, intent, version, safe.rows, safe.files, safe.event_time_max)      # TX D

Every step may be repeated. All of it is synchronous; callers on an event loop use threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from connectors.delivery import Cursor
from hub import faults
from hub.clock import Clock, SystemClock
from hub.settings import StoreSettings
from hub.store.archive import Archive
from hub.store.errors import CursorMoved, NotFound
from hub.store.lake import ENGINES, Lake
from hub.store.ledger import deliveries, feeds, judgements, lease, publishes
from hub.store.ledger.engine import Ledger
from hub.store.rows import (
    FeedRow,
    Judgement,
    Lease,
    PartnerRow,
    PublishRow,
    Receipt,
    Received,
    Unfinished,
)
from hub.store.tx import Tx
from hub.store.views import Views
from hub.telemetry import span

PUBLISH_ROWS = 1_000_000
"""Rows a publish gathers: fewer commits keep the table fast, more rows cost memory (store.md 7)."""


class AnyCursor:
    """Stands for "whatever the stored cursor is": no compare before it is set."""


ANY_CURSOR = AnyCursor()


class Store:
    """An open store. Safe to use from several threads and several processes at once."""

    def __init__(self, archive: Archive, ledger: Ledger, lake: Lake, clock: Clock) -> None:
        self.archive, self.ledger, self.lake, self.clock = archive, ledger, lake, clock
        self.views = Views(self.reading)

    @classmethod
    def open(cls, settings: StoreSettings, clock: Clock | None = None) -> Store:
        """Open the store, make it on first use, bring its tables up to date. Raises a StoreError when it is unsafe."""
        archive = Archive(settings.archive)
        return cls(archive, Ledger.open(settings.ledger), Lake(settings.lake), clock or SystemClock())

    def close(self) -> None:
        self.ledger.close()

    # Leases and free transactions

    def lease(
        self, name: str, holder: str, ttl: timedelta = timedelta(minutes=2), *, instead_of: str | None = None
    ) -> Lease | None:
        """Take the name, or None while somebody else holds it. A feed's lease has the feed's id as its name.

        `instead_of` names a holder that is known to be dead (its process is gone): its lease is taken before it ends.
        That is safe also when the guess is wrong, because the token of the old holder no longer passes.
        """
        with self.ledger.writing() as connection:
            return lease.take(Tx(connection, self.clock.now()), name, holder, ttl, instead_of)

    def release(self, held: Lease) -> None:
        """Give the name back before its time is over."""
        with self.ledger.writing() as connection:
            lease.give_back(Tx(connection, self.clock.now()), held)

    @contextmanager
    def transaction(self, held: Lease | None = None) -> Iterator[Tx]:
        """One transaction for the watch, an acknowledgement, the sender. With a lease, it is checked and prolonged."""
        with self.ledger.writing() as connection:
            tx = Tx(connection, self.clock.now())
            if held is not None:
                lease.renew(tx, held)
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """One consistent view of the ledger. Writes nothing."""
        with self.ledger.reading() as connection:
            yield Tx(connection, self.clock.now())

    def sync(self, partners: Sequence[PartnerRow], feeds_: Sequence[FeedRow]) -> None:
        """Take over what the partner files say; differences are audited."""
        with self.transaction() as tx:
            feeds.sync(tx, partners, feeds_)

    def cursor(self, feed: str) -> Cursor | None:
        with self.reading() as tx:
            return tx.cursor(feed)

    # The walk

    def receive(
        self,
        held: Lease,
        receipts: Sequence[Receipt],
        cursor: Cursor | None,
        *,
        was: Cursor | AnyCursor | None = ANY_CURSOR,
        looked_at: datetime | None = None,
        react: Callable[[Tx, list[Received]], None] | None = None,
    ) -> list[Received]:
        """TX A: receipts whose bytes are in the archive, and the cursor that stands for them, together.

        The lease is the feed's; `cursor` None leaves the cursor. `was` is the cursor this pull started from: when
        another one is stored now, CursorMoved is raised and nothing is written. A pull that came to its end calls it
        with no receipts and with `looked_at`: all that the partner had by then has been seen. Returns one `Received` a
        receipt, in their order. Raises LeaseLost, CursorMoved.
        """
        feed = held.name
        foreign = [receipt.feed for receipt in receipts if receipt.feed != feed]
        if foreign:
            raise ValueError(f"a lease of {feed} can't receipt deliveries of {foreign[0]}")
        with span("jid.store.receive", {"jid.feed": feed}):
            with self.transaction(held) as tx:
                placed = [deliveries.place(tx, receipt) for receipt in receipts]
                for what, ids in (
                    ("delivery.duplicate", [one.id for one in placed if one.duplicate and not one.reverted]),
                    ("delivery.reverted", [one.id for one in placed if one.reverted]),
                ):
                    if ids:
                        tx.audit("hub", what, feed, {"deliveries": ids})
                if cursor is not None:
                    if not isinstance(was, AnyCursor) and tx.cursor(feed) != was:
                        raise CursorMoved(feed)
                    feeds.move_cursor(tx, feed, cursor, held.token)
                new = any(not one.duplicate for one in placed)
                feeds.raise_watermark(tx, feed, last_received_at=tx.now if new else None, last_pulled_at=looked_at)
                if react is not None:
                    react(tx, placed)
                faults.point("store.in_tx_a")
            faults.point("store.after_tx_a")
        return placed

    def judge(self, held: Lease, judgement: Judgement, react: Callable[[Tx], None] | None = None) -> bool:
        """TX B: report, findings, records, traces, quarantine, state, audit, and what `react` writes, together.

        False: this delivery was judged under this contract and engine before; nothing is written and `react` is not
        run, for its effects were stored with that report. Raises LeaseLost, NotFound.
        """
        with span("jid.store.judge", {"jid.feed": held.name}):
            with self.transaction(held) as tx:
                row = tx.delivery(judgement.delivery_id)
                if row is None:
                    raise NotFound("delivery", judgement.delivery_id)
                if row.feed != held.name:
                    raise ValueError(f"a lease of {held.name} can't judge {row.id} of {row.feed}")
                written = judgements.put_judgement(tx, row, judgement)
                if written and react is not None:
                    react(tx)
                faults.point("store.in_tx_b")
            faults.point("store.after_tx_b")
        return written

    def intend(self, held: Lease, feed: str, limit_rows: int = PUBLISH_ROWS) -> PublishRow | None:
        """TX C: the feed's unfinished publish, else the next one over accepted deliveries that wait; None: none wait.

        Publish n+1 is not made before n is published. Raises LeaseLost.
        """
        with span("jid.store.intend", {"jid.feed": feed}):
            with self.transaction(held) as tx:
                intent = publishes.intend(tx, feed, limit_rows)
                faults.point("store.in_tx_c")
            faults.point("store.after_tx_c")
        return intent

    def published(
        self,
        held: Lease,
        intent: PublishRow,
        version: int,
        rows: int,
        files: Sequence[tuple[str, int, str]],
        event_time_max: datetime | None,
        react: Callable[[Tx], None] | None = None,
    ) -> PublishRow:
        """TX D: the publish is durable in the lake at `version`; watermark and audit move with it.

        Marking it twice changes nothing. Raises LeaseLost, NotFound.
        """
        with span("jid.store.published", {"jid.feed": intent.feed}):
            with self.transaction(held) as tx:
                new = publishes.put_published(tx, intent, version, rows, tuple(files), event_time_max, ENGINES)
                if new and react is not None:
                    react(tx)
                faults.point("store.in_tx_d")
            faults.point("store.after_tx_d")
        return replace(intent, state="published", version=version, rows=rows, files=tuple(files))

    def maintain(self, step: Literal["compact", "all"] = "all") -> list[str]:
        """Upkeep that is safe at any time: closed months are compacted; `all` also removes what crashes left in the
        archive for a day. One line for each thing done."""
        with self.reading() as tx:
            partners = [feed.partner for feed in tx.feeds() if feed.kind == "pat"]
        lines = []
        for partner in partners:
            merged = self.lake.compact(partner, self.clock.now())
            if merged:
                lines.append(f"lake {partner}: {merged} files of closed months merged")
        if step == "all":
            removed = self.archive.clean(self.clock.now() - timedelta(days=1))
            if removed:
                lines.append(f"archive: {removed} unfinished files of more than a day ago removed")
        return lines

    def unfinished(self, feed: str | None = None) -> Unfinished:
        """What recovery has to take up: of one feed, or of all."""
        with self.reading() as tx:
            waiting = [name for name in tx.unpublished_feeds() if feed in (None, name)]
            return Unfinished(
                received=tuple(tx.deliveries(feed=feed, state="received")),
                intents=tuple(tx.publish_intents(feed)),
                unpublished=tuple(waiting),
            )
